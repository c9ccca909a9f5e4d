"""Money that does not stay with its payee: followed to insiders, brokers and developers."""

from __future__ import annotations

import polars as pl

from models.tracing.reach import reach
from models.typologies.base import Context

HOPS = 3
"""Transfers followed, counted from the client account (typologies.md, Readings)."""
DAYS = 30
"""Horizon of the catalogue's self-financing row."""
SHARE = 0.3
"""Share of a payment that must arrive at one class before it counts: a borrower who pays a related
vendor a small part for goods is clean (typologies.md, self-financing)."""
TARGETS = ("related", "securities", "real_estate")


def targets(ctx: Context) -> pl.DataFrame:
    """Holders at whom money of an institution counts as diverted.

    Returns
    -------
    polars.DataFrame
        ``institution_id`` (null: for every institution), ``holder_id``, ``class``.
    """

    def make(ctx: Context) -> pl.DataFrame:
        related = (
            ctx.table("mart_relation")
            .filter(~pl.col("role").is_in(["employee", "vendor"]))
            .select("institution_id", "holder_id", pl.lit("related").alias("class"))
        )
        own = (
            ctx.table("mart_controlled_account")
            .filter(pl.col("account_type") == "own")
            .join(ctx.table("mart_account").select("account_id", "holder_id"), on="account_id")
            .select("institution_id", "holder_id", pl.lit("own").alias("class"))
        )
        kinds = (
            ctx.table("mart_holder_kind")
            .filter(pl.col("role").is_in(["securities", "real_estate"]))
            .select(
                pl.lit(None, pl.String).alias("institution_id"), "holder_id", pl.col("role").alias("class")
            )
        )
        return (
            pl.concat([own, related, kinds], how="vertical_relaxed")
            .drop_nulls("holder_id")
            .unique(["institution_id", "holder_id"], keep="first", maintain_order=True)
            .sort("institution_id", "holder_id")
        )

    frame: pl.DataFrame = ctx.shared("tracing.targets", make)
    return frame


def diverted(ctx: Context, lines: pl.DataFrame, *, direct: bool) -> pl.DataFrame:
    """Parts of payments that arrived at insiders, brokers or developers.

    Parameters
    ----------
    lines : polars.DataFrame
        ``institution_id``, ``line_no``, ``amount_fen``: payments out of client accounts.
    direct : bool
        Whether the payee itself may be the target; a registered borrower is not, whoever it is.

    Returns
    -------
    polars.DataFrame
        Columns of `models.tracing.uses.USE_SCHEMA`. Commission kept by those in between is
        ``unknown`` (basis ``shaved``).
    """
    all_targets = targets(ctx)
    found: list[pl.DataFrame] = []
    for (institution,), part in lines.sort("institution_id", "line_no").group_by(
        "institution_id", maintain_order=True
    ):
        here = all_targets.filter(
            (pl.col("institution_id") == institution) | pl.col("institution_id").is_null()
        ).unique("holder_id", keep="first", maintain_order=True)
        got = reach(
            ctx,
            part["line_no"],
            hops=HOPS,
            days=DAYS,
            method="lifo",
            stop_holders=here["holder_id"].to_list(),
        )
        if got.is_empty():
            continue
        got = (
            got.join(here.select("class", end_holder_id="holder_id"), on="end_holder_id")
            .filter(pl.lit(direct) | (pl.col("hops") > 1))
            .filter((pl.col("class") != "own") | _own_account(ctx))
        )
        found.append(_weigh(str(institution), got, part))
    if not found:
        return _empty()
    return pl.concat(found, how="vertical_relaxed")


def _own_account(ctx: Context) -> pl.Expr:
    """Arrivals at an account of the institution that is no client account (a repayment goes there)."""
    own = ctx.table("mart_controlled_account").filter(pl.col("account_type") == "own")
    return pl.col("end_account_id").is_in(own["account_id"].to_list())


def _weigh(institution: str, got: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Keep what makes up a material part of its payment; add what was shaved on the way."""
    size = lines.select(start_line_no="line_no", whole="amount_fen")
    kept = (
        got.join(size, on="start_line_no")
        .with_columns(part=pl.col("amount_fen").sum().over("start_line_no", "class"))
        .filter(pl.col("part") >= SHARE * pl.col("whole"))
    )
    arrived = kept.select(
        pl.lit(institution).alias("institution_id"),
        pl.col("start_line_no").alias("line_no"),
        "class",
        "end_line_no",
        "end_holder_id",
        "amount_fen",
        "hops",
        pl.lit("traced").alias("basis"),
    )
    return arrived


def _empty() -> pl.DataFrame:
    return pl.DataFrame(
        schema={
            "institution_id": pl.String,
            "line_no": pl.Int64,
            "class": pl.String,
            "end_line_no": pl.Int64,
            "end_holder_id": pl.Int64,
            "amount_fen": pl.Int64,
            "hops": pl.Int64,
            "basis": pl.String,
        }
    )
