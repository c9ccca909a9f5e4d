"""What a register holds: its columns, their kinds, what must be filled and what identifies a row.

One declaration a register (contract, section 2). The Chinese headers stand in
``register_headers.csv`` beside this module; an office adds its own in the same header-alias tables
that serve statements (``register,column,header``).
"""

from __future__ import annotations

import csv
import re
import unicodedata
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

    ``choices`` maps what offices write (Chinese words, folded by :func:`fold`) to the contract's word.
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
    table = {fold(word): code for code, each in words.items() for word in (code, *each.split())}
    return Kind("choice", pl.String(), table)


def fold(word: str) -> str:
    """Bring a word of a choice to the form in which it is looked up: width, case, blanks and marks go."""
    return re.sub(r"[\s_、，,；;。.·*/\-]+", "", unicodedata.normalize("NFKC", word)).casefold()


SECTOR = _choice(
    p2p="P2P 网络借贷 网贷 P2P网络借贷 网络借贷信息中介 P2P网贷 P2P网络借贷平台 P2P平台 网贷平台 网贷机构 P2P网贷平台 网络借贷平台 "
    "网络借贷机构 网络借贷信息中介机构 网络借贷中介 个体网络借贷 P2P借贷",
    equity_crowdfunding="股权众筹 众筹 互联网股权众筹 股权众筹融资 股权众筹平台 众筹平台 互联网股权融资 互联网非公开股权融资",
    asset_management="资产管理 资管 互联网资产管理 互联网资管 财富管理 理财 互联网理财 资产管理公司 投资理财 私募 私募基金 通过互联网开展资产管理",
    payment="支付 第三方支付 非银行支付 支付机构 非银行支付机构 第三方支付机构 非银支付 非银支付机构 互联网支付 预付卡",
    insurance="保险 互联网保险 保险机构",
    other="其他 其它 其他类 其他机构 其他行业",
)
LICENCE = _choice(
    licensed="持牌 已许可 有许可 许可 有 有牌 有牌照 持证 有证 持有牌照 持有许可证 已取得许可 取得许可 已持牌 已获许可 有许可证 已发牌 license",
    filed="备案 已备案 备案登记 已备案登记 完成备案 已登记备案 登记备案 有备案 registered",
    none="无 未许可 未备案 无牌 无许可 无牌照 无证 无照 未持牌 未取得许可 未获许可 未取得 没有 无许可证 未登记 无备案 未取得牌照 未取得资质 无资质 unlicensed",
)
PARTY_KIND = _choice(
    person="个人 自然人 自然人股东 个体 individual natural_person",
    company="企业 公司 法人 单位 机构 企业法人 法人机构 法人单位 对公 组织 非自然人 enterprise corporate organisation organization",
)
ROLE = _choice(
    shareholder="股东 自然人股东 法人股东 企业股东 控股股东 大股东 主要股东 参股股东 出资人 投资人股东 发起人",
    legal_representative="法定代表人 法人代表 法人 法定代表 法代",
    executive="高管 高级管理人员 董事 监事 董监高 总经理 副总经理 总裁 董事长 执行董事 监事长 经理 财务总监 财务负责人 首席执行官 高级管理层",
    actual_controller="实际控制人 实控人 实际控制方 控制人 最终控制人 最终受益人 受益所有人",
    affiliate="关联方 关联企业 关联公司 关联机构 关联人 关联单位 子公司 母公司 分公司 兄弟公司 同一控制 同一控制下企业 参股公司 控股公司 集团成员",
    guarantor="担保人 担保方 担保机构 担保公司 保证人 增信机构 增信方",
    employee="员工 职工 雇员 职员 工作人员 业务员 staff",
    vendor="供应商 服务商 合作商 合作方 供货商 外包商 服务提供商 supplier",
)
ACCOUNT_TYPE = _choice(
    custody="存管账户 资金存管账户 存管 存管专户 客户资金存管账户 客户资金存管专户 资金存管户 存管户 资金存管专户 客户资金账户 客户资金专户 "
    "客户交易结算资金账户 托管账户 资金托管账户 银行存管账户 客户资金存管",
    own="自有账户 自有资金账户 自有 自有资金 自有户 自有资金专户 自有资金户 自有专户 公司自有账户 "
    "自有资金存款账户",
    reserve_deposit="备付金存管账户 存管账户(备付金) 备付金存管户 备付金存管 备付金存管专户 备付金专用存款账户(存管) 客户备付金存管账户",
    reserve_settlement="备付金收付账户 备付金收付户 备付金收付 备付金收付专户 客户备付金收付账户 收付账户(备付金)",
    reserve_collection="备付金汇缴账户 备付金汇缴户 备付金汇缴 备付金汇缴专户 客户备付金汇缴账户 汇缴账户(备付金)",
    risk_reserve="风险准备金 风险准备金账户 风险准备金专户 风险准备金户 风险备付金账户 风险备用金账户 风险保证金账户",
    product="产品账户 产品 产品专户 募集账户 产品户 募集户 产品募集户 募集专户 产品募集账户 募集资金专户 产品托管账户 基金募集账户",
    party="关联人账户 当事人账户 协查账户 关联方账户 个人账户 借款人账户 相关人账户 协查 关联人 当事人",
    other="其他 其它 其他账户 其他户",
)
PRODUCT_KIND = _choice(
    loan="借贷 网贷 债权 借款 贷款 标的 网贷标的 借款标的 散标 债权类 借贷类 网络借贷 借贷产品 债权转让",
    wealth="理财 财富 理财产品 理财计划 资管计划 资产管理计划 财富产品 理财类 定期理财 信托 信托计划",
    fund="基金 私募基金 基金产品 私募股权基金 私募证券投资基金 股权投资基金 公募基金 基金类",
    equity="股权 股权众筹 股权融资 股权类 众筹 股权投资",
    insurance="保险 保险产品 互联网保险 保险类",
)
REPAYMENT = _choice(
    bullet="到期还本付息 一次性还本付息 一次还本付息 到期一次还本付息 到期一次性还本付息 到期还款 利随本清 到期一次性还款 一次性还款",
    monthly_interest="按月付息 先息后本 按月付息到期还本 每月付息到期还本 按月还息到期还本 按月结息到期还本 每月付息 按月还息 月付息到期还本",
    amortising="等额本息 等额本金 按月等额本息 按月还本付息 每月等额本息 等本等息 分期还款 按月分期还款 按月等额本金",
)
VERDICT = _choice(
    confirmed="属实 确认 查实 已查实 已确认 成立",
    false_positive="不属实 误报 排除 查否 不成立 已排除 查无实据",
    rectified="已整改 整改 整改完成 已完成整改 已纠正",
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
