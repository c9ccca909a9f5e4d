"""camt.052/053/054: versions, batches, reversals, and XML that means harm."""

from __future__ import annotations

import datetime as dt
import gzip
import io
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.steps.formats import ReadOptions, ReadResult, Source, _camt_shapes, recognise
from flows.steps.formats import camt as reader
from flows.steps.formats._camt_shapes import IrregularError
from flows.steps.formats.camt import FORMAT
from flows.steps.formats.protocol import LINE_SCHEMA

BODIES = {
    "052": ("BkToCstmrAcctRpt", "Rpt"),
    "053": ("BkToCstmrStmt", "Stmt"),
    "054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn"),
}


def entry(
    amount: str = "12.50",
    mark: str = "CRDT",
    currency: str = "CNY",
    booked: str = "<DtTm>2016-07-01T09:09:08+08:00</DtTm>",
    status: str = "<Sts>BOOK</Sts>",
    details: str | None = None,
    more: str = "",
) -> str:
    details = detail() if details is None else details
    return (
        f'<Ntry><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{mark}</CdtDbtInd>{more}{status}'
        f"<BookgDt>{booked}</BookgDt><ValDt><Dt>2016-07-05</Dt></ValDt><AcctSvcrRef>R1</AcctSvcrRef>"
        f"<BkTxCd><Prtry><Cd>网银</Cd></Prtry></BkTxCd><NtryDtls>{details}</NtryDtls></Ntry>"
    )


def detail(amount: str = "", name: str = "张三", wrapped: bool = False) -> str:
    amount = f'<Amt Ccy="CNY">{amount}</Amt>' if amount else ""
    party = f"<Pty><Nm>{name}</Nm></Pty>" if wrapped else f"<Nm>{name}</Nm>"
    return (
        f"<TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs>{amount}<RltdPties>"
        f"<Dbtr>{party}</Dbtr><DbtrAcct><Id><Othr><Id>6222</Id></Othr></Id></DbtrAcct>"
        f"<Cdtr><Nm>李四</Nm></Cdtr><CdtrAcct><Id><IBAN>DE02</IBAN></Id></CdtrAcct></RltdPties>"
        f"<RltdAgts><DbtrAgt><FinInstnId><Nm>甲银行</Nm></FinInstnId></DbtrAgt>"
        f"<CdtrAgt><FinInstnId><BICFI>BANKCNBJ</BICFI></FinInstnId></CdtrAgt></RltdAgts>"
        f"<RmtInf><Ustrd>货款</Ustrd><Ustrd>二</Ustrd></RmtInf></TxDtls>"
    )


def balance(kind: str, amount: str, mark: str = "CRDT") -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy='CNY'>{amount}</Amt>"
        f"<CdtDbtInd>{mark}</CdtDbtInd></Bal>"
    )


def message(*entries: str, kind: str = "053", version: str = "02", head: str = "", prolog: str = "") -> bytes:
    root, statement = BODIES[kind]
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{prolog}'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.{kind}.001.{version}"><{root}><GrpHdr/>'
        f"<{statement}><Id>1</Id><Acct><Id><Othr><Id>9052</Id></Othr></Id><Ccy>CNY</Ccy>"
        f"<Ownr><Nm>宸骏公司</Nm></Ownr><Svcr><FinInstnId><Nm>远洲银行</Nm></FinInstnId></Svcr></Acct>{head}"
        + "".join(entries)
        + f"</{statement}></{root}></Document>"
    ).encode()


def read(data: bytes) -> ReadResult:
    source = Source.of_bytes("a.xml", data)
    assert FORMAT.claims(source, ReadOptions())
    result = FORMAT.read(source, ReadOptions())
    assert result.rows_read == result.rows_accepted + result.rows_quarantined + result.rows_ignored
    frame = result.lines.collect()
    assert dict(frame.schema) == LINE_SCHEMA
    assert frame.height == result.rows_accepted
    return result


def first(data: bytes) -> dict[str, object]:
    return read(data).lines.collect().row(0, named=True)


