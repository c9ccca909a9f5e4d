"""Matching within accounts: which in-line paid which out-line, by a method.

Specific identification goes before the method: what product or project records tie together
(claims) is matched inside its pot first, and only what no pot explains is left to the
method. Both answers together account for every fen of every line.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from models.tracing.fifo import fifo
from models.tracing.fragments import BASES, FRAGMENT_SCHEMA, METHODS, Method, fragment_frame
from models.tracing.identify import Pairs, identify
from models.tracing.legs import OPENING, OVERDRAFT, Ints, Legs, in_order, legs, openings, starts
from models.tracing.lifo import lifo
from models.tracing.lowest import claimed_part
from models.tracing.pro_rata import pro_rata

NEAR = 500_000
"""Lines matched at a time: their arrays are used again before the processor's caches have lost them."""


def match(
    lines: pl.DataFrame,
    method: Method = "fifo",
    *,
    opening: pl.DataFrame | None = None,
    pots: pl.DataFrame | None = None,
    claimed: pl.Series | None = None,
) -> pl.DataFrame:
    """Fragments of all accounts under one method.

    Parameters
    ----------
    lines : polars.DataFrame
        ``account_id``, ``line_no``, ``direction``, ``amount_fen`` and, when `opening` is left
        out, ``balance_after_fen``. ``line_no`` is unique and follows the bank's order within
        an account.
    method : {'fifo', 'lifo', 'pro_rata', 'lowest'}
        ``lowest`` touches `claimed` in-lines last (Re Hallett), each kind first in, first
        out. ``pro_rata`` over single in-lines is quadratic in theory; it is offered for classes
        by `pro_rata_classes` and refused here for accounts that would explode.
    opening : polars.DataFrame, optional
        ``account_id``, ``opening_fen``; taken from the balances when left out.
    pots : polars.DataFrame, optional
        ``line_no``, ``pot`` (an integer), ``amount_fen`` (at most the line's over all its
        pots): what specific identification ties together.
    claimed : polars.Series, optional
        Line numbers of claimed in-lines, for ``lowest``.

    Returns
    -------
    polars.DataFrame
        `FRAGMENT_SCHEMA`. Fragments of a line add up to the line, for every method.

    Raises
    ------
    ValueError
        On an unknown method, or identified amounts above a line's own.
    """
    if method not in METHODS:
        raise ValueError(f"Unknown tracing method {method!r}; choose one of {', '.join(METHODS)}.")
    if opening is None and "balance_after_fen" in lines.columns:
        opening = openings(lines)
    lines = in_order(lines.select("account_id", "line_no", "direction", "amount_fen"))
    parts = [
        match_legs(legs(part, opening), method, pots=_claims(pots, part), claimed=claimed)
        for part in _by_accounts(lines)
    ]
    return pl.concat(parts, rechunk=False)


