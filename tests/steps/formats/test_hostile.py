"""Files that are no statements, or want to do harm: a sentence, bounded memory, no exception."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.steps.formats import Source, _text, bank_export, read_statement
from flows.steps.formats._reasons import REASONS
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


def test_nul_bytes_cost_nothing_and_broken_characters_their_rows() -> None:
    data = GOOD.replace("张三".encode("gb18030"), b"\x00\xff\xd5", 2)
    result = read(data)
    assert (result.rows_accepted, result.rows_quarantined) == (7, 2)
    assert set(result.quarantine["reason"]) == {REASONS["bytes"][0]}


def test_half_a_character_at_the_end_of_a_text_costs_nothing() -> None:
    data = GOOD.replace("张三".encode("gb18030"), "张三".encode("gb18030")[:-1], 2)
    result = read(data)
    assert (result.rows_accepted, result.rows_quarantined) == (9, 0)
    assert "could not be decoded" in "".join(result.warnings)


def test_a_text_that_no_encoding_explains_is_said_to_be_damaged() -> None:
    result = read(GOOD.replace("张三".encode("gb18030"), b"\xff\xfe\x80" * 20), "a.csv")
    assert result.rows_accepted == 0
    assert "neither UTF-8 nor GB18030" in (result.problem or "")


@pytest.mark.parametrize("stray", ['"{}', '{}"', '"{}" "', '{}"""'])
def test_a_stray_quotation_mark_costs_no_row(stray: str) -> None:
    text = GOOD.decode("gb18030")
    first, *rows = text.splitlines()
    for column in range(len(first.split(","))):
        cut = [row.split(",") for row in rows]
        for cells in cut[1:4]:
            cells[column] = stray.format(cells[column])
        result = read("\n".join([first, *(",".join(cells) for cells in cut), ""]).encode("gb18030"))
        assert result.rows_read == text.count("\n")
        assert result.rows_ignored == 1
        assert result.rows_accepted + result.rows_quarantined == 9


def test_rows_without_end_under_a_header_are_not_taken_for_notes() -> None:
    first = GOOD.splitlines()[0]
    result = read(first + b"\n" + b'"no cells at all\n' * 20_000)
    assert result.rows_accepted == 0
    assert result.problem is not None


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
