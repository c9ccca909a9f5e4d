"""The first rows of a file of any kind as cells, for those who look at it before it is understood."""

from __future__ import annotations

import fastexcel
import polars as pl

from flows.steps.formats._records import DELIMITERS, MAX_COLUMNS, join_lines, split_cells
from flows.steps.formats._tables import drop_blank
from flows.steps.formats._text import LineTooLongError, detect_encoding, read_lines
from flows.steps.formats.bank_export import ODD_DELIMITERS
from flows.steps.formats.protocol import ReadOptions, Source
from flows.steps.formats.web_table import FORMAT as WEB_TABLE
from flows.steps.formats.web_table import load_sheets
from flows.steps.formats.workbook import FORMAT as WORKBOOK
from flows.steps.formats.workbook import sheet_cells, workbook_problem

ROWS = 400

Cells = list[tuple[str | None, ...]]


def first_rows(source: Source) -> tuple[Cells, str | None]:
    """Return the first rows that hold anything, and the delimiter of a text file; no rows where it is neither."""
    try:
        if WORKBOOK.claims(source, ReadOptions()):
            return ([], None) if workbook_problem(source) else (_workbook(source), None)
        if WEB_TABLE.claims(source, ReadOptions()):
            sheets = load_sheets(source)
            return ([] if isinstance(sheets, str) or not sheets else _rows(sheets[0][1])), None
        return _text(source)
    except Exception:  # a look must not fail where a reader has already said what is wrong
        return [], None


def _workbook(source: Source) -> Cells:
    book = fastexcel.read_excel(source.read_bytes())
    for sheet in book.sheet_names:
        rows = _rows(sheet_cells(book, sheet, 1))
        if rows:
            return rows
    return []


def _rows(frame: pl.DataFrame) -> Cells:
    return drop_blank(frame).head(ROWS).select(pl.exclude("record", "cells")).rows()


def _text(source: Source) -> tuple[Cells, str | None]:
    encoding = detect_encoding(source.head, whole=source.size <= len(source.head))
    if encoding is None:
        return [], None
    try:
        chunk = next(iter(read_lines(Source.of_bytes(source.name, source.head), encoding)), None)
    except LineTooLongError:
        return [], None
    if chunk is None:
        return [], None
    lines = chunk.frame.filter(pl.col("line").str.strip_chars() != "").head(ROWS)
    counts = {
        each: lines["line"].str.count_matches(each, literal=True) for each in (*DELIMITERS, *ODD_DELIMITERS)
    }
    modes = {each: count.value_counts(sort=True).row(0) for each, count in counts.items()}
    alike = {each: (rows, -i) for i, (each, (cuts, rows)) in enumerate(modes.items()) if cuts >= 2}
    if not alike:
        return [(line,) for line in lines["line"].to_list()], None
    delimiter = max(alike, key=lambda each: alike[each])
    joined = join_lines(lines, delimiter, 1)
    width = min(int(counts[delimiter].max() or 0) + 1, MAX_COLUMNS)  # type: ignore[arg-type]
    return _rows(split_cells(joined, delimiter, width)), delimiter
