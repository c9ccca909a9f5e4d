"""Layouts that leave something to merged cells, to signs beside the amount, to a sheet's title or to a foot."""

from __future__ import annotations

import datetime as dt
import io

import pytest
import xlsxwriter

from flows.steps.formats._reasons import REASONS
from tests.steps.formats.made import OTHER, OWN, book, lines, moves, read, reasons


def text(*rows: str) -> str:
    return "\n".join([f"账号：{OWN}", *rows, ""])


def brief(data: str | bytes, name: str = "a.csv") -> list[tuple[object, ...]]:
    return [
        (each["direction"], each["amount_fen"], each["balance_after_fen"]) for each in lines(read(data, name))
    ]


@pytest.mark.parametrize(
    ("top", "below"),
    [
        ("交易信息,,,发生额,,余额,对方信息,", "日期,时间,摘要,借方,贷方,,账号,户名"),
        ("交易时间,,摘要,发生额,,余额,对方信息,", "日期,时间,,借方,贷方,,账号,户名"),
        ("交易日期,交易时间,摘要,发生额,,余额,对方,", ",,,借方,贷方,,账号,户名"),
    ],
)
def test_names_merged_over_two_rows_are_read_from_whichever_row_has_them(top: str, below: str) -> None:
    rows = [
        f"2016-06-01,10:00:00,货款,100.00,,900.00,{OTHER},张三",
        f"2016-06-02,11:00:00,还款,,50.00,950.00,{OTHER},李四",
    ]
    result = read(text(top, below, *rows))
    got = lines(result)
    assert moves(result) == [("2016-06-01 10:00:00", "out", 10_000), ("2016-06-02 11:00:00", "in", 5_000)]
    assert [each["balance_after_fen"] for each in got] == [90_000, 95_000]
    assert [each["remark"] for each in got] == ["货款", "还款"]
    assert {each["counterparty_account"] for each in got} == {OTHER}
    assert result.warnings == []


def test_columns_of_two_header_rows_that_are_not_understood_are_told() -> None:
    result = read(
        text("交易信息,,发生额,,天气,对方信息", "日期,摘要,借方,贷方,,户名", "2016-06-01,货款,1.00,,晴,张三")
    )
    assert "columns of unknown meaning: 天气" in result.warnings


@pytest.mark.parametrize("cell", ['="{}"', '"=""{}"""'])
def test_a_formula_that_is_a_text_is_that_text_and_an_empty_one_is_empty(cell: str) -> None:
    numbers = [cell.format(each) for each in (OTHER, "")]
    got = lines(
        read(
            text(
                "日期,金额,对方账号,流水号",
                *[f"2016-06-01,1.00,{each},{cell.format('0012')}" for each in numbers],
            )
        )
    )
    assert [each["counterparty_account"] for each in got] == [OTHER, None]
    assert [each["reference"] for each in got] == ["0012", "0012"]


@pytest.mark.parametrize(
    "cells",
    [
        ("借100.00", "贷1,050.00"),
        ("100.00（付）", "1,050.00（收）"),
        ("DR100.00", "CR1,050.00"),
        ("付:100.00", "收:1,050.00"),
        ("100.00借", "1,050.00贷"),
    ],
)
def test_the_side_stands_in_the_cell_of_the_amount(cells: tuple[str, str]) -> None:
    rows = [f'2016-06-0{i},"{cell}",张三' for i, cell in enumerate(cells, start=1)]
    assert [each[:2] for each in brief(text("日期,发生额,对方户名", *rows))] == [
        ("out", 10_000),
        ("in", 105_000),
    ]


def test_a_column_of_plus_and_minus_is_a_flag() -> None:
    rows = ["2016-06-01,+,1.00,张三", "2016-06-02,-,2.00,李四"]
    assert [each[:2] for each in brief(text("日期,+/-,金额,对方户名", *rows))] == [("in", 100), ("out", 200)]


