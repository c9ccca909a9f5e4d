"""Two-digit years and the order of day and month: told by the column, or left unread."""

from __future__ import annotations

import polars as pl
import pytest

from flows.steps.formats._short_dates import in_order
from tests.steps.formats.made import OTHER, OWN, read, reasons


def _days(*cells: str, header: str = "") -> list[str]:
    text, day_first = in_order(pl.Series(list(cells), dtype=pl.String), header)
    return [*text.to_list(), str(day_first)]


@pytest.mark.parametrize(
    "cells",
    [
        ("16-06-01", "16-06-12", "16-06-30"),
        ("01.06.16", "12.06.16", "30.06.16"),
        ("06/01/16", "06/12/16", "06/30/16"),
        ("160601", "160612", "160630"),
        ("1-Jun-16", "12-Jun-16", "30-Jun-16"),
        ("01JUN16", "12JUN16", "30JUN16"),
    ],
)
def test_the_year_is_the_part_that_does_not_run_through_decades(cells: tuple[str, ...]) -> None:
    assert _days(*cells)[:3] == ["2016-06-01", "2016-06-12", "2016-06-30"]


def test_no_year_is_written_with_one_digit() -> None:
    assert _days("16/6/1", "16/6/12", "16/6/30")[:3] == ["2016-06-01", "2016-06-12", "2016-06-30"]
    assert _days("6/1/16", "16/6/1")[:2] == ["6/1/16", "16/6/1"]


def test_a_time_behind_the_date_stays() -> None:
    assert _days("16-06-01 10:00:00", "16-06-30 11:00:00")[:2] == [
        "2016-06-01 10:00:00",
        "2016-06-30 11:00:00",
    ]


@pytest.mark.parametrize("cells", [("16-06-17",), ("05.06.07", "06.06.07"), ("02/03/04",)])
def test_what_can_be_read_two_ways_is_not_read(cells: tuple[str, ...]) -> None:
    assert _days(*cells)[:-1] == list(cells)


def test_a_header_or_points_say_that_the_day_comes_first() -> None:
    assert _days("03/04/2016", header="Value date (dd/mm/yyyy)")[-1] == "True"
    assert _days("03/04/2016", header="Date MM/DD/YYYY")[-1] == "False"
    assert _days("03.04.2016")[-1] == "True"
    assert _days("03/04/2016")[-1] == "None"


def test_an_open_order_is_named_as_the_reason() -> None:
    result = read(f"账号,日期,支出,收入,对方账号\n{OWN},03/04/2016,1.00,,{OTHER}\n")
    assert reasons(result) == [(2, "day and month cannot be told apart")]
