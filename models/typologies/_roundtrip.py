"""Round trips over a report date: money put into client or reserve accounts just before, taken out just after.

Shared by ``window-dressing`` (which reports them) and ``reserve-misappropriation`` (which does
not count the way back twice).
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from models.typologies._frames import told, within_days
from models.typologies.base import Context

PART = 0.1
"""Smallest part of a top-up that is a part of its way back: fees and charges are less."""
SPENT_DAYS = 3
"""Days in which an advance of a risk reserve is paid on to the clients (a weekend between)."""
SPENT_SHARE = 0.9
"""Part of it that is paid on: the platform's fee stays."""
CLIENT_TYPES = ("custody", "reserve_deposit", "reserve_settlement", "reserve_collection")


WEEKLY = (1, 4)
"""Days before and after a weekly report: longer spans would hold any day of the week."""


def report_dates(ctx: Context, first: dt.date, last: dt.date) -> tuple[dict[str, list[dt.date]], ...]:
    """Dates on which each institution's books are looked at: the rare ones, and the weekly ones.

    Month ends for all; besides, the institution's own report days (a daily report is no date to dress for).
    """
    ends = pl.date_range(first.replace(day=1), last, "1mo", eager=True).dt.month_end().to_list()
    own: dict[str, list[dt.date]] = {}
    weekly: dict[str, list[dt.date]] = {}
    for name, column in (("mart_reserve_report", "report_date"), ("mart_custody_balance", "as_of")):
        table = ctx.table(name, ("institution_id", column)).unique().sort("institution_id", column)
        for iid, days in table.group_by("institution_id", maintain_order=True):
            got = days[column].to_list()
            span = max(1, (got[-1] - got[0]).days)
            if len(got) < 2 or span / (len(got) - 1) < 5:
                continue
            (own if span / (len(got) - 1) >= 14 else weekly).setdefault(str(iid[0]), []).extend(got)
    everyone = {iid: sorted(set(ends) | set(days)) for iid, days in own.items()}
    everyone["*"] = sorted(set(ends))
    return everyone, {iid: sorted(set(days) - set(everyone.get(iid, ends))) for iid, days in weekly.items()}


def round_trips(ctx: Context, before_days: int, after_days: int, tolerance: float) -> pl.DataFrame:
    """Top-ups before a report date that go back to the same holder just after it, at once or in parts.

    Parameters
    ----------
    before_days, after_days : int
        Calendar days before and after the report date (weekends and holidays lie inside).
    tolerance : float
        Largest relative difference between the way in and the way back.

    Returns
    -------
    polars.DataFrame
        Grain: a round trip, or where it went in parts the part of one line in that one line out took
        back. ``institution_id``, ``account_id``, ``cp_holder_id``, ``in_line_no``, ``out_line_no``,
        ``report_date``, ``weekly`` (the date is that of a weekly report), ``customer`` (told from behaviour alone), ``amount_fen``, ``in_on``, ``out_on``; and ``straddles`` = of the credits that go back in full within as many days, the
        share that spans a report date.
    """

    def make(c: Context) -> pl.DataFrame:
        return _make(c, before_days, after_days, tolerance)

    found: pl.DataFrame = ctx.shared(f"round_trips:{before_days}:{after_days}:{tolerance}", make)
    return found


def funded_lines(ctx: Context) -> pl.DataFrame:
    """Lines of client accounts with holders whose money is not the clients' (`funding_holders`), both ways."""
    frame: pl.DataFrame = ctx.shared("round_trips.funded", _funded_lines)
    return frame


def _funded_lines(ctx: Context) -> pl.DataFrame:
    accounts = ctx.table("mart_account", ("account_id", "account_type", "institution_id"))
    mine = accounts.filter(
        pl.col("account_type").is_in(CLIENT_TYPES) & pl.col("institution_id").is_not_null()
    )
    funding = funding_holders(ctx)
    columns = (
        "line_no",
        "account_id",
        "booked_on",
        "direction",
        "amount_fen",
        "cp_account_id",
        "cp_holder_id",
    )
    lines = (
        ctx.table("mart_line", columns)
        .join(mine.select("account_id", "institution_id"), on="account_id")
        .join(funding.select("cp_holder_id").unique(), on="cp_holder_id", how="semi")
        .join(mine.select(pl.col("account_id").alias("cp_account_id")), on="cp_account_id", how="anti")
        .join(funding, on=["institution_id", "cp_holder_id"], how="semi")
    )
    return lines.join(_advances(ctx, lines, accounts), on="line_no", how="anti")


