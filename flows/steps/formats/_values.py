"""Cells as banks write them into dates, times, amounts and account numbers; columns at a time.

Each function takes and gives a series. What cannot be read becomes null: the caller knows where the
cell was not empty and sends that row to the quarantine. Nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

BLANK = " \t\r\n\v\f\u00a0\u3000\u200b\u200c\u200d\u2060\ufeff\u2002\u2003\u2009\u202f"
"""Characters trimmed from both ends of a cell."""

FORMULA_TEXT = r'^="([^"]*)"$'
"""A formula that is nothing but a text: exports write numbers so, lest a spreadsheet change them."""

_EMPTY = r"^(?:[-\u2010-\u2015\u2212\uff0d_/\\*]+|(?i:null|none|nan|n/a|#n/a)|无|（空）|空)$"
_FULL = "０１２３４５６７８９．，＋－（）：／　￥ＣＮＹ＊−﹣‐‑–—"
_HALF = "0123456789.,+-():/ ¥CNY*------"
_CURRENCY_SIGN = r"(?i)^([+\-(]?)\s*(?:cny|rmb|人民币|¥|\u00a5|￥)\s*"
_SIMPLE_AMOUNT = r"^[+-]?[0-9]{1,15}(?:\.[0-9]{1,2})?$"
_THOUSANDS = r"^[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]{1,2})?$"
_GROUPED = r"^[+-]?(?:[0-9]{1,15}|[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,4}(?:,[0-9]{4})+)(?:\.[0-9]*)?$"


_COMMA = r"^[^0-9]*(?:[0-9]{1,3}(?:[.\s'][0-9]{3})+|[0-9]+),[0-9]{1,2}[^0-9.,]*$"
_GROUPED_COMMA = r"^[^0-9]*[0-9]{1,3}(?:[.\s'][0-9]{3})+,[0-9]{1,2}[^0-9.,]*$"
_POINT = r"^[^0-9]*[0-9][0-9,\s']*\.[0-9]{1,2}[^0-9.,]*$"

_DEBIT_BESIDE = r"(?i)[0-9]\(?(?:dr|d|借|付|支)\)?$|^(?:dr|借|付|支):?[0-9¥(]"
_SIDE_BEHIND = r"(?i)([0-9])\s*\(?(?:dr|cr|d|c|借|贷|付|收|支)\)?$"
_SIDE_BEFORE = r"(?i)^(?:dr|cr|借|贷|付|收|支):?"
"""``100.00CR``, ``贷100.00``, ``100.00(付)``: which side the amount is on, in its own cell."""

POWER = r"(?i)^[+-]?[0-9](?:\.[0-9]+)?e\+?[0-9]+$"
"""An amount as a power of ten: a spreadsheet showed it short, so digits may be lost."""

_DOUBLE = 2.0**-51
"""How far a number of a spreadsheet may lie from what was typed, of its size."""

_SURE_COMMAS = 2
"""Cells such as ``100,00`` from which on the comma is the decimal sign: no thousands are written so."""

_MANY = 20_000
"""Rows above which a column is worth a look before it is worked on."""

_SAMPLE = 2_000


def clean(cells: pl.Expr) -> pl.Expr:
    """Trim a cell; dashes, ``/`` and the like that stand for an empty cell become null."""
    trimmed = cells.str.strip_chars(BLANK)
    return pl.when((trimmed != "") & ~trimmed.str.contains(_EMPTY)).then(trimmed)


def clean_columns(frame: pl.DataFrame) -> pl.DataFrame:
    """Clean every cell of a frame of strings (:func:`clean`), touching twice only columns that need it."""
    if frame.height > _MANY:
        return pl.DataFrame([_clean_column(each) for each in frame.get_columns()])
    trimmed = frame.select(pl.all().str.strip_chars(BLANK))
    if trimmed.is_empty():
        return trimmed
    empty = trimmed.select(((pl.all() == "") | pl.all().str.contains(_EMPTY)).any()).row(0)
    cells = [pl.col(name) for name, some in zip(trimmed.columns, empty, strict=True) if some]
    return trimmed.with_columns(
        [pl.when((each != "") & ~each.str.contains(_EMPTY)).then(each) for each in cells]
    )


def _clean_column(cells: pl.Series) -> pl.Series:
    """Clean a long column; what it holds over and over, or digits alone, is looked at but once."""
    name = cells.name
    distinct = few_distinct(cells)
    if distinct is not None:
        return replaced(cells, distinct, distinct.to_frame(name).select(clean(pl.col(name))).to_series())
    if (
        not any(each.str.contains("[^0-9]").any() for each in (cells.head(1), cells))
        and not (cells == "").any()
    ):
        return cells
    trimmed = cells.str.strip_chars(BLANK)
    if (trimmed == "").any() or trimmed.str.contains(_EMPTY).any():
        return trimmed.to_frame().select(clean(pl.col(name))).to_series()
    return trimmed


def few_distinct(cells: pl.Series) -> pl.Series | None:
    """Return the distinct cells of a long column in which they are few, else None."""
    if len(cells) <= _MANY or cells.gather_every(len(cells) // _SAMPLE).n_unique() > _SAMPLE // 8:
        return None
    distinct = cells.unique()
    return distinct if len(distinct) <= len(cells) // 8 else None


def replaced(cells: pl.Series, old: pl.Series, new: pl.Series) -> pl.Series:
    """Put `new` in the place of `old`, where they differ; both hold every distinct cell."""
    changed = old.ne_missing(new)
    if not changed.any():
        return cells
    if new.null_count() == len(new):
        return _nulls(cells.name, pl.String(), len(cells))
    return cells.replace(old.filter(changed), new.filter(changed))


def half_width(cells: pl.Series) -> pl.Series:
    """Full-width digits and signs to ASCII, only where there are any."""
    wide = cells.str.contains(r"[^\x00-\x7f]")
    if not wide.any():
        return cells
    return cells.str.replace_many(list(_FULL), list(_HALF))


def _nulls(name: str, dtype: pl.DataType, height: int) -> pl.Series:
    return pl.Series(name, [], dtype=dtype).extend_constant(None, height)


def _patch(values: pl.Series, where: pl.Series, patch: pl.Series) -> pl.Series:
    """Put `patch` where `where` is true."""
    return values.scatter(where.arg_true(), patch) if where.any() else values


def parse_fen(cells: pl.Series, worth: int = 100, comma: bool | None = None) -> pl.Series:
    """Read amounts as integer fen (分).

    Thousands separators, ￥/¥/CNY, 元, full-width digits, brackets or a trailing minus for negatives,
    ``DR``/``CR`` behind a balance are understood; a number with more than two decimals that is not a
    binary rounding of one with two is not.

    Parameters
    ----------
    cells : polars.Series
        Cleaned strings.
    worth : int
        What one is worth in fen: 100, and 1 000 000 where the header says 万元.
    comma : bool or None
        Whether the table writes a decimal comma; None asks this column alone.
    """
    simple = cells.str.contains(_SIMPLE_AMOUNT).fill_null(False)
    values = _nulls(cells.name, pl.Int64(), len(cells))
    if worth == 100:
        if simple.all():
            return _decimal_fen(cells)
        values = _patch(values, simple, _decimal_fen(cells.filter(simple)))
        hard = ~simple & cells.is_not_null()
        grouped = hard & cells.str.contains(_THOUSANDS).fill_null(False)
        if grouped.any():
            plain = cells.filter(grouped).str.replace_all(",", "", literal=True)
            values = _patch(values, grouped, _decimal_fen(plain))
            hard = hard & ~grouped
    else:
        hard = cells.is_not_null()
    if comma if comma is not None else hard.any() and has_decimal_comma([cells]):
        points = cells.str.replace_all(r"[.\s']", "").str.replace(",", ".", literal=True)
        return parse_fen(points, worth, comma=False)
    if hard.any():
        values = _patch(values, hard, _parse_hard(cells.filter(hard), worth))
    return values


def has_decimal_comma(columns: Sequence[pl.Series]) -> bool:
    """Whether a table writes ``1.234,56``: some cells leave no doubt, and none has a decimal point."""
    written = [each for each in columns if each.str.contains(",", literal=True).any()]
    if not written:
        return False
    sure = any(each.str.contains(_GROUPED_COMMA).any() for each in written)
    sure = sure or sum(int(each.str.contains(_COMMA).sum()) for each in written) >= _SURE_COMMAS
    return sure and not any(each.str.contains(_POINT).any() for each in columns)


def _decimal_fen(cells: pl.Series) -> pl.Series:
    return (cells.cast(pl.Decimal(20, 2), strict=False) * 100).cast(pl.Int64, strict=False)


def _parse_hard(cells: pl.Series, worth: int) -> pl.Series:
    s = half_width(cells).str.replace_all(r"[\s']", "").str.replace(r"(?i)(?:元整?|cny|rmb)([)-]?)$", "${1}")
    s = s.str.replace(r"^([+(-]?)\.([0-9])", "${1}0.${2}")
    frame = pl.DataFrame({"s": s}).with_columns(s=pl.col("s").str.replace(_CURRENCY_SIGN, "${1}"))
    s_ = pl.col("s")
    frame = frame.with_columns(
        neg=s_.str.contains(r"^\(.*\)$") | s_.str.contains(r"^[^-]+-$") | s_.str.contains(_DEBIT_BESIDE),
        s=s_.str.replace(r"^\(([^-+].*)\)$", "${1}")
        .str.replace(r"^([^-+].*)-$", "${1}")
        .str.replace(_SIDE_BEHIND, "${1}")
        .str.replace(_SIDE_BEFORE, ""),
    )
    frame = frame.with_columns(s=s_.str.replace(_CURRENCY_SIGN, "${1}"))
    frame = frame.with_columns(
        s=pl.when(s_.str.contains(_GROUPED)).then(s_.str.replace_all(",", "", literal=True)).otherwise(None)
    )
    scaled = (s_.cast(pl.Decimal(38, 12), strict=False) * worth).alias("v")
    frame = frame.with_columns(scaled, decimals=s_.str.extract(r"\.([0-9]*)$").str.len_chars().fill_null(0))
    fen = pl.col("v").round(0)
    exact = (pl.col("v") - fen) == 0
    nearest = pl.max_horizontal(pl.lit(0.0001), pl.col("v").cast(pl.Float64).abs() * _DOUBLE)
    rounding = (pl.col("decimals") >= 8) & ((pl.col("v") - fen).abs().cast(pl.Float64) < nearest)
    fen_int = fen.cast(pl.Int64, strict=False)
    return frame.select(
        pl.when(exact | rounding)
        .then(pl.when(pl.col("neg")).then(-fen_int).otherwise(fen_int))
        .otherwise(None)
    ).to_series()


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
        at = _patch(at, match, got)
        if has_time:
            timed = _patch(timed, match, pl.Series([True]).new_from_index(0, len(got)))
        todo = todo & at.is_null()
    if todo.any():
        rest = _parse_odd_moments(cells.filter(todo), day_first)
        at = _patch(at, todo, rest["at"])
        timed = _patch(timed, todo, rest["timed"])
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
        return _patch(parse_clock(cells.set(odd, None)), odd, _parse_odd_clock(cells.filter(odd)))
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


def clean_account(cells: pl.Series) -> pl.Series:
    """Tidy account numbers: width, inner spaces, Excel's apostrophe and ``.0``; never to a number."""
    distinct = few_distinct(cells)
    if distinct is not None:
        return replaced(cells, distinct, clean_account(distinct))
    odd = cells.str.contains(r"[^0-9]").fill_null(False)
    if not odd.any():
        return cells
    some = (
        half_width(cells.filter(odd))
        .str.replace_all(r"[\s\u00a0\u3000]", "")
        .str.replace(r"^[='`\"]+", "")
        .str.replace(r"[\"']+$", "")
        .str.replace(r"^([0-9]{5,})\.0+$", "${1}")
    )
    grouped = some.str.contains(_CARD_GROUPS).fill_null(False)
    if grouped.any():
        some = _patch(some, grouped, some.filter(grouped).str.replace_all("-", "", literal=True))
    return _patch(cells, odd, some)


_CARD_GROUPS = r"^[0-9]{4}(?:-[0-9]{4}){2,3}-[0-9]{1,4}$"
"""A card number in groups of four: the dashes are no part of it, as they are before a sub-account."""

SCIENTIFIC = r"(?i)^[0-9](?:\.[0-9]+)?e\+?[0-9]+$"
"""An account number that a spreadsheet turned into a power of ten: its digits are lost."""
