"""Bank exports as workbooks: XLSX and the old XLS, every sheet with a header row."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import fastexcel
import polars as pl

from flows.steps.formats._header import HEAD_ROWS
from flows.steps.formats._lost_digits import mark_lost_digits
from flows.steps.formats._profiles import profile_aliases, profile_for, understanding
from flows.steps.formats._rows import RowReader, quarantine_frame
from flows.steps.formats._store import LineStore
from flows.steps.formats._summary import finish
from flows.steps.formats._values import BLANK
from flows.steps.formats.protocol import Layout, ReadOptions, ReadResult, Source

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_BOOK = tuple(name.encode("utf-16-le") for name in ("Workbook", "Book"))
MAX_UNPACKED = 2 * 1024**3
"""Bytes a workbook may unpack to; more is a bomb, not a statement."""


_ACCOUNT_ROLES = ("account", "cp_account", "cp_merged", "payer_account", "payee_account")


class Workbook:
    """XLSX and XLS files; which sheet and row holds the header is found out when reading."""

    name = "bank-workbook"

    def claims(self, source: Source, options: ReadOptions) -> bool:
        """Whether the file is a workbook at all (a Word file is a zip too)."""
        head = source.head
        if head.startswith(b"PK\x03\x04"):
            return b"xl/" in head or _zip_has_workbook(source)
        if head.startswith(_OLE):
            body = head if source.size <= len(head) else source.read_bytes()
            return (
                any(name in body for name in _OLE_BOOK) and "EncryptedPackage".encode("utf-16-le") not in body
            )
        return False

    def read(self, source: Source, options: ReadOptions) -> ReadResult:
        """Read every sheet; rows are numbered through, sheet after sheet."""
        result = ReadResult(self.name)
        problem = workbook_problem(source)
        if problem:
            return ReadResult.refused(self.name, problem)
        try:
            book = fastexcel.read_excel(source.read_bytes())
        except Exception:  # calamine has a dozen ways to say that a workbook is damaged
            return ReadResult.refused(
                self.name, "The workbook is cut off or damaged and cannot be opened: ask for it again."
            )
        store = LineStore(options.scratch)
        quarantine: list[pl.DataFrame] = []
        readers: list[RowReader] = []
        first = 1
        for sheet in book.sheet_names:
            frame = sheet_cells(book, sheet, first)
            first += frame.height
            cells = drop_blank(frame)
            result.rows_read += cells.height
            profile = profile_for(source, options, _joined(cells.head(HEAD_ROWS)))
            reader = RowReader(profile_aliases(options, profile), understanding(source, profile))
            if profile is not None and (fixed := profile.header()) is not None:
                reader.use_numbers(fixed)
            if cells.is_empty() or (reader.state.header is None and not reader.start(cells)):
                result.rows_ignored += cells.height
                if cells.height:
                    result.warnings.append(
                        f"sheet {sheet} holds no statement table ({cells.height} rows left out)"
                    )
                continue
            readers.append(reader)
            assert reader.state.header is not None
            accounts = [i for role in _ACCOUNT_ROLES for i in reader.state.header.columns.get(role, ())]
            cells = mark_lost_digits(cells, accounts, source, book.sheet_names.index(sheet))
            outcome = reader.feed(cells)
            for lines in outcome.lines:
                store.add(lines)
            result.rows_ignored += outcome.ignored
            rejected = pl.concat(outcome.rejected)
            if not rejected.is_empty():
                quarantine.append(quarantine_frame(rejected, _texts(cells, rejected)))
        if not readers:
            result.rows_ignored, result.rows_read = 0, 0
            return ReadResult.refused(
                self.name,
                "No sheet of this workbook has a header row with a date and an amount: "
                "if it is a statement, describe it with `lookthrough profile`.",
            )
        finish(result, store, quarantine, readers, cut=False)
        state = readers[0].state
        assert state.header is not None
        result.layout = Layout(
            None, None, state.header_record, state.header.described(), tuple(state.understanding.notes)
        )
        return result


def sheet_cells(book: Any, sheet: str, first: int) -> pl.DataFrame:
    """Return a sheet as strings: ``record`` (physical row, counted on from `first`), ``cells``, ``c0`` …."""
    try:
        table = book.load_sheet(sheet, header_row=None, skip_rows=0, dtypes="string").to_polars()
    except Exception:  # an empty or a chart sheet
        return pl.DataFrame(schema={"record": pl.Int64, "cells": pl.Int32})
    names = {name: f"c{i}" for i, name in enumerate(table.columns)}
    cells = pl.lit(len(names), dtype=pl.Int32).alias("cells")
    frame = table.rename(names).with_row_index("record", offset=first)
    made: pl.DataFrame = frame.select(
        pl.col("record").cast(pl.Int64), cells, *[pl.col(f"c{i}").cast(pl.String) for i in range(len(names))]
    )
    return made


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
    return some.select("record").with_columns(pl.Series("text", _joined(some), dtype=pl.String))


def _joined(cells: pl.DataFrame) -> list[str]:
    """Rows as text, cells with a comma between."""
    columns = [name for name in cells.columns if name not in ("record", "cells")]
    if not columns:
        return []
    return (
        cells.select(pl.concat_str([pl.col(name).fill_null("") for name in columns], separator=","))
        .to_series()
        .to_list()
    )


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
