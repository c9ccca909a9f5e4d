"""二(一)1: overdue projects paid out with own or affiliated money."""

from __future__ import annotations

import datetime as dt

from tests.cases.cases import check_cases, findings
from tests.cases.world import Account, Platform, World

GROWN = 1 + 0.10 * 30 / 365
SUM = 100_821.9
POSITIVE = {
    "P1": SUM,
    "P2": SUM,
    "P3": SUM,
    "P4": SUM,
    "P5": SUM,
    "P6": SUM,
    "P7": SUM,
    "P8": SUM,
    "P9": 70_821.9,
}
LOOK_ALIKE = {
    "L1": "an unrelated licensed guarantor pays",
    "L2": "the risk reserve advances what the borrower makes good",
    "L3": "the borrower pays",
    "L5": "the borrower, an affiliate, pays the clients itself",
    "L6": "an affiliate buys claims from clients before they are due",
    "L7": "an insider's card pays the clients, and the borrower repaid into it",
    "L8": "the borrower repays late out of its own sales, a tenth of them to an affiliate",
    "L9": "the borrower repays in time, and an affiliate had bought from it",
    "L4": "a bonus on top of what the borrower paid",
}


def overdue(w: World, p: Platform, payer: Account | None) -> Account:
    """A loan whose borrower pays nothing on the day; the payer tops the round up."""
    borrower = w.firm()
    product, _ = p.loan(
        "a", w.people(10), each=10_000, lent="2016-03-01", borrower=borrower, repaid=False, paid=False
    )
    if payer is not None:
        w.move("2016-04-05", payer, p.custody, SUM)
        p.pay(product, "2016-04-05", GROWN)
    return borrower


def test_cases() -> None:
    w = World()
    p = w.platform("P1")
    overdue(w, p, p.own)
    guarantor = w.firm("甲担保有限公司", held=True)
    w.platform("P2")
    w.relate("P2", guarantor, "affiliate")
    overdue(w, Platform(w, "P2"), guarantor)
    owner = w.person(held=True)
    w.institution("P3")
    w.relate("P3", owner, "actual_controller")
    overdue(w, Platform(w, "P3"), owner)

    straight = w.platform("P4")  # the own account pays the clients itself
    unpaid, _ = straight.loan("a", w.people(10), each=10_000, lent="2016-03-01", repaid=False, paid=False)
    straight.pay(unpaid, "2016-04-05", GROWN, out_of=straight.own)
    for institution, on in (("P5", "2016-04-05"), ("L6", "2016-03-20")):
        beside, sister = w.platform(institution), w.firm(held=True)
        w.relate(institution, sister, "affiliate")
        sold, _ = beside.loan("a", w.people(10), each=10_000, lent="2016-03-01", repaid=False, paid=False)
        beside.pay(sold, on, GROWN, out_of=sister)
    front, card, owes = w.platform("L7"), w.person(held=True), w.firm()
    w.relate("L7", card, "legal_representative")
    sold, _ = front.loan(
        "a", w.people(10), each=10_000, lent="2016-03-01", borrower=owes, repaid=False, paid=False
    )
    w.move("2016-04-04", owes, card, 101_000)
    front.pay(sold, "2016-04-05", GROWN, out_of=card)
    insider, debtor = w.platform("L5"), w.firm(held=True)
    w.relate("L5", debtor, "affiliate")
    lent, _ = insider.loan(
        "a", w.people(10), each=10_000, lent="2016-03-01", borrower=debtor, repaid=False, paid=False
    )
    insider.pay(lent, "2016-04-01", GROWN, out_of=debtor)

    for institution, late in (("P6", 14), ("P7", 14), ("P8", 14), ("L8", 14), ("L9", 0)):
        hidden, debtor, front = w.platform(institution), w.firm(held=True), w.firm(held=True)
        sister = w.firm(held=True)
        w.relate(institution, sister, "affiliate")
        sold, _ = hidden.loan(
            "a", w.people(10), each=10_000, lent="2016-03-01", borrower=debtor, repaid=False, paid=False
        )
        back = dt.date(2016, 3, 31) + dt.timedelta(days=late)
        before = back - dt.timedelta(days=3)
        if institution == "P6":
            w.move(before, hidden.own, debtor, 101_000)
        elif institution == "P7":  # an affiliate's, through a firm nobody knows
            w.move(before - dt.timedelta(days=4), sister, front, 103_000)
            w.move(before, front, debtor, 102_000)
        elif institution == "P8":  # in parts
            for n in range(3):
                w.move(before - dt.timedelta(days=n), sister, debtor, 34_000)
        else:
            w.move(before, sister, debtor, 10_000 if institution == "L8" else 101_000)
            w.move(before, w.firm(), debtor, 95_000)
        w.move(back, debtor, hidden.custody, 101_000)
        hidden.pay(sold, back + dt.timedelta(days=1), GROWN)
    short, sister = w.platform("P9"), w.firm(held=True)  # the borrower pays three tenths, weeks late
    w.relate("P9", sister, "affiliate")
    debtor = overdue(w, short, None)
    w.move("2016-04-20", debtor, short.custody, 30_000)
    w.move("2016-04-21", sister, short.custody, 70_821.9)
    short.pay("P9-a", "2016-04-21", GROWN)
    overdue(w, w.platform("L1"), w.firm("乙融资担保有限公司"))
    reserve = w.platform("L2")
    fund = w.account("risk_reserve", "L2")
    w.move("2016-04-12", overdue(w, reserve, fund), reserve.custody, 101_000)
    w.platform("L3").loan("a", w.people(10), each=10_000, lent="2016-03-01")
    bonus = w.platform("L4")
    product, _ = bonus.loan("a", w.people(10), each=10_000, lent="2016-03-01")
    w.move("2016-04-01", bonus.own, bonus.custody, 300)
    bonus.pay(product, "2016-04-01", 0.003)
    found = check_cases(w, "self-guarantee", POSITIVE, LOOK_ALIKE)
    assert found["P1"].clients == found["P4"].clients == 10
    assert "P4" not in findings(w.context(), "new-money-pays-old")  # nobody else's money
