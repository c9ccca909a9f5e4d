"""Turns judged in processes of their own: what they ask, and what becomes of a run when one fails or dies."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.steps.beside import Beside, Start
from flows.steps.circles import turns
from flows.steps.errors import LookthroughError
from flows.steps.judge import WAREHOUSE_FILE, DuckMarts, TypologyError, judge
from flows.steps.run import run_week
from flows.steps.simulate import simulate
from models.finding import Finding
from models.typologies.base import Context, discover

AS_OF = dt.date(2016, 6, 26)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("beside")
    simulate(base / "landing", size=0.2)
    run_week(base / "landing", base / "w", base / "e", "2016-W25")
    return base / "w" / WAREHOUSE_FILE


@pytest.fixture
def marts(warehouse: Path) -> Iterator[DuckMarts]:
    with DuckMarts(warehouse) as opened:
        yield opened


def told(findings: tuple[Finding, ...]) -> list[tuple[object, ...]]:
    return [(f.finding_key, f.amount_fen, f.explanation_zh, f.evidence.write_csv()) for f in findings]


def test_a_typology_that_fails_in_a_process_is_named_without_rows(marts: DuckMarts) -> None:
    with pytest.raises(TypologyError, match=r"fund-pool failed \(ValueError at \w+\.py:\d+\)") as failed:
        judge(marts, AS_OF, {"fund-pool.max_idle_days": float("nan")}, ["fund-pool"], turn_lines=1)
    assert "lookthrough judge --only fund-pool" in str(failed.value)


def test_processes_ask_the_run_about_the_city(marts: DuckMarts) -> None:
    judged = judge(marts, AS_OF, only=["yield-above-project", "run-risk"], turn_lines=1)
    assert {"yields.products", "yields.judged", "yields.expectation"} <= set(judged.context.memo)


def test_progress_names_what_is_asked_anywhere(marts: DuckMarts) -> None:
    heard: list[str] = []
    judge(marts, AS_OF, progress=heard.append, turn_lines=1)
    assert set(heard) == set(discover())


def test_a_warehouse_in_memory_is_judged_in_this_process(marts: DuckMarts) -> None:
    beside = judge(marts, AS_OF, turn_lines=1).findings
    marts.path = None
    assert told(judge(marts, AS_OF, turn_lines=1).findings) == told(beside)


def test_a_process_that_dies_fails_the_run_and_leaves_none(marts: DuckMarts, warehouse: Path) -> None:
    city = Context(marts, AS_OF)
    parts = turns(marts, 1)
    start = Start(warehouse, AS_OF, {}, {}, frozenset(discover()))
    with Beside(start, city, lambda code: None) as beside:
        for each in beside.processes:
            each.kill()
        with pytest.raises(LookthroughError, match="A process that judges was ended"):
            list(beside.gather(parts))
    assert all(each.poll() is not None for each in beside.processes)
