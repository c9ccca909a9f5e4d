"""Client money that no project and no withdrawal explains: the deposits that fill a pool (资金池).

A deposit is explained when the subscription it paid for is part of what a registered project was paid,
in the order of subscription, or while the project is still being raised. What is left over is idle until it is
paid out again to holders of the same product or leaves for the institution's own costs.
"""

from __future__ import annotations

import math

import polars as pl

from models.typologies._claims import claim_sales
from models.typologies._failed_raises import failed_raises
from models.typologies._frames import cell, holders, within_days
from models.typologies._gaps import many_or_checked, seen, statements_begin, statements_end
from models.typologies._hidden import hidden_accounts, hidden_deposits
from models.typologies._ledger import CLIENT_LINE, clients, controlled_lines, deposits, payouts, subscriptions
from models.typologies._lumps import LENT_SHARE, paid_in_lumps, paid_in_parts
from models.typologies._untold import LENT_ON, untold_products
from models.typologies.base import Context

RAISING_DAYS = 10
"""A product whose last subscription is younger may still be raising its project's money."""
FULL_DAYS = 3
"""Days after the last subscription in which a fully subscribed project is paid out (a weekend between)."""
LENDING_KINDS = ("loan", "equity")
"""Kinds of product whose money is to go to registered projects; others invest by other rules."""
OWN_SHARE = 0.5
"""Part of a product's deposits on own accounts from which other kinds are asked for projects too: no rule lets a
fund's or a wealth product's money lie there."""
_OUT = [
    "line_no",
    "institution_id",
    "account_no",
    "booked_on",
    "amount_fen",
    "cp_holder_id",
    "cp_account_id",
]
TILL_DEPOSITS = 3
"""Subscriptions paid into an own account from which it lends its clients' money too."""
PAID_DAYS = 20
"""Days around the start of a project in which an out-line of its principal is its disbursement."""


def all_deposits(ctx: Context) -> pl.DataFrame:
    """Deposits into registered and hidden accounts (grain: ``line_no``)."""

    def make(ctx: Context) -> pl.DataFrame:
        columns = [*CLIENT_LINE, "subscription_id", "product_id"]
        return pl.concat([deposits(ctx).select(columns), hidden_deposits(ctx).select(columns)]).sort(
            "line_no"
        )

    frame: pl.DataFrame = ctx.shared("pool.deposits", make)
    return frame


def disbursed(ctx: Context) -> pl.DataFrame:
    """What left client accounts for each project, whoever got it.

    Returns
    -------
    polars.DataFrame
        Grain: ``project_id``. ``lent_fen``: lines to the borrower, else the one out-line of the
        principal (less a fee of up to a tenth) to anybody around the project's start.
        ``borrower_paid`` says whether the borrower was among the payees. Sorted by the grain.
    """
    frame: pl.DataFrame = ctx.shared("pool.disbursed", _disbursed)
    return frame


def disbursement_lines(ctx: Context) -> pl.DataFrame:
    """Lines that paid out a project's money (grain: project × line), to the borrower or another.

    Mostly one line of the principal; else several to the borrower that are it together, or one line that pays
    several projects of one borrower or product, of which ``amount_fen`` is the project's part.

    ``to_borrower`` tells which; ``holder_id`` and ``cp_account_id`` say who got it. From own accounts
    and accounts no register gives to the institution that take client money, only payments to the borrower,
    or to a payee nobody knows, count.
    """
    frame: pl.DataFrame = ctx.shared("pool.disbursement_lines", _disbursement_lines)
    return frame


