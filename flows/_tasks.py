"""What the flows share: steps as tasks, artifacts, and the week a scheduled run is for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import polars as pl
from prefect import task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE

from flows.steps import week as weeks
from flows.steps.errors import LookthroughError
from flows.steps.ingest import IngestSummary

T = TypeVar("T")
SHANGHAI = ZoneInfo("Asia/Shanghai")
SCHEDULED = "scheduled"


def worth_retrying(_task: Any, _run: Any, state: Any) -> bool:
    """Retry what a second try can mend: not an error that Lookthrough raised on purpose."""
    result = state.result(raise_on_failure=False)
    return not isinstance(result, LookthroughError)


def as_task(step: str, work: Callable[[], T]) -> T:
    """Call a step as a Prefect task.

    Caching is off: the lake is the cache. Every step overwrites by name, so a retry is safe.
    """
    run = task(
        name=step,
        cache_policy=NO_CACHE,
        persist_result=False,
        retries=2,
        retry_delay_seconds=5,
        retry_condition_fn=worth_retrying,
    )(work)
    return run()


def week_before(moment: dt.datetime) -> str:
    """Return the ISO week that ended before a moment, by the calendar of Shanghai.

    Examples
    --------
    >>> week_before(dt.datetime(2016, 6, 27, 6, tzinfo=SHANGHAI))
    '2016-W25'
    """
    return weeks.of(moment.astimezone(SHANGHAI).date() - dt.timedelta(days=7))


def resolve(week: str | None, scheduled: dt.datetime | None) -> str | None:
    """Turn the flow's `week` into what `run_week` takes: ``scheduled`` is the week before the scheduled time."""
    if week != SCHEDULED:
        return week
    if scheduled is None:
        return None
    return week_before(scheduled)


def show_ingest(summary: IngestSummary) -> None:
    """Write the account of rows as an artifact; counts and reasons only, no row."""
    rows = [
        ("files delivered", summary.files),
        ("files read anew", summary.files_read),
        ("files refused", summary.refused),
        ("rows accepted", summary.rows_accepted),
        ("rows quarantined", summary.rows_quarantined),
        ("rows that are no transaction", summary.rows_ignored),
        ("balance breaks", summary.balance_breaks),
    ]
    table = "\n".join(f"| {name} | {count:,} |" for name, count in rows)
    create_markdown_artifact(
        f"| | count |\n| --- | ---: |\n{table}\n",
        key="account-of-rows",
        description="What was delivered and read",
    )


def show_ranking(folder: Path, top: int = 50) -> None:
    """Write the top of the week's ranking as an artifact."""
    columns = [
        "rank",
        "previous_rank",
        "institution_id",
        "name",
        "score",
        "tier",
        "report_immediately",
        "reasons",
    ]
    ranking = pl.read_parquet(folder / "ranking.parquet").select(columns).head(top)
    create_table_artifact(
        [{k: str(v) if v is not None else "" for k, v in row.items()} for row in ranking.to_dicts()],
        key="ranking",
        description=f"{folder.name}: the first {ranking.height} institutions",
    )
