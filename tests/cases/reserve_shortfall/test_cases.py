"""二(四)1: owed more than held and in transit, for two report days and more."""

from __future__ import annotations

from tests.cases.cases import check_cases
from tests.cases.payments import region

POSITIVE: dict[str, float | None] = {
    "MISUSE-PRODUCT": None,
    "MISUSE-RELATED": None,
    "MISUSE-ELSEWHERE": None,
    "CARDS-TO-OWN": None,
    "SHORT-TOPPED": None,
    "SHORT-LENT": None,
}
LOOK_ALIKE = {
    "TIMING": "a gap of one day",
    "TIMING-TWICE": "two gaps of one day that money in transit closed",
    "TRANSIT-CLEARS": "items in transit cover it",
    "BIG-MERCHANT": "owed and held move together",
}


def test_cases() -> None:
    world, firms = region()
    found = check_cases(world, "reserve-shortfall", POSITIVE, LOOK_ALIKE)
    for iid, finding in found.items():
        if iid in POSITIVE:
            assert finding.amount_fen == round(firms[iid].worst_gap() * 100)
