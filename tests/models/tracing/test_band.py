"""The range of a trace: every method and both extreme orders of a day lie within it, and it is no wider."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from models.tracing import METHODS, band, trace
from models.tracing.band import day_order
from models.tracing.match import match

START = dt.datetime(2016, 3, 1)


class Tables:
    """A middleman who has 60 of their own and, on one day, passes on before and after they are paid."""

    def __init__(self) -> None:
        rows = [
            # account, day, direction, fen, balance after, counterparty
            (0, 0, "in", 100, 100, 9),
            (0, 1, "out", 100, 0, 1),
            (1, 2, "out", 50, 10, 2),
            (1, 2, "in", 100, 110, 0),
            (1, 2, "out", 80, 30, 3),
            (2, 3, "in", 50, 50, 1),
        ]
        lines = pl.DataFrame(
            [(k, *r) for k, r in enumerate(rows)],
            schema=[
                "line_no",
                "account_id",
                "day",
                "direction",
                "amount_fen",
                "balance_after_fen",
                "cp_account_id",
            ],
            orient="row",
        ).with_columns(
            (pl.lit(START) + pl.duration(days="day")).alias("booked_at"),
            (pl.lit(START.date()) + pl.duration(days="day")).alias("booked_on"),
            pl.col("cp_account_id").alias("cp_holder_id"),
        )
        transfers = pl.DataFrame(
            {
                "transfer_no": [1, 2],
                "out_line_no": [1, 2],
                "in_line_no": [3, 5],
                "amount_fen": [100, 50],
            }
        )
        self.frames = {"mart_line": lines, "mart_transfer": transfers, "trace_fragment": match(lines, "fifo")}

    def table(self, name: str, columns: tuple[str, ...] | None = None) -> pl.DataFrame:
        frame = self.frames[name]
        return frame if columns is None else frame.select(columns)


def test_orders_of_a_day_and_methods_make_the_range() -> None:
    found = {(hop, line): rest for hop, line, *rest in band(Tables(), 1, hops=2).select(pl.all()).iter_rows()}
    # the payment itself holds under every way
    assert found[(1, 1)] == [100, 100, 6]
    # before the receipt in the bank's order; only with receipts first is any of it paid from the receipt, and then
    # the middleman's own 60 go first: nothing of it. Payments first draws on an overdraft, not on the receipt
    assert (2, 2) not in found
    # fifo: 10 own, then 70; lifo and lowest: 80 and 70; pro rata: 80 x 100/110; receipts first: 60 own went to
    # both payments (50 + 10); payments first: 130 before the receipt, 60 own, the rest an overdraft
    assert found[(2, 4)] == [0, 80, 5]


def test_every_method_lies_within() -> None:
    sure = band(Tables(), 1, hops=3)
    for method in METHODS:
        steps = trace(Tables(), 1, hops=3, method=method).steps
        told = steps.join(sure, on=["hop", "line_no"], how="left")
        assert told["amount_fen"].is_between(told["low_fen"], told["high_fen"]).all()


@pytest.mark.parametrize("forward", [True, False])
def test_a_line_that_one_way_alone_reaches_has_no_low(forward: bool) -> None:
    sure = band(Tables(), 1 if forward else 4, forward=forward, hops=2)
    assert (sure.filter(pl.col("ways") < 6)["low_fen"] == 0).all()
    assert (sure["high_fen"] > 0).all()


def test_day_order_keeps_accounts_days_and_the_banks_order_within_a_side() -> None:
    lines = Tables().table("mart_line")
    assert day_order(lines, "in").tolist() == [0, 1, 3, 2, 4, 5]
    assert day_order(lines, "out").tolist() == [0, 1, 2, 4, 3, 5]
