"""Money-weighted returns (XIRR, 内部收益率) of many cash-flow series at once.

One set of flat arrays holds all series; there is no loop over series. A series is solved in
``x = ln(1 + rate)``, where its present value ``sum(a * exp(-x * t))`` is smooth, by Newton steps
kept inside a bracket that bisection shrinks. The number of passes does not grow with the number of
series, so the cost is O(passes x flows).

References
----------
Norstrøm, C. J. (1972), "A sufficient condition for a unique nonnegative internal rate of return",
Journal of Financial and Quantitative Analysis 7(3): a series whose flows change sign once has one rate.
Year length is 365 days, as in spreadsheets (Excel XIRR) and in ``pyxirr``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

DAYS_A_YEAR = 365.0
"""Year length of the contract's annual fractions."""
MAX_PASSES = 200
"""A bracket halves at least every third pass; 200 passes exhaust double precision."""
LOWEST, HIGHEST = np.log(1e-12), np.log1p(1e9)
"""Search range of ln(1 + rate): a loss of all but 1e-12, a gain of a billionfold a year."""

STATUS = ("ok", "too_few", "no_sign_change", "no_rate", "several_rates")
"""Why a rate is or is not said: ``too_few`` = fewer than two flows or all on one day;
``no_sign_change`` = money went one way only; ``no_rate`` = the present value has no zero in range;
``several_rates`` = flows change sign more than once and more than one zero was found, the one
nearest to zero is given."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Result of `xirr`, one entry a series.

    Attributes
    ----------
    rate : numpy.ndarray of float64
        Annual fraction (0.12 = 12 % a year); NaN where it cannot be said.
    status : numpy.ndarray of int8
        Index into `STATUS`.
    low, high : numpy.ndarray of float64
        Lowest and highest zero found; equal to `rate` where there is one.
    flows : numpy.ndarray of int64
        Number of flows of the series.
    """

    rate: Floats
    status: npt.NDArray[np.int8]
    low: Floats
    high: Floats
    flows: Ints


def _value(x: Floats, a: Floats, t: Floats, starts: Ints, sizes: Ints) -> tuple[Floats, Floats]:
    """Present value and its derivative by ``x`` of every series (flows laid end to end)."""
    w = np.repeat(-x, sizes)
    w *= t
    np.exp(np.clip(w, -700.0, 700.0, out=w), out=w)
    w *= a
    value = np.add.reduceat(w, starts)
    w *= t
    return value, -np.add.reduceat(w, starts)


def _solve(a: Floats, t: Floats, starts: Ints, sizes: Ints, lo: Floats, hi: Floats) -> Floats:
    """Zero inside ``[lo, hi]`` of every series; the values at the two ends differ in sign.

    Newton's step is taken while it stays inside the bracket, otherwise the bracket is halved.
    Series that are done drop out, so late passes touch few flows.
    """
    n = sizes.size
    root: Floats = np.clip(np.full(n, np.log(1.1)), lo, hi)
    sign_lo = np.sign(_value(lo, a, t, starts, sizes)[0])
    todo = np.arange(n)
    flat = np.arange(a.size)
    x, sl, low, high = root.copy(), sign_lo, lo.copy(), hi.copy()
    width = high - low
    for step in range(MAX_PASSES):
        f, d = _value(x, a[flat], t[flat], starts, sizes)
        same = np.sign(f) == sl
        low, high = np.where(same, x, low), np.where(same, high, x)
        with np.errstate(divide="ignore", invalid="ignore"):
            new = x - f / d
        slow = (step % 3 == 2) & (high - low > 0.5 * width)
        width = np.where(step % 3 == 2, high - low, width)
        bad = ~np.isfinite(new) | (new <= low) | (new >= high) | slow
        new = np.where(bad, 0.5 * (low + high), new)
        done = (f == 0) | (np.abs(new - x) <= 2e-15 * np.maximum(1.0, np.abs(x)))
        x = np.where(f == 0, x, new)
        if done.any():
            root[todo[done]] = x[done]
            keep = ~done
            if not keep.any():
                return root
            flat = flat[np.repeat(keep, sizes)]
            todo, x, sl, low, high, width = (v[keep] for v in (todo, x, sl, low, high, width))
            sizes = sizes[keep]
            starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    root[todo] = x
    return root


