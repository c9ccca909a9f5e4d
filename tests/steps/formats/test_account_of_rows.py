"""For every format: rows read = accepted + quarantined + ignored, whatever has happened to the file."""

from __future__ import annotations

import datetime as dt
import io
import random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.steps.formats import ReadOptions, Source, discover, read_statement
from flows.steps.registers import read_register
from flows.steps.simulate import render
from flows.steps.simulate.ledger import Account, Bank, Line
from tests.steps.formats.made import OWN, book

BANK = Bank("401232000119", "北川银行盘锦分行", "")
ACCOUNT = Account(OWN, "甲公司", BANK, True)
OTHER = Account("6217000000000000001", "张三", BANK, False)
START = dt.datetime(2016, 6, 1, 9, 30)


def _lines(count: int = 12) -> list[Line]:
    made, balance = [], 1_000_000
    for n in range(count):
        incoming, fen = n % 3 != 1, 1_000 + 37 * n
        balance += fen if incoming else -fen
        at = START + dt.timedelta(hours=7 * n)
        made.append(Line(at, ACCOUNT, incoming, fen, balance, OTHER, f"货款{n}", "网银", f"R{n:05d}"))
    return made


def _canonical_csv() -> bytes:
    return pl.read_parquet(io.BytesIO(render.canonical(ACCOUNT, _lines()))).write_csv().encode()


def _web_page() -> bytes:
    cells = [["账号", "交易日期", "借方发生额", "贷方发生额", "余额", "对方户名"]]
    cells += [
        [OWN, "2016-06-20", "1.00", "", "9.00", "张三"],
        [OWN, "2016-06-21", "", "2.00", "11.00", "李四"],
    ]
    cells += [[OWN, "2016-06-22", "x", "", "9.00", "张三"], ["合计", "", "1.00", "2.00", "", ""]]
    rows = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in cells)
    return f"<html><body><table>{rows}</table></body></html>".encode()


def _printout() -> bytes:
    out = [f"账号：{OWN}    户名：甲公司", f"{'日期':<8}{'金额':>12}{'余额':>12}    对方户名"]
    out += [
        f"{each.at:%Y-%m-%d}{each.fen if each.incoming else -each.fen:>14}.00{each.balance_fen:>14}.00    张三"
        for each in _lines()
    ]
    return ("\n".join([*out, "合计", ""])).encode("gb18030")


STATEMENTS = {
    "bank-csv two columns": ("a.csv", render.two_columns(ACCOUNT, _lines())),
    "bank-csv signed": ("a.csv", render.signed(ACCOUNT, _lines())),
    "bank-csv enquiry": ("a.csv", render.enquiry(ACCOUNT, _lines())),
    "bank-workbook": ("a.xlsx", render.flag_xlsx(ACCOUNT, _lines())),
    "web-table": ("a.xls", _web_page()),
    "printout": ("a.txt", _printout()),
    "mt940": ("a.sta", render.mt940(ACCOUNT, _lines())),
    "camt": ("a.xml", render.camt053(ACCOUNT, _lines())),
    "canonical csv": ("a.csv", _canonical_csv()),
    "canonical parquet": ("a.parquet", render.canonical(ACCOUNT, _lines())),
}


def add_up(name: str, data: bytes) -> int:
    """Check the account of one file; return how many rows were accepted."""
    result = read_statement(Source.of_bytes(name, data), ReadOptions())
    lines = result.lines.collect()
    assert result.rows_read == result.rows_accepted + result.rows_quarantined + result.rows_ignored
    assert (lines.height, result.quarantine.height) == (result.rows_accepted, result.rows_quarantined)
    kept, bad = lines["source_record"].unique(), result.quarantine["source_record"].unique()
    assert kept.is_in(bad.implode()).sum() == 0
    assert not result.quarantine["reason"].has_nulls()
    assert not result.quarantine["text"].has_nulls()
    return result.rows_accepted


def test_every_format_has_its_sample() -> None:
    claimed = {
        each.name
        for name, data in STATEMENTS.values()
        for each in discover()
        if each.claims(Source.of_bytes(name, data), ReadOptions())
    }
    assert claimed == {each.name for each in discover()}


