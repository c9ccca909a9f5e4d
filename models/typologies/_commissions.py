"""Payments to persons that are one share of the client money brought in: commissions, shown by arithmetic.

Where only those are paid whose clients paid in that week, the payees of a run are few and change; what stays is
that each run is the same share of the money that came in since the run before. Nothing but amounts and days
is read.
"""

from __future__ import annotations

import datetime as dt

import networkx as nx
import polars as pl

from models.typologies._frames import each, holders, of
from models.typologies._ledger import clients, controlled_lines, deposits
from models.typologies._parties import others_on_hand
from models.typologies.base import Context

LAGS = range(11)
"""Days between the close of a reckoning and its payment that are tried, the same for all runs."""
LEAST_RUNS = 5
"""Runs from which an even share is no chance."""
EVEN = 0.1
"""Largest coefficient of variation of the runs' shares."""
FEW_RUNS, EXACT = 4, 0.01
"""Runs from which one share is no chance where it is the same but for rounding."""
SESSION_GAP, SESSION_DAYS = 2, 6
"""Days between payments of one run that takes several days, and the days it takes at most."""
FED_SHARE = 0.5
"""Part of what an insider's account took in that the institution's own accounts paid it, for it to pay in their stead."""
AGENCY_SHARE = 0.8
"""The same for a firm that nothing ties to the institution."""
WAGE_TIMES = 3
WAGE_SPREAD = 0.05
"""Payments to a person, and their largest coefficient of variation, from which they are a wage that moves with nothing."""
_FED = (
    "line_no", "account_id", "account_no", "booked_on", "direction", "amount_fen", "cp_holder_id", "cp_account_id",
)  # fmt: skip
UNEVEN = 0.2
"""Least coefficient of variation of the client money itself: an even share of even money shows nothing."""


