"""Can it go on? When the money that pays clients runs out, and whether payouts follow income: the figures.

They stand in the explanation of findings that other signs have made and trigger none
(`models.yields.signs` holds the mathematics, `models.typologies._outlook_said` the words).
"""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import numpy.typing as npt
import polars as pl

from models.typologies._ledger import controlled_lines
from models.typologies._rounds import repayments, rounds
from models.typologies.base import Context
from models.yields.signs import Evenness, Horizon, draining, evenness, solvency_horizon

PAYING = ("custody", "product")
"""Account types whose balance can pay clients."""
OWN = ("own", "risk_reserve")


def weekly(ctx: Context) -> pl.DataFrame:
    """Weekly flows of each institution that holds clients' money; weeks without flows are there with zeros.

    Returns
    -------
    polars.DataFrame
        Grain: ``institution_id, week_end`` (a Sunday), from its first week to that of the day; fen. ``in_fen``,
        ``out_fen`` of the accounts that pay clients, flows among them left out; ``paid_fen`` (identified rounds of payouts),
        ``uncovered_fen`` (the part no borrower and no top-up paid), ``income_fen`` (repayments of borrowers). Sorted.
    """
    frame: pl.DataFrame = ctx.shared("outlook.weekly", _weekly)
    return frame


def _weekly(ctx: Context) -> pl.DataFrame:
    sunday = pl.col("booked_on").dt.truncate("1w") + pl.duration(days=6)
    key = ["institution_id", "week_end"]
    fen, came = pl.col("amount_fen"), pl.col("direction") == "in"
    moved = (
        controlled_lines(ctx)
        .filter(
            pl.col("account_type").is_in(PAYING)
            & (pl.col("cp_type").is_null() | ~pl.col("cp_type").is_in(PAYING))
        )
        .group_by("institution_id", week_end=sunday)
        .agg(in_fen=fen.filter(came).sum(), out_fen=fen.filter(~came).sum())
    )
    paid = (
        rounds(ctx)
        .group_by("institution_id", week_end=sunday)
        .agg(paid_fen=pl.col("paid_fen").sum(), uncovered_fen=pl.col("pool_fen").sum())
    )
    income = (
        repayments(ctx)
        .rename({"in_on": "booked_on"})
        .group_by("institution_id", week_end=sunday)
        .agg(income_fen=pl.col("in_fen").sum())
    )
    first = moved.group_by("institution_id").agg(pl.col("week_end").min())
    every = (
        first.with_columns(week_end=pl.date_ranges("week_end", pl.lit(ctx.as_of), "1w"))
        .explode("week_end")
        .drop_nulls("week_end")
    )
    return (
        every.join(moved, on=key, how="left")
        .join(paid, on=key, how="left")
        .join(income, on=key, how="left")
        .with_columns(pl.col("^.*_fen$").fill_null(0).cast(pl.Int64))
        .sort(key)
    )


def liquid(ctx: Context, institution_id: str, types: tuple[str, ...] = PAYING) -> int | None:
    """Last stated balance of an institution's accounts of these types; None when no statement tells one."""

    def make(ctx: Context) -> dict[str, int]:
        rows = (
            controlled_lines(ctx)
            .select("institution_id", "account_id", "account_type", "balance_after_fen")
            .filter(pl.col("account_type").is_in(types) & pl.col("balance_after_fen").is_not_null())
            .group_by("institution_id", "account_id", maintain_order=True)
            .agg(pl.col("balance_after_fen").last())
            .group_by("institution_id")
            .agg(pl.col("balance_after_fen").sum())
        )
        return dict(rows.iter_rows())

    known: dict[str, int] = ctx.shared("outlook.liquid:" + "+".join(types), make)
    return known.get(institution_id)


def of(ctx: Context, institution_id: str) -> pl.DataFrame:
    return weekly(ctx).filter(pl.col("institution_id") == institution_id)


def floats(frame: pl.DataFrame, column: str) -> npt.NDArray[np.float64]:
    return frame[column].to_numpy().astype(np.float64)


def at_present(ctx: Context, institution_id: str) -> Horizon | None:
    """Horizon at present flows; None when it cannot be said or nothing drains."""
    flows, money = of(ctx, institution_id), liquid(ctx, institution_id)
    came, went = floats(flows, "in_fen"), floats(flows, "out_fen")
    if money is None or not draining(came - went):
        return None
    return ends(solvency_horizon(money, came, np.zeros(came.size), went, ctx.as_of))


def without_new_clients(ctx: Context, institution_id: str) -> Horizon | None:
    """Horizon of the payouts that only other clients' money covered, were no more of it to come; None as above."""
    flows, money = of(ctx, institution_id), liquid(ctx, institution_id)
    need = floats(flows, "uncovered_fen")
    if money is None or not draining(-need):
        return None
    return ends(spent(money, need, ctx.as_of))


def spent(money: int, need: npt.NDArray[np.float64], as_of: dt.date) -> Horizon:
    """Horizon of money that nothing is added to."""
    nothing = np.zeros(need.size)
    return solvency_horizon(money, nothing, nothing, need, as_of)


def ends(h: Horizon) -> Horizon | None:
    """A horizon beyond ten years is none: bank charges alone drain an idle account in a century."""
    return h if math.isfinite(h.weeks) else None


def steadiness(flows: pl.DataFrame) -> Evenness:
    """Evenness of payouts (``paid_fen``) beside what earned them (``income_fen``), over periods with one of them."""
    told = flows.filter((pl.col("paid_fen") > 0) | (pl.col("income_fen") > 0))
    return evenness(floats(told, "paid_fen"), floats(told, "income_fen"))