@pytest.mark.parametrize("which", STATEMENTS)
def test_an_undamaged_file_adds_up(which: str) -> None:
    assert add_up(*STATEMENTS[which]) == (2 if which == "web-table" else 12)


@pytest.mark.parametrize(
    "which", [name for name in STATEMENTS if name not in ("bank-workbook", "canonical parquet")]
)
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), edits=st.integers(1, 5))
def test_a_text_with_rows_lost_doubled_and_spoilt_adds_up(which: str, seed: int, edits: int) -> None:
    name, data = STATEMENTS[which]
    rng = random.Random(seed)
    pieces = data.split(b"\n" if data.count(b"\n") > 5 else b">")
    for _ in range(edits):
        at = rng.randrange(len(pieces))
        how = rng.randrange(6)
        if how == 0 and len(pieces) > 1:
            del pieces[at]
        elif how == 1:
            pieces.insert(at, pieces[rng.randrange(len(pieces))])
        elif how == 2:
            pieces[at] = pieces[at][: rng.randrange(len(pieces[at]) + 1)]
        elif how == 3:
            cut = rng.randrange(len(pieces[at]) + 1)
            pieces[at] = (
                pieces[at][:cut]
                + rng.choice([b'"', b",", b"\xff", b"\x00", b"0", b"-", b" "])
                + pieces[at][cut:]
            )
        elif how == 4:
            pieces[at] = pieces[at].replace(b"0", b"", 1).replace(b"20160", b"20169")
        else:
            pieces[at] = b"".join(rng.sample([bytes([each]) for each in pieces[at]], len(pieces[at])))
    add_up(name, (b"\n" if data.count(b"\n") > 5 else b">").join(pieces))


@pytest.mark.parametrize("which", ["bank-workbook", "canonical parquet"])
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_damaged_binary_file_adds_up(which: str, seed: int) -> None:
    name, data = STATEMENTS[which]
    rng = random.Random(seed)
    raw = bytearray(data[: rng.randrange(4, len(data) + 1)] if rng.random() < 0.5 else data)
    for _ in range(rng.randrange(4)):
        raw[rng.randrange(4, len(raw))] = rng.randrange(256)
    add_up(name, bytes(raw))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_workbook_with_spoilt_cells_adds_up(seed: int) -> None:
    rng = random.Random(seed)
    rows = [["账号", "交易日期", "借贷标志", "交易金额", "余额", "对方户名"]]
    rows += [[OWN, f"2016-06-{10 + n}", "贷", f"{n + 1}.00", f"{100 + n}.00", "张三"] for n in range(8)]
    for _ in range(rng.randrange(6)):
        row = rng.choice(rows)
        row[rng.randrange(len(row))] = rng.choice(
            ["", "x", "合计", "账号", "-1", "2016-13-01", OWN, "6.22E+18"]
        )
    for _ in range(rng.randrange(3)):
        rows.insert(rng.randrange(len(rows) + 1), list(rng.choice(rows)))
    add_up("a.xlsx", book(rows))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), kind=st.sampled_from(["csv", "xlsx", "parquet"]))
def test_a_register_adds_up(seed: int, kind: str) -> None:
    rng = random.Random(seed)
    header = ["product_id", "institution_id", "name", "kind", "promised_yield", "issued_on"]
    rows = [[f"P{n}", "I1", f"产品{n}", "loan", "0.12", "2016-01-01"] for n in range(6)]
    for _ in range(rng.randrange(5)):
        row = rng.choice(rows)
        row[rng.randrange(len(row))] = rng.choice(["", "x", "12%", "2016-13-01", "贷款"])
    data = "\n".join(",".join(row) for row in [header, *rows, header if rng.random() < 0.3 else []]).encode()
    if kind == "xlsx":
        data = book([header, *rows])
    elif kind == "parquet":
        out = io.BytesIO()
        pl.DataFrame(rows, schema=header, orient="row").write_parquet(out)
        data = out.getvalue()
    result = read_register(Source.of_bytes(f"products.{kind}", data), ReadOptions())
    assert result.rows_read == result.rows_accepted + result.rows_quarantined + result.rows_ignored
    assert (result.rows.height, result.quarantine.height) == (result.rows_accepted, result.rows_quarantined)
