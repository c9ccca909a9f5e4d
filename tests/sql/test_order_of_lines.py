"""Order within an account: time, then balance chain, then content; never the order of a file alone."""

import random
from pathlib import Path
from typing import Any

import pytest

from tests.sql.tiny import TinyLake, row, rows

SEEN = "select line_no, line_id, account_no, seq, booked_at, direction, amount_fen, balance_after_fen, remark from mart_line_told"


def day_of(seed: int, *, balances: bool, times: bool) -> list[dict[str, Any]]:
    """Forty lines over two days in the bank's order; amounts repeat, so balances recur."""
    rng = random.Random(seed)
    balance, lines = 0.0, []
    for number in range(40):
        yuan = rng.choice([5, 10, 20, 35.5]) * (1 if balance < 40 or rng.random() < 0.5 else -1)
        balance += yuan
        clock = f"{9 + number % 20 // 2:02d}:{rng.choice([0, 0, 30]):02d}:00" if times else None
        lines.append(
            row(
                "A1", 1 + number // 20, yuan, clock, balance=balance if balances else None, remark=str(number)
            )
        )
    return lines


@pytest.mark.parametrize("balances", [True, False])
@pytest.mark.parametrize("times", [True, False])
def test_shuffled_lines_and_renamed_files_change_nothing(tmp_path: Path, balances: bool, times: bool) -> None:
    lines = day_of(3, balances=balances, times=times)
    answers = set()
    for turn in range(3):
        first, second = lines[:20], lines[20:]
        random.Random(turn).shuffle(first)
        random.Random(turn + 9).shuffle(second)
        names = ("a.csv", "b.csv") if turn % 2 else ("z.csv", "c.csv")
        lake = TinyLake(tmp_path / str(turn)).file(names[0], *first).file(names[1], *second)
        answers.add(str(rows(lake.build(), SEEN)))
    assert len(answers) == 1


def test_balances_recover_the_order_of_a_day_without_times(tmp_path: Path) -> None:
    lines = [
        row("A1", 1, 100, balance=100, remark="1"),
        row("A1", 1, -30, balance=70, remark="2"),
        row("A1", 1, 500, balance=570, remark="3"),
        row("A1", 1, -570, balance=0, remark="4"),
        row("A1", 1, 8, balance=8, remark="5"),
    ]
    for order in ([4, 2, 0, 3, 1], [0, 1, 2, 3, 4], [4, 3, 2, 1, 0]):
        con = TinyLake(tmp_path / str(order[0])).file("a.csv", *[lines[i] for i in order]).build()
        assert [r for (r,) in rows(con, "select remark from mart_line order by seq")] == [
            "1",
            "2",
            "3",
            "4",
            "5",
        ]


def test_a_recurring_balance_starts_where_the_day_before_ended(tmp_path: Path) -> None:
    con = (
        TinyLake(tmp_path)
        .file(
            "a.csv",
            row("A1", 1, 100, balance=100, remark="0"),
            row("A1", 2, -50, balance=100, remark="4"),
            row("A1", 2, -100, balance=0, remark="1"),
            row("A1", 2, 50, balance=150, remark="3"),
            row("A1", 2, 100, balance=100, remark="2"),
        )
        .build()
    )
    order = [r for (r,) in rows(con, "select remark from mart_line order by seq")]
    assert order[0] == "0"
    assert rows(con, "select count(*) from mart_balance_break") == [(0,)]


def test_time_goes_before_balance(tmp_path: Path) -> None:
    con = (
        TinyLake(tmp_path)
        .file(
            "a.csv", row("A1", 1, 9, "10:00:00", remark="late"), row("A1", 1, 7, "09:00:00", remark="early")
        )
        .build()
    )
    assert rows(con, "select remark from mart_line order by seq") == [("early",), ("late",)]


def test_line_ids_stay_when_a_richer_copy_and_later_lines_arrive(tmp_path: Path) -> None:
    first = TinyLake(tmp_path / "1").file("a.csv", row("A1", 1, 100), row("A1", 2, 5, "09:00:00"))
    then = (
        TinyLake(tmp_path / "2")
        .file("a.csv", row("A1", 1, 100), row("A1", 2, 5, "09:00:00"))
        .file("b.csv", row("A1", 1, 100, "08:00:00", balance=3, remark="x"), row("A1", 9, 5, "09:00:00"))
        .file("c.csv", row("A0", 1, 100, "08:00:00"))
    )
    before = {i for (i,) in rows(first.build(), "select line_id from mart_line_told")}
    after = {i for (i,) in rows(then.build(), "select line_id from mart_line_told")}
    assert before < after
    assert len(after) == 4


def test_breaks_gaps_and_overlaps_are_told(tmp_path: Path) -> None:
    con = (
        TinyLake(tmp_path)
        .file("m1.csv", row("A1", 1, 100, "09:00:00", balance=100), row("A1", 2, 50, "09:00:00", balance=160))
        .file("m2.csv", row("A1", 9, 1, "09:00:00", balance=500), row("A1", 10, 1, "09:00:00", balance=501))
        .file("again.csv", row("A1", 10, 1, None, balance=501))
        .build()
    )
    seen = rows(
        con, "select kind, gap_fen, lines, previous_file, source_file from mart_balance_break order by kind"
    )
    assert seen == [
        ("break", 1000, 2, "m1.csv", "m1.csv"),
        ("gap", 33900, 2, "m1.csv", "m2.csv"),
        ("overlap", None, 1, "again.csv", "m2.csv"),
    ]
