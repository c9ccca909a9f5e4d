"""Bank exports as workbooks: XLSX, the old XLS and ODS, every sheet with a header row."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any

import fastexcel
import polars as pl

from flows.steps.formats._header import HEAD_ROWS
from flows.steps.formats._lost_digits import mark_lost_digits
from flows.steps.formats._tables import read_tables
from flows.steps.formats.protocol import ReadOptions, ReadResult, Source

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ODS = b"opendocument.spreadsheet"
_OLE_BOOK = tuple(name.encode("utf-16-le") for name in ("Workbook", "Book"))
MAX_UNPACKED = 2 * 1024**3
"""Bytes a workbook may unpack to; more is a bomb, not a statement."""


class Workbook:
    """XLSX, XLS and ODS files; which sheet and row holds the header is found out when reading."""

    name = "bank-workbook"

    def claims(self, source: Source, options: ReadOptions) -> bool:
        """Whether the file is a workbook at all (a Word file is a zip too)."""
        head = source.head
        if head.startswith(b"PK\x03\x04"):
            return b"xl/" in head or _ODS in head[:256] or _zip_has_workbook(source)
        if head.startswith(_OLE):
            body = head if source.size <= len(head) else source.read_bytes()
            return (
                any(name in body for name in _OLE_BOOK) and "EncryptedPackage".encode("utf-16-le") not in body
            )
        return False

    def read(self, source: Source, options: ReadOptions) -> ReadResult:
        """Read every sheet; rows are numbered through, sheet after sheet."""
        problem = workbook_problem(source)
        if problem:
            return ReadResult.refused(self.name, problem)
        try:
            book = fastexcel.read_excel(source.read_bytes())
        except Exception:  # calamine has a dozen ways to say that a workbook is damaged
            return ReadResult.refused(
                self.name, "The workbook is cut off or damaged and cannot be opened: ask for it again."
            )
        firsts: list[int] = []

        def is_number(sheet: int, record: int, column: int) -> bool | None:
            return is_number_cell(book, sheet, record - firsts[sheet], column)

        return read_tables(
            self.name,
            source,
            options,
            _sheets(book, firsts),
            lambda cells, columns, sheet: mark_lost_digits(cells, columns, source, sheet, is_number),
            "No sheet of this workbook has a header row with a date and an amount: "
            "if it is a statement, describe it with `lookthrough profile`.",
        )


def is_number_cell(book: Any, sheet: int, row: int, column: int) -> bool | None:
    """Whether a cell is a number cell, by what the reader takes it for alone; None where it cannot be told."""
    try:
        cell = book.load_sheet(
            sheet, header_row=None, skip_rows=row, n_rows=1, use_columns=[column]
        ).to_polars()
    except Exception:  # calamine has a dozen ways to say no
        return None
    return bool(cell.dtypes[0].is_numeric()) if cell.width == 1 and cell.height == 1 else None


def _sheets(book: Any, firsts: list[int]) -> Iterator[tuple[str, pl.DataFrame]]:
    first = 1
    for sheet in book.sheet_names:
        firsts.append(first)
        frame = sheet_cells(book, sheet, first)
        first += frame.height
        yield sheet, frame


def sheet_cells(book: Any, sheet: str, first: int) -> pl.DataFrame:
    """Return a sheet as strings: ``record`` (physical row, counted on from `first`), ``cells``, ``c0`` …."""
    try:
        table = book.load_sheet(sheet, header_row=None, skip_rows=0, dtypes="string").to_polars()
    except Exception:  # an empty or a chart sheet
        return pl.DataFrame(schema={"record": pl.Int64, "cells": pl.Int32})
    table = _with_clocks(book, sheet, table)
    names = {name: f"c{i}" for i, name in enumerate(table.columns)}
    cells = pl.lit(len(names), dtype=pl.Int32).alias("cells")
    frame = table.rename(names).with_row_index("record", offset=first)
    made: pl.DataFrame = frame.select(
        pl.col("record").cast(pl.Int64), cells, *[pl.col(f"c{i}").cast(pl.String) for i in range(len(names))]
    )
    return made


def _with_clocks(book: Any, sheet: str, table: pl.DataFrame) -> pl.DataFrame:
    """Fill in times of day that are kept as lengths of time (``[h]:mm:ss``): as texts they come out empty."""
    head = table.head(HEAD_ROWS)
    for place, name in enumerate(table.columns):
        last = head[name].drop_nulls().tail(1)
        if not last.str.contains(_CLOCK_NAME).any() or table[name].tail(1)[0] is not None:
            continue
        try:
            read = book.load_sheet(
                sheet, header_row=None, skip_rows=0, use_columns=[place], dtypes={place: "duration"}
            ).to_polars()
        except Exception:  # calamine has a dozen ways to say no
            continue
        if read.height != table.height or not read.dtypes[0].is_temporal():
            continue
        seconds = read.to_series().dt.total_seconds()
        clock = pl.select(pl.time(seconds // 3600, seconds // 60 % 60, seconds % 60)).to_series()
        written = clock.dt.strftime("%H:%M:%S").set((seconds >= 86_400).fill_null(False), None)
        table = table.with_columns(pl.coalesce(pl.col(name), written).alias(name))
    return table


_CLOCK_NAME = r"(?i)时间|时刻|时分|time|clock"


def _zip_has_workbook(source: Source) -> bool:
    try:
        with source.open() as stream, zipfile.ZipFile(stream) as archive:
            return any(name.startswith("xl/") for name in archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError):
        return False


def workbook_problem(source: Source) -> str | None:
    """Say why a workbook should not be opened (cut off, or a bomb), before it is."""
    if not source.head.startswith(b"PK"):
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(source.read_bytes())) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError):
        return "The workbook is cut off or damaged and cannot be opened: ask for it again."
    if unpacked > MAX_UNPACKED:
        return "The workbook would unpack to more than 2 GB: this is no statement."
    return None


FORMAT = Workbook()
