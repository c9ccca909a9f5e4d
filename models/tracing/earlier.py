"""What an earlier warehouse tells about circles that nothing new concerns: taken over instead of traced again.

Numbers of lines, accounts and holders are put in the place of the earlier ones. They keep their order (lines go by
account number and time, accounts and holders by what tells them), so that nothing else changes.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Self

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl

from models.tracing.groups import Group
from models.tracing.marts import read

log = logging.getLogger(__name__)

NAME = "earlier"
CIRCLES = "trace_circle"
"""Kept with what was traced: ``institutions`` (list, a circle), ``told``, ``used`` (digests of
`models.tracing.inputs`). Grain: circle."""
POTS = "trace_pot"
"""Told of lines without the institution."""
SPANS = "select account_id, min(line_no) as first_line, max(line_no) as last_line from {lines} group by account_id"

Ints = npt.NDArray[np.int64]


class Earlier:
    """A warehouse that was traced before.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        The warehouse that is being traced; the earlier one is attached to it until `close`.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con = con
        rows = con.execute(f"select institutions, told, used from {NAME}.{CIRCLES}").fetchall()
        self.circles: dict[tuple[str, ...], tuple[str, str]] = {tuple(i): (t, u) for i, t, u in rows}
        self._maps = {
            "account_id": self._map("mart_account", "account_id", "account_no"),
            "holder_id": self._map("mart_holder", "holder_id", "holder_key"),
        }
        was = read(con, f"select * from ({SPANS.format(lines=f'{NAME}.mart_line')}) order by first_line")
        now = read(con, SPANS.format(lines="mart_line")).rename(
            {"account_id": "now", "first_line": "to_line"}
        )
        self._spans = was.with_columns(
            now=self._maps["account_id"].gather(was["account_id"]).cast(now.schema["now"])
        ).join(now.select("now", "to_line"), on="now", how="left", maintain_order="left")

    @classmethod
    def attached(cls, con: duckdb.DuckDBPyConnection, file: Path | None) -> Self | None:
        """Attach a warehouse; None where there is none, or none that was traced and can be read."""
        if file is None or not file.is_file():
            return None
        where = str(file).replace("'", "''")
        try:
            con.execute(f"attach '{where}' as {NAME} (read_only)")
        except duckdb.Error as error:
            log.info("the earlier warehouse cannot be read (%s): all is traced anew", type(error).__name__)
            return None
        try:
            return cls(con)
        except duckdb.Error as error:
            log.info("the earlier warehouse was not traced (%s): all is traced anew", type(error).__name__)
            con.execute(f"detach {NAME}")
            return None

    def close(self) -> None:
        """Let go of the earlier warehouse."""
        self._con.execute(f"detach {NAME}")

    def _map(self, relation: str, number: str, key: str) -> pl.Series:
        """Number now by earlier number (null where there is none now, and at 0, which numbers nothing)."""
        found = read(
            self._con,
            f"select e.{number} as was, n.{number} as now from {NAME}.{relation} as e "
            f"left join {relation} as n on e.{key} = n.{key} order by e.{number}",
        )
        was = found["was"].to_numpy()
        by = np.zeros(int(was.max(initial=0)) + 1, np.int64)
        by[was] = found["now"].fill_null(0).to_numpy()
        return pl.Series("now", by).replace(0, None)

    def answers(self, some: Group, names: Iterable[str]) -> dict[str, pl.DataFrame] | None:
        """Tables of what was told of some circles, in the numbers of now.

        Returns
        -------
        dict or None
            None where an answer names a line of an account that is not theirs: nobody knows whether that stands.
        """
        spans = self._spans.filter(pl.col("now").is_in(list(some.accounts)))
        found = {}
        for name in names:
            known = self._pots(spans) if name == POTS else self.of(name, some.institutions)
            frame = self._moved(known, spans)
            if frame is None:
                return None
            found[name] = frame
        return found

    def of(self, name: str, institutions: Sequence[str]) -> pl.DataFrame:
        """Rows of a table that were told of some institutions, in the earlier numbers."""
        listed = ", ".join("'" + i.replace("'", "''") + "'" for i in institutions) or "null"
        return read(
            self._con, f"select * from {NAME}.{name} where institution_id in ({listed}) order by rowid"
        )

    def _pots(self, spans: pl.DataFrame) -> pl.DataFrame:
        """Pots of controlled accounts; those of others need no register, and are made for all of them."""
        ours = read(self._con, "select distinct account_id as now from mart_controlled_account")
        spans = spans.join(ours, on="now", how="semi", maintain_order="left")
        span = spans.select(pl.col("first_line").min().fill_null(0), pl.col("last_line").max().fill_null(0))
        first, last = span.row(0)
        near = read(
            self._con, f"select * from {NAME}.{POTS} where line_no between {first} and {last} order by rowid"
        )
        return near.filter(_lines_now(near["line_no"], spans).is_not_null())

    def _moved(self, frame: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame | None:
        """Put numbers of now in the place of the earlier ones."""
        told = []
        for column in frame.get_columns():
            new = column
            if column.name.endswith("line_no"):
                new = _lines_now(column, spans)
            else:
                for number, known in self._maps.items():
                    if column.name.endswith(number):
                        new = known.gather(column).cast(column.dtype).alias(column.name)
            if new.null_count() > column.null_count():
                return None
            told.append(new)
        return pl.DataFrame(told)


def _lines_now(lines: pl.Series, spans: pl.DataFrame) -> pl.Series:
    """Numbers of lines now; null where a line is on none of the accounts."""
    if spans.is_empty():
        return lines.clear(lines.len())
    first, last, to = (spans[c].to_numpy() for c in ("first_line", "last_line", "to_line"))
    was: Ints = lines.fill_null(-1).cast(pl.Int64).to_numpy()
    at = np.maximum(np.searchsorted(first, was, side="right") - 1, 0)
    now = np.where((was >= first[at]) & (was <= last[at]), to[at] + was - first[at], -1)
    return pl.Series(lines.name, now).replace(-1, None).cast(lines.dtype)
