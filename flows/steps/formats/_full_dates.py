"""Dates that a table spreads or leaves out: year, month and day in columns of their own, the year above the table alone,
and a day written once for all its rows (merged cells).

Told by the whole chunk: what one odd row lacks is a row with something wrong, what a tenth of them lack is a layout.
What nothing completes stays as it is, and is not read.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import polars as pl

from flows.steps.formats._cells import Cells
from flows.steps.formats._understanding import Understanding
from flows.steps.formats._values import BLANK

_YEAR = re.compile(r"^(?:.*\s)?(?:年|年份|year|yyyy)$")
_MONTH = re.compile(r"^(?:.*\s)?(?:月|月份|month|mm)$")
_DAY = re.compile(r"^(?:.*\s)?(?:日|day|dd)$")
_YEAR_ABOVE = re.compile(r"(?<![0-9])((?:19|20)[0-9]{2})\s*(?:年度?|/\s*year)?$")
_YEAR_OVER = re.compile(r"(?<![0-9])((?:19|20)[0-9]{2})\s*年(?![0-9])")
_FULL = re.compile(
    r"(?<![0-9])((?:19|20)[0-9]{2})(?:[-/.年]\s*([0-9]{1,2})[-/.月]\s*([0-9]{1,2})|(0[1-9]|1[0-2])([0-3][0-9]))(?![0-9])"
)
_MONTH_DAY = r"^([0-9]{1,2})(?:[-/.]|月)([0-9]{1,2})日?(?:$|[ T]+(.*)$)"
_PACKED_MONTH_DAY = r"^(0[1-9]|1[0-2])([0-3][0-9])$"
_TOTAL = r"[合小总累]\s*计|本页|本日|本月|本期|本年|当日|承前|过次|转下|接上|期初|期末|上页|上期|(?i:total|brought|carried)"
_LOOKED_AT = 500
_DITTO = ("〃", "″", '"', "同上", "々", "''")
LEFT_OUT = 0.1
"""Share of the rows with amounts whose day stands above, from which it is a layout and no damage."""


def note_years(rows: Sequence[Sequence[str | None]], known: Understanding) -> None:
    """Take note of the year or the period that the rows above a table (and its header, the last) name."""
    texts = [unicodedata.normalize("NFKC", cell).strip(BLANK) for row in rows for cell in row if cell]
    days = [d for text in texts for d in _days(text)]
    if len(days) >= 2:
        known.period = (min(days), max(days))
        return
    years = {match[1] for text in texts if (match := _YEAR_ABOVE.match(text) or _YEAR_OVER.search(text))}
    if len(years) == 1:
        year = int(years.pop())
        known.period = ((year, 1, 1), (year, 12, 31))


def _days(text: str) -> list[tuple[int, int, int]]:
    found = [(int(m[1]), int(m[2] or m[4]), int(m[3] or m[5])) for m in _FULL.finditer(text)]
    return [d for d in found if 1 <= d[1] <= 12 and 1 <= d[2] <= 31]


def full_dates(text: pl.Series, cells: Cells, known: Understanding) -> pl.Series:
    """Complete the dates of a chunk as far as the table tells.

    Parameters
    ----------
    text : polars.Series
        Cleaned cells of the date column.
    cells : Cells
        The chunk.
    known : Understanding
        ``period``, and ``last_date`` to go on from; both are written.

    Returns
    -------
    polars.Series
        The same cells, completed where that was needed.
    """
    parts = _three_columns(cells, known)
    text = text if parts is None else parts
    text = _with_year(text, known)
    return _filled_down(text, cells, known)


def _three_columns(cells: Cells, known: Understanding) -> pl.Series | None:
    """Year (or the one above), month and day in columns of their own; a month is often written once."""
    texts = [unicodedata.normalize("NFKC", each).casefold() for each in cells.header.texts]
    where = [
        next((i for i, each in enumerate(texts) if kind.match(each)), None) for kind in (_YEAR, _MONTH, _DAY)
    ]
    year, month, day = where
    if month is None or day is None or (year is None and known.period is None):
        return None
    numbers = [
        pl.Series([None] * cells.height, dtype=pl.Int32)
        if i is None
        else cells.raw(i).str.extract(r"^([0-9]{1,4})(?:\.0)?(?:年|月|日)?$", 1).cast(pl.Int32, strict=False)
        for i in (year, month, day)
    ]
    # a row without a day has it above; the year and the month go with it
    frame = pl.DataFrame(numbers, schema=["y", "m", "d"]).with_columns(
        pl.col("y", "m").fill_null(strategy="forward")
    )
    if frame["d"].is_null().all():
        return None
    _note(known, "the day was put together from columns for month and day")
    md = pl.concat_str(pl.col("m").cast(pl.String), pl.lit("-"), pl.col("d").cast(pl.String))
    if year is None:
        return frame.select(md.alias("t"))["t"]
    full = pl.when(pl.col("y") < 100).then(pl.col("y") + 2000).otherwise(pl.col("y"))
    return frame.select(pl.concat_str(full.cast(pl.String), pl.lit("-"), md).alias("t"))["t"]


_CLOCK = tuple(
    re.compile(f"^(?:交易|记账)?(?:{each})$")
    for each in ("时|小时|hour|hh", "分|分钟|minute|mi", "秒|秒钟|second|ss")
)


def clock_columns(cells: Cells) -> pl.Series | None:
    """Put a time of day together from columns for hour, minute (and second); None where there are none."""
    texts = [unicodedata.normalize("NFKC", each).strip(BLANK).casefold() for each in cells.header.texts]
    hour, minute, second = (
        next((i for i, each in enumerate(texts) if kind.match(each)), None) for kind in _CLOCK
    )
    if hour is None or minute is None:
        return None
    parts = [
        pl.Series(["0"]).new_from_index(0, cells.height) if i is None else cells.raw(i)
        for i in (hour, minute, second)
    ]
    frame = pl.DataFrame(parts, schema=["h", "m", "s"]).with_columns(
        pl.all().str.extract(r"^([0-9]{1,2})(?:\.0+)?(?:时|分|秒)?$").str.zfill(2)
    )
    return frame.select(pl.concat_str(["h", "m", "s"], separator=":").alias("clock"))["clock"]


def _with_year(text: pl.Series, known: Understanding) -> pl.Series:
    """Put the year above before months and days, where all dates lack it."""
    if known.period is None:
        return text
    held = text.drop_nulls()
    if not held.head(_LOOKED_AT).str.contains(f"{_MONTH_DAY}|{_PACKED_MONTH_DAY}").any():
        return text
    bare = held.str.contains(_MONTH_DAY)
    packed = not bare.any()
    if packed:
        if int(held.str.contains(_PACKED_MONTH_DAY).sum()) < 0.9 * len(held):
            return text
    elif bare.sum() < 0.5 * len(held) or held.filter(~bare).str.contains("[0-9]{4}").any():
        return text
    pattern = _PACKED_MONTH_DAY if packed else _MONTH_DAY
    (first_year, first_month, first_day), (last_year, _, _) = known.period
    frame = pl.DataFrame({"s": text}).with_columns(
        m=pl.col("s").str.extract(pattern, 1).cast(pl.Int32, strict=False),
        d=pl.col("s").str.extract(pattern, 2).cast(pl.Int32, strict=False),
        rest=pl.lit("") if packed else pl.col("s").str.extract(pattern, 3).fill_null(""),
    )
    late = pl.col("m") * 100 + pl.col("d") >= first_month * 100 + first_day
    year = pl.when(late | pl.lit(first_year == last_year)).then(first_year).otherwise(last_year)
    if last_year - first_year > 1:
        return text
    _note(known, f"the year {first_year} of the dates stands above the table")
    written = pl.format(
        "{}-{}-{} {}",
        year,
        pl.col("m").cast(pl.String).str.zfill(2),
        pl.col("d").cast(pl.String).str.zfill(2),
        pl.col("rest"),
    ).str.strip_chars()
    return frame.select(pl.coalesce(written, "s").alias("t"))["t"]


def _filled_down(text: pl.Series, cells: Cells, known: Understanding) -> pl.Series:
    """Give rows without a date the one above, where many of the rows with an amount have none."""
    again = text.is_in(_DITTO)
    text = text.set(again.fill_null(False), None)
    missing = text.is_null()
    if not missing.any():
        known.last_date = text[-1] if len(text) else known.last_date
        return text
    amounts = [cells.role(role).is_not_null() for role in ("amount", "debit", "credit") if cells.has(role)]
    others = ["balance"] if cells.has("balance") else ["cp_account", "cp_name", "remark"]
    support = [cells.role(role).is_not_null() for role in others if cells.has(role)]
    if not amounts or not support:
        return text
    either = pl.DataFrame([s.alias(f"a{i}") for i, s in enumerate(amounts)]).select(
        pl.any_horizontal(pl.all())
    )
    backed = pl.DataFrame([s.alias(f"b{i}") for i, s in enumerate(support)]).select(
        pl.any_horizontal(pl.all())
    )
    whole = either.to_series() & backed.to_series() & ~cells.says(_TOTAL)
    open_rows = whole & missing
    if not open_rows.any() or int(open_rows.sum()) < LEFT_OUT * int(whole.sum()):
        known.last_date = next((t for t in reversed(text.to_list()) if t), known.last_date)
        return text
    _note(known, "rows without a date have the one above (merged cells)")
    above = text.fill_null(strategy="forward")
    if known.last_date is not None:
        above = above.fill_null(known.last_date)
    filled = text.zip_with(~open_rows, above)
    known.last_date = next((t for t in reversed(filled.to_list()) if t), known.last_date)
    return filled


def _note(known: Understanding, text: str) -> None:
    if text not in known.notes:
        known.notes.append(text)
