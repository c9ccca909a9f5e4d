"""二(一)2: client money used for other purposes."""

from __future__ import annotations

from dataclasses import replace

from tests.cases.cases import check_cases
from tests.cases.world import World

POSITIVE = {
    "P1": 60_000,
    "P2": 95_000,
    "P3": 180_000,
    "P4": 290_000,
    "P5": 100_000,
    "P6": 120_000,
    "P7": 95_000,
}
LOOK_ALIKE = {
    "L1": "fees to the own account, dividends out of it",
    "L2": "clients withdraw and invest with a broker",
    "L3": "a payee who does five per cent of the business with an insider",
    "L4": "a fund that buys securities",
    "L5": "a payee whose name the controller shares with another registered person",
    "L6": "a client of the controller's name is paid out",
    "L8": "an own account that passes its clients' deposits on and pays a dividend",
    "L9": "a supplier refunds half of what it was paid to the own account",
    "L10": "an affiliate pays in before the month ends and takes the sum back",
    "L7": "a payee of the controller's name, whose own account is known",
}


def test_cases() -> None:
    w = World()
    broker = w.firm("明远证券股份有限公司")
    costs = w.platform("P1")
    costs.sell(costs.product("a"), w.people(20), 10_000, "2016-03-01")
    for who in w.people(4):
        w.relate("P1", who, "employee")
        for month in ("03", "04", "05"):
            w.move(f"2016-{month}-10", costs.custody, who, 5_000)
    loose, insider, front = w.platform("P2"), w.person(), w.firm(held=True)
    w.relate("P2", insider, "actual_controller")
    loose.sell(loose.product("a"), w.people(20), 10_000, "2016-03-01")
    w.move("2016-03-10", loose.custody, front, 100_000)
    w.move("2016-03-12", front, insider, 95_000)
    lump, first, second = w.platform("P3"), w.firm(held=True), w.person(held=True)
    lump.sell(lump.product("a"), w.people(30), 10_000, "2016-03-01")
    w.move("2016-03-10", lump.custody, lump.own, 200_000)
    w.move("2016-03-11", lump.own, first, 195_000)
    w.move("2016-03-14", first, second, 190_000)
    w.move("2016-03-16", second, broker, 180_000)
    w.institution("P4", "asset_management", licence_status="licensed")
    fund, vehicle, owner = w.account("product", "P4"), w.firm(held=True), w.person()
    w.relate("P4", owner, "shareholder")
    w.move("2016-03-10", fund, vehicle, 300_000)
    w.move("2016-03-11", vehicle, owner, 290_000)

    fees, holder = w.platform("L1"), w.person()
    w.relate("L1", holder, "shareholder")
    fees.loan("a", w.people(20), each=10_000, lent="2016-03-01")
    w.move("2016-03-10", fees.custody, fees.own, 60_000)
    w.move("2016-03-20", fees.own, holder, 60_000)
    savers = w.people(10, held=True)
    w.platform("L2").loan("a", savers, each=10_000, lent="2016-03-01")
    for who in savers:
        w.move("2016-04-03", who, broker, 10_000)
    trade, payee, close = w.platform("L3"), w.firm(held=True), w.person()
    w.relate("L3", close, "executive")
    trade.sell(trade.product("a"), w.people(20), 10_000, "2016-03-01")
    w.move("2016-03-10", trade.custody, payee, 100_000)
    w.move("2016-03-12", payee, close, 5_000)
    w.institution("L4", "asset_management", licence_status="licensed")
    w.move("2016-03-10", w.account("product", "L4"), broker, 300_000)
    for institution in ("P6", "L8"):  # clients pay into the own account, which pays a shareholder
        till, owner = w.platform(institution), w.person()
        w.relate(institution, owner, "shareholder")
        till.sell(till.product("a"), w.people(20), 10_000, "2016-03-01", into=till.own)
        if institution == "L8":
            w.move("2016-03-02", till.own, till.custody, 200_000)
        w.move("2016-03-20", till.own, owner, 120_000)
    for institution, back in (
        ("P7", 95_000),
        ("L9", 50_000),
    ):  # paid out as a supply, back in the own account
        p, front = w.platform(institution), w.firm(held=True)
        p.sell(p.product("a"), w.people(20), 10_000, "2016-03-01")
        w.move("2016-03-10", p.custody, front, 100_000)
        w.move("2016-03-18", front, p.own, back)
    lender, sister = w.platform("L10"), w.firm()
    w.relate("L10", sister, "affiliate")
    lender.loan("a", w.people(20), each=10_000, lent="2016-03-01")
    w.move("2016-03-30", sister, lender.custody, 300_000)
    w.move("2016-04-03", lender.custody, sister, 300_000)
    for n, institution in enumerate(("P5", "L5", "L6", "L7")):
        p, name = w.platform(institution), ("慕容甲乙", "慕容丙丁", "慕容戊己", "慕容庚辛")[n]
        party = f"{institution}-boss"
        w.register("parties", party_id=party, kind="person", name=name, id_no=f"21110219700101{n:03d}1")
        w.register("relations", institution_id=institution, party_id=party, role="actual_controller")
        payee = replace(w.person(), name=name, id_no=None)
        if institution == "L5":
            w.register("parties", party_id="other", kind="person", name=name, id_no="211102198001010011")
        if institution == "L7":
            w.account("party", name=name, party_id=party)
        p.sell(p.product("a"), [payee] if institution == "L6" else w.people(20), 10_000, "2016-03-01")
        w.move("2016-03-10", p.custody, payee, 10_000 if institution == "L6" else 100_000)
    check_cases(w, "misappropriation", POSITIVE, LOOK_ALIKE)
