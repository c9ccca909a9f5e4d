"""二(一)1: registered projects that are none."""

from __future__ import annotations

from tests.cases.cases import check_cases
from tests.cases.world import Account, Platform, World

POSITIVE = {"P1": 200_000, "P2": 100_000, "P3": 150_000, "P4": 100_000, "P5": 100_000}
LOOK_ALIKE = {
    "L1": "a project still being raised",
    "L2": "one borrower with several registered projects",
    "L3": "a borrower who pays a fee of two per cent to the platform",
    "L4": "a borrower who repays after a month",
    "L5": "two borrowers of one family share an account",
    "L6": "paid out of a second custody account whose statement is missing",
    "L7": "raised into and lent from a person's account no register names: bad, but no invention",
    "L9": "no custody account at all, and the own account's statement is missing",
    "L10": "the line that lent one project is lost on an account that tells no balance",
    "L11": "paid out in three parts",
    "L12": "two projects of one borrower paid in one line",
    "L13": "paid to suppliers on the borrowers' order; the borrowers repay",
    "L14": "one project paid to another, its borrower in default",
    "L15": "full rounds that failed and were given back to the clients at par",
    "L16": "the borrowers got half: what the rest became is another question",
    "L8": "raised into, lent from and within three weeks repaid to the own account, the payee's name not told",
}


def test_cases() -> None:
    w = World()
    never = w.platform("P1")
    for key in ("a", "b"):
        never.loan(key, w.people(10), each=10_000, lent="2016-05-03", days=90, lend=False)
    shell, insider = w.firm(held=True), w.person()
    back = w.platform("P2")
    w.relate("P2", insider, "shareholder")
    back.loan("a", w.people(10), each=10_000, lent="2016-03-01", days=180, borrower=shell)
    w.move("2016-03-10", shell, insider, 95_000)
    one = w.platform("P3")
    box = w.firm()
    for key in ("a", "b", "c"):
        product = one.product(key, days=180)
        one.project(key, 50_000, w.firm(), "2016-03-03", 180, product=product, account=box)
        one.sell(product, w.people(5), 10_000, "2016-03-01")
        one.lend(box, 50_000, "2016-03-03")
    own = w.platform("P4")
    front, between = w.firm(held=True), w.firm(held=True)
    own.loan("a", w.people(10), each=10_000, lent="2016-03-01", days=180, borrower=front)
    w.move("2016-03-05", front, between, 99_000, arrives=98_900)
    w.move("2016-03-09", between, own.own, 98_000)
    strange = w.platform("P5")
    for key in ("a", "b"):
        strange.loan(key, w.people(5), each=10_000, lent="2016-03-01", to=w.firm(), repaid=False, paid=False)

    parted = w.platform("L11")
    for key in ("a", "b"):
        parted.loan(key, w.people(10), each=10_000, lent="2016-05-03", days=90, lend=False)
        for on, part in (("2016-05-03", 50_000), ("2016-05-04", 30_000), ("2016-05-20", 20_000)):
            parted.lend(parted.borrowers[f"L11-X{key}"], part, on)
    lump, both = w.platform("L12"), w.firm()
    for key, each in (("a", 10_000), ("b", 15_000)):
        lump.loan(key, w.people(10), each=each, lent="2016-05-03", days=90, borrower=both, lend=False)
    lump.lend(both, 250_000, "2016-05-03")
    ordered = w.platform("L13")
    for key in ("a", "b", "c"):
        ordered.loan(key, w.people(10), each=10_000, lent="2016-03-01", to=w.firm())
    w.platform("L14").loan(
        "a", w.people(10), each=10_000, lent="2016-03-01", to=w.firm(), repaid=False, paid=False
    )
    halved = w.platform("L16")
    for key in ("a", "b", "c"):
        halved.loan(key, w.people(10), each=10_000, lent="2016-05-03", days=90, lend=False)
        halved.lend(halved.borrowers[f"L16-X{key}"], 50_000, "2016-05-03")
    failed = w.platform("L15")
    for key in ("a", "b", "c"):
        product, _ = failed.loan(key, w.people(10), each=10_000, lent="2016-05-03", days=90, lend=False)
        failed.pay(product, "2016-05-18", 1.0)
    raising = w.platform("L1")
    young = raising.product("a")
    raising.project("a", 500_000, w.firm(), None, product=young)
    raising.sell(young, w.people(10), 10_000, "2016-06-29")
    several, firm = w.platform("L2"), w.firm()
    for key in ("a", "b", "c"):
        several.loan(key, w.people(10), each=10_000, lent="2016-03-01", days=180, borrower=firm)
    fee, payer = w.platform("L3"), w.firm(held=True)
    fee.loan("a", w.people(10), each=10_000, lent="2016-03-01", days=180, borrower=payer)
    w.move("2016-03-02", payer, fee.own, 2_000)
    w.platform("L4").loan(
        "a", w.people(10), each=10_000, lent="2016-03-01", days=20, borrower=w.firm(held=True)
    )
    family, shared = w.platform("L5"), w.person()
    for key in ("a", "b"):
        product = family.product(key, days=180)
        family.project(key, 50_000, w.person(), "2016-03-03", 180, product=product, account=shared)
        family.sell(product, w.people(5), 10_000, "2016-03-01")
        family.lend(shared, 50_000, "2016-03-03")
    dark = w.platform("L6")
    other = w.account("custody", "L6", held=False)
    dark.loan("a", w.people(20), each=10_000, lent="2016-03-01", days=90, lend=False)
    w.move("2016-03-01", other, dark.borrowers["L6-Xa"], 200_000)
    till, desk = w.platform("L7"), w.person(held=True)
    for key in ("a", "b"):
        product = till.product(key, days=180)
        real = w.firm()
        till.project(key, 100_000, real, "2016-03-03", 180, product=product)
        till.sell(product, w.people(10), 10_000, "2016-03-01", into=desk)
        w.move("2016-03-03", desk, real, 100_000)
    mixed = w.platform("L8")
    for key in ("a", "b"):
        product = mixed.product(key, days=20)
        real = w.firm()
        mixed.project(key, 100_000, real, "2016-03-03", 20, product=product)
        mixed.sell(product, w.people(10), 10_000, "2016-03-01", into=mixed.own)
        w.move("2016-03-03", mixed.own, real if key == "a" else Account("", "", ""), 100_000)
        w.move("2016-03-23", real, mixed.own, 100_600)
    w.institution("L9")
    unseen = Platform(w, "L9", custody=False)
    for key in ("a", "b", "c"):
        product = unseen.product(key, days=180)
        unseen.project(key, 100_000, w.firm(), "2016-03-03", 180, product=product)
        unseen.sell(product, w.people(10), 10_000, "2016-03-01", into=Account(unseen.own.no, "", ""))
    gone = w.platform("L10")
    w.untold.add(gone.custody.no)
    for key in ("a", "b", "c"):
        gone.loan(key, w.people(10), each=10_000, lent="2016-05-03", days=90, lend=key != "b")
    found = check_cases(w, "fictitious-project", POSITIVE, LOOK_ALIKE)
    assert found["P2"].bases.peak_diverted == 95_000_00
