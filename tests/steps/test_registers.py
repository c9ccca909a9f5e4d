from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.steps.formats import ReadOptions, Source
from flows.steps.register_schema import REGISTERS, register_headers
from flows.steps.registers import RegisterResult, empty_rows, read_register, register_of
from tests.steps.formats.made import book


def _read(name: str, data: bytes | str, **options: tuple[Path, ...]) -> RegisterResult:
    raw = data if isinstance(data, bytes) else data.encode()
    result = read_register(Source.of_bytes(name, raw), ReadOptions(**options))
    assert result.rows_read == result.rows_accepted + result.rows_quarantined + result.rows_ignored
    assert result.rows.schema == empty_rows(result.register).schema
    return result


@pytest.mark.parametrize(
    ("name", "register"),
    [
        ("accounts.csv", "accounts"),
        ("accounts_2016-06.xlsx", "accounts"),
        ("Accounts更正.csv", "accounts"),
        ("product_projects_1.parquet", "product_projects"),
        ("products.csv", "products"),
        ("projects2.csv", "projects"),
        ("reserve_tables_2016-07.csv", "reserve_tables"),
        ("folder/tips.csv", "tips"),
        ("tipster.csv", None),
        ("my_accounts.csv", None),
        ("明细.csv", None),
    ],
)
def test_a_register_is_told_by_the_start_of_its_name(name: str, register: str | None) -> None:
    assert register_of(name) == register


