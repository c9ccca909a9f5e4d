"""Stretches of lines against single fen: payments in parts, several payments on one line, pots before the method."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict

import numpy as np
import polars as pl
from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.tracing.follow import follow
from models.tracing.hops import Web, rows_of
from models.tracing.mapping import FEW, Mapping, cut
from models.tracing.match import match
from models.tracing.totals import totals

START = dt.datetime(2016, 1, 1)
Fen = tuple[int, int]
"""Line, and place in it."""


@st.composite
def nets(draw: st.DrawFn) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Lines of three accounts, pots that identify some of them, and transfers that tie any out-line to any in-line."""
    count = draw(st.integers(2, 14))
    account = sorted(draw(st.lists(st.integers(0, 2), min_size=count, max_size=count)))
    lines = pl.DataFrame(
        {
            "line_no": range(count),
            "account_id": account,
            "direction": draw(st.lists(st.sampled_from(["in", "out"]), min_size=count, max_size=count)),
            "amount_fen": draw(st.lists(st.integers(1, 9), min_size=count, max_size=count)),
            "booked_at": [START] * count,
            "cp_account_id": draw(st.lists(st.one_of(st.none(), st.integers(0, 2**61)), min_size=count, max_size=count)),
            "cp_holder_id": draw(st.lists(st.one_of(st.none(), st.integers(0, 3)), min_size=count, max_size=count)),
        },
        schema_overrides={"cp_account_id": pl.Int64, "cp_holder_id": pl.Int64},
    )  # fmt: skip
    pots = lines.filter(pl.Series(draw(st.lists(st.booleans(), min_size=count, max_size=count)))).select(
        "line_no", pl.lit(1).alias("pot"), "amount_fen"
    )
    opening = pl.DataFrame(
        {"account_id": [0, 1, 2], "opening_fen": [draw(st.integers(0, 9)) for _ in range(3)]}
    )
    by_side = [lines.filter(pl.col("direction") == d)["line_no"].to_list() for d in ("out", "in")]
    sides = [st.sampled_from(side) if side else st.none() for side in by_side]
    pairs = draw(st.lists(st.tuples(*sides, st.integers(1, 9)), max_size=14))
    numbers = draw(st.permutations(range(len(pairs))))
    transfers = pl.DataFrame(
        [(n, *pair) for n, pair in zip(numbers, pairs, strict=True)],
        schema=dict.fromkeys(("transfer_no", "out_line_no", "in_line_no", "amount_fen"), pl.Int64),
        orient="row",
    )
    return lines, match(lines, "fifo", opening=opening, pots=pots), transfers


def fen_by_fen(
    lines: pl.DataFrame, fragments: pl.DataFrame, transfers: pl.DataFrame
) -> list[dict[Fen, Fen | str]]:
    """Where each fen of an in-line goes on, and each fen of an out-line arrives."""
    amount = dict(lines.select("line_no", "amount_fen").iter_rows())
    laid: list[dict[int, list[tuple[int, int, str]]]] = [defaultdict(list), defaultdict(list)]
    cell = 0
    columns = ("in_line_no", "out_line_no", "amount_fen", "use", "basis")
    for came, went, size, use, basis in fragments.select(columns).iter_rows():
        first = basis != "identified"
        for side, own, other in ((0, came, went), (1, went, came)):
            if own is not None:
                rank = (first, len(amount) if other is None else other)
                laid[side][own] += [(*rank, cell + k, use) for k in range(size)]  # type: ignore[misc]
        cell += size
    place = {}
    for went, cells in laid[1].items():
        for at, (_, _, number, _) in enumerate(sorted(cells)):  # type: ignore[misc]
            place[number] = (went, at)
    onward: dict[Fen, Fen | str] = {}
    for came, cells in laid[0].items():
        for at, (_, _, number, use) in enumerate(sorted(cells)):  # type: ignore[misc]
            onward[(came, at)] = place.get(number, use)
    across: dict[Fen, Fen | str] = {}
    used: Counter[int] = Counter()
    for _, out, into, size in transfers.drop_nulls().sort("transfer_no").iter_rows():
        for k in range(min(size, amount[out] - used[out], amount[into] - used[into])):
            across[(out, used[out] + k)] = (into, used[into] + k)
        used[out] += size
        used[into] += size
    return [onward, across]


