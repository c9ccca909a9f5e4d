"""Tables as offices and old programs make them: totals with a date, groups of names, tables side by side."""

from __future__ import annotations

import codecs
import io
import zipfile

import pytest

from flows.steps.formats import ReadOptions, Source, read_statement
from flows.steps.formats._side_by_side import SIDE_BY_SIDE
from tests.steps.formats.made import OTHER, OWN, book, lines, moves, read, reasons

SECOND = "6200000000000000033"


def text(*rows: str) -> str:
    return "\n".join([f"账号：{OWN}", *rows, ""])


def brief(rows: list[dict[str, object]]) -> list[tuple[object, ...]]:
    return [(each["direction"], each["amount_fen"], each["balance_after_fen"]) for each in rows]


def test_totals_with_a_date_are_no_transactions() -> None:
    result = read(
        text(
            "日期,摘要,借方,贷方,余额,对方户名",
            "2016-06-01,期初余额,,,1000.00,",
            "2016-06-02,货款,100.00,,900.00,张三",
            "2016-06-02,本日合计,100.00,0.00,900.00,",
            "2016-06-30,本月合计,100.00,0.00,900.00,",
            "2016-06-30,本年累计,0.00,100.00,900.00,",
            "2016-06-30,过次页,,,900.00,",
            "2016年6月合计,,100.00,0.00,900.00,",
            "2016-07-01,小计,,5.00,905.00,李四",
        )
    )
    assert brief(lines(result)) == [("out", 10_000, 90_000), ("in", 500, 90_500)]  # the last has another side
    assert result.rows_quarantined == 0


@pytest.mark.parametrize("name", ["余额方向", "方向"])
def test_a_balance_on_the_debit_side_is_an_overdraft(name: str) -> None:
    head = f"日期,摘要,借方金额,贷方金额,{name},余额,对方户名"
    overdrawn = ["2016-06-01,付,100.00,,贷,900.00,张三", "2016-06-02,付,1000.00,,借,100.00,李四", "2016-06-03,收,,300.00,贷,200.00,王五"]  # fmt: skip
    assert [each[2] for each in brief(lines(read(text(head, *overdrawn))))] == [90_000, -10_000, 20_000]


def test_a_flag_beside_two_columns_is_the_transactions_own() -> None:
    head = "日期,借/贷,借方发生额,贷方发生额,余额,对方户名"
    rows = ["2016-06-01,借,100.00,0.00,900.00,张三", "2016-06-02,贷,0.00,50.00,950.00,李四"]
    assert [each[2] for each in brief(lines(read(text(head, *rows))))] == [90_000, 95_000]
    assert [each[2] for each in brief(lines(read(text(head, rows[0]))))] == [90_000]


def test_the_holders_own_books_call_money_in_hand_a_debit() -> None:
    head = "日期,摘要,收入,支出,余额方向,余额,对方户名"
    rows = ["2016-06-01,收,100.00,,借,900.00,张三", "2016-06-02,付,,10.00,借,890.00,李四", "2016-06-03,付,,890.00,平,0.00,王五", "2016-06-04,收,5.00,,借,5.00,王五", "2016-06-05,付,,6.00,贷,1.00,王五"]  # fmt: skip
    assert [each[2] for each in brief(lines(read(text(head, *rows))))][:4] == [90_000, 89_000, 0, 500]


def test_midnight_at_the_end_of_a_day_belongs_to_that_day() -> None:
    rows = ["2016-06-01 24:00:00,1.00,,张三", "20160602240000,2.00,,张三", "2016-06-03 09:00:00,3.00,,张三"]
    got = lines(read(text("交易时间,借方,贷方,对方户名", *rows)))
    assert [(each["booked_at"].day, each["has_time"]) for each in got] == [(1, False), (2, False), (3, True)]


def test_card_numbers_in_groups_lose_their_dashes_and_sub_accounts_keep_theirs() -> None:
    rows = ["日期,账号,借方,贷方,对方户名"]
    rows += [f"2016-06-01,{number},1.00,,张三" for number in ("6200-0000-0000-0000-017", f"{OWN}-00001")]
    got = lines(read("\n".join(rows) + "\n"))
    assert [each["account_no"] for each in got] == [OWN, f"{OWN}-00001"]


def test_a_utf8_mark_before_gb18030_is_no_utf8() -> None:
    body = text("日期,借方,贷方,对方户名,摘要", "2016-06-01,1.00,,张三有限公司,货款")
    got = lines(read(codecs.BOM_UTF8 + body.encode("gb18030")))
    assert [(each["account_no"], each["counterparty_name"]) for each in got] == [(OWN, "张三有限公司")]


def test_lines_that_end_with_cr_below_a_head_that_ends_with_lf() -> None:
    head = f"账号：{OWN}\r\n日期,借方,贷方,对方户名\r\n"
    rows = [f"2016-06-0{day},{day}.00,,张三" for day in range(1, 6)]
    assert [each[2] for each in moves(read(head + "\r".join(rows)))] == [100, 200, 300, 400, 500]


