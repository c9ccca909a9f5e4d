"""What should a product pay, given its projects? Candidates, time-ordered choice, honest interval.

The target is what clients of a product earned (money-weighted, annual). Its projects' own return,
minus a margin the platform keeps, explains most of it; what is modelled is that *spread*. Candidates
stand in order of simplicity and the simplest one within one standard error of the best is kept.
Validation is ordered in time: a fold is predicted from products issued earlier, never from later ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import polars as pl

from models.yields.conformal import Floats, Reference, reference

if TYPE_CHECKING:
    from sklearn.base import RegressorMixin

REPAYMENTS = ("bullet", "monthly_interest", "amortising")
SECTORS = ("p2p", "equity_crowdfunding", "asset_management", "payment", "insurance", "other")
FEATURES = (
    "project_rate",
    "late_days",
    "loss_share",
    "log_term",
    "industry_yield",
    "month",
    *(f"repays_{r}" for r in REPAYMENTS),
    *(f"sector_{s}" for s in SECTORS),
)
"""Columns a model is fitted on, in this order; a frame with others is refused."""

LEAST_TO_FIT = 60
"""Products with both returns known from which a model is fitted; below it the prior margin stands."""
PRIOR_MARGIN = 0.01
"""Margin between projects and clients before own data speak: platforms' published fees of 2015–16 are
about one point a year."""
PRIOR_SPREAD = 0.006
"""Spread of the margin before own data speak, per square root of the term in years."""
FOLDS = 4


class ForeignFeatures(ValueError):
    """A model was given features it was not fitted on."""


def matrix(frame: pl.DataFrame) -> Floats:
    """Feature matrix of a frame with exactly the columns `FEATURES` (nulls become column medians of zero risk).

    Raises
    ------
    ForeignFeatures
        When a column is missing, or one is there that no model knows.
    """
    if tuple(frame.columns) != FEATURES:
        odd = sorted(set(frame.columns) ^ set(FEATURES))
        raise ForeignFeatures(f"expected the features {FEATURES}; check {odd or 'their order'}")
    return frame.fill_null(0.0).fill_nan(0.0).to_numpy().astype(np.float64)


@dataclass(frozen=True, slots=True)
class Validation:
    """Time-ordered validation of one candidate.

    Attributes
    ----------
    name : str
    error, standard_error : float
        Mean absolute error of the predicted spread over the folds, and its standard error.
    folds : int
    """

    name: str
    error: float
    standard_error: float
    folds: int


EXCEEDED_BY_FEW = 0.99
"""Share of honest products that stay below what is called the upper return."""


@dataclass(slots=True)
class Expectation:
    """A fitted expectation of the spread between clients' and projects' return.

    Attributes
    ----------
    name : str
        The candidate that was kept.
    model : object or None
        The regressor; None for the constant margin.
    margin : float
        Spread of the constant candidate (negative when the platform keeps a margin).
    noise : tuple of float
        ``(a, b)``: the scale of the residual is ``a + b / sqrt(term in years)``.
    calibration : Reference
        Scaled residuals of products the model was not fitted on.
    validations : tuple of Validation
    fitted_on : int
        Products.
    """

    name: str
    model: RegressorMixin | None
    margin: float
    noise: tuple[float, float]
    calibration: Reference
    validations: tuple[Validation, ...]
    fitted_on: int
    features: tuple[str, ...] = field(default=FEATURES)

    def predict(self, frame: pl.DataFrame) -> Floats:
        """Expected return of clients (annual fraction) for rows of `FEATURES`.

        Raises
        ------
        ForeignFeatures
            When the features are not those the model was fitted on.
        """
        if self.features != FEATURES:
            raise ForeignFeatures("the model was fitted on other features than this version uses; refit it")
        x = matrix(frame)
        if self.model is None:
            spread = np.full(x.shape[0], self.margin)
        else:
            from models.yields import candidates

            with candidates.alone():
                spread = candidates.predict(self.name, self.model, x)
        return np.asarray(x[:, 0] + spread, np.float64)

    def scale(self, frame: pl.DataFrame) -> Floats:
        """Scale of honest deviation of each row."""
        return _scale(self.noise, matrix(frame))

    def p_values(self, frame: pl.DataFrame, paid: npt.ArrayLike) -> Floats:
        """How rarely an honest product pays this much or more, given its projects."""
        paid = np.asarray(paid, np.float64)
        return self.calibration.p_values((paid - self.predict(frame)) / self.scale(frame))

    def judged(self, frame: pl.DataFrame, paid: npt.ArrayLike) -> tuple[Floats, Floats, Floats]:
        """`predict`, `upper` and `p_values` of the same rows, with one prediction."""
        expected, scale = self.predict(frame), self.scale(frame)
        upper = expected + self.calibration.quantile(EXCEEDED_BY_FEW) * scale
        return expected, upper, self.calibration.p_values((np.asarray(paid, np.float64) - expected) / scale)

    def upper(self, frame: pl.DataFrame, level: float = EXCEEDED_BY_FEW) -> Floats:
        """Return that an honest product exceeds with probability ``1 - level`` at most."""
        return self.predict(frame) + self.calibration.quantile(level) * self.scale(frame)


def _scale(noise: tuple[float, float], x: Floats) -> Floats:
    years = np.maximum(np.expm1(x[:, FEATURES.index("log_term")]) / 365.0, 7.0 / 365.0)
    return np.asarray(noise[0] + noise[1] / np.sqrt(years), np.float64)


def fit(features: pl.DataFrame, paid: npt.ArrayLike, issued: npt.ArrayLike) -> Expectation:
    """Choose and fit an expectation.

    Parameters
    ----------
    features : polars.DataFrame
        Columns `FEATURES`; one row a product whose projects' and clients' returns are known.
    paid : array of float
        Clients' return of each product.
    issued : array of int
        Day of issue of each product: the order of validation.

    Returns
    -------
    Expectation
        With fewer than `LEAST_TO_FIT` products, the prior margin with the prior's spread.

    Notes
    -----
    Rows whose spread is beyond eight robust standard deviations are not fitted on: an excess that is
    looked for may not teach the model that excess is normal. The calibration uses predictions of
    folds only, so no product vouches for itself.
    """
    x, y = matrix(features), np.asarray(paid, np.float64)
    spread = y - x[:, 0]
    if spread.size < LEAST_TO_FIT:
        return _prior(x, spread)
    from models.yields import candidates

    with candidates.alone():
        return _chosen(x, y, spread, np.asarray(issued))


def _chosen(x: Floats, y: Floats, spread: Floats, issued: npt.NDArray[Any]) -> Expectation:
    """Fit all candidates fold by fold and keep the simplest that is as good as the best."""
    from models.yields.candidates import candidates, fit_one, predict

    centre = float(np.median(spread))
    noise = max(1.4826 * float(np.median(np.abs(spread - centre))), 5e-4)
    usable = np.abs(spread - centre) <= 8.0 * noise
    order = np.lexsort((y, x[:, 0], issued))
    order = order[usable[order]]
    x_in, s_in = x[order], spread[order]
    edges = np.linspace(0, order.size, FOLDS + 2).astype(int)
    out_of_fold: dict[str, Floats] = {}
    checks = []
    for name in candidates():
        predicted = np.full(order.size, np.nan)
        for k in range(1, FOLDS + 1):
            model = fit_one(name, x_in[: edges[k]], s_in[: edges[k]])
            fold = slice(edges[k], edges[k + 1])
            predicted[fold] = (
                np.median(s_in[: edges[k]]) if model is None else predict(name, model, x_in[fold])
            )
        seen = slice(edges[1], order.size)
        miss = np.abs(s_in[seen] - predicted[seen])
        out_of_fold[name] = predicted
        checks.append(
            Validation(name, float(miss.mean()), float(miss.std(ddof=1) / np.sqrt(miss.size)), FOLDS)
        )
    best = min(checks, key=lambda v: v.error)
    kept = next(v for v in checks if v.error <= best.error + best.standard_error)
    residual = s_in[edges[1] :] - out_of_fold[kept.name][edges[1] :]
    coefficients = _noise(x_in[edges[1] :], residual)
    scaled = residual / _scale(coefficients, x_in[edges[1] :])
    return Expectation(
        kept.name,
        fit_one(kept.name, x_in, s_in),
        float(np.median(s_in)),
        coefficients,
        reference(scaled, prior_spread=1.0),
        tuple(checks),
        int(order.size),
    )


def _noise(x: Floats, residual: Floats) -> tuple[float, float]:
    """Scale of residuals as ``a + b / sqrt(years)``, from medians within groups of the term."""
    years = np.maximum(np.expm1(x[:, FEATURES.index("log_term")]) / 365.0, 7.0 / 365.0)
    size = 1.4826 * np.abs(residual)
    groups = np.digitize(years, (0.125, 0.3, 0.6, 1.2))
    points = [
        (1.0 / np.sqrt(np.median(years[groups == g])), float(np.median(size[groups == g])))
        for g in np.unique(groups)
        if (groups == g).sum() >= 10
    ]
    if len(points) < 2:
        return max(float(np.median(size)), 5e-4), 0.0
    at = np.array([p[0] for p in points])
    scale = np.array([p[1] for p in points])
    slope = max(0.0, float(np.polyfit(at, scale, 1)[0]))
    return max(float(np.mean(scale - slope * at)), 5e-4), slope


def _prior(x: Floats, spread: Floats) -> Expectation:
    """The first weeks: the usual margin, widened by the prior's spread, own products already counted."""
    noise = (0.002, PRIOR_SPREAD)
    scaled = (spread + PRIOR_MARGIN) / _scale(noise, x) if spread.size else np.empty(0)
    return Expectation(
        "prior margin", None, -PRIOR_MARGIN, noise, reference(scaled, prior_spread=1.0), (), int(spread.size)
    )
