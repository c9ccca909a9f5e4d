"""二(一)1: money gathers that no project and no withdrawal explains."""

from __future__ import annotations

import datetime as dt

from tests.cases.cases import check_cases
from tests.cases.world import World

POSITIVE = {
    "P1": 200_000,
    "P2": 200_000,
    "P3": 200_000,
    "P4": 150_000,
    "P5": 150_000,
    "P6": 125_000,
    "P7": 60_000,
    "P8": 200_000,
    "P9": 110_000,
    "P10": 200_000,
}
LOOK_ALIKE = {
    "L1": "deposits wait two days until the project is full",
    "L2": "a project still being raised",
    "L3": "repayments wait three weeks for the clients' withdrawal",
    "L4": "a project that got full yesterday",
    "L5": "money given back to the same clients within a week",
    "L9": "products a little larger than their projects: the fee kept back",
    "L10": "a rest as large beside ten times as much lent",
    "L7": "the money left for a broker within days: misappropriation, and nothing stays",
    "L8": "no register says which product funds which project; sums, terms and days do",
    "L11": "half a project's money, given back to the clients at par after two weeks",
    "L12": "a fund's money on its product's account",
    "L13": "claims sold in parts by one client to others, at par, after the project was lent",
    "L14": "loans of one sum week after week, and no register of links",
    "L15": "without a register of links, a round that failed and was given back after four weeks",
    "L6": "paid out of a second custody account whose statement is missing",
}


