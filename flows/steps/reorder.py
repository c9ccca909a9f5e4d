"""Recover the bank's order within a day from the balances, where the file's order is not it.

A line is a step from the balance before to the balance after; the bank's order is a walk that takes
each step once (an Euler trail), starts where the day before ended, and goes with the times where there
are any. Such a walk is looked for only in account-days at which the file's order does not fit. Where none
exists (a row is missing), or a missing row explains the misfit as well, the file's order is kept and the
break told: putting lines in order must not hide that one was taken out.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise

import polars as pl

MOST_ROUNDS = 20
"""Days in a row that are put in order because the day before was."""

MOST_LINES = 20_000
"""Account-days of more lines keep the file's order: bounds the time a hostile file can take."""


def reorder_days(
    directed: pl.DataFrame, openings: Mapping[str, int] | None = None
) -> tuple[pl.DataFrame, int]:
    """Renumber ``chain_no`` in account-days whose balances fit in another order than the file's.

    Parameters
    ----------
    directed : polars.DataFrame
        Lines with row, account_no, booked_at, has_time, delta, balance, chain_no.
    openings : mapping, optional
        Balance an account had before its first line, where the file states it.

    Returns
    -------
    tuple
        The lines with the new ``chain_no``, and the number of account-days that were reordered.
    """
    if directed["balance"].null_count() == directed.height:
        return directed, 0
    reordered: set[tuple[str, dt.date]] = set()
    for _ in range(MOST_ROUNDS):  # a day put in order may end elsewhere: the next no longer follows then
        directed, again = _reorder_once(directed, openings or {})
        if not again:
            break
        reordered |= again
    return directed, len(reordered)


def _reorder_once(
    directed: pl.DataFrame, openings: Mapping[str, int]
) -> tuple[pl.DataFrame, set[tuple[str, dt.date]]]:
    """Put the account-days in order that do not fit now; return those that were changed."""
    reordered: set[tuple[str, dt.date]] = set()
    doubtful = _doubtful_days(directed, openings)
    if doubtful.is_empty():
        return directed, reordered
    rows: list[int] = []
    places: list[int] = []
    last, ended = None, None
    for day in doubtful.partition_by("account_no", "day", maintain_order=True):
        account, date = day["account_no"][0], day["day"][0]
        before, after = (day["balance"] - day["delta"]).to_list(), day["balance"].to_list()
        # The day before may itself have been put in order: then it ended where its walk ended.
        follows = account == last and day["after_doubtful"][0]
        start = ended if follows else day["day_before_ended"][0]
        if start is None:
            start = openings.get(account)
        clock = day["booked_at"].to_physical().to_list() if day["has_time"].all() else None
        order = _order(before, after, start, clock)
        last, ended = account, after[order[-1]]
        if order == list(range(len(order))):
            continue
        reordered.add((account, date))
        own = day["row"].to_list()
        first = int(day["chain_no"].min())  # type: ignore[arg-type]
        rows += [own[step] for step in order]
        places += range(first, first + len(order))
    if not reordered:
        return directed, reordered
    renumbered = pl.DataFrame(
        {"row": rows, "place": places}, schema={"row": directed["row"].dtype, "place": pl.Int64}
    )
    merged = directed.join(renumbered, on="row", how="left", maintain_order="left")
    return merged.with_columns(chain_no=pl.coalesce("place", "chain_no")).drop("place"), reordered


def _doubtful_days(directed: pl.DataFrame, openings: Mapping[str, int]) -> pl.DataFrame:
    """Return the lines of account-days in which, or right after which, a balance does not follow.

    An account's first line follows the opening balance, where the file states one.
    """
    account, day = "account_no", ["account_no", "day"]
    chain = directed.sort(account, "chain_no").with_columns(
        day=pl.col("booked_at").dt.date(), before=pl.col("balance").shift(1).over(account)
    )
    if openings:
        opening = pl.col(account).replace_strict(dict(openings), default=None, return_dtype=pl.Int64)
        first = pl.col(account).is_first_distinct()
        chain = chain.with_columns(before=pl.when(first).then(opening).otherwise("before"))
    misfit = (pl.col("before") + pl.col("delta") != pl.col("balance")).fill_null(False)
    days = (
        chain.with_columns(misfit=misfit)
        .group_by(day, maintain_order=True)
        .agg(
            pl.col("misfit").any(),
            pl.col("misfit").first().alias("starts_unfit"),
            pl.col("before").first().alias("day_before_ended"),
            pl.col("balance").null_count().alias("unknown"),
            pl.len().alias("lines"),
            (pl.col("chain_no").max() - pl.col("chain_no").min() + 1).alias("span"),
        )
        .with_columns(
            doubtful=(pl.col("misfit") | pl.col("starts_unfit").shift(-1).over(account).fill_null(False))
            & (pl.col("unknown") == 0)
            & pl.col("lines").is_between(2, MOST_LINES)
            & (pl.col("span") == pl.col("lines"))
        )
        .with_columns(after_doubtful=pl.col("doubtful").shift(1).over(account).fill_null(False))
        .filter("doubtful")
    )
    return chain.join(
        days.select(*day, "day_before_ended", "after_doubtful"), on=day, how="inner", maintain_order="left"
    )


def _order(
    before: Sequence[int], after: Sequence[int], start: int | None, clock: Sequence[int] | None
) -> list[int]:
    """Return the order of a day's steps: the walk that is sure, or the order they stand in."""
    stands = list(range(len(before)))
    misfits = _misfits(stands, before, after, start)
    # One misfit and no known start: a row that is missing explains it as well as another order does.
    if misfits == 0 or (misfits == 1 and start is None):
        return stands
    if clock is None:
        trail = euler_trail(before, after, start)
        return stands if trail is None else trail
    order: list[int] = []
    now = start
    for group in _ties(clock):
        trail = euler_trail([before[s] for s in group], [after[s] for s in group], now)
        if trail is None:
            return stands
        order += [group[step] for step in trail]
        now = after[order[-1]]
    return order


def _misfits(order: Sequence[int], before: Sequence[int], after: Sequence[int], start: int | None) -> int:
    wrong = sum(after[a] != before[b] for a, b in pairwise(order))
    return wrong + (start is not None and start != before[order[0]])


def _ties(clock: Sequence[int]) -> list[list[int]]:
    """Return the steps by time; steps of the same time together, in the order they stand in."""
    found: dict[int, list[int]] = defaultdict(list)
    for step, at in enumerate(clock):
        found[at].append(step)
    return [found[at] for at in sorted(found)]


def euler_trail(before: Sequence[int], after: Sequence[int], start: int | None = None) -> list[int] | None:
    """Return the order of steps that walks each once, or None where there is no such walk.

    Hierholzer's algorithm, O(steps). Of several walks one that takes the earlier step first is
    preferred, so the answer depends on the order of the steps only where the balances leave it open.

    Parameters
    ----------
    before, after : sequence of int
        The two ends of each step.
    start : int, optional
        Where the walk must start.

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
    first = starts[0] if starts else (before[0] if start is None else start)
    if start is not None and first != start:
        return None
    trail: list[int] = []
    stack: list[tuple[int, int]] = [(first, -1)]
    while stack:
        node, step = stack[-1]
        if leaving.get(node):
            following = leaving[node].pop()
            stack.append((after[following], following))
        else:
            stack.pop()
            if step >= 0:
                trail.append(step)
    trail.reverse()
    return trail if len(trail) == len(before) else None
