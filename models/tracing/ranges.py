"""How sure a figure is: the same question under every method and both extreme orders of a day.

One figure alone is attackable. The main figures rest on identification; here the client accounts are
matched by method alone: first in first out (in the bank's order, with each day's receipts first, with
each day's payments first), last in first out, and pro rata by class. A class whose lowest and highest
figures lie close together holds whatever method a court prefers.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from models.tracing.accounts import CLIENT_ACCOUNTS
from models.tracing.by_round import payer_classes
from models.tracing.clients import payout_lines
from models.tracing.legs import legs, openings
from models.tracing.match import match
from models.tracing.pro_rata import pro_rata
from models.tracing.uses import uses
from models.typologies._ledger import deposits
from models.typologies.base import Context

RANGE_SCHEMA: dict[str, pl.DataType] = {
    "institution_id": pl.String(),
    "side": pl.String(),
    "class": pl.String(),
    "low_fen": pl.Int64(),
    "high_fen": pl.Int64(),
    "methods": pl.Int64(),
}
"""Grain: institution × side × class. Lowest and highest amount over the methods and day orders;
``methods`` counts those under which the class has any money. Money that stood there before the first
statement is ``unknown``; a payout with a deposit is ``client`` money, whosever (the methods that
share by class cannot tell clients apart)."""

VARIANTS = ("fifo", "receipts first", "payments first", "lifo", "pro_rata")


def ranges(ctx: Context) -> pl.DataFrame:
    """Lowest and highest figure of every class of both sides.

    Returns
    -------
    polars.DataFrame
        `RANGE_SCHEMA`, sorted by the grain.
    """
    frame = by_method(ctx)
    every = (
        frame.select("institution_id", "side", "class")
        .unique()
        .join(pl.DataFrame({"method": VARIANTS}), how="cross")
    )
    return (
        every.join(frame, on=["institution_id", "side", "class", "method"], how="left")
        .with_columns(pl.col("amount_fen").fill_null(0))
        .group_by("institution_id", "side", "class")
        .agg(
            pl.col("amount_fen").min().alias("low_fen"),
            pl.col("amount_fen").max().alias("high_fen"),
            (pl.col("amount_fen") > 0).sum().cast(pl.Int64).alias("methods"),
        )
        .sort("institution_id", "side", "class")
        .cast(pl.Schema(RANGE_SCHEMA))
    )


def by_method(ctx: Context) -> pl.DataFrame:
    """Amounts by method: ``institution_id``, ``side``, ``class``, ``method``, ``amount_fen``."""
    accounts = (
        ctx.table("mart_controlled_account")
        .filter(pl.col("account_type").is_in(CLIENT_ACCOUNTS))
        .select("institution_id", "account_id")
        .unique("account_id", keep="first", maintain_order=True)
    )
    lines = ctx.table("mart_line").join(accounts, on="account_id").sort("line_no")
    opening = openings(lines)
    came, went = _in_classes(ctx, lines), _out_classes(ctx, lines)
    found = []
    for variant in VARIANTS:
        if variant == "pro_rata":
            pairs = _shared(lines, opening, came)
        else:
            ordered = _reordered(lines, variant)
            pairs = (
                match(ordered, "lifo" if variant == "lifo" else "fifo", opening=opening)
                .join(ordered.select(in_line_no="line_no", in_old="old_no"), on="in_line_no", how="left")
                .join(ordered.select(out_line_no="line_no", out_old="old_no"), on="out_line_no", how="left")
                .join(came.rename({"line_no": "in_old", "class": "source"}), on="in_old", how="left")
                .with_columns(pl.col("source").fill_null("unknown"))
                .group_by("account_id", "source", pl.col("out_old").alias("line_no"))
                .agg(pl.col("amount_fen").sum())
            )
        found.append(_sides(pairs, accounts, went).with_columns(method=pl.lit(variant)))
    return pl.concat(found)


def _in_classes(ctx: Context, lines: pl.DataFrame) -> pl.DataFrame:
    """Class of what came in: ``line_no``, ``class`` (``client`` for deposits)."""
    paid = deposits(ctx).select("line_no", pl.lit("client").alias("class"))
    repaid = (
        ctx.table("mart_project_line")
        .filter(pl.col("kind") == "repayment")
        .select("line_no", pl.lit("project").alias("class"))
    )
    payers = payer_classes(ctx).select(
        "line_no",
        pl.when(pl.col("payer_class") == "other_client")
        .then(pl.lit("client"))
        .otherwise("payer_class")
        .alias("class"),
    )
    ours = lines.select("line_no")
    return (
        pl.concat([paid, repaid, payers], how="vertical_relaxed")
        .join(ours, on="line_no", how="semi")
        .unique("line_no", keep="first", maintain_order=True)
        .sort("line_no")
    )


def _out_classes(ctx: Context, lines: pl.DataFrame) -> pl.DataFrame:
    """Class of what went out: ``line_no``, ``class`` (``payout`` for payments to clients)."""
    paid = payout_lines(ctx).select("line_no", pl.lit("payout").alias("class"))
    used = (
        uses(ctx)
        .filter(pl.col("basis") != "balance")
        .sort("line_no", "amount_fen", "class", descending=[False, True, False])
        .unique("line_no", keep="first", maintain_order=True)
        .select("line_no", "class")
    )
    return (
        pl.concat([paid, used], how="vertical_relaxed")
        .join(lines.select("line_no"), on="line_no", how="semi")
        .unique("line_no", keep="first", maintain_order=True)
        .sort("line_no")
    )


def _reordered(lines: pl.DataFrame, variant: str) -> pl.DataFrame:
    """Number the lines anew in the order of a variant; ``old_no`` is the line's own number."""
    first = {"receipts first": "in", "payments first": "out"}.get(variant)
    keys = ["account_id", "booked_on", "later", "line_no"] if first else ["account_id", "line_no"]
    return (
        lines.with_columns((pl.col("direction") != (first or "in")).alias("later"))
        .sort(keys)
        .with_columns(pl.col("line_no").alias("old_no"), pl.int_range(pl.len()).alias("line_no"))
        .select("account_id", "line_no", "old_no", "direction", "amount_fen")
    )


