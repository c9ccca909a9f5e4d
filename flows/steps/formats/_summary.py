"""Close the account of a file: counts, control totals, stated balances, warnings and the problem."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import polars as pl

from flows.steps.formats._aliases import normalise_header, spellings
from flows.steps.formats._reasons import REASONS
from flows.steps.formats._rows import RowReader
from flows.steps.formats._store import LineStore
from flows.steps.formats._values import clean_account, parse_fen
from flows.steps.formats.protocol import QUARANTINE_SCHEMA, AccountBalances, ReadResult

NO_ACCOUNT = (
    "The file does not say which account it is of, neither in a column nor above the table nor in its name: "
    "give the number in a profile (`lookthrough profile`)."
)
MOST_QUARANTINED = 300_000
"""Rows held for the quarantine of a file of which nearly nothing can be read, before it is given up."""

CUT = "The file ends in the middle of a row: it was cut off on the way; ask for it again."


def finish(
    result: ReadResult,
    store: LineStore,
    quarantine: Sequence[pl.DataFrame],
    readers: Sequence[RowReader],
    cut: bool,
) -> None:
    """Fill in what is known once all rows are read."""
    result.lines = store.lines()
    result.rows_accepted = store.rows
    result.quarantine = pl.concat(quarantine) if quarantine else pl.DataFrame(schema=QUARANTINE_SCHEMA)
    result.rows_quarantined = result.quarantine.height
    if cut:
        result.problem = CUT
    for reader in readers:
        state = reader.state
        if state.header is None:
            continue
        result.warnings += state.understanding.notes
        if state.failed:
            result.warnings.append(
                f"{state.failed} failed transactions are no transactions and were left out"
            )
        if state.zero:
            result.warnings.append(f"{state.zero} rows with an amount of zero were left out")
        if state.understanding.lost_counterparties:
            result.warnings.append(
                f"{state.understanding.lost_counterparties} counterparty accounts were turned into powers of ten "
                "by a spreadsheet and are left empty: ask for them as text"
            )
        if state.understanding.told_by_balances:
            result.warnings.append(
                f"{state.understanding.told_by_balances} rows do not say whether the money went in or out: "
                "told from the balances before and after"
            )
        result.warnings += _told_of_columns(reader)
        control_totals(result, state.titles)
    if result.rows_accepted == result.rows_quarantined == 0 and result.rows_ignored > 2:
        result.warnings.append(
            f"no transaction was found: all {result.rows_ignored} rows were taken for headers, totals and notes"
        )
    if result.problem is None and result.rows_accepted == 0 and result.rows_quarantined:
        result.problem = hopeless(quarantine, 0)


def _told_of_columns(reader: RowReader) -> list[str]:
    """Columns that no table names: what their names' parts were taken for, and those left unread."""
    header = reader.state.header
    assert header is not None
    strange = [
        (text, role)
        for text, role in header.described()
        if text and not any(each in reader.aliases for each in spellings(normalise_header(text)))
    ]
    taken = [f"{text} → {role}" for text, role in strange if role and header.rows == 1]
    unknown = [text for text, role in strange if not role]
    told = [f"columns understood by parts of their names: {'; '.join(taken)}"] if taken else []
    return told + ([f"columns of unknown meaning: {', '.join(unknown)}"] if unknown else [])


def hopeless(quarantine: Sequence[pl.DataFrame], accepted: int) -> str:
    """Say why hardly a row of a file can be read."""
    reasons = pl.concat([each.select("reason") for each in quarantine])["reason"]
    common = reasons.mode().sort()[0]
    if common == REASONS["account"][0]:
        return NO_ACCOUNT
    share = (
        "No row could be accepted"
        if accepted == 0
        else f"{accepted} of {accepted + len(reasons)} rows could be read"
    )
    return f"{share}; most often: {common}."


def control_totals(result: ReadResult, titles: Mapping[str, str]) -> None:
    """Compare what the preamble announces with what was read; a difference is a warning."""
    number = _whole(titles.get("title_count"))
    if number is None:
        parts = [_whole(titles.get(role)) for role in ("title_debit_count", "title_credit_count")]
        if all(part is not None for part in parts):
            number = sum(part for part in parts if part is not None)
    found = result.rows_accepted + result.rows_quarantined
    if number is not None and number != found:
        result.warnings.append(f"the file announces {number} transactions and holds {found}")
    account = titles.get("account")
    opening, closing = (_fen(titles.get(role)) for role in ("title_opening", "title_closing"))
    if account and (opening is not None or closing is not None):
        cleaned = clean_account(pl.Series([account]))[0]
        result.accounts.append(AccountBalances(cleaned, opening, closing))


def _whole(text: str | None) -> int | None:
    match = re.match(r"^\s*([0-9,]+)", text or "")
    return int(match[1].replace(",", "")) if match else None


def _fen(text: str | None) -> int | None:
    return parse_fen(pl.Series([text], dtype=pl.String))[0] if text else None
