"""二(四)1 吃利差: interest credited on reserve accounts."""

from __future__ import annotations

from tests.cases.cases import check_cases
from tests.cases.payments import region

POSITIVE: dict[str, float | None] = {
    "INTEREST-QUARTER": 2_469.12,
    "INTEREST-MONTH": 3_703.68,
    "INTEREST-TOLD": 77.77,
    "INTEREST-NO-PAYER": 642,
    "INTEREST-CALLED": 321,
    "INTEREST-LEDGER": 177.76,
    "INTEREST-LEDGER-BRANCH": 99.99,
    "INTEREST-LEDGER-SAVINGS": 99.99,
}
LOOK_ALIKE = {
    "INTEREST-OWN": "interest on the own account",
    "NO-PAYER": "credits without a payer on any day of the month",
    "CHARGE-BACK": "a charge given back",
    "WALLET": "no credit of the bank",
}


def test_cases() -> None:
    world, _ = region()
    found = check_cases(world, "reserve-interest", POSITIVE, LOOK_ALIKE)
    assert found["INTEREST-TOLD"].confidence > found["INTEREST-QUARTER"].confidence
