"""Pieces of money on their way: through the accounts they rest in, over to the next, until they end."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import polars as pl

from models.tracing.hops import WORDS, Mapping, Web, cut
from models.tracing.legs import Bools, Ints


@dataclass(slots=True)
class Pieces:
    """Pieces on the axis that still travel."""

    at: Ints
    size: Ints
    row: Ints
    start: Ints
    step: Ints

    def pick(self, index: Ints) -> Pieces:
        """Return some of them."""
        return Pieces(self.at[index], self.size[index], self.row[index], self.start[index], self.step[index])


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

    def step(self, pieces: Pieces, hop: int) -> Ints:
        """Pieces take their `hop`-th transfer; returns the numbers these steps are known by."""
        ...

    def end(self, word: str, start: Ints, step: Ints, hops: int, amount: Ints) -> None:
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
) -> None:
    """Let the whole of some lines travel, and tell `sink` of every step and every end.

    Parameters
    ----------
    rows : array
        Rows of the lines in `web`; a start is known by its place here. Other parameters as
        `models.tracing.follow.follow`.
    """
    inward, outward = (web.onward, web.across) if forward else (web.back, web.across_back)
    leaving = web.leaving[rows] == forward
    nowhere = np.full(rows.size, -1, np.int64)
    whole = Pieces(web.offset[rows], web.amount[rows], rows, np.arange(rows.size), nowhere)
    limit = _limits(web.when[rows], days, forward)
    away = whole.pick(np.flatnonzero(leaving))
    resting = whole.pick(np.flatnonzero(~leaving))
    for hop in range(1, hops + 1):
        if resting.at.size:
            moved = _through(web, inward, resting, limit, forward, hop - 1, sink)
            away = _both(away, moved) if away.at.size else moved
        if away.at.size == 0:
            resting = away
            break
        if gather_below_fen > 0:
            small = away.size < gather_below_fen
            sink.end("gathered", away.start[small], away.step[small], hop - 1, away.size[small])
            away = away.pick(np.flatnonzero(~small))
        away.step = sink.step(away, hop)
        stopped = stop.at(away)
        if stopped is not None:
            sink.end("stopped", away.start[stopped], away.step[stopped], hop, away.size[stopped])
            away = away.pick(np.flatnonzero(~stopped))
        resting = _over(outward, away, hop, sink)
        away = away.pick(np.empty(0, np.int64))
    sink.end("limit", resting.start, resting.step, hops, resting.size)


def _limits(when: Ints, days: float | None, forward: bool) -> Ints:
    """Latest (or, going back, earliest) second at which money of a start may move."""
    if days is None:
        return np.full(when.size, np.iinfo(np.int64).max if forward else np.iinfo(np.int64).min)
    span = int(days * 86_400)
    return when + span if forward else when - span


def _through(
    web: Web, mapping: Mapping, pieces: Pieces, limit: Ints, forward: bool, hop: int, sink: Sink
) -> Pieces:
    """Take pieces through the accounts they rest in: along the fragments."""
    query, stretch, skip, amount = cut(pieces.at, pieces.size, pieces.row, mapping)
    row, start, step = mapping.line[stretch], pieces.start[query], pieces.step[query]
    stays = np.flatnonzero(row < 0)
    code = mapping.code[stretch[stays]]
    for value, word in WORDS.items():
        if value:
            here = stays[code == value]
            sink.end(word, start[here], step[here], hop, amount[here])
    moment = web.when[row]  # of no account for what stays
    late = (row >= 0) & ((moment > limit[start]) if forward else (moment < limit[start]))
    sink.end("horizon", start[late], step[late], hop, amount[late])
    go = np.flatnonzero((row >= 0) & ~late)
    at = mapping.to[stretch[go]] + skip[go]
    return Pieces(at, amount[go], row[go], start[go], step[go])


def _over(mapping: Mapping, pieces: Pieces, hop: int, sink: Sink) -> Pieces:
    """Take pieces across to the other account: along the paired transfers."""
    query, stretch, skip, amount = cut(pieces.at, pieces.size, pieces.row, mapping)
    crossed = _sums(query, amount, pieces.at.size)
    rest = pieces.size - crossed
    unpaired = crossed == 0
    sink.end("left", pieces.start[unpaired], pieces.step[unpaired], hop, rest[unpaired])
    sink.end("fee", pieces.start[~unpaired], pieces.step[~unpaired], hop, rest[~unpaired])
    at = mapping.to[stretch] + skip
    return Pieces(at, amount, mapping.line[stretch], pieces.start[query], pieces.step[query])


def _sums(query: Ints, amount: Ints, count: int) -> Ints:
    """Amounts by query; queries never decrease."""
    total = np.zeros(count, np.int64)
    if query.size:
        head = np.flatnonzero(np.append(True, query[1:] != query[:-1]))
        total[query[head]] = np.add.reduceat(amount, head)
    return total


def _both(a: Pieces, b: Pieces) -> Pieces:
    return Pieces(
        np.concatenate((a.at, b.at)),
        np.concatenate((a.size, b.size)),
        np.concatenate((a.row, b.row)),
        np.concatenate((a.start, b.start)),
        np.concatenate((a.step, b.step)),
    )
