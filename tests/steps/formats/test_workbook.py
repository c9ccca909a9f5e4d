from __future__ import annotations

import datetime as dt

import polars as pl

from flows.steps.formats import Source
from flows.steps.formats._lost_digits import mark_lost_digits
from tests.steps.formats.made import OTHER, OWN, book, lines, moves, read, reasons


def test_cells_of_every_type() -> None:
    rows = [
        ["某银行对账单"],
        ["账号：", OWN],
        [],
        ["日期", "时间", "收付标志", "金额", "余额", "对方账号", "对方户名"],
        [dt.datetime(2016, 6, 20), "10:20:30", "收", 0.1 + 0.2, 100.3, OTHER, "张三"],
        [dt.datetime(2016, 6, 21), 0.4375, "付", "1,000.00", "-899.70", 903093582066, "李四"],
    ]
    result = read(book(rows), "a.xlsx")
    assert moves(result) == [("2016-06-20 10:20:30", "in", 30), ("2016-06-21 10:30:00", "out", 100_000)]
    assert [each["source_record"] for each in lines(result)] == [5, 6]
    assert [each["counterparty_account"] for each in lines(result)] == [OTHER, "903093582066"]
    assert {each["account_no"] for each in lines(result)} == {OWN}


def test_sheets_are_numbered_through_and_a_sheet_of_notes_is_ignored() -> None:
    head = ["账号", "日期", "金额", "对方户名"]
    first = [head, [OWN, "2016-06-20", "1.00", "张三"], [OWN, "2016-06-20", "x", "张三"]]
    third = [head, ["6200000000000000033", "2016-06-21", "-2.00", "李四"]]
    result = read(book(first, [["1. 说明"], ["2. 说明"]], third), "a.xlsx")
    assert [(each["account_no"], each["source_record"]) for each in lines(result)] == [
        (OWN, 2),
        ("6200000000000000033", 7),
    ]
    assert reasons(result)[0][0] == 3
    assert result.rows_ignored == 4
    assert any("S2" in each for each in result.warnings)


def test_account_numbers_kept_as_numbers_are_refused_because_their_digits_are_lost() -> None:
    head = ["账号", "日期", "金额", "对方户名", "对方账号"]
    rows = [
        head,
        [6222021234567890123, "2016-06-20", "1.00", "张三", OTHER],
        [OWN, "2016-06-20", "1.00", "张三", OTHER],
    ]
    result = read(book(rows), "a.xlsx")
    assert "power of ten" in dict(reasons(result))[2]
    assert [each["account_no"] for each in lines(result)] == [OWN]
    counterparty = [head, [OWN, "2016-06-20", "1.00", "张三", 6222021234567890123]]
    result = read(book(counterparty), "b.xlsx")
    assert lines(result)[0]["counterparty_account"] is None
    assert any("counterparty accounts" in each for each in result.warnings)


def test_long_account_numbers_as_text_stay_whole() -> None:
    head = ["账号", "日期", "金额", "对方户名", "对方账号"]
    text = "6222021234567889920"  # as text, though a float could hold it
    result = read(book([head, [text, "2016-06-20", "1.00", "张三", OTHER]]), "a.xlsx")
    assert lines(result)[0]["account_no"] == text


def test_a_workbook_without_a_statement_says_so() -> None:
    result = read(book([["工作计划"], ["第一条", "第二条"]]), "a.xlsx")
    assert result.problem is not None
    assert "header row" in result.problem


def test_old_workbooks_are_asked_cell_by_cell_what_is_a_number() -> None:
    number = str(int(float(6222848206842684160)))
    cells = pl.DataFrame({"record": [2, 3], "cells": [1, 1], "c0": [number, number]})
    old = Source.of_bytes("a.xls", b"\xd0\xcf\x11\xe0")
    assert mark_lost_digits(cells, [0], old, 0, lambda *_: False)["c0"].to_list() == [number, number]
    assert mark_lost_digits(cells, [0], old, 0, lambda *_: True)["c0"].to_list() == ["6.22285E+18"] * 2
