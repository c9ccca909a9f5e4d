"""Recover the bank's order within a day from the balances, where the file's order is not it.

A line is a step from the balance before to the balance after; the bank's order is a walk that takes
each step once (an Euler trail). Such a walk is looked for only in account-days whose rows do not
fit as they stand; where none exists (a row is missing), the file's order is kept and the break told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import polars as pl

MOST_LINES = 20_000
"""Account-days of more lines keep the file's order: bounds the time a hostile file can take."""


def reorder_days(directed: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Renumber ``chain_no`` in account-days whose balances fit in another order than the file's.

    Parameters
    ----------
    directed : polars.DataFrame
        Lines with account_no, booked_at, has_time, delta, balance, source_record, chain_no.

    Returns
    -------
    tuple
        The lines with the new ``chain_no``, and the number of account-days that were reordered.
    """
    if directed["balance"].null_count() == directed.height:
        return directed, 0
    chain = directed.sort("account_no", "chain_no").with_columns(
        day=pl.col("booked_at").dt.date(),
        misfit=(
            pl.col("balance").shift(1).over("account_no") + pl.col("delta") != pl.col("balance")
        ).fill_null(False),
    )
    unclear = (
        chain.group_by("account_no", "day", maintain_order=True)
        .agg(
            pl.col("misfit").sum(),
            pl.col("balance").null_count().alias("unknown"),
            pl.len().alias("lines"),
            (pl.col("chain_no").max() - pl.col("chain_no").min() + 1).alias("span"),
        )
        .filter(
            (pl.col("misfit") > 1)
            & (pl.col("unknown") == 0)
            & pl.col("lines").is_between(3, MOST_LINES)
            & (pl.col("span") == pl.col("lines"))
        )
    )
    if unclear.is_empty():
        return directed, 0
    rows: list[int] = []
    places: list[int] = []
    reordered = 0
    days = chain.join(unclear.select("account_no", "day"), on=["account_no", "day"], how="semi")
    for _, day in days.group_by("account_no", "day", maintain_order=True):
        before = (day["balance"] - day["delta"]).to_list()
        trail = euler_trail(before, day["balance"].to_list())
        if trail is None:
            continue
        reordered += 1
        first = int(day["chain_no"].min())  # type: ignore[arg-type]
        own = day["row"].to_list()
        rows += [own[step] for step in trail]
        places += range(first, first + len(trail))
    if not reordered:
        return directed, 0
    renumbered = pl.DataFrame(
        {"row": rows, "place": places}, schema={"row": directed["row"].dtype, "place": pl.Int64}
    )
    merged = directed.join(renumbered, on="row", how="left").with_columns(
        chain_no=pl.coalesce("place", "chain_no")
    )
    return merged.drop("place"), reordered


def euler_trail(before: Sequence[int], after: Sequence[int]) -> list[int] | None:
    """Return the order of steps that walks each once, or None where there is no such walk.

    Hierholzer's algorithm, O(steps). Of several walks the one that takes the earlier step first
    is preferred, so the answer depends on the order of the steps only where the balances leave it open.

    Examples
    --------
    >>> euler_trail([10, 0, 7], [7, 10, 9])
    [1, 0, 2]
    >>> euler_trail([0, 5], [1, 6]) is None
    True
    """
    leaving: dict[int, list[int]] = defaultdict(list)
    surplus: dict[int, int] = defaultdict(int)
    for step in range(len(before) - 1, -1, -1):
        leaving[before[step]].append(step)
        surplus[before[step]] += 1
        surplus[after[step]] -= 1
    starts = [node for node, extra in surplus.items() if extra == 1]
    if any(extra not in (-1, 0, 1) for extra in surplus.values()) or len(starts) > 1:
        return None
    start = starts[0] if starts else before[0]
    trail: list[int] = []
    stack: list[tuple[int, int]] = [(start, -1)]
    while stack:
        node, step = stack[-1]
        if leaving[node]:
            following = leaving[node].pop()
            stack.append((after[following], following))
        else:
            stack.pop()
            if step >= 0:
                trail.append(step)
    trail.reverse()
    return trail if len(trail) == len(before) else None
