"""How many lines the statements on hand lack, measured by what other statements show of them.

A transfer between two accounts whose statements are both on hand stands on both; where one side lacks it, a line is
lost. Who argues from a line that is not there asks here how many of the cases found losses of that order explain.
"""

from __future__ import annotations

import polars as pl

from models.typologies.base import Context

PRIOR = 50
"""Transfers of everybody's that weigh with an institution's own: few transfers tell little of one institution."""
DEVIATIONS = 3
"""Standard deviations of a Poisson count above its mean that chance stays below in 999 of 1000."""


def loss(ctx: Context) -> pl.DataFrame:
    """Share of lines that the statements of an institution's accounts lack.

    Returns
    -------
    polars.DataFrame
        Grain: ``institution_id``. ``lost``: transfers with another account on hand that its own statement lacks, over
        all; drawn towards the share of all institutions. 0 where nobody's statement lacks any. Sorted.
    """
    frame: pl.DataFrame = ctx.city.shared("loss.share", _loss)
    return frame


def _loss(city: Context) -> pl.DataFrame:
    owned = city.table("mart_controlled_account", ("institution_id", "account_id")).unique()
    seen = city.table("mart_account", ("account_id", "monitored", "first_on", "last_on")).filter("monitored")
    columns = ("out_line_no", "in_line_no", "from_account_id", "to_account_id", "paid_at", "arrived_at")
    both = "from_account_id in (select key from known) and to_account_id in (select key from known)"
    moves = city.rows("mart_transfer", columns, both, known=seen["account_id"])
    sides = pl.concat(
        [
            moves.filter(pl.col(there).is_not_null()).select(
                account_id=mine,
                day=pl.col(moment).cast(pl.Date),
                lacks=pl.col(here).is_null(),
            )
            for mine, here, there, moment in (
                ("from_account_id", "out_line_no", "in_line_no", "arrived_at"),
                ("to_account_id", "in_line_no", "out_line_no", "paid_at"),
            )
        ]
    )
    counted = (
        sides.join(seen, on="account_id")
        .filter(pl.col("day").is_between(pl.col("first_on"), pl.col("last_on"), closed="none"))
        .group_by("account_id")
        .agg(lacking=pl.col("lacks").sum(), shown=pl.len())
    )
    everywhere = int(counted["lacking"].sum() or 0) / max(1, int(counted["shown"].sum() or 0))
    return (
        owned.join(counted, on="account_id", how="left")
        .group_by("institution_id")
        .agg(pl.col("lacking", "shown").fill_null(0).sum())
        .select(
            "institution_id",
            lost=(pl.col("lacking") + PRIOR * everywhere) / (pl.col("shown") + PRIOR),
        )
        .sort("institution_id")
    )


def beyond_loss(ctx: Context, cases: pl.DataFrame, chances: pl.DataFrame) -> pl.DataFrame:
    """Institutions of which more cases were found than lost lines explain.

    Parameters
    ----------
    cases, chances : polars.DataFrame
        ``institution_id``: a row for each case found, and for each line whose loss would make one.

    Returns
    -------
    polars.DataFrame
        ``institution_id``; all of `cases` where no line is lost.
    """
    expected = pl.col("lost").fill_null(0) * pl.col("chances").fill_null(0)
    most = expected + DEVIATIONS * expected.sqrt() + (expected > 0)
    return (
        cases.group_by("institution_id")
        .agg(found=pl.len())
        .join(chances.group_by("institution_id").agg(chances=pl.len()), on="institution_id", how="left")
        .join(loss(ctx), on="institution_id", how="left")
        .filter(pl.col("found") > most)
        .select("institution_id")
        .sort("institution_id")
    )
