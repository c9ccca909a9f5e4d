"""Write the tracing tables into a warehouse, after its marts.

Everything is traced anew, each time. A new week's lines touch the accounts that hold 95 to 99 % of all
lines (custody and pool accounts are never silent) and nine institutions in ten, so little could be taken
over from the week before; and to know what could (late deliveries and changed registers alter old weeks) every
line has to be hashed, which costs half of what matching it costs. What a run does not repeat at all is a
week for which nothing new was delivered.
"""

from __future__ import annotations

import datetime as dt
from typing import cast

import duckdb
import polars as pl

from models.tracing.large import write_fragments
from models.tracing.pots import pots
from models.tracing.ranges import ranges
from models.tracing.sources import sources
from models.tracing.uses import uses
from models.typologies import _kept as kept
from models.typologies.base import Context

FLOW_SCHEMA: dict[str, pl.DataType] = {
    "institution_id": pl.String(),
    "side": pl.String(),
    "class": pl.String(),
    "amount_fen": pl.Int64(),
}
"""Grain: institution × side × class of contract section 4, in fen; sorted by it."""


class ConnectionMarts:
    """`models.typologies.base.Marts` over an open connection; each column is read once.

    Statement lines are ten times as large with their texts as without, so a column nobody asks
    for by name is not read (``table(name)`` reads them all).
    """

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con = con
        self._read: dict[str, dict[str, pl.Series]] = {}
        self._whole: dict[str, tuple[str, ...]] = {}

    def table(self, name: str, columns: tuple[str, ...] | None = None) -> pl.DataFrame:
        """Return a relation, or some of its columns."""
        if columns is None:
            if name not in self._whole:
                self._whole[name] = tuple(self._con.sql(f'select * from "{name}" limit 0').columns)
            columns = self._whole[name]
        known = self._read.setdefault(name, {})
        missing = [c for c in columns if c not in known]
        if missing:
            wanted = ", ".join(f'"{c}"' for c in missing)
            arrow = self._con.sql(f'select {wanted} from "{name}"').to_arrow_table()
            known.update((s.name, s) for s in cast(pl.DataFrame, pl.from_arrow(arrow)).get_columns())
        return pl.DataFrame([known[c] for c in columns])

    def put(self, name: str, frame: pl.DataFrame) -> None:
        """Write a frame as a table; whoever asks for it reads it back."""
        self._read.pop(name, None)
        self._whole.pop(name, None)
        self._con.register("_tracing_frame", frame.to_arrow())
        self._con.execute(f'create or replace table "{name}" as select * from _tracing_frame')
        self._con.unregister("_tracing_frame")


def build(con: duckdb.DuckDBPyConnection, as_of: dt.date | None = None) -> None:
    """Create ``trace_fragment``, ``trace_source``, ``trace_use``, ``mart_flow``, ``mart_flow_range`` and ``ledger_…``.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        A writable warehouse with all marts; a transaction may be open.
    as_of : date, optional
        End of the week; the last booking date when left out (the marts are cut already).
    """
    marts = ConnectionMarts(con)
    if as_of is None:
        as_of = (
            cast(dt.date | None, marts.table("mart_line", ("booked_on",))["booked_on"].max()) or dt.date.min
        )
    ctx = Context(marts=marts, as_of=as_of)
    tied = pots(ctx)
    write_fragments(con, pots=tied)
    paid_by, went_to = sources(ctx), uses(ctx)
    ctx.memo.pop("tracing.web.lifo", None)  # the largest thing there is, and nobody asks again
    marts.put("trace_source", paid_by)
    marts.put("trace_use", went_to)
    marts.put("mart_flow", flows(paid_by, went_to))
    kept.write(ctx, marts.put)
    marts.put("mart_flow_range", ranges(ctx))


def flows(paid_by: pl.DataFrame, went_to: pl.DataFrame) -> pl.DataFrame:
    """Sum sources and uses by class (`FLOW_SCHEMA`); classes without money are left out."""
    sides = [(paid_by, "source"), (went_to, "use")]
    return (
        pl.concat(
            [
                f.group_by("institution_id", "class")
                .agg(pl.col("amount_fen").sum())
                .with_columns(pl.lit(side).alias("side"))
                for f, side in sides
            ]
        )
        .filter(pl.col("amount_fen") != 0)
        .select(list(FLOW_SCHEMA))
        .cast(pl.Schema(FLOW_SCHEMA))
        .sort("institution_id", "side", "class")
    )
