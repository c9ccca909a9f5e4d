"""Account numbers that a spreadsheet keeps as numbers: what lies beyond 15 digits is lost.

A 19-digit card number typed into a number cell comes back with 19 digits of which the last four are
made up. It looks whole, so it has to be found out: by value first (cheap), then by the cell's type.
Such cells are turned into the power of ten that they are, which the readers refuse as an account.
"""

from __future__ import annotations

import re
import zipfile

import polars as pl
from lxml import etree

from flows.steps.formats.protocol import Source

_LONG = r"^[0-9]{16,22}(?:\.0+)?$"
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_MOST_SEEN = 2_000


def mark_lost_digits(frame: pl.DataFrame, source: Source, sheet: int) -> pl.DataFrame:
    """Replace numbers of more than 15 digits that stand in number cells by their power of ten.

    Parameters
    ----------
    frame : polars.DataFrame
        A sheet as strings: ``record``, ``cells``, ``c0`` ….
    source : Source
        The workbook, for the types of its cells.
    sheet : int
        Which sheet, from 0.
    """
    suspects = [name for name in frame.columns if name not in ("record", "cells") and _suspect(frame[name])]
    if not suspects:
        return frame
    numbers = _number_texts(source, sheet)
    marked = []
    for name in suspects:
        long = pl.col(name).str.contains(_LONG).fill_null(False)
        if numbers is not None:
            value = pl.col(name).str.extract(r"^([0-9]+)").cast(pl.Float64, strict=False)
            long = long & value.is_in(list(numbers))
        power = (
            pl.col(name)
            .cast(pl.Float64, strict=False)
            .map_elements(lambda v: f"{v:.5E}", return_dtype=pl.String)
        )
        marked.append(pl.when(long).then(power).otherwise(pl.col(name)).alias(name))
    return frame.with_columns(marked)


def _suspect(column: pl.Series) -> bool:
    """Whether long numbers of the column look like floats; the type of the cells then decides."""
    long = column.filter(column.str.contains(_LONG).fill_null(False)).unique().head(_MOST_SEEN).to_list()
    if not long:
        return False
    return any(_fifteen_digits(text, 17) for text in long) or all(_float_like(text) for text in long)


def _fifteen_digits(text: str, least: int) -> bool:
    """Whether a number has no more than the 15 digits that a spreadsheet keeps, and noughts."""
    digits = text.split(".")[0]
    value = float(digits)
    return len(digits) >= least and float(f"{value:.15g}") == value == int(digits)


def _float_like(text: str) -> bool:
    digits = text.split(".")[0]
    return _fifteen_digits(text, 16) or (len(digits) >= 17 and int(float(digits)) == int(digits))


def _number_texts(source: Source, sheet: int) -> set[float] | None:
    """Values of the sheet's number cells beyond 15 digits; None when the file does not say (old XLS)."""
    try:
        with source.open() as stream, zipfile.ZipFile(stream) as archive:
            names = sorted(
                (
                    name
                    for name in archive.namelist()
                    if re.fullmatch(r"xl/worksheets/sheet[0-9]+\.xml", name)
                ),
                key=lambda name: int(re.sub(r"[^0-9]", "", name.rsplit("/", 1)[-1])),
            )
            if sheet >= len(names):
                return None
            found: set[float] = set()
            with archive.open(names[sheet]) as part:
                for _, cell in etree.iterparse(
                    part, tag=f"{_MAIN}c", resolve_entities=False, huge_tree=False
                ):
                    if cell.get("t", "n") == "n":
                        value = cell.findtext(f"{_MAIN}v")
                        if value and len(value) > 5 and _big(value):
                            found.add(float(value))
                    cell.clear()
            return found
    except (zipfile.BadZipFile, OSError, ValueError, etree.LxmlError):
        return None


def _big(value: str) -> bool:
    try:
        return float(value) >= 1e15
    except ValueError:
        return False