@given(nets(), st.integers(1, 4))
@settings(max_examples=300, deadline=None)
def test_every_fen_takes_its_own_way(net: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame], hops: int) -> None:
    lines, fragments, transfers = net
    onward, across = fen_by_fen(lines, fragments, transfers)
    steps: Counter[tuple[int, int, int]] = Counter()
    ends: Counter[tuple[int, str, int]] = Counter()
    for start, direction, amount in lines.select("line_no", "direction", "amount_fen").iter_rows():
        for at in range(amount):
            here: Fen | str = (start, at)
            leaving, hop = direction == "out", 0
            while not isinstance(here, str):
                if not leaving:
                    here = "limit" if hop == hops else onward[here]
                    leaving = True
                    continue
                hop += 1
                steps[(start, hop, here[0])] += 1
                here, leaving = across.get(here, "stays"), False
            ends[(start, here, hop)] += 1
    web = Web.of(lines, fragments, transfers)
    found = follow(web, lines["line_no"], hops=hops)
    told = found.steps.group_by("start_line_no", "hop", "line_no").agg(pl.col("amount_fen").sum())
    assert {tuple(r[:3]): r[3] for r in told.iter_rows()} == steps
    words = pl.col("end").replace({"left": "stays", "fee": "stays"})
    last = found.ends.group_by("start_line_no", words, "hops").agg(pl.col("amount_fen").sum())
    assert {tuple(r[:3]): r[3] for r in last.iter_rows()} == ends
    groups = lines.select("line_no", group=pl.lit(7))
    moved, ended = totals(web, groups, hops=hops, batch=3)
    assert ended["amount_fen"].sum() == lines["amount_fen"].sum()
    by_holder = found.steps.group_by("hop", "cp_account_id", "cp_holder_id").agg(pl.col("amount_fen").sum())
    keys = by_holder.columns
    assert sorted(moved.select(keys).rows(), key=repr) == sorted(by_holder.rows(), key=repr)


@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=6 * FEW),
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 60)), min_size=1, max_size=8),
    st.lists(st.booleans(), min_size=6 * FEW, max_size=6 * FEW),
)
@example([1] * 6 * FEW, [(0, 23), (5, 1), (22, 2)], [True] * 6 * FEW)
@settings(max_examples=300, deadline=None)
def test_a_line_in_many_stretches_is_cut_like_fen(
    sizes: list[int], asked: list[tuple[int, int]], covered: list[bool]
) -> None:
    """Also where more stretches lie in a line than are looked at one by one, and where gaps lie between them."""
    end = np.cumsum(sizes)
    start = end - sizes
    keep = np.array(covered[: len(sizes)])
    start, end = start[keep], end[keep]
    none = np.zeros(start.size, np.int64)
    rows = np.array([0, 0, start.size], np.int32)
    one = Mapping(start, end, none, none.astype(np.int32), none.astype(np.uint8), rows, bool(keep.all()))
    at, size = (np.array(each) for each in zip(*asked, strict=True))
    query, stretch, left, amount = cut(at, size, np.ones(at.size, np.int64), one)
    got = [
        (q, s, f) for q, s, x, n in zip(query, stretch, left, amount, strict=True) for f in range(x, x + n)
    ]
    expected = [
        (q, s, f)
        for q, (a, n) in enumerate(asked)
        for s, (x, z) in enumerate(zip(start, end, strict=True))
        for f in range(max(a, x), min(a + n, z))
    ]
    assert got == expected


def test_rows_of_lines_with_and_without_gaps() -> None:
    wanted = pl.Series([5, None, 4, 9, -1, 7])
    assert rows_of(np.array([5, 6, 7]), wanted).tolist() == [0, -1, -1, -1, -1, 2]
    assert rows_of(np.array([5, 7, 11]), wanted).tolist() == [0, -1, -1, -1, -1, 1]
    assert rows_of(np.empty(0, np.int64), wanted).tolist() == [-1] * 6
