"""三(四): promised or paid above what the projects earn."""

from __future__ import annotations

from tests.cases.selling import expect, monthly_loan
from tests.cases.world import World

POSITIVE: dict[str, float | None] = {"A1": None, "A2": None, "A3": None, "A4": 3 * 2 * 500.0}
LOOK_ALIKE = {
    "N1": "a margin for the platform, as everybody keeps",
    "N2": "projects that pay late and catch up",
    "N3": "a point less margin than others: within the spread",
    "N4": "no project is registered: nothing to compare with",
}


def test_cases() -> None:
    w = World()
    POSITIVE["A1"] = monthly_loan(w.platform("A1"), "L", w.people(8), 11_300, 0.15, 0.11, top_up="bonus")
    POSITIVE["A2"] = monthly_loan(w.platform("A2"), "L", w.people(8), 12_700, 0.14, 0.10, top_up="hidden")
    POSITIVE["A3"] = monthly_loan(w.platform("A3"), "L", w.people(6), 9_900, 0.12, 0.09, top_up="hidden")
    for n in range(1, 9):  # the week's other products, without which nothing is unusual
        p = w.platform(f"B{n}")
        for k in range(5):
            monthly_loan(
                p, f"L{k}", w.people(4), 8_000 + 100 * k, 0.10 + 0.002 * k, 0.108 + 0.002 * k + 0.0005 * n
            )
    monthly_loan(w.platform("N1"), "L", w.people(8), 10_000, 0.10, 0.11)
    monthly_loan(w.platform("N2"), "L", w.people(8), 10_000, 0.10, 0.11, late_days=12)
    monthly_loan(w.platform("N3"), "L", w.people(8), 10_000, 0.108, 0.109)
    n4 = w.platform("N4")
    n4.sell(n4.product("L", yield_=0.14), w.people(6), 10_000, "2016-02-01")
    short = w.platform("A4")
    for k in range(3):  # a month's interest, then the principal with another month's
        debtor, giver = w.firm(), w.firm()
        product = short.product(f"s{k}", yield_=0.14, days=60, issued="2016-02-01")
        short.project(
            f"s{k}",
            120_000,
            debtor,
            "2016-02-01",
            60,
            rate=0.09,
            repayment="monthly_interest",
            product=product,
        )
        short.sell(product, w.people(12), 10_000, "2016-02-01", redeemed="2016-04-02")
        short.lend(debtor, 120_000, "2016-02-01")
        for on, back in (("2016-03-02", 0.0), ("2016-04-02", 1.0)):
            w.move(on, debtor, short.custody, 120_000 * (back + 0.09 / 12))
            w.move(on, giver, short.custody, 500)
            short.pay(product, on, back + 0.14 / 12)
    found = w.found("yield-above-project")
    expect(found, POSITIVE, LOOK_ALIKE)
    assert all(f.confidence > 0.9 for f in found.values())
