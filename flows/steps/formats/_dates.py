"""Cells as banks write them into days and times of day; columns at a time.

What cannot be read becomes null: the caller knows where the cell was not empty. Nothing is guessed.
"""

from __future__ import annotations

import polars as pl

from flows.steps.formats._values import half_width, patched

_NORMAL_DATE = (
    (r"[年月/.]", "-"),
    (r"日\s*", " "),
    (r"时|点", ":"),
    (r"分", ":"),
    (r"秒", ""),
)

_ENGLISH_DAY = r"(?i)^(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|satur?|sun)(?:day)?[.,]*\s+"
_END_OF_DAY = r"^(.*[0-9])[ T]*24[:时]?00(?:[:分]?00)?秒?$"
"""Midnight at the end of a day: the day is booked, the time of day is none."""

_DATE_TIME_FORMATS = (
    "%Y-%m-%d %H:%M:%S",
    "%Y%m%d%H%M%S",
    "%Y-%m-%d %H:%M",
    "%Y%m%d %H:%M:%S",
    "%Y%m%d %H%M%S",
    "%Y-%m-%d %H%M%S",
    "%Y%m%d%H%M",
    "%Y-%m-%d %I:%M:%S %p",
    "%Y-%m-%d %I:%M %p",
)
_DATE_FORMATS = (
    "%Y-%m-%d",
    "%Y%m%d",
    "%d-%b-%Y",
    "%b %d, %Y",
    "%d %b %Y",
    "%d %B %Y",
    "%B %d, %Y",
    "%d-%B-%Y",
)


def parse_moments(cells: pl.Series, day_first: bool | None = None) -> pl.DataFrame:
    """Read dates with or without a time.

    Parameters
    ----------
    cells : polars.Series
        Cleaned strings.
    day_first : bool or None
        For ``20/06/2016`` and ``06/20/2016``: which comes first; None leaves such cells unread.

    Returns
    -------
    polars.DataFrame
        ``at`` (datetime) and ``timed`` (whether the cell gave a time), one row a cell.
    """
    n = len(cells)
    at = pl.Series("at", [], dtype=pl.Datetime("us")).extend_constant(None, n)
    timed = pl.Series("timed", [], dtype=pl.Boolean).extend_constant(False, n)
    todo = cells.is_not_null()
    # the commonest shapes first, on the raw cells
    for pattern, fmt, has_time in (
        (r"^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2} [0-9]{1,2}:[0-9]{2}:[0-9]{2}$", "%Y-%m-%d %H:%M:%S", True),
        (r"^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}T[0-9]{1,2}:[0-9]{2}:[0-9]{2}$", "%Y-%m-%dT%H:%M:%S", True),
        (r"^[0-9]{14}$", "%Y%m%d%H%M%S", True),
        (r"^[0-9]{8}$", "%Y%m%d", False),
        (r"^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}$", "%Y-%m-%d", False),
        (r"^[0-9]{4}/[0-9]{1,2}/[0-9]{1,2}$", "%Y/%m/%d", False),
        (r"^[0-9]{4}/[0-9]{1,2}/[0-9]{1,2} [0-9]{1,2}:[0-9]{2}:[0-9]{2}$", "%Y/%m/%d %H:%M:%S", True),
    ):
        if not todo.any():
            break
        match = (cells.str.contains(pattern) & todo).fill_null(False)
        if not match.any():
            continue
        got = cells.filter(match).str.to_datetime(fmt, strict=False, time_unit="us")
        at = patched(at, match, got)
        if has_time:
            timed = patched(timed, match, pl.Series([True]).new_from_index(0, len(got)))
        todo = todo & at.is_null()
    if todo.any():
        rest = _parse_odd_moments(cells.filter(todo), day_first)
        at = patched(at, todo, rest["at"])
        timed = patched(timed, todo, rest["timed"])
    year = at.dt.year()
    at = at.set(((year < 1980) | (year > 2100)).fill_null(False), None)
    return pl.DataFrame([at.alias("at"), timed.alias("timed")])


