"""Accounts of others that pay persons out of what the institution's own accounts paid them days before.

A firm or card that has a business of its own may still pay agents or clients in the institution's stead: each time it is
paid, it soon hands most of that on to several persons.
"""

from __future__ import annotations

import polars as pl

from models.typologies._frames import told
from models.typologies._ledger import controlled_lines
from models.typologies._parties import others_on_hand
from models.typologies.base import Context

DAYS = 7
"""Days in which what was paid in is handed on."""
TIMES = 3
"""Payments in that must be handed on."""
HANDED = (0.5, 1.02)
"""Part of each that persons are paid; the rest is kept for it, or the way's own profit."""
REGULAR = 0.8
"""Share of the payments in of which it holds; a supplier pays its workers when it likes."""
PERSONS = 3
"""Persons paid out of the usual payment in."""
_COLUMNS = ("line_no", "account_id", "account_no", "booked_on", "amount_fen", "cp_holder_id")


def fed_payments(ctx: Context) -> pl.DataFrame:
    """Payments to persons by accounts that hand on what the institution's own accounts pay them.

    Returns
    -------
    polars.DataFrame
        Grain: ``institution_id, line_no``. ``account_id``, ``account_no``, ``booked_on``, ``amount_fen``,
        ``holder_id`` (who was paid). Sorted by the grain.
    """
    frame: pl.DataFrame = ctx.shared("fed.payments", _fed_payments)
    return frame


def _fed_payments(ctx: Context) -> pl.DataFrame:
    key = ["institution_id", "account_id"]
    kinds = ctx.table("mart_holder_kind", ("holder_id",)).unique()
    others = others_on_hand(ctx).join(kinds, on="holder_id", how="anti").select("account_id")
    feeds = (
        controlled_lines(ctx)
        .filter(
            (pl.col("account_type") == "own") & (pl.col("direction") == "out") & pl.col("cp_type").is_null()
        )
        .select("institution_id", "booked_on", "amount_fen", account_id="cp_account_id")
        .drop_nulls()
        .join(others, on="account_id", how="semi")
        .group_by(*key, "booked_on")
        .agg(fed_fen=pl.col("amount_fen").sum())
        .filter(pl.len().over(key) >= TIMES)
        .with_columns(fed_on="booked_on")
        .sort("booked_on")
    )
    lines = ctx.rows(
        "mart_line",
        _COLUMNS,
        "direction = 'out' and cp_holder_id is not null and account_id in (select key from theirs)",
        theirs=feeds["account_id"].unique(),
    )
    lines = told(ctx, lines, "cp_holder_id", "mart_holder", _kind="kind").filter(
        pl.col("_kind").fill_null("person") != "company"
    )
    paid = (
        lines.drop("_kind")
        .rename({"cp_holder_id": "holder_id"})
        .join(feeds.select(key).unique(), on="account_id")
        .sort("booked_on")
        .join_asof(feeds, on="booked_on", by=key, tolerance=f"{DAYS}d", check_sortedness=False)
        .drop_nulls("fed_on")
    )
    each = paid.group_by(*key, "fed_on").agg(
        handed_fen=pl.col("amount_fen").sum(), persons=pl.col("holder_id").n_unique()
    )
    share = pl.col("handed_fen").fill_null(0) / pl.col("fed_fen")
    steady = (
        feeds.drop("booked_on")
        .join(each, on=[*key, "fed_on"], how="left")
        .group_by(key)
        .agg(
            regular=share.is_between(*HANDED).mean(),
            times=share.is_between(*HANDED).sum(),
            persons=pl.col("persons").fill_null(0).median(),
        )
        .filter((pl.col("regular") >= REGULAR) & (pl.col("times") >= TIMES) & (pl.col("persons") >= PERSONS))
    )
    return (
        paid.join(steady, on=key, how="semi")
        .select(
            "institution_id", "line_no", "account_id", "account_no", "booked_on", "amount_fen", "holder_id"
        )
        .sort("institution_id", "line_no")
    )
