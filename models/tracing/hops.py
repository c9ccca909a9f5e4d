"""Hops: following a piece of money from account to account, exactly.

All lines lie end to end on one axis of fen. A fragment maps a stretch of an in-line to a
stretch of an out-line; a paired transfer maps a stretch of an out-line to a stretch of the in-line on
the other account. Following money is mapping intervals, and composing two mappings is
interval intersection: a search in sorted ends, not a join on the line. A pool account through which
everything flows costs what its own fragments cost and never multiplies (k hops are k such
searches over what survives). Every fen of a start ends in exactly one place.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import polars as pl

from models.tracing.legs import Bools, Ints

WORDS = {0: "line", 1: "held", 2: "overdraft", 3: "opening"}
"""Why a stretch leads nowhere, by code; 0 where it leads to a line."""

Bytes = np.ndarray[tuple[int], np.dtype[np.uint8]]


@dataclass(frozen=True, slots=True)
class Mapping:
    """Stretches of one side of the axis mapped to the other side, sorted and disjoint.

    Attributes
    ----------
    start, end : array
        The stretch on this side.
    to : array
        Where it begins on the other side; meaningless where `line` is -1.
    line : array
        Row of the line on the other side, -1 where there is none.
    code : array
        Why there is none (a key of `WORDS`), 0 where there is one.
    first : array
        Index of the first stretch of each line on this side, and one beyond the last.
    """

    start: Ints
    end: Ints
    to: Ints
    line: Ints
    code: Bytes
    first: Ints


@dataclass(frozen=True, slots=True)
class _Ties:
    """What ties lines to lines: fragments or transfers as rows and places on the axis."""

    a: Ints
    a_at: Ints
    b: Ints
    b_at: Ints
    size: Ints
    a_code: Bytes
    b_code: Bytes

    def forth(self, count: int) -> Mapping:
        return _mapping(self.a, self.a_at, self.size, self.b_at, self.b, self.b_code, count)

    def back(self, count: int) -> Mapping:
        return _mapping(self.b, self.b_at, self.size, self.a_at, self.a, self.a_code, count)


@dataclass(frozen=True)
class Web:
    """All that is needed to follow money either way; each way is laid out when first gone.

    Attributes
    ----------
    lines : polars.DataFrame
        ``line_no``, ``account_id``, ``direction``, ``amount_fen``, ``booked_at``,
        ``cp_account_id``, ``cp_holder_id``; sorted by ``line_no``.
    number, offset, amount, when : array
        Columns of `lines`; `offset` is where a line begins on the axis.
    leaving : array
        Whether the line is an out-line.
    cp_account, cp_holder : array
        Counterparty of each line, -1 where unknown.
    """

    lines: pl.DataFrame
    number: Ints
    offset: Ints
    amount: Ints
    when: Ints
    leaving: Bools
    cp_account: Ints
    cp_holder: Ints
    _fragments: _Ties
    _transfers: _Ties

    @cached_property
    def onward(self) -> Mapping:
        """Fragments seen from the in-lines."""
        return self._fragments.forth(self.number.size)

    @cached_property
    def back(self) -> Mapping:
        """Fragments seen from the out-lines."""
        return self._fragments.back(self.number.size)

    @cached_property
    def across(self) -> Mapping:
        """Transfers seen from the out-lines."""
        return self._transfers.forth(self.number.size)

    @cached_property
    def across_back(self) -> Mapping:
        """Transfers seen from the in-lines."""
        return self._transfers.back(self.number.size)

    @classmethod
    def of(cls, lines: pl.DataFrame, fragments: pl.DataFrame, transfers: pl.DataFrame) -> Web:
        """Lay lines, fragments and transfers out on the axis.

        Parameters
        ----------
        lines : polars.DataFrame
            As the attribute; other columns are left aside.
        fragments : polars.DataFrame
            `models.tracing.match.FRAGMENT_SCHEMA`.
        transfers : polars.DataFrame
            ``transfer_no``, ``out_line_no``, ``in_line_no``, ``amount_fen`` (the arriving amount);
            rows with one leg are left aside.
        """
        lines = lines.select(LINES)
        if not lines["line_no"].is_sorted():
            lines = lines.sort("line_no")
        number = _ints(lines["line_no"])
        amount = _ints(lines["amount_fen"])
        offset = np.cumsum(amount) - amount
        return cls(
            lines,
            number,
            offset,
            amount,
            _ints(lines["booked_at"].dt.epoch("s")),
            np.asarray((lines["direction"] == "out").to_numpy(), np.bool_),
            _ints(lines["cp_account_id"].fill_null(-1)),
            _ints(lines["cp_holder_id"].fill_null(-1)),
            _fragments(number, offset, fragments),
            _transfers(number, offset, amount, transfers),
        )


LINES = ("line_no", "account_id", "direction", "amount_fen", "booked_at", "cp_account_id", "cp_holder_id")
"""Columns of statement lines that a web reads."""
TRANSFERS = ("transfer_no", "out_line_no", "in_line_no", "amount_fen")
"""Columns of transfers that a web reads."""


def _fragments(number: Ints, offset: Ints, fragments: pl.DataFrame) -> _Ties:
    """Lay the fragments of each line side by side: identified ones first, then in order of the other line."""
    f_in = rows_of(number, fragments["in_line_no"])
    f_out = rows_of(number, fragments["out_line_no"])
    size = _ints(fragments["amount_fen"])
    first = _ints((fragments["basis"] != "identified").cast(pl.Int64))
    far = number.size
    in_at = _within(f_in, first * (far + 1) + np.where(f_out < 0, far, f_out), 2 * far + 2, size)
    out_at = _within(f_out, first * (far + 1) + np.where(f_in < 0, far, f_in), 2 * far + 2, size)
    return _Ties(
        f_in,
        in_at + offset[f_in] if far else in_at,
        f_out,
        out_at + offset[f_out] if far else out_at,
        size,
        _codes(fragments["lot"]),
        _codes(fragments["use"]),
    )


def _transfers(number: Ints, offset: Ints, amount: Ints, transfers: pl.DataFrame) -> _Ties:
    """Lay the paired legs of each line side by side, in order of the transfer."""
    keys = ("transfer_no", "out_line_no", "in_line_no")
    two = transfers.select(*keys, "amount_fen").drop_nulls(["out_line_no", "in_line_no"])
    if not all(two[k].is_sorted() for k in keys):
        two = two.sort(keys)
    t_out, t_in = rows_of(number, two["out_line_no"]), rows_of(number, two["in_line_no"])
    order = np.arange(t_out.size, dtype=np.int64)
    size = _ints(two["amount_fen"])
    from_at, to_at = _within(t_out, order, order.size, size), _within(t_in, order, order.size, size)
    if number.size:
        size = np.minimum(size, np.minimum(amount[t_out] - from_at, amount[t_in] - to_at))
    ok = np.flatnonzero((t_out >= 0) & (t_in >= 0) & (size > 0))
    t_out, t_in, size = t_out[ok], t_in[ok], size[ok]
    code = np.zeros(ok.size, np.uint8)
    return _Ties(t_out, from_at[ok] + offset[t_out], t_in, to_at[ok] + offset[t_in], size, code, code)


def _codes(word: pl.Series) -> Bytes:
    """Keys of `WORDS` for a column of its words (text or an enumeration)."""
    if isinstance(word.dtype, pl.Enum):
        keys = {name: key for key, name in WORDS.items()}
        of_category = np.array([keys.get(c, 0) for c in word.dtype.categories], np.uint8)
        found: Bytes = of_category[word.to_physical().to_numpy()]
        return found
    code = np.zeros(word.len(), np.uint8)
    for key, name in WORDS.items():
        if key:
            code[(word == name).to_numpy()] = key
    return code


def _mapping(own: Ints, at: Ints, size: Ints, to: Ints, line: Ints, code: Bytes, count: int) -> Mapping:
    """Sort one side's stretches along the axis."""
    here = np.flatnonzero(own >= 0)
    start = at[here]
    if not np.all(start[1:] >= start[:-1]):
        here = here[np.argsort(start, kind="stable")]
        start = at[here]
    first = np.zeros(count + 1, np.int64)
    np.cumsum(np.bincount(own[here], minlength=count), out=first[1:])
    return Mapping(start, start + size[here], to[here], line[here], code[here], first)