PRODUCTS_ZH = (
    "产品名称,产品编号,机构编号,产品类型,承诺收益率,期限天数,发行日期,募集金额,风险等级,是否公开发行,录入人\n"
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_chinese_headers_in_any_order_and_cells_as_offices_write_them(encoding: str) -> None:
    text = PRODUCTS_ZH + '稳健1号,P1,I1,理财,12%,90天,2016年6月20日,"1,000,000.50",3.0,是,甲\n'
    result = _read("products.csv", text.encode(encoding))
    row = result.rows.to_dicts()[0]
    assert row["kind"] == "wealth"
    assert row["promised_yield"] == pytest.approx(0.12)
    assert row["term_days"] == 90
    assert row["issued_on"] == dt.date(2016, 6, 20)
    assert row["raised_amount"] == Decimal("1000000.50")
    assert (row["risk_level"], row["publicly_offered"], row["matures_on"]) == (3, True, None)
    assert row["source_record"] == 2
    assert result.unknown_columns == ("录入人",)
    assert result.aside.to_dicts() == [{"source_record": 2, "录入人": "甲"}]
    assert any("录入人" in each for each in result.warnings)


def test_rows_without_what_they_need_are_set_aside_with_the_column_that_failed() -> None:
    text = "subscription_id,product_id,amount,subscribed_on\nS1,P1,100,2016-06-20\n,P1,100,2016-06-20\nS3,P1,壹佰,2016-06-20\nS4,P1,1,2016-02-30\n"
    result = _read("subscriptions.csv", text)
    assert result.rows["subscription_id"].to_list() == ["S1"]
    assert result.quarantine.select("source_record", "reason").rows() == [
        (3, "subscription_id is empty"), (4, "amount cannot be read"), (5, "subscribed_on cannot be read")
    ]  # fmt: skip
    assert result.quarantine["text"][1] == "S3,P1,壹佰,2016-06-20"


def test_an_unreadable_optional_cell_is_empty_and_counted() -> None:
    result = _read("accounts.csv", "account_no,account_type,opened_on\n6222000000000000017,own,gestern\n")
    assert result.rows["opened_on"].to_list() == [None]
    assert any("opened_on" in each for each in result.warnings)


def test_an_unknown_word_is_refused_never_defaulted() -> None:
    result = _read(
        "institutions.csv", "institution_id,name,sector,licence_status\nI1,甲,养殖,none\nI2,乙,支付,备案\n"
    )
    assert result.rows.select("institution_id", "sector", "licence_status").rows() == [
        ("I2", "payment", "filed")
    ]
    assert result.quarantine["reason"].to_list() == ["sector cannot be read"]


def test_a_workbook_with_a_title_above_and_numbers_as_numbers() -> None:
    rows = [
        ["某办登记表"],
        [],
        ["账号", "账户类型", "开户日期", "机构编号"],
        ["6222000000000000017", "存管账户", dt.datetime(2016, 6, 20), "I1"],
    ]
    result = _read("accounts_更正.xlsx", book(rows))
    assert result.rows.select(
        "account_no", "account_type", "opened_on", "institution_id", "source_record"
    ).rows() == [("6222000000000000017", "custody", dt.date(2016, 6, 20), "I1", 4)]
    assert result.rows_ignored == 2


def test_parquet_keeps_its_types_and_may_be_empty() -> None:
    out = io.BytesIO()
    pl.DataFrame({"month": ["2016-06"], "sector": ["p2p"], "average_yield": [0.1]}).write_parquet(out)
    assert _read("industry_yields.parquet", out.getvalue()).rows.rows() == [("2016-06", "p2p", 0.1, 1)]
    out = io.BytesIO()
    pl.DataFrame(
        schema={"finding_key": pl.String, "verdict": pl.String, "decided_on": pl.Date}
    ).write_parquet(out)
    empty = _read("verdicts.parquet", out.getvalue())
    assert (empty.rows_accepted, empty.problem) == (0, None)


def test_a_lacking_column_and_a_torn_file_are_told() -> None:
    assert "account_no" in (_read("accounts.csv", "bank_name\n某行\n").problem or "")
    torn = _read("parties.csv", "party_id,kind,name,id_no\nN1,person,甲,\nN2,pers")
    assert torn.rows_accepted == 1
    assert "cut off" in (torn.problem or "")
    assert _read("tips.csv", b"").problem is not None
    assert _read("tips.xlsx", b"PK\x03\x04 torn").problem is not None
    assert _read("tips.csv", b"%PDF-1.4").problem is not None


def test_doubtful_identifiers_are_warnings_that_repeat_no_number() -> None:
    text = "party_id,kind,name,id_no\nN1,person,甲,110101199003070012\nC1,company,乙,91350100M000100Y44\n"
    result = _read("parties.csv", text)
    assert result.rows_accepted == 2
    assert len([each for each in result.warnings if "check digit" in each]) == 2
    assert not any("110101" in each for each in result.warnings)


def test_later_rows_of_a_key_are_kept_for_the_warehouse_and_counted() -> None:
    result = _read("parties.csv", "party_id,kind,name\nN1,person,甲\nN1,person,乙\n")
    assert result.rows["name"].to_list() == ["甲", "乙"]
    assert any("same key" in each for each in result.warnings)


def test_names_that_look_like_formulas_stay_text() -> None:
    name = '=HYPERLINK("http://x","甲")'
    result = _read(
        "parties.csv", 'party_id,kind,name\nC1,company,"=HYPERLINK(""http://x"",""甲"")"\nC2,company,-2+3甲\n'
    )
    assert result.rows["name"].to_list() == [name, "-2+3甲"]


def test_the_office_adds_headers_of_its_own(tmp_path: Path) -> None:
    table = tmp_path / "own.csv"
    table.write_text("register,column,headers\nparties,party_id,代号\n", encoding="utf-8")
    text = "代号,类型,名称\nN1,个人,甲\n"
    assert _read("parties.csv", text).problem is not None
    assert _read("parties.csv", text, aliases=(table,)).rows_accepted == 1


def test_every_column_has_a_chinese_header() -> None:
    named = {
        (register, column)
        for (register, header), column in register_headers().items()
        if not header.isascii()
    }
    assert {(r.name, c.name) for r in REGISTERS.values() for c in r.columns} <= named


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(REGISTERS)), st.binary(max_size=800))
def test_no_bytes_make_the_reader_raise(register: str, data: bytes) -> None:
    header = ",".join(column.name for column in REGISTERS[register].columns).encode()
    _read(f"{register}.csv", data)
    _read(f"{register}.csv", header + b"\n" + data)


def _products(head: str, *rows: str) -> RegisterResult:
    return read_register(Source.of_bytes("products.csv", "\n".join([head, *rows, ""]).encode()))


