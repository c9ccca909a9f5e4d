"""Claims that clients sell to each other (债权转让): what a buyer pays in goes to the seller, and no pool grows."""

from __future__ import annotations

import math

import polars as pl

from models.typologies._frames import cell, within_days
from models.typologies._ledger import deposits, payouts, subscriptions
from models.typologies.base import Context

SETTLED_DAYS = 5
"""Days from the buyer's payment to the seller's (a weekend and the platform's check between)."""
ALONE = 2
"""Holders of a product that may get one factor of what they hold and still be sellers, no round of payment."""
PRICE = (0.97, 1.005)
"""What the seller gets of what the buyer pays: a fee is kept back."""
_GRID = math.log(PRICE[1] / PRICE[0])


def claim_sales(ctx: Context) -> pl.DataFrame:
    """Subscriptions whose money went on to an earlier holder of the same product.

    Returns
    -------
    polars.DataFrame
        ``subscription_id``; sorted.
    """
    frame: pl.DataFrame = ctx.shared("claims.sales", _sales)
    return frame


def _sales(ctx: Context) -> pl.DataFrame:
    due = pl.col("subscribed_on") + pl.duration(days=pl.col("term_days"))
    held = subscriptions(ctx).select(
        "subscription_id", "institution_id", "product_no", "holder_id", "subscribed_on", due_on=due
    )
    first = held.group_by("product_no").agg(first_on=pl.col("subscribed_on").min())
    later = (
        held.drop("due_on").join(first, on="product_no").filter(pl.col("subscribed_on") > pl.col("first_on"))
    )
    bought = deposits(ctx).drop_nulls("subscription_id").select("subscription_id", "booked_on", "amount_fen")
    bought = bought.join(later, on="subscription_id")
    sellers = held.select(
        "institution_id", "product_no", seller="holder_id", held_on="subscribed_on", due_on="due_on"
    )
    # what several holders get at one factor is a round of payment
    paid = (
        payouts(ctx)
        .filter((pl.col("support").fill_null(0) <= ALONE) & (pl.col("wide").fill_null(0) <= ALONE))
        .join(bought.select("institution_id").unique(), on="institution_id", how="semi")
        .select("line_no", "institution_id", seller="holder_id", paid_on="booked_on", paid_fen="amount_fen")
        .drop_nulls("seller")
    )
    # all payments of an institution in all days would be too many pairs
    # a price lies in its least one's cell or in one beside it
    least = cell(pl.col("amount_fen") * PRICE[0], _GRID)
    offered = pl.concat([bought.with_columns(_cell=least + n) for n in range(-1, 3)])
    got = paid.with_columns(_cell=cell(pl.col("paid_fen"), _GRID))
    on = ["institution_id", "_cell"]
    pairs = (
        within_days(offered, got, on, "booked_on", "paid_on", before=0, after=SETTLED_DAYS)
        .filter((pl.col("paid_fen") / pl.col("amount_fen")).is_between(*PRICE))
        .filter(pl.col("seller").ne_missing(pl.col("holder_id")))
        .join(sellers, on=["institution_id", "product_no", "seller"])
        .filter((pl.col("held_on") < pl.col("subscribed_on")) & (pl.col("paid_on") < pl.col("due_on")))
        .with_columns(lag=(pl.col("paid_on") - pl.col("booked_on")).dt.total_days())
        .sort("lag", "subscription_id", "line_no")
        .unique("subscription_id", keep="first", maintain_order=True)
        .unique("line_no", keep="first", maintain_order=True)
    )
    return pairs.select("subscription_id").sort("subscription_id")
