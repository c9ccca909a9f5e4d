"""findings.csv and findings.parquet: a row a finding."""

from __future__ import annotations

from pathlib import Path

from flows.steps.exports._tables import write_csv, write_parquet
from flows.steps.result import WeekResult


def write(result: WeekResult, folder: Path) -> None:
    """Write both forms."""
    write_csv(result.findings, folder / "findings.csv")
    write_parquet(result.findings, folder / "findings.parquet")