@pytest.mark.parametrize(
    "head",
    [
        "*产品编号（必填）,*机构编号（必填）,产品名称,产品类型,承诺收益率",
        "产品编号 product_id,机构编号 institution_id,产品名称 name,产品类型 kind,承诺收益率 promised_yield",
        "PRODUCT ID,INSTITUTION ID,NAME,KIND,PROMISED YIELD",
        "產品編號,機構編號,產品名稱,產品類型,承諾收益率",
    ],
)
def test_headers_in_any_spelling(head: str) -> None:
    result = _products(head, "P1,A1,甲,loan,0.12")
    assert result.problem is None
    assert result.rows.select("product_id", "institution_id", "promised_yield").row(0) == ("P1", "A1", 0.12)


@pytest.mark.parametrize(
    ("header", "cells", "wanted"),
    [
        ("承诺收益率(%)", ("12", "0.36"), [0.12, 0.0036]),
        ("承诺收益率", ("12", "8.5"), [0.12, 0.085]),
        ("承诺收益率", ("0.12", "0.085"), [0.12, 0.085]),
        ("承诺收益率", ("12%", "8.5％"), [0.12, 0.085]),
    ],
)
def test_rates_in_per_cent(header: str, cells: tuple[str, str], wanted: list[float]) -> None:
    head = f"产品编号,机构编号,产品名称,产品类型,{header}"
    result = _products(head, *[f"P{i},A1,甲,loan,{cell}" for i, cell in enumerate(cells)])
    assert result.rows["promised_yield"].to_list() == wanted


def test_a_unit_above_a_register_and_dates_with_the_day_first() -> None:
    head = "产品编号,机构编号,产品名称,产品类型,募集金额,发行日期"
    result = _products(f"单位：万元\n{head}", "P1,A1,甲,loan,1.5,03/04/2016", "P2,A1,乙,loan,无,25/04/2016")
    assert result.rows["raised_amount"].cast(pl.String).to_list() == ["15000.00", None]
    assert [str(each) for each in result.rows["issued_on"].to_list()] == ["2016-04-03", "2016-04-25"]


def test_ids_that_a_spreadsheet_was_told_to_keep_as_texts_are_the_ids_themselves() -> None:
    head = "产品编号,机构编号,产品名称,产品类型"
    for product, firm in (
        ('"=""P001"""', '"=""0012"""'),
        ("'P001", "'0012"),
        ("Ｐ００１", "００１２"),
        (" P001\t", "0012 "),
    ):
        row = _products(head, f"{product},{firm},甲,loan").rows.row(0, named=True)
        assert (row["product_id"], row["institution_id"]) == ("P001", "0012")


@pytest.mark.parametrize(
    ("cell", "fen"),
    [
        ("5000万元", 5_000_000_000),
        ("1.2亿", 12_000_000_000),
        ("人民币300万元整", 300_000_000),
        ("２００万", 200_000_000),
        ("￥1,000.50元", 100_050),
    ],
)
def test_an_amount_with_its_unit_in_the_cell(cell: str, fen: int) -> None:
    rows = _products("产品编号,机构编号,产品名称,产品类型,募集金额", f'P1,A1,甲,loan,"{cell}"').rows
    assert rows["raised_amount"].to_list() == [Decimal(fen) / 100]


