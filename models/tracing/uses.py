"""Where client money went: every line out of a client account, by what became of it.

Specific identification goes first: payments for registered projects, payouts (from
`models.tracing.sources`), fees, transfers between the institution's own accounts. What left for somebody
else is followed from account to account, and takes the class of where it arrived.
"""

from __future__ import annotations

import polars as pl

from models.tracing.clients import cost_payees, payout_lines
from models.tracing.divert import diverted
from models.tracing.held import held
from models.tracing.layers import bought, counted_before
from models.tracing.lent import project_payments
from models.tracing.own_uses import internal
from models.tracing.parts import USE_SCHEMA, less, outs, whole
from models.tracing.sources import sources
from models.tracing.tills import till_payouts
from models.typologies._ledger import controlled_lines
from models.typologies.base import Context

USE_ORDER = (
    "line_no", "class", "end_line_no", "amount_fen", "end_holder_id", "hops", "basis", "institution_id",
)  # fmt: skip
"""Order of uses; whole, so that ties have no order of their own."""
SHARED_BORROWERS = 3
"""Unrelated borrowers registered with one account from which on it is nobody's borrower account."""
ROLE_CLASS = {
    "self": "own",
    "employee": "own",
    "vendor": "own",
    "supplier": "own",
    "related": "related",
    "guarantor": "related",
    "securities": "securities",
    "real_estate": "real_estate",
    "bank": "bank",
    "client": "same_client",
    "product": "product",
    "insurer": "product",
}
"""Class of a payee's role where nothing more specific is known; other roles are ``unknown``. A premium
buys an insurance product."""
PRODUCT_NAME = r"(?:集合|信托|资产管理|资管|专项|理财)计划|理财产品|(?:私募|投资)基金$|\d+[号期]$"
"""Names of accounts kept in a product's name that no register lists."""


def uses(ctx: Context) -> pl.DataFrame:
    """Split every line out of a client account by use.

    Returns
    -------
    polars.DataFrame
        `USE_SCHEMA`, sorted by line, class, end. Payouts that repayments paid are no use of client
        money and are left out, as are own advances that go back.
    """
    frame: pl.DataFrame = ctx.shared("tracing.uses", _uses)
    return frame


def _uses(ctx: Context) -> pl.DataFrame:
    by_payee, loose = known_uses(ctx)
    parts = [by_payee, *(followed_on(ctx, way, lines) for way, lines in loose.items())]
    return pl.concat(parts).sort(USE_ORDER, nulls_last=True)


def known_uses(ctx: Context) -> tuple[pl.DataFrame, dict[str, pl.DataFrame]]:
    """Split the lines as far as payees and registers tell, without following money.

    Returns
    -------
    known : polars.DataFrame
        `USE_SCHEMA`, in no order: what is told.
    loose : dict
        `models.tracing.divert.WAYS` -> `USE_SCHEMA`: whole lines whose money may have gone on, with the
        class of what stays with the payee (`followed_on`).
    """
    paid, astray = _projects(ctx)
    back, rest = internal(ctx)
    there, others = _others(ctx)
    parts = [_payouts(ctx), astray, back, there, held(ctx)]
    loose = {"project": paid, "own": rest, "other": others}
    return pl.concat([_typed(p) for p in parts]), {way: _typed(lines) for way, lines in loose.items()}


def followed_on(ctx: Context, way: str, lines: pl.DataFrame) -> pl.DataFrame:
    """What stays with the payees of lines, and what is traced on to insiders, brokers or developers.

    Parameters
    ----------
    way : str
        Key of `models.tracing.divert.WAYS`.
    lines : polars.DataFrame
        As `known_uses` leaves them.

    Returns
    -------
    polars.DataFrame
        `USE_SCHEMA`, in no order.
    """
    off = diverted(ctx, lines.select("institution_id", "line_no", "amount_fen"), way)
    return pl.concat([_typed(less(lines, off)), _typed(off)])


def _typed(parts: pl.DataFrame) -> pl.DataFrame:
    return parts.select(list(USE_SCHEMA)).cast(pl.Schema(USE_SCHEMA)).filter(pl.col("amount_fen") > 0)


def _payouts(ctx: Context) -> pl.DataFrame:
    """Payouts made with deposits: back to the same client, or to another."""
    paid = payout_lines(ctx).select("institution_id", "line_no", "holder_id")
    paid = pl.concat([paid, till_payouts(ctx).select(paid.columns)], how="vertical_relaxed")
    return (
        sources(ctx)
        .filter(pl.col("class").is_in(["same_client", "other_client"]))
        .join(paid, on=["institution_id", "line_no"])
        .select(
            "institution_id",
            "line_no",
            "class",
            pl.col("line_no").alias("end_line_no"),
            pl.col("holder_id").alias("end_holder_id"),
            "amount_fen",
            "hops",
            pl.lit("payout").alias("basis"),
        )
    )


