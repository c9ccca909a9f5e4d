"""ingest.csv: a row a delivered file, junk included."""

from __future__ import annotations

from pathlib import Path

from flows.steps.exports._tables import write_csv
from flows.steps.result import WeekResult


def write(result: WeekResult, folder: Path) -> None:
    """Write the account of rows."""
    write_csv(result.ingest, folder / "ingest.csv")
