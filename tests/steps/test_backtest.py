"""A replayed week is the week as it would have been seen: nothing later changes it, and a run of it says the same."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from flows.steps import backtest
from flows.steps import week as weeks
from flows.steps.asof import gather, marts_on
from flows.steps.errors import ConfigurationError
from flows.steps.ingest import ingest
from flows.steps.judge import WAREHOUSE_FILE, DuckMarts
from flows.steps.run import run_week, tracing_steps
from flows.steps.settings import Settings
from tests.steps import tiny


@pytest.fixture(scope="module")
def lakes(tmp_path_factory):
    """Two warehouses: one knows `tiny.WEEK` alone, the other all that came after it too."""
    root = tmp_path_factory.mktemp("backtest")
    run_week(tiny.landing(root / "landing"), root / "then", root / "exports", tiny.WEEK)
    landing = tiny.landing(root / "landing2", later=True)
    tiny.write(
        landing / "3_registers/tips.csv",
        "tip_id,institution_id,received_on,channel,text",
        [("T1", "A1", "2016-06-15", "phone", "兑付困难")],
    )
    tiny.write(
        landing / "3_registers/products.csv",
        "product_id,institution_id,name,kind,promised_yield,term_days,issued_on,matures_on",
        [("P2", "A1", "甲二号", "loan", "0.36", 30, "2016-06-14", "2016-07-14")],
    )
    tiny.write(
        landing / "3_registers/verdicts.csv",
        "finding_key,verdict,decided_on,note",
        [
            (f["finding_key"], "false_positive", "2016-06-16", "x")
            for f in pl.read_parquet(root / "exports" / tiny.WEEK / "findings.parquet").iter_rows(named=True)
        ],
    )
    ingest(landing, root / "now" / "lake", Settings(workers=0))
    return root


def _replayed(warehouse, *asked, workers=1, changes=None):
    settings = Settings(warehouse=warehouse, workers=workers)
    return backtest.replay_all(settings, asked, {}, changes or {})


def test_a_replayed_week_says_what_its_run_said(lakes):
    (got,) = _replayed(lakes / "then", tiny.WEEK)
    ranked = pl.read_parquet(lakes / "exports" / tiny.WEEK / "ranking.parquet")
    said = ranked.select("institution_id", "rank", pl.col("score").cast(pl.String), "tier", "reasons").rows()
    assert [
        (s.institution_id, s.rank, f"{s.points / 100:.2f}", s.tier, ";".join(s.typologies)) for s in got.seen
    ] == said


def test_nothing_later_changes_a_replayed_week(lakes):
    assert _replayed(lakes / "now", tiny.WEEK) == _replayed(lakes / "then", tiny.WEEK)


def test_every_relation_is_that_of_a_built_warehouse(lakes, tmp_path):
    as_of = weeks.sunday(tiny.WEEK)
    shared = gather(lakes / "then" / "lake", tmp_path, "1GB")
    with (
        DuckMarts(lakes / "then" / WAREHOUSE_FILE) as built,
        marts_on(shared, as_of, tracing_steps(as_of), "1GB", tmp_path / "spill") as made,
    ):
        names = {"mart_line", "mart_transfer", "mart_role", "trace_source", "statement_lines"}
        assert set(made._columns) == set(built._columns) >= names
        for name in sorted(built._columns):
            assert made.table(name).equals(built.table(name)), name


def test_weeks_side_by_side_equal_weeks_in_turn_and_leave_nothing_behind(lakes):
    asked = (tiny.WEEK, tiny.LATER)
    turned, together = _replayed(lakes / "now", *asked), _replayed(lakes / "now", *asked, workers=2)
    assert [r.week for r in together] == list(asked)
    assert together == turned
    assert not [p for p in (lakes / "now").iterdir() if p.name.startswith(backtest.SCRATCH)]
    assert not (lakes / "now" / WAREHOUSE_FILE).exists()


def test_a_changed_threshold_is_compared_and_an_unknown_one_refused(lakes, tmp_path):
    settings = Settings(warehouse=lakes / "now", workers=1)
    told = list(
        backtest.backtest(settings, tiny.WEEK, tiny.WEEK, tmp_path / "out", {"fund-pool.max_idle_days": 7.0})
    )
    assert told[0].startswith("1 weeks")
    assert (tmp_path / "out" / "changes.csv").is_file()
    with pytest.raises(ConfigurationError):
        list(backtest.backtest(settings, tiny.WEEK, tiny.WEEK, tmp_path / "out", {"fund-pool.no_such": 1.0}))


def test_a_week_before_any_line_is_empty_not_an_error(lakes):
    (got,) = _replayed(lakes / "now", weeks.of(dt.date(2016, 1, 10)))
    assert all(s.points == 0 or s.typologies for s in got.seen)