def _disbursement_lines(ctx: Context) -> pl.DataFrame:
    principals = ctx.table("mart_project", ("institution_id", "principal_fen")).lazy()
    least = principals.group_by("institution_id").agg(least_fen=pl.col("principal_fen").min() * LENT_SHARE)
    in_rounds = payouts(ctx).lazy().filter(pl.col("support") >= 3).select("line_no")
    registered = (
        controlled_lines(ctx)
        .lazy()
        .filter(
            (pl.col("direction") == "out")
            & pl.col("account_type").is_in(["custody", "product", "other"])
            & pl.col("cp_type").is_null()
        )
        .select(*_OUT, till=pl.lit(False))
        .join(in_rounds, on="line_no", how="anti")
    )
    outs = (
        pl.concat([registered, _till_outs(ctx).lazy()], how="vertical_relaxed")
        .join(least, on="institution_id")
        .filter(pl.col("amount_fen") >= pl.col("least_fen"))
        .drop("least_fen")
        .collect()
    )
    projects = (
        ctx.table(
            "mart_project",
            (
                "project_id",
                "institution_id",
                "principal_fen",
                "started_on",
                "borrower_account_id",
                "borrower_holder_id",
            ),
        )
        .join(_last_subscribed(ctx), on="project_id", how="left")
        .with_columns(day=pl.coalesce("started_on", "last_on"))
        .filter(pl.col("day").is_not_null())
    )
    names = holders(ctx, ("name_key",), projects["borrower_holder_id"], outs["cp_holder_id"])
    lent = projects.join(
        names.rename({"holder_id": "borrower_holder_id", "name_key": "_b"}),
        on="borrower_holder_id",
        how="left",
    )
    spent = outs.join(
        names.rename({"holder_id": "cp_holder_id", "name_key": "_p"}), on="cp_holder_id", how="left"
    )
    # payments to the borrowers first: thousands of loans of much the same sum would all meet each other
    own = pl.concat(
        [
            _paid_near(
                lent.with_columns(_key=pl.col(theirs)).drop_nulls("_key"),
                spent.with_columns(_key=pl.col(payee)).drop_nulls("_key"),
            )
            for theirs, payee in _BORROWER
        ]
    ).unique(["project_id", "line_no"])
    first = _nearest(own)
    # a principal's cells are its own and those of what is left of it after the fee
    cells = pl.concat([lent.with_columns(_key=cell(pl.col("principal_fen"), _GRID) - n) for n in range(3)])
    fits = _paid_near(
        cells.join(first, on="project_id", how="anti"),
        spent.with_columns(_key=cell(pl.col("amount_fen"), _GRID)).join(first, on="line_no", how="anti"),
    )
    other = fits.filter(~pl.col("to_borrower") & (~pl.col("till") | pl.col("cp_holder_id").is_null())).join(
        clients(ctx),
        left_on=["institution_id", "cp_holder_id"],
        right_on=["institution_id", "holder_id"],
        how="anti",
    )
    left = other.join(_sold_to(ctx, other), on=["institution_id", "cp_account_id"], how="anti")
    columns = [
        "project_id",
        "institution_id",
        "line_no",
        "account_no",
        "booked_on",
        "amount_fen",
        "cp_account_id",
        "to_borrower",
        "cp_holder_id",
    ]
    parted = _parted(ctx, projects.join(first, on="project_id", how="anti")).select(columns)
    left = left.join(parted, on="project_id", how="anti").join(parted, on="line_no", how="anti")
    one = pl.concat([first, _nearest(left)]).select(columns)
    single = pl.concat([one, parted], how="vertical_relaxed")
    lumped = _lumped(
        ctx,
        lent.join(single, on="project_id", how="anti"),
        spent.filter(~pl.col("till")).join(single, on="line_no", how="anti"),
    )
    return (
        pl.concat([single, lumped.select(columns)], how="vertical_relaxed")
        .rename({"cp_holder_id": "holder_id"})
        .sort("project_id", "line_no")
    )


_GRID = -math.log(LENT_SHARE)
_BORROWER = (
    ("borrower_account_id", "cp_account_id"),
    ("borrower_holder_id", "cp_holder_id"),
    ("_b", "_p"),
)
"""By what a borrower is known, and a payee: account, holder, name."""


