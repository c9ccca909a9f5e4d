"""Specific identification: what product or project records tie together is matched before any method."""

from __future__ import annotations

import numpy as np
import polars as pl

from models.tracing.fifo import fifo
from models.tracing.legs import Ints, Legs, before, starts, walk

Pairs = tuple[Ints, Ints, Ints]
"""In-leg, out-leg and amount of fragments."""


def identify(walked: Legs, pots: pl.DataFrame) -> tuple[Pairs, Ints]:
    """Match inside the pots, first in, first out, and say what is left to the method.

    Within a pot, an out-leg is identified as far as the pot holds money at that moment; what it
    takes beyond that, and what a pot never pays out, stays with the method.
    """
    place = pl.DataFrame({"line_no": walked.line, "at": np.arange(walked.line.size)}).filter(
        pl.col("line_no") >= 0
    )
    claims = (
        pots.lazy()
        .filter(pl.col("amount_fen") > 0)
        .select(pl.col("line_no").cast(pl.Int64), pl.col("pot").cast(pl.Int64), "amount_fen")
        .join(place.lazy(), on="line_no", how="inner")
        .group_by("pot", "at")
        .agg(pl.col("amount_fen").sum())
        .sort("pot", "at")
        .collect()
    )
    at, amount = claims["at"].to_numpy(), claims["amount_fen"].to_numpy()
    total = np.zeros(walked.signed.size, np.int64)
    np.add.at(total, at, amount)
    if np.any(total > np.abs(walked.signed) + np.abs(walked.overdraft)):
        raise ValueError("Identified amounts exceed the line they lie on.")
    # a pot is kept per account; a line partly overdrawn is identified for its covered part at most
    key = claims["pot"].to_numpy() * np.int64(walked.account.max() + 1 if walked.account.size else 1)
    key = key + walked.account[at]
    order = np.lexsort((at, key))
    key, at, amount = key[order], at[order], amount[order]
    amount = _cap(at, amount, np.abs(walked.signed))
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


def _merged(into: Ints, out: Ints, amount: Ints) -> Pairs:
    """Add up fragments of one pair of legs that several pots tie together."""
    order = np.lexsort((into, out))
    into, out, amount = into[order], out[order], amount[order]
    if into.size == 0:
        return into, out, amount
    head = np.flatnonzero(np.append(True, (into[1:] != into[:-1]) | (out[1:] != out[:-1])))
    return into[head], out[head], np.add.reduceat(amount, head)


def _cap(at: Ints, amount: Ints, limit: Ints) -> Ints:
    """Keep the claims on one leg within what the leg has, first pots first."""
    order = np.lexsort((np.arange(at.size), at))
    a, m = at[order], amount[order]
    run = np.cumsum(m)
    head = starts(a)
    base = np.repeat(run[head] - m[head], np.diff(np.append(head, a.size)))
    run = np.minimum(run - base, limit[a])
    part = np.diff(run, prepend=0)
    part[head] = run[head]
    out = np.empty_like(amount)
    out[order] = part
    return out


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
