"""The sheets of one file, read one after the other: workbooks, and web pages and XML that stand in for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import polars as pl

from flows.steps.formats._columns import parse_columns
from flows.steps.formats._header import HEAD_ROWS, account_in_name
from flows.steps.formats._profiles import profile_aliases, profile_for, understanding
from flows.steps.formats._rows import RowReader, quarantine_frame
from flows.steps.formats._side_by_side import split_sheet
from flows.steps.formats._store import LineStore
from flows.steps.formats._summary import finish
from flows.steps.formats._titles import read_titles
from flows.steps.formats._values import BLANK
from flows.steps.formats.protocol import Layout, ReadOptions, ReadResult, Source

_ACCOUNT_ROLES = ("account", "cp_account", "cp_merged", "payer_account", "payee_account")
_TRIED = 50
_ENOUGH = 0.6
"""Share of the first rows that must be transactions before a sheet without a header continues the last."""

Mend = Callable[[pl.DataFrame, Sequence[int], int], pl.DataFrame]


def read_tables(
    name: str,
    source: Source,
    options: ReadOptions,
    sheets: Iterable[tuple[str, pl.DataFrame]],
    mend: Mend,
    nothing: str,
) -> ReadResult:
    """Read every sheet; rows are numbered through, sheet after sheet.

    Parameters
    ----------
    name : str
        The format's name.
    sheets : iterable of (str, polars.DataFrame)
        Title and cells of each sheet: ``record`` (from 1, counted on), ``cells``, ``c0`` ….
    mend : callable
        Marks account numbers whose digits are lost: given cells, account columns, which sheet from 0.
    nothing : str
        The problem when no sheet has a header row.
    """
    result = ReadResult(name)
    store = LineStore(options.scratch)
    quarantine: list[pl.DataFrame] = []
    readers: list[RowReader] = []
    seen: list[tuple[str, pl.DataFrame]] = []
    aside: dict[str, str] = {}
    for number, sheet, frame in _each_table(sheets, options):
        cells = drop_blank(frame)
        if cells.is_empty():
            continue
        result.rows_read += cells.height
        profile = profile_for(source, options, joined(cells.head(HEAD_ROWS)))
        reader = RowReader(profile_aliases(options, profile), understanding(source, profile))
        reader.header_told = profile is not None and profile.header_row is not None
        if profile is not None and (fixed := profile.header()) is not None:
            reader.use_numbers(fixed)
        from_row = int(frame["record"][0]) + (profile.header_row or 1) - 1 if profile else 0
        if reader.state.header is None and not reader.start(cells.filter(pl.col("record") >= from_row)):
            if not readers or not _continues(readers[-1], cells):
                result.rows_ignored += cells.height
                aside = aside or _named_alone(cells, reader)
                told = f"sheet {sheet} holds no statement table ({cells.height} rows left out)"
                result.warnings.append(told)
                continue
            reader = readers.pop()
        assert reader.state.header is not None
        if any(_same_names(each, reader) and each.state.understanding.signed for each in readers):
            reader.state.understanding.signed = True  # its like on another sheet has minus signs
        if not _names_account(reader):
            _find_account(reader, sheet, cells, aside, readers[-1] if readers else None, seen)
        reader.state.understanding.way_by_title = way_named(sheet)
        accounts = [i for role in _ACCOUNT_ROLES for i in reader.state.header.columns.get(role, ())]
        cells = mend(cells, accounts, number)
        outcome = reader.feed(cells)
        readers.append(reader)
        lines = pl.concat(outcome.lines) if outcome.lines else None
        rejected = pl.concat(outcome.rejected) if outcome.rejected else cells.clear().select("record")
        twin = _twin(lines, seen) if lines is not None and rejected.is_empty() else None
        if twin is not None:
            result.rows_ignored += cells.height
            result.warnings.append(f"sheet {sheet} repeats sheet {twin} line by line: it was left out")
            continue
        if lines is not None:
            seen.append((sheet, lines))
            store.add(lines)
        result.rows_ignored += outcome.ignored
        if not rejected.is_empty():
            quarantine.append(quarantine_frame(rejected, _texts(cells, rejected)))
    if not readers:
        return ReadResult.refused(name, nothing)
    finish(result, store, quarantine, list(dict.fromkeys(readers)), cut=False)
    state = readers[0].state
    assert state.header is not None
    result.layout = Layout(
        None, None, state.header_record, state.header.described(), tuple(state.understanding.notes)
    )
    return result


def _each_table(
    sheets: Iterable[tuple[str, pl.DataFrame]], options: ReadOptions
) -> Iterator[tuple[int, str, pl.DataFrame]]:
    aliases = profile_aliases(options, None)
    for number, (sheet, frame) in enumerate(sheets):
        for table in split_sheet(frame, aliases):
            yield number, sheet, table


def _same_names(one: RowReader, other: RowReader) -> bool:
    a, b = one.state.header, other.state.header
    return a is not None and b is not None and a.texts == b.texts


def way_named(title: str) -> int | None:
    """Return +1 where a sheet's title says that all in it is money in (``收入明细``), -1 for money out; else None."""
    into, out = bool(_INTO.search(title)), bool(_OUT_OF.search(title))
    return None if into == out else 1 if into else -1


