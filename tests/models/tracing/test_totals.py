"""Sums over many starts against the paths of each: the same money, wherever a group stops."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.tracing.follow import follow
from models.tracing.hops import Web
from models.tracing.match import match
from models.tracing.pieces import StopGroups
from models.tracing.totals import ENDED_SCHEMA, MOVED_SCHEMA, totals
from tests.models.tracing.test_follow import Net, nets, web_of


@given(nets(), st.integers(1, 4), st.one_of(st.none(), st.integers(0, 8)), st.integers(1, 3), st.booleans())
@settings(max_examples=150, deadline=None)
def test_totals_equal_the_sum_of_paths(
    net: Net, hops: int, days: int | None, batch: int, forward: bool
) -> None:
    web, _, frame = web_of(net)
    starts = frame.select("line_no", group=pl.col("line_no") % 2)
    stops = pl.DataFrame({"group": [0, 1, 1], "holder_id": [1, 0, 2]})
    moved, ended = totals(web, starts, hops=hops, days=days, forward=forward, stops=stops, batch=batch)
    for group, part in starts.group_by("group"):
        found = follow(
            web,
            part["line_no"],
            hops=hops,
            days=days,
            forward=forward,
            stop_holders=stops.filter(pl.col("group") == group[0])["holder_id"].to_list(),
        )
        steps = found.steps.group_by("hop", "cp_account_id", "cp_holder_id").agg(pl.col("amount_fen").sum())
        ends = found.ends.group_by("end", "hops").agg(pl.col("amount_fen").sum())
        for ours, theirs in ((moved, steps), (ended, ends)):
            mine = ours.filter(pl.col("group") == group[0]).select(theirs.columns)
            keys = [c for c in theirs.columns if c != "amount_fen"]
            assert mine.sort(keys).rows() == theirs.sort(keys).rows()
        assert found.ends["amount_fen"].sum() == part.join(frame, on="line_no")["amount_fen"].sum()


@given(nets())
@settings(max_examples=60, deadline=None)
def test_groups_followed_together_are_followed_apart(net: Net) -> None:
    """An institution's answer does not depend on whose money is followed beside it."""
    web, _, frame = web_of(net)
    starts = frame.select("line_no", group=pl.col("line_no") % 2)
    stops = pl.DataFrame({"group": [0, 1], "holder_id": [1, 3]})
    together = follow(web, starts["line_no"], hops=3, stop_groups=StopGroups(starts, stops)).ends
    for group, holder in stops.iter_rows():
        own = starts.filter(pl.col("group") == group)["line_no"]
        alone = follow(web, own, hops=3, stop_holders=[holder]).ends
        keys = ["start_line_no", "end", "hops"]
        sums = [
            f.group_by(keys).agg(pl.col("amount_fen").sum()).sort(keys).rows()
            for f in (together.filter(pl.col("start_line_no").is_in(own.implode())), alone)
        ]
        assert sums[0] == sums[1]


def test_no_starts_give_empty_sums() -> None:
    net = Net()
    net.events = [(None, 0, 5, 0), (0, 1, 5, 0)]
    web, _, _ = web_of(net)
    moved, ended = totals(web, pl.DataFrame(schema={"line_no": pl.Int64, "group": pl.Int64}))
    assert moved.is_empty()
    assert ended.is_empty()
    assert moved.schema == MOVED_SCHEMA
    assert ended.schema == ENDED_SCHEMA


@pytest.mark.parametrize("most", [2**20, 2**31 - 1])
def test_counterparties_by_the_narrow_numbers_of_a_warehouse(most: int) -> None:
    """Their pairs do not fit into the columns' own type."""
    net = Net()
    net.events = [(None, 0, 5, 0), (0, 1, 5, 0)]
    lines, transfers, _ = net.lines()
    lines = lines.with_columns(pl.lit(most).alias(c) for c in ("cp_account_id", "cp_holder_id")).cast(
        {"line_no": pl.Int32, "cp_account_id": pl.Int32, "cp_holder_id": pl.Int32}
    )
    made = Web.of(lines, match(lines, "fifo"), transfers)
    moved, _ = totals(made, pl.DataFrame({"line_no": [0], "group": [3]}))
    assert moved.rows() == [(3, 1, most, most, 5)]
    assert moved.schema == MOVED_SCHEMA
