"""Top-ups before report dates that go back after."""

from __future__ import annotations

import datetime as dt

from tests.cases.cases import check_cases
from tests.cases.payments import region
from tests.cases.world import World

POSITIVE: dict[str, float | None] = {
    "DRESS-OWN": 1_500_000,
    "DRESS-RELATED": 900_000,
    "DRESS-CUSTODY": 400_000,
    "DRESS-WEEKLY": 250_000,
    "DRESS-WEEKLY-LENDER": 350_000,
    "DRESS-ELSEWHERE": 3 * 24_000_000 + 2 * 3_000,
}
LOOK_ALIKE = {
    "FUNDING-STAYS": "monthly funding that stays",
    "ADVANCES": "advances and refunds over the month",
    "ADVANCES-WEEKLY": "advances of four days that now and then span a weekly report",
    "RENT-AT-MONTH-END": "a customer's rent, paid in at the month end and out after it",
    "ONE-ROUND-TRIP": "one coincidence with a month end",
}


def test_cases() -> None:
    world, _ = region()
    found = check_cases(world, "window-dressing", POSITIVE, LOOK_ALIKE)
    assert found["DRESS-OWN"].amount_high_fen == 2 * found["DRESS-OWN"].amount_fen


def test_parts_and_fees() -> None:
    """Drained in two parts, topped up in two; and a platform whose month end only has fees on the way out."""
    w = World()
    drained, filled, fees = w.platform("PARTS-OUT"), w.platform("PARTS-IN"), w.platform("FEES")
    for end, one, two in (
        ("2016-03-31", "2016-04-01", "2016-04-05"),
        ("2016-04-29", "2016-05-02", "2016-05-03"),
        ("2016-05-31", "2016-06-01", "2016-06-02"),
    ):
        w.move(end, drained.own, drained.custody, 300_000)
        w.move(one, drained.custody, drained.own, 120_000)
        w.move(one, drained.custody, drained.own, 1_500)  # a fee is no part
        w.move(two, drained.custody, drained.own, 180_000)
        w.move(end, filled.own, filled.custody, 90_000)
        w.move(end, filled.own, filled.custody, 110_000)
        w.move(one, filled.custody, filled.own, 200_000)
        w.move(end, fees.own, fees.custody, 300_000)
        w.move(one, fees.custody, fees.own, 31_000)
        w.move(two, fees.custody, fees.own, 45_000)
    advanced, idle = w.platform("ADVANCED"), w.platform("RESERVE")
    for p in (advanced, idle):
        reserve = w.account("risk_reserve", p.id)
        holders = w.people(10)
        product = p.product("a")
        p.sell(product, holders, 20_000, "2016-02-01")
        for end, back in (
            ("2016-03-30", "2016-04-05"),
            ("2016-04-28", "2016-05-04"),
            ("2016-05-30", "2016-06-03"),
        ):
            w.move(end, reserve, p.custody, 200_000)
            if p is advanced:  # the reserve pays the clients of a late borrower, who repays days later
                p.pay(product, dt.date.fromisoformat(end) + dt.timedelta(days=1), 1.0)
                w.move(back, w.firm(), p.custody, 200_000)
            w.move(back, p.custody, reserve, 200_000)
    check_cases(
        w,
        "window-dressing",
        {"PARTS-OUT": 900_000, "PARTS-IN": 600_000, "RESERVE": 600_000},
        {
            "FEES": "money that stays, with fees taken out after the month end",
            "ADVANCED": "advances of a risk reserve that the clients get",
        },
    )
