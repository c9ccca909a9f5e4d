"""Last in, first out: brackets on the levels of the balance.

An in-leg opens the levels between the balance before and after it; an out-leg closes the
levels it descends through. The fen lying lowest of in-leg *i* is taken by the first later leg
that brings the balance down to where *i* began (next smaller value), and the fen an out-leg
*j* takes last was laid by the leg after the last earlier balance that was not above the one
*j* leaves (previous smaller value). These two answers bound every fragment, so there are no
more fragments than legs, and no stack is walked.

Next smaller values are found for all legs at once on a pyramid of block minima: O(n log n)
worst, near O(n) on real accounts where money moves on soon.
"""

from __future__ import annotations

import numpy as np

from models.tracing.legs import Bools, Ints


def lifo(signed: Ints) -> tuple[Ints, Ints, Ints]:
    """Match the legs of all accounts last in, first out.

    Parameters and returns as `models.tracing.fifo.fifo`; the running balance of every account
    must not go below zero and must end at zero.
    """
    level = np.cumsum(signed)
    below = level - signed
    into = np.flatnonzero(signed > 0)
    taken_at = next_at_most(level, into, below[into])
    order = np.lexsort((-below[into], taken_at))
    into, taken_at = into[order], taken_at[order]
    top = below[taken_at].copy()
    same = np.flatnonzero(taken_at[1:] == taken_at[:-1]) + 1
    top[same] = below[into[same - 1]]
    whole = top - below[into]
    # what an out-leg takes below the lowest in-leg that it empties comes from one leg, in part
    out = np.flatnonzero(signed < 0)
    lowest = below[out].copy()
    last = np.flatnonzero(np.append(taken_at[1:] != taken_at[:-1], True)) if taken_at.size else taken_at
    lowest[np.searchsorted(out, taken_at[last])] = below[into[last]]
    rest = lowest - level[out]
    part = rest > 0
    out, rest = out[part], rest[part]
    laid = _previous_at_most(level, out)
    frag_in = np.concatenate((into, laid))
    frag_out = np.concatenate((taken_at, out))
    amount = np.concatenate((whole, rest))
    keep = np.flatnonzero(amount > 0)
    keep = keep[np.lexsort((frag_in[keep], frag_out[keep]))]
    return frag_in[keep], frag_out[keep], amount[keep]


def _previous_at_most(level: Ints, out: Ints) -> Ints:
    """Leg after the last earlier position whose balance is not above the one `out` leaves."""
    size = level.size
    backwards = level[::-1].copy()
    found = next_at_most(backwards, size - 1 - out, level[out], missing=size)
    return size - found  # position before the leg, plus one; -1 (nothing before) gives leg 0


def next_at_most(level: Ints, start: Ints, bound: Ints, missing: int = -1) -> Ints:
    """First position after `start` whose level is at most `bound`, for many queries at once.

    Parameters
    ----------
    level : array
        The values searched.
    start, bound : array
        The queries.
    missing : int
        Answer where there is none.
    """
    pyramid = [level]
    while pyramid[-1].size > 1:
        pyramid.append(_halve(pyramid[-1]))
    found = np.full(start.size, missing, np.int64)
    active = np.arange(start.size)
    at = start + 1
    depth = np.zeros(start.size, np.int64)
    # climb: each query looks at the block ahead of it, and goes a level up when that is all above
    height = len(pyramid)
    descend_at: list[tuple[Ints, Ints]] = []
    for up in range(height):
        row = pyramid[up]
        inside = at < row.size
        active, at = active[inside], at[inside]
        if active.size == 0:
            break
        hit: Bools = row[at] <= bound[active]
        odd = (at & 1) == 1
        descend_at.append((active[hit], at[hit]))
        depth[active[hit]] = up
        # a right child that fails moves to the next block; a left child looks at its parent again
        active, at = active[~hit], at[~hit]
        at = (at >> 1) + odd[~hit]
    for up in range(len(descend_at) - 1, 0, -1):
        query, block = descend_at[up]
        row = pyramid[up - 1]
        left = block << 1
        block = np.where(row[left] <= bound[query], left, left + 1)
        down_query, down_block = descend_at[up - 1]
        descend_at[up - 1] = (np.concatenate((down_query, query)), np.concatenate((down_block, block)))
    if descend_at:
        query, block = descend_at[0]
        found[query] = block
    return found


def _halve(row: Ints) -> Ints:
    """Minimum of each pair of neighbours."""
    if row.size % 2:
        row = np.append(row, np.iinfo(np.int64).max)
    return np.minimum(row[0::2], row[1::2])
