from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.steps.formats._dates import guess_day_first, parse_clock, parse_moments
from flows.steps.formats._values import SCIENTIFIC, clean, clean_account, parse_fen


def _series(*cells: str | None) -> pl.Series:
    return pl.Series("x", cells, dtype=pl.String)


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("1", 100),
        ("0.1", 10),
        ("-2.50", -250),
        ("+1,234.56", 123456),
        ("(50,000.00)", -5_000_000),
        ("（1.00）", -100),
        ("500-", -50_000),
        ("￥10,917.88", 1_091_788),
        ("¥1", 100),
        ("-￥5.00", -500),
        ("CNY 5.00", 500),
        ("RMB5", 500),
        ("99.5元", 9_950),
        ("１９.８０", 1_980),
        ("２９，０００．００", 2_900_000),
        ("1234.5600000001", 123_456),
        ("1,234.00CR", 123_400),
        ("1,234.00DR", -123_400),
        ("1.", 100),
        ("1.000", 100),
    ],
)
def test_amounts_that_banks_write_are_read_exactly(text: str, fen: int) -> None:
    assert parse_fen(_series(text)).to_list() == [fen]


@pytest.mark.parametrize(
    "text",
    [
        "+-500.00",
        "1.2.3",
        "1000.00.00",
        "1O0.00O",
        "1,2345,6x",
        "壹万贰仟",
        "#REF!",
        "1,23",
        "1.005",
        "1.2E+5",
        "abc",
        "--1",
    ],
)
def test_what_is_no_amount_is_never_guessed(text: str) -> None:
    assert parse_fen(_series(text)).to_list() == [None]


def test_ten_thousands_are_scaled_without_loss() -> None:
    assert parse_fen(_series("1.234567", "2,000", "-3"), 1_000_000).to_list() == [
        1_234_567,
        2_000_000_000,
        -3_000_000,
    ]


@settings(deadline=None)
@given(st.integers(-(10**14), 10**14), st.booleans(), st.booleans())
def test_any_amount_of_fen_comes_back(fen: int, grouped: bool, brackets: bool) -> None:
    yuan, rest = divmod(abs(fen), 100)
    text = f"{yuan:,}.{rest:02d}" if grouped else f"{yuan}.{rest:02d}"
    text = (f"({text})" if brackets else f"-{text}") if fen < 0 else text
    assert parse_fen(_series(text)).to_list() == [fen]


@settings(deadline=None)
@given(st.lists(st.text(max_size=30) | st.none(), max_size=20))
def test_no_text_makes_the_parsers_raise(cells: list[str | None]) -> None:
    series = pl.DataFrame({"x": _series(*cells)}).select(clean(pl.col("x")))["x"]
    assert len(parse_fen(series)) == len(cells)
    assert parse_moments(series).height == len(cells)
    assert len(parse_clock(series)) == len(cells)
    assert len(clean_account(series)) == len(cells)


@pytest.mark.parametrize(
    ("text", "at", "timed"),
    [
        ("20160620", dt.datetime(2016, 6, 20), False),
        ("2016-06-20", dt.datetime(2016, 6, 20), False),
        ("2016/6/20", dt.datetime(2016, 6, 20), False),
        ("2016.6.20", dt.datetime(2016, 6, 20), False),
        ("2016年6月20日", dt.datetime(2016, 6, 20), False),
        ("２０１６年６月２０日", dt.datetime(2016, 6, 20), False),
        ("2016-06-20 10:20:30", dt.datetime(2016, 6, 20, 10, 20, 30), True),
        ("2016-06-20T10:20:30", dt.datetime(2016, 6, 20, 10, 20, 30), True),
        ("2016-06-20T02:20:30+00:00", dt.datetime(2016, 6, 20, 10, 20, 30), True),
        ("20160620102030", dt.datetime(2016, 6, 20, 10, 20, 30), True),
        ("20160620 102030", dt.datetime(2016, 6, 20, 10, 20, 30), True),
        ("2016-06-20-10.20.30.123456", dt.datetime(2016, 6, 20, 10, 20, 30), True),
        ("2016/6/20 9:05", dt.datetime(2016, 6, 20, 9, 5), True),
        ("2016年6月20日10时20分30秒", dt.datetime(2016, 6, 20, 10, 20, 30), True),
        ("2016-06-20 下午 3:04:05", dt.datetime(2016, 6, 20, 15, 4, 5), True),
        ("2016-6-20 上午12:10:00", dt.datetime(2016, 6, 20, 0, 10), True),
        ("2016/6/20 3:04:05 PM", dt.datetime(2016, 6, 20, 15, 4, 5), True),
        ("42541", dt.datetime(2016, 6, 20), False),
        ("42541.5", dt.datetime(2016, 6, 20, 12), True),
    ],
)
def test_dates_in_every_shape(text: str, at: dt.datetime, timed: bool) -> None:
    assert parse_moments(_series(text)).row(0) == (at, timed)


@pytest.mark.parametrize(
    "text",
    ["00000000", "0000-00-00", "0/0/0", "2016-02-30", "2016/1/32", "2016-13-05 12:00:00", "20161305", "x"],
)
def test_days_that_never_were_are_refused(text: str) -> None:
    assert parse_moments(_series(text))["at"].to_list() == [None]


def test_day_and_month_are_told_apart_by_the_column_or_not_at_all() -> None:
    assert guess_day_first(_series("03/04/2016", "25/04/2016")) is True
    assert guess_day_first(_series("03/04/2016", "04/25/2016")) is False
    assert guess_day_first(_series("03/04/2016")) is None
    assert parse_moments(_series("03/04/2016"))["at"].to_list() == [None]
    assert parse_moments(_series("03/04/2016"), True)["at"].to_list() == [dt.datetime(2016, 4, 3)]
    assert parse_moments(_series("03/04/2016"), False)["at"].to_list() == [dt.datetime(2016, 3, 4)]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10:42:20", 38_540),
        ("9:05", 32_700),
        ("104220", 38_540),
        ("94220", 34_940),
        ("000000", 0),
        ("下午 3:04", 54_240),
        ("10时42分20秒", 38_540),
        ("10.42.20", 38_540),
        ("0.4375", 37_800),
        ("1899-12-31 10:30:00", 37_800),
        ("25:00:00", None),
        ("x", None),
    ],
)
def test_times_of_day(text: str, seconds: int | None) -> None:
    assert parse_clock(_series(text)).to_list() == [seconds]


def test_cells_that_stand_for_nothing_are_null() -> None:
    cells = pl.DataFrame(
        {"x": ["", " ", "-", "--", "——", "-------", "/", "\\", "NULL", "\u3000\u00a0\t", "N/A", "a"]}
    )
    assert cells.select(clean(pl.col("x")))["x"].drop_nulls().to_list() == ["a"]


def test_account_numbers_stay_strings_whatever_their_length() -> None:
    given = _series(
        "6222 0212 3456 7890 123", "123456.0", "'6222001", "６２２２００１", '="6222001"', "6.22E+18", None
    )
    assert clean_account(given).to_list() == [
        "6222021234567890123",
        "123456",
        "6222001",
        "6222001",
        "6222001",
        "6.22E+18",
        None,
    ]
    assert clean_account(given).str.contains(SCIENTIFIC).to_list()[5]
