"""Clients' top-ups through a payment institution that it settles to an own account instead of custody."""

from __future__ import annotations

import polars as pl

from models.typologies._frames import within_days
from models.typologies._hidden import unpaid_subscriptions
from models.typologies._ledger import CLIENT_LINE, controlled_lines
from models.typologies._parties import of_kind
from models.typologies.base import Context

SETTLED = (0.98, 1.0001)
"""What is settled, over what clients subscribed on a day; the rest is the payment institution's fee."""
WAIT_DAYS = 4
"""Days between the day and its settlement (weekends)."""
TIMES = 3
"""Settlements that fit a day's subscriptions, from which it is no coincidence."""
MOST = 0.5
"""Part of what payment institutions settle to own accounts that must fit: others settle a shop's sales."""


def settled_tops(ctx: Context) -> pl.DataFrame:
    """Settlements of payment institutions into own accounts that are what clients subscribed on a day.

    Returns
    -------
    polars.DataFrame
        Grain: settlement × subscription: `CLIENT_LINE` with the settlement's line and account, the client as
        ``holder_id`` and the subscription's part of the settlement as ``amount_fen``. Sorted by line.
    """
    kinds = of_kind(ctx, "payment_institution").select(cp_holder_id="holder_id").unique()
    lumps = (
        controlled_lines(ctx)
        .filter(
            (pl.col("direction") == "in")
            & pl.col("account_type").is_in(["own", "other"])
            & pl.col("cp_type").is_null()
        )
        .join(kinds, on="cp_holder_id", how="semi")
        .select("institution_id", "line_no", "account_id", "account_no", "booked_on", "amount_fen")
    )
    asked = lumps.select("institution_id").unique()
    unpaid = unpaid_subscriptions(ctx).join(asked, on="institution_id", how="semi")
    days = unpaid.group_by("institution_id", "subscribed_on").agg(day_fen=pl.col("amount_fen").sum())
    waited = (pl.col("booked_on") - pl.col("subscribed_on")).dt.total_days()
    fits = (
        within_days(lumps, days, ["institution_id"], "booked_on", "subscribed_on", before=WAIT_DAYS, after=0)
        .with_columns(waited=waited, share=pl.col("amount_fen") / pl.col("day_fen"))
        .filter(pl.col("share").is_between(*SETTLED))
        .sort("waited", "line_no", "subscribed_on")
        .unique("line_no", keep="first", maintain_order=True)
        .unique(["institution_id", "subscribed_on"], keep="first", maintain_order=True)
    )
    every = lumps.group_by("institution_id").agg(all_fen=pl.col("amount_fen").sum())
    sure = (
        fits.group_by("institution_id")
        .agg(pl.len(), fen=pl.col("amount_fen").sum())
        .join(every, on="institution_id")
        .filter((pl.col("len") >= TIMES) & (pl.col("fen") >= MOST * pl.col("all_fen")))
    )
    subscribed = unpaid.select("institution_id", "subscribed_on", "holder_id", held_fen="amount_fen")
    part = (pl.col("held_fen") * pl.col("share")).round().cast(pl.Int64)
    return (
        fits.join(sure, on="institution_id", how="semi")
        .join(subscribed, on=["institution_id", "subscribed_on"])
        .with_columns(amount_fen=part)
        .select(CLIENT_LINE)
        .sort("line_no", "holder_id", "amount_fen")
    )
