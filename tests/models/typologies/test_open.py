"""Holdings open on a day, added up along the days, are those that a meeting of all with all finds."""

from __future__ import annotations

import datetime as dt

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from models.typologies import _open
from models.typologies.base import Context

START = dt.date(2016, 1, 1)
DAY = st.integers(0, 12).map(lambda n: START + dt.timedelta(days=n))
HOLDING = st.tuples(st.sampled_from("PQR"), st.none() | DAY, st.none() | DAY, st.integers(1, 10**12))


class Nothing:
    """Marts that nothing is read from."""

    def table(self, name: str, columns: tuple[str, ...] | None = None) -> pl.DataFrame:
        raise AssertionError(name)


@given(st.lists(HOLDING, max_size=30), st.lists(st.tuples(st.sampled_from("PQS"), DAY), max_size=12))
def test_open_holdings_are_those_of_all_pairs(
    holdings: list[tuple[str, dt.date | None, dt.date | None, int]], asked: list[tuple[str, dt.date]]
) -> None:
    held = pl.DataFrame(
        holdings,
        schema={
            "product_id": pl.String,
            "subscribed_on": pl.Date,
            "redeemed_on": pl.Date,
            "amount_fen": pl.Int64,
        },
        orient="row",
    )
    days = pl.DataFrame(asked, schema={"product_id": pl.String, "booked_on": pl.Date}, orient="row")
    pairs = (
        days.unique()
        .join(held, on="product_id")
        .filter(
            (pl.col("subscribed_on") <= pl.col("booked_on"))
            & (pl.col("redeemed_on").is_null() | (pl.col("redeemed_on") >= pl.col("booked_on")))
        )
        .group_by("product_id", "booked_on")
        .agg(open_fen=pl.col("amount_fen").sum(), open_holdings=pl.len().cast(pl.Int64))
        .sort("product_id", "booked_on")
    )
    ctx = Context(Nothing(), START, memo={"ledger.subscriptions": held})
    found = _open.open_holdings(ctx, days).sort("product_id", "booked_on")
    assert found.rows() == pairs.rows()
    assert found.columns == pairs.columns
