"""Follow money over several hops, forward or back, and say where every fen went."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from models.tracing.hops import WORDS, Mapping, Web, cut, rows_of
from models.tracing.legs import Bools, Ints

STEP_SCHEMA: dict[str, pl.DataType] = {
    "step_no": pl.Int64(),
    "parent_no": pl.Int64(),
    "start_line_no": pl.Int64(),
    "hop": pl.Int64(),
    "line_no": pl.Int64(),
    "account_id": pl.Int64(),
    "cp_account_id": pl.Int64(),
    "cp_holder_id": pl.Int64(),
    "booked_at": pl.Datetime("us"),
    "amount_fen": pl.Int64(),
}
"""Grain: a piece of a start's money on one line. Forward, ``line_no`` is the out-line that carries it
from ``account_id`` to the counterparty; back, the in-line that brought it. ``parent_no`` is the
step before, null at the start. ``hop`` counts transfers, from 1."""

END_SCHEMA: dict[str, pl.DataType] = {
    "start_line_no": pl.Int64(),
    "step_no": pl.Int64(),
    "end": pl.String(),
    "hops": pl.Int64(),
    "amount_fen": pl.Int64(),
}
"""Grain: where pieces of a start's money ended. ``step_no`` is the last step taken (null when the
money never moved). ``end``: ``left`` (to, or from, an account without a statement), ``held`` (still
there), ``opening`` and ``overdraft`` (lots the statement does not show coming), ``fee`` (kept
on the way: the part of a line that its pair does not show), ``stopped`` (asked to stop there), ``horizon``
(moved on too late), ``limit`` (hops used up), ``gathered`` (pieces below the setting). Amounts of a
start add up to what was asked about, exactly."""


@dataclass(frozen=True, slots=True)
class Followed:
    """Answer of `follow`.

    Attributes
    ----------
    steps : polars.DataFrame
        `STEP_SCHEMA`, in order of ``step_no``; parents come before children.
    ends : polars.DataFrame
        `END_SCHEMA`, sorted.
    """

    steps: pl.DataFrame
    ends: pl.DataFrame


@dataclass(slots=True)
class _Pieces:
    """Pieces on the axis that still travel."""

    at: Ints
    size: Ints
    row: Ints
    start: Ints
    step: Ints

    def pick(self, index: Ints) -> _Pieces:
        return _Pieces(self.at[index], self.size[index], self.row[index], self.start[index], self.step[index])


class _Ends:
    """Collects where pieces ended."""

    def __init__(self) -> None:
        self.parts: list[tuple[Ints, Ints, Ints, Ints, Ints]] = []

    def put(self, word: str, start: Ints, step: Ints, hops: int, amount: Ints) -> None:
        keep = np.flatnonzero(amount > 0)
        code = np.full(keep.size, _END_CODES[word], np.int64)
        hop = np.full(keep.size, hops, np.int64)
        self.parts.append((code, start[keep], step[keep], hop, amount[keep]))


_END_WORDS = (
    "left", "held", "overdraft", "opening", "fee", "stopped", "horizon", "limit", "gathered",
)  # fmt: skip
_END_CODES = {word: code for code, word in enumerate(_END_WORDS)}


def follow(
    web: Web,
    start_lines: pl.Series,
    *,
    hops: int = 3,
    days: float | None = None,
    forward: bool = True,
    stop_holders: Collection[int] = (),
    stop_accounts: Collection[int] = (),
    stop_groups: StopGroups | None = None,
    gather_below_fen: int = 0,
) -> Followed:
    """Follow the whole of some lines.

    Parameters
    ----------
    web : Web
        Lines, fragments and transfers.
    start_lines : polars.Series
        Line numbers. Forward, an out-line's first hop is its own payment; an in-line's first hop is
        the payment that its money left in. Back, the same the other way round.
    hops : int
        Transfers to follow at most; loops end here.
    days : float, optional
        Horizon from the start's booking; pieces that move later stay where they are.
    forward : bool
        Direction.
    stop_holders, stop_accounts : collection of int
        Counterparties behind which nothing is followed (clients, related parties …).
    stop_groups : StopGroups, optional
        The same where starts differ in whom they stop at.
    gather_below_fen : int
        Pieces smaller than this are not followed but added up under ``gathered``.

    Returns
    -------
    Followed
        Steps and ends. O(hops · (pieces + fragments) log n); pieces never multiply through a
        hub, since each fen takes one way.
    """
    inward, outward = (web.onward, web.across) if forward else (web.back, web.across_back)
    rows = rows_of(web.number, start_lines.cast(pl.Int64).unique().sort())
    rows = rows[rows >= 0]
    leaving = web.leaving[rows] == forward
    index = np.arange(rows.size)
    nowhere = np.full(rows.size, -1, np.int64)
    whole = _Pieces(web.offset[rows], web.amount[rows], rows, index, nowhere)
    limit = _limits(web.when[rows], days, forward)
    ends, steps = _Ends(), _Steps(web)
    stop = _Stop(web, rows, stop_holders, stop_accounts, stop_groups)
    away = whole.pick(np.flatnonzero(leaving))
    resting = whole.pick(np.flatnonzero(~leaving))
    for hop in range(1, hops + 1):
        if resting.at.size:
            moved = _through(web, inward, resting, limit, forward, hop - 1, ends)
            away = _both(away, moved) if away.at.size else moved
        if away.at.size == 0:
            resting = away
            break
        if gather_below_fen > 0:
            small = away.size < gather_below_fen
            ends.put("gathered", away.start[small], away.step[small], hop - 1, away.size[small])
            away = away.pick(np.flatnonzero(~small))
        away.step = steps.put(away, hop)
        stopped = stop.at(away)
        if stopped is not None:
            ends.put("stopped", away.start[stopped], away.step[stopped], hop, away.size[stopped])
            away = away.pick(np.flatnonzero(~stopped))
        resting = _over(outward, away, hop, ends)
        away = away.pick(np.empty(0, np.int64))
    ends.put("limit", resting.start, resting.step, hops, resting.size)
    return Followed(steps.frame(rows), _ends_frame(ends, web.number[rows]))


def _limits(when: Ints, days: float | None, forward: bool) -> Ints:
    """Latest (or, going back, earliest) second at which money of a start may move."""
    if days is None:
        return np.full(when.size, np.iinfo(np.int64).max if forward else np.iinfo(np.int64).min)
    span = int(days * 86_400)
    return when + span if forward else when - span


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


class _Stop:
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

    def at(self, pieces: _Pieces) -> Bools | None:
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


def _through(
    web: Web, mapping: Mapping, pieces: _Pieces, limit: Ints, forward: bool, hop: int, ends: _Ends
) -> _Pieces:
    """Take pieces through the accounts they rest in: along the fragments."""
    query, stretch, skip, amount = cut(pieces.at, pieces.size, pieces.row, mapping)
    row, start, step = mapping.line[stretch], pieces.start[query], pieces.step[query]
    stays = np.flatnonzero(row < 0)
    code = mapping.code[stretch[stays]]
    for value, word in WORDS.items():
        if value:
            here = stays[code == value]
            ends.put(word, start[here], step[here], hop, amount[here])
    moment = web.when[row]  # of no account for what stays
    late = (row >= 0) & ((moment > limit[start]) if forward else (moment < limit[start]))
    ends.put("horizon", start[late], step[late], hop, amount[late])
    go = np.flatnonzero((row >= 0) & ~late)
    at = mapping.to[stretch[go]] + skip[go]
    return _Pieces(at, amount[go], row[go], start[go], step[go])


def _over(mapping: Mapping, pieces: _Pieces, hop: int, ends: _Ends) -> _Pieces:
    """Take pieces across to the other account: along the paired transfers."""
    query, stretch, skip, amount = cut(pieces.at, pieces.size, pieces.row, mapping)
    crossed = _sums(query, amount, pieces.at.size)
    rest = pieces.size - crossed
    unpaired = crossed == 0
    ends.put("left", pieces.start[unpaired], pieces.step[unpaired], hop, rest[unpaired])
    ends.put("fee", pieces.start[~unpaired], pieces.step[~unpaired], hop, rest[~unpaired])
    at = mapping.to[stretch] + skip
    return _Pieces(at, amount, mapping.line[stretch], pieces.start[query], pieces.step[query])


def _sums(query: Ints, amount: Ints, count: int) -> Ints:
    """Amounts by query; queries never decrease."""
    total = np.zeros(count, np.int64)
    if query.size:
        head = np.flatnonzero(np.append(True, query[1:] != query[:-1]))
        total[query[head]] = np.add.reduceat(amount, head)
    return total


def _both(a: _Pieces, b: _Pieces) -> _Pieces:
    return _Pieces(
        np.concatenate((a.at, b.at)),
        np.concatenate((a.size, b.size)),
        np.concatenate((a.row, b.row)),
        np.concatenate((a.start, b.start)),
        np.concatenate((a.step, b.step)),
    )


class _Steps:
    """Collects the steps, with numbers that parents are known by."""

    def __init__(self, web: Web) -> None:
        self.web = web
        self.count = 0
        self.parts: list[tuple[_Pieces, int]] = []

    def put(self, pieces: _Pieces, hop: int) -> Ints:
        """Record pieces; returns their step numbers."""
        number = np.arange(self.count, self.count + pieces.row.size, dtype=np.int64)
        self.count += pieces.row.size
        self.parts.append((replace(pieces), hop))
        return number

    def frame(self, rows: Ints) -> pl.DataFrame:
        """All steps as a frame."""
        none = np.empty(0, np.int64)
        row = np.concatenate([p.row for p, _ in self.parts] or [none])
        parent = np.concatenate([p.step for p, _ in self.parts] or [none])
        start = np.concatenate([p.start for p, _ in self.parts] or [none])
        at = self.web.lines
        return (
            pl.DataFrame(
                {
                    "step_no": np.arange(row.size, dtype=np.int64),
                    "parent_no": parent,
                    "start_line_no": self.web.number[rows][start],
                    "hop": np.concatenate(
                        [np.full(p.row.size, hop, np.int64) for p, hop in self.parts] or [none]
                    ),
                    "line_no": self.web.number[row],
                    "account_id": at["account_id"].gather(row),
                    "cp_account_id": at["cp_account_id"].gather(row),
                    "cp_holder_id": at["cp_holder_id"].gather(row),
                    "booked_at": at["booked_at"].gather(row),
                    "amount_fen": np.concatenate([p.size for p, _ in self.parts] or [none]),
                }
            )
            .select(
                "step_no",
                pl.when(pl.col("parent_no") >= 0).then("parent_no").alias("parent_no"),
                pl.exclude("step_no", "parent_no"),
            )
            .cast(pl.Schema(STEP_SCHEMA))
        )


def _ends_frame(ends: _Ends, number: Ints) -> pl.DataFrame:
    """All ends as a frame, pieces of one kind behind one step added up."""
    columns = [np.concatenate([p[k] for p in ends.parts] or [np.empty(0, np.int64)]) for k in range(5)]
    word = pl.Series("end", _END_WORDS)
    return (
        pl.DataFrame(
            {
                "start_line_no": number[columns[1]],
                "step_no": columns[2],
                "end": word.gather(columns[0]),
                "hops": columns[3],
                "amount_fen": columns[4],
            }
        )
        .group_by("start_line_no", "step_no", "end", "hops")
        .agg(pl.col("amount_fen").sum())
        .sort("start_line_no", "step_no", "end")
        .with_columns(pl.when(pl.col("step_no") >= 0).then("step_no").alias("step_no"))
        .cast(pl.Schema(END_SCHEMA))
    )