def _within(row: Ints, rank: Ints, span: int, size: Ints) -> Ints:
    """Offset of each piece within its line, pieces laid in order of `rank` (below `span`)."""
    key = row * np.int64(span) + rank
    run: Ints
    if np.all(key[1:] >= key[:-1]):
        run = np.cumsum(size) - size
        return run - _base(row, run)
    order = np.argsort(key, kind="stable")
    run = np.cumsum(size[order]) - size[order]
    out = np.empty_like(run)
    out[order] = run - _base(row[order], run)
    return out


def _base(row: Ints, run: Ints) -> Ints:
    """Where the line of each piece begins in the running total."""
    if row.size == 0:
        return run
    head = np.flatnonzero(np.append(True, row[1:] != row[:-1]))
    return np.repeat(run[head], np.diff(np.append(head, row.size)))


def rows_of(number: Ints, wanted: pl.Series) -> Ints:
    """Row of each line number, -1 for null or unknown."""
    value = _ints(wanted.fill_null(-1))
    if number.size == 0:
        return np.full(value.size, -1, np.int64)
    if number[-1] - number[0] + 1 == number.size:  # without gaps, as warehouses number them
        at = value - number[0]
        return np.where((at >= 0) & (at < number.size), at, -1)
    at = np.minimum(np.searchsorted(number, value), number.size - 1)
    return np.where(number[at] == value, at, -1)


