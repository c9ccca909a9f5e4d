"""二(一)1, 二(二)1: project money that reaches related parties."""

from __future__ import annotations

from itertools import pairwise

from tests.cases.cases import check_cases
from tests.cases.world import Account, World

POSITIVE = {"P1": 95_000, "P2": 97_000, "P3": 90_000, "P4": 100_000, "P5": 95_000, "P6": 95_000}
LOOK_ALIKE = {
    "L1": "a borrower pays a related vendor five per cent for goods",
    "L2": "the payment comes forty days later",
    "L3": "it takes four transfers",
    "L5": "an affiliate that had left before",
    "L6": "a firm that became an affiliate months later",
    "L4": "a registered vendor that is no related party gets all",
}


def test_cases() -> None:
    w = World()

    def lent(institution: str, role: str, insider: Account) -> Account:
        """A platform with one loan to a shell, and somebody close to it."""
        shell = w.firm(held=True)
        platform = w.platform(institution)
        w.relate(institution, insider, role)
        platform.loan("a", w.people(10), each=10_000, lent="2016-03-01", days=180, borrower=shell)
        return shell

    boss = w.person()
    w.move("2016-03-04", lent("P1", "executive", boss), boss, 95_000)
    owner, between = w.person(), w.firm(held=True)
    w.move("2016-03-04", lent("P2", "shareholder", owner), between, 99_000, arrives=98_900)
    w.move("2016-03-07", between, owner, 60_000)
    w.move("2016-03-09", between, owner, 37_000)
    holding, chief = w.firm(), w.person()
    w.institution("H1", "other", uscc=holding.id_no, name=holding.name)
    w.relate("H1", chief, "actual_controller")
    w.move("2016-03-04", lent("P3", "shareholder", holding), chief, 90_000)
    borrower = w.person()  # the borrower is the insider
    w.platform("P4").loan("a", w.people(10), each=10_000, lent="2016-03-01", days=180, borrower=borrower)
    w.relate("P4", borrower, "legal_representative")

    vendor = w.firm()
    w.move("2016-03-04", lent("L1", "affiliate", vendor), vendor, 5_000)
    late = w.person()
    w.move("2016-04-12", lent("L2", "shareholder", late), late, 95_000)
    far = w.person()
    path = [lent("L3", "shareholder", far), *(w.firm(held=True) for _ in range(2)), far]
    for step, (a, b) in enumerate(pairwise(path)):
        w.move(f"2016-03-0{4 + step}", a, b, 95_000)
    for institution, span in {
        "P5": {"until": "2016-05-10"},  # left after the money had come
        "P6": {"since": "2016-03-20"},  # entered in the register a fortnight late
        "L5": {"until": "2016-02-20"},
        "L6": {"since": "2016-06-01"},
    }.items():
        sister, shell = w.firm(), w.firm(held=True)
        w.platform(institution).loan(
            "a", w.people(10), each=10_000, lent="2016-03-01", days=180, borrower=shell
        )
        w.relate(institution, sister, "affiliate", **span)
        w.move("2016-03-04", shell, sister, 95_000)
    seller = w.firm()
    w.move("2016-03-04", lent("L4", "vendor", seller), seller, 95_000)
    found = check_cases(w, "self-financing", POSITIVE, LOOK_ALIKE)
    assert found["P3"].confidence < found["P1"].confidence  # related over two steps only
