"""Rows that are no lines to trace: failed ones, totals, other currencies."""

from __future__ import annotations

import re
import unicodedata

import polars as pl

from flows.steps.formats._cells import Cells
from flows.steps.formats._sums import CARRIED_WORDS, SUM_WORDS
from flows.steps.formats._understanding import Understanding

_CNY = frozenset(
    "人民币 cny rmb 156 01 1 001 人民币元 元 ¥ ￥ cny人民币 人民币cny cny-人民币 rmb人民币 cnh 10 人民币(cny) 本币 renminbi 钞".split()
)
_OTHERS = re.compile("美元|港币|港元|欧元|日元|英镑|外币|usd|hkd|eur|jpy|gbp")
_FAILED = r"(?i)处理中|待处理|待支付|待付款|未支付|审核中|作废|pending|processing|declin|失败|未成功|不成功|已撤销|撤销|已冲销|交易关闭|已关闭|已取消|取消|退票失败|拒绝|fail|reject|cancel|void"
_FAILED_EXACT = ("否", "N", "n", "F", "f", "false", "FALSE", "False")


def foreign_currency(text: str | None) -> bool:
    """Whether a currency as written is another than CNY: ``人民币（本位币）`` is not, ``人民币/美元`` is."""
    folded = re.sub(r"\s", "", unicodedata.normalize("NFKC", text or "")).lower()
    if not folded or folded in _CNY:
        return False
    return not re.search("人民币|(?<![a-z])(?:cny|rmb)(?![a-z])", folded) or bool(_OTHERS.search(folded))


def foreign(currency: pl.Series, title: str | None, n: int) -> pl.Series:
    """Rows in another currency, by their column, else by what stands above the table."""
    title_foreign = foreign_currency(title)
    distinct = currency.unique().drop_nulls()
    others = distinct.filter(pl.Series([foreign_currency(each) for each in distinct], dtype=pl.Boolean))
    if not len(others) and not title_foreign:
        return pl.Series([False]).new_from_index(0, n)
    return currency.is_in(others.implode()).fill_null(title_foreign)


def failed(cells: Cells, known: Understanding) -> pl.Series:
    """Rows that the bank marks as failed: no money moved, so they are no transactions.

    Of codes (``0`` and ``1``, ``00`` and ``01``) that mean one thing at one bank and the opposite at another,
    the commonest stands for success, for hardly a transaction fails; of equally common ones ``1`` and ``00``.
    """
    if not cells.has("status"):
        return pl.Series([False]).new_from_index(0, cells.height)
    status = cells.role("status")
    failed = status.str.contains(_FAILED) | status.is_in(list(_FAILED_EXACT))
    codes = status.str.contains(r"^[0-9]{1,4}$").fill_null(False)
    if not codes.any():
        return failed.fill_null(False)
    if known.success is None:
        number = pl.col("code").cast(pl.Int64)
        found = (
            status.filter(codes)
            .alias("code")
            .value_counts()
            .with_columns(first=pl.when(pl.col("code").str.len_chars() == 1).then(-number).otherwise(number))
        )
        known.success = str(found.sort("count", "first", descending=[True, False])["code"][0])
    return failed.fill_null(False).zip_with(~codes, (status != known.success).fill_null(False))


def sums(
    cells: Cells, amount: pl.Series, balance: pl.Series, party: tuple[pl.Series, pl.Series, pl.Series]
) -> pl.Series:
    """Rows of which a text says that they are a total or a balance carried on; they name no other side.

    What is carried on moves nothing: the row has no amount, or its balance for one.
    """
    found = pl.Series([False]).new_from_index(0, cells.height)
    alone = party[0].is_null() & party[1].is_null()
    texts = [*cells.all("remark"), *cells.all("channel"), *cells.all("reference")]
    if not texts or not alone.any():
        return found
    some = pl.DataFrame([each.filter(alone).alias(str(i)) for i, each in enumerate(texts)])
    moved = ((amount != 0) & (amount.abs() != balance.abs()).fill_null(True)).filter(alone).fill_null(False)
    said = some.select(
        pl.any_horizontal(pl.all().str.contains(SUM_WORDS))
        | (~moved & pl.any_horizontal(pl.all().str.contains(CARRIED_WORDS)))
    ).to_series()
    return found.scatter(alone.arg_true(), said.fill_null(False))
