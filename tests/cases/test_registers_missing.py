"""A register that was not delivered is no sign of anything: what the flows alone show is still said."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.cases.cases import findings
from tests.cases.world import World

ARGUE_FROM_PROJECTS = (
    "fund-pool", "new-money-pays-old", "cross-subsidy", "self-guarantee", "fictitious-project", "misappropriation",
    "run-risk", "large-or-fast-growing",
)  # fmt: skip
"""Typologies that ask which project a product's money went to and who repaid it."""


def lenders() -> World:
    """P1 and P2 lend what they raise and pay what is repaid; the clients of P3 are paid with later clients' money.

    P2 lends to persons, who repay two loans in one line and more than the clients get.
    """
    w = World()
    honest = w.platform("P1")
    for n, lent in enumerate(("2016-02-01", "2016-03-10", "2016-04-12", "2016-05-11")):
        honest.loan(str(n), w.people(20), each=10_000 + 500 * n, lent=lent)
    plain = w.platform("P2")
    for n, (lent, due) in enumerate((("2016-02-01", "2016-03-02"), ("2016-03-10", "2016-04-09"))):
        borrower = w.person()
        sold = [
            plain.loan(
                f"{n}{key}", w.people(20), each=10_000, lent=lent, borrower=borrower, repaid=False, paid=False
            )[0]
            for key in "ab"
        ]
        w.move(due, borrower, plain.custody, 412_000)
        for product in sold:
            plain.pay(product, due, 1.01)
    scheme = w.platform("P3")
    for n, lent in enumerate(("2016-02-01", "2016-03-10", "2016-04-12", "2016-05-11")):
        scheme.loan(str(n), w.people(20), each=10_000 + 500 * n, lent=lent, lend=False, repaid=False)
    return w


def accused(w: World, codes: tuple[str, ...] = ARGUE_FROM_PROJECTS) -> dict[str, set[str]]:
    """Institutions, and the codes each is found under."""
    ctx = w.context()
    found: dict[str, set[str]] = {}
    for code in codes:
        for institution in findings(ctx, code):
            found.setdefault(institution, set()).add(code)
    return found


@pytest.mark.parametrize("gone", [("projects",), ("projects", "product_projects"), ("product_projects",)])
def test_lending_is_seen_from_flows(gone: tuple[str, ...]) -> None:
    w = lenders()
    for register in gone:
        del w.registers[register]
    found = accused(w)
    assert set(found) == {"P3"}
    assert {"fund-pool", "new-money-pays-old"} <= found["P3"]


def test_a_link_to_a_project_no_register_holds() -> None:
    w = lenders()
    w.registers["projects"] = [r for r in w.registers["projects"] if not r["project_id"].startswith("P1")]
    assert "P1" not in accused(w)


def test_developers_may_be_borrowers_no_register_names() -> None:
    w = World()
    estate = w.firm("甲房地产开发有限公司")
    w.platform("P1").loan("a", w.people(20), each=10_000, lent="2016-03-01", borrower=estate)
    del w.registers["projects"]
    assert accused(w) == {}


def test_projects_that_nothing_tells_apart() -> None:
    """Two loans of one size and day: without the register of links either borrower may have paid a round."""
    w = World()
    twins = w.platform("P1")
    for key, factor in (("a", 1.02), ("b", 1.01)):
        product, _ = twins.loan(key, w.people(20), each=10_000, lent="2016-03-01", paid=False, repaid=False)
        twins.pay(product, "2016-04-01", factor)
    borrowers = list(twins.borrowers.values())
    w.move("2016-03-31", borrowers[0], twins.custody, 202_500)
    w.move("2016-03-31", borrowers[1], twins.custody, 204_500)
    del w.registers["product_projects"]
    assert "P1" not in accused(w)


def test_loans_of_one_sum_day_after_day() -> None:
    """Without the register of links, the first sold is for the first begun, and a margin is no other borrower's."""
    w = World()
    p = w.platform("P1")
    for k, begin in enumerate(("2016-02-01", "2016-03-01", "2016-04-01")):
        for n in range(3):
            sold = dt.date.fromisoformat(begin) + dt.timedelta(days=n)
            lent, due = sold + dt.timedelta(days=5), sold + dt.timedelta(days=51 - n)
            product = p.product(f"{k}{n}", days=48 - 2 * n, issued=sold)
            firm = w.firm()
            p.project(f"{k}{n}", 250_000, firm, lent, (due - lent).days)
            p.sell(product, w.people(10), 25_000, sold)
            p.lend(firm, 250_000, lent)
            w.move(due, firm, p.custody, round(250_000 * (1 + 0.125 * (48 - 2 * n) / 365), 2))
            p.pay(product, due, 1 + 0.10 * (48 - 2 * n) / 365)
    assert accused(w) == {}


