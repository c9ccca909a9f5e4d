"""What the office's verdicts teach: how sure a finding is, beside what its typology says.

With enough verdicts a logistic regression re-weights findings. Its score is shown beside the rule
score and replaces nothing: the rule score decides until a backtest has shown the other better. On an
office's first day there are no verdicts and no learned score.

Model card
----------
Data: findings with a verdict visible in the week; confirmed and rectified are 1, false positives 0.
Features: typology (one-hot), severity, log-odds of the stated confidence, log10 of the amount.
Validation: grouped by institution, leave-one-group-out over at most `FOLDS` folds; the model is offered
only where its Brier score is below that of the stated confidence.
Limits: verdicts are given for what was flagged, so nothing is learned about what was missed.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

MIN_VERDICTS = 40
MIN_EACH = 10
"""Below these a regression over typologies fits noise (calibrated: ten events a parameter is the usual floor)."""

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
            predicted[test] = _fit(x[train], y[train]).predict_proba(x[test])[:, 1]
    brier, brier_stated = float(np.mean((predicted - y) ** 2)), float(np.mean((stated - y) ** 2))
    if brier >= brier_stated:
        return None
    probability = _fit(x, y).predict_proba(_features(ordered, codes))[:, 1]
    # Ten digits: beyond them processors may differ, and the score rounds to hundredths anyway.
    rounded = {f.finding_key: round(float(p), 10) for f, p in zip(ordered, probability, strict=True)}
    return Learned(rounded, len(decided), brier, brier_stated)


def _fit(x: np.ndarray, y: np.ndarray) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=PENALTY, max_iter=1000, tol=1e-10).fit(x, y)


def _features(findings: Sequence[Judged], codes: Sequence[str]) -> np.ndarray:
    """One row a finding; a typology without verdicts has no effect of its own."""
    place = {code: i for i, code in enumerate(codes)}
    x = np.zeros((len(findings), 3 + len(codes)))
    for row, f in enumerate(findings):
        sure = min(0.99, max(0.01, f.confidence))
        x[row, 0] = f.severity - 3
        x[row, 1] = math.log(sure / (1 - sure))
        x[row, 2] = math.log10(1 + max(f.amount_fen, 0) / 1_000_000)
        if f.typology in place:
            x[row, 3 + place[f.typology]] = 1
    return x
