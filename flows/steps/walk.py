"""The bank's order of lines that share a time, found by walking from balance to balance.

A line is a step from the balance before it to the balance after it; the bank's order takes each
step once (an Euler trail). SQL settles every tie whose order the balances prove at sight; what
comes here are ties where balances recur or the delivered order is not the bank's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import duckdb
import numpy as np
import polars as pl


def walk(delta: Sequence[int], after: Sequence[int | None], prior: int | None) -> list[int]:
    """Order steps into a walk that takes each once, starting at `prior` where that is possible.

    Hierholzer's algorithm, O(steps). A step without a stated balance goes where it closes a hole in
    the walk, else to the end. Where a line is missing, no single walk exists: the pieces follow each
    other, the one that starts at `prior` first, then by their first step. Among several walks the
    earlier step is preferred, so the answer depends on the order of the arguments only where the
    balances leave it open.

    Parameters
    ----------
    delta : sequence of int
        Signed amounts in fen.
    after : sequence of int or None
        Balances after each step in fen; None where the statement gives none.
    prior : int or None
        Balance at the end of the time before.

    Returns
    -------
    list of int
        Positions of the steps in walking order; a permutation of ``range(len(delta))``.

    Examples
    --------
    >>> walk([-3, 7, 2], [7, 10, 9], 0)
    [1, 0, 2]
    >>> walk([5, -5, 3], [5, 0, 3], 0)
    [0, 1, 2]
    >>> walk([10, 1], [60, 8], 7)
    [1, 0]
    >>> walk([2, 10, 5], [None, 10, 17], 0)
    [1, 0, 2]
    """
    steps = {i: (a - d, a) for i, (d, a) in enumerate(zip(delta, after, strict=True)) if a is not None}
    surplus = _surplus(steps)
    unplaced = [i for i, a in enumerate(after) if a is None]
    for step in tuple(unplaced):
        ends = sorted(n for n, s in surplus.items() if s < 0)
        if prior is not None and surplus.get(prior, 0) == 0:
            ends.append(prior)
        at = next((n for n in ends if surplus.get(n + delta[step], 0) > 0), None)
        if at is not None:
            steps[step] = (at, at + delta[step])
            surplus[at] += 1
            surplus[at + delta[step]] -= 1
            unplaced.remove(step)
    return _trails(steps, surplus, prior) + unplaced


def _surplus(steps: Mapping[int, tuple[int, int]]) -> dict[int, int]:
    surplus: dict[int, int] = defaultdict(int)
    for before, after in steps.values():
        surplus[before] += 1
        surplus[after] -= 1
    return surplus


def _trails(steps: Mapping[int, tuple[int, int]], surplus: Mapping[int, int], prior: int | None) -> list[int]:
    first: dict[int, int] = {}
    for step in sorted(steps):
        for node in steps[step]:
            first.setdefault(node, step)
    rank = {node: (node != prior, at) for node, at in first.items()}
    starts = sorted((n for n in first for _ in range(surplus[n])), key=rank.__getitem__)
    ends = sorted((n for n in first for _ in range(-surplus[n])), key=rank.__getitem__)
    leaving: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for end, start in zip(ends, starts[1:], strict=False):
        leaving[end].append((-1, start))
    for step in sorted(steps, reverse=True):
        before, after = steps[step]
        leaving[before].append((step, after))
    order: list[int] = []
    for root in starts[:1] + sorted(first, key=rank.__getitem__):
        trail: list[int] = []
        stack = [(root, -1)]
        while stack:
            node, step = stack[-1]
            if leaving[node]:
                taken, to = leaving[node].pop()
                stack.append((to, taken))
            else:
                stack.pop()
                trail.append(step)
        order += [step for step in reversed(trail) if step >= 0]
    return order


def make_walked(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``int_line__walked``: row_id and its place within its account and clock."""
    lines = con.sql("select * from int_line__unclear").pl()
    places = np.zeros(lines.height, dtype=np.int64)
    at = 0
    sizes = lines.group_by("account_no", "clock", maintain_order=True).agg(pl.len(), pl.col("prior").first())
    delta, after = lines["delta"].to_list(), lines["after"].to_list()
    closing: dict[str, int] = {}
    for account_no, _, size, prior in sizes.iter_rows():
        steps = slice(at, at + size)
        start = prior if prior is not None else closing.get(account_no)
        order = walk(delta[steps], after[steps], start)
        places[at + np.array(order)] = np.arange(1, size + 1)
        last = after[at + order[-1]]
        if last is not None:
            closing[account_no] = last
        else:
            closing.pop(account_no, None)
        at += size
    made = lines.select("row_id").with_columns(pl.Series("place", places))
    con.register("made_walked", made)
    con.execute("create temp table int_line__walked as select row_id, place from made_walked")
    con.unregister("made_walked")