def _both_ways(ctx: Context) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Credits to client accounts from holders whose money is not the clients', and debits to the same.

    Of an account and holder with both: the others make no round trip.
    """
    lines = funded_lines(ctx)
    who = ["account_id", "cp_holder_id"]
    ins = lines.filter(pl.col("direction") == "in").select(
        *who, "institution_id", "amount_fen", in_line_no="line_no", in_on="booked_on"
    )
    outs = lines.filter(pl.col("direction") == "out").select(
        *who, out_line_no="line_no", out_on="booked_on", out_fen="amount_fen"
    )
    return ins.join(outs, on=who, how="semi"), outs.join(ins, on=who, how="semi")


def _make(ctx: Context, before_days: int, after_days: int, tolerance: float) -> pl.DataFrame:
    ins, outs = ctx.shared("round_trips.both_ways", _both_ways)
    funding = funding_holders(ctx)
    schema = {
        "institution_id": pl.String, "account_id": pl.Int32, "cp_holder_id": pl.Int32, "in_line_no": pl.Int64,
        "out_line_no": pl.Int64, "report_date": pl.Date, "amount_fen": pl.Int64, "in_on": pl.Date, "out_on": pl.Date,
        "straddles": pl.Float64, "weekly": pl.Boolean, "customer": pl.Boolean,
    }  # fmt: skip
    first, last = ins["in_on"].min(), outs["out_on"].max()
    if not isinstance(first, dt.date) or not isinstance(last, dt.date):
        return pl.DataFrame(schema=schema)
    rare, weekly = report_dates(ctx, first, last)
    looked = pl.concat(
        [
            pl.DataFrame(
                {"institution_id": iid, "report_date": days},
                schema={"institution_id": pl.String, "report_date": pl.Date},
            ).with_columns(
                weekly=pl.lit(often),
                lead=pl.lit(WEEKLY[0] if often else before_days, pl.Int64),
                lag=pl.lit(WEEKLY[1] if often else after_days, pl.Int64),
            )
            for iid in sorted(ins["institution_id"].unique())
            for often, days in ((False, rare.get(iid, rare["*"])), (True, weekly.get(iid, [])))
        ]
    )
    who = ["account_id", "cp_holder_id"]
    before = within_days(ins, looked, ["institution_id"], "in_on", "report_date", before=0, after=before_days)
    before = before.filter((pl.col("report_date") - pl.col("in_on")).dt.total_days() <= pl.col("lead"))
    on_time = (pl.col("out_on") - pl.col("report_date")).dt.total_days() <= pl.col("lag")
    pairs = (
        within_days(before, outs, who, "report_date", "out_on", before=-1, after=after_days)
        .filter(
            on_time & ((pl.col("out_fen") - pl.col("amount_fen")).abs() <= pl.col("amount_fen") * tolerance)
        )
        .sort(
            "in_line_no",
            (pl.col("out_fen") - pl.col("amount_fen")).abs(),
            "out_on",
            "report_date",
            "out_line_no",
        )
        .unique("in_line_no", keep="first", maintain_order=True)
        .unique("out_line_no", keep="first", maintain_order=True)
    )
    parts = _in_parts(before, outs, pairs, tolerance)
    # credits that come back at all: advances go back whenever a repayment arrives, dressing over report dates
    soon = within_days(
        ins.drop("institution_id"), outs, who, "in_on", "out_on", before=0, after=before_days + after_days
    )
    whole = soon.filter((pl.col("out_fen") - pl.col("amount_fen")).abs() <= pl.col("amount_fen") * tolerance)
    whole = whole.unique("in_line_no").select("in_line_no", "account_id", "cp_holder_id")
    pieces = (
        soon.join(whole, on="in_line_no", how="anti")
        .filter(pl.col("out_fen").is_between(pl.col("amount_fen") * PART, pl.col("amount_fen")))
        .group_by("in_line_no", "account_id", "cp_holder_id")
        .agg(pl.col("amount_fen").first(), pl.col("out_fen").sum())
        .filter((pl.col("out_fen") - pl.col("amount_fen")).abs() <= pl.col("amount_fen") * tolerance)
        .select(whole.columns)
    )
    drawn = parts.select(whole.columns).unique("in_line_no")
    every = (
        pl.concat([whole, pieces, drawn])
        .unique("in_line_no")
        .group_by("account_id", "cp_holder_id")
        .agg(pl.len().alias("ins"))
    )
    pairs = pl.concat([pairs.select(parts.columns), parts])
    trips = pairs.group_by("account_id", "cp_holder_id").agg(pl.col("in_line_no").n_unique().alias("trips"))
    return (
        pairs.join(every, on=["account_id", "cp_holder_id"])
        .join(trips, on=["account_id", "cp_holder_id"])
        .with_columns((pl.col("trips") / pl.col("ins")).alias("straddles"))
        .join(funding, on=["institution_id", "cp_holder_id"])
        .sort("in_line_no")
        .select(list(schema))
    )


def _advances(ctx: Context, lines: pl.DataFrame, accounts: pl.DataFrame) -> pl.DataFrame:
    """Credits out of a risk reserve that were paid on to others within days (``line_no``).

    What the reserve advances for a late borrower goes to the clients and comes back with the repayment: it
    stands in no report.
    """
    reserve = accounts.filter(pl.col("account_type") == "risk_reserve").select(cp_account_id="account_id")
    came = lines.filter(pl.col("direction") == "in").join(reserve, on="cp_account_id", how="semi")
    gone = (
        ctx.table("mart_line", ("account_id", "booked_on", "direction", "amount_fen", "cp_account_id"))
        .filter(pl.col("direction") == "out")
        .join(came.select("account_id").unique(), on="account_id", how="semi")
        .join(reserve, on="cp_account_id", how="anti")
    )
    spent = gone.select("account_id", spent_on="booked_on", spent_fen="amount_fen")
    return (
        within_days(came, spent, ["account_id"], "booked_on", "spent_on", before=0, after=SPENT_DAYS)
        .group_by("line_no")
        .agg(pl.col("amount_fen").first(), pl.col("spent_fen").sum())
        .filter(pl.col("spent_fen") >= pl.col("amount_fen") * SPENT_SHARE)
        .select("line_no")
    )


def _in_parts(
    before: pl.DataFrame, outs: pl.DataFrame, whole: pl.DataFrame, tolerance: float
) -> pl.DataFrame:
    """Round trips of which either way went in parts: the sums over one report date are equal.

    Each side is laid end to end in the order of its lines; a row is the overlap of one line in with one out.
    """
    trip = ["institution_id", "account_id", "cp_holder_id", "report_date", "weekly", "lag"]
    free = before.join(whole, on="in_line_no", how="anti").sort("in_on", "in_line_no")
    free = free.sort("report_date", maintain_order=True).unique(
        "in_line_no", keep="first", maintain_order=True
    )
    total = free.group_by(trip).agg(pl.col("amount_fen").sum().alias("in_fen"))
    back = (
        total.join(
            outs.join(whole, on="out_line_no", how="anti"), on=["account_id", "cp_holder_id"], how="inner"
        )
        .filter(
            (pl.col("out_on") - pl.col("report_date")).dt.total_days().is_between(1, pl.col("lag"))
            & pl.col("out_fen").is_between(pl.col("in_fen") * PART, pl.col("in_fen") * (1 + tolerance))
        )
        .filter((pl.col("out_fen").sum().over(trip) - pl.col("in_fen")).abs() <= pl.col("in_fen") * tolerance)
        .sort(*trip, "out_on", "out_line_no")
        .unique("out_line_no", keep="first", maintain_order=True)
        .with_columns(out_to=pl.col("out_fen").cum_sum().over(trip))
    )
    free = free.sort(*trip, "in_on", "in_line_no").with_columns(
        in_to=pl.col("amount_fen").cum_sum().over(trip)
    )
    low = pl.max_horizontal(pl.col("in_to") - pl.col("amount_fen"), pl.col("out_to") - pl.col("out_fen"))
    return (
        free.join(back.drop("in_fen"), on=trip)
        .with_columns(part=pl.min_horizontal("in_to", "out_to") - low)
        .filter(pl.col("part") > 0)
        .select(*trip, "in_line_no", "out_line_no", "in_on", "out_on", amount_fen="part")
    )


def funding_holders(ctx: Context) -> pl.DataFrame:
    """Holders whose money is not the clients': the institution itself, related parties, other firms.

    ``customer`` marks those only their dealings with a reserve account call customers; whoever tops up at report
    dates and takes the same back has no other dealings.

    Returns
    -------
    polars.DataFrame
        Grain: ``institution_id``, ``cp_holder_id``; with ``customer``. Sorted.
    """
    frame: pl.DataFrame = ctx.shared("round_trips.funding", _funding_holders)
    return frame


def _funding_holders(ctx: Context) -> pl.DataFrame:
    roles = ctx.table("mart_role", ("institution_id", "holder_id", "role", "source"))
    who = ["institution_id", "cp_holder_id"]
    outside = roles.filter(
        pl.col("role").is_in(["self", "related", "guarantor", "institution", "unknown", "vendor"])
    ).select("institution_id", pl.col("holder_id").alias("cp_holder_id"))
    own = (
        ctx.table("mart_account", ("account_type", "institution_id", "holder_id"))
        .filter(pl.col("institution_id").is_not_null() & (pl.col("account_type") == "own"))
        .select("institution_id", pl.col("holder_id").alias("cp_holder_id"))
        .unique()
    )
    known = pl.concat([outside, own]).unique().with_columns(customer=pl.lit(False))
    behaves = roles.filter((pl.col("role") == "client") & (pl.col("source") == "behaviour"))
    behaves = (
        told(ctx, behaves, "holder_id", "mart_holder", kind="kind")
        .filter(pl.col("kind").ne_missing("person"))
        .select("institution_id", pl.col("holder_id").alias("cp_holder_id"), customer=pl.lit(True))
        .join(known, on=who, how="anti")
    )
    return pl.concat([known, behaves]).sort(who)
