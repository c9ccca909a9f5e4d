"""Hops against single fen: every fen is a token that walks through queues and remembers its way."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict, deque

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from models.tracing.follow import Followed, follow
from models.tracing.hops import Web
from models.tracing.match import match
from models.tracing.reach import arrivals

START = dt.datetime(2016, 1, 1)


class Net:
    """Accounts 0..n with statements; payments among them (less a fee) and to and from outside."""

    def __init__(self) -> None:
        self.events: list[tuple[int | None, int | None, int, int]] = []

    def lines(self) -> tuple[pl.DataFrame, pl.DataFrame, dict[tuple[int, str], int]]:
        rows = []
        for k, (source, target, amount, fee) in enumerate(self.events):
            if source is not None:
                rows.append((source, k, 0, "out", amount, target))
            if target is not None:
                rows.append((target, k, 1, "in", amount - fee, source))
        rows.sort()
        number = {(k, d): n for n, (_, k, _, d, _, _) in enumerate(rows)}
        frame = pl.DataFrame(
            {
                "line_no": list(range(len(rows))),
                "account_id": [r[0] for r in rows],
                "direction": [r[3] for r in rows],
                "amount_fen": [r[4] for r in rows],
                "booked_at": [START + dt.timedelta(days=r[1]) for r in rows],
                "cp_account_id": [r[5] for r in rows],
                "cp_holder_id": [r[5] for r in rows],
            },
            schema_overrides={"cp_account_id": pl.Int64, "cp_holder_id": pl.Int64},
        )
        pairs = [
            (k, number[(k, "out")], number[(k, "in")], amount - fee)
            for k, (source, target, amount, fee) in enumerate(self.events)
            if source is not None and target is not None
        ]
        transfers = pl.DataFrame(
            pairs,
            schema={
                "transfer_no": pl.Int64,
                "out_line_no": pl.Int64,
                "in_line_no": pl.Int64,
                "amount_fen": pl.Int64,
            },
            orient="row",
        )
        return frame, transfers, number


@st.composite
def nets(draw: st.DrawFn) -> Net:
    """Payments in time order; nobody pays more than is there, so that no overdraft blurs the tokens."""
    net = Net()
    there: dict[int, int] = defaultdict(int)
    for _ in range(draw(st.integers(2, 16))):
        holders = [a for a, v in there.items() if v > 0]
        source = draw(st.sampled_from([None, *holders])) if holders else None
        target = draw(st.sampled_from([0, 1, 2, 3, None]))
        if source is None and target is None:
            target = 0
        if source == target:
            target = (source + 1) % 4 if source is not None else 0
        amount = draw(st.integers(1, there[source] if source is not None else 12))
        fee = draw(st.integers(0, min(2, amount - 1))) if source is not None and target is not None else 0
        net.events.append((source, target, amount, fee))
        if source is not None:
            there[source] -= amount
        if target is not None:
            there[target] += amount - fee
    return net


def tokens(net: Net, number: dict[tuple[int, str], int]) -> list[list[tuple[int, str, int]]]:
    """Every fen's way: (line, direction, event) in order; a fen kept as a fee ends at its out-line."""
    queues: dict[int, deque[int]] = defaultdict(deque)
    ways: list[list[tuple[int, str, int]]] = []
    for k, (source, target, amount, fee) in enumerate(net.events):
        if source is None:
            moved = list(range(len(ways), len(ways) + amount))
            ways += [[] for _ in moved]
        else:
            moved = [queues[source].popleft() for _ in range(amount)]
            for t in moved:
                ways[t].append((number[(k, "out")], "out", k))
        for t in moved[: amount - fee]:
            if target is not None:
                ways[t].append((number[(k, "in")], "in", k))
                queues[target].append(t)
    return ways


def web_of(net: Net) -> tuple[Web, dict[tuple[int, str], int], pl.DataFrame]:
    frame, transfers, number = net.lines()
    return Web.of(frame, match(frame, "fifo"), transfers), number, frame


@given(nets(), st.integers(1, 4), st.one_of(st.none(), st.integers(0, 8)))
@settings(max_examples=200, deadline=None)
def test_forward_equals_tokens(net: Net, hops: int, days: int | None) -> None:
    web, number, frame = web_of(net)
    ways = tokens(net, number)
    starts = frame.filter(pl.col("direction") == "in")["line_no"]
    found = follow(web, starts, hops=hops, days=days)
    expected: Counter[tuple[int, int, int]] = Counter()
    for way in ways:
        for at, (line, direction, k) in enumerate(way):
            if direction == "in":
                outs = [(x, e) for x, d, e in way[at + 1 :] if d == "out"]
                for hop, (x, e) in enumerate(outs[:hops], start=1):
                    if days is not None and e - k > days:
                        break
                    expected[(line, hop, x)] += 1
    got = Counter(
        {
            (r["start_line_no"], r["hop"], r["line_no"]): r["amount_fen"]
            for r in found.steps.group_by("start_line_no", "hop", "line_no")
            .agg(pl.col("amount_fen").sum())
            .iter_rows(named=True)
        }
    )
    assert got == expected


