"""The table in a register's file: text in any encoding, a workbook, a page or XML under its name, Parquet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import fastexcel
import polars as pl

from flows.steps.formats._aliases import normalise_header, spellings
from flows.steps.formats._lost_digits import mark_lost_digits
from flows.steps.formats._records import DELIMITERS, MAX_COLUMNS, join_lines, split_cells
from flows.steps.formats._tables import drop_blank
from flows.steps.formats._text import LineTooLongError, detect_encoding, read_lines
from flows.steps.formats._titles import worth_in
from flows.steps.formats._unknown import explain_unknown
from flows.steps.formats._values import BLANK
from flows.steps.formats.bank_export import ODD_DELIMITERS
from flows.steps.formats.protocol import ReadOptions, Source
from flows.steps.formats.web_table import FORMAT as WEB_TABLE
from flows.steps.formats.web_table import load_sheets
from flows.steps.formats.workbook import is_number_cell, sheet_cells, workbook_problem
from flows.steps.register_schema import Register

HEADER_ROWS = 30
"""Rows searched for the header of a register."""


@dataclass
class Table:
    """Cells of a file as strings or typed, before they are understood.

    ``before`` counts rows that are no rows of the register: titles, and the headers of further sheets;
    ``worth`` is what one is worth in fen where a line above the table names a unit.
    """

    format: str
    frame: pl.DataFrame
    header: tuple[str, ...]
    header_record: int
    before: int
    encoding: str | None = None
    delimiter: str | None = None
    texts: pl.DataFrame | None = None
    open_end: bool = False
    worth: int = 100
    warnings: list[str] = field(default_factory=list)


def spelled(known: Mapping[str, str]) -> dict[str, str]:
    """Return a register's names also as they are without underscores."""
    return {header.replace("_", ""): column for header, column in known.items()} | dict(known)


def spellings_of(text: str) -> Iterable[str]:
    """Return the ways to spell a header, without the mark of a column that must be filled."""
    return spellings(normalise_header(text.lstrip("*＊※ ")))


def column_of(text: str, known: Mapping[str, str]) -> str | None:
    """Return the register's column that a header names, in any spelling; None for none."""
    for each in spellings_of(text):
        column = known.get(each) or known.get(each.replace("_", ""))
        if column is not None:
            return column
    return None


def load_table(source: Source, register: Register, known: Mapping[str, str]) -> Table | str:
    """Find the table of a register in a file, or say in a sentence why there is none."""
    head = source.head
    if source.size == 0:
        return "The register is empty: ask for it again."
    if head.startswith(b"PAR1"):
        frame = pl.read_parquet(source.path if source.path is not None else source.read_bytes())
        rows = frame.with_row_index("record", offset=1).with_columns(pl.col("record").cast(pl.Int64))
        missing = _missing(register, tuple(frame.columns), known)
        return missing or Table("register-parquet", rows, tuple(frame.columns), 0, 0)
    if head.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
        return _load_workbook(source, register, known)
    if WEB_TABLE.claims(source, ReadOptions()):
        sheets = load_sheets(source)
        return sheets if isinstance(sheets, str) else _load_sheets(sheets, register, known)
    return _load_text(source, register, known)


def _load_workbook(source: Source, register: Register, known: Mapping[str, str]) -> Table | str:
    problem = workbook_problem(source)
    if problem:
        return problem
    book = fastexcel.read_excel(source.read_bytes())
    return _load_sheets(_sheets(book, source), register, known)


def _sheets(book: fastexcel.ExcelReader, source: Source) -> Iterator[tuple[str, pl.DataFrame]]:
    """Cells of each sheet; numbers whose last digits a spreadsheet lost are marked as the powers of ten they are."""
    first = 1
    for place, sheet in enumerate(book.sheet_names):
        frame = sheet_cells(book, sheet, first)

        def is_number(number: int, record: int, column: int, start: int = first) -> bool | None:
            return is_number_cell(book, number, record - start, column)

        columns = range(frame.width - 2)
        first += frame.height
        yield sheet, mark_lost_digits(frame, columns, source, place, is_number)


