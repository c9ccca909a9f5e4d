"""How sure the way of one line's money is: the same trace under every method and both extreme orders of a day.

One figure alone is attackable. What arrives under every method, in nearly the same amount, holds whatever
rule a court prefers; what arrives under one method only is a lead and no more.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import polars as pl

from models.tracing.api import trace
from models.tracing.book import WALKED
from models.tracing.follow import follow
from models.tracing.fragments import METHODS
from models.tracing.hops import LINES, TRANSFERS, Web, rows_of
from models.tracing.legs import Ints, openings
from models.tracing.match import match
from models.tracing.pots import pots
from models.tracing.reach import Tables
from models.typologies.base import Context

BAND_SCHEMA: dict[str, pl.DataType] = {
    "hop": pl.Int64(),
    "line_no": pl.Int64(),
    "low_fen": pl.Int64(),
    "high_fen": pl.Int64(),
    "ways": pl.Int64(),
}
"""Grain: hop × line that carries some of the start's money under at least one way of matching. Lowest and
highest part of the start's money on that line (all paths to it together); ``ways`` counts the `WAYS` under which it
carries any."""

WAYS = (*METHODS, "receipts first", "payments first")
"""The methods in the bank's order, and first in, first out with each day's receipts or payments first."""

First = Literal["in", "out"]


def band(
    tables: Tables, line_no: int, *, forward: bool = True, hops: int = 3, days: float | None = None
) -> pl.DataFrame:
    """Range of what each line carries of one line's money.

    Parameters
    ----------
    tables, line_no, forward, hops, days
        As `models.tracing.api.trace`.

    Returns
    -------
    polars.DataFrame
        `BAND_SCHEMA`, sorted by hop, then line.
    """
    steps = [
        trace(tables, line_no, forward=forward, hops=hops, days=days, method=method).steps
        for method in METHODS
    ]
    starts = pl.Series([line_no])
    firsts: tuple[First, ...] = ("in", "out")
    for first in firsts:
        made = reordered_web(tables, first)
        steps.append(follow(made, starts, forward=forward, hops=hops, days=days).steps)
    each = pl.concat(
        [
            s.group_by("hop", "line_no").agg(pl.col("amount_fen").sum()).with_columns(way=pl.lit(k))
            for k, s in enumerate(steps)
        ]
    )
    return (
        each.group_by("hop", "line_no")
        .agg(
            # a way that does not lead to the line carries nothing there
            low_fen=pl.when(pl.len() == len(WAYS)).then(pl.col("amount_fen").min()).otherwise(0),
            high_fen=pl.col("amount_fen").max(),
            ways=pl.len().cast(pl.Int64),
        )
        .sort("hop", "line_no")
        .cast(pl.Schema(BAND_SCHEMA))
    )


def day_order(lines: pl.DataFrame, first: First) -> Ints:
    """Rows of the lines with each day's receipts (``in``) or payments (``out``) first, accounts kept together.

    Parameters
    ----------
    lines : polars.DataFrame
        ``account_id``, ``booked_on``, ``direction``; in the bank's order.
    """
    day = pl.col("booked_on").to_physical()
    day = (day - day.min()).cast(pl.Int64)
    later = (pl.col("direction") != first).cast(pl.Int64)
    key = (pl.col("account_id").cast(pl.Int64) * (day.max() + 1) + day) * 2 + later
    order: Ints = np.argsort(lines.select(key).to_series().to_numpy(), kind="stable")
    return order


def reordered_web(tables: Tables, first: First) -> Web:
    """The web as first in, first out would have it with another order within each day."""
    lines = tables.table("mart_line", tuple(dict.fromkeys((*WALKED, "booked_on", *LINES)))).sort(
        "account_id", "line_no"
    )
    order = day_order(lines, first)
    number = lines["line_no"].to_numpy()[order]
    fresh = lines.select("account_id", "direction", "amount_fen")[order].with_row_index("line_no")
    claims = pots(tables) if isinstance(tables, Context) else None
    if claims is not None:
        place = np.empty(order.size, np.int64)
        place[order] = np.arange(order.size)
        at = rows_of(lines["line_no"].to_numpy(), claims["line_no"])
        claims = claims.with_columns(line_no=pl.Series(place[at]))
    found = match(fresh, "fifo", opening=openings(lines), pots=claims)
    numbers = pl.Series(number)
    found = found.with_columns(
        numbers.gather(found[side]).alias(side) for side in ("in_line_no", "out_line_no")
    )
    return Web.of(lines, found, tables.table("mart_transfer", TRANSFERS))
