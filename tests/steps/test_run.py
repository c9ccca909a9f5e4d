"""The run: nothing new is quick and changes nothing; kills and reruns end in the same bytes."""

from __future__ import annotations

import logging
import os
import random
import signal
import subprocess
import sys
import time

import pytest

from flows.steps import previous, provenance
from flows.steps.errors import BusyError, ConfigurationError
from flows.steps.exports import _labels
from flows.steps.judge import TypologyError
from flows.steps.lake import Lake
from flows.steps.run import NothingDeliveredError, run_week
from flows.steps.settings import Settings, load
from flows.steps.swap import aside
from models.typologies import base
from models.yields.card import load as load_model
from models.yields.expectation import FEATURES
from tests.steps import tiny


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """An undisturbed run: (landing, its week's bytes)."""
    root = tmp_path_factory.mktemp("run")
    landing = tiny.landing(root / "landing")
    outcome = run_week(landing, root / "warehouse", root / "exports")
    assert outcome.fresh
    assert outcome.week == tiny.WEEK
    return root, tiny.contents(outcome.folder)


def test_a_second_run_changes_nothing_and_is_quick(done):
    root, before = done
    started = time.perf_counter()
    outcome = run_week(root / "landing", root / "warehouse", root / "exports")
    assert not outcome.fresh
    assert time.perf_counter() - started < 3
    assert tiny.contents(outcome.folder) == before


def test_a_run_with_nothing_to_judge_does_not_wait_for_the_statistics_libraries():
    asked = "import sys, flows.steps.run; print([m for m in ('scipy', 'sklearn', 'networkx') if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_a_new_warehouse_gives_the_same_bytes(done, tmp_path):
    root, before = done
    outcome = run_week(
        root / "landing", tmp_path / "warehouse", tmp_path / "exports", settings=Settings(workers=0)
    )
    assert outcome.fresh
    assert tiny.contents(outcome.folder) == before


def test_late_lines_give_the_bytes_of_a_run_that_had_them_from_the_start(done, tmp_path, caplog):
    _, before = done
    landing = tiny.landing(tmp_path / "landing")
    file = landing / "1_first/lines.csv"
    whole = file.read_text("utf-8")
    lines = whole.splitlines(keepends=True)
    late = [line for line in lines if line.startswith(tiny.OWN)][-5:]
    file.write_text("".join(line for line in lines if line not in late), encoding="utf-8")
    early = run_week(landing, tmp_path / "warehouse", tmp_path / "exports", tiny.WEEK)
    assert tiny.contents(early.folder) != before
    file.write_text(whole, encoding="utf-8")
    with caplog.at_level(logging.INFO):
        outcome = run_week(landing, tmp_path / "warehouse", tmp_path / "exports", tiny.WEEK)
    assert "traced anew: 1 of 2 circles of institutions" in caplog.text
    assert tiny.contents(outcome.folder) == before


def test_the_weeks_model_lies_beside_the_warehouse_with_its_card(done):
    root, before = done
    model, card = load_model(root / "warehouse" / "models" / tiny.WEEK)
    assert (card.week, card.candidate, model.features) == (tiny.WEEK, model.name, FEATURES)
    told = before["models/expected-yield.md"].decode()
    assert card.inputs_sha256 in told
    assert "Limits" in told


def test_a_lost_or_edited_export_is_made_again(done, tmp_path):
    root, before = done
    folder = root / "exports" / tiny.WEEK
    (folder / "ranking.csv").write_text("edited", encoding="utf-8")
    outcome = run_week(root / "landing", root / "warehouse", root / "exports")
    assert outcome.fresh
    assert tiny.contents(folder) == before


def test_names_of_files_and_order_of_lines_play_no_part(done, tmp_path):
    _, before = done
    landing = tiny.landing(tmp_path / "landing")
    lines = (landing / "1_first/lines.csv").read_text("utf-8").splitlines(keepends=True)
    days = {}
    for line in lines[1:]:
        days.setdefault(line.split(",")[1][:10], []).append(line)
    for day in days.values():
        random.Random(7).shuffle(day)
    (landing / "1_first/lines.csv").unlink()
    (landing / "1_first/another name.txt").write_text(
        lines[0] + "".join(line for day in days.values() for line in day), encoding="utf-8"
    )
    (landing / "0_registers").rename(landing / "9_registers")
    outcome = run_week(landing, tmp_path / "w", tmp_path / "e")
    got = tiny.contents(outcome.folder)
    for name in ("findings.csv", "ranking.csv", "contributions.csv", "flows.parquet"):
        assert got[name] == before[name]


