"""Sources and uses in a small world, against what each payment was made for.

Every payment is tagged where it is made, with what truly paid it or what it was for; nothing is inferred. The
tags, added up, are the flows that tracing has to find from statements and registers alone.
"""

from __future__ import annotations

from collections import Counter
from itertools import count

import polars as pl
import pytest

from flows.steps.run import tracing_steps
from tests.cases.world import OPENING_FEN, Account, Platform, World, day, fen

GROWN = 1 + 0.10 * 30 / 365
CLIENT = ("custody", "product")


class Tagged:
    """A world whose payments are made for a reason that is taken down."""

    def __init__(self) -> None:
        self.world = World()
        self.truth: Counter[tuple[str, str, str]] = Counter()
        self.number = count(1)

    def platform(self) -> Platform:
        """A platform; its weekly bank charge is client money spent on the bank."""
        made = self.world.platform(f"T{next(self.number):02d}")
        charges = sum(x["amount_fen"] for x in self.world.lines if x["account_no"] == made.custody.no)
        self.truth[(made.id, "use", "bank")] += charges
        return made

    def lent(self, p: Platform, key: str, people: int, each: float, **how: object) -> tuple[str, float]:
        """A loan that is sold and lent; what becomes of it is the caller's business."""
        product, _ = p.loan(
            key, self.world.people(people), each=each, lent="2016-03-01", repaid=False, paid=False, **how
        )  # type: ignore[arg-type]
        self.truth[(p.id, "use", "project")] += fen(people * each)
        return product, people * each

    def paid(self, p: Platform, product: str, on: str, by: str) -> float:
        """The product's holders are paid, with money of class `by`."""
        total = p.pay(product, on, GROWN)
        self.truth[(p.id, "source", by)] += fen(total)
        if by == "other_client":
            self.truth[(p.id, "use", by)] += fen(total)
        return total

    def moved(self, on: str, p: Platform, to: Account, yuan: float, klass: str) -> None:
        """Client money is spent on something of class `klass`."""
        self.world.move(on, p.custody, to, yuan)
        self.truth[(p.id, "use", klass)] += fen(yuan)

    def close(self, p: Platform) -> None:
        """What is still in custody is held, with what was there before the first statement."""
        balance = OPENING_FEN + sum(
            x["amount_fen"] * (1 if x["direction"] == "in" else -1)
            for x in self.world.lines
            if x["account_no"] == p.custody.no
        )
        self.truth[(p.id, "use", "held")] += balance


def repaid_by_the_borrower(t: Tagged, size: int) -> None:
    p, firm = t.platform(), t.world.firm()
    product, principal = t.lent(p, "a", 12, size, borrower=firm)
    t.world.move("2016-03-31", firm, p.custody, round(principal * (1 + 0.12 * 30 / 365), 2))
    t.paid(p, product, "2016-04-01", "project")
    t.close(p)


def paid_by_the_next_clients(t: Tagged, size: int) -> None:
    p = t.platform()
    product, _ = t.lent(p, "a", 12, size)
    p.sell(p.product("b"), t.world.people(20), size, "2016-03-20")
    t.paid(p, product, "2016-04-01", "other_client")
    t.close(p)


def topped_up_from_the_own_account(t: Tagged, size: int) -> None:
    p = t.platform()
    product, principal = t.lent(p, "a", 12, size)
    t.world.move("2016-03-31", p.own, p.custody, round(principal * GROWN, 2))
    t.paid(p, product, "2016-04-01", "own")
    t.close(p)


def topped_up_by_a_shareholder(t: Tagged, size: int) -> None:
    p, owner = t.platform(), t.world.firm()
    t.world.relate(p.id, owner, "shareholder")
    product, principal = t.lent(p, "a", 12, size)
    t.world.move("2016-03-31", owner, p.custody, round(principal * GROWN, 2))
    t.paid(p, product, "2016-04-01", "related")
    t.close(p)


def a_deposit_beyond_the_subscription_given_back(t: Tagged, size: int) -> None:
    p = t.platform()
    p.sell(p.product("a"), t.world.people(8), size, "2016-02-01")
    who = t.world.person()
    p.sell(p.product("b"), [who], size, "2016-02-02")
    t.world.move("2016-02-03", who, p.custody, size + 300)
    t.moved("2016-02-10", p, who, size + 300, "same_client")
    t.truth[(p.id, "source", "same_client")] += fen(size + 300)
    t.close(p)


def lent_on_to_an_executive(t: Tagged, size: int) -> None:
    """The borrower passes on all but a tenth, over one firm that keeps nothing."""
    p, shell, between, boss = t.platform(), *(t.world.firm(held=True) for _ in range(2)), t.world.person()
    t.world.relate(p.id, boss, "executive")
    _, principal = t.lent(p, "a", 12, size, borrower=shell)
    part = round(principal * 0.9, 2)
    t.world.move("2016-03-03", shell, between, part)
    t.world.move("2016-03-05", between, boss, part)
    t.truth[(p.id, "use", "project")] -= fen(part)
    t.truth[(p.id, "use", "related")] += fen(part)
    t.close(p)


