"""What a register holds: its columns, their kinds, what must be filled and what identifies a row.

One declaration a register (contract, section 2). The Chinese headers stand in
``register_headers.csv`` beside this module; an office adds its own in the same header-alias tables
that serve statements (``register,column,header``).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from pathlib import Path

import polars as pl

from flows.steps.errors import ConfigurationError
from flows.steps.formats._aliases import normalise_header


@dataclass(frozen=True)
class Kind:
    """How a column is typed: ``text``, ``id``, ``account``, ``date``, ``money``, ``rate``, ``share``, ``integer``, ``flag``, ``month``.

    ``choices`` maps what offices write (Chinese words) to the contract's word.
    """

    name: str
    dtype: pl.DataType
    choices: Mapping[str, str] = field(default_factory=dict)


TEXT = Kind("text", pl.String())
ID = Kind("id", pl.String())
ACCOUNT = Kind("account", pl.String())
DATE = Kind("date", pl.Date())
MONEY = Kind("money", pl.Decimal(18, 2))
RATE = Kind("rate", pl.Float64())
SHARE = Kind("share", pl.Float64())
INTEGER = Kind("integer", pl.Int64())
FLAG = Kind("flag", pl.Boolean())
MONTH = Kind("month", pl.String())


def _choice(**words: str) -> Kind:
    table = {word: code for code, each in words.items() for word in (code, *each.split())}
    return Kind("choice", pl.String(), table)


SECTOR = _choice(
    p2p="P2P 网络借贷 网贷 P2P网络借贷 网络借贷信息中介 P2P网贷",
    equity_crowdfunding="股权众筹 众筹 互联网股权众筹 股权众筹融资",
    asset_management="资产管理 资管 互联网资产管理 财富管理 理财",
    payment="支付 第三方支付 非银行支付 支付机构 非银行支付机构",
    insurance="保险 互联网保险",
    other="其他 其它",
)
LICENCE = _choice(
    licensed="持牌 已许可 有许可 许可 有", filed="备案 已备案", none="无 未许可 未备案 无牌 无许可"
)
PARTY_KIND = _choice(person="个人 自然人", company="企业 公司 法人 单位 机构")
ROLE = _choice(
    shareholder="股东",
    legal_representative="法定代表人 法人代表",
    executive="高管 高级管理人员 董事 监事 董监高",
    actual_controller="实际控制人",
    affiliate="关联方 关联企业 关联公司",
    guarantor="担保人 担保方 担保机构",
    employee="员工 职工 雇员",
    vendor="供应商 服务商",
)
ACCOUNT_TYPE = _choice(
    custody="存管账户 资金存管账户 存管 存管专户 客户资金存管账户",
    own="自有账户 自有资金账户 自有 自有资金",
    reserve_deposit="备付金存管账户 存管账户(备付金)",
    reserve_settlement="备付金收付账户",
    reserve_collection="备付金汇缴账户",
    risk_reserve="风险准备金 风险准备金账户",
    product="产品账户 产品 产品专户 募集账户",
    party="关联人账户 当事人账户 协查账户",
    other="其他 其它",
)
PRODUCT_KIND = _choice(
    loan="借贷 网贷 债权 借款 贷款", wealth="理财 财富", fund="基金 私募基金", equity="股权", insurance="保险"
)
REPAYMENT = _choice(
    bullet="到期还本付息 一次性还本付息 一次还本付息 到期一次还本付息",
    monthly_interest="按月付息 先息后本 按月付息到期还本 按月付息，到期还本",
    amortising="等额本息 等额本金 按月等额本息",
)
VERDICT = _choice(
    confirmed="属实 确认 查实", false_positive="不属实 误报 排除", rectified="已整改 整改 整改完成"
)


@dataclass(frozen=True)
class Column:
    """A column: its kind, and whether a row without it is no row."""

    name: str
    kind: Kind
    required: bool = False


@dataclass(frozen=True)
class Register:
    """A register: its key (which identifies a row across deliveries) and its columns."""

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]


def _register(register: str, keyed_by: str, /, **columns: Kind | tuple[Kind, bool]) -> Register:
    keys = tuple(keyed_by.split())
    made = []
    for column, given in columns.items():
        kind, required = given if isinstance(given, tuple) else (given, False)
        made.append(Column(column, kind, required or column in keys))
    return Register(register, keys, tuple(made))


_MUST = True
REGISTERS: dict[str, Register] = {
    each.name: each
    for each in (
        _register(
            "institutions", "institution_id", institution_id=ID, name=(TEXT, _MUST), sector=(SECTOR, _MUST),
            licence_status=(LICENCE, _MUST), licence_no=TEXT, licence_scope=TEXT, uscc=ID, district=TEXT,
            registered_on=DATE, registered_capital=MONEY, business_scope=TEXT, group_id=ID,
        ),
        _register("parties", "party_id", party_id=ID, kind=(PARTY_KIND, _MUST), name=(TEXT, _MUST), id_no=ID),
        _register(
            "relations", "institution_id party_id role", institution_id=ID, party_id=ID, role=ROLE,
            share_pct=SHARE, since=DATE, until=DATE,
        ),
        _register(
            "accounts", "account_no", account_no=ACCOUNT, account_type=(ACCOUNT_TYPE, _MUST), bank_name=TEXT,
            bank_code=ID, holder_name=TEXT, institution_id=ID, party_id=ID, opened_on=DATE, closed_on=DATE,
        ),
        _register(
            "products", "product_id", product_id=ID, institution_id=(ID, _MUST), name=(TEXT, _MUST),
            kind=(PRODUCT_KIND, _MUST), promised_yield=RATE, term_days=INTEGER, issued_on=DATE, matures_on=DATE,
            raised_amount=MONEY, min_subscription=MONEY, risk_level=INTEGER, guarantee_text=TEXT,
            parent_product_id=ID, publicly_offered=FLAG,
        ),
        _register(
            "projects", "project_id", project_id=ID, institution_id=(ID, _MUST), borrower_name=TEXT,
            borrower_id=ID, borrower_account=ACCOUNT, principal=(MONEY, _MUST), annual_rate=RATE,
            started_on=DATE, due_on=DATE, purpose=TEXT, repayment=REPAYMENT,
        ),
        _register("product_projects", "product_id project_id", product_id=ID, project_id=ID, amount=MONEY),
        _register(
            "subscriptions", "subscription_id", subscription_id=ID, product_id=(ID, _MUST), investor_id=ID,
            investor_name=TEXT, investor_account=ACCOUNT, amount=(MONEY, _MUST), subscribed_on=(DATE, _MUST),
            redeemed_on=DATE, investor_risk_level=INTEGER,
        ),
        _register(
            "reserve_reports", "institution_id report_date", institution_id=ID, report_date=DATE,
            customer_balance=(MONEY, _MUST), bank_balance=MONEY, in_transit=MONEY,
        ),
        _register(
            "reserve_tables", "institution_id report_date item", institution_id=ID, report_date=DATE, item=ID,
            amount=(MONEY, _MUST),
        ),
        _register(
            "custody_balances", "institution_id as_of", institution_id=ID, as_of=DATE,
            sub_ledger_total=(MONEY, _MUST), bank_balance=MONEY,
        ),
        _register(
            "banks", "bank_code", bank_code=ID, bank_name=(TEXT, _MUST), qualified_custodian=FLAG,
            qualified_reserve_bank=FLAG,
        ),
        _register(
            "advertisements", "ad_id", ad_id=ID, institution_id=ID, advertiser=TEXT, published_on=(DATE, _MUST),
            channel=TEXT, text=(TEXT, _MUST),
        ),
        _register(
            "tips", "tip_id", tip_id=ID, institution_id=ID, institution_name=TEXT, received_on=(DATE, _MUST),
            channel=TEXT, text=(TEXT, _MUST),
        ),
        _register(
            "industry_yields", "month sector", month=MONTH, sector=SECTOR, average_yield=(RATE, _MUST)
        ),
        _register(
            "verdicts", "finding_key", finding_key=ID, verdict=(VERDICT, _MUST), decided_on=(DATE, _MUST), note=TEXT
        ),
    )
}  # fmt: skip
"""Every register of the contract by name."""


@lru_cache(maxsize=8)
def register_headers(extra: tuple[Path, ...] = ()) -> Mapping[tuple[str, str], str]:
    """Return (register, normalised header) → column; the column's own name is always among them.

    Raises
    ------
    ConfigurationError
        A user's table cannot be read.
    """
    table = {
        (register.name, normalise_header(column.name)): column.name
        for register in REGISTERS.values()
        for column in register.columns
    }
    shipped = resources.files("flows.steps").joinpath("register_headers.csv").read_text("utf-8")
    _add(table, shipped)
    for path in extra:
        try:
            _add(table, path.read_text("utf-8-sig"))
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(
                f"The header-alias table {path} cannot be read ({type(error).__name__}): save it as UTF-8 CSV."
            ) from error
    return table


def _add(table: dict[tuple[str, str], str], text: str) -> None:
    reader = csv.DictReader(text.splitlines())
    if not {"register", "column"} <= set(reader.fieldnames or ()):
        return  # a table of statement headers only
    for row in reader:
        for header in (row.get("headers") or row.get("header") or "").split("|"):
            if row["register"] and header.strip():
                table[row["register"].strip(), normalise_header(header)] = (row["column"] or "").strip()
