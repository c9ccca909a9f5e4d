"""Small statements made for the tests: nothing here comes from a bank or a person."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import polars as pl
import xlsxwriter

from flows.steps.formats import ReadOptions, ReadResult, Source, read_statement

OWN = "6200000000000000017"
OTHER = "6200000000000000025"


def read(text: str | bytes, name: str = "a.csv", encoding: str = "utf-8", **options: Any) -> ReadResult:
    """Read a made file and check that its rows add up."""
    data = text if isinstance(text, bytes) else text.encode(encoding)
    result = read_statement(Source.of_bytes(name, data), ReadOptions(**options))
    lines = result.lines.collect()
    assert result.rows_read == result.rows_accepted + result.rows_quarantined + result.rows_ignored
    assert lines.height == result.rows_accepted
    assert result.quarantine.height == result.rows_quarantined
    assert lines["source_record"].is_unique().all()
    return result


def lines(result: ReadResult) -> list[dict[str, Any]]:
    """Accepted lines as dictionaries."""
    return result.lines.collect().to_dicts()


def moves(result: ReadResult) -> list[tuple[str, str, int]]:
    """Day and time, direction, fen of each accepted line."""
    return [
        (each["booked_at"].strftime("%Y-%m-%d %H:%M:%S"), each["direction"], each["amount_fen"])
        for each in lines(result)
    ]


def reasons(result: ReadResult) -> list[tuple[int, str]]:
    """Record and reason of each quarantined row."""
    return result.quarantine.select("source_record", "reason").rows()


def book(*sheets: Sequence[Sequence[Any]]) -> bytes:
    """Make a workbook of rows; dates are written as date cells, numbers as number cells."""
    import datetime as dt

    out = io.BytesIO()
    made = xlsxwriter.Workbook(out, {"in_memory": True})
    day = made.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    for number, rows in enumerate(sheets, start=1):
        sheet = made.add_worksheet(f"S{number}")
        for i, row in enumerate(rows):
            for j, cell in enumerate(row):
                if isinstance(cell, dt.datetime):
                    sheet.write_datetime(i, j, cell, day)
                elif isinstance(cell, (int, float)):
                    sheet.write_number(i, j, cell)
                elif cell:
                    sheet.write_string(i, j, cell)
    made.close()
    return out.getvalue()


def frame_of(**columns: Sequence[Any]) -> pl.DataFrame:
    """A frame from keyword columns."""
    return pl.DataFrame(dict(columns), strict=False)
