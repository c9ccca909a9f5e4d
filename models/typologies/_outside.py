"""Payouts that clients get from accounts of others: a borrower, an issuer, an affiliate pays them itself.

Such an account's statement is on hand by enquiry. Its payments to an institution's clients are read as the
institution's own payouts are: by the holding they are a multiple of, with the same factor for other holders.
"""

from __future__ import annotations

import polars as pl

from models.typologies._ledger import clients
from models.typologies._ledger_payouts import identified
from models.typologies._parties import related
from models.typologies.base import Context

_COLUMNS = ("line_no", "account_id", "account_no", "booked_on", "amount_fen", "cp_holder_id")


def outside_payouts(ctx: Context) -> pl.DataFrame:
    """Payments of related parties and borrowers to an institution's clients that fit a holding.

    Returns
    -------
    polars.DataFrame
        As `payouts`, without ``account_type``, ``cp_account_id`` and ``cp_basis``; ``payer_id`` is the holder who paid.
        Grain: ``institution_id, line_no``. Sorted by it.
    """
    frame: pl.DataFrame = ctx.shared("outside.payouts", _outside)
    return frame


def outside_payments(ctx: Context) -> pl.DataFrame:
    """All that related parties and borrowers paid an institution's clients, whether it fits a holding or not.

    Returns
    -------
    polars.DataFrame
        Grain: ``institution_id, line_no``; ``account_id``, ``account_no``, ``booked_on``, ``amount_fen``,
        ``holder_id`` (the client) and ``payer_id``. Sorted.
    """
    frame: pl.DataFrame = ctx.shared("outside.payments", _payments)
    return frame


def _outside(ctx: Context) -> pl.DataFrame:
    return identified(ctx, outside_payments(ctx)).sort("institution_id", "line_no")


def _payments(ctx: Context) -> pl.DataFrame:
    borrowers = (
        ctx.table("mart_project", ("institution_id", "borrower_holder_id"))
        .rename({"borrower_holder_id": "holder_id"})
        .drop_nulls()
    )
    who = pl.concat(
        [related(ctx).select("institution_id", "holder_id"), borrowers], how="vertical_relaxed"
    ).unique()
    controlled = ctx.table("mart_controlled_account", ("account_id",))
    accounts = (
        ctx.table("mart_account", ("account_id", "holder_id"))
        .join(controlled, on="account_id", how="anti")
        .join(who, on="holder_id")
        .rename({"holder_id": "payer_id"})
    )
    lines = ctx.rows(
        "mart_line",
        _COLUMNS,
        "direction = 'out' and account_id in (select key from theirs)",
        theirs=accounts["account_id"],
    )
    return (
        lines.rename({"cp_holder_id": "holder_id"})
        .join(accounts, on="account_id")
        .join(clients(ctx), on=["institution_id", "holder_id"], how="semi")
        .sort("institution_id", "line_no")
    )
