"""A transaction counts once however often it is delivered; twins on one statement count twice."""

from pathlib import Path

import pytest

from tests.sql.tiny import TinyLake, row, rows

COUNT = "select count(*), sum(amount_fen)::bigint from mart_line"
FULL = {
    "counterparty_account": "6222000011112222",
    "counterparty_name": "张三",
    "remark": "转账",
    "reference": "201606011234567890",
    "channel": "网银",
}


def count(lake: TinyLake) -> int:
    return rows(lake.build(), COUNT)[0][0]


@pytest.fixture
def lake(tmp_path: Path) -> TinyLake:
    return TinyLake(tmp_path)


def test_minutes_in_one_source_and_days_in_the_other(lake: TinyLake) -> None:
    lake.file("a.csv", row("A1", 1, 100, "09:30:11", balance=500, **FULL))
    lake.file("b.xml", row("A1", 1, 100, None, balance=500, reference=FULL["reference"]))
    con = lake.build()
    assert rows(con, COUNT) == [(1, 10000)]
    assert rows(
        con, "select has_time, strftime(booked_at, '%H:%M:%S'), counterparty_name from mart_line_told"
    ) == [(True, "09:30:11", "张三")]


def test_one_source_cuts_seconds(lake: TinyLake) -> None:
    lake.file("a.csv", row("A1", 1, 100, "09:30:11", **FULL)).file(
        "b.csv", row("A1", 1, 100, "09:30:00", remark="x")
    )
    assert count(lake) == 1


def test_a_source_without_counterparty_balance_or_reference(lake: TinyLake) -> None:
    lake.file("a.csv", row("A1", 1, 100, "09:30:11", balance=500, **FULL)).file("b.csv", row("A1", 1, 100))
    con = lake.build()
    assert rows(con, "select counterparty_name, balance_after_fen from mart_line_told") == [("张三", 50000)]


def test_the_lean_copy_gives_what_the_rich_one_lacks(lake: TinyLake) -> None:
    masked = FULL | {"counterparty_account": "6222****2222"}
    lake.file("a.csv", row("A1", 1, 100, "09:30:11", **masked))
    lake.file("b.csv", row("A1", 1, 100, None, balance=7, counterparty_account="6222000011112222"))
    con = lake.build()
    assert rows(con, "select counterparty_account, balance_after_fen, has_time from mart_line_told") == [
        ("6222000011112222", 700, True)
    ]


def test_swift_cuts_the_reference_at_sixteen(lake: TinyLake) -> None:
    lake.file("a.csv", row("A1", 1, 100, "09:30:11", **FULL)).file(
        "b.940", row("A1", 1, 100, reference=FULL["reference"][:16])
    )
    assert count(lake) == 1


def test_a_message_may_keep_the_end_of_the_reference(lake: TinyLake) -> None:
    other = FULL | {"reference": "201606011234567891"}
    lake.file("a.csv", row("A1", 1, 100, "09:30:11", **FULL), row("A1", 1, 100, "09:30:11", **other))
    lake.file("b.940", *[row("A1", 1, 100, reference=r["reference"][-16:]) for r in (FULL, other)])
    assert count(lake) == 2


def test_twins_on_one_statement_are_two(lake: TinyLake) -> None:
    twin = row("A1", 1, 100, "09:30:11", **FULL)
    assert count(lake.file("a.csv", twin, twin)) == 2


def test_twins_delivered_twice_are_still_two(lake: TinyLake) -> None:
    twin = row("A1", 1, 100, "09:30:11", **FULL)
    lean = row("A1", 1, 100, None)
    assert (
        count(lake.file("a.csv", twin, twin).file("b.csv", lean, lean).file("c.csv", twin, twin, lean)) == 3
    )


def test_the_same_content_under_two_names_is_one(lake: TinyLake) -> None:
    one = row("A1", 1, 100, "09:30:11", **FULL)
    assert count(lake.file("a.csv", one, one).file("z/b.csv", one, one)) == 2


