"""Marts over an open connection: the whole warehouse, or what concerns a group of institutions."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

import duckdb
import polars as pl

from models.lookups import LOOKUPS, looked_up
from models.marts import Whole
from models.tracing.groups import Group
from models.tracing.seen import TOGETHER, conditions, listed, seen

if TYPE_CHECKING:
    from threading import RLock  # a factory at run time before 3.13


def read(con: duckdb.DuckDBPyConnection, query: str) -> pl.DataFrame:
    """Answer of a query as a frame."""
    return cast(pl.DataFrame, pl.from_arrow(con.sql(query).to_arrow_table()))


class ConnectionMarts:
    """`models.typologies.base.Marts` over an open connection; each column is read once.

    Statement lines are ten times as large with their texts as without, so a column nobody asks
    for by name is not read (``table(name)`` reads them all). A connection answers one thread at a time:
    whoever else uses it takes `lock` first.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, lock: RLock | None = None) -> None:
        self._con = con
        self.lock = lock or threading.RLock()
        self._read: dict[str, dict[str, pl.Series]] = {}
        self._whole: dict[str, tuple[str, ...]] = {}

    def table(self, name: str, columns: tuple[str, ...] | None = None) -> pl.DataFrame:
        """Return a relation, or some of its columns (also those of `models.lookups`)."""
        with self.lock:
            if columns is None:
                columns = self.columns(name)
            known = self._read.setdefault(name, {})
            shown = LOOKUPS.get(name, {})
            missing = [c for c in columns if c not in known and c not in shown]
            if missing:
                known.update((s.name, s) for s in self._rows(name, missing).get_columns())
            known |= {c: looked_up(name, c, self.table, self._texts) for c in columns if c not in known}
            return pl.DataFrame([known[c] for c in columns])

    def _texts(self, name: str, columns: tuple[str, ...]) -> pl.DataFrame:
        """Every row of a relation that others look texts up in."""
        return self.table(name, columns)

    def columns(self, name: str) -> tuple[str, ...]:
        """Names of all columns of a relation."""
        if name not in self._whole:
            self._whole[name] = tuple(self._con.sql(f'select * from "{name}" limit 0').columns)
        return self._whole[name]

    def _rows(self, name: str, columns: list[str]) -> pl.DataFrame:
        return read(self._con, f'select {_quoted(columns)} from "{name}"')


class Closed:
    """Marts that tell nothing: of the whole city, groups know the answers that were worked out before."""

    def table(self, name: str, columns: tuple[str, ...] | None = None) -> pl.DataFrame:
        """Raise KeyError."""
        raise KeyError(f"what is traced of a group does not rest on the whole city's {name}")


class GroupMarts(ConnectionMarts):
    """What concerns the institutions of a group: their registers, their accounts' lines, and who deals with them.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    group : Group
        Institutions and accounts (`models.tracing.groups`).
    common : ConnectionMarts
        Holds the texts that all groups look up, read once for all of them.

    Raises
    ------
    KeyError
        By what reads, where a relation or column is asked for that is not among `models.tracing.seen.SEEN`.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, group: Group, common: ConnectionMarts) -> None:
        super().__init__(con, common.lock)
        self._common = common
        self._own = listed(group.accounts)
        self._where = conditions(group)

    def table(self, name: str, columns: tuple[str, ...] | None = None) -> pl.DataFrame:
        """Return the group's part of a relation, or some of its columns."""
        return super().table(name, seen(name, columns))

    def _texts(self, name: str, columns: tuple[str, ...]) -> pl.DataFrame:
        return self._common.table(name, columns)

    def rows(
        self, name: str, columns: Sequence[str], condition: str, keys: Mapping[str, pl.DataFrame]
    ) -> pl.DataFrame:
        """See `models.marts.Reader`; of the long relations the columns asked for are read, no others."""
        if name not in self._where:
            return Whole(self).rows(name, columns, condition, keys)
        seen(name, tuple(columns))
        shown = LOOKUPS.get(name, {})
        held = dict.fromkeys(shown[c][1] if c in shown else c for c in columns)
        query = (
            f'select {_quoted(list(held))} from "{name}" where ({self._where[name]}) and ({condition}) '
            "order by rowid"
        )
        with self.lock:
            for key, values in keys.items():
                self._con.register(key, values.to_arrow())
            found = read(self._con, query)
            for key in keys:
                self._con.unregister(key)

        def some(_: str, wanted: tuple[str, ...]) -> pl.DataFrame:
            return found.select(wanted)

        return pl.DataFrame(
            [looked_up(name, c, some, self._texts) if c in shown else found[c] for c in columns]
        )

    def lines(self, numbers: pl.Series, columns: tuple[str, ...]) -> pl.DataFrame:
        """See `models.marts.Reader`."""
        return Whole(self).lines(numbers, columns)

    def _rows(self, name: str, columns: list[str]) -> pl.DataFrame:
        together = TOGETHER.get(name, ())
        columns = [c for c in together if c not in self._read[name]] + [
            c for c in columns if c not in together
        ]
        where = self._where.get(name)
        if where is not None:
            # a scan that selects from rows this very transaction wrote may begin anywhere
            return read(self._con, f'select {_quoted(columns)} from "{name}" where {where} order by rowid')
        return self._named(name, columns)

    def _named(self, name: str, columns: list[str]) -> pl.DataFrame:
        """Holders or accounts that the group's lines and registers name, and its own accounts, in their order."""
        if name == "mart_holder":
            key, where = "holder_id", ""
            sides = [
                self.table("mart_line", ("cp_holder_id",)),
                self.table("mart_subscription", ("holder_id",)),
                self.table("mart_project", ("borrower_holder_id",)),
            ]
        else:
            key, where = "account_id", f"account_id in ({self._own}) or"
            if name == "mart_controlled_account":
                where += f" {self._where['mart_product']} or"
            sides = [
                self.table("mart_line", ("cp_account_id",)),
                self.table("mart_project", ("borrower_account_id",)),
            ]
        ids = pl.concat([s.to_series().unique().alias(key) for s in sides]).drop_nulls().unique()
        self._con.register("_named", pl.DataFrame(ids).to_arrow())
        found = read(
            self._con,
            f'select {", ".join(map(self._told, columns))} from "{name}" '
            f"where {where} {key} in (select {key} from _named) order by rowid",
        )
        self._con.unregister("_named")
        return found

    def _told(self, column: str) -> str:
        """Column of what is named; how far other accounts' statements reach is none of the group's concern."""
        if column in ("first_on", "last_on"):
            return f'case when account_id in ({self._own}) then "{column}" end as "{column}"'
        return f'"{column}"'