def xirr(
    series: npt.ArrayLike, days: npt.ArrayLike, amounts: npt.ArrayLike, n_series: int | None = None
) -> Rates:
    """Money-weighted return of every series.

    Parameters
    ----------
    series : array of int
        Series number of each flow, from 0; any order.
    days : array of int
        Day number of each flow (any origin, for instance days since 1970-01-01).
    amounts : array of int or float
        Signed flow seen by the investor: paid in < 0, received > 0; any unit (fen, yuan).
        Integers of fen stay exact up to 2**53.
    n_series : int, optional
        Number of series; by default the largest number + 1. Series without flows are ``too_few``.

    Returns
    -------
    Rates

    Notes
    -----
    Complexity O(P F) for F flows and P (about 8) passes. The result does not depend on the order of
    the flows: they are sorted by series, day and amount, and equal days are summed.
    """
    s, d = np.asarray(series, np.int64), np.asarray(days, np.int64)
    a = np.asarray(amounts, np.float64)
    n = int(n_series if n_series is not None else (s.max() + 1 if s.size else 0))
    rate, status = np.full(n, np.nan), np.full(n, STATUS.index("too_few"), np.int8)
    low, high = rate.copy(), rate.copy()
    flows = np.bincount(s, minlength=n).astype(np.int64)
    if not s.size:
        return Rates(rate, status, low, high, flows)
    order = np.lexsort((a, d, s))
    s, d, a = s[order], d[order], a[order]
    first = np.concatenate(([True], (s[1:] != s[:-1]) | (d[1:] != d[:-1])))
    at = np.flatnonzero(first)
    s, d, a = s[at], d[at], np.add.reduceat(a, at)
    filled = a != 0
    s, d, a = s[filled], d[filled], a[filled]
    if not s.size:
        return Rates(rate, status, low, high, flows)
    present, starts, sizes = np.unique(s, return_index=True, return_counts=True)
    t = (d - np.repeat(d[starts], sizes)) / DAYS_A_YEAR
    a = a / np.repeat(np.maximum.reduceat(np.abs(a), starts), sizes)
    changed = (a[1:] > 0) != (a[:-1] > 0)
    changed &= s[1:] == s[:-1]
    changes = np.add.reduceat(np.concatenate((changed, [False])), starts)
    enough = sizes >= 2
    status[present[enough & (changes == 0)]] = STATUS.index("no_sign_change")

    plain = enough & (changes == 1)
    if plain.any():
        x, found = _conventional(a, t, starts, sizes, plain)
        where = present[plain]
        rate[where] = np.where(found, np.expm1(x), np.nan)
        low[where] = high[where] = rate[where]
        status[where] = np.where(found, STATUS.index("ok"), STATUS.index("no_rate"))
    odd = enough & (changes > 1)
    if odd.any():
        near, least, most, number = _many_zeros(a, t, starts, sizes, odd)
        where = present[odd]
        rate[where], low[where], high[where] = near, least, most
        names = np.where(number == 0, "no_rate", np.where(number == 1, "ok", "several_rates"))
        status[where] = np.array([STATUS.index(v) for v in names], np.int8)
    return Rates(rate, status, low, high, flows)


def _subset(
    a: Floats, t: Floats, starts: Ints, sizes: Ints, keep: npt.NDArray[np.bool_]
) -> tuple[Floats, Floats, Ints, Ints]:
    """Flows of the kept series only, again end to end."""
    flat = np.repeat(keep, sizes)
    size = sizes[keep]
    return a[flat], t[flat], np.concatenate(([0], np.cumsum(size)[:-1])).astype(np.int64), size


