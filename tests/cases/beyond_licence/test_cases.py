"""二(一)2, 二(三)1: a kind of product that sector and licence do not cover."""

from __future__ import annotations

from models.typologies._licence import covered_kinds, covers_property
from tests.cases.selling import expect, fund, manager, product
from tests.cases.world import World

POSITIVE = {"A1": 60_000.0, "A2": 80_000.0, "A3": 40_000.0, "A4": 20_000.0}
LOOK_ALIKE = {
    "N1": "a platform's loans",
    "N2": "the licence names insurance agency",
    "N3": "a crowdfunding firm's equity",
    "N4": "a wealth product registered but not sold",
}


def test_cases() -> None:
    w = World()
    for institution, kind, people, each in (("A1", "wealth", 6, 10_000.0), ("A3", "insurance", 4, 10_000.0)):
        p = w.platform(institution, licence_scope="网络借贷信息中介")
        pid = p.product("W", kind=kind)
        p.sell(pid, w.people(people), each, "2016-03-01")
        w.move("2016-03-05", p.custody, w.firm("某某集合计划"), people * each)  # passed on in one lump
        p.sell(p.product("L"), w.people(3), 5_000, "2016-03-01")
    a2 = w.platform("A2", "equity_crowdfunding", licence_status="licensed", licence_scope="股权众筹信息服务")
    a2.sell(a2.product("F", kind="fund"), w.people(8), 10_000, "2016-03-01")
    manager(w, "A4", "资产管理、基金管理(不含保险代理)")
    fund(w, "A4", "I", "insurance").sell(w.people(2), 10_000)
    w.platform("N1").loan("L", w.people(3), each=10_000, lent="2016-02-01")
    manager(w, "N2", "资产管理、理财产品销售、保险代理")
    fund(w, "N2", "I", "insurance").sell(w.people(3), 10_000)
    n3 = w.platform("N3", "equity_crowdfunding")
    n3.sell(n3.product("E", kind="equity"), w.people(3), 10_000, "2016-03-01")
    product(w, "N4-W", "N4", "wealth")
    w.platform("N4")
    found = w.found("beyond-licence")
    expect(found, POSITIVE, LOOK_ALIKE)
    roles = dict(found["A1"].evidence.group_by("role").len().iter_rows())
    assert (roles["client_deposit"], roles["passed_to_provider"]) == (6, 1)


def test_an_exclusion_gives_nothing() -> None:
    assert "insurance" not in covered_kinds("asset_management", "资产管理(不含保险代理)")
    assert "insurance" in covered_kinds("asset_management", "资产管理、保险代理")
    assert not covers_property("未经批准不得从事房地产金融业务")
