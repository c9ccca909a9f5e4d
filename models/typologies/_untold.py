"""Registers that were not delivered: what they would have told is unknown, and no sign of anything.

Without the register of projects a product seems to have no project and its payouts no borrower behind them;
without the register of subscriptions an institution seems to have no clients. Typologies ask here before they argue
from either.
"""

from __future__ import annotations

import polars as pl

from models.typologies.base import Context

LENT_ON = 0.7
"""Share of what products took in from which, once it left to others, it is presumed to be lent (calibrated: lenders
pass on four fifths and more, the rest waits)."""

VAGUE_SHARE = 0.5
"""Share of an institution's projects without a due day from which a register is taken to leave them out."""


def untold_products(ctx: Context) -> pl.DataFrame:
    """Products whose projects no register tells.

    A product that the register of links ties to a project no register of projects holds; every product where
    no project of anybody is registered at all; and, of an institution of whose projects no link is registered, every
    product where the projects' due days are not registered either, so that sums alone would tell whose borrower is
    whose, and else those for which sums and days left no project.

    Returns
    -------
    polars.DataFrame
        Grain: ``product_id``, with ``institution_id``. Sorted.
    """

    def make(ctx: Context) -> pl.DataFrame:
        products = ctx.table("mart_product", ("product_id", "institution_id"))
        if not projects_delivered(ctx):
            return products.sort("product_id")
        known = ctx.table("mart_project", ("project_id",))
        dangling = ctx.table("mart_product_project", ("product_id", "project_id")).join(
            known, on="project_id", how="anti"
        )
        vague = products.join(_vague(ctx), on="institution_id", how="semi").select("product_id")
        left = products.join(_unlinked(ctx), on="institution_id", how="semi").select("product_id")
        left = left.join(ctx.table("mart_product_project", ("product_id",)), on="product_id", how="anti")
        untold = pl.concat([dangling.select("product_id"), vague, left]).unique()
        return products.join(untold, on="product_id", how="semi").sort("product_id")

    frame: pl.DataFrame = ctx.shared("untold.products", make)
    return frame


def _vague(ctx: Context) -> pl.DataFrame:
    """Institutions whose links are all presumed and most of whose projects have no due day (``institution_id``)."""
    return _unlinked(ctx).filter(pl.col("open_ended") >= VAGUE_SHARE).select("institution_id")


def _unlinked(ctx: Context) -> pl.DataFrame:
    """Institutions with projects of which no link is registered: ``institution_id``, ``open_ended`` (share)."""
    products = ctx.table("mart_product", ("product_id", "institution_id"))
    links = ctx.table("mart_product_project", ("product_id", "basis"))
    registered = products.join(links.filter(pl.col("basis") == "register"), on="product_id", how="semi")
    return (
        ctx.table("mart_project", ("institution_id", "due_on"))
        .group_by("institution_id")
        .agg(open_ended=pl.col("due_on").is_null().mean())
        .join(registered, on="institution_id", how="anti")
    )


def presumed_products(ctx: Context) -> pl.DataFrame:
    """Products that sums and days alone tie to a project, or nothing does (``product_id``; sorted)."""

    def make(ctx: Context) -> pl.DataFrame:
        links = ctx.table("mart_product_project", ("product_id", "basis"))
        guessed = links.filter(pl.col("basis") != "register").select("product_id")
        return pl.concat([guessed, untold_products(ctx).select("product_id")]).unique().sort("product_id")

    frame: pl.DataFrame = ctx.shared("untold.presumed", make)
    return frame


def projects_delivered(ctx: Context) -> bool:
    """Say whether the register of projects holds anything, of whomever."""

    def make(city: Context) -> bool:
        return not city.table("mart_project", ("project_id",)).is_empty()

    return bool(ctx.city.shared("untold.projects", make))


def untold_sellers(ctx: Context) -> pl.DataFrame:
    """Institutions with a product whose projects no register tells (``institution_id``; sorted)."""
    return untold_products(ctx).select("institution_id").drop_nulls().unique().sort("institution_id")
