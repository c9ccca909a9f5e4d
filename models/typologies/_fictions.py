"""Signs that a registered project is none."""

from __future__ import annotations

import polars as pl

from models.typologies._diversion import Diversion, diversions
from models.typologies._failed_raises import failed_raises
from models.typologies._frames import told
from models.typologies._gaps import many_or_checked, seen, statements_begin, statements_end
from models.typologies._lenders import super_lenders
from models.typologies._parties import own_holders, related
from models.typologies._pool import PAID_DAYS, disbursed, disbursement_lines, products_status
from models.typologies._rounds import borrowers, repayments
from models.typologies._untold import presumed_products
from models.typologies.base import Context

LENDING_SECTORS = ("p2p", "equity_crowdfunding")
PART_PAID = 0.2
"""Part of the principal from which a borrower was paid, if not all (what the rest became is another question)."""
SAME_NAMES = 0.2
"""Share of lines with a borrower's account from which banks write borrowers' names as the register does (masked and cut
ones leave more than half; other names leave none)."""


def unpaid_projects(ctx: Context) -> pl.DataFrame:
    """Full projects whose money was paid to nobody.

    Returns
    -------
    polars.DataFrame
        Grain: product × project. ``institution_id``, ``project_id``, ``product_id``,
        ``principal_fen``. Projects that started before the first statement line are left out, and rounds
        that failed and were given back to the clients.
    """
    start = statements_begin(ctx)
    turned = (
        ctx.table("mart_product_project", ("product_id", "project_id"))
        .unique()
        .group_by("project_id")
        .len()
        .filter(pl.col("len") > 1)
        .select("project_id")
    )
    full = (
        products_status(ctx)
        .filter(
            (pl.col("projects") > 0)
            & (pl.col("lent_fen") == 0)
            & ~pl.col("raising")
            & (pl.col("first_on") >= start)
            & (pl.col("sold_fen") >= pl.col("principal_fen") * 0.999)
        )
        .with_columns(by=pl.col("last_on") + pl.duration(days=PAID_DAYS))
    )
    full = many_or_checked(ctx, seen(ctx, full, "first_on", "by", "sold_fen"))
    full = full.select("institution_id", "product_id").join(failed_raises(ctx), on="product_id", how="anti")
    where = (
        ctx.table("mart_institution").filter(pl.col("sector").is_in(LENDING_SECTORS)).select("institution_id")
    )
    return (
        ctx.table("mart_product_project", ("product_id", "project_id"))
        .unique()
        .join(full, on="product_id")
        .join(where, on="institution_id", how="semi")
        .join(turned, on="project_id", how="anti")
        .join(disbursed(ctx), on="project_id", how="anti")
        .join(ctx.table("mart_project", ("project_id", "principal_fen")), on="project_id")
        .join(_paid_in_part(ctx), on="project_id", how="anti")
        .join(_called_off(ctx), on=["institution_id", "principal_fen"], how="anti")
        .sort("institution_id", "project_id", "product_id")
    )


def _called_off(ctx: Context) -> pl.DataFrame:
    """Sums of failed rounds whose project no register tells (``institution_id``, ``principal_fen``)."""
    failed = failed_raises(ctx).join(presumed_products(ctx), on="product_id", how="semi")
    return (
        products_status(ctx)
        .join(failed, on="product_id", how="semi")
        .select("institution_id", principal_fen="sold_fen")
        .unique()
    )


def _paid_in_part(ctx: Context) -> pl.DataFrame:
    """Projects of which the borrower got a part around the start (``project_id``)."""
    lines = ctx.table("mart_project_line", ("project_id", "line_no", "kind", "amount_fen"))
    lines = lines.filter(pl.col("kind") == "disbursement")
    booked = ctx.lines(lines["line_no"], ("line_no", "booked_on"))
    projects = ctx.table("mart_project", ("project_id", "principal_fen", "started_on"))
    late = (pl.col("booked_on") - pl.col("started_on")).dt.total_days()
    return (
        lines.join(booked, on="line_no")
        .join(projects, on="project_id")
        .filter(late.is_between(-PAID_DAYS, PAID_DAYS))
        .group_by("project_id")
        .agg(pl.col("amount_fen").sum(), pl.col("principal_fen").first())
        .filter(pl.col("amount_fen") >= PART_PAID * pl.col("principal_fen"))
        .select("project_id")
    )


