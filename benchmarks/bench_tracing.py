"""Tracing: fragments against a bare sort of the same lines, hops against fragments, and two rivals.

Two kinds of traffic: spread evenly over the accounts, and with 70 % of the payments through one pool
account. Every payment has both its legs among the lines. Growth is measured from table to table, as the
warehouse is built; ``--large 100000000`` adds the run that memory does not hold (needs 12 GB of disk).
"""

from __future__ import annotations

import math
import shutil
import tempfile
from collections import deque
from pathlib import Path
from typing import cast

import duckdb
import numpy as np
import polars as pl

from benchmarks.harness import Options, Row, Timing, alternating, timed
from models.tracing.hops import FRAGMENTS, LINES, TRANSFERS, Web
from models.tracing.large import write_fragments
from models.tracing.match import match
from models.tracing.totals import totals

THREADS = 2
PAYMENTS_A_FILE = 2_500_000
GROUPS = 200
QUEUE_LINES = 1_000_000
RIVAL_EDGES = 200_000
GROWTH = 1.1
"""Time may grow with this power of the lines."""


def payments(path: Path, count: int, hub_share: float, seed: int = 1) -> None:
    """Write `count` lines (two a payment) in random order into Parquet files below `path`."""
    path.mkdir()
    accounts = max(count // 500, 10)
    for part, first in enumerate(range(0, count // 2, PAYMENTS_A_FILE)):
        rng = np.random.default_rng((seed, part))
        n = min(PAYMENTS_A_FILE, count // 2 - first)
        source, target = rng.integers(1, accounts, n), rng.integers(1, accounts, n)
        through, inward = rng.random(n) < hub_share, rng.random(n) < 0.5
        source, target = np.where(through & ~inward, 0, source), np.where(through & inward, 0, target)
        when, amount = rng.integers(0, 26 * 7 * 86400, n), rng.integers(1_000, 5_000_000, n)
        number = np.arange(first, first + n)
        legs = pl.DataFrame(
            {
                "account_id": np.concatenate((source, target)),
                "second": np.concatenate((when, when + 60)),
                "payment": np.concatenate((number, number)),
                "direction": pl.select(pl.concat([pl.repeat("out", n), pl.repeat("in", n)])).to_series(),
                "amount_fen": np.concatenate((amount, amount)),
            }
        )
        legs.sample(fraction=1.0, shuffle=True, seed=seed).write_parquet(path / f"{part:04d}.parquet")


def bare_sort(path: Path) -> None:
    with tempfile.TemporaryDirectory(dir=path.parent) as out:
        con = duckdb.connect(f"{out}/sorted.duckdb")
        con.execute(f"set threads = {THREADS}")
        con.execute(
            f"create table sorted as from '{path}/*.parquet' order by account_id, second, payment, direction"
        )


def ordered(path: Path) -> pl.DataFrame:
    """Lines in the order of their accounts, numbered: sorted where the warehouse sorts them."""
    con = duckdb.connect(config={"threads": THREADS})
    con.execute("set enable_progress_bar = false")
    rows = con.sql(f"from '{path}/*.parquet' order by account_id, second, payment, direction")
    lines = cast(pl.DataFrame, pl.from_arrow(rows.to_arrow_table()))
    return lines.with_row_index("line_no").with_columns(pl.col("line_no").cast(pl.Int64))


def opened(lines: pl.DataFrame) -> pl.DataFrame:
    return lines.select("account_id").unique().with_columns(opening_fen=pl.lit(10**8, pl.Int64))


def matched(lines: pl.DataFrame, method: str = "fifo") -> pl.DataFrame:
    """Fragments; every account opens with some forty payments' worth."""
    return match(lines, method, opening=opened(lines))  # type: ignore[arg-type]


def fragments(path: Path, method: str = "fifo") -> None:
    found = matched(ordered(path), method)
    assert found["amount_fen"].sum() > 0


def prepare(path: Path, out: Path) -> None:
    """Write what the hops start from: lines in order, their fragments and transfers."""
    out.mkdir()
    lines = ordered(path)
    legs = lines.select("payment", "line_no", "direction", "amount_fen")
    legs.filter(pl.col("direction") == "out").join(
        legs.filter(pl.col("direction") == "in"), on="payment"
    ).select(
        transfer_no="payment", out_line_no="line_no", in_line_no="line_no_right", amount_fen="amount_fen"
    ).write_parquet(out / "transfers.parquet")
    unknown = pl.lit(None, pl.Int64)
    lines.with_columns(
        booked_at=pl.from_epoch("second", time_unit="s").cast(pl.Datetime("us")),
        cp_account_id=unknown,
        cp_holder_id=unknown,
    ).select(LINES).write_parquet(out / "lines.parquet")
    matched(lines).write_parquet(out / "fragments.parquet")


def three_hops(prepared: Path) -> None:
    """Every in-line's money over three transfers, summed by two hundred groups of accounts."""
    lines, fragments, transfers = (
        pl.read_parquet(prepared / f"{name}.parquet", columns=list(columns))
        for name, columns in (("lines", LINES), ("fragments", FRAGMENTS), ("transfers", TRANSFERS))
    )
    starts = lines.filter(pl.col("direction") == "in").select(
        "line_no", "amount_fen", group=pl.col("account_id") % GROUPS
    )
    web = Web.of(lines, fragments, transfers)
    del lines, fragments, transfers
    _, ended = totals(web, starts.drop("amount_fen"), hops=3)
    assert ended["amount_fen"].sum() == starts["amount_fen"].sum()


def table_to_table(path: Path) -> None:
    """Lines in any order to a table of fragments, in bounded memory: the warehouse's way."""
    with tempfile.TemporaryDirectory(dir=path.parent) as out:
        con = duckdb.connect(
            f"{out}/traced.duckdb",
            config={"threads": THREADS, "memory_limit": "4GB", "temp_directory": f"{out}/spill"},
        )
        con.execute("set enable_progress_bar = false")
        con.execute(
            "create table mart_line as select row_number() over () - 1 as line_no, account_id, direction, amount_fen "
            f"from (from '{path}/*.parquet' order by account_id, second, payment, direction)"
        )
        accounts = con.sql("select distinct account_id from mart_line").pl()
        write_fragments(con, opening=opened(accounts))
        total = con.execute("select sum(amount_fen) from trace_fragment").fetchall()[0][0]
        assert total > 0
        con.close()


def matching_alone(prepared: Path) -> None:
    """Fragments of lines that lie in order already."""
    assert matched(pl.read_parquet(prepared / "lines.parquet")).height


def python_queue(prepared: Path) -> None:
    """The obvious implementation of the same: a deque of lots for each account."""
    lots: dict[int, deque[list[int]]] = {}
    found = []
    rows = pl.read_parquet(prepared / "lines.parquet").select(
        "account_id", "line_no", "direction", "amount_fen"
    )
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
        base = Path(folder)
        million = options.lines / 1e6
        for kind, hub in (("spread", 0.0), ("70 % hub", 0.7)):
            path, ready = base / kind[:2], base / f"{kind[:2]}-ready"
            payments(path, options.lines, hub)
            fifo, sort = alternating((fragments, (path,)), (bare_sort, (path,)), options.rounds)
            rows.append(
                Row(f"fifo, {million:g} M lines, {kind}", fifo, "DuckDB sort", sort, 4.0, "at most 4 GiB")
            )
            timed(prepare, path, ready)
            hops = timed(three_hops, ready)
            rows.append(Row(f"three hops of all in-lines, {kind}", hops, "fifo", fifo, 2.0))
            rows.append(Row(f"lifo, {kind}", timed(fragments, path, "lifo"), "DuckDB sort", sort, None))
            small, small_ready = base / f"{kind[:2]}-small", base / f"{kind[:2]}-small-ready"
            payments(small, QUEUE_LINES, hub)
            timed(prepare, small, small_ready)
            queue, alone = timed(python_queue, small_ready), timed(matching_alone, ready)
            rows.append(
                _per_line(
                    f"matching alone, a million lines, {kind}", alone, million,
                    "Python queue", queue, QUEUE_LINES / 1e6,
                )
            )  # fmt: skip
            both = Timing(fifo.seconds + hops.seconds, max(fifo.peak_gib, hops.peak_gib), fifo.cpu + hops.cpu)
            rows += _rival(base, kind, hub, both, million)
            for used in (path, ready, small, small_ready):
                shutil.rmtree(used)
        rows += _growth(base, options)
    return rows


def _growth(base: Path, options: Options) -> list[Row]:
    """From table to table: a million lines, those asked for, and the large run; all with a pool account."""
    rows: list[Row] = []
    first: Timing | None = None
    for count in sorted({1_000_000} | {c for c in (options.lines, options.large) if c > 1_000_000}):
        path = base / f"lines-{count}"
        payments(path, count, 0.7)
        took = timed(table_to_table, path)
        shutil.rmtree(path)
        if first is None:
            first = took
            continue
        limit = (count / 1e6) ** GROWTH
        power = math.log(took.seconds / first.seconds) / math.log(count / 1e6)
        rows.append(
            Row(
                f"table to table, {count / 1e6:g} M lines, 70 % hub",
                took,
                "1 M lines",
                first,
                round(limit, 1),
                f"grows with n^{power:.2f}",
            )
        )
    return rows


def _per_line(
    name: str, step: Timing, step_millions: float, baseline: str, base: Timing, base_millions: float
) -> Row:
    """Compare seconds for each million lines where the baseline ran on fewer."""
    return Row(
        name,
        Timing(step.seconds / step_millions, step.peak_gib, step.cpu / step_millions),
        baseline,
        Timing(base.seconds / base_millions, base.peak_gib, base.cpu / base_millions),
        None,
        f"{base.seconds / base_millions / (step.seconds / step_millions):.0f} times as fast",
    )


def _rival(base: Path, kind: str, hub: float, ours: Timing, million: float) -> list[Row]:
    """Snap ML where it is installed: its licence is no open one, so no lock file of ours names it."""
    try:
        import snapml  # type: ignore[import-not-found]  # noqa: F401
    except ImportError:
        return []
    edges = base / f"{kind[:2]}-edges"
    payments(edges, 2 * RIVAL_EDGES, hub)
    theirs = timed(snap, edges)
    shutil.rmtree(edges)
    return [
        _per_line(
            f"fifo and hops, a million lines, {kind}", ours, million, "Snap ML", theirs, 2 * RIVAL_EDGES / 1e6
        )
    ]
