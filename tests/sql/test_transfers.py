"""The two legs of a transfer meet, on what they rest, and nothing else meets."""

from pathlib import Path
from typing import Any

import pytest

from tests.sql.tiny import TinyLake, row, rows

A = {"holder_name": "甲商贸有限公司"}
B = {"holder_name": "乙实业有限公司"}
C = {"holder_name": "丙物流有限公司"}
TO_B = {"counterparty_account": "B000000000000002", "counterparty_name": "乙实业有限责任公司"}
TO_A = {"counterparty_account": "A000000000000001", "counterparty_name": "甲商贸有限公司"}


def out(day: int, yuan: float, clock: str | None = "09:00:00", **more: Any) -> dict[str, Any]:
    return row("A000000000000001", day, -yuan, clock, **(A | more))


def into(day: int, yuan: float, clock: str | None = "09:05:00", **more: Any) -> dict[str, Any]:
    return row("B000000000000002", day, yuan, clock, **(B | more))


def pairs(lake: TinyLake) -> list[tuple[Any, ...]]:
    return rows(
        lake.build(),
        "select basis, amount_fen, fee_fen from mart_transfer "
        "where out_line_no is not null and in_line_no is not null order by all",
    )


@pytest.fixture
def lake(tmp_path: Path) -> TinyLake:
    return TinyLake(tmp_path)


@pytest.mark.parametrize(
    ("left", "right", "basis"),
    [
        (out(1, 70, **TO_B), into(1, 70, **TO_A), "account"),
        (out(1, 70, **TO_B, reference="R12345678"), into(1, 70, **TO_A, reference="R12345678"), "reference"),
        (out(1, 70, counterparty_account="B0000******00002"), into(1, 70, **TO_A), "account"),
        (
            out(1, 70, counterparty_name="乙实业有限公司"),
            into(1, 70, counterparty_name="甲商贸 有限责任公司"),
            "name",
        ),
        (out(1, 70, counterparty_name="乙實業(有限)公司"), into(1, 70), "name"),
        (out(1, 70, counterparty_name="乙地产有限公司"), into(1, 70), None),
        (out(1, 70, reference="R12345678"), into(1, 70, reference="R12345678"), "reference"),
        (out(1, 70, None, **TO_B), into(3, 70, None, **TO_A), "account"),
        (out(1, 70, **TO_B), into(6, 70, **TO_A), None),
        (out(1, 70, **TO_B), into(1, 71, **TO_A), None),
        (out(1, 70, counterparty_account="C000000000000003"), into(1, 70), None),
        (out(1, 70), into(1, 70), None),
    ],
)
def test_two_legs(lake: TinyLake, left: dict[str, Any], right: dict[str, Any], basis: str | None) -> None:
    found = pairs(lake.file("a.csv", left).file("b.csv", right))
    assert found == ([(basis, 7000, 0)] if basis else [])


def test_a_fee_is_kept_back(lake: TinyLake) -> None:
    lake.file("a.csv", out(1, 10_000, **TO_B)).file("b.csv", into(1, 9_990, **TO_A))
    assert pairs(lake) == [("account", 999_000, 1_000)]


def test_one_leg_arrives_in_two(lake: TinyLake) -> None:
    lake.file("a.csv", out(1, 100_000, **TO_B)).file(
        "b.csv", into(1, 60_000, **TO_A), into(1, 40_000, "09:06:00", **TO_A)
    )
    assert pairs(lake) == [("split", 4_000_000, 0), ("split", 6_000_000, 0)]


def test_equal_payments_pair_by_nearest_time(lake: TinyLake) -> None:
    lake.file("a.csv", out(1, 70, "09:00:00", **TO_B), out(1, 70, "15:00:00", **TO_B))
    lake.file("b.csv", into(1, 70, "15:01:00", **TO_A), into(1, 70, "09:01:00", **TO_A))
    con = lake.build()
    assert rows(
        con,
        "select date_diff('second', paid_at, arrived_at) from mart_transfer where basis <> 'one_leg'",
    ) == [(60,), (60,)]


def test_a_line_is_a_leg_once_and_every_line_is_a_leg(lake: TinyLake) -> None:
    lake.file("a.csv", *[out(d, 50, **TO_B) for d in (1, 1, 2, 3)]).file(
        "b.csv", *[into(d, 50, **TO_A) for d in (1, 2, 2)]
    )
    con = lake.build()
    assert rows(con, "select count(*) from mart_transfer where basis <> 'one_leg'") == [(3,)]
    assert rows(con, "select count(out_line_no) + count(in_line_no) from mart_transfer") == [(7,)]


def test_the_paired_leg_tells_the_counterparty(lake: TinyLake) -> None:
    lake.file("a.csv", out(1, 70, **TO_B)).file("b.csv", into(1, 70))
    con = lake.build()
    assert rows(
        con,
        "select l.cp_basis, a.account_no from mart_line as l inner join mart_account as a "
        "on l.cp_account_id = a.account_id where l.direction = 'in'",
    ) == [("transfer", "A000000000000001")]


def test_a_hub_does_not_multiply(lake: TinyLake) -> None:
    many = [
        row("A000000000000001", 1, 100, f"10:{i // 60:02d}:{i % 60:02d}", counterparty_name="某某")
        for i in range(1500)
    ]
    back = [
        row("B000000000000002", 1, -100, f"11:{i // 60:02d}:{i % 60:02d}", counterparty_name="某某")
        for i in range(1500)
    ]
    assert pairs(lake.file("a.csv", *many).file("b.csv", *back)) == []
