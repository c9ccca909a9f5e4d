"""Who borrows under a product's projects, and what they paid in."""

from __future__ import annotations

import polars as pl

from models.typologies._frames import told
from models.typologies._ledger import clients, controlled_lines, deposits
from models.typologies._untold import untold_products
from models.typologies.base import Context

PRESUMED = ("custody", "product")
"""Accounts into which whoever is no client is presumed to repay a project that no register tells."""
ALIKE_DAYS = 10
"""Days by which projects of one size may start and end apart and still be told apart by nothing: loans sold week
after week are paid out as far from their sale as from the next one's."""


def borrowers(ctx: Context) -> pl.DataFrame:
    """Products with the holders that borrow under their projects.

    Returns
    -------
    polars.DataFrame
        Grain: product × project × ``holder_id``. Where the register gives the borrower no account,
        the holder it makes of name and number may differ from the one that banks show; holders of
        the same name that deal with the institution then stand beside it, and so does whoever else
        holds the account the register gives for the borrower. Where sums and days told which project a product is
        for, projects that they cannot tell from it stand beside it. See `presumed` for products whose projects no
        register tells.
    """
    frame: pl.DataFrame = ctx.shared("rounds.borrowers", _borrowers)
    return frame


_LENT = (
    "project_id", "institution_id", "principal_fen", "annual_rate", "started_on", "due_on", "repayment",
    "borrower_holder_id", "borrower_account_id",
)  # fmt: skip


def _borrowers(ctx: Context) -> pl.DataFrame:
    listed = (
        _links(ctx)
        .join(ctx.table("mart_project", _LENT), on="project_id")
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
    seen = (
        controlled_lines(ctx)
        .select("institution_id", "cp_type", holder_id="cp_holder_id")
        .filter(pl.col("cp_type").is_null())
        .select("institution_id", "holder_id")
        .drop_nulls()
        .unique()
    )
    absent = listed.join(seen, on=["institution_id", "holder_id"], how="anti")
    unsure = pl.concat([absent, listed.filter(pl.col("account_id").is_null())]).unique()
    unsure, named = (
        told(ctx, who, "holder_id", "mart_holder", name_key="name_key").drop_nulls("name_key")
        for who in (unsure, seen)
    )
    twins = unsure.drop("holder_id").join(named, on=["institution_id", "name_key"]).select(listed.columns)
    through = (
        told(ctx, listed, "account_id", "mart_account", through_id="holder_id")
        .drop_nulls(["account_id", "through_id"])
        .filter(pl.col("through_id").ne_missing(pl.col("holder_id")))
        .with_columns(holder_id="through_id")
        .select(listed.columns)
    )
    both = pl.concat([listed, twins, through]).drop("account_id")
    return both.unique().sort("product_id", "project_id", "holder_id")


def _links(ctx: Context) -> pl.DataFrame:
    """Products and their projects; where no register links them, also projects as large, begun and due as those."""
    links = ctx.table("mart_product_project", ("product_id", "project_id", "basis"))
    told = links.select("product_id", "project_id").unique()
    guessed = links.filter(pl.col("basis") != "register").select("product_id", "project_id").unique()
    terms = ("institution_id", "principal_fen")
    projects = ctx.table("mart_project", ("project_id", *terms, "started_on", "due_on"))
    projects = projects.join(guessed, on="project_id", how="semi")
    twins = (
        projects.join(projects, on=terms, suffix="_twin")
        .filter(pl.col("project_id") != pl.col("project_id_twin"))
        .filter(
            ((pl.col("started_on") - pl.col("started_on_twin")).dt.total_days().abs() <= ALIKE_DAYS)
            & ((pl.col("due_on") - pl.col("due_on_twin")).dt.total_days().abs() <= ALIKE_DAYS)
        )
    )
    more = guessed.join(twins, on="project_id").select("product_id", project_id="project_id_twin")
    return pl.concat([told, more]).unique()


def presumed(ctx: Context) -> pl.DataFrame:
    """Payers who may borrow under any product of an institution whose projects no register tells.

    Borrowers of projects that are told pay for these.

    Returns
    -------
    polars.DataFrame
        Grain: ``institution_id``, ``holder_id``: whoever pays into client accounts and is neither client nor the
        institution itself. (Not by product: products times payers would be millions.)
    """

    def make(ctx: Context) -> pl.DataFrame:
        untold = untold_products(ctx).select("institution_id").drop_nulls().unique()
        who = ["institution_id", "holder_id"]
        return (
            controlled_lines(ctx)
            .filter(
                (pl.col("direction") == "in")
                & pl.col("account_type").is_in(PRESUMED)
                & pl.col("cp_type").is_null()
            )
            .join(untold, on="institution_id", how="semi")
            .select("institution_id", holder_id="cp_holder_id")
            .drop_nulls()
            .unique()
            .join(clients(ctx), on=who, how="anti")
            .join(borrowers(ctx).select(who).drop_nulls().unique(), on=who, how="anti")
            .sort(who)
        )

    frame: pl.DataFrame = ctx.shared("rounds.presumed", make)
    return frame


def repayments(ctx: Context) -> pl.DataFrame:
    """In-lines on controlled accounts from holders that borrow, or may borrow (`presumed`), from the institution.

    Returns
    -------
    polars.DataFrame
        Grain: ``line_no``. ``institution_id``, ``holder_id``, ``in_on``, ``in_fen``. A line that
        paid for a subscription of the same amount is a deposit, not a repayment.
    """

    def make(ctx: Context) -> pl.DataFrame:
        who = pl.concat([borrowers(ctx).select("institution_id", "holder_id"), presumed(ctx)])
        who = who.drop_nulls().unique().rename({"holder_id": "cp_holder_id"})
        bought = deposits(ctx).filter(pl.col("match") == "amount").select("line_no")
        return (
            controlled_lines(ctx)
            .select(
                "line_no", "institution_id", "cp_holder_id", "booked_on", "amount_fen", "direction", "cp_type"
            )
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
