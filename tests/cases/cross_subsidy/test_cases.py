"""三(四) 交叉补贴: one product's clients are paid with another product's clients' money."""

from __future__ import annotations

from dataclasses import replace

from tests.cases.selling import Fund, expect, fund, holding, manager, months
from tests.cases.world import World

POSITIVE: dict[str, float | None] = {
    "A1": None,
    "A2": None,
    "A3": None,
    "A4": 90_900.0,
    "A5": 90_900.0,
    "A6": 6 * 15_150.0,
}
LOOK_ALIKE = {
    "N1": "clients move their own money from product to product",
    "N2": "one product invests in another",
    "N3": "each product pays from its own income",
    "N4": "a single transfer corrected",
    "N5": "an investment in another product that comes back and is paid out",
    "N6": "a product pays its clients by way of another's account, to which it sent the money",
    "N7": "two products share one account",
}


def pair(w: World, institution: str, people: int = 6) -> tuple[Fund, Fund]:
    manager(w, institution)
    a, b = fund(w, institution, "A"), fund(w, institution, "B")
    a.sell(w.people(people), 20_000)
    b.sell(w.people(people), 15_000)
    return a, b


def subsidised(w: World, institution: str, rounds: int, share: float, gap: int = 30) -> float:
    """A's account pays part of B's distributions."""
    a, b = pair(w, institution)
    moved = 0.0
    for on in months("2016-02-10", rounds, gap):
        due = round(6 * 15_000 * 0.005, 2)
        w.move(on, a.account, b.account, round(due * share, 2))
        moved = round(moved + round(due * share, 2), 2)
        b.pay(on, 0.005)
    return moved


def test_cases() -> None:
    w = World()
    POSITIVE["A1"] = subsidised(w, "A1", 5, 0.6)
    POSITIVE["A2"] = subsidised(w, "A2", 4, 1 / 3)
    POSITIVE["A3"] = subsidised(w, "A3", 3, 1.0, gap=45)
    a, b = pair(w, "A6")  # one holder after another leaves, each paid by a transfer of its own
    for row in w.registers["products"][-2:]:
        row["promised_yield"] = 0.06
    for n, (who, held) in enumerate(b.holdings):
        w.move(f"2016-04-{5 + n:02d}", a.account, b.account, held * 1.01)
        w.move(f"2016-04-{6 + n:02d}", b.account, who, held * 1.01)
    a, b = pair(w, "N1")
    for row in w.registers["subscriptions"]:
        if row["product_id"] == a.product_id:
            row["redeemed_on"] = months("2016-03-01", 1)[0]
    for who, held in list(a.holdings):
        holding(w, b.product_id, who, held, "2016-03-01")
        b.holdings.append((who, held))
        w.move("2016-03-01", a.account, b.account, held)
    b.pay("2016-03-02", 0.5)
    a, b = pair(w, "N2")
    for on in months("2016-02-10", 3):
        w.move(on, a.account, b.account, 30_000)
    a, b = pair(w, "N3")
    firm = w.firm()
    for on in months("2016-02-10", 4):
        for part in (a, b):
            w.move(on, firm, part.account, 900)
            part.pay(on, 0.004)
    a, b = pair(w, "N4")
    w.move("2016-03-10", a.account, b.account, 200)
    b.pay("2016-03-10", 0.005)
    w.move("2016-03-11", b.account, a.account, 200)
    a, b = pair(w, "A4")  # one transfer, all that the other's clients are paid the next day
    w.move("2016-03-10", a.account, b.account, 90_900)
    b.pay("2016-03-11", 1.01)
    a, b = pair(w, "A5")  # paid out of the other's account
    c = replace(b, account=a.account)
    c.pay("2016-03-11", 1.01)
    a, b = pair(w, "N5")
    w.move("2016-02-10", b.account, a.account, 85_000)
    w.move("2016-05-10", a.account, b.account, 90_000)
    b.pay("2016-05-11", 1.01)
    a, b = pair(w, "N6")
    w.move("2016-03-10", b.account, a.account, 90_900)
    replace(b, account=a.account).pay("2016-03-11", 1.01)
    manager(w, "N7")
    a = fund(w, "N7", "A")
    b = replace(fund(w, "N7", "B"), account=a.account)
    for part in (a, b):
        part.sell(w.people(6), 15_000)
        part.pay("2016-03-11", 1.01)
    found = w.found("cross-subsidy")
    expect(found, POSITIVE, LOOK_ALIKE)
