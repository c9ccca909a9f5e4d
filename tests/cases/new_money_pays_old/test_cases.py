"""二(一)1, 三(四): payouts that later clients' deposits pay."""

from __future__ import annotations

import datetime as dt

from tests.cases.cases import check_cases
from tests.cases.world import World

GROWN = 1 + 0.10 * 30 / 365
POSITIVE = {
    "P1": 201_643.8,
    "P2": 204_000.0,
    "P3": 201_643.8,
    "P4": 60_493.14,
    "P5": 241_972.5,
    "P6": 204_000.0,
    "P7": 204_000.0,
}
LOOK_ALIKE = {
    "L1": "the borrower repaid, the clients were paid",
    "L2": "advanced from the risk reserve, made good by the borrower days later",
    "L3": "the repayment came late and so did the payout",
    "L4": "an unrelated licensed guarantor paid",
    "L5": "money given back as it came, amount for amount",
    "L6": "repaid into a second custody account whose statement is missing",
    "L7": "a registered project found too few lenders; each got the own money back within days",
    "L8": "repayments wait eighteen days for the clients' withdrawal",
    "L10": "a repayment's line is lost on an account that tells no balance: one case is no practice",
    "L11": "repaid money waits; the clients withdraw one by one, several on a day",
    "L12": "the borrower repays through the account the register names, which another firm holds",
    "L13": "a round of four weeks failed, and all was given back a fortnight later",
    "L14": "an agent pays the clients out of what borrowers repaid to custody",
    "L15": "a go-between pays wages to some who are clients too",
    "L16": "an affiliate's account takes clients' deposits, and the borrower repays into it",
    "L9": "one borrower repays two projects on one day, the clients are paid two weeks apart",
}


