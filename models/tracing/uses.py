"""Where client money went: every line out of a client account, by what became of it.

Specific identification goes first: payments for registered projects, payouts (from
`models.tracing.sources`), fees, transfers between the institution's own accounts. What left for somebody
else is followed from account to account, and takes the class of where it arrived.
"""

from __future__ import annotations

import polars as pl

from models.tracing.divert import diverted
from models.tracing.layers import bought, counted_before
from models.tracing.sources import (
    CLIENT_ACCOUNTS,
    OWN_ACCOUNTS,
    cost_payees,
    payout_lines,
    project_payments,
    sources,
)
from models.typologies._hidden import hidden_deposits
from models.typologies._ledger import controlled_lines, deposits, subscriptions
from models.typologies._rounds import coverage
from models.typologies.base import Context

USE_SCHEMA: dict[str, pl.DataType] = {
    "institution_id": pl.String(),
    "line_no": pl.Int64(),
    "class": pl.String(),
    "end_line_no": pl.Int64(),
    "end_holder_id": pl.Int64(),
    "amount_fen": pl.Int64(),
    "hops": pl.Int64(),
    "basis": pl.String(),
}
"""Grain: a part of a line out of a client account and what became of it; for money still held one row
an account, with the account's last line. ``basis`` says why: ``register`` (role of the payee),
``project``, ``payout``, ``transfer`` (between own accounts), ``traced`` (followed further),
``shaved`` (kept on the way), ``balance`` (still there)."""

ADVANCE_DAYS = 45
"""Days within which an equal sum is taken to be the own money lent that goes back."""
FEE_DAYS = 31
FEE_SHARE = 0.07
"""Largest share of the project payments and repayments of the last `FEE_DAYS` that a fee is taken to be."""
FEE_OF_SOLD = 0.02
"""Largest share of the funds it has sold that a manager's fee is taken to be (2 % at a time)."""
FEE_LEAST_FEN = 1_000_000
"""Up to 10,000 yuan a payment to the own account is taken for a fee where nothing moved for a month."""
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
    parts = [_payouts(ctx), _projects(ctx), _internal(ctx), _others(ctx), held(ctx)]
    return (
        pl.concat([p.select(list(USE_SCHEMA)).cast(pl.Schema(USE_SCHEMA)) for p in parts])
        .filter(pl.col("amount_fen") > 0)
        .sort("line_no", "class", "end_line_no", "amount_fen", nulls_last=True)
    )


def outs(ctx: Context) -> pl.DataFrame:
    """Lines out of client accounts (grain: ``line_no``)."""

    def make(ctx: Context) -> pl.DataFrame:
        return (
            controlled_lines(ctx)
            .filter((pl.col("direction") == "out") & pl.col("account_type").is_in(CLIENT_ACCOUNTS))
            .unique("line_no", keep="first", maintain_order=True)
        )

    frame: pl.DataFrame = ctx.shared("tracing.outs", make)
    return frame


def _whole(lines: pl.DataFrame, klass: pl.Expr, basis: str) -> pl.DataFrame:
    """Lines taken whole: their own payee is the end."""
    return lines.select(
        "institution_id",
        "line_no",
        klass.alias("class"),
        pl.col("line_no").alias("end_line_no"),
        pl.col("cp_holder_id").alias("end_holder_id"),
        "amount_fen",
        pl.lit(1).alias("hops"),
        pl.lit(basis).alias("basis"),
    )


