"""Read statement files by others and print a table, file by file (``make corpora``).

Two kinds, neither part of the project; where the folder is missing there is nothing to do. Single files
(``real/``) go through the readers: what was read, and why anything was not. Whole deliveries
(``worlds/*.tar.gz``) go through ingest, and the scorer that comes with them says how far the account of
rows is from what was delivered; the answers themselves are the scorer's alone to read.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console
from rich.table import Table

from flows.steps.exports._tables import write_csv
from flows.steps.formats import ReadOptions, Source, read_statement
from flows.steps.ingest import DELIVERIES, ingest
from flows.steps.run import ingest_frame, quarantine_frame

DEFAULT = Path(__file__).resolve().parents[2] / "shared"
SKIPPED = {".md", ".yml", ".yaml", ".py"}
LICENCE = "LICENSE"
WEEK = "2016-W26"


@dataclass(frozen=True)
class Reading:
    """What ingest asks for."""

    workers: int = 2
    lock_wait_seconds: float = 0.0


def statements(root: Path) -> Iterator[Path]:
    """Yield the statement files below `root`, sorted."""
    for path in sorted(root.rglob("*")):
        if path.is_file() and path.suffix not in SKIPPED and path.name != LICENCE:
            yield path


def read_files(root: Path, console: Console) -> int:
    """Print the table of single files; return how many do not add up."""
    table = Table(title=f"Statement files by others ({root.name})", show_lines=False)
    for heading in ("file", "format", "read", "accepted", "quarantined", "ignored", "first", "last", "told"):
        table.add_column(heading, overflow="fold")
    wrong = 0
    for path in statements(root):
        result = read_statement(Source.of_path(path), ReadOptions())
        lines = result.lines.select("booked_at").collect()["booked_at"]
        counts = (result.rows_read, result.rows_accepted, result.rows_quarantined, result.rows_ignored)
        wrong += counts[0] != sum(counts[1:])
        days = [str(each.date()) if each else "" for each in (lines.min(), lines.max())]
        told = [result.problem] if result.problem else []
        reasons = result.quarantine["reason"].value_counts(sort=True).rows()
        told += [f"{count} × {reason}" for reason, count in reasons] + result.warnings
        table.add_row(str(path.relative_to(root)), result.format, *map(str, counts), *days, "; ".join(told))
    console.print(table)
    return wrong


def read_world(packed: Path, scorer: Path, console: Console) -> int:
    """Ingest a whole delivery, print its files and the score of the account; return what is amiss."""
    with tempfile.TemporaryDirectory(prefix="lookthrough-corpora-") as folder:
        base = Path(folder)
        with tarfile.open(packed) as archive:
            archive.extractall(base, filter="data")
        landing = next(base.glob("*/landing"))
        ingest(landing, base / "lake", Reading())
        deliveries = pl.read_parquet(base / "lake" / DELIVERIES)
        exports = base / "exports" / WEEK
        exports.mkdir(parents=True)
        write_csv(ingest_frame(deliveries), exports / "ingest.csv")
        write_csv(quarantine_frame(deliveries, base / "lake"), exports / "quarantine.csv")
        console.print(_by_format(packed.name, deliveries), _refused(deliveries))
        strange = _strange_accounts(base / "lake", landing.parent / "truth" / "lines.parquet")
        if strange:
            console.print(f"{packed.name}: {len(strange)} account numbers of lines stand in no true line")
        given = [
            "--truth",
            str(landing.parent / "truth"),
            "--exports",
            str(exports),
            "--json",
            str(base / "score.json"),
        ]
        done = subprocess.run(
            [sys.executable, str(scorer), *given], capture_output=True, text=True, check=False
        )
        if not (base / "score.json").exists():
            console.print(f"The scorer {scorer} failed:\n{done.stderr[-2000:]}")
            return 1
        score: dict[str, Any] = json.loads((base / "score.json").read_text())["ingest"]
    short = {name: value for name, value in score["components"].items() if value < 1}
    console.print(
        f"{packed.name}: ingest score {score['score']:.4f}", *(f"  {k}: {v:.4f}" for k, v in short.items())
    )
    for each in score.get("worst_files", ()) if short else ():
        console.print("  " + str(each))
    return len(short) + bool(strange)


def _strange_accounts(lake: Path, truth: Path) -> set[str]:
    """Return account numbers that lines were given and no true line has: a date, a count, a counterparty."""
    true = set(pl.scan_parquet(truth).select(pl.col("account_no").unique()).collect()["account_no"])
    files = [each for each in sorted((lake / "statements").glob("*.parquet")) if each.name.count(".") == 1]
    return {
        each
        for file in files
        for each in pl.read_parquet(file, columns=["account_no"])["account_no"].unique()
    } - true


def _by_format(name: str, deliveries: pl.DataFrame) -> Table:
    table = Table(title=f"Delivered files of {name} by format")
    counts = ["rows_read", "rows_accepted", "rows_quarantined", "rows_ignored", "balance_breaks"]
    for heading in ("kind", "format", "files", *counts):
        table.add_column(heading)
    for row in (
        deliveries.group_by("kind", "format")
        .agg(pl.len(), pl.col(counts).sum())
        .sort("kind", "format")
        .rows()
    ):
        table.add_row(*map(str, row))
    return table


def _refused(deliveries: pl.DataFrame) -> Table:
    table = Table(title="Not read, or not wholly")
    for heading in ("file", "accepted", "why"):
        table.add_column(heading, overflow="fold")
    told = deliveries.filter(pl.col("problem").is_not_null()).sort("source_file")
    for row in told.select("source_file", "rows_accepted", "problem").rows():
        table.add_row(*map(str, row))
    return table


def main(root: Path) -> int:
    """Print all tables; return 0 unless rows do not add up or a score falls short."""
    console = Console(width=200)
    if not root.is_dir():
        console.print(f"{root} is not there: nothing to read.")
        return 0
    wrong = read_files(root / "real", console) if (root / "real").is_dir() else 0
    scorer = root / "worlds" / "score.py"
    for packed in sorted((root / "worlds").glob("*.tar.gz")) if scorer.exists() else ():
        wrong += read_world(packed, scorer, console)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT))