def test_cases() -> None:
    w = World()
    pool = w.platform("P1")  # the borrower pays nothing, the next product's money is there
    pool.loan("a", w.people(20), each=10_000, lent="2016-03-01", repaid=False)
    pool.sell(pool.product("b"), w.people(30), 10_000, "2016-03-20")
    bare = w.platform("P2")  # a product with no project pays with interest
    plan = bare.product("a", yield_=0.12)
    bare.sell(plan, w.people(20), 10_000, "2016-02-01", redeemed="2016-04-01")
    bare.sell(plan, w.people(30), 10_000, "2016-03-15")
    for who, held in bare.holdings[plan][:20]:
        w.move("2016-04-01", bare.custody, who, held * 1.02)
    mixed = w.platform("P3")  # one of two projects pays
    mixed.loan("a", w.people(20), each=10_000, lent="2016-03-01", repaid=False)
    mixed.loan("b", w.people(20), each=20_000, lent="2016-03-05")
    small = w.platform("P4")  # a small platform whose one loan fails
    small.loan("a", w.people(6), each=10_000, lent="2016-03-01", repaid=False)
    small.sell(small.product("b"), w.people(8), 10_000, "2016-03-20")
    partly = w.platform("P5")  # borrowers pay three fifths, loan after loan
    for n in range(3):
        firm = w.firm()
        key, day = f"a{n}", dt.date(2016, 3, 1) + dt.timedelta(days=9 * n)
        partly.loan(key, w.people(20), each=10_000, lent=day, borrower=firm, repaid=False)
        due = day + dt.timedelta(days=30)
        w.move(due, firm, partly.custody, round(200_000 * GROWN * 0.6, 2))
    partly.sell(partly.product("b"), w.people(40), 10_000, "2016-03-20")

    w.platform("L1").loan("a", w.people(20), each=10_000, lent="2016-03-01")
    reserve = w.platform("L2")
    fund = w.account("risk_reserve", "L2")
    who = w.firm()
    product, _ = reserve.loan(
        "a", w.people(20), each=10_000, lent="2016-03-01", borrower=who, repaid=False, paid=False
    )
    w.move("2016-03-31", fund, reserve.custody, 201_643.8)
    reserve.pay(product, "2016-03-31", GROWN)
    w.move("2016-04-08", who, reserve.custody, 202_000)
    w.move("2016-04-08", reserve.custody, fund, 201_643.8)
    late = w.platform("L3")
    slow, firm = w.people(20), w.firm()
    product, _ = late.loan("a", slow, each=10_000, lent="2016-03-01", borrower=firm, repaid=False, paid=False)
    w.move("2016-04-15", firm, late.custody, 202_000)
    late.pay(product, "2016-04-16", GROWN)
    safe = w.platform("L4")
    guarantor = w.firm("丁融资担保有限公司")
    product, _ = safe.loan("a", w.people(20), each=10_000, lent="2016-03-01", repaid=False, paid=False)
    w.move("2016-04-05", guarantor, safe.custody, 201_643.8)
    safe.pay(product, "2016-04-05", GROWN)
    back = w.platform("L5")
    reserved = back.product("a")
    back.sell(reserved, w.people(20), 10_000, "2016-03-01", redeemed="2016-03-20")
    back.pay(reserved, "2016-03-20", 1.0)
    dark = w.platform("L6")
    w.account("custody", "L6", held=False)
    dark.loan("a", w.people(20), each=10_000, lent="2016-03-01", repaid=False)
    failed = w.platform("L7")
    few = failed.product("a")
    failed.project("a", 500_000, w.firm(), None, product=few)
    failed.sell(few, w.people(20), 10_000, "2016-03-01", redeemed="2016-03-12")
    failed.pay(few, "2016-03-12", 1.0)
    long = w.platform("L13")
    round_ = long.product("a")
    long.project("a", 900_000, w.firm(), None, product=round_)
    for n in range(4):
        long.sell(round_, w.people(8), 10_000 + 1_000 * n, dt.date(2016, 3, 1) + dt.timedelta(days=8 * n))
    for row in w.registers["subscriptions"]:
        if row["product_id"] == round_:
            row["redeemed_on"] = dt.date(2016, 4, 10)
    long.pay(round_, "2016-04-10", 1.0)
    waits = w.platform("L8")
    slow, _ = waits.loan("a", w.people(20), each=10_000, lent="2016-03-01", paid=False)
    waits.pay(slow, "2016-04-18", GROWN)
    twice, both = w.platform("L9"), w.firm()
    for key, paid_on in (("a", "2016-04-01"), ("b", "2016-04-14")):
        part, _ = twice.loan(
            key, w.people(20), each=10_000, lent="2016-03-01", borrower=both, repaid=False, paid=False
        )
        w.move("2016-03-31", both, twice.custody, 201_972.6)
        twice.pay(part, paid_on, GROWN)
    lost = w.platform("L10")
    w.untold.add(lost.custody.no)
    for key in ("a", "b", "c", "d"):
        lost.loan(key, w.people(20), each=10_000, lent="2016-03-01", repaid=key != "c")
    singly = w.platform("L11")
    drawn, _ = singly.loan("a", w.people(9), each=20_000, lent="2016-03-01", paid=False)
    for n, (client, held) in enumerate(singly.holdings[drawn]):
        w.move(f"2016-04-{(4, 9, 22)[n % 3]:02d}", singly.custody, client, round(held * GROWN, 2))
    through = w.platform("L12")
    firm, agent = w.firm(), w.firm()
    plan = through.product("a", days=30)
    through.project("a", 200_000, firm, "2016-03-01", 30, product=plan, account=agent)
    through.sell(plan, w.people(20), 10_000, "2016-02-28", redeemed="2016-04-01")
    through.lend(agent, 200_000, "2016-03-01")
    w.move("2016-03-31", agent, through.custody, 202_000)
    through.pay(plan, "2016-04-01", GROWN)
    for institution in ("P6", "L14", "L15"):  # an affiliate is paid lumps, and a firm it pays hands them on
        sister, front = w.firm(held=True), w.firm(held=True)
        hands = w.platform(institution)
        w.relate(institution, sister, "affiliate")
        old = w.people(20)
        if institution == "L14":
            firm = w.firm()
            sold, _ = hands.loan(
                "a", old, each=10_000, lent="2016-03-01", borrower=firm, repaid=False, paid=False
            )
            w.move("2016-03-29", firm, hands.custody, 206_000)
        else:
            sold = hands.product("a", yield_=0.12)
            hands.sell(sold, old, 10_000, "2016-03-01", redeemed="2016-04-08")
        hands.sell(hands.product("b"), w.people(30), 10_000, "2016-03-20")
        w.move("2016-03-30", hands.custody, sister, 206_000)
        w.move("2016-04-02", sister, front, 205_000)
        for n, who in enumerate(old):
            sum_ = 9_000 + (n * 379) % 1_700 if institution == "L15" else 10_200
            w.move(f"2016-04-{4 + n % 5:02d}", front, who, sum_)
    for institution in ("P7", "L16"):  # an affiliate's account takes the deposits and pays the holders
        till, sister, debtor = w.platform(institution), w.firm(held=True), w.firm()
        w.relate(institution, sister, "affiliate")
        sold = till.product("a", yield_=0.12)
        till.sell(sold, w.people(20), 10_000, "2016-02-01", into=sister, redeemed="2016-04-01")
        till.sell(till.product("b"), w.people(30), 10_000, "2016-03-15", into=sister)
        if institution == "L16":
            till.project("a", 200_000, debtor, "2016-02-02", 55, product=sold)
            w.move("2016-02-02", sister, debtor, 200_000)
            w.move("2016-03-29", debtor, sister, 206_000)
        till.pay(sold, "2016-04-01", 1.02, out_of=sister)
    found = check_cases(w, "new-money-pays-old", POSITIVE, LOOK_ALIKE)
    assert all(f.severity == 5 for f in found.values())
