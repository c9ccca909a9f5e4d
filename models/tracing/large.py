"""Matching more lines than memory holds: piece by piece, from a table into a table.

Fragments never cross accounts, so the lines are cut between accounts. One account may still be larger
than a piece (a pool account takes most of an institution's traffic); it is cut in time, and what its
lots still hold at the end of a piece (or, where identified money was lent, what still waits to be
paid) is carried into the next. The fragments are those of `models.tracing.match.match`, to the fen.

Memory: O(piece + lots carried + accounts); time: one pass over the lines, two over large accounts with
identified lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import duckdb
import numpy as np
import polars as pl

from models.tracing.fifo import overlap
from models.tracing.fragments import BASES, FRAGMENT_SCHEMA, fragment_frame
from models.tracing.identify import identify
from models.tracing.legs import HELD, OPENING, OVERDRAFT, Ints, Legs, legs
from models.tracing.match import match

PIECE = 1_000_000
"""Lines worked on at a time; some 150 bytes of memory each."""
COLUMNS = "line_no, account_id, direction, amount_fen"


@dataclass(frozen=True, slots=True)
class Piece:
    """Lines from `first` to `last` (numbers run without gaps); of one account where it is a `part`."""

    first: int
    last: int
    account: int
    part: bool


def write_fragments(
    con: duckdb.DuckDBPyConnection,
    *,
    pots: str | None = None,
    opening: pl.DataFrame | None = None,
    lines: str = "mart_line",
    name: str = "trace_fragment",
    piece: int = PIECE,
) -> None:
    """Write the first-in-first-out fragments of a table of lines into a new table.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    pots : str, optional
        Relation in columns as `models.tracing.match.match`.
    opening : polars.DataFrame, optional
        ``account_id``, ``opening_fen``; taken from ``balance_after_fen`` when left out.
    lines : str
        Relation with the columns `match` reads, stored in the order of ``line_no``, accounts one after
        the other.
    name : str
        Table to create, in columns of `models.tracing.match.FRAGMENT_SCHEMA`; sorted as that says within each
        piece.
    piece : int
        Lines at a time.
    """
    empty = pl.DataFrame(schema=FRAGMENT_SCHEMA)
    _put(con, f'create or replace table "{name}" as select * from _piece', empty)
    for part in _pieces(con, lines, piece):
        claims = None if pots is None else _read(con, pots, "line_no, pot, amount_fen", part.first, part.last)
        if part.part:
            frames = _Account(con, lines, part, claims, opening, piece).fragments()
        else:
            frames = iter((_matched(con, lines, part, claims, opening),))
        for frame in frames:
            _put(con, f'insert into "{name}" select * from _piece', frame)


def _put(con: duckdb.DuckDBPyConnection, statement: str, frame: pl.DataFrame) -> None:
    con.register("_piece", frame.to_arrow())
    con.execute(statement)
    con.unregister("_piece")


def _pieces(con: duckdb.DuckDBPyConnection, lines: str, size: int) -> list[Piece]:
    """Cut the lines between accounts, accounts larger than a piece on their own."""
    accounts = con.execute(
        f'select account_id, min(line_no), max(line_no) from "{lines}" group by account_id order by min(line_no)'
    ).fetchall()
    found: list[Piece] = []
    for account, first, last in accounts:
        whole = last - first + 1
        open_ = found[-1] if found and not found[-1].part else None
        if whole > size:
            found.append(Piece(first, last, account, True))
        elif open_ is not None and last - open_.first + 1 <= size:
            found[-1] = Piece(open_.first, last, account, False)
        else:
            found.append(Piece(first, last, account, False))
    return found


def _read(con: duckdb.DuckDBPyConnection, lines: str, columns: str, first: int, last: int) -> pl.DataFrame:
    arrow = con.sql(
        f'select {columns} from "{lines}" where line_no between {first} and {last}'
    ).to_arrow_table()
    return cast(pl.DataFrame, pl.from_arrow(arrow))


def _matched(
    con: duckdb.DuckDBPyConnection,
    lines: str,
    part: Piece,
    pots: pl.DataFrame | None,
    opening: pl.DataFrame | None,
) -> pl.DataFrame:
    """Fragments of a piece of whole accounts."""
    columns = COLUMNS if opening is not None else f"{COLUMNS}, balance_after_fen"
    return match(_read(con, lines, columns, part.first, part.last), opening=opening, pots=pots)


def _first_balance(con: duckdb.DuckDBPyConnection, lines: str, part: Piece) -> int:
    """Opening balance of an account, as `models.tracing.legs.openings` says it."""
    within = f"line_no between {part.first} and {part.last}"
    said = con.execute(
        f'select line_no, balance_after_fen from "{lines}" where {within} and balance_after_fen is not null '
        "order by line_no limit 1"
    ).fetchall()
    if not said:
        return 0
    line, balance = said[0]
    moved = con.execute(
        "select sum(case when direction = 'in' then amount_fen else -amount_fen end) "
        f'from "{lines}" where line_no between {part.first} and {line}'
    ).fetchall()
    return int(balance) - int(moved[0][0])


@dataclass(slots=True)
class _Side:
    """Money that waits for its counterpart: lines and what is left of them, in order."""

    line: Ints
    amount: Ints

    def more(self, line: Ints, amount: Ints) -> _Side:
        return _Side(np.concatenate((self.line, line)), np.concatenate((self.amount, amount)))

    def split(self, total: int) -> tuple[_Side, Ints, _Side]:
        """What makes up the first `total` fen, the ends of its parts, and the rest."""
        ends = np.cumsum(self.amount)
        count = int(np.searchsorted(ends, total, side="left")) + 1 if total else 0
        ends = np.minimum(ends[:count], total)
        rest = self.amount[max(count - 1, 0) :].copy()
        if count:
            rest[0] -= int(ends[-1] - (ends[-2] if count > 1 else 0))
        line = self.line[max(count - 1, 0) :]
        return _Side(self.line[:count], self.amount[:count]), ends, _Side(line[rest > 0], rest[rest > 0])


class _Account:
    """One account that is larger than a piece, cut in time."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        lines: str,
        part: Piece,
        pots: pl.DataFrame | None,
        opening: pl.DataFrame | None,
        size: int,
    ) -> None:
        self.con, self.lines, self.part, self.size = con, lines, part, size
        if opening is None:
            self.opening = _first_balance(con, lines, part)
        else:
            own = opening.filter(pl.col("account_id") == part.account)["opening_fen"]
            self.opening = int(own[0]) if own.len() else 0
        self.pots = pots if pots is not None and pots.height else None

    def fragments(self) -> Iterator[pl.DataFrame]:
        """Fragments, piece of time by piece of time."""
        claimed, left, tied = self._identified()
        none = np.empty(0, np.int64)
        came, went = _Side(none, none), _Side(none, none)
        for walked, last in self._walk():
            signed = walked.signed.copy()
            if claimed.size:
                at = np.minimum(np.searchsorted(claimed, walked.line), claimed.size - 1)
                mine = claimed[at] == walked.line
                signed[mine] = left[at[mine]]
            into, out = np.flatnonzero(signed > 0), np.flatnonzero(signed < 0)
            came = came.more(walked.line[into], signed[into])
            went = went.more(walked.line[out], -signed[out])
            total = min(int(came.amount.sum()), int(went.amount.sum()))
            paid, in_ends, came = came.split(total)
            used, out_ends, went = went.split(total)
            a, z, amount = overlap(in_ends, out_ends)
            drawn = np.flatnonzero(walked.overdraft != 0)
            drawn = drawn[walked.line[drawn] >= 0]
            size, line = walked.overdraft[drawn], walked.line[drawn]
            over = (np.where(size > 0, line, OVERDRAFT), np.where(size > 0, OVERDRAFT, line), np.abs(size))
            here = (tied[1] <= last) if claimed.size else np.empty(0, np.bool_)
            now = (tied[0][here], tied[1][here], tied[2][here])
            tied = (tied[0][~here], tied[1][~here], tied[2][~here])
            yield self._frame((paid.line[a], used.line[z], amount), over, now)

    def _frame(self, *parts: tuple[Ints, Ints, Ints]) -> pl.DataFrame:
        """Put matched, overdrawn and identified money of a piece together, in the documented order."""
        source, use, amount = (np.concatenate([p[k] for p in parts]) for k in range(3))
        basis = np.full(source.size, BASES.index("fifo"), np.uint8)
        basis[source.size - parts[2][0].size :] = BASES.index("identified")
        order = np.lexsort((source, use, use < 0))
        account = np.full(source.size, self.part.account, np.int64)
        return fragment_frame(account, source[order], use[order], amount[order], basis[order])

    def _walk(self) -> Iterator[tuple[Legs, int]]:
        """Legs of each piece of time, with the last line; the virtual legs only where the account begins and ends."""
        balance = self.opening
        for first in range(self.part.first, self.part.last + 1, self.size):
            last = min(first + self.size - 1, self.part.last)
            frame = _read(self.con, self.lines, COLUMNS, first, last)
            start = pl.DataFrame({"account_id": [self.part.account], "opening_fen": [balance]})
            walked = legs(frame, start)
            keep = np.ones(walked.line.size, np.bool_)
            keep[0] = walked.line[0] != OPENING or first == self.part.first
            keep[-1] = walked.line[-1] != HELD or last == self.part.last
            came = frame.select(
                pl.when(pl.col("direction") == "in").then("amount_fen").otherwise(-pl.col("amount_fen")).sum()
            ).item()
            balance += int(came)
            yield (
                Legs(*(x[keep] for x in (walked.account, walked.line, walked.signed, walked.overdraft))),
                last,
            )

    def _identified(self) -> tuple[Ints, Ints, tuple[Ints, Ints, Ints]]:
        """Claimed lines, what identification leaves of them, and what it ties together."""
        none = np.empty(0, np.int64)
        if self.pots is None:
            return none, none, (none, none, none)
        wanted = self.pots["line_no"].unique().sort().to_numpy()
        parts = []
        for walked, _ in self._walk():
            here = np.isin(walked.line, wanted)
            parts.append([x[here] for x in (walked.account, walked.line, walked.signed, walked.overdraft)])
        claimed = Legs(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
        (into, out, amount), left = identify(claimed, self.pots)
        return claimed.line, left, (claimed.line[into], claimed.line[out], amount)
