"""二(一)2: project money in securities and futures accounts."""

from __future__ import annotations

from tests.cases.cases import check_cases
from tests.cases.world import World

POSITIVE = {"P1": 90_000, "P2": 97_000, "P3": 80_000}
LOOK_ALIKE = {
    "L1": "clients withdraw to their own accounts and invest later",
    "L2": "a borrower invests a tenth",
    "L3": "a borrower invests two months later",
    "L4": "a borrower pays suppliers",
}


def test_cases() -> None:
    w = World()
    broker, futures = w.firm("明远证券股份有限公司"), w.firm("明远期货有限公司")

    def lent(institution: str):  # type: ignore[no-untyped-def]
        who = w.person(held=True)
        w.platform(institution).loan(
            "a", w.people(10), each=10_000, lent="2016-03-01", days=180, borrower=who
        )
        return who

    w.move("2016-03-04", lent("P1"), broker, 90_000)
    between = w.firm(held=True)
    w.move("2016-03-04", lent("P2"), between, 98_000)
    w.move("2016-03-08", between, broker, 97_000)
    who = lent("P3")
    w.move("2016-03-04", who, broker, 50_000)
    w.move("2016-03-05", who, futures, 30_000)

    saver = w.people(10, held=True)
    w.platform("L1").loan("a", saver, each=10_000, lent="2016-03-01")
    for person in saver:
        w.move("2016-04-04", person, broker, 9_000)
    w.move("2016-03-04", lent("L2"), broker, 10_000)
    w.move("2016-05-04", lent("L3"), broker, 90_000)
    w.move("2016-03-04", lent("L4"), w.firm(), 90_000)
    check_cases(w, "margin-financing", POSITIVE, LOOK_ALIKE)