@pytest.mark.parametrize("gap", ["", ",,,,,\n"])
def test_a_row_of_groups_above_the_names_says_whose_they_are(gap: str) -> None:
    rows = [f"20160601,100.00,,900.00,{OTHER},张三", f"20160602,,50.00,950.00,{SECOND},李四"]
    groups = f"交易,发生额,,账户,对方信息,\n{gap}日期,借方,贷方,余额,账号,户名"
    got = lines(read(text(groups, *rows)))
    assert [each["account_no"] for each in got] == [OWN, OWN]
    assert [each["counterparty_account"] for each in got] == [OTHER, SECOND]
    assert [each["counterparty_name"] for each in got] == ["张三", "李四"]


def test_a_second_table_of_another_layout_is_held_against_its_cells_too() -> None:
    result = read(
        text(
            "交易日期,借方,贷方,余额,对方户名",
            "20160601,100.00,,900.00,张三",
            "",
            f"账号：{SECOND}",
            "记账日期,交易类型,交易金额,账户余额,对方名称,摘要",
            "2016-06-05,支出,10.00,90.00,李四,x",
            "2016-06-06,收入,20.00,110.00,王五,y",
        )
    )
    assert [each["account_no"] for each in lines(result)] == [OWN, SECOND, SECOND]
    assert [each["direction"] for each in lines(result)] == ["out", "out", "in"]


def test_a_lone_minus_among_the_debits_is_told_by_the_balances() -> None:
    head = "日期,借方,贷方,余额,对方户名"
    habit = ["20160601,,50.00,1050.00,张三", "20160602,-100.00,,950.00,李四", "20160603,,1.00,951.00,李四"]
    reversal = ["20160601,,50.00,1050.00,张三", "20160602,-100.00,,1150.00,李四"]
    assert [each[0] for each in brief(lines(read(text(head, *habit))))] == ["in", "out", "in"]
    assert [each[0] for each in brief(lines(read(text(head, *reversal))))] == ["in", "in"]


def test_brackets_round_most_that_is_paid_are_a_habit() -> None:
    head = "交易日期,收入/支出,金额,对方户名"
    rows = ["20160601,支出,（18.00）,张三", "20160601,支出,（5.00）,张三", "20160602,收入,12.00,李四", "20160603,支出,9.00,张三"]  # fmt: skip
    assert [each[0] for each in brief(lines(read(text(head, *rows))))] == ["out", "out", "in", "out"]


def test_a_few_amounts_without_sign_are_no_income_where_their_type_is_a_purchase() -> None:
    head = "交易日期,交易类型,交易金额,对方户名"
    result = read(text(head, "20160601,消费,35.00,张三", "20160602,充值,88.00,李四"))
    assert result.rows_accepted == 0
    assert all("no sign" in reason for _, reason in reasons(result))


def test_one_column_with_a_decimal_comma_tells_for_all() -> None:
    rows = ["20160601;100,00;;1.900,00;张三", "20160602;;50,00;1.950,00;李四"]
    result = read(text("日期;借方;贷方;余额;对方户名", *rows))
    assert brief(lines(result)) == [("out", 10_000, 190_000), ("in", 5_000, 195_000)]


def test_what_was_paid_goes_before_what_was_ordered() -> None:
    head = "交易时间,收/支,订单金额,实付金额,对方户名"
    assert brief(lines(read(text(head, "2016-06-01,支出,¥22.30,¥21.17,张三"))))[0][1] == 2_117


def test_tables_side_by_side_in_a_sheet_are_read_each_by_itself() -> None:
    head = ["日期", "借方", "贷方", "余额", "对方户名"]
    rows = [
        [f"账号：{OWN}", "", "", "", "", "", f"账号：{SECOND}"],
        [*head, "", *head],
        ["2016-06-01", "100.00", "", "900.00", "张三", "", "2016-06-02", "", "7.00", "17.00", "李四"],
        ["2016-06-03", "1.00", "", "899.00", "张三"],
    ]
    result = read_statement(Source.of_bytes("a.xlsx", book(rows)), ReadOptions())
    got = [(each["account_no"], each["amount_fen"], each["source_record"]) for each in lines(result)]
    assert got == [(OWN, 10_000, 3), (OWN, 100, 4), (SECOND, 700, 3)]
    assert result.rows_read == result.rows_accepted + result.rows_ignored
    flat = "\n".join(",".join([*row, *[""] * (11 - len(row))]) for row in rows) + "\n"
    assert read(flat).problem == SIDE_BY_SIDE


def test_an_opendocument_sheet_is_read_like_a_workbook() -> None:
    names = "xmlns:office='urn:oasis:names:tc:opendocument:xmlns:office:1.0' xmlns:table='urn:oasis:names:tc:opendocument:xmlns:table:1.0' xmlns:text='urn:oasis:names:tc:opendocument:xmlns:text:1.0'"
    rows = [[f"账号：{OWN}"], ["日期", "借方", "贷方", "对方户名"], ["2016-06-01", "1.00", "", "张三"]]
    cells = "".join(
        "<table:table-row>"
        + "".join(
            f"<table:table-cell office:value-type='string'><text:p>{cell}</text:p></table:table-cell>"
            for cell in row
        )
        + "</table:table-row>"
        for row in rows
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "content.xml",
            f"<office:document-content {names}><office:body><office:spreadsheet><table:table table:name='S'>{cells}"
            "</table:table></office:spreadsheet></office:body></office:document-content>",
        )
        archive.writestr(
            "META-INF/manifest.xml",
            "<m:manifest xmlns:m='urn:oasis:names:tc:opendocument:xmlns:manifest:1.0'/>",
        )
    assert moves(read(packed.getvalue(), "a.ods")) == [("2016-06-01 00:00:00", "out", 100)]


