"""What the office's verdicts teach: how sure a finding is, beside what its typology says.

With enough verdicts a logistic regression re-weights findings. Its score is shown beside the rule
score and replaces nothing: the rule score ranks until a backtest has shown the other better
(`models.ranking_proof`) and the office names that proof. On its first day there are no verdicts and no learned score.

Model card
----------
Data: findings with a verdict visible in the week; confirmed and rectified are 1, false positives 0.
Features: typology (one-hot), severity, log-odds of the stated confidence, log10 of the amount. The last three
may raise a probability only: what is graver, surer or larger never counts for less, as in the rule score.
Validation: grouped by institution, leave-one-group-out over at most `FOLDS` folds; the model is offered
only where its Brier score is below that of the stated confidence.
Limits: verdicts are given for what was flagged, so nothing is learned about what was missed.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

MIN_VERDICTS = 40
MIN_EACH = 10
"""Below these a regression over typologies fits noise (calibrated: ten events a parameter is the usual floor)."""

RISING = 3
"""Features of degree (severity, log-odds, amount), first of all; the rest are typologies."""

FOLDS = 5
PENALTY = 1.0
"""Inverse strength of the ridge penalty; the typology effects are shrunk towards the common one."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A finding and what was decided about it.

    Attributes
    ----------
    finding_key, institution_id, typology : str
    severity : int
    confidence : float
    amount_fen : int
    outcome : bool or None
        True confirmed or rectified, False refuted, None undecided.
    """

    finding_key: str
    institution_id: str
    typology: str
    severity: int
    confidence: float
    amount_fen: int
    outcome: bool | None = None


@dataclass(frozen=True, slots=True)
class Learned:
    """Probabilities that findings would be confirmed.

    Attributes
    ----------
    probability : dict
        By finding key.
    verdicts : int
        How many it learned from.
    brier, brier_stated : float
        Out-of-fold Brier score of the model and of the stated confidence.
    """

    probability: dict[str, float]
    verdicts: int
    brier: float
    brier_stated: float


def learn(findings: Sequence[Judged]) -> Learned | None:
    """Fit on the decided findings and say how sure every finding is.

    Parameters
    ----------
    findings : sequence of Judged
        In any order.

    Returns
    -------
    Learned or None
        None with too few verdicts, or when the stated confidence was no worse.
    """
    ordered = sorted(findings, key=lambda f: f.finding_key)
    decided = [f for f in ordered if f.outcome is not None]
    y = np.array([bool(f.outcome) for f in decided], dtype=float)
    if len(decided) < MIN_VERDICTS or min(y.sum(), len(y) - y.sum()) < MIN_EACH:
        return None
    codes = sorted({f.typology for f in decided})
    x = _features(decided, codes)
    stated = np.array([f.confidence for f in decided])
    fold = np.array([int(hashlib.sha256(f.institution_id.encode()).hexdigest(), 16) % FOLDS for f in decided])
    predicted = np.full(len(y), y.mean())
    for k in range(FOLDS):
        train, test = fold != k, fold == k
        if test.any() and 0 < y[train].sum() < train.sum():
            predicted[test] = _probability(x[test], _fit(x[train], y[train]))
    brier, brier_stated = float(np.mean((predicted - y) ** 2)), float(np.mean((stated - y) ** 2))
    if brier >= brier_stated:
        return None
    probability = _probability(_features(ordered, codes), _fit(x, y))
    # Ten digits: beyond them processors may differ, and the score rounds to hundredths anyway.
    rounded = {f.finding_key: round(float(p), 10) for f, p in zip(ordered, probability, strict=True)}
    return Learned(rounded, len(decided), brier, brier_stated)


def _fit(x: Floats, y: Floats) -> Floats:
    """Ridge logistic regression, the first `RISING` slopes held at 0 or above; the last weight is the intercept."""
    from scipy.optimize import minimize

    sign = 2 * y - 1
    full = np.column_stack([x, np.ones(len(x))])

    def loss(w: Floats) -> tuple[float, Floats]:
        margin = sign * (full @ w)
        slope = -sign * np.exp(-np.logaddexp(0.0, margin))
        penalty = np.append(w[:-1], 0.0) / PENALTY
        return float(np.logaddexp(0.0, -margin).sum() + 0.5 * penalty @ w), full.T @ slope + penalty

    free = (None, None)
    bounds = [(0.0, None) if k < RISING else free for k in range(full.shape[1])]
    options = {"maxiter": 2000, "ftol": 1e-15, "gtol": 1e-9}
    found = minimize(
        loss, np.zeros(full.shape[1]), jac=True, method="L-BFGS-B", bounds=bounds, options=options
    )
    return np.asarray(found.x, np.float64)


def _probability(x: Floats, w: Floats) -> Floats:
    return np.asarray(np.exp(-np.logaddexp(0.0, -(x @ w[:-1] + w[-1]))), np.float64)


def _features(findings: Sequence[Judged], codes: Sequence[str]) -> Floats:
    """One row a finding; a typology without verdicts has no effect of its own."""
    place = {code: i for i, code in enumerate(codes)}
    x = np.zeros((len(findings), RISING + len(codes)))
    for row, f in enumerate(findings):
        sure = min(0.99, max(0.01, f.confidence))
        x[row, 0] = f.severity - 3
        x[row, 1] = math.log(sure / (1 - sure))
        x[row, 2] = math.log10(1 + max(f.amount_fen, 0) / 1_000_000)
        if f.typology in place:
            x[row, RISING + place[f.typology]] = 1
    return x
