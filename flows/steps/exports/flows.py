"""flows.parquet: where clients' money went and what paid the clients, by institution and class."""

from __future__ import annotations

from pathlib import Path

from flows.steps.exports._tables import write_parquet
from flows.steps.result import WeekResult


def write(result: WeekResult, folder: Path) -> None:
    """Write one Parquet file."""
    write_parquet(result.flows, folder / "flows.parquet")
