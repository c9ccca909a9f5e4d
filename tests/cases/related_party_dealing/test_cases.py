"""二(三)4: lumps between own accounts and the group or insiders."""

from __future__ import annotations

import datetime as dt

from tests.cases.selling import expect, manager, months
from tests.cases.world import World

POSITIVE = {
    "A1": 900_000.0,
    "A2": 650_000.0,
    "A3": 2_000_000.0,
    "A4": 5_900_000.0,
    "A5": 1_000_000.0,
    "A6": 1_100_000.0,
    "A7": 560_000.0,
}
LOOK_ALIKE = {
    "N1": "salary of an executive",
    "N2": "a dividend after profit",
    "N3": "rent at a steady amount",
    "N4": "capital paid in by a shareholder",
    "N8": "capital paid in by one shareholder in three parts",
    "N7": "capital paid in, and months later a dividend on it",
    "N5": "purchases from a vendor",
    "N9": "a supplier who pays an affiliate a third of its takings",
    "N10": "a labour agency that pays an executive's wage",
    "N6": "small refunds of costs",
}


def test_cases() -> None:
    w = World()
    own = {i: manager(w, i) for i in (*POSITIVE, *LOOK_ALIKE) if i != "A3"}
    own["A3"] = manager(w, "A3", group_id="G1")
    sister = manager(w, "S3", group_id="G1")
    a1, a2 = w.person(), w.firm()
    w.relate("A1", a1, "actual_controller")
    w.relate("A2", a2, "affiliate")
    w.move("2016-02-01", own["A1"], a1, 500_000)
    w.move("2016-04-01", a1, own["A1"], 400_000)
    w.move("2016-02-01", own["A2"], a2, 300_000)
    w.move("2016-03-01", own["A2"], a2, 350_000)
    w.move("2016-03-01", own["A3"], sister, 1_200_000)
    w.move("2016-03-20", sister, own["A3"], 800_000)
    giver, lender = w.firm(), w.firm()
    boss, holder, landlord, founder, vendor, clerk = (
        w.person(),
        w.person(),
        w.firm(),
        w.firm(),
        w.firm(),
        w.person(),
    )
    for institution, who, role in (
        ("N1", boss, "executive"),
        ("N2", holder, "shareholder"),
        ("N3", landlord, "affiliate"),
        ("N4", founder, "shareholder"),
        ("N7", giver, "shareholder"),
        ("N8", giver, "shareholder"),
        ("A4", lender, "shareholder"),
        ("N5", vendor, "vendor"),
        ("N6", clerk, "executive"),
    ):
        w.relate(institution, who, role)
    for k, on in enumerate(months("2016-02-05", 5)):
        w.move(on, own["N1"], boss, 30_000 + 500 * k)
        w.move(on, own["N3"], landlord, 81_000)
        w.move(on, own["N5"], vendor, 100_000 + 13_000 * k)
        w.move(on, own["N6"], clerk, 1_200 + 300 * k)
    w.move("2016-05-01", own["N2"], holder, 180_000)
    w.move("2016-01-20", founder, own["N4"], 3_000_000)
    w.move("2016-01-20", giver, own["N7"], 3_000_000)
    for k, on in enumerate(months("2016-01-20", 3)):
        w.move(on, giver, own["N8"], 500_000 + 100_000 * k)
    w.move("2016-05-20", own["N7"], giver, 400_000)
    w.move("2016-01-20", lender, own["A4"], 3_000_000)  # lent and returned is no dividend
    w.move("2016-05-20", own["A4"], lender, 2_900_000)
    often, round_trip = w.person(), w.firm()
    w.relate("A5", often, "executive")
    w.relate("A6", round_trip, "affiliate")
    for on in ("2016-02-01", "2016-02-05", "2016-04-18", "2016-04-20", "2016-06-21"):
        w.move(on, own["A5"], often, 200_000)  # one sum again and again, on no contract's days
    for n, on in enumerate(months("2016-02-05", 4)):
        w.move(on, own["A6"], round_trip, 125_000 + 10_000 * n)
        w.move(on, round_trip, own["A6"], 135_000)  # lent and returned in equal parts
    for institution, part in (
        ("A7", 0.98),
        ("N9", 0.33),
        ("N10", 0.06),
    ):  # a firm nobody knows stands between
        between, sister = w.firm(held=True), w.firm()
        w.relate(institution, sister, "affiliate" if institution != "N10" else "executive")
        for n, on in enumerate(("2016-02-05", "2016-04-11")):
            w.move(on, own[institution], between, 250_000 + 60_000 * n)
            w.move(
                dt.date.fromisoformat(on) + dt.timedelta(days=7),
                between,
                sister,
                (250_000 + 60_000 * n) * part,
            )
    found = w.found("related-party-dealing")
    found.pop("S3", None)  # the sister's side of the same dealings
    expect(found, POSITIVE, LOOK_ALIKE)
    assert found["A1"].bases.net_unrepaid == 10_000_000
    assert found["A1"].confidence > found["A2"].confidence  # money went one way only
