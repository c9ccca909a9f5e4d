"""One lake seen on many days: what no day changes is read once, each day cuts its own view of it.

A backtest asks the same lake again and again. Reading hundreds of small files is the same for every week, so
it is done once, into one DuckDB file. Only reading is shared: which lines are one line, who is
who and what pays what can depend on what a day does not know yet, and is worked out anew for each.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path

import duckdb

from flows.steps.marts import DuckMarts
from flows.steps.warehouse import MEMORY_ONLY, SMALL, Step, attach_lake, open_aside, shape
from sql import lake as schema

SHARED = "shared.duckdb"
_RELATIONS = ("lake_deliveries", "lake_content", "lake_lines", *(f"lake_{r}" for r in schema.REGISTERS))


def gather(lake: Path, folder: Path, memory: str) -> Path:
    """Read the delivered part of the lake once, uncut.

    Parameters
    ----------
    lake : Path
    folder : Path
        Receives the file; nothing else is written.
    memory : str
        For DuckDB.

    Returns
    -------
    Path
        A DuckDB file of the relations ``lake_*`` with every line and row, whatever its day.
    """
    path = folder / SHARED
    con = open_aside(path, folder / ".spill", memory, threads=1)
    try:
        (name,) = con.execute("select current_database()").fetchall()[0]
        attach_lake(con, lake, dt.date.max)
        for relation in _RELATIONS:
            con.execute(f'create table "{name}".main.{relation} as select * from temp.{relation}')
    finally:
        con.close()
    return path


def marts_on(shared: Path, as_of: dt.date, after: Iterable[Step], memory: str, spill: Path) -> DuckMarts:
    """Build one day's warehouse in memory, from what `gather` read.

    Parameters
    ----------
    shared : Path
        Opened read-only; many processes may at once.
    as_of : date
        The Sunday: no later line or register row is seen.
    after : iterable of callables
        As in `flows.steps.warehouse.build`.
    memory : str
    spill : Path
        Where DuckDB puts what does not fit into `memory`.

    Returns
    -------
    DuckMarts
        The same relations as those of `build`, row for row.
    """
    con = open_aside(MEMORY_ONLY, spill, memory, threads=1)
    try:
        quoted = str(shared).replace("'", "''")
        con.execute(f"attach '{quoted}' as shared_lake (read_only)")
        shape(con, as_of, lambda c: _cut(c, as_of), after)
        steps = con.execute("select table_name from duckdb_tables() where temporary").fetchall()
        for (step,) in steps:
            con.execute(f'drop table temp."{step}"')
        return DuckMarts.over(con)
    except BaseException:
        con.close()
        raise


def _cut(con: duckdb.DuckDBPyConnection, as_of: dt.date) -> None:
    """Show the shared lake as views ``lake_*``, lines up to `as_of`; registers are cut by ``stg_*`` as always."""
    count = con.execute("select count(*) from shared_lake.main.lake_lines").fetchall()[0][0]
    for relation in _RELATIONS:
        lines = relation == "lake_lines"
        kind = "table" if lines and count <= SMALL else "view"
        where = f" where booked_at::date <= date '{as_of.isoformat()}'" if lines else ""
        con.execute(f"create temp {kind} {relation} as select * from shared_lake.main.{relation}{where}")