def _payouts(ctx: Context) -> pl.DataFrame:
    """Payouts made with deposits: back to the same client, or to another."""
    return (
        sources(ctx)
        .filter(pl.col("class").is_in(["same_client", "other_client"]))
        .join(payout_lines(ctx).select("line_no", "holder_id"), on="line_no")
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


def _projects(ctx: Context) -> pl.DataFrame:
    """Payments for projects; what is traced on to insiders, brokers or developers leaves the class."""
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
    off = diverted(ctx, paid.select("institution_id", "line_no", "amount_fen"), direct=False)
    return pl.concat(
        [
            _whole(astray, pl.lit("unknown"), "register"),
            _less(_whole(paid, pl.lit("project"), "project"), off),
            off,
        ],
        how="vertical_relaxed",
    )


def _astray(ctx: Context, paid: pl.DataFrame) -> pl.DataFrame:
    """Payments for projects to one account that serves several unrelated borrowers.

    Either the register gives borrowers of different names one account, or a firm that is nobody's
    registered borrower is paid in their stead. (A person paid so may have lent to them before.)
    """
    shared = (
        ctx.table("mart_project")
        .filter(pl.col("borrower_account_id").is_not_null())
        .group_by("borrower_account_id")
        .agg(pl.col("borrower_name").n_unique().alias("borrowers"), pl.col("project_id"))
        .filter(pl.col("borrowers") >= SHARED_BORROWERS)
        .explode("project_id")
        .select("project_id")
    )
    firms = ctx.table("mart_holder").filter(pl.col("kind") == "company").select(cp_holder_id="holder_id")
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


def _less(lines: pl.DataFrame, off: pl.DataFrame) -> pl.DataFrame:
    """What of each line is left after the parts that went astray."""
    gone = off.group_by("line_no").agg(pl.col("amount_fen").sum().alias("gone"))
    return (
        lines.join(gone, on="line_no", how="left")
        .with_columns(amount_fen=pl.col("amount_fen") - pl.col("gone").fill_null(0))
        .drop("gone")
        .filter(pl.col("amount_fen") > 0)
    )


def _internal(ctx: Context) -> pl.DataFrame:
    """Payments to the institution's other accounts: fees, advances going back, other products.

    What is no more than an agreed fee can be is one. A larger sum takes back own money lent to the
    client account before; what remains is followed on, and is the institution's own use where it stays.
    """
    own = outs(ctx).filter(pl.col("cp_type").is_in(OWN_ACCOUNTS))
    back = _whole(own.filter(pl.col("cp_type") == "risk_reserve"), pl.lit("own"), "transfer")
    own = own.filter(pl.col("cp_type") == "own")
    lent = _advances(ctx)
    same = _taken_back(own, lent)
    own = own.join(same, on="line_no", how="anti")
    fees = _fees(ctx, own)
    lent = lent.join(same, on="lent_no", how="anti")
    rest = _less_advances(own.join(fees, on="line_no", how="anti"), lent)
    off = diverted(ctx, rest.select("institution_id", "line_no", "amount_fen"), direct=True, through_own=True)
    return pl.concat(
        [
            back,
            _whole(own.join(fees, on="line_no", how="semi"), pl.lit("fee"), "transfer"),
            _less(_whole(rest, pl.lit("own"), "transfer"), off),
            off,
            _whole(bought(ctx), pl.lit("product"), "transfer"),
        ],
        how="vertical_relaxed",
    )


def _fees(ctx: Context, own: pl.DataFrame) -> pl.DataFrame:
    """Lines to the own account that an agreed service fee explains (``line_no``).

    A fee is at most `FEE_SHARE` of what the account moved for projects in the `FEE_DAYS` before, or
    `FEE_OF_SOLD` of what the institution has sold.
    """
    moved = (
        pl.concat(
            [
                project_payments(ctx).select("line_no", "amount_fen"),
                ctx.table("mart_project_line")
                .filter(pl.col("kind") == "repayment")
                .select("line_no", "amount_fen"),
            ],
            how="vertical_relaxed",
        )
        .unique("line_no")
        .join(ctx.table("mart_line").select("line_no", "account_id", "booked_on"), on="line_no")
        .group_by("account_id", "booked_on")
        .agg(pl.col("amount_fen").sum().alias("moved"))
    )
    sold = (
        subscriptions(ctx)
        .filter(pl.col("product_kind") != "loan")
        .group_by("institution_id")
        .agg(pl.col("amount_fen").sum().alias("sold"))
    )
    base = (
        own.select("line_no", "account_id", line_on="booked_on")
        .join(moved, on="account_id")
        .filter(
            (pl.col("booked_on") <= pl.col("line_on"))
            & (pl.col("booked_on") > pl.col("line_on") - pl.duration(days=FEE_DAYS))
        )
        .group_by("line_no")
        .agg(pl.col("moved").sum())
    )
    return (
        own.join(base, on="line_no", how="left")
        .join(sold, on="institution_id", how="left")
        .filter(
            (pl.col("amount_fen") <= FEE_SHARE * pl.col("moved").fill_null(0))
            | (pl.col("amount_fen") <= FEE_OF_SOLD * pl.col("sold").fill_null(0))
            | (pl.col("amount_fen") <= FEE_LEAST_FEN)
        )
        .select("line_no")
    )


def _advances(ctx: Context) -> pl.DataFrame:
    """Own money lent to client accounts: paid in by own accounts and not used to top payouts up."""
    used = (
        coverage(ctx)
        .filter(pl.col("source") == "topup")
        .group_by("line_no")
        .agg(pl.col("amount_fen").sum().alias("used"))
    )
    return (
        controlled_lines(ctx)
        .filter(
            (pl.col("direction") == "in")
            & pl.col("account_type").is_in(CLIENT_ACCOUNTS)
            & (pl.col("cp_type") == "own")
        )
        .join(used, on="line_no", how="left")
        .select(
            "account_id",
            pl.col("line_no").alias("lent_no"),
            pl.col("booked_on").alias("lent_on"),
            pl.col("amount_fen").alias("whole_fen"),
            (pl.col("amount_fen") - pl.col("used").fill_null(0)).alias("lent_fen"),
        )
        .filter(pl.col("lent_fen") > 0)
        .sort("lent_no")
    )


def _taken_back(own: pl.DataFrame, lent: pl.DataFrame) -> pl.DataFrame:
    """Lines that take back one advance to the fen: ``line_no``, ``lent_no``."""
    pairs = (
        own.join(lent, left_on=["account_id", "amount_fen"], right_on=["account_id", "whole_fen"])
        .filter(
            (pl.col("line_no") > pl.col("lent_no"))
            & (pl.col("booked_on") <= pl.col("lent_on") + pl.duration(days=ADVANCE_DAYS))
        )
        .sort("line_no", "lent_no", descending=[False, True])
    )
    found = [pairs.select("line_no", "lent_no").clear()]
    for _ in range(6):
        best = pairs.unique("line_no", keep="first", maintain_order=True).unique(
            "lent_no", keep="first", maintain_order=True
        )
        if best.is_empty():
            break
        found.append(best.select("line_no", "lent_no"))
        pairs = pairs.join(best, on="line_no", how="anti", maintain_order="left").join(
            best, on="lent_no", how="anti", maintain_order="left"
        )
    return pl.concat(found)


def _less_advances(own: pl.DataFrame, advances: pl.DataFrame) -> pl.DataFrame:
    """Lines less the own money they take back, oldest advance first."""
    lent = advances.select(
        "account_id",
        pl.col("lent_no").alias("line_no"),
        pl.col("lent_fen").alias("amount_fen"),
        pl.lit(None, pl.Int64).alias("taken_no"),
    )
    taken = own.select("account_id", "line_no", "amount_fen", pl.col("line_no").alias("taken_no"))
    both = pl.concat([lent, taken], how="vertical_relaxed").sort("account_id", "line_no")
    if both.is_empty():
        return own
    signed = pl.when(pl.col("taken_no").is_null()).then("amount_fen").otherwise(-pl.col("amount_fen"))
    level = signed.cum_sum().over("account_id")
    beyond = (-level.cum_min().over("account_id")).clip(lower_bound=0)
    left = (
        both.with_columns(beyond=beyond)
        .with_columns(
            amount_fen=pl.col("beyond") - pl.col("beyond").shift(1, fill_value=0).over("account_id")
        )
        .filter(pl.col("taken_no").is_not_null() & (pl.col("amount_fen") > 0))
        .select(pl.col("taken_no").alias("line_no"), "amount_fen")
    )
    return own.drop("amount_fen").join(left, on="line_no")


def _product_accounts(ctx: Context) -> pl.DataFrame:
    return (
        ctx.table("mart_controlled_account")
        .filter(pl.col("account_type") == "product")
        .select(cp_account_id="account_id")
        .unique()
    )


def _others(ctx: Context) -> pl.DataFrame:
    """All that left to others: by the payee's role, and followed on where it does not stay."""
    lines = (
        outs(ctx)
        .filter(pl.col("cp_type").is_null())
        .join(project_payments(ctx).select("line_no"), on="line_no", how="anti")
        .join(payout_lines(ctx).select("line_no"), on="line_no", how="anti")
        .join(bought(ctx).select("line_no"), on="line_no", how="anti")
    )
    lines = _labelled(ctx, lines)
    ends = pl.col("class").is_in(["related", "securities", "real_estate", "bank", "product", "same_client"])
    there = _whole(lines.filter(ends), pl.col("class"), "register")
    loose = lines.filter(~ends)
    off = diverted(ctx, loose.select("institution_id", "line_no", "amount_fen"), direct=True)
    return pl.concat(
        [there, _less(_whole(loose, pl.col("class"), "register"), off), off], how="vertical_relaxed"
    )


def _labelled(ctx: Context, lines: pl.DataFrame) -> pl.DataFrame:
    """Give each line the class of its payee."""
    roles = ctx.table("mart_role").select("institution_id", "role", cp_holder_id="holder_id")
    names = ctx.table("mart_holder").select(
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


def held(ctx: Context) -> pl.DataFrame:
    """Client money still there: balances of client accounts, and deposits elsewhere not yet passed on."""
    accounts = ctx.table("mart_controlled_account").filter(pl.col("account_type").is_in(CLIENT_ACCOUNTS))
    signed = pl.when(pl.col("direction") == "in").then("amount_fen").otherwise(-pl.col("amount_fen"))
    closing = (
        ctx.table("mart_line")
        .join(accounts.select("institution_id", "account_id"), on="account_id")
        .sort("line_no")
        .group_by("institution_id", "account_id", maintain_order=True)
        .agg(
            pl.col("line_no").last(),
            pl.col("balance_after_fen").drop_nulls().last().alias("said"),
            signed.sum().alias("summed"),
        )
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
    """Deposits in accounts that are no client accounts, less what was passed on from there."""
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
        ctx.table("mart_line")
        .filter(pl.col("direction") == "out")
        .join(came.select(key).unique(), on="account_id")
        .join(client_accounts, on=["institution_id", "cp_account_id"], how="semi")
        .group_by(key)
        .agg(pl.col("amount_fen").sum().alias("went"))
    )
    return (
        came.group_by(key)
        .agg(pl.col("amount_fen").sum().alias("came"), pl.col("line_no").max())
        .join(went, on=key, how="left")
        .with_columns(amount_fen=(pl.col("came") - pl.col("went").fill_null(0)).clip(lower_bound=0))
        .select("institution_id", "line_no", "amount_fen")
        .sort("line_no")
    )