def test_an_amount_as_a_power_of_ten_is_not_believed() -> None:
    result = read(text("日期,支出,收入,对方户名", "2016-06-01,1.20E+07,,张三", "2016-06-01,,1.5E6,张三"))
    assert [reason for _, reason in reasons(result)] == [REASONS["amount_power"][0]] * 2


def test_parts_of_a_second_behind_a_moment_without_marks() -> None:
    assert moves(read(text("交易时间,金额,对方户名", "20160601101112357,1.00,张三"))) == [
        ("2016-06-01 10:11:12", "in", 100)
    ]


@pytest.mark.parametrize(
    ("period", "day"), [("20160601至20160630", "2016-06-03"), ("2016-03-01至2016-03-31", "2016-03-06")]
)
def test_the_period_above_tells_day_from_month(period: str, day: str) -> None:
    result = read(text(f"起止日期：{period}", "日期,金额,对方户名", "03/06/2016,1.00,张三"))
    assert moves(result) == [(f"{day} 00:00:00", "in", 100)]
    doubtful = read(text("起止日期：20160101至20161231", "日期,金额,对方户名", "03/06/2016,1.00,张三"))
    assert [reason for _, reason in reasons(doubtful)] == [REASONS["date_order"][0]]


def test_the_day_of_clearing_is_the_day_where_there_is_no_other() -> None:
    rows = [f"2016-06-01,1.00,0,101.00,张三,{OTHER}"]
    head = "清算日期,资金流入,资金流出,账户余额,交易对手,对手账号"
    assert moves(read(text(head, *rows))) == [("2016-06-01 00:00:00", "in", 100)]
    both = text(f"交易日期,{head}", *[f"2016-05-31,{row}" for row in rows])
    assert moves(read(both)) == [("2016-05-31 00:00:00", "in", 100)]


def test_many_names_of_one_account_are_the_other_sides() -> None:
    head = "备付金银行账号|业务日期|业务时间|入账金额|出账金额|客户名称|客户支付账号"
    rows = [f"{OWN}|20160601|10:00:0{i}|1.00||{name}|{OTHER}" for i, name in enumerate(("甲", "乙", "丙"))]
    got = lines(read("\n".join([head, *rows, ""])))
    assert [each["counterparty_name"] for each in got] == ["甲", "乙", "丙"]
    assert [each["booked_at"].second for each in got] == [0, 1, 2]
    one = lines(read("\n".join([head, rows[0], rows[0].replace("10:00:00", "11:00:00"), ""])))
    assert [each["holder_name"] for each in one] == ["甲", "甲"]


@pytest.mark.parametrize("delimiter", ["|!", "!|", "|@|", "||", "@!@", "^|"])
def test_delimiters_of_several_characters(delimiter: str) -> None:
    head = ["账号", "户名", "交易日期", "借贷标志", "交易金额", "余额", "对方账号", "对方户名", "摘要"]
    rows = [
        [OWN, "甲", "20160601", "贷", "1.00", "101.00", OTHER, "乙", "货款"],
        [OWN, "甲", "20160602", "借", "1.00", "100.00", "", "丙", ""],
    ]
    got = lines(read("".join(delimiter.join(row) + "\n" for row in (head, *rows)), encoding="gb18030"))
    assert [(each["direction"], each["balance_after_fen"], each["counterparty_name"]) for each in got] == [("in", 10_100, "乙"), ("out", 10_000, "丙")]  # fmt: skip
    assert [each["counterparty_account"] for each in got] == [OTHER, None]


def test_an_account_named_below_the_table_alone() -> None:
    rows = ["日期,借方,贷方,对方户名", "2016-06-01,1.00,,张三", "合计,1.00,,"]
    got = lines(read("\n".join([*rows, f"账号：{OWN}", ""])))
    assert [each["account_no"] for each in got] == [OWN]
    two = read("\n".join([*rows, f"账号：{OWN}", f"账号：{OTHER}", ""]))
    assert two.rows_accepted == 0


