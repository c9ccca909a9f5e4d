"""Read access to a warehouse file: what the typologies and the exports see."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self, cast

import duckdb
import polars as pl

from flows.steps.errors import WarehouseError
from models.lookups import LOOKUPS, looked_up, places


class DuckMarts:
    """Read access to a warehouse file, as `models.typologies.base.Marts`.

    Use as a context manager; frames stay usable after it closes. Threads may share it: their questions are put to the
    database one after another, each answered with all its processors.

    Attributes
    ----------
    path : Path or None
        The file; None for a warehouse in memory, which no other process can open.
    """

    path: Path | None = None

    def __init__(self, path: Path, memory: str = "1GB", threads: int = 2) -> None:
        if not path.is_file():
            raise WarehouseError(f"There is no warehouse at {path}; run `lookthrough run` first.")
        self.path = path
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
        self._spans: dict[tuple[str, str], pl.DataFrame] = {}
        self._one = threading.RLock()

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

    def height(self, name: str) -> int:
        """Return the number of a relation's rows."""
        with self._one:
            (rows,) = self._con.execute(f'select count(*) from "{name}"').fetchall()[0]
        return int(rows)

    def table(self, name: str, columns: tuple[str, ...] | None = None) -> pl.DataFrame:
        """Return a whole relation or some of its columns; a column is read once and kept.

        Columns named may also be such as the relation shows but another holds (`models.lookups`).

        Raises
        ------
        KeyError
            When the warehouse has no such relation or column.
        """
        if name not in self._columns:
            raise KeyError(f"the warehouse has no relation {name}")
        wanted = self._columns[name] if columns is None else columns
        shown = LOOKUPS.get(name, {})
        missing = [c for c in wanted if c not in self._columns[name] and c not in shown]
        if missing:
            raise KeyError(f"{name} has no column {missing}")
        with self._one:
            held = self._series.setdefault(name, {})
            absent = [c for c in wanted if c not in held and c not in shown]
            if absent:
                self._read(name, absent)
            held |= {c: looked_up(name, c, self.table, self.table) for c in wanted if c not in held}
        return pl.DataFrame([held[c] for c in wanted])

    def _read(self, name: str, absent: list[str]) -> None:
        # The rows of a table come in the order in which they were written, so columns read apart fit together;
        # those of a view need not.
        absent = self._columns[name] if name in self._views else absent
        what = ", ".join(f'"{c}"' for c in absent)
        arrow = self._con.sql(f'select {what} from "{name}"').to_arrow_table()
        for column in cast(pl.DataFrame, pl.from_arrow(arrow)).get_columns():
            self._series[name][column.name] = _flagged(column)

    def rows(
        self, name: str, columns: Sequence[str], condition: str, keys: Mapping[str, pl.DataFrame]
    ) -> pl.DataFrame:
        """Return some columns of the rows of a table for which a condition holds, in their order, not kept.

        Parameters
        ----------
        name : str
            A table, no view.
        columns : sequence of str
            Also such as `table` looks up.
        condition : str
            SQL over the table's columns and the keys.
        keys : mapping
            Small frames by the name under which the condition knows them.
        """
        return self.any_of(name, columns, (condition,), keys)

    def any_of(
        self, name: str, columns: Sequence[str], conditions: Sequence[str], keys: Mapping[str, pl.DataFrame]
    ) -> pl.DataFrame:
        """Return the rows for which any of the conditions holds, each once; see `rows`.

        Each condition is a query of its own: one that says "in this list or in that" is not looked up but tried
        row by row.
        """
        shown = LOOKUPS.get(name, {})
        read = dict.fromkeys(shown[c][1] if c in shown else c for c in columns)
        what = ", ".join(f'"{c}"' for c in read)
        with self._one, self._knowing(keys):
            parts = [
                self._con.sql(f'select rowid as _row, {what} from "{name}" where {c}').to_arrow_table()
                for c in conditions
            ]
        frame = pl.concat([cast(pl.DataFrame, pl.from_arrow(part)) for part in parts])
        if not frame["_row"].is_sorted():
            frame = frame.sort("_row")
        if len(conditions) > 1:
            frame = frame.filter((pl.col("_row") != pl.col("_row").shift()).fill_null(True))
        found = {s.name: _flagged(s) for s in frame.drop("_row").get_columns()}

        found |= self._looked_up(name, [c for c in columns if c in shown], found)
        return pl.DataFrame([found[c] for c in columns])

    def _looked_up(self, name: str, columns: list[str], found: dict[str, pl.Series]) -> dict[str, pl.Series]:
        """Columns that some rows show though another relation holds them; of a long one only what they name is read."""
        shown = LOOKUPS.get(name, {})
        texts: dict[str, pl.Series] = {}
        for holder, number in dict.fromkeys((shown[c][0], shown[c][1]) for c in columns):
            here = [c for c in columns if shown[c][0] == holder]
            named = found[number].drop_nulls().unique().sort()
            there = self.rows(
                holder,
                [number, *dict.fromkeys(shown[c][2] for c in here)],
                f"{number} in (select {number} from asked_texts)",
                {"asked_texts": pl.DataFrame({number: named})},
            )
            place = places(there[number], found[number])
            texts |= {c: there[shown[c][2]].gather(place).alias(c) for c in here}
        return texts

    def asked(self, query: str) -> pl.DataFrame:
        """Return what a query over the warehouse's relations finds, not kept."""
        with self._one:
            return cast(pl.DataFrame, pl.from_arrow(self._con.sql(query).to_arrow_table()))

    def spans(self, name: str, by: str) -> pl.DataFrame:
        """First and last row of a table for each value of a column: ``first_row``, ``last_row``; read once and kept."""
        with self._one:
            if (name, by) not in self._spans:
                self._spans[name, by] = self.asked(
                    f'select "{by}", min(rowid) as first_row, max(rowid) as last_row from "{name}" group by all'
                )
            return self._spans[name, by]

    @contextmanager
    def _knowing(self, keys: Mapping[str, pl.DataFrame]) -> Iterator[None]:
        """Let queries name some small frames."""
        for key, frame in keys.items():
            self._con.register(key, frame.to_arrow())
        try:
            yield
        finally:
            for key in keys:
                self._con.unregister(key)

    def lines(self, numbers: pl.Series, columns: tuple[str, ...]) -> pl.DataFrame:
        """Return some columns of ``mart_line_told`` for the lines of these numbers, sorted by number and not kept.

        For texts of the few lines that are shown: a whole column of them would fill the memory.

        Parameters
        ----------
        numbers : polars.Series of int
            ``line_no``; repeated and null ones count once and not at all.
        columns : tuple of str
        """
        wanted = pl.DataFrame({"line_no": numbers.drop_nulls().unique().sort()}, schema={"line_no": pl.Int64})
        what = ", ".join(f'l."{c}"' for c in columns)
        with self._one, self._knowing({"wanted_lines": wanted}):
            found = self._con.sql(
                f"select {what} from mart_line_told as l semi join wanted_lines as w on l.line_no = w.line_no "
                "order by l.line_no"
            ).to_arrow_table()
        return cast(pl.DataFrame, pl.from_arrow(found))

    def find(self, line_id: str) -> list[int]:
        """Return the numbers of the lines whose id starts so."""
        found = self._con.execute(
            "select line_no from mart_line_told where starts_with(line_id, $1) order by line_no", [line_id]
        ).fetchall()
        return [number for (number,) in found]


def _flagged(column: pl.Series) -> pl.Series:
    """Tell polars that a number column is in order where it is: sorting by it then costs nothing."""
    return column.set_sorted() if column.dtype == pl.Int64 and column.is_sorted() else column
