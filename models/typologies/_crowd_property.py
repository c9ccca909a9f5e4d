"""Many small payers for one property (众筹买房): what an unlicensed firm collects from persons and pays a developer."""

from __future__ import annotations

import polars as pl

from models.typologies._frames import holders
from models.typologies._ledger import controlled_lines
from models.typologies._parties import of_kind, own_holders, related, staff_and_vendors
from models.typologies.base import Context

UNSUPERVISED = ("other",)
"""Sectors with no register of products, whose projects no register tells either."""


def crowd_payments(ctx: Context, payers: int, share: float) -> pl.DataFrame:
    """Payments to property firms out of own accounts that live on many persons' money.

    Left out are property firms themselves (agents hand on deposits by trade) and payments before the persons' first.

    Parameters
    ----------
    payers : int
        Fewest persons who paid in.
    share : float
        Least part of what persons paid in that went to property firms.

    Returns
    -------
    polars.DataFrame
        Grain: ``line_no``. ``institution_id``, ``account_no``, ``booked_on``, ``amount_fen``, ``payers``,
        ``taken_fen`` (what the persons paid in). Sorted.
    """
    where = ctx.table("mart_institution", ("institution_id", "sector", "licence_status")).filter(
        pl.col("sector").is_in(UNSUPERVISED) & (pl.col("licence_status") == "none")
    )
    firms = of_kind(ctx, "real_estate").select("holder_id").unique()
    trade = own_holders(ctx).join(firms, on="holder_id", how="semi").select("institution_id")
    own = (
        controlled_lines(ctx)
        .filter((pl.col("account_type") == "own") & pl.col("cp_type").is_null())
        .join(where, on="institution_id", how="semi")
        .join(trade, on="institution_id", how="anti")
        .rename({"cp_holder_id": "holder_id"})
    )
    who = ["institution_id", "holder_id"]
    listed = staff_and_vendors(ctx).filter(pl.col("source") == "register").select(who)
    kinds = holders(ctx, ("kind",), own["holder_id"]).filter(pl.col("kind") == "person").select("holder_id")
    taken = (
        own.filter(pl.col("direction") == "in")
        .join(kinds, on="holder_id", how="semi")
        .join(pl.concat([listed, related(ctx).select(who)], how="vertical_relaxed"), on=who, how="anti")
        .group_by("institution_id")
        .agg(
            pl.col("holder_id").n_unique().alias("payers"),
            pl.col("amount_fen").sum().alias("taken_fen"),
            pl.col("booked_on").min().alias("first_on"),
        )
        .filter(pl.col("payers") >= payers)
    )
    columns = ["line_no", "institution_id", "account_no", "booked_on", "amount_fen", "payers", "taken_fen"]
    return (
        own.filter(pl.col("direction") == "out")
        .join(firms, on="holder_id", how="semi")
        .join(taken, on="institution_id")
        .filter(pl.col("booked_on") >= pl.col("first_on"))
        .filter(pl.col("amount_fen").sum().over("institution_id") >= share * pl.col("taken_fen"))
        .select(columns)
        .sort("institution_id", "line_no")
    )
