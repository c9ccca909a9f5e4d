"""Dates that a table spreads over columns, writes once for several rows, or leaves the year out of."""

from __future__ import annotations

import pytest

from tests.steps.formats.made import OTHER, OWN, book, lines, moves, read, reasons

DAYS = [("2016-01-30", "in", 10_000), ("2016-01-30", "out", 2_000), ("2016-02-01", "in", 500)]
WANTED = [(f"{day} 00:00:00", way, fen) for day, way, fen in DAYS]
MONEY = ["100.00,,1100.00", ",20.00,1080.00", "5.00,,1085.00"]


def table(head: str, dates: list[str], above: str = "") -> str:
    rows = [f"{date},{money},张三,{OTHER}" for date, money in zip(dates, MONEY, strict=True)]
    return "\n".join(
        [f"账号：{OWN}", *([above] if above else []), f"{head},收入,支出,余额,对方户名,对方账号", *rows, ""]
    )


@pytest.mark.parametrize(
    ("head", "dates"),
    [
        ("年,月,日", ["2016,1,30", "2016,1,30", "2016,2,1"]),
        ("年,月,日", ["2016,01,30", ",,30", ",02,01"]),  # written where it changes
        ("年份,月份,日", ["16,1,30", "16,1,30", "16,2,1"]),
    ],
)
def test_year_month_and_day_in_columns(head: str, dates: list[str]) -> None:
    assert moves(read(table(head, dates))) == WANTED


@pytest.mark.parametrize(
    ("dates", "above"),
    [
        (["01-30", "01-30", "02-01"], "2016年"),
        (["1月30日", "1月30日", "2月1日"], "起止日期：2016-01-01 至 2016-06-30"),
        (["0130", "0130", "0201"], "对账单（2016年度）"),
        (["01/30", "01/30", "02/01"], "查询期间：20160101-20160630"),
    ],
)
def test_the_year_stands_above(dates: list[str], above: str) -> None:
    assert moves(read(table("月日", dates, above))) == WANTED


def test_a_period_over_the_turn_of_the_year_gives_each_date_its_own() -> None:
    made = table("日期", ["12-30", "12-31", "01-02"], "期间：2015-12-01 至 2016-01-31")
    assert [each[0][:10] for each in moves(read(made))] == ["2015-12-30", "2015-12-31", "2016-01-02"]


def test_no_year_anywhere_is_no_date() -> None:
    result = read(table("日期", ["01-30", "01-30", "02-01"]))
    assert (result.rows_accepted, result.rows_quarantined) == (0, 3)


def test_a_ledger_with_the_year_over_month_and_day() -> None:
    made = "\n".join(
        [
            f"户名：甲公司,,账号：{OWN}",
            "2016年,,凭证号,摘要,对方户名,借方发生额,贷方发生额,余额",
            "月,日,,,,,,",
            "1,30,001,收,张三,,100.00,1100.00",
            ",30,002,付,张三,20.00,,1080.00",
            ",,,过次页,,,,1080.00",
            ",,,承前页,,,,1080.00",
            "2,1,003,收,张三,,5.00,1085.00",
            "",
        ]
    )
    result = read(made)
    assert moves(result) == WANTED
    assert result.rows_quarantined == 0


def test_merged_cells_hold_for_all_their_rows() -> None:
    rows = [
        ["账号", "户名", "日期", "收/付", "金额", "余额", "对方户名"],
        [OWN, "甲公司", "2016年1月30日", "收", 100, 1100, "张三"],
        [None, None, None, "付", 20, 1080, "张三"],
        [None, None, "2016年2月1日", "收", 5, 1085, "李四"],
        ["合计", None, None, None, 125, None, None],
    ]
    result = read(book(rows), "a.xlsx")
    assert moves(result) == WANTED
    assert {each["account_no"] for each in lines(result)} == {OWN}
    assert result.rows_quarantined == 0


def test_one_row_without_its_date_has_something_wrong() -> None:
    rows = [f"2016-01-{n:02d},1.00,,{1000 + n}.00,张三,{OTHER}" for n in range(1, 30)]
    rows[11] = f",1.00,,1012.00,张三,{OTHER}"
    result = read("\n".join([f"账号：{OWN}", "日期,收入,支出,余额,对方户名,对方账号", *rows, ""]))
    assert result.rows_accepted == 28
    assert [record for record, _ in reasons(result)] == [14]


def test_a_merchant_number_is_the_account_for_want_of_another() -> None:
    head = "交易日期,收/支,金额,余额,对方户名"
    row = "2016-06-01,收,5.00,105.00,张三"
    above = read(f"商户名称,甲店\n商户号,{OWN}\n{head}\n{row}\n")
    column = read(f"商户号,{head}\n{OWN},{row}\n")
    for result in (above, column):
        assert [each["account_no"] for each in lines(result)] == [OWN]
    both = read(f"商户号,898210055440001\n账号,{OWN}\n{head}\n{row}\n")
    assert [each["account_no"] for each in lines(both)] == [OWN]
    several = read(f"商户号,{head}\n{OWN},{row}\n{OTHER},{row}\n")  # shops on the statement of somebody
    assert several.rows_accepted == 0
