"""Transfers between institutions (and other holders), each known by its legs."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from models.typologies._frames import beside
from models.typologies.base import Context


def dealings(ctx: Context, institutions: Collection[str], others: pl.DataFrame | None = None) -> pl.DataFrame:
    """Transfers of some institutions' holders with any other holder, one row a leg.

    Parameters
    ----------
    ctx : Context
    institutions : collection of str
    others : polars.DataFrame, optional
        ``other_holder_id``: only transfers with these holders.

    Returns
    -------
    polars.DataFrame
        ``institution_id``, ``other_holder_id``, ``transfer_no``, ``line_no``, ``leg`` ('own': the
        institution's statement, 'other': the other side's), ``account_no``, ``booked_on``,
        ``amount_fen``, ``coming`` (towards the institution). A transfer seen on both statements has two
        rows; ``amount_fen`` is that of the leg. Sorted by institution and line.
    """
    wanted = sorted(set(institutions))

    def make(c: Context) -> pl.DataFrame:
        own = holder_institution(c).filter(pl.col("other_institution").is_in(wanted))
        own = own.rename({"other_holder_id": "holder_id", "other_institution": "institution_id"})
        known = own["holder_id"] if others is None else others["other_holder_id"]
        moves = c.rows(
            "mart_transfer",
            ("transfer_no", "out_line_no", "in_line_no", "from_holder_id", "to_holder_id"),
            "from_holder_id <> to_holder_id and ("
            + (
                "{m} or {t}"
                if others is None
                else "({m} and to_holder_id in (select key from others))"
                " or ({t} and from_holder_id in (select key from others))"
            ).format(m="from_holder_id in (select key from mine)", t="to_holder_id in (select key from mine)")
            + ")",
            mine=own["holder_id"],
            others=known,
        )
        parts = []
        for mine, other, coming in (
            ("to_holder_id", "from_holder_id", True),
            ("from_holder_id", "to_holder_id", False),
        ):
            side = moves.join(own, left_on=mine, right_on="holder_id").with_columns(
                pl.col(other).alias("other_holder_id")
            )
            if others is not None:
                side = side.join(others, on="other_holder_id", how="semi")
            for column, arrives in (("in_line_no", True), ("out_line_no", False)):
                parts.append(
                    side.drop_nulls(column).select(
                        "institution_id",
                        "other_holder_id",
                        "transfer_no",
                        pl.col(column).alias("line_no"),
                        pl.lit("own" if arrives == coming else "other").alias("leg"),
                        pl.lit(coming).alias("coming"),
                    )
                )
        legs = pl.concat(parts).unique(["institution_id", "line_no"], keep="first", maintain_order=True)
        return beside(c, legs, "account_no", "booked_on", "amount_fen").sort("institution_id", "line_no")

    if others is not None:
        return make(ctx)
    frame: pl.DataFrame = ctx.shared("dealings:" + "+".join(wanted), make)
    return frame


def holder_institution(ctx: Context) -> pl.DataFrame:
    """Holder -> institution (``other_holder_id``, ``other_institution``), by registered accounts and names."""

    def make(c: Context) -> pl.DataFrame:
        accounts = c.table("mart_account", ("holder_id", "institution_id")).drop_nulls().unique()
        return (
            pl.concat([c.table("mart_holder", ("holder_id", "institution_id")).drop_nulls(), accounts])
            .unique()
            .sort("holder_id", "institution_id")
            .unique("holder_id", keep="first", maintain_order=True)
            .rename({"holder_id": "other_holder_id", "institution_id": "other_institution"})
        )

    frame: pl.DataFrame = ctx.shared("holder_institution", make)
    return frame


def flows_between(ctx: Context) -> pl.DataFrame:
    """Dealings of institutions with each other: `dealings` with ``other_institution``."""

    def make(ctx: Context) -> pl.DataFrame:
        known = holder_institution(ctx)
        found = dealings(ctx, known["other_institution"], known.select("other_holder_id"))
        return (
            found.join(known, on="other_holder_id")
            .filter(pl.col("institution_id") != pl.col("other_institution"))
            .sort("institution_id", "line_no")
        )

    frame: pl.DataFrame = ctx.shared("flows_between", make)
    return frame
