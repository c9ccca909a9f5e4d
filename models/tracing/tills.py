"""Payouts out of tills that no register names: their clients are paid from there too, so they count as payouts.

An account that takes an institution's client money without being registered (`models.typologies._hidden`) holds
little else. A client who is paid from there gets the own money back first; what goes beyond it is matched first
in, first out, and takes the class of who had paid it in.
"""

from __future__ import annotations

import polars as pl

from models.tracing.accounts import CLIENT_ACCOUNTS
from models.tracing.book import WALKED
from models.tracing.match import match
from models.tracing.parts import SOURCE_SCHEMA
from models.typologies._hidden import hidden_accounts, hidden_deposits
from models.typologies._ledger import clients
from models.typologies.base import Context

PAYER_CLASS = {
    "self": "own", "employee": "own", "related": "related", "guarantor": "related", "client": "other_client",
    "bank": "bank",
}  # fmt: skip
"""Class of what a payer of some role brought; of others ``unknown``."""


def till_payouts(ctx: Context) -> pl.DataFrame:
    """Payments out of unregistered tills to the institution's subscribers.

    Returns
    -------
    polars.DataFrame
        Grain: ``line_no`` × institution. ``institution_id``, ``account_id``, ``holder_id``, ``booked_on``,
        ``amount_fen``; sorted.
    """

    def make(ctx: Context) -> pl.DataFrame:
        columns = ("line_no", "account_id", "direction", "booked_on", "amount_fen", "cp_holder_id")
        return (
            ctx.table("mart_line", columns)
            .filter(pl.col("direction") == "out")
            .join(hidden_accounts(ctx).select("institution_id", "account_id"), on="account_id")
            .rename({"cp_holder_id": "holder_id"})
            .join(clients(ctx), on=["institution_id", "holder_id"], how="semi")
            .select("institution_id", "line_no", "account_id", "holder_id", "booked_on", "amount_fen")
            .sort("line_no", "institution_id")
        )

    frame: pl.DataFrame = ctx.shared("tracing.till_payouts", make)
    return frame


def till_sources(ctx: Context) -> pl.DataFrame:
    """Split payouts out of tills by origin, as `models.tracing.sources.sources`; parts make up their lines."""
    paid = till_payouts(ctx)
    if paid.is_empty():
        return pl.DataFrame(schema=SOURCE_SCHEMA)
    lines = ctx.table("mart_line", WALKED).join(
        paid.select("account_id").unique(), on="account_id", how="semi", maintain_order="left"
    )
    payers = _payers(ctx, paid)
    pots = pl.concat(
        [
            payers.filter("deposit").select(line_no="origin_line_no", pot="origin_holder_id"),
            paid.select("line_no", pot="holder_id"),
        ]
    )
    pots = pots.drop_nulls().unique().join(lines.select("line_no", "amount_fen"), on="line_no")
    return (
        match(lines, pots=pots)
        .select("out_line_no", "amount_fen", origin_line_no="in_line_no")
        .join(paid.drop("amount_fen"), left_on="out_line_no", right_on="line_no")
        .join(payers, on=["institution_id", "origin_line_no"], how="left")
        .with_columns(
            pl.when(pl.col("deposit") & (pl.col("origin_holder_id") == pl.col("holder_id")))
            .then(pl.lit("same_client"))
            .otherwise(pl.col("class").fill_null("unknown"))
            .alias("class")
        )
        .group_by("institution_id", "out_line_no", "class", "origin_line_no", "origin_holder_id")
        .agg(pl.col("amount_fen").sum())
        .select(
            "institution_id",
            pl.col("out_line_no").alias("line_no"),
            "class",
            "origin_line_no",
            "origin_holder_id",
            "amount_fen",
            pl.lit(1).alias("hops"),
            pl.lit(None, pl.String).alias("product_id"),
            pl.lit("till").alias("basis"),
        )
        .cast(pl.Schema(SOURCE_SCHEMA))
    )


def _payers(ctx: Context, paid: pl.DataFrame) -> pl.DataFrame:
    """Who paid into the tills: ``origin_line_no``, ``origin_holder_id``, ``deposit``, ``class``."""
    place = ["institution_id", "account_id"]
    columns = ("line_no", "account_id", "direction", "cp_account_id", "cp_holder_id")
    came = (
        ctx.table("mart_line", columns)
        .filter(pl.col("direction") == "in")
        .join(paid.select(place).unique(), on="account_id")
    )
    deposits = hidden_deposits(ctx).select("institution_id", "line_no", deposit=pl.lit(True))
    repaid = ctx.table("mart_project_line").filter(pl.col("kind") == "repayment").select("line_no")
    own = ctx.table("mart_controlled_account").select(
        "institution_id", "account_type", cp_account_id="account_id"
    )
    roles = ctx.table("mart_role").select("institution_id", "role", cp_holder_id="holder_id")
    role = pl.col("role").replace_strict(PAYER_CLASS, default="unknown", return_dtype=pl.String)
    return (
        came.join(deposits, on=["institution_id", "line_no"], how="left")
        .join(repaid.unique().with_columns(repaid=pl.lit(True)), on="line_no", how="left")
        .join(own, on=["institution_id", "cp_account_id"], how="left")
        .join(roles, on=["institution_id", "cp_holder_id"], how="left")
        .select(
            "institution_id",
            pl.col("line_no").alias("origin_line_no"),
            pl.col("cp_holder_id").alias("origin_holder_id"),
            pl.col("deposit").fill_null(False),
            pl.when(pl.col("deposit"))
            .then(pl.lit("other_client"))
            .when(pl.col("repaid"))
            .then(pl.lit("project"))
            .when(pl.col("account_type").is_in(CLIENT_ACCOUNTS))
            .then(pl.lit("other_client"))
            .when(pl.col("account_type").is_not_null())
            .then(pl.lit("own"))
            .otherwise(role)
            .alias("class"),
        )
    )
