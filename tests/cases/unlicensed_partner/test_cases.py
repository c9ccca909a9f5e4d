"""三(五): supervised institutions and their partners."""

from __future__ import annotations

from tests.cases.cases import check_cases
from tests.cases.discovery import region

POSITIVE: dict[str, float | None] = {"INSURER": None, "PAYS-NAMED": 160_000, "PAYS-ADVERTISER": 120_000}
LOOK_ALIKE = {
    "PAYS-SUPPLIER": "a plain technology supplier",
    "PAYS-AGENT": "a licensed agent",
    "PAYS-ONCE": "a single payment",
}


def test_cases() -> None:
    world, ids = region()
    positive = {ids[k]: v for k, v in POSITIVE.items()}
    found = check_cases(world, "unlicensed-partner", positive, {ids[k]: v for k, v in LOOK_ALIKE.items()})
    assert len(found) >= len(positive)
