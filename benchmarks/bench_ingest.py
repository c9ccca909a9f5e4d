"""Reading: into the lake against the barest reading of the same files."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import duckdb
import fastexcel
import mt940

try:
    import camt053 as pypi_camt
except ImportError:  # `make bench` installs it; without it the row is left out
    pypi_camt = None

from benchmarks import material
from benchmarks.harness import Options, Row, alternating, timed
from flows.steps.formats import ReadOptions, Source, read_statement
from flows.steps.ingest import ingest
from flows.steps.simulate.ledger import Account, Bank, Line
from flows.steps.simulate.render import camt053, flag_xlsx
from flows.steps.simulate.render import mt940 as render_mt940


@dataclass(frozen=True, slots=True)
class Workers:
    """The settings that ingest asks for."""

    workers: int = 2
    lock_wait_seconds: float = 0.0


def into_lake(landing: Path) -> None:
    with tempfile.TemporaryDirectory(dir=landing.parent) as lake:
        _into(landing, lake)


def into_kept_lake(landing: Path) -> None:
    """Leave the lake until the benchmark ends: a deletion is no part of reading, and is felt by the next round.

    For some minutes ext4 gives no deleted inode away, and looks at each again for every file made: after a
    few rounds of a thousand deleted files that costs more than writing them.
    """
    _into(landing, tempfile.mkdtemp(dir=landing.parent))


def _into(landing: Path, folder: str) -> None:
    summary = ingest(landing, Path(folder) / "lake", Workers())
    assert summary.rows_quarantined == 0
    assert summary.lines_accepted > 0


def bare_csv(landing: Path) -> None:
    with tempfile.TemporaryDirectory(dir=landing.parent) as out:
        duckdb.sql("set threads = 2; set enable_progress_bar = false")
        duckdb.sql(
            f"copy (from read_csv('{landing}/*.csv', all_varchar = true)) to '{out}/all.parquet' (format parquet)"
        )


def bare_parquet(landing: Path) -> None:
    with tempfile.TemporaryDirectory(dir=landing.parent) as out:
        duckdb.sql("set threads = 2; set enable_progress_bar = false")
        duckdb.sql(f"copy (from '{landing}/*.parquet') to '{out}/all.parquet' (format parquet)")


def bare_xlsx(path: Path) -> None:
    fastexcel.read_excel(path).load_sheet(0, header_row=None, dtypes="string").to_polars()


def bare_mt940(path: Path) -> None:
    assert len(mt940.parse(str(path)).transactions) > 0


def one_file(path: Path) -> None:
    result = read_statement(Source.of_path(path), ReadOptions())
    assert result.rows_accepted > 0
    result.lines.collect()


def lxml_camt(path: Path) -> None:
    """The least a Python programme does with camt: parse the tree, collect amount, side and day."""
    from lxml import etree

    tree = etree.parse(str(path))
    name = "{" + etree.QName(tree.getroot()).namespace + "}"
    found = []
    for entry in tree.iter(name + "Ntry"):
        found.append(
            (
                entry.findtext(name + "Amt"),
                entry.findtext(name + "CdtDbtInd"),
                entry.findtext(f"{name}BookgDt/{name}DtTm"),
            )
        )
    assert found


def fastest_camt(path: Path) -> None:
    """``camt053``, the fastest reader of camt found on PyPI (`bankstatementparser` takes a fifth longer)."""
    assert len(pypi_camt.parse_statement(path.read_text("utf-8")).entries) > 0


def statement(count: int) -> tuple[Account, list[Line]]:
    bank = Bank("401232000119", "北川银行盘锦分行", "")
    account = Account("401900000000001", "盘锦恒通网络科技有限公司", bank, True)
    other = Account("6217000000000000001", "张三", bank, False)
    frame = material.lines(count, accounts=1)
    return account, [
        Line(at, account, incoming, fen, balance, other, "转账", "网银", reference)
        for at, incoming, fen, balance, reference in frame.select(
            "booked_at", "incoming", "amount_fen", "balance_fen", "reference"
        ).iter_rows()
    ]


def run(options: Options) -> list[Row]:
    """Run the comparisons; needs about 5 GB of disk for 10 million lines."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="lookthrough-bench-") as folder:
        base = Path(folder)

        csvs = base / "csv" / "landing"
        timed(material.enquiry_csv, csvs, options.lines)
        step, bare = alternating((into_lake, (csvs,)), (bare_csv, (csvs,)), options.rounds)
        rows.append(
            Row(
                f"enquiry CSV, {options.lines:,} lines into the lake", step, "duckdb copy read_csv", bare, 3.0
            )
        )
        shutil.rmtree(csvs.parent)

        few = min(options.lines, 400_000)
        one, many = base / "one" / "landing", base / "many" / "landing"
        timed(material.enquiry_csv, one, few, 1)
        timed(material.enquiry_csv, many, few, 1000)
        step, bare = alternating((into_kept_lake, (many,)), (into_kept_lake, (one,)), options.rounds)
        rows.append(Row(f"{few:,} lines in a thousand files", step, "the same in one file", bare, 1.2))

        parquet = base / "parquet" / "landing"
        timed(write_parquet, parquet, options.lines)
        step, bare = alternating((into_lake, (parquet,)), (bare_parquet, (parquet,)), options.rounds)
        rows.append(
            Row(f"canonical Parquet, {options.lines:,} lines", step, "duckdb copy parquet", bare, 2.0)
        )
        shutil.rmtree(parquet.parent)

        count = min(options.lines, 100_000)
        account, lines = statement(count)
        for name, content, work, label, limit in (
            ("a.xlsx", flag_xlsx(account, lines), bare_xlsx, "fastexcel", 1.5),
            ("a.sta", render_mt940(account, lines[: count // 5]), bare_mt940, "mt-940", 1.0),
            ("a.xml", camt053(account, lines), lxml_camt, "lxml, three fields", None),
            ("b.xml", camt053(account, lines), fastest_camt, "camt053", 0.2),
        ):
            if work is fastest_camt and pypi_camt is None:
                continue
            path = base / name
            path.write_bytes(content)
            step, bare = alternating((one_file, (path,)), (work, (path,)), options.rounds)
            rows.append(
                Row(
                    f"{path.suffix[1:]}, {count if name != 'a.sta' else count // 5:,} lines",
                    step,
                    label,
                    bare,
                    limit,
                )
            )
    return rows


def write_parquet(folder: Path, count: int) -> None:
    folder.mkdir(parents=True)
    frame = material.canonical(material.lines(count))
    size = -(-count // 8)
    for n in range(8):
        frame.slice(n * size, size).write_parquet(folder / f"core_{n}.parquet")
