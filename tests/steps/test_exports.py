"""Exports: safe to open, exact, complete, deterministic."""

from __future__ import annotations

import csv
import datetime as dt
import json
import re
import zipfile
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.steps.exports import discover, dossiers
from flows.steps.exports._pages import cited, file_name
from flows.steps.exports._registers import SHOWN
from flows.steps.exports._tables import RISKY, neutral, write_csv
from flows.steps.exports.index import NOT_DELIVERED, not_delivered
from flows.steps.result import MONEY, yuan
from flows.steps.run import run_week
from tests.cases.world import World
from tests.steps import tiny


@pytest.fixture(scope="module")
def week(tmp_path_factory):
    root = tmp_path_factory.mktemp("exports")
    run_week(tiny.landing(root / "landing"), root / "warehouse", root / "exports")
    return root / "exports" / tiny.WEEK


def rows(path):
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\tx", "\rx", "＝1", "-"])
def test_a_cell_that_would_run_is_neutralised(text):
    assert neutral(text) == "'" + text


@pytest.mark.parametrize("text", ["-12.50", "+3", "2016-07-03", "盘锦", "", "6228=1"])
def test_numbers_and_plain_text_stay(text):
    assert neutral(text) == text


@given(st.text(max_size=12))
def test_csv_and_single_cells_agree(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    write_csv(pl.DataFrame({"a": [text], "b": ["x"]}), path)
    with path.open(encoding="utf-8", newline="") as handle:
        cell = list(csv.reader(handle))[1][0]
    assert cell == neutral(text)
    assert not cell or cell[0] not in RISKY or re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", cell)


@given(st.lists(st.integers(-(10**15), 10**15), min_size=1, max_size=20))
def test_fen_to_yuan_is_exact(fen):
    frame = pl.DataFrame({"f": fen}, schema={"f": pl.Int64}).select(yuan(pl.col("f")).alias("y"))
    assert frame.schema["y"] == MONEY
    assert frame["y"].to_list() == [Decimal(v).scaleb(-2) for v in fen]


@pytest.mark.parametrize("i", ["../../etc/x", "a/b", "..", ".hidden", "a b", "C:\\x", "x\x00y"])
def test_a_dossier_never_leaves_its_folder(i):
    name = file_name(i)
    assert re.fullmatch(r"[0-9A-Za-z_.\-]+\.html", name)
    assert not name.startswith(".")
    assert "/" not in name
    assert "\\" not in name


def test_a_plain_id_is_its_own_file_name():
    assert file_name("U-6222020000001") == "U-6222020000001.html"


def test_every_export_module_is_found():
    assert {
        "ranking",
        "findings",
        "evidence",
        "flows",
        "ingest",
        "quarantine",
        "dossiers",
        "index",
        "manifest",
    } <= {n for n, _ in discover()}
    assert discover()[-1][0] == "manifest"


def test_all_files_of_the_contract_are_there(week):
    names = set(tiny.contents(week))
    assert {
        "ranking.csv", "ranking.parquet", "ranking.xlsx", "findings.csv", "findings.parquet", "evidence.parquet",
        "flows.parquet", "ingest.csv", "quarantine.csv", "unusual.csv", "index.html", "manifest.json", "dossiers/A1.html", "dossiers/A2.html",
    } <= names  # fmt: skip


def test_hostile_names_are_shown_but_do_not_run(week):
    name = {r["institution_id"]: r["name"] for r in rows(week / "ranking.csv")}["A2"]
    assert name.startswith("'=HYPERLINK")
    page = (week / "dossiers/A2.html").read_text("utf-8")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    with zipfile.ZipFile(week / "ranking.xlsx") as book:
        for part in book.namelist():
            if part.startswith("xl/worksheets/"):
                assert not re.search(rb"<f[ >/]", book.read(part))


def test_register_rows_of_a_finding_say_what_they_hold_and_where_they_stand(week):
    evidence = pl.read_parquet(week / "evidence.parquet").filter(pl.col("register").is_in(list(SHOWN)))
    assert evidence.height > 0
    found = pl.read_parquet(week / "findings.parquet").select("finding_key", "institution_id")
    shown = 0
    for i, register, key in (
        evidence.join(found, on="finding_key").select("institution_id", "register", "key").iter_rows()
    ):
        page = (week / "dossiers" / file_name(i)).read_text("utf-8")
        cells = [re.findall(r"<td[^>]*>([^<]*)</td>", r) for r in re.findall(r"<tr>.*?</tr>", page)]
        row = [c for c in cells if c and c[-1].startswith(f"登记表 {register}:{key} ")]
        assert all(re.search(rf"/{register}\.csv 第\d+条$", c[-1]) for c in row)
        assert all(any(c[n] for n in (1, 4, 6, 7)) for c in row)
        shown += bool(row)
    assert shown > 0


def test_pages_load_nothing_from_the_network(week):
    for page in week.rglob("*.html"):
        text = page.read_text("utf-8")
        assert not re.search(r"(?:src|href)\s*=\s*['\"]?\s*(?:https?:)?//", text)
        assert "<script" not in text


def test_index_leads_to_every_dossier(week):
    links = re.findall(r'href="(dossiers/[^"]+)"', (week / "index.html").read_text("utf-8"))
    assert sorted(links) == ["dossiers/A1.html", "dossiers/A2.html"]
    assert all((week / link).is_file() for link in links)


def test_a_booking_of_which_only_the_day_is_known_shows_no_hour():
    midnight = dt.datetime(2016, 6, 1)
    assert dossiers._when(midnight, False) == "2016-06-01"
    assert dossiers._when(midnight, True) == "2016-06-01 00:00"
    assert dossiers._when(None, None) == ""


def test_contributions_add_up_in_what_is_written(week):
    parts = pl.read_csv(week / "contributions.csv", schema_overrides={"points": pl.String})
    scores = {r["institution_id"]: Decimal(r["score"]) for r in rows(week / "ranking.csv")}
    for i, score in scores.items():
        points = parts.filter(pl.col("institution_id") == i)["points"].to_list()
        assert sum(map(Decimal, points), Decimal(0)) == score


def test_every_finding_has_evidence_and_lines_are_located(week):
    findings, evidence = (
        pl.read_parquet(week / "findings.parquet"),
        pl.read_parquet(week / "evidence.parquet"),
    )
    assert findings.height
    assert set(findings["finding_key"]) == set(evidence["finding_key"])
    lines = evidence.filter(pl.col("line_id").is_not_null())
    assert (
        lines.select(
            pl.col("account_no", "booked_at", "amount", "source_file", "source_record").null_count()
        ).row(0)
        == (0,) * 5
    )
    registers = evidence.filter(pl.col("line_id").is_null())
    assert registers.select(pl.col("account_no", "source_file").count()).row(0) == (0, 0)
    assert registers["key"].null_count() == 0


def test_manifest_digests_every_file_and_input(week):
    manifest = json.loads((week / "manifest.json").read_text("utf-8"))
    assert set(manifest["exports"]) | {"manifest.json"} == set(tiny.contents(week))
    assert {e["file"] for e in manifest["inputs"]} == {r["source_file"] for r in rows(week / "ingest.csv")}


def test_nothing_in_the_exports_names_this_machine(week):
    here = str(week.parent.parent).encode()
    today = dt.date.today().isoformat().encode()
    for name, content in tiny.contents(week).items():
        assert here not in content, name
        assert today not in content, name


def test_rules_are_cited_as_an_office_does():
    assert "法释〔2010〕18号" in cited("spc-2010-18")
    assert cited("no-such-rule") == "no-such-rule"


def test_registers_that_were_not_delivered_are_named():
    """Only where products are registered do projects, links and subscriptions belong to them."""
    world = World()
    world.move("2016-03-01", world.person(), world.person(held=True), 100)
    assert not_delivered(world.marts()) == []
    for gone in ([], ["subscriptions"], ["projects"], ["product_projects"], list(NOT_DELIVERED)):
        world = World()
        world.platform("P1").loan("a", world.people(5), each=10_000, lent="2016-03-01")
        for register in gone:
            del world.registers[register]
        assert {name for name, _ in not_delivered(world.marts())} == set(gone)


def test_the_page_names_data_gaps(week):
    page = (week / "index.html").read_text("utf-8")
    named = {name for name, (zh, *_) in NOT_DELIVERED.items() if f"<li>{zh} {name}:" in page}
    assert named == {"projects", "product_projects"}
