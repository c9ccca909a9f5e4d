"""What paid the clients: every payout line, split by where its money came from.

Specific identification goes first. A payout that belongs to a round of payment of a product is
paid by what came in for that round: repayments of the product's projects, then top-ups by whoever
paid in just for it. What a round lacks came out of the pool, from other clients. A payout that
belongs to no round is the client's own balance: money paid in and not subscribed, or repayments
credited earlier. Payouts out of tills that no register names are told by what lay there.
"""

from __future__ import annotations

import polars as pl

from models.tracing.by_round import by_round
from models.tracing.clients import payout_lines
from models.tracing.credited import credited_lines
from models.tracing.parts import SOURCE_SCHEMA
from models.tracing.returned import returned
from models.tracing.tills import till_sources
from models.typologies._rounds import round_lines
from models.typologies.base import Context

SOURCE_ORDER = (
    "line_no", "class", "origin_line_no", "amount_fen", "origin_holder_id", "hops", "product_id", "basis",
    "institution_id",
)  # fmt: skip
"""Order of sources; whole, so that ties have no order of their own."""


def sources(ctx: Context) -> pl.DataFrame:
    """Split every payout line by origin.

    Returns
    -------
    polars.DataFrame
        `SOURCE_SCHEMA`, sorted by line, then class, origin.
    """
    frame: pl.DataFrame = ctx.shared("tracing.sources", _sources)
    return frame


def _sources(ctx: Context) -> pl.DataFrame:
    lines = payout_lines(ctx).select(
        "institution_id", "line_no", "account_id", "holder_id", "booked_on", "amount_fen"
    )
    in_rounds = round_lines(ctx).join(lines.select("line_no"), on="line_no", how="semi")
    back = returned(ctx)
    in_rounds = in_rounds.join(back.select("line_no"), on="line_no", how="anti")
    paid = by_round(ctx, in_rounds)
    rest = lines.join(in_rounds.select("line_no"), on="line_no", how="anti").join(
        back.select("line_no"), on="line_no", how="anti"
    )
    credited = credited_lines(ctx, rest)
    balance = rest.join(credited, on="line_no", how="left").select(
        "institution_id",
        "line_no",
        pl.when(pl.col("credited")).then(pl.lit("project")).otherwise(pl.lit("same_client")).alias("class"),
        pl.lit(None, pl.Int64).alias("origin_line_no"),
        pl.when(pl.col("credited")).then(None).otherwise("holder_id").alias("origin_holder_id"),
        "amount_fen",
        pl.lit(1, pl.Int64).alias("hops"),
        pl.lit(None, pl.String).alias("product_id"),
        pl.lit("balance").alias("basis"),
    )
    own = back.select(
        "institution_id",
        "line_no",
        pl.lit("same_client").alias("class"),
        "origin_line_no",
        pl.col("holder_id").alias("origin_holder_id"),
        "amount_fen",
        pl.lit(1, pl.Int64).alias("hops"),
        pl.lit(None, pl.String).alias("product_id"),
        pl.lit("returned").alias("basis"),
    )
    return pl.concat(
        [f.cast(pl.Schema(SOURCE_SCHEMA)) for f in (paid, own, balance, till_sources(ctx))]
    ).sort(SOURCE_ORDER, nulls_last=True)
