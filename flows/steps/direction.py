"""Which way a file lists its lines: oldest first or newest first, account by account, page by page.

The most a reader does per line happens here for every file, so it is done on plain arrays: a thousand
small files must not cost more than one large one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from flows.steps.formats.protocol import AccountBalances

Numbers: TypeAlias = npt.NDArray[np.int64]
Flags: TypeAlias = npt.NDArray[np.bool_]

_DAY_US = 86_400_000_000
_FEW = 5_000


@dataclass(frozen=True)
class Directed:
    """A file's lines as arrays, in file order, with their place in the bank's order.

    Attributes
    ----------
    account : array of int
        Dense number of the line's account.
    page : array of int
        Page of the account's statement; negative where pages run newest first.
    delta, balance : array of int
        Signed amount; stated balance (0 where `known` is false), in fen.
    known : array of bool
        Whether the line states a balance.
    chain_no : array of int
        Place within the account, oldest first, from 0.
    misfits : int
        Neighbours in this order whose balances do not follow.
    gaps : bool
        Whether some balances are stated and others not.
    newest_first, newest_page_first : frozenset of str
        Accounts whose lines, or pages, were turned round.
    """

    account: Numbers
    page: Numbers
    delta: Numbers
    balance: Numbers
    known: Flags
    chain_no: Numbers
    misfits: int
    gaps: bool
    newest_first: frozenset[str]
    newest_page_first: frozenset[str]

    def frame(self, lines: pl.DataFrame) -> pl.DataFrame:
        """Return the lines as :func:`flows.steps.reorder.reorder_days` wants them."""
        return lines.select(
            "account_no",
            "booked_at",
            "has_time",
            pl.Series("delta", self.delta),
            pl.col("balance_after_fen").alias("balance"),
            pl.Series("chain_no", self.chain_no),
        ).with_row_index("row")


def page_starts(accounts: Sequence[AccountBalances]) -> dict[str, list[int]]:
    """Return for each account with several pages the records at which they start."""
    found: dict[str, list[int]] = {}
    for each in accounts:
        found.setdefault(each.account_no, []).append(each.opening_record or 0)
    return {account: starts for account, starts in found.items() if len(starts) > 1}


def direct(lines: pl.DataFrame, pages: Mapping[str, Sequence[int]]) -> Directed:
    """Find out which way a file lists its lines.

    Days that only rise or only fall tell; then what the balances fit; then which of rising and falling
    is more frequent; then what the whole file does. A page is judged by itself; the pages of an
    account by their first days.

    Parameters
    ----------
    lines : polars.DataFrame
        In file order.
    pages : mapping
        Records at which the pages of an account start (:func:`page_starts`).
    """
    names = lines["account_no"].unique(maintain_order=True)
    account = _codes(lines["account_no"], names)
    page = _pages(lines, pages)
    delta, balance, known, at = _moves(lines)
    order = _order(page, account)
    unit_of = _units(account[order], page[order])
    units = int(unit_of[-1]) + 1 if len(unit_of) else 0
    falling = _falling(unit_of, units, delta[order], balance[order], known[order], at[order])
    sizes = np.bincount(unit_of, minlength=units)
    starts = np.r_[0, np.cumsum(sizes)[:-1]] if units else np.zeros(0, np.int64)
    place = np.arange(len(account)) - starts[unit_of] if units else np.zeros(0, np.int64)
    if falling.any():
        place = np.where(falling[unit_of], sizes[unit_of] - 1 - place, place)
    of_unit = account[order][starts]
    turned = _turned_accounts(of_unit, at[order][starts] // _DAY_US)
    offset = _offsets(of_unit, sizes, turned)
    chain_no = np.empty(len(account), np.int64)
    chain_no[order] = place + offset[unit_of]
    if len(turned):
        page = np.where(np.isin(account, turned), -page, page)
    listed = names.to_list()
    return Directed(
        account,
        page,
        delta,
        balance,
        known,
        chain_no,
        int(np.count_nonzero(_misfits(account, chain_no, delta, balance, known))),
        bool(known.any() and not known.all()),
        frozenset(listed[code] for code in np.unique(of_unit[falling])),
        frozenset(listed[code] for code in turned),
    )


def _moves(lines: pl.DataFrame) -> tuple[Numbers, Numbers, Flags, Numbers]:
    """Return signed amounts, balances (0 where there is none), whether there is one, and times."""
    delta = lines["amount_fen"].to_numpy().copy()
    np.negative(delta, out=delta, where=(lines["direction"] != "in").to_numpy())
    balance = lines["balance_after_fen"]
    return (
        delta,
        balance.fill_null(0).to_numpy(),
        balance.is_not_null().to_numpy(),
        lines["booked_at"].to_physical().to_numpy(),
    )


def _order(second: Numbers, first: Numbers) -> Numbers | slice:
    """Return what sorts by `first`, then `second`, stably; a slice where the arrays are sorted already."""
    same = first[1:] == first[:-1]
    if np.all((first[1:] > first[:-1]) | (same & (second[1:] >= second[:-1]))):
        return slice(None)
    return np.lexsort((second, first))


def _codes(column: pl.Series, names: pl.Series) -> Numbers:
    if len(names) <= 1:
        return np.zeros(len(column), np.int64)
    runs = column.rle_id()
    if runs[-1] == len(names) - 1:  # account after account
        return runs.cast(pl.Int64).to_numpy()
    if len(column) <= _FEW:  # a small file is not worth a query
        _, first, code = np.unique(column.to_numpy(), return_index=True, return_inverse=True)
        return np.argsort(np.argsort(first))[code]
    return column.replace_strict(names, np.arange(len(names)), return_dtype=pl.Int64).to_numpy()


def _pages(lines: pl.DataFrame, pages: Mapping[str, Sequence[int]]) -> Numbers:
    page = np.zeros(lines.height, np.int64)
    if pages:
        record = lines["source_record"].to_numpy()
        for account, starts in pages.items():
            own = (lines["account_no"] == account).to_numpy()
            page[own] = np.maximum(np.searchsorted(np.asarray(starts), record[own], side="right") - 1, 0)
    return page


def _units(account: Numbers, page: Numbers) -> Numbers:
    if not len(account):
        return np.zeros(0, np.int64)
    changes = (account[1:] != account[:-1]) | (page[1:] != page[:-1])
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(changes, dtype=np.int64)])


def _falling(
    unit_of: Numbers,
    units: int,
    delta: Numbers,
    balance: Numbers,
    known: Flags,
    at: Numbers,
    file_of: Numbers | None = None,
) -> Flags:
    """Say for each unit whether it lists the newest first; `file_of` where they are of several files."""
    same = unit_of[1:] == unit_of[:-1]
    both = same & known[1:] & known[:-1]
    day = at // _DAY_US

    def count(flags: Flags) -> Numbers:
        return np.bincount(unit_of[1:][flags], minlength=units)

    fits = count(both & (balance[1:] + delta[:-1] == balance[:-1])) - count(
        both & (balance[:-1] + delta[1:] == balance[1:])
    )
    falls, rises = count(same & (day[1:] < day[:-1])), count(same & (day[1:] > day[:-1]))
    times = count(same & (at[1:] < at[:-1])) - count(same & (at[1:] > at[:-1]))
    days = falls - rises
    whole = _whole(np.zeros(units, np.int64) if file_of is None else file_of, days, fits, times)
    one_way = (falls == 0) != (rises == 0)
    verdict = np.select([one_way, fits != 0, days != 0, times != 0], [days, fits, days, times], default=whole)
    return np.asarray(verdict > 0)


def _whole(file_of: Numbers, *votes: Numbers) -> Numbers:
    """Return for each unit what its file as a whole says: the first vote that says anything."""
    sums = [np.bincount(file_of, weights=each).astype(np.int64) for each in votes]
    said = np.select([each != 0 for each in sums], sums, default=0)
    return np.asarray(said[file_of])


def _turned_accounts(of_unit: Numbers, first_day: Numbers) -> Numbers:
    """Return the accounts whose pages run newest first."""
    same = of_unit[1:] == of_unit[:-1]
    falls, rises = same & (first_day[1:] < first_day[:-1]), same & (first_day[1:] > first_day[:-1])
    accounts = int(of_unit[-1]) + 1 if len(of_unit) else 0
    votes = np.bincount(of_unit[1:][falls], minlength=accounts) - np.bincount(
        of_unit[1:][rises], minlength=accounts
    )
    return np.flatnonzero(votes > 0)


def _offsets(of_unit: Numbers, sizes: Numbers, turned: Numbers) -> Numbers:
    """Return at which place of its account each unit starts."""
    before = np.cumsum(sizes) - sizes
    accounts, first, inverse = np.unique(of_unit, return_index=True, return_inverse=True)
    offset = before - before[first][inverse]
    total = np.bincount(inverse, weights=sizes, minlength=len(accounts)).astype(np.int64)[inverse]
    return np.where(np.isin(of_unit, turned), total - offset - sizes, offset)


def _misfits(account: Numbers, chain_no: Numbers, delta: Numbers, balance: Numbers, known: Flags) -> Flags:
    """Say for each line but the first, in the bank's order, whether its balance does not follow."""
    order = _order(chain_no, account)
    delta, balance, known, account = delta[order], balance[order], known[order], account[order]
    both = (account[1:] == account[:-1]) & known[1:] & known[:-1]
    return np.asarray(both & (balance[:-1] + delta[1:] != balance[1:]))


