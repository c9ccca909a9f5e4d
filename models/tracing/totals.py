"""Where the money of many lines got to, in sums: every client deposit of every institution at once.

`models.tracing.follow` keeps each piece's path, which is what one case needs. Over millions of starts
the paths are many times the lines; here the pieces are added up as they go, in batches of starts, so
that memory does not grow with the number of starts.
"""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from models.tracing.follow import END_CODES, END_WORDS
from models.tracing.hops import Web, rows_of
from models.tracing.legs import Ints
from models.tracing.pieces import Pieces, Stop, StopGroups, travel

MOVED_SCHEMA: dict[str, pl.DataType] = {
    "group": pl.Int64(),
    "hop": pl.Int64(),
    "cp_account_id": pl.Int64(),
    "cp_holder_id": pl.Int64(),
    "amount_fen": pl.Int64(),
}
"""Grain: group of starts × hop × counterparty. What the group's money came to at its hop-th transfer; null
where the bank does not say who it is. Money that travels on shows again at its next hop."""

ENDED_SCHEMA: dict[str, pl.DataType] = {
    "group": pl.Int64(),
    "end": pl.String(),
    "hops": pl.Int64(),
    "amount_fen": pl.Int64(),
}
"""Grain: group × `models.tracing.follow.END_SCHEMA` word × transfers taken. A group's amounts add up to its
starts, exactly."""

BATCH = 50_000
"""Starts followed together: few enough for their pieces to stay in the processor's caches."""
AT_ONCE = 2
"""Batches followed side by side."""


