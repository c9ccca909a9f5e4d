"""五(四): new operators and the closed ones before them."""

from __future__ import annotations

from tests.cases.cases import check_cases
from tests.cases.discovery import region

POSITIVE: dict[str, float | None] = {
    "NEW-CONTROLLER": 175_000,
    "NEW-SAME-ID": 175_000,
    "NEW-MONEY": 175_000,
    "NEW-SHELF": 175_000,
    "NEW-FEW": 18 * 5_000,
    "NEW-UNLISTED": None,
}
LOOK_ALIKE = {
    "BUYER": "a client base sold to unrelated owners",
    "SISTER": "the other firm is still open",
    "BIG-BESIDE": "a large platform that many of a small one's clients use as well",
    "STRANGER": "a new platform with no tie to the closed one",
}


def test_cases() -> None:
    world, ids = region()
    positive = {ids[k]: v for k, v in POSITIVE.items()}
    found = check_cases(world, "phoenix", positive, {ids[k]: v for k, v in LOOK_ALIKE.items()})
    assert found["NEW-MONEY"].severity == 5
