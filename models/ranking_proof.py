"""Has the score learned from verdicts proved itself? Compared with the rule score on decisions neither knew.

A replayed week orders the institutions nobody had decided about by then; what people decided later says which of
the two orders was better. Only where the learned one is better beyond chance may an office let it rank.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LEAST_WEEKS = 4
LEAST_EACH = 5
"""Weeks, and institutions later confirmed and later refuted, from which a comparison says anything (calibrated)."""
CHANCE = 0.05
RESAMPLES = 1000
SEED = 20160703


@dataclass(frozen=True, slots=True)
class Trial:
    """One institution in one replayed week, decided about only later.

    Attributes
    ----------
    week, institution_id : str
    rule, learned : int
        Points of both scores that week.
    worth : bool
        Whether people later confirmed a finding about it (else they refuted what was said).
    """

    week: str
    institution_id: str
    rule: int
    learned: int
    worth: bool


@dataclass(frozen=True, slots=True)
class Proof:
    """What a backtest says of the learned score.

    Attributes
    ----------
    proved : bool
        Better than the rule score beyond chance: the lower end of `gain` is above 0.
    weeks, confirmed, refuted : int
        Weeks compared; institutions decided about after them.
    rule, learned : float or None
        Mean share of pairs (one later confirmed, one later refuted) that the score put in the right order; ties
        count half. None without a week that has both.
    gain : tuple of float or None
        5 % and 95 % bound of the difference when institutions are resampled.
    """

    proved: bool
    weeks: int
    confirmed: int
    refuted: int
    rule: float | None = None
    learned: float | None = None
    gain: tuple[float, float] | None = None

    def text(self) -> str:
        """The result in a sentence."""
        counted = (
            f"{self.weeks} weeks, {self.confirmed} institutions later confirmed and {self.refuted} refuted"
        )
        if self.gain is None:
            return (
                f"learned score: nothing proved ({counted}; it takes {LEAST_WEEKS} weeks with a learned score and "
                f"{LEAST_EACH} institutions each way)"
            )
        verdict = "has proved itself" if self.proved else "has not proved itself"
        return (
            f"learned score: {verdict} ({counted}; right order {self.learned:.3f} against {self.rule:.3f} of the rule "
            f"score, gain {self.gain[0]:+.3f} to {self.gain[1]:+.3f})"
        )


def prove(trials: Sequence[Trial]) -> Proof:
    """Compare both scores over all weeks.

    Parameters
    ----------
    trials : sequence of Trial
        In any order, one row a week and institution. The caller leaves out institutions decided about by then.

    Returns
    -------
    Proof

    Notes
    -----
    Institutions recur from week to week, so whole institutions are drawn with replacement and each keeps all its
    weeks; an institution drawn twice counts twice in every pair. The seed is fixed.
    """
    names = sorted({t.institution_id for t in trials})
    place = {name: i for i, name in enumerate(names)}
    weeks = []
    for week in sorted({t.week for t in trials}):
        rows = sorted((t for t in trials if t.week == week), key=lambda t: t.institution_id)
        if {t.worth for t in rows} == {True, False}:
            weeks.append(_pairs(rows, place))
    confirmed = len({t.institution_id for t in trials if t.worth})
    refuted = len({t.institution_id for t in trials if not t.worth})
    if len(weeks) < LEAST_WEEKS or min(confirmed, refuted) < LEAST_EACH:
        return Proof(False, len(weeks), confirmed, refuted)
    draw = np.random.default_rng(SEED)
    drawn = draw.multinomial(len(names), np.full(len(names), 1 / len(names)), RESAMPLES).astype(np.float64)
    right = _right(weeks, np.ones((1, len(names))))[0]
    resampled = _right(weeks, drawn)
    gains = resampled[:, 1] - resampled[:, 0]
    low, high = (round(float(q), 6) for q in np.nanquantile(gains, (CHANCE, 1 - CHANCE)))
    rule, learned = (round(float(v), 6) for v in right)
    return Proof(low > 0, len(weeks), confirmed, refuted, rule, learned, (low, high))


def _pairs(rows: Sequence[Trial], place: dict[str, int]) -> tuple[npt.NDArray[np.int64], ...]:
    """Pairs (confirmed, refuted) of a week: places of both, and twice how right each score has them."""
    good, bad = [t for t in rows if t.worth], [t for t in rows if not t.worth]
    made = [
        (
            place[g.institution_id],
            place[b.institution_id],
            1 + (g.rule > b.rule) - (g.rule < b.rule),
            1 + (g.learned > b.learned) - (g.learned < b.learned),
        )
        for g in good
        for b in bad
    ]
    return tuple(np.array(column, np.int64) for column in zip(*made, strict=True))


def _right(weeks: Sequence[tuple[npt.NDArray[np.int64], ...]], drawn: Floats) -> Floats:
    """Mean over weeks of the share of pairs in the right order, by draw: columns rule, learned."""
    shares = []
    for g, b, rule, learned in weeks:
        weight = drawn[:, g] * drawn[:, b]
        whole = weight.sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            shares.append(np.stack([weight @ rule, weight @ learned], axis=1) / (2 * whole[:, None]))
    every = np.stack(shares)
    known = np.isfinite(every)
    counted = known.sum(axis=0)
    total = np.where(known, every, 0.0).sum(axis=0)
    return np.asarray(np.where(counted > 0, total / np.maximum(counted, 1), np.nan), np.float64)
