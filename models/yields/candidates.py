"""The regressors that an expectation chooses among, from simple to flexible.

Apart from `models.yields.expectation`, since the statistics library takes longer to load than to use: only who fits
or predicts waits for it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import HuberRegressor, QuantileRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from models.yields.conformal import Floats

ENOUGH_TO_FIT = 4_000
"""Products from which more teach a model of twenty features nothing; the calibration uses all of them."""
SEED = 20160703


def candidates() -> dict[str, Callable[[], RegressorMixin] | None]:
    """Candidates from simple to flexible."""
    return {
        "constant margin": None,
        "isotonic in the projects' rate": lambda: IsotonicRegression(out_of_bounds="clip"),
        "linear (Huber)": lambda: make_pipeline(StandardScaler(), HuberRegressor(max_iter=500)),
        "linear median": lambda: make_pipeline(
            StandardScaler(), QuantileRegressor(quantile=0.5, alpha=1e-4, solver="highs")
        ),
        "gradient boosting (median)": lambda: HistGradientBoostingRegressor(
            loss="absolute_error", max_iter=60, max_leaf_nodes=8, min_samples_leaf=20, random_state=SEED
        ),
    }


def fit_one(name: str, x: Floats, spread: Floats) -> RegressorMixin | None:
    """Fit a candidate; of more than `ENOUGH_TO_FIT` rows every so manieth, in the order of issue."""
    make = candidates()[name]
    if make is None:
        return None
    step = -(-spread.size // ENOUGH_TO_FIT)
    x, spread = x[::step], spread[::step]
    model = make()
    model.fit(x[:, 0] if isinstance(model, IsotonicRegression) else x, spread)
    return model


def predict(name: str, model: RegressorMixin, x: Floats) -> Floats:
    """Return a fitted candidate's spread for rows of features."""
    return np.asarray(model.predict(x[:, 0] if isinstance(model, IsotonicRegression) else x), np.float64)


def alone() -> threadpool_limits:
    """One thread: over a thousand rows threads wait for each other longer than they work."""
    return threadpool_limits(limits=1)
