"""二(一)2: client money that goes elsewhere than to custody at a qualified bank."""

from __future__ import annotations

from tests.cases.cases import check_cases
from tests.cases.world import Platform, World

POSITIVE = {"P1": 50_000, "P2": 50_000, "P3": 50_000, "P4": 50_000, "P5": 4 * 49_750}
LOOK_ALIKE = {
    "L1": "clients pay into custody",
    "L2": "top-ups through a licensed payment institution that settle into custody",
    "L6": "top-ups that settle into custody, and the platform's own shop that settles into the own account",
    "L3": "two clients mistook the account",
    "L5": "a fund's raising account, registered as another account",
    "L4": "staff hand back advances to the own account",
}


def test_cases() -> None:
    w = World()
    w.bank("B2", "四号银行", custodian=False)
    own = w.platform("P1")
    own.sell(own.product("a"), w.people(5), 10_000, "2016-03-01", into=own.own)
    hidden = w.platform("P2")
    till = w.account(name="丙咨询服务有限公司")
    hidden.sell(hidden.product("a"), w.people(5), 10_000, "2016-03-01", into=till)
    w.move("2016-03-02", till, hidden.custody, 50_000)
    w.institution("P3")
    unfit = Platform(w, "P3", custody_bank="B2")
    unfit.sell(unfit.product("a"), w.people(5), 10_000, "2016-03-01")

    for institution, kept in (("P4", "own"), ("L5", "other")):
        fund = w.platform(institution, "asset_management")
        into = fund.own if kept == "own" else w.account(kept, institution)
        fund.sell(fund.product("a", kind="fund"), w.people(5), 10_000, "2016-03-01", into=into)

    w.platform("L1").loan("a", w.people(5), each=10_000, lent="2016-03-01")
    w.institution("PAY", "payment", licence_status="licensed", name="通付支付有限公司")
    purse = w.account("reserve_deposit", "PAY", "通付支付有限公司客户备付金")
    topped = w.platform("L2")
    topped.sell(topped.product("a"), w.people(5), 10_000, "2016-03-01", into=purse)
    w.move("2016-03-02", purse, topped.custody, 50_000)
    for institution in ("P5", "L6"):  # what a payment institution settles, less its fee
        settled = w.platform(institution)
        for n in range(4):
            plan = settled.product(f"t{n}")
            settled.sell(plan, w.people(5), 10_000, f"2016-03-{4 + 7 * n:02d}", into=purse)
            target = settled.own if institution == "P5" else settled.custody
            w.move(f"2016-03-{5 + 7 * n:02d}", purse, target, 49_750)
            w.move(f"2016-03-{6 + 7 * n:02d}", purse, settled.own, 1_234 + 77 * n)
    slip = w.platform("L3")
    slip.sell(slip.product("a"), w.people(2), 10_000, "2016-03-01", into=slip.own)
    office = w.platform("L4")
    office.loan("a", w.people(5), each=10_000, lent="2016-03-01")
    for who in w.people(4):
        w.relate("L4", who, "employee")
        w.move("2016-02-01", office.own, who, 8_000)
        w.move("2016-02-20", who, office.own, 8_000)
    found = check_cases(w, "custody-bypass", POSITIVE, LOOK_ALIKE)
    assert found["P1"].severity > found["P3"].severity
    assert found["P2"].bases.net_unrepaid == 0  # swept on to custody
