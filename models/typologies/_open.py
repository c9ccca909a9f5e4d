"""How much of a product is held on a day."""

from __future__ import annotations

import polars as pl

from models.typologies._ledger_lines import subscriptions
from models.typologies.base import Context


def open_holdings(ctx: Context, days: pl.DataFrame) -> pl.DataFrame:
    """Holdings of products that are open on given days, both the day of subscription and that of redemption counted.

    What came and went is added up along the days: to meet every holding with every day would be too many pairs for a
    product that many hold and that pays often.

    Parameters
    ----------
    ctx : Context
    days : polars.DataFrame
        ``product_id``, ``booked_on``.

    Returns
    -------
    polars.DataFrame
        Grain: ``product_id, booked_on`` of `days` with any holding open; ``open_fen``, ``open_holdings``. Not sorted.
    """
    held = subscriptions(ctx).select(
        "product_id", "subscribed_on", "redeemed_on", open_fen="amount_fen", open_holdings=pl.lit(1, pl.Int64)
    )
    held = held.filter(
        pl.col("subscribed_on").is_not_null()
        & (pl.col("redeemed_on").is_null() | (pl.col("redeemed_on") >= pl.col("subscribed_on")))
    )
    what = ["open_fen", "open_holdings"]
    came = held.select("product_id", *what, on="subscribed_on")
    went = held.drop_nulls("redeemed_on").select(
        "product_id", *(-pl.col(c) for c in what), on=pl.col("redeemed_on") + pl.duration(days=1)
    )
    steps = (
        pl.concat([came, went])
        .group_by("product_id", "on")
        .agg(pl.col(what).sum())
        .sort("product_id", "on")
        .with_columns(pl.col(what).cum_sum().over("product_id"))
        .sort("on")
    )
    return (
        days.select("product_id", "booked_on")
        .drop_nulls()
        .unique()
        .sort("booked_on")
        .join_asof(steps, left_on="booked_on", right_on="on", by="product_id", check_sortedness=False)
        .filter(pl.col("open_holdings") > 0)
        .drop("on")
    )
