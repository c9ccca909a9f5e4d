"""二(四)1: payments out of reserve accounts that no customer ordered."""

from __future__ import annotations

from tests.cases.cases import check_cases
from tests.cases.payments import region

POSITIVE: dict[str, float | None] = {
    "MISUSE-PRODUCT": 110_000,
    "MISUSE-RELATED": 80_000,
    "MISUSE-ELSEWHERE": 70_000,
    "MISUSE-OWN": 45_000,
    "MISUSE-THROUGH": 26_800,
    "MISUSE-WAGES": 3 * (500 + 550 + 600 + 650 + 700) + 4 * (10 + 20),
    "MISUSE-LENT": 140_000,
    "MISUSE-EXECUTIVES": 6 * 300 + 10 * (0 + 2 + 4 + 6 + 8 + 10),
    "MISUSE-WAGES-TWICE": 2 * (500 + 550 + 600 + 650 + 700) + 2 * 700 + 300 + 1_200,
    "MISUSE-UNEARNED": 3 * 51_000 + 3,
}
LOOK_ALIKE = {
    "WALLET": "a customer withdraws what was paid in",
    "BIG-MERCHANT": "a big merchant settled weekly",
    "TIMING": "the monthly return of earned fees to the own account",
    "OWN-MONEY-BACK": "own money put in goes back later",
    "PAYROLL-PAID": "an employer's wages, paid in the day before",
    "PAYROLL-UNEVEN": "an employer's wages, some of them by the piece",
    "EXECUTIVES-SHOP": "a shareholder's shop settled every week",
    "DRESS-ELSEWHERE": "money lent for report dates and drained to another: told as window-dressing",
    "CHARGE-BACK": "a return of fees after a bank charge, which the reserve bore",
    "OWN-UNLISTED": "income returned by the month to an own account that the register lacks",
    "RENT-PAID": "one sum every month that one customer orders",
    "RELATED-MERCHANT": "an affiliate settled like any merchant",
    "MERCHANT-SUPPLIED": "a merchant that buys from an affiliate",
    "DRESS-OWN": "own money put in for report dates and taken back",
}


def test_cases() -> None:
    world, _ = region()
    found = check_cases(world, "reserve-misappropriation", POSITIVE, LOOK_ALIKE)
    assert found["MISUSE-RELATED"].severity == 5
    assert found["MISUSE-PRODUCT"].evidence.height == 2