def test_an_account_in_full_width_digits() -> None:
    wide = OWN.translate({48 + i: 0xFF10 + i for i in range(10)})
    got = lines(read(f"账号：{wide}\n日期,借方,贷方,对方户名\n2016-06-01,1.00,,张三\n"))
    assert [each["account_no"] for each in got] == [OWN]


def test_sheets_of_income_and_of_expenses() -> None:
    def made(amount: float) -> bytes:
        out = io.BytesIO()
        workbook = xlsxwriter.Workbook(out, {"in_memory": True})
        for title, sign in (("收入明细", 1), ("支出明细", -1 if amount < 0 else 1)):
            sheet = workbook.add_worksheet(title)
            for i, row in enumerate(
                [["账号", OWN], ["日期", "金额", "对方户名"], ["2016-06-01", sign * abs(amount), "张三"]]
            ):
                sheet.write_row(i, 0, row)
        workbook.close()
        return out.getvalue()

    assert [each[0] for each in brief(made(5.0), "a.xlsx")] == ["in", "out"]
    assert [each[0] for each in brief(made(-5.0), "a.xlsx")] == ["in", "out"]


def test_times_of_day_kept_as_lengths_of_time() -> None:
    out = io.BytesIO()
    workbook = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = workbook.add_worksheet("S")
    clock = workbook.add_format({"num_format": "[h]:mm:ss"})
    sheet.write_row(0, 0, ["账号", OWN])
    sheet.write_row(1, 0, ["交易日期", "交易时间", "金额", "对方户名"])
    for i, time in enumerate((dt.time(9, 5, 7), dt.time(23, 59, 59))):
        sheet.write_row(2 + i, 0, ["2016-06-01", None, 1, "张三"])
        sheet.write_datetime(2 + i, 1, time, clock)
    workbook.close()
    assert [each[0] for each in moves(read(out.getvalue(), "a.xlsx"))] == [
        "2016-06-01 09:05:07",
        "2016-06-01 23:59:59",
    ]


def test_an_account_above_the_table_of_a_page() -> None:
    page = f"<html><body><div>查询账号：<b>{OWN}</b></div><p>共1笔</p><table><tr><td>日期<td>借方<td>贷方<td>对方户名</tr><tr><td>2016-06-01<td>1.00<td><td>张三</tr></table></body></html>"
    assert [each["account_no"] for each in lines(read(page, "a.xls"))] == [OWN]
    assert brief(
        book([["账号", OWN], ["日期", "借方", "贷方", "对方户名"], ["2016-06-01", 1, "", "张三"]]), "a.xlsx"
    ) == [("out", 100, None)]


def test_thousands_parted_by_the_comma_that_parts_the_cells() -> None:
    head = "交易日期,收/支,金额,余额,对方户名,摘要"
    rows = [
        "2016-06-01,收,1,234.56,9,000.00,张三,货款",
        "2016-06-02,支,12.00,8,988.00,,",
        "2016-06-03,收,1,234,567.89,1,243,555.89,李四,",
        "2016-06-04,支,1,243,555.89,0.00,李四,x",
    ]
    result = read(text(head, *rows))
    assert brief(text(head, *rows)) == [("in", 123_456, 900_000), ("out", 1_200, 898_800), ("in", 123_456_789, 124_355_589), ("out", 124_355_589, 0)]  # fmt: skip
    assert [each["source_record"] for each in lines(result)] == [3, 4, 5, 6]
    doubtful = read(text("交易日期,收/支,代码,金额,对方户名", "2016-06-01,收,1,234,567.89,张三,多,出,来"))
    assert [reason for _, reason in reasons(doubtful)] == [REASONS["cells"][0]]
    assert reasons(doubtful)[0][0] == 3
    assert doubtful.quarantine["text"][0] == "2016-06-01,收,1,234,567.89,张三,多,出,来"


