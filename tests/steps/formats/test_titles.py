"""What stands above a table, in the ways banks write it."""

from __future__ import annotations

import pytest

from flows.steps.formats._aliases import load_aliases
from flows.steps.formats._titles import read_titles, titles_below, worth_in
from tests.steps.formats.made import OTHER, OWN, lines, read

HEAD = "日期,借方金额,贷方金额,余额,对方户名,对方账号"
ROWS = [f"2016-06-20,5.00,,95.00,乙公司,{OTHER}", f"2016-06-21,,7.00,102.00,乙公司,{OTHER}"]


@pytest.mark.parametrize(
    "above",
    [
        f"账号：{OWN}\n户名：甲（盘锦）公司",
        f"账　　号,{OWN},户　名,甲（盘锦）公司",
        f"账号：{OWN}  户名：甲（盘锦）公司  币种：人民币",
        f"户名 甲（盘锦）公司 账号 {OWN}",
        f"【账号】{OWN}\n【户名】甲（盘锦）公司",
        f"账号=[{OWN}],户名=[甲（盘锦）公司]",
        f"账户名称:甲（盘锦）公司；账号:{OWN}；开户行:某某支行",
        f"账号（Account No.）：{OWN}\n户名（Account Name）：甲（盘锦）公司",
        f"Account No./账号: {OWN}\nAccount Name/户名: 甲（盘锦）公司",
        f"查询条件\n账号：{OWN}|币种：人民币|起始日期：2016-06-01\n账户户名：甲（盘锦）公司",
        f"一般账户：{OWN}\n存款人名称：甲（盘锦）公司",
        f"账号,户名,币种,期初余额\n{OWN},甲（盘锦）公司,人民币,100.00",
        f"# 账    号: [{OWN} 盘锦分行 甲某 ]\n# 户    名: [甲（盘锦）公司]",
        f"账号：{OWN[:4]} {OWN[4:8]} {OWN[8:12]} {OWN[12:]}\n户名：甲（盘锦）公司",
    ],
)
def test_account_and_holder_are_found_however_they_are_written(above: str) -> None:
    got = lines(read("\n".join([above, HEAD, *ROWS]) + "\n"))
    assert [each["direction"] for each in got] == ["out", "in"]
    assert {each["account_no"] for each in got} == {OWN}
    assert {each["holder_name"] for each in got} == {"甲（盘锦）公司"}


def test_a_small_table_between_two_large_ones_names_the_next_account() -> None:
    names = "账号,户名,币种,期初余额"
    second = "6200000000000000033"
    text = [
        names,
        f"{OWN},甲公司,人民币,100.00",
        HEAD,
        *ROWS,
        names,
        f"{second},丙公司,人民币,100.00",
        HEAD,
        *ROWS,
    ]
    got = lines(read("\n".join(text) + "\n"))
    assert [(each["account_no"], each["holder_name"]) for each in got] == [
        (OWN, "甲公司"), (OWN, "甲公司"), (second, "丙公司"), (second, "丙公司")
    ]  # fmt: skip


def test_the_accounts_of_others_are_not_the_own_one() -> None:
    aliases = load_aliases()
    for key in ("对方账号", "收款账号", "经办柜员账号", "手续费账户"):
        assert "account" not in read_titles((f"{key}：{OTHER}",), aliases)
    assert titles_below(("日期", "账号"), ("合计", "5.00"), aliases) == {}


@pytest.mark.parametrize(
    ("row", "worth"),
    [
        ("单位：万元", 1_000_000),
        ("（金额单位：人民币元）", 100),
        ("单位:分", 1),
        ("单位：盘锦某某公司", None),
    ],
)
def test_a_unit_above_the_table(row: str, worth: int | None) -> None:
    assert worth_in((row,)) == worth


def test_a_unit_above_the_table_holds_for_columns_that_name_none() -> None:
    text = f"账号：{OWN}\n单位：万元\n日期,支出,收入,余额（元）,对方户名\n20160620,1.5,,95.00,乙\n"
    got = lines(read(text))[0]
    assert (got["amount_fen"], got["balance_after_fen"]) == (1_500_000, 9_500)


@pytest.mark.parametrize(
    "above",
    [
        f"账　　号：,{OWN},户　　名：,甲公司,币种：,人民币\n起始日期：20160104,,截止日期：20160127\n总笔数：,23,借方总额：,398.00",
        f"账号,{OWN},户名,甲公司\n20160104,20160127,23,398730.28",
        f"账号：{OWN},户名：甲公司\n20160104093000,398730.28",
    ],
)
def test_dates_counts_and_amounts_below_a_title_are_no_account(above: str) -> None:
    got = lines(read("\n".join([above, HEAD, *ROWS]) + "\n"))
    assert {each["account_no"] for each in got} == {OWN}


def test_a_row_of_names_takes_no_date_for_an_account() -> None:
    aliases = load_aliases()
    assert titles_below(("账号", "户名"), ("20160104", "甲公司"), aliases) == {}
    assert titles_below(("账号：", "户名："), (OWN, "甲公司"), aliases) == {}
    assert titles_below(("账号", "户名"), (OWN, "甲公司"), aliases) == {"account": OWN, "holder": "甲公司"}
    assert "account" not in read_titles(("账号：", "起始日期：20160104"), aliases)