def _ints(column: pl.Series) -> Ints:
    values: Any = column.cast(pl.Int64).to_numpy()
    return np.asarray(values, dtype=np.int64)


def cut(at: Ints, size: Ints, row: Ints, mapping: Mapping) -> tuple[Ints, Ints, Ints, Ints]:
    """Cut intervals along a mapping.

    Parameters
    ----------
    at, size, row : array
        The intervals asked about, each within one line.
    mapping : Mapping
        Sorted, disjoint stretches.

    Returns
    -------
    query, stretch, skip, amount : array
        Index of the interval, index of the stretch, offset of the piece within the stretch,
        length. What no stretch covers is not in the answer. O(q + answer) on lines cut into few
        stretches, O((q + answer) log n) at worst.
    """
    low, stop = mapping.first[row], mapping.first[row + 1]
    low = _advance(mapping.end, low, stop, at, "right")
    high = _advance(mapping.start, low, stop, at + size, "left")
    count = high - low
    query = np.repeat(np.arange(at.size), count)
    stretch = np.arange(query.size) + np.repeat(low - (np.cumsum(count) - count), count)
    left = np.maximum(at[query], mapping.start[stretch])
    right = np.minimum(at[query] + size[query], mapping.end[stretch])
    return query, stretch, left - mapping.start[stretch], right - left


FEW = 4
"""Stretches looked at one by one before a search in all of them."""


def _advance(edge: Ints, low: Ints, stop: Ints, value: Ints, side: Literal["left", "right"]) -> Ints:
    """First index from `low`, below `stop`, whose `edge` lies beyond `value`; `stop` where none does."""
    at = low.copy()
    ask = np.flatnonzero(at < stop)
    for _ in range(FEW):
        beyond = edge[at[ask]] > value[ask] if side == "right" else edge[at[ask]] >= value[ask]
        ask = ask[~beyond]
        at[ask] += 1
        ask = ask[at[ask] < stop[ask]]
        if ask.size == 0:
            return at
    found = np.searchsorted(edge, value[ask], side=side)
    at[ask] = np.clip(found, at[ask], stop[ask])
    return at
