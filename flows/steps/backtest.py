"""Replay weeks as they would have been seen, and measure the alerts they would have raised.

Each week gets a warehouse of its own, cut at its Sunday and built from the same lake; weeks run side by
side. No week sees a later line, register row or verdict. What counts as *right* is what people
decided (`verdicts`) or, without verdicts, what the last replayed week knows: hindsight, and said so.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from flows.steps import settings as configuration
from flows.steps import week as weeks
from flows.steps.errors import ConfigurationError

ALERT = ("rectify", "close_down", "refer_to_police")
GRAVE = ("close_down", "refer_to_police")
SCRATCH = ".backtest"


@dataclass(frozen=True, slots=True)
class Seen:
    """One institution as one replayed week saw it.

    Attributes
    ----------
    institution_id : str
    rank, points : int
    tier : str
    first_on : date or None
        First booking date under any of its standing findings.
    typologies : tuple of str
        Codes that stood.
    """

    institution_id: str
    rank: int
    points: int
    tier: str
    first_on: dt.date | None
    typologies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Replayed:
    """One week as it would have been seen.

    Attributes
    ----------
    week : str
    seen : tuple of Seen
        Best rank first.
    changed : tuple of Seen
        The same under the thresholds of ``--set``; empty without.
    confirmed, refuted : frozenset of str
        Institutions with a verdict that week could know.
    """

    week: str
    seen: tuple[Seen, ...]
    changed: tuple[Seen, ...]
    confirmed: frozenset[str]
    refuted: frozenset[str]


def replay(
    warehouse: Path, week: str, overrides: Mapping[str, float], changes: Mapping[str, float], memory: str
) -> Replayed:
    """Build, judge and rank one week apart from the office's own warehouse.

    Parameters
    ----------
    warehouse : Path
        Its lake is read; its DuckDB file is not touched.
    week : str
    overrides : mapping
        The office's thresholds.
    changes : mapping
        Thresholds to compare with.
    memory : str
        For DuckDB.

    Returns
    -------
    Replayed
    """
    from flows.steps import run
    from flows.steps.judge import DuckMarts
    from flows.steps.warehouse import build

    place = warehouse / SCRATCH / week
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    try:
        (place / "lake").symlink_to((warehouse / "lake").resolve(), target_is_directory=True)
        as_of = weeks.sunday(week)
        path = build(place, as_of, after=run.tracing_steps(as_of), memory=memory, threads=1).path
        with DuckMarts(path, memory, threads=1) as marts:
            seen, confirmed, refuted = _judged(marts, week, dict(overrides))
            changed = _judged(marts, week, {**overrides, **changes})[0] if changes else ()
        return Replayed(week, seen, changed, confirmed, refuted)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _judged(
    marts: object, week: str, values: dict[str, float]
) -> tuple[tuple[Seen, ...], frozenset[str], frozenset[str]]:
    from flows.steps.frames import findings_frames, verdicts
    from flows.steps.judge import DuckMarts, judge
    from flows.steps.standings import standings
    from models.typologies.base import discover

    assert isinstance(marts, DuckMarts)
    as_of = weeks.sunday(week)
    found = judge(marts, as_of, values).findings
    findings, _ = findings_frames(week, found, discover(), marts, None)
    first: dict[str, dt.date] = {}
    for f in found:
        if f.first_on is not None:
            first[f.institution_id] = min(f.first_on, first.get(f.institution_id, f.first_on))
    decided = verdicts(marts)
    owner = {f.finding_key: f.institution_id for f in found}
    by = {
        word: {owner[k] for k, v in decided.items() if v.verdict == word and k in owner}
        for word in ("confirmed", "rectified", "false_positive")
    }
    seen = tuple(
        Seen(r.institution_id, r.rank, r.points, r.decision.tier, first.get(r.institution_id), r.reasons)
        for r in standings(findings, marts, as_of, None)
    )
    confirmed = frozenset(by["confirmed"] | by["rectified"])
    return seen, confirmed, frozenset(by["false_positive"]) - confirmed


def backtest(
    settings: configuration.Settings, first: str, last: str, out: Path, changes: Mapping[str, float]
) -> Iterator[str]:
    """Replay the weeks, write tables and plots, and yield lines of a summary.

    Parameters
    ----------
    settings : Settings
        `warehouse`, `thresholds`, `workers`, `memory`.
    first, last : str
        ISO weeks, both included.
    out : Path
        Folder for ``weeks.csv``, ``delays.csv``, ``changes.csv`` and ``report.html``.
    changes : mapping
        ``{"fund-pool.max_idle_days": 7}``: what each change would have done.

    Raises
    ------
    ConfigurationError
        When there is no lake, or a threshold or week is unknown.
    """
    from flows.steps import backtest_report
    from flows.steps.judge import check_overrides
    from models.typologies.base import discover

    asked = weeks.weeks_between(first, last)
    if not (settings.warehouse / "lake" / "deliveries.parquet").is_file():
        raise ConfigurationError(f"{settings.warehouse} holds no lake; run `lookthrough run` first.")
    overrides = {o.key: o.value for o in configuration.read_thresholds(settings.thresholds)}
    check_overrides([*overrides, *changes], discover())
    jobs = [(settings.warehouse, week, overrides, dict(changes), settings.memory) for week in asked]
    replayed = sorted(_side_by_side(jobs, max(1, settings.workers)), key=lambda r: r.week)
    shutil.rmtree(settings.warehouse / SCRATCH, ignore_errors=True)
    yield from backtest_report.write(replayed, changes, out)


def _side_by_side(
    jobs: list[tuple[Path, str, dict[str, float], dict[str, float], str]], workers: int
) -> list[Replayed]:
    """Run weeks in processes of one thread each, latest (heaviest) first."""
    if workers == 1 or len(jobs) == 1:
        return [replay(*job) for job in jobs]
    before = os.environ.get("POLARS_MAX_THREADS")
    os.environ["POLARS_MAX_THREADS"] = "1"  # inherited by the workers; they share the cores by weeks
    try:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            futures = [pool.submit(replay, *job) for job in reversed(jobs)]
            return [f.result() for f in futures]
    finally:
        if before is None:
            del os.environ["POLARS_MAX_THREADS"]
        else:
            os.environ["POLARS_MAX_THREADS"] = before
