"""A week over many lines: warehouse, tracing and all typologies, against reading the same number of lines.

The lake is the sample delivery's, multiplied: each copy is a region of its own with its own
accounts, names, institutions and products.
"""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from pathlib import Path

import duckdb
import polars as pl

from benchmarks import material
from benchmarks.bench_ingest import Workers, into_lake
from benchmarks.harness import Options, Row, timed
from flows.steps.ingest import ingest
from flows.steps.judge import DuckMarts, judge
from flows.steps.run import tracing_steps
from flows.steps.simulate import simulate
from flows.steps.warehouse import FILE, build

AS_OF = dt.date(2016, 6, 26)
SIZE = 10.0
"""Clients and projects of each lending platform against the sample's."""
OWN = {
    "account_no", "counterparty_account", "investor_account", "borrower_account", "institution_id", "party_id",
    "product_id", "project_id", "subscription_id", "ad_id", "tip_id", "reference", "id_no", "borrower_id",
    "investor_id", "uscc", "name", "holder_name", "counterparty_name", "borrower_name", "investor_name",
    "institution_name", "advertiser", "parent_product_id", "group_id",
}  # fmt: skip
"""Columns whose values differ from copy to copy."""
COMMON = {"banks", "industry_yields"}


def multiplied(frame: pl.DataFrame, copies: range) -> pl.DataFrame:
    """Each row once for each copy, its own names and numbers marked with the copy's number."""
    own = [c for c in frame.columns if c in OWN]
    return (
        frame.join(pl.DataFrame({"copy": [f"{n:04d}" for n in copies]}), how="cross")
        .with_columns([(pl.col(c) + pl.col("copy")).alias(c) for c in own])
        .drop("copy")
    )


def multiply(base: Path, out: Path, lines: int) -> None:
    """Write a lake of about `lines` lines from the lake of the sample."""
    frame = pl.read_parquet(base / "deliveries.parquet")
    kept = frame.filter(pl.col("kind").is_in(["statement", "register"])).unique(
        "source_sha256", maintain_order=True
    )
    per_copy = int(kept.filter(pl.col("kind") == "statement")["rows_accepted"].sum())
    copies = max(1, round(lines / per_copy))
    for room, kind in (("statements", "statement"), ("registers", "register")):
        (out / room).mkdir(parents=True)
        for sha, register in (
            kept.filter(pl.col("kind") == kind).select("source_sha256", "register").iter_rows()
        ):
            source = base / room / f"{sha}.parquet"
            if not source.exists():
                continue
            for beside in (source.with_suffix(".json"), base / room / f"{sha}.quarantine.parquet"):
                if beside.exists():
                    shutil.copy(beside, out / room / beside.name)
            rows = pl.read_parquet(source)
            whole = rows if register in COMMON else multiplied(rows, range(copies))
            whole.write_parquet(out / room / f"{sha}.parquet")
    kept.write_parquet(out / "deliveries.parquet")


def shape(warehouse: Path) -> None:
    build(warehouse, AS_OF)


def shape_and_trace(warehouse: Path) -> None:
    build(warehouse, AS_OF, after=tracing_steps(AS_OF))


def shape_and_trace_again(warehouse: Path) -> None:
    build(warehouse, AS_OF, after=tracing_steps(AS_OF, warehouse / FILE))


def held_back(lake: Path) -> tuple[Path, Path]:
    """Take the last day of one region's accounts out of the longest file; return it and the whole file aside."""
    files = [f for f in (lake / "statements").glob("*.parquet") if not f.name.endswith(".quarantine.parquet")]
    longest = max(files, key=lambda f: (f.stat().st_size, f.name))
    whole = longest.rename(lake / longest.name)
    booked_on = pl.col("booked_at").dt.date()
    seen = pl.scan_parquet(whole).filter(booked_on <= AS_OF)
    last = booked_on == booked_on.max()
    seen.filter(~(last & pl.col("account_no").str.ends_with("0000"))).collect().write_parquet(longest)
    return longest, whole


def detect(warehouse: Path) -> None:
    with DuckMarts(warehouse / "lookthrough.duckdb") as marts:
        assert judge(marts, AS_OF, {}).findings


def bare_sort(warehouse: Path) -> None:
    folder = warehouse / "lake" / "statements"
    lines = sorted(str(f) for f in folder.glob("*.parquet") if not f.name.endswith(".quarantine.parquet"))
    with tempfile.TemporaryDirectory(dir=warehouse) as spill:
        con = duckdb.connect(f"{spill}/sort.duckdb", config={"threads": 2})
        con.execute("set enable_progress_bar = false")
        con.execute(
            "create table lines as select * from read_parquet($1) order by account_no, booked_at", [lines]
        )
        con.close()


def run(options: Options) -> list[Row]:
    """One round each: the steps are long and the baselines longer."""
    with tempfile.TemporaryDirectory(prefix="lookthrough-bench-") as folder:
        base = Path(folder)
        simulate(base / "landing", size=SIZE)
        ingest(base / "landing", base / "sample", Workers())
        warehouse = base / "warehouse"
        timed(multiply, base / "sample", warehouse / "lake", options.lines)
        csvs = base / "csv" / "landing"
        timed(material.enquiry_csv, csvs, options.lines)
        read = timed(into_lake, csvs)
        shutil.rmtree(csvs.parent)
        sort = timed(bare_sort, warehouse)
        shaped = timed(shape, warehouse)
        part, whole = held_back(warehouse / "lake")
        traced = timed(shape_and_trace, warehouse)
        whole.replace(part)
        again = timed(shape_and_trace_again, warehouse)
        judged = timed(detect, warehouse)
        named = f"{options.lines:,} lines"
        return [
            Row(f"warehouse, {named}", shaped, "duckdb sort into a table", sort, None),
            Row(f"warehouse and tracing, {named}", traced, "duckdb sort into a table", sort, None),
            Row(f"the same with one region's late lines, {named}", again, "all traced anew", traced, 1.0),
            Row(f"all typologies, {named}", judged, "reading as many enquiry CSV lines", read, 1.0),
        ]
