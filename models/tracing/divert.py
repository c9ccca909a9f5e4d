"""Money that does not stay with its payee: followed to insiders, brokers and developers."""

from __future__ import annotations

import polars as pl

from models.tracing.pieces import StopGroups
from models.tracing.reach import reach
from models.typologies.base import Context

HOPS = 3
"""Transfers followed, counted from the client account (typologies.md, Readings)."""
DAYS = 30
"""Horizon of the catalogue's self-financing row."""
FAR_HOPS = 6
FAR_DAYS = 60
"""Money that left for no project is followed further: misappropriation knows no number of hops."""
ALL_BUT = 0.8
"""Share of a payment that must arrive for the rest to be commission."""
SHARE = 0.3
"""Share of a payment that must arrive at one class before it counts: a borrower who pays a related
vendor a small part for goods is clean (typologies.md, self-financing)."""
WAYS = {"project": (False, False), "own": (True, True), "other": (True, False)}
"""How lines are followed: whether the payee itself may be the end (a registered borrower is not, whoever it is),
and whether the institution's own accounts are passed through instead of being an end."""


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
            .join(ctx.table("mart_account", ("account_id", "holder_id")), on="account_id")
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


def reach_of(way: str) -> tuple[int, int]:
    """Hops and days that a way is followed."""
    direct, _ = WAYS[way]
    return (FAR_HOPS, FAR_DAYS) if direct else (HOPS, DAYS)


def diverted(ctx: Context, lines: pl.DataFrame, way: str) -> pl.DataFrame:
    """Parts of payments that arrived at insiders, brokers or developers.

    Parameters
    ----------
    lines : polars.DataFrame
        ``institution_id``, ``line_no``, ``amount_fen``: payments out of client accounts.
    way : str
        Key of `WAYS`.

    Returns
    -------
    polars.DataFrame
        Columns of `models.tracing.parts.USE_SCHEMA`. Commission kept by those in between is
        ``unknown`` (basis ``shaved``).
    """
    direct, through_own = WAYS[way]
    hops, days = reach_of(way)
    if lines.is_empty():
        return _empty()
    groups = lines.select("institution_id").unique().sort("institution_id").with_row_index("group")
    here = _here(ctx, groups)
    if through_own:
        here = here.filter(pl.col("class") != "own")
    starts = lines.join(groups, on="institution_id").select("line_no", "group", "institution_id")
    steps = reach(
        ctx,
        lines["line_no"],
        hops=hops,
        days=days,
        method="lifo",
        stop_groups=StopGroups(starts, here),
    )
    mine = starts.select("group", start_line_no="line_no")
    got = (
        steps.join(mine, on="start_line_no")
        .join(here.select("group", "class", end_holder_id="holder_id"), on=["group", "end_holder_id"])
        .drop("group")
        .filter(pl.lit(direct) | (pl.col("hops") > 1))
        .filter((pl.col("class") != "own") | _own_account(ctx))
    )
    found = _weigh(got, steps, lines, direct)
    whose = starts.select("line_no", "institution_id")
    return found.join(whose, on="line_no").select(_empty().columns)


def _here(ctx: Context, groups: pl.DataFrame) -> pl.DataFrame:
    """Targets of each institution's group: its own first, then those of every institution."""
    every = targets(ctx)
    common = every.filter(pl.col("institution_id").is_null()).drop("institution_id")
    own = every.join(groups, on="institution_id").select("group", "holder_id", "class")
    return pl.concat(
        [own, groups.select("group").join(common, how="cross").select(own.columns)], how="vertical_relaxed"
    ).unique(["group", "holder_id"], keep="first", maintain_order=True)


def _own_account(ctx: Context) -> pl.Expr:
    """Arrivals at an account of the institution that is no client account (a repayment goes there)."""
    own = ctx.table("mart_controlled_account").filter(pl.col("account_type") == "own")
    return pl.col("end_account_id").is_in(own["account_id"].to_list())


def _weigh(got: pl.DataFrame, steps: pl.DataFrame, lines: pl.DataFrame, direct: bool) -> pl.DataFrame:
    """Keep what makes up a material part of its payment; add what was shaved on the way."""
    size = lines.select(start_line_no="line_no", whole="amount_fen")
    kept = (
        got.join(size, on="start_line_no")
        .with_columns(part=pl.col("amount_fen").sum().over("start_line_no", "class"))
        .filter(pl.col("part") >= SHARE * pl.col("whole"))
    )
    arrived = kept.select(
        "start_line_no", "class", "end_line_no", "end_holder_id", "amount_fen", "hops", basis=pl.lit("traced")
    )
    shaved = _shaved(kept, steps, size, direct)
    return pl.concat([arrived, shaved.select(arrived.columns)], how="vertical_relaxed").select(
        pl.col("start_line_no").alias("line_no"),
        pl.exclude("start_line_no", "hops"),
        pl.col("hops").cast(pl.Int64),
    )


def _shaved(kept: pl.DataFrame, steps: pl.DataFrame, size: pl.DataFrame, direct: bool) -> pl.DataFrame:
    """What those in between kept of money they passed on: unknown.

    Of a payment straight out of a client account, all that did not arrive; of a project's
    money, what did not arrive of the borrower's payment that led to the target (the rest is the borrower's to
    spend). Only where `ALL_BUT` of that payment arrived: else it was no passage.
    """
    if direct:
        led = kept.group_by("start_line_no").agg(pl.col("amount_fen").sum().alias("arrived"))
        led = led.join(size.rename({"whole": "sent"}), on="start_line_no").with_columns(
            end_line_no=pl.col("start_line_no")
        )
    else:
        sent = (
            steps.filter(pl.col("hops") == 2)
            .group_by("start_line_no", "end_line_no")
            .agg(pl.col("amount_fen").sum().alias("sent"))
        )
        led = (
            kept.filter(pl.col("hops") > 2)
            .with_columns(end_line_no=pl.col("path").list.get(1))
            .group_by("start_line_no", "end_line_no")
            .agg(pl.col("amount_fen").sum().alias("arrived"))
            .join(sent, on=["start_line_no", "end_line_no"])
        )
    return led.filter(
        (pl.col("arrived") >= ALL_BUT * pl.col("sent")) & (pl.col("arrived") < pl.col("sent"))
    ).select(
        "start_line_no",
        pl.lit("unknown").alias("class"),
        "end_line_no",
        pl.lit(None, pl.Int64).alias("end_holder_id"),
        (pl.col("sent") - pl.col("arrived")).alias("amount_fen"),
        pl.lit(2).alias("hops"),
        pl.lit("shaved").alias("basis"),
    )


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
