"""quarantine.csv: every row that was not accepted, verbatim, with its reason."""

from __future__ import annotations

from pathlib import Path

from flows.steps.exports._tables import write_csv
from flows.steps.result import WeekResult


def write(result: WeekResult, folder: Path) -> None:
    """Write one CSV; verbatim but for the apostrophe before a cell that would run as a formula."""
    write_csv(result.quarantine, folder / "quarantine.csv")
