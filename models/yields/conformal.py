"""How unusual is a score: conformal p-values, intervals and false discoveries held over many products.

A conformal p-value is the share of reference scores that are at least as large, counted with the score
itself: among honest products it is uniform or larger, so "1 in 100 honest products would look like
this" is what a p-value of 0.01 says. Two additions make it usable from the first week on:

* **Prior**: where the reference is small, quantiles of a Student distribution with the prior's spread
  stand in for missing products and fade as own ones arrive.
* **Tail**: beyond the largest tenth of the reference the p-value goes on falling exponentially, with
  the mean excess taken at its upper 95 % bound, so that many products can be judged at once.

References
----------
Vovk, Gammerman, Shafer (2005), *Algorithmic Learning in a Random World*; Benjamini & Hochberg (1995),
*Controlling the false discovery rate*, JRSS B 57; Pickands (1975) for the tail.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

Floats = npt.NDArray[np.float64]

PRIOR_SIZE = 40
"""Products the prior stands for; gone when the reference holds ten times as many."""
PRIOR_FREEDOM = 5
"""Degrees of freedom of the prior's Student distribution: heavier tails than a normal one."""
TAIL_SHARE = 0.10
"""Share of the reference whose excesses the tail is fitted on."""
TRIM_SPREADS = 8.0
"""Scores above the median by more than this many robust standard deviations leave the reference:
they are what is looked for, and may not vouch for themselves. A normal score is there once in 1e15."""
LEAST_TO_WEIGH = 100
"""Scores from which those that stand out from the rest are told by the rest's own tail as well."""
START_SHARE, TAINTED_SHARE = 0.25, 0.10
"""The first look at the tail starts at the upper quarter and takes the largest tenth for cut off, not for seen:
so many offenders among the products may not hide each other."""
LEAVES = 0.10
"""Expected share of honest ones among those that leave the reference. Leaving is no finding: it only keeps a score from
vouching; findings are held to a level of their own."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Sorted scores of products taken to be honest, own ones and the prior's.

    Attributes
    ----------
    scores : numpy.ndarray
        Sorted ascending, prior included.
    own, trimmed : int
        Own scores kept and own scores left out as too far off.
    tail_from, tail_mean : float
        Threshold of the tail and the (upper bound of the) mean excess over it.
    """

    scores: Floats
    own: int
    trimmed: int
    tail_from: float
    tail_mean: float

    def p_values(self, scores: npt.ArrayLike) -> Floats:
        """One-sided p-values (large scores are unusual); NaN stays NaN."""
        s = np.asarray(scores, np.float64)
        n = self.scores.size
        above = n - np.searchsorted(self.scores, s, side="left")
        p = (above + 1.0) / (n + 1.0)
        in_tail = (n - np.searchsorted(self.scores, self.tail_from, side="left") + 1.0) / (n + 1.0)
        with np.errstate(over="ignore"):
            tail = in_tail * np.exp(-(s - self.tail_from) / self.tail_mean)
        p = np.where(s > self.tail_from, np.maximum(tail, 1e-300), p)
        return np.where(np.isnan(s), np.nan, np.minimum(p, 1.0))

    def quantile(self, level: float) -> float:
        """Score that an honest product stays below with probability `level` (conformal, rounded up)."""
        k = int(np.ceil(level * (self.scores.size + 1))) - 1
        if k < self.scores.size:
            return float(self.scores[max(k, 0)])
        in_tail = TAIL_SHARE
        return float(self.tail_from + self.tail_mean * np.log(in_tail / (1.0 - level)))


def reference(own: npt.ArrayLike, prior_spread: float, prior_centre: float = 0.0) -> Reference:
    """Build a reference from own scores and a prior.

    Parameters
    ----------
    own : array of float
        Scores of all products that can be scored, offenders included; NaN are left out.
    prior_spread, prior_centre : float
        Scale and centre of the prior, in the scores' unit.
    """
    s = np.asarray(own, np.float64)
    s = np.sort(s[np.isfinite(s)])
    kept = s
    if s.size:
        centre = float(np.median(s))
        spread = max(1.4826 * float(np.median(np.abs(s - centre))), 0.25 * prior_spread)
        kept = _vouching(s[s <= centre + TRIM_SPREADS * spread])
    stand_in = round(PRIOR_SIZE * max(0.0, 1.0 - kept.size / (10.0 * PRIOR_SIZE)))
    levels = (np.arange(stand_in) + 0.5) / max(stand_in, 1)
    prior = prior_centre + prior_spread * stdtrit(PRIOR_FREEDOM, levels)
    scores = np.sort(np.concatenate((kept, prior)))
    k = max(int(TAIL_SHARE * scores.size), min(5, scores.size - 1))
    start, mean = _tail(scores, k)
    return Reference(scores, int(kept.size), int(s.size - kept.size), start, mean)


def _tail(scores: Floats, k: int, cut_off: int = 0) -> tuple[float, float]:
    """Threshold of the `k` largest of sorted scores and the upper bound of their mean excess.

    The largest `cut_off` of them count as at least as large as the one below them (a censored exponential).
    """
    start = float(scores[-k - 1])
    seen = scores[-k : scores.size - cut_off] - start
    mean = float(seen.sum() + cut_off * seen[-1]) / seen.size
    return start, max(mean * (1.0 + 1.645 / np.sqrt(seen.size)), 1e-9)


def _vouching(scores: Floats) -> Floats:
    """Sorted scores without those that the tail of the others does not explain.

    A few dozen offenders with about one excess stand in nobody's way but hide each other: the tail fitted with them
    reaches as far as they do. The first tail is fitted below them, later ones without them.
    """
    n = scores.size
    if n < LEAST_TO_WEIGH:
        return scores
    k = int(START_SHARE * n)
    start, mean = _tail(scores, k, int(TAINTED_SHARE * n))
    gone = np.zeros(n, np.bool_)
    for _ in range(n):
        with np.errstate(over="ignore"):
            p = np.where(scores > start, (k + 1.0) / (n + 1.0) * np.exp(-(scores - start) / mean), 1.0)
        more = gone | benjamini_hochberg(p, LEAVES)[0]
        if (more == gone).all():
            break
        gone = more
        rest = scores[~gone]
        k = max(int(TAIL_SHARE * rest.size), min(5, rest.size - 1))
        start, mean = _tail(rest, k)
    return scores[~gone]


def benjamini_hochberg(p: npt.ArrayLike, level: float) -> tuple[npt.NDArray[np.bool_], Floats]:
    """Discoveries with the expected share of false ones held at `level`.

    Returns
    -------
    found : numpy.ndarray of bool
    q : numpy.ndarray of float64
        Smallest level at which each would be found (adjusted p-value); NaN p gives NaN.
    """
    p = np.asarray(p, np.float64)
    q = np.full(p.size, np.nan)
    known = np.flatnonzero(np.isfinite(p))
    if known.size:
        order = known[np.argsort(p[known], kind="stable")]
        raw = p[order] * known.size / np.arange(1, known.size + 1)
        q[order] = np.minimum(1.0, np.minimum.accumulate(raw[::-1])[::-1])
    return np.nan_to_num(q, nan=1.0) <= level, q
