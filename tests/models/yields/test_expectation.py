"""The honest error rate, and that planted excesses of three points are all found."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import polars as pl
import pytest

from models.typologies._yields import features
from models.yields.conformal import benjamini_hochberg, reference
from models.yields.expectation import FEATURES, Expectation, ForeignFeatures, fit
from models.yields.returns import holding_returns, product_returns, project_returns
from tests.models.yields.honest import BEGIN, Region, region


def _frame(world: Region) -> pl.DataFrame:
    returns = product_returns(holding_returns(world.holdings, world.paid, BEGIN.replace(year=2015, month=1)))
    projects = project_returns(world.projects, world.lines).rename({"project_id": "product_id"})
    return (
        world.products.join(returns, on="product_id", how="left")
        .join(projects, on="product_id", how="left")
        .with_columns(
            project_rate=pl.coalesce("cash_rate", "contract_rate"),
            industry_yield=pl.lit(0.11),
            sector=pl.lit("p2p"),
        )
        .sort("product_id")
    )


@functools.cache
def _world(honest: int, planted: int, seed: int) -> tuple[Region, pl.DataFrame, Expectation]:
    world = region(honest, planted, seed)
    frame = _frame(world)
    known = frame.filter(pl.col("paid_rate").is_not_null())
    days = known["issued_on"].cast(pl.Int32).to_numpy()
    return world, frame, fit(features(known), known["paid_rate"].to_numpy(), days)


def _p_values(frame: pl.DataFrame, model: Expectation) -> np.ndarray:
    return model.p_values(features(frame), frame["paid_rate"].cast(pl.Float64).to_numpy())


@pytest.mark.parametrize("seed", [1, 5])
def test_a_thousand_honest_products_stay_within_the_stated_error_rate(seed: int) -> None:
    _, frame, model = _world(1_000, 0, seed)
    p = _p_values(frame, model)
    said = np.isfinite(p)
    assert said.mean() > 0.85
    assert (p[said] <= 0.01).mean() <= 0.01 + 2.33 * np.sqrt(0.01 * 0.99 / said.sum())
    found, _ = benjamini_hochberg(p, 0.01)
    assert found.sum() == 0


@pytest.mark.parametrize("seed", [2, 101, 102])
def test_every_planted_excess_of_three_points_is_found(seed: int) -> None:
    world, frame, model = _world(1_000, 40, seed)
    found, q = benjamini_hochberg(_p_values(frame, model), 0.01)
    names = set(frame.filter(pl.Series(found))["product_id"])
    said = set(frame.filter(pl.col("paid_rate").is_not_null())["product_id"])
    assert world.planted & said <= names
    assert len(names - world.planted) <= 2
    assert np.nanmax(q[found]) <= 0.01


def test_the_interval_covers_what_it_says() -> None:
    _, frame, model = _world(1_000, 0, 1)
    upper = model.upper(features(frame), 0.95)
    paid = frame["paid_rate"].to_numpy()
    said = np.isfinite(paid.astype(float))
    assert 0.93 <= (paid[said] <= upper[said]).mean() <= 1.0


def test_the_first_week_leans_on_the_prior() -> None:
    _, frame, _ = _world(1_000, 40, 2)
    few = pl.concat([frame.head(12), frame.filter("bad").head(2)])
    few = few.filter(pl.col("paid_rate").is_not_null())
    model = fit(features(few), few["paid_rate"].to_numpy(), few["issued_on"].cast(pl.Int32).to_numpy())
    assert model.name == "prior margin"
    p = _p_values(few, model)
    assert p[few["bad"].to_numpy()].max() < p[~few["bad"].to_numpy()].min()


def test_the_simplest_candidate_as_good_as_the_best_is_kept() -> None:
    _, _, model = _world(1_000, 0, 1)
    best = min(model.validations, key=lambda v: v.error)
    kept = next(v for v in model.validations if v.name == model.name)
    assert kept.error <= best.error + best.standard_error
    assert len(model.validations) == 5


def test_foreign_features_are_refused() -> None:
    _, frame, model = _world(1_000, 0, 1)
    with pytest.raises(ForeignFeatures):
        model.predict(features(frame).rename({"late_days": "lateness"}))
    other = dataclasses.replace(model, features=FEATURES[:-1])
    with pytest.raises(ForeignFeatures):
        other.predict(features(frame))


def test_false_discoveries_are_held_over_many_products() -> None:
    draw = np.random.default_rng(3)
    share = []
    for _ in range(50):
        honest = draw.normal(size=500)
        p = reference(honest, 1.0).p_values(np.concatenate((honest, draw.normal(9, 1, 20))))
        found, _ = benjamini_hochberg(p, 0.05)
        assert found[500:].all()
        share.append(found[:500].sum() / max(1, found.sum()))
    assert np.mean(share) <= 0.05


def test_offenders_alike_do_not_hide_each_other() -> None:
    draw = np.random.default_rng(4)
    honest, planted = draw.normal(size=1_000), draw.normal(6.0, 0.7, 60)
    p = reference(np.concatenate((honest, planted)), 1.0).p_values(np.concatenate((honest, planted)))
    found, _ = benjamini_hochberg(p, 0.01)
    assert found[1_000:].all()
    assert found[:1_000].sum() <= 1


def test_heavy_tails_of_honest_scores_are_seldom_taken_for_offenders() -> None:
    draw = np.random.default_rng(5)
    weeks = [draw.standard_t(5, 1_000) for _ in range(60)]
    found = [benjamini_hochberg(reference(s, 1.0).p_values(s), 0.01)[0].sum() for s in weeks]
    assert np.mean(found) <= 0.2
    assert np.mean([(reference(s, 1.0).p_values(s) <= 0.01).mean() for s in weeks]) <= 0.01


def test_p_values_fall_and_never_reach_zero() -> None:
    r = reference(np.random.default_rng(1).normal(size=300), 1.0)
    p = r.p_values(np.linspace(-3, 12, 200))
    assert (np.diff(p) <= 0).all()
    assert p[-1] > 0
    assert np.isnan(r.p_values([np.nan]))[0]
