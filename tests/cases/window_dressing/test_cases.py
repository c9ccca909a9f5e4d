"""Top-ups before report dates that go back after."""

from __future__ import annotations

from tests.cases.cases import check_cases
from tests.cases.payments import region

POSITIVE: dict[str, float | None] = {
    "DRESS-OWN": 1_500_000,
    "DRESS-RELATED": 900_000,
    "DRESS-CUSTODY": 400_000,
}
LOOK_ALIKE = {
    "FUNDING-STAYS": "monthly funding that stays",
    "ADVANCES": "advances and refunds over the month",
    "ONE-ROUND-TRIP": "one coincidence with a month end",
}


def test_cases() -> None:
    world, _ = region()
    found = check_cases(world, "window-dressing", POSITIVE, LOOK_ALIKE)
    assert found["DRESS-OWN"].amount_high_fen == 2 * found["DRESS-OWN"].amount_fen
