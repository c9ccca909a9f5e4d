"""二(一)1 †: one borrower above the cap, from the day the cap binds."""

from __future__ import annotations

import datetime as dt

from models.typologies.over_limit_borrower import detect
from tests.cases.cases import check_cases
from tests.cases.world import World

POSITIVE = {"P1": 100_000, "P2": 500_000, "P3": 50_000} | {f"M{n}": 140_000 for n in range(6)}
LOOK_ALIKE = {
    "L1": "a person exactly at the cap",
    "L2": "each loan is repaid before the next",
    "L3": "a company below its own, higher cap",
    "L4": "two persons, each within the cap",
    "L6": "level instalments bring the first loan down before the second is paid out",
    **{f"S{n}": "six namesakes, each within the cap" for n in range(6)},
    "L5": "three loans one after the other, each repaid a month early, the first larger than the rest",
}


def test_cases() -> None:
    w = World(last="2016-12-25")
    p = w.platform("P1")
    who = w.person()
    for key in ("a", "b"):
        p.loan(key, w.people(5), each=30_000, lent="2016-09-05", days=300, borrower=who)
    p = w.platform("P2")
    p.loan("a", w.people(5), each=300_000, lent="2016-09-05", days=300, borrower=w.firm())
    p = w.platform("P3")  # lent before the rule, still owed on its day
    who = w.person()
    p.loan("a", w.people(5), each=30_000, lent="2016-05-02", days=300, borrower=who)
    p.loan("b", w.people(5), each=20_000, lent="2016-06-01", days=300, borrower=who)

    w.platform("L1").loan("a", w.people(5), each=40_000, lent="2016-09-05", days=300, borrower=w.person())
    p, who = w.platform("L2"), w.person()
    p.loan("a", w.people(5), each=40_000, lent="2016-09-05", days=30, borrower=who)
    p.loan("b", w.people(5), each=40_000, lent="2016-10-20", days=30, borrower=who)
    w.platform("L3").loan("a", w.people(5), each=150_000, lent="2016-09-05", days=300, borrower=w.firm())
    p = w.platform("L4")
    for key in ("a", "b"):
        p.loan(key, w.people(5), each=30_000, lent="2016-09-05", days=300, borrower=w.person())
    p, who = w.platform("L5"), w.firm()
    for key, each, lent, back in (
        ("a", 160_000, "2016-09-01", "2016-09-21"),
        ("b", 100_000, "2016-10-01", "2016-10-31"),
        ("c", 120_000, "2016-11-10", "2016-12-10"),
        ("d", 130_000, "2016-12-15", None),
    ):
        p.loan(key, w.people(5), each=each, lent=lent, days=60, borrower=who, repaid=False, paid=False)
        if back is not None:
            owed = (dt.date.fromisoformat(back) - dt.date.fromisoformat(lent)).days
            w.move(back, who, p.custody, round(5 * each * (1 + 0.12 * owed / 365), 2))
    p, who = w.platform("L6"), w.firm()
    p.loan("a", w.people(5), each=180_000, lent="2016-09-05", days=91, borrower=who, repaid=False, paid=False)
    w.registers["projects"][-1]["repayment"] = "amortising"
    for on in ("2016-10-05", "2016-11-05", "2016-12-05"):
        w.move(on, who, p.custody, 306_000)
    p.loan("b", w.people(5), each=100_000, lent="2016-11-20", days=300, borrower=who)
    many, accounts = w.person(), w.people(6)  # within the cap on each of six platforms, above it over all
    for n in range(6):
        w.platform(f"M{n}").loan("a", w.people(5), each=38_000, lent="2016-09-05", days=300, borrower=many)
        w.platform(f"S{n}").loan(
            "a", w.people(5), each=38_000, lent="2016-09-05", days=300, borrower=accounts[n]
        )
        w.registers["projects"][-1] |= {"borrower_name": "王同名", "borrower_id": None}
    found = check_cases(w, "over-limit-borrower", POSITIVE, LOOK_ALIKE)
    assert found["P1"].severity == 3

    before = w.context()
    before.as_of = dt.date(2016, 7, 3)
    early = {f.institution_id: f for f in detect(before)}
    assert early["P3"].severity == 1  # the rule does not bind yet: a watch
