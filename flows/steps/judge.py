"""Run the typologies over a warehouse.

The models see the warehouse through `DuckMarts` only: read-only, whole relations, cached as
polars frames for the run. A typology that fails fails the run by name: a detector that is
silently missing would look like a clean city.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from flows.steps.circles import TURN_LINES, TurnMarts, turns
from flows.steps.errors import ConfigurationError, LookthroughError, WarehouseError
from flows.steps.marts import DuckMarts as DuckMarts
from models.finding import EVIDENCE_SCHEMA, Finding
from models.typologies import _kept as kept
from models.typologies.base import Context, Registered, discover, in_order, staged

log = logging.getLogger(__name__)

WAREHOUSE_FILE = "lookthrough.duckdb"


SIDE_BY_SIDE = 2
"""Turns judged at the same time: much of what a typology does keeps one processor busy; each needs its own memory."""


class TypologyError(LookthroughError):
    """A typology could not judge this warehouse; the message names it and the place, no row content."""


def as_of(marts: DuckMarts) -> dt.date:
    """Return the Sunday a warehouse was cut at: that of its latest statement line's week.

    Raises
    ------
    WarehouseError
        When it holds no line.
    """
    last = marts.table("mart_line", ("booked_on",))["booked_on"].max()
    if not isinstance(last, dt.date):
        raise WarehouseError("The warehouse holds no statement line; run `lookthrough run` first.")
    return last + dt.timedelta(days=7 - last.isoweekday())


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the typologies said about one week.

    Attributes
    ----------
    findings : tuple of Finding
        Sorted by institution, typology, subject.
    seconds : dict
        Time each typology took; for the log only, never exported.
    context : Context
        What they ran in, with the answers they shared and the models they fitted.
    """

    findings: tuple[Finding, ...]
    seconds: Mapping[str, float]
    context: Context


def check_overrides(keys: Iterable[str], registered: Mapping[str, Registered]) -> None:
    """Refuse thresholds no typology declares.

    Raises
    ------
    ConfigurationError
        Naming the unknown keys.
    """
    known = {f"{code}.{p.name}" for code, r in registered.items() for p in r.meta.parameters}
    unknown = sorted(set(keys) - known)
    if unknown:
        raise ConfigurationError(
            f"Unknown thresholds: {', '.join(unknown)}. `lookthrough typologies --parameters` lists those there are."
        )


def judge(
    marts: DuckMarts,
    as_of: dt.date,
    overrides: Mapping[str, float] | None = None,
    only: Iterable[str] = (),
    progress: Callable[[str], None] | None = None,
    turn_lines: int = TURN_LINES,
) -> Judgement:
    """Run all typologies, or those of `only` and what they come after.

    Parameters
    ----------
    marts : DuckMarts
    as_of : date
        The Sunday that ends the week.
    overrides : mapping, optional
        ``{"fund-pool.max_idle_days": 7.0}``.
    only : iterable of str
        Codes; empty means all.
    progress : callable, optional
        Told the code that starts.
    turn_lines : int
        Lines judged at a time; see `flows.steps.circles`.

    Returns
    -------
    Judgement

    Raises
    ------
    TypologyError
        When a typology fails or returns what the protocol forbids.
    ConfigurationError
        When `overrides` or `only` name something unknown.
    """
    registered = discover()
    check_overrides(overrides or {}, registered)
    wanted = _with_predecessors(set(only), registered)
    stages = staged(in_order({c: r for c, r in registered.items() if c in wanted}))
    city = Context(marts, as_of, dict(overrides or {}), stored=kept.stored(marts.has))
    made = _Made(progress)
    # loads the learners, which an idle run need not wait for
    from models.typologies import _gathered as gathered

    parts = turns(marts, turn_lines)
    if len(parts) < 2:
        for stage in stages:
            made.ask(stage, city)
        return made.judgement(city)
    first, by_circle, last = stages
    made.ask(first, city)

    def gathered_of(part: list[str]) -> dict[str, pl.DataFrame]:
        return gathered.answers(_turn(city, marts, part))

    def judged_of(part: list[str]) -> _Made:
        of_part = _Made(progress, made.findings)
        of_part.ask(by_circle, _turn(city, marts, part))
        return of_part

    # The turns' answers are taken in the order of the turns, whichever is done first.
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        gathered.gather(city, pool.map(gathered_of, parts))
        for of_part in pool.map(judged_of, parts):
            made.take(of_part)
    made.ask(last, city)
    return made.judgement(city)


