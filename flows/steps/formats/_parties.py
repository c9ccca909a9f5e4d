"""The other side of a line: its account, name and bank, from columns of their own or one for all."""

from __future__ import annotations

import polars as pl

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
