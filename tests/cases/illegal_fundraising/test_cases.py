"""二(一)1, 五(一): the four elements together."""

from __future__ import annotations

from tests.cases.cases import check_cases
from tests.cases.discovery import region

POSITIVE: dict[str, float | None] = {
    "POOL-FIRM": None,
    "POOL-PERSON": None,
    "POOL-LISTED": None,
    "POOL-CARD": None,
}
LOOK_ALIKE = {
    "POOL-SILENT": "a pool, but no public solicitation is known",
    "POOL-FILED": "a filed platform",
    "SHOP": "prepayments for goods, loans from staff",
    "FAMILY": "money from relatives only",
    "CHARITY": "donations",
}


def test_cases() -> None:
    world, ids = region()
    positive = {ids[k]: v for k, v in POSITIVE.items()}
    found = check_cases(world, "illegal-fundraising", positive, {ids[k]: v for k, v in LOOK_ALIKE.items()})
    taken = sum(20_000 + 1_000 * (n % 7) for n in range(40))
    assert found[ids["POOL-FIRM"]].amount_fen == taken * 100
    assert found["POOL-LISTED"].severity == 4  # 880,000 from 40 persons: below a unit's threshold of 2010
    assert found[ids["POOL-PERSON"]].severity == 5