def test_rows_above_the_header_that_read_like_transactions_are_kept_aside() -> None:
    row = "2016-06-01,1.00,,99.00,张三"
    result = read(text("说明,x", row, "日期,借方,贷方,余额,对方户名", row))
    assert reasons(result) == [(3, REASONS["above"][0])]
    assert (result.rows_accepted, result.rows_ignored) == (1, 3)
    summary = read(text("打印日期,2016-07-05,总笔数,1", "日期,借方,贷方,余额,对方户名", row))
    assert summary.rows_quarantined == 0


@pytest.mark.parametrize("minus", ["–", "—", "‐", "−", "－"])
def test_any_dash_before_an_amount_is_a_minus(minus: str) -> None:
    rows = [f"2016-06-01,{minus}1.00,张三", "2016-06-02,2.00,李四"]
    assert [each[:2] for each in brief(text("日期,金额,对方户名", *rows))] == [("out", 100), ("in", 200)]


@pytest.mark.parametrize(
    ("times", "wanted"),
    [
        (("930", "1415", "1705"), ["09:30:00", "14:15:00", "17:05:00"]),
        (("0030", "0031"), ["00:30:00", "00:31:00"]),
        (("326", "447", "512"), ["00:03:26", "00:04:47", "00:05:12"]),
        (("930", "141500"), ["00:09:30", "14:15:00"]),
        (("93005.0", "141500.0"), ["09:30:05", "14:15:00"]),
    ],
)
def test_times_without_marks(times: tuple[str, ...], wanted: list[str]) -> None:
    rows = [f"20160601.0,{time},1.00,张三" for time in times]
    got = moves(read(text("交易日期,交易时间,金额,对方户名", *rows)))
    assert [each[0] for each in got] == [f"2016-06-01 {each}" for each in wanted]


def test_hour_minute_and_second_in_columns_of_their_own() -> None:
    got = moves(read(text("交易日期,时,分,秒,金额,对方户名", "2016-06-01,9,5,7,1.00,张三")))
    assert got == [("2016-06-01 09:05:07", "in", 100)]


@pytest.mark.parametrize("heading", ["卡号：{} 账号：{}", "卡号,{},账号,{}", "卡号：{}\n账号：{}"])
def test_an_account_named_beside_its_card_is_the_account(heading: str) -> None:
    got = lines(read(heading.format(OTHER, OWN) + "\n日期,借方,贷方,对方户名\n2016-06-01,1.00,,张三\n"))
    assert [each["account_no"] for each in got] == [OWN]


def test_marks_for_the_same_day_again() -> None:
    rows = ["2016-06-01,1.00,,99.00,张三", "〃,2.00,,97.00,张三", "同上,1.00,,96.00,张三"]
    assert [each[0][:10] for each in moves(read(text("日期,借方,贷方,余额,对方户名", *rows)))] == [
        "2016-06-01"
    ] * 3


def test_what_is_still_pending_is_no_transaction() -> None:
    rows = ["2016-06-01,1.00,,张三,成功", "2016-06-02,2.00,,张三,处理中"]
    assert len(lines(read(text("日期,借方,贷方,对方户名,交易状态", *rows)))) == 1


def test_numbers_among_the_texts_of_a_column_of_accounts_are_found_out() -> None:
    pandas_like = 6270942011958424321
    rows: list[list[object]] = [["账号", OWN], ["日期", "收入", "对方账号", "对方户名"]]
    rows += [["2016-06-01", 1, f"62{i:016d}7", "张三"] for i in range(1_000_003, 1_000_023)]
    rows += [["2016-06-01", 1, pandas_like + i * 4096, "李四"] for i in range(6)]
    result = read(book(rows), "a.xlsx")
    assert [each["counterparty_account"] for each in lines(result)][-6:] == [None] * 6
    assert lines(result)[0]["counterparty_account"] == "6200000000010000037"
    assert any("powers of ten" in each for each in result.warnings)


