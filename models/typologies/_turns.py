"""Products that take turns in funding one project (期限错配): whose redemption did the next one pay."""

from __future__ import annotations

import polars as pl

from models.typologies._ledger import subscriptions
from models.typologies._rounds import ROUND, round_lines, rounds
from models.typologies.base import Context

NEXT_DAYS = 15
"""Days around a redemption in which the next product for the project must have been subscribed."""
LONGER_DAYS = 7
"""Days by which the project must outlast the product: less is the time collection takes."""


def rolled_rounds(ctx: Context) -> pl.DataFrame:
    """Rounds of redemption that the next product of the same project paid.

    The project runs on after the product matured, its borrower did not pay the principal, and
    another product for the same project was subscribed around that day.

    Returns
    -------
    polars.DataFrame
        Grain: ``institution_id, product_id, booked_on``. ``project_id``, ``next_product_id``,
        ``principal_fen`` (redeemed), ``raised_fen`` (subscribed to the next product by
        `NEXT_DAYS` after), ``rolled_fen`` (the lesser). Sorted by the grain.
    """
    frame: pl.DataFrame = ctx.shared("turns.rolled", _rolled)
    return frame


def _rolled(ctx: Context) -> pl.DataFrame:
    links = ctx.table("mart_product_project", ("product_id", "project_id")).unique()
    several = links.group_by("project_id").len().filter(pl.col("len") > 1).select("project_id")
    links = links.join(several, on="project_id")
    projects = ctx.table("mart_project", ("project_id", "due_on"))
    redeemed = (
        round_lines(ctx)
        .filter(pl.col("kind").is_in(["principal", "both"]))
        .group_by(ROUND)
        .agg(pl.col("principal_fen").sum())
        .join(rounds(ctx).select(*ROUND, "paid_fen", "borrower_fen", "unseen_fen"), on=ROUND)
        .filter((pl.col("borrower_fen") < pl.col("principal_fen") * 0.5) & (pl.col("unseen_fen") == 0))
        .join(links, on="product_id")
        .join(projects, on="project_id")
        .filter(pl.col("due_on") > pl.col("booked_on") + pl.duration(days=LONGER_DAYS))
    )
    sold = (
        subscriptions(ctx)
        .select(next_product_id="product_id", sold_on="subscribed_on", sold_fen="amount_fen")
        .join(links.rename({"product_id": "next_product_id"}), on="next_product_id")
    )
    followed = (
        redeemed.join(sold, on="project_id")
        .filter(
            (pl.col("next_product_id") != pl.col("product_id"))
            & ((pl.col("sold_on") - pl.col("booked_on")).dt.total_days().abs() <= NEXT_DAYS)
        )
        .group_by(*ROUND, "project_id", "next_product_id")
        .agg(
            pl.col("principal_fen").first(),
            raised_fen=pl.col("sold_fen").sum(),
        )
        .sort(*ROUND, "raised_fen", "next_product_id", descending=[False, False, False, True, False])
        .unique(ROUND, keep="first", maintain_order=True)
    )
    return followed.with_columns(rolled_fen=pl.min_horizontal("principal_fen", "raised_fen")).sort(ROUND)
