"""Ingest: everything in the landing zone that the lake does not hold yet is read into it.

A second run over an unchanged landing zone reads nothing: files are recognised by size and times, as
the last run noted them in ``lake/landing.json``. That note is a convenience; without it every file is
hashed again, and what the lake holds is still not read again.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import polars as pl

from flows.steps.lake import REGISTERS, STATEMENTS, Lake, reader_key, write_parquet
from flows.steps.landing import LandingFile, scan
from flows.steps.reading import Delivery, Task
from flows.steps.workers import read_all

log = logging.getLogger(__name__)

NOTE = "landing.json"
DELIVERIES = "deliveries.parquet"

DELIVERY_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "source_file": pl.String,
    "source_sha256": pl.String,
    "container_file": pl.String,
    "container_sha256": pl.String,
    "kind": pl.String,
    "register": pl.String,
    "format": pl.String,
    "rows_read": pl.Int64,
    "rows_accepted": pl.Int64,
    "rows_quarantined": pl.Int64,
    "rows_ignored": pl.Int64,
    "balance_breaks": pl.Int64,
    "first_on": pl.Date,
    "last_on": pl.Date,
    "problem": pl.String,
    "warnings": pl.List(pl.String),
}
"""``deliveries.parquet``: grain one delivered file or archive member; sorted by source_file."""


class IngestSettings(Protocol):
    """What ingest needs to be told (:class:`flows.steps.settings.Settings` has it)."""

    @property
    def workers(self) -> int:
        """Reader processes; 0 reads in this process."""
        ...

    @property
    def lock_wait_seconds(self) -> float:
        """How long to wait for another run."""
        ...


@dataclass(frozen=True)
class Progress:
    """How far ingest is: told after each delivered file.

    Attributes
    ----------
    files, files_in_all : int
        Delivered files done and to do in this run (archives count once).
    bytes, bytes_in_all : int
        Their sizes.
    rows_accepted : int
        Lines and register rows accepted so far in this run.
    """

    files: int
    files_in_all: int
    bytes: int
    bytes_in_all: int
    rows_accepted: int


@dataclass(frozen=True)
class IngestSummary:
    """What one ingest did, in counts.

    Attributes
    ----------
    files : int
        Files in the landing zone, archive members counted.
    files_read : int
        Delivered files that had to be looked into in this run.
    refused : int
        Files not read.
    rows_accepted, rows_quarantined, rows_ignored, balance_breaks : int
        Over all files.
    lines_accepted : int
        Statement lines accepted, counted in every file that holds them.
    reasons : tuple of (str, int)
        Reasons of quarantine, most frequent first.
    first_on, last_on : date or None
        Of the statement lines.
    changed : bool
        Whether the delivered files differ from those of the run before.
    """

    files: int
    files_read: int
    refused: int
    rows_accepted: int
    rows_quarantined: int
    rows_ignored: int
    balance_breaks: int
    lines_accepted: int
    reasons: tuple[tuple[str, int], ...]
    first_on: dt.date | None
    last_on: dt.date | None
    changed: bool


@dataclass(frozen=True)
class _Noted:
    size: int
    mtime_ns: int
    ctime_ns: int
    rows: list[Delivery] = field(default_factory=list)


def ingest(
    landing: Path,
    lake: Path,
    settings: IngestSettings,
    progress: Callable[[Progress], None] | None = None,
) -> IngestSummary:
    """Bring the lake up to date with the landing zone.

    Parameters
    ----------
    landing : Path
        Folder of delivered files; only read.
    lake : Path
        Lake folder; made if missing.
    settings : IngestSettings
        Also `aliases` and `profiles` where the settings have them.
    progress : callable, optional
        Told after each delivered file.

    Returns
    -------
    IngestSummary

    Raises
    ------
    ConfigurationError
        The landing zone cannot be listed.
    BusyError
        Another run holds the lake and the wait ran out.
    LakeError
        The lake cannot be written; what it holds is whole.
    """
    store = Lake(lake)
    with store.lock(settings.lock_wait_seconds, lambda: log.warning("another run holds the lake: waiting")):
        store.prepare()
        files = scan(landing)
        tables = [*_tables(settings, "aliases"), *_tables(settings, "profiles")]
        reader = reader_key(tables)
        noted = _read_note(store, reader)
        rows: dict[str, list[Delivery]] = {}
        todo: list[LandingFile] = []
        for each in files:
            known = noted.get(each.source_file)
            if each.problem is not None:
                rows[each.source_file] = [_not_a_file(each)]
            elif known is not None and _same(known, each) and _held(store, known.rows):
                rows[each.source_file] = known.rows
            else:
                todo.append(each)
        if todo:
            rows |= _read(todo, store, settings, reader, progress)
        changed = _write(store, files, rows, noted, reader)
    log.info("ingested %d delivered files, %d of them new", len(files), len(todo))
    return _summary(store, [row for each in files for row in rows[each.source_file]], len(todo), changed)


def _tables(settings: IngestSettings, name: str) -> list[Path]:
    found: Sequence[Path] | None = getattr(settings, name, None)
    return list(found or ())


def _same(known: _Noted, each: LandingFile) -> bool:
    return (known.size, known.mtime_ns, known.ctime_ns) == (each.size, each.mtime_ns, each.ctime_ns)


def _held(store: Lake, rows: Sequence[Delivery]) -> bool:
    rooms = {"statement": STATEMENTS, "register": REGISTERS}
    return all(
        store.path(rooms[row.kind], row.source_sha256, ".json").exists() for row in rows if row.kind in rooms
    )


def _not_a_file(each: LandingFile) -> Delivery:
    name = each.source_file
    return Delivery(name, "", name, "", "refused", format="refused", problem=each.problem)


def _read(
    todo: Sequence[LandingFile],
    store: Lake,
    settings: IngestSettings,
    reader: str,
    progress: Callable[[Progress], None] | None,
) -> dict[str, list[Delivery]]:
    tasks = [
        Task(
            source_file=each.source_file,
            path=os.fspath(each.path),
            lake=os.fspath(store.root),
            reader=reader,
            aliases=[os.fspath(path) for path in _tables(settings, "aliases")],
            profiles=[os.fspath(path) for path in _tables(settings, "profiles")],
        )
        for each in todo
    ]
    sizes = {each.source_file: each.size for each in todo}
    in_all = sum(sizes.values())
    rows: dict[str, list[Delivery]] = {}
    done = accepted = 0
    for reading in read_all(tasks, settings.workers):
        rows[reading.task.source_file] = reading.rows
        done += sizes[reading.task.source_file]
        accepted += sum(row.rows_accepted for row in reading.rows)
        if progress is not None:
            progress(Progress(len(rows), len(todo), done, in_all, accepted))
    return rows


def _write(
    store: Lake,
    files: Sequence[LandingFile],
    rows: Mapping[str, list[Delivery]],
    noted: Mapping[str, _Noted],
    reader: str,
) -> bool:
    """Write ``deliveries.parquet`` and the note, where they differ; the note last."""
    note = {
        each.source_file: _Noted(each.size, each.mtime_ns, each.ctime_ns, rows[each.source_file])
        for each in files
    }
    if note == dict(noted) and (store.root / DELIVERIES).exists():
        return False
    changed = {name: each.rows for name, each in note.items()} != {
        name: each.rows for name, each in noted.items()
    }
    with store.write(store.root / DELIVERIES) as aside:
        write_parquet(deliveries([row for each in files for row in rows[each.source_file]]), aside)
    told = {name: vars(each) | {"rows": [vars(row) for row in each.rows]} for name, each in note.items()}
    text = json.dumps({"reader": reader, "files": told}, ensure_ascii=False)
    with store.write(store.root / NOTE) as aside:
        aside.write_text(text, encoding="utf-8", errors="surrogateescape")
    return changed


def deliveries(rows: Sequence[Delivery]) -> pl.DataFrame:
    """Return the rows as a frame of :data:`DELIVERY_SCHEMA`, sorted."""
    frame = pl.DataFrame(
        [vars(row) for row in rows],
        schema={**DELIVERY_SCHEMA, "first_on": pl.String, "last_on": pl.String},
        orient="row",
    )
    return frame.with_columns(pl.col("first_on", "last_on").str.to_date()).sort(
        "source_file", "source_sha256", "container_sha256"
    )


def _read_note(store: Lake, reader: str) -> dict[str, _Noted]:
    try:
        note = json.loads((store.root / NOTE).read_bytes())
        if note["reader"] != reader:
            return {}
        return {
            name: _Noted(
                each["size"], each["mtime_ns"], each["ctime_ns"], [Delivery(**row) for row in each["rows"]]
            )
            for name, each in note["files"].items()
        }
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _summary(store: Lake, rows: Sequence[Delivery], read: int, changed: bool) -> IngestSummary:
    statements = [row for row in rows if row.kind == "statement"]
    return IngestSummary(
        files=len(rows),
        files_read=read,
        refused=sum(row.kind == "refused" for row in rows),
        rows_accepted=sum(row.rows_accepted for row in rows),
        rows_quarantined=sum(row.rows_quarantined for row in rows),
        rows_ignored=sum(row.rows_ignored for row in rows),
        balance_breaks=sum(row.balance_breaks for row in rows),
        lines_accepted=sum(row.rows_accepted for row in statements),
        reasons=_reasons(store, rows),
        first_on=_edge([row.first_on for row in statements], min),
        last_on=_edge([row.last_on for row in statements], max),
        changed=changed,
    )


def _edge(days: Sequence[str | None], pick: Callable[[list[str]], str]) -> dt.date | None:
    told = [day for day in days if day is not None]
    return dt.date.fromisoformat(pick(told)) if told else None


def _reasons(store: Lake, rows: Sequence[Delivery]) -> tuple[tuple[str, int], ...]:
    rooms = {"statement": STATEMENTS, "register": REGISTERS}
    paths = [
        store.path(rooms[row.kind], row.source_sha256, ".quarantine.parquet")
        for row in rows
        if row.rows_quarantined and row.kind in rooms
    ]
    if not paths:
        return ()
    counted = (
        pl.concat([pl.read_parquet(path, columns=["reason"]) for path in paths])
        .group_by("reason")
        .len()
        .sort(["len", "reason"], descending=[True, False])
    )
    return tuple((str(reason), int(count)) for reason, count in counted.iter_rows())