def paid_to_strangers(ctx: Context, least: int, patience: int) -> pl.DataFrame:
    """Projects paid to somebody known who is not the borrower, and of whose borrower nothing is ever seen.

    A lender may pay a supplier on the borrower's order: then the borrower repays. Counted are projects
    of which a repayment (the principal, or the first instalment) is overdue by more than the patience. Nobody is a
    stranger where the banks do not write borrowers' names as the register does (`_names_differ`).

    Parameters
    ----------
    least : int
        Such projects of one institution from which they count.
    patience : int
        Days a repayment may be late.

    Returns
    -------
    polars.DataFrame
        Grain: project × line, as `shared_accounts`.
    """
    lenders = super_lenders(ctx).paid.select("line_no")
    projects = ctx.table(
        "mart_project",
        ("project_id", "principal_fen", "borrower_holder_id", "started_on", "due_on", "repayment"),
    )
    projects = _named(ctx, projects, "borrower_holder_id")
    ends = (
        ctx.table("mart_product_project", ("product_id", "project_id"))
        .join(ctx.table("mart_product", ("product_id", "matures_on")), on="product_id")
        .group_by("project_id")
        .agg(pl.col("matures_on").max())
    )
    # a register that tells no due day still tells when the product matures
    projects = projects.join(ends, on="project_id", how="left").with_columns(
        due_on=pl.coalesce("due_on", "matures_on")
    )
    who = borrowers(ctx).select("project_id", "institution_id", "holder_id").unique()
    back = who.join(repayments(ctx), on=["institution_id", "holder_id"]).select("project_id").unique()
    month = pl.col("started_on") + pl.duration(days=31)
    asked = pl.when(pl.col("repayment").is_in(["monthly_interest", "amortising"])).then(
        pl.min_horizontal(month, "due_on")
    )
    strangers = disbursement_lines(ctx).filter(~pl.col("to_borrower").any().over("project_id"))
    return (
        _named(ctx, strangers, "holder_id")
        .join(lenders, on="line_no", how="anti")
        .join(back, on="project_id", how="anti")
        .join(projects.with_columns(asked_on=asked.otherwise(pl.col("due_on"))), on="project_id")
        .join(_names_differ(ctx), on="institution_id", how="anti")
        .join(statements_end(ctx), on="institution_id", how="left")
        .filter(pl.col("asked_on") + pl.duration(days=patience) < pl.col("seen_to"))
        .filter(pl.col("project_id").n_unique().over("institution_id") >= least)
        .sort("institution_id", "project_id")
    )


def _named(ctx: Context, frame: pl.DataFrame, holder: str) -> pl.DataFrame:
    """Rows whose holder's name is known."""
    return told(ctx, frame, holder, "mart_holder", _name="name_key").drop_nulls("_name").drop("_name")


def _names_differ(ctx: Context) -> pl.DataFrame:
    """Institutions whose banks write other names than the register's for borrowers known by their account.

    Returns
    -------
    polars.DataFrame
        ``institution_id``; those of which most lines with a borrower's registered account name somebody else.
    """
    paid = ctx.table("mart_project_line", ("project_id", "line_no"))
    accounts = ctx.table(
        "mart_project", ("project_id", "institution_id", "borrower_account_id", "borrower_name")
    )
    names = ctx.lines(paid["line_no"], ("line_no", "cp_account_id", "counterparty_name")).drop_nulls()
    return (
        paid.join(accounts.drop_nulls(), on="project_id")
        .join(names, on="line_no")
        .filter(pl.col("cp_account_id") == pl.col("borrower_account_id"))
        .group_by("institution_id")
        .agg(same=(pl.col("counterparty_name") == pl.col("borrower_name")).mean())
        .filter(pl.col("same") < SAME_NAMES)
        .select("institution_id")
    )


def returned(ctx: Context, *, share: float, days: int, hops: int) -> list[Diversion]:
    """Projects whose money came back to own or related accounts.

    Of the institution's own holder only accounts of the type ``own`` count: what returns to
    custody is a repayment, and so is what returns to an own account that lent it.
    """
    accounts = ctx.table("mart_account", ("account_id", "holder_id"))
    own = (
        ctx.table("mart_controlled_account")
        .filter(pl.col("account_type").is_in(["own", "other"]))
        .select("institution_id", "account_id")
    )
    close = related(ctx).select("institution_id", "holder_id")
    targets: dict[str, set[int]] = {}
    for institution, holder in pl.concat([close, own_holders(ctx)]).iter_rows():
        targets.setdefault(institution, set()).add(holder)
    inside = pl.concat(
        [own, close.join(accounts, on="holder_id").select("institution_id", "account_id")]
    ).unique()
    tills = (
        ctx.table("mart_account", ("account_id", "account_no"))
        .join(own, on="account_id", how="semi")
        .select("account_no")
    )
    starts = disbursement_lines(ctx).join(tills, on="account_no", how="anti")
    return list(diversions(ctx, targets, hops=hops, days=days, share=share, accounts=inside, starts=starts))


def shared_accounts(ctx: Context, least: int) -> pl.DataFrame:
    """Disbursements to one account or holder that serves several borrowers.

    Returns
    -------
    polars.DataFrame
        Grain: project. ``institution_id``, ``project_id``, ``line_no``, ``account_no``,
        ``booked_on``, ``amount_fen``, ``principal_fen``, ``holder_id``. Persons found as super
        lenders are left out, and borrowers with one number or name count once.
    """
    lenders = super_lenders(ctx).paid.select("line_no")
    projects = ctx.table(
        "mart_project", ("project_id", "principal_fen", "borrower_id", "borrower_name")
    ).select(
        "project_id",
        "principal_fen",
        who=pl.coalesce("borrower_id", "borrower_name", "project_id"),
    )
    return (
        disbursement_lines(ctx)
        .join(lenders, on="line_no", how="anti")
        .filter(pl.col("holder_id").is_not_null())
        .join(projects, on="project_id")
        .filter(pl.col("who").n_unique().over("institution_id", "holder_id") >= least)
        .sort("institution_id", "project_id")
    )
