"""二(四)3: collecting for merchants and settling day by day."""

from __future__ import annotations

from tests.cases.cases import check_cases
from tests.cases.discovery import region

POSITIVE: dict[str, float | None] = {
    "SETTLE-FIRM": None,
    "SETTLE-PERSON": None,
    "SETTLE-LISTED": None,
    "SETTLE-LUMPS": None,
    "SETTLE-SAME-DAY": None,
    "SETTLE-NEW": None,
    "SETTLE-CARD": None,
    "SETTLE-LUMPS-SAME-DAY": None,
}
LOOK_ALIKE = {
    "TREASURY": "pays a group's bills and keeps nothing",
    "TREASURY-SAME-DAY": "pays a group's bills the same day and keeps nothing",
    "COURIERS": "wages by the week",
    "MARKET": "own sales and refunds",
    "PROPERTY": "collects its own fees",
    "PAYROLL": "payroll for employers",
    "SCHOOL": "a school",
    "TRADE": "a trading company",
}


def test_cases() -> None:
    world, ids = region()
    positive = {ids[k]: v for k, v in POSITIVE.items()}
    found = check_cases(world, "unlicensed-payment", positive, {ids[k]: v for k, v in LOOK_ALIKE.items()})
    assert found[ids["SETTLE-FIRM"]].amount_fen == round(float(ids["settled"]) * 100)
    assert found[ids["SETTLE-LISTED"]].amount_fen == found[ids["SETTLE-FIRM"]].amount_fen
