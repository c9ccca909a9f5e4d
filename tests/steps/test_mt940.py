"""MT940 and MT942: every field, the dialects, and the kept library as a second opinion."""

from __future__ import annotations

import datetime as dt

import mt940
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.steps.formats import ReadOptions, ReadResult, Source, read_statement
from flows.steps.formats import mt940 as reader
from flows.steps.formats.mt940 import FORMAT, read_messages
from flows.steps.formats.protocol import LINE_SCHEMA

MESSAGE = """:20:ST1
:25:9070000000000001
:28C:00001/001
:60F:C160201CNY1000,00
:61:1602010201C250,50NTRF2016020100000001//B77
:86:166?00网银?20充值?21 第二段?30中岳银行?316290808144229154514?32邵
军
:61:1512310102D50,5NTRFNONREF
:86:116?00代付?20提现?32柳春
:62F:C160202CNY1200,00
-
"""


def read(text: str) -> ReadResult:
    result = read_messages(text)
    assert result.rows_read == result.rows_accepted + result.rows_quarantined + result.rows_ignored
    frame = result.lines.collect()
    assert dict(frame.schema) == LINE_SCHEMA
    assert frame.height == result.rows_accepted
    assert result.quarantine.height == result.rows_quarantined
    return result


def first(text: str) -> dict[str, object]:
    return read(text).lines.collect().row(0, named=True)


def test_all_fields_of_a_line() -> None:
    assert first(MESSAGE) == {
        "account_no": "9070000000000001",
        "booked_at": dt.datetime(2016, 2, 1),
        "has_time": False,
        "direction": "in",
        "amount_fen": 25050,
        "currency": "CNY",
        "balance_after_fen": None,
        "counterparty_account": "6290808144229154514",
        "counterparty_name": "邵军",
        "counterparty_bank": "中岳银行",
        "remark": "充值 第二段",
        "reference": "2016020100000001",
        "channel": "网银",
        "holder_name": None,
        "bank_name": None,
        "source_record": 1,
    }


def test_the_booking_date_is_the_entry_date_also_over_new_year() -> None:
    lines = read(MESSAGE).lines.collect()
    assert lines["booked_at"].dt.date().to_list() == [dt.date(2016, 2, 1), dt.date(2016, 1, 2)]
    early = MESSAGE.replace(":61:1512310102", ":61:1601021231")
    assert read(early).lines.collect()["booked_at"][1] == dt.datetime(2015, 12, 31)


def test_balances_span_their_lines() -> None:
    (only,) = read(MESSAGE).accounts
    assert (only.opening_fen, only.closing_fen, only.opening_record, only.closing_record) == (
        100_000, 120_000, 1, 2,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("mark", "direction"),
    [("C", "in"), ("D", "out"), ("RC", "out"), ("RD", "in"), ("CY", "in"), ("RDY", "in")],
)
def test_marks(mark: str, direction: str) -> None:
    assert first(MESSAGE.replace("0201C250", f"0201{mark}250"))["direction"] == direction


@pytest.mark.parametrize(
    ("amount", "fen"),
    [("250,50", 25050), ("250,5", 25050), ("250,", 25000), ("0,01", 1), ("250", 25000), ("250.50", 25050),
     ("000000250,50", 25050), ("250,5000", 25050)],
)  # fmt: skip
def test_amounts(amount: str, fen: int) -> None:
    assert first(MESSAGE.replace("250,50", amount))["amount_fen"] == fen


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1602010201C12X4,50NTRFA", "amount"),
        ("1602010201C0,00NTRFA", "amount"),
        ("1602010201C1,234NTRFA", "amount"),
        ("1602300230C1,00NTRFA", "date"),
        ("1613451345C1,00NTRFA", "date"),
        ("16020102X1,00NTRFA", "direction"),
        ("nonsense", "date"),
        ("1602010201EC1,00NTRFA", "not booked"),
        ("", "date"),
    ],
)
def test_lines_that_cannot_be_read_are_quarantined_verbatim(line: str, reason: str) -> None:
    result = read(MESSAGE.replace("1602010201C250,50NTRF2016020100000001//B77", line))
    assert result.rows_accepted == 1
    (row,) = result.quarantine.rows(named=True)
    assert row["reason"].startswith(reason)
    assert row["source_record"] == 1
    assert row["text"].startswith(f":61:{line}")
    assert "充值" in row["text"]
    assert result.problem is None


