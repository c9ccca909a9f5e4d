"""Which way the money went where no flag says it."""

from __future__ import annotations

import pytest

from tests.steps.formats.made import OTHER, OWN, book, lines, moves, read, reasons

UNSIGNED = (
    "the amounts carry no sign, and neither a column nor the balances say whether the money went in or out"
)


def _file(amounts: list[str], balances: list[str] | None = None, above: str = "") -> str:
    head = "日期,交易金额,对方户名" + (",余额" if balances else "")
    rows = [
        f"2016-06-{10 + i},{each},乙" + (f",{balances[i]}" if balances else "")
        for i, each in enumerate(amounts)
    ]
    return "\n".join([f"账号：{OWN}", *([above] if above else []), head, *rows]) + "\n"


AMOUNTS = ["10.00", "4.00", "9.00", "3.00", "6.00"]
BALANCES = ["110.00", "106.00", "115.00", "112.00", "118.00"]


def test_unsigned_amounts_are_never_taken_for_money_in() -> None:
    result = read(_file(AMOUNTS))
    assert result.rows_accepted == 0
    assert {reason for _, reason in reasons(result)} == {UNSIGNED}


def test_unsigned_amounts_are_told_by_the_balances_in_either_order() -> None:
    ways = ["out", "in", "out", "in"]
    assert [each["direction"] for each in lines(read(_file(AMOUNTS, BALANCES)))] == ways
    newest_first = read(_file(AMOUNTS[::-1], BALANCES[::-1]))
    assert [each["direction"] for each in lines(newest_first)] == ways[::-1]


def test_an_opening_balance_tells_the_oldest_line_too() -> None:
    got = lines(read(_file(AMOUNTS, BALANCES, "期初余额：100.00")))
    assert [each["direction"] for each in got] == ["in", "out", "in", "out", "in"]


@pytest.mark.parametrize("amounts", [["+10.00", *AMOUNTS[1:]], ["-10.00", *AMOUNTS[1:]]])
def test_one_sign_makes_a_signed_column(amounts: list[str]) -> None:
    assert read(_file(amounts)).rows_accepted == 5


def test_a_few_positive_amounts_are_believed_with_a_note() -> None:
    result = read(_file(AMOUNTS[:2]))
    assert [each[1] for each in moves(result)] == ["in", "in"]
    assert any("money in" in warning for warning in result.warnings)


def test_a_column_all_of_minuses_holds_no_reversals() -> None:
    head = f"账号：{OWN}\n日期,收入金额(+元),支出金额(-元),对方账号\n"
    result = read(f"{head}20160620,,-5.00,{OTHER}\n20160621,7.00,,{OTHER}\n20160622,,-1.00,{OTHER}\n")
    assert [each[1:] for each in moves(result)] == [("out", 500), ("in", 700), ("out", 100)]


@pytest.mark.parametrize(
    "flags", ["1-贷|0-借", "C(贷)|D(借)", "【收】|【付】", "+|-", "Haben|Soll", "到账|扣款"]
)
def test_flags_of_several_parts(flags: str) -> None:
    into, out = flags.split("|")
    text = f"账号,日期,标志,金额,收支方向,对方户名\n{OWN},20160620,x,5.00,{into},乙\n{OWN},20160621,x,7.00,{out},乙\n"
    assert [each[1:] for each in moves(read(text))] == [("in", 500), ("out", 700)]


def test_a_header_may_say_what_its_codes_mean() -> None:
    text = (
        f"账号,日期,金额,借贷标志(1-借 2-贷),对方户名\n{OWN},20160620,5.00,2,乙\n{OWN},20160621,7.00,1,乙\n"
    )
    assert [each[1:] for each in moves(read(text))] == [("in", 500), ("out", 700)]


def test_the_account_is_the_one_that_pays_or_is_paid_in_every_row() -> None:
    head = "日期,付款人账号,付款人名称,收款人账号,收款人名称,金额\n"
    rows = [f"2016062{i},{OWN},甲,620000000000000010{i},乙,1.00" for i in range(3)]
    rows.append(f"20160624,{OTHER},丙,{OWN},甲,2.00")
    got = lines(read(head + "\n".join(rows) + "\n"))
    assert {each["account_no"] for each in got} == {OWN}
    assert [each["direction"] for each in got] == ["out", "out", "out", "in"]


def test_a_column_called_account_may_be_the_other_sides() -> None:
    head = f"Konto: {OWN}\nBuchungstag;Auftraggeber/Empfänger;Kontonummer;Verwendungszweck;Betrag;Währung\n"
    rows = [f"2{i}.06.2016;乙;62000000000000010{i};货款;-1.234,5{i};CNY" for i in range(3)]
    got = lines(read(head + "\n".join(rows) + "\n"))
    assert [(each["account_no"], each["amount_fen"]) for each in got] == [
        (OWN, 123_450),
        (OWN, 123_451),
        (OWN, 123_452),
    ]
    assert [each["counterparty_account"] for each in got] == [f"62000000000000010{i}" for i in range(3)]


def test_a_separator_inside_a_text_does_not_move_cells_in_silence() -> None:
    head = "账号,日期,支出,收入,摘要,对方账号,流水号\n"
    rows = [f"{OWN},2016062{i},1.00,,货款,{OTHER},R{i}" for i in range(5)]
    rows[2] = f"{OWN},20160622,1.00,,充值,网银,{OTHER},R2"
    result = read(head + "\n".join(rows) + "\n")
    assert result.rows_accepted == 4
    assert [record for record, _ in reasons(result)] == [4]
    assert "separator" in reasons(result)[0][1]


def test_minus_signs_on_one_sheet_make_the_like_column_of_the_next_a_signed_one() -> None:
    head = ["日期", "交易金额", "对方户名"]
    mixed = [["账号", OWN], head, *[[f"2016-06-1{i}", "-5.00" if i % 2 else "7.00", "乙"] for i in range(6)]]
    inflow = [["账号", OTHER], head, *[[f"2016-06-1{i}", "7.00", "乙"] for i in range(6)]]
    result = read(book(mixed, inflow), "a.xlsx")
    assert [each["direction"] for each in lines(result) if each["account_no"] == OTHER] == ["in"] * 6


def test_a_printout_without_separators_is_named_as_one() -> None:
    rows = [f"2016-06-1{i}       5.00              95.00  乙公司" for i in range(4)]
    result = read("日期       借方       贷方       余额  户名\n" + "\n".join(rows) + "\n", "a.txt")
    assert "printout" in (result.problem or "")


def test_a_card_owes_what_was_bought_and_is_owed_what_was_repaid() -> None:
    head = f"卡号：{OWN}\n交易日期,入账日期,交易摘要,交易金额\n"
    rows = ["2016/01/05,2016/01/06,（消费）甲,15.90", "2016/01/04,2016/01/04,（消费）乙,1.00", "2015/12/25,2015/12/26,（还款）张三,-30.00"]  # fmt: skip
    result = read(head + "\n".join(rows) + "\n")
    assert [each["direction"] for each in lines(result)] == ["out", "out", "in"]
    assert any("card" in each for each in result.warnings)
    usual = [row.replace(",15", ",-15").replace(",1.00", ",-1.00") for row in rows]
    assert {each["direction"] for each in lines(read(head + "\n".join(usual) + "\n"))} == {"out"}
