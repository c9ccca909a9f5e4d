"""When a row was booked: its date, and its time of day where a column or the date itself gives one."""

from __future__ import annotations

import polars as pl

from flows.steps.formats._cells import Cells
from flows.steps.formats._dates import guess_day_first, parse_clock, parse_moments
from flows.steps.formats._full_dates import clock_columns, full_dates
from flows.steps.formats._short_dates import (
    dotted,
    has_short_years,
    hinted_order,
    leaves_order_open,
    order_in_period,
    spell_years,
)
from flows.steps.formats._understanding import Understanding


def moments(cells: Cells, known: Understanding) -> tuple[pl.Series, pl.Series]:
    """Return when each row was booked, and whether its time of day is known."""
    text = cells.role("date")
    text = full_dates(text, cells, known)
    text = _ordered(text, cells, known)
    moments = parse_moments(text, known.day_first)
    at, timed = moments["at"], moments["timed"]
    timed = _unless_midnight(at, timed)
    clock = cells.role("time") if cells.has("time") else clock_columns(cells)
    if clock is not None:
        # a heading between tables may have anything in this column, which tells nothing of how times are written
        seconds = parse_clock(clock.set(at.is_null(), None) if at.has_nulls() else clock)
        if cells.has("other_date"):
            other = parse_moments(cells.role("other_date"), known.day_first)["at"]
            apart = (other.dt.date() != at.dt.date()).fill_null(False)
            seconds = seconds.set(apart, None)
        use = ~timed & seconds.is_not_null()
        with_clock = (at.dt.truncate("1d").cast(pl.Int64) + seconds.fill_null(0) * 1_000_000).cast(
            pl.Datetime("us")
        )
        at = at.zip_with(~use, with_clock)
        timed = timed | use
    return at, _unless_midnight(at, timed) & at.is_not_null()


def _ordered(text: pl.Series, cells: Cells, known: Understanding) -> pl.Series:
    """Find out, where a date leaves it open, which part is the year and which the day."""
    if not leaves_order_open(text):
        return text
    short = has_short_years(text)
    if known.day_first is None:
        header = cells.header.text("date")
        told = (
            hinted_order(header),
            guess_day_first(text),
            True if dotted(text) and not short else None,
            order_in_period(text, known.period),
        )
        known.day_first = next((each for each in told if each is not None), None)
    return spell_years(text, known.day_first) if short else text


def _unless_midnight(at: pl.Series, timed: pl.Series) -> pl.Series:
    """Midnight throughout is no time of day: a spreadsheet or a program filled it in."""
    clocks = at.filter(timed & at.is_not_null()).dt.time().cast(pl.Int64)
    return timed & False if len(clocks) and (clocks == 0).all() else timed
