"""How long money lasts and what payouts follow: said where it can be, and honestly not said where it cannot."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from models.typologies import _outlook as outlook
from models.typologies import _outlook_said as said_of
from models.typologies.base import Context
from models.yields.signs import draining
from tests.cases.world import LAST, World

FRIDAYS = [LAST - dt.timedelta(days=2 + 7 * k) for k in range(15, -1, -1)]


@pytest.fixture(scope="module")
def ctx() -> Context:
    """`DRY` loses eight million a week of its hundred, `EVEN` hands on what it gets, and `POOL` pays its clients out of what they paid in, ten millions of which are left."""
    w = World()
    firm = w.firm()
    dry, even, pool = (w.platform(i) for i in ("DRY", "EVEN", "POOL"))
    draw = np.random.default_rng(3)
    for k, on in enumerate(FRIDAYS[4:]):
        w.move(on, firm, dry.custody, 2_000_000 + 1000 * k)
        w.move(on, dry.custody, firm, 10_000_000)
    for on in FRIDAYS:
        got = float(draw.integers(1_000, 9_000)) * 1_000
        w.move(on, firm, even.custody, got)
        w.move(on + dt.timedelta(days=int(draw.integers(0, 3))), even.custody, firm, got)
    pid = pool.product("P", yield_=0.3, days=400, issued=FRIDAYS[0])
    pool.sell(pid, w.people(10), 1_000_000, FRIDAYS[0])
    w.move(FRIDAYS[0], pool.custody, firm, 95_000_000)
    for on in FRIDAYS[1:]:
        pool.pay(pid, on, 0.05)
    return w.context()


def test_money_that_drains_runs_out_within_the_interval(ctx: Context) -> None:
    h = outlook.at_present(ctx, "DRY")
    left = (100 - 12 * 8) * 1_000_000 * 100
    assert outlook.liquid(ctx, "DRY") == pytest.approx(left, rel=0.05)
    assert h is not None
    assert 1 <= h.low <= h.weeks <= h.high <= 3
    said = said_of.solvency(ctx, "DRY")
    assert f"{h.on}" in said.zh
    assert f"{h.on}" in said.en
    assert said.benign
    assert said_of.drain(ctx, "DRY").zh


def test_money_on_its_way_has_no_horizon(ctx: Context) -> None:
    assert outlook.at_present(ctx, "EVEN") is None
    assert outlook.without_new_clients(ctx, "EVEN") is None
    said = said_of.solvency(ctx, "EVEN")
    assert "no lasting drain" in said.en
    assert not said.benign
    assert said_of.drain(ctx, "EVEN") == said_of.growth(ctx, "EVEN") == said_of.Said()


def test_few_weeks_or_no_account_say_nothing(ctx: Context) -> None:
    w = World(last="2016-02-21")
    new = w.platform("NEW")
    for on in ("2016-02-03", "2016-02-10", "2016-02-17"):
        w.move(on, new.custody, w.firm(), 9_000_000)
    young = w.context()
    assert said_of.solvency(young, "NEW") == said_of.SHORT
    assert outlook.at_present(young, "NEW") is None
    assert said_of.source_of_payouts(young, "NEW") == said_of.growth(young, "NEW") == said_of.Said()
    assert said_of.solvency(ctx, "NOBODY") == said_of.Said()


def test_payouts_out_of_the_pool_end_without_new_clients(ctx: Context) -> None:
    h = outlook.without_new_clients(ctx, "POOL")
    assert h is not None
    # Seven and a half of fifteen millions went in fifteen weeks, none before: what is left lasts no longer.
    assert 7 <= h.low <= h.weeks <= h.high <= 16
    assert "grow by" in said_of.growth(ctx, "POOL").en
    assert "nothing to be compared" in said_of.source_of_payouts(ctx, "POOL").en


def test_without_a_stated_balance_nothing_runs_out(ctx: Context) -> None:
    class Bare:
        """The same marts with no balance on any line."""

        def table(self, name: str, columns: tuple[str, ...] | None = None) -> pl.DataFrame:
            """A relation, balances blanked."""
            frame = ctx.marts.table(name, columns)
            named = "balance_after_fen"
            return (
                frame.with_columns(pl.lit(None, pl.Int64).alias(named)) if named in frame.columns else frame
            )

    bare = Context(Bare(), ctx.as_of)
    assert outlook.liquid(bare, "DRY") is None
    assert outlook.at_present(bare, "DRY") is None
    assert "cannot be said" in said_of.solvency(bare, "DRY").en


def test_made_distributions_are_compared_week_by_week(ctx: Context) -> None:
    made = pl.DataFrame(
        {
            "booked_on": FRIDAYS,
            "paid_fen": [100 + k % 2 for k in range(16)],
            "income_fen": [50 * (k % 5 + 1) for k in range(16)],
        }
    )
    said = said_of.source_of_payouts(ctx, "EVEN", made)
    assert "0.01 times" in said.en


def test_draining_is_not_told_of_noise_or_of_few_weeks() -> None:
    draw = np.random.default_rng(8)
    told = [draining(draw.normal(0, 1, 26)) for _ in range(200)]
    assert sum(told) <= 30
    assert draining(draw.normal(-1, 0.5, 26))
    assert not draining([-1.0] * 7)
    assert not draining(np.zeros(26))
