"""What makes a week's exports what they are, digested: inputs, settings, thresholds, code, last week.

Two runs with the same fingerprint give the same bytes; that is what lets a run with nothing new
stop at once, and what the manifest promises a reader.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Sequence
from functools import cache
from importlib import metadata
from pathlib import Path

import polars as pl

from flows.steps import previous
from flows.steps.exports.manifest import digest
from flows.steps.result import Provenance
from flows.steps.settings import Override, Settings

LIBRARIES = ("duckdb", "polars", "networkx", "scikit-learn", "xlsxwriter", "jinja2")
_SOURCES = (".py", ".sql", ".toml", ".csv", ".j2", ".txt")


@cache
def code_digest() -> str:
    """SHA-256 over the sources of the three rooms, names and contents."""
    root = Path(__file__).resolve().parents[2]
    total = hashlib.sha256()
    for room in ("flows", "models", "sql"):
        for path in sorted((root / room).rglob("*")):
            if path.suffix in _SOURCES and path.is_file():
                total.update(path.relative_to(root).as_posix().encode())
                total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


@cache
def versions() -> dict[str, str]:
    """Versions of what judged: this package, its sources, Python and the libraries."""
    found = {name: metadata.version(name) for name in LIBRARIES}
    found["python"] = platform.python_version()
    found["sources"] = code_digest()
    try:
        found["lookthrough"] = metadata.version("lookthrough")
    except metadata.PackageNotFoundError:
        found["lookthrough"] = "0+source"
    return found


def judge_settings(settings: Settings) -> dict[str, str]:
    """Settings that can change a byte of the exports; folders, workers and memory cannot."""
    tables = [*settings.aliases, *settings.profiles]
    return {
        "dossier_rows": str(settings.dossier_rows),
        "proof": digest(settings.proof) if settings.proof else "",
        "tables": ",".join(f"{p.name}:{digest(p)}" for p in tables),
    }


def inputs_of(deliveries: pl.DataFrame) -> tuple[tuple[str, str], ...]:
    """Delivered files and their sha256, sorted."""
    rows = deliveries.select("container_file", "container_sha256").unique().sort("container_file")
    return tuple((file or "", sha or "") for file, sha in rows.iter_rows())


def members_of(deliveries: pl.DataFrame) -> tuple[tuple[str, str], ...]:
    """Every file after unpacking and its sha256, sorted."""
    rows = deliveries.select("source_file", "source_sha256").unique().sort("source_file", "source_sha256")
    return tuple((file or "", sha or "") for file, sha in rows.iter_rows())


def provenance(
    week: str,
    deliveries: pl.DataFrame,
    settings: Settings,
    overrides: Sequence[Override],
    exports: Path,
) -> Provenance:
    """Digest everything this week's exports will depend on.

    Parameters
    ----------
    week : str
    deliveries : polars.DataFrame
        ``deliveries.parquet`` of the lake.
    settings : Settings
    overrides : sequence of Override
    exports : Path
        Holds the previous week, if any.

    Returns
    -------
    Provenance
    """
    before = previous.find(exports, week)
    before_sha = digest(exports / before / previous.MANIFEST) if before else None
    thresholds = tuple((o.key, o.value, o.reason, o.date.isoformat()) for o in overrides)
    inputs, members = inputs_of(deliveries), members_of(deliveries)
    chosen = judge_settings(settings)
    text = json.dumps(
        [week, inputs, members, thresholds, chosen, sorted(versions().items()), before, before_sha],
        ensure_ascii=True,
    )
    return Provenance(
        fingerprint=hashlib.sha256(text.encode()).hexdigest(),
        inputs=inputs,
        thresholds=thresholds,
        versions=versions(),
        settings=chosen,
        previous_week=before,
        previous_manifest=before_sha,
    )


def complete(folder: Path, fingerprint: str) -> bool:
    """Say whether a week's exports are there, whole, and made from the same.

    Every file is compared with the manifest's digest, so that an edited or lost export is made
    again instead of being taken for done.
    """
    manifest = previous.manifest_week(folder)
    if manifest is None or manifest.get("fingerprint") != fingerprint:
        return False
    listed = manifest.get("exports")
    if not isinstance(listed, dict):
        return False
    here = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    if here != {*listed, previous.MANIFEST}:
        return False
    return all(digest(folder / name) == sha for name, sha in listed.items())
