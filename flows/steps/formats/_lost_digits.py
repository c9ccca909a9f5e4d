"""Account numbers that a spreadsheet keeps as numbers: what lies beyond 15 digits is lost.

A 19-digit card number typed into a number cell comes back with 19 digits of which the last four are
made up. It looks whole, so it has to be found out: by value first (cheap), then by the cell's type.
Such cells are turned into the power of ten that they are, which the readers refuse as an account.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Sequence
from typing import IO

import polars as pl

from flows.steps.formats.protocol import Source

_LONG = r"^[0-9]{16,22}(?:\.0+)?$"
_TRIED = 3
_BLOCK = 8 * 1024 * 1024
_NUMBER_CELL = re.compile(
    rb'<c(?: r="[A-Z]+[0-9]+")?(?: s="[0-9]+")?(?: t="n")?(?: s="[0-9]+")?>\s*'
    rb"<v>([0-9]{16,}(?:\.[0-9]+)?|[0-9.]+[eE]\+?(?:1[5-9]|2[0-9]))</v>"
)


def mark_lost_digits(
    frame: pl.DataFrame,
    columns: Sequence[int],
    source: Source,
    sheet: int,
    is_number: Callable[[int, int, int], bool | None],
) -> pl.DataFrame:
    """Replace numbers of more than 15 digits that stand in number cells by their power of ten.

    Parameters
    ----------
    frame : polars.DataFrame
        A sheet as strings: ``record``, ``cells``, ``c0`` ….
    columns : sequence of int
        Columns that hold account numbers.
    source : Source
        The workbook, for the types of its cells.
    sheet : int
        Which sheet, from 0.
    is_number : callable
        Says of a cell (sheet, record, column) whether it is a number cell: for old workbooks, whose cells
        have no types that could be searched.
    """
    names = [f"c{i}" for i in columns if f"c{i}" in frame.columns]
    suspects = [name for name in names if _suspect(frame[name])]
    if not suspects:
        return frame
    numbers = _number_cells(source)
    marked = []
    for name in suspects:
        long = pl.col(name).str.contains(_LONG).fill_null(False)
        value = pl.col(name).str.extract(r"^([0-9]+)").cast(pl.Float64, strict=False)
        if numbers is not None:
            long = long & value.is_in(sorted(numbers))
        elif _is_text(frame, name, sheet, is_number):
            continue
        power = value.map_elements(lambda number: f"{number:.5E}", return_dtype=pl.String)
        marked.append(pl.when(long).then(power).otherwise(pl.col(name)).alias(name))
    return frame.with_columns(marked)


def _is_text(
    frame: pl.DataFrame, name: str, sheet: int, is_number: Callable[[int, int, int], bool | None]
) -> bool:
    """Whether the first long numbers of a column stand in text cells."""
    some = frame.filter(pl.col(name).str.contains(_LONG).fill_null(False))["record"].head(_TRIED).to_list()
    return all(is_number(sheet, record, int(name[1:])) is False for record in some)


def _suspect(column: pl.Series) -> bool:
    """Whether long numbers look like floats more often than chance makes text look so.

    A number cell gives a whole double; of 15 significant digits when a spreadsheet wrote it. Chance
    makes one in 10, 100, 1000 … texts of 16, 17, 18 … digits look like that. The type of the cells
    then decides: this only spares that look for nearly all files.
    """
    long = column.filter(column.str.contains(_LONG).fill_null(False)).unique()
    if not len(long):
        return False
    value = pl.col("d").cast(pl.Int128, strict=False)
    double = value.cast(pl.Float64)
    # how far apart doubles of this size lie: a text is one of them once in so many times
    apart = (pl.lit(2.0) ** ((double.log(2).floor() - 52).clip(lower_bound=0))).clip(lower_bound=1)
    digits = pl.col("d").str.len_chars().cast(pl.Int64)
    step = pl.lit(10, dtype=pl.Int128).pow(digits - 15)
    rounded = ((value + step // 2) // step * step).cast(pl.Float64)
    whole = double.cast(pl.Int128) == value
    found = (
        pl.DataFrame({"d": long.str.extract(r"^([0-9]+)")})
        .select(
            number=pl.len(),
            excel=(whole & (rounded == double)).sum(),
            doubles=(whole & (digits >= 17)).sum(),
            chance=(10.0 ** -(digits - 15).cast(pl.Float64)).sum(),
            luck=pl.when(digits >= 17).then(1 / apart).otherwise(0.0).sum(),
        )
        .row(0)
    )
    number, excel, doubles, chance, luck = (float(each or 0) for each in found)
    return (
        excel > 3 * chance + 0.5
        or (excel >= 1 and number <= 3)
        or doubles >= min(0.9 * number, 3 * luck + 1.5)
    )


def _number_cells(source: Source) -> set[float] | None:
    """Values of the workbook's number cells beyond 15 digits; None when the file does not say (old XLS, ODS).

    Of all sheets, for their parts need not be numbered in the order the workbook shows them in.
    """
    try:
        with source.open() as stream, zipfile.ZipFile(stream) as archive:
            names = [name for name in archive.namelist() if re.fullmatch(r"xl/worksheets/[^/]+\.xml", name)]
            found: set[float] = set()
            for name in names:
                with archive.open(name) as part:
                    found |= _scan(part)
            return found if names else None
    except (zipfile.BadZipFile, OSError, ValueError):
        return None


def _scan(part: IO[bytes]) -> set[float]:
    found: set[float] = set()
    rest = b""
    while block := part.read(_BLOCK):
        text = rest + block
        found.update(float(match[1]) for match in _NUMBER_CELL.finditer(text))
        rest = text[-512:]
    return found
