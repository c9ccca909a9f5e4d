"""Following a case: states over the weeks and what verdicts do."""

from __future__ import annotations

import datetime as dt

import pytest

from models.followup import Known, Verdict, follow

LAST = dt.date(2016, 6, 20)
BEFORE, AFTER = dt.date(2016, 6, 19), dt.date(2016, 6, 21)
SHA = "ab" * 32


def known(amount=100_000, severity=3, state="open"):
    return Known(state, severity, amount, "2016-W20")


@pytest.mark.parametrize(
    ("amount", "severity", "before", "state"),
    [
        (100_000, 3, None, "new"),
        (100_000, 3, known(state="gone"), "new"),
        (100_000, 3, known(), "open"),
        (100_900, 3, known(), "open"),
        (120_000, 3, known(), "worse"),
        (80_000, 3, known(), "better"),
        (80_000, 4, known(), "worse"),
        (120_000, 2, known(), "better"),
    ],
)
def test_states_against_the_last_week(amount, severity, before, state):
    assert follow(amount, severity, LAST, SHA, before, None).state == state


def test_a_refuted_finding_is_gone_while_the_judged_evidence_is_the_same():
    verdict = Verdict("false_positive", BEFORE, f"looked into it [2016-W25 evidence={SHA[:32]}]")
    place = follow(1, 3, LAST, SHA, known(), verdict)
    assert (place.state, place.standing) == ("gone", False)


def test_new_evidence_reopens_a_refuted_finding():
    verdict = Verdict("false_positive", AFTER, f"evidence={SHA[:32]}")
    place = follow(100_000, 3, LAST, "cd" * 32, known(), verdict)
    assert place.standing
    assert place.verdict == "refuted_then_new_evidence"


def test_without_a_digest_flows_after_the_decision_reopen_it():
    assert not follow(1, 3, LAST, SHA, None, Verdict("false_positive", AFTER)).standing
    assert follow(1, 3, LAST, SHA, None, Verdict("false_positive", BEFORE)).standing


def test_rectified_is_checked_against_the_flows_that_came_after():
    kept = follow(1, 3, LAST, SHA, known(), Verdict("rectified", AFTER))
    broken = follow(100_000, 3, LAST, SHA, known(), Verdict("rectified", BEFORE))
    assert (kept.state, kept.standing) == ("gone", False)
    assert broken.standing
    assert broken.verdict == "rectified_but_continued"


def test_a_confirmed_finding_stands():
    assert follow(100_000, 3, LAST, SHA, known(), Verdict("confirmed", AFTER)).verdict == "confirmed"
