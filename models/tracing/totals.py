"""Where the money of many lines got to, in sums: every client deposit of every institution at once.

`models.tracing.follow` keeps each piece's path, which is what one case needs. Over millions of starts
the paths are many times the lines; here the pieces are added up as they go, in batches of starts, so
that memory does not grow with the number of starts.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import polars as pl

from models.tracing.follow import END_WORDS
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

BATCH = 100_000
"""Starts followed together: few enough for their pieces to stay in the processor's caches."""


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
    sums = _Sums(web)
    for part in ordered.iter_slices(batch):
        rows = rows_of(web.number, part["line_no"])
        sums.group = part["group"].to_numpy()[rows >= 0]
        rows = rows[rows >= 0]
        groups = None if stops is None else StopGroups(part, stops)
        travel(
            web,
            rows,
            sums,
            hops=hops,
            days=days,
            forward=forward,
            stop=Stop(web, rows, stop_holders, stop_accounts, groups),
            gather_below_fen=gather_below_fen,
        )
        sums.fold()
    return sums.moved(), sums.ended()


class _Sums:
    """Adds up steps and ends by group."""

    def __init__(self, web: Web) -> None:
        self.web = web
        self.group: Ints = np.empty(0, np.int64)
        self.steps: list[pl.DataFrame] = []
        self.ends: list[pl.DataFrame] = []

    def step(self, pieces: Pieces, hop: int) -> Ints:
        self.steps.append(
            pl.DataFrame(
                {
                    "group": self.group[pieces.start],
                    "cp_account_id": self.web.cp_account[pieces.row],
                    "cp_holder_id": self.web.cp_holder[pieces.row],
                    "amount_fen": pieces.size,
                }
            )
            .group_by("group", "cp_account_id", "cp_holder_id")
            .agg(pl.col("amount_fen").sum())
            .with_columns(hop=pl.lit(hop, pl.Int64))
        )
        return pieces.step

    def end(self, word: str, start: Ints, step: Ints, hops: int, amount: Ints) -> None:
        del step
        if amount.size:
            self.ends.append(
                pl.DataFrame({"group": self.group[start], "amount_fen": amount})
                .group_by("group")
                .agg(pl.col("amount_fen").sum())
                .with_columns(end=pl.lit(END_WORDS.index(word)), hops=pl.lit(hops, pl.Int64))
            )

    def fold(self) -> None:
        """Put the sums of all batches so far into one."""
        for parts in (self.steps, self.ends):
            if parts:
                keys = [c for c in parts[0].columns if c != "amount_fen"]
                parts[:] = [
                    pl.concat(parts, how="diagonal").group_by(sorted(keys)).agg(pl.col("amount_fen").sum())
                ]

    def moved(self) -> pl.DataFrame:
        """All steps, as `MOVED_SCHEMA`."""
        if not self.steps:
            return pl.DataFrame(schema=MOVED_SCHEMA)
        known = [pl.when(pl.col(c) >= 0).then(c).alias(c) for c in ("cp_account_id", "cp_holder_id")]
        return (
            self.steps[0]
            .with_columns(known)
            .select(list(MOVED_SCHEMA))
            .sort("group", "hop", "cp_account_id", "cp_holder_id", nulls_last=True)
        )

    def ended(self) -> pl.DataFrame:
        """All ends, as `ENDED_SCHEMA`; words without money are left out."""
        if not self.ends:
            return pl.DataFrame(schema=ENDED_SCHEMA)
        word = pl.Series("end", END_WORDS)
        return (
            self.ends[0]
            .filter(pl.col("amount_fen") > 0)
            .with_columns(word.gather(self.ends[0].filter(pl.col("amount_fen") > 0)["end"]))
            .select(list(ENDED_SCHEMA))
            .sort("group", "end", "hops")
        )
