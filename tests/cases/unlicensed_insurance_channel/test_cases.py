"""二(五)2–3: premiums over a third party with no licence."""

from __future__ import annotations

from tests.cases.cases import check_cases
from tests.cases.discovery import region

POSITIVE: dict[str, float | None] = {"CHANNEL-ONE": 60_000, "CHANNEL-TWO": 60_000, "CHANNEL-UNSEEN": 60_000}
LOOK_ALIKE = {
    "AGENT": "a licensed agent",
    "GATEWAY": "a payment institution",
    "SELF-INSURED": "pays for its own insurance out of fees from many",
}


def test_cases() -> None:
    world, ids = region()
    positive = {ids[k]: v for k, v in POSITIVE.items()}
    found = check_cases(
        world, "unlicensed-insurance-channel", positive, {ids[k]: v for k, v in LOOK_ALIKE.items()}
    )
    assert len(found) >= len(positive)