def bought_shares_with_it(t: Tagged, size: int) -> None:
    p = t.platform()
    p.sell(p.product("a"), t.world.people(12), size, "2016-02-01")
    t.moved("2016-02-15", p, t.world.firm("北川证券股份有限公司"), size * 5, "securities")
    t.close(p)


def spent_on_itself(t: Tagged, size: int) -> None:
    """A small fee, and far more than any fee."""
    p = t.platform()
    t.lent(p, "a", 12, size)
    t.moved("2016-03-05", p, p.own, 900, "fee")
    p.sell(p.product("b"), t.world.people(20), size, "2016-04-01")
    t.moved("2016-05-20", p, p.own, size * 11, "own")
    t.close(p)


def paid_out_of_a_till_nobody_registered(t: Tagged, size: int) -> None:
    """Clients pay into it, it sweeps a part to custody, and pays one of them more than her own money."""
    p, till = t.platform(), t.world.firm(held=True)
    people = t.world.people(8)
    t.world.move("2016-01-20", till, t.world.firm(), OPENING_FEN / 100)
    p.sell(p.product("a"), people, size, "2016-02-01", into=till)
    t.world.move("2016-02-10", till, people[0], size)
    t.world.move("2016-02-11", till, people[0], 500)
    t.world.move("2016-02-20", till, p.custody, size * 3)
    for klass, yuan in (("same_client", size), ("other_client", 500)):
        t.truth[(p.id, "source", klass)] += fen(yuan)
        t.truth[(p.id, "use", klass)] += fen(yuan)
    t.truth[(p.id, "use", "held")] += fen(size * 4 - 500)
    t.close(p)


STORIES = (
    repaid_by_the_borrower,
    paid_by_the_next_clients,
    topped_up_from_the_own_account,
    topped_up_by_a_shareholder,
    a_deposit_beyond_the_subscription_given_back,
    lent_on_to_an_executive,
    bought_shares_with_it,
    spent_on_itself,
    paid_out_of_a_till_nobody_registered,
)


@pytest.fixture(scope="module")
def told() -> Tagged:
    """Each story twice, in other amounts, all in one world."""
    t = Tagged()
    for size in (10_000, 7_300):
        for story in STORIES:
            story(t, size)
    t.world.marts(after=tracing_steps(day("2016-06-26")))
    return t


def test_flows_are_what_the_payments_were_made_for(told: Tagged) -> None:
    found = {tuple(r[:3]): r[3] for r in told.world.marts().table("mart_flow").iter_rows()}
    assert found == {k: v for k, v in told.truth.items() if v}


def test_every_payout_is_split_without_rest(told: Tagged) -> None:
    marts = told.world.marts()
    lines = marts.table("mart_line").select("line_no", whole="amount_fen")
    parts = marts.table("trace_source").group_by("line_no").agg(pl.col("amount_fen").sum())
    assert parts.join(lines, on="line_no").filter(pl.col("amount_fen") != pl.col("whole")).is_empty()


def test_client_money_out_is_used_or_paid_by_somebody_else(told: Tagged) -> None:
    """Each out-line of a client account: its uses, and the part of a payout that others paid, make it up."""
    marts = told.world.marts()
    accounts = marts.table("mart_controlled_account").filter(pl.col("account_type").is_in(CLIENT))
    out = (
        marts.table("mart_line")
        .filter(pl.col("direction") == "out")
        .join(accounts.select("account_id"), on="account_id", how="semi")
        .select("line_no", whole="amount_fen")
    )
    used = marts.table("trace_use").filter(pl.col("class") != "held").select("line_no", "amount_fen")
    others = (
        marts.table("trace_source")
        .filter(~pl.col("class").is_in(["same_client", "other_client"]))
        .select("line_no", "amount_fen")
    )
    told_of = pl.concat([used, others]).group_by("line_no").agg(pl.col("amount_fen").sum())
    whole = out.join(told_of, on="line_no", how="left")
    assert whole.filter(pl.col("amount_fen").fill_null(0) != pl.col("whole")).is_empty()


def test_fragments_make_up_every_line(told: Tagged) -> None:
    marts = told.world.marts()
    fragments, lines = marts.table("trace_fragment"), marts.table("mart_line")
    for side, direction in (("in_line_no", "in"), ("out_line_no", "out")):
        summed = fragments.drop_nulls(side).group_by(line_no=side).agg(pl.col("amount_fen").sum())
        ours = lines.filter(pl.col("direction") == direction).select("line_no", whole="amount_fen")
        both = ours.join(summed, on="line_no", how="full", coalesce=True)
        assert both.filter(pl.col("amount_fen").ne_missing(pl.col("whole"))).is_empty()


def test_the_range_holds_what_every_method_agrees_on(told: Tagged) -> None:
    band = told.world.marts().table("mart_flow_range")
    assert (band["low_fen"] <= band["high_fen"]).all()
    assert band["methods"].is_between(1, 5).all()
    # a class that one method leaves out has nothing at its low end
    assert (band.filter(pl.col("methods") < 5)["low_fen"] == 0).all()
