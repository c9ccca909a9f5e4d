"""Tracing: fragments against a bare sort of the same lines, hops against fragments, and two rivals.

Two kinds of traffic: spread evenly over the accounts, and with 70 % of the payments through one pool
account. Every payment has both its legs among the lines.
"""

from __future__ import annotations

import tempfile
from collections import deque
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

from benchmarks.harness import Options, Row, Timing, alternating, timed
from models.tracing.follow import follow
from models.tracing.hops import Web
from models.tracing.match import match

THREADS = 2
QUEUE_LINES = 500_000
RIVAL_EDGES = 200_000


def payments(path: Path, count: int, hub_share: float, seed: int = 1) -> None:
    """Write `count` lines (two a payment) in random order, with their transfers beside them."""
    rng = np.random.default_rng(seed)
    n, accounts = count // 2, max(count // 500, 10)
    source, target = rng.integers(1, accounts, n), rng.integers(1, accounts, n)
    through, inward = rng.random(n) < hub_share, rng.random(n) < 0.5
    source, target = np.where(through & ~inward, 0, source), np.where(through & inward, 0, target)
    when, amount = rng.integers(0, 26 * 7 * 86400, n), rng.integers(1_000, 5_000_000, n)
    legs = pl.DataFrame(
        {
            "account_id": np.concatenate((source, target)),
            "second": np.concatenate((when, when + 60)),
            "payment": np.concatenate((np.arange(n), np.arange(n))),
            "direction": ["out"] * n + ["in"] * n,
            "amount_fen": np.concatenate((amount, amount)),
        }
    )
    legs.sample(fraction=1.0, shuffle=True, seed=seed).write_parquet(path)


def bare_sort(path: Path) -> None:
    with tempfile.TemporaryDirectory(dir=path.parent) as out:
        con = duckdb.connect(f"{out}/sorted.duckdb")
        con.execute(f"set threads = {THREADS}")
        con.execute(f"create table sorted as from '{path}' order by account_id, second, payment, direction")


def ordered(path: Path) -> pl.DataFrame:
    return (
        pl.scan_parquet(path)
        .sort("account_id", "second", "payment", "direction")
        .with_row_index("line_no")
        .with_columns(pl.col("line_no").cast(pl.Int64))
        .collect()
    )


def matched(lines: pl.DataFrame, method: str = "fifo") -> pl.DataFrame:
    """Fragments; every account opens with enough that overdrafts are the exception."""
    opening = lines.select("account_id").unique().with_columns(opening_fen=pl.lit(10**9, pl.Int64))
    return match(lines, method, opening=opening)  # type: ignore[arg-type]


def fragments(path: Path, method: str = "fifo") -> None:
    found = matched(ordered(path), method)
    assert found["amount_fen"].sum() > 0


def three_hops(path: Path) -> None:
    lines = ordered(path)
    found = matched(lines)
    legs = lines.select("payment", "line_no", "direction", "amount_fen")
    transfers = (
        legs.filter(pl.col("direction") == "out")
        .join(legs.filter(pl.col("direction") == "in"), on="payment")
        .select(
            transfer_no="payment", out_line_no="line_no", in_line_no="line_no_right", amount_fen="amount_fen"
        )
    )
    web = Web.of(
        lines.with_columns(
            booked_at=pl.from_epoch("second", time_unit="s").cast(pl.Datetime("us")),
            cp_account_id=pl.lit(None, pl.Int64),
            cp_holder_id=pl.lit(None, pl.Int64),
        ),
        found,
        transfers,
    )
    deposits = lines.filter(pl.col("direction") == "in").sample(fraction=0.2, seed=1)["line_no"]
    answer = follow(web, deposits, hops=3, days=30, gather_below_fen=100)
    assert answer.ends["amount_fen"].sum() > 0


def python_queue(path: Path) -> None:
    """The obvious implementation: a deque of lots for each account."""
    lots: dict[int, deque[list[int]]] = {}
    found = []
    rows = ordered(path).select("account_id", "line_no", "direction", "amount_fen")
    for account, line, direction, amount in rows.iter_rows():
        mine = lots.setdefault(account, deque())
        if direction == "in":
            mine.append([line, amount])
            continue
        while amount and mine:
            take = min(amount, mine[0][1])
            found.append((mine[0][0], line, take))
            amount -= take
            mine[0][1] -= take
            if not mine[0][1]:
                mine.popleft()
    assert found


def snap(path: Path) -> None:
    """Graph features of Snap ML on the payments as edges."""
    from snapml import GraphFeaturePreprocessor  # type: ignore[import-not-found]

    lines = ordered(path)
    edges = (
        lines.filter(pl.col("direction") == "out")
        .join(lines.filter(pl.col("direction") == "in"), on="payment")
        .sort("second", "payment")
        .select("payment", "account_id", "account_id_right", "second")
        .to_numpy()
        .astype(np.float64)
    )
    maker = GraphFeaturePreprocessor()
    maker.set_params({"num_threads": THREADS})
    maker.fit_transform(np.ascontiguousarray(edges))


def run(options: Options) -> list[Row]:
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="lookthrough-bench-") as folder:
        for kind, hub in (("spread", 0.0), ("70 % hub", 0.7)):
            path = Path(folder) / f"{kind[:2]}.parquet"
            payments(path, options.lines, hub)
            fifo, sort = alternating((fragments, (path,)), (bare_sort, (path,)), options.rounds)
            million = options.lines / 1e6
            rows.append(
                Row(f"fifo, {million:g} M lines, {kind}", fifo, "DuckDB sort", sort, 4.0, "at most 4 GiB")
            )
            hops = timed(three_hops, path)
            rows.append(Row(f"three hops, {kind}", hops, "fifo", fifo, 3.0, "fragments included"))
            rows.append(Row(f"lifo, {kind}", timed(fragments, path, "lifo"), "DuckDB sort", sort, None))
            small = Path(folder) / "small.parquet"
            payments(small, QUEUE_LINES, hub)
            queue = timed(python_queue, small)
            rows.append(
                _per_line(
                    f"fifo a million lines, {kind}", fifo, million, "Python queue", queue, QUEUE_LINES / 1e6
                )
            )
            rows += _rival(folder, kind, hub, hops, million)
    return rows


def _per_line(
    name: str, step: Timing, step_millions: float, baseline: str, base: Timing, base_millions: float
) -> Row:
    """Compare seconds for each million lines where the baseline ran on fewer."""
    return Row(
        name,
        Timing(step.seconds / step_millions, step.peak_gib),
        baseline,
        Timing(base.seconds / base_millions, base.peak_gib),
        None,
        f"{base.seconds / base_millions / (step.seconds / step_millions):.0f} times as fast",
    )


def _rival(folder: str, kind: str, hub: float, hops: Timing, million: float) -> list[Row]:
    """Snap ML, where it is installed (group ``bench``)."""
    try:
        import snapml  # type: ignore[import-not-found]  # noqa: F401
    except ImportError:
        return []
    edges = Path(folder) / "edges.parquet"
    payments(edges, 2 * RIVAL_EDGES, hub)
    theirs = timed(snap, edges)
    return [
        _per_line(
            f"three hops a million lines, {kind}", hops, million, "Snap ML", theirs, 2 * RIVAL_EDGES / 1e6
        )
    ]
