"""Mappings: stretches of lines on one side tied to stretches of lines on the other, and cutting pieces along them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from models.tracing.legs import Ints

Bytes = np.ndarray[tuple[int], np.dtype[np.uint8]]
Rows = np.ndarray[tuple[int], np.dtype[np.int32]]
"""Rows and counts of lines (fewer than 2³¹), where many are kept and asked at random: they stay near the processor."""


@dataclass(frozen=True, slots=True)
class Mapping:
    """Stretches of lines mapped to the other side: in order of line and place, disjoint.

    Attributes
    ----------
    start, end : array
        The stretch, in fen from the beginning of its line.
    shift : array
        What is added to a place to find it in the line on the other side.
    line : array
        Row of the line on the other side, -1 where there is none.
    code : array
        Why there is none (a key of `models.tracing.hops.WORDS`), 0 where there is one.
    first : array
        Index of the first stretch of each line on this side, and one beyond the last.
    dense : bool
        Whether stretches leave no gap before or between them.
    """

    start: Ints
    end: Ints
    shift: Ints
    line: Rows
    code: Bytes
    first: Rows
    dense: bool = False


@dataclass(frozen=True, slots=True)
class Side:
    """One side of what ties lines to lines.

    Attributes
    ----------
    row : array
        Row of the line, -1 where there is none.
    at : array
        Where the tie begins in the line.
    code : array
        Why there is no line (a key of `models.tracing.hops.WORDS`).
    order : array, optional
        Ties that have a line, in order of line and place; None where all have one and nobody put them in order.
    """

    row: Ints
    at: Ints
    code: Bytes
    order: Ints | None


def mapping(own: Side, other: Side, size: Ints, amount: Ints) -> Mapping:
    """Map one side to the other.

    Parameters
    ----------
    size : array
        Length of each tie.
    amount : array
        Length of each line.
    """
    here = _in_places(own.row, own.at, amount.size) if own.order is None else own.order
    row, start = own.row[here], own.at[here]
    first = np.zeros(amount.size + 1, np.int32)
    np.cumsum(np.bincount(row, minlength=amount.size), out=first[1:])
    line, shift = other.row[here].astype(np.int32), other.at[here] - start
    end = start + size[here]
    before = np.zeros_like(end)
    before[1:] = np.where(row[1:] == row[:-1], end[:-1], 0)
    return Mapping(
        start, end, shift, line, other.code[here], first, dense=bool(np.array_equal(start, before))
    )


@dataclass(frozen=True)
class Crossing:
    """A mapping in which nearly all lines go over whole; their stretches are laid out only where others do not.

    Attributes
    ----------
    own, other : Side
    size, amount : array
        As `mapping` takes them.
    """

    own: Side
    other: Side
    size: Ints
    amount: Ints

    @cached_property
    def whole(self) -> Rows:
        """Row of the line that takes the whole of a line, place for place; -1 where it has no tie, -2 where `parts` tell."""
        own, to = self.own, self.other
        table = np.full(self.amount.size, -1, np.int32)
        straight = (self.size == self.amount[own.row]) & (own.at == to.at)
        table[own.row] = np.where(straight, to.row, -2)
        return table

    @cached_property
    def parts(self) -> Mapping:
        """The mapping, stretch by stretch."""
        return mapping(self.own, self.other, self.size, self.amount)


def laid(row: Ints, rank: Ints, span: int, size: Ints) -> tuple[Ints, Ints]:
    """Lay ties side by side in their lines, in order of `rank` (below `span`).

    Returns
    -------
    at, order : array
        Where each begins in its line; those with a line, in order of line and place.
    """
    order = np.flatnonzero(row >= 0)
    key = row[order] * np.int64(span)
    key += rank[order]
    order = order[_sorted(key)] if np.any(key[1:] < key[:-1]) else order
    at = np.zeros(row.size, np.int64)
    at[order] = _within(row[order], size[order])
    return at, order


def _sorted(key: Ints) -> Ints:
    """Return the stable order of keys; where few of them are out of place, only those are sorted."""
    stray = key < np.maximum.accumulate(key)
    strays, main = np.flatnonzero(stray), np.flatnonzero(~stray)
    if strays.size > key.size // 8:
        return np.argsort(key, kind="stable")
    strays = strays[np.argsort(key[strays], kind="stable")]
    # a stray comes after what is equal and in its place
    return np.insert(main, np.searchsorted(key[main], key[strays], side="right"), strays)


def laid_alone(row: Ints, ranks: tuple[Ints, ...], size: Ints, count: int) -> Ints:
    """Lay ties side by side as `laid` does, where few lines of `count` have more than one.

    Parameters
    ----------
    ranks : tuple of array
        The last counts first.
    """
    at = np.zeros(row.size, np.int64)
    shared = np.flatnonzero((row >= 0) & (np.bincount(row + 1, minlength=count + 1)[row + 1] > 1))
    shared = shared[np.lexsort((*(rank[shared] for rank in ranks), row[shared]))]
    at[shared] = _within(row[shared], size[shared])
    return at


def _in_places(row: Ints, at: Ints, count: int) -> Ints:
    """Return the order of ties by line and place: only those that share a line are sorted."""
    held = np.bincount(row, minlength=count)
    place = (np.cumsum(held) - held)[row]
    shared = np.flatnonzero(held[row] > 1)
    shared = shared[np.lexsort((at[shared], row[shared]))]
    place[shared] += _within(row[shared], np.ones(shared.size, np.int64))
    order = np.empty_like(place)
    order[place] = np.arange(place.size)
    return order


def _within(row: Ints, size: Ints) -> Ints:
    """Running total before each tie within its line; ties of a line stand together."""
    run = np.cumsum(size) - size
    if row.size == 0:
        return run
    head = np.flatnonzero(np.append(True, row[1:] != row[:-1]))
    run -= np.repeat(run[head], np.diff(np.append(head, row.size)))
    return run


def cut(at: Ints, size: Ints, row: Ints | Rows, along: Mapping) -> tuple[Ints, Ints, Ints, Ints]:
    """Cut intervals along a mapping.

    Parameters
    ----------
    at, size, row : array
        The intervals asked about, each within one line; none is empty.
    along : Mapping
        What they are cut along.

    Returns
    -------
    query, stretch, left, amount : array
        Index of the interval, index of the stretch, where the piece begins in the line, its
        length. What no stretch covers is not in the answer. O(q + answer) on lines cut into few
        stretches, O((q + answer) log n) at worst.
    """
    low, stop = along.first[row].astype(np.int64), along.first[row + 1]
    tail = at + size
    inside = np.flatnonzero(
        (low < stop) & (at > 0)
    )  # what begins with its line begins with its first stretch
    _advance(along.end, low, stop, at, inside, "right")
    high = np.minimum(low + along.dense, stop)
    _advance(along.start, high, stop, tail, np.flatnonzero(high < stop), "left")
    query, stretch = _spread(low, high)
    left = np.maximum(at[query], along.start[stretch])
    amount = np.minimum(tail[query], along.end[stretch])
    amount -= left
    return query, stretch, left, amount


def pieces_of(row: Ints | Rows, along: Mapping) -> tuple[Ints, Ints]:
    """`query` and `stretch`, as `cut` gives them, of lines taken whole."""
    return _spread(along.first[row], along.first[row + 1])


def _spread(low: Ints | Rows, high: Ints | Rows) -> tuple[Ints, Ints]:
    """All indices from `low` to below `high`, and whose they are."""
    count = (high - low).astype(np.int64)
    ends = np.cumsum(count)
    query = np.repeat(np.arange(low.size), count)
    stretch = np.repeat(low - (ends - count), count)
    stretch += np.arange(query.size)
    return query, stretch


FEW = 4
"""Stretches looked at one by one before a search among those of the line."""


def _advance(
    edge: Ints, at: Ints, stop: Rows, value: Ints, ask: Ints, side: Literal["left", "right"]
) -> None:
    """Move `at` to the first index whose `edge` lies beyond `value`, to `stop` where none does.

    Only those of `ask` are moved; they are below `stop`.
    """
    before = np.less_equal if side == "right" else np.less
    here, last, asked = at[ask], stop[ask], value[ask]
    for _ in range(FEW):
        on = np.flatnonzero(before(edge[here], asked))
        ask, here, last, asked = ask[on], here[on] + 1, last[on], asked[on]
        at[ask] = here
        on = np.flatnonzero(here < last)
        if on.size < here.size:
            ask, here, last, asked = ask[on], here[on], last[on], asked[on]
        if ask.size == 0:
            return
    while ask.size:
        middle = (here + last) >> 1
        beyond = ~before(edge[middle], asked)
        last, here = np.where(beyond, middle, last), np.where(beyond, here, middle + 1)
        at[ask] = here
        on = np.flatnonzero(here < last)
        ask, here, last, asked = ask[on], here[on], last[on], asked[on]
