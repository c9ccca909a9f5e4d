"""Own money in payouts: which transfers from own accounts paid part of a distribution (自有资金补贴).

A transfer from an own account to the account that pays the clients is a *top-up* when it equals, to
the fen of rounding, either a whole group of payouts at one factor beside a group the borrower paid
for (a bonus), or what a distribution paid beyond the borrower's repayment (a hidden top-up). Both are
arithmetic over register and statements; no remark is read.
"""

from __future__ import annotations

import polars as pl

from models.typologies._frames import with_line, within_days
from models.typologies._ledger import payouts
from models.typologies._open import open_holdings
from models.typologies._rounds import AFTER_DAYS, BEFORE_DAYS, borrowers, coverage, presumed, repayments
from models.typologies._untold import untold_products
from models.typologies.base import Context

OWN = ("own",)
PAYS_CLIENTS = ("custody", "product")
LEAD_DAYS = 3
"""A top-up is paid in at most a long weekend before the distribution it serves."""
MOVES = (
    "transfer_no",
    "out_line_no",
    "in_line_no",
    "from_account_id",
    "to_account_id",
    "amount_fen",
    "paid_at",
    "arrived_at",
)
"""Columns of ``mart_transfer`` that transfers between an institution's own accounts are read with."""
TOLERANCE = 0.01
"""Largest difference, as a share of the transfer, between it and what it is said to have paid."""
FACTOR_GAP = 0.0002
"""Factors further apart than this are different groups: rounding moves a 100 yuan holding by 0.00005."""


def transfers(ctx: Context) -> pl.DataFrame:
    """Transfers between two controlled accounts of one institution.

    Returns
    -------
    polars.DataFrame
        Grain: a transfer. ``institution_id``, ``from_type``, ``to_type``, ``from_account_id``,
        ``to_account_id``, ``out_line_no``, ``in_line_no`` (one may be null), ``amount_fen``,
        ``booked_on`` (of arrival, else of departure). Sorted by ``transfer_no``.
    """
    frame: pl.DataFrame = ctx.shared("bonus.transfers", _transfers)
    return frame


def _transfers(ctx: Context) -> pl.DataFrame:
    own = ctx.table("mart_controlled_account").select("institution_id", "account_id", "account_type")
    source = own.rename({"account_id": "from_account_id", "account_type": "from_type"})
    target = own.rename({"account_id": "to_account_id", "account_type": "to_type"})
    return (
        ctx.table("mart_transfer", MOVES)
        .join(source, on="from_account_id")
        .join(target, on=["institution_id", "to_account_id"])
        .with_columns(
            booked_on=pl.coalesce(pl.col("arrived_at").cast(pl.Date), pl.col("paid_at").cast(pl.Date))
        )
        .sort("transfer_no")
    )


def transfer_lines(part: pl.DataFrame, column: str = "amount_fen") -> pl.DataFrame:
    """Both legs of transfers as evidence lines; each leg carries the transfer's amount."""
    legs = [
        part.select(line_no=pl.col(side).cast(pl.Int64), attributed_fen=pl.col(column).cast(pl.Int64))
        for side in ("out_line_no", "in_line_no")
    ]
    return pl.concat(legs).drop_nulls("line_no").unique("line_no").sort("line_no")


_GROUPED = (
    "line_no",
    "institution_id",
    "product_id",
    "subscription_id",
    "account_id",
    "account_no",
    "holder_id",
    "booked_on",
    "amount_fen",
    "held_fen",
    "factor",
)


def groups(ctx: Context) -> pl.DataFrame:
    """Distributions by factor: what each product paid at one factor on one day.

    Returns
    -------
    polars.DataFrame
        Grain: ``institution_id, product_id, booked_on, group_no``. ``factor``, ``paid_fen`` (found),
        ``due_fen`` (the factor times all open holdings), ``lines``, ``holders``, ``account_id``.
        Only groups of two or more holders.
    """
    frame: pl.DataFrame = ctx.shared("bonus.groups", _groups)
    return frame


def group_lines(ctx: Context) -> pl.DataFrame:
    """Payout lines with the ``group_no`` of their distribution (grain: ``line_no``)."""
    frame: pl.DataFrame = ctx.shared("bonus.group_lines", _group_lines)
    return frame


def _group_lines(ctx: Context) -> pl.DataFrame:
    # the account tells the institution; a product's number is compared faster than its id
    number = pl.col("product_id").cast(pl.Categorical).to_physical()
    key = ["_product", "booked_on", "account_id"]
    paid = (
        payouts(ctx)
        .lazy()
        .filter(pl.col("product_id").is_not_null())
        .select(*_GROUPED, _product=number)
        .collect()
        .sort(*key, "factor", "line_no")
    )
    begins = pl.any_horizontal(pl.col(c).ne_missing(pl.col(c).shift(1)) for c in key)
    steps = (~pl.col("_begins") & (pl.col("factor").diff() > FACTOR_GAP).fill_null(False)).cast(pl.Int32)
    return (
        paid.with_columns(_begins=begins)
        .with_columns(_steps=steps.cum_sum())
        .with_columns(group_no=pl.col("_steps") - pl.when("_begins").then("_steps").forward_fill())
        .drop("_product", "_begins", "_steps")
    )


def _groups(ctx: Context) -> pl.DataFrame:
    key = ["institution_id", "product_id", "booked_on", "account_id"]
    found = (
        group_lines(ctx)
        .group_by(*key, "group_no")
        .agg(
            (pl.col("amount_fen").sum() / pl.col("held_fen").sum()).alias("factor"),
            pl.col("amount_fen").sum().alias("paid_fen"),
            pl.len().alias("lines"),
            pl.col("subscription_id").n_unique().alias("holders"),
        )
        .filter(pl.col("holders") >= 2)
    )
    return (
        found.join(open_holdings(ctx, found), on=["product_id", "booked_on"])
        .with_columns(due_fen=(pl.col("factor") * pl.col("open_fen")).round().cast(pl.Int64))
        .sort(*key, "group_no")
    )


