"""Printouts: columns by position alone, and never a cell under the wrong name."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.steps.formats.made import OTHER, OWN, lines, moves, read

NAMES = ("交易时间", "摘要", "借方发生额", "贷方发生额", "余额", "对方账号", "对方户名")
WIDTHS = (20, 10, 16, 16, 16, 22, 20)
AMOUNTS = (2, 3, 4)
ROWS = [
    ("2016-06-01 10:11:12", "货款", "1,000.00", "", "9,000.00", OTHER, "张三"),
    ("2016-06-02 00:00:01", "结息", "", "0.50", "9,000.50", "", ""),
    ("2016-06-03 23:59:59", "", "", "12,345.00", "21,345.50", OTHER, "沈阳金泰科技有限公司"),
]


def places(text: str, wide: bool) -> int:
    return sum(2 if wide and ord(each) > 0x2000 else 1 for each in text)


def laid(cells: Sequence[str], right: Sequence[int], wide: bool, gap: int) -> str:
    out = []
    for i, (cell, width) in enumerate(zip(cells, WIDTHS, strict=True)):
        fill = " " * (width - places(cell, wide))
        out.append(fill + cell if i in right else cell + fill)
    return (" " * gap).join(out).rstrip()


def page(
    rows: Sequence[Sequence[str]] = ROWS,
    right: Sequence[int] = AMOUNTS,
    head: Sequence[int] = (),
    wide: bool = True,
    gap: int = 2,
    every: int = 0,
) -> str:
    top = [f"账号：{OWN}      户名：甲公司", laid(NAMES, head, wide, gap), "-" * 120]
    out = list(top)
    for i, row in enumerate(rows):
        if every and i and i % every == 0:
            out += ["", *top]
        out.append(laid(row, right, wide, gap))
    return "\r\n".join(
        [
            *out,
            "-" * 120,
            "借方合计：1,000.00   贷方合计：12,345.50",
            "打印时间：2016-07-05 10:00:00   柜员：0012",
            "",
        ]
    )


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
@pytest.mark.parametrize("right", [AMOUNTS, ()])
@pytest.mark.parametrize("head", [AMOUNTS, ()])
@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("every", [0, 2])
def test_a_printout_is_read_by_the_places_of_its_columns(
    encoding: str, right: Sequence[int], head: Sequence[int], wide: bool, every: int
) -> None:
    result = read(page(right=right, head=head, wide=wide, every=every), "a.txt", encoding)
    assert result.format == "bank-printout"
    assert moves(result) == [
        ("2016-06-01 10:11:12", "out", 100_000), ("2016-06-02 00:00:01", "in", 50), ("2016-06-03 23:59:59", "in", 1_234_500)
    ]  # fmt: skip
    assert [each["balance_after_fen"] for each in lines(result)] == [900_000, 900_050, 2_134_550]
    assert [each["counterparty_account"] for each in lines(result)] == [OTHER, None, OTHER]
    assert [each["counterparty_name"] for each in lines(result)] == ["张三", None, "沈阳金泰科技有限公司"]
    assert {each["account_no"] for each in lines(result)} == {OWN}
    assert (result.rows_quarantined, result.problem) == (0, None)
    assert lines(result)[0]["source_record"] == 4


def test_a_row_that_writes_across_its_columns_leaves_a_doubt() -> None:
    over = ("2016-06-04 10:00:00", "很长很长的一段摘要", "1,000.00", "", "20,345.50", OTHER, "张三")
    text = page([*ROWS]).replace("打印时间", laid(over, AMOUNTS, True, 1) + "\r\n打印时间")
    result = read(text, "a.txt", "gb18030")
    assert result.rows_accepted == 0
    assert "printout" in (result.problem or "")


def test_what_cannot_be_read_of_a_printout_is_kept_as_it_stood() -> None:
    bad = ("2016-06-31 10:00:00", "货款", "1,000.00", "", "20,345.50", OTHER, "张三")
    rows = [*ROWS, *ROWS, bad]
    result = read(page(rows), "a.txt", "gb18030")
    assert (result.rows_accepted, result.rows_quarantined) == (6, 1)
    assert result.quarantine["text"][0] == laid(bad, AMOUNTS, True, 2)


def test_tables_drawn_with_lines_and_cells_parted_by_blanks() -> None:
    names = "│ 日期     │ 支出   │ 收入 │ 对方户名 │"
    drawn = f"账号：{OWN}\n┌──────────┬────────┬──────┬──────────┐\n{names}\n├──────────┼────────┼──────┼──────────┤\n│ 20160601 │ 1.00   │      │ 张三     │\n└──────────┴────────┴──────┴──────────┘\n"
    assert moves(read(drawn)) == [("2016-06-01 00:00:00", "out", 100)]
    blanks = f"账号：{OWN}\n日期   支出   收入   对方户名\n20160601   1.00   -   张三\n20160602   -   12,345.00   李四有限公司\n"
    assert moves(read(blanks)) == [
        ("2016-06-01 00:00:00", "out", 100),
        ("2016-06-02 00:00:00", "in", 1_234_500),
    ]
