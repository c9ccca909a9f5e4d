"""Mappings: stretches of lines on one side tied to stretches of lines on the other, and cutting pieces along them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from models.tracing.legs import Ints

Bytes = np.ndarray[tuple[int], np.dtype[np.uint8]]


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
    whole : array, optional
        Row of the line that takes the whole of a line on this side, place for place; -1 where no stretch
        does anything, -2 where stretches have to be looked at. None where that is so for every line.
    """

    start: Ints
    end: Ints
    shift: Ints
    line: Ints
    code: Bytes
    first: Ints
    whole: Ints | None = None


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
    order : array
        Ties that have a line, in order of line and place.
    """

    row: Ints
    at: Ints
    code: Bytes
    order: Ints


def mapping(own: Side, other: Side, size: Ints, amount: Ints, *, whole: bool = False) -> Mapping:
    """Map one side to the other.

    Parameters
    ----------
    size : array
        Length of each tie.
    amount : array
        Length of each line.
    whole : bool
        Tell the lines that go over whole, for mappings in which most do.
    """
    here = own.order
    row, start, length = own.row[here], own.at[here], size[here]
    line, shift = other.row[here], other.at[here] - start
    first = np.zeros(amount.size + 1, np.int64)
    np.cumsum(np.bincount(row, minlength=amount.size), out=first[1:])
    table = None
    if whole:
        table = np.full(amount.size, -1, np.int64)
        table[row] = np.where((length == amount[row]) & (shift == 0), line, -2)
    return Mapping(start, start + length, shift, line, other.code[here], first, table)


def laid(row: Ints, rank: Ints, span: int, size: Ints) -> tuple[Ints, Ints]:
    """Lay ties side by side in their lines, in order of `rank` (below `span`).

    Returns
    -------
    at, order : array
        Where each begins in its line; those with a line, in order of line and place.
    """
    order = np.flatnonzero(row >= 0)
    key = row[order] * np.int64(span) + rank[order]
    if not np.all(key[1:] >= key[:-1]):
        order = order[np.argsort(key, kind="stable")]
    at = np.zeros(row.size, np.int64)
    at[order] = _within(row[order], size[order])
    return at, order


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


def in_places(row: Ints, at: Ints, count: int) -> Ints:
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


def cut(at: Ints, size: Ints, row: Ints, along: Mapping) -> tuple[Ints, Ints, Ints, Ints]:
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
    low, stop = along.first[row], along.first[row + 1]
    tail = at + size
    _advance(along.end, low, stop, at, "right")
    high = low.copy()
    _advance(along.start, high, stop, tail, "left")
    query, stretch = _spread(low, high)
    left = np.maximum(at[query], along.start[stretch])
    amount = np.minimum(tail[query], along.end[stretch])
    amount -= left
    return query, stretch, left, amount


def pieces_of(row: Ints, along: Mapping) -> tuple[Ints, Ints]:
    """`query` and `stretch`, as `cut` gives them, of lines taken whole."""
    return _spread(along.first[row], along.first[row + 1])


def _spread(low: Ints, high: Ints) -> tuple[Ints, Ints]:
    """All indices from `low` to below `high`, and whose they are."""
    count = high - low
    ends = np.cumsum(count)
    query = np.repeat(np.arange(low.size), count)
    stretch = np.repeat(low - (ends - count), count)
    stretch += np.arange(query.size)
    return query, stretch


FEW = 4
"""Stretches looked at one by one before a search among those of the line."""


def _advance(edge: Ints, at: Ints, stop: Ints, value: Ints, side: Literal["left", "right"]) -> None:
    """Move `at` to the first index, below `stop`, whose `edge` lies beyond `value`; `stop` where none does."""
    before = np.less_equal if side == "right" else np.less
    ask = np.flatnonzero(at < stop)
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