def fed_lines(ctx: Context) -> pl.DataFrame:
    """Lines of insiders' and firms' accounts that live on what the institution's own accounts pay them.

    Their statements are on hand by enquiry. An insider may have other money too; of a firm that nothing ties to the
    institution (a labour agency, say) nearly all is its.

    Returns
    -------
    polars.DataFrame
        Grain: ``institution_id, line_no``. ``account_id``, ``account_no``, ``booked_on``, ``direction``, ``amount_fen``,
        ``cp_holder_id``; lines with the institution itself are left out. Sorted.
    """
    whose = ctx.table("mart_relation", ("institution_id", "holder_id")).drop_nulls().unique()
    controlled = ctx.table("mart_controlled_account", ("institution_id", "account_id"))
    others = others_on_hand(ctx)
    inside = others.join(whose, on="holder_id").select(
        "institution_id", "account_id", least=pl.lit(FED_SHARE)
    )
    paid = (
        controlled_lines(ctx)
        .filter((pl.col("account_type") == "own") & (pl.col("direction") == "out"))
        .select("institution_id", account_id="cp_account_id")
        .drop_nulls()
        .unique()
        .join(others, on="account_id")
    )
    firms = holders(ctx, ("kind", "institution_id"), paid["holder_id"])
    firms = firms.filter((pl.col("kind") == "company") & pl.col("institution_id").is_null())
    agencies = (
        paid.join(firms.select("holder_id"), on="holder_id", how="semi")
        .join(inside, on=["institution_id", "account_id"], how="anti")
        .select("institution_id", "account_id", least=pl.lit(AGENCY_SHARE))
    )
    accounts = pl.concat([inside, agencies]).unique(["institution_id", "account_id"], maintain_order=True)
    lines = ctx.rows(
        "mart_line", _FED, "account_id in (select key from theirs)", theirs=accounts["account_id"]
    )
    own = controlled.rename({"account_id": "cp_account_id"}).with_columns(fed=pl.lit(True))
    seen = lines.join(accounts, on="account_id").join(own, on=["institution_id", "cp_account_id"], how="left")
    came = pl.col("direction") == "in"
    fed = (
        seen.group_by("institution_id", "account_id")
        .agg(
            pl.col("least").first(),
            in_fen=pl.col("amount_fen").filter(came).sum(),
            fed_fen=pl.col("amount_fen").filter(came & pl.col("fed").fill_null(False)).sum(),
        )
        .filter((pl.col("fed_fen") > 0) & (pl.col("fed_fen") >= pl.col("least") * pl.col("in_fen")))
    )
    return (
        seen.join(fed, on=["institution_id", "account_id"], how="semi")
        .filter(pl.col("fed").is_null())
        .drop("fed", "cp_account_id", "least")
        .sort("institution_id", "line_no")
    )


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
    Persons and days that share a payment are one series, so wages on days of their own stay apart; those on the same
    days are told by their evenness. Clients among the payees are left out: a share of the own deposit is a bonus, no commission.
    """
    sold = clients(ctx).select("institution_id", "holder_id")
    some = paid.drop_nulls("holder_id").join(sold, on=["institution_id", "holder_id"], how="anti")
    payee = ["institution_id", "account_id", "holder_id"]
    spread = pl.col("amount_fen").std().over(payee) / pl.col("amount_fen").mean().over(payee)
    wage = (pl.len().over(payee) >= WAGE_TIMES) & (spread <= WAGE_SPREAD)
    some = some.with_columns(_wage=wage).filter(
        (pl.col("holder_id").n_unique().over("institution_id", "account_id") >= persons)
        & (pl.col("booked_on").n_unique().over("institution_id", "account_id") >= FEW_RUNS)
    )
    found = [some.clear()]
    for institution, lines in each(some, "institution_id"):
        money = of(ctx, deposits, institution).group_by("booked_on").agg(pl.col("amount_fen").sum())
        # a commission may be even by chance: both with and without what looks like wages
        unlike = lines.filter(~pl.col("_wage"))
        for part in (unlike, lines, _in_sessions(unlike, ctx.as_of)):
            series = [s for s in _series(part) if s["holder_id"].n_unique() >= persons and _even(s, money)]
            if series:
                # a run of several days that has just begun is the series' too
                late = _in_sessions(unlike, None).filter(
                    pl.col("booked_on") > pl.lit(part["booked_on"].max())
                )
                payees = pl.concat(series).select("account_id", "holder_id").unique()
                found += [*series, late.join(payees, on=["account_id", "holder_id"], how="semi")]
                break
    return paid.join(pl.concat(found).select("line_no"), on="line_no", how="semi").sort(
        "institution_id", "line_no"
    )


def _in_sessions(lines: pl.DataFrame, until: dt.date | None) -> pl.DataFrame:
    """The lines with the first day of the run they belong to as their day: a run may take some days.

    With a day given, runs that may not be over by then are left out.
    """
    days = lines.select("account_id", "booked_on").unique().sort("account_id", "booked_on")
    gap = pl.col("booked_on").diff().over("account_id").dt.total_days()
    begun = days.with_columns(_new=(gap > SESSION_GAP).fill_null(True).cast(pl.Int32))
    begun = begun.with_columns(_run=pl.col("_new").cum_sum().over("account_id"))
    first = pl.col("booked_on").min().over("account_id", "_run")
    begun = begun.with_columns(_first=first).filter(
        (pl.col("booked_on").max().over("account_id", "_run") - first).dt.total_days() <= SESSION_DAYS
    )
    if until is not None:
        begun = begun.filter(pl.col("_first") <= pl.lit(until) - pl.duration(days=SESSION_DAYS))
    return (
        lines.join(begun.select("account_id", "booked_on", "_first"), on=["account_id", "booked_on"])
        .with_columns(booked_on="_first")
        .drop("_first")
        .select(lines.columns)
        .sort("institution_id", "line_no")
    )


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
    if runs.height < FEW_RUNS - 1 or money.is_empty():
        return False
    even = EVEN if runs.height >= LEAST_RUNS - 1 else EXACT
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
        if share <= even and whole >= UNEVEN:
            return True
    return False
