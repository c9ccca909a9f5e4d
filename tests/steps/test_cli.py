"""The command line: exit codes, one summary, no row content in errors."""

from __future__ import annotations

import csv
import json
import subprocess
import sys

import pytest

from flows.steps.console import plain
from tests.steps import tiny


def lookthrough(*arguments, **more):
    return subprocess.run(
        [sys.executable, "-m", "flows.steps.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        **more,
    )


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    root = tmp_path_factory.mktemp("cli")
    tiny.landing(root / "landing")
    folders = (
        "--landing",
        root / "landing",
        "--warehouse",
        root / "warehouse",
        "--exports",
        root / "exports",
    )
    return root, folders, lookthrough("run", *folders)


def test_help_lists_the_commands():
    text = lookthrough("--help").stdout
    for command in (
        "run",
        "check",
        "profile",
        "quarantine",
        "typologies",
        "judge",
        "trace",
        "verdict",
        "backtest",
        "simulate",
    ):
        assert command in text


@pytest.mark.parametrize(
    "arguments",
    [("no-such-command",), ("run", "--no-such-option"), ("run", "--week", "2016-25"), ("run", "--config", "absent.toml"), ("run", "--landing", "absent")],
)  # fmt: skip
def test_wrong_usage_is_two(arguments, tmp_path):
    result = lookthrough(*arguments, cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr
    assert "Traceback" not in result.stderr


def test_a_run_says_what_it_did(ran):
    _, _, result = ran
    assert result.returncode == 0, result.stderr
    for told in (tiny.WEEK, "330", "盘锦甲网络借贷", "not in CNY", "index.html"):
        assert told in result.stdout.replace("\n", "")


def test_json_logs_are_json_and_quiet_is_quiet(ran):
    _, folders, _ = ran
    told = lookthrough("run", *folders, "--json-logs")
    entries = [json.loads(line) for line in told.stderr.splitlines()]
    summary = next(e for e in entries if e["message"] == "summary")["data"]
    assert summary["week"] == tiny.WEEK
    assert summary["fresh"] is False
    assert lookthrough("run", *folders, "--quiet").stdout == ""


def test_nothing_to_run_is_one(tmp_path):
    (tmp_path / "landing").mkdir()
    result = lookthrough(
        "run", "--landing", tmp_path / "landing", "--warehouse", tmp_path / "w", "--exports", tmp_path / "e"
    )
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "e").exists() or not list((tmp_path / "e").iterdir())


def test_quarantine_lists_rows_with_reasons(ran):
    root, _, _ = ran
    text = lookthrough("quarantine", "--warehouse", root / "warehouse").stdout
    assert "1 rows quarantined" in text
    assert "USD" in text


def test_delivered_text_cannot_steer_the_terminal():
    assert plain("a\x1b[2J张三\x07") == "a�[2J张三�"


def test_typologies_list_their_parameters():
    text = lookthrough("typologies", "--parameters").stdout
    assert "restricted-name" in text
    assert "calibrated" in text


def test_a_refuted_finding_stays_refuted_while_its_evidence_is_the_same(ran):
    root, folders, _ = ran
    with (root / "exports" / tiny.WEEK / "findings.csv").open(encoding="utf-8", newline="") as handle:
        finding = next(csv.DictReader(handle))
    before = {r["institution_id"]: float(r["score"]) for r in _ranking(root)}
    decided = lookthrough(
        "verdict",
        finding["finding_key"],
        "false_positive",
        "--note",
        "=查无此事",
        "--decided-on",
        "2016-06-10",
        *folders[:2],
        *folders[4:],
    )
    assert decided.returncode == 0, decided.stderr
    assert lookthrough("run", *folders, "--quiet").returncode == 0
    with (root / "exports" / tiny.WEEK / "findings.csv").open(encoding="utf-8", newline="") as handle:
        again = {r["finding_key"]: r for r in csv.DictReader(handle)}[finding["finding_key"]]
    assert (again["state"], again["verdict"], again["standing"]) == ("gone", "false_positive", "false")
    after = {r["institution_id"]: float(r["score"]) for r in _ranking(root)}
    assert after[finding["institution_id"]] < before[finding["institution_id"]]


def test_a_verdict_on_nothing_is_wrong_usage(ran):
    _, folders, _ = ran
    assert lookthrough("verdict", "feedfeedfeedfeed", "confirmed", *folders[:2], *folders[4:]).returncode == 2


def _ranking(root):
    with (root / "exports" / tiny.WEEK / "ranking.csv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))
