"""Dates whose order has to be found out: two-digit years, and which of day and month comes first.

Told by the whole column, never by one cell: ``16-06-01`` … ``16-06-30`` has its year in front, for read
from behind the statement would run over thirty years. What stays in doubt stays unread.
"""

from __future__ import annotations

import re

import polars as pl

from flows.steps.formats._dates import guess_day_first

_SPLIT = r"^([0-9]{1,2})([-/.])([0-9]{1,2})[-/.]([0-9]{1,2})(?:日)?($|[ T].*$)"
_SHORT_END = r"^[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9](?:日)?(?:$|[ T])"
_SHORT_START = r"^[0-9][-/.][0-9]{1,2}[-/.][0-9]{1,2}(?:日)?(?:$|[ T])"
_PACKED = r"^([0-9]{2})([0-9]{2})([0-9]{2})$"
_NAMED = r"^([0-9]{1,2})[-/ .]?([A-Za-z]{3})[a-z]*[-/ .,]*([0-9]{2})($| .*$)"
_SHORT = rf"{_SPLIT}|{_PACKED}|{_NAMED}"
_DAY_MONTH_YEAR = r"^[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{4}"
OPEN_ORDER = r"^[0-9]{1,2}([-/.])[0-9]{1,2}[-/.](?:[0-9]{4}|[0-9]{2})(?:$|[ T])"
"""A date that can be read in more than one order."""
_DOTTED = r"^[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{2,4}"
_LOOKED_AT = 500

_MANY_YEARS, _FEW_YEARS = 5, 3
"""A statement does not run over so many years; it may run over so few."""


def has_short_years(cells: pl.Series) -> bool:
    """Whether the first cells hold dates with two-digit years."""
    return bool(cells.head(_LOOKED_AT).str.contains(_SHORT).any())


def leaves_order_open(cells: pl.Series) -> bool:
    """Whether the first cells hold dates of either kind; one look for the many that hold none."""
    return bool(cells.head(_LOOKED_AT).str.contains(f"{_SHORT}|{_DAY_MONTH_YEAR}").any())


def has_day_and_month(cells: pl.Series) -> bool:
    """Whether the first cells hold dates with the year behind: which of the others is the day?"""
    return bool(cells.head(_LOOKED_AT).str.contains(_DAY_MONTH_YEAR).any())


def in_order(cells: pl.Series, header: str = "") -> tuple[pl.Series, bool | None]:
    """Spell out the years of a column and tell whether the day comes first, from header and cells."""
    short = has_short_years(cells)
    if not short and not has_day_and_month(cells):
        return cells, None
    told = (hinted_order(header), guess_day_first(cells), True if dotted(cells) and not short else None)
    day_first = next((each for each in told if each is not None), None)
    return (spell_years(cells, day_first) if short else cells), day_first


def hinted_order(header: str) -> bool | None:
    """Return whether a header says that the day comes first (``(dd/mm/yyyy)``); None when it does not say."""
    folded = header.casefold()
    if re.search(r"d{1,2}[-/.]m{1,3}[-/.]y", folded):
        return True
    return False if re.search(r"m{1,2}[-/.]d{1,2}[-/.]y", folded) else None


def dotted(cells: pl.Series) -> bool:
    """Whether days and months are parted by points: then the day comes first (``20.06.2016``)."""
    return bool(cells.head(_LOOKED_AT).str.contains(_DOTTED).any())


Day = tuple[int, int, int]


def order_in_period(cells: pl.Series, period: tuple[Day, Day] | None) -> bool | None:
    """Tell ``03/06/2016`` by the period named above the table: the one order in which all dates lie in it."""
    if period is None:
        return None
    parts = cells.drop_nulls().str.extract_groups(r"^([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4})")
    a, b, year = (parts.struct[i].cast(pl.Int32, strict=False) for i in range(3))
    first, last = (y * 10_000 + m * 100 + d for y, m, d in period)
    inside = [
        bool(len(year)) and bool((year * 10_000 + month * 100 + day).is_between(first, last).all())
        for month, day in ((b, a), (a, b))
    ]
    return inside[0] if inside[0] != inside[1] else None


