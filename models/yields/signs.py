"""Signs that payouts do not come from what was earned: too even, deaf to income, and running out.

None of these is a finding by itself: findings that other signs have made tell them with their numbers
(`models.typologies._outlook`).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LEAST_WEEKS = 8
"""Weeks of flows from which a horizon is said."""
RESAMPLES = 400
BLOCK = 3
"""Weeks a resampled block holds: flows of neighbouring weeks belong together (month's end, pay day)."""
SEED = 20160703
FARTHEST = 520
"""Weeks (ten years) beyond which a horizon is not told from never."""


@dataclass(frozen=True, slots=True)
class Evenness:
    """How even payouts are beside the income they should come from.

    Attributes
    ----------
    payouts, income : float
        Coefficient of variation a period; NaN with fewer than four periods.
    ratio : float
        ``payouts / income``; far below 1 means that somebody smooths.
    correlation : float
        Rank correlation of payouts with income of the same or the period before (the larger); near 0
        where payouts do not listen to income.
    """

    payouts: float
    income: float
    ratio: float
    correlation: float


@dataclass(frozen=True, slots=True)
class Horizon:
    """When money runs out at present flows.

    Attributes
    ----------
    weeks, low, high : float
        Median and 90 % interval of the weeks until the balance is gone; ``inf`` = not within ten years.
    on : date or None
        Week's end of the median.
    chance : float
        Share of resampled futures in which it runs out within a year.
    """

    weeks: float
    low: float
    high: float
    on: dt.date | None
    chance: float


def _variation(x: Floats) -> float:
    return float(x.std(ddof=1) / x.mean()) if x.size >= 4 and x.mean() > 0 else float("nan")


def _ranks(x: Floats) -> Floats:
    order = np.argsort(x, kind="stable")
    ranks = np.empty(x.size)
    ranks[order] = np.arange(x.size)
    _, inverse, count = np.unique(x, return_inverse=True, return_counts=True)
    return np.asarray(np.bincount(inverse, ranks)[inverse] / count[inverse], np.float64)


def _correlation(a: Floats, b: Floats) -> float:
    if a.size < 4 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    return float(np.corrcoef(_ranks(a), _ranks(b))[0, 1])


def evenness(payouts: npt.ArrayLike, income: npt.ArrayLike) -> Evenness:
    """Compare the evenness of payouts with that of income, period by period (same length)."""
    p, i = np.asarray(payouts, np.float64), np.asarray(income, np.float64)
    vp, vi = _variation(p), _variation(i)
    ratio = vp / vi if vi and np.isfinite(vi) and np.isfinite(vp) else float("nan")
    return Evenness(vp, vi, ratio, max(_correlation(p, i), _correlation(p[1:], i[:-1])))


def draining(net: npt.ArrayLike) -> bool:
    """Whether flows drain lastingly: the mean of the last half is below zero in 95 % of block resamples.

    Parameters
    ----------
    net : array
        Flows in less flows out, one number a week, oldest first.

    Returns
    -------
    bool
        False with fewer than `LEAST_WEEKS` weeks. Money that comes and goes as it should (clients' money
        on its way to projects) wanders without draining, and a horizon told of it would mean nothing.
    """
    x = np.asarray(net, np.float64)
    if x.size < LEAST_WEEKS:
        return False
    late = x[x.size // 2 :]
    starts = np.random.default_rng(SEED).integers(
        0, late.size - BLOCK + 1, (RESAMPLES, -(-late.size // BLOCK))
    )
    means = late[(starts[..., None] + np.arange(BLOCK)).reshape(RESAMPLES, -1)[:, : late.size]].mean(axis=1)
    return bool((means < 0).mean() >= 0.95)


def solvency_horizon(
    balance: float, deposits: npt.ArrayLike, other_in: npt.ArrayLike, paid: npt.ArrayLike, as_of: dt.date
) -> Horizon:
    """Week in which money runs out when flows go on as they went.

    Parameters
    ----------
    balance : float
        Liquid money on `as_of`, any unit.
    deposits, other_in, paid : array
        Clients' deposits, other income and all payments out, one number a week, oldest first, same unit.
    as_of : date

    Returns
    -------
    Horizon
        With fewer than `LEAST_WEEKS` weeks everything is ``inf`` and the chance 0 (cannot be said).

    Notes
    -----
    Net flows of blocks of three weeks are drawn with replacement (moving-block bootstrap) with the
    trend of the last half over the first half carried on for as long as the series is; the seed is
    fixed, so the same flows give the same interval.
    """
    net = np.asarray(deposits, np.float64) + np.asarray(other_in, np.float64) - np.asarray(paid, np.float64)
    if net.size < LEAST_WEEKS:
        return Horizon(float("inf"), float("inf"), float("inf"), None, 0.0)
    half = net.size // 2
    slope = (net[half:].mean() - net[:half].mean()) / half
    level = net[half:].mean()
    noise = net - np.where(np.arange(net.size) < half, net[:half].mean(), level)
    draw = np.random.default_rng(SEED)
    starts = draw.integers(0, net.size - BLOCK + 1, (RESAMPLES, FARTHEST // BLOCK + 1))
    noises = noise[starts[..., None] + np.arange(BLOCK)].reshape(RESAMPLES, -1)[:, :FARTHEST]
    carried = np.minimum(np.arange(1, FARTHEST + 1), net.size)
    path = balance + np.cumsum(level + slope * carried + noises, axis=1)
    gone = path < 0
    weeks = np.where(gone.any(axis=1), gone.argmax(axis=1) + 1.0, np.inf)
    low, middle, high = (float(np.sort(weeks)[int(q * (RESAMPLES - 1))]) for q in (0.05, 0.5, 0.95))
    on = as_of + dt.timedelta(weeks=int(middle)) if np.isfinite(middle) else None
    return Horizon(middle, low, high, on, float((weeks <= 52).mean()))


def growth_needed(owed: float, rate: float, income: float) -> float:
    """Yearly growth of clients' money needed to go on paying.

    Parameters
    ----------
    owed : float
        Principal owed to clients.
    rate : float
        What they are paid a year.
    income : float
        What the assets behind it earn a year, same unit as `owed`.

    Returns
    -------
    float
        ``(owed * rate - income) / owed``: 0 or less when income pays; NaN when nothing is owed.
    """
    return (owed * rate - income) / owed if owed else float("nan")
