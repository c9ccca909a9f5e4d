"""Write the tracing tables into a warehouse, after its marts."""

from __future__ import annotations

import datetime as dt
from typing import cast

import duckdb
import polars as pl

from models.tracing.match import match
from models.tracing.pots import pots
from models.tracing.ranges import ranges
from models.tracing.sources import sources
from models.tracing.uses import uses
from models.typologies.base import Context

FLOW_SCHEMA: dict[str, pl.DataType] = {
    "institution_id": pl.String(),
    "side": pl.String(),
    "class": pl.String(),
    "amount_fen": pl.Int64(),
}
"""Grain: institution × side × class of contract section 4, in fen; sorted by it."""


class ConnectionMarts:
    """`models.typologies.base.Marts` over an open connection; relations are read once."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con = con
        self._frames: dict[str, pl.DataFrame] = {}

    def table(self, name: str, columns: tuple[str, ...] | None = None) -> pl.DataFrame:
        """Return a relation, or some of its columns."""
        if name not in self._frames:
            arrow = self._con.sql(f'select * from "{name}"').to_arrow_table()
            self._frames[name] = cast(pl.DataFrame, pl.from_arrow(arrow))
        frame = self._frames[name]
        return frame if columns is None else frame.select(columns)

    def put(self, name: str, frame: pl.DataFrame) -> None:
        """Offer a frame as a relation, and write it as a table."""
        self._frames[name] = frame
        self._con.register("_tracing_frame", frame.to_arrow())
        self._con.execute(f'create or replace table "{name}" as select * from _tracing_frame')
        self._con.unregister("_tracing_frame")


def build(con: duckdb.DuckDBPyConnection, as_of: dt.date | None = None, *, ranged: bool = True) -> None:
    """Create ``trace_fragment``, ``trace_source``, ``trace_use``, ``mart_flow`` and ``mart_flow_range``.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        A writable warehouse with all marts; a transaction may be open.
    as_of : date, optional
        End of the week; the last booking date when left out (the marts are cut already).
    ranged : bool
        False leaves ``mart_flow_range`` out: it is for readers, no typology asks it, and a replay of many weeks
        need not work it out.
    """
    marts = ConnectionMarts(con)
    lines = marts.table("mart_line")
    last = lines["booked_on"].max() if lines.height else None
    ctx = Context(marts=marts, as_of=as_of or cast(dt.date, last or dt.date.min))
    tied = pots(ctx)
    marts.put("trace_fragment", match(lines, "fifo", pots=tied))
    paid_by, went_to = sources(ctx), uses(ctx)
    marts.put("trace_source", paid_by)
    marts.put("trace_use", went_to)
    marts.put("mart_flow", flows(paid_by, went_to))
    if ranged:
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
