"""Whose money moves between products' accounts: own investments coming back, payouts from a stranger's account."""

from __future__ import annotations

import datetime as dt

import polars as pl

from models.typologies._ledger import deposits, payouts
from models.typologies._products import between_products, product_accounts
from models.typologies.base import Context

HOME_SHARE = 0.1
"""Part of a product's deposits that makes an account one of its own (several products may share one)."""
RETURNED_SHARE = 0.8
"""Part of a transfer that must have gone the other way before for it to be an investment that comes back (the rest
is its yield)."""
FUNDED_SHARE = 0.9
"""Part of a day's payouts that the product sent to the paying account before, so that it pays with its own money."""
FUNDED_DAYS = 10
"""Days before in which it was sent: a paying agent's account."""
SUPPORT = 3
"""Holders with the same factor that day that make a payment a payout of the product."""


def returned_investments(ctx: Context, moved: pl.DataFrame) -> pl.DataFrame:
    """Transfers that bring back what the receiving account had paid to the other before (``transfer_no``).

    Parameters
    ----------
    moved : polars.DataFrame
        ``transfer_no``, ``from_account_id``, ``to_account_id``, ``amount_fen``, ``booked_on``.
    """
    every = between_products(ctx).select(
        from_account_id="to_account_id",
        to_account_id="from_account_id",
        went_on="booked_on",
        went="amount_fen",
    )
    key = ["from_account_id", "to_account_id"]
    so_far = moved.sort(*key, "booked_on", "transfer_no").with_columns(
        back_fen=pl.col("amount_fen").cum_sum().over(key)
    )
    return (
        so_far.join(every, on=key)
        .filter(pl.col("went_on") < pl.col("booked_on"))
        .group_by("transfer_no")
        .agg(pl.col("back_fen").first(), pl.col("went").sum())
        .filter(pl.col("went") >= pl.col("back_fen") * RETURNED_SHARE)
        .select("transfer_no")
    )


def paid_by_others(ctx: Context) -> pl.DataFrame:
    """Payouts of a product out of the account of another, where it did not send the money itself before.

    Returns
    -------
    polars.DataFrame
        Grain: ``line_no``. ``institution_id``, ``account_id``, ``account_no``, ``holder_id``, ``booked_on``,
        ``amount_fen``, ``product_id`` (paid) and ``payer_product`` (whose account paid). Sorted.
    """
    frame: pl.DataFrame = ctx.shared("cross.paid_by_others", _paid_by_others)
    return frame


def homes(ctx: Context) -> pl.DataFrame:
    """Accounts that a product's clients pay into (grain: ``product_id, account_id``)."""
    taken = deposits(ctx).filter(pl.col("product_id").is_not_null())
    return (
        taken.group_by("product_id", "account_id")
        .agg(pl.col("amount_fen").sum())
        .filter(pl.col("amount_fen") >= HOME_SHARE * pl.col("amount_fen").sum().over("product_id"))
        .select("product_id", "account_id")
    )


def _paid_by_others(ctx: Context) -> pl.DataFrame:
    home = homes(ctx)
    lent = (
        home.join(product_accounts(ctx).select("account_id", payer_product="product_id"), on="account_id")
        .filter(pl.col("product_id") == pl.col("payer_product"))
        .select("account_id", "payer_product")
        .unique("account_id")
    )
    strange = (
        payouts(ctx)
        .filter((pl.col("account_type") == "product") & (pl.col("support") >= SUPPORT))
        .join(home.select("product_id").unique(), on="product_id", how="semi")
        .join(home, on=["product_id", "account_id"], how="anti")
        .join(lent, on="account_id")
        .filter(pl.col("product_id") != pl.col("payer_product"))
    )
    day = ["product_id", "account_id", "booked_on"]
    sent = between_products(ctx).select(
        "amount_fen", "from_account_id", account_id="to_account_id", sent_on="booked_on"
    )
    funded = (
        strange.group_by(day)
        .agg(due_fen=pl.col("amount_fen").sum())
        .join(home.rename({"account_id": "from_account_id"}), on="product_id")
        .join(sent, on=["from_account_id", "account_id"])
        .filter(
            (pl.col("sent_on") <= pl.col("booked_on"))
            & (pl.col("sent_on") >= pl.col("booked_on") - dt.timedelta(days=FUNDED_DAYS))
        )
        .group_by(day)
        .agg(pl.col("due_fen").first(), pl.col("amount_fen").sum())
        .filter(pl.col("amount_fen") >= pl.col("due_fen") * FUNDED_SHARE)
    )
    columns = ["line_no", "institution_id", "account_no", "holder_id", "amount_fen", *day, "payer_product"]
    return strange.join(funded, on=day, how="anti").select(columns).sort("line_no")
