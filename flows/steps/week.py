"""ISO weeks: the unit of a run."""

from __future__ import annotations

import datetime as dt
import re

from flows.steps.errors import ConfigurationError

_WEEK = re.compile(r"(\d{4})-W(\d{2})")


def sunday(week: str) -> dt.date:
    """Return the Sunday that ends an ISO week such as ``2016-W25``.

    Raises
    ------
    ConfigurationError
        When the text names no ISO week.
    """
    match = _WEEK.fullmatch(week)
    try:
        if match is None:
            raise ValueError
        return dt.date.fromisocalendar(int(match[1]), int(match[2]), 7)
    except ValueError:
        raise ConfigurationError(f"--week {week} is no ISO week; write it as 2016-W25.") from None


def of(day: dt.date) -> str:
    """Return the ISO week a day belongs to, as ``2016-W25``."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"


def weeks_between(first: str, last: str) -> list[str]:
    """List the ISO weeks from `first` to `last`, both included, oldest first."""
    day, end = sunday(first), sunday(last)
    if day > end:
        raise ConfigurationError(f"--from {first} lies after --to {last}; swap them.")
    found = []
    while day <= end:
        found.append(of(day))
        day += dt.timedelta(days=7)
    return found
