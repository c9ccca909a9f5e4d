from __future__ import annotations

from pathlib import Path

import pytest

from flows.steps.formats._reasons import REASONS
from tests.steps.formats.made import OTHER, OWN, lines, moves, read, reasons

DAY = "2016-06-20 00:00:00"


def test_enquiry_feedback_has_tabs_failed_rows_and_blank_flags() -> None:
    head = "交易卡号,交易账号,账户开户名称,交易时间,交易金额,交易余额,收付标志,交易对手账卡号,对手户名,摘要说明,交易币种,交易是否成功,交易流水号"
    rows = [
        f"{OWN},{OWN},甲公司,20160620101500,100.00,1100.00,进,{OTHER},张三,货款,人民币,成功,R1",
        f"{OWN},{OWN},甲公司,20160620101600,50.00,1050.00,出,{OTHER},张三,退款,人民币,成功,R2",
        f"{OWN},{OWN},甲公司,20160620101700,60.00,1050.00,出,{OTHER},张三,退款,人民币,失败,R3",
        f"{OWN},,甲公司,20160620101800,70.00,1125.00,,{OTHER},张三,货款,CNY,成功,R4",
        f",,甲公司,20160620101900,70.00,1190.00,进,{OTHER},张三,货款,CNY,成功,R5",
        f"{OWN},{OWN},甲公司,00000000,70.00,1190.00,进,{OTHER},张三,货款,CNY,成功,R6",
        f"{OWN},{OWN},甲公司,20160620102000,70.00,1190.00,进,{OTHER},张三,货款,USD,成功,R7",
        f"6.2E+18,6.2E+18,甲公司,20160620102000,70.00,1190.00,进,{OTHER},张三,货款,CNY,成功,R8",
    ]
    text = "\r\n".join("\t,".join(row.split(",")) + "\t" for row in [head, *rows]) + "\r\n"
    result = read(text, encoding="gb18030")
    assert moves(result) == [("2016-06-20 10:15:00", "in", 10_000), ("2016-06-20 10:16:00", "out", 5_000)]
    first = lines(result)[0]
    assert (first["account_no"], first["counterparty_account"], first["holder_name"]) == (
        OWN,
        OTHER,
        "甲公司",
    )
    assert (first["balance_after_fen"], first["reference"], first["source_record"]) == (110_000, "R1", 2)
    assert result.rows_ignored == 2  # the header and the failed transaction
    told = dict(reasons(result))
    assert "in or out" in told[5]
    assert "no account" in told[6]
    assert "date" in told[7]
    assert "CNY" in told[8]
    assert "power of ten" in told[9]
    assert result.quarantine["text"][0].startswith(OWN)
    assert result.layout.encoding == "gb18030"


def test_two_columns_with_preamble_totals_pages_and_repeated_headers() -> None:
    head = "序号,交易日期,交易时间,借方发生额,贷方发生额,余额,对方户名,对方账号,摘要"
    text = "\n".join(
        [
            "某某银行账户明细查询结果",
            f"账　　号：,{OWN},户　　名：,甲公司,币种：,人民币",
            "总笔数：,3",
            "",
            head,
            f'1,20160620,94220,"1,000.00",--,"9,000.00",张三,{OTHER},货款',
            f"2,20160620,10:00:00,,500.00,9500.00,李四,{OTHER},退款",
            "本页小计,,,1000.00,500.00,,,,",
            "第 2 页,,,,,,,,",
            head,
            f"3,20160621,,,1.50,9501.50,李四,{OTHER},利息",
            "合计,,,1000.00,501.50,,,,",
            "*** 以下空白 ***",
            "",
        ]
    )
    result = read(text, encoding="gb18030")
    assert moves(result) == [
        ("2016-06-20 09:42:20", "out", 100_000),
        ("2016-06-20 10:00:00", "in", 50_000),
        ("2016-06-21 00:00:00", "in", 150),
    ]
    assert [each["source_record"] for each in lines(result)] == [6, 7, 11]
    assert [each["has_time"] for each in lines(result)] == [True, True, False]
    assert {each["account_no"] for each in lines(result)} == {OWN}
    assert {each["holder_name"] for each in lines(result)} == {"甲公司"}
    assert result.rows_quarantined == 0
    assert not result.warnings


