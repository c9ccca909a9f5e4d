"""Write frames as CSV and Parquet: deterministic, exact, and safe to open in a spreadsheet.

A spreadsheet runs a cell that starts with ``= + - @``, a tab or a return as a formula. Delivered
text may start so on purpose; such a cell gets an apostrophe in front, numbers excepted.
"""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl

RISKY = "=+-@\t\r\n＝＋－＠"
"""First characters that spreadsheets take for the start of a formula, full-width forms too."""

_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")


def neutral(text: str) -> str:
    """Make one cell of delivered text harmless in a spreadsheet."""
    if text and text[0] in RISKY and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def _cells(frame: pl.DataFrame) -> pl.DataFrame:
    """Turn every column to the text a CSV shows; nulls stay null."""
    cells = []
    for name, dtype in frame.schema.items():
        column = pl.col(name)
        if dtype == pl.String:
            risky = column.str.contains(f"^[{re.escape(RISKY)}]") & ~column.str.contains(
                f"^(?:{_NUMBER.pattern})$"
            )
            cells.append(pl.when(risky).then(pl.lit("'") + column).otherwise(column).alias(name))
        elif dtype == pl.Boolean:
            cells.append(pl.when(column).then(pl.lit("true")).when(~column).then(pl.lit("false")).alias(name))
        elif dtype == pl.Date:
            cells.append(column.dt.strftime("%Y-%m-%d"))
        elif isinstance(dtype, pl.Datetime):
            cells.append(column.dt.strftime("%Y-%m-%dT%H:%M:%S"))
        else:
            cells.append(column.cast(pl.String))
    return frame.select(cells)


def write_csv(frame: pl.DataFrame, path: Path) -> None:
    """Write UTF-8 CSV: plain digits with a point, ISO dates, true/false, empty for null."""
    # polars quotes a cell that holds a lone return too; Python's csv module does not.
    _cells(frame).write_csv(path, line_terminator="\n", quote_style="necessary", null_value="")


def write_parquet(frame: pl.DataFrame, path: Path) -> None:
    """Write Parquet whose bytes depend on the frame alone."""
    frame.write_parquet(
        path, compression="zstd", compression_level=3, statistics=True, row_group_size=250_000
    )
