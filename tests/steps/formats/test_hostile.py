"""Files that are no statements, or want to do harm: a sentence, bounded memory, no exception."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.steps.formats import Source, _text, bank_export, read_statement
from tests.steps.formats.made import OTHER, OWN, book, read

GOOD = (
    "账号,交易日期,借方发生额,贷方发生额,余额,对方户名,对方账号,摘要\n"
    + "".join(f'{OWN},2016-06-{10 + i},"1,{i}00.00",,{9000 - i}.00,张三,{OTHER},货款\n' for i in range(9))
).encode("gb18030")


@pytest.mark.parametrize(
    "data",
    [
        b"%PDF-1.4 \x00\x01",
        b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40,
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 3000,
        b"PK\x03\x04" + b"word/document.xml" * 9,
        b"PK\x03\x04xl/workbook.xml" + b"x" * 100,
        b"PAR1" + b"\0" * 50,
        b"\0" * 10_000,
        "致：收件人\n兹送上材料清单，请查收。\n".encode("gb18030"),
        b"<html><body>login</body></html>",
        b'{"a": 1}',
        b"a,b,c\n" * 5000,
        b"\xed\xa0\x80" * 100,
        b"MZ\x90\0",
    ],
)
def test_what_is_no_statement_is_refused_in_a_sentence(data: bytes) -> None:
    result = read(data, "a.csv")
    assert result.rows_accepted == 0
    assert result.problem is not None
    assert result.problem.endswith(".")


def test_an_empty_file_says_so() -> None:
    assert "empty" in (read(b"").problem or "")


def test_nul_bytes_and_broken_characters_cost_no_rows() -> None:
    data = GOOD.replace("张三".encode("gb18030"), b"\x00\xff\xd5", 2)
    result = read(data)
    assert result.rows_accepted == 9


def test_a_line_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_text, "MAX_LINE_BYTES", 200_000)
    result = read(GOOD + b"x" * 500_000 + b"\n" + GOOD)
    assert result.rows_accepted == 0
    assert "longer than" in (result.problem or "")


def test_a_header_that_never_comes_is_given_up() -> None:
    result = read(("说明文字,一二三,四五六\n" * 100_000) + GOOD.decode("gb18030"))
    assert result.rows_accepted == 0
    assert result.problem is not None


def test_garbage_among_rows_goes_to_the_quarantine_only() -> None:
    rows = GOOD.decode("gb18030").splitlines()
    rows.insert(4, "@@@@,####,$$$$,%%%%,^^^^,&&&&,****,((((")
    result = read("\n".join(rows) + "\n")
    assert (result.rows_accepted, result.rows_quarantined, result.rows_ignored) == (9, 1, 1)
    assert result.quarantine["text"][0].startswith("@@@@")


def test_a_flood_of_rows_that_cannot_be_read_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bank_export, "MOST_QUARANTINED", 100)
    result = read("账号,交易日期,金额,对方户名\n" + f"{OWN},20160620,x,张三\n" * 1000)
    assert result.rows_read == 0
    assert "amount cannot be read" in (result.problem or "")


def test_a_workbook_cut_off_is_told() -> None:
    data = book([["账号", "日期", "金额", "对方户名"], [OWN, "2016-06-20", "1.00", "张三"]])
    result = read(data[: len(data) // 2], "a.xlsx")
    assert "cut off" in (result.problem or "")


def test_chunks_do_not_change_what_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = read(GOOD).lines.collect()
    monkeypatch.setattr(_text, "CHUNK_BYTES", 100)
    monkeypatch.setattr(_text.read_lines, "__defaults__", (100,))
    assert read(GOOD).lines.collect().equals(whole)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=2000))
def test_no_bytes_make_a_reader_raise(data: bytes) -> None:
    result = read_statement(Source.of_bytes("a.csv", data))
    assert result.rows_read == result.rows_accepted + result.rows_quarantined + result.rows_ignored


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.randoms(use_true_random=False), st.integers(1, 12))
def test_a_damaged_statement_is_read_or_told_but_never_raises(chance: random.Random, hits: int) -> None:
    data = bytearray(GOOD)
    for _ in range(hits):
        at = chance.randrange(len(data))
        how = chance.randrange(3)
        if how == 0:
            data[at] = chance.randrange(256)
        elif how == 1:
            del data[at : at + chance.randrange(1, 30)]
        else:
            data[at:at] = bytes(chance.randrange(256) for _ in range(chance.randrange(1, 30)))
    result = read(bytes(data))
    assert result.rows_accepted <= 12


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=("Cs",)), max_size=12), min_size=1, max_size=8))
def test_rows_of_any_text_add_up(cells: list[str]) -> None:
    row = ",".join(cell.replace("\n", " ").replace("\r", " ") for cell in cells)
    read(GOOD.decode("gb18030") + row + "\n")
