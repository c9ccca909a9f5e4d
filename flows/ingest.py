"""The hourly flow: read what is new in the landing zone into the lake, so that Monday's run is short."""

from __future__ import annotations

from pathlib import Path

from prefect import flow

from flows import _tasks
from flows.steps import settings
from flows.steps.ingest import ingest as read_landing
from flows.steps.lake import Lake


@flow(name="ingest", description="Read new and corrected files into the lake.", persist_result=False)
def ingest(landing: str = "data/landing", warehouse: str = "data/warehouse") -> int:
    """Read what the lake does not hold yet.

    Parameters
    ----------
    landing, warehouse : str
        Folders, as in the contract; the lake lies in the warehouse folder.

    Returns
    -------
    int
        Number of files read anew.

    Raises
    ------
    BusyError
        Another run held the lake for longer than the settings allow.
    """
    options = settings.load()
    lake = Path(warehouse) / "lake"
    with Lake(Path(warehouse)).lock(options.lock_wait_seconds, lambda: None):
        summary = _tasks.as_task("ingest", lambda: read_landing(Path(landing), lake, options))
    _tasks.show_ingest(summary)
    return summary.files_read
