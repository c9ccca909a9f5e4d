"""The columns of a recognised table into dates, amounts, directions and parties."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from flows.steps.formats._accounts import account_of, holder_is_the_other_side, is_the_other_side
from flows.steps.formats._cells import Cells, nulls
from flows.steps.formats._direction import flag_sign
from flows.steps.formats._header import Header
from flows.steps.formats._moments import moments
from flows.steps.formats._money import amounts, settle_direction
from flows.steps.formats._no_lines import failed, foreign, sums
from flows.steps.formats._parties import parties
from flows.steps.formats._short_dates import OPEN_ORDER
from flows.steps.formats._sides import signed_balance
from flows.steps.formats._understanding import Understanding
from flows.steps.formats._values import SCIENTIFIC, parse_fen


@dataclass
class ParsedRows:
    """Rows with their reading: ``record``, ``cells``, ``is_line``, ``code`` and the line's columns."""

    frame: pl.DataFrame

    def lines(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The columns of a statement line for accepted rows."""
        return frame.select(
            "account_no", "booked_at", "has_time", "direction", "amount_fen",
            pl.lit("CNY").alias("currency"), "balance_after_fen", "counterparty_account",
            "counterparty_name", "counterparty_bank", "remark", "reference", "channel",
            "holder_name", "bank_name", pl.col("record").alias("source_record"),
        )  # fmt: skip


def parse_columns(
    frame: pl.DataFrame, header: Header, titles: Mapping[str, str], known: Understanding
) -> ParsedRows:
    """Read every row of `frame` under `header`; ``is_line`` marks those that are transactions."""
    cells = Cells(frame, header)
    if is_the_other_side(cells, titles):
        header = header.moved("account", "cp_account")
        if "cp_name" not in header.columns:
            header = header.moved("holder", "cp_name")
        cells = Cells(frame, header)
    at, timed = moments(cells, known)
    account = account_of(cells, titles, known)
    if holder_is_the_other_side(cells, account):
        header = header.moved("holder", "cp_name")
        cells = Cells(frame, header)
    if known.opening_fen is None and "title_opening" in titles:
        known.opening_fen = parse_fen(pl.Series([titles["title_opening"]], dtype=pl.String))[0]
    amount, sign, amount_code, amount_text = amounts(cells, known, account)
    balance = cells.fen("balance")
    sure = cells.has("balance_side")
    if sure or all(cells.has(role) for role in ("debit", "credit", "direction", "balance")):
        side = flag_sign(cells.role("balance_side" if sure else "direction"))
        balance = signed_balance(balance, side, account, amount, sign, sure=sure)
    sign = settle_direction(cells, known, account, at, amount, sign, balance)
    party = parties(cells, sign, known)
    status = failed(cells, known)
    date_text = cells.role("date")
    zero = (amount == 0).fill_null(False) & at.is_not_null() & amount_code.is_null()
    total = sums(cells, amount, balance, party)
    code = pl.DataFrame(
        {
            "at": at,
            "dt": date_text,
            "ac": amount_code,
            "am": amount,
            "sg": sign,
            "acc": account,
            "fo": foreign(cells.role("currency"), titles.get("currency") or known.currency, frame.height),
        }
    ).select(
        pl.when(pl.col("at").is_null())
        .then(
            pl.when(pl.col("dt").str.contains(OPEN_ORDER))
            .then(pl.lit("date_order"))
            .otherwise(pl.lit("date"))
        )
        .when(pl.col("ac").is_not_null())
        .then(pl.col("ac"))
        .when(pl.col("am").is_null())
        .then(pl.lit("no_amount"))
        .when(pl.col("acc").str.contains(SCIENTIFIC))
        .then(pl.lit("account_scientific"))
        .when(pl.col("acc").is_null())
        .then(pl.lit("account"))
        .when(pl.col("acc").str.len_chars() < 6)
        .then(pl.lit("account_tail"))
        .when(pl.col("fo"))
        .then(pl.lit("currency"))
        .when((pl.col("sg").is_null()) & (pl.col("am") != 0))
        .then(pl.lit("unsigned" if cells.lone_amount else "direction"))
        .otherwise(None)
        .alias("code")
    )["code"]
    out = pl.DataFrame(
        {
            "record": frame["record"],
            "cells": frame["cells"],
            "code": code,
            "date_text": date_text,
            "amount_text": amount_text,
            "is_status": status,
            "is_zero": zero & ~total,
            "is_total": total,
            "account_no": account,
            "booked_at": at,
            "has_time": timed,
            "direction": sign.replace_strict({1: "in", -1: "out"}, default=None, return_dtype=pl.String),
            "amount_fen": amount.abs(),
            "balance_after_fen": balance,
            "counterparty_account": party[0],
            "counterparty_name": party[1],
            "counterparty_bank": party[2],
            "remark": _remark(cells),
            "reference": cells.role("reference"),
            "channel": cells.role("channel"),
            "holder_name": _or_title(cells.role("holder"), titles.get("holder") or known.holder),
            "bank_name": _or_title(cells.role("own_bank"), titles.get("own_bank") or known.bank),
        }
    )
    return ParsedRows(
        out.with_columns(
            is_line=pl.col("code").is_null() & ~pl.any_horizontal("is_status", "is_zero", "is_total")
        )
    )


def _or_title(column: pl.Series, title: str | None) -> pl.Series:
    return column.fill_null(title) if title else column


def _remark(cells: Cells) -> pl.Series:
    columns = cells.all("remark")
    if not columns:
        return nulls(cells.height, pl.String())
    columns = [each for each in columns if each.null_count() < len(each)] or columns[:1]
    if len(columns) == 1:
        return columns[0]
    named = [each.alias(f"r{i}") for i, each in enumerate(columns)]
    joined = pl.DataFrame(named).select(
        pl.concat_str([each.name for each in named], separator=" ", ignore_nulls=True)
    )
    return joined.to_series().replace("", None)
