"""First in, first out: two sets of intervals on one axis.

The fen numbered *x* in and the fen numbered *x* out are the same fen. So the fragments
(in-leg, out-leg, amount) are the overlaps of the intervals that the legs cover on the axes of
money in and money out: a merge of two sorted lists of interval ends, for all accounts at
once, because every account's money in equals its money out once the held leg is there.

Complexity: O(n) time and memory after the sort of the lines; at most one fragment a leg.
"""

from __future__ import annotations

import numpy as np

from models.tracing.legs import Ints


def overlap(first_ends: Ints, second_ends: Ints) -> tuple[Ints, Ints, Ints]:
    """Overlaps of two partitions of the same stretch [0, total).

    Parameters
    ----------
    first_ends, second_ends : array
        Ends of consecutive, non-empty intervals, ascending; the last ends are equal.

    Returns
    -------
    first, second, amount : array
        Index into each partition and the length of the overlap, in order along the stretch.

    Raises
    ------
    ValueError
        When the two do not end alike: money would be made or lost.
    """
    if first_ends.size == 0 and second_ends.size == 0:
        empty = np.empty(0, np.int64)
        return empty, empty, empty
    if first_ends.size == 0 or second_ends.size == 0 or first_ends[-1] != second_ends[-1]:
        raise ValueError("Money in and money out must be equal before they are matched.")
    ends = np.concatenate((first_ends, second_ends))
    ends.sort(kind="stable")  # two sorted runs: a merge, not a sort
    keep = np.empty(ends.size, np.bool_)
    keep[0] = True
    np.not_equal(ends[1:], ends[:-1], out=keep[1:])
    ends = ends[keep]
    amount = np.diff(ends, prepend=0)
    first = _owner(first_ends, ends)
    second = _owner(second_ends, ends)
    return first, second, amount


def _owner(partition: Ints, ends: Ints) -> Ints:
    """Interval of `partition` that holds the piece ending at each of `ends` (a superset of its ends)."""
    here = np.zeros(ends.size, np.int64)
    at = np.searchsorted(ends, partition)
    here[at[:-1] + 1] = 1
    return np.cumsum(here, out=here)


def fifo(signed: Ints) -> tuple[Ints, Ints, Ints]:
    """Match the legs of all accounts first in, first out.

    Parameters
    ----------
    signed : array
        Signed amounts, account after account, each account summing to zero.

    Returns
    -------
    into, out, amount : array
        Positions of the in-leg and the out-leg of each fragment, and its amount.
    """
    into = np.flatnonzero(signed > 0)
    out = np.flatnonzero(signed < 0)
    first, second, amount = overlap(np.cumsum(signed[into]), np.cumsum(-signed[out]))
    return into[first], out[second], amount