@given(nets(), st.integers(1, 4))
@settings(max_examples=150, deadline=None)
def test_backward_equals_tokens(net: Net, hops: int) -> None:
    web, number, frame = web_of(net)
    starts = frame.filter(pl.col("direction") == "out")["line_no"]
    found = follow(web, starts, hops=hops, forward=False)
    expected: Counter[tuple[int, int, int]] = Counter()
    for way in tokens(net, number):
        for at, (line, direction, _) in enumerate(way):
            if direction == "out":
                ins = [x for x, d, _ in reversed(way[:at]) if d == "in"]
                for hop, x in enumerate(ins[:hops], start=1):
                    expected[(line, hop, x)] += 1
    got = Counter(
        {
            (r["start_line_no"], r["hop"], r["line_no"]): r["amount_fen"]
            for r in found.steps.group_by("start_line_no", "hop", "line_no")
            .agg(pl.col("amount_fen").sum())
            .iter_rows(named=True)
        }
    )
    assert got == expected


def conserved(found: Followed, frame: pl.DataFrame, starts: pl.Series) -> None:
    sums = dict(found.ends.group_by("start_line_no").agg(pl.col("amount_fen").sum()).iter_rows())
    whole = dict(
        frame.filter(pl.col("line_no").is_in(starts.to_list())).select("line_no", "amount_fen").iter_rows()
    )
    assert sums == whole


@given(
    nets(),
    st.integers(1, 5),
    st.booleans(),
    st.one_of(st.none(), st.integers(0, 6)),
    st.integers(0, 6),
    st.lists(st.integers(0, 3)),
)
@settings(max_examples=200, deadline=None)
def test_every_fen_of_a_start_ends_once(
    net: Net, hops: int, forward: bool, days: int | None, gather: int, stop: list[int]
) -> None:
    web, _, frame = web_of(net)
    starts = frame["line_no"]
    found = follow(
        web, starts, hops=hops, days=days, forward=forward, stop_holders=stop, gather_below_fen=gather
    )
    conserved(found, frame, starts)
    paths = arrivals(found)
    assert paths["amount_fen"].sum() == found.steps["amount_fen"].sum()


def test_loops_terminate_and_shaved_commission_is_kept() -> None:
    net = Net()
    net.events = [(None, 0, 100, 0), (0, 1, 100, 2), (1, 0, 98, 2), (0, 1, 96, 2)]
    web, _, frame = web_of(net)
    start = frame.filter((pl.col("account_id") == 0) & (pl.col("direction") == "in"))["line_no"][:1]
    found = follow(web, start, hops=10)
    ends = dict(found.ends.group_by("end").agg(pl.col("amount_fen").sum()).iter_rows())
    assert ends == {"fee": 6, "held": 94}
    assert found.steps["hop"].to_list() == [1, 2, 3]


def test_a_stop_holder_counts_each_fen_once() -> None:
    net = Net()
    net.events = [(None, 0, 50, 0), (0, 1, 50, 0), (1, 2, 50, 0), (2, 3, 50, 0)]
    web, _, frame = web_of(net)
    start = frame.filter(pl.col("direction") == "in")["line_no"][:1]
    found = follow(web, start, hops=5, stop_holders=[2, 3])
    assert found.ends.select("end", "hops", "amount_fen").rows() == [("stopped", 2, 50)]


def test_a_hub_does_not_multiply() -> None:
    """A thousand payers and payees through one account: pieces grow with lines, not with their product."""
    net = Net()
    net.events = [(None, 0, 7, 0) for _ in range(1000)] + [(0, 1, 5, 0) for _ in range(1400)]
    web, _, frame = web_of(net)
    starts = frame.filter((pl.col("account_id") == 0) & (pl.col("direction") == "in"))["line_no"]
    found = follow(web, starts, hops=3)
    assert found.steps.height <= 2400
    conserved(found, frame, starts)


def test_a_split_leg_is_followed_into_both_parts() -> None:
    frame = pl.DataFrame(
        {
            "line_no": [0, 1, 2, 3, 4],
            "account_id": [0, 0, 1, 1, 1],
            "direction": ["in", "out", "in", "in", "out"],
            "amount_fen": [10, 10, 4, 6, 10],
            "booked_at": [START + dt.timedelta(days=k) for k in range(5)],
            "cp_account_id": [None, 1, 0, 0, 9],
            "cp_holder_id": [None, 1, 0, 0, 9],
        }
    )
    transfers = pl.DataFrame(
        {"transfer_no": [1, 2], "out_line_no": [1, 1], "in_line_no": [2, 3], "amount_fen": [4, 6]}
    )
    web = Web.of(frame, match(frame, "fifo"), transfers)
    found = follow(web, pl.Series([0]), hops=2)
    assert sorted(arrivals(found).select("end_line_no", "amount_fen").rows()) == [(1, 10), (4, 4), (4, 6)]
    conserved(found, frame, pl.Series([0]))
