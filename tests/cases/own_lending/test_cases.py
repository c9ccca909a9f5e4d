"""二(一)1: loans out of an own account."""

from __future__ import annotations

import datetime as dt

from tests.cases.cases import check_cases
from tests.cases.world import World

POSITIVE = {
    "P1": 150_000,
    "P2": 200_000,
    "P3": 180_000,
    "P4": 150_000,
    "P5": 150_000,
    "P6": 4 * 38_000,
    "P7": 3 * 60_000,
    "P8": 2 * 3 * 40_000,
    "P9": 3 * 60_000,
    "P10": 3 * 50_000,
}
LOOK_ALIKE = {
    "L1": "purchases, some of them refunded",
    "L2": "employees' advances handed back",
    "L3": "two private favours",
    "L4": "wages and rent",
    "L5": "advances handed back by the week, without interest",
    "L6": "a licensed small-loan company",
    "L7": "trade to and fro, dearer on the way back now and then",
    "L9": "suppliers' bonuses that fall month by month",
    "L11": "idle money in savings plans of three banks, back with interest",
    "L10": "payees who buy from a director's own firm",
    "L8": "deposits for tenders, handed back at par",
}
MONTHS = ("2016-03-10", "2016-04-10", "2016-05-10")


def test_cases() -> None:
    w = World()
    interest = w.platform("P1")
    for who in w.people(3):
        w.move("2016-02-10", interest.own, who, 50_000)
        for on in MONTHS:
            w.move(on, who, interest.own, 900)
    bullet = w.platform("P2")
    for who in w.people(4):
        w.move("2016-02-10", bullet.own, who, 50_000)
        w.move("2016-04-10", who, bullet.own, 51_500)
    level = w.platform("P3")
    for who in [*w.people(2), w.firm()]:
        w.move("2016-02-10", level.own, who, 60_000)
        for on in MONTHS:
            w.move(on, who, level.own, 20_600)
    for key, each, weeks in (
        ("P4", 4_400, 12),
        ("P5", 500, 12),
        ("L5", 5_000, 8),
    ):  # level, interest, no interest
        weekly = w.platform(key)
        for who in w.people(3):
            w.move("2016-02-10", weekly.own, who, 50_000)
            for k in range(1, weeks + 1):
                w.move(dt.date(2016, 2, 10) + dt.timedelta(days=7 * k), who, weekly.own, each)
    falling = w.platform("P9")  # four even parts, each with the interest on what is still owed
    for who in w.people(3):
        w.move("2016-02-10", falling.own, who, 60_000)
        for k, on in enumerate((*MONTHS, "2016-06-10")):
            w.move(on, who, falling.own, 15_900 - 225 * k)
    bonus = w.platform("L9")
    for who in (w.firm(), w.firm(), w.firm()):
        w.move("2016-02-10", bonus.own, who, 50_000)
        for k, on in enumerate(MONTHS):
            w.move(on, who, bonus.own, 9_000 - 1_000 * k)
    for key in ("P10", "L10"):
        through, chief = w.platform(key), w.person(held=True)
        w.relate(key, chief, "executive")
        for n, who in enumerate(w.people(3)):
            w.move("2016-02-10", through.own, who, 50_000)
            for on in MONTHS:
                w.move(on, who, chief, 1_000 if key == "P10" else 5_310 + 877 * n)
    saver = w.platform("L11")
    for name in ("甲银行日日盈理财", "乙银行理财产品专户", "丙农商行结构性存款"):
        plan = w.firm(name)
        w.move("2016-02-10", saver.own, plan, 200_000)
        w.move("2016-03-11", plan, saver.own, 200_600)
    goods = w.platform("L1")
    for who in [w.firm(), w.firm(), w.firm(), w.firm()]:
        w.move("2016-02-10", goods.own, who, 50_000)
        w.move("2016-02-18", who, goods.own, 50_000)
        w.move("2016-05-20", goods.own, who, 12_000)
    office = w.platform("L2")
    for who in w.people(5):
        w.relate("L2", who, "employee")
        w.move("2016-02-10", office.own, who, 30_000)
        w.move("2016-03-12", who, office.own, 1_000)
    favour = w.platform("L3")
    for who in w.people(2):
        w.move("2016-02-10", favour.own, who, 60_000)
        w.move("2016-04-10", who, favour.own, 61_500)
    plain = w.platform("L4")
    for who in w.people(4):
        for on in MONTHS:
            w.move(on, plain.own, who, 40_000)
    discount = w.platform("P6")  # 45 days, the interest cut off in advance
    for k, who in enumerate(w.people(4)):
        w.move(dt.date(2016, 2, 10) + dt.timedelta(days=9 * k), discount.own, who, 38_000)
        w.move(dt.date(2016, 3, 26) + dt.timedelta(days=9 * k), who, discount.own, 40_000)
    apart = w.platform("P7")  # interest comes as a fee of its own
    for who in (w.firm(), w.firm(), w.firm()):
        w.move("2016-02-10", apart.own, who, 60_000)
        w.move("2016-04-10", who, apart.own, 60_000)
        w.move("2016-04-10", who, apart.own, 1_800)
    w.institution("P8", "other", licence_status="none")
    w.institution("L6", "other", licence_status="licensed", licence_scope="小额贷款")
    for key in ("P8", "L6"):  # a fortnight at three per cent, lent again
        till = w.account("own", key)
        for who in w.people(3):
            for lent, back in (("2016-03-01", "2016-03-15"), ("2016-03-17", "2016-03-31")):
                w.move(lent, till, who, 40_000)
                w.move(back, who, till, 41_200)
    w.institution("L7", "other", licence_status="none")
    w.institution("L8", "other", licence_status="none")
    shop, builder = w.account("own", "L7"), w.account("own", "L8")
    for k, who in enumerate((w.firm(), w.firm(), w.firm(), w.firm())):
        for n in range(6):
            w.move(
                dt.date(2016, 2, 1) + dt.timedelta(days=20 * n + k), shop, who, 20_000 + 7_310 * n + 911 * k
            )
            w.move(
                dt.date(2016, 2, 9) + dt.timedelta(days=20 * n + k), who, shop, 23_000 + 5_170 * k + 613 * n
            )
        w.move("2016-02-10", builder, who, 50_000)
        w.move("2016-03-20", who, builder, 50_000)
    found = check_cases(w, "own-lending", POSITIVE, LOOK_ALIKE)
    assert found["P2"].bases.income == 4 * 1_500_00