def test_partial_and_intraday_deliveries_overlap(lake: TinyLake) -> None:
    month = [row("A1", d, 100 + d, "10:00:00", balance=1000 + d, remark="m") for d in range(1, 20)]
    part = [row("A1", d, 100 + d, None, balance=1000 + d) for d in range(8, 12)]
    intraday = [row("A1", 12, 112, "10:00:00")]
    assert count(lake.file("m.csv", *month).file("p.csv", *part).file("i.xml", *intraday)) == 19


def test_equal_amounts_at_different_times_are_two_even_in_two_files(lake: TinyLake) -> None:
    lake.file("am.csv", row("A1", 1, 100, "09:00:00", balance=600)).file(
        "pm.csv", row("A1", 1, 100, "15:00:00", balance=700)
    )
    assert count(lake) == 2


def test_one_batch_reference_over_two_payments_is_two(lake: TinyLake) -> None:
    lake.file(
        "a.csv",
        row("A1", 1, -100, balance=900, reference="BATCH77"),
        row("A1", 1, -100, balance=800, reference="BATCH77"),
    )
    lake.file(
        "b.csv",
        row("A1", 1, -100, balance=800, reference="BATCH77"),
        row("A1", 1, -100, balance=900, reference="BATCH77"),
    )
    assert count(lake) == 2


def test_out_in_and_out_again_leaves_the_same_balance_twice(lake: TinyLake) -> None:
    day = [
        row("A1", 1, -100, "09:00:00", balance=900),
        row("A1", 1, 100, "10:00:00", balance=1000),
        row("A1", 1, -100, "11:00:00", balance=900),
    ]
    lean = [row("A1", 1, -100), row("A1", 1, 100), row("A1", 1, -100)]
    assert count(lake.file("a.csv", *day).file("b.csv", *lean)) == 3


def test_other_account_day_direction_or_amount_is_another_transaction(lake: TinyLake) -> None:
    lake.file("a.csv", row("A1", 1, 100, "09:00:00")).file(
        "b.csv",
        row("A2", 1, 100, "09:00:00"),
        row("A1", 2, 100, "09:00:00"),
        row("A1", 1, -100, "09:00:00"),
        row("A1", 1, 101, "09:00:00"),
    )
    assert count(lake) == 5


def test_a_correction_changes_the_text_not_the_count(lake: TinyLake) -> None:
    lake.file("a.csv", row("A1", 1, 100, "09:00:00", balance=5, remark="错")).file(
        "补正_a.csv", row("A1", 1, 100, "09:00:00", balance=5, remark="对")
    )
    assert count(lake) == 1


@pytest.mark.parametrize("cut_short", ["a.csv", "b.csv"])
def test_of_equal_copies_the_one_in_the_sound_file_is_cited(lake: TinyLake, cut_short: str) -> None:
    line = row("A1", 1, 100, "09:30:11", balance=500, **FULL)
    contents = {"a.csv": [line, row("A1", 2, 5)], "b.csv": [row("A1", 3, 5), line]}
    for name, lines in contents.items():
        lake.file(name, *lines, problem="The file is cut off." if name == cut_short else None)
    con = lake.build()
    (sound,) = contents.keys() - {cut_short}
    assert rows(con, "select source_file from mart_line_told where amount_fen = 10000") == [(sound,)]


def test_file_names_decide_nothing(tmp_path: Path) -> None:
    first = [
        row("A1", 1, 100, "09:30:11", balance=500, remark="甲"),
        row("A1", 2, 30, "09:30:11", remark="丙"),
    ]
    second = [row("A1", 1, 100, "09:30:11", balance=500, remark="乙"), row("A1", 2, 30, None, balance=9)]
    seen = []
    for names in (("a.csv", "b.csv"), ("b.csv", "a.csv")):
        lake = TinyLake(tmp_path / names[0]).file(names[0], *first).file(names[1], *second)
        seen.append(rows(lake.build(), "select * exclude (source_file) from mart_line_told order by line_no"))
    assert seen[0] == seen[1]


def test_what_was_booked_after_the_sunday_is_not_seen(lake: TinyLake) -> None:
    import datetime as dt

    lake.file("a.csv", row("A1", 1, 1, "09:00:00"), row("A1", 5, 2, "23:59:59"), row("A1", 6, 4, "00:00:00"))
    assert rows(lake.build(dt.date(2016, 6, 5)), COUNT) == [(2, 300)]