def _paid_near(lent: pl.DataFrame, spent: pl.DataFrame) -> pl.DataFrame:
    """Projects with payments of their principal or nearly all of it, of one ``_key``, about the day they began."""
    same = pl.any_horizontal(pl.col(theirs) == pl.col(payee) for theirs, payee in _BORROWER)
    on = ["institution_id", "_key"]
    return (
        within_days(lent, spent, on, "day", "booked_on", before=PAID_DAYS, after=PAID_DAYS)
        .filter(
            (pl.col("amount_fen") <= pl.col("principal_fen"))
            & (pl.col("amount_fen") >= pl.col("principal_fen") * LENT_SHARE)
        )
        .drop("_key")
        .with_columns(
            to_borrower=same.fill_null(False),
            gap=pl.col("principal_fen") - pl.col("amount_fen"),
            lag=(pl.col("booked_on") - pl.col("day")).dt.total_days().abs(),
        )
    )


def _parted(ctx: Context, projects: pl.DataFrame) -> pl.DataFrame:
    """Payments to their borrowers that only together are a project's principal."""
    paid = ctx.table("mart_project_line", ("project_id", "line_no", "kind", "amount_fen"))
    paid = paid.filter(pl.col("kind") == "disbursement").join(projects, on="project_id", how="semi")
    seen_on = ctx.table("mart_line", (*(c for c in _OUT if c not in ("institution_id", "amount_fen")),))
    lines = paid.drop("kind").join(seen_on, on="line_no")
    whose = projects.select("project_id", "institution_id")
    return (
        paid_in_parts(projects.select("project_id", "principal_fen", "day"), lines)
        .join(whose, on="project_id")
        .with_columns(to_borrower=pl.lit(True))
    )


def _lumped(ctx: Context, projects: pl.DataFrame, outs: pl.DataFrame) -> pl.DataFrame:
    """Single lines that pay several projects of one borrower or of one product."""
    sold = clients(ctx).rename({"holder_id": "cp_holder_id"})
    free = outs.join(sold, on=["institution_id", "cp_holder_id"], how="anti")
    free = free.join(_sold_to(ctx, free), on=["institution_id", "cp_account_id"], how="anti")
    links = ctx.table("mart_product_project", ("product_id", "project_id")).unique()
    some = projects.join(links, on="project_id", how="left")
    pieces = paid_in_lumps(some, free.select("line_no", "institution_id", "booked_on", "amount_fen"))
    return (
        pieces.join(free.drop("amount_fen"), on="line_no")
        .rename({"part_fen": "amount_fen"})
        .join(projects.select("project_id", "borrower_holder_id", "_b"), on="project_id")
        .with_columns(
            to_borrower=(
                (pl.col("cp_holder_id") == pl.col("borrower_holder_id")) | (pl.col("_b") == pl.col("_p"))
            ).fill_null(False)
        )
    )


def _sold_to(ctx: Context, payees: pl.DataFrame) -> pl.DataFrame:
    """Accounts among the payees' that subscribed: a client's, whoever else the registers say holds them."""
    accounts = (
        ctx.table("mart_account", ("account_id", "account_no"))
        .join(payees.select(account_id="cp_account_id").unique(), on="account_id", how="semi")
        .rename({"account_id": "cp_account_id", "account_no": "investor_account"})
    )
    return (
        ctx.table("mart_subscription", ("institution_id", "investor_account"))
        .join(accounts, on="investor_account")
        .select("institution_id", "cp_account_id")
        .unique()
    )


def _till_outs(ctx: Context) -> pl.DataFrame:
    """Out-lines of own accounts and of accounts no register gives to the institution that take its client money."""
    own = (
        deposits(ctx)
        .filter((pl.col("account_type") == "own") & pl.col("subscription_id").is_not_null())
        .filter(pl.len().over("institution_id", "account_id") >= TILL_DEPOSITS)
    )
    tills = pl.concat(
        [f.select("institution_id", "account_id") for f in (own, hidden_accounts(ctx))]
    ).unique()
    return (
        ctx.table("mart_line", (*(c for c in _OUT if c != "institution_id"), "account_id", "direction"))
        .join(tills, on="account_id")
        .filter(pl.col("direction") == "out")
        .select(*_OUT, till=pl.lit(True))
    )


