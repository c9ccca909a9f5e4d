"""Bank exports as text: CSV, tab or pipe separated, in any encoding and layout with a header row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import polars as pl

from flows.steps.formats._aliases import Alias
from flows.steps.formats._header import HEAD_ROWS, Header, find_header
from flows.steps.formats._profiles import Profile, profile_aliases, profile_for, understanding
from flows.steps.formats._records import DELIMITERS, MAX_COLUMNS, join_lines, split_cells
from flows.steps.formats._rows import RowReader, broken_rows, quarantine_frame
from flows.steps.formats._side_by_side import SIDE_BY_SIDE, starts
from flows.steps.formats._store import LineStore
from flows.steps.formats._summary import MOST_QUARANTINED, finish, hopeless
from flows.steps.formats._text import LineTooLongError, detect_encoding, read_lines
from flows.steps.formats._thousands import mend_thousands
from flows.steps.formats._values import BLANK
from flows.steps.formats.protocol import Layout, ReadOptions, ReadResult, Source

_NOT_TEXT = (b"PK", b"%PDF", b"PAR1", b"\xd0\xcf\x11\xe0", b"\xff\xd8\xff", b"\x89PNG", b"\x1f\x8b", b"<?xml")


ODD_DELIMITERS = (
    "\x01",
    "\x1d",
    "\x1e",
    "~",
    "!",
    "@",
    "#",
    "$",
    "&",
    "\u00a6",
    "\u00a7",
    "\u3001",
    "\u2502",
    "\u2503",
    "\u2551",
)
"""Tried where none of the usual ones gives a header: core systems and old middleware write these."""

_SURE = 5
"""Known columns at which no other delimiter is tried."""


class BankExport:
    """Text files with a header row that names a date, an amount and a counterparty or the like."""

    name = "bank-csv"

    def claims(self, source: Source, options: ReadOptions) -> bool:
        """Whether the head holds a header row in some delimiter."""
        return recognise_text(source, options) is not None

    def read(self, source: Source, options: ReadOptions) -> ReadResult:
        """Read the file chunk by chunk."""
        found = recognise_text(source, options)
        if found is None:
            return ReadResult.refused(self.name, "No header row with a date and an amount was found.")
        encoding, delimiter, header, profile = found
        if len(starts(header)) > 1:
            return ReadResult.refused(self.name, SIDE_BY_SIDE)
        width = min(max(len(header.texts) + 2, 2), MAX_COLUMNS)
        reader = RowReader(profile_aliases(options, profile), understanding(source, profile))
        reader.header_told = profile is not None and profile.header_row is not None
        if profile is not None and (fixed := profile.header()) is not None:
            reader.use_numbers(fixed)
        store = LineStore(options.scratch)
        result = ReadResult(self.name)
        quarantine: list[pl.DataFrame] = []
        damaged, held, start = 0, 0, 1
        cut = False
        try:
            for chunk in read_lines(source, encoding):
                damaged += chunk.damaged
                rows = join_lines(chunk.frame, delimiter, start, len(header.described()))
                start += rows.height
                lines = rows.filter(not_blank(delimiter))
                if lines.is_empty():
                    continue
                mended, moved = mend_thousands(lines, delimiter, len(header.described()))
                cells = split_cells(mended, delimiter, width)
                result.rows_read += cells.height
                from_row = profile.header_row or 0 if profile else 0
                if reader.state.header is None and not reader.start(
                    cells.filter(pl.col("record") >= from_row)
                ):
                    result.rows_ignored += cells.height
                    continue
                broken = broken_rows(cells) if chunk.damaged else None
                outcome = reader.feed(cells, not chunk.last_ends, chunk.tail_damaged, broken, moved)
                for frame in outcome.lines:
                    store.add(frame)
                result.rows_ignored += outcome.ignored
                rejected = pl.concat(outcome.rejected) if outcome.rejected else cells.clear().select("record")
                if not rejected.is_empty():
                    cut = cut or "cut" in rejected["code"].to_list()
                    texts = lines.rename({"line": "text"})
                    quarantine.append(quarantine_frame(rejected, texts))
                    held += quarantine[-1].height
                    if held > MOST_QUARANTINED and held > 20 * store.rows:
                        return ReadResult.refused(self.name, hopeless(quarantine, store.rows))
        except LineTooLongError:
            return ReadResult.refused(self.name, "A single line is longer than 4 MB: this is no statement.")
        finish(result, store, quarantine, [reader], cut)
        if damaged:
            result.warnings.append(
                f"{damaged} characters could not be decoded as {encoding} and show as \ufffd"
            )
        result.layout = Layout(
            encoding,
            delimiter,
            reader.state.header_record,
            reader.state.header.described() if reader.state.header else (),
            tuple(reader.state.understanding.notes),
        )
        return result


Recognised = tuple[str, str, Header, Profile | None]


def recognise_text(source: Source, options: ReadOptions) -> Recognised | None:
    """Encoding, delimiter, header and profile of a text file, from its head alone."""
    return _recognise_head(
        source.name, source.head, source.size, tuple(options.aliases), tuple(options.profiles)
    )


@lru_cache(maxsize=2)  # asked twice for each file: whether it is ours, and to read it
def _recognise_head(
    name: str, head: bytes, size: int, alias_tables: tuple[Path, ...], profiles: tuple[Path, ...]
) -> Recognised | None:
    source, options = Source(name, size, head), ReadOptions(alias_tables, profiles)
    if head.startswith(_NOT_TEXT):
        return None
    encoding = detect_encoding(head, whole=source.size <= len(head))
    if encoding is None:
        return None
    part = Source.of_bytes(
        source.name, head if source.size <= len(head) else head[: head.rfind(b"\n") + 1] or head
    )
    try:
        chunks = [each.frame for each in read_lines(part, encoding)]
    except LineTooLongError:
        return None
    if not chunks:
        return None
    profile = profile_for(source, options, chunks[0]["line"].head(HEAD_ROWS).to_list())
    if profile is not None and profile.encoding and profile.encoding != encoding:
        encoding = profile.encoding
        chunks = [each.frame for each in read_lines(part, encoding)]
    aliases = profile_aliases(options, profile)
    fixed = profile.header() if profile else None
    whole = pl.concat(chunks).head(2 * HEAD_ROWS)
    given = (profile.delimiter,) if profile and profile.delimiter else _by_frequency(whole, DELIMITERS)
    found = _cut(given, whole, aliases, profile, fixed)
    if not (profile and profile.delimiter):
        if found is None:
            found = _cut(_by_frequency(whole, ODD_DELIMITERS), whole, aliases, profile, fixed)
        longer = _longer_delimiters(found[0], found[1].texts) if found is not None else []
        if longer:
            found = _cut(longer, whole, aliases, profile, fixed) or found
    return None if found is None else (encoding, *found, profile)


def _cut(
    delimiters: Sequence[str],
    whole: pl.DataFrame,
    aliases: Mapping[str, tuple[Alias, ...]],
    profile: Profile | None,
    fixed: Header | None,
) -> tuple[str, Header] | None:
    """Return the delimiter that cuts a header row into most known columns, and that header."""
    tables: list[tuple[str, list[tuple[str | None, ...]]]] = []
    for delimiter in delimiters:
        lines = join_lines(whole, delimiter, 1).filter(not_blank(delimiter)).head(HEAD_ROWS)
        width = min(int(lines["line"].str.count_matches(delimiter, literal=True).max() or 0) + 1, MAX_COLUMNS)  # type: ignore[arg-type]
        if width < 3:
            continue
        if fixed is not None and width >= len(fixed.texts):
            return delimiter, fixed
        cells = split_cells(lines, delimiter, width)
        if profile is not None and profile.header_row:
            cells = cells.filter(pl.col("record") >= profile.header_row)
        rows = cells.select(pl.exclude("record", "cells")).rows()
        found = find_header(rows, aliases, guessing=False)
        if found is not None and known_columns(found[1]) >= _SURE:
            return delimiter, found[1]
        tables.append((delimiter, rows))
    for guessing in (False, True):
        headers = [(each[0], find_header(each[1], aliases, guessing=guessing)) for each in tables]
        best = max(
            (
                (not _cut_amiss(found[1], delimiter), known_columns(found[1]), -i)
                for i, (delimiter, found) in enumerate(headers)
                if found is not None
            ),
            default=None,
        )
        if best is not None:
            delimiter, found = headers[-best[2]]
            assert found is not None
            return delimiter, found[1]
    return None


def _longer_delimiters(delimiter: str, names: Sequence[str]) -> list[str]:
    """Return delimiters of several characters (``|!``, ``|@|``) of which one was taken for the whole.

    Then most names begin or end with the same sign, or every other one is that sign alone.
    """
    filled = [name for name in names if name]
    found = []
    for sign in sorted(
        {each for name in filled for each in (name[0], name[-1]) if not each.isalnum()} - {*"()（）[]【】\"'"}
    ):
        most = len(filled) // 2
        if sum(name == sign for name in filled) >= most - 1 > 1:
            found.append(delimiter + sign + delimiter)
        elif sum(name.startswith(sign) and name.endswith(sign) for name in filled) > most:
            found.append(sign + delimiter + sign)
        elif sum(name.startswith(sign) for name in filled) > most:
            found.append(delimiter + sign)
        elif sum(name.endswith(sign) for name in filled) > most:
            found.append(sign + delimiter)
    return found


def known_columns(header: Header) -> int:
    """Return how many columns of a header have a role."""
    return sum(len(each) for each in header.columns.values())


def _cut_amiss(header: Header, delimiter: str) -> bool:
    """Whether most names begin or end with another delimiter: ``|金额`` was padded with the tab it was cut at."""
    names = [text for text in header.texts if text]
    others = tuple(each for each in DELIMITERS if each != delimiter)
    return 2 * sum(name.startswith(others) or name.endswith(others) for name in names) > len(names)


def _by_frequency(lines: pl.DataFrame, among: Sequence[str]) -> list[str]:
    """Delimiters of a text, the commonest first."""
    counts = lines.select(
        [pl.col("line").str.count_matches(each, literal=True).sum().alias(each) for each in among]
    ).row(0)
    order = sorted(range(len(among)), key=lambda i: (-counts[i], i))
    return [among[i] for i in order if counts[i]]


def not_blank(delimiter: str) -> pl.Expr:
    """Whether a line holds anything but blanks, quotation marks and delimiters."""
    return pl.col("line").str.strip_chars(BLANK + '",|;' + delimiter) != ""


FORMAT = BankExport()