def test_other_currencies_are_quarantined_with_that_reason() -> None:
    result = read(MESSAGE.replace("CNY", "USD"))
    assert result.rows_accepted == 0
    assert result.quarantine["reason"].to_list() == ["currency: USD is not CNY"] * 2
    assert result.accounts[0].opening_fen is None


@pytest.mark.parametrize(
    ("field", "account"),
    [("9070000000000001", "9070000000000001"), ("50880050/0194774600888", "0194774600888"),
     ("9070000000000001CNY", "9070000000000001"), ("BANK/123 456", "123456"), ("1291.99.348 CNY", "1291.99.348")],
)  # fmt: skip
def test_account_numbers(field: str, account: str) -> None:
    assert first(MESSAGE.replace(":25:9070000000000001", f":25:{field}"))["account_no"] == account


def test_without_account_nothing_is_guessed() -> None:
    result = read(MESSAGE.replace(":25:9070000000000001\n", ""))
    assert set(result.quarantine["reason"]) == {"account: the message names none (:25: is missing)"}


def test_a_message_does_not_inherit_the_account_of_the_one_before() -> None:
    result = read(MESSAGE + MESSAGE.replace(":25:9070000000000001\n", ""))
    assert result.rows_accepted == 2
    assert result.rows_quarantined == 2


def test_keyed_details() -> None:
    row = first(
        MESSAGE.replace("166?00网银", "/NAME/张三/IBAN/NL70ABNA0987654321/REMI/货款//EREF/X\n:99:?00")
    )
    assert (row["counterparty_name"], row["counterparty_account"], row["remark"]) == (
        "张三", "NL70ABNA0987654321", "货款",
    )  # fmt: skip


def test_keyed_details_with_an_account_that_is_no_iban() -> None:
    said = "/ACCT/401551756073244/NAME/大洼通汇贸易有限公司/BANK/北川银行盘锦分行/REMI/货款 5/6月"
    row = first(MESSAGE.replace("166?00网银", said + "\n:99:?00"))
    told = ("counterparty_account", "counterparty_name", "counterparty_bank", "remark")
    assert tuple(row[c] for c in told) == (
        "401551756073244",
        "大洼通汇贸易有限公司",
        "北川银行盘锦分行",
        "货款 5/6月",
    )


def test_free_text_is_the_remark() -> None:
    text = MESSAGE.split(":86:")[0] + ":86:CREDIT INTEREST\nQ1\n:62F:C160202CNY1250,50\n-\n"
    assert first(text)["remark"] == "CREDIT INTERESTQ1"


def test_a_cut_off_file_says_so_and_keeps_what_it_has() -> None:
    for length in range(MESSAGE.index(":86:116"), MESSAGE.index(":62F")):
        result = read(MESSAGE[:length])
        assert result.problem is not None
        assert "cut off" in result.problem
        assert result.rows_accepted >= 1


def test_interim_reports_have_no_balances_and_are_no_cut_off_statements() -> None:
    text = ":20:IN1\n:25:907\n:28C:1/1\n:34F:CNY0,00\n:13D:1602221423+0800\n:61:1602220222D7,00NTRFNONREF\n:90D:1CNY7,00\n-\n"
    result = read(text)
    assert (result.format, result.rows_accepted, result.problem) == ("mt942", 1, None)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-8-sig"])
def test_encodings_and_line_ends(newline: str, encoding: str) -> None:
    data = MESSAGE.replace("\n", newline).encode(encoding)
    source = Source.of_bytes("a.sta", data)
    assert FORMAT.claims(source, ReadOptions()) or newline == "\r"
    lines = FORMAT.read(source, ReadOptions()).lines.collect()
    assert lines["counterparty_name"].to_list() == ["邵军", "柳春"]


def test_swift_envelopes() -> None:
    text = (
        "{1:F01BANKCNBJAXXX0000000000}{2:I940BANKCNBJXXXXN}{4:\n" + MESSAGE.rstrip("-\n") + "\n-}\n" + MESSAGE
    )
    assert read(text).rows_accepted == 4


@pytest.mark.parametrize(
    "other", [b"", b"a,b\n1,2\n", b"<?xml version='1.0'?><a/>", b":20:only", b"\x00" * 100]
)
def test_claims_nothing_else(other: bytes) -> None:
    assert not FORMAT.claims(Source.of_bytes("a.sta", other), ReadOptions())