def _load_sheets(
    sheets: Iterable[tuple[str, pl.DataFrame]], register: Register, known: Mapping[str, str]
) -> Table | str:
    """Join the sheets that hold the register, by the columns that their headers name."""
    found: Table | str = _no_header(register)
    for sheet, frame in sheets:
        cells = drop_blank(frame)
        located = None if cells.is_empty() else _locate(cells, register, known)
        if located is None:
            continue
        index, header = located
        rows = cells.slice(index + 1)
        if isinstance(found, str):
            record = int(cells["record"][index])
            named = rows.rename(_renames(header, cells))
            found = Table("register-workbook", named, header, record, index, worth=_worth(cells, index))
            continue
        places = {_key(text, known): f"h{i}" for i, text in enumerate(found.header) if text}
        names = {
            f"c{i}": places[_key(text, known)] for i, text in enumerate(header) if _key(text, known) in places
        }
        left = [text for text in header if text and _key(text, known) not in places]
        if left:
            found.warnings.append(f"sheet {sheet}: columns the first sheet does not have: {', '.join(left)}")
        more = rows.select("record", "cells", *names).rename(names)
        found.frame = pl.concat([found.frame, more], how="diagonal")
        found.before += index + 1
    return found


def _key(text: str, known: Mapping[str, str]) -> str:
    return column_of(text, known) or text


def _worth(cells: pl.DataFrame, rows: int) -> int:
    """What one is worth in fen by the lines above the header."""
    above = cells.head(rows).select(pl.exclude("record", "cells")).rows()
    return next((worth for row in above if (worth := worth_in(row)) is not None), 100)


def _load_text(source: Source, register: Register, known: Mapping[str, str]) -> Table | str:
    encoding = detect_encoding(source.head, whole=source.size <= len(source.head))
    if encoding is None:
        return explain_unknown(source)
    try:
        chunks = list(read_lines(source, encoding))
    except LineTooLongError:
        return "A single line is longer than 4 MB: this is no register."
    if not chunks:
        return "The register is empty: ask for it again."
    whole = pl.concat([each.frame for each in chunks])
    for delimiter in (*DELIMITERS, *ODD_DELIMITERS):
        lines = join_lines(whole, delimiter, 1)
        lines = lines.filter(pl.col("line").str.strip_chars(BLANK + '",|;\t') != "")
        top = lines.head(HEADER_ROWS)
        width = int(top["line"].str.count_matches(delimiter, literal=True).max() or 0) + 1  # type: ignore[arg-type]
        width = min(width, MAX_COLUMNS)
        located = _locate(split_cells(top, delimiter, width), register, known)
        if located is None:
            continue
        index, header = located
        cells = split_cells(lines, delimiter, max(width, len(header)) + 1)
        frame = cells.slice(index + 1).rename(_renames(header, cells))
        table = Table("register-csv", frame, header, int(cells["record"][index]), index, encoding, delimiter)
        table.texts = lines.rename({"line": "text"})
        table.open_end = not chunks[-1].last_ends
        table.worth = _worth(split_cells(top, delimiter, width), index)
        damaged = sum(each.damaged for each in chunks)
        if damaged:
            table.warnings.append(
                f"{damaged} characters could not be decoded as {encoding} and show as \ufffd"
            )
        return table
    return _no_header(register)


def _locate(
    cells: pl.DataFrame, register: Register, known: Mapping[str, str]
) -> tuple[int, tuple[str, ...]] | None:
    columns = [name for name in cells.columns if name not in ("record", "cells")]
    above: tuple[str, ...] = ()
    for index, row in enumerate(cells.head(HEADER_ROWS).select(columns).rows()):
        header = tuple((cell or "").strip(BLANK + '"') for cell in row)
        # names that are merged over two rows stand in the upper one
        both = tuple(low or up for low, up in zip(header, above, strict=True)) if above else header
        header, above = (header if not _missing(register, header, known) else both), header
        if not _missing(register, header, known):
            while header and not header[-1]:
                header = header[:-1]
            return index, header
    return None


def _missing(register: Register, header: tuple[str, ...], known: Mapping[str, str]) -> str | None:
    have = {column_of(text, known) for text in header if text}
    lacking = [column.name for column in register.columns if column.required and column.name not in have]
    if not lacking:
        return None
    return f"The register {register.name} lacks the column {lacking[0]}: ask for it, or add its header to the alias table."


def _no_header(register: Register) -> str:
    needed = ", ".join(column.name for column in register.columns if column.required)
    return (
        f"No header row with the columns of the register {register.name} was found ({needed}): "
        "ask for them, or add the headers used to the alias table."
    )


def _renames(header: tuple[str, ...], cells: pl.DataFrame) -> dict[str, str]:
    return {f"c{i}": f"h{i}" for i in range(len(header)) if f"c{i}" in cells.columns}
