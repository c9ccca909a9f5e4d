"""The other side of a line: its account, name and bank, from columns of their own or one for all."""

from __future__ import annotations

import polars as pl

from flows.steps.formats._cells import Cells, nulls
from flows.steps.formats._understanding import Understanding
from flows.steps.formats._values import SCIENTIFIC, clean_account

_NUMBER = r"([0-9][0-9*]{7,}[0-9]|[0-9]{8,})"
_BANK = r"(?:银行|支行|分行|分理处|营业部|营业室|信用社|联社|储蓄所|清算中心)$"
_TRIM = " /|-_,，;；:：\t\r\n[]【】"


def split_party(merged: pl.Series) -> pl.DataFrame:
    """Cut ``6217…/张三``, ``张三 6217…``, ``甲公司（6217…）`` or ``甲公司/6217…/某某支行`` into its parts.

    Returns
    -------
    polars.DataFrame
        ``account``, ``name``, ``bank``, one row a cell; brackets that belong to a name stay.
    """
    cell = pl.col("m")
    rest = (
        cell.str.replace(r"[(（\[【]\s*" + _NUMBER + r"\s*[)）\]】]", "/")
        .str.replace(_NUMBER, "/")
        .str.replace_all(r"[\r\n|]+", "/")
    )
    parts = rest.str.split("/").list.eval(pl.element().str.strip_chars(_TRIM))
    return (
        merged.alias("m")
        .to_frame()
        .select(account=cell.str.extract(_NUMBER), parts=parts)
        .with_columns(pl.col("parts").list.eval(pl.element().filter(pl.element() != "")))
        .with_columns(
            bank=pl.when(pl.col("parts").list.len() > 1)
            .then(pl.col("parts").list.last())
            .str.extract(f"^(.*{_BANK})"),
        )
        .select(
            "account",
            name=pl.when(pl.col("bank").is_not_null())
            .then(pl.col("parts").list.head(pl.col("parts").list.len() - 1))
            .otherwise(pl.col("parts"))
            .list.join("/")
            .replace("", None),
            bank="bank",
        )
    )


def holds_accounts(names: pl.Series) -> bool:
    """Whether a column of names holds account numbers beside most of them."""
    filled = names.drop_nulls()
    return len(filled) > 0 and int(filled.str.contains(r"[0-9]{10,}").sum()) > 0.5 * len(filled)


def own_account(payer: pl.Series, payee: pl.Series) -> str | None:
    """Return the one account that stands on either side of every row: the file's own; None in doubt."""
    rows = pl.DataFrame({"a": payer, "b": payee}).drop_nulls()
    if rows.height < 3:
        return None
    sides = pl.concat([rows["a"].unique(), rows["b"].unique()]).unique()
    common = [
        each
        for each in sides.to_list()
        if rows.height == int(((rows["a"] == each) | (rows["b"] == each)).sum())
    ]
    return common[0] if len(common) == 1 else None


def or_other(first: pl.Series, other: pl.Series) -> pl.Series:
    """Take another column's number where the first is empty or no more than a number's end."""
    wanting = first.is_null() | (first.str.len_chars() < 6)
    better = wanting & (other.str.len_chars().fill_null(0) > first.str.len_chars().fill_null(0))
    return first.zip_with(~better, other) if better.any() else first


def parties(cells: Cells, sign: pl.Series, known: Understanding) -> tuple[pl.Series, pl.Series, pl.Series]:
    """Return account, name and bank of the other side."""
    if cells.has("payer_account") or cells.has("payee_account"):
        out = (sign == -1).fill_null(False)

        def other(part: str) -> pl.Series:
            return cells.role(f"payee_{part}").zip_with(out, cells.role(f"payer_{part}"))

        return clean_account(other("account")), other("name"), other("bank")
    account, *others = [clean_account(each) for each in cells.all("cp_account")] or [
        nulls(cells.height, pl.String())
    ]
    for each in others:
        account = or_other(account, each) if account.has_nulls() else account
    name, bank = (
        cells.role("cp_name"),
        cells.role("cp_bank"),
    )
    merged = cells.role("cp_merged") if cells.has("cp_merged") else None
    if merged is None and name.null_count() == len(name) and account.str.contains(r"\p{Han}").any():
        merged, account = account, nulls(cells.height, pl.String())
    elif merged is None and account.null_count() == len(account) and holds_accounts(name):
        merged, name = name, nulls(cells.height, pl.String())
    if merged is not None:
        got = split_party(merged)
        account, name, bank = (
            pl.select(pl.coalesce(given, got[part])).to_series()
            for given, part in ((account, "account"), (name, "name"), (bank, "bank"))
        )
    lost = account.str.contains(SCIENTIFIC).fill_null(False)
    if lost.any():
        account = account.set(lost, None)
        known.lost_counterparties += int(lost.sum())
    return account, name, bank