@st.composite
def statements(draw: st.DrawFn) -> str:
    day = st.dates(dt.date(2012, 1, 1), dt.date(2030, 12, 28))
    lines = []
    for _ in range(draw(st.integers(1, 12))):
        value = draw(day)
        entry = value + dt.timedelta(days=draw(st.integers(-3, 3)))
        mark = draw(st.sampled_from(["C", "D"]))
        amount = draw(st.integers(1, 10**12))
        reference = draw(st.text("ABCDEFGHIJ0123456789", min_size=1, max_size=16))
        text = draw(st.text("张三李四ABCdef 0123", max_size=40)).strip()
        with_entry = draw(st.booleans())
        lines.append(
            f":61:{value:%y%m%d}{entry:%m%d}"[: 14 if with_entry else 10]
            + f"{mark}{amount // 100},{amount % 100:02d}NTRF{reference}\n:86:166?00转账?20{text}?32王五\n"
        )
    return ":20:X\n:25:907\n:28C:1/1\n:60F:C120101CNY0,00\n" + "".join(lines) + ":62F:C120101CNY0,00\n-\n"


@settings(max_examples=80, deadline=None)
@given(statements())
def test_agrees_with_the_library(text: str) -> None:
    ours = read(text).lines.collect()
    theirs = [each.data for each in mt940.parse(text)]
    assert ours.height == len(theirs)
    for row, other in zip(ours.rows(named=True), theirs, strict=True):
        assert row["booked_at"].date() == (other.get("entry_date") or other["date"])
        sign = 1 if row["direction"] == "in" else -1
        assert sign * row["amount_fen"] == other["amount"].amount * 100
        assert row["reference"] == other["customer_reference"]


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_damaged_messages_never_raise_and_always_add_up(data: st.DataObject) -> None:
    text = MESSAGE * 2
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(text) - 1))
        piece = data.draw(st.text(":61?/,CD0\n-{}\x00\ud7ff张", max_size=4))
        text = text[:at] + piece + text[at + data.draw(st.integers(0, 30)) :]
        if not text:
            return
    read(text)


def test_no_frame_column_is_lost_for_an_empty_message() -> None:
    result = read(":20:X\n:25:907\n:28C:1/1\n:60F:C120101CNY0,00\n:62F:C120101CNY0,00\n-\n")
    assert result.problem is None
    assert result.lines.collect().schema == pl.Schema(LINE_SCHEMA)


def test_large_files_are_read_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    data = (MESSAGE * 40).encode()
    whole = FORMAT.read(Source.of_bytes("a.sta", data), ReadOptions())
    monkeypatch.setattr(reader, "_CHUNK_BYTES", 3 * len(MESSAGE.encode()) + 17)
    pieces = FORMAT.read(Source.of_bytes("a.sta", data), ReadOptions())
    assert pieces.lines.collect().equals(whole.lines.collect())
    assert pieces.accounts == whole.accounts
    assert (pieces.rows_read, pieces.problem) == (80, None)
    assert pieces.lines.collect()["source_record"].to_list() == list(range(1, 81))


def test_a_line_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_CHUNK_BYTES", 1 << 16)
    data = MESSAGE.encode() * 3 + b":20:X\n:25:9\n:28C:1/1\n:61:" + b"x" * (1 << 20)
    result = FORMAT.read(Source.of_bytes("a.sta", data), ReadOptions())
    assert result.rows_accepted == 6
    assert "this is no statement" in (result.problem or "")


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (":61:110701CN50,00NZ10NONREF\r\n-\r\n", 1),
        (":62F:C100323EUR42570,04\r\n-", 0),
        (":25:51210600/9223382012EUR\r\n", 0),
        ("\r\n:20:TELEREPORTING\r\n", 0),
        (":86:091\r\n-", 0),
    ],
)
def test_a_fragment_of_a_message_is_known_as_one(text: str, rows: int) -> None:
    result = read_statement(Source.of_bytes("a.sta", text.encode()))
    assert result.format == "mt940"
    assert (result.rows_read, result.rows_accepted, result.rows_quarantined) == (rows, 0, rows)
    assert rows or "whole message" in (result.problem or "")


def test_a_message_in_utf_16_is_read_as_any_other() -> None:
    text = ":20:A\r\n:25:6200000000000000017\r\n:28C:1/1\r\n:60F:C160601CNY0,\r\n:61:1606010601C1,NTRFR1\r\n:86:货款\r\n:62F:C160601CNY1,\r\n-\r\n"
    results = [read_statement(Source.of_bytes("a.sta", text.encode(each))) for each in ("utf-8", "utf-16")]
    first, second = (each.lines.collect() for each in results)
    assert first.height == 1
    assert first.equals(second)
