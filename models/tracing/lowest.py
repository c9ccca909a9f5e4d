"""Lowest intermediate balance: what of the claimed money can still be there.

The rule of Re Hallett (1880) 13 Ch D 696 and James Roscoe (Bolton) Ltd v Winder [1915] 1 Ch 62:
the holder is taken to spend other money first, claimed money is touched only when the balance
falls below it, and money of others that comes in later does not make it good. What is left
of the claimed money is therefore never above the lowest balance since it came in.

As a formula, with *I* the running total of claimed money in and *b* the balance:
``claimed = I + min(0, running minimum of (b - I))``. O(n), no loop.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.tracing.legs import Ints, starts, walk


def claimed_part(account: Ints, signed: Ints, claimed: npt.NDArray[np.bool_]) -> Ints:
    """Part of each leg that is claimed money under the lowest-intermediate-balance rule.

    Parameters
    ----------
    account, signed : array
        As in `models.tracing.legs.Legs`; balances at or above zero.
    claimed : array of bool
        In-legs that bring claimed money.

    Returns
    -------
    array
        Signed amounts in fen: all of a claimed in-leg, nothing of another, and of an out-leg
        what had to come from claimed money.
    """
    balance = walk(account, signed)
    came = walk(account, np.where(claimed & (signed > 0), signed, 0))
    gap = np.minimum(balance - came, 0)
    # the running minimum must not reach into the next account: lift each account above the last
    first = starts(account)
    lengths = np.diff(np.append(first, account.size))
    depth = int(-gap.min()) + 1 if gap.size else 1
    lift = np.repeat(np.arange(first.size, dtype=np.int64), lengths) * depth
    lying = came + np.minimum.accumulate(gap - lift) + lift
    part: Ints = np.diff(lying, prepend=0)
    part[first] = lying[first]
    return part