def spell_years(cells: pl.Series, day_first: bool | None) -> pl.Series:
    """Write two-digit years out, as ``2016-06-20`` and what followed the date.

    Parameters
    ----------
    cells : polars.Series
        Cleaned strings.
    day_first : bool or None
        Where the year stands behind: whether the day stands before the month; None where not known.

    Returns
    -------
    polars.Series
        The same cells; those whose order stays in doubt are left as they are, which no reader of dates
        understands.
    """
    frame = cells.alias("s").to_frame().with_columns(
        p=pl.coalesce(
            pl.col("s").str.extract_groups(_SPLIT).struct.rename_fields(["a", "sep", "b", "c", "rest"]).struct.field("a"),
            pl.col("s").str.extract(_PACKED, 1),
        ).cast(pl.Int32, strict=False),
        q=pl.coalesce(pl.col("s").str.extract(_SPLIT, 3), pl.col("s").str.extract(_PACKED, 2)).cast(pl.Int32, strict=False),
        r=pl.coalesce(pl.col("s").str.extract(_SPLIT, 4), pl.col("s").str.extract(_PACKED, 3)).cast(pl.Int32, strict=False),
        rest=pl.coalesce(pl.col("s").str.extract(_SPLIT, 5), pl.col("s").str.extract(_NAMED, 4)).fill_null(""),
        day=pl.col("s").str.extract(_NAMED, 1),
        month=pl.col("s").str.extract(_NAMED, 2).str.to_titlecase(),
        year=pl.col("s").str.extract(_NAMED, 3),
    )  # fmt: skip
    order = _order(frame.drop_nulls(["p", "q", "r"]), day_first)
    if frame["s"].str.contains(_SHORT_END).any():  # no year is written with one digit: it stands in front
        order = ("p", "q", "r") if not frame["s"].str.contains(_SHORT_START).any() else None
    named = pl.concat_str("day", pl.lit("-"), "month", pl.lit("-"), _century(pl.col("year").cast(pl.Int32)))
    named = named.str.to_date("%d-%b-%Y", strict=False).dt.strftime("%Y-%m-%d") + pl.col("rest")
    if order is None:
        return frame.select(pl.coalesce(named, "s"))["day"].alias(cells.name)
    year, month, day = order
    written = pl.concat_str(
        _century(pl.col(year)),
        pl.lit("-"),
        pl.col(month).cast(pl.String).str.zfill(2),
        pl.lit("-"),
        pl.col(day).cast(pl.String).str.zfill(2),
        "rest",
    )
    return frame.select(s=pl.coalesce(named, written, "s"))["s"].alias(cells.name)


def _century(year: pl.Expr) -> pl.Expr:
    return (year + pl.when(year >= 80).then(1900).otherwise(2000)).cast(pl.String)


def _order(parts: pl.DataFrame, day_first: bool | None) -> tuple[str, str, str] | None:
    """Return which of the three parts is year, month and day; None where the column does not tell."""
    if parts.is_empty():
        return None
    first, last = parts["p"], parts["r"]
    top = {name: int(parts[name].max()) for name in "pqr"}  # type: ignore[arg-type]
    if top["q"] > 12:
        return ("r", "p", "q") if top["p"] <= 12 and top["q"] <= 31 else None
    front = top["r"] <= 31 and day_first is None
    behind = top["p"] <= 31
    alike = bool((first == last).all())
    if front and behind and not alike:
        span_front = int(first.max()) - int(first.min())  # type: ignore[arg-type]
        span_behind = int(last.max()) - int(last.min())  # type: ignore[arg-type]
        front = span_front <= _FEW_YEARS and (span_behind >= _MANY_YEARS)
        behind = span_behind <= _FEW_YEARS and (span_front >= _MANY_YEARS)
    if front == behind and not (front and alike):
        return None
    if front:
        return "p", "q", "r"
    if top["p"] > 12 or day_first:
        return "r", "q", "p"
    return ("r", "p", "q") if day_first is False else None
