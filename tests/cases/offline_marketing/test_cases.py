"""二(一)1 线下营销: regular commissions to many persons in proportion to client money."""

from __future__ import annotations

import datetime as dt
import random

from tests.cases.selling import expect, months
from tests.cases.world import Account, Platform, World

POSITIVE: dict[str, float | None] = {
    "A1": None,
    "A2": None,
    "A3": None,
    "A4": None,
    "A5": None,
    "A6": None,
    "A7": None,
    "A8": None,
    "A9": None,
    "A10": None,
    "A11": None,
    "A12": None,
    "A13": None,
}
LOOK_ALIKE = {
    "N1": "payroll: the same proportions every month, once times one and a half",
    "N2": "one-off referral vouchers of 10 to 50 yuan",
    "N3": "refunds of costs, a few persons at a time",
    "N4": "a bonus paid once",
    "N5": "a share of each month's deposits given to the clients who paid them",
    "N6": "refunds of costs to a dozen persons, two or three a week",
    "N9": "wages paid by a labour agency that the own account pays",
    "N8": "wages paid by an employee's card that the own account feeds",
    "N10": "wages paid by a supplier with customers of its own after each of its bills",
    "N11": "refunds of costs to six persons over several days of the month",
    "N12": "inspectors paid by the piece every month",
    "N7": "bonuses of a small team that do not follow the client money",
}


def clients(p: Platform, seed: int) -> None:
    """Ten clients a month who bring money in."""
    draw = random.Random(seed)
    pid = p.product("L", days=180)
    for on in months("2016-01-12", 6):
        p.sell(pid, p.world.people(10), 1_000 * draw.randint(8, 20), on)


def commissions(
    p: Platform, agents: int, runs: int, seed: int, first: str = "2016-02-14", card: Account | None = None
) -> float:
    """Monthly commissions of about 1 % of the month's money, shared unevenly and anew each month.

    With a card the own account pays each run's sum to it the day before, and the card pays the agents.
    """
    draw, people, paid = random.Random(seed), p.world.people(agents), 0.0
    for on in months(first, runs):
        weights = [draw.lognormvariate(0, 0.7) for _ in people]
        parts = [round(max(120.0, 4_000 * weight / sum(weights) * agents / 10), 2) for weight in weights]
        if card is not None:
            p.world.move(on - dt.timedelta(days=1), p.own, card, round(sum(parts), 2))
        for who, part in zip(people, parts, strict=True):
            p.world.move(on, card or p.own, who, part)
        paid = round(paid + sum(parts), 2)
    return paid


def shares(p: Platform, agents: int, weeks: int, rate: float) -> float:
    """Each week two per cent of what the agents' clients of that week brought, to these agents alone."""
    draw, people, paid = random.Random(9), p.world.people(agents), 0.0
    for k in range(weeks):
        on = dt.date(2016, 3, 1) + dt.timedelta(days=7 * k)
        for who in draw.sample(people, 3):
            each = 1_000 * draw.randint(8, 40)
            p.sell(p.product(f"w{k}-{who.no}", days=180), p.world.people(2), each, on)
            p.world.move(on + dt.timedelta(days=6), p.own, who, round(each * 2 * rate, 2))
            paid = round(paid + each * 2 * rate, 2)
    return paid


