"""三(二): accounts that work as an institution's till."""

from __future__ import annotations

from tests.cases.cases import check_cases
from tests.cases.discovery import region

POSITIVE: dict[str, float | None] = {
    "HIDDEN-FIRM": 220_000,
    "HIDDEN-PERSON": 220_000,
    "HIDDEN-COSTS": 220_000,
}
LOOK_ALIKE = {
    "VIA-GATEWAY": "a payment institution collects",
    "CLIENTS-SHOP": "a shop many clients use",
    "BORROWER-PAID": "a borrower its lenders pay for goods",
}


def test_cases() -> None:
    world, ids = region()
    positive = {ids[k]: v for k, v in POSITIVE.items()}
    found = check_cases(world, "undisclosed-account", positive, {ids[k]: v for k, v in LOOK_ALIKE.items()})
    assert len(found) >= len(positive)
