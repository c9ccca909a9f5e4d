"""Record an office's decisions about findings: each one a delivery of the `verdicts` register.

A decision is a file of its own in the landing zone, so recording never rewrites what was delivered
and the next run reads it like any other register. The note ends with the digest of the evidence
that was judged: a refuted finding stays refuted while its evidence is the same.
"""

from __future__ import annotations

import csv
import datetime as dt
import os
from dataclasses import dataclass
from pathlib import Path

from flows.steps import previous
from flows.steps import week as weeks
from flows.steps.errors import ConfigurationError
from flows.steps.exports._tables import neutral

FOLDER = "verdicts"
DIGITS = 32


@dataclass(frozen=True, slots=True)
class Recorded:
    """A decision written down.

    Attributes
    ----------
    path : Path
    from_week : str
        First week whose run sees it.
    """

    path: Path
    from_week: str


def record(landing: Path, exports: Path, finding_key: str, verdict: str, note: str, day: dt.date) -> Recorded:
    """Write one decision into the landing zone.

    Parameters
    ----------
    landing, exports : Path
    finding_key : str
        Must stand in an exported week.
    verdict : {'confirmed', 'false_positive', 'rectified'}
    note : str
    day : date
        Day of the decision.

    Returns
    -------
    Recorded

    Raises
    ------
    ConfigurationError
        When no exported week holds the key.
    """
    week, digest = _judged(exports, finding_key)
    if not landing.is_dir():
        raise ConfigurationError(f"The landing folder {landing} does not exist; name it with --landing.")
    folder = landing / FOLDER
    folder.mkdir(exist_ok=True)
    taken = sorted(p.name for p in folder.glob(f"verdicts_{day:%Y-%m-%d}_*.csv"))
    # Sorted by path, the later decision of a day comes later: the register's rule for replacing rows.
    path = folder / f"verdicts_{day:%Y-%m-%d}_{len(taken) + 1:04d}_{finding_key}.csv"
    text = f"{neutral(note.strip())} [{week} evidence={digest[:DIGITS]}]".strip()
    fresh = folder / f".{path.name}.new"
    with fresh.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["finding_key", "verdict", "decided_on", "note"])
        writer.writerow([finding_key, verdict, day.isoformat(), text])
    os.replace(fresh, path)
    return Recorded(path, weeks.of(day))


def _judged(exports: Path, finding_key: str) -> tuple[str, str]:
    """Latest exported week that holds the finding, and the digest of its evidence then."""
    import polars as pl

    for week in sorted((p.name for p in exports.glob("*-W*") if p.is_dir()), reverse=True):
        path = exports / week / "findings.parquet"
        if (exports / week / previous.MANIFEST).is_file() and path.is_file():
            rows = pl.read_parquet(path).filter(pl.col("finding_key") == finding_key)
            if rows.height:
                return week, str(rows["evidence_sha256"][0])
    raise ConfigurationError(f"No exported week below {exports} holds the finding {finding_key}.")
