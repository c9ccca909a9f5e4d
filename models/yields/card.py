"""Fitted models on disk: skops files with a model card; nothing pickled is ever loaded.

A card says what was fitted on what (inputs' hash, features, versions), how it was validated and where
it ends. Loading refuses other features, other major versions of scikit-learn, a changed file, and any
type that no candidate is made of.
"""

from __future__ import annotations

import hashlib
import json
import platform
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import sklearn
import skops.io

from models.yields.conformal import Reference
from models.yields.expectation import FEATURES, Expectation, ForeignFeatures, Validation

TRUSTED = frozenset({"sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"})
"""Types a model file may hold beside those skops vouches for itself: what the candidates need, name by name. A prefix
would let ``builtins.eval`` in."""
LIMITS = (
    "Judges products with registered projects and at least three holdings in view; short terms are said with "
    "wider intervals; an excess shared by most products of the region would pass for the usual margin."
)


class RefusedModel(ValueError):
    """A model file that may not be used; the message says why and what to do (usually: refit)."""


@dataclass(frozen=True, slots=True)
class Card:
    """Model card, one JSON file beside the model.

    Attributes
    ----------
    name, candidate, week : str
    features : tuple of str
    inputs_sha256 : str
        Of the fitted frame (features, target, order).
    model_sha256 : str
        Of the skops file; empty when the candidate needs none.
    fitted_on : int
        Products.
    validation : tuple of dict
        Mean absolute error of every candidate, time-ordered.
    versions : dict
    limits : str
    """

    name: str
    candidate: str
    week: str
    features: tuple[str, ...]
    inputs_sha256: str
    model_sha256: str
    fitted_on: int
    validation: tuple[dict[str, Any], ...]
    versions: dict[str, str]
    limits: str

    def text(self) -> str:
        """The card in plain words."""
        rows = "\n".join(
            f"- {v['name']}: mean absolute error {v['error']:.5f} ± {v['standard_error']:.5f} ({v['folds']} folds in time order)"
            for v in self.validation
        )
        return (
            f"# {self.name}, week {self.week}\n\nKept: {self.candidate}, fitted on {self.fitted_on} products.\n"
            f"Features: {', '.join(self.features)}.\nInputs: sha256 {self.inputs_sha256}.\n"
            f"Versions: {', '.join(f'{name} {version}' for name, version in sorted(self.versions.items()))}.\n\n"
            f"## Validation\n{rows or 'None: too few products, the usual margin of the field stands in.'}\n\n"
            f"## Limits\n{self.limits}\n"
        )


def inputs_hash(features: pl.DataFrame, paid: npt.ArrayLike) -> str:
    """SHA-256 of what a model is fitted on; does not depend on the order of rows."""
    frame = features.with_columns(pl.Series("paid", np.asarray(paid, np.float64)))
    rows = frame.sort(frame.columns)
    return hashlib.sha256(rows.write_csv(float_precision=12).encode()).hexdigest()


def _versions() -> dict[str, str]:
    return {
        "python": platform.python_version(),
        "scikit-learn": sklearn.__version__,
        "numpy": np.__version__,
        "polars": pl.__version__,
    }


def save(model: Expectation, folder: Path, week: str, inputs_sha256: str) -> Card:
    """Write ``expectation.skops`` (where the candidate has a fitted model), its numbers and its card."""
    folder.mkdir(parents=True, exist_ok=True)
    sha = ""
    if model.model is not None:
        path = folder / "expectation.skops"
        skops.io.dump(model.model, path)
        sha = hashlib.sha256(path.read_bytes()).hexdigest()
    card = Card(
        "Expected yield of a product",
        model.name,
        week,
        model.features,
        inputs_sha256,
        sha,
        model.fitted_on,
        tuple(asdict(v) for v in model.validations),
        _versions(),
        LIMITS,
    )
    numbers = {
        "margin": model.margin,
        "noise": model.noise,
        "scores": model.calibration.scores.tolist(),
        "own": model.calibration.own,
        "trimmed": model.calibration.trimmed,
        "tail_from": model.calibration.tail_from,
        "tail_mean": model.calibration.tail_mean,
    }
    (folder / "expectation.json").write_text(
        json.dumps({"card": asdict(card), "numbers": numbers}, sort_keys=True, indent=1)
    )
    (folder / "CARD.md").write_text(card.text(), encoding="utf-8")
    return card


def load(folder: Path) -> tuple[Expectation, Card]:
    """Read a model back.

    Raises
    ------
    RefusedModel
        When the file was changed, holds foreign types, or was made by another major version.
    ForeignFeatures
        When it was fitted on other features than this version uses.
    """
    told = json.loads((folder / "expectation.json").read_text())
    raw = told["card"]
    card = Card(**{**raw, "features": tuple(raw["features"]), "validation": tuple(raw["validation"])})
    if card.features != FEATURES:
        raise ForeignFeatures(
            "the stored model was fitted on other features than this version uses; refit it"
        )
    if card.versions["scikit-learn"].split(".")[:2] != sklearn.__version__.split(".")[:2]:
        raise RefusedModel(
            f"fitted with scikit-learn {card.versions['scikit-learn']}, this is {sklearn.__version__}; refit it"
        )
    model = None
    if card.model_sha256:
        path = folder / "expectation.skops"
        if hashlib.sha256(path.read_bytes()).hexdigest() != card.model_sha256:
            raise RefusedModel("the model file is not the one its card describes; refit it")
        unknown = skops.io.get_untrusted_types(file=path)
        foreign = sorted(set(unknown) - TRUSTED)
        if foreign:
            raise RefusedModel(f"the model file holds types no candidate has: {', '.join(foreign)}; refit it")
        model = skops.io.load(path, trusted=unknown)
    n = told["numbers"]
    calibration = Reference(
        np.asarray(n["scores"], np.float64), n["own"], n["trimmed"], n["tail_from"], n["tail_mean"]
    )
    validations = tuple(Validation(**v) for v in card.validation)
    return (
        Expectation(
            card.candidate,
            model,
            n["margin"],
            (n["noise"][0], n["noise"][1]),
            calibration,
            validations,
            card.fitted_on,
        ),
        card,
    )
