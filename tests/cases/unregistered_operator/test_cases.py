"""五(一): pools, settlement and lending businesses that no register names."""

from __future__ import annotations

from dataclasses import replace

from tests.cases.cases import check_cases, findings
from tests.cases.discovery import on, region
from tests.cases.world import World

POSITIVE: dict[str, float | None] = {
    "POOL-FIRM": None,
    "POOL-PERSON": None,
    "POOL-YOUNG": None,
    "POOL-TERM": None,
    "SETTLE-SAME-DAY": None,
    "SETTLE-FIRM": None,
    "LEND-PERSON": 800_000,
    "LEND-FIRM": 800_000,
}
LOOK_ALIKE = {
    "REFUNDS": "a shop that takes back a part of each order",
    "COURIERS": "staff who left a deposit",
    "TRADE": "a big trading company",
    "CHARITY": "a charity",
    "SCHOOL": "a school",
    "FAMILY": "a family account",
    "PROPERTY": "a property manager",
    "MARKET": "a marketplace with own sales and refunds",
    "PAYROLL": "a payroll agent",
}


def test_cases() -> None:
    world, ids = region()
    positive = {ids[k]: v for k, v in POSITIVE.items()}
    found = check_cases(world, "unregistered-operator", positive, {ids[k]: v for k, v in LOOK_ALIKE.items()})
    assert len(found) >= len(positive)


def test_a_lender_fed_by_a_platform_is_told_there() -> None:
    w = World()
    told, alone = w.person(held=True), w.person(held=True)
    platform = w.platform("P1")
    for k in range(4):  # four borrowers' projects, all paid to one person
        platform.loan(
            str(k), w.people(10), each=20_000, lent="2016-03-01", days=150, borrower=w.person(), to=told
        )
    for n, who in enumerate(w.people(4)):
        w.move(on(n), who, alone, 200_000)
    for lender in (told, alone):
        for n, who in enumerate(w.people(15)):
            w.move(on(65 + n), lender, who, 50_000)
            w.move(on(95 + n), who, lender, 1_500)
            w.move(on(125 + n), who, lender, 51_500)
    ctx = w.context()
    operators = findings(ctx, "unregistered-operator")
    assert {f.institution_id for f in ctx.findings["super-lender"]} == {"P1"}
    assert set(operators) == {f"U-{alone.no}"}
    blind = findings(w.context(), "unregistered-operator", given={"super-lender": []})
    assert set(blind) == {f"U-{told.no}", f"U-{alone.no}"}


def test_cards_of_one_name_that_feed_each_other_are_one_persons() -> None:
    """Two cards take in from twenty persons each and a third pays them back; namesakes never dealt with each other."""
    w = World()
    cards = {key: [w.person(held=True, name=name) for _ in range(3)] for key, name in NAMES.items()}
    for three in cards.values():  # cards of one name without any number
        three[:] = [replace(card, id_no=None) for card in three]
    for key, (left, right, pays) in cards.items():
        for n, who in enumerate(w.people(40)):
            w.move(on(n), who, (left, right)[n % 2], 20_000)
            w.move(on(n + 60), pays, who, 20_900)
        for n in range(4):
            for card in (left, right):
                to = pays if key == "fed" else w.firm()
                w.move(on(50 + 8 * n), card, to, 100_000)
    found = findings(w.context(), "unregistered-operator")
    assert {i: f.amount_fen for i, f in found.items()} == {f"U-{cards['fed'][0].no}": 80_000_000}


def test_a_shop_that_gives_its_members_a_rebate_is_no_pool() -> None:
    w = World()
    shop = w.account(None, None, "盘锦甲乙百货有限公司")
    for n, who in enumerate(w.people(45)):
        for k in range(12):
            w.move(on(n % 10 + 12 * k), who, shop, 90 + (n * 7 + k * 31) % 200)
        for k in range(4):
            w.move(on(30 * (k + 1)), shop, who, 5 + (n + k) % 9)
    assert findings(w.context(), "unregistered-operator") == {}


NAMES = {"fed": "欧阳丁戊", "apart": "慕容己庚"}
"""A name for each three cards; those of the second never pay each other."""