def top_ups(ctx: Context) -> pl.DataFrame:
    """Transfers of own money that are exactly a part of a distribution.

    Returns
    -------
    polars.DataFrame
        Grain: ``transfer_no``: the transfer's columns and ``product_id``, ``round_on``,
        ``group_no``, ``form`` (``bonus`` or ``hidden``), ``misfit`` (share). Sorted by ``transfer_no``.
    """
    frame: pl.DataFrame = ctx.shared("bonus.top_ups", _top_ups)
    return frame


def _top_ups(ctx: Context) -> pl.DataFrame:
    moved = transfers(ctx).filter(pl.col("from_type").is_in(OWN) & pl.col("to_type").is_in(PAYS_CLIENTS))
    rounds = _open_to_top_ups(ctx).with_row_index("_group")
    near = within_days(
        moved.select("transfer_no", "institution_id", "to_account_id", "booked_on", "amount_fen"),
        rounds.select(
            "_group", "institution_id", "to_account_id", "round_on", "due_fen", "whole_fen", "income_fen",
            several=pl.col("several") & pl.col("served"),
        ),
        ["institution_id", "to_account_id"],
        "booked_on",
        "round_on",
        before=0,
        after=LEAD_DAYS,
    )  # fmt: skip
    amount = pl.col("amount_fen")
    lacking = pl.col("whole_fen") - pl.col("income_fen")
    fits = (
        near.select(
            "transfer_no",
            "_group",
            bonus=pl.when("several").then((pl.col("due_fen") - amount).abs() / amount),
            hidden=pl.when(pl.col("income_fen") > 0).then((lacking - amount).abs() / amount),
        )
        .with_columns(misfit=pl.min_horizontal("bonus", "hidden"))
        .filter(pl.col("misfit") <= TOLERANCE)
    )
    told = rounds.drop("institution_id", "to_account_id", "whole_fen", "several")
    best = (
        moved.join(fits.join(told, on="_group"), on="transfer_no")
        .drop("_group")
        .sort("misfit", "round_on", "product_id", "group_no", "transfer_no")
        .unique("transfer_no", keep="first", maintain_order=True)
        .unique(["product_id", "round_on", "group_no"], keep="first", maintain_order=True)
    )
    return best.with_columns(
        form=pl.when(pl.col("bonus") <= TOLERANCE).then(pl.lit("bonus")).otherwise(pl.lit("hidden"))
    ).sort("transfer_no")


def _open_to_top_ups(ctx: Context) -> pl.DataFrame:
    """`groups` of rounds that borrowers paid in part, or of several factors: what own money is added to.

    ``whole_fen``: what all groups of the round are due out of the account; ``income_fen``: what borrowers paid for it;
    ``several``: the round has another group; ``served``: a borrower paid anything near it.
    """
    one = ["institution_id", "to_account_id", "product_id", "round_on"]
    number = pl.col("group_no")
    return (
        groups(ctx)
        .rename({"booked_on": "round_on", "account_id": "to_account_id"})
        .join(round_income(ctx), on=["institution_id", "product_id", "round_on"], how="left")
        .join(_borrower_paid(ctx), on=["product_id", "round_on"], how="left")
        .with_columns(
            pl.col("income_fen").fill_null(0),
            pl.col("served").fill_null(False),
            whole_fen=pl.col("due_fen").sum().over(one),
            several=number.min().over(one) != number.max().over(one),
        )
        .filter((pl.col("several") & pl.col("served")) | (pl.col("income_fen") > 0))
    )


def _borrower_paid(ctx: Context) -> pl.DataFrame:
    """Rounds near which a borrower of the product paid anything (grain: ``product_id, round_on``)."""
    days = groups(ctx).select("product_id", round_on="booked_on").unique()
    came = repayments(ctx)
    who = borrowers(ctx).select("product_id", "holder_id").drop_nulls().unique()
    may = came.join(presumed(ctx), on=["institution_id", "holder_id"], how="semi")
    parts = (
        (days.join(who, on="product_id"), came.select("holder_id", "in_on").unique(), "holder_id"),
        (
            days.join(untold_products(ctx), on="product_id"),
            may.select("institution_id", "in_on").unique(),
            "institution_id",
        ),
    )
    near = [
        within_days(left, right, [key], "round_on", "in_on", before=BEFORE_DAYS, after=AFTER_DAYS).select(
            "product_id", "round_on"
        )
        for left, right, key in parts
    ]
    return pl.concat(near).unique().with_columns(served=pl.lit(True))


def round_income(ctx: Context) -> pl.DataFrame:
    """What the borrowers of a product paid in for a day's round, whole lines.

    Returns
    -------
    polars.DataFrame
        Grain: ``institution_id, product_id, round_on``; ``income_fen``. Sorted by the grain.
    """
    frame: pl.DataFrame = ctx.shared("bonus.round_income", _income)
    return frame


def _income(ctx: Context) -> pl.DataFrame:
    paid_in = coverage(ctx).filter(pl.col("source") == "borrower").drop("amount_fen")
    return (
        with_line(ctx, paid_in, "amount_fen")
        .group_by("institution_id", "product_id", round_on="booked_on")
        .agg(pl.col("amount_fen").sum().alias("income_fen"))
        .sort("institution_id", "product_id", "round_on")
    )