def totals(
    web: Web,
    starts: pl.DataFrame,
    *,
    hops: int = 3,
    days: float | None = None,
    forward: bool = True,
    stop_holders: Collection[int] = (),
    stop_accounts: Collection[int] = (),
    stops: pl.DataFrame | None = None,
    gather_below_fen: int = 0,
    batch: int = BATCH,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Follow lines in groups and add up where their money went.

    Parameters
    ----------
    web : Web
        Lines, fragments and transfers.
    starts : polars.DataFrame
        ``line_no``, ``group`` (small integers); each line once.
    stops : polars.DataFrame, optional
        ``group``, ``holder_id``: counterparties behind which a group's money is not followed.
    hops, days, forward, stop_holders, stop_accounts, gather_below_fen
        As `models.tracing.follow.follow`.
    batch : int
        Starts followed together.

    Returns
    -------
    moved, ended : polars.DataFrame
        `MOVED_SCHEMA` and `ENDED_SCHEMA`, sorted by their grain.
    """
    ordered = starts.select(pl.col("line_no", "group").cast(pl.Int64)).sort("line_no")
    sums = _Sums(web, ordered["group"], hops)
    _ = web.ways(forward)[1].whole  # laid out once, before two threads ask for it

    def followed(part: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        rows = rows_of(web.number, part["line_no"])
        groups = None if stops is None else StopGroups(part, stops)
        found = sums.of(part["group"].filter(pl.Series(rows >= 0)))
        rows = rows[rows >= 0]
        travel(
            web,
            rows,
            found,
            hops=hops,
            days=days,
            forward=forward,
            stop=Stop(web, rows, stop_holders, stop_accounts, groups),
            gather_below_fen=gather_below_fen,
            numbered=False,
        )
        return found.told()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for steps, ends in pool.map(followed, ordered.iter_slices(batch)):
            sums.steps.add(steps)
            sums.ends.add(ends)
    return sums.moved(), sums.ended()


@dataclass(slots=True)
class _Found:
    """Steps and ends of some starts: keys of `_Sums`, and amounts."""

    sums: _Sums
    group: Ints
    steps: list[tuple[Ints, Ints]] = field(default_factory=list)
    ends: list[tuple[Ints, Ints]] = field(default_factory=list)

    def step(self, pieces: Pieces, hop: int) -> None:
        key = self.group[pieces.start] * self.sums.between.count
        key += self.sums.between.code[pieces.row]
        key *= self.sums.hops
        key += hop - 1
        self.steps.append((key, pieces.size))

    def end(self, word: str, hops: int, pieces: Pieces) -> None:
        key = self.group[pieces.start] * len(END_WORDS)
        key += END_CODES[word]
        key *= self.sums.hops + 1
        key += hops
        self.ends.append((key, pieces.size))

    def told(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Steps and ends, added up by key."""
        steps, ends = (
            _by_key([pl.DataFrame({"key": key, "amount_fen": size}) for key, size in parts])
            for parts in (self.steps, self.ends)
        )
        return steps, ends


class _Sums:
    """Adds up steps and ends of groups, each told by one number."""

    def __init__(self, web: Web, groups: pl.Series, hops: int) -> None:
        self.groups = groups.unique().sort()
        self.between = _Between.of(web, (self.groups.len() + 1) * hops)
        self.hops = hops
        self.steps, self.ends = _Added(), _Added()

    def of(self, group: pl.Series) -> _Found:
        """Return what takes down the ways of starts of these groups."""
        code: Ints = np.searchsorted(self.groups.to_numpy(), group.to_numpy()).astype(np.int64)
        return _Found(self, code)

    def moved(self) -> pl.DataFrame:
        """All steps, as `MOVED_SCHEMA`."""
        key, amount = self.steps.sums()
        rest, hop = np.divmod(key, self.hops)
        group, between = np.divmod(rest, self.between.count)
        return (
            pl.DataFrame({"hop": hop + 1, "amount_fen": amount, "between": between})
            .with_columns(group=self.groups.gather(group))
            .with_columns(self.between.names(between))
            .select(list(MOVED_SCHEMA))
            .sort("group", "hop", "cp_account_id", "cp_holder_id", nulls_last=True)
        )

    def ended(self) -> pl.DataFrame:
        """All ends, as `ENDED_SCHEMA`."""
        key, amount = self.ends.sums()
        rest, hops = np.divmod(key, self.hops + 1)
        group, word = np.divmod(rest, len(END_WORDS))
        return (
            pl.DataFrame({"hops": hops, "amount_fen": amount})
            .with_columns(group=self.groups.gather(group), end=pl.Series(END_WORDS).gather(word))
            .select(list(ENDED_SCHEMA))
            .sort("group", "end", "hops")
        )


KEYS = 2**62
"""Keys stay below."""


@dataclass(frozen=True, slots=True)
class _Between:
    """Counterparties of lines (account and holder), each pair told by one number below `count`.

    Where account and holder numbers are too large to be put into one (`accounts` is not None), the pairs there are
    are numbered.
    """

    code: Ints
    count: int
    accounts: Ints | None
    holders: Ints

    @classmethod
    def of(cls, web: Web, room: int) -> _Between:
        """Number the counterparties, so that `room` times their count stays a key."""
        account, holder = (
            web.lines.select(pl.col(name).cast(pl.Int64).fill_null(-1).clip(lower_bound=-1) + 1)
            .to_series()
            .to_numpy()
            for name in ("cp_account_id", "cp_holder_id")
        )
        wide, deep = int(account.max(initial=0)) + 1, int(holder.max(initial=0)) + 1
        if wide * deep * room < KEYS:
            return cls(account * deep + holder, wide * deep, None, np.array([deep]))
        pairs, code = np.unique(np.stack((account, holder)), axis=1, return_inverse=True)
        return cls(code, pairs.shape[1], pairs[0], pairs[1])

    def names(self, code: Ints) -> list[pl.Series]:
        """``cp_account_id`` and ``cp_holder_id`` of pairs, null where unknown."""
        if self.accounts is None:
            both = np.divmod(code, self.holders[0])
        else:
            both = self.accounts[code], self.holders[code]
        return [
            pl.select(
                pl.when(pl.lit(pl.Series(ids)) > 0).then(pl.lit(pl.Series(ids)) - 1).alias(name)
            ).to_series()
            for name, ids in zip(("cp_account_id", "cp_holder_id"), both, strict=True)
        ]


class _Added:
    """Amounts by key, added up as they come: never more than about twice as many as there are keys."""

    def __init__(self) -> None:
        self.parts: list[pl.DataFrame] = [_by_key([])]
        self.kept = 0

    def add(self, some: pl.DataFrame) -> None:
        """Add sums by key."""
        self.parts.append(some)
        if sum(part.height for part in self.parts) > 2 * self.kept:
            self.parts = [_by_key(self.parts)]
            self.kept = self.parts[0].height

    def sums(self) -> tuple[Ints, Ints]:
        """All keys and their amounts."""
        told = _by_key(self.parts)
        return told["key"].to_numpy(), told["amount_fen"].to_numpy()


def _by_key(parts: list[pl.DataFrame]) -> pl.DataFrame:
    none = pl.DataFrame(schema={"key": pl.Int64, "amount_fen": pl.Int64})
    return pl.concat([none, *parts]).group_by("key").agg(pl.col("amount_fen").sum())