def test_cases() -> None:
    w = World()
    none = w.platform("P1")
    none.sell(none.product("a"), w.people(20), 10_000, "2016-03-01")
    never = w.platform("P2")
    never.loan("a", w.people(20), each=10_000, lent="2016-05-10", days=90, lend=False, repaid=False)
    over = w.platform("P3")
    product = over.product("a", days=90)
    over.project("a", 100_000, w.firm(), "2016-03-03", 200, product=product)
    over.sell(product, w.people(10), 10_000, "2016-03-01")
    over.lend(over.borrowers["P3-Xa"], 100_000, "2016-03-03")
    over.sell(product, w.people(20), 10_000, "2016-04-01")
    part = w.platform("P4")
    some = part.product("a")
    early, late = w.people(5), w.people(15)
    part.sell(some, early, 10_000, "2016-03-01", redeemed="2016-03-08")
    for who in early:
        w.move("2016-03-08", part.custody, who, 10_000)
    part.sell(some, late, 10_000, "2016-04-01")
    moved, front = (
        w.platform("P10"),
        w.firm(held=True),
    )  # through another's account to one of its own at another bank
    aside = w.account("other", "P10")
    moved.sell(moved.product("a"), w.people(20), 10_000, "2016-03-01")
    w.move("2016-03-05", moved.custody, front, 200_000)
    w.move("2016-03-09", front, aside, 199_000)
    more = w.platform("P6")  # each product raises more than its project is lent, also within one subscription
    fee = w.platform("L9")
    for n in range(5):
        for p, each, lent in ((more, 31_250, 100_000), (fee, 26_000, 100_000)):
            product = p.product(str(n), days=180)
            p.project(str(n), lent, w.firm(), f"2016-03-{4 + n:02d}", 180, product=product)
            p.sell(product, w.people(4), each, f"2016-03-{2 + n:02d}")
            p.lend(p.borrowers[f"{p.id}-X{n}"], lent, f"2016-03-{4 + n:02d}")
    half = w.platform("P9")  # the borrower was paid less than half
    half.loan("a", w.people(20), each=10_000, lent="2016-03-01", days=180, lend=False, repaid=False)
    half.lend(half.borrowers["P9-Xa"], 90_000, "2016-03-01")
    small = w.platform("P7")  # little, and a third of all its clients' money
    small.loan("a", w.people(6), each=20_000, lent="2016-03-01", days=180)
    small.sell(small.product("b"), w.people(6), 10_000, "2016-04-01")
    rest = w.platform("L10")
    rest.loan("a", w.people(10), each=80_000, lent="2016-03-01", days=180)
    rest.sell(rest.product("b"), w.people(6), 10_000, "2016-04-01")
    untied = w.platform("P5")  # its register of links is missing, and one product has no project
    borrower = w.firm()
    for key, sold, lent in (("a", "2016-03-01", "2016-03-03"), ("b", "2016-03-02", "2016-03-04")):
        untied.sell(untied.product(key, issued=lent), w.people(20), 10_000, sold)
        untied.project(key, 200_000, borrower, lent)
        untied.lend(borrower, 200_000, lent)
    untied.sell(untied.product("c"), w.people(15), 10_000, "2016-03-20")

    for institution, kept in (("P8", "own"), ("L12", "product")):  # an asset manager's wealth product
        fund = w.platform(institution, "asset_management")
        into = fund.own if kept == "own" else w.account(kept, institution)
        fund.sell(fund.product("a", kind="wealth"), w.people(20), 10_000, "2016-03-01", into=into)

    w.platform("L1").loan("a", w.people(20), each=10_000, lent="2016-03-03")
    failed = w.platform("L11")
    half = failed.product("a")
    failed.project("a", 400_000, w.firm(), None, product=half)
    failed.sell(half, w.people(20), 10_000, "2016-03-01", redeemed="2016-03-16")
    failed.pay(half, "2016-03-16", 1.0)
    raising = w.platform("L2")
    young = raising.product("a")
    raising.project("a", 500_000, w.firm(), None, product=young)
    raising.sell(young, w.people(20), 10_000, "2016-06-28")
    waits = w.platform("L3")
    holders = w.people(20)
    slow, _ = waits.loan("a", holders, each=10_000, lent="2016-03-03", paid=False)
    waits.pay(slow, "2016-04-25", 1 + 0.10 * 30 / 365)
    full = w.platform("L4")
    fresh = full.product("a")
    full.project("a", 200_000, w.firm(), None, product=fresh)
    full.sell(fresh, w.people(20), 10_000, "2016-07-02")
    back = w.platform("L5")
    short = back.product("a")
    people = w.people(20)
    back.sell(short, people, 10_000, "2016-03-01", redeemed="2016-03-07")
    back.pay(short, "2016-03-07", 1.0)
    dark = w.platform("L6")
    w.account("custody", "L6", held=False)
    dark.loan("a", w.people(20), each=10_000, lent="2016-03-01", days=90, lend=False)
    gone, broker = w.platform("L7"), w.firm("甲证券股份有限公司")
    gone.sell(gone.product("a"), w.people(20), 10_000, "2016-03-01")
    w.move("2016-03-05", gone.custody, broker, 200_000)
    loose = w.platform("L8")
    for n, size in enumerate((10_000, 10_000, 12_500)):
        firm, sold, lent = w.firm(), f"2016-03-{1 + n:02d}", f"2016-03-{4 + n:02d}"
        loose.sell(loose.product(str(n), days=30 + 30 * n, issued=lent), w.people(20), size, sold)
        loose.project(str(n), size * 20, firm, lent, 30 + 30 * n)
        loose.lend(firm, size * 20, lent)
    claims = w.platform("L13")
    holders, buyers = w.people(4), w.people(5)
    sold, _ = claims.loan("a", holders, each=60_000, lent="2016-03-01", days=180)
    for k, who in enumerate(buyers):
        claims.sell(sold, [who], 15_000, f"2016-04-{4 + 3 * k:02d}")
        w.move(f"2016-04-{5 + 3 * k:02d}", claims.custody, holders[0], 14_970)
    weekly = w.platform("L14")
    for n in range(10):
        begin = dt.date(2016, 2, 1) + dt.timedelta(days=6 * n)
        firm, lent = w.firm(), begin + dt.timedelta(days=5)
        weekly.sell(weekly.product(str(n), days=90, issued=begin), w.people(10), 20_000, begin)
        weekly.project(str(n), 200_000, firm, lent, 90)
        weekly.lend(firm, 200_000, lent)
    called = w.platform("L15")
    called.sell(called.product("a", days=90), w.people(10), 20_000, "2016-03-01", redeemed="2016-03-29")
    called.pay("L15-a", "2016-03-29", 1.0)
    called.project("a", 600_000, w.firm(), "2016-03-20", 90)
    found = check_cases(w, "fund-pool", POSITIVE, LOOK_ALIKE)
    assert found["P1"].clients == 20
    assert found["P1"].bases.net_unrepaid == found["P1"].amount_fen


def test_a_round_that_fills_slowly_is_no_pool_where_no_register_tells_it() -> None:
    w = World()
    for institution, lent in (("FILLS", "2016-03-18"), ("STAYS", None)):
        p, debtor = w.platform(institution, "equity_crowdfunding"), w.firm()
        p.sell(p.product("a", kind="equity"), w.people(20), 50_000, "2016-03-02")
        if lent:
            p.lend(debtor, 950_000, lent)
            w.move(lent, p.custody, p.own, 50_000)
    del w.registers["subscriptions"]
    found = w.found("fund-pool")
    assert set(found) == {"STAYS"}
    assert 99_900_000 < found["STAYS"].amount_fen <= 100_000_000  # less the account's charges
