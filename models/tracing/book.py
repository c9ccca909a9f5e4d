"""The statement lines as tracing reads them: whole numbers only, laid out once a run."""

from __future__ import annotations

import polars as pl

from models.tracing.legs import Legs, legs, openings
from models.typologies.base import Context

WALKED = ("line_no", "account_id", "direction", "amount_fen", "balance_after_fen")
"""Columns that say how an account's balance walked."""


def walked_lines(ctx: Context) -> pl.DataFrame:
    """All lines with the columns `WALKED`, in order of ``line_no``."""
    lines = ctx.table("mart_line", WALKED)
    return lines if lines["line_no"].is_sorted() else lines.sort("line_no")


def account_openings(ctx: Context) -> pl.DataFrame:
    """Opening balance of every account, as `models.tracing.legs.openings`."""
    frame: pl.DataFrame = ctx.shared("tracing.openings", lambda c: openings(c.table("mart_line", WALKED)))
    return frame


def all_legs(ctx: Context) -> Legs:
    """Legs of all accounts, with their opening balances."""
    walked: Legs = ctx.shared(
        "tracing.legs", lambda c: legs(c.table("mart_line", WALKED), account_openings(c))
    )
    return walked
