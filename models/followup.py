"""A case is followed until it is put right: states over the weeks, and what people decided.

Works on frames whose rows are findings (columns as in findings.parquet) and reads no clock: what
was known is the previous week's export, the verdicts, and this week's evidence.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Literal

State = Literal["new", "open", "worse", "better", "gone"]

TOLERANCE = 0.01
"""Amounts that moved by no more than one part in a hundred are the same case (calibrated)."""

EVIDENCE_MARK = re.compile(r"\bevidence=([0-9a-f]{16,64})\b")
"""How `lookthrough verdict` notes which evidence was judged, at the end of a verdict's note."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the previous week's export said about a finding.

    Attributes
    ----------
    state : str
    severity : int
    amount_fen : int
    first_week : str
        Week it was first exported.
    """

    state: State
    severity: int
    amount_fen: int
    first_week: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The latest decision of a person about a finding.

    Attributes
    ----------
    verdict : {'confirmed', 'false_positive', 'rectified'}
    decided_on : date
    note : str
    """

    verdict: str
    decided_on: dt.date
    note: str = ""

    @property
    def evidence(self) -> str | None:
        """Digest of the evidence that was judged, where the note says it."""
        match = EVIDENCE_MARK.search(self.note)
        return match[1] if match else None


@dataclass(frozen=True, slots=True)
class Followed:
    """Where a finding stands this week.

    Attributes
    ----------
    state : str
    standing : bool
        Whether it counts in the ranking.
    verdict : str
        ``""``, the verdict, ``refuted_then_new_evidence`` or ``rectified_but_continued``.
    """

    state: State
    standing: bool
    verdict: str = ""


def follow(
    amount_fen: int,
    severity: int,
    last_on: dt.date | None,
    evidence_sha256: str,
    known: Known | None,
    verdict: Verdict | None,
) -> Followed:
    """Say where a finding that fires this week stands.

    A refuted finding stays refuted while its evidence is the same: the digest the verdict
    names, or, where it names none, no flow after the day of the decision. A rectified one is
    put right while no flow of it lies after that day.

    Parameters
    ----------
    amount_fen, severity, last_on
        Of this week's finding.
    evidence_sha256 : str
        Digest of this week's evidence.
    known : Known or None
        The previous week's row.
    verdict : Verdict or None
        Latest verdict on its key.

    Returns
    -------
    Followed
    """
    quiet_since = verdict is not None and (last_on is None or last_on <= verdict.decided_on)
    word = ""
    if verdict is not None:
        if verdict.verdict == "false_positive":
            judged = verdict.evidence
            same = evidence_sha256.startswith(judged) if judged else quiet_since
            if same:
                return Followed("gone", False, "false_positive")
            word = "refuted_then_new_evidence"
        elif verdict.verdict == "rectified":
            if quiet_since:
                return Followed("gone", False, "rectified")
            word = "rectified_but_continued"
        else:
            word = verdict.verdict
    if known is None or known.state == "gone":
        return Followed("new", True, word)
    change = amount_fen - known.amount_fen
    margin = TOLERANCE * max(known.amount_fen, 1)
    if severity > known.severity or (severity == known.severity and change > margin):
        return Followed("worse", True, word)
    if severity < known.severity or change < -margin:
        return Followed("better", True, word)
    return Followed("open", True, word)
