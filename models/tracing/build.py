"""Write the tracing tables into a warehouse, after its marts.

Institutions are worked on in groups (`models.tracing.groups`), accounts in pieces (`models.tracing.large`), so
that no table of all lines is ever held. What crosses them comes in between: money that only passed through
accounts no register knows, and the way of what left for others.

What an earlier warehouse tells about circles of institutions that nothing new concerns is taken over
(`models.tracing.earlier`): a circle is traced again when a line came to an account of its own, a register says
something else of it, or its accounts fell silent (`models.tracing.inputs`). What left its accounts is followed again
in any case, since it may have gone on elsewhere; where it did, the range of the circle's figures is worked out again.
Lines are matched anew, account by account: that is a twentieth of tracing, and to copy fragments costs as much.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast

import duckdb
import polars as pl

from models.tracing.divert import WAYS, reach_of
from models.tracing.earlier import CIRCLES, Earlier
from models.tracing.groups import LINES, Group, circles, groups, packed, together
from models.tracing.inputs import Inputs
from models.tracing.large import write_fragments
from models.tracing.marts import Closed, ConnectionMarts, GroupMarts, ReachMarts, read
from models.tracing.parts import USE_SCHEMA
from models.tracing.pots import PASSING, controlled_pots, passed_pots
from models.tracing.ranges import line_classes, ranges
from models.tracing.sources import sources
from models.tracing.told import Told
from models.tracing.uses import followed_on, known_uses, shared_accounts
from models.typologies import _kept as kept
from models.typologies._gaps import statements_begin
from models.typologies._untold import projects_delivered
from models.typologies.base import Context

log = logging.getLogger(__name__)

Part = TypeVar("Part")
Done = TypeVar("Done")
AT_ONCE = 2
"""Groups worked on side by side: what one does in Python, the other uses the processor's second core for."""
FLOWS = """
select institution_id, side, class, sum(amount_fen)::bigint as amount_fen
from (
    select institution_id, 'source' as side, class, amount_fen from trace_source
    union all
    select institution_id, 'use' as side, class, amount_fen from trace_use
)
group by institution_id, side, class
having sum(amount_fen) <> 0
order by institution_id, side, class
"""
"""Grain: institution × side × class of contract section 4, in fen; sorted by it."""
TAKEN = ("trace_pot", "trace_source", "trace_known", "trace_loose", *(name for name, _ in kept.KEPT.values()))
"""Tables of what is told of a group's own registers and lines."""


def build(
    con: duckdb.DuckDBPyConnection,
    as_of: dt.date | None = None,
    *,
    lines: int = LINES,
    earlier: Path | None = None,
    made_by: str = "",
) -> Traced:
    """Create ``trace_fragment``, ``mart_flow`` and the tables of `models.tracing.told.ORDER`.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        A writable warehouse with all marts; a transaction may be open.
    as_of : date, optional
        End of the week; the last booking date when left out (the marts are cut already).
    lines : int
        Lines worked on at a time, about; nothing but the numbers of pots depends on it.
    earlier : Path, optional
        A warehouse file that was traced before, of whatever week: what it tells of circles that nothing new concerns
        is taken over. The tables are those of tracing anew, up to the numbers of pots.
    made_by : str
        Versions of code and libraries: what others made is not taken over.

    Returns
    -------
    Traced
    """
    if as_of is None:
        last = con.execute("select max(booked_on) from mart_line").fetchall()[0][0]
        as_of = cast(dt.date | None, last) or dt.date.min
    before = Earlier.attached(con, earlier)
    try:
        return _Build(con, as_of, lines, made_by, before).write()
    finally:
        if before is not None:
            before.close()


@dataclass(frozen=True, slots=True)
class Traced:
    """What a build did: circles of institutions there are, and how many of them were traced anew."""

    circles: int
    anew: int