def _turn(city: Context, marts: DuckMarts, part: list[str]) -> Context:
    return Context(
        TurnMarts(marts, part),
        city.as_of,
        city.overrides,
        stored=city.stored,
        whole=city,
        about=frozenset(part),
    )


class _Made:
    """Findings so far, and how long each typology took."""

    def __init__(self, progress: Callable[[str], None] | None, before: Sequence[Finding] = ()) -> None:
        self.findings: list[Finding] = []
        self._before = tuple(before)
        self.seconds: dict[str, float] = {}
        self._progress = progress or (lambda code: None)

    def ask(
        self, entries: Iterable[Registered], context: Context, about: frozenset[str] | None = None
    ) -> None:
        """Run typologies in a context; of a turn's only what they say about its own institutions is kept.

        What a turn can say of others it says from a part of their lines, and their own turn says it from all.
        """
        for entry in entries:
            code = entry.meta.code
            self._progress(code)
            context.findings = {
                c: [
                    f
                    for f in (*self._before, *self.findings)
                    if f.typology == c and context.concerns(f.institution_id)
                ]
                for c in entry.meta.after
            }
            started = time.perf_counter()
            try:
                found = [f for f in entry.detect(context) if context.concerns(f.institution_id)]
            except Exception as error:
                place = traceback.extract_tb(error.__traceback__)[-1]
                # The message of the cause may quote a row; its type and place are enough to mend it.
                raise TypologyError(
                    f"The typology {code} failed ({type(error).__name__} at "
                    f"{Path(place.filename).name}:{place.lineno}); no exports were written. "
                    f"Reproduce it with `lookthrough judge --only {code}`."
                ) from error
            _check(code, found)
            self.findings += found
            self.seconds[code] = self.seconds.get(code, 0.0) + time.perf_counter() - started
            log.debug("typology %s: %d findings in %.2f s", code, len(found), self.seconds[code])

    def take(self, other: _Made) -> None:
        """Add what another found, and the time it took."""
        self.findings += other.findings
        for code, seconds in other.seconds.items():
            self.seconds[code] = self.seconds.get(code, 0.0) + seconds

    def judgement(self, context: Context) -> Judgement:
        """Return all of it, sorted."""
        found = sorted(self.findings, key=lambda f: (f.institution_id, f.typology, f.subject))
        return Judgement(tuple(found), self.seconds, context)


def _with_predecessors(only: set[str], registered: Mapping[str, Registered]) -> set[str]:
    unknown = sorted(only - set(registered))
    if unknown:
        raise ConfigurationError(
            f"No such typology: {', '.join(unknown)}. `lookthrough typologies` lists them."
        )
    wanted = set(only) or set(registered)
    while more := {a for c in wanted for a in registered[c].meta.after if a in registered} - wanted:
        wanted |= more
    return wanted


def _check(code: str, found: list[Finding]) -> None:
    """Hold a typology to the protocol: its code, severity, confidence, evidence, unique subjects."""
    problems = set()
    for f in found:
        if f.typology != code:
            problems.add(f"a finding is of {f.typology}")
        if f.severity not in (1, 2, 3, 4, 5):
            problems.add("severity outside 1–5")
        if not 0 <= f.confidence <= 1:
            problems.add("confidence outside 0–1")
        if f.amount_fen < 0:
            problems.add("negative amount")
        if f.evidence.height == 0 or f.evidence.columns != list(EVIDENCE_SCHEMA):
            problems.add("evidence missing or of another schema")
        if not f.explanation_zh or not f.explanation_en:
            problems.add("no explanation")
        if any(len(told) != 2 or not all(told) for told in f.benign):
            problems.add("a benign explanation not in two languages")
    if len({f.finding_key for f in found}) != len(found):
        problems.add("two findings share institution and subject")
    if problems:
        raise TypologyError(
            f"The typology {code} broke the protocol of findings: {'; '.join(sorted(problems))}."
        )
