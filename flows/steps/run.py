"""A week's run: landing files to exports, as a plain sequence of steps.

Each step overwrites by name, so it can be repeated after a kill or by a scheduler's retry; the
Prefect tasks call the same functions with the same paths.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import duckdb
import polars as pl

from flows.steps import fitted, frames, previous, proof, provenance, standings, swap
from flows.steps import judge as judging
from flows.steps import week as weeks
from flows.steps.errors import LookthroughError
from flows.steps.exports import write_all
from flows.steps.ingest import DELIVERIES, IngestSummary, Progress, ingest
from flows.steps.lake import REGISTERS, STATEMENTS, Lake
from flows.steps.result import INGEST_SCHEMA, QUARANTINE_SCHEMA, Provenance, WeekResult
from flows.steps.settings import Override, Settings, read_thresholds
from flows.steps.settings import load as load_settings
from models.finding import Finding
from models.typologies.base import discover

log = logging.getLogger(__name__)

Notify = Callable[[str, str], None]
"""Told the step (``ingest``, ``warehouse``, ``judge``, ``export``) and a word about it."""

T = TypeVar("T")


class Call(Protocol):
    """How a step is called: directly, or as a scheduler's task that retries it."""

    def __call__(self, step: str, work: Callable[[], T]) -> T:
        """Return what `work` returns; every step overwrites by name, so it may be called again."""
        ...


def directly(step: str, work: Callable[[], T]) -> T:
    """Call a step as it stands."""
    return work()


class NothingDeliveredError(LookthroughError):
    """There is no statement line to take the week from."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did.

    Attributes
    ----------
    week : str
    folder : Path
        The week's exports.
    fresh : bool
        False when nothing was new and nothing was written.
    ingest : IngestSummary
    manifest : mapping
        The week's manifest as written.
    """

    week: str
    folder: Path
    fresh: bool
    ingest: IngestSummary
    manifest: Mapping[str, object]


def run_week(
    landing: Path,
    warehouse: Path,
    exports: Path,
    week: str | None = None,
    *,
    settings: Settings | None = None,
    progress: Callable[[Progress], None] | None = None,
    notify: Notify | None = None,
    call: Call = directly,
) -> Outcome:
    """Run one week from the landing zone to its exports.

    Parameters
    ----------
    landing, warehouse, exports : Path
        As in the contract, section 1.
    week : str, optional
        ISO week; left out, the week of the latest statement line.
    settings : Settings, optional
    progress : callable, optional
        Told by ingest after each file.
    notify : callable, optional
        Told when a step starts.
    call : Call
        Calls the steps ``ingest``, ``warehouse`` and ``score``.

    Returns
    -------
    Outcome

    Raises
    ------
    ConfigurationError
        Settings, thresholds, week or landing zone are wrong (exit 2).
    LookthroughError
        The run could not complete (exit 1); the week's exports are the previous ones or absent.
    """
    settings = settings or load_settings()
    tell = notify or (lambda step, word: None)
    if week is not None:
        weeks.sunday(week)
    overrides = read_thresholds(settings.thresholds)
    proof.learned_ranks(settings.proof)
    # One run at a time, from the first read to the swap of the exports.
    with Lake(warehouse).lock(settings.lock_wait_seconds, lambda: tell("wait", "another run is at work")):
        tell("ingest", "")
        summary = call("ingest", lambda: ingest(landing, warehouse / "lake", settings, progress))
        week = week or latest_week(summary)
        folder = exports / week
        swap.sweep(exports, week)
        made = provenance.provenance(week, read_deliveries(warehouse), settings, overrides, exports)
        if swap.built_for(warehouse) == made.fingerprint and provenance.complete(folder, made.fingerprint):
            log.info("nothing new for %s", week)
            return Outcome(week, folder, False, summary, previous.manifest_week(folder) or {})
        if overrides:
            judging.check_overrides([o.key for o in overrides], discover())
        this_week = week
        tell("warehouse", week)
        call("warehouse", lambda: build_warehouse(warehouse, this_week, settings))

        def score() -> Path:
            tell("judge", this_week)
            found = judge_week(warehouse, this_week, overrides, lambda code: tell("judge", code))
            tell("export", this_week)
            return export_week(warehouse, exports, this_week, found, settings, made)

        call("score", score)
        swap.note_built(warehouse, made.fingerprint)
        return Outcome(week, folder, True, summary, previous.manifest_week(folder) or {})


def latest_week(summary: IngestSummary) -> str:
    """Return the week of the latest statement line.

    Raises
    ------
    NothingDeliveredError
        When the landing zone holds no statement line.
    """
    if summary.last_on is None:
        raise NothingDeliveredError(
            "No statement line was found in the landing zone; name the week with --week or deliver statements."
        )
    return weeks.of(summary.last_on)