@pytest.mark.parametrize(
    ("codes", "failed"),
    [("11101", 1), ("00010", 1), ("00000", 0), (("00", "00", "01", "00", "成功"), 1), (("0000", "成功"), 0)],
)
def test_of_numeric_states_the_commonest_is_success(codes: tuple[str, ...], failed: int) -> None:
    rows = [f"{OWN},2016060110111{i},1.00,{90 + i}.00,进,张三,{code}" for i, code in enumerate(codes)]
    result = read(
        "\n".join(["交易账号,交易时间,交易金额,交易余额,收付标志,对手户名,交易是否成功", *rows, ""])
    )
    assert result.rows_accepted == len(codes) - failed
    assert result.rows_ignored == 1 + failed
    assert any("failed transactions" in each for each in result.warnings) == bool(failed)


def test_a_card_beside_an_empty_or_short_account_names_the_account() -> None:
    head = "交易卡号,交易账号,交易时间,交易金额,收付标志,交易对方账号,交易对方卡号,交易对方名称"
    rows = [
        f"{OWN},,20160601101112,1.00,进,{OTHER},,张三",
        f"{OWN},1001,20160601101113,1.00,进,,{SECOND},李四",
    ]
    got = lines(read("\n".join([head, *rows, ""])))
    assert [each["account_no"] for each in got] == [OWN, OWN]
    assert [each["counterparty_account"] for each in got] == [OTHER, SECOND]


def test_a_foot_of_totals_with_their_names_is_no_transaction() -> None:
    foot = "总收入笔数：1,总收入金额：50.00,总支出笔数：0,总支出金额：0.00"
    result = read(
        text("交易时间,收入金额,支出金额,账户余额,对方户名", "20160601101112,50.00,--,900.00,张三", foot)
    )
    assert (result.rows_accepted, result.rows_quarantined) == (1, 0)


def test_companions_of_an_enquiry_are_no_statements() -> None:
    frozen = "银行名称,账号,冻结措施类型,冻结金额,冻结机关,冻结开始日期,冻结截止日期"
    accounts = "账户开户名称,交易卡号,交易账号,账号开户时间,账户余额,可用余额,币种,账户状态,最后交易时间"
    for head, row in (
        (frozen, f"某行,{OWN},冻结,1.00,某院,20160601,20161201"),
        (accounts, f"甲,{OWN},{OWN},20100101,1.00,1.00,CNY,正常,20160601"),
    ):
        result = read(f"{head}\n{row}\n")
        assert result.rows_accepted == 0
        assert result.problem is not None


@pytest.mark.parametrize(
    ("said", "accepted"),
    [
        ("人民币（本位币）", 1),
        ("CNY（人民币）", 1),
        ("人民币元/CNY", 1),
        ("人民币/美元", 0),
        ("港币", 0),
        ("cnyx", 0),
    ],
)
def test_a_currency_as_banks_write_it(said: str, accepted: int) -> None:
    above = read(f"账号：{OWN},币种：{said}\n日期,借方,贷方,对方户名\n2016-06-01,1.00,,张三\n")
    beside = read(text("日期,借方,贷方,对方户名,币种", f"2016-06-01,1.00,,张三,{said}"))
    assert (above.rows_accepted, beside.rows_accepted) == (accepted, accepted)


@pytest.mark.parametrize(
    "day", ["2016-06-02(周四)", "2016年6月2日 星期四", "2 June 2016", "June 2, 2016", "2016-06-02 00:00:00"]
)
def test_days_with_their_names(day: str) -> None:
    result = read(text("日期|借方|贷方|对方户名", f"{day}|1.00||张三"))
    assert moves(result) == [("2016-06-02 00:00:00", "out", 100)]


def test_a_number_of_a_spreadsheet_is_as_exact_as_it_was_typed() -> None:
    rows = [[f"账号：{OWN}"], ["日期", "借方", "贷方", "余额", "对方户名"], ["2016-06-01", 123456789012.34, "", 1234567890123.45, "张三"]]  # fmt: skip
    assert brief(lines(read(book(rows), "a.xlsx"))) == [("out", 12_345_678_901_234, 123_456_789_012_345)]


def test_a_small_table_of_what_was_asked_names_the_account() -> None:
    asked = f"账号,开始日期,结束日期,最小金额,最大金额\n{OWN},20160101,20160630,0,99999\n"
    result = read(f"查询条件\n{asked}\n日期,借方,贷方,对方户名\n2016-06-01,1.00,,张三\n")
    assert [each["account_no"] for each in lines(result)] == [OWN]
