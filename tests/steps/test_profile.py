from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from flows.steps.errors import ConfigurationError
from flows.steps.formats._profiles import load_profile
from flows.steps.profile import profile
from tests.steps.formats.made import OWN, book, lines, moves, read

NAMELESS = "日期,金额,对方户名\n2016-06-20,-1.00,张三\n"


def test_a_profile_asks_only_for_what_the_file_does_not_say(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text(NAMELESS, encoding="utf-8")
    text = profile(file)
    open_entries = [row for row in text.splitlines() if row and not row.startswith(("#", "["))]
    assert [row.split(" = ")[0] for row in open_entries] == ["file", "account"]
    assert tomllib.loads(text)["match"]["file"] == "a.csv"
    mended = tmp_path / "a.toml"
    mended.write_text(text.replace('account = ""', f'account = "{OWN}"'), encoding="utf-8")
    result = read(NAMELESS, "a.csv", profiles=(mended,))
    assert lines(result)[0]["account_no"] == OWN
    assert read(NAMELESS, "b.csv", profiles=(mended,)).rows_accepted == 0


def test_columns_by_number_where_there_is_no_header(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(
        f'[match]\ncontains = "Z9"\n[read]\naccount = "{OWN}"\nheader_row = 0\n'
        '[columns]\ndate = 1\namount = 2\ndirection = 3\ncp_name = 4\n[direction]\nin = ["R"]\nout = ["P"]\n',
        encoding="utf-8",
    )
    result = read(
        "20160620|1.00|R|张三|Z9\n20160621|2.00|P|李四|Z9\n20160622|x|P|李四|Z9\n", profiles=(tmp_path,)
    )
    assert moves(result) == [("2016-06-20 00:00:00", "in", 100), ("2016-06-21 00:00:00", "out", 200)]
    assert result.rows_quarantined == 1


def test_day_first_and_flags_settle_what_content_cannot(tmp_path: Path) -> None:
    text = f"Account,Date,Amount,D/C,Counterparty\n{OWN},03/04/2016,1.00,7,a\n"
    assert read(text).rows_accepted == 0
    own = tmp_path / "own.toml"
    own.write_text(
        '[match]\nfile = "*.csv"\n[read]\nday_first = true\n[direction]\nin = ["7"]\n', encoding="utf-8"
    )
    assert moves(read(text, profiles=(own,))) == [("2016-04-03 00:00:00", "in", 100)]


@pytest.mark.parametrize(
    "text",
    [
        "[match",
        "[match]\nfiel = 'a'\n",
        "[read]\naccount = 6222\n",
        "[columns]\nfoo = 1\n",
        "[read]\nheader_row = 0\n[columns]\ndate = 'x'\n",
    ],
)
def test_a_wrong_profile_is_a_configuration_error(tmp_path: Path, text: str) -> None:
    own = tmp_path / "own.toml"
    own.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError):
        load_profile(own)


CODED = "zhanghao,riqi,bz,jine,yue,hm\n" + "\n".join(
    f"{OWN},2016-06-{10 + i},{flag},{amount}.00,{balance}.00,张三"
    for i, (flag, amount, balance) in enumerate([("Z", 5, 105), ("J", 4, 101), ("Z", 9, 110), ("J", 3, 107)])
)


def test_a_profile_proposes_what_the_cells_tell_and_asks_for_the_flags(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text(CODED + "\n", encoding="utf-8")
    assert read(CODED + "\n").rows_accepted == 0
    text = profile(file)
    proposed = tomllib.loads(text)["columns"]
    assert (proposed["account"], proposed["date"]) == ("zhanghao", "riqi")
    assert (proposed["amount"], proposed["balance"]) == ("jine", "yue")
    own = tmp_path / "own.toml"
    own.write_text(text + 'direction = "bz"\n[direction]\nin = ["Z"]\nout = ["J"]\n', encoding="utf-8")
    result = read(CODED + "\n", profiles=(own,))
    assert [each[1:] for each in moves(result)] == [("in", 500), ("out", 400), ("in", 900), ("out", 300)]
    assert result.rows_quarantined == 0


def test_a_profile_shows_the_flags_it_asks_for(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text(f"账号,日期,借贷标志,金额,对方户名\n{OWN},20160620,Z1,1.00,乙\n", encoding="utf-8")
    assert '# found: "Z1"' in profile(file)


def test_a_profile_may_say_that_all_of_a_file_is_money_in(tmp_path: Path) -> None:
    text = "账号,日期,金额,对方户名\n" + "".join(f"{OWN},2016061{i},1.00,乙\n" for i in range(6))
    file = tmp_path / "a.csv"
    file.write_text(text, encoding="utf-8")
    mended = tmp_path / "a.toml"
    mended.write_text(profile(file).replace('direction = ""', 'direction = "in"'), encoding="utf-8")
    result = read(text, profiles=(mended,))
    assert (result.rows_accepted, result.rows_quarantined) == (6, 0)
    assert {each["direction"] for each in lines(result)} == {"in"}


def test_a_profile_says_in_which_row_of_a_sheet_the_header_stands(tmp_path: Path) -> None:
    rows = [
        ["账号", "交易日期", "交易金额", "对方户名", "备注"],
        ["6200000000000000033", "2016-01-01", "1.00", "说明", "示例行，不是流水"],
        ["账号", "记账日期", "发生额", "余额", "对方户名"],
        [OWN, "2016-06-20", "-5.00", "95.00", "张三"],
        [OWN, "2016-06-21", "7.00", "102.00", "李四"],
    ]
    given = tmp_path / "p.toml"
    given.write_text('[match]\nfile = "*.xlsx"\n[read]\nheader_row = 3\n', encoding="utf-8")
    result = read(book(rows), "a.xlsx", profiles=[given])
    assert moves(result) == [("2016-06-20 00:00:00", "out", 500), ("2016-06-21 00:00:00", "in", 700)]
    assert (result.rows_read, result.rows_ignored, result.layout.header_record) == (5, 3, 3)