def _projects(ctx: Context) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Payments for projects, and those that went astray to another than the borrower."""
    paid = project_payments(ctx).join(
        controlled_lines(ctx).select("line_no", "account_id", "cp_holder_id").unique("line_no"), on="line_no"
    )
    shared = _astray(ctx, paid)
    astray = paid.join(shared, on="line_no", how="semi")
    before = counted_before(ctx, paid)
    paid = (
        paid.join(shared, on="line_no", how="anti")
        .join(before, on="line_no", how="left")
        .with_columns(amount_fen=pl.col("amount_fen") - pl.col("counted_fen").fill_null(0))
        .filter(pl.col("amount_fen") > 0)
    )
    return whole(paid, pl.lit("project"), "project"), whole(astray, pl.lit("unknown"), "register")


def _astray(ctx: Context, paid: pl.DataFrame) -> pl.DataFrame:
    """Payments for projects to one account that serves several unrelated borrowers.

    Either the register gives borrowers of different names one account, or a firm that is nobody's
    registered borrower is paid in their stead. (A person paid so may have lent to them before.)
    """
    shared = (
        ctx.table("mart_project")
        .filter(pl.col("borrower_account_id").is_in(shared_accounts(ctx).implode()))
        .select("project_id")
    )
    firms = ctx.table("mart_holder", ("holder_id", "kind")).filter(pl.col("kind") == "company")
    firms = firms.select(cp_holder_id="holder_id")
    borrowers = ctx.table("mart_project").select("project_id", "borrower_holder_id")
    payee = ["institution_id", "cp_holder_id"]
    stead = (
        paid.join(firms, on="cp_holder_id", how="semi")
        .join(borrowers, on="project_id")
        .filter(
            (pl.col("basis") == "amount").any().over(payee)
            & (pl.col("borrower_holder_id").fill_null(-1).n_unique().over(payee) > 1)
        )
    )
    return pl.concat(
        [paid.join(shared, on="project_id", how="semi").select("line_no"), stead.select("line_no")]
    )


def shared_accounts(ctx: Context) -> pl.Series:
    """Accounts registered for `SHARED_BORROWERS` or more borrowers of different names, whoever lends to them."""
    found: pl.Series = ctx.city.shared("tracing.shared_accounts", _shared_accounts)
    return found


def _shared_accounts(city: Context) -> pl.Series:
    return (
        city.table("mart_project", ("borrower_account_id", "borrower_name"))
        .drop_nulls("borrower_account_id")
        .group_by("borrower_account_id")
        .agg(borrowers=pl.col("borrower_name").n_unique())
        .filter(pl.col("borrowers") >= SHARED_BORROWERS)["borrower_account_id"]
        .sort()
    )


def _product_accounts(ctx: Context) -> pl.DataFrame:
    return (
        ctx.table("mart_controlled_account")
        .filter(pl.col("account_type") == "product")
        .select(cp_account_id="account_id")
        .unique()
    )


def _others(ctx: Context) -> tuple[pl.DataFrame, pl.DataFrame]:
    """All that left to others: what stays with a payee whose role says so, and what may go on."""
    lines = (
        outs(ctx)
        .filter(pl.col("cp_type").is_null())
        .join(project_payments(ctx).select("line_no"), on="line_no", how="anti")
        .join(payout_lines(ctx).select("line_no"), on="line_no", how="anti")
        .join(bought(ctx).select("line_no"), on="line_no", how="anti")
    )
    lines = _labelled(ctx, lines)
    ends = pl.col("class").is_in(["related", "securities", "real_estate", "bank", "product", "same_client"])
    there = whole(lines.filter(ends), pl.col("class"), "register")
    return there, whole(lines.filter(~ends), pl.col("class"), "register")


def _labelled(ctx: Context, lines: pl.DataFrame) -> pl.DataFrame:
    """Give each line the class of its payee."""
    roles = ctx.table("mart_role").select("institution_id", "role", cp_holder_id="holder_id")
    names = ctx.table("mart_holder", ("holder_id", "name")).select(
        pl.col("name").fill_null("").str.contains(PRODUCT_NAME).alias("plan"), cp_holder_id="holder_id"
    )
    return (
        lines.join(roles, on=["institution_id", "cp_holder_id"], how="left")
        .join(names, on="cp_holder_id", how="left")
        .join(_product_accounts(ctx).with_columns(sold=pl.lit(True)), on="cp_account_id", how="left")
        .with_columns(
            pl.when(pl.col("sold").fill_null(False) | pl.col("plan").fill_null(False))
            .then(pl.lit("product"))
            .otherwise(pl.col("role").replace_strict(ROLE_CLASS, default="unknown", return_dtype=pl.String))
            .fill_null("unknown")
            .alias("class")
        )
        .join(
            cost_payees(ctx).with_columns(cost=pl.lit(True)),
            on=["institution_id", "cp_holder_id"],
            how="left",
        )
        .with_columns(
            pl.when((pl.col("class") == "unknown") & pl.col("cost"))
            .then(pl.lit("own"))
            .otherwise("class")
            .alias("class")
        )
        .drop("cost")
    )
