"""Run every reader over statement files by others and print a table, file by file (``make corpora``).

The files are not part of the project; where the folder is missing there is nothing to do.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from flows.steps.formats import ReadOptions, Source, read_statement

DEFAULT = Path(__file__).resolve().parents[2] / "shared"
SKIPPED = {".md", ".yml", ".yaml", ".py"}


def statements(root: Path) -> Iterator[Path]:
    """Yield the statement files below `root`, sorted."""
    for path in sorted(root.rglob("*")):
        if path.is_file() and path.suffix not in SKIPPED:
            yield path


def main(root: Path) -> int:
    """Print the table; return 0 unless a file's rows do not add up."""
    if not root.is_dir():
        print(f"{root} is not there: nothing to read.")
        return 0
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
    Console(width=200).print(table)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main((Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT) / "real"))
