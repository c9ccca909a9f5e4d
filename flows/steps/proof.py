"""What a backtest says of the score learned from verdicts: written by it, named in the settings of a run.

Without such a file the rule score ranks and the learned one stands beside it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from flows.steps.errors import ConfigurationError
from models.ranking_proof import Proof, Trial, prove

if TYPE_CHECKING:
    from flows.steps.backtest import Replayed

FILE = "proof.json"


def decided(replayed: Sequence[Replayed]) -> dict[str, bool]:
    """What people had decided by the last week: institution to worth an alert or not; the latest word counts."""
    word: dict[str, bool] = {}
    for r in replayed:
        word |= dict.fromkeys(r.confirmed, True) | dict.fromkeys(r.refuted, False)
    return word


def compare(replayed: Sequence[Replayed]) -> Proof:
    """Set both scores beside what was decided only after each week."""
    word = decided(replayed)
    known: set[str] = set()
    trials = []
    for r in replayed:
        known |= r.confirmed | r.refuted
        trials += [
            Trial(r.week, s.institution_id, s.points, s.learned, word[s.institution_id])
            for s in r.seen
            if s.learned is not None and s.institution_id in word and s.institution_id not in known
        ]
    return prove(trials)


def write(found: Proof, first: str, last: str, out: Path) -> None:
    """Write ``proof.json``."""
    told = {"from": first, "to": last, **asdict(found)}
    (out / FILE).write_text(json.dumps(told, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def learned_ranks(path: Path | None) -> bool:
    """Whether the learned score may rank: a proof is named, and it says so.

    Raises
    ------
    ConfigurationError
        When the file cannot be read, or says that the learned score has not proved itself.
    """
    if path is None:
        return False
    try:
        told = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        raise ConfigurationError(
            f"The proof {path} cannot be read; name a {FILE} that `lookthrough backtest` wrote."
        ) from None
    if not isinstance(told, Mapping) or told.get("proved") is not True:
        raise ConfigurationError(
            f"{path} does not say that the learned score has proved itself; take `proof` out of the settings."
        )
    return True