def _nearest(fits: pl.DataFrame) -> pl.DataFrame:
    """Pair projects and lines one to one: nearest day first, then nearest amount."""
    taken = [fits.clear()]
    for _ in range(6):
        best = (
            fits.sort("lag", "gap", "project_id", "line_no")
            .unique("project_id", keep="first", maintain_order=True)
            .unique("line_no", keep="first", maintain_order=True)
        )
        if best.is_empty():
            break
        taken.append(best)
        fits = fits.join(best, on="project_id", how="anti").join(best, on="line_no", how="anti")
    return pl.concat(taken)


def _last_subscribed(ctx: Context) -> pl.DataFrame:
    """Day each project was full (grain: ``project_id``; ``last_on``): else that of its last subscription."""
    links = ctx.table("mart_product_project", ("product_id", "project_id")).unique()
    asked = ctx.table("mart_project", ("project_id", "principal_fen"))
    asked = links.join(asked, on="project_id").group_by("product_id").agg(pl.col("principal_fen").sum())
    sold = (
        subscriptions(ctx)
        .select("product_no", "product_id", "subscribed_on", "amount_fen")
        .join(asked, on="product_id", maintain_order="left")
        .sort("product_no", "subscribed_on", maintain_order=True)
        .with_columns(so_far=pl.col("amount_fen").cum_sum().over("product_no"))
    )
    full = pl.col("subscribed_on").filter(pl.col("so_far") >= pl.col("principal_fen") * 0.999).min()
    days = sold.group_by("product_no").agg(
        pl.col("product_id").first(), last_on=pl.coalesce(full, pl.col("subscribed_on").max())
    )
    return links.join(days, on="product_id").group_by("project_id").agg(pl.col("last_on").max())


def _disbursed(ctx: Context) -> pl.DataFrame:
    return (
        disbursement_lines(ctx)
        .group_by("project_id")
        .agg(
            lent_fen=pl.col("amount_fen").sum(),
            borrower_paid=pl.col("to_borrower").any(),
            lent_on=pl.col("booked_on").max(),
        )
        .sort("project_id")
    )


def products_status(ctx: Context) -> pl.DataFrame:
    """What each product sold, what its projects were paid, and whether it is still being raised.

    Returns
    -------
    polars.DataFrame
        Grain: ``product_id``. ``sold_fen``, ``first_on``, ``last_on`` (of subscriptions),
        ``projects``, ``principal_fen``, ``lent_fen`` (projects shared by several products count
        with the product's own part), ``raising`` (bool).
    """
    frame: pl.DataFrame = ctx.shared("pool.products", _products)
    return frame


def _products(ctx: Context) -> pl.DataFrame:
    sold = (
        subscriptions(ctx)
        .group_by("product_no")
        .agg(
            pl.col("institution_id", "product_id", "product_kind").first(),
            sold_fen=pl.col("amount_fen").sum(),
            first_on=pl.col("subscribed_on").min(),
            last_on=pl.col("subscribed_on").max(),
        )
        .drop("product_no")
    )
    start = statements_begin(ctx)
    projects = ctx.table("mart_project", ("project_id", "principal_fen", "started_on"))
    parts = (
        ctx.table("mart_product_project", ("product_id", "project_id", "amount_fen"))
        .select("product_id", "project_id", part_fen="amount_fen")
        .unique(["product_id", "project_id"])
        .join(projects, on="project_id")
        .join(disbursed(ctx), on="project_id", how="left")
        .join(_repaid_alone(ctx), on="project_id", how="left")
        .join(_lent_in_part(ctx), on="project_id", how="left")
        .with_columns(part_fen=pl.coalesce("part_fen", "principal_fen"))
        .with_columns(
            lent=pl.when(
                pl.col("lent_fen").is_not_null()
                | (pl.col("started_on") < start)
                | pl.col("repaid").fill_null(False)
            )
            .then(pl.col("part_fen"))
            .otherwise((pl.col("part_fen") * pl.col("in_part").fill_null(0.0)).round().cast(pl.Int64))
        )
        .group_by("product_id")
        .agg(
            projects=pl.col("project_id").n_unique(),
            principal_fen=pl.col("part_fen").sum(),
            lent_fen=pl.col("lent").sum(),
            lent_on=pl.col("lent_on").max(),
        )
    )
    full = pl.col("sold_fen") >= pl.col("principal_fen") * 0.999
    patience = pl.when(full).then(FULL_DAYS).otherwise(RAISING_DAYS)
    young = pl.col("last_on") > pl.col("seen_to") - pl.duration(days=patience)
    return (
        sold.join(parts, on="product_id", how="left")
        .join(statements_end(ctx), on="institution_id", how="left")
        .with_columns(pl.col("projects", "principal_fen", "lent_fen").fill_null(0))
        .with_columns(raising=young & (pl.col("projects") > 0) & (pl.col("lent_fen") == 0))
        .drop("seen_to")
        .sort("product_id")
    )