@pytest.mark.parametrize("kind", ["052", "053", "054"])
@pytest.mark.parametrize("version", ["01", "02", "04", "06", "08", "13"])
def test_every_version_gives_all_fields(kind: str, version: str) -> None:
    wrapped = int(version) >= 8
    status = "<Sts><Cd>BOOK</Cd></Sts>" if wrapped else "<Sts>BOOK</Sts>"
    data = message(entry(details=detail(wrapped=wrapped), status=status), kind=kind, version=version)
    assert read(data).format == f"camt.{kind}.001.{version}"
    assert first(data) == {
        "account_no": "9052",
        "booked_at": dt.datetime(2016, 7, 1, 9, 9, 8),
        "has_time": True,
        "direction": "in",
        "amount_fen": 1250,
        "currency": "CNY",
        "balance_after_fen": None,
        "counterparty_account": "6222",
        "counterparty_name": "张三",
        "counterparty_bank": "甲银行",
        "remark": "货款二",
        "reference": "R1",
        "channel": "网银",
        "holder_name": "宸骏公司",
        "bank_name": "远洲银行",
        "source_record": 1,
    }


def test_money_out_goes_to_the_creditor() -> None:
    row = first(message(entry(mark="DBIT")))
    assert (row["direction"], row["counterparty_name"], row["counterparty_account"], row["counterparty_bank"]) == (
        "out", "李四", "DE02", "BANKCNBJ",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("booked", "at", "has_time"),
    [
        ("<Dt>2016-07-01</Dt>", dt.datetime(2016, 7, 1), False),
        ("<Dt>2016-07-01+08:00</Dt>", dt.datetime(2016, 7, 1), False),
        ("<DtTm>2016-07-01T00:00:00+08:00</DtTm>", dt.datetime(2016, 7, 1), False),
        ("<DtTm>2016-07-01T20:00:00Z</DtTm>", dt.datetime(2016, 7, 2, 4), True),
        ("<DtTm>2016-07-01T20:00:00.123-05:00</DtTm>", dt.datetime(2016, 7, 2, 9), True),
        ("<DtTm>2016-07-01T20:00:00</DtTm>", dt.datetime(2016, 7, 1, 20), True),
        ("", dt.datetime(2016, 7, 5), False),
    ],
)
def test_booking_dates(booked: str, at: dt.datetime, has_time: bool) -> None:
    row = first(message(entry(booked=booked)))
    assert (row["booked_at"], row["has_time"]) == (at, has_time)


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (entry(currency="USD"), "currency: USD is not CNY"),
        (entry(amount="12.3.4"), "amount"),
        (entry(amount="0.00"), "amount: zero"),
        (entry(amount="1.23456"), "amount"),
        (entry(amount="-5"), "amount"),
        (entry(booked="<Dt>2016-02-31</Dt>"), "date"),
        (entry(mark="X"), "direction"),
    ],
)
def test_entries_that_cannot_be_read_are_quarantined_verbatim(made: str, reason: str) -> None:
    result = read(message(entry(), made, entry()))
    assert result.rows_accepted == 2
    (row,) = result.quarantine.rows(named=True)
    assert row["reason"].startswith(reason)
    assert row["source_record"] == 2
    assert row["text"].startswith("<Ntry")
    assert "张三" in row["text"]
    assert result.lines.collect()["source_record"].to_list() == [1, 3]


def test_more_decimals_than_fen_are_fine_when_zero() -> None:
    assert first(message(entry(amount="12.50000")))["amount_fen"] == 1250


def test_what_is_not_booked_is_no_transaction_and_told() -> None:
    result = read(message(entry(status="<Sts>PDNG</Sts>"), entry(status="<Sts><Cd>INFO</Cd></Sts>"), entry()))
    assert (result.rows_accepted, result.rows_ignored) == (1, 2)
    assert "not booked" in result.warnings[0]


def test_a_batch_whose_details_add_up_becomes_its_payments() -> None:
    batch = entry("30.00", details=detail("10.00", "甲") + detail("20.00", "乙"))
    lines = read(message(entry(), batch)).lines.collect()
    assert lines["amount_fen"].to_list() == [1250, 1000, 2000]
    assert lines["counterparty_name"].to_list() == ["张三", "甲", "乙"]
    assert lines["source_record"].to_list() == [1, 2, 2]


def test_a_batch_whose_details_do_not_add_up_stays_one_line() -> None:
    lines = read(message(entry("31.00", details=detail("10.00") + detail("20.00")))).lines.collect()
    assert lines["amount_fen"].to_list() == [3100]
    assert lines["counterparty_name"].to_list() == [None]