def _shared(lines: pl.DataFrame, opening: pl.DataFrame, came: pl.DataFrame) -> pl.DataFrame:
    """Pro rata by class: ``account_id``, ``source``, ``line_no`` (null: held), ``amount_fen``."""
    walked = legs(lines, opening)
    names = ["unknown", *sorted(set(came["class"].to_list()) - {"unknown"})]
    code = {name: k for k, name in enumerate(names)}
    of_line = dict(zip(came["line_no"].to_list(), came["class"].to_list(), strict=True))
    klass = np.array([code[of_line.get(n, "unknown")] for n in walked.line.tolist()], dtype=np.int64)
    codes, out, amount = pro_rata(walked.account, walked.signed, klass, len(names))
    line = walked.line[out]
    return pl.DataFrame(
        {
            "account_id": walked.account[out],
            "source": pl.Series(names).gather(codes),
            "line_no": pl.Series(line).replace({-1: None, -2: None}),
            "amount_fen": amount,
        }
    ).with_columns(pl.when(pl.col("line_no") >= 0).then("line_no").alias("line_no"))


def _sides(pairs: pl.DataFrame, accounts: pl.DataFrame, went: pl.DataFrame) -> pl.DataFrame:
    """Sum pairs of classes into sources of payouts and uses of client money."""
    told = (
        pairs.join(accounts, on="account_id")
        .join(went, on="line_no", how="left")
        .with_columns(
            pl.when(pl.col("line_no").is_null())
            .then(pl.lit("held"))
            .otherwise(pl.col("class").fill_null("unknown"))
            .alias("class")
        )
    )
    source = (
        told.filter(pl.col("class") == "payout")
        .group_by("institution_id", pl.col("source").alias("class"))
        .agg(pl.col("amount_fen").sum())
        .with_columns(side=pl.lit("source"))
    )
    use = (
        told.filter(pl.col("source") == "client")
        .with_columns(pl.col("class").replace({"payout": "client"}))
        .group_by("institution_id", "class")
        .agg(pl.col("amount_fen").sum())
        .with_columns(side=pl.lit("use"))
    )
    columns = ["institution_id", "side", "class", "amount_fen"]
    return pl.concat([source.select(columns), use.select(columns)], how="vertical_relaxed")
