"""Matching from table to table, in pieces of a few lines, against matching all at once."""

from __future__ import annotations

import duckdb
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from models.tracing.large import write_fragments
from models.tracing.match import match
from tests.models.tracing.oracle import Line
from tests.models.tracing.strategies import accounts, frame, openings

KEY = ["account_id", "in_line_no", "out_line_no", "lot", "use", "basis"]


def written(
    lines: pl.DataFrame, piece: int, *, opening: pl.DataFrame | None = None, pots: pl.DataFrame | None = None
) -> pl.DataFrame:
    con = duckdb.connect()
    con.register("given", lines.to_arrow())
    con.execute("create table mart_line as select * from given")
    if pots is not None:
        con.register("tied", pots.to_arrow())
    write_fragments(con, piece=piece, opening=opening, pots=None if pots is None else "tied")
    return con.sql("from trace_fragment").pl()


def summed(fragments: pl.DataFrame) -> list[tuple[object, ...]]:
    """Fragments as a set: a piece may tell one pair of lines in two parts."""
    words = fragments.with_columns(pl.col("lot", "use", "basis").cast(pl.String))
    return words.group_by(KEY).agg(pl.col("amount_fen").sum()).sort(KEY).rows()


@st.composite
def claims(draw: st.DrawFn, lines: list[Line]) -> pl.DataFrame:
    rows = []
    for x in lines:
        left = abs(x.signed)
        for pot in range(2):
            part = draw(st.integers(0, left))
            left -= part
            if part:
                rows.append((x.no, pot, part))
    return pl.DataFrame(
        rows, schema={"line_no": pl.Int64, "pot": pl.Int64, "amount_fen": pl.Int64}, orient="row"
    )


@given(st.data(), accounts(), st.integers(1, 9))
@settings(max_examples=150, deadline=None)
def test_pieces_equal_the_whole(
    data: st.DataObject, world: tuple[list[Line], dict[int, int]], piece: int
) -> None:
    lines, opening = world
    table, start = frame(lines), openings(opening)
    assert summed(written(table, piece, opening=start)) == summed(match(table, opening=start))
    pots = data.draw(claims(lines))
    assert summed(written(table, piece, opening=start, pots=pots)) == summed(
        match(table, opening=start, pots=pots)
    )


@given(accounts(), st.integers(1, 9), st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_pieces_read_the_opening_off_the_statement(
    world: tuple[list[Line], dict[int, int]], piece: int, blank: int
) -> None:
    """The first lines may show no balance."""
    lines, opening = world
    signed = pl.when(pl.col("direction") == "in").then("amount_fen").otherwise(-pl.col("amount_fen"))
    start = pl.col("account_id").replace_strict(opening, default=0, return_dtype=pl.Int64)
    place = pl.int_range(pl.len()).over("account_id")
    table = frame(lines).with_columns(
        balance_after_fen=pl.when(place >= blank).then(start + signed.cum_sum().over("account_id"))
    )
    assert summed(written(table, piece)) == summed(match(table))


def test_a_pool_account_is_cut_in_time_and_its_neighbours_are_not() -> None:
    lines = [Line(k, 0 if k < 2 else 1 if k < 22 else 2, 10 if k % 2 == 0 else -7) for k in range(24)]
    table = frame(lines).with_columns(balance_after_fen=pl.lit(None, pl.Int64))
    found = written(table, 4)
    assert summed(found) == summed(match(table))
    assert found.filter(pl.col("use") == "held").group_by("account_id").len().height == 3
