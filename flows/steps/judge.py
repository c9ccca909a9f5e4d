"""Run the typologies over a warehouse.

The models see the warehouse through `DuckMarts` only: read-only, whole relations, cached as
polars frames for the run. A typology that fails fails the run by name: a detector that is
silently missing would look like a clean city.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from flows.steps.beside import SIDE_BY_SIDE, Beside, Start
from flows.steps.circles import TURN_LINES, turns
from flows.steps.errors import ConfigurationError, WarehouseError
from flows.steps.marts import DuckMarts as DuckMarts
from flows.steps.turn import Made, Turns, ahead, gather
from flows.steps.turn import TypologyError as TypologyError
from models.finding import Finding
from models.typologies import _kept as kept
from models.typologies.base import Context, Registered, discover, in_order, staged

log = logging.getLogger(__name__)

WAREHOUSE_FILE = "lookthrough.duckdb"

Stages = tuple[list[Registered], list[Registered], list[Registered]]


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
    tell = progress or (lambda code: None)
    made = Made(tell)
    start = marts.path and Start(marts.path, city.as_of, city.overrides, city.stored, _codes(stages[1]))
    # processes take a moment to begin, in which the turns are laid out
    several = start and marts.height("mart_line") > turn_lines
    with Beside(start, city, tell) if start and several else nullcontext() as beside:
        parts = turns(marts, turn_lines, SIDE_BY_SIDE if beside else 1)
        if len(parts) < 2:
            for stage in stages:
                made.ask(stage, city)
        elif beside:
            _side_by_side(made, stages, city, beside, parts)
        else:
            _in_turn(made, stages, city, Turns(city, marts), parts, tell)
    for code, seconds in made.seconds.items():
        log.debug("typology %s: %.2f s", code, seconds)
    found = sorted(made.findings, key=lambda f: (f.institution_id, f.typology, f.subject))
    return Judgement(tuple(found), made.seconds, city)


def _codes(entries: Iterable[Registered]) -> frozenset[str]:
    return frozenset(e.meta.code for e in entries)


def _side_by_side(
    made: Made, stages: Stages, city: Context, beside: Beside, parts: Sequence[list[str]]
) -> None:
    """Judge turns in processes of their own; their answers are taken in the order of the turns."""
    first, _, last = stages
    gathering = beside.gather(parts)
    made.ask(first, city)
    gather(city, gathering)
    with ahead(city):
        for findings, seconds in beside.judge(parts, made.findings):
            made.take(findings, seconds)
    made.ask(last, city)


def _in_turn(
    made: Made,
    stages: Stages,
    city: Context,
    asked: Turns,
    parts: Sequence[list[str]],
    progress: Callable[[str], None],
) -> None:
    """Judge turn after turn in this process, over a warehouse that no other can open."""
    first, by_circle, last = stages
    made.ask(first, city)
    gather(city, map(asked.gathered, parts))
    before = tuple(made.findings)
    for part in parts:
        of_part = asked.judged(part, by_circle, before, progress)
        made.take(of_part.findings, of_part.seconds)
    made.ask(last, city)


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
