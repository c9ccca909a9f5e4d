"""Tell a register that was delivered under another name, so that it is asked for under its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import fastexcel
import polars as pl

from flows.steps.formats import ReadOptions, ReadResult, Source
from flows.steps.formats._records import DELIMITERS, MAX_COLUMNS, split_cells
from flows.steps.formats._text import detect_encoding
from flows.steps.formats._values import BLANK
from flows.steps.register_schema import REGISTERS, register_headers
from flows.steps.register_tables import HEADER_ROWS, column_of, spelled

_FEWEST = 3
"""Columns of a register by which one is told, beside all that it must have."""

_MOST_BYTES = 64 * 1024 * 1024
Row = Sequence[str | None]


def hinted(result: ReadResult, source: Source, options: ReadOptions) -> ReadResult:
    """Return the result of a file in which no statement was found, with the register it looks like in its problem."""
    if result.problem is None or result.rows_read > 0:
        return result
    try:
        name = looks_like(source, options)
    except Exception:  # a look at any bytes at all must not cost the delivery
        return result
    if name is not None:
        result.problem = (
            f"This looks like the register {name} under another name: "
            f"registers are known by the start of their file names, so call it {name} and whatever you like behind it."
        )
    return result


def looks_like(source: Source, options: ReadOptions) -> str | None:
    """Return the register whose columns a file's first rows name; None where they name none.

    Of several the one most of whose columns are named.
    """
    best: tuple[int, str] | None = None
    rows = list(_first_rows(source))
    if not rows:
        return None
    headers = register_headers(tuple(options.aliases))
    for name, register in REGISTERS.items():
        known = spelled({header: column for (each, header), column in headers.items() if each == name})
        must = {column.name for column in register.columns if column.required}
        for row in rows:
            have = {column_of(text, known) for cell in row if (text := (cell or "").strip(BLANK + '"'))} - {
                None
            }
            if must <= have and len(have) >= min(_FEWEST, len(register.columns)):
                best = max(best or (0, ""), (len(have), name))
    return best[1] if best else None


def _first_rows(source: Source) -> Iterator[Row]:
    if source.head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        if source.size <= _MOST_BYTES:
            book = fastexcel.read_excel(source.read_bytes())
            for sheet in book.sheet_names[:3]:
                table = book.load_sheet(
                    sheet, header_row=None, n_rows=HEADER_ROWS, dtypes="string"
                ).to_polars()
                yield from table.select(pl.all().cast(pl.String)).rows()
        return
    encoding = detect_encoding(source.head, whole=source.size <= len(source.head))
    if encoding is None:
        return
    lines = source.head.decode(encoding, "ignore").splitlines()[:HEADER_ROWS]
    top = pl.DataFrame({"record": range(len(lines)), "line": lines})
    for delimiter in DELIMITERS:
        width = min(max((line.count(delimiter) for line in lines), default=0) + 1, MAX_COLUMNS)
        if width > 1:
            yield from split_cells(top, delimiter, width).select(pl.exclude("record", "cells")).rows()
