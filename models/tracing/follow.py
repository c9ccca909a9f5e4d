"""Follow money over several hops, forward or back, and say where every fen went."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import polars as pl

from models.tracing.hops import _WORDS, Mapping, Web, _rows, cut
from models.tracing.legs import Ints

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
    start: Ints
    step: Ints

    def pick(self, index: Ints) -> _Pieces:
        return _Pieces(self.at[index], self.size[index], self.start[index], self.step[index])


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
    gather_below_fen : int
        Pieces smaller than this are not followed but added up under ``gathered``.

    Returns
    -------
    Followed
        Steps and ends. O(hops · (pieces + fragments) log n); pieces never multiply through a
        hub, since each fen takes one way.
    """
    inward, outward = (web.onward, web.across) if forward else (web.back, web.across_back)
    number = start_lines.cast(pl.Int64).unique().sort()
    rows = _rows(web.number, number)
    rows = rows[rows >= 0]
    leaving = (web.lines["direction"] == ("out" if forward else "in")).to_numpy()[rows]
    index = np.arange(rows.size)
    nowhere = np.full(rows.size, -1, np.int64)
    whole = _Pieces(web.offset[rows], web.amount[rows], index, nowhere)
    limit = _limits(web.when[rows], days, forward)
    ends, steps = _Ends(), _Steps(web)
    stop = _stop_rows(web, stop_holders, stop_accounts)
    away = whole.pick(np.flatnonzero(leaving))
    resting = whole.pick(np.flatnonzero(~leaving))
    away_row = rows[leaving]
    for hop in range(1, hops + 1):
        if resting.at.size:
            moved, moved_row = _through(web, inward, resting, limit, forward, hop - 1, ends)
            away = _both(away, moved)
            away_row = np.concatenate((away_row, moved_row))
        if away.at.size == 0:
            resting = away
            break
        small = away.size < gather_below_fen
        ends.put("gathered", away.start[small], away.step[small], hop - 1, away.size[small])
        away, away_row = away.pick(np.flatnonzero(~small)), away_row[~small]
        away.step = steps.put(away, away_row, hop)
        stopped = stop[away_row]
        ends.put("stopped", away.start[stopped], away.step[stopped], hop, away.size[stopped])
        away = away.pick(np.flatnonzero(~stopped))
        resting = _over(outward, away, hop, ends)
        away, away_row = away.pick(np.empty(0, np.int64)), np.empty(0, np.int64)
    ends.put("limit", resting.start, resting.step, hops, resting.size)
    return Followed(steps.frame(number, rows), _ends_frame(ends, web.number[rows]))


def _limits(when: Ints, days: float | None, forward: bool) -> Ints:
    """Latest (or, going back, earliest) second at which money of a start may move."""
    if days is None:
        return np.full(when.size, np.iinfo(np.int64).max if forward else np.iinfo(np.int64).min)
    span = int(days * 86_400)
    return when + span if forward else when - span


def _stop_rows(
    web: Web, holders: Collection[int], accounts: Collection[int]
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Lines whose counterparty ends the trace."""
    chosen = web.lines.select(
        (
            pl.col("cp_holder_id").is_in(sorted(holders)) | pl.col("cp_account_id").is_in(sorted(accounts))
        ).fill_null(False)
    ).to_series()
    return np.asarray(chosen.to_numpy(), dtype=np.bool_)


def _through(
    web: Web, mapping: Mapping, pieces: _Pieces, limit: Ints, forward: bool, hop: int, ends: _Ends
) -> tuple[_Pieces, Ints]:
    """Take pieces through the accounts they rest in: along the fragments."""
    query, stretch, skip, amount = cut(pieces.at, pieces.size, mapping)
    row, code = mapping.line[stretch], mapping.code[stretch]
    start, step = pieces.start[query], pieces.step[query]
    for value, word in _WORDS.items():
        if value:
            here = (row < 0) & (code == value)
            ends.put(word, start[here], step[here], hop, amount[here])
    moves = row >= 0
    moment = web.when[np.maximum(row, 0)]
    late = moves & ((moment > limit[start]) if forward else (moment < limit[start]))
    ends.put("horizon", start[late], step[late], hop, amount[late])
    go = np.flatnonzero(moves & ~late)
    at = mapping.to[stretch[go]] + skip[go]
    return _Pieces(at, amount[go], start[go], step[go]), row[go]


def _over(mapping: Mapping, pieces: _Pieces, hop: int, ends: _Ends) -> _Pieces:
    """Take pieces across to the other account: along the paired transfers."""
    query, stretch, skip, amount = cut(pieces.at, pieces.size, mapping)
    crossed = np.zeros(pieces.at.size, np.int64)
    np.add.at(crossed, query, amount)
    rest = pieces.size - crossed
    unpaired = crossed == 0
    ends.put("left", pieces.start[unpaired], pieces.step[unpaired], hop, rest[unpaired])
    ends.put("fee", pieces.start[~unpaired], pieces.step[~unpaired], hop, rest[~unpaired])
    at = mapping.to[stretch] + skip
    return _Pieces(at, amount, pieces.start[query], pieces.step[query])


def _both(a: _Pieces, b: _Pieces) -> _Pieces:
    return _Pieces(
        np.concatenate((a.at, b.at)),
        np.concatenate((a.size, b.size)),
        np.concatenate((a.start, b.start)),
        np.concatenate((a.step, b.step)),
    )


class _Steps:
    """Collects the steps, with numbers that parents are known by."""

    def __init__(self, web: Web) -> None:
        self.web = web
        self.count = 0
        self.parts: list[tuple[_Pieces, Ints, int]] = []

    def put(self, pieces: _Pieces, row: Ints, hop: int) -> Ints:
        """Record pieces; returns their step numbers."""
        number = np.arange(self.count, self.count + row.size, dtype=np.int64)
        self.count += row.size
        self.parts.append((_Pieces(pieces.at, pieces.size, pieces.start, pieces.step), row, hop))
        return number

    def frame(self, number: pl.Series, rows: Ints) -> pl.DataFrame:
        """All steps as a frame."""
        none = np.empty(0, np.int64)
        row = np.concatenate([p[1] for p in self.parts] or [none])
        parent = np.concatenate([p[0].step for p in self.parts] or [none])
        start = np.concatenate([p[0].start for p in self.parts] or [none])
        at = self.web.lines
        return (
            pl.DataFrame(
                {
                    "step_no": np.arange(row.size, dtype=np.int64),
                    "parent_no": parent,
                    "start_line_no": self.web.number[rows][start],
                    "hop": np.concatenate([np.full(p[1].size, p[2], np.int64) for p in self.parts] or [none]),
                    "line_no": self.web.number[row],
                    "account_id": at["account_id"].gather(row),
                    "cp_account_id": at["cp_account_id"].gather(row),
                    "cp_holder_id": at["cp_holder_id"].gather(row),
                    "booked_at": at["booked_at"].gather(row),
                    "amount_fen": np.concatenate([p[0].size for p in self.parts] or [none]),
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
