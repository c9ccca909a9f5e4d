"""Build the DuckDB warehouse from the lake: all of ``sql/`` in order, into a file aside, then swap it in.

The warehouse is a cache: written aside and renamed, so a reader's open file is never broken
and a killed build leaves the previous one. That is why no transaction spans the build: each relation is
committed as it is made, and a step nobody reads any more gives its memory back at once. Relations that need a
graph or a converter are made in Python between the layers (`MADE`).
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

import sql
from flows.steps import slices, walk
from flows.steps.errors import WarehouseError
from models import names
from models.graphs import ownership
from sql import lake as schema

log = logging.getLogger(__name__)

Step = Callable[[duckdb.DuckDBPyConnection], None]

FILE = "lookthrough.duckdb"
THREADS = 2
MEMORY = "6GB"
SMALL = 3_000_000
"""Lines up to which a lake is read into memory once instead of column by column from its files."""
MEMORY_ONLY = Path(":memory:")
"""A database without a file."""
SPILL = "60GB"
"""Most that a build may spill beside the warehouse; more is a fault, not a big week."""


@dataclass(frozen=True, slots=True)
class Made:
    """A relation made in Python between the layers.

    Attributes
    ----------
    reads : frozenset of str
        Relations it needs.
    make : callable
        Given the connection, creates the relation of its name.
    """

    reads: frozenset[str]
    make: Callable[[duckdb.DuckDBPyConnection], None]


MADE: dict[str, Made] = {
    "int_line__walked": Made(frozenset({"int_line__unclear"}), walk.make_walked),
    "int_name__plain": Made(frozenset({"int_name__distinct"}), names.make_plain),
    "mart_relation": Made(ownership.READS, ownership.make_relation),
}


@dataclass(frozen=True, slots=True)
class Built:
    """What a build did.

    Attributes
    ----------
    path : Path
        The warehouse file.
    as_of : date
        The Sunday it is cut at.
    rows : dict
        Rows of each kept table, by name.
    """

    path: Path
    as_of: dt.date
    rows: dict[str, int]


def _literal(paths: Iterable[Path]) -> str:
    return "[" + ", ".join("'" + str(p).replace("'", "''") + "'" for p in paths) + "]"


def _typed(columns: dict[str, str]) -> str:
    return ", ".join(f"null::{t} as {c}" for c, t in columns.items())


def attach_lake(con: duckdb.DuckDBPyConnection, lake: Path, as_of: dt.date) -> None:
    """Show the delivered part of the lake as views ``lake_*``; missing files or columns read as nulls.

    Only contents that `deliveries.parquet` names are seen: what an earlier landing held and
    this one does not is no part of the week.
    """
    columns = ", ".join(schema.DELIVERIES)
    con.execute(
        f"create temp table lake_deliveries as select {columns}, "
        "row_number() over (order by source_file, source_sha256) as delivery_no "
        f"from read_parquet({_literal([lake / 'deliveries.parquet'])})"
    )
    present = con.execute(
        "select kind, register, source_sha256 from lake_deliveries "
        "where kind in ('statement', 'register') group by all order by all"
    ).fetchall()
    _attach_lines(con, lake, sorted({sha for kind, _, sha in present if kind == "statement"}), as_of)
    for register, typed in schema.REGISTERS.items():
        paths = [
            lake / "registers" / f"{sha}.parquet"
            for kind, name, sha in present
            if kind == "register" and name == register
        ]
        paths = [p for p in paths if p.exists()]
        rows = f"select {_typed(typed)}, null::bigint as source_record, null::varchar as sha where false"
        if paths:
            rows += (
                " union all by name select * exclude (filename, file_row_number), "
                "file_row_number + 1 as row_in_file, parse_filename(filename, true) as sha "
                f"from read_parquet({_literal(paths)}, union_by_name = true, filename = true, "
                "file_row_number = true)"
            )
        else:
            rows += " union all by name select null::bigint as row_in_file where false"
        columns = ", ".join(f"r.{c}::{t} as {c}" for c, t in typed.items())
        con.execute(
            f"create temp view lake_{register} as select {columns}, d.source_file, d.source_sha256, "
            "coalesce(r.source_record, r.row_in_file) as source_record, d.delivery_no "
            f"from ({rows}) as r inner join lake_deliveries as d "
            "on r.sha = d.source_sha256 and d.kind = 'register'"
        )


def _attach_lines(con: duckdb.DuckDBPyConnection, lake: Path, contents: list[str], as_of: dt.date) -> None:
    """Show each delivered content's lines up to `as_of` once, as ``lake_lines``.

    A small lake is read into memory once; a large one stays in its files, of which each step reads
    the columns it needs. Contents that came whole are numbered before those that came cut short or
    otherwise with a problem, so that of equal copies the one in the sound file is cited.
    """
    paths = [lake / "statements" / f"{sha}.parquet" for sha in contents]
    paths = [p for p in paths if p.exists()]
    lines = f"select {_typed(schema.LINES)}, null::varchar as sha, 0::bigint as file_row_number where false"
    count = 0
    if paths:
        files = f"{_literal(paths)}, union_by_name = true"
        count = con.execute(f"select count(*) from read_parquet({files})").fetchall()[0][0]
        lines += (
            " union all by name select * exclude (filename), parse_filename(filename, true) as sha "
            f"from read_parquet({files}, filename = true, file_row_number = true)"
        )
    con.execute(
        "create temp table lake_content as select source_sha256, min(source_file) as source_file, "
        "row_number() over (order by min(problem) is not null, source_sha256) as content_no from lake_deliveries "
        "where kind = 'statement' group by source_sha256"
    )
    columns = ", ".join(f"l.{c}" for c in schema.LINES)
    con.execute(
        f"create temp {'table' if count <= SMALL else 'view'} lake_lines as select "
        f"(c.content_no << 36) + l.file_row_number as row_id, {columns}, c.content_no "
        f"from ({lines}) as l inner join lake_content as c on l.sha = c.source_sha256 "
        f"where l.booked_at::date <= date '{as_of.isoformat()}'"
    )


def _create(con: duckdb.DuckDBPyConnection, relation: sql.Relation, values: dict[str, object]) -> None:
    parameters = {k: v for k, v in values.items() if k in relation.parameters}
    cut = list(slices.bounds(con, relation.parameters, relation.amends))
    if relation.amends:
        _amend(con, relation, parameters, cut)
        return
    kind = ("temp " if relation.temporary else "") + ("view" if relation.view else "table")
    text = relation.text
    if relation.view:  # a view takes no parameters
        for parameter, value in parameters.items():
            text = text.replace(f"${parameter}", f"date '{value}'")
        parameters = {}
    create = f"create {kind} {relation.name} as {text}"
    with _sides(con, relation):
        for bounds in cut:
            con.execute(create, parameters | bounds or None)
            create = f"insert into {relation.name} {text}"
    if relation.then:
        con.execute(f"update {relation.name} set {relation.then}")


@contextlib.contextmanager
def _sides(con: duckdb.DuckDBPyConnection, relation: sql.Relation) -> Iterator[None]:
    """Have the planner keep the sides of joins where the relation asks for it."""
    if relation.as_written:
        con.execute("set disabled_optimizers = 'build_side_probe_side'")
    yield
    if relation.as_written:
        con.execute("reset disabled_optimizers")


def _amend(
    con: duckdb.DuckDBPyConnection,
    relation: sql.Relation,
    parameters: dict[str, object],
    cut: list[dict[str, object]],
) -> None:
    """Change cells of the relation's rows; changes are held in memory until they are written, so each slice is.

    What changes is worked out before: planned together with the update, joins are put in an order in which the holdings
    of one large institution meet all of its investors.
    """
    cells = con.sql(f"select * from ({relation.text}) limit 0", params=parameters | cut[0]).columns
    changes = ", ".join(f"{c} = changed.{c}" for c in cells[1:])
    update = (
        f"update {relation.amends} set {changes} from _changed as changed "
        f"where {relation.amends}.{cells[0]} = changed.{cells[0]}"
    )
    whole = list(slices.rows(con, relation.amends, cells[0]))
    for bounds in cut:
        con.execute(f"create or replace temp table _changed as {relation.text}", parameters | bounds or None)
        for part in whole if len(cut) == 1 else [bounds]:
            con.execute(f"{update} and changed.{cells[0]} between $from_row and $to_row", part)
            if max(len(cut), len(whole)) > 1:
                con.execute("checkpoint")
    con.execute("drop table temp._changed")
    con.execute(f"alter table {relation.amends} rename to {relation.name}")


def _last_readers(names: list[str], relations: dict[str, sql.Relation]) -> dict[str, list[str]]:
    """Say which relations (and the lines of the lake) nobody reads any more once each of `names` is made.

    Who reads a view reads what the view reads. What a check reads stays: checks come last of all.
    """
    droppable = {"lake_lines", *names}
    beneath: dict[str, frozenset[str]] = {}
    last: dict[str, str | None] = {}
    for name in names:
        reads = relations[name].reads if name in relations else MADE[name].reads
        reads = reads.union(*(beneath.get(r, frozenset()) for r in reads))
        if name in relations and relations[name].view:
            beneath[name] = reads
        keep = name in relations and relations[name].layer == "checks"
        last |= dict.fromkeys(reads & droppable, None if keep else name)
    found: dict[str, list[str]] = {}
    for relation, reader in last.items():
        if reader is not None:
            found.setdefault(reader, []).append(relation)
    return found


def _check(con: duckdb.DuckDBPyConnection, checks: list[sql.Relation], values: dict[str, object]) -> None:
    failed = []
    for check in checks:
        parameters = {k: v for k, v in values.items() if k in check.parameters}
        counted = con.execute(f"select count(*) from ({check.text})", parameters or None).fetchall()
        if counted[0][0]:
            failed.append(f"{check.name} ({counted[0][0]} rows)")
    if failed:
        raise WarehouseError(
            "The warehouse does not hold what its checks promise: "
            + ", ".join(failed)
            + ". Nothing was replaced; run the named query of sql/checks over the lake to see the rows."
        )


def open_aside(
    path: Path, spill: Path, memory: str = MEMORY, threads: int = THREADS
) -> duckdb.DuckDBPyConnection:
    """Open a new database file with bounded memory that spills beside the warehouse.

    No log is written ahead: a file whose build was killed is thrown away, never recovered.
    """
    spill.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect(
        ":memory:",
        config={
            "threads": threads,
            "memory_limit": memory,
            "temp_directory": str(spill),
            "max_temp_directory_size": SPILL,
        },
    )
    with contextlib.suppress(
        duckdb.InvalidInputException
    ):  # a notebook without widgets has no bar to turn off
        con.execute("set enable_progress_bar = false")
    if path != MEMORY_ONLY:
        quoted = str(path).replace("'", "''")
        con.execute(f"attach '{quoted}' as lookthrough (recovery_mode no_wal_writes)")
        con.execute("use lookthrough")
    return con


def shape(
    con: duckdb.DuckDBPyConnection,
    as_of: dt.date,
    attach: Step,
    after: Iterable[Step] = (),
) -> None:
    """Make every relation on a connection, drop each step after its last reader, and hold them to their checks.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        Without any of the relations.
    as_of : date
    attach : callable
        Shows the lake as ``lake_*``, lines cut at `as_of`; see `attach_lake`.
    after : iterable of callables
        Steps that write further tables (tracing).

    Raises
    ------
    WarehouseError
        When a relation fails or a check returns rows; what was made by then stays on the connection.
    """
    relations = sql.load()
    names_in_order = sql.order(relations, {n: m.reads for n, m in MADE.items()})
    values: dict[str, object] = {"as_of": as_of}
    attach(con)
    done_with = _last_readers(names_in_order, relations)
    for name in names_in_order:
        started = time.perf_counter()
        if name in MADE:
            MADE[name].make(con)
        elif relations[name].layer != "checks":
            try:
                _create(con, relations[name], values)
            except duckdb.Error as error:
                raise WarehouseError(f"sql relation {name} failed: {error}") from error
        _drop_steps(con, done_with.get(name, []))
        log.debug("%s: %.2f s", name, time.perf_counter() - started)
    for step in after:
        step(con)
    _check(
        con,
        [relations[n] for n in names_in_order if n in relations and relations[n].layer == "checks"],
        values,
    )


def _drop_steps(con: duckdb.DuckDBPyConnection, names: list[str]) -> None:
    """Drop the temporary tables among some relations."""
    steps = con.execute(
        "select table_name from duckdb_tables() where temporary and list_contains($1, table_name) order by all",
        [names],
    ).fetchall()
    for (step,) in steps:
        con.execute(f'drop table temp."{step}"')


def build(
    warehouse: Path,
    as_of: dt.date,
    *,
    after: Iterable[Step] = (),
    memory: str = MEMORY,
    threads: int = THREADS,
) -> Built:
    """Build ``warehouse/lookthrough.duckdb`` from ``warehouse/lake``, as seen on `as_of`.

    Parameters
    ----------
    warehouse : Path
        Folder that holds ``lake/``.
    as_of : date
        The Sunday that ends the week; everything later stays invisible.
    after : iterable of callables
        Steps that write further tables (tracing) before the file is swapped in.
    memory, threads : str, int
        Bounds for DuckDB; what does not fit spills to disk beside the warehouse.

    Returns
    -------
    Built
        Path and row counts.

    Raises
    ------
    WarehouseError
        When a check of ``sql/checks`` returns rows; the previous file then stays.
    """
    lake = warehouse / "lake"
    final, aside, spill = warehouse / FILE, warehouse / f".{FILE}.new", warehouse / ".spill"
    aside.unlink(missing_ok=True)
    Path(f"{aside}.wal").unlink(missing_ok=True)
    con = open_aside(aside, spill, memory, threads)
    try:
        shape(con, as_of, lambda c: attach_lake(c, lake, as_of), after)
        tables = con.execute(
            "select table_name from duckdb_tables() where not temporary order by table_name"
        ).fetchall()
        rows = {t: con.execute(f"select count(*) from {t}").fetchall()[0][0] for (t,) in tables}
        con.execute("checkpoint")
    except BaseException:
        con.close()
        aside.unlink(missing_ok=True)
        raise
    finally:
        con.close()
        Path(f"{aside}.wal").unlink(missing_ok=True)
        shutil.rmtree(spill, ignore_errors=True)
    os.replace(aside, final)
    log.info("warehouse built: %d tables", len(rows))
    return Built(path=final, as_of=as_of, rows=rows)
