"""How sure a figure is: the same question under every method and both extreme orders of a day.

One figure alone is attackable. The main figures rest on identification; here the client accounts are
matched by method alone: first in first out (in the bank's order, with each day's receipts first, with
each day's payments first), last in first out, and pro rata by class. A class whose lowest and highest
figures lie close together holds whatever method a court prefers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from models.tracing.accounts import CLIENT_ACCOUNTS
from models.tracing.band import day_order
from models.tracing.book import WALKED
from models.tracing.by_round import payer_classes
from models.tracing.clients import payout_lines
from models.tracing.fifo import fifo
from models.tracing.legs import Ints, Legs, legs, openings
from models.tracing.lifo import lifo
from models.tracing.pro_rata import pro_rata
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

CLASSES = ("client", "project", "own", "related", "bank", "unknown", "payout")
"""Classes that `line_classes` tells."""
VARIANTS = ("fifo", "receipts first", "payments first", "lifo", "pro_rata")


def ranges(ctx: Context, classes: pl.DataFrame, used: pl.DataFrame) -> pl.DataFrame:
    """Lowest and highest figure of every class of both sides.

    Parameters
    ----------
    ctx : Context
    classes : polars.DataFrame
        As `line_classes`.
    used : polars.DataFrame
        As `models.tracing.uses.uses`.

    Returns
    -------
    polars.DataFrame
        `RANGE_SCHEMA`, sorted by the grain.
    """
    frame = by_method(ctx, classes, used)
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


def by_method(ctx: Context, classes: pl.DataFrame, used: pl.DataFrame) -> pl.DataFrame:
    """Amounts by method: ``institution_id``, ``side``, ``class``, ``method``, ``amount_fen``."""
    lines = ctx.table("mart_line", (*WALKED, "booked_on"))
    accounts = (
        ctx.table("mart_controlled_account")
        .filter(pl.col("account_type").is_in(CLIENT_ACCOUNTS))
        .join(lines.select("account_id").unique(), on="account_id", how="semi", maintain_order="left")
        .select("institution_id", "account_id")
        .unique("account_id", keep="first", maintain_order=True)
        .sort("account_id")
    )
    lines = lines.join(accounts.select("account_id"), on="account_id", how="semi", maintain_order="left")
    lines = lines.sort("account_id", "line_no")
    opening = openings(lines)
    told = classes.join(lines.select("line_no", "direction"), on="line_no")
    came = _coded(lines, told.filter(pl.col("direction") == "in"))
    went = _coded(lines, _out_classes(told.filter(pl.col("direction") == "out"), used))
    places = accounts["account_id"].cast(pl.Int64).to_numpy()
    found = []
    for variant in VARIANTS:
        order = _order(lines, variant)
        ordered = lines.select("account_id", "direction", "amount_fen")[order].with_row_index("line_no")
        summed = _summed(legs(ordered, opening), variant, came.pick(order), went.pick(order), places)
        found.append(_sides(summed, accounts, came, went).with_columns(method=pl.lit(variant)))
    return pl.concat(found)


@dataclass(frozen=True, slots=True)
class _Coded:
    """A class for each row of the lines, ``words[code[row]]``; the first word is ``unknown``."""

    code: Ints
    words: list[str]

    def pick(self, order: Ints) -> _Coded:
        return _Coded(self.code[order], self.words)


def _coded(lines: pl.DataFrame, told: pl.DataFrame) -> _Coded:
    """Number the classes that lines have."""
    words = sorted(set(told["class"].unique().cast(pl.String).to_list()) - {"unknown"})
    number = pl.DataFrame(
        {"class": words, "code": range(1, len(words) + 1)}, schema={"class": pl.String, "code": pl.Int64}
    )
    code = lines.select("line_no").join(
        told.cast({"class": pl.String}).join(number, on="class").select("line_no", "code"),
        on="line_no",
        how="left",
        maintain_order="left",
    )["code"]
    return _Coded(code.fill_null(0).to_numpy(), ["unknown", *words])


def line_classes(ctx: Context) -> pl.DataFrame:
    """Class of what came in, and of payments to clients: ``line_no``, ``class`` (`CLASSES`), each line once.

    Of what came in, ``client`` are deposits; what else went out is told by its use.
    """
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
    out = payout_lines(ctx).select("line_no", pl.lit("payout").alias("class"))
    return (
        pl.concat([paid, repaid, payers, out], how="vertical_relaxed")
        .unique("line_no", keep="first", maintain_order=True)
        .cast({"class": pl.Enum(CLASSES)})
    )


def _out_classes(paid: pl.DataFrame, used: pl.DataFrame) -> pl.DataFrame:
    """Class of what went out: ``line_no``, ``class`` (``payout`` for payments to clients)."""
    other = (
        used.filter(pl.col("basis") != "balance")
        .sort("line_no", "amount_fen", "class", descending=[False, True, False])
        .select("line_no", "class")
    )
    return pl.concat([paid.select("line_no", pl.col("class").cast(pl.String)), other]).unique(
        "line_no", keep="first", maintain_order=True
    )


def _order(lines: pl.DataFrame, variant: str) -> Ints:
    """Rows of the lines in the order of a variant; only within a day does it differ from the bank's."""
    if variant == "receipts first":
        return day_order(lines, "in")
    return day_order(lines, "out") if variant == "payments first" else np.arange(lines.height)


def _summed(walked: Legs, variant: str, came: _Coded, went: _Coded, accounts: Ints) -> pl.DataFrame:
    """Amounts by account's place in `accounts`, class of the money and class of its use, as numbers."""
    line = walked.line
    klass = np.zeros(line.size, np.int64)
    use = np.full(line.size, len(went.words), np.int64)
    told = line >= 0
    klass[told], use[told] = came.code[line[told]], went.code[line[told]]
    if variant == "pro_rata":
        source, out, amount = pro_rata(walked.account, walked.signed, klass, len(came.words))
        used, at = use[out], out
    else:
        into, out, amount = lifo(walked.signed) if variant == "lifo" else fifo(walked.signed)
        drawn = np.flatnonzero((walked.overdraft != 0) & told)
        size = walked.overdraft[drawn]
        source = np.concatenate((klass[into], np.where(size > 0, klass[drawn], 0)))
        used = np.concatenate((use[out], np.where(size > 0, len(went.words), use[drawn])))
        at, amount = np.concatenate((out, drawn)), np.concatenate((amount, np.abs(size)))
    own = np.searchsorted(accounts, walked.account[at])
    key = (own * (len(came.words) + 1) + source) * (len(went.words) + 1) + used
    return (
        pl.DataFrame({"key": key, "amount_fen": amount})
        .group_by("key")
        .agg(pl.col("amount_fen").sum())
        .select(
            at=pl.col("key") // (len(went.words) + 1) // (len(came.words) + 1),
            source=pl.col("key") // (len(went.words) + 1) % (len(came.words) + 1),
            use=pl.col("key") % (len(went.words) + 1),
            amount_fen="amount_fen",
        )
    )


def _sides(summed: pl.DataFrame, accounts: pl.DataFrame, came: _Coded, went: _Coded) -> pl.DataFrame:
    """Turn sums by number into sources of payouts and uses of client money."""
    told = summed.select(
        accounts["institution_id"].gather(summed["at"]).alias("institution_id"),
        pl.Series(came.words).gather(summed["source"]).alias("source"),
        pl.Series([*went.words, "held"]).gather(summed["use"]).alias("class"),
        "amount_fen",
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