class ReachMarts(ConnectionMarts):
    """What the money of some lines can get to: these lines, and all lines of accounts within reach.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    starts : list of (polars.Series, int)
        Line numbers, and how many transfers they are followed.
    common : ConnectionMarts
        Gives all relations but lines, transfers and pots.
    """

    def __init__(
        self, con: duckdb.DuckDBPyConnection, starts: list[tuple[pl.Series, int]], common: ConnectionMarts
    ) -> None:
        super().__init__(con, common.lock)
        self._common = common
        self._lines = pl.concat([lines.rename("line_no") for lines, _ in starts]).unique().sort()
        self._accounts = sorted(_within_reach(con, starts))

    def table(self, name: str, columns: tuple[str, ...] | None = None) -> pl.DataFrame:
        """Return what is within reach of a relation, or some of its columns."""
        own = ("mart_line", "mart_transfer", "trace_pot")
        return super().table(name, columns) if name in own else self._common.table(name, columns)

    def _texts(self, name: str, columns: tuple[str, ...]) -> pl.DataFrame:
        return self._common.table(name, columns)

    def _rows(self, name: str, columns: list[str]) -> pl.DataFrame:
        accounts = ", ".join(map(str, self._accounts)) or "null"
        self._con.register("_starts", pl.DataFrame(self._lines).to_arrow())
        here = f"account_id in ({accounts})"
        if name == "mart_line":
            query = (
                f"select {_quoted(columns)} from mart_line where {here} or line_no in (from _starts) "
                "order by line_no"
            )
        elif name == "trace_pot":
            query = (
                f"select {_quoted(columns)} from trace_pot where line_no in (from _starts) or line_no in "
                f"(select line_no from mart_line where {here}) order by line_no, pot"
            )
        else:
            query = (
                f"select {_quoted(columns)} from {name} where from_account_id in ({accounts}) "
                f"or to_account_id in ({accounts}) or out_line_no in (from _starts) order by transfer_no"
            )
        found = read(self._con, query)
        self._con.unregister("_starts")
        return found


def _within_reach(con: duckdb.DuckDBPyConnection, starts: list[tuple[pl.Series, int]]) -> set[int]:
    """Accounts in which the money of some lines can come to rest and go on from."""
    both = "from mart_transfer where out_line_no is not null and in_line_no is not null"
    onward: dict[int, set[int]] = {}
    for a, b in con.execute(f"select distinct from_account_id, to_account_id {both}").fetchall():
        onward.setdefault(a, set()).add(b)
    found: set[int] = set()
    for lines, hops in starts:
        con.register("_starts", pl.DataFrame(lines.rename("line_no")).to_arrow())
        first = f"select distinct to_account_id {both} and out_line_no in (from _starts)"
        here = {account for (account,) in con.execute(first).fetchall()}
        con.unregister("_starts")
        reached = set(here)
        for _ in range(hops - 2):
            here = set().union(*(onward.get(a, set()) for a in here)) - reached
            reached |= here
        found |= reached
    return found


def _quoted(columns: list[str]) -> str:
    return ", ".join(f'"{c}"' for c in columns)