@pytest.mark.parametrize(
    ("register", "column", "word", "wanted"),
    [
        ("relations", "role", "实控人", "actual_controller"),
        ("relations", "role", "控股股东", "shareholder"),
        ("relations", "role", "1-股东", "shareholder"),
        ("relations", "role", "股东(shareholder)", "shareholder"),
        ("relations", "role", " 法定 代表人", "legal_representative"),
        ("relations", "role", "朋友", None),
        ("institutions", "licence_status", "未取得许可", "none"),
        ("institutions", "licence_status", "已取得许可", "licensed"),
        ("accounts", "account_type", "备付金存管户", "reserve_deposit"),
        ("accounts", "account_type", "资金存管户", "custody"),
        ("accounts", "account_type", "存管账户（备付金）", "reserve_deposit"),
        ("accounts", "account_type", "存管账户（未定）", None),
        ("accounts", "account_type", "基本户", None),
        ("projects", "repayment", "按月付息、到期还本", "monthly_interest"),
    ],
)  # fmt: skip
def test_words_of_a_choice_as_offices_write_them(
    register: str, column: str, word: str, wanted: str | None
) -> None:
    must = [each.name for each in REGISTERS[register].columns if each.required or each.name == column]
    given = {
        "sector": "p2p",
        "licence_status": "none",
        "account_type": "own",
        "principal": "1",
        "role": "股东",
    }
    row = ",".join(word if name == column else given.get(name, "1") for name in must)
    result = _read(f"{register}.csv", ",".join(must) + f"\n{row}\n")
    assert result.rows[column].to_list() == ([wanted] if wanted else [None] * result.rows_accepted)
    assert bool(wanted) or result.rows_quarantined + len(result.warnings) > 0


def test_totals_and_notes_below_a_register_are_no_rows_and_names_may_stand_twice() -> None:
    head = "产品编号,机构编号,产品名称,产品类型,募集金额\nproduct_id,institution_id,name,kind,raised_amount\n"
    result = _read(
        "products.csv",
        head + "P1,A1,甲,loan,1.00\n合计,,,,1.00\n制表人：李,,审核人：王,,\n,A1,乙,loan,2.00\n",
    )
    assert (result.rows_accepted, result.rows_ignored) == (1, 4)
    assert result.quarantine["reason"].to_list() == ["product_id is empty"]


def test_of_two_headers_for_one_column_the_usual_one_is_taken() -> None:
    result = _read("parties.csv", "关联人编号,当事人编号,类型,姓名\n1,N1,个人,甲\n")
    assert result.rows["party_id"].to_list() == ["N1"]
    assert result.unknown_columns == ("关联人编号",)


def test_rates_written_in_three_ways_in_one_column() -> None:
    rows = _products(
        "产品编号,机构编号,产品名称,产品类型,承诺收益率",
        "P1,A1,甲,loan,12%",
        "P2,A1,乙,loan,0.12",
        "P3,A1,丙,loan,12",
    ).rows
    assert rows["promised_yield"].to_list() == [0.12, 0.12, 0.12]


def test_account_numbers_whose_digits_a_spreadsheet_lost_are_no_accounts() -> None:
    rows = [
        ["账号", "账户类型"],
        *[[6222021234567890123 + i * 5000, "自有账户"] for i in range(4)],
        ["6222000000000000017", "自有账户"],
    ]
    result = _read("accounts.xlsx", book(rows))
    assert result.rows["account_no"].to_list() == ["6222000000000000017"]
    assert result.quarantine["reason"].to_list() == ["account_no cannot be read"] * 4


def test_a_name_merged_over_the_rows_of_its_group_holds_for_all_of_them() -> None:
    head = "机构编号,当事人编号,关系,持股比例\n"
    result = _read(
        "relations.csv",
        head + "A1,N1,股东,60\n,N2,股东,40\n,N3,法人,\nA2,N4,股东,100\n,N5,高管,\n,N6,员工,\n",
    )
    assert result.rows["institution_id"].to_list() == ["A1", "A1", "A1", "A2", "A2", "A2"]
    assert any("merged" in each for each in result.warnings)
    one = _read("relations.csv", head + "A1,N1,股东,60\n,N2,股东,40\nA1,N3,法人,\nA2,N4,股东,100\n")
    assert one.quarantine["reason"].to_list() == ["institution_id is empty"]
    key = _read("parties.csv", "当事人编号,类型,姓名\nN1,个人,甲\n,个人,乙\n,个人,丙\n")
    assert key.rows["party_id"].to_list() == ["N1"]


def test_names_merged_over_two_rows() -> None:
    result = _read(
        "relations.csv", "机构编号,当事人信息,,持股情况\n,当事人编号,关系,持股比例\nA1,N1,股东,60\n"
    )
    assert result.rows.select("institution_id", "party_id", "share_pct").row(0) == ("A1", "N1", 60.0)
    assert (result.rows_accepted, result.rows_ignored) == (1, 2)