def test_a_reversal_goes_the_way_its_indicator_says() -> None:
    row = first(message(entry(mark="DBIT", more="<RvslInd>true</RvslInd>")))
    assert row["direction"] == "out"


def test_balances_and_control_totals() -> None:
    totals = "<TxsSummry><TtlCdtNtries><NbOfNtries>5</NbOfNtries></TtlCdtNtries></TxsSummry>"
    head = balance("OPBD", "100.00") + balance("CLBD", "3.00", "DBIT") + totals
    result = read(message(entry(), entry(), head=head))
    (only,) = result.accounts
    assert (only.opening_fen, only.closing_fen, only.opening_record, only.closing_record) == (
        10000,
        -300,
        1,
        2,
    )
    assert "control totals" in result.warnings[0]


def test_balances_after_the_entries_are_found_too() -> None:
    (only,) = read(message(entry() + balance("OPBD", "1.00") + balance("CLBD", "13.50"))).accounts
    assert (only.opening_fen, only.closing_fen) == (100, 1350)


def test_prefixes_comments_and_utf_16_are_xml_like_any_other() -> None:
    plain = message(entry(), "<!-- <Ntry> -->", entry()).decode()
    prefixed = plain.replace("<", "<c:").replace("<c:/", "</c:").replace("<c:?", "<?").replace("<c:!", "<!")
    prefixed = prefixed.replace("xmlns=", "xmlns:c=")
    assert read(prefixed.encode()).rows_accepted == 2
    assert read(plain.replace('"UTF-8"', '"UTF-16"').encode("utf-16")).rows_accepted == 2


def test_cut_off_anywhere_gives_the_entries_before_and_says_so() -> None:
    data = message(*[entry(details=detail(name=f"名{n}")) for n in range(5)], head=balance("OPBD", "0.00"))
    for length in range(data.index(b"<Ntry") + 1, len(data) - 1, 37):
        result = read(data[:length])
        assert result.problem is not None
        assert result.rows_accepted == data[:length].count(b"</Ntry>")
        assert all(each.closing_fen is None for each in result.accounts)


BOMB = (
    '<!DOCTYPE Document [<!ENTITY l0 "lol">'
    + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    + "]>"
)


@pytest.mark.parametrize(
    "prolog",
    [
        BOMB,
        '<!DOCTYPE Document [<!ENTITY l9 SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE Document SYSTEM "http://example.invalid/x.dtd">',
        '<!DOCTYPE Document [<!ENTITY % p SYSTEM "http://example.invalid/p"> %p;]>',
    ],
)
@pytest.mark.parametrize("far", [0, 100_000])
def test_document_types_are_refused_unopened(prolog: str, far: int) -> None:
    padding = f"<!--{' ' * far}-->" if far else ""
    data = message(entry(details=detail(name="&l9;")), prolog=padding + prolog)
    source = Source.of_bytes("a.xml", data)
    result = FORMAT.read(source, ReadOptions())
    assert result.rows_accepted == 0
    assert "document type" in (result.problem or "")


def test_a_huge_text_ends_the_file_not_the_memory() -> None:
    result = read(message(entry(), entry(details=detail(name="x" * (11 << 20)))))
    assert result.rows_accepted == 1
    assert result.problem is not None


@pytest.mark.parametrize("other", [b"", b"<html/>", b"date,camt.053.001.02\n", b"PK\x03\x04camt.053.001.02"])
def test_claims_nothing_else(other: bytes) -> None:
    assert not FORMAT.claims(Source.of_bytes("a.xml", other), ReadOptions())


def test_is_the_only_format_that_claims_camt(tmp_path: Path) -> None:
    found, problem = recognise(Source.of_bytes("a.csv", message(entry())))
    assert (found, problem) == (FORMAT, None)
    packed = io.BytesIO(gzip.compress(message(entry())))
    assert packed.getvalue()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(1, 10**14),
            st.sampled_from(["CRDT", "DBIT"]),
            st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2040, 1, 1)).map(
                lambda t: t.replace(microsecond=0)
            ),
            st.text(
                st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]), min_size=1, max_size=20
            ),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_what_is_written_is_read(rows: list[tuple[int, str, dt.datetime, str]]) -> None:
    made = [
        entry(
            f"{fen // 100}.{fen % 100:02d}",
            mark,
            booked=f"<DtTm>{at.isoformat()}+08:00</DtTm>",
            details=detail(name=escape(name)).replace("李四", escape(name)),
        )
        for fen, mark, at, name in rows
    ]
    lines = read(message(*made)).lines.collect()
    assert lines["amount_fen"].to_list() == [fen for fen, *_ in rows]
    assert lines["booked_at"].to_list() == [at for _, _, at, _ in rows]
    assert lines["direction"].to_list() == ["in" if mark == "CRDT" else "out" for _, mark, _, _ in rows]
    assert lines["counterparty_name"].to_list() == [name.strip() or None for *_, name in rows]


