"""Opening and closing balances of MT940 messages, read with the ``mt-940`` library's own fields."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import cast

import polars as pl

from flows.steps.formats import _mt_details as details
from flows.steps.formats.protocol import AccountBalances

_YUAN = ("CNY", "RMB", "CNH")
_OPENING, _CLOSING = ("60F", "60M", "60"), ("62F", "62M", "62")


def stated_balances(fields: pl.DataFrame) -> list[AccountBalances]:
    """Return the balances of each message, with the records they span.

    Parameters
    ----------
    fields : polars.DataFrame
        tag, body, message, record (number of ``:61:`` up to here), in file order.
    """
    wanted = fields.filter(pl.col("tag").is_in(["25", "25P", *_OPENING, *_CLOSING])).with_columns(
        account=details.account_number(pl.col("body").str.split("\n").list.first())
    )
    found: list[AccountBalances] = []
    account: str | None = None
    opening: tuple[int | None, int] | None = None
    message = -1
    for tag, body, number, record, own in wanted.select(
        "tag", "body", "message", "record", "account"
    ).iter_rows():
        if number != message:
            message, account, opening = number, None, None
        if tag in ("25", "25P"):
            account = own
        elif account is not None and tag in _OPENING:
            opening = (_fen(body), record + 1)
        elif account is not None:
            start = opening if opening is not None else (None, record + 1)
            found.append(AccountBalances(account, start[0], _fen(body), start[1], record))
            opening = None
    return found


def _fen(body: str) -> int | None:
    """Return a balance in fen, negative for a debit; null when it cannot be read or is not yuan."""
    # Imported here: the library takes a quarter of a second to load, and most deliveries hold no MT940.
    from mt940.models import Amount, Balance, Transactions
    from mt940.tags import BalanceBase

    tag = BalanceBase()
    match = re.match(tag.re, body)
    if match is None or match["currency"] not in _YUAN:
        return None
    value = {**match.groupdict(), "amount": match["amount"] or "0"}
    try:
        balance = cast(Balance, tag(Transactions(), value)[tag.slug])
    except (InvalidOperation, ValueError):
        return None
    if not isinstance(balance.amount, Amount):
        return None
    amount: Decimal = balance.amount.amount * 100
    return int(amount) if amount == amount.to_integral_value() else None
