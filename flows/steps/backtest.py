"""Replay weeks as they would have been seen, and measure the alerts they would have raised.

The lake is read once; each week gets a warehouse of its own in memory, cut at its Sunday; weeks run side by
side. No week sees a later line, register row or verdict. What counts as *right* is what people
decided (`verdicts`) and, where nobody decided, what the last replayed week knows: hindsight, and said so.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from flows.steps import asof
from flows.steps import settings as configuration
from flows.steps import week as weeks
from flows.steps.errors import ConfigurationError
from flows.steps.judge import DuckMarts, check_overrides, judge

ALERT = ("rectify", "close_down", "refer_to_police")
GRAVE = ("close_down", "refer_to_police")
SCRATCH = ".backtest-"
WORKERS = {"POLARS_MAX_THREADS": "1"}
"""Inherited by the workers: they share the cores by weeks."""


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
    learned : int or None
        Points with what verdicts had taught by then; None without enough.
    """

    institution_id: str
    rank: int
    points: int
    tier: str
    first_on: dt.date | None
    typologies: tuple[str, ...]
    learned: int | None = None


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
    shared: Path, week: str, overrides: Mapping[str, float], changes: Mapping[str, float], memory: str
) -> Replayed:
    """Build, judge and rank one week apart from the office's own warehouse.

    Parameters
    ----------
    shared : Path
        The lake as `flows.steps.asof.gather` read it.
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
    as_of = weeks.sunday(week)
    spill = shared.parent / week
    try:
        # No tracing: its tables are for readers. What typologies share with it they work out themselves here.
        with asof.marts_on(shared, as_of, (), memory, spill) as marts:
            seen, confirmed, refuted = _judged(marts, week, dict(overrides))
            changed = _judged(marts, week, {**overrides, **changes})[0] if changes else ()
        return Replayed(week, seen, changed, confirmed, refuted)
    finally:
        shutil.rmtree(spill, ignore_errors=True)


def _judged(
    marts: DuckMarts, week: str, values: dict[str, float]
) -> tuple[tuple[Seen, ...], frozenset[str], frozenset[str]]:
    from flows.steps.frames import findings_frames, verdicts
    from flows.steps.standings import standings
    from models.typologies.base import discover

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
        Seen(
            r.institution_id,
            r.rank,
            r.points,
            r.decision.tier,
            first.get(r.institution_id),
            r.reasons,
            r.learned_points,
        )
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
        Folder for ``weeks.csv``, ``delays.csv``, ``changes.csv``, ``proof.json`` and ``report.html``.
    changes : mapping
        ``{"fund-pool.max_idle_days": 7}``: what each change would have done.

    Raises
    ------
    ConfigurationError
        When there is no lake, or a threshold or week is unknown.
    """
    from flows.steps import backtest_report
    from models.typologies.base import discover

    asked = weeks.weeks_between(first, last)
    if not (settings.warehouse / "lake" / "deliveries.parquet").is_file():
        raise ConfigurationError(f"{settings.warehouse} holds no lake; run `lookthrough run` first.")
    overrides = {o.key: o.value for o in configuration.read_thresholds(settings.thresholds)}
    check_overrides([*overrides, *changes], discover())
    replayed = replay_all(settings, asked, overrides, changes)
    yield from backtest_report.write(replayed, changes, out)


def replay_all(
    settings: configuration.Settings,
    asked: Sequence[str],
    overrides: Mapping[str, float],
    changes: Mapping[str, float],
) -> list[Replayed]:
    """Replay weeks over one reading of the lake, side by side, and leave nothing behind.

    Parameters
    ----------
    settings : Settings
        `warehouse`, `workers`, `memory`.
    asked : sequence of str
        ISO weeks.
    overrides, changes : mapping
        As in `replay`.

    Returns
    -------
    list of Replayed
        By week. Equal to what a run of that week alone, without a week before it, would rank.
    """
    with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=settings.warehouse) as folder:
        shared = asof.gather(settings.warehouse / "lake", Path(folder), settings.memory)
        jobs = [(shared, week, dict(overrides), dict(changes), settings.memory) for week in asked]
        return sorted(_side_by_side(jobs, max(1, settings.workers)), key=lambda r: r.week)


def _side_by_side(
    jobs: Sequence[tuple[Path, str, dict[str, float], dict[str, float], str]], workers: int
) -> list[Replayed]:
    """Run weeks in processes of one thread each, latest (heaviest) first."""
    if workers == 1 or len(jobs) == 1:
        return [replay(*job) for job in jobs]
    before = {name: os.environ.get(name) for name in WORKERS}
    os.environ.update(WORKERS)
    try:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            futures = [pool.submit(replay, *job) for job in reversed(jobs)]
            return [f.result() for f in futures]
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
