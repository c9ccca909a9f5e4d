"""二(一)3: loans for down payments on property."""

from __future__ import annotations

from tests.cases.cases import check_cases
from tests.cases.world import Account, Platform, World

POSITIVE = {"P1": 200_000, "P2": 190_000, "P3": 300_000, "P4": 80_000}
LOOK_ALIKE = {
    "L1": "the developer itself is the openly registered borrower",
    "L2": "companies that buy offices",
    "L3": "one borrower who buys a home",
    "L4": "borrowers who pay a management fee",
}


def test_cases() -> None:
    w = World()
    developer = w.firm("宏图房地产开发有限公司")

    def buyers(p: Platform, n: int, firm: bool = False) -> list[Account]:
        made = []
        for k in range(n):
            who = w.firm(held=True) if firm else w.person(held=True)
            p.loan(str(k), w.people(10), each=10_000, lent="2016-03-01", days=180, borrower=who)
            made.append(who)
        return made

    for who in buyers(w.platform("P1"), 2):
        w.move("2016-03-05", who, developer, 100_000)
    agent = w.person(held=True)
    for who in buyers(w.platform("P2"), 2):
        w.move("2016-03-05", who, agent, 95_000)
        w.move("2016-03-06", agent, developer, 95_000)
    for who in buyers(w.platform("P3"), 3):
        w.move("2016-03-20", who, developer, 130_000)
    for who in buyers(w.platform("P4"), 2):  # four tenths of each loan
        w.move("2016-03-05", who, developer, 40_000)

    w.platform("L1").loan("a", w.people(10), each=10_000, lent="2016-03-01", days=180, borrower=developer)
    for who in buyers(w.platform("L2"), 2, firm=True):
        w.move("2016-03-05", who, developer, 100_000)
    for who in buyers(w.platform("L3"), 1):
        w.move("2016-03-05", who, developer, 100_000)
    for who in buyers(w.platform("L4"), 3):
        w.move("2016-03-05", who, developer, 3_000)
    check_cases(w, "down-payment-loan", POSITIVE, LOOK_ALIKE)
