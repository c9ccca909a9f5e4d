"""Firms, partnerships and nominees that hold a private product with the money many persons had just paid them (拼单、代持)."""

from __future__ import annotations

import polars as pl

from models.typologies._frames import holders
from models.typologies.base import Context

BEFORE_DAYS = 90
"""Days before a subscription in which persons' money into the subscriber's account was collected for it."""
COLLECTED = 0.5
"""Part of what the firm subscribed that persons must have paid in: less is its own money."""
PASSED_ON = 0.7
"""Part of all its takings of that time that the firm must have subscribed: a shop keeps most of them for its trade."""
FEW, NEARLY_ALL = 3, 0.8
"""Persons behind a nominee, of whom a product has several, and the part of the subscription these must have paid in."""
SHARE_FEN = 1_000_000
"""Least median payment of such persons (10,000 yuan): customers pay less."""


def members(ctx: Context, products: pl.Series, least: int) -> pl.DataFrame:
    """Persons behind the firms and nominees that subscribed to these products, where statements show their payments.

    Parameters
    ----------
    ctx : Context
    products : polars.Series
        Product ids.
    least : int
        Fewest persons who paid a subscriber, or the nominees of a product together, for these to be vehicles.

    Returns
    -------
    polars.DataFrame
        Grain: ``product_id`` × ``line_no`` of a person's payment. ``who``, ``vehicle_id`` (who subscribed), ``amount_fen``
        (of all payments to a firm no more than it subscribed), ``subscribed_on``. Sorted.
    """
    sold = ctx.table("mart_subscription", ("product_id", "holder_id", "amount_fen", "subscribed_on"))
    sold = sold.filter(pl.col("product_id").is_in(products.implode())).drop_nulls("holder_id")
    firms = holders(ctx, ("kind", "institution_id"), sold["holder_id"])
    firms = firms.filter(pl.col("institution_id").is_null())
    bought = (
        sold.join(firms.select("holder_id"), on="holder_id", how="semi")
        .group_by("product_id", vehicle_id="holder_id")
        .agg(bought_fen=pl.col("amount_fen").sum(), subscribed_on=pl.col("subscribed_on").max())
    )
    accounts = ctx.table("mart_account", ("account_id", "holder_id")).rename({"holder_id": "vehicle_id"})
    accounts = accounts.join(bought, on="vehicle_id", how="semi")
    came = ctx.rows(
        "mart_line",
        ("line_no", "account_id", "booked_on", "amount_fen", "cp_holder_id"),
        "direction = 'in' and account_id in (select key from theirs)",
        theirs=accounts["account_id"],
    ).drop_nulls("cp_holder_id")
    waited = (pl.col("subscribed_on") - pl.col("booked_on")).dt.total_days()
    came = came.join(accounts, on="account_id").join(bought, on="vehicle_id")
    came = came.filter(waited.is_between(0, BEFORE_DAYS))
    kinds = holders(ctx, ("kind",), came["cp_holder_id"]).filter(pl.col("kind") == "person")
    vehicle = ["product_id", "vehicle_id"]
    paid_fen = pl.col("amount_fen").sum().over(vehicle)
    return (
        came.filter(pl.col("bought_fen") >= paid_fen * PASSED_ON)
        .join(kinds.select(cp_holder_id="holder_id"), on="cp_holder_id", how="semi")
        .filter(pl.col("amount_fen").median().over(vehicle) >= SHARE_FEN)
        .with_columns(
            persons=pl.col("cp_holder_id").n_unique().over(vehicle), part=paid_fen / pl.col("bought_fen")
        )
        .filter(
            ((pl.col("persons") >= least) & (pl.col("part") >= COLLECTED))
            | ((pl.col("persons") >= FEW) & (pl.col("part") >= NEARLY_ALL))
        )
        .filter(pl.col("cp_holder_id").n_unique().over("product_id") >= least)
        .with_columns(share=pl.min_horizontal(pl.lit(1.0), pl.col("bought_fen") / paid_fen))
        .select(
            "product_id",
            "line_no",
            "vehicle_id",
            "subscribed_on",
            who=pl.format("holder {}", "cp_holder_id"),
            amount_fen=(pl.col("amount_fen") * pl.col("share")).round().cast(pl.Int64),
        )
        .sort("product_id", "line_no")
    )
