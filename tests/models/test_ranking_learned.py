"""Learning from verdicts: only with enough of them, only when better, never dependent on order."""

from __future__ import annotations

import dataclasses
import random

from models.ranking_learned import MIN_VERDICTS, Judged, learn


def finding(k: int, code: str, outcome: bool | None, confidence: float = 0.8) -> Judged:
    return Judged(f"{k:04d}", f"A{k % 17}", code, 3, confidence, 1_000_000_00, outcome)


def office(n: int = 120) -> list[Judged]:
    """One typology is nearly always confirmed here, another nearly always refuted."""
    good = [finding(k, "fund-pool", k % 12 != 0) for k in range(n // 2)]
    bad = [finding(n + k, "tip-cluster", k % 12 == 0) for k in range(n // 2)]
    return [*good, *bad, finding(9998, "fund-pool", None), finding(9999, "tip-cluster", None)]


def test_no_verdicts_no_learned_score():
    assert learn([finding(k, "fund-pool", None) for k in range(100)]) is None


def test_too_few_or_one_sided_verdicts_teach_nothing():
    assert learn(office(MIN_VERDICTS // 2)) is None
    assert learn([finding(k, "fund-pool", True) for k in range(100)]) is None


def test_verdicts_tell_a_good_typology_from_a_noisy_one():
    taught = learn(office())
    assert taught is not None
    assert taught.brier < taught.brier_stated
    assert taught.probability["9998"] > 0.8 > 0.2 > taught.probability["9999"]


def test_order_plays_no_part():
    findings = office()
    shuffled = findings[:]
    random.Random(1).shuffle(shuffled)
    assert learn(shuffled) == learn(findings)


def test_a_model_no_better_than_the_stated_confidence_is_not_offered():
    perfect = [finding(k, "fund-pool", k % 2 == 0, 1.0 if k % 2 == 0 else 0.0) for k in range(80)]
    assert learn(perfect) is None


def test_what_is_graver_surer_or_larger_never_counts_for_less():
    """An office that refuted the grave, sure and large ones most often teaches no score that rewards being them."""
    taught_by = []
    for k in range(160):
        worse = k % 2 == 0
        taught_by.append(
            Judged(
                f"{k:04d}",
                f"A{k % 17}",
                "fund-pool",
                5 if worse else 2,
                0.9 if worse else 0.6,
                10**12 if worse else 10**7,
                k % 8 == 0 if worse else k % 8 != 1,
            )
        )
    base = Judged("x0", "A1", "fund-pool", 2, 0.6, 10**7)
    worse_ones = [
        dataclasses.replace(base, finding_key="x1", severity=5),
        dataclasses.replace(base, finding_key="x2", confidence=0.95),
        dataclasses.replace(base, finding_key="x3", amount_fen=10**13),
    ]
    taught = learn([*taught_by, base, *worse_ones])
    assert taught is not None
    assert all(taught.probability[f.finding_key] >= taught.probability["x0"] for f in worse_ones)
