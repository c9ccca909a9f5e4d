"""Specific identification: what product or project records tie together is matched before any method."""

from __future__ import annotations

import numpy as np
import polars as pl

from models.tracing.fifo import fifo
from models.tracing.hops import rows_of
from models.tracing.legs import Ints, Legs, before, starts, walk

Pairs = tuple[Ints, Ints, Ints]
"""In-leg, out-leg and amount of fragments."""


def identify(walked: Legs, pots: pl.DataFrame) -> tuple[Pairs, Ints]:
    """Match inside the pots, first in, first out, and say what is left to the method.

    Within a pot, an out-leg is identified as far as the pot holds money at that moment; what it
    takes beyond that, and what a pot never pays out, stays with the method.
    """
    at, pot, amount = _placed(walked, pots)
    own = starts(at)
    whole = np.abs(walked.signed)
    if at.size and np.any(np.add.reduceat(amount, own) > (whole + np.abs(walked.overdraft))[at[own]]):
        raise ValueError("Identified amounts exceed the line they lie on.")
    # a line partly overdrawn is identified for its covered part at most, first pots first
    run, limit = walk(at, amount), whole[at]
    amount = np.minimum(run, limit) - np.minimum(run - amount, limit)
    # a pot is kept per account
    key = pot * np.int64(walked.account.max() + 1 if walked.account.size else 1) + walked.account[at]
    order = np.argsort(key, kind="stable")
    key, at, amount = key[order], at[order], amount[order]
    signed = np.where(walked.signed[at] > 0, amount, -amount)
    paid = _covered(key, signed)
    into, out, size = fifo(paid)
    keep = out < at.size
    into, out, size = into[keep], out[keep], size[keep]
    pairs = _merged(at[into], at[out], size)
    size = pairs[2]
    left = walked.signed.copy()
    np.subtract.at(left, pairs[0], size)
    np.add.at(left, pairs[1], size)
    return pairs, left


def _placed(walked: Legs, pots: pl.DataFrame) -> tuple[Ints, Ints, Ints]:
    """Leg, pot and amount of each claim, by leg, then pot; each pair once."""
    claims = pots.filter(pl.col("amount_fen") > 0)
    claims = claims.select(pl.col("line_no").cast(pl.Int64), pl.col("pot").cast(pl.Int64), "amount_fen")
    real = np.flatnonzero(walked.line >= 0)
    number = walked.line[real]
    if not np.all(number[1:] >= number[:-1]):
        order = np.argsort(number)
        real, number = real[order], number[order]
    row = rows_of(number, claims["line_no"])
    at = real[row[row >= 0]]
    pot, amount = (claims[c].to_numpy()[row >= 0] for c in ("pot", "amount_fen"))
    if not np.all((at[1:] > at[:-1]) | ((at[1:] == at[:-1]) & (pot[1:] > pot[:-1]))):
        order = np.lexsort((pot, at))
        at, pot, amount = at[order], pot[order], amount[order]
        head = np.flatnonzero(np.append(True, (at[1:] != at[:-1]) | (pot[1:] != pot[:-1])))[: at.size]
        at, pot, amount = at[head], pot[head], np.add.reduceat(amount, head) if at.size else amount
    return at, pot, amount


def _merged(into: Ints, out: Ints, amount: Ints) -> Pairs:
    """Add up fragments of one pair of legs that several pots tie together."""
    order = np.lexsort((into, out))
    into, out, amount = into[order], out[order], amount[order]
    if into.size == 0:
        return into, out, amount
    head = np.flatnonzero(np.append(True, (into[1:] != into[:-1]) | (out[1:] != out[:-1])))
    return into[head], out[head], np.add.reduceat(amount, head)


def _covered(key: Ints, signed: Ints) -> Ints:
    """Signed amounts of each pot, cut to what the pot can pay and what it does pay.

    Forward, an out-leg gets what lies in the pot; backward (the same with time reversed) an
    in-leg keeps what is paid out of it later. Each pot then sums to zero and never dips below.
    """
    # out-legs beyond the pot's money: a queue reflected at zero, in closed form
    level = walk(key, signed)
    first = starts(key)
    lengths = np.diff(np.append(first, key.size))
    depth = int(-min(level.min(), 0)) + 1 if level.size else 1
    lift = np.repeat(np.arange(first.size, dtype=np.int64), lengths) * depth
    lack = -np.minimum(np.minimum.accumulate(np.minimum(level, 0) - lift) + lift, 0)
    short = lack - before(key, lack)
    fed = signed + short
    # in-legs never paid out: the last fen in stay, so cut the end that FIFO leaves
    came = walk(key, np.maximum(fed, 0))
    gone = walk(key, np.maximum(-fed, 0))
    total = np.repeat(gone[np.append(first[1:], key.size) - 1] if key.size else gone, lengths)
    used = np.minimum(came, total)
    kept = np.diff(used, prepend=0)
    kept[first] = used[first]
    covered: Ints = np.where(fed > 0, kept, np.minimum(fed, 0))
    return covered
