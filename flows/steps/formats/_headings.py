"""Several accounts in one table, each under its own heading: whose is which row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from flows.steps.formats._columns import parse_columns
from flows.steps.formats._header import Header
from flows.steps.formats._no_lines import foreign_currency
from flows.steps.formats._understanding import Understanding
from flows.steps.formats._values import SCIENTIFIC, clean_account

_BY_ACCOUNT = (None, "account", "account_tail", "account_scientific", "currency")


def apply_headings(
    parsed: pl.DataFrame,
    cells: pl.DataFrame,
    header: Header,
    headings: Sequence[tuple[int, Mapping[str, str]]],
    known: Understanding,
) -> pl.DataFrame:
    """Give the rows after each heading the account, holder, bank and currency it names.

    Parameters
    ----------
    parsed : polars.DataFrame
        Rows as :func:`parse_columns` left them, read with what was known before the chunk.
    cells : polars.DataFrame
        The same rows' cells.
    header : Header
        Their header.
    headings : sequence of (int, mapping)
        Record of each heading and all that is in force after it.
    known : Understanding
        What a profile or the file's name says.
    """
    if "payer_account" in header.columns or "payee_account" in header.columns:
        return _read_again(parsed, cells, header, headings, known)
    accounts = clean_account(
        pl.Series([each.get("account") or known.account for _, each in headings], dtype=pl.String)
    )
    named = pl.DataFrame(
        {
            "record": pl.Series([record for record, _ in headings], dtype=pl.Int64),
            "new_account": accounts,
            "new_holder": pl.Series(
                [each.get("holder") or known.holder for _, each in headings], dtype=pl.String
            ),
            "new_bank": pl.Series(
                [each.get("own_bank") or known.bank for _, each in headings], dtype=pl.String
            ),
            "new_foreign": [foreign_currency(each.get("currency") or known.currency) for _, each in headings],
            "under": True,
        }
    ).sort("record")
    frame = parsed.join_asof(named, on="record", strategy="backward")
    under = pl.col("under").fill_null(False)
    if "account" not in header.columns and known.own_account is None:
        account = pl.when(under).then(pl.col("new_account")).otherwise(pl.col("account_no"))
        frame = frame.with_columns(account_no=account)
    if "holder" not in header.columns:
        frame = frame.with_columns(holder_name=pl.when(under).then("new_holder").otherwise("holder_name"))
    if "own_bank" not in header.columns:
        frame = frame.with_columns(bank_name=pl.when(under).then("new_bank").otherwise("bank_name"))
    number = pl.col("account_no")
    foreign = pl.col("new_foreign") if "currency" not in header.columns else pl.col("code") == "currency"
    code = (
        pl.when(~under | ~pl.col("code").is_in(_BY_ACCOUNT, nulls_equal=True))
        .then(pl.col("code"))
        .when(number.str.contains(SCIENTIFIC))
        .then(pl.lit("account_scientific"))
        .when(number.is_null())
        .then(pl.lit("account"))
        .when(number.str.len_chars() < 6)
        .then(pl.lit("account_tail"))
        .when(foreign.fill_null(False))
        .then(pl.lit("currency"))
        .when(pl.col("direction").is_null() & ~pl.col("is_zero"))
        .then(pl.lit("direction"))
        .otherwise(None)
    )
    frame = frame.with_columns(code=code)
    is_line = pl.col("code").is_null() & ~pl.any_horizontal("is_status", "is_zero", "is_total")
    return frame.with_columns(is_line=is_line).select(parsed.columns)


def _read_again(
    parsed: pl.DataFrame,
    cells: pl.DataFrame,
    header: Header,
    headings: Sequence[tuple[int, Mapping[str, str]]],
    known: Understanding,
) -> pl.DataFrame:
    """Where the direction follows from the account, read each block with its own."""
    bounds = [record for record, _ in headings] + [int(parsed["record"][-1]) + 1]
    blocks = [parsed.filter(pl.col("record") < bounds[0])]
    for (low, titles), high in zip(headings, bounds[1:], strict=True):
        inside = cells.filter(pl.col("record").is_between(low, high, closed="left"))
        if not inside.is_empty():
            blocks.append(parse_columns(inside, header, titles, known).frame)
    return pl.concat(blocks)
