"""Payments to the institution's other accounts: fees, advances going back, other products."""

from __future__ import annotations

import polars as pl

from models.tracing.accounts import CLIENT_ACCOUNTS, OWN_ACCOUNTS
from models.tracing.layers import bought
from models.tracing.lent import project_payments
from models.tracing.parts import outs, whole
from models.typologies._ledger import controlled_lines, subscriptions
from models.typologies._rounds import coverage
from models.typologies.base import Context

ADVANCE_DAYS = 45
"""Days within which an equal sum is taken to be the own money lent that goes back."""
FEE_DAYS = 31
FEE_SHARE = 0.07
"""Largest share of the project payments and repayments of the last `FEE_DAYS` that a fee is taken to be."""
FEE_OF_SOLD = 0.02
"""Largest share of the funds it has sold that a manager's fee is taken to be (2 % at a time)."""
FEE_LEAST_FEN = 1_000_000
"""Up to 10,000 yuan a payment to the own account is taken for a fee where nothing moved for a month."""


def internal(ctx: Context) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Payments to the institution's other accounts: fees, other products, and what is the institution's own use.

    What is no more than an agreed fee can be is one. A larger sum takes back own money lent to the
    client account before; what remains (the second frame) is the institution's own use where it stays.
    """
    own = outs(ctx).filter(pl.col("cp_type").is_in(OWN_ACCOUNTS))
    back = whole(own.filter(pl.col("cp_type") == "risk_reserve"), pl.lit("own"), "transfer")
    own = own.filter(pl.col("cp_type") == "own")
    lent = _advances(ctx)
    same = _taken_back(own, lent)
    own = own.join(same, on="line_no", how="anti")
    fees = _fees(ctx, own)
    lent = lent.join(same, on="lent_no", how="anti")
    rest = _less_advances(own.join(fees, on="line_no", how="anti"), lent)
    told = [
        back,
        whole(own.join(fees, on="line_no", how="semi"), pl.lit("fee"), "transfer"),
        whole(bought(ctx), pl.lit("product"), "transfer"),
    ]
    return pl.concat(told, how="vertical_relaxed"), whole(rest, pl.lit("own"), "transfer")


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
        .join(ctx.table("mart_line", ("line_no", "account_id", "booked_on")), on="line_no")
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
