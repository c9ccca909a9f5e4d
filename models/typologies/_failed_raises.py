"""Rounds that came to nothing (流标): the clients got back what they paid in, at par and soon."""

from __future__ import annotations

import polars as pl

from models.typologies._ledger import controlled_lines, payouts, subscriptions
from models.typologies.base import Context

BACK_DAYS = 30
"""Days after the last subscription in which the money of a failed round is back with its clients (calibrated: the
longest raising periods of platforms are a month)."""
AT_PAR = 0.0005
"""Largest part of a holding by which what is given back may differ from it (a fee for the payment)."""
BACK_SHARE = 0.99
"""Share of what was sold that came back: a few payments may be lost or masked."""


def failed_raises(ctx: Context) -> pl.DataFrame:
    """Products whose clients were given back all they had subscribed, at par, within `BACK_DAYS`.

    Such a product has no borrower to pay, and its money is with the clients who paid it in. Interest paid on any
    holding of it, or a holding that stays open, makes it none.

    Returns
    -------
    polars.DataFrame
        ``product_id``; sorted.
    """
    frame: pl.DataFrame = ctx.shared("failed_raises", _failed)
    return frame


def _failed(ctx: Context) -> pl.DataFrame:
    return pl.concat([_shown(ctx), _registered(ctx)]).unique().sort("product_id")


def _registered(ctx: Context) -> pl.DataFrame:
    """Products wholly redeemed soon, for each holding of which the very amount left a client account that day.

    Where cards are masked nobody can say who got it; amounts and days can.
    """
    held = subscriptions(ctx).select(
        "institution_id", "product_id", "amount_fen", "subscribed_on", "redeemed_on"
    )
    soon = (pl.col("redeemed_on").max() - pl.col("subscribed_on").max()).dt.total_days()
    whole = (
        held.group_by("product_id")
        .agg(told=pl.col("redeemed_on").is_not_null().all(), soon=soon, holdings=pl.len())
        .filter(pl.col("told") & (pl.col("soon") <= BACK_DAYS))
        .select("product_id", "holdings")
    )
    key = ["institution_id", "amount_fen", "booked_on"]
    back = held.join(whole, on="product_id").rename({"redeemed_on": "booked_on"})
    outs = (
        controlled_lines(ctx)
        .filter((pl.col("direction") == "out") & pl.col("account_type").is_in(["custody", "product", "own"]))
        .join(back.select(key), on=key, how="semi")
        .group_by(key)
        .agg(paid=pl.len())
    )
    return (
        back.group_by(*key, "product_id")
        .agg(pl.len(), pl.col("holdings").first())
        .join(outs, on=key)
        .group_by("product_id")
        .agg(pl.min_horizontal("len", "paid").sum(), pl.col("holdings").first())
        .filter(pl.col("len") >= pl.col("holdings") * BACK_SHARE)
        .select("product_id")
    )


def _shown(ctx: Context) -> pl.DataFrame:
    """Products whose payouts are known, all at par."""
    sold = (
        subscriptions(ctx)
        .group_by("product_id")
        .agg(sold_fen=pl.col("amount_fen").sum(), last_on=pl.col("subscribed_on").max())
    )
    paid = payouts(ctx).filter(pl.col("product_id").is_not_null())
    par = (pl.col("factor") - 1).abs() <= AT_PAR
    return (
        paid.select("product_id", "booked_on", "amount_fen", par=par)
        .group_by("product_id")
        .agg(
            pl.col("par").all(),
            back_fen=pl.col("amount_fen").sum(),
            back_on=pl.col("booked_on").max(),
        )
        .join(sold, on="product_id")
        .filter(
            pl.col("par")
            & (pl.col("back_fen") >= pl.col("sold_fen") * BACK_SHARE)
            & ((pl.col("back_on") - pl.col("last_on")).dt.total_days() <= BACK_DAYS)
        )
        .select("product_id")
    )
