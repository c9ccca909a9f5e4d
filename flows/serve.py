"""Serve the deployments on an embedded server: ``make serve``."""

from __future__ import annotations

import argparse

from prefect import serve
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Cron

from flows._tasks import SCHEDULED
from flows.ingest import ingest
from flows.weekly import weekly

TIMEZONE = "Asia/Shanghai"
ONE_AT_A_TIME = ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.ENQUEUE)


def deployments(landing: str, warehouse: str, exports: str) -> list[RunnerDeployment]:
    """Return the two deployments of the house, as `prefect.yaml` describes them."""
    return [
        weekly.to_deployment(  # type: ignore[list-item]  # a coroutine only inside an event loop
            "weekly-ranking",
            schedule=Cron("0 6 * * 1", timezone=TIMEZONE),
            parameters={"landing": landing, "warehouse": warehouse, "exports": exports, "week": SCHEDULED},
            concurrency_limit=ONE_AT_A_TIME,
        ),
        ingest.to_deployment(  # type: ignore[list-item]
            "hourly-ingest",
            schedule=Cron("0 * * * *", timezone=TIMEZONE),
            parameters={"landing": landing, "warehouse": warehouse},
            concurrency_limit=ONE_AT_A_TIME,
        ),
    ]


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--landing", default="data/landing")
    parser.add_argument("--warehouse", default="data/warehouse")
    parser.add_argument("--exports", default="data/exports")
    given = parser.parse_args()
    serve(*deployments(given.landing, given.warehouse, given.exports), limit=1)


if __name__ == "__main__":
    main()
