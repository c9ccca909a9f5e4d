from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path

import pytest
import yaml
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

from flows import _tasks
from flows.ingest import ingest
from flows.serve import deployments
from flows.steps.run import run_week
from flows.steps.simulate import simulate
from flows.weekly import weekly

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("delivery") / "landing"
    simulate(folder, size=0.3)
    return folder


def digests(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def artifacts(key: str) -> list[object]:
    with get_client(sync_client=True) as client:
        return list(client.read_artifacts(artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=[key]))))


@pytest.mark.parametrize(
    ("moment", "week"),
    [
        ("2016-06-27T06:00:00+08:00", "2016-W25"),
        ("2016-06-26T22:00:00+00:00", "2016-W25"),
        ("2016-07-04T05:59:00+08:00", "2016-W26"),
        ("2016-01-04T06:00:00+08:00", "2015-W53"),
    ],
)
def test_a_scheduled_run_is_for_the_week_that_ended_before_it(moment: str, week: str) -> None:
    assert _tasks.resolve("scheduled", dt.datetime.fromisoformat(moment)) == week


def test_a_named_week_and_no_week_pass_through() -> None:
    now = dt.datetime(2016, 6, 27, tzinfo=dt.UTC)
    assert _tasks.resolve("2016-W20", now) == "2016-W20"
    assert _tasks.resolve(None, now) is None


def test_the_flow_writes_what_the_command_writes_and_shows_it(landing: Path, tmp_path: Path) -> None:
    assert ingest(str(landing), str(tmp_path / "w")) > 100
    folder = Path(weekly(str(landing), str(tmp_path / "w"), str(tmp_path / "e"), "2016-W25"))
    plain = run_week(landing, tmp_path / "w2", tmp_path / "e2", "2016-W25").folder
    assert digests(folder) == digests(plain)
    assert artifacts("ranking")
    assert artifacts("account-of-rows")


def test_the_hourly_flow_reads_nothing_twice(landing: Path, tmp_path: Path) -> None:
    assert ingest(str(landing), str(tmp_path / "w")) > 100
    assert ingest(str(landing), str(tmp_path / "w")) == 0


def test_prefect_yaml_describes_the_deployments_that_are_served() -> None:
    served = {d.name: d for d in deployments("data/landing", "data/warehouse", "data/exports")}
    described = yaml.safe_load((ROOT / "prefect.yaml").read_text("utf-8"))["deployments"]
    assert {d["name"] for d in described} == set(served)
    for d in described:
        mine = served[d["name"]]
        assert mine.parameters == d["parameters"]
        assert [(s.schedule.cron, s.schedule.timezone) for s in mine.schedules] == [
            (s["cron"], s["timezone"]) for s in d["schedules"]
        ]
        assert mine.concurrency_limit == d["concurrency_limit"]["limit"] == 1
        assert (
            mine.concurrency_options.collision_strategy.value == d["concurrency_limit"]["collision_strategy"]
        )
