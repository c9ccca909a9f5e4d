"""Logging of a run: counts only, never the content of a row."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime


class JsonFormatter(logging.Formatter):
    """One JSON object a line, for schedulers."""

    def format(self, record: logging.LogRecord) -> str:
        """Write time (UTC), level, logger, message and a ``data`` object where one was given."""
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        data = getattr(record, "data", None)
        if data is not None:
            entry["data"] = data
        if record.exc_info and record.exc_info[0] is not None:
            # Only the type: an exception's text may quote what was delivered.
            entry["error"] = record.exc_info[0].__name__
        return json.dumps(entry, ensure_ascii=False, default=str)


def configure(*, json_logs: bool, quiet: bool, debug: bool = False) -> None:
    """Set up logging to standard error once a command starts.

    Parameters
    ----------
    json_logs : bool
        JSON lines from level info; otherwise warnings only, because the terminal shows progress.
    quiet : bool
        Errors only.
    debug : bool
        Everything.
    """
    handler = logging.StreamHandler(sys.stderr)
    if json_logs:
        handler.setFormatter(JsonFormatter())
    else:
        handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    level = (
        logging.DEBUG if debug else logging.ERROR if quiet else logging.INFO if json_logs else logging.WARNING
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for room in ("flows", "models", "sql", "lookthrough"):
        logging.getLogger(room).setLevel(level)