def _parse_odd_moments(cells: pl.Series, day_first: bool | None) -> pl.DataFrame:
    s = half_width(cells).str.replace(_END_OF_DAY, "${1}")
    for pattern, value in _NORMAL_DATE:
        s = s.str.replace_all(pattern, value) if pattern != r"[年月/.]" else _unify_date(s)
    s = s.str.replace(r"^([0-9]{4}-[0-9]{1,2}-[0-9]{1,2}),", "${1}")
    s = s.str.replace(r"^((?:19|20)[0-9]{12})[0-9]{1,9}$", "${1}")  # parts of a second
    s = s.str.replace(r"^([0-9]{8}|[0-9]{14})\.0+$", "${1}").str.replace(_ENGLISH_DAY, "")
    s = s.str.replace(r"([0-9])T([0-9])", "${1} ${2}").str.replace(r"(:[0-9]{2})[.,][0-9]+", "${1}")
    s = _months_as_numbers(s)
    half = s.str.contains(r"(?i)下午|晚上|\bpm\b|[0-9]pm$")
    s = (
        s.str.replace_all(r"(?i)上午|下午|凌晨|晚上|中午|\s*[ap]m\b", " ")
        .str.replace_all(r"\(?(?:星期|周|礼拜)[一二三四五六日天]\)?|\([一二三四五六日]\)", " ")
        .str.replace_all(r"\s+", " ")
        .str.strip_chars(" :")
    )
    noon = cells.str.contains(r"(?i)上午|凌晨|am\b")
    if day_first is not None:
        order = "${3}-${2}-${1}" if day_first else "${3}-${1}-${2}"
        s = s.str.replace(r"^([0-9]{1,2})-([0-9]{1,2})-([0-9]{4})", order)
    frame = pl.DataFrame({"s": s, "half": half, "noon": noon})
    col = pl.col("s")
    with_time = pl.coalesce(
        *[col.str.to_datetime(fmt, strict=False, time_unit="us") for fmt in _DATE_TIME_FORMATS[:7]]
    )
    hour = pl.col("at").dt.hour()
    zoned = pl.coalesce(
        *[
            col.str.to_datetime(
                fmt, strict=False, time_unit="us", time_zone="Asia/Shanghai"
            ).dt.replace_time_zone(None)
            for fmt in ("%Y-%m-%d %H:%M:%S%#z",)
        ]
    )
    serial = col.str.extract(r"^([0-9]{5}(?:\.[0-9]+)?)$").cast(pl.Float64, strict=False)
    serial_ok = serial.is_between(29000, 60000)
    serial_at = (
        pl.datetime(1899, 12, 30)
        + pl.duration(
            seconds=pl.when(serial_ok).then((serial * 86400).round(0)).otherwise(None).cast(pl.Int64)
        )
    ).cast(pl.Datetime("us"))
    dates = pl.coalesce(
        *[col.str.to_date(fmt, strict=False).cast(pl.Datetime("us")) for fmt in _DATE_FORMATS]
    )
    frame = frame.with_columns(
        at=pl.coalesce(with_time, zoned), serial=serial_at, day=dates, fraction=serial % 1 > 0
    )
    shifted = (
        pl.when(pl.col("half") & (hour < 12))
        .then(pl.col("at") + pl.duration(hours=12))
        .when(pl.col("noon") & (hour == 12))
        .then(pl.col("at") - pl.duration(hours=12))
        .otherwise(pl.col("at"))
    )
    return frame.select(
        pl.coalesce(shifted, pl.col("serial"), pl.col("day")).alias("at"),
        (pl.col("at").is_not_null() | pl.col("fraction").fill_null(False)).alias("timed"),
    )


_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()


def _months_as_numbers(s: pl.Series) -> pl.Series:
    """``01-Jun-2016 10:00`` and ``June 1, 2016`` → ``2016-06-01``, what follows stays."""
    if not s.str.contains("[A-Za-z]{3}").any():
        return s
    names = [form for month in _MONTHS for form in (month, month.title(), month.upper())]
    numbers = [f"{i:02d}" for i in range(1, 13) for _ in range(3)]
    turned = s.str.replace(
        r"^([0-9]{1,2})[-/ .]*([A-Za-z]{3})[a-z]*\.?[-/ ,]*([0-9]{4})[ ,]*", "${3}-${2}-${1} "
    ).str.replace(
        r"^([A-Za-z]{3})[a-z]*\.?[-/ ]*([0-9]{1,2})(?:st|nd|rd|th)?[-/ ,]+([0-9]{4})[ ,]*", "${3}-${1}-${2} "
    )
    dated = turned.str.contains("^[0-9]{4}-[A-Za-z]{3}-").fill_null(False)
    return s if not dated.any() else patched(s, dated, turned.filter(dated).str.replace_many(names, numbers))


def _unify_date(s: pl.Series) -> pl.Series:
    """``2016年6月20日``, ``2016/6/20``, ``2016.6.20`` → dashes in the date part only."""
    return (
        s.str.replace(r"^([0-9]{4})[年/.]([0-9]{1,2})[月/.]([0-9]{1,2})", "${1}-${2}-${3}")
        .str.replace(r"^([0-9]{1,2})[/.]([0-9]{1,2})[/.]([0-9]{4})", "${1}-${2}-${3}")
        .str.replace(
            r"^([0-9]{4}-[0-9]{1,2}-[0-9]{1,2})-([0-9]{1,2})[.:]([0-9]{2})[.:]([0-9]{2})",
            "${1} ${2}:${3}:${4}",
        )
    )


