"""The last week exported before this one: what was known then."""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from models.followup import Known

_WEEK = re.compile(r"\d{4}-W\d{2}")
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Previous:
    """An earlier week's exports.

    Attributes
    ----------
    week : str
    ranking, findings, evidence : polars.DataFrame
        As exported.
    """

    week: str
    ranking: pl.DataFrame
    findings: pl.DataFrame
    evidence: pl.DataFrame

    def known(self) -> dict[str, Known]:
        """What was said of each finding, by key."""
        rows = self.findings.select("finding_key", "state", "severity", "amount", "first_week").iter_rows()
        return {
            key: Known(state, severity, int(amount * 100), first_week or self.week)
            for key, state, severity, amount, first_week in rows
        }

    def ranks(self) -> dict[str, int]:
        """Rank of each institution then."""
        return dict(self.ranking.select("institution_id", "rank").iter_rows())

    def rectify_since(self) -> dict[str, dt.date]:
        """Sunday since when `rectify` had been proposed, for those it was."""
        rows = self.ranking.filter(pl.col("rectify_since").is_not_null())
        return dict(rows.select("institution_id", "rectify_since").iter_rows())

    def gone(self, present: set[str], week: str) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Findings that stood then and do not fire now, with the evidence they had.

        Parameters
        ----------
        present : set of str
            Keys that fire this week.
        week : str
            This week.

        Returns
        -------
        findings, evidence : polars.DataFrame
            State ``gone``, not standing; told once, then dropped.
        """
        rows = self.findings.filter(
            (pl.col("state") != "gone") & ~pl.col("finding_key").is_in(sorted(present))
        ).with_columns(
            pl.lit(week).alias("week"),
            pl.lit("gone").alias("state"),
            pl.lit(False).alias("standing"),
            pl.col("amount").alias("previous_amount"),
        )
        keys = rows["finding_key"].to_list()
        return rows, self.evidence.filter(pl.col("finding_key").is_in(keys))


def find(exports: Path, week: str) -> str | None:
    """Name the latest complete week before `week` under the exports folder, if any."""
    if not exports.is_dir():
        return None
    earlier = [
        p.name
        for p in exports.iterdir()
        if _WEEK.fullmatch(p.name) and p.name < week and (p / MANIFEST).is_file()
    ]
    return max(earlier, default=None)


def read(exports: Path, week: str) -> Previous:
    """Read a complete week's exports."""
    folder = exports / week
    return Previous(
        week=week,
        ranking=pl.read_parquet(folder / "ranking.parquet"),
        findings=pl.read_parquet(folder / "findings.parquet"),
        evidence=pl.read_parquet(folder / "evidence.parquet"),
    )


def manifest_week(folder: Path) -> dict[str, object] | None:
    """Return a week's manifest, or None when there is none that can be read."""
    try:
        loaded = json.loads((folder / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return loaded if isinstance(loaded, dict) else None
