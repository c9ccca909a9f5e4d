"""Swap a finished week in: exports are written aside and renamed whole, never half-written."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flows.steps.judge import WAREHOUSE_FILE

BUILT_FOR = "built"
"""Beside the warehouse file: the fingerprint of the run that made it."""


@contextmanager
def aside(exports: Path, week: str) -> Iterator[Path]:
    """Give a folder to write a week into; on leaving without error it takes the week's name.

    A kill between the two renames leaves no week rather than half of one; the next run makes it.
    """
    exports.mkdir(parents=True, exist_ok=True)
    fresh, old = exports / f".{week}.new", exports / f".{week}.old"
    sweep(exports, week)
    fresh.mkdir()
    yield fresh
    final = exports / week
    if final.exists():
        final.rename(old)
    fresh.rename(final)
    shutil.rmtree(old, ignore_errors=True)


def sweep(exports: Path, week: str) -> None:
    """Clear what a killed run left of this week; bring its last complete week back."""
    fresh, old, final = exports / f".{week}.new", exports / f".{week}.old", exports / week
    if old.exists() and not final.exists():
        old.rename(final)
    for left in (fresh, old):
        if left.exists():
            shutil.rmtree(left)


def built_for(warehouse: Path) -> str | None:
    """Fingerprint of the run that made the warehouse file as it lies there."""
    try:
        if not (warehouse / WAREHOUSE_FILE).is_file():
            return None
        return (warehouse / BUILT_FOR).read_text("utf-8").strip()
    except OSError:
        return None


def note_built(warehouse: Path, fingerprint: str) -> None:
    """Note which run the warehouse file is of; written aside and renamed."""
    fresh = warehouse / f".{BUILT_FOR}.new"
    fresh.write_text(fingerprint + "\n", encoding="utf-8")
    os.replace(fresh, warehouse / BUILT_FOR)
