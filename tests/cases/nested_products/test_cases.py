"""二(三)3: two layers of products or more before an asset; a sign to watch before 2018-04-27."""

from __future__ import annotations

import datetime as dt

from tests.cases.selling import Fund, expect, fund, manager
from tests.cases.world import World

POSITIVE = {"A1": 45_000.0, "A2": 70_000.0, "A3": 30_000.0, "A4": 8_000.0}
LOOK_ALIKE = {
    "N1": "one layer",
    "N2": "the next product pays its clients with it: a subsidy, not a layer",
    "N3": "a client moves the own money on",
}


def chain(w: World, institution: str, amounts: list[float], begin: str) -> list[Fund]:
    """Products that each invest in the next."""
    manager(w, institution)
    funds = [fund(w, institution, f"P{k}", "fund", issued_on=begin) for k in range(len(amounts) + 1)]
    first = dt.date.fromisoformat(begin)
    funds[0].sell(w.people(5), 20_000, first)
    for k, yuan in enumerate(amounts):
        funds[k + 1].sell(w.people(3), 777, first)
        w.move(first + dt.timedelta(days=20 + 9 * k), funds[k].account, funds[k + 1].account, yuan)
    return funds


def region(begin: str, last: str) -> World:
    w = World(last)
    chain(w, "A1", [50_000, 45_000], begin)
    chain(w, "A2", [60_000, 40_000, 30_000], begin)
    chain(w, "A3", [30_001, 30_000], begin)
    chain(w, "N1", [50_000], begin)
    first = dt.date.fromisoformat(begin)
    manager(w, "A4")  # nobody pays into the lower layers: only the register's parents name their accounts
    last_one = fund(w, "A4", "C", "fund", name="丙", issued_on=begin)
    middle = fund(w, "A4", "B", "fund", name="乙", issued_on=begin, parent_product_id=last_one.product_id)
    top = fund(w, "A4", "A", "fund", issued_on=begin, parent_product_id=middle.product_id)
    top.sell(w.people(5), 2_000, first)
    w.move(first + dt.timedelta(days=20), top.account, middle.account, 9_000)
    w.move(first + dt.timedelta(days=30), middle.account, last_one.account, 8_000)
    for institution in ("N2", "N3"):
        funds = chain(w, institution, [50_000], begin)
        funds.append(fund(w, institution, "P9", "fund", issued_on=begin))
        mover = w.person()
        if institution == "N2":
            funds[2].sell(w.people(4), 10_000, first)
            w.move(first + dt.timedelta(days=40), funds[1].account, funds[2].account, 400)
            funds[2].pay(first + dt.timedelta(days=40), 0.01)
        else:
            w.move(first + dt.timedelta(days=40), funds[1].account, funds[2].account, 12_345)
            funds[2].world.register(
                "subscriptions",
                subscription_id="SM",
                product_id=funds[2].product_id,
                investor_id=mover.id_no,
                investor_name=mover.name,
                investor_account=mover.no,
                amount=12_345,
                subscribed_on=first + dt.timedelta(days=40),
            )
    return w


def test_before_the_rule_it_is_a_sign_to_watch() -> None:
    found = region("2016-01-06", "2016-07-03").found("nested-products")
    expect(found, POSITIVE, LOOK_ALIKE)
    assert {f.severity for f in found.values()} == {1}


def test_from_its_day_the_rule_binds() -> None:
    found = region("2018-05-07", "2018-10-28").found("nested-products")
    expect(found, POSITIVE, LOOK_ALIKE)
    assert found["A2"].severity > found["A1"].severity > 1
