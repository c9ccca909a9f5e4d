"""Pieces of money on their way: through the accounts they rest in, over to the next, until they end."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import polars as pl

from models.tracing.hops import WORDS, Web
from models.tracing.legs import Bools, Ints
from models.tracing.mapping import Crossing, Mapping, Rows, cut, pieces_of


@dataclass(slots=True)
class Pieces:
    """Pieces that still travel.

    Attributes
    ----------
    at, size : array
        Where the piece begins in its line, and how long it is.
    row, start : array
        Row of the line it lies in, and its start by its place among them.
    step : array, optional
        The last step it took, -1 before the first; None where nobody asks.
    """

    at: Ints
    size: Ints
    row: Rows
    start: Ints
    step: Ints | None

    def pick(self, index: Ints) -> Pieces:
        """Return some of them."""
        step = None if self.step is None else self.step[index]
        return Pieces(self.at[index], self.size[index], self.row[index], self.start[index], step)


@dataclass(frozen=True, slots=True)
class StopGroups:
    """Starts in groups, each with counterparties of its own behind which nothing is followed.

    Attributes
    ----------
    starts : polars.DataFrame
        ``line_no``, ``group`` (a small integer) of every start.
    stops : polars.DataFrame
        ``group``, ``holder_id``.
    """

    starts: pl.DataFrame
    stops: pl.DataFrame


class Stop:
    """Says which pieces have reached a counterparty that ends the trace."""

    def __init__(
        self,
        web: Web,
        rows: Ints,
        holders: Collection[int],
        accounts: Collection[int],
        groups: StopGroups | None,
    ) -> None:
        self.web = web
        self.holders = np.array(sorted(holders), np.int64)
        self.accounts = np.array(sorted(accounts), np.int64)
        self.group = self.pairs = np.empty(0, np.int64)
        self.span = np.int64(0)
        if groups is not None:
            order = groups.starts.sort("line_no")
            at = np.searchsorted(order["line_no"].to_numpy(), web.number[rows])
            self.group = order["group"].cast(pl.Int64).to_numpy()[at]
            stop = groups.stops["holder_id"].cast(pl.Int64).to_numpy()
            self.span = np.int64(max(stop.max(initial=0), web.cp_holder.max(initial=0)) + 2)
            self.pairs = np.unique(groups.stops["group"].cast(pl.Int64).to_numpy() * self.span + stop)

    def at(self, pieces: Pieces) -> Bools | None:
        """Which pieces stop; None where nothing can."""
        if not (self.holders.size or self.accounts.size or self.pairs.size):
            return None
        holder = self.web.cp_holder[pieces.row]
        found = np.isin(holder, self.holders)
        if self.accounts.size:
            found |= np.isin(self.web.cp_account[pieces.row], self.accounts)
        if self.pairs.size:
            found |= (holder >= 0) & np.isin(self.group[pieces.start] * self.span + holder, self.pairs)
        return found


class Sink(Protocol):
    """Takes down what pieces do on their way."""

    def step(self, pieces: Pieces, hop: int) -> Ints | None:
        """Pieces take their `hop`-th transfer; returns the numbers these steps are known by, if any."""
        ...

    def end(self, word: str, hops: int, pieces: Pieces) -> None:
        """Pieces end, for the reason that `word` says (`models.tracing.follow.END_SCHEMA`)."""
        ...


def travel(
    web: Web,
    rows: Ints,
    sink: Sink,
    *,
    hops: int,
    days: float | None,
    forward: bool,
    stop: Stop,
    gather_below_fen: int,
    numbered: bool,
) -> None:
    """Let the whole of some lines travel, and tell `sink` of every step and every end.

    Parameters
    ----------
    rows : array
        Rows of the lines in `web`; a start is known by its place here. Other parameters as
        `models.tracing.follow.follow`.
    numbered : bool
        Whether pieces carry the number of their last step.
    """
    inward, outward = web.ways(forward)
    leaving = web.leaving[rows] == forward
    nowhere = np.full(rows.size, -1, np.int64) if numbered else None
    lines = rows.astype(np.int32)
    whole = Pieces(np.zeros(rows.size, np.int64), web.amount[rows], lines, np.arange(rows.size), nowhere)
    late = None if days is None else _Late(web, rows, days, forward)
    away = whole.pick(np.flatnonzero(leaving))
    resting = whole.pick(np.flatnonzero(~leaving))
    for hop in range(1, hops + 1):
        if resting.at.size:
            moved = _through(inward, resting, late, hop - 1, sink)
            away = _both(away, moved) if away.at.size else moved
        if away.at.size == 0:
            resting = away
            break
        if gather_below_fen > 0:
            small = away.size < gather_below_fen
            sink.end("gathered", hop - 1, away.pick(np.flatnonzero(small)))
            away = away.pick(np.flatnonzero(~small))
        away.step = sink.step(away, hop)
        stopped = stop.at(away)
        if stopped is not None:
            sink.end("stopped", hop, away.pick(np.flatnonzero(stopped)))
            away = away.pick(np.flatnonzero(~stopped))
        resting = _over(outward, away, hop, sink)
        away = away.pick(np.empty(0, np.int64))
    sink.end("limit", hops, resting)


class _Late:
    """Says which pieces move on too late (or, going back, came too early) for their start."""

    def __init__(self, web: Web, rows: Ints, days: float, forward: bool) -> None:
        span = int(days * 86_400)
        self.when, self.forward = web.when, forward
        self.limit = self.when[rows] + (span if forward else -span)

    def at(self, row: Rows, start: Ints) -> Bools:
        moment, limit = self.when[row], self.limit[start]
        return moment > limit if self.forward else moment < limit


def _through(along: Mapping, pieces: Pieces, late: _Late | None, hop: int, sink: Sink) -> Pieces:
    """Take pieces through the accounts they rest in: along the fragments."""
    if hop == 0:  # nothing has been cut yet
        query, stretch = pieces_of(pieces.row, along)
        left = along.start[stretch]
        amount = along.end[stretch] - left
    else:
        query, stretch, left, amount = cut(pieces.at, pieces.size, pieces.row, along)
    left += along.shift[stretch]
    step = None if pieces.step is None else pieces.step[query]
    moved = Pieces(left, amount, along.line[stretch], pieces.start[query], step)
    stays = np.flatnonzero(moved.row < 0)
    if stays.size:
        code = along.code[stretch[stays]]
        for value, word in WORDS.items():
            if value:
                sink.end(word, hop, moved.pick(stays[code == value]))
        moved = moved.pick(np.flatnonzero(moved.row >= 0))
    if late is not None:
        too_late = late.at(moved.row, moved.start)
        sink.end("horizon", hop, moved.pick(np.flatnonzero(too_late)))
        moved = moved.pick(np.flatnonzero(~too_late))
    return moved


def _over(along: Crossing, pieces: Pieces, hop: int, sink: Sink) -> Pieces:
    """Take pieces across to the other account: along the paired transfers."""
    to = along.whole[pieces.row]
    stays = to < 0
    if not stays.any():
        return Pieces(pieces.at, pieces.size, to, pieces.start, pieces.step)
    sink.end("left", hop, pieces.pick(np.flatnonzero(to == -1)))
    go, odd = np.flatnonzero(~stays), np.flatnonzero(to == -2)
    crossed = pieces.pick(go)
    crossed.row = to[go]
    if odd.size == 0:
        return crossed
    query, parts = _in_parts(along.parts, pieces.pick(odd), hop, sink)
    order = np.argsort(np.concatenate((go, odd[query])), kind="stable")
    return _both(crossed, parts).pick(order)


def _in_parts(along: Mapping, pieces: Pieces, hop: int, sink: Sink) -> tuple[Ints, Pieces]:
    """Take pieces across of which a part stays behind, or which arrive in several parts."""
    query, stretch, left, amount = cut(pieces.at, pieces.size, pieces.row, along)
    crossed = _sums(query, amount, pieces.at.size)
    rest = replace(pieces, size=pieces.size - crossed)
    sink.end("left", hop, rest.pick(np.flatnonzero(crossed == 0)))
    sink.end("fee", hop, rest.pick(np.flatnonzero((crossed > 0) & (rest.size > 0))))
    step = None if pieces.step is None else pieces.step[query]
    left += along.shift[stretch]
    return query, Pieces(left, amount, along.line[stretch], pieces.start[query], step)


def _sums(query: Ints, amount: Ints, count: int) -> Ints:
    """Amounts by query; queries never decrease."""
    total = np.zeros(count, np.int64)
    if query.size:
        head = np.flatnonzero(np.append(True, query[1:] != query[:-1]))
        total[query[head]] = np.add.reduceat(amount, head)
    return total


def _both(a: Pieces, b: Pieces) -> Pieces:
    step = None if a.step is None or b.step is None else np.concatenate((a.step, b.step))
    return Pieces(
        np.concatenate((a.at, b.at)),
        np.concatenate((a.size, b.size)),
        np.concatenate((a.row, b.row)),
        np.concatenate((a.start, b.start)),
        step,
    )
