"""Tables that stand side by side in one sheet, under headers of the same names: each is read by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from flows.steps.formats._aliases import Alias
from flows.steps.formats._header import HEAD_ROWS, Header, find_header

SIDE_BY_SIDE = "Several tables stand side by side in this file: save each as a file of its own."

_FEWEST = 3
"""Names that a header must repeat in the same order before it is taken for two."""


def starts(header: Header) -> list[int]:
    """Return the column at which each table starts; one where there is but one table.

    A header of two tables repeats all its names in their order, a date and an amount among them.
    """
    texts = list(header.texts)
    first = next((i for i, text in enumerate(texts) if text), 0)
    for second in range(first + _FEWEST, len(texts)):
        names = _filled(texts[first:second])
        if len(names) < _FEWEST or texts[second] != texts[first] or not _holds_all(header, first, second):
            continue
        places = range(first, len(texts), second - first)
        if all(_filled(texts[i : i + second - first])[: len(names)] == names for i in places[:2]):
            return [i for i in places if _filled(texts[i : i + second - first]) == names]
    return [first]


def split_sheet(cells: pl.DataFrame, aliases: Mapping[str, tuple[Alias, ...]]) -> list[pl.DataFrame]:
    """Return a sheet as one frame for each table in it; in each the columns of the others are empty.

    Parameters
    ----------
    cells : polars.DataFrame
        ``record``, ``cells``, ``c0`` ….
    aliases : mapping
        The table of names.
    """
    names = [name for name in cells.columns if name not in ("record", "cells")]
    found = find_header(cells.head(HEAD_ROWS).select(names).rows(), aliases)
    first = starts(found[1]) if found is not None and found[1].rows == 1 else []
    if len(first) < 2:
        return [cells]
    ends = [*first[1:], len(names)]
    return [
        cells.with_columns(
            pl.lit(None, dtype=pl.String).alias(name)
            for i, name in enumerate(names)
            if not (start if start != first[0] else 0) <= i < end
        )
        for start, end in zip(first, ends, strict=True)
    ]


def _filled(texts: Sequence[str]) -> list[str]:
    return [text for text in texts if text]


def _holds_all(header: Header, first: int, second: int) -> bool:
    """Whether the columns from `first` to `second` hold a date and an amount, as a table must."""
    money = [i for role in ("amount", "debit", "credit") for i in header.columns.get(role, ())[:1]]
    dates = header.columns.get("date", ())[:1]
    return bool(money) and all(first <= i < second for i in (*money, *dates))
