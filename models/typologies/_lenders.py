"""Persons who are paid the money of other people's projects."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from models.typologies._frames import told
from models.typologies._paths import edges
from models.typologies._pool import disbursement_lines
from models.typologies.base import Context

LIKE_A_LOAN = 0.25
"""A payment to a person counts as a loan from this share of the person's smallest project on."""
MANY = 3
"""Loans to others from which a person lends as a business."""


@dataclass(frozen=True, slots=True)
class SuperLenders:
    """Answer of `super_lenders`.

    Attributes
    ----------
    paid : polars.DataFrame
        Grain: project. Disbursements to such persons: ``institution_id``, ``project_id``,
        ``line_no``, ``account_no``, ``booked_on``, ``amount_fen``, ``holder_id``.
    lent : polars.DataFrame
        Grain: transfer. Their loans: ``institution_id``, ``from_holder_id``, ``to_holder_id``,
        ``paid_on``, ``amount_fen``, ``out_line_no``, ``in_line_no``, ``to_borrower`` (whether
        the payee is the registered borrower of a project whose money the person got).
    """

    paid: pl.DataFrame
    lent: pl.DataFrame


def super_lenders(ctx: Context) -> SuperLenders:
    """Find persons who got the money of projects of which they are not the borrower.

    A person counts who got it for two borrowers or more, or who lent to a registered borrower of
    such a project or to `MANY` people.
    """
    found: SuperLenders = ctx.shared("lenders.super", _super_lenders)
    return found


def _super_lenders(ctx: Context) -> SuperLenders:
    projects = ctx.table("mart_project", ("project_id", "principal_fen", "borrower_holder_id"))
    borrowers = told(
        ctx,
        projects.rename({"borrower_holder_id": "borrower"}),
        "borrower",
        "mart_holder",
        borrower_key="name_key",
    )
    others = disbursement_lines(ctx).filter(~pl.col("to_borrower") & pl.col("holder_id").is_not_null())
    paid = (
        told(ctx, others, "holder_id", "mart_holder", kind="kind")
        .filter(pl.col("kind") == "person")
        .drop("kind")
        .join(borrowers, on="project_id")
        .with_columns(borrowers=pl.col("borrower_key").n_unique().over("institution_id", "holder_id"))
    )
    least = paid.group_by("institution_id", "holder_id").agg(
        least=pl.col("principal_fen").min() * LIKE_A_LOAN
    )
    served = (
        paid.select("institution_id", from_holder_id="holder_id", borrower_key="borrower_key")
        .drop_nulls()
        .unique()
        .with_columns(to_borrower=pl.lit(True))
    )
    large = (
        edges(ctx)
        .join(least.rename({"holder_id": "from_holder_id"}), on="from_holder_id")
        .filter(pl.col("amount_fen") >= pl.col("least"))
    )
    lent = (
        told(ctx, large, "to_holder_id", "mart_holder", kind="kind", borrower_key="name_key")
        .filter(pl.col("kind") == "person")
        .join(served, on=["institution_id", "from_holder_id", "borrower_key"], how="left")
        .with_columns(pl.col("to_borrower").fill_null(False))
    )
    business = lent.group_by("institution_id", holder_id="from_holder_id").agg(
        loans=pl.col("to_holder_id").n_unique(), known=pl.col("to_borrower").sum()
    )
    persons = (
        paid.group_by("institution_id", "holder_id")
        .agg(pl.col("borrowers").first())
        .join(business, on=["institution_id", "holder_id"], how="left")
        .filter((pl.col("borrowers") >= 2) | (pl.col("known") > 0) | (pl.col("loans") >= MANY))
        .select("institution_id", "holder_id")
    )
    columns = [
        "institution_id",
        "project_id",
        "line_no",
        "account_no",
        "booked_on",
        "amount_fen",
        "holder_id",
    ]
    return SuperLenders(
        paid.join(persons, on=["institution_id", "holder_id"], how="semi").select(columns).sort("line_no"),
        lent.join(
            persons.rename({"holder_id": "from_holder_id"}),
            on=["institution_id", "from_holder_id"],
            how="semi",
        )
        .select(
            "institution_id",
            "from_holder_id",
            "to_holder_id",
            "paid_on",
            "amount_fen",
            "out_line_no",
            "in_line_no",
            "to_borrower",
            "transfer_no",
        )
        .sort("institution_id", "transfer_no"),
    )