@pytest.mark.parametrize("seed", range(2))
def test_killed_at_a_random_moment_it_is_safe_to_run_again(done, tmp_path, seed):
    root, before = done
    command = [
        sys.executable, "-m", "flows.steps.cli", "run", "--quiet",
        "--landing", str(root / "landing"), "--warehouse", str(tmp_path / "w"), "--exports", str(tmp_path / "e"),
    ]  # fmt: skip
    process = subprocess.Popen(command, start_new_session=True)
    time.sleep(random.Random(seed).uniform(0.8, 6))
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    week = tmp_path / "e" / tiny.WEEK
    if week.exists():
        assert tiny.contents(week) == before
    run_week(root / "landing", tmp_path / "w", tmp_path / "e")
    assert tiny.contents(week) == before
    assert [p.name for p in (tmp_path / "e").iterdir()] == [tiny.WEEK]


def test_a_kill_between_the_two_renames_is_healed(tmp_path):
    with aside(tmp_path, tiny.WEEK) as folder:
        (folder / "a").write_text("1")
    (tmp_path / tiny.WEEK).rename(tmp_path / f".{tiny.WEEK}.old")
    with pytest.raises(RuntimeError), aside(tmp_path, tiny.WEEK):
        raise RuntimeError("stopped")
    assert (tmp_path / tiny.WEEK / "a").read_text() == "1"


def test_a_typology_that_fails_fails_the_run_by_name_without_row_content(done, tmp_path, monkeypatch):
    root, _ = done
    found = base.discover()

    def broken(ctx):
        raise ValueError("622800000000000001 张三")

    entry = base.Registered(found["restricted-name"].meta, broken)
    monkeypatch.setattr("flows.steps.judge.discover", lambda: found | {"restricted-name": entry})
    with pytest.raises(TypologyError, match="restricted-name") as caught:
        run_week(root / "landing", tmp_path / "w", tmp_path / "e")
    assert "张三" not in str(caught.value)
    assert not (tmp_path / "e" / tiny.WEEK).exists()


def test_no_statement_line_is_said(tmp_path):
    tiny.registers(tmp_path / "landing")
    with pytest.raises(NothingDeliveredError, match="--week"):
        run_week(tmp_path / "landing", tmp_path / "w", tmp_path / "e")


def test_two_runs_at_once_one_waits_or_says_so(tmp_path):
    tiny.registers(tmp_path / "landing")
    with Lake(tmp_path / "w").lock(1), pytest.raises(BusyError):
        run_week(tmp_path / "landing", tmp_path / "w", tmp_path / "e", settings=Settings(lock_wait_seconds=0))


def test_the_next_week_follows_up_the_last(done, tmp_path):
    landing = tiny.landing(tmp_path / "landing", later=True)
    first = run_week(landing, tmp_path / "w", tmp_path / "e", tiny.WEEK)
    second = run_week(landing, tmp_path / "w", tmp_path / "e")
    assert second.week == tiny.LATER
    assert previous.find(tmp_path / "e", tiny.LATER) == tiny.WEEK
    before, after = previous.read(tmp_path / "e", tiny.WEEK), previous.read(tmp_path / "e", tiny.LATER)
    assert set(before.findings["state"]) == {"new"}
    assert set(after.findings["state"]) <= {"new", "open", "worse", "better", "gone"}
    assert "new" not in set(after.findings.join(before.findings, on="finding_key", how="semi")["state"])
    assert after.ranking["previous_rank"].null_count() == 0
    # The earlier week is seen as it was, whatever came later.
    _, alone = done
    got = tiny.contents(first.folder)
    assert got["findings.csv"] == alone["findings.csv"]
    assert got["ranking.csv"] == alone["ranking.csv"]


def test_a_changed_threshold_or_setting_is_something_new(done, tmp_path):
    root, _ = done
    d = provenance.inputs_of
    assert callable(d)
    thresholds = tmp_path / "thresholds.toml"
    thresholds.write_text('[no-such.thing]\nvalue = 1\nreason = "x"\ndate = 2016-06-01\n', encoding="utf-8")
    with pytest.raises(ConfigurationError, match="no-such"):
        run_week(
            root / "landing", root / "warehouse", root / "exports", settings=Settings(thresholds=thresholds)
        )


def test_settings_environment_over_toml_over_default(tmp_path, monkeypatch):
    config = tmp_path / "lookthrough.toml"
    config.write_text("dossier_rows = 7\nworkers = 3\n", encoding="utf-8")
    monkeypatch.setenv("LOOKTHROUGH_WORKERS", "5")
    chosen = load(config)
    assert (chosen.dossier_rows, chosen.workers, chosen.lock_wait_seconds) == (7, 5, 600)
    config.write_text("no_such_setting = 7\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="no_such_setting"):
        load(config)


def test_labels_cover_the_contracts_codes():
    assert set(_labels.TIERS) == {"clear", "watch", "rectify", "close_down", "refer_to_police"}
    assert len(_labels.CLASSES) == 12
