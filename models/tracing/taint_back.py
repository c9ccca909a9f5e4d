"""Pro rata going back: of what a payment was made up.

A payment takes of every lot that lies there in proportion. Of an in-line there is left at a moment its
amount times the product, over all payments since, of balance after by balance before. So the make-up of
one payment is one pass over its account (running sums of logarithms), and no lot of any other
payment is looked at. All lots since the account was last empty are origins; the largest are followed, the
others gathered.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from models.tracing.follow import Followed
from models.tracing.hops import Web
from models.tracing.legs import OPENING, Ints, Legs, legs
from models.tracing.taint import PIECES, cross, largest_first, put_step, told

End = tuple[int, int | None, str, int, int]
Resting = tuple[int, int, int | None]


def taint_back(
    web: Web, opening: pl.DataFrame, start_line: int, *, hops: int = 3, days: float | None = None
) -> Followed:
    """Follow one line back pro rata.

    Parameters
    ----------
    web : Web
        Lines and transfers (fragments are not used).
    opening : polars.DataFrame
        As `models.tracing.legs.openings`.
    start_line : int
        Line number; an in-line's own payment is hop 1.
    hops, days
        As `models.tracing.follow.follow`.

    Returns
    -------
    Followed
        Ends add up to the line, exactly.
    """
    row = int(np.searchsorted(web.number, start_line))
    earliest = None if days is None else int(web.when[row]) - int(days * 86_400)
    steps: list[dict[str, object]] = []
    ends: list[End] = []
    amount = int(web.amount[row])
    first = 1
    resting: list[Resting] = [(start_line, amount, None)]
    if not web.leaving[row]:
        step = put_step(steps, web, start_line, start_line, None, 1, amount)
        resting = cross(web, web.got.parts, step, start_line, 1, ends)
        first = 2
    books: dict[int, _Book] = {}
    for hop in range(first, hops + 1):
        moved: list[Resting] = []
        ranked = largest_first(resting)
        for line, part, before in ranked[:PIECES]:
            account = int(web.lines["account_id"][int(np.searchsorted(web.number, line))])
            if account not in books:
                mine = web.lines.filter(pl.col("account_id") == account)
                books[account] = _Book(legs(mine, opening.filter(pl.col("account_id") == account)))
            for source, size in books[account].made_up(line, part):
                word = _word(web, source, earliest)
                if word is None:
                    step = put_step(steps, web, start_line, source, before, hop, size)
                    moved += cross(web, web.got.parts, step, start_line, hop, ends)
                else:
                    ends.append((start_line, before, word, hop - 1, size))
        ends += [(start_line, before, "gathered", hop - 1, part) for _, part, before in ranked[PIECES:]]
        resting = moved
    ends += [(start_line, before, "limit", hops, part) for _, part, before in resting]
    return told(steps, ends)


GATHERED, DRAWN = -10, -11
"""Sources that are no line: small lots added up, and an overdraft."""


def _word(web: Web, source: int, earliest: int | None) -> str | None:
    """Why a source ends the trace; None for a line to follow."""
    if source < 0:
        return {OPENING: "opening", GATHERED: "gathered", DRAWN: "overdraft"}[source]
    if earliest is not None and int(web.when[int(np.searchsorted(web.number, source))]) < earliest:
        return "horizon"
    return None


class _Book:
    """One account, laid out so that the make-up of any of its payments is one pass."""

    def __init__(self, walked: Legs) -> None:
        self.walked = walked
        self.balance = np.cumsum(walked.signed)
        before = self.balance - walked.signed
        keep = np.ones(walked.signed.size)
        np.divide(self.balance, before, out=keep, where=(walked.signed < 0) & (self.balance > 0))
        self.kept = np.cumsum(np.log(keep))
        self.before = before

    def made_up(self, line: int, part: int) -> list[tuple[int, int]]:
        """Sources of `part` fen of an out-line: (line or virtual source, fen), largest first; they add up."""
        at = int(np.flatnonzero(self.walked.line == line)[0])
        taken = -int(self.walked.signed[at])
        drawn = -int(self.walked.overdraft[at])
        over = part * drawn // (taken + drawn)
        found = [(DRAWN, over)] if over else []
        rest = part - over
        if not taken:
            return [(DRAWN, part)]
        empty = np.flatnonzero(self.balance[:at] == 0)
        first = int(empty[-1]) + 1 if empty.size else 0
        into = first + np.flatnonzero(self.walked.signed[first:at] > 0)
        share = self.walked.signed[into] * np.exp(self.kept[at - 1] - self.kept[into]) / self.before[at]
        size = _whole(share, rest)
        order = np.argsort(-size, kind="stable")
        order = order[size[order] > 0]
        found += [(int(self.walked.line[into[k]]), int(size[k])) for k in order[:PIECES].tolist()]
        small = int(size[order[PIECES:]].sum())
        return [*found, (GATHERED, small)] if small else found


def _whole(share: np.ndarray[tuple[int], np.dtype[np.float64]], total: int) -> Ints:
    """Cut `total` fen in proportion, rounding running sums so that the parts add up."""
    ends = np.cumsum(share)
    run = np.rint(ends / ends[-1] * total).astype(np.int64)
    run[-1] = total
    parts: Ints = np.diff(run, prepend=0)
    return parts