def guess_day_first(cells: pl.Series) -> bool | None:
    """Tell ``20/06/2016`` from ``06/20/2016`` when some cell leaves no doubt; None when none does."""
    parts = half_width(cells.drop_nulls()).str.extract_groups(r"^([0-9]{1,2})[/.-]([0-9]{1,2})[/.-][0-9]{4}")
    first = parts.struct[0].cast(pl.Int32, strict=False).max()
    second = parts.struct[1].cast(pl.Int32, strict=False).max()
    if isinstance(first, int) and first > 12:
        return True
    if isinstance(second, int) and second > 12:
        return False
    return None


def parse_clock(cells: pl.Series) -> pl.Series:
    """Read times of day as seconds after midnight (Int64); null where the cell is no time.

    ``10:42:20``, ``10:42``, ``104220``, ``94220`` (a lost zero), ``10时42分20秒``, ``下午 3:04``, a
    fraction of a day as Excel keeps it, or a full date and time.
    """
    usual = cells.str.contains(r"^[0-2][0-9]:[0-5][0-9]:[0-5][0-9]$")
    if usual.all():  # ignores null
        h, m, s_ = (cells.str.slice(i, 2).cast(pl.Int64, strict=False) for i in (0, 3, 6))
        seconds = h * 3600 + m * 60 + s_
        return seconds.set((h > 23).fill_null(False), None)
    if usual.any():
        odd = (~usual).fill_null(False)
        return patched(parse_clock(cells.set(odd, None)), odd, _parse_odd_clock(cells.filter(odd)))
    return _parse_odd_clock(cells)


_DATE_BEFORE = r"^(?:[0-9]{4}[-/.年][0-9]{1,2}[-/.月][0-9]{1,2}日?|[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{4}|[0-9]{8}[ T,-])[\sT,-]*"


def _parse_odd_clock(cells: pl.Series) -> pl.Series:
    s = half_width(cells)
    pm = s.str.contains(r"(?i)下午|晚上|pm").fill_null(False)
    am = s.str.contains(r"(?i)上午|凌晨|am").fill_null(False)
    s = (
        s.str.replace_all(r"(?i)上午|下午|凌晨|晚上|中午|[ap]m", "")
        .str.replace_all(r"[时点分]", ":")
        .str.replace_all(r"秒", "")
        .str.strip_chars(" :")
        .str.replace(_DATE_BEFORE, "")
        .str.replace(r"([0-9])(?:Z|[+-][0-9]{2}:?[0-9]{2})$", "${1}")
        .str.replace(r"^[0-9]{8}([0-9]{6})$", "${1}")
        .str.replace(r"^([0-9]{1,2})\.([0-9]{2})\.([0-9]{2})", "${1}:${2}:${3}")
        .str.replace(r"^([0-9]{1,2}):([0-9]{2})$", "${1}:${2}:00")
    )
    frame = pl.DataFrame({"s": s, "pm": pm, "am": am})
    col = pl.col("s")
    colon = col.str.extract_groups(r"^([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,][0-9]+)?$")
    # HHMMSS with hundredths or thousandths behind: the longest cell tells how many digits were lost in front
    longest = s.str.extract(r"^([0-9]{6,12})$").str.len_chars().max()
    width = 6 if not isinstance(longest, int) else longest + longest % 2 * (longest == 7)
    bare = col.str.extract(r"^([0-9]{1,12})(?:\.0+)?$")
    digits = bare.str.zfill(width).str.slice(0, 6)
    if _hours_and_minutes(s.str.extract(r"^([0-9]{1,12})(?:\.0+)?$")):
        digits = bare.str.zfill(4) + "00"
    packed = digits.str.extract_groups(r"^([0-9][0-9])([0-9][0-9])([0-9][0-9])$")
    fraction = col.str.extract(r"^(0\.[0-9]+)$").cast(pl.Float64, strict=False)

    def part(i: str) -> pl.Expr:
        return pl.coalesce(colon.struct.field(i), packed.struct.field(i)).cast(pl.Int64, strict=False)

    frame = frame.select(
        pl.coalesce(
            pl.when((part("1") < 24) & (part("2") < 60) & (part("3") < 60)).then(
                (
                    part("1")
                    + pl.when(pl.col("pm") & (part("1") < 12)).then(12).otherwise(0)
                    - pl.when(pl.col("am") & (part("1") == 12)).then(12).otherwise(0)
                )
                * 3600
                + part("2") * 60
                + part("3")
            ),
            (fraction * 86400).round(0).cast(pl.Int64),
        )
    )
    return frame.to_series()


def _hours_and_minutes(digits: pl.Series) -> bool:
    """Whether times without marks are hours and minutes alone (``0930``, ``1415``).

    No more than four digits may also be what is left of a time just after midnight (``326`` for 00:03:26): a zero in
    front, or a column most of whose times would then lie in one hour of the night, tells.
    """
    held = digits.drop_nulls()
    if not len(held) or int(held.str.len_chars().max() or 0) > 4:  # type: ignore[arg-type]
        return False
    if held.str.contains("^0[0-9]{3}$").any():
        return True
    return len(held) >= 3 and int((held.cast(pl.Int32) >= 700).sum()) * 2 >= len(held)