def same_both_ways(data: bytes) -> None:
    source = Source.of_bytes("a.xml", data)
    try:
        by_shape = FORMAT._read("camt", source, by_shape=True)
    except IrregularError:
        return
    one_by_one = FORMAT._read("camt", source, by_shape=False)
    assert by_shape.lines.collect().equals(one_by_one.lines.collect())
    told = [
        (each.quarantine.drop("text").rows(), each.accounts, each.warnings) for each in (by_shape, one_by_one)
    ]
    assert told[0] == told[1]
    assert (by_shape.problem is None) == (one_by_one.problem is None)


PIECES = st.sampled_from(
    [
        entry(),
        entry(mark="DBIT"),
        entry(amount="12.3.4"),
        entry(details=""),
        entry("30.00", details=detail("10.00", "甲") + detail("20.00", "乙")),
        entry("31.00", details=detail("10.00") + detail("20.00")),
        entry(details=detail(name="A &amp; B &lt;c&gt;")),
        entry(details=detail(name="A &#65;")),
        entry(details=detail(name="a > b")),
        entry(details=detail(name=" ")),
        entry(details=detail(name="<![CDATA[x]]>")),
        entry(details=detail(name="!?")),
        entry(details=detail(wrapped=True)),
        entry(status="<Sts><Cd>PDNG</Cd></Sts>"),
        entry(more="<X a=\"&gt;\" b='>'/>"),
        entry().replace("<Ntry>", '<Ntry lookthrough-block="0">'),
        entry().replace("><", ">\n  <"),
        "<!-- <Ntry> -->",
        "<Other>x</Other>",
        balance("CLBD", "1.00"),
        "</Stmt><Stmt><Acct><Id><IBAN>NL02</IBAN></Id></Acct>",
        "<Ntry>",
        "</Ntry>",
        "\n",
    ]
)


@settings(max_examples=250, deadline=None)
@given(st.lists(PIECES, max_size=12), st.integers(1, 400))
def test_reading_by_shape_is_reading_one_by_one(pieces: list[str], chunk: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_camt_shapes, "_CHUNK_BYTES", chunk * 10)
        same_both_ways(message(*pieces))


def test_plain_files_are_read_by_shape() -> None:
    for data in (message(entry(), entry(mark="DBIT")), message(), message(entry(details=detail(name="!?")))):
        FORMAT._read("camt", Source.of_bytes("a.xml", data), by_shape=True)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_damaged_xml_never_raises(data: st.DataObject) -> None:
    raw = bytearray(message(entry(), entry(mark="DBIT"), head=balance("OPBD", "1.00")))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(120, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 20))] = data.draw(st.binary(max_size=6))
    source = Source.of_bytes("a.xml", bytes(raw))
    if FORMAT.claims(source, ReadOptions()):
        result = FORMAT.read(source, ReadOptions())
        assert result.rows_read == result.rows_accepted + result.rows_quarantined + result.rows_ignored
        same_both_ways(bytes(raw))


def test_a_control_character_costs_its_entry_at_most() -> None:
    torn = entry(booked="<Dt>2016-07-0\x00</Dt>")
    result = read(message(entry(), torn, entry(details=detail(name="A\x01B")), entry(mark="DBIT")))
    assert result.problem is None
    assert result.quarantine["source_record"].to_list() == [2]
    assert result.lines.collect()["counterparty_name"].to_list()[1] == "A B"
    same_both_ways(message(entry(), torn))


def test_an_element_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_ELEMENT_BYTES", 1 << 16)
    result = read(message(entry(), "<Ntry>" + "<x/>" * 100_000 + "</Ntry>", entry()))
    assert result.rows_accepted == 1
    assert "this is no statement" in (result.problem or "")
