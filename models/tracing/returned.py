"""Deposits that were given back as they came."""

from __future__ import annotations

import polars as pl

from models.tracing.clients import payout_lines
from models.tracing.lent import project_payments
from models.typologies._gaps import statements_begin
from models.typologies._ledger import deposits, subscriptions
from models.typologies._rounds import round_lines
from models.typologies.base import Context


def returned(ctx: Context) -> pl.DataFrame:
    """Payouts that give a client back what the same client had paid in, to the fen.

    Two cases: money paid in beyond what was subscribed, and a holding of a product whose money was
    never paid to a project, given back without any yield.

    Returns
    -------
    polars.DataFrame
        Grain: payout ``line_no``. ``institution_id``, ``holder_id``, ``amount_fen``,
        ``origin_line_no`` (the deposit, null where it is not on a statement on hand).
    """
    frame: pl.DataFrame = ctx.shared("tracing.returned", _returned)
    return frame


def _returned(ctx: Context) -> pl.DataFrame:
    spare = _spare(ctx)
    out = payout_lines(ctx).select(
        "line_no",
        "institution_id",
        "holder_id",
        "booked_on",
        "amount_fen",
        "product_id",
        "factor",
        "subscription_id",
    )
    idle = _idle_products(ctx)
    undone = out.filter(pl.col("factor") == 1.0).join(idle, on="product_id", how="semi")
    paid_in = (
        deposits(ctx).filter(pl.col("subscription_id").is_not_null()).select("subscription_id", "line_no")
    )
    undone = undone.join(
        paid_in.unique("subscription_id").rename({"line_no": "origin_line_no"}),
        on="subscription_id",
        how="left",
    )
    steady = round_lines(ctx).select("line_no")
    free = out.join(undone, on="line_no", how="anti").join(steady, on="line_no", how="anti")
    keys = ["institution_id", "holder_id", "amount_fen"]
    pairs = (
        free.filter(pl.col("holder_id").is_not_null())
        .join(spare, on=keys)
        .filter(pl.col("paid_on") <= pl.col("booked_on"))
        .sort("booked_on", "line_no", "paid_on", "origin_line_no")
    )
    found: list[pl.DataFrame] = []
    for _ in range(6):
        best = pairs.unique("line_no", keep="first", maintain_order=True).unique(
            "origin_line_no", keep="first", maintain_order=True
        )
        if best.is_empty():
            break
        found.append(best)
        pairs = pairs.join(best, on="line_no", how="anti").join(best, on="origin_line_no", how="anti")
    columns = ["institution_id", "line_no", "holder_id", "amount_fen", "origin_line_no"]
    return pl.concat([f.select(columns) for f in [undone, *found]]).sort("line_no")


def _spare(ctx: Context) -> pl.DataFrame:
    """What clients paid in and did not subscribe: whole deposits, or the rest of one."""
    paid = deposits(ctx).filter(pl.col("holder_id").is_not_null())
    sold = subscriptions(ctx).select("subscription_id", sold_fen="amount_fen")
    return (
        paid.join(sold, on="subscription_id", how="left")
        .with_columns(rest=pl.col("amount_fen") - pl.col("sold_fen").fill_null(0))
        .filter(pl.col("rest") > 0)
        .select(
            "institution_id",
            "holder_id",
            amount_fen="rest",
            paid_on="booked_on",
            origin_line_no="line_no",
        )
    )


def _idle_products(ctx: Context) -> pl.DataFrame:
    """Products none of whose projects was ever paid (or that have no project)."""
    served = (
        ctx.table("mart_product_project")
        .join(project_payments(ctx).select("project_id").unique(), on="project_id", how="semi")
        .select("product_id")
        .unique()
    )
    first = pl.lit(statements_begin(ctx), pl.Date)
    return (
        ctx.table("mart_product")
        .join(served, on="product_id", how="anti")
        .filter(pl.col("issued_on").is_null() | (pl.col("issued_on") >= first))
        .select("product_id")
        .unique()
    )
