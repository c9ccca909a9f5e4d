"""XIRR against scipy's root finder and pyxirr, its speed, and what it refuses to say."""

from __future__ import annotations

import datetime as dt
import time

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from models.yields.xirr import STATUS, bounds, xirr, xirr_frame


def _many(n: int, seed: int = 7) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    size = rng.integers(2, 14, n)
    series = np.repeat(np.arange(n), size)
    first = np.concatenate(([True], series[1:] != series[:-1]))
    start = np.repeat(rng.integers(16_000, 17_000, n), size)
    days = start + np.where(first, 0, rng.integers(1, 1100, series.size))
    amounts = np.where(first, 0, rng.integers(1_000, 500_000, series.size))
    paid = np.add.reduceat(amounts, np.flatnonzero(first))
    amounts[np.flatnonzero(first)] = -(paid / rng.uniform(0.6, 1.6, n)).astype(np.int64) - 1
    return series, days, amounts


def test_equals_scipy_to_a_billionth() -> None:
    series, days, amounts = _many(400)
    got = xirr(series, days, amounts)
    for i in range(400):
        t, a = (days[series == i] - days[series == i].min()) / 365.0, amounts[series == i].astype(float)
        want = brentq(
            lambda r, a=a, t=t: float(np.sum(a * (1 + r) ** -t)), -0.9999999, 1e6, xtol=1e-15, rtol=1e-14
        )
        assert abs(got.rate[i] - want) <= 1e-9 * max(1.0, abs(want))


def test_equals_pyxirr() -> None:
    pyxirr = pytest.importorskip("pyxirr")
    series, days, amounts = _many(300, seed=11)
    got = xirr(series, days, amounts)
    for i in range(300):
        dates = [dt.date(1970, 1, 1) + dt.timedelta(int(d)) for d in days[series == i]]
        want = pyxirr.xirr(dates, amounts[series == i].astype(float))
        if want is not None:
            assert got.rate[i] == pytest.approx(want, rel=1e-9, abs=1e-9)


def test_a_hundred_thousand_series_in_two_seconds() -> None:
    series, days, amounts = _many(100_000)
    best = min(_timed(series, days, amounts) for _ in range(3))
    assert best < 2.0


def _timed(series: np.ndarray, days: np.ndarray, amounts: np.ndarray) -> float:
    began = time.process_time()
    got = xirr(series, days, amounts)
    spent = time.process_time() - began
    known = np.isfinite(got.rate)
    assert known.mean() > 0.999  # a loss of almost all within days has no annual rate in range
    assert {STATUS[i] for i in got.status[~known]} <= {"no_rate"}
    return spent


def test_order_of_flows_and_of_series_does_not_matter() -> None:
    series, days, amounts = _many(200, seed=3)
    shuffle = np.random.default_rng(1).permutation(series.size)
    a, b = xirr(series, days, amounts), xirr(series[shuffle], days[shuffle], amounts[shuffle])
    assert np.array_equal(a.rate, b.rate)


def test_what_cannot_be_said_is_not_said() -> None:
    got = xirr([0, 1, 1, 2, 2, 4, 4], [0, 5, 5, 0, 9, 0, 365], [-100, -100, 110, -100, -5, -100, 110], 5)
    assert [STATUS[i] for i in got.status] == ["too_few", "too_few", "no_sign_change", "too_few", "ok"]
    assert np.isnan(got.rate[:4]).all()
    assert got.rate[4] == pytest.approx(0.10, abs=1e-12)


def test_several_rates_are_said_with_their_range() -> None:
    # -100, +230, -132 a year apart: 10 % and 20 % both solve it
    got = xirr([0, 0, 0], [0, 365, 730], [-100, 230, -132])
    assert STATUS[got.status[0]] == "several_rates"
    assert (got.low[0], got.high[0]) == (pytest.approx(0.10, abs=1e-9), pytest.approx(0.20, abs=1e-9))
    assert got.rate[0] == pytest.approx(0.10, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(
    st.floats(-0.9, 8.0),
    st.lists(st.tuples(st.integers(1, 1500), st.floats(0.01, 1e6)), min_size=1, max_size=8),
)
def test_the_rate_that_made_a_series_is_found(rate: float, later: list[tuple[int, float]]) -> None:
    worth = sum(a * (1 + rate) ** (-d / 365.0) for d, a in later)
    got = xirr([0] * (len(later) + 1), [0, *(d for d, _ in later)], [-worth, *(a for _, a in later)])
    assert got.rate[0] == pytest.approx(rate, rel=1e-7, abs=1e-7)


def test_frame_and_bounds_of_an_unfinished_series() -> None:
    day = dt.date(2016, 1, 1)
    flows = pl.DataFrame(
        {"series": ["a", "a"], "day": [day, day + dt.timedelta(182)], "amount": [-1_000_00, 60_00]},
        schema={"series": pl.String, "day": pl.Date, "amount": pl.Int64},
    )
    assert xirr_frame(flows)["rate"][0] < -0.9
    rest = pl.DataFrame({"series": ["a"], "day": [day + dt.timedelta(365)], "low": [0], "high": [1_060_00]})
    got = bounds(flows, rest).row(0, named=True)
    assert got["rate_low"] < -0.9
    assert got["rate_high"] == pytest.approx(0.1236, abs=1e-3)