def leaders(p: Platform) -> float:
    """Every thirty days five leaders share three per cent of what came in since."""
    draw, people, paid, brought = random.Random(12), p.world.people(5), 0.0, 0.0
    for k in range(36):
        on = dt.date(2016, 1, 10) + dt.timedelta(days=4 * k)
        each = 1_000 * draw.randint(5, 40) * (1 + k // 6 % 3)
        p.sell(p.product(f"q{k}", days=180), p.world.people(2), each, on)
        brought += 2 * each
        if k % 6 == 5:
            weights = [draw.uniform(0.2, 1.2) for _ in people]
            for who, weight in zip(people, weights, strict=True):
                yuan = round(brought * 0.03 * weight / sum(weights), 2)
                p.world.move(on + dt.timedelta(days=2), p.own, who, yuan)
                paid = round(paid + yuan, 2)
            brought = 0.0
    return paid


def slowly(p: Platform, runs: int, every: int, spread: int, exact: bool = True) -> float:
    """Every so many days six agents share 1.5 % of what came in since, each on one of the next days."""
    draw, people, paid = random.Random(21), p.world.people(6), 0.0
    for k in range(1, runs + 1):
        brought, on = 0.0, dt.date(2016, 1, 5) + dt.timedelta(days=every * k)
        for n in range(4):
            each = 1_000 * draw.randint(5, 40) * (1 + (k + n) % 3)
            sold = on - dt.timedelta(days=every - 3 - 5 * n)
            p.sell(p.product(f"s{k}{n}", days=180), p.world.people(2), each, sold)
            brought += 2 * each
        weights = [draw.lognormvariate(0, 0.7) for _ in people]
        for n, (who, weight) in enumerate(zip(people, weights, strict=True)):
            part = brought if exact else 1_000 * draw.randint(60, 300)
            yuan = round(part * 0.015 * weight / sum(weights), 2)
            p.world.move(on + dt.timedelta(days=min(n, spread)), p.own, who, yuan)
            paid = round(paid + yuan, 2)
    return paid


def one_share(p: Platform, exact: bool, seed: int) -> float:
    """Six persons share 1.5 % of the month's money on the 8th, their leader gets 0.4 % of it on the 10th."""
    draw, people, paid = random.Random(seed), p.world.people(6), 0.0
    for on in months("2016-02-08", 5):
        before = (on.replace(day=1) - dt.timedelta(days=1)).strftime("%Y-%m")
        brought = sum(
            float(s["amount"])
            for s in p.world.registers["subscriptions"]
            if s["subscription_id"].startswith(f"{p.id}-") and s["subscribed_on"].strftime("%Y-%m") == before
        )
        brought *= 1 if exact else draw.uniform(0.4, 2.5)
        weights = [draw.lognormvariate(0, 0.7) for _ in people]
        for day, who, part in (
            *((0, who, 0.015 * weight / sum(weights)) for who, weight in zip(people, weights, strict=True)),
            (2, people[0], 0.004),
        ):
            yuan = round(brought * part, 2)
            p.world.move(on + dt.timedelta(days=day), p.own, who, yuan)
            paid = round(paid + yuan, 2)
    return paid


def wages(
    p: Platform,
    staff: int,
    first: str = "2016-02-05",
    runs: int = 5,
    card: Account | None = None,
    even: bool = False,
) -> None:
    draw, people = random.Random(7), p.world.people(staff)
    base = [draw.randint(3_000, 15_000) for _ in people]
    for k, on in enumerate(months(first, runs)):
        if card is not None:
            p.world.move(on, p.own, card, 2.0 * sum(base))
        for who, wage in zip(people, base, strict=True):
            p.world.move(
                on,
                card or p.own,
                who,
                wage if even else round(wage * (1.5 if k == 0 else 1) * draw.uniform(0.97, 1.03), 2),
            )


def test_cases() -> None:
    w = World()
    made_below = {"A4", "A8", "A10", "A11", "A12", "N5", "N6", "N11"}
    platforms = {i: w.platform(i) for i in (*POSITIVE, *LOOK_ALIKE) if i not in made_below}
    for n, p in enumerate(platforms.values()):
        clients(p, n)
    POSITIVE["A1"] = commissions(platforms["A1"], 12, 5, seed=1)
    wages(platforms["A2"], 10)
    POSITIVE["A2"] = commissions(platforms["A2"], 15, 4, seed=2)
    wages(platforms["A3"], 10, first="2016-02-14")  # wages on the very day of the first commission
    POSITIVE["A3"] = commissions(platforms["A3"], 10, 5, seed=3)
    wages(
        platforms["A9"], 6, first="2016-02-14", even=True
    )  # a few persons' wages on every day of commissions
    POSITIVE["A9"] = commissions(platforms["A9"], 10, 5, seed=12)
    POSITIVE["A4"] = shares(w.platform("A4"), 9, 10, 0.02)  # fewer than eight a run, others each time
    back = w.platform("N5")
    for k, on in enumerate(months("2016-01-12", 6)):
        plan, who = back.product(str(k), days=180), w.people(10)
        each = 1_000 * (8 + 3 * (k % 3))
        back.sell(plan, who, each, on)
        for client in who:
            w.move(on, back.own, client, each * 0.02)
    costs, field, chance = w.platform("N6"), w.people(12), random.Random(11)
    clients(costs, 20)
    for k in range(16):
        for who in chance.sample(field, 3):
            w.move(dt.date(2016, 2, 1) + dt.timedelta(days=7 * k), costs.own, who, chance.randint(200, 3_000))
    POSITIVE["A5"] = one_share(platforms["A5"], True, seed=4)
    one_share(platforms["N7"], False, seed=6)
    wages(platforms["N1"], 25)
    cards = {i: w.person(held=True) for i in ("A6", "N8")}
    for institution, card in cards.items():
        w.relate(institution, card, "employee")
    POSITIVE["A6"] = commissions(platforms["A6"], 12, 5, seed=8, card=cards["A6"])
    wages(platforms["N8"], 12, card=cards["N8"])
    agencies = {i: w.firm(held=True) for i in ("A7", "N9")}
    POSITIVE["A7"] = commissions(platforms["A7"], 12, 5, seed=9, card=agencies["A7"])
    wages(platforms["N9"], 12, card=agencies["N9"])
    POSITIVE["A10"] = leaders(w.platform("A10"))
    payday = w.platform("A8")  # a week's commission falls on the day of the wages
    POSITIVE["A8"] = shares(payday, 9, 10, 0.02)
    crew = w.people(4)
    for on in (dt.date(2016, 2, 9), dt.date(2016, 3, 7), dt.date(2016, 4, 11), dt.date(2016, 5, 9)):
        for k, who in enumerate(crew):
            w.move(on, payday.own, who, 5_000 + 700 * k)
    POSITIVE["A11"] = slowly(w.platform("A11"), 5, 30, 3)
    POSITIVE["A12"] = slowly(w.platform("A12"), 4, 42, 0)
    slowly(w.platform("N11"), 5, 30, 3, exact=False)
    inspectors, pieces = w.people(10), random.Random(31)
    traders = {
        i: w.firm(held=True) for i in ("A13", "N10")
    }  # firms with customers and suppliers of their own
    for trader in traders.values():
        for on in months("2016-01-20", 5):
            w.move(on, w.firm(), trader, 300_000)
            w.move(on, trader, w.firm(), 280_000)
    POSITIVE["A13"] = commissions(platforms["A13"], 12, 5, seed=13, card=traders["A13"])
    wages(platforms["N10"], 12, card=traders["N10"])
    for on in months("2016-02-09", 5):
        for who in inspectors:
            w.move(on, platforms["N12"].own, who, pieces.randint(3_000, 5_200))
    n2, n3, n4 = platforms["N2"], platforms["N3"], platforms["N4"]
    draw = random.Random(5)
    for on in months("2016-04-01", 3):
        for who in w.people(12):
            w.move(on, n2.own, who, draw.choice((10, 20, 30, 50)))
        for who in w.people(3):
            w.move(on, n3.own, who, draw.randint(200, 3_000))
    for who in w.people(20):
        w.move("2016-02-05", n4.own, who, draw.randint(1_000, 9_000))
    found = w.found("offline-marketing")
    expect(found, POSITIVE, LOOK_ALIKE)
    assert "%" in found["A1"].explanation_zh
