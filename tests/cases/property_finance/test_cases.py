"""二(一)3, 二(二)3: platform money for developers or for property."""

from __future__ import annotations

from tests.cases.selling import expect
from tests.cases.world import World

POSITIVE = {"A1": 30_000.0, "A2": 50_000.0, "A3": 40_000.0, "A4": 60_000.0, "A5": 700_000.0}
LOOK_ALIKE = {
    "N1": "renovates its shop",
    "N2": "rents premises",
    "N3": "a trading firm",
    "N4": "the project is still being raised",
    "N6": "a shop buys its premises with a part of its takings",
    "N7": "an estate agent hands on its customers' deposits",
    "N8": "地产 runs over 本地|产品",
    "N9": "a valuer of buildings",
    "N5": "the licence names property finance",
}


def test_cases() -> None:
    w = World()
    cases = {
        "A1": ("某某房地产开发有限公司", None, "p2p", {}),
        "A2": ("某某置业有限公司", None, "p2p", {}),
        "A3": ("1234567", "众筹购买临街商铺", "equity_crowdfunding", {}),  # no name, the purpose says it
        "A4": ("某某房地产经纪有限公司", None, "p2p", {}),
        "N1": ("某某装饰工程有限公司", "门店装修改造", "p2p", {}),
        "N2": ("某某餐饮有限公司", "租赁商铺租金", "p2p", {}),
        "N3": ("某某商贸有限公司", "采购原材料", "p2p", {}),
        "N4": ("某某置地房地产有限公司", None, "p2p", {}),
        "N8": ("某某本地产品贸易有限公司", None, "p2p", {}),
        "N9": ("某某房地产评估咨询有限公司", None, "p2p", {}),
        "N5": ("某某地产开发有限公司", None, "p2p", {"licence_scope": "房地产金融、网络借贷信息中介"}),
    }
    for institution, (name, purpose, sector, more) in cases.items():
        p = w.platform(institution, sector, **more)
        people = w.people(5)
        each = POSITIVE.get(institution, 30_000.0) / len(people)
        p.loan(
            "X",
            people,
            each=each,
            lent="2016-06-10",
            days=180,
            borrower=w.firm(name),
            lend=institution != "N4",
        )
        if purpose:
            w.registers["projects"][-1]["purpose"] = purpose
    developer = w.firm("某某房地产开发有限公司")
    for institution, name, price in (
        ("A5", "某某网络科技有限公司", 700_000),
        ("N6", "某某百货商店有限公司", 300_000),
        ("N7", "某某房产经纪有限公司", 700_000),
    ):
        w.institution(institution, "other", name=name, licence_status="none")
        own = w.account("own", institution, name)
        for n, who in enumerate(w.people(40)):
            w.move(f"2016-03-{1 + n % 28:02d}", who, own, 20_000)
        w.move("2016-04-05", own, developer, price)
    expect(w.found("property-finance"), POSITIVE, LOOK_ALIKE)
