"""evidence.parquet: the statement lines and register rows that make up the findings."""

from __future__ import annotations

from pathlib import Path

from flows.steps.exports._tables import write_parquet
from flows.steps.result import WeekResult


def write(result: WeekResult, folder: Path) -> None:
    """Write one Parquet file; too long for a spreadsheet."""
    write_parquet(result.evidence, folder / "evidence.parquet")
