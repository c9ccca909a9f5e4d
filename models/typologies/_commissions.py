"""Payments to persons that are one share of the client money brought in: commissions, shown by arithmetic.

Where only those are paid whose clients paid in that week, the payees of a run are few and change; what stays is
that each run is the same share of the money that came in since the run before. Nothing but amounts and days
is read.
"""

from __future__ import annotations

import networkx as nx
import polars as pl

from models.typologies._frames import each, of
from models.typologies._ledger import clients, deposits
from models.typologies.base import Context

LAGS = range(11)
"""Days between the close of a reckoning and its payment that are tried, the same for all runs."""
LEAST_RUNS = 5
"""Runs from which an even share is no chance."""
EVEN = 0.1
"""Largest coefficient of variation of the runs' shares."""
UNEVEN = 0.2
"""Least coefficient of variation of the client money itself: an even share of even money shows nothing."""


def proportional_runs(ctx: Context, paid: pl.DataFrame, persons: int) -> pl.DataFrame:
    """Lines of runs whose sums are one share of the client money since the run before.

    Parameters
    ----------
    paid : polars.DataFrame
        Lines of own accounts to persons: ``line_no``, ``institution_id``, ``account_id``, ``booked_on``,
        ``amount_fen``, ``holder_id``.
    persons : int
        Fewest persons paid over all runs.

    Returns
    -------
    polars.DataFrame
        The lines of `paid` that make up such runs; sorted by institution and line.

    Notes
    -----
    Persons and days that share a payment are one series, so wages on days of their own stay apart. Clients
    among the payees are left out: a share of the own deposit is a bonus, no commission.
    """
    sold = clients(ctx).select("institution_id", "holder_id")
    some = paid.drop_nulls("holder_id").join(sold, on=["institution_id", "holder_id"], how="anti")
    some = some.filter(
        (pl.col("holder_id").n_unique().over("institution_id", "account_id") >= persons)
        & (pl.col("booked_on").n_unique().over("institution_id", "account_id") >= LEAST_RUNS)
    )
    found = [some.clear()]
    for institution, lines in each(some, "institution_id"):
        money = of(ctx, deposits, institution).group_by("booked_on").agg(pl.col("amount_fen").sum())
        for series in _series(lines):
            if series["holder_id"].n_unique() >= persons and _even(series, money):
                found.append(series.select(some.columns))
    return pl.concat(found).sort("institution_id", "line_no")


def _series(lines: pl.DataFrame) -> list[pl.DataFrame]:
    """Lines cut into groups of days and persons that hang together, first days first."""
    graph = nx.Graph()
    keyed = lines.with_columns(_day=pl.format("d{}|{}", "account_id", "booked_on"))
    graph.add_edges_from(keyed.select("_day", "holder_id").unique().sort("_day", "holder_id").iter_rows())
    groups = [
        keyed.filter(pl.col("_day").is_in(sorted(n for n in part if isinstance(n, str))))
        for part in nx.connected_components(graph)
    ]
    return sorted((g.drop("_day") for g in groups), key=lambda g: g["line_no"].min() or 0)


def _even(series: pl.DataFrame, money: pl.DataFrame) -> bool:
    """Whether the runs of a series are one share of the money since the run before, under some lag."""
    runs = series.group_by("booked_on").agg(run_fen=pl.col("amount_fen").sum()).sort("booked_on")
    runs = runs.with_columns(since=pl.col("booked_on").shift(1)).drop_nulls("since")
    if runs.height < LEAST_RUNS - 1 or money.is_empty():
        return False
    for lag in LAGS:
        shift = pl.duration(days=lag)
        brought = (
            runs.join(money.rename({"booked_on": "on"}), how="cross")
            .filter((pl.col("on") >= pl.col("since") - shift) & (pl.col("on") < pl.col("booked_on") - shift))
            .group_by("booked_on", "run_fen")
            .agg(pl.col("amount_fen").sum())
            .with_columns(share=pl.col("run_fen") / pl.col("amount_fen"))
        )
        if brought.height < runs.height:
            continue
        share, whole = brought.select(
            (pl.col("share").std() / pl.col("share").mean()).alias("share"),
            (pl.col("amount_fen").std() / pl.col("amount_fen").mean()).alias("whole"),
        ).row(0)
        if share <= EVEN and whole >= UNEVEN:
            return True
    return False
