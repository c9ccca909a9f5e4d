"""Write the tracing tables into a warehouse, after its marts.

Institutions are worked on in groups (`models.tracing.groups`), accounts in pieces (`models.tracing.large`), so
that no table of all lines is ever held. What crosses them comes in between: money that only passed through
accounts no register knows, and the way of what left for others.

A week is traced anew. A new week adds lines to seven accounts in ten (half a year of 87 institutions), and those hold
95 of 100 lines: to trace what it touches is to trace nearly everything. Nor does what was traced of their older lines
stay. Of last week's fragments 99.4 % still hold, but which ones do is told by identification, done again: to know it
and to copy the fragments costs what matching costs (1.3 to 2.4 against 2.3 seconds of processor for 3 million lines),
and matching is a twentieth of tracing. The rest reads the clients' ledger, whose old rows the new week changes (4 in
100: a factor gains holders), and what is seen of accounts that fell silent, which each day changes.
"""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar, cast

import duckdb
import polars as pl

from models.tracing.divert import WAYS, reach_of
from models.tracing.groups import LINES, Group, groups, packed
from models.tracing.large import write_fragments
from models.tracing.marts import ConnectionMarts, GroupMarts, ReachMarts, read
from models.tracing.pots import PASSING, controlled_pots, passed_pots
from models.tracing.ranges import line_classes, ranges
from models.tracing.sources import SOURCE_ORDER, sources
from models.tracing.uses import USE_ORDER, followed_on, known_uses
from models.typologies import _kept as kept
from models.typologies.base import Context

if TYPE_CHECKING:
    from threading import RLock

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
ORDER: dict[str, tuple[str, ...]] = {
    "trace_pot": ("line_no", "pot"),
    "trace_source": SOURCE_ORDER,
    "trace_use": USE_ORDER,
    "ledger_deposit": ("line_no", "institution_id", "subscription_id"),
    "ledger_payout": ("line_no", "institution_id", "subscription_id"),
    "ledger_round": ("institution_id", "product_id", "booked_on"),
    "ledger_coverage": ("institution_id", "product_id", "booked_on", "line_no", "source"),
    "ledger_borrower": ("product_id", "project_id", "holder_id nulls first"),
    "ledger_repayment": ("line_no", "institution_id"),
    "mart_flow_range": ("institution_id", "side", "class"),
}
"""Tables that are told group by group, and the order they are kept in."""


def build(con: duckdb.DuckDBPyConnection, as_of: dt.date | None = None, *, lines: int = LINES) -> None:
    """Create ``trace_fragment``, ``mart_flow`` and the tables of `ORDER`.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        A writable warehouse with all marts; a transaction may be open.
    as_of : date, optional
        End of the week; the last booking date when left out (the marts are cut already).
    lines : int
        Lines worked on at a time, about; nothing but the numbers of pots depends on it.
    """
    if as_of is None:
        last = con.execute("select max(booked_on) from mart_line").fetchall()[0][0]
        as_of = cast(dt.date | None, last) or dt.date.min
    common = ConnectionMarts(con)
    told = _Told(con, common.lock)
    worked_on = groups(con, lines)
    # whether a register was delivered at all is no group's to say
    city = Context(marts=common, as_of=as_of)

    def context(group: Group) -> Context:
        return Context(marts=GroupMarts(con, group, common), as_of=as_of, whole=city)

    classes: list[pl.DataFrame] = []
    loose: dict[str, list[pl.DataFrame]] = {way: [] for way in WAYS}
    for answer in _in_turn(lambda g: _answered(context(g)), worked_on):
        for name, part in answer.tables.items():
            told.put(name, part)
        for way, some in answer.loose.items():
            loose[way].append(some)
        classes.append(answer.classes)
    for pots in _pots_elsewhere(con, lines):
        told.put("trace_pot", pots)
    told.close("trace_pot")
    write_fragments(con, pots="trace_pot")
    for used in _followed(con, common, as_of, {way: pl.concat(some) for way, some in loose.items()}):
        told.put("trace_use", used)
    told.close("trace_source", "trace_use", *(name for name, _ in kept.KEPT.values()))
    con.execute(f"create or replace table mart_flow as {FLOWS}")

    def band(known: tuple[Group, pl.DataFrame]) -> pl.DataFrame:
        ctx = context(known[0])
        return ranges(ctx, known[1], ctx.table("trace_use"))

    for part in _in_turn(band, list(zip(worked_on, classes, strict=True))):
        told.put("mart_flow_range", part)
    told.close("mart_flow_range")


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a group's own registers and lines tell: parts of tables, and what is asked later."""

    tables: dict[str, pl.DataFrame]
    loose: dict[str, pl.DataFrame]
    classes: pl.DataFrame


def _answered(ctx: Context) -> _Answer:
    known, loose = known_uses(ctx)
    tables = {"trace_source": sources(ctx), "trace_pot": controlled_pots(ctx), "trace_use": known}
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


class _Told:
    """Tables told part by part, then kept in their order."""

    def __init__(self, con: duckdb.DuckDBPyConnection, lock: RLock) -> None:
        self._con, self._lock = con, lock
        self._open: set[str] = set()

    def put(self, name: str, part: pl.DataFrame) -> None:
        """Take a part of a table down."""
        verb = (
            f'insert into "_{name}"' if name in self._open else f'create or replace temp table "_{name}" as'
        )
        self._open.add(name)
        with self._lock:
            self._con.register("_part", part.to_arrow())
            self._con.execute(f"{verb} select * from _part")
            self._con.unregister("_part")

    def close(self, *names: str) -> None:
        """Put tables in order, and into the warehouse."""
        for name in names:
            order = ", ".join(ORDER[name])
            self._con.execute(f'create or replace table "{name}" as select * from "_{name}" order by {order}')
            self._con.execute(f'drop table "_{name}"')
            self._open.remove(name)


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
