"""Pots are numbered by what they belong to, whatever the numbers of the lines."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from models.tracing.pots import passed_pots


def passages(first: int) -> pl.DataFrame:
    """Two payments passed on, of 5,000 and 7,000 yuan less a commission, their lines numbered from `first`."""
    moved = [("in", 500_000), ("out", 499_000), ("in", 700_000), ("out", 698_000)]
    return pl.DataFrame(
        {
            "account_id": [1] * len(moved),
            "line_no": [first + n for n in range(len(moved))],
            "direction": [d for d, _ in moved],
            "amount_fen": [a for _, a in moved],
            "booked_at": [dt.datetime(2016, 6, 1 + n) for n in range(len(moved))],
        }
    )


@pytest.mark.parametrize("first", [1, 7, 8, 97, 999_998])
def test_pots_follow_lines_also_where_their_numbers_gain_a_digit(first: int) -> None:
    pots = passed_pots(passages(first))
    assert pots.with_columns(pl.col("line_no") - first).rows() == [
        (0, 0, 499_000), (1, 0, 499_000), (2, 1, 698_000), (3, 1, 698_000),
    ]  # fmt: skip