def read_deliveries(warehouse: Path) -> pl.DataFrame:
    """Read the lake's list of delivered files."""
    return pl.read_parquet(warehouse / "lake" / DELIVERIES)


def build_warehouse(warehouse: Path, week: str, settings: Settings) -> Path:
    """Build the DuckDB file as of the week's Sunday, tracing tables included, and swap it in."""
    from flows.steps.warehouse import FILE, build

    (warehouse / swap.BUILT_FOR).unlink(missing_ok=True)
    as_of = weeks.sunday(week)
    steps = tracing_steps(as_of, warehouse / FILE)
    return build(warehouse, as_of, after=steps, memory=settings.memory).path


def tracing_steps(
    as_of: dt.date, earlier: Path | None = None
) -> tuple[Callable[[duckdb.DuckDBPyConnection], None], ...]:
    """Steps that write the tracing tables before the warehouse is swapped in.

    Parameters
    ----------
    as_of : date
    earlier : Path, optional
        The warehouse file before this one: what it tells of institutions that nothing new concerns is taken over, if
        the same code made it.
    """
    from models import tracing

    made_by = json.dumps(provenance.versions(), sort_keys=True)

    def trace(con: duckdb.DuckDBPyConnection) -> None:
        tracing.build(con, as_of, earlier=earlier, made_by=made_by)

    return (trace,)


def judge_week(
    warehouse: Path, week: str, overrides: tuple[Override, ...], progress: Callable[[str], None] | None = None
) -> tuple[Finding, ...]:
    """Run all typologies over the warehouse, and leave what they fitted beside it."""
    with judging.DuckMarts(warehouse / judging.WAREHOUSE_FILE) as marts:
        values = {o.key: o.value for o in overrides}
        judged = judging.judge(marts, weeks.sunday(week), values, progress=progress)
        fitted.write(judged.context, warehouse, week)
        return judged.findings


def assemble(
    warehouse: Path,
    exports: Path,
    week: str,
    found: tuple[Finding, ...],
    settings: Settings,
    made: Provenance,
    marts: judging.DuckMarts,
) -> WeekResult:
    """Put a week's result together: states against the last week, evidence, ranking."""
    before = previous.read(exports, made.previous_week) if made.previous_week else None
    registered = discover()
    findings, evidence = frames.findings_frames(week, found, registered, marts, before)
    as_of = weeks.sunday(week)
    deliveries = read_deliveries(warehouse)
    return WeekResult(
        week=week,
        as_of=as_of,
        ranked=standings.standings(findings, marts, as_of, before, proof.learned_ranks(settings.proof)),
        findings=findings,
        evidence=evidence,
        flows=frames.flows_frame(marts),
        ingest=ingest_frame(deliveries),
        quarantine=quarantine_frame(deliveries, warehouse / "lake"),
        unusual=frames.unusual_frame(findings, marts, as_of),
        members=provenance.members_of(deliveries),
        cards=fitted.cards(warehouse, week),
        typologies={code: r.meta for code, r in registered.items()},
        marts=marts,
        dossier_rows=settings.dossier_rows,
        provenance=made,
    )


def export_week(
    warehouse: Path,
    exports: Path,
    week: str,
    found: tuple[Finding, ...],
    settings: Settings,
    made: Provenance,
) -> Path:
    """Write the week's exports aside and rename them whole."""
    with judging.DuckMarts(warehouse / judging.WAREHOUSE_FILE) as marts:
        result = assemble(warehouse, exports, week, found, settings, made, marts)
        with swap.aside(exports, week) as folder:
            write_all(result, folder)
    return exports / week


def ingest_frame(deliveries: pl.DataFrame) -> pl.DataFrame:
    """Account of rows of every delivered file, in the contract's columns."""
    return deliveries.select(pl.col(c).cast(t) for c, t in INGEST_SCHEMA.items()).sort(
        "source_file", "source_sha256"
    )


def quarantine_frame(deliveries: pl.DataFrame, lake: Path) -> pl.DataFrame:
    """Every quarantined row of every delivered file, verbatim."""
    rooms = {"statement": STATEMENTS, "register": REGISTERS}
    store = Lake(lake)
    parts = []
    rows = deliveries.filter(pl.col("rows_quarantined") > 0).select("source_file", "source_sha256", "kind")
    for file, sha, kind in rows.iter_rows():
        if kind in rooms:
            part = pl.read_parquet(store.path(rooms[kind], sha, ".quarantine.parquet"))
            parts.append(part.with_columns(pl.lit(file).alias("source_file")))
    if not parts:
        return pl.DataFrame(schema=QUARANTINE_SCHEMA)
    return (
        pl.concat(parts, how="diagonal_relaxed")
        .select(pl.col(c).cast(t) for c, t in QUARANTINE_SCHEMA.items())
        .sort("source_file", "source_record", "reason", "text", nulls_last=True)
    )
