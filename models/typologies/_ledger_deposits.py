"""Deposits: which of the clients' payments in funded which subscription.

A deposit belongs to the subscription of the same client with the same amount on (nearly) the same day;
what is left over belongs to the client's next subscription of that day, which then was topped up from money
already there. Nothing here reads remarks, names or the shape of an id.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from models.typologies._gaps import statements_begin
from models.typologies._ledger_lines import LINE, institution_no, numbered, of_clients, with_subscription
from models.typologies.base import Context

DEPOSIT_LAGS = (0, 1, -1, 2, -2, 3, -3)
"""Days between subscription and deposit that are tried, in this order."""


def deposits(ctx: Context) -> pl.DataFrame:
    """Clients' payments into controlled accounts, with the subscription they funded.

    Returns
    -------
    polars.DataFrame
        Grain: ``line_no`` (an in-line from a subscriber, or of the very amount of one unpaid
        subscription of that day). ``subscription_id`` and ``product_id`` are null for money
        that was not subscribed. ``match``: ``amount`` (same amount), ``day`` (same day, other
        amount), ``unnamed`` (payer not known, amount and day are), ``none``.
    """
    frame: pl.DataFrame = ctx.shared("ledger.deposits", _deposits)
    return frame


def _deposits(ctx: Context) -> pl.DataFrame:
    known, others = of_clients(ctx, "in", but="repayment")
    number = institution_no(ctx)
    most = dt.timedelta(days=max(DEPOSIT_LAGS))
    near = numbered(ctx).filter(pl.col("subscribed_on") >= statements_begin(ctx) - most)
    near = near.select("subscription_no", "_i", "holder_id", "amount_fen", "subscribed_on")
    rest = known.select("line_no", number, "holder_id", "amount_fen", "booked_on")
    todo = near.filter(pl.col("holder_id").is_not_null())
    who = ["_i", "holder_id"]
    done: list[pl.DataFrame] = []
    for label, keys in (("amount", [*who, "amount_fen", "_on"]), ("day", [*who, "_on"])):
        lags = DEPOSIT_LAGS if label == "amount" else (0, 1, -1)
        for lag in lags:
            hit = _pair(
                rest.with_columns(_on=pl.col("booked_on")),
                todo.join(rest.select(who).unique(), on=who, how="semi", maintain_order="left").with_columns(
                    _on=pl.col("subscribed_on") + pl.duration(days=lag)
                ),
                keys,
            )
            done.append(hit.with_columns(match=pl.lit(label)))
            rest = rest.join(hit, on="line_no", how="anti", maintain_order="left")
            todo = todo.join(hit, on="subscription_no", how="anti", maintain_order="left")
    unnamed = others.filter(
        pl.col("cp_holder_id").is_null() | pl.col("cp_basis").is_in(["mask", "name", "none"])
    ).rename({"cp_holder_id": "holder_id"})
    lines = unnamed.select("line_no", number, "amount_fen", "booked_on")
    unpaid = pl.concat([todo, near.filter(pl.col("holder_id").is_null())]).sort("subscription_no")
    found = [lines.clear().select("line_no", subscription_no=pl.lit(None, pl.UInt32))]
    for lag in (0, 1):
        hit = _pair(
            lines.with_columns(_on=pl.col("booked_on")),
            unpaid.with_columns(_on=pl.col("subscribed_on") + pl.duration(days=lag)),
            ["_i", "amount_fen", "_on"],
        )
        found.append(hit)
        lines = lines.join(hit, on="line_no", how="anti", maintain_order="left")
        unpaid = unpaid.join(hit, on="subscription_no", how="anti", maintain_order="left")
    named = known.join(pl.concat(done), on="line_no", how="left").with_columns(
        pl.col("match").fill_null("none")
    )
    named = with_subscription(ctx, named, "subscription_id", "product_id")
    masked = (
        unnamed.drop("holder_id").join(pl.concat(found), on="line_no").with_columns(match=pl.lit("unnamed"))
    )
    masked = with_subscription(ctx, masked, "subscription_id", "product_id", "holder_id")
    columns = [*LINE, "subscription_id", "product_id", "match"]
    return pl.concat([named.select(columns), masked.select(columns)], how="vertical_relaxed").sort("line_no")


def _pair(lines: pl.DataFrame, subs: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Pair equal keys one to one, in the order of line_no and subscription_no (both sorted by it)."""
    a = lines.with_columns(pl.int_range(pl.len()).over(keys).alias("_n"))
    b = subs.with_columns(pl.int_range(pl.len()).over(keys).alias("_n"))
    return a.join(b, on=[*keys, "_n"]).select("line_no", "subscription_no")
