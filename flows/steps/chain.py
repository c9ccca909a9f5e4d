"""The balance chain of one file: balance before ± amount = balance after, in the bank's order.

Every stated figure (a row's balance, an opening, a closing) is one *statement of balance*; between
two of them the booked amounts must add up. Take away the running total of the amounts from each
stated balance and what is left, the *base*, must stay the same along an account: a break is where
it changes. One rule covers row balances, opening and closing balances and pages that carry over.

A bank may list the newest first. The direction that makes more neighbours fit is the bank's order;
where balances do not tell, dates do; where those do not tell either, the file's own order stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from flows.steps.direction import Directed, Numbers, direct, number_plain, page_starts
from flows.steps.formats.protocol import AccountBalances
from flows.steps.reorder import reorder_days

_OPENING, _LINE, _CLOSING = 0, 1, 2


@dataclass(frozen=True)
class Break:
    """A place where the balance chain does not hold.

    Attributes
    ----------
    account_no : str
        The account.
    record : int or None
        Record at which it starts: the first whose stated balance does not follow.
    gap_fen : int
        Stated balance minus expected balance: what is missing (or too much) at this place.
    kind : str
        ``balance`` (a row's own), ``closing`` or ``opening`` (does not follow the page before).
    """

    account_no: str
    record: int | None
    gap_fen: int
    kind: str


@dataclass(frozen=True)
class Chain:
    """What the balances of one file say.

    Attributes
    ----------
    chain_no : polars.Series
        Int32, for each line in file order its place in the bank's order within the account, from 0.
    breaks : list of Break
        In the bank's order, account by account.
    newest_first : int
        Accounts listed newest first.
    reordered_days : int
        Account-days whose order was recovered from the balances.
    """

    chain_no: pl.Series
    breaks: list[Break]
    newest_first: int
    reordered_days: int


def check_chain(lines: pl.DataFrame, accounts: Sequence[AccountBalances] = ()) -> Chain:
    """Order a file's lines as the bank booked them and find the breaks.

    Parameters
    ----------
    lines : polars.DataFrame
        In file order, with account_no, booked_at, has_time, direction, amount_fen,
        balance_after_fen, source_record.
    accounts : sequence of AccountBalances
        Opening and closing balances the file states; several of one account are its pages, each
        spanning the records `opening_record` to `closing_record`.

    Notes
    -----
    O(n log n) and set-at-a-time; only account-days whose rows do not fit in the file's order are
    looked at one by one (:mod:`flows.steps.reorder`).
    """
    openings: dict[str, int] = {}
    for each in accounts:
        if each.opening_fen is not None:
            openings.setdefault(each.account_no, each.opening_fen)
    directed = direct(lines, page_starts(accounts))
    chain_no, reordered = directed.chain_no, 0
    stated = any(each.opening_fen is not None or each.closing_fen is not None for each in accounts)
    # Rows that fit each other may still not fit the opening balance: in and out of one amount do in both orders.
    unfit = directed.misfits or (stated and _breaks(_events(lines, chain_no, directed, accounts)))
    if unfit:
        ordered, reordered = reorder_days(directed.frame(lines), openings)
        chain_no = ordered["chain_no"].to_numpy()
    if stated:
        breaks = _breaks(_events(lines, chain_no, directed, accounts)) if unfit else []
    else:
        breaks = _row_breaks(lines, chain_no, directed) if directed.misfits or directed.gaps else []
    return Chain(
        pl.Series("chain_no", chain_no, dtype=pl.Int32), breaks, len(directed.newest_first), reordered
    )


def check_chains(
    lines: pl.DataFrame, rows: Sequence[int], accounts: Sequence[Sequence[AccountBalances]] = ()
) -> list[Chain]:
    """Check many small files at once; those that state opening or closing balances one by one.

    Parameters
    ----------
    lines : polars.DataFrame
        As for :func:`check_chain`, file after file.
    rows : sequence of int
        How many lines each file has.
    accounts : sequence of sequence of AccountBalances
        What each file states.
    """
    chain_no, plain = number_plain(lines, rows)
    found: list[Chain] = []
    start = 0
    for count, is_plain, stated in zip(rows, plain, accounts or [()] * len(rows), strict=True):
        if is_plain and not stated:
            found.append(Chain(chain_no.slice(start, count), [], 0, 0))
        else:
            found.append(check_chain(lines.slice(start, count), stated))
        start += count
    return found


def _row_breaks(lines: pl.DataFrame, chain_no: Numbers, directed: Directed) -> list[Break]:
    """Find the breaks where rows alone state balances: one pass over arrays."""
    order = np.lexsort((chain_no, directed.account))
    account, delta = directed.account[order], directed.delta[order]
    total = np.cumsum(delta)
    starts = np.flatnonzero(np.r_[True, account[1:] != account[:-1]])
    before = np.repeat(total[starts] - delta[starts], np.diff(np.r_[starts, len(order)]))
    told = np.flatnonzero(directed.known[order])
    base = directed.balance[order][told] - (total - before)[told]
    gap = base[1:] - base[:-1]
    at = np.flatnonzero((gap != 0) & (account[told][1:] == account[told][:-1])) + 1
    rows = lines[order[told[at]].tolist()]
    return [
        Break(account_no, record, int(missing), "balance")
        for account_no, record, missing in zip(
            rows["account_no"], rows["source_record"], gap[at - 1], strict=True
        )
    ]


def _events(
    lines: pl.DataFrame, chain_no: Numbers, directed: Directed, accounts: Sequence[AccountBalances]
) -> pl.DataFrame:
    """Return every statement of balance and every line, in the bank's order within the account."""
    of_lines = lines.select(
        "account_no",
        pl.Series("page", directed.page),
        pl.lit(_LINE, pl.Int8).alias("kind"),
        pl.Series("chain_no", chain_no, dtype=pl.Int64),
        pl.Series("delta", directed.delta),
        pl.col("balance_after_fen").alias("balance"),
        "source_record",
    )
    stated = _stated(accounts).select(
        "account_no",
        pl.when(pl.col("account_no").is_in(sorted(directed.newest_page_first)))
        .then(-pl.col("page"))
        .otherwise("page")
        .alias("page"),
        "kind",
        pl.lit(0, pl.Int64).alias("chain_no"),
        pl.lit(0, pl.Int64).alias("delta"),
        "balance",
        pl.col("record").alias("source_record"),
    )
    return pl.concat([of_lines, stated]).sort("account_no", "page", "kind", "chain_no")


def _stated(accounts: Sequence[AccountBalances]) -> pl.DataFrame:
    rows: list[tuple[str, int, int, int | None, int | None]] = []
    page: dict[str, int] = {}
    for each in accounts:
        number = page.get(each.account_no, 0)
        page[each.account_no] = number + 1
        rows.append((each.account_no, number, _OPENING, each.opening_fen, each.opening_record))
        rows.append((each.account_no, number, _CLOSING, each.closing_fen, each.closing_record))
    return pl.DataFrame(
        rows,
        schema={
            "account_no": pl.String,
            "page": pl.Int64,
            "kind": pl.Int8,
            "balance": pl.Int64,
            "record": pl.Int64,
        },
        orient="row",
    )


def _breaks(events: pl.DataFrame) -> list[Break]:
    base = (pl.col("balance") - pl.col("delta").cum_sum().over("account_no")).alias("base")
    bases = (
        events.with_columns(base)
        .filter(pl.col("base").is_not_null())
        .with_columns(gap=pl.col("base") - pl.col("base").shift(1).over("account_no"))
        .filter(pl.col("gap") != 0)
    )
    names = {_OPENING: "opening", _LINE: "balance", _CLOSING: "closing"}
    return [
        Break(account_no, record, gap, names[kind])
        for account_no, record, gap, kind in bases.select(
            "account_no", "source_record", "gap", "kind"
        ).iter_rows()
    ]
