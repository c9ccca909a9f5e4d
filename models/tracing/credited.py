"""Withdrawals that repayments kept for the client can have paid."""

from __future__ import annotations

import polars as pl

from models.tracing.clients import payout_lines
from models.typologies._ledger import SETTLE_DAYS, deposits, subscriptions
from models.typologies._rounds import ROUND, coverage, round_lines
from models.typologies.base import Context

ROUND_FEN = 1_000
"""Ten yuan: what people pay in is a multiple of it, what is repaid with interest hardly ever."""
ROUND_SHARE = 0.9
"""Share of an institution's deposits that must be round before an odd withdrawal tells anything."""


def credited_lines(ctx: Context, rest: pl.DataFrame) -> pl.DataFrame:
    """Say which withdrawals repayments kept for the client can have paid.

    A holder who was left out of a round of payment of a product has that round's share standing to
    the credit of the own balance. As long as a client's withdrawals stay within these credits
    they are repaid project money; what goes beyond them was there before, or was paid in. Where an
    institution's clients pay in round amounts, an odd amount tells of interest and is repaid money.
    """
    client = ["institution_id", "holder_id"]
    # only who drew something is asked about: all holders of a large product on all its days are too many
    asked = rest.select(client).drop_nulls().unique()
    every = _holdings(ctx)
    theirs = every.join(asked, on=client, how="semi")
    both = [_left_out(ctx, theirs), _kept_shares(ctx, theirs, every)]
    shares = pl.concat(both, how="vertical_relaxed").select(
        "institution_id",
        "holder_id",
        "booked_on",
        pl.lit(None, pl.Int64).alias("line_no"),
        pl.col("credit").cast(pl.Int64),
        pl.lit(0, pl.Int64).alias("debit"),
    )
    drawn = rest.filter(pl.col("holder_id").is_not_null()).select(
        "institution_id",
        "holder_id",
        "booked_on",
        pl.col("line_no").cast(pl.Int64),
        pl.lit(0, pl.Int64).alias("credit"),
        pl.col("amount_fen").alias("debit"),
    )
    named = (
        pl.concat([shares, drawn], how="vertical_relaxed")
        .sort(*client, "booked_on", "debit", "line_no", "credit")
        .with_columns(
            have=pl.col("credit").cum_sum().over(client), drawn=pl.col("debit").cum_sum().over(client)
        )
        .filter(pl.col("line_no").is_not_null())
        .with_columns(credited=pl.col("have") >= (pl.col("drawn") * 0.95))
        .select("line_no", "credited")
    )
    fits = payout_lines(ctx).filter(pl.col("product_id").is_not_null()).select("line_no")
    odd = rest.join(_round_payers(ctx), on="institution_id", how="semi").filter(
        pl.col("amount_fen") % ROUND_FEN != 0
    )
    yes = pl.concat([fits, odd.select("line_no"), named.filter("credited").select("line_no")]).unique()
    return rest.select("line_no", pl.col("line_no").is_in(yes["line_no"].implode()).alias("credited"))


def _holdings(ctx: Context) -> pl.DataFrame:
    """Who holds how much of which product, and from when to when."""
    return (
        subscriptions(ctx)
        .filter(pl.col("holder_id").is_not_null())
        .select(
            "institution_id",
            "product_id",
            "subscription_id",
            "holder_id",
            "subscribed_on",
            end=pl.col("redeemed_on") + pl.duration(days=SETTLE_DAYS),
            held=pl.col("amount_fen"),
        )
    )


def _alive() -> pl.Expr:
    """A holding that a payment of the product on ``booked_on`` was due to."""
    return (pl.col("subscribed_on") <= pl.col("booked_on")) & (
        pl.col("end").is_null() | (pl.col("booked_on") <= pl.col("end"))
    )


def _left_out(ctx: Context, theirs: pl.DataFrame) -> pl.DataFrame:
    """Shares of rounds that these holdings were not paid: ``institution_id``, ``holder_id``, ``booked_on``, ``credit``."""
    paid = round_lines(ctx)
    factor = paid.group_by(ROUND).agg(pl.col("factor").median())
    return (
        factor.join(theirs, on=["institution_id", "product_id"])
        .filter(_alive())
        .join(paid.select(*ROUND, "subscription_id"), on=[*ROUND, "subscription_id"], how="anti")
        .select(
            "institution_id",
            "holder_id",
            "booked_on",
            (pl.col("factor") * pl.col("held")).round().cast(pl.Int64).alias("credit"),
        )
    )


def _kept_shares(ctx: Context, theirs: pl.DataFrame, every: pl.DataFrame) -> pl.DataFrame:
    """Shares that some of all holdings have of repayments that paid for no round: they wait on the clients' balances."""
    kept = (
        ctx.table("mart_project_line")
        .filter(pl.col("kind") == "repayment")
        .join(coverage(ctx).select("line_no"), on="line_no", how="anti")
        .join(ctx.table("mart_line", ("line_no", "booked_on")), on="line_no")
        .join(ctx.table("mart_product_project").select("product_id", "project_id").unique(), on="project_id")
        .select("institution_id", "product_id", "line_no", "booked_on", repaid="amount_fen")
    )
    day = ["institution_id", "product_id", "booked_on"]
    whole = (
        kept.select(day)
        .unique()
        .join(every.drop("subscription_id", "holder_id"), on=["institution_id", "product_id"])
        .filter(_alive())
        .group_by(day)
        .agg(whole=pl.col("held").sum())
    )
    return (
        kept.join(theirs, on=["institution_id", "product_id"])
        .filter(_alive())
        .join(whole, on=day)
        .select(
            "institution_id",
            "holder_id",
            "booked_on",
            (pl.col("repaid") * (pl.col("held") / pl.col("whole"))).round().cast(pl.Int64).alias("credit"),
        )
    )


def _round_payers(ctx: Context) -> pl.DataFrame:
    """Institutions whose clients pay in round amounts, so that an odd amount was not paid in as it is."""
    return (
        deposits(ctx)
        .group_by("institution_id")
        .agg(((pl.col("amount_fen") % ROUND_FEN) == 0).mean().alias("share"))
        .filter(pl.col("share") >= ROUND_SHARE)
        .select("institution_id")
    )
