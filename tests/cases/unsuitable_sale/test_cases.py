"""二(三)2: sold above the client's risk level."""

from __future__ import annotations

from tests.cases.selling import expect, holding, product
from tests.cases.world import World

POSITIVE = {"A1": 10_000.0, "A2": 30_000.0, "A3": 5_000.0}
LOOK_ALIKE = {
    "N1": "equal levels",
    "N2": "the client's level is higher",
    "N3": "no level of the client is known",
    "N4": "no level of the product is known",
}
LEVELS = {
    "A1": [(4, 2, 10_000.0), (4, 4, 50_000.0)],
    "A2": [(3, 2, 10_000.0), (5, 1, 20_000.0), (1, 5, 9_000.0)],
    "A3": [(2, 1, 5_000.0), (3, None, 8_000.0)],
    "N1": [(3, 3, 20_000.0)],
    "N2": [(2, 5, 20_000.0)],
    "N3": [(5, None, 20_000.0)],
    "N4": [(None, 1, 20_000.0)],
}


def test_cases() -> None:
    w = World()
    for institution, sales in LEVELS.items():
        p = w.platform(institution)
        for n, (level, client, yuan) in enumerate(sales):
            who = w.person()
            pid = product(w, f"{institution}P{n}", institution, risk_level=level)
            holding(w, pid, who, yuan, investor_risk_level=client)
            w.move("2016-01-06", who, p.custody, yuan)
    found = w.found("unsuitable-sale")
    expect(found, POSITIVE, LOOK_ALIKE)
    assert found["A3"].confidence < found["A1"].confidence  # a level is missing
    assert found["A2"].clients == 2