def _by_accounts(lines: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Cut ordered lines between accounts, into parts that stay near the processor."""
    if lines.height <= 2 * NEAR:
        yield lines
        return
    first = np.append(starts(lines["account_id"].cast(pl.Int64).to_numpy()), lines.height)
    at = 0
    while at < lines.height:
        end = int(first[np.searchsorted(first, at + NEAR)]) if at + NEAR < lines.height else lines.height
        yield lines.slice(at, end - at)
        at = end


def _claims(pots: pl.DataFrame | None, lines: pl.DataFrame) -> pl.DataFrame | None:
    """Claims that may lie on the lines."""
    if pots is None or lines.is_empty():
        return pots
    return pots.filter(pl.col("line_no").is_between(lines["line_no"].min(), lines["line_no"].max()))


def match_legs(
    walked: Legs, method: Method, *, pots: pl.DataFrame | None = None, claimed: pl.Series | None = None
) -> pl.DataFrame:
    """`match` over lines laid out already; parameters and returns as there."""
    left = walked.signed
    found: list[tuple[Pairs, str]] = []
    if pots is not None and pots.height:
        pairs, left = identify(walked, pots)
        found.append((pairs, "identified"))
    is_claimed = None
    if claimed is not None:
        is_claimed = np.isin(walked.line, claimed.to_numpy())
    found.append((pairs_of(walked.account, left, method, is_claimed), method))
    return _frame(walked, found)


def pairs_of(
    account: Ints, signed: Ints, method: Method, claimed: np.ndarray[tuple[int], np.dtype[np.bool_]] | None
) -> Pairs:
    """In-leg, out-leg and amount under a method, for legs that sum to zero in each account.

    Identified money may have been lent for a while to lines that no pot explains; the rest then
    dips below zero. Below zero the roles are swapped: what came later made good what left.
    """
    if method == "fifo":
        return fifo(signed)
    level = np.cumsum(signed)
    floor = np.maximum(level, 0)
    above = np.diff(floor, prepend=0)
    below = signed - above
    if method == "lifo":
        main = lifo(above)
    elif method == "lowest":
        if claimed is None:
            raise ValueError("The lowest intermediate balance needs the claimed in-lines.")
        part = claimed_part(account, above, claimed & (above > 0))
        main = _join(fifo(part), fifo(above - part))
    else:
        into = np.flatnonzero(above > 0)
        klass = np.zeros(above.size, np.int64)
        klass[into] = np.arange(into.size)
        _refuse_explosion(account, into)
        codes, out, amount = _by_account(account, above, klass)
        main = (into[codes], out, amount)
    if not np.any(below):
        return main
    later, sooner, lent = fifo(-below)
    return _join(main, (sooner, later, lent))


def _refuse_explosion(account: Ints, into: Ints, limit: int = 2_000) -> None:
    """Per-origin pro rata is quadratic; a pool account must go by classes."""
    if into.size and int(np.unique(account[into], return_counts=True)[1].max()) > limit:
        raise ValueError(
            "Pro rata by single origin explodes on pool accounts; use pro_rata_classes with a class a line."
        )


def _by_account(account: Ints, signed: Ints, klass: Ints) -> Pairs:
    """Per-origin pro rata, account by account so that classes stay few."""
    first = starts(account)
    ends = np.append(first[1:], account.size)
    parts: list[Pairs] = []
    for a, b in zip(first.tolist(), ends.tolist(), strict=True):
        codes, out, amount = pro_rata(account[a:b], signed[a:b], klass[a:b], 0)
        parts.append((codes, out + a, amount))
    return _join(*parts)


def _join(*pairs: Pairs) -> Pairs:
    """Put several sets of fragments together, same pairs merged."""
    if not pairs:
        empty = np.empty(0, np.int64)
        return empty, empty, empty
    return (
        np.concatenate([p[0] for p in pairs]),
        np.concatenate([p[1] for p in pairs]),
        np.concatenate([p[2] for p in pairs]),
    )


def _frame(walked: Legs, found: list[tuple[Pairs, str]]) -> pl.DataFrame:
    """Turn positions into line numbers and virtual legs into words, in the documented order."""
    parts = [
        (walked.line[into], walked.line[out], walked.account[out], amount, out, basis)
        for (into, out, amount), basis in found
    ]
    # an account that opens overdrawn drew that lot before the statement: no line shows it
    drawn = np.flatnonzero((walked.overdraft != 0) & (walked.line != OPENING))
    if drawn.size:
        size, line = walked.overdraft[drawn], walked.line[drawn]
        a, z = np.where(size > 0, line, OVERDRAFT), np.where(size > 0, OVERDRAFT, line)
        parts.append((a, z, walked.account[drawn], np.abs(size), drawn, found[-1][1]))
    if len(parts) == 1 and found[0][1] == "fifo":  # the order of the legs, and what is held is the last leg
        a, z, account, amount, _, basis = parts[0]
        return fragment_frame(account, a, z, amount, np.full(a.size, BASES.index(basis), np.uint8))
    a, z, account, amount, place = (np.concatenate([p[k] for p in parts]) for k in range(5))
    code = np.repeat(np.array([BASES.index(p[5]) for p in parts], np.uint8), [p[0].size for p in parts])
    first = starts(walked.account)
    end = np.append(first[1:], walked.account.size)
    if z.size and z.min() < 0:
        # what did not leave stands behind all that left its account
        stays = z < 0
        place[stays] = end[np.searchsorted(first, place[stays], side="right") - 1]
    if len(found) > 1 or found[-1][1] != "fifo":
        order = np.lexsort((a, z, place))
    else:
        order = np.argsort(place, kind="stable")  # few sorted runs: a merge
    return fragment_frame(account[order], a[order], z[order], amount[order], code[order])


__all__ = ["FRAGMENT_SCHEMA", "METHODS", "Method", "match", "match_legs", "pairs_of"]
