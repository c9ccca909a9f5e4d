"""Legs: statement lines as a walk of the balance, with overdrafts taken out.

Everything the matching methods need is one array of signed amounts, cut by account. Two
virtual legs make each account close: the opening balance is its first leg, what is still
held at the end is its last. Where the walk dips below zero, the part below zero is taken
out first: an out-line paid from an overdraft is paid by a lot of its own, and the in-line
that makes the overdraft good is spent on it. What remains never goes negative and starts and
ends at zero, so all accounts can be laid end to end on one axis.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

OPENING, HELD, OVERDRAFT = -1, -2, -3
"""Virtual line numbers inside the engine; all become null at the edge."""


@dataclass(frozen=True, slots=True)
class Legs:
    """Lines of many accounts as arrays, in order of account, then time.

    Attributes
    ----------
    account : array
        Account of each leg, never decreasing.
    line : array
        Line number; `OPENING` and `HELD` for the virtual legs.
    signed : array
        Amount in fen, positive in, negative out; overdrawn parts taken out.
    overdraft : array
        The part of the line that lies below zero, signed alike.
    """

    account: Ints
    line: Ints
    signed: Ints
    overdraft: Ints


def openings(lines: pl.DataFrame) -> pl.DataFrame:
    """Opening balance of every account whose statement gives balances.

    The first line with a balance says it: balance less everything booked up to it. Accounts
    without any balance open at nothing.

    Parameters
    ----------
    lines : polars.DataFrame
        ``account_id``, ``line_no``, ``direction``, ``amount_fen``, ``balance_after_fen``;
        ``line_no`` runs with the account's order.

    Returns
    -------
    polars.DataFrame
        ``account_id``, ``opening_fen`` (may be negative: the account opens overdrawn).
    """
    frame = in_order(lines.select("account_id", "line_no", "direction", "amount_fen", "balance_after_fen"))
    account, signed = _ints(frame["account_id"]), _signed(frame)
    said = np.flatnonzero(_bools(frame["balance_after_fen"].is_not_null()))
    said = said[starts(account[said])]
    opening = _ints(frame["balance_after_fen"].gather(said)) - walk(account, signed)[said]
    return pl.DataFrame(
        {"account_id": frame["account_id"].gather(said), "opening_fen": opening},
        schema_overrides={"opening_fen": pl.Int64},
    )


def starts(account: Ints) -> Ints:
    """Position of the first leg of each account."""
    if account.size == 0:
        return np.empty(0, np.int64)
    return np.flatnonzero(np.concatenate(([True], account[1:] != account[:-1]))).astype(np.int64)


def walk(account: Ints, signed: Ints) -> Ints:
    """Running balance after each leg, from zero in every account."""
    total = np.cumsum(signed, dtype=np.int64)
    first = starts(account)
    before = total[first] - signed[first]
    return total - np.repeat(before, np.diff(np.append(first, account.size)))


def before(account: Ints, balance: Ints) -> Ints:
    """Running balance before each leg."""
    out = np.empty_like(balance)
    out[1:] = balance[:-1]
    out[starts(account)] = 0
    return out


def legs(lines: pl.DataFrame, opening: pl.DataFrame | None = None) -> Legs:
    """Lay the lines of all accounts out as `Legs`.

    Parameters
    ----------
    lines : polars.DataFrame
        ``account_id``, ``line_no``, ``direction`` ('in', 'out'), ``amount_fen`` (> 0). Within
        an account the order of ``line_no`` is the order of the bank.
    opening : polars.DataFrame, optional
        As `openings` returns it; negative amounts open the account overdrawn.

    Returns
    -------
    Legs
        With one opening and one held leg an account that needs them. O(n) after the sort.
    """
    frame = in_order(lines.select("account_id", "line_no", "direction", "amount_fen"))
    account = _ints(frame["account_id"])
    line = _ints(frame["line_no"])
    signed = _signed(frame)
    if opening is not None and opening.height:
        account, line, signed = _with_opening(account, line, signed, opening)
    balance = walk(account, signed)
    floor = np.maximum(balance, 0)
    positive = floor - before(account, floor)
    rest = signed - positive
    account, line, positive, rest = _with_held(account, line, positive, rest, floor)
    return Legs(account, line, positive, rest)


def in_order(frame: pl.DataFrame) -> pl.DataFrame:
    """Lines account by account in the bank's order; warehouses hold them so."""
    if frame["line_no"].is_sorted() and frame["account_id"].is_sorted():
        return frame
    return frame.sort("account_id", "line_no")


def _signed(frame: pl.DataFrame) -> Ints:
    """Amounts, positive in and negative out."""
    amount = _ints(frame["amount_fen"])
    return np.where(_bools(frame["direction"] == "in"), amount, -amount)


def _with_opening(account: Ints, line: Ints, signed: Ints, opening: pl.DataFrame) -> tuple[Ints, Ints, Ints]:
    """Put the opening balances before the first legs of their accounts."""
    first = starts(account)
    owned = pl.DataFrame({"account_id": account[first], "at": first}).join(
        opening.select(pl.col("account_id").cast(pl.Int64), pl.col("opening_fen").cast(pl.Int64)),
        on="account_id",
        how="inner",
        maintain_order="left",
    )
    owned = owned.filter(pl.col("opening_fen") != 0)
    at = _ints(owned["at"])
    return (
        np.insert(account, at, _ints(owned["account_id"])),
        np.insert(line, at, OPENING),
        np.insert(signed, at, _ints(owned["opening_fen"])),
    )


def _with_held(
    account: Ints, line: Ints, positive: Ints, rest: Ints, floor: Ints
) -> tuple[Ints, Ints, Ints, Ints]:
    """Put what is still held behind the last legs of its accounts."""
    first = starts(account)
    last = np.append(first[1:], account.size) - 1 if account.size else first
    last = last[floor[last] > 0]
    return (
        np.insert(account, last + 1, account[last]),
        np.insert(line, last + 1, HELD),
        np.insert(positive, last + 1, -floor[last]),
        np.insert(rest, last + 1, 0),
    )


def _ints(column: pl.Series) -> Ints:
    """Copy-free view of an integer column as 64-bit integers."""
    values: Any = column.cast(pl.Int64).to_numpy()
    return np.asarray(values, dtype=np.int64)


def _bools(column: pl.Series) -> Bools:
    """View of a boolean column."""
    return np.asarray(column.to_numpy(), dtype=np.bool_)