def _presumed_lent(ctx: Context, status: pl.DataFrame) -> pl.DataFrame:
    """Products whose projects no register tells, of institutions that paid much of what they took in to others.

    Whom a project's money is for cannot be said there, so that money paid to others is no idle money (``product_id``).
    Both are counted as the statements show them; what was paid for projects of other products is theirs.
    """
    linked = ctx.table("mart_product_project", ("project_id",))
    theirs = disbursement_lines(ctx).join(linked, on="project_id", how="semi").select("line_no").unique()
    untold = status.join(untold_products(ctx).select("product_id"), on="product_id", how="semi")
    who = ["institution_id", "cp_holder_id"]
    paid = (
        controlled_lines(ctx)
        .filter(
            (pl.col("direction") == "out")
            & pl.col("account_type").is_in(["custody", "product"])
            & pl.col("cp_type").is_null()
        )
        .join(untold, on="institution_id", how="semi")
        .join(theirs, on="line_no", how="anti")
        .join(clients(ctx).rename({"holder_id": "cp_holder_id"}), on=who, how="anti")
        .group_by("institution_id")
        .agg(paid_fen=pl.col("amount_fen").sum())
    )
    taken = (
        all_deposits(ctx)
        .join(untold.select("product_id"), on="product_id", how="semi")
        .group_by("institution_id")
        .agg(taken_fen=pl.col("amount_fen").sum())
    )
    lent = taken.join(paid, on="institution_id").filter(pl.col("paid_fen") >= LENT_ON * pl.col("taken_fen"))
    return untold.join(lent, on="institution_id", how="semi").select("product_id")


def _lent_in_part(ctx: Context) -> pl.DataFrame:
    """Projects of whose principal their borrowers were paid a part only: ``project_id``, ``in_part`` (share)."""
    paid = ctx.table("mart_project_line", ("project_id", "line_no", "kind", "amount_fen"))
    paid = paid.filter(pl.col("kind") == "disbursement").join(disbursed(ctx), on="project_id", how="anti")
    principals = ctx.table("mart_project", ("project_id", "principal_fen"))
    return (
        paid.join(principals, on="project_id")
        .group_by("project_id")
        .agg(in_part=pl.col("amount_fen").sum() / pl.col("principal_fen").first())
        .filter(pl.col("in_part") < LENT_SHARE)
    )


def _repaid_alone(ctx: Context) -> pl.DataFrame:
    """Projects that their borrower, who has no other here, repays: they were paid out, seen or not."""
    projects = ctx.table("mart_project", ("project_id", "institution_id", "borrower_holder_id"))
    alone = projects.drop_nulls().filter(pl.len().over("institution_id", "borrower_holder_id") == 1)
    back = ctx.table("mart_project_line", ("project_id", "kind")).filter(pl.col("kind") == "repayment")
    return alone.join(back, on="project_id", how="semi").select("project_id", repaid=pl.lit(True))


