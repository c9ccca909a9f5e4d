"""Models on disk, and the signs of payouts that do not come from income."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import skops.io

from models.typologies._yields import features
from models.yields.candidates import candidates, fit_one
from models.yields.card import RefusedModel, inputs_hash, load, save
from models.yields.expectation import ForeignFeatures, matrix
from models.yields.signs import evenness, growth_needed, solvency_horizon
from tests.models.yields.test_expectation import _p_values, _world


def test_a_model_comes_back_as_it_was(tmp_path: Path) -> None:
    _, frame, model = _world(1_000, 40, 2)
    known = frame.filter(pl.col("paid_rate").is_not_null())
    card = save(model, tmp_path, "2016-W26", inputs_hash(features(known), known["paid_rate"].to_numpy()))
    back, told = load(tmp_path)
    assert told == card
    assert np.array_equal(_p_values(frame, back), _p_values(frame, model), equal_nan=True)
    assert "mean absolute error" in (tmp_path / "CARD.md").read_text(encoding="utf-8")


def test_inputs_are_told_apart_but_not_by_order() -> None:
    _, frame, _ = _world(1_000, 40, 2)
    known = frame.filter(pl.col("paid_rate").is_not_null())
    again = known.sample(fraction=1.0, shuffle=True, seed=4)
    one = inputs_hash(features(known), known["paid_rate"].to_numpy())
    assert one == inputs_hash(features(again), again["paid_rate"].to_numpy())
    assert one != inputs_hash(features(known), known["paid_rate"].to_numpy() + 1e-6)


def test_changed_or_foreign_models_are_refused(tmp_path: Path) -> None:
    _, _, model = _world(1_000, 40, 2)
    save(model, tmp_path, "2016-W26", "0")
    told = json.loads((tmp_path / "expectation.json").read_text())
    assert told["card"]["model_sha256"], "the test needs a candidate with a model"
    told["card"]["features"] = told["card"]["features"][:-1]
    (tmp_path / "expectation.json").write_text(json.dumps(told))
    with pytest.raises(ForeignFeatures):
        load(tmp_path)
    save(model, tmp_path, "2016-W26", "0")
    (tmp_path / "expectation.skops").write_bytes((tmp_path / "expectation.skops").read_bytes() + b" ")
    with pytest.raises(RefusedModel):
        load(tmp_path)


@pytest.mark.parametrize("foreign", [eval, np.testing.assert_equal, Path("x")], ids=["eval", "numpy", "path"])
def test_a_file_with_foreign_code_is_refused_even_where_its_card_fits(
    tmp_path: Path, foreign: object
) -> None:
    _, _, model = _world(1_000, 40, 2)
    save(model, tmp_path, "2016-W26", "0")
    skops.io.dump({"model": model.model, "more": foreign}, tmp_path / "expectation.skops")
    told = json.loads((tmp_path / "expectation.json").read_text())
    told["card"]["model_sha256"] = hashlib.sha256((tmp_path / "expectation.skops").read_bytes()).hexdigest()
    (tmp_path / "expectation.json").write_text(json.dumps(told))
    with pytest.raises(RefusedModel, match="no candidate has"):
        load(tmp_path)


@pytest.mark.parametrize("name", list(candidates()))
def test_every_candidate_can_be_stored_and_read_back(tmp_path: Path, name: str) -> None:
    _, frame, model = _world(1_000, 40, 2)
    known = frame.filter(pl.col("paid_rate").is_not_null())
    x = matrix(features(known))
    fitted = fit_one(name, x, known["paid_rate"].to_numpy() - x[:, 0])
    save(dataclasses.replace(model, name=name, model=fitted), tmp_path, "2016-W26", "0")
    back, _ = load(tmp_path)
    assert (back.model is None) == (fitted is None)
    again = dataclasses.replace(model, name=name, model=fitted).predict(features(known))
    assert np.array_equal(back.predict(features(known)), again)


def test_payouts_too_even_for_their_source() -> None:
    draw = np.random.default_rng(5)
    income = draw.lognormal(10, 0.5, 20)
    honest, smoothed = (
        evenness(income * 0.97, income),
        evenness(np.full(20, 30_000.0) + draw.normal(0, 50, 20), income),
    )
    assert honest.ratio == pytest.approx(1.0, abs=0.01)
    assert honest.correlation == pytest.approx(1.0)
    assert smoothed.ratio < 0.05
    assert smoothed.correlation < 0.6


def test_when_money_runs_out() -> None:
    as_of = dt.date(2016, 7, 3)
    draw = np.random.default_rng(6)
    deposits, paid = 100 + draw.normal(0, 10, 26), 120 + draw.normal(0, 10, 26)
    dry = solvency_horizon(200.0, deposits, np.zeros(26), paid, as_of)
    assert 4 <= dry.low <= dry.weeks <= dry.high <= 40
    assert dry.on is not None
    assert dry.on > as_of
    assert dry.chance > 0.9
    sound = solvency_horizon(200.0, deposits, np.full(26, 40.0), paid, as_of)
    assert sound.weeks == float("inf")
    assert sound.chance < 0.05
    assert solvency_horizon(1.0, [1], [0], [2], as_of).on is None


def test_growth_needed_to_go_on_paying() -> None:
    assert growth_needed(1_000, 0.20, 50) == pytest.approx(0.15)
    assert growth_needed(1_000, 0.10, 120) < 0
