"""二(四)1: customer money at the wrong bank or in the wrong account."""

from __future__ import annotations

from tests.cases.cases import check_cases
from tests.cases.payments import region

POSITIVE: dict[str, float | None] = {
    "CARDS-TO-OWN": 7_500,
    "BAD-BANK": None,
    "BAD-DEPOSIT": 4_000,
    "KNOWN-PAYERS": 3_000,
    "NAMED-ACCOUNT": 4_800,
    "CONTROLLER-CARD": 10_000,
    "HELPER-CARD": 10_000,
}
LOOK_ALIKE = {
    "MERCHANTS-FEES": "merchants pay the institution its fees",
    "CONTROLLER-SHOP": "a shareholder's shop with customers of its own",
    "SHOP-TOPS-UP": "a customer that tops up from what its own customers pay",
    "STRANGERS": "a dozen payers nobody knows as customers",
    "FEW-PAYERS": "a few payments to the own account",
    "WALLET": "reserve accounts at qualified banks",
    "INTEREST-OWN": "the own account gets interest and fees",
}


def test_cases() -> None:
    world, _ = region()
    found = check_cases(world, "reserve-outside-qualified-bank", POSITIVE, LOOK_ALIKE)
    assert found["CARDS-TO-OWN"].clients == 25
    assert found["BAD-BANK"].severity < found["CARDS-TO-OWN"].severity