@pytest.mark.parametrize("delimiter", [",", "\t", "|", ";"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
def test_any_delimiter_in_any_encoding(delimiter: str, encoding: str) -> None:
    rows = [
        ["账号", "交易日期", "金额", "对方户名"],
        [OWN, "2016-06-20", "-1.50", "张三"],
        [OWN, "2016-06-21", "2", "李四"],
    ]
    text = "\r\n".join(delimiter.join(row) for row in rows) + "\r\n"
    result = read(text, encoding=encoding)
    assert moves(result) == [(DAY, "out", 150), ("2016-06-21 00:00:00", "in", 200)]
    assert result.layout.delimiter == delimiter


@pytest.mark.parametrize(
    ("flag", "way"),
    [
        (each, "in")
        for each in ("贷", "贷方", "收", "收入", "进", "入", "C", "CR", "Credit", "贷 Cr", "转入", "＋")
    ]
    + [
        (each, "out")
        for each in ("借", "借方", "付", "支出", "出", "D", "DR", "Debit", "借 Dr", "转出", "支")
    ],
)
def test_flags_in_every_vocabulary(flag: str, way: str) -> None:
    result = read(f"账号,日期,借贷标志,金额,对方户名\n{OWN},20160620,{flag},1.00,张三\n")
    assert moves(result) == [(DAY, way, 100)]


def _chained(flags: list[str], amounts: list[int], signs: list[int], newest_first: bool = False) -> str:
    balance, rows = 1_000, []
    for i, (flag, amount, sign) in enumerate(zip(flags, amounts, signs, strict=True)):
        balance += sign * amount
        rows.append(f"{OWN},201606{10 + i:02d},{flag},{amount}.00,{balance}.00,张三")
    if newest_first:
        rows.reverse()
    return "账号,日期,借贷标志,金额,余额,对方户名\n" + "\n".join(rows) + "\n"


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("one_is_in", [False, True])
def test_numeric_codes_are_told_by_the_balance_chain(one_is_in: bool, newest_first: bool) -> None:
    signs = [1, -1, 1, 1, -1, 1, -1]
    flags = [("1" if (sign > 0) == one_is_in else "2") for sign in signs]
    result = read(_chained(flags, [10, 23, 5, 71, 8, 60, 14], signs, newest_first))
    ways = {each["source_record"]: each["direction"] for each in lines(result)}
    order = list(reversed(signs)) if newest_first else signs
    assert [ways[i + 2] for i in range(7)] == ["in" if sign > 0 else "out" for sign in order]


def test_numeric_codes_without_balances_are_not_guessed() -> None:
    result = read(
        f"账号,日期,借贷标志,金额,对方户名\n{OWN},20160620,1,1.00,张三\n{OWN},20160621,2,1.00,张三\n"
    )
    assert result.rows_accepted == 0
    assert all("in or out" in reason for _, reason in reasons(result))


def test_a_flag_that_the_balances_contradict_is_turned_round_and_said() -> None:
    signs = [1, -1, 1, 1, -1, 1, -1]
    flags = ["借" if sign > 0 else "贷" for sign in signs]
    result = read(_chained(flags, [10, 23, 5, 71, 8, 60, 14], signs))
    assert [each["direction"] for each in lines(result)] == ["in" if sign > 0 else "out" for sign in signs]
    assert any("other way round" in each for each in result.warnings)


def test_payer_and_payee_columns_with_the_own_account_above_the_table() -> None:
    text = "\n".join(
        [
            f"查询账号[ Inquirer account number ],{OWN}",
            "交易日期[ Transaction Date ],付款人账号[ Debit Account No. ],付款人名称[ Payer's Name ],"
            "收款人账号[ Payee's Account Number ],收款人名称[ Payee's Name ],交易金额[ Trade Amount ],"
            "交易后余额[ After-transaction balance ],用途[ Purpose ],交易流水号[ Transaction reference number ]",
            f"20160620,{OWN},甲公司,{OTHER},乙公司,100.00,900.00,货款,T1",
            f"20160621,{OTHER},乙公司,{OWN},甲公司,30.00,930.00,退款,T2",
            f"20160622,{OTHER},乙公司,6200000000000000033,丙公司,30.00,930.00,退款,T3",
        ]
    )
    result = read(text)
    assert moves(result) == [(DAY, "out", 10_000), ("2016-06-21 00:00:00", "in", 3_000)]
    assert [each["counterparty_name"] for each in lines(result)] == ["乙公司", "乙公司"]
    assert [each["counterparty_account"] for each in lines(result)] == [OTHER, OTHER]
    assert reasons(result)[0][0] == 5


def test_a_header_of_two_rows() -> None:
    text = "\n".join(
        [
            "账号,日期,发生额,,余额,对方,",
            ",,借方,贷方,,户名,账号",
            f"{OWN},2016-06-20,5.00,,95.00,张三,{OTHER}",
            f"{OWN},2016-06-21,,6.00,101.00,李四,{OTHER}",
        ]
    )
    result = read(text + "\n")
    assert moves(result) == [(DAY, "out", 500), ("2016-06-21 00:00:00", "in", 600)]
    assert lines(result)[0]["counterparty_account"] == OTHER
    assert result.rows_ignored == 2


def test_several_accounts_in_one_file_each_under_its_own_heading() -> None:
    second = "6200000000000000033"
    head = "日期,摘要,支出,收入,余额,对方户名"
    text = "\n".join(
        [
            f"账号：{OWN}  户名：甲公司", head, "2016-06-20,货款,5.00,,95.00,张三", "合计,,5.00,0.00,,", "",
            f"账号：{second}  户名：乙公司", head, "2016-06-20,货款,,7.00,107.00,李四", "合计,,0.00,7.00,,",
        ]
    )  # fmt: skip
    result = read(text + "\n")
    assert [(each["account_no"], each["holder_name"], each["direction"]) for each in lines(result)] == [
        (OWN, "甲公司", "out"),
        (second, "乙公司", "in"),
    ]
    assert result.rows_quarantined == 0


def test_a_change_of_layout_inside_a_file() -> None:
    text = "\n".join(
        [
            f"账号：{OWN}", "日期,摘要,支出,收入,余额,对方户名", "2016-06-20,货款,5.00,,95.00,张三", "2016-06-21,货款,,5.00,100.00,张三",
            "账号,交易日期,金额,对方户名", "6200000000000000033,20160622,-8.00,李四",
        ]
    )  # fmt: skip
    result = read(text + "\n")
    assert [(each["account_no"], each["direction"], each["amount_fen"]) for each in lines(result)] == [
        (OWN, "out", 500), (OWN, "in", 500), ("6200000000000000033", "out", 800)
    ]  # fmt: skip


def test_the_account_may_stand_in_the_file_name_alone() -> None:
    text = "日期,金额,对方户名\n2016-06-20,-1.00,张三\n"
    assert lines(read(text, f"明细_{OWN}_20160601-20160630.csv"))[0]["account_no"] == OWN
    nameless = read(text, "明细_20160601-20160630.csv")
    assert nameless.rows_accepted == 0
    assert nameless.problem is not None
    assert "which account" in nameless.problem


def test_merged_counterparties_ragged_rows_and_dashes() -> None:
    text = "\n".join(
        [
            "账号,日期,金额,对手信息,余额,摘要",
            f"{OWN},20160620,1.00,{OTHER}/张三,101.00,货款",
            f"{OWN},20160621,1.00,李四 62****01234,102.00",
            f"{OWN},20160622,1.00,--,103.00,------,多出来,的格",
        ]
    )
    got = lines(read(text + "\n"))
    assert [(each["counterparty_account"], each["counterparty_name"]) for each in got] == [
        (OTHER, "张三"), ("62****01234", "李四"), (None, None)
    ]  # fmt: skip
    assert [each["remark"] for each in got] == ["货款", None, None]


def test_quotes_in_every_state() -> None:
    text = (
        "账号,日期,金额,摘要,对方户名\n"
        f'"{OWN}"\t,"20160620"\t,"1,000.00"\t,"货款, ""急"""\t,"张三"\n'
        f'="{OWN}",20160621,2.00,一"引号,李四\n'
        f'{OWN},20160622,3.00,"两行\n备注",王五\n'
        f"{OWN},20160623,4.00,后一行,赵六\n"
    )
    got = lines(read(text))
    assert [each["amount_fen"] for each in got] == [100_000, 200, 300, 400]
    assert got[0]["remark"] == '货款, "急"'
    assert got[1]["account_no"] == OWN
    assert [each["source_record"] for each in got] == [2, 3, 4, 5]  # rows as a spreadsheet counts them


def test_amounts_in_ten_thousands_and_a_currency_above_the_table() -> None:
    result = read(f"账号,日期,金额(万元),对方户名\n{OWN},20160620,1.234567,张三\n")
    assert moves(result) == [(DAY, "in", 1_234_567)]
    foreign = read(f"账号：{OWN}\n币种：美元\n日期,金额,对方户名\n20160620,1.00,张三\n")
    assert "CNY" in reasons(foreign)[0][1]


def test_red_ink_reversals_turn_the_direction_and_signed_outflows_do_not() -> None:
    signed = read(
        f"账号,日期,收/支,金额,对方户名\n{OWN},20160620,支,-1.00,张三\n{OWN},20160621,收,2.00,张三\n"
    )
    assert [each[1] for each in moves(signed)] == ["out", "in"]
    red = read(f"账号,日期,借方,贷方,对方户名\n{OWN},20160620,-1.00,,张三\n{OWN},20160621,2.00,,张三\n")
    assert moves(red) == [(DAY, "in", 100), ("2016-06-21 00:00:00", "out", 200)]


def test_zero_amounts_are_no_transactions_and_both_sides_are_refused() -> None:
    text = f"账号,日期,借方,贷方,对方户名\n{OWN},20160620,0.00,0.00,张三\n{OWN},20160621,2.00,3.00,张三\n"
    result = read(text)
    assert result.rows_ignored == 2
    assert "both" in reasons(result)[0][1]


@pytest.mark.parametrize("keep", [0.35, 0.6, 0.9])
def test_a_file_cut_off_in_a_row_says_so(keep: float) -> None:
    rows = [f"{OWN},2016-06-{10 + i},1.00,10{i}.00,张三丰,货款说明" for i in range(9)]
    text = "账号,日期,金额,余额,对方户名,摘要\n" + "\n".join(rows) + "\n"
    data = text.encode("gb18030")
    cut = int(len(data) * keep)
    while data[cut - 1 : cut] in (b"\n", b",") or data[cut : cut + 1] == b"\n":
        cut += 1
    result = read(data[:cut])
    whole_rows = data[:cut].count(b"\n") - 1
    assert result.rows_accepted in (whole_rows, whole_rows + 1)
    if result.rows_accepted == whole_rows:
        assert result.problem is not None
        assert "cut off" in result.problem


def test_newest_first_stays_in_file_order() -> None:
    result = read(
        _chained(["进", "出", "进", "进", "出"], [10, 4, 9, 3, 6], [1, -1, 1, 1, -1], newest_first=True)
    )
    assert [each["source_record"] for each in lines(result)] == [2, 3, 4, 5, 6]
    assert lines(result)[0]["booked_at"] > lines(result)[-1]["booked_at"]


def test_aliases_of_the_office_come_first(tmp_path: Path) -> None:
    table = tmp_path / "own.csv"
    table.write_text("role,rank,headers\ndate,1,发生日子\namount,1,数目|数额\n", encoding="utf-8")
    text = f"账号,发生日子,数目,对方户名\n{OWN},20160620,-1.00,张三\n"
    assert read(text).format == "unknown"
    assert moves(read(text, aliases=(table,))) == [(DAY, "out", 100)]


def test_control_totals_are_warnings() -> None:
    text = f"账号：{OWN}\n总笔数：5\n日期,金额,对方户名\n20160620,1.00,张三\n"
    result = read(text)
    assert result.problem is None
    assert any("announces 5" in each for each in result.warnings)


def test_many_accounts_and_alternating_layouts_in_one_file() -> None:
    rows: list[str] = []
    wanted = []
    for i in range(300):
        account = f"62{i:017d}"
        if i % 7 == 0:
            rows += [
                f"账号：{account}",
                "币种：美元",
                "日期,金额,对方户名",
                "2016-06-20,1.00,张三",
                "合计,1.00,",
            ]
        elif i % 5 == 0:
            rows += [f"账号：{account}", "日期,支出,收入,对方户名", f"2016-06-20,{i + 1}.00,,张三"]
            wanted.append((account, "out", (i + 1) * 100))
        else:
            rows += [
                f"账号：{account}  币种：人民币",
                "日期,金额,对方户名",
                f"2016-06-20,+{i + 1}.00,张三",
                "",
                "第 1 页,,",
            ]
            wanted.append((account, "in", (i + 1) * 100))
    result = read("\n".join(rows) + "\n")
    assert [(each["account_no"], each["direction"], each["amount_fen"]) for each in lines(result)] == wanted
    assert result.rows_quarantined == 43  # those in another currency


def test_payer_and_payee_under_several_headings() -> None:
    head = "日期,付款人账号,付款人名称,收款人账号,收款人名称,金额"
    second = "6200000000000000033"
    text = "\n".join(
        [
            f"账号：{OWN}",
            head,
            f"20160620,{OWN},甲,{OTHER},乙,1.00",
            f"账号：{second}",
            head,
            f"20160620,{OWN},甲,{second},丙,2.00",
        ]
    )
    assert [
        (each["account_no"], each["direction"], each["counterparty_name"])
        for each in lines(read(text + "\n"))
    ] == [
        (OWN, "out", "乙"),
        (second, "in", "甲"),
    ]


MOVES = [500, -120, 3300, -3300, 45, -200, 70, -999]


def _with_flags(moves_: list[int], flags: dict[int, str], newest_first: bool, balances: bool = True) -> str:
    rows, balance = [], 100_000
    for at, move in enumerate(moves_):
        balance += move
        flag = flags.get(at, "贷" if move > 0 else "借")
        told = f"{balance / 100:.2f}" if balances else ""
        rows.append(f"{OWN},2016-06-{10 + at},{flag},{abs(move) / 100:.2f},{told},张三")
    return "\n".join(
        ["账号,交易日期,借贷标志,交易金额,余额,对方户名", *(rows[::-1] if newest_first else rows), ""]
    )


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("blank", [[3], [1, 2], [7], [1, 4, 6]])
def test_a_missing_flag_is_told_by_the_balances(blank: list[int], newest_first: bool) -> None:
    result = read(_with_flags(MOVES, dict.fromkeys(blank, ""), newest_first))
    told = [way for _, way, _ in moves(result)]
    want = ["in" if move > 0 else "out" for move in MOVES]
    assert told == (want[::-1] if newest_first else want)
    assert f"{len(blank)} rows do not say" in "".join(result.warnings)


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_missing_flag_that_nothing_proves_is_quarantined(newest_first: bool) -> None:
    oldest = read(_with_flags(MOVES, {0: ""}, newest_first))
    bare = read(_with_flags(MOVES, {3: "", 5: ""}, newest_first, balances=False))
    wrong = read(_with_flags(MOVES, {3: ""}, newest_first).replace(",33.00,1003.80", ",33.01,1003.80"))
    assert [reason for _, reason in reasons(oldest)] == [REASONS["direction"][0]]
    assert [reason for _, reason in reasons(bare)] == [REASONS["direction"][0]] * 2
    assert [reason for _, reason in reasons(wrong)] == [REASONS["direction"][0]]


def test_a_table_without_a_transaction_says_so() -> None:
    result = read("账号,交易日期,借贷标志,交易金额,余额,对方户名\n以下空白\n打印日期：2016-06-30\n")
    assert (result.rows_accepted, result.rows_quarantined) == (0, 0)
    assert "no transaction was found" in "".join(result.warnings)
