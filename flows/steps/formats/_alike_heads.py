"""The heads of small files: the header row they share, and what each says above it."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from flows.steps.formats._aliases import Alias, normalise_header
from flows.steps.formats._header import HEAD_ROWS, Header, account_in_name, find_header, match_header
from flows.steps.formats._no_lines import foreign_currency
from flows.steps.formats._profiles import profile_aliases
from flows.steps.formats._records import DELIMITERS, MAX_COLUMNS, split_cells
from flows.steps.formats._rows import RowReader, may_be_a_line, titles_above
from flows.steps.formats._store import LineStore
from flows.steps.formats._summary import finish
from flows.steps.formats._text import detect_encoding, number_lines
from flows.steps.formats._understanding import Understanding
from flows.steps.formats._values import BLANK
from flows.steps.formats.bank_export import BankExport, known_columns, not_blank, recognise_text
from flows.steps.formats.protocol import Layout, ReadOptions, ReadResult, Source

_ENCODINGS = ("utf-8", "utf-8-sig", "gb18030")
_NEVER_PLAIN = (b"\x00", b"\x1f", "\ufffd".encode())
_SURE = 5
_LOOKED_AT = 60
"""Lines among which the header row of a small file is looked for."""

_FEWEST_DELIMITERS = 3


@dataclass(frozen=True)
class Text:
    """A file as text: its place among the files, encoding, first lines and UTF-8 bytes."""

    place: int
    encoding: str
    lines: tuple[str, ...]
    data: bytes


@dataclass(frozen=True)
class Table:
    """What the files of one layout share.

    Attributes
    ----------
    header : Header
        As the reader uses it.
    found : Header
        As the header row alone gives it.
    delimiter : str
    width : int
        Columns to cut.
    named_width : int
        Columns that have a name.
    aliases : mapping
        The table of names.
    result : ReadResult
        Format, warnings and layout of every file.
    """

    header: Header
    found: Header
    delimiter: str
    width: int
    named_width: int
    aliases: Mapping[str, tuple[Alias, ...]]
    result: ReadResult


@dataclass(frozen=True)
class Head:
    """What one file says above its table.

    Attributes
    ----------
    text : Text
    record : int
        Physical row of its header row, from 1.
    above : int
        Rows above it that are not blank.
    titles : dict
        What they say (:func:`flows.steps.formats._titles.read_titles`).
    account : str or None
        The account where no column names it: from the titles, else from the file's name.
    """

    text: Text
    record: int
    above: int
    titles: dict[str, str]
    account: str | None


def groups(sources: Sequence[Source], options: ReadOptions) -> list[tuple[Table, list[Head]]]:
    """Sort small files by the header row they share; files whose head leaves a doubt are in no group.

    A header row is understood once, from the first file that has it.
    """
    texts = [text for place, source in enumerate(sources) if (text := _plain_text(place, source)) is not None]
    tables: dict[tuple[str, str], Table | None] = {}
    found: dict[tuple[str, str], list[Head]] = {}
    shared: Counter[tuple[str, str]] | None = None
    for text in texts:
        known = next((i for i, line in enumerate(text.lines) if tables.get((text.encoding, line))), None)
        if known is None:
            shared = shared if shared is not None else _shared_names(texts)
            keys = [(text.encoding, line) for line in text.lines]
            if any(shared[key] > 1 and key not in tables for key in keys):
                known = _learn(sources[text.place], text, options, tables)
        if known is None:
            continue
        key = (text.encoding, text.lines[known])
        table = tables[key]
        head = _head(sources[text.place], text, known, table) if table is not None else None
        if head is not None:
            found.setdefault(key, []).append(head)
    return [(table, heads) for key, heads in found.items() if len(heads) > 1 and (table := tables[key])]


def _shared_names(texts: Sequence[Text]) -> Counter[tuple[str, str]]:
    """Count in how many files a line stands that may be a row of names: many cells, no numbers."""
    return Counter((text.encoding, line) for text in texts for line in set(text.lines) if _may_be_names(line))


def _may_be_names(line: str) -> bool:
    return any(line.count(each) >= _FEWEST_DELIMITERS for each in DELIMITERS) and not _NUMBER.search(line)


_NUMBER = re.compile("[0-9]{3}")


def _plain_text(place: int, source: Source) -> Text | None:
    data = source.read_bytes()
    if not data.endswith(b"\n") or (b"\r" in data and data.count(b"\r") != data.count(b"\r\n")):
        return None
    encoding = detect_encoding(source.head, whole=source.size <= len(source.head))
    if encoding not in _ENCODINGS or (encoding == "gb18030" and data.startswith(codecs.BOM_UTF8)):
        return None
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return None
    utf8 = data.removeprefix(codecs.BOM_UTF8) if encoding != "gb18030" else text.encode()
    if any(each in utf8 for each in _NEVER_PLAIN):
        return None
    lines = text.split("\n", _LOOKED_AT)[:_LOOKED_AT]
    return Text(place, encoding, tuple(line.rstrip("\r") for line in lines), utf8)


def _learn(
    source: Source, text: Text, options: ReadOptions, tables: dict[tuple[str, str], Table | None]
) -> int | None:
    """Understand a file's header row; note it, or that its lines are none. Return the line's place."""
    table = _table(source, text, options)
    if table is None:
        for line in text.lines:
            if _may_be_names(line):
                tables.setdefault((text.encoding, line), None)
        return None
    at, learnt = table
    tables[text.encoding, text.lines[at]] = learnt
    return at


def _table(source: Source, text: Text, options: ReadOptions) -> tuple[int, Table] | None:
    """Understand a header row if it leaves no doubt."""
    found = recognise_text(source, options)
    if found is None:
        return None
    encoding, delimiter, header, profile = found
    if profile is not None or encoding != text.encoding:
        return None
    aliases = profile_aliases(options, None)
    width = min(max(len(header.texts) + 2, 2), MAX_COLUMNS)
    head = number_lines(text.data, 1).head(HEAD_ROWS).filter(not_blank(delimiter))
    reader = RowReader(aliases, Understanding())
    cells = split_cells(head, delimiter, width)
    if not reader.start(cells):
        return None
    state = reader.state
    own, record = state.header, state.header_record
    if own is None or record is None or record > len(text.lines) or state.worth != 100:
        return None
    line = text.lines[record - 1]
    others = [line.split(each) for each in DELIMITERS if each != delimiter]
    if any(match_header(row, aliases) for row in others):
        return None
    row = cells.filter(pl.col("record") == record).row(0)[2:]
    alone = find_header([row], aliases)
    if alone is None or not _is_plain(own, aliases) or alone[1].rows != 1 or alone[1].columns != own.columns:
        return None
    state.titles.clear()
    result = ReadResult(BankExport.name)
    finish(result, LineStore(None), [], [reader], cut=False)
    result.layout = Layout(encoding, delimiter, 1, own.described(), ())
    return record - 1, Table(own, alone[1], delimiter, width, state.width, aliases, result)


def _is_plain(header: Header, aliases: Mapping[str, tuple[Alias, ...]]) -> bool:
    return header.rows == 1 and known_columns(header) >= _SURE and _leaves_no_doubt(header, aliases)


def _leaves_no_doubt(header: Header, aliases: Mapping[str, tuple[Alias, ...]]) -> bool:
    """Whether the table names every column that is used, and one of them says which way the money went."""
    used = {i for each in header.columns.values() for i in each}
    named = all(normalise_header(header.texts[i]) in aliases for i in used if header.texts[i])
    ways = (
        {"direction", "amount"},
        {"debit", "credit"},
        {"account", "payer_account", "amount"},
        {"account", "payee_account", "amount"},
    )
    plain = not {"balance_side", "cp_merged"} & header.columns.keys()
    plain = plain and not {"debit", "credit", "direction"} <= header.columns.keys()  # 方向 of the balance?
    plain = plain and ("holder" not in header.columns or "cp_name" in header.columns)  # the other side's?
    return named and plain and any(way <= header.columns.keys() for way in ways)


def _head(source: Source, text: Text, at: int, table: Table) -> Head | None:
    """Read what stands above the header row; None where it leaves a doubt."""
    if at == 0:
        return Head(text, 1, 0, {}, account_in_name(source.name))
    above = [line for line in text.lines[: at + 1] if _says_something(line, table.delimiter)]
    if any(line.count('"') % 2 for line in above):
        return None
    others = [each for each in DELIMITERS if each != table.delimiter]
    if any(match_header(line.split(each), table.aliases) for line in above[:-1] for each in others):
        return None
    rows = [_cells(line, table) for line in above]
    if any(may_be_a_line(row) for row in rows[:-1]):
        return None
    found = find_header(rows, table.aliases)
    if found is None or found[0] != len(rows) - 1 or found[1].columns != table.found.columns:
        return None
    titles: dict[str, str] = {}
    if found[1].rows != 1 or titles_above(rows, table.aliases, titles) != 100:
        return None
    if foreign_currency(titles.get("currency")):
        return None
    return Head(text, at + 1, len(rows) - 1, titles, titles.get("account") or account_in_name(source.name))


def _cells(line: str, table: Table) -> Sequence[str | None]:
    """Cut a line as :func:`split_cells` does."""
    if '"' in line:
        return split_cells(pl.DataFrame({"record": [1], "line": [line]}), table.delimiter, table.width).row(
            0
        )[2:]
    cells: list[str | None] = [*line.split(table.delimiter, table.width - 1)]
    return cells + [None] * (table.width - len(cells))


def _says_something(line: str, delimiter: str) -> bool:
    return line.strip(BLANK + '",|;' + delimiter) != ""
