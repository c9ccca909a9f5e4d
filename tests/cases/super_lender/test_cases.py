"""二(一)2: project money that goes to a few persons who lent first, or lend on."""

from __future__ import annotations

from tests.cases.cases import check_cases
from tests.cases.world import Account, Platform, World

POSITIVE = {"P1": 200_000, "P2": 200_000, "P3": 150_000, "P4": 240_000}
LOOK_ALIKE = {
    "L1": "a registered corporate borrower pays its suppliers",
    "L2": "each of three projects is paid to another agent",
    "L3": "one project is paid to the wrong account",
    "L4": "borrowers are paid themselves",
}


def claims(w: World, p: Platform, lenders: list[Account], projects: int, first: bool) -> None:
    """Projects of different borrowers whose money goes to the lenders in turn."""
    for k in range(projects):
        borrower, lender = w.person(), lenders[k % len(lenders)]
        if first:
            w.move("2016-02-10", lender, borrower, 50_000)
        p.loan(str(k), w.people(5), each=10_000, lent="2016-03-01", days=180, borrower=borrower, to=lender)


def test_cases() -> None:
    w = World()
    claims(w, w.platform("P1"), w.people(1, held=True), 4, first=True)
    claims(w, w.platform("P2"), w.people(2, held=True), 4, first=True)
    on = w.people(1, held=True)
    claims(w, w.platform("P3"), on, 3, first=False)
    for who in w.people(3):
        w.move("2016-03-05", on[0], who, 40_000)
    bundled, lender = w.platform("P4"), w.person()  # one line pays a product of several small loans
    for key in ("a", "b"):
        plan = bundled.product(key, days=180)
        for n, part in enumerate((30_000, 40_000, 50_000)):
            bundled.project(f"{key}{n}", part, w.person(), "2016-03-03", 180, product=plan)
        bundled.sell(plan, w.people(10), 12_000, "2016-03-01")
        bundled.lend(lender, 120_000, "2016-03-03")

    firm = w.firm(held=True)
    supplied = w.platform("L1")
    for k in range(3):
        supplied.loan(str(k), w.people(5), each=10_000, lent="2016-03-01", borrower=firm)
    for who in [w.firm() for _ in range(6)]:
        w.move("2016-03-04", firm, who, 20_000)
    claims(w, w.platform("L2"), w.people(3), 3, first=False)
    wrong = w.platform("L3")
    claims(w, wrong, w.people(1), 1, first=False)
    wrong.loan("z", w.people(5), each=10_000, lent="2016-03-01")
    plain = w.platform("L4")
    for k in range(4):
        plain.loan(str(k), w.people(5), each=10_000, lent="2016-03-01", borrower=w.person())
    found = check_cases(w, "super-lender", POSITIVE, LOOK_ALIKE)
    assert found["P1"].confidence > found["P3"].confidence