def _conventional(
    a: Floats, t: Floats, starts: Ints, sizes: Ints, keep: npt.NDArray[np.bool_]
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """One sign change, hence one zero at most: widen a bracket round ln(1.1), then solve."""
    a, t, starts, sizes = _subset(a, t, starts, sizes, keep)
    n = sizes.size
    ahead = np.sign(np.add.reduceat(np.where(t == 0, a, 0.0), starts))  # sign as x -> +inf
    lo, hi = np.full(n, np.log(0.5)), np.full(n, np.log(2.0))
    at_lo = np.sign(_value(lo, a, t, starts, sizes)[0])
    at_hi = np.sign(_value(hi, a, t, starts, sizes)[0])
    for end in (LOWEST / 4, LOWEST):
        _widen(lo, at_lo, at_lo == ahead, end, (a, t, starts, sizes))
    for end in (HIGHEST / 4, HIGHEST):
        _widen(hi, at_hi, at_hi != ahead, end, (a, t, starts, sizes))
    found = at_lo != at_hi
    root = np.full(n, np.nan)
    if found.any():
        part = _subset(a, t, starts, sizes, found)
        root[found] = _solve(*part, lo[found], hi[found])
    return root, found


def _widen(
    x: Floats,
    sign: Floats,
    wrong: npt.NDArray[np.bool_],
    end: float,
    flows: tuple[Floats, Floats, Ints, Ints],
) -> None:
    """Move the end of the bracket of the series where it is wrong, and look at these anew."""
    if wrong.any():
        part = _subset(*flows, wrong)
        x[wrong] = end
        sign[wrong] = np.sign(_value(x[wrong], *part)[0])


def _many_zeros(
    a: Floats, t: Floats, starts: Ints, sizes: Ints, keep: npt.NDArray[np.bool_]
) -> tuple[Floats, Floats, Floats, Ints]:
    """Several sign changes: look for zeros on a grid of rates, dense where rates are usual."""
    a, t, starts, sizes = _subset(a, t, starts, sizes, keep)
    n = sizes.size
    grid = np.unique(
        np.concatenate(
            (
                np.log(np.geomspace(1e-6, 0.5, 12)),
                np.linspace(np.log(0.5), np.log(3.0), 61),
                np.log(np.geomspace(3.0, 1e6, 12)),
            )
        )
    )
    values = np.stack([_value(np.full(n, g), a, t, starts, sizes)[0] for g in grid])
    crossing = np.sign(values[1:]) * np.sign(values[:-1]) <= 0
    crossing &= values[1:] != 0
    number = crossing.sum(axis=0).astype(np.int64)
    near, least, most = (np.full(n, np.nan) for _ in range(3))
    cell, which = np.nonzero(crossing)
    if cell.size:
        spread = np.repeat(np.arange(cell.size), sizes[which])
        offset = np.arange(spread.size) - np.repeat(np.cumsum(sizes[which]) - sizes[which], sizes[which])
        flat = starts[which][spread] + offset
        size = sizes[which]
        begin = np.concatenate(([0], np.cumsum(size)[:-1])).astype(np.int64)
        found = np.expm1(_solve(a[flat], t[flat], begin, size, grid[cell], grid[cell + 1]))
        for i in np.argsort(-np.abs(found), kind="stable"):  # nearest to zero is written last
            near[which[i]] = found[i]
        np.fmin.at(least, which, found)
        np.fmax.at(most, which, found)
    return near, least, most, number


def xirr_frame(
    flows: pl.DataFrame, by: str = "series", day: str = "day", amount: str = "amount"
) -> pl.DataFrame:
    """`xirr` of a long frame.

    Parameters
    ----------
    flows : polars.DataFrame
        One row a flow; `day` is a date, `amount` signed as in `xirr`.
    by, day, amount : str
        Column names.

    Returns
    -------
    polars.DataFrame
        Grain: one row a value of `by`, sorted by it; ``rate`` (null = cannot be said), ``rate_low``,
        ``rate_high``, ``status``, ``flows``.
    """
    keys = flows.select(pl.col(by).unique().sort()).with_row_index("series_no")
    numbered = flows.join(keys, on=by, how="inner")
    got = xirr(
        numbered["series_no"].to_numpy(),
        numbered[day].cast(pl.Int32).to_numpy(),
        numbered[amount].cast(pl.Float64).to_numpy(),
        keys.height,
    )
    return keys.select(
        by,
        pl.Series("rate", got.rate).fill_nan(None),
        pl.Series("rate_low", got.low).fill_nan(None),
        pl.Series("rate_high", got.high).fill_nan(None),
        pl.Series("status", STATUS, pl.String).gather(got.status),
        pl.Series("flows", got.flows),
    )


def bounds(
    flows: pl.DataFrame, residual: pl.DataFrame, by: str = "series", day: str = "day", amount: str = "amount"
) -> pl.DataFrame:
    """Rates when a series is not finished: nothing more comes, or all that is still owed comes.

    Parameters
    ----------
    flows : polars.DataFrame
        As in `xirr_frame`.
    residual : polars.DataFrame
        Columns `by`, `day` (date on which the rest is counted), ``low`` and ``high``: the least and the
        most that is still to come.

    Returns
    -------
    polars.DataFrame
        `by`, ``rate_low``, ``rate_high``, sorted; null where a bound cannot be said.
    """
    ends = []
    for side in ("low", "high"):
        rest = residual.select(by, day, pl.col(side).cast(flows.schema[amount]).alias(amount))
        rates = xirr_frame(pl.concat([flows.select(by, day, amount), rest]), by, day, amount)
        ends.append(rates.select(by, pl.col("rate").alias(f"rate_{side}")))
    return ends[0].join(ends[1], on=by, how="full", coalesce=True).sort(by)
