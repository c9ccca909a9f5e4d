"""The header layouts of banks whose exports are known by their columns only."""

from __future__ import annotations

import pytest

from tests.steps.formats.made import OTHER, OWN, lines, read

LAYOUTS: dict[str, tuple[str, list[str]]] = {
    "icbc corporate": (
        "凭证号,本方账号,对方账号,交易时间,借/贷,借方发生额,贷方发生额,对方行号,摘要,用途,对方单位名称,余额,个性化信息",
        [f"0,{OWN},{OTHER},2016-06-20 10:00:00,借,5.00,0.00,1,货款,货款,乙公司,95.00,", f"0,{OWN},{OTHER},2016-06-21 10:00:00,贷,0.00,7.00,1,货款,货款,乙公司,102.00,"],
    ),
    "ccb": (
        "账户明细编号-交易流水号,交易时间,借方发生额/元(支取),贷方发生额/元(收入),余额,对方户名,对方账号,摘要,备注",
        [f"A1,20160620 10:00:00,5.00,,95.00,乙公司,{OTHER},货款,", f"A2,20160621 10:00:00,,7.00,102.00,乙公司,{OTHER},货款,"],
    ),
    "cbhb v1": (
        "交易日期,交易时间,对方名称,对方账号,摘要,附言,借方发生额,贷方发生额,账户余额",
        [f"20160620,100000,乙公司,{OTHER},货款,,5.00,,95.00", f"20160621,100000,乙公司,{OTHER},货款,,,7.00,102.00"],
    ),
    "cbhb v3": (
        "交易流水号,交易日期,对方户名,对方账号,摘要,备注,收支标志,交易金额,账户余额",
        [f"A1,20160620,乙公司,{OTHER},货款,,支出,5.00,95.00", f"A2,20160621,乙公司,{OTHER},货款,,收入,7.00,102.00"],
    ),
    "bcm": (
        "交易时间,对方户名,对方账号,摘要,发生额,余额,借贷标志",
        [f"2016-06-20 10:00:00,乙公司,{OTHER},货款,5.00,95.00,借", f"2016-06-21 10:00:00,乙公司,{OTHER},货款,7.00,102.00,贷"],
    ),
    "abc": (
        "交易时间,对方户名,对方账号,支出金额,收入金额,账户余额,摘要",
        [f"2016-06-20 10:00:00,乙公司,{OTHER},5.00,0.00,95.00,货款", f"2016-06-21 10:00:00,乙公司,{OTHER},0.00,7.00,102.00,货款"],
    ),
    "finance company": (
        "交易编号,日期,对方账户名称,对方账户号,摘要,付款金额,收款金额,余额",
        [f"A1,2016/6/20,乙公司,{OTHER},货款,5.00,,95.00", f"A2,2016/6/21,乙公司,{OTHER},货款,,7.00,102.00"],
    ),
    "jilin": (
        "交易时间,交易对手户名,交易对手账号,借贷标志(借/贷),交易金额,交易后余额,用途,摘要",
        [f'2016-06-20 10:00:00,乙公司,{OTHER},借,"5.00","95.00",货款,', f'2016-06-21 10:00:00,乙公司,{OTHER},贷,"7.00","102.00",货款,'],
    ),
    "cmb": (
        "交易日期,借方(出账),贷方(入账),余额,摘要,收(付)方名称,收(付)方账号,交易类型",
        [f"20160620,5.00,,95.00,货款,乙公司,{OTHER},转账", f"20160621,,7.00,102.00,货款,乙公司,{OTHER},转账"],
    ),
    "english": (
        "Booking Date,Value Date,Currency,D/C,Amount,Balance,Counterparty Name,Counterparty Account,Details,Bank Reference",
        [f"2016-06-20,2016-06-22,CNY,D,5.00,95.00,乙公司,{OTHER},goods,R1", f"2016-06-21,2016-06-22,CNY,C,7.00,102.00,乙公司,{OTHER},goods,R2"],
    ),
    "inspection extract": (
        "客户号,账号,户名,交易号,日期,时间,流水,方向,发生额,余额,对方账号,对方户名,对方行名,摘要",
        [f"1,{OWN},甲公司,1,20160620,100000,A1,借,5.00,95.00,{OTHER},乙公司,某行,货款", f"1,{OWN},甲公司,2,20160621,100000,A2,贷,7.00,102.00,{OTHER},乙公司,某行,货款"],
    ),
    "pingan corporate": (
        "交易日期,账号,借,贷,账户余额,对方账户,对方账户名称,交易流水号,摘要",
        [f"2016-06-20,{OWN},5.00,,95.00,{OTHER},乙公司,A1,货款", f"2016-06-21,{OWN},,7.00,102.00,{OTHER},乙公司,A2,货款"],
    ),
    "rural ledger": (
        "日期,凭证号,摘要,借方,贷方,借或贷,余额,对方户名,对方账号",
        [f"16-06-20,1,货款,5.00,,贷,95.00,乙公司,{OTHER}", f"16-06-21,2,货款,,7.00,贷,102.00,乙公司,{OTHER}", f"16-06-28,3,,,0.00,贷,102.00,乙公司,{OTHER}"],
    ),
    "core system": (
        "ACCT_NO,TXN_DT,TXN_TM,DR_CR_FLAG,TXN_AMT,ACCT_BAL,OPP_ACCT_NO,OPP_ACCT_NAME,SUMMARY",
        [f"{OWN},20160620,100000,D,5.00,95.00,{OTHER},乙公司,货款", f"{OWN},20160621,100000,C,7.00,102.00,{OTHER},乙公司,货款"],
    ),
    "interface": (
        "accountNo,tranDate,dcFlag,tranAmt,balance,oppAccNo,oppAccName,remark",
        [f"{OWN},2016-06-20,D,5.00,95.00,{OTHER},乙公司,货款", f"{OWN},2016-06-21,C,7.00,102.00,{OTHER},乙公司,货款"],
    ),
    "traditional characters": (
        "交易日期,支出金額,存入金額,餘額,對方帳號,對方戶名,摘要",
        [f"2016-06-20,5.00,,95.00,{OTHER},乙公司,貨款", f"2016-06-21,,7.00,102.00,{OTHER},乙公司,貨款"],
    ),
    "two languages": (
        "交易日期/Date,借方/Debit,贷方/Credit,余额/Balance,对方账号/Counterparty Account,对方户名/Counterparty Name",
        [f"2016-06-20,5.00,,95.00,{OTHER},乙公司", f"2016-06-21,,7.00,102.00,{OTHER},乙公司"],
    ),
    "other amounts beside it": (
        "交易日期,原币金额,手续费金额,冻结金额,人民币金额,账户余额,对方账户余额,对方账号,对方户名",
        [f"2016-06-20,1.00,0.50,0.00,-5.00,95.00,9.00,{OTHER},乙公司", f"2016-06-21,1.00,0.50,0.00,7.00,102.00,9.00,{OTHER},乙公司"],
    ),
    "words of its own": (
        "会计日,增加额,减少额,结存金额,对家户头,对家",
        [f"2016年6月20日,,5.00,95.00,{OTHER},乙公司", f"2016年6月21日,7.00,,102.00,{OTHER},乙公司"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("bank", LAYOUTS)
@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_known_layouts_are_read_without_a_profile(bank: str, delimiter: str) -> None:
    head, rows = LAYOUTS[bank]
    text = f"账号：{OWN}\n户名：甲公司\n" + "\n".join([head, *rows]) + "\n"
    encoding = "utf-8" if "額" in head else "gb18030"
    if delimiter != ",":
        text = text.replace('"', "").replace(",", delimiter)
    result = read(text, encoding=encoding)
    got = lines(result)
    assert [(each["direction"], each["amount_fen"], each["balance_after_fen"]) for each in got] == [
        ("out", 500, 9_500), ("in", 700, 10_200)
    ]  # fmt: skip
    assert {each["booked_at"].date().isoformat() for each in got} == {"2016-06-20", "2016-06-21"}
    assert {each["counterparty_account"] for each in got} == {OTHER}
    assert {each["counterparty_name"] for each in got} == {"乙公司"}
    assert {each["account_no"] for each in got} == {OWN}


def test_a_payment_institutions_merchant_statement() -> None:
    text = (
        f"商户订单号|订单完成时间|支付账号|收付标志|订单金额|手续费|交易对方|对方账号|交易状态|交易单号\n"
        f"M1|2016-06-20 10:00:00|{OWN}|收|5.00|0.01|乙|{OTHER}|交易成功|T1\n"
        f"M2|2016-06-20 10:01:00|{OWN}|付|6.00|0.01|乙|{OTHER}|交易关闭|T2\n"
    )
    result = read(text)
    assert [(each["direction"], each["amount_fen"], each["reference"]) for each in lines(result)] == [
        ("in", 500, "T1")
    ]
    assert result.rows_ignored == 2


def test_a_payment_account_marks_every_cell_as_a_text() -> None:
    head = "记账时间,业务名称,收支类型,收支金额(元),账户结余(元),备注,业务凭证号"
    rows = [
        "`2016-06-20 10:00:00,`交易,`收入,`5.00,`105.00,`货款,`1",
        "`2016-06-20 11:00:00,`退款,`支出,`7.00,`98.00,`退,`2",
    ]
    result = read("\n".join([head, *rows]) + "\n", name=f"{OWN}All2016-06-01.csv")
    got = [(each["direction"], each["amount_fen"], each["remark"]) for each in lines(result)]
    assert got == [("in", 500, "货款"), ("out", 700, "退")]


def test_header_in_two_languages_one_below_the_other() -> None:
    head = ["Transaction Date,Debit,Credit,Balance,Counterparty A/C,Counterparty Name"]
    head.append("交易日期,借方发生额,贷方发生额,账户余额,对方账号,对方户名")
    rows = [f"2016-06-20,5.00,,95.00,{OTHER},乙公司", f"2016-06-21,,7.00,102.00,{OTHER},乙公司"]
    got = lines(read("\n".join([f"账号：{OWN}", *head, *rows]) + "\n"))
    assert [each["direction"] for each in got] == ["out", "in"]
    assert {each["counterparty_account"] for each in got} == {OTHER}


def test_big5_and_delimiters_of_core_systems() -> None:
    head = "交易日期,支出金額,存入金額,餘額,對方帳號,對方戶名,摘要"
    rows = [f"2016-06-2{i},,7.00,{107 + 7 * i}.00,{OTHER},臺灣銀行王小明,貨款轉帳還款" for i in range(4)]
    text = "\n".join([f"帳號：{OWN}", "戶名：盤錦遼河物資有限公司", head, *rows]) + "\n"
    got = lines(read(text, encoding="big5"))
    assert {each["counterparty_name"] for each in got} == {"臺灣銀行王小明"}
    for delimiter in ("\x01", "~", "@"):
        assert len(lines(read(text.replace(",", delimiter)))) == 4
