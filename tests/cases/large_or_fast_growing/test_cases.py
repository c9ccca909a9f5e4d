"""五(一): large or fast growing while something grave is open."""

from __future__ import annotations

import datetime as dt

import polars as pl

from models.finding import EVIDENCE_SCHEMA, Finding
from tests.cases.selling import expect, holding
from tests.cases.world import World, detector

POSITIVE = {"A1": 60_000_000.0, "A2": 9_000_000.0, "A3": 12_000_000.0}
LOOK_ALIKE = {
    "N1": "growth with no finding",
    "N2": "large, but the finding is light",
    "N3": "grave, but neither large nor growing",
    "N4": "grave and doubled, from next to nothing",
}


def grave(institution: str, severity: int) -> Finding:
    return Finding(
        institution_id=institution,
        typology="fund-pool",
        amount_fen=1,
        severity=severity,
        confidence=0.8,
        first_on=dt.date(2016, 5, 1),
        last_on=dt.date(2016, 6, 1),
        explanation_zh="-",
        explanation_en="-",
        evidence=pl.DataFrame(schema=EVIDENCE_SCHEMA),
    )


def test_cases() -> None:
    w = World()
    sales = {  # money taken in January, in May, in June
        "A1": (60_000_000, 0, 0),
        "A2": (3_000_000, 1_000_000, 5_000_000),
        "A3": (7_000_000, 0, 5_000_000),
        "N1": (2_000_000, 0, 9_000_000),
        "N2": (70_000_000, 0, 0),
        "N3": (8_000_000, 0, 100_000),
        "N4": (100_000, 0, 300_000),
    }
    for institution, parts in sales.items():
        p = w.platform(institution)
        pid = p.product("L", days=360)
        for on, yuan in zip(("2016-01-20", "2016-05-20", "2016-06-20"), parts, strict=True):
            for who in w.people(5) if yuan else []:
                holding(w, pid, who, yuan / 5, on)
        p.sell(pid, [], 0, "2016-01-20")
        w.move("2016-01-20", w.person(), p.custody, 1_000)
    ctx = w.context()
    ctx.findings["fund-pool"] = [grave(i, 3 if i == "N2" else 4) for i in sales if i != "N1"]
    found = {f.institution_id: f for f in detector("large-or-fast-growing")(ctx)}
    expect(found, POSITIVE, LOOK_ALIKE)
    assert found["A1"].clients == 5