def test_clients_are_known_by_what_they_pay() -> None:
    """Without subscriptions, whoever pays in is a client; staff and borrowers hand back what they got before."""
    w = World()
    astray = w.platform("P1")  # clients pay into the own account and are paid out of custody
    sold = w.people(12)
    product = astray.product("a")
    astray.sell(product, sold[:6], 10_000, "2016-02-01", into=astray.own)
    astray.sell(product, sold[6:], 10_000, "2016-02-02")
    proper = w.platform("P2")  # pays vouchers to clients out of the own account; staff hand advances back
    clients, staff = w.people(12), w.people(6)
    proper.sell(proper.product("a"), clients, 10_000, "2016-02-01")
    for n, day in enumerate(("2016-02-10", "2016-03-10", "2016-04-11", "2016-05-10")):
        for who in clients[:4]:
            w.move(day, proper.own, who, 50 + n)
            w.move(day, proper.custody, who, 9_000)
        for who in staff:
            w.move(day, proper.own, who, 8_000)
    for who in staff:
        w.move("2016-05-20", who, proper.own, 7_000)
    del w.registers["subscriptions"]
    found = accused(w, ("custody-bypass", "commingled-client-funds", "misappropriation"))
    assert found == {"P1": {"custody-bypass", "commingled-client-funds"}}
    assert findings(w.context(), "custody-bypass")["P1"].amount_fen == 6_000_000


def test_payouts_and_pools_without_subscriptions() -> None:
    """Deposits that nothing but other clients' payouts used, or that lie there, show without subscriptions too."""
    w = lenders()
    pool = w.platform("P4")
    pool.sell(pool.product("a"), w.people(20), 10_000, "2016-03-01")
    few = w.people(4)  # clients who leave what was repaid and invest it again
    again = w.platform("P5")
    for who in few:
        w.move("2016-02-01", who, again.custody, 50_000)
    for n, lent in enumerate(("2016-02-03", "2016-03-10", "2016-04-12")):
        firm = w.firm()
        product = again.product(f"r{n}")
        again.project(f"r{n}", 200_000, firm, lent, 30, product=product)
        again.lend(firm, 200_000, lent)
        w.move(dt.date.fromisoformat(lent) + dt.timedelta(days=30), firm, again.custody, 202_000)
    lender = w.person()  # sells its claims through the platform and is no client
    between = w.platform("P6")
    for n, lent in enumerate(("2016-02-01", "2016-02-20", "2016-03-10", "2016-04-12")):
        key, due = f"s{n}", dt.date.fromisoformat(lent) + dt.timedelta(days=30)
        product, _ = between.loan(key, w.people(10), each=20_000, lent=lent, to=lender, repaid=False)
        w.move(due, lender, between.custody, 202_500)
    owner = w.person()  # puts money into the own account and draws on it
    funded = w.platform("P7")
    for n, month in enumerate(("2016-02", "2016-03", "2016-04")):
        funded.loan(f"o{n}", w.people(10), each=20_000, lent=f"{month}-03")
        w.move(f"{month}-20", owner, funded.own, 300_000 + 1_000 * n)
        w.move(f"{month}-25", funded.own, owner, 80_000)
    del w.registers["subscriptions"]
    found = accused(w)
    assert found == {"P3": {"new-money-pays-old"}, "P4": {"fund-pool"}}
    ctx = w.context()
    assert abs(findings(ctx, "fund-pool")["P4"].amount_fen - 200_000_00) <= 130_00  # less the bank's charges
    paid = sum(20 * (10_000 + 500 * n) * (1 + 0.10 * 30 / 365) for n in range(4))
    assert abs(findings(ctx, "new-money-pays-old")["P3"].amount_fen - paid * 100) < 100


def test_tills_are_known_by_their_payers() -> None:
    """A firm most of whose payers are the platform's clients, and that passes money on to it; a shop does not."""
    w = World()
    p = w.platform("P1")
    clients = w.people(12)
    p.sell(p.product("a"), clients, 10_000, "2016-02-01")
    for who in clients:
        w.move("2016-04-01", p.custody, who, 10_100)
    till, shop = w.account("party", name="丙商务有限公司"), w.account("party", name="丁商店有限公司")
    for who in clients[:8]:
        w.move("2016-03-01", who, till, 10_000)
        w.move("2016-03-02", who, shop, 300)
    w.move("2016-03-03", till, p.own, 60_000)
    for who in (till, shop):
        for day in ("2016-03-04", "2016-04-04", "2016-05-04"):
            w.move(day, who, w.firm(), 200)
    del w.registers["subscriptions"]
    found = findings(w.context(), "undisclosed-account")
    assert found["P1"].amount_fen == 8_000_000
    assert found["P1"].accounts == (till.no,)
