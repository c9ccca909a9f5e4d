"""HTML tables and XML workbooks under a workbook's name."""

from __future__ import annotations

import pytest

from flows.steps.formats import Source
from flows.steps.registers import read_register
from tests.steps.formats.made import OTHER, OWN, book, lines, moves, read

HEAD = ["交易时间", "借方发生额", "贷方发生额", "余额", "对方账号", "对方户名"]
ROWS = [
    ["2016-06-20 10:00:00", "5.00", "", "95.00", OTHER, "甲&乙公司"],
    ["2016-06-21 11:00:00", "", "1,007.00", "1,102.00", OTHER, "甲&乙公司"],
]
WANTED = [("2016-06-20 10:00:00", "out", 500), ("2016-06-21 11:00:00", "in", 100_700)]


def _cell(text: str, tag: str = "td") -> str:
    return f"<{tag}>{text.replace('&', '&amp;')}</{tag}>"


def _row(cells: list[str], tag: str = "td") -> str:
    return "<tr>" + "".join(_cell(each, tag) for each in cells) + "</tr>"


def _page(charset: str = "", tag: str = "td", body: str | None = None) -> str:
    meta = f'<meta http-equiv="Content-Type" content="text/html; charset={charset}">' if charset else ""
    rows = body or "".join([_row(HEAD, tag), *map(_row, ROWS)])
    above = f'<tr><td colspan="6">账号：{OWN}</td></tr>'
    return f"<html xmlns:x='urn:x'><head>{meta}<style>td{{}}</style></head><body><table>{above}{rows}</table></body></html>"


@pytest.mark.parametrize(
    ("encoding", "charset"), [("utf-8", "utf-8"), ("gbk", "gb2312"), ("gb18030", ""), ("utf-16", "")]
)
@pytest.mark.parametrize("tag", ["td", "th"])
def test_a_page_called_xls_is_read(encoding: str, charset: str, tag: str) -> None:
    result = read(_page(charset, tag), "明细.xls", encoding)
    assert moves(result) == WANTED
    assert {each["account_no"] for each in lines(result)} == {OWN}
    assert [each["source_record"] for each in lines(result)] == [3, 4]
    assert {each["counterparty_name"] for each in lines(result)} == {"甲&乙公司"}


def test_cells_that_span_rows_and_columns_keep_the_others_in_place() -> None:
    top = "<tr><td rowspan=2>交易时间<td colspan=2>发生额<td rowspan=2>余额<td colspan=2>对方信息</tr>"
    sub = _row(["借方", "贷方", "账号", "户名"])
    result = read(_page(body=top + sub + "".join(map(_row, ROWS))), "a.xls")
    assert moves(result) == WANTED
    assert {each["counterparty_account"] for each in lines(result)} == {OTHER}
    assert {each["account_no"] for each in lines(result)} == {OWN}


def test_a_login_page_is_no_statement() -> None:
    result = read("<html><body><table><tr><td>用户名</td><td>密码</td></tr></table></body></html>", "a.xls")
    assert result.problem is not None
    assert "web page" in result.problem


def _workbook(rows: list[list[str]], numbers: bool = False) -> str:
    def cell(text: str) -> str:
        kind = "Number" if numbers and text.replace(".", "").isdigit() else "String"
        return f'<Cell><Data ss:Type="{kind}">{text.replace("&", "&amp;")}</Data></Cell>'

    body = "".join("<Row>" + "".join(map(cell, row)) + "</Row>" for row in rows)
    return (
        '<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>'
        '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" '
        'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">'
        f'<Worksheet ss:Name="S"><Table>{body}</Table></Worksheet></Workbook>'
    )


def test_a_workbook_written_as_xml_is_read() -> None:
    result = read(_workbook([["账号", OWN], HEAD, *ROWS]), "a.xls")
    assert moves(result) == WANTED
    assert {each["account_no"] for each in lines(result)} == {OWN}


def test_numbers_of_such_a_workbook_lose_their_last_digits_too() -> None:
    result = read(_workbook([["账号", *HEAD], *[[OWN, *row] for row in ROWS]], numbers=True), "a.xls")
    assert result.rows_accepted == 0
    assert "power of ten" in (result.problem or "")


def test_entities_are_refused_unopened() -> None:
    bomb = _workbook([HEAD]).replace("<Workbook", '<!DOCTYPE x [<!ENTITY a "b">]><Workbook', 1)
    assert "document type" in (read(bomb, "a.xls").problem or "")


def test_a_sheet_that_goes_on_without_a_header_and_a_copy_kept_in_another() -> None:
    above = [["账号", OWN], HEAD]
    going_on = read(book([*above, ROWS[0]], [ROWS[1]]), "a.xlsx")
    assert moves(going_on) == WANTED
    copied = read(book([*above, *ROWS], [*above, *ROWS]), "a.xlsx")
    assert moves(copied) == WANTED
    assert any("repeats" in warning for warning in copied.warnings)


def test_a_sheet_without_an_account_takes_it_only_where_the_balances_go_on() -> None:
    above = [["账号", OWN], HEAD]
    assert read(book([*above, ROWS[0]], [HEAD, ROWS[1]]), "a.xlsx").rows_quarantined == 0
    strange = [*ROWS[1][:3], "9.00", *ROWS[1][4:]]
    assert read(book([*above, ROWS[0]], [HEAD, strange]), "a.xlsx").rows_quarantined == 1


def test_a_register_may_be_a_page_or_lie_on_several_sheets() -> None:
    head = ["机构编号", "机构名称", "行业类别", "许可状态"]
    page = f"<html><table>{_row(head)}{_row(['A1', '甲', '支付', '持牌'])}</table></html>"
    sheets = book(
        [head, ["A1", "甲", "支付", "持牌"]], [["机构名称", *head[:1], *head[2:]], ["乙", "A2", "支付", "无"]]
    )
    for name, data, wanted in (
        ("institutions.xls", page.encode(), ["A1"]),
        ("institutions.xlsx", sheets, ["A1", "A2"]),
    ):
        result = read_register(Source.of_bytes(name, data))
        assert result.problem is None
        assert result.rows["institution_id"].to_list() == wanted
        assert result.rows_read == result.rows_accepted + result.rows_ignored
