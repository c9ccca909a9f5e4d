"""Hops: following a piece of money from account to account, exactly.

A piece is a stretch of a line: where it begins in it, and how long it is. A fragment maps a stretch of
an in-line to a stretch of an out-line; a paired transfer maps a stretch of an out-line to a stretch of the
in-line on the other account. Following money is mapping stretches, and composing two mappings is
interval intersection within a line, not a join on it. A pool account through which
everything flows costs what its own fragments cost and never multiplies. Nearly every payment arrives
whole: its pieces keep their places and change the line, nothing is cut. Every fen of a start ends in exactly one place.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from models.tracing.legs import Bools, Ints
from models.tracing.mapping import Bytes, Crossing, Mapping, Side, laid, laid_alone, mapping

WORDS = {0: "line", 1: "held", 2: "overdraft", 3: "opening"}
"""Why a stretch leads nowhere, by code; 0 where it leads to a line."""


@dataclass(frozen=True, slots=True)
class _Ties:
    """What ties lines to lines: fragments (in-line, out-line) or transfers (out-line, in-line)."""

    a: Side
    b: Side
    size: Ints


@dataclass(frozen=True)
class Web:
    """All that is needed to follow money either way; each way is laid out when first gone.

    Attributes
    ----------
    lines : polars.DataFrame
        ``line_no``, ``account_id``, ``direction``, ``amount_fen``, ``booked_at``,
        ``cp_account_id``, ``cp_holder_id``; sorted by ``line_no``.
    number, amount : array
        Columns of `lines`.
    leaving : array
        Whether the line is an out-line.
    """

    lines: pl.DataFrame
    number: Ints
    amount: Ints
    leaving: Bools
    _fragments: _Ties
    _transfers: _Ties

    @cached_property
    def when(self) -> Ints:
        """Second of each line's booking."""
        return _ints(self.lines["booked_at"].dt.epoch("s"))

    @cached_property
    def cp_account(self) -> Ints:
        """Counterparty's account of each line, -1 where unknown."""
        return _ints(self.lines["cp_account_id"].fill_null(-1))

    @cached_property
    def cp_holder(self) -> Ints:
        """Counterparty of each line, -1 where unknown."""
        return _ints(self.lines["cp_holder_id"].fill_null(-1))

    @cached_property
    def onward(self) -> Mapping:
        """Fragments seen from the in-lines."""
        ties = self._fragments
        return mapping(ties.a, ties.b, ties.size, self.amount)

    @cached_property
    def back(self) -> Mapping:
        """Fragments seen from the out-lines."""
        ties = self._fragments
        return mapping(ties.b, ties.a, ties.size, self.amount)

    @cached_property
    def paid(self) -> Crossing:
        """Transfers seen from the out-lines."""
        ties = self._transfers
        return Crossing(ties.a, ties.b, ties.size, self.amount)

    @cached_property
    def got(self) -> Crossing:
        """Transfers seen from the in-lines."""
        ties = self._transfers
        return Crossing(ties.b, ties.a, ties.size, self.amount)

    def ways(self, forward: bool) -> tuple[Mapping, Crossing]:
        """Through an account, and across to the next."""
        return (self.onward, self.paid) if forward else (self.back, self.got)

    @classmethod
    def of(cls, lines: pl.DataFrame, fragments: pl.DataFrame, transfers: pl.DataFrame) -> Web:
        """Lay fragments and transfers out in their lines.

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
        return cls(
            lines,
            number,
            amount,
            np.asarray((lines["direction"] == "out").to_numpy(), np.bool_),
            _fragments(number, fragments),
            _transfers(number, amount, transfers),
        )


LINES = ("line_no", "account_id", "direction", "amount_fen", "booked_at", "cp_account_id", "cp_holder_id")
"""Columns of statement lines that a web reads."""
FRAGMENTS = ("in_line_no", "out_line_no", "amount_fen", "lot", "use", "basis")
"""Columns of fragments that a web reads."""
TRANSFERS = ("transfer_no", "out_line_no", "in_line_no", "amount_fen")
"""Columns of transfers that a web reads."""


def _fragments(number: Ints, fragments: pl.DataFrame) -> _Ties:
    """Lay the fragments of each line side by side: identified ones first, then in order of the other line."""
    f_in = rows_of(number, fragments["in_line_no"])
    f_out = rows_of(number, fragments["out_line_no"])
    size = _ints(fragments["amount_fen"])
    far = number.size
    identified = fragments["basis"] == "identified"
    later = None if not identified.any() else np.where(identified.to_numpy(), 0, far + 1)

    def side(own: Ints, other: Ints, word: str) -> Side:
        rank = np.where(other < 0, far, other)
        rank = rank if later is None else rank + later
        at, order = laid(own, rank, 2 * far + 2, size)
        return Side(own, at, _codes(fragments[word]), order)

    return _Ties(side(f_in, f_out, "lot"), side(f_out, f_in, "use"), size)


def _transfers(number: Ints, amount: Ints, transfers: pl.DataFrame) -> _Ties:
    """Lay the paired legs of each line side by side, in order of the transfer."""
    two = transfers.select(TRANSFERS).drop_nulls(["out_line_no", "in_line_no"])
    ranks = tuple(_ints(two[name]) for name in ("in_line_no", "out_line_no", "transfer_no"))
    t_out, t_in = rows_of(number, two["out_line_no"]), rows_of(number, two["in_line_no"])
    size = _ints(two["amount_fen"])
    from_at, to_at = (laid_alone(row, ranks, size, number.size) for row in (t_out, t_in))
    if number.size:
        size = np.minimum(size, np.minimum(amount[t_out] - from_at, amount[t_in] - to_at))
    ok = np.flatnonzero((t_out >= 0) & (t_in >= 0) & (size > 0))
    if ok.size < size.size:
        t_out, t_in, from_at, to_at, size = (each[ok] for each in (t_out, t_in, from_at, to_at, size))
    code = np.zeros(ok.size, np.uint8)
    return _Ties(Side(t_out, from_at, code, None), Side(t_in, to_at, code, None), size)


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


def rows_of(number: Ints, wanted: pl.Series) -> Ints:
    """Row of each line number, -1 for null or unknown."""
    value = _ints(wanted.fill_null(-1))
    if number.size == 0:
        return np.full(value.size, -1, np.int64)
    if number[-1] - number[0] + 1 == number.size:  # without gaps, as warehouses number them
        at: Ints = value - number[0]
        at[(at < 0) | (at >= number.size)] = -1
        return at
    near = np.minimum(np.searchsorted(number, value), number.size - 1)
    return np.where(number[near] == value, near, -1)


def _ints(column: pl.Series) -> Ints:
    values: Any = column.cast(pl.Int64).to_numpy()
    return np.asarray(values, dtype=np.int64)
