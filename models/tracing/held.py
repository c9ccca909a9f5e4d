"""Client money that is still there."""

from __future__ import annotations

import polars as pl

from models.tracing.accounts import CLIENT_ACCOUNTS
from models.tracing.book import walked_lines
from models.tracing.sources import sources
from models.tracing.tills import till_payouts
from models.typologies._hidden import hidden_deposits
from models.typologies._ledger import deposits
from models.typologies.base import Context


def held(ctx: Context) -> pl.DataFrame:
    """Client money still there: balances of client accounts, and deposits elsewhere not yet passed on."""
    accounts = (
        ctx.table("mart_controlled_account")
        .filter(pl.col("account_type").is_in(CLIENT_ACCOUNTS))
        .select("institution_id", "account_id")
    )
    signed = pl.when(pl.col("direction") == "in").then("amount_fen").otherwise(-pl.col("amount_fen"))
    closing = (
        walked_lines(ctx)
        .join(accounts.select("account_id").unique(), on="account_id", how="semi", maintain_order="left")
        .group_by("account_id", maintain_order=True)
        .agg(
            pl.col("line_no").last(),
            pl.col("balance_after_fen").drop_nulls().last().alias("said"),
            signed.sum().alias("summed"),
        )
        .join(accounts, on="account_id")
        .with_columns(amount_fen=pl.coalesce("said", "summed").clip(lower_bound=0))
        .select("institution_id", "line_no", "amount_fen")
    )
    return pl.concat([closing, _waiting(ctx)], how="vertical_relaxed").select(
        "institution_id",
        "line_no",
        pl.lit("held").alias("class"),
        pl.lit(None, pl.Int64).alias("end_line_no"),
        pl.lit(None, pl.Int64).alias("end_holder_id"),
        "amount_fen",
        pl.lit(0).alias("hops"),
        pl.lit("balance").alias("basis"),
    )


def _waiting(ctx: Context) -> pl.DataFrame:
    """Deposits in accounts that are no client accounts, less what was passed on or paid back from there."""
    key = ["institution_id", "account_id"]
    hidden = hidden_deposits(ctx).select(*key, "line_no", "amount_fen")
    elsewhere = deposits(ctx).filter(~pl.col("account_type").is_in(CLIENT_ACCOUNTS))
    came = pl.concat([hidden, elsewhere.select(hidden.columns)], how="vertical_relaxed").unique("line_no")
    client_accounts = (
        ctx.table("mart_controlled_account")
        .filter(pl.col("account_type").is_in(CLIENT_ACCOUNTS))
        .select("institution_id", cp_account_id="account_id")
    )
    went = (
        ctx.table("mart_line", ("account_id", "cp_account_id", "direction", "amount_fen"))
        .filter(pl.col("direction") == "out")
        .join(came.select(key).unique(), on="account_id")
        .join(client_accounts, on=["institution_id", "cp_account_id"], how="semi")
        .group_by(key)
        .agg(pl.col("amount_fen").sum().alias("went"))
    )
    back = (
        sources(ctx)
        .filter((pl.col("basis") == "till") & pl.col("class").is_in(["same_client", "other_client"]))
        .join(
            till_payouts(ctx).select("institution_id", "line_no", "account_id"),
            on=["institution_id", "line_no"],
        )
        .group_by(key)
        .agg(pl.col("amount_fen").sum().alias("back"))
    )
    return (
        came.group_by(key)
        .agg(pl.col("amount_fen").sum().alias("came"), pl.col("line_no").max())
        .join(went, on=key, how="left")
        .join(back, on=key, how="left")
        .with_columns(amount_fen=pl.col("came") - pl.col("went").fill_null(0) - pl.col("back").fill_null(0))
        .with_columns(pl.col("amount_fen").clip(lower_bound=0))
        .select("institution_id", "line_no", "amount_fen")
        .sort("line_no")
    )
