"""Headers that no table names are told from their parts; lines of a preamble are not."""

from __future__ import annotations

import pytest

from flows.steps.formats import ReadOptions, Source, read_statement
from flows.steps.formats._guess import guess


@pytest.mark.parametrize(
    ("header", "role"),
    [
        ("记账入库时间", "date"),
        ("核算日期", "date"),
        ("成交数额", "amount"),
        ("当前结余", "balance"),
        ("对端客户户名", "cp_name"),
        ("对端客户账号", "cp_account"),
        ("对端开户银行", "cp_bank"),
        ("转出发生额", "debit"),
        ("转入发生额", "credit"),
        ("款项事由", "remark"),
        ("核心流水", "reference"),
    ],
)
def test_parts_say_what_a_column_is(header: str, role: str) -> None:
    assert role in [alias.role for alias in guess(header)]


@pytest.mark.parametrize(
    "text",
    ["起始日期", "打印时间", "借方总额", "期初余额", "盘锦恒通网络科技有限公司", "6217000012345678901"],
)
def test_a_preamble_names_no_column(text: str) -> None:
    assert guess(text) == ()


def test_a_layout_nobody_listed_is_read() -> None:
    rows = [
        "某某村镇银行分户账查询",
        "账号：,401900000000001,户名：,盘锦恒通网络科技有限公司",
        "核算日期,转出发生额,转入发生额,当前结余,对端客户户名,对端客户账号,款项事由",
        "2016-06-01,,100.00,1100.00,张三,6217000012345678901,货款",
        "2016-06-02,40.00,,1060.00,李四,6217000012345678919,退款",
    ]
    result = read_statement(Source.of_bytes("a.csv", "\n".join(rows).encode()), ReadOptions())
    lines = result.lines.collect()
    assert result.problem is None
    assert lines["account_no"].to_list() == ["401900000000001"] * 2
    assert lines["direction"].to_list() == ["in", "out"]
    assert lines["amount_fen"].to_list() == [10_000, 4_000]
    assert lines["balance_after_fen"].to_list() == [110_000, 106_000]
    assert lines["counterparty_name"].to_list() == ["张三", "李四"]
    assert lines["counterparty_account"].to_list() == ["6217000012345678901", "6217000012345678919"]
    assert lines["remark"].to_list() == ["货款", "退款"]


def test_a_time_is_the_date_where_no_other_column_is() -> None:
    rows = ["记账时间,借贷标志,发生额,余额,对方名称,用途", "2016-06-01 09:30:00,贷,100.00,1100.00,张三,货款"]
    result = read_statement(Source.of_bytes("401900000000001.csv", "\n".join(rows).encode()), ReadOptions())
    line = result.lines.collect().row(0, named=True)
    assert str(line["booked_at"]) == "2016-06-01 09:30:00"
    assert line["remark"] == "货款"
