"""Follow money over several hops, forward or back, and say where every fen went."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from models.tracing.hops import Web, rows_of
from models.tracing.legs import Ints
from models.tracing.pieces import Pieces, Stop, StopGroups, travel

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


class _Ends:
    """Collects where pieces ended."""

    def __init__(self) -> None:
        self.parts: list[tuple[Ints, Ints, Ints, Ints, Ints]] = []

    def put(self, word: str, hops: int, pieces: Pieces) -> None:
        assert pieces.step is not None
        code = np.full(pieces.size.size, END_CODES[word], np.int64)
        hop = np.full(pieces.size.size, hops, np.int64)
        self.parts.append((code, pieces.start, pieces.step, hop, pieces.size))


END_WORDS = (
    "left", "held", "overdraft", "opening", "fee", "stopped", "horizon", "limit", "gathered",
)  # fmt: skip
END_CODES = {word: code for code, word in enumerate(END_WORDS)}


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
    rows = rows_of(web.number, start_lines.cast(pl.Int64).unique().sort())
    rows = rows[rows >= 0]
    found = _Found(web)
    travel(
        web,
        rows,
        found,
        hops=hops,
        days=days,
        forward=forward,
        stop=Stop(web, rows, stop_holders, stop_accounts, stop_groups),
        gather_below_fen=gather_below_fen,
        numbered=True,
    )
    return Followed(found.steps.frame(rows), _ends_frame(found.ends, web.number[rows]))


class _Found:
    """Steps and ends, as `travel` tells of them."""

    def __init__(self, web: Web) -> None:
        self.steps, self.ends = _Steps(web), _Ends()

    def step(self, pieces: Pieces, hop: int) -> Ints:
        return self.steps.put(pieces, hop)

    def end(self, word: str, hops: int, pieces: Pieces) -> None:
        self.ends.put(word, hops, pieces)


class _Steps:
    """Collects the steps, with numbers that parents are known by."""

    def __init__(self, web: Web) -> None:
        self.web = web
        self.count = 0
        self.parts: list[tuple[Pieces, int]] = []

    def put(self, pieces: Pieces, hop: int) -> Ints:
        """Record pieces; returns their step numbers."""
        number = np.arange(self.count, self.count + pieces.row.size, dtype=np.int64)
        self.count += pieces.row.size
        self.parts.append((replace(pieces), hop))
        return number

    def frame(self, rows: Ints) -> pl.DataFrame:
        """All steps as a frame."""
        none = np.empty(0, np.int64)
        row = np.concatenate([p.row for p, _ in self.parts] or [none.astype(np.int32)])
        parent = np.concatenate([p.step for p, _ in self.parts if p.step is not None] or [none])
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
    word = pl.Series("end", END_WORDS)
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