class _Build:
    """One build of the tracing tables."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        as_of: dt.date,
        lines: int,
        made_by: str,
        before: Earlier | None,
    ) -> None:
        self.con, self.as_of, self.lines, self.before = con, as_of, lines, before
        self.common = ConnectionMarts(con)
        self.told = Told(con, self.common.lock)
        city = Context(marts=self.common, as_of=as_of)
        # what is asked of the whole city: nothing else of a group may depend on others
        begun, delivered, shared = statements_begin(city), projects_delivered(city), shared_accounts(city)
        self.city = Context(marts=Closed(), as_of=as_of, memo=city.memo)
        self.circles = circles(con)
        self.inputs = Inputs(con, self.circles, shared)
        self.digests = self.inputs.digests(as_of, f"{made_by} {begun} {delivered}")

    def write(self) -> Traced:
        """Write every table."""
        loose: dict[str, list[pl.DataFrame]] = {way: [] for way in WAYS}
        again, same = self._again()
        stand: list[Group] = []
        for tied, taken in self._taken(same):
            if taken is None:
                again.extend(tied)
                continue
            stand.extend(tied)
            for name, part in taken.items():
                self.told.put(name, part)
            for way in WAYS:
                loose[way].append(taken["trace_loose"].filter(way=way).select(list(USE_SCHEMA)))
        again.sort(key=lambda c: c.institutions)
        log.info("traced anew: %d of %d circles of institutions", len(again), len(self.circles))
        worked_on = groups(again, self.lines) or ([] if stand else [Group((), ())])
        classes: list[pl.DataFrame] = []
        for answer in _in_turn(lambda g: _answered(self._context(g)), worked_on):
            for name, part in answer.tables.items():
                self.told.put(name, part)
            for way, some in answer.loose.items():
                loose[way].append(some)
                self.told.put("trace_loose", some.with_columns(way=pl.lit(way)))
            classes.append(answer.classes)
        for pots in _pots_elsewhere(self.con, self.lines):
            self.told.put("trace_pot", pots)
        self.told.close("trace_pot")
        write_fragments(self.con, pots="trace_pot")
        self._uses({way: pl.concat(some) for way, some in loose.items()})
        self.told.close("trace_source", "trace_loose", *(name for name, _ in kept.KEPT.values()))
        self.con.execute(f"create or replace table mart_flow as {FLOWS}")
        self._ranges(list(zip(worked_on, classes, strict=True)), stand)
        self.inputs.close()
        return Traced(len(self.circles), len(again))

    def _context(self, group: Group) -> Context:
        return Context(marts=GroupMarts(self.con, group, self.common), as_of=self.as_of, whole=self.city)

    def _again(self) -> tuple[list[Group], list[Group]]:
        """Circles to trace, and those of which an earlier warehouse tells what still stands."""
        known = {} if self.before is None else self.before.circles
        again: list[Group] = []
        same: list[Group] = []
        for circle, digest in zip(self.circles, self.digests, strict=True):
            told, _ = known.get(circle.institutions, ("", ""))
            (same if told == digest else again).append(circle)
        return again, same

    def _taken(self, same: list[Group]) -> Iterator[tuple[list[Group], dict[str, pl.DataFrame] | None]]:
        """What is told of some circles at a time; None of such whose answers cannot be taken over."""
        if self.before is not None:
            for some in packed([(c, c.lines) for c in same], self.lines):
                yield some, self.before.answers(together(some), TAKEN)

    def _uses(self, loose: dict[str, pl.DataFrame]) -> None:
        """Write ``trace_use``: what is known, and what is followed wherever it went."""
        self.told.close("trace_known")
        self.told.put("trace_use", read(self.con, "from trace_known"))
        for used in _followed(self.con, self.common, self.as_of, loose):
            self.told.put("trace_use", used)
        self.told.close("trace_use")

    def _ranges(self, anew: list[tuple[Group, pl.DataFrame | None]], taken: list[Group]) -> None:
        """Write ``mart_flow_range``, and what the next build asks of this one."""
        uses = dict(zip((c.institutions for c in self.circles), self.inputs.uses(), strict=True))
        if self.before is not None:
            known = self.before.circles
            stand = [c for c in taken if known[c.institutions][1] == uses[c.institutions]]
            theirs = [i for c in stand for i in c.institutions]
            self.told.put("mart_flow_range", self.before.of("mart_flow_range", theirs))
            moved = [c for c in taken if c not in stand]
            anew = anew + [(group, None) for group in groups(moved, self.lines)]

        def band(known: tuple[Group, pl.DataFrame | None]) -> pl.DataFrame:
            group, classes = known
            ctx = self._context(group)
            told = line_classes(ctx) if classes is None else classes
            return ranges(ctx, told, ctx.table("trace_use"))

        for part in _in_turn(band, anew):
            self.told.put("mart_flow_range", part)
        self.told.close("mart_flow_range")
        stood = pl.DataFrame(
            {
                "institutions": [list(c.institutions) for c in self.circles],
                "told": self.digests,
                "used": [uses[c.institutions] for c in self.circles],
            },
            schema={"institutions": pl.List(pl.String), "told": pl.String, "used": pl.String},
        )
        self.told.put(CIRCLES, stood)
        self.told.close(CIRCLES)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a group's own registers and lines tell: parts of tables, and what is asked later."""

    tables: dict[str, pl.DataFrame]
    loose: dict[str, pl.DataFrame]
    classes: pl.DataFrame


def _answered(ctx: Context) -> _Answer:
    known, loose = known_uses(ctx)
    tables = {"trace_source": sources(ctx), "trace_pot": controlled_pots(ctx), "trace_known": known}
    kept.write(ctx, tables.__setitem__)
    return _Answer(tables, loose, line_classes(ctx))


def _in_turn(work: Callable[[Part], Done], parts: list[Part]) -> Iterator[Done]:
    """Do parts `AT_ONCE` at a time, and hand what they give over in their order."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        waiting: deque[Future[Done]] = deque()
        for part in parts:
            waiting.append(pool.submit(work, part))
            if len(waiting) > AT_ONCE:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _pots_elsewhere(con: duckdb.DuckDBPyConnection, lines: int) -> Iterator[pl.DataFrame]:
    """Pots of accounts that no register gives to an institution, some accounts at a time."""
    accounts = con.execute(
        "select account_id, lines from mart_account where lines > 0 "
        "and account_id not in (select account_id from mart_controlled_account) order by account_id"
    ).fetchall()
    pieces: Iterator[list[int]] = packed(accounts, lines)
    for some in pieces:
        these = ", ".join(map(str, some))
        columns = ", ".join(PASSING)
        query = f"select {columns} from mart_line where account_id in ({these}) order by line_no"
        yield passed_pots(read(con, query))


def _followed(
    con: duckdb.DuckDBPyConnection, common: ConnectionMarts, as_of: dt.date, loose: dict[str, pl.DataFrame]
) -> Iterator[pl.DataFrame]:
    """Uses of lines whose money may have gone on, wherever it went."""
    starts = [(lines["line_no"], reach_of(way)[0]) for way, lines in loose.items()]
    marts = ReachMarts(con, starts, common)
    ctx = Context(marts=marts, as_of=as_of, stored={"tracing.pots": "trace_pot"})
    for way, lines in loose.items():
        yield followed_on(ctx, way, lines)
