"""二(一)1: loans out of an own account."""

from __future__ import annotations

import datetime as dt

from tests.cases.cases import check_cases
from tests.cases.world import World

POSITIVE = {"P1": 150_000, "P2": 200_000, "P3": 180_000, "P4": 150_000, "P5": 150_000}
LOOK_ALIKE = {
    "L1": "purchases, some of them refunded",
    "L2": "employees' advances handed back",
    "L3": "two private favours",
    "L4": "wages and rent",
    "L5": "advances handed back by the week, without interest",
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
    found = check_cases(w, "own-lending", POSITIVE, LOOK_ALIKE)
    assert found["P2"].bases.income == 4 * 1_500_00