def test_a_mail_is_said_to_be_one() -> None:
    mail = "Received: from a by b\r\n\tfor c\r\nFrom: a@b.cn\r\nSubject: =?utf-8?B?5piO57uG?=\r\nMIME-Version: 1.0\r\n\r\n账号,日期\r\n"
    assert "e-mail" in (read(mail, "a.eml").problem or "")
    assert "e-mail" in (read("MIME-Version: 1.0\nFrom: a\n\n", "a.eml").problem or "")


@pytest.mark.parametrize("number", ["051152261290", "62000000000000017", "6200000000000000025"])
def test_a_heading_between_tables_does_not_change_how_times_are_read(number: str) -> None:
    head = ["交易日期,交易时间,金额,对方户名", "2016-06-01,93005,1.00,张三"]
    period = ["查询起止日期:,20160601-20160630", "打印时间,2016-07-05"]
    first = [f"客户账号:,{OWN}", *period, *head]
    second = [f"客户账号:,{number}", "客户名称:,乙公司", *period, *head]
    result = read("\n".join([*first, *second, ""]))
    assert [each[0] for each in moves(result)] == ["2016-06-01 09:30:05"] * 2
    assert [each["account_no"] for each in lines(result)] == [OWN, number]
    assert result.rows_quarantined == 0


@pytest.mark.parametrize(
    "written",
    [
        "01-Jun-2016 10:11:12",
        "1 June 2016 10:11:12",
        "Jun 01, 2016 10:11:12",
        "June 1st, 2016 10:11:12 AM",
        "Wednesday, June 1, 2016 10:11:12",
        "01JUN2016 10:11:12",
    ],
)
def test_days_with_english_months_and_a_time_behind(written: str) -> None:
    assert moves(read(text("交易时间|金额|对方户名", f"{written}|1.00|张三"))) == [
        ("2016-06-01 10:11:12", "in", 100)
    ]


def test_of_two_accounts_of_one_name_the_second_is_the_other_sides() -> None:
    rows = [f"{OWN},甲公司,2016-06-01,1.00,,99.00,{OTHER},张三", f"{OWN},甲公司,2016-06-02,1.00,,98.00,,"]
    got = lines(read("\n".join(["账号,户名,交易日期,支出,收入,余额,账号,户名", *rows, ""])))
    assert [(each["account_no"], each["holder_name"]) for each in got] == [(OWN, "甲公司")] * 2
    assert [(each["counterparty_account"], each["counterparty_name"]) for each in got] == [
        (OTHER, "张三"),
        (None, None),
    ]


def test_a_balance_carried_on_in_the_column_of_amounts_is_no_transaction() -> None:
    rows = [
        "2016-06-01,承前余额,,88.00,88.00,",
        "2016-06-01,货款,8.00,,80.00,张三",
        "2016-06-02,货款,,80.00,80.00,李四",
    ]
    assert [each[:2] for each in brief(text("日期,摘要,支出,收入,余额,对方户名", *rows))] == [
        ("out", 800),
        ("in", 8_000),
    ]


def test_names_spelled_by_the_first_letters_of_their_sounds() -> None:
    row = f"{OWN},20160601,101112,借,1.00,99.00,{OTHER},张三,货款"
    got = lines(read(f"ZH,JYRQ,JYSJ,JDBZ,JYJE,YE,DFZH,DFHM,ZY\n{row}\n"))
    assert [(each["direction"], each["counterparty_account"], each["remark"]) for each in got] == [
        ("out", OTHER, "货款")
    ]
    english = row.replace("借,1.00", "1.00,")
    got = lines(
        read(
            f"ACCOUNT_NO,BOOK_DATE,BOOK_TIME,DEBIT_AMT,CREDIT_AMT,BALANCE,CP_ACCOUNT,CP_NAME,SUMMARY\n{english}\n"
        )
    )
    assert [(each["counterparty_account"], each["counterparty_name"]) for each in got] == [(OTHER, "张三")]
