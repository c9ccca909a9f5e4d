"""二(五)2: insurers and the platforms they insure."""

from __future__ import annotations

import polars as pl

from models.finding import EVIDENCE_SCHEMA, Finding
from tests.cases.cases import check_cases
from tests.cases.discovery import region

POSITIVE: dict[str, float | None] = {"RISK-A": 100_000, "RISK-B": 75_000, "RISK-C": 125_000}
LOOK_ALIKE = {
    "NO-RISK": "flows with a platform that has no such finding",
    "ONCE": "a single premium",
    "INSURER": "no flows with the platform",
}


def test_cases() -> None:
    world, _ = region()
    open_one = Finding(
        "RISKY", "fund-pool", 1, 4, 0.9, None, None, "x", "x", pl.DataFrame(schema=EVIDENCE_SCHEMA)
    )
    given: dict[str, list[Finding]] = {
        "fund-pool": [open_one],
        "self-guarantee": [],
        "new-money-pays-old": [],
    }
    found = check_cases(world, "risk-transfer-to-insurer", POSITIVE, LOOK_ALIKE, given)
    assert found["RISK-A"].severity == 3
