"""What covered a round of payment, laid over the payouts of the round."""

from __future__ import annotations

import polars as pl

from models.tracing.accounts import OWN_ACCOUNTS
from models.tracing.fifo import overlap
from models.tracing.parts import SOURCE_SCHEMA
from models.typologies._ledger import controlled_lines
from models.typologies._rounds import ROUND, coverage, rounds
from models.typologies.base import Context


def by_round(ctx: Context, lines: pl.DataFrame) -> pl.DataFrame:
    """Lay what covered a round over the payouts of the round, in order of line."""
    held = rounds(ctx).select(*ROUND, "paid_fen", "borrower_fen", "topup_fen")
    cover = coverage(ctx).join(payer_classes(ctx), on="line_no", how="left")
    named = cover.group_by([*ROUND, "source"]).agg(pl.col("amount_fen").sum())
    borrowed = named.filter(pl.col("source") == "borrower").drop("source").rename({"amount_fen": "named_fen"})
    kept = (
        held.join(borrowed, on=ROUND, how="left")
        .with_columns(amount_fen=pl.col("borrower_fen") - pl.col("named_fen").fill_null(0))
        .filter(pl.col("amount_fen") > 0)
        .select(*_from_nobody("project", "kept", rank=1))
    )
    pool = (
        held.with_columns(amount_fen=pl.col("paid_fen") - pl.col("borrower_fen") - pl.col("topup_fen"))
        .filter(pl.col("amount_fen") > 0)
        .select(*_from_nobody("other_client", "pool", rank=3))
    )
    direct = cover.select(
        *ROUND,
        "amount_fen",
        pl.when(pl.col("source") == "borrower")
        .then(pl.lit("project"))
        .otherwise(pl.col("payer_class"))
        .alias("class"),
        pl.col("line_no").cast(pl.Int64).alias("origin_line_no"),
        pl.col("cp_holder_id").cast(pl.Int64).alias("origin_holder_id"),
        pl.lit("round").alias("basis"),
        pl.when(pl.col("source") == "borrower").then(0).otherwise(2).alias("rank"),
    )
    give = pl.concat([direct, kept, pool], how="vertical_relaxed").sort(
        *ROUND, "rank", "origin_line_no", nulls_last=True
    )
    take = lines.select(*ROUND, "line_no", "amount_fen").sort(*ROUND, "line_no")
    return _lay(give, take)


def _from_nobody(klass: str, basis: str, *, rank: int) -> list[str | pl.Expr]:
    """Columns of money of a round that no line of its own brought; `rank` orders it among the round's money."""
    return [
        *ROUND,
        "amount_fen",
        pl.lit(klass).alias("class"),
        pl.lit(None, pl.Int64).alias("origin_line_no"),
        pl.lit(None, pl.Int64).alias("origin_holder_id"),
        pl.lit(basis).alias("basis"),
        pl.lit(rank).alias("rank"),
    ]


def _lay(give: pl.DataFrame, take: pl.DataFrame) -> pl.DataFrame:
    """Overlap what rounds had with what they paid; a round's two sums are made equal first."""
    total = take.group_by(ROUND).agg(pl.col("amount_fen").sum().alias("need"))
    give = (
        give.join(total, on=ROUND)
        .sort(*ROUND, "rank", "origin_line_no", nulls_last=True)
        .with_columns(run=pl.col("amount_fen").cum_sum().over(ROUND))
        .with_columns(
            amount_fen=pl.min_horizontal("run", "need")
            - pl.min_horizontal(pl.col("run") - pl.col("amount_fen"), "need")
        )
    )
    given = give.group_by(ROUND).agg(pl.col("amount_fen").sum().alias("given"))
    lack = (
        total.join(given, on=ROUND, how="left")
        .with_columns(amount_fen=pl.col("need") - pl.col("given").fill_null(0))
        .filter(pl.col("amount_fen") > 0)
        .select(*_from_nobody("other_client", "pool", rank=4))
    )
    give = (
        pl.concat([give.select(lack.columns), lack], how="vertical_relaxed")
        .filter(pl.col("amount_fen") > 0)
        .sort(*ROUND, "rank", "origin_line_no", nulls_last=True)
    )
    take = take.filter(pl.col("amount_fen") > 0)
    a, b, size = overlap(give["amount_fen"].cum_sum().to_numpy(), take["amount_fen"].cum_sum().to_numpy())
    left = give.select("class", "origin_line_no", "origin_holder_id", "basis")[a]
    right = take.select("institution_id", "line_no", "product_id")[b]
    return (
        pl.concat([left, right], how="horizontal")
        .with_columns(amount_fen=pl.Series(size), hops=pl.lit(1, pl.Int64))
        .select(list(SOURCE_SCHEMA))
    )


def payer_classes(ctx: Context) -> pl.DataFrame:
    """Who paid a line in, as a class of contract section 4."""
    roles = ctx.table("mart_role").select("institution_id", "holder_id", "role")
    return (
        controlled_lines(ctx)
        .filter((pl.col("direction") == "in") | pl.col("account_type").is_in(OWN_ACCOUNTS))
        .with_columns(
            # a payout that covered its round itself was paid by the account it left
            cp_type=pl.when(pl.col("direction") == "out").then("account_type").otherwise("cp_type")
        )
        .select("institution_id", "line_no", "cp_holder_id", "cp_type")
        .join(
            roles,
            left_on=["institution_id", "cp_holder_id"],
            right_on=["institution_id", "holder_id"],
            how="left",
        )
        .select(
            "line_no",
            "cp_holder_id",
            pl.when(pl.col("cp_type").is_in(OWN_ACCOUNTS))
            .then(pl.lit("own"))
            .when(pl.col("cp_type") == "product")
            .then(pl.lit("other_client"))
            .when(pl.col("role") == "self")
            .then(pl.lit("own"))
            .when(pl.col("role") == "related")
            .then(pl.lit("related"))
            .when(pl.col("role") == "guarantor")
            .then(pl.lit("related"))
            .when(pl.col("role") == "client")
            .then(pl.lit("other_client"))
            .when(pl.col("role") == "bank")
            .then(pl.lit("bank"))
            .otherwise(pl.lit("unknown"))
            .alias("payer_class"),
        )
    )
