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
from typing import Any

import numpy as np
import polars as pl

from models.tracing.legs import Ints

_WORDS = {0: "line", 1: "held", 2: "overdraft", 3: "opening"}
_CODES = {word: code for code, word in _WORDS.items()}


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
        Why there is none (a key of ``_WORDS``), 0 where there is one.
    """

    start: Ints
    end: Ints
    to: Ints
    line: Ints
    code: Ints


@dataclass(frozen=True, slots=True)
class Web:
    """All that is needed to follow money either way.

    Attributes
    ----------
    lines : polars.DataFrame
        ``line_no``, ``account_id``, ``direction``, ``amount_fen``, ``booked_at``,
        ``cp_account_id``, ``cp_holder_id``; sorted by ``line_no``.
    number, offset, amount, when : array
        Columns of `lines`; `offset` is where a line begins on the axis.
    onward, back : Mapping
        Fragments seen from the in-lines, and from the out-lines.
    across, across_back : Mapping
        Transfers seen from the out-lines, and from the in-lines.
    """

    lines: pl.DataFrame
    number: Ints
    offset: Ints
    amount: Ints
    when: Ints
    onward: Mapping
    back: Mapping
    across: Mapping
    across_back: Mapping

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
        lines = lines.select(
            "line_no", "account_id", "direction", "amount_fen", "booked_at", "cp_account_id", "cp_holder_id"
        ).sort("line_no")
        number = _ints(lines["line_no"])
        amount = _ints(lines["amount_fen"])
        offset = np.cumsum(amount) - amount
        when = _ints(lines["booked_at"].dt.epoch("s"))
        f_in = _rows(number, fragments["in_line_no"])
        f_out = _rows(number, fragments["out_line_no"])
        size = _ints(fragments["amount_fen"])
        first = _ints((fragments["basis"] != "identified").cast(pl.Int64))
        far = np.int64(number.size)
        in_at = _within(f_in, size, (first, np.where(f_out < 0, far, f_out))) + offset[f_in]
        out_at = _within(f_out, size, (first, np.where(f_in < 0, far, f_in))) + offset[f_out]
        use = _ints(fragments["use"].replace_strict(_CODES, return_dtype=pl.Int64))
        lot = _ints(fragments["lot"].replace_strict(_CODES, return_dtype=pl.Int64))
        two = transfers.filter(pl.col("out_line_no").is_not_null() & pl.col("in_line_no").is_not_null()).sort(
            "transfer_no", "out_line_no", "in_line_no"
        )
        t_out, t_in = _rows(number, two["out_line_no"]), _rows(number, two["in_line_no"])
        order = np.arange(t_out.size, dtype=np.int64)
        size_t = _ints(two["amount_fen"])
        from_at, to_at = _within(t_out, size_t, (order,)), _within(t_in, size_t, (order,))
        size_t = np.minimum(size_t, np.minimum(amount[t_out] - from_at, amount[t_in] - to_at))
        ok = (t_out >= 0) & (t_in >= 0) & (size_t > 0)
        t_out, t_in, size_t = t_out[ok], t_in[ok], size_t[ok]
        from_at, to_at = from_at[ok] + offset[t_out], to_at[ok] + offset[t_in]
        none = np.zeros(t_out.size, np.int64)
        return cls(
            lines,
            number,
            offset,
            amount,
            when,
            _mapping(f_in >= 0, in_at, size, out_at, f_out, use),
            _mapping(f_out >= 0, out_at, size, in_at, f_in, lot),
            _mapping(none == 0, from_at, size_t, to_at, t_in, none),
            _mapping(none == 0, to_at, size_t, from_at, t_out, none),
        )


def _mapping(keep: Any, at: Ints, size: Ints, to: Ints, line: Ints, code: Ints) -> Mapping:
    """Sort one side's stretches along the axis."""
    chosen = np.flatnonzero(keep)
    order = chosen[np.argsort(at[chosen], kind="stable")]
    return Mapping(at[order], at[order] + size[order], to[order], line[order], code[order])


def _within(row: Ints, size: Ints, order: tuple[Ints, ...]) -> Ints:
    """Offset of each piece within its line, pieces laid in `order` (most significant first)."""
    sorted_by = np.lexsort((*reversed(order), row))
    r, s = row[sorted_by], size[sorted_by]
    run = np.cumsum(s) - s
    head = np.flatnonzero(np.append(True, r[1:] != r[:-1])) if r.size else r
    run = run - np.repeat(run[head], np.diff(np.append(head, r.size)))
    out = np.empty_like(run)
    out[sorted_by] = run
    return out


def _rows(number: Ints, wanted: pl.Series) -> Ints:
    """Row of each line number, -1 for null or unknown."""
    value = _ints(wanted.fill_null(-1))
    at = np.searchsorted(number, value)
    at = np.minimum(at, max(number.size - 1, 0))
    return np.where(number[at] == value, at, -1) if number.size else np.full(value.size, -1, np.int64)


def _ints(column: pl.Series) -> Ints:
    values: Any = column.cast(pl.Int64).to_numpy()
    return np.asarray(values, dtype=np.int64)


def cut(at: Ints, size: Ints, mapping: Mapping) -> tuple[Ints, Ints, Ints, Ints]:
    """Cut intervals along a mapping.

    Parameters
    ----------
    at, size : array
        The intervals asked about.
    mapping : Mapping
        Sorted, disjoint stretches.

    Returns
    -------
    query, stretch, skip, amount : array
        Index of the interval, index of the stretch, offset of the piece within the stretch,
        length. What no stretch covers is not in the answer. O((q + answer) log n).
    """
    low = np.searchsorted(mapping.end, at, side="right")
    high = np.searchsorted(mapping.start, at + size, side="left")
    count = np.maximum(high - low, 0)
    query = np.repeat(np.arange(at.size), count)
    begin = np.cumsum(count) - count
    stretch = np.arange(query.size) - np.repeat(begin, count) + np.repeat(low, count)
    left = np.maximum(at[query], mapping.start[stretch])
    right = np.minimum(at[query] + size[query], mapping.end[stretch])
    return query, stretch, left - mapping.start[stretch], right - left
