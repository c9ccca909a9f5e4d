"""Small answers about frames, with types that the findings need."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import polars as pl


def total(frame: pl.DataFrame, column: str = "amount_fen") -> int:
    """Sum of an integer column; 0 for no rows."""
    return int(frame[column].sum() or 0)


def first_last(frame: pl.DataFrame, column: str = "booked_on") -> tuple[dt.date | None, dt.date | None]:
    """First and last date of a column; None for no rows."""
    first, last = frame[column].min(), frame[column].max()
    return (
        first if isinstance(first, dt.date) else None,
        last if isinstance(last, dt.date) else None,
    )


def each(frame: pl.DataFrame, by: str) -> Iterator[tuple[str, pl.DataFrame]]:
    """Parts of a frame by the values of one column, in sorted order; null values are left out."""
    known = frame.filter(pl.col(by).is_not_null()).sort(by, maintain_order=True)
    for part in known.partition_by(by, maintain_order=True):
        yield str(part[by][0]), part


def people(frame: pl.DataFrame, column: str = "holder_id") -> int:
    """Number of different values, null not counted."""
    return int(frame[column].drop_nulls().n_unique())


def accounts_of(frame: pl.DataFrame, column: str = "account_no") -> tuple[str, ...]:
    """Sorted distinct account numbers."""
    return tuple(sorted(set(frame[column].drop_nulls().to_list())))


def top(column: pl.Series) -> int:
    """Largest value of an integer column; 0 for no rows."""
    largest = column.max()
    return int(largest) if isinstance(largest, int) else 0