def number_plain(lines: pl.DataFrame, rows: Sequence[int]) -> tuple[pl.Series, list[bool]]:
    """Number the lines of several files at once, as :func:`direct` would number each.

    Parameters
    ----------
    lines : polars.DataFrame
        File after file.
    rows : sequence of int
        How many lines each file has.

    Returns
    -------
    tuple
        ``chain_no`` of every line (Int32), and for each file whether it holds: a file that lists the
        newest first, or in which a balance is missing or does not follow, must be looked at alone.
    """
    file = np.repeat(np.arange(len(rows)), rows)
    account = (
        lines.select(pl.int_range(pl.len()).alias("at"), "account_no", pl.Series("file", file))
        .select(pl.col("at").first().over("file", "account_no"))
        .to_series()
        .to_numpy()
    )
    delta, balance, known, at = _moves(lines)
    one_page = np.zeros(len(account), np.int64)
    order = _order(one_page, account)
    unit_of = _units(account[order], one_page)
    units = int(unit_of[-1]) + 1 if len(unit_of) else 0
    sizes = np.bincount(unit_of, minlength=units)
    starts = np.cumsum(sizes) - sizes
    chain_no = np.empty(len(account), np.int64)
    chain_no[order] = np.arange(len(account)) - starts[unit_of]
    of_unit = file[order][starts]
    falling = _falling(unit_of, units, delta[order], balance[order], known[order], at[order], of_unit)
    misfits = _misfits(account, chain_no, delta, balance, known)
    stated = np.bincount(file[known], minlength=len(rows))
    good = (stated == 0) | (stated == np.asarray(rows))
    good[of_unit[falling]] = False
    good[file[order][1:][misfits]] = False
    return pl.Series("chain_no", chain_no.astype(np.int32)), good.tolist()
