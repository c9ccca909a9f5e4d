"""二(一)1: a long project funded by short products in turn."""

from __future__ import annotations

import datetime as dt

from tests.cases.cases import check_cases
from tests.cases.world import Platform, World, day

POSITIVE = {"P1": 300_000, "P2": 100_000, "P3": 120_000}
LOOK_ALIKE = {
    "L1": "the product runs as long as the project",
    "L2": "the borrower prepaid, and borrows again weeks later",
    "L3": "two products fund one project at the same time",
}


def ladder(w: World, p: Platform, turns: int, people: int, each: float, days: int = 30) -> None:
    """One project of a year, products of a month: each is redeemed when the next one is sold."""
    begin = day("2016-02-01")
    borrower = w.firm()
    project = p.project("x", people * each, borrower, begin, 365)
    p.lend(borrower, people * each, begin)
    for turn in range(turns + 1):
        sold = begin + dt.timedelta(days=turn * days) - dt.timedelta(days=1)
        end = begin + dt.timedelta(days=(turn + 1) * days)
        product = p.product(f"t{turn}", days=days, issued=sold)
        p.link(product, project, people * each)
        last = turn == turns
        p.sell(product, w.people(people), each, sold, redeemed=None if last else end)
        if not last:
            p.pay(product, end, 1.0)


def test_cases() -> None:
    w = World()
    ladder(w, w.platform("P1"), 3, 10, 10_000)
    ladder(w, w.platform("P2"), 1, 10, 10_000)
    ladder(w, w.platform("P3"), 2, 6, 10_000, days=45)

    w.platform("L1").loan("a", w.people(10), each=10_000, lent="2016-02-01", days=90)
    again = w.platform("L2")
    who = w.firm()
    early = again.product("a", days=180, issued="2016-02-01")
    again.project("a", 100_000, who, "2016-02-03", 180, product=early)
    again.sell(early, w.people(10), 10_000, "2016-02-01", redeemed="2016-04-01")
    again.lend(who, 100_000, "2016-02-03")
    w.move("2016-03-31", who, again.custody, 101_900)
    again.pay(early, "2016-04-01", 1.0158)
    again.loan("b", w.people(10), each=10_000, lent="2016-04-20", borrower=who, days=60)
    twin = w.platform("L3")
    borrower = w.firm()
    project = twin.project("a", 200_000, borrower, "2016-02-03", 60)
    for key in ("a", "b"):
        half = twin.product(key, days=60, issued="2016-02-01")
        twin.link(half, project, 100_000)
        twin.sell(half, w.people(10), 10_000, "2016-02-01", redeemed="2016-04-05")
    twin.lend(borrower, 200_000, "2016-02-03")
    w.move("2016-04-03", borrower, twin.custody, 204_000)
    for key in ("a", "b"):
        twin.pay(f"L3-{key}", "2016-04-05", 1.0164)
    found = check_cases(w, "maturity-mismatch", POSITIVE, LOOK_ALIKE)
    assert found["P1"].confidence > found["P2"].confidence
