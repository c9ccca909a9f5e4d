"""From a backtest's comparison to a run that ranks by what verdicts taught, and never without."""

from __future__ import annotations

import datetime as dt
import json
from types import SimpleNamespace

import polars as pl
import pytest

from flows.steps import backtest_report, proof, standings
from flows.steps.backtest import Replayed, Seen
from flows.steps.errors import ConfigurationError
from flows.steps.result import FINDINGS_SCHEMA
from models.ranking import Exposure
from models.ranking_proof import LEAST_EACH, LEAST_WEEKS

SUNDAY = dt.date(2016, 7, 3)


def _week(k: int, confirmed: int, refuted: int, learned: bool = True) -> Replayed:
    """Twenty institutions the rule score has upside down; the first ten are worth an alert."""
    seen = tuple(
        Seen(f"A{i:02d}", i + 1, 100 * i, "rectify", None, (), 100 * (20 - i) if learned else None)
        for i in range(20)
    )
    return Replayed(
        f"2016-W{k}",
        seen,
        (),
        frozenset(f"A{i:02d}" for i in range(confirmed)),
        frozenset(f"A{10 + i}" for i in range(refuted)),
    )


def test_only_what_was_decided_later_is_compared() -> None:
    weeks = [*(_week(10 + k, 2, 3) for k in range(LEAST_WEEKS)), _week(30, 10, 10)]
    found = proof.compare(weeks)
    assert (found.confirmed, found.refuted, found.weeks) == (8, 7, LEAST_WEEKS)
    assert (found.rule, found.learned, found.proved) == (0.0, 1.0, True)


def test_weeks_without_a_learned_score_and_decisions_known_by_then_prove_nothing() -> None:
    assert not proof.compare(
        [_week(10 + k, 2, 2, learned=False) for k in range(8)] + [_week(30, 10, 10)]
    ).proved
    known = proof.compare([_week(10 + k, 10, 10) for k in range(8)])
    assert (known.weeks, known.confirmed, known.refuted) == (0, 0, 0)
    assert LEAST_EACH > 0


def test_a_proof_is_written_and_read_and_nothing_less_will_do(tmp_path) -> None:
    weeks = [*(_week(10 + k, 2, 3) for k in range(8)), _week(30, 10, 10)]
    proof.write(proof.compare(weeks), "2016-W10", "2016-W30", tmp_path)
    assert proof.learned_ranks(tmp_path / proof.FILE)
    assert not proof.learned_ranks(None)
    proof.write(proof.compare(weeks[-1:]), "2016-W30", "2016-W30", tmp_path)
    with pytest.raises(ConfigurationError, match="has proved itself"):
        proof.learned_ranks(tmp_path / proof.FILE)
    (tmp_path / "odd.json").write_text(json.dumps(["proved"]))
    for path in ("odd.json", "none.json"):
        with pytest.raises(ConfigurationError):
            proof.learned_ranks(tmp_path / path)


def test_people_decide_what_was_worth_an_alert_and_hindsight_the_rest() -> None:
    def week(confirmed: set[str], refuted: set[str]) -> Replayed:
        seen = tuple(
            Seen(i, 1, 5000, tier, None, ())
            for i, tier in (("A", "close_down"), ("B", "close_down"), ("C", "watch"))
        )
        return Replayed("2016-W20", seen, (), frozenset(confirmed), frozenset(refuted))

    assert backtest_report.labels([week(set(), set())]) == ({"A", "B"}, "hindsight of the last week")
    wanted, known_from = backtest_report.labels([week({"C"}, set()), week({"C"}, {"B"})])
    assert wanted == {"A", "C"}
    assert known_from.startswith("verdicts")


@pytest.fixture
def office(monkeypatch):
    """Sixty institutions with one finding each: tip clusters were all refuted but one, fund pools all confirmed."""
    rows = []
    for i in range(60):
        noisy = i % 2 == 0
        decided = i < 58
        verdict = "" if not decided else "false_positive" if noisy else "confirmed"
        rows.append(
            {
                "finding_key": f"{i:016d}",
                "institution_id": f"A{i:02d}",
                "typology": "tip-cluster" if noisy else "fund-pool",
                "clause": "三(三)",
                "severity": 3,
                "confidence": 0.9 if noisy else 0.8,
                "amount": 0,
                "clients": 0,
                "verdict": verdict,
                "standing": verdict != "false_positive",
            }
        )
    findings = pl.DataFrame(
        [{c: row.get(c) for c in FINDINGS_SCHEMA} for row in rows], schema=FINDINGS_SCHEMA, strict=False
    )
    names = [f"A{i:02d}" for i in range(60)]
    monkeypatch.setattr(standings.exposure_of, "exposures", lambda *_: {i: Exposure() for i in names})
    registered = pl.DataFrame(
        {
            "institution_id": names,
            "name": names,
            "sector": ["p2p"] * 60,
            "district": [""] * 60,
            "licence_status": ["none"] * 60,
        }
    )
    accounts = pl.DataFrame(schema={"account_no": pl.String, "holder_name": pl.String})
    tables = {"mart_institution": registered, "mart_account": accounts}
    return findings, SimpleNamespace(table=lambda name, _columns: tables[name])


def test_the_rule_score_ranks_until_a_proof_lets_the_learned_one(office) -> None:
    findings, marts = office
    rule = {r.institution_id: r for r in standings.standings(findings, marts, SUNDAY, None)}
    learned = {r.institution_id: r for r in standings.standings(findings, marts, SUNDAY, None, True)}
    noisy, sure = "A58", "A59"
    assert rule[noisy].rank < rule[sure].rank
    assert learned[noisy].rank > learned[sure].rank
    for i in (noisy, sure):
        assert rule[i].points == rule[i].rule_points == learned[i].rule_points
        assert learned[i].points == learned[i].learned_points == rule[i].learned_points
        assert sum(c.points for c in learned[i].contributions) == learned[i].points
        assert learned[i].decision == rule[i].decision


def test_without_verdicts_a_proof_changes_nothing(office) -> None:
    findings, marts = office
    bare = findings.with_columns(pl.lit("").alias("verdict"), pl.lit(True).alias("standing"))
    assert standings.standings(bare, marts, SUNDAY, None, True) == standings.standings(
        bare, marts, SUNDAY, None
    )
