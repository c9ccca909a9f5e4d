"""Whose row it is: the account from its columns, from above the table or from the file's name."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from flows.steps.formats._aliases import normalise_header
from flows.steps.formats._cells import Cells
from flows.steps.formats._parties import or_other, own_account
from flows.steps.formats._titles import MERCHANT_KEY
from flows.steps.formats._understanding import Understanding
from flows.steps.formats._values import clean_account

_DISTINCT = 3
MERGED_SHARE = 0.5
"""Share of rows without an account from which the cells of that column are taken for merged."""


def is_the_other_side(cells: Cells, titles: Mapping[str, str]) -> bool:
    """Whether a column called just ``账号`` holds the counterparties': the preamble names another account."""
    own = titles.get("account")
    if not own or not cells.has("account") or cells.has("cp_account") or cells.has("cp_merged"):
        return False
    values = clean_account(cells.role("account")).drop_nulls()
    number = clean_account(pl.Series([own]))[0]
    held = cells.role("holder").drop_nulls().n_unique() if cells.has("holder") else 0
    several = values.n_unique() >= (2 if held > 1 else max(_DISTINCT, 0.3 * len(values)))
    return several and not (values == number).any() and bool(values.str.contains("[0-9]{6}").any())


def holder_is_the_other_side(cells: Cells, account: pl.Series) -> bool:
    """Whether a column called ``客户名称`` or ``户名`` names the counterparties: one account has many of them."""
    if not cells.has("holder") or any(cells.has(role) for role in _OTHER_NAMES):
        return False
    named = pl.DataFrame({"account": account, "holder": cells.role("holder")}).drop_nulls()
    if named.height < _DISTINCT:
        return False
    return int(named.group_by("account").agg(pl.col("holder").n_unique())["holder"].max() or 0) >= _DISTINCT  # type: ignore[arg-type]


_OTHER_NAMES = ("cp_name", "cp_merged", "payer_name", "payee_name")


def _merchant(cells: Cells) -> str | None:
    """The merchant number that a payment firm's statement names in every row, and no account."""
    for index, text in enumerate(cells.header.texts):
        if MERCHANT_KEY.search(normalise_header(text)):
            values = clean_account(cells.raw(index))
            if values.null_count() == 0 and values.n_unique() == 1:
                return str(values[0])
    return None


def _merged(account: pl.Series, known: Understanding) -> pl.Series:
    """Give rows without an account the one above, where most have none: it stands once for all of them."""
    missing = account.null_count()
    if missing == 0 or missing < MERGED_SHARE * len(account):
        return account
    filled = account.fill_null(strategy="forward")
    if known.last_account is not None:
        filled = filled.fill_null(known.last_account)
    named = filled.drop_nulls()
    if len(named):
        known.last_account = str(named[-1])
        if (note := "rows without an account have the one above (merged cells)") not in known.notes:
            known.notes.append(note)
    return filled


def account_of(cells: Cells, titles: Mapping[str, str], known: Understanding) -> pl.Series:
    """Return each row's own account; null where nothing names one."""
    if cells.has("account"):
        first, *others = [clean_account(each) for each in cells.all("account")]
        for other in others:
            first = or_other(first, other)
        tail = first.str.len_chars() < 6
        title = titles.get("account") or known.account
        if title and (tail.fill_null(True)).all():
            return pl.Series([clean_account(pl.Series([title]))[0]], dtype=pl.String).new_from_index(
                0, cells.height
            )
        return _merged(first, known)
    text = known.own_account or titles.get("account") or known.account or titles.get("merchant")
    text = text or _merchant(cells)
    value = clean_account(pl.Series([text], dtype=pl.String))[0] if text else None
    if value is None and cells.has("payer_account") and cells.has("payee_account"):
        known.account = own_account(
            clean_account(cells.role("payer_account")), clean_account(cells.role("payee_account"))
        )
        if known.account is not None:
            known.notes.append("the account is the one that pays or is paid in every row")
        value = known.account
    return pl.Series([value], dtype=pl.String).new_from_index(0, cells.height)