_INTO = re.compile("收入|转入|入账|进账|流入|来账|收方|贷方")
_OUT_OF = re.compile("支出|转出|出账|流出|往账|付方|借方")


def _names_account(reader: RowReader) -> bool:
    state = reader.state
    assert state.header is not None
    known = state.understanding
    return bool(
        "account" in state.header.columns or state.titles.get("account") or known.account or known.own_account
    )


def _named_alone(cells: pl.DataFrame, reader: RowReader) -> dict[str, str]:
    """What a sheet of titles alone says of the account of the sheets behind it."""
    found: dict[str, str] = {}
    for row in cells.head(HEAD_ROWS).select(pl.exclude("record", "cells")).rows():
        found = {**read_titles(row, reader.aliases), **found}
    return found if "account" in found else {}


def _find_account(
    reader: RowReader,
    sheet: str,
    cells: pl.DataFrame,
    aside: Mapping[str, str],
    last: RowReader | None,
    seen: Sequence[tuple[str, pl.DataFrame]],
) -> None:
    """Look for a sheet's account outside the sheet: in its title, a sheet of titles, the sheet it goes on from."""
    state = reader.state
    state.understanding.account = account_in_name(sheet)
    if state.understanding.account is not None:
        return
    if aside:
        state.titles.update({role: text for role, text in aside.items() if role not in state.titles})
        return
    header = state.header
    if last is None or last.state.header is None or header is None or not seen:
        return
    if last.state.header.texts == header.texts and _follows(seen[-1][1], cells, reader, last):
        state.titles.update({r: text for r, text in last.state.titles.items() if not r.startswith("title_")})


def _follows(before: pl.DataFrame, cells: pl.DataFrame, reader: RowReader, last: RowReader) -> bool:
    """Whether a sheet's first balance follows from the last one of the sheet before it, in either order."""
    header = reader.state.header
    assert header is not None
    known = replace(reader.state.understanding, notes=[])
    tried = parse_columns(cells.head(_TRIED), header, last.state.titles, known).frame.filter("is_line")
    if before.is_empty() or tried.is_empty():
        return False
    end, start = (
        frame.select("balance_after_fen", pl.col("amount_fen") * pl.when(pl.col("direction") == "in").then(1).otherwise(-1)).row(place)
        for frame, place in ((before, -1), (tried, 0))
    )  # fmt: skip
    if end[0] is None or start[0] is None:
        return False
    return bool(end[0] + start[1] == start[0] or start[0] + end[1] == end[0])


def _continues(last: RowReader, cells: pl.DataFrame) -> bool:
    """Whether a sheet without a header goes on where the one before it ended."""
    header = last.state.header
    assert header is not None
    known = replace(last.state.understanding, notes=[])
    tried = parse_columns(cells.head(_TRIED), header, last.state.titles, known).frame
    return int(tried["is_line"].sum()) >= _ENOUGH * tried.height


def _twin(lines: pl.DataFrame, seen: Sequence[tuple[str, pl.DataFrame]]) -> str | None:
    """Return the title of an earlier sheet that holds the very same lines: the bank kept a copy."""
    if lines.height < 2:
        return None
    own = lines.drop("source_record")
    return next(
        (
            title
            for title, other in seen
            if other.height == lines.height and other.drop("source_record").equals(own)
        ),
        None,
    )


def drop_blank(frame: pl.DataFrame) -> pl.DataFrame:
    """Leave out rows with no text in any cell."""
    columns = [name for name in frame.columns if name not in ("record", "cells")]
    if not columns:
        return frame.clear()
    return frame.filter(
        pl.any_horizontal([pl.col(name).str.strip_chars(BLANK).fill_null("") != "" for name in columns])
    )


def _texts(cells: pl.DataFrame, rejected: pl.DataFrame) -> pl.DataFrame:
    some = cells.join(rejected.select("record"), on="record", how="semi")
    return some.select("record").with_columns(pl.Series("text", joined(some), dtype=pl.String))


def joined(cells: pl.DataFrame) -> list[str]:
    """Rows as text, cells with a comma between."""
    columns = [name for name in cells.columns if name not in ("record", "cells")]
    if not columns:
        return []
    return (
        cells.select(pl.concat_str([pl.col(name).fill_null("") for name in columns], separator=","))
        .to_series()
        .to_list()
    )