def idle_deposits(ctx: Context) -> pl.DataFrame:
    """Deposits that no project explains.

    Subscriptions of a product count in the order of their day: the first ones, up to what its
    projects were paid, are lent; the rest is idle. A product that was turned over (redeemed holders
    replaced by new ones while the project runs) is `maturity-mismatch` and no pool; a project's round that
    failed and was given back is none either, nor what buyers of claims pay their sellers.

    Returns
    -------
    polars.DataFrame
        `all_deposits` of idle subscriptions, with ``projects`` of their product; ``amount_fen`` is the
        idle part of one that was lent in part. Grain: ``line_no``.
    """
    frame: pl.DataFrame = ctx.shared("pool.idle", _idle)
    return frame


def _kept_with_own(ctx: Context) -> pl.DataFrame:
    """Funds and wealth products whose clients pay into own accounts (``product_id``)."""
    kinds = ctx.table("mart_product", ("product_id", "kind")).filter(pl.col("kind").is_in(["fund", "wealth"]))
    return (
        deposits(ctx)
        .join(kinds, on="product_id", how="semi")
        .group_by("product_id")
        .agg(
            share=pl.col("amount_fen").filter(pl.col("account_type") == "own").sum()
            / pl.col("amount_fen").sum()
        )
        .filter(pl.col("share") >= OWN_SHARE)
        .select("product_id")
    )


def _idle(ctx: Context) -> pl.DataFrame:
    links = ctx.table("mart_product_project", ("product_id", "project_id")).unique()
    turned = (
        links.join(links.group_by("project_id").len().filter(pl.col("len") > 1), on="project_id")
        .select("product_id")
        .unique()
    )
    asked = pl.col("product_kind").is_in(LENDING_KINDS) | pl.col("product_id").is_in(
        _kept_with_own(ctx)["product_id"].implode()
    )
    status = products_status(ctx).filter(~pl.col("raising") & asked)
    status = status.join(turned, on="product_id", how="anti")
    status = status.join(_presumed_lent(ctx, status), on="product_id", how="anti")
    meant = pl.concat([links.select("product_id"), untold_products(ctx).select("product_id")])
    failed = failed_raises(ctx).join(meant, on="product_id", how="semi")
    status = status.join(failed, on="product_id", how="anti")
    status = status.with_columns(by=pl.col("last_on") + pl.duration(days=PAID_DAYS))
    bare = status.filter(pl.col("projects") == 0)
    backed = seen(ctx, status.filter(pl.col("projects") > 0), "first_on", "by", "sold_fen")
    never = many_or_checked(ctx, backed.filter(pl.col("lent_fen") == 0))
    status = pl.concat([bare, never, backed.filter(pl.col("lent_fen") > 0)])
    late = (pl.col("subscribed_on") > pl.col("lent_on") + pl.duration(days=FULL_DAYS)).fill_null(False)
    over = 1 - pl.col("lent_fen") / pl.col("amount_fen").sum().over("product_no")
    ranked = (
        subscriptions(ctx)
        .select("subscription_id", "product_no", "product_id", "subscribed_on", "amount_fen")
        .join(
            status.select("product_id", "lent_fen", "projects", "lent_on"),
            on="product_id",
            maintain_order="left",
        )
        .sort("product_no", "subscribed_on", maintain_order=True)
        .with_columns(upto=pl.col("amount_fen").cum_sum().over("product_no"))
        .with_columns(
            spare=pl.when(late)
            .then("amount_fen")
            .otherwise((pl.col("upto") - pl.col("lent_fen")).clip(0, pl.col("amount_fen")))
        )
        # a product a little larger than its project kept a fee back: no part of a subscription is idle for that
        .filter((pl.col("spare") == pl.col("amount_fen")) | ((pl.col("spare") > 0) & (over > 1 - LENT_SHARE)))
        .select("subscription_id", "projects", "spare")
        .join(claim_sales(ctx).with_columns(claim=pl.lit(True)), on="subscription_id", how="left")
        .filter(pl.col("claim").is_null() | (pl.col("projects") == 0))
        .drop("claim")
    )
    return (
        all_deposits(ctx)
        .join(ranked, on="subscription_id")
        .with_columns(amount_fen=pl.min_horizontal("amount_fen", "spare"))
        .drop("spare")
        .sort("line_no")
    )
