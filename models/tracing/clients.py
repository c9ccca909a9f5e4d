"""Who the clients are that an institution pays: subscribers, and those who behave as clients.

The account types that hold clients' money and the institution's own stand here too.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from models.tracing.accounts import CLIENT_ACCOUNTS
from models.tracing.book import all_legs
from models.tracing.legs import OPENING, walk
from models.tracing.lent import project_payments
from models.typologies._ledger import controlled_lines, payouts
from models.typologies.base import Context

PAYOUT = (
    "line_no", "institution_id", "account_id", "holder_id", "booked_on", "amount_fen", "product_id",
    "subscription_id", "factor",
)  # fmt: skip
"""What tracing asks of a payout, as `models.typologies._ledger.payouts` tells it."""
_OUT = (
    "line_no", "institution_id", "account_id", "cp_holder_id", "booked_on", "amount_fen", "cp_account_id",
)  # fmt: skip


def payout_lines(ctx: Context) -> pl.DataFrame:
    """Payments out of client accounts to clients (grain: ``line_no``).

    Clients are those who subscribed and, on client accounts, those who behave as clients: persons
    who pay in as well, and payees in no register (or with a masked name) who get no more than clients
    get, or what stood there before the first statement, and are neither staff nor known by enquiry.
    """

    def make(ctx: Context) -> pl.DataFrame:
        lent = project_payments(ctx).select("line_no")
        known = payouts(ctx).select(PAYOUT).join(lent, on="line_no", how="anti")
        extra = _unregistered_clients(ctx).join(lent, on="line_no", how="anti")
        return pl.concat([known, extra], how="diagonal_relaxed").sort("line_no")

    frame: pl.DataFrame = ctx.shared("tracing.payout_lines", make)
    return frame


def _unregistered_clients(ctx: Context) -> pl.DataFrame:
    """Payments out of client accounts, no payouts known, to persons who behave as clients but never subscribed."""
    roles = ctx.table("mart_role").select("institution_id", "role", "source", cp_holder_id="holder_id")
    persons = ctx.table("mart_holder", ("holder_id", "kind")).filter(pl.col("kind") == "person")
    persons = persons.select(cp_holder_id="holder_id")
    outs = (
        controlled_lines(ctx)
        .lazy()
        .filter(
            (pl.col("direction") == "out")
            & pl.col("account_type").is_in(CLIENT_ACCOUNTS)
            & pl.col("cp_type").is_null()
        )
        .select(_OUT)
        .join(payouts(ctx).lazy().select("line_no"), on="line_no", how="anti")
        .join(roles.lazy(), on=["institution_id", "cp_holder_id"], how="left")
        .collect()
    )
    most = payouts(ctx).group_by("institution_id").agg(pl.col("amount_fen").quantile(0.99).alias("most"))
    loose = (
        outs.filter(pl.col("role").is_null() | (pl.col("role") == "unknown"))
        .join(most, on="institution_id")
        .join(from_opening(ctx).with_columns(opening=pl.lit(True)), on="line_no", how="left")
        .filter((pl.col("amount_fen") <= pl.col("most")) | pl.col("opening").fill_null(False))
        .drop("most", "opening")
        .join(cost_payees(ctx), on=["institution_id", "cp_holder_id"], how="anti")
        .join(_monitored(ctx), on="cp_account_id", how="anti")
    )
    loose = pl.concat(
        [
            loose.filter(pl.col("cp_holder_id").is_null()),
            loose.join(persons, on="cp_holder_id", how="semi"),
        ]
    )
    behaving = outs.filter((pl.col("role") == "client") & (pl.col("source") == "behaviour"))
    return (
        pl.concat([loose, behaving])
        .rename({"cp_holder_id": "holder_id"})
        .drop("role", "source", "cp_account_id")
        .unique("line_no")
        .sort("line_no")
    )


def cost_payees(ctx: Context) -> pl.DataFrame:
    """Whom an institution pays from its own accounts: staff and suppliers, not clients."""
    return (
        controlled_lines(ctx)
        .filter(
            (pl.col("direction") == "out") & (pl.col("account_type") == "own") & pl.col("cp_type").is_null()
        )
        .select("institution_id", "cp_holder_id")
        .drop_nulls()
        .unique()
    )


def _monitored(ctx: Context) -> pl.DataFrame:
    """Accounts whose statements are on hand: obtained by enquiry, so not just any client's."""
    return (
        ctx.table("mart_account", ("account_id", "monitored"))
        .filter("monitored")
        .select(cp_account_id="account_id")
    )


def from_opening(ctx: Context) -> pl.DataFrame:
    """Out-lines that were paid, first in first out, from what stood there before the first line."""

    def make(ctx: Context) -> pl.DataFrame:
        walked = all_legs(ctx)
        ours = ctx.table("mart_controlled_account", ("account_id",))["account_id"].unique().to_numpy()
        opened = np.zeros(walked.line.size, np.int64)
        opening = walked.line == OPENING
        opened[opening] = walked.signed[opening]
        out = walk(walked.account, np.minimum(walked.signed, 0))
        there = walk(walked.account, opened)
        # the first fen out are the first fen in: the opening lot pays until as much has left
        paid = (walked.signed < 0) & (walked.line >= 0) & (walked.signed - out < there)
        paid &= np.isin(walked.account, ours)
        return pl.DataFrame({"line_no": walked.line[paid]})

    frame: pl.DataFrame = ctx.shared("tracing.from_opening", make)
    return frame
