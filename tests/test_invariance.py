"""What must not change the findings: the names of the files, the order of lines within a day, who else is in town."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from flows.steps.run import run_week
from flows.steps.simulate import region, render, simulate
from flows.steps.simulate.ledger import Line

SHUFFLED = {"two_columns", "signed", "flag_xlsx", "canonical", "enquiry"}
"""Layouts that a shuffle leaves valid; MT940 and camt state opening and closing balances around the order."""


def findings(landing: Path, base: Path) -> bytes:
    return (run_week(landing, base / "w", base / "e", "2016-W25").folder / "findings.csv").read_bytes()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    base = tmp_path_factory.mktemp("undisturbed")
    simulate(base / "landing", size=0.4)
    return findings(base / "landing", base)


def shuffled(lines: list[Line], rng: random.Random) -> list[Line]:
    return sorted(lines, key=lambda x: (x.at.date(), rng.random()))


def test_renamed_files_and_shuffled_days(undisturbed: bytes, tmp_path: Path) -> None:
    rng = random.Random(7)
    world = region(size=0.4)
    landing, by_account = tmp_path / "landing", world.lines()
    render.registers(landing / "registers", world.registers.rows)
    for bank in world.banks:
        for month in ("2016-04", "2016-05", "2016-06"):
            picked = []
            for account in (a for a in world.accounts if a.monitored and a.bank is bank):
                lines = [x for x in by_account[account.number] if f"{x.at:%Y-%m}" == month]
                picked.append((account, shuffled(lines, rng) if bank.layout in SHUFFLED else lines))
            render.statements(landing, bank, month, picked)
    statements = [p for p in landing.rglob("*") if p.is_file() and p.parent.name != "registers"]
    for n, path in enumerate(sorted(statements, key=lambda _: rng.random())):
        path.rename(path.with_name(f"{n:04d}{path.suffix}"))
    assert findings(landing, tmp_path) == undisturbed


def test_delivering_everything_twice_equals_once(undisturbed: bytes, tmp_path: Path) -> None:
    landing = tmp_path / "landing"
    simulate(landing, size=0.4)
    for path in sorted(p for p in landing.rglob("*") if p.is_file() and p.parent.name != "registers"):
        (path.parent / f"再报_{path.name}").write_bytes(path.read_bytes())
    assert findings(landing, tmp_path) == undisturbed
