"""Pro rata: every out-leg takes of each class of money in proportion to what lies there.

Origins are classes (or cohorts), never single lines: per-origin tracing through a pool of
*n* lines has O(n²) fragments, per-class has O(classes · n).

The share of one class is a chain of affine steps (what lies there is kept in the proportion
balance after / balance before, then what comes in is added). Affine steps compose, so the
chain is a prefix scan: log2(n) passes over all accounts at once. Each class is split
from the rest in integer fen before the next is split from what is left. Rounding one
monotone walk keeps both parts monotone, so that no class ever pays a negative fen, none pays
more than it holds, and the parts add up to the line, exactly.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from models.tracing.legs import Ints, starts, walk

Floats = npt.NDArray[np.float64]


def pro_rata(account: Ints, signed: Ints, klass: Ints, classes: int) -> tuple[Ints, Ints, Ints]:
    """Split every out-leg by class.

    Parameters
    ----------
    account : array
        Account of each leg, never decreasing.
    signed : array
        Signed amounts; the running balance of every account stays at or above zero.
    klass : array
        Class of each in-leg, 0 .. `classes` - 1 (ignored on out-legs).
    classes : int
        Number of classes.

    Returns
    -------
    klass, out, amount : array
        Class, position of the out-leg and amount in fen, sorted by leg, then class; zero
        amounts left out. O(classes · n log n).
    """
    left = signed.copy()
    found: list[tuple[Ints, Ints, Ints]] = []
    present = np.unique(klass[signed > 0]) if signed.size else np.empty(0, np.int64)
    for code in present[:-1].tolist():
        taken = _split(account, left, (klass == code) & (signed > 0))
        found.append(_pieces(code, taken))
        left = left - taken
    if present.size:
        found.append(_pieces(int(present[-1]), left))
    codes = np.concatenate([f[0] for f in found] or [np.empty(0, np.int64)])
    out = np.concatenate([f[1] for f in found] or [np.empty(0, np.int64)])
    amount = np.concatenate([f[2] for f in found] or [np.empty(0, np.int64)])
    order = np.lexsort((codes, out))
    return codes[order], out[order], amount[order]


def _pieces(code: int, signed: Ints) -> tuple[Ints, Ints, Ints]:
    """What one class pays."""
    out = np.flatnonzero(signed < 0)
    return np.full(out.size, code, np.int64), out, -signed[out]


def _split(account: Ints, signed: Ints, mine: npt.NDArray[np.bool_]) -> Ints:
    """Part of each leg that belongs to one class, signed; the rest belongs to the others.

    The real-valued answer is rounded as a running total of what the class has paid, held
    between what came in of it and what the others can have paid. Running maxima from both
    sides then make both totals rise, which is what forbids negative parts.
    """
    balance = walk(account, signed)
    earlier = balance - signed
    keep = np.ones(signed.size)
    np.divide(balance, earlier, out=keep, where=(signed < 0) & (earlier > 0))
    gain = np.where(mine, signed, 0)
    came = walk(account, gain)
    paid = came - np.rint(_scan(account, keep, gain.astype(np.float64))).astype(np.int64)
    paid = np.clip(paid, np.maximum(came - balance, 0), came)
    # laid end to end, every account pays out all that came in, so totals rise over accounts too
    shift = np.cumsum(gain) - came
    paid = np.maximum.accumulate(paid + shift)
    out = np.cumsum(np.maximum(-signed, 0))
    paid = out - np.maximum.accumulate(out - paid)
    part: Ints = gain - np.diff(paid, prepend=0)
    return part


def _scan(account: Ints, keep: Floats, gain: Floats) -> Floats:
    """Prefix composition of ``x -> keep * x + gain`` inside each account (doubling distances).

    The order of the compositions depends on the place within the account alone, so the result
    is the same bits whichever accounts lie around it.
    """
    first = starts(account)
    lengths = np.diff(np.append(first, account.size))
    place: Any = np.arange(account.size) - np.repeat(first, lengths)
    a, b = keep.copy(), gain.copy()
    longest = int(lengths.max()) if lengths.size else 0
    reach = np.flatnonzero(place >= 1)
    distance = 1
    while distance < longest:
        prior = reach - distance
        b_new = a[reach] * b[prior] + b[reach]
        a_new = a[reach] * a[prior]
        b[reach], a[reach] = b_new, a_new
        distance *= 2
        reach = reach[place[reach] >= distance]
    return b
