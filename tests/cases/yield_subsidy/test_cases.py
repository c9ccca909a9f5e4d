"""三(四): own money topped up into payouts, openly or hidden in the interest."""

from __future__ import annotations

import datetime as dt

from tests.cases.selling import expect, monthly_loan, months
from tests.cases.world import World

POSITIVE: dict[str, float | None] = {
    "A1": None,
    "A2": None,
    "A3": None,
    "A4": 3_000.0,
    "A5": None,
    "A6": 9_700.0,
    "A7": None,
}
LOOK_ALIKE = {
    "N1": "one-off vouchers of 10 to 50 yuan",
    "N2": "the project pays for the interest itself",
    "N3": "own money repays an overdue borrower: self-guarantee",
    "N4": "the risk reserve advances a late repayment",
    "N5": "clients' money collected on an own account is passed on",
    "N6": "a festival voucher of 88 yuan, once for each client",
    "N7": "staff who invest get their wages from the own account",
    "N9": "coupons of 15 yuan, paid in as a lump and handed on by custody",
    "N8": "an error put right: own money paid in and back",
}


def loose(w: World) -> None:
    """Top-ups that follow no holding, and what only looks like them."""
    people = {}
    for institution in ("A5", "A6", "A8", "N6", "N7", "N8", "N9"):
        p, people[institution] = w.platform(institution), w.people(8)
        monthly_loan(p, "L", people[institution], 10_000, 0.10, 0.115)
        if institution == "A5":  # odd sums for every client every month
            paid = [
                (on, who, 200 + 37 * k + 11 * n)
                for n, on in enumerate(months("2016-03-10", 4))
                for k, who in enumerate(people["A5"])
            ]
            for on, who, yuan in paid:
                w.move(on, p.own, who, yuan)
            POSITIVE["A5"] = float(sum(yuan for _, _, yuan in paid))
        if institution == "A8":  # an advertiser's card hands them on
            card, POSITIVE["A8"] = w.person(held=True), 0.0
            for n, on in enumerate(months("2016-03-10", 4)):
                w.move(on, p.own, card, 2_700 + 88 * n)
                for k, who in enumerate(people["A8"]):
                    w.move(on + dt.timedelta(days=1 + k % 3), card, who, 200 + 37 * k + 11 * n)
                    POSITIVE["A8"] += 200 + 37 * k + 11 * n
        if institution == "A6":  # a lump into custody, handed on to some clients the same day
            for n, on in enumerate(months("2016-03-10", 5, gap=7)):
                w.move(on, p.own, p.custody, 1_800 + 70 * n)
                for k, who in enumerate(people["A6"][n % 3 : n % 3 + 4]):
                    w.move(on, p.custody, who, round((1_800 + 70 * n) * (0.1, 0.2, 0.3, 0.4)[k], 2))
        if institution == "N6":
            for who in people["N6"]:
                w.move("2016-02-08", p.own, who, 88)
        if institution == "N7":
            for on in months("2016-02-05", 5):
                for k, who in enumerate((people["N7"][0], *w.people(6))):
                    w.move(on, p.own, who, 480 + 3 * k)
        if institution == "N9":
            for n, on in enumerate(months("2016-03-10", 4, gap=14)):
                w.move(on, p.own, p.custody, 30)
                for who in people["N9"][2 * n : 2 * n + 2]:
                    w.move(on, p.custody, who, 15)
        if institution == "N8":
            for on in months("2016-02-05", 3):
                w.move(on, p.own, p.custody, 5_000)
                w.move(on, p.custody, p.own, 5_000)
    a7 = w.platform("A7")  # one lump a fortnight for all that three loans pay beyond their interest
    due: dict[dt.date, float] = {}
    for n, first in enumerate(("2016-02-01", "2016-02-06", "2016-02-11")):
        holders, each = w.people(6), 9_000.0 + 1_000 * n
        pid = a7.product(f"K{n}", yield_=0.14, days=150, issued=first)
        borrower = w.firm()
        a7.project(
            f"K{n}", each * 6, borrower, first, 150, rate=0.10, repayment="monthly_interest", product=pid
        )
        a7.sell(pid, holders, each, first)
        a7.lend(borrower, each * 6, first)
        for on in months(first, 5)[1:]:
            w.move(on, borrower, a7.custody, round(each * 6 * 0.10 / 12, 2))
            gap = a7.pay(pid, on, 0.14 / 12) - round(each * 6 * 0.10 / 12, 2)
            due[on] = due.get(on, 0.0) + gap
    for begin in months("2016-02-28", 8, gap=14):
        lump = round(sum(v for on, v in due.items() if 0 <= (on - begin).days < 14), 2)
        if lump:
            w.move(begin, a7.own, a7.custody, lump)
            POSITIVE["A7"] = round((POSITIVE["A7"] or 0.0) + lump, 2)


def test_cases() -> None:
    w = World()
    POSITIVE["A1"] = monthly_loan(w.platform("A1"), "L", w.people(8), 11_300, 0.15, 0.09, top_up="bonus")
    POSITIVE["A2"] = monthly_loan(w.platform("A2"), "L", w.people(8), 12_700, 0.14, 0.10, top_up="hidden")
    a3 = w.platform("A3")
    POSITIVE["A3"] = sum(
        monthly_loan(a3, key, w.people(6), each, 0.13, 0.08, rounds=3, first=first, top_up="hidden")
        for key, each, first in (("L", 9_100.0, "2016-02-01"), ("M", 8_300.0, "2016-02-11"))
    )
    a4 = w.platform("A4")  # the own account pays a bonus two days after the holdings were redeemed
    for k, begin in enumerate(("2016-02-01", "2016-02-20", "2016-03-10")):
        product, _ = a4.loan(f"L{k}", w.people(5), each=10_000, lent=begin)
        a4.pay(product, months(begin, 2, gap=33)[1], 0.02, out_of=a4.own)
    for institution in ("N1", "N2"):
        monthly_loan(w.platform(institution), "L", w.people(8), 10_000, 0.10, 0.115)
    n1 = w.account("own", "N1")
    for on in months("2016-04-02", 3, gap=7):
        for who, yuan in zip(w.people(6), (10, 20, 50, 30, 10, 20), strict=True):
            w.move(on, n1, who, yuan)
    for institution, source in (("N3", "own"), ("N4", "reserve")):
        p = w.platform(institution)
        pays = p.own if source == "own" else w.account("risk_reserve", institution)
        for k, begin in enumerate(("2016-02-01", "2016-02-20", "2016-03-10", "2016-04-01")):
            people, each = w.people(4), 10_000.0
            product, _ = p.loan(f"L{k}", people, each=each, lent=begin, repaid=False, paid=False)
            due = months(begin, 2)[1]
            total = sum(round(held * (1 + 0.10 * 30 / 365), 2) for _, held in p.holdings[product])
            w.move(due, pays, p.custody, round(total, 2))
            p.pay(product, due, 1 + 0.10 * 30 / 365)
    n5 = w.platform("N5")
    monthly_loan(n5, "L", w.people(8), 10_000, 0.10, 0.115)
    for k, on in enumerate(months("2016-02-20", 4)):
        pid = n5.product(f"C{k}", days=180)
        n5.sell(pid, w.people(3), 7_000 + 100 * k, on, into=n5.own)
        w.move(on, n5.own, n5.custody, 21_000 + 300 * k)
    loose(w)
    found = w.found("yield-subsidy")
    expect(found, POSITIVE, LOOK_ALIKE)
    assert "hidden" in found["A2"].explanation_en
    assert "hidden" not in found["A1"].explanation_en
