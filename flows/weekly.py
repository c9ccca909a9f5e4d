"""The weekly flow: landing zone to ranking, the steps of `flows.steps.run.run_week` as Prefect tasks.

``python -m flows.weekly`` runs it once on an embedded server and prints the summary.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from prefect import flow
from prefect.runtime import flow_run

from flows import _tasks
from flows.steps import console, settings
from flows.steps.run import Outcome, run_week


@flow(
    name="weekly",
    description="Read what was delivered, judge it and rank the institutions.",
    persist_result=False,
)
def weekly(
    landing: str = "data/landing",
    warehouse: str = "data/warehouse",
    exports: str = "data/exports",
    week: str | None = None,
) -> str:
    """Run one week.

    Parameters
    ----------
    landing, warehouse, exports : str
        Folders, as in the contract.
    week : str, optional
        ISO week; ``scheduled`` for the week that ended before the scheduled time of this run;
        left out, the week of the latest statement line.

    Returns
    -------
    str
        Folder of the week's exports.

    Raises
    ------
    LookthroughError
        The run could not complete; the week's exports are the previous ones or absent.
    """
    return str(_run(landing, warehouse, exports, week).folder)


def _run(landing: str, warehouse: str, exports: str, week: str | None) -> Outcome:
    outcome = run_week(
        Path(landing),
        Path(warehouse),
        Path(exports),
        _tasks.resolve(week, flow_run.scheduled_start_time),
        settings=settings.load(),
        call=_tasks.as_task,
    )
    _tasks.show_ingest(outcome.ingest)
    _tasks.show_ranking(outcome.folder)
    console.show(console.summary(outcome))
    return outcome


def main() -> None:
    """Run the flow once, from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--landing", default="data/landing")
    parser.add_argument("--warehouse", default="data/warehouse")
    parser.add_argument("--exports", default="data/exports")
    parser.add_argument("--week")
    given = parser.parse_args()
    weekly(given.landing, given.warehouse, given.exports, given.week)


if __name__ == "__main__":
    main()
