"""Pro rata over hops: how much of a start's money is in what moved on.

Each piece of the start's money that arrives in an account is a class of its own there, all the rest
is another; every payment takes of each class in proportion to what lies there
(`models.tracing.pro_rata`). Pieces are a handful, origins in a pool are not: nothing explodes.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from models.tracing.follow import END_SCHEMA, STEP_SCHEMA, Followed
from models.tracing.hops import Web
from models.tracing.legs import Ints, legs
from models.tracing.mapping import Mapping
from models.tracing.pro_rata import pro_rata

PIECES = 40
"""Pieces followed in one account at one hop, largest first; smaller ones are gathered."""


def taint(
    web: Web, opening: pl.DataFrame, start_line: int, *, hops: int = 3, days: float | None = None
) -> Followed:
    """Follow one line forward pro rata.

    Parameters
    ----------
    web : Web
        Lines and transfers (fragments are not used).
    opening : polars.DataFrame
        As `models.tracing.legs.openings`.
    start_line : int
        Line number; an out-line's own payment is hop 1.
    hops, days
        As `models.tracing.follow.follow`.

    Returns
    -------
    Followed
        Ends add up to the line, exactly.
    """
    row = int(np.searchsorted(web.number, start_line))
    latest = None if days is None else int(web.when[row]) + int(days * 86_400)
    steps: list[dict[str, object]] = []
    ends: list[tuple[int, int | None, str, int, int]] = []
    amount = int(web.amount[row])
    resting: list[tuple[int, int, int | None]] = []
    if not web.leaving[row]:
        resting.append((start_line, amount, None))
    else:
        resting = cross(
            web,
            web.paid.parts,
            put_step(steps, web, start_line, start_line, None, 1, amount),
            start_line,
            1,
            ends,
        )
    for hop in range(2 if web.leaving[row] else 1, hops + 1):
        moved: list[tuple[int, int, int | None]] = []
        for line, part, step, out, size in _spread(web, opening, resting, latest, start_line, hop - 1, ends):
            del line, part
            number = put_step(steps, web, start_line, out, step, hop, size)
            moved += cross(web, web.paid.parts, number, start_line, hop, ends)
        resting = moved
    ends += [(start_line, step, "limit", hops, part) for _, part, step in resting]
    return told(steps, ends)


def largest_first(pieces: list[tuple[int, int, int | None]]) -> list[tuple[int, int, int | None]]:
    """Pieces (line, amount, step) in a total order, the largest first."""
    return sorted(pieces, key=lambda p: (-p[1], p[0], p[2] or 0))


def told(steps: list[dict[str, object]], ends: list[tuple[int, int | None, str, int, int]]) -> Followed:
    """Steps and ends as frames."""
    frame = pl.DataFrame(steps, schema=STEP_SCHEMA) if steps else pl.DataFrame(schema=STEP_SCHEMA)
    last = pl.DataFrame(
        ends, schema=["start_line_no", "step_no", "end", "hops", "amount_fen"], orient="row"
    ).select(list(END_SCHEMA))
    return Followed(frame, last.cast(pl.Schema(END_SCHEMA)).sort("step_no", "end", nulls_last=False))


def put_step(
    steps: list[dict[str, object]],
    web: Web,
    start: int,
    line: int,
    parent: int | None,
    hop: int,
    amount: int,
) -> tuple[int, int, int]:
    """Record a step; returns its number, line and amount."""
    row = web.lines.row(int(np.searchsorted(web.number, line)), named=True)
    steps.append(
        {
            "step_no": len(steps),
            "parent_no": parent,
            "start_line_no": start,
            "hop": hop,
            "line_no": line,
            "account_id": row["account_id"],
            "cp_account_id": row["cp_account_id"],
            "cp_holder_id": row["cp_holder_id"],
            "booked_at": row["booked_at"],
            "amount_fen": amount,
        }
    )
    return len(steps) - 1, line, amount


def cross(
    web: Web,
    mapping: Mapping,
    moved: tuple[int, int, int],
    start: int,
    hop: int,
    ends: list[tuple[int, int | None, str, int, int]],
) -> list[tuple[int, int, int | None]]:
    """Take a step's part over to the paired lines, in proportion; what has no pair is a fee, or left."""
    step, line, part = moved
    row = int(np.searchsorted(web.number, line))
    whole = int(web.amount[row])
    arrived: list[tuple[int, int, int | None]] = []
    left = part
    for k in range(int(mapping.first[row]), int(mapping.first[row + 1])):
        size = int(mapping.end[k] - mapping.start[k])
        share = min(left, part * size // whole)
        left -= share
        if share:
            arrived.append((int(web.number[mapping.line[k]]), share, step))
    if left:
        ends.append((start, step, "fee" if arrived else "left", hop, left))
    return arrived


def _spread(
    web: Web,
    opening: pl.DataFrame,
    resting: list[tuple[int, int, int | None]],
    latest: int | None,
    start: int,
    hop: int,
    ends: list[tuple[int, int | None, str, int, int]],
) -> list[tuple[int, int, int | None, int, int]]:
    """Share what rests in accounts among their out-lines: (in-line, part, step, out-line, amount)."""
    found: list[tuple[int, int, int | None, int, int]] = []
    accounts: dict[int, list[tuple[int, int, int | None]]] = {}
    for piece in largest_first(resting):
        row = int(np.searchsorted(web.number, piece[0]))
        accounts.setdefault(int(web.lines["account_id"][row]), []).append(piece)
    for account, pieces in sorted(accounts.items()):
        ends += [(start, step, "gathered", hop, part) for _, part, step in pieces[PIECES:]]
        pieces = pieces[:PIECES]
        mine = web.lines.filter(pl.col("account_id") == account)
        walked = legs(mine, opening.filter(pl.col("account_id") == account))
        where, signed, klass = _cut(walked.line, walked.signed, pieces)
        codes, out, amount = pro_rata(np.zeros(signed.size, np.int64), signed, klass, len(pieces) + 1)
        for k, (line, part, step) in enumerate(pieces, start=1):
            chosen = np.flatnonzero(codes == k)
            told = int(amount[chosen].sum())
            if told < part:
                ends.append((start, step, "overdraft", hop, part - told))
            for at in chosen.tolist():
                target, size = int(where[out[at]]), int(amount[at])
                if target < 0:
                    ends.append((start, step, "held", hop, size))
                elif latest is not None and int(web.when[np.searchsorted(web.number, target)]) > latest:
                    ends.append((start, step, "horizon", hop, size))
                else:
                    found.append((line, part, step, target, size))
    return found


def _cut(line: Ints, signed: Ints, pieces: list[tuple[int, int, int | None]]) -> tuple[Ints, Ints, Ints]:
    """Cut the tracked in-lines into tracked parts and the rest: line, signed amount, class of each leg."""
    left = dict(zip(line.tolist(), signed.tolist(), strict=True))
    parts: dict[int, list[tuple[int, int]]] = {}
    for k, (number, part, _) in enumerate(pieces, start=1):
        size = min(part, max(left.get(number, 0), 0))
        left[number] = left.get(number, 0) - size
        if size:
            parts.setdefault(number, []).append((k, size))
    rows: list[tuple[int, int, int]] = []
    for number, amount in zip(line.tolist(), signed.tolist(), strict=True):
        for k, size in parts.get(number, []):
            rows.append((number, size, k))
            amount -= size
        rows.append((number, amount, 0))
    table = np.array(rows, dtype=np.int64).reshape(-1, 3)
    return table[:, 0].copy(), table[:, 1].copy(), table[:, 2].copy()
