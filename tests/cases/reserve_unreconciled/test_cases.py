"""二(四)1, 三(二): books that do not tie, and transit that clears."""

from __future__ import annotations

import polars as pl
import pytest

from tests.cases.cases import check_cases, findings
from tests.cases.payments import DAYS, region

POSITIVE: dict[str, float | None] = {
    "STALE-TRANSIT": 25_000,
    "TRIAL-BALANCE": 12_345.67,
    "FALSE-BALANCE": 40_000,
    "FALSE-BALANCE-UNTOLD": 40_000,
    "MONTHLY-TABLES-OFF": 4_321,
}
LOOK_ALIKE = {
    "TRANSIT-CLEARS": "items in transit that clear within days",
    "TRANSIT-ROLLS": "new items every day that clear the next",
    "TRANSIT-ROLLS-WEEKLY": "the same, reported by the week",
    "TRANSIT-LEVEL": "items of nearly the same sum every day, received the next",
    "MONTHLY-TABLES": "tables by the week that tie",
    "TIMING": "a cut-off of one day",
    "MISUSE-RELATED": "books that show the shortfall tie",
}


def test_cases() -> None:
    world, _ = region()
    found = check_cases(world, "reserve-unreconciled", POSITIVE, LOOK_ALIKE)
    assert "M14" in found["TRIAL-BALANCE"].explanation_zh
    assert found["STALE-TRANSIT"].first_on == DAYS[50]  # when it is older than ten days


@pytest.mark.parametrize("reports", [0, 5])
def test_failing_tables_need_no_report_of_their_day(reports: int) -> None:
    world, _ = region()
    world.registers["reserve_reports"] = [
        row
        for row in world.registers["reserve_reports"]
        if row["institution_id"] != "TRIAL-BALANCE" or row["report_date"] in DAYS[:reports]
    ]
    found = findings(world.context(), "reserve-unreconciled")["TRIAL-BALANCE"]
    assert found.amount_fen == 1_234_567
    assert found.evidence.filter(pl.col("role") == "failed_check").height > 0
