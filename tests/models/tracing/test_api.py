"""The analyst's question on a small web of accounts, by every method."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from models.tracing import METHODS, trace
from models.tracing.api import arrived_range
from models.tracing.match import match

START = dt.datetime(2016, 3, 1)

ROWS = [
    # account, direction, fen, balance after, counterparty
    (0, "in", 100_000, 100_000, 9),
    (0, "out", 100_000, 0, 1),
    (1, "in", 100_000, 160_000, 0),  # the middleman had 60,000 of their own
    (1, "out", 40_000, 120_000, 8),
    (1, "out", 80_000, 40_000, 2),
    (2, "in", 80_000, 80_000, 1),
    (2, "out", 30_000, 50_000, 7),
]


class Tables:
    def __init__(self) -> None:
        lines = pl.DataFrame(
            [(k, *r) for k, r in enumerate(ROWS)],
            schema=[
                "line_no",
                "account_id",
                "direction",
                "amount_fen",
                "balance_after_fen",
                "cp_account_id",
            ],
            orient="row",
        ).with_columns(
            (pl.lit(START) + pl.duration(days="line_no")).alias("booked_at"),
            pl.col("cp_account_id").alias("cp_holder_id"),
        )
        transfers = pl.DataFrame(
            {
                "transfer_no": [1, 2],
                "out_line_no": [1, 4],
                "in_line_no": [2, 5],
                "amount_fen": [100_000, 80_000],
            }
        )
        self.frames = {"mart_line": lines, "mart_transfer": transfers, "trace_fragment": match(lines, "fifo")}

    def table(self, name: str, columns: tuple[str, ...] | None = None) -> pl.DataFrame:
        frame = self.frames[name]
        return frame if columns is None else frame.select(columns)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_accounts_for_the_whole_line(method: str) -> None:
    for line in (0, 1):
        found = trace(Tables(), line, hops=3, method=method)  # type: ignore[arg-type]
        assert found.ends["amount_fen"].sum() == 100_000
        assert found.paths["amount_fen"].sum() == found.steps["amount_fen"].sum()
        assert found.graph().number_of_edges() >= 1


def arrived(method: str, line: int = 1) -> int:
    steps = trace(Tables(), line, hops=2, method=method).steps  # type: ignore[arg-type]
    return int(steps.filter(pl.col("cp_account_id") == 2)["amount_fen"].sum())


def test_the_methods_differ_as_they_should() -> None:
    # fifo: the middleman's own 60,000 go first; lifo: they stay; pro rata: ten parts in sixteen of each payment
    assert arrived("fifo") == 60_000
    assert arrived("lifo") == 60_000
    assert arrived("pro_rata") == 50_000
    assert arrived("lowest") == 60_000


def test_pro_rata_shares_each_payment() -> None:
    steps = trace(Tables(), 1, hops=2, method="pro_rata").steps
    assert steps.filter(pl.col("hop") == 2).select("line_no", "amount_fen").rows() == [
        (3, 25_000),
        (4, 50_000),
    ]


def test_back_from_the_last_payment() -> None:
    found = trace(Tables(), 6, forward=False, hops=3)
    assert found.ends["amount_fen"].sum() == 30_000


def test_pro_rata_back_gives_the_make_up_of_a_payment() -> None:
    """The last payment is the middleman's: ten parts in sixteen the payer's money, six the middleman's own."""
    found = trace(Tables(), 6, forward=False, hops=3, method="pro_rata")
    assert found.ends.select("end", "amount_fen").rows() == [("opening", 11_250), ("left", 18_750)]
    assert found.steps.select("hop", "line_no", "amount_fen").rows() == [
        (1, 5, 30_000),
        (2, 2, 18_750),
        (3, 0, 18_750),
    ]
    assert trace(Tables(), 2, forward=False, hops=1, method="pro_rata").ends["end"].to_list() == ["limit"]


def test_range_over_methods_and_unknown_method() -> None:
    found = arrived_range(Tables(), pl.Series([1]), [2])
    assert found["method"].to_list() == ["fifo", "lifo"]
    assert found["amount_fen"].to_list() == [60_000, 60_000]
    with pytest.raises(ValueError, match="choose one of"):
        trace(Tables(), 1, method="guess")  # type: ignore[arg-type]
