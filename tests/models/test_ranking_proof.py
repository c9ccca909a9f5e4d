"""A learned score is proved by decisions it did not know, beyond chance, or it is not proved."""

from __future__ import annotations

import random

import numpy as np
import pytest

from models.ranking_proof import LEAST_EACH, LEAST_WEEKS, Trial, prove

WEEKS = [f"2016-W{k:02d}" for k in range(10, 20)]


def office(better: float, seed: int = 1, each: int = 12, weeks: int = len(WEEKS)) -> list[Trial]:
    """Both scores are noise of one size round what is so; the learned one sees `better` times as clearly."""
    draw = np.random.default_rng(seed)
    made = []
    for i in range(2 * each):
        worth = i < each
        own = draw.normal(0, 300, 2)
        for week in WEEKS[:weeks]:
            rule, learned = own + draw.normal(0, 50, 2)
            made.append(
                Trial(
                    week,
                    f"A{i:02d}",
                    round(5000 + rule + 150 * worth),
                    round(5000 + learned + 150 * better * worth),
                    worth,
                )
            )
    return made


def test_a_clearly_better_order_is_proved() -> None:
    found = prove(office(6))
    assert found.proved
    assert found.learned is not None
    assert found.rule is not None
    assert found.learned > found.rule
    assert "has proved itself" in found.text()


def test_an_order_no_better_is_hardly_ever_proved() -> None:
    assert sum(prove(office(1, seed)).proved for seed in range(40)) <= 5


def test_a_worse_order_is_not_proved() -> None:
    found = prove(office(-3))
    assert not found.proved
    assert "has not proved itself" in found.text()


@pytest.mark.parametrize(
    "few",
    [
        pytest.param([], id="no verdicts"),
        pytest.param(office(6, each=LEAST_EACH - 1), id="few institutions"),
        pytest.param(office(6, weeks=LEAST_WEEKS - 1), id="few weeks"),
        pytest.param([t for t in office(6) if t.worth], id="nobody refuted"),
    ],
)
def test_too_little_proves_nothing(few: list[Trial]) -> None:
    found = prove(few)
    assert not found.proved
    assert found.gain is None
    assert "nothing proved" in found.text()


def test_order_plays_no_part() -> None:
    trials = office(3)
    shuffled = trials[:]
    random.Random(4).shuffle(shuffled)
    assert prove(shuffled) == prove(trials)


def test_ties_count_half() -> None:
    flat = [Trial(t.week, t.institution_id, 100, 100, t.worth) for t in office(1)]
    found = prove(flat)
    assert (found.rule, found.learned, found.gain) == (0.5, 0.5, (0.0, 0.0))
