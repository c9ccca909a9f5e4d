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
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self, cast

import duckdb
import polars as pl

from flows.steps.errors import ConfigurationError, LookthroughError, WarehouseError
from models.finding import EVIDENCE_SCHEMA, Finding
from models.typologies import _kept as kept
from models.typologies.base import Context, Registered, discover, in_order

log = logging.getLogger(__name__)

WAREHOUSE_FILE = "lookthrough.duckdb"


class TypologyError(LookthroughError):
    """A typology could not judge this warehouse; the message names it and the place, no row content."""


class DuckMarts:
    """Read access to a warehouse file, as `models.typologies.base.Marts`.

    Use as a context manager; frames stay usable after it closes.
    """

    def __init__(self, path: Path, memory: str = "4GB", threads: int = 2) -> None:
        if not path.is_file():
            raise WarehouseError(f"There is no warehouse at {path}; run `lookthrough run` first.")
        try:
            self._con = duckdb.connect(
                str(path), read_only=True, config={"memory_limit": memory, "threads": threads}
            )
        except duckdb.Error as error:
            raise WarehouseError(
                f"The warehouse {path} cannot be opened ({type(error).__name__}); delete it and run again."
            ) from None
        self._look()

    @classmethod
    def over(cls, con: duckdb.DuckDBPyConnection) -> Self:
        """Return marts over an open connection on which they were just made; they close it."""
        marts = cls.__new__(cls)
        marts._con = con
        marts._look()
        return marts

    def _look(self) -> None:
        """List what there is; steps and attached files of the connection are no part of the warehouse."""
        rows = self._con.execute(
            "select table_name, column_name from information_schema.columns "
            "where table_catalog = current_database() order by table_name, ordinal_position"
        ).fetchall()
        self._columns: dict[str, list[str]] = {}
        for table, column in rows:
            self._columns.setdefault(table, []).append(column)
        self._views = {v for (v,) in self._con.execute("select view_name from duckdb_views()").fetchall()}
        self._series: dict[str, dict[str, pl.Series]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._con.close()

    def has(self, name: str) -> bool:
        """Say whether the warehouse holds this relation."""
        return name in self._columns

    def columns(self, name: str) -> list[str]:
        """Names of a relation's columns, in order."""
        return list(self._columns[name])

    def table(self, name: str, columns: tuple[str, ...] | None = None) -> pl.DataFrame:
        """Return a whole relation or some of its columns; a column is read once and kept.

        Raises
        ------
        KeyError
            When the warehouse has no such relation or column.
        """
        if name not in self._columns:
            raise KeyError(f"the warehouse has no relation {name}")
        wanted = self._columns[name] if columns is None else columns
        missing = [c for c in wanted if c not in self._columns[name]]
        if missing:
            raise KeyError(f"{name} has no column {missing}")
        held = self._series.setdefault(name, {})
        absent = [c for c in wanted if c not in held]
        if absent:
            # The rows of a table come in the order in which they were written, so columns read apart fit together;
            # those of a view need not.
            absent = self._columns[name] if name in self._views else absent
            what = ", ".join(f'"{c}"' for c in absent)
            arrow = self._con.sql(f'select {what} from "{name}"').to_arrow_table()
            for column in cast(pl.DataFrame, pl.from_arrow(arrow)).get_columns():
                held[column.name] = _flagged(column)
        return pl.DataFrame([held[c] for c in wanted])

    def lines(self, numbers: pl.Series, columns: tuple[str, ...]) -> pl.DataFrame:
        """Return some columns of the lines of these numbers, sorted by number and not kept.

        For texts of the few lines that are shown: a whole column of them would fill the memory.

        Parameters
        ----------
        numbers : polars.Series of int
            ``line_no``; repeated and null ones count once and not at all.
        columns : tuple of str
        """
        wanted = pl.DataFrame({"line_no": numbers.drop_nulls().unique().sort()}, schema={"line_no": pl.Int64})
        what = ", ".join(f'l."{c}"' for c in columns)
        self._con.register("wanted_lines", wanted.to_arrow())
        try:
            found = self._con.sql(
                f"select {what} from mart_line as l semi join wanted_lines as w on l.line_no = w.line_no "
                "order by l.line_no"
            ).to_arrow_table()
        finally:
            self._con.unregister("wanted_lines")
        return cast(pl.DataFrame, pl.from_arrow(found))


def _flagged(column: pl.Series) -> pl.Series:
    """Tell polars that a number column is in order where it is: sorting by it then costs nothing."""
    return column.set_sorted() if column.dtype == pl.Int64 and column.is_sorted() else column


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
    context = Context(marts, as_of, dict(overrides or {}), stored=kept.stored(marts.has))
    findings: list[Finding] = []
    seconds: dict[str, float] = {}
    for entry in in_order({c: r for c, r in registered.items() if c in wanted}):
        code = entry.meta.code
        if progress is not None:
            progress(code)
        context.findings = {c: [f for f in findings if f.typology == c] for c in entry.meta.after}
        started = time.perf_counter()
        try:
            found = list(entry.detect(context))
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            # The message of the cause may quote a row; its type and place are enough to mend it.
            raise TypologyError(
                f"The typology {code} failed ({type(error).__name__} at "
                f"{Path(place.filename).name}:{place.lineno}); no exports were written. "
                f"Reproduce it with `lookthrough judge --only {code}`."
            ) from error
        _check(code, found)
        findings += found
        seconds[code] = time.perf_counter() - started
        log.debug("typology %s: %d findings in %.2f s", code, len(found), seconds[code])
    findings.sort(key=lambda f: (f.institution_id, f.typology, f.subject))
    return Judgement(tuple(findings), seconds, context)


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
