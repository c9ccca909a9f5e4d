"""Who borrows under a product's projects, and what they paid in."""

from __future__ import annotations

import polars as pl

from models.typologies._ledger import controlled_lines, deposits
from models.typologies.base import Context


def borrowers(ctx: Context) -> pl.DataFrame:
    """Products with the holders that borrow under their projects.

    Returns
    -------
    polars.DataFrame
        Grain: product × project × ``holder_id``. Where the register gives the borrower no account,
        the holder it makes of name and number may differ from the one that banks show; holders of
        the same name that deal with the institution then stand beside it, and so does whoever else
        holds the account the register gives for the borrower.
    """
    frame: pl.DataFrame = ctx.shared("rounds.borrowers", _borrowers)
    return frame


def _borrowers(ctx: Context) -> pl.DataFrame:
    listed = (
        ctx.table("mart_product_project", ("product_id", "project_id"))
        .unique()
        .join(ctx.table("mart_project"), on="project_id")
        .select(
            "product_id",
            "project_id",
            "institution_id",
            "principal_fen",
            "annual_rate",
            "started_on",
            "due_on",
            "repayment",
            holder_id="borrower_holder_id",
            account_id="borrower_account_id",
        )
    )
    names = ctx.table("mart_holder", ("holder_id", "name_key")).drop_nulls()
    seen = (
        controlled_lines(ctx)
        .filter(pl.col("cp_type").is_null())
        .select("institution_id", holder_id="cp_holder_id")
        .drop_nulls()
        .unique()
    )
    absent = listed.join(seen, on=["institution_id", "holder_id"], how="anti")
    unsure = pl.concat([absent, listed.filter(pl.col("account_id").is_null())]).unique()
    twins = (
        unsure.join(names, on="holder_id")
        .drop("holder_id")
        .join(seen.join(names, on="holder_id"), on=["institution_id", "name_key"])
        .select(listed.columns)
    )
    holders = ctx.table("mart_account", ("account_id", "holder_id")).rename({"holder_id": "through_id"})
    through = (
        listed.join(holders.drop_nulls(), on="account_id")
        .filter(pl.col("through_id").ne_missing(pl.col("holder_id")))
        .with_columns(holder_id="through_id")
        .select(listed.columns)
    )
    both = pl.concat([listed, twins, through]).drop("account_id")
    return both.unique().sort("product_id", "project_id", "holder_id")


def repayments(ctx: Context) -> pl.DataFrame:
    """In-lines on controlled accounts from holders that borrow from the institution.

    Returns
    -------
    polars.DataFrame
        Grain: ``line_no``. ``institution_id``, ``holder_id``, ``in_on``, ``in_fen``. A line that
        paid for a subscription of the same amount is a deposit, not a repayment.
    """

    def make(ctx: Context) -> pl.DataFrame:
        who = borrowers(ctx).select("institution_id", cp_holder_id="holder_id").drop_nulls().unique()
        bought = deposits(ctx).filter(pl.col("match") == "amount").select("line_no")
        return (
            controlled_lines(ctx)
            .filter((pl.col("direction") == "in") & pl.col("cp_type").is_null())
            .join(who, on=["institution_id", "cp_holder_id"], how="semi")
            .join(bought, on="line_no", how="anti")
            .select(
                "line_no", "institution_id", holder_id="cp_holder_id", in_on="booked_on", in_fen="amount_fen"
            )
            .sort("line_no")
        )

    frame: pl.DataFrame = ctx.shared("rounds.repayments", make)
    return frame
