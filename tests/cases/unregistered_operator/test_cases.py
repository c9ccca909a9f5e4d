"""五(一): pools, settlement and lending businesses that no register names."""

from __future__ import annotations

from tests.cases.cases import check_cases
from tests.cases.discovery import region

POSITIVE: dict[str, float | None] = {
    "POOL-FIRM": None,
    "POOL-PERSON": None,
    "POOL-YOUNG": None,
    "SETTLE-FIRM": None,
    "LEND-PERSON": 800_000,
    "LEND-FIRM": 800_000,
}
LOOK_ALIKE = {
    "REFUNDS": "a shop that takes back a part of each order",
    "TRADE": "a big trading company",
    "CHARITY": "a charity",
    "SCHOOL": "a school",
    "FAMILY": "a family account",
    "PROPERTY": "a property manager",
    "MARKET": "a marketplace with own sales and refunds",
    "PAYROLL": "a payroll agent",
}


def test_cases() -> None:
    world, ids = region()
    positive = {ids[k]: v for k, v in POSITIVE.items()}
    found = check_cases(world, "unregistered-operator", positive, {ids[k]: v for k, v in LOOK_ALIKE.items()})
    assert len(found) >= len(positive)
