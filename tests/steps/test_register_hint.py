from __future__ import annotations

import pytest

from flows.steps.formats import ReadOptions, Source, read_statement
from flows.steps.register_hint import hinted
from tests.steps.formats.made import book

ACCOUNTS = [
    ["某办登记表"],
    ["账号", "账户类型", "户名", "机构编号"],
    ["6222000000000000017", "自有账户", "甲", "A1"],
]


def _told(name: str, data: bytes) -> str | None:
    source = Source.of_bytes(name, data)
    return hinted(read_statement(source), source, ReadOptions()).problem


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_a_register_under_another_name_is_told_which_one_it_is(encoding: str) -> None:
    text = "\n".join(",".join(row) for row in ACCOUNTS) + "\n"
    assert "register accounts" in (_told("账户登记表.csv", text.encode(encoding)) or "")
    assert "register accounts" in (_told("账户登记表.xlsx", book(ACCOUNTS)) or "")


def test_what_is_no_register_is_not_called_one() -> None:
    for data in (
        b"",
        b"%PDF-1.4",
        b"a,b,c\n1,2,3\n",
        "你好\n".encode("gb18030"),
        b"PK\x03\x04 torn",
        b"\x00" * 99,
    ):
        assert "register" not in (_told("a.csv", data) or "")
    statement = "账号,日期,借方,贷方,对方户名\n6222000000000000017,2016-06-01,1.00,,张三\n".encode()
    assert _told("a.csv", statement) is None
