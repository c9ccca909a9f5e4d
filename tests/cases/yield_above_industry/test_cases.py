"""三(四): the yield above the industry's, beyond its spread."""

from __future__ import annotations

import datetime as dt

from tests.cases.selling import expect, monthly_loan
from tests.cases.world import World

POSITIVE: dict[str, float | None] = {"A1": None, "A2": None, "A3": None, "A4": None}
LOOK_ALIKE = {
    "N1": "a fifth above the average",
    "N2": "a risky, long, openly labelled product within the spread",
    "N3": "another sector has no series to compare with",
    "N6": "shares that pay large dividends and promise nothing",
    "N7": "shares of many holders that pay large dividends twice in half a year",
    "N5": "one small loan that promises nothing: too short a sample",
    "N4": "high, but nothing was paid yet",
}


def test_cases() -> None:
    w = World()
    for month in range(1, 8):
        w.register("industry_yields", month=f"2016-{month:02d}", sector="p2p", average_yield=0.11)
    for institution, promised in (("A1", 0.22), ("A2", 0.19), ("A3", 0.25)):
        people = 6
        monthly_loan(w.platform(institution), "L", w.people(people), 10_000, promised, promised + 0.01)
        paid = 4 * people * round(10_000 * promised / 12, 2)
        POSITIVE[institution] = round(paid * (1 - 0.11 / promised), 2)
    for n in range(30):
        monthly_loan(
            w.platform(f"B{n}"), "L", w.people(3), 5_000, 0.095 + 0.001 * n, 0.11 + 0.001 * n, rounds=1
        )
    monthly_loan(w.platform("N1"), "L", w.people(6), 10_000, 0.132, 0.142)
    monthly_loan(w.platform("N2"), "L", w.people(6), 10_000, 0.143, 0.155)
    monthly_loan(w.platform("N3", "other"), "L", w.people(6), 10_000, 0.24, 0.25)
    for institution, loans in (("A4", 4), ("N5", 1)):  # the register tells no yield; the flows do
        p = w.platform(institution)
        for n in range(loans):
            begin = dt.date(2016, 2, 1) + dt.timedelta(days=10 * n)
            product, _ = p.loan(f"{n}", w.people(4), each=20_000, lent=begin, days=70, paid=False)
            p.pay(product, begin + dt.timedelta(days=70), 1 + 0.25 * 70 / 365)
    shares = w.platform("N6", "equity_crowdfunding")
    w.register("industry_yields", month="2016-02", sector="equity_crowdfunding", average_yield=0.08)
    for n in range(4):
        product = shares.product(f"{n}", days=720, issued="2016-02-01", kind="equity")
        shares.sell(product, w.people(6), 20_000, "2016-02-03")
        for k, on in enumerate(("2016-03-20", "2016-05-29")):
            shares.pay(product, on, 0.03 + 0.01 * n + 0.007 * k)
    shares = w.platform("N7", "equity_crowdfunding")
    product = shares.product("a", days=720, issued="2016-02-01", kind="equity")
    shares.sell(product, w.people(12), 20_000, "2016-02-03")
    for on, part in (("2016-03-20", 0.03), ("2016-05-29", 0.05)):
        shares.pay(product, on, part)
    for row in w.registers["products"]:
        if row["kind"] == "equity":
            row["promised_yield"] = None
        if row["institution_id"] in ("A4", "N5"):
            row["promised_yield"] = None
    n4 = w.platform("N4")
    n4.sell(n4.product("L", yield_=0.24, days=300, issued="2016-06-20"), w.people(6), 10_000, "2016-06-22")
    found = w.found("yield-above-industry")
    expect(found, POSITIVE, LOOK_ALIKE)
    low, high = found["A1"].amount_low_fen, found["A1"].amount_high_fen
    assert low is not None
    assert high is not None
    assert low < found["A1"].amount_fen < high
