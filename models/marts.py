"""Read access to the warehouse: what typologies, tracing and ranking may see of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, cast, runtime_checkable

import duckdb
import polars as pl


class Marts(Protocol):
    """Whole relations, by name."""

    def table(self, name: str, columns: tuple[str, ...] | None = None) -> pl.DataFrame:
        """Return a whole relation, cached for the run; rows in the relation's documented order."""
        ...


@runtime_checkable
class Reader(Protocol):
    """Few rows of a long relation."""

    def rows(
        self, name: str, columns: Sequence[str], condition: str, keys: Mapping[str, pl.DataFrame]
    ) -> pl.DataFrame:
        """Return some columns of the rows for which an SQL condition holds, in their order, not kept."""
        ...

    def lines(self, numbers: pl.Series, columns: tuple[str, ...]) -> pl.DataFrame:
        """Return some columns of the lines of these numbers, sorted by number, not kept."""
        ...


SLICE_LINES = 1_000_000
"""Lines on the accounts of a slice: what is summed by institution is summed slice by slice."""


def slices(marts: Marts, owned: pl.DataFrame, lines: int = SLICE_LINES) -> list[pl.DataFrame]:
    """Cut institutions' accounts into parts of about `lines` lines, no institution in two.

    Parameters
    ----------
    marts : Marts
        Reads ``mart_account``.
    owned : polars.DataFrame
        ``institution_id``, ``account_id``.
    lines : int

    Returns
    -------
    list of polars.DataFrame
        Rows of `owned`, sorted by institution and account; the same whatever order they came in.
    """
    held = owned.join(marts.table("mart_account", ("account_id", "lines")), on="account_id", how="left")
    weight = held.group_by("institution_id").agg(pl.col("lines").fill_null(0).sum()).sort("institution_id")
    before = pl.col("lines").cum_sum() - pl.col("lines")
    turn = weight.select("institution_id", _turn=before // max(lines, 1))
    cut = owned.sort("institution_id", "account_id").join(turn, on="institution_id", maintain_order="left")
    return cut.partition_by("_turn", maintain_order=True, include_key=False)


class Whole:
    """A `Reader` over marts that give whole relations only."""

    def __init__(self, marts: Marts) -> None:
        self._marts = marts

    def rows(
        self, name: str, columns: Sequence[str], condition: str, keys: Mapping[str, pl.DataFrame]
    ) -> pl.DataFrame:
        """See `Reader.rows`."""
        frame = self._marts.table(name).with_row_index("_row")
        with duckdb.connect() as con:
            for key, values in {name: frame, **keys}.items():
                con.register(key, values.to_arrow())
            found = con.sql(f'select _row from "{name}" where {condition} order by _row').to_arrow_table()
        kept = cast(pl.DataFrame, pl.from_arrow(found))["_row"]
        return frame[kept].select(columns)

    def lines(self, numbers: pl.Series, columns: tuple[str, ...]) -> pl.DataFrame:
        """See `Reader.lines`."""
        wanted = pl.DataFrame({"line_no": numbers.drop_nulls().unique()}, schema={"line_no": pl.Int64})
        named = tuple(dict.fromkeys(("line_no", *columns)))
        found = self._marts.table("mart_line", named).join(wanted, on="line_no", how="semi")
        return found.sort("line_no").select(columns)


def reader(marts: Marts) -> Reader:
    """Return what reads few rows of these marts: themselves where they can."""
    return marts if isinstance(marts, Reader) else Whole(marts)
