"""What leaves the reserves for the institution itself: income taken back, money passed on.

Shared questions of ``reserve-misappropriation``; no name and no remark is read.
"""

from __future__ import annotations

import polars as pl

from models.typologies._dressing_elsewhere import dressed_elsewhere
from models.typologies._frames import each, holders
from models.typologies._paths import arrivals, edges
from models.typologies._reserve import RESERVE_TYPES, ledgers
from models.typologies._roundtrip import round_trips
from models.typologies.base import Context

SLACK_DAYS = 3
"""A settled day falls on a weekend or holiday now and then."""
WEEKLY_SHARE = 0.6
"""Share of the weeks of its life in which a weekly return comes on its weekday."""
EQUAL = 0.01
"""Relative difference within which own money put in is the money that goes back."""


def own_returns(lines: pl.DataFrame, max_income: float) -> pl.DataFrame:
    """Payments to own accounts off any settled interval, where all are more than customers' payments can have earned.

    What went to own accounts, less own money put in before, is compared with the largest income the customers'
    payments can have brought (and a month's of it more, for what was earned before the statements begin).

    Parameters
    ----------
    lines : polars.DataFrame
        Of `models.typologies._reserve.Ledgers`, some institutions' or all.
    max_income : float
        Largest income as a share of what customers paid in.

    Returns
    -------
    polars.DataFrame
        Some of the lines; sorted.
    """
    who = "institution_id"
    reserve = lines.filter("reserve")
    back = reserve.filter((pl.col("direction") == "out") & (pl.col("side") == "own")).sort("line_no")
    put = reserve.filter((pl.col("direction") == "in") & pl.col("side").is_in(["own", "self"]))
    back = back.join(_matched(put, back), on="line_no", how="anti", maintain_order="left")
    brought = (pl.col("direction") == "in") & pl.col("side").is_in(["other", "unknown"])
    days = (pl.col("booked_on").max() - pl.col("booked_on").min()).dt.total_days()
    room = reserve.group_by(who).agg(
        room=max_income
        * pl.col("amount_fen").filter(brought).sum()
        * (1 + 31 / pl.max_horizontal(days, pl.lit(31)))
    )
    beyond = (
        back.group_by(who)
        .agg(pl.col("amount_fen").sum())
        .join(room, on=who)
        .filter(pl.col("amount_fen") > pl.col("room"))
    )
    back = back.join(beyond, on=who, how="semi", maintain_order="left")
    settled = [_settled(part) for _, part in each(back, who)]
    return back.join(pl.concat(settled), on="line_no", how="anti").sort("line_no") if settled else back


def settled_elsewhere(lines: pl.DataFrame, max_income: float) -> pl.DataFrame:
    """Returns of income to an account in the institution's name that the register lacks (``line_no``).

    Where no registered own account got anything, payments that all come at a settled interval, three or more, and are no
    more than customers' payments can have earned go where other firms' fees go: the register has a gap.
    """
    who = "institution_id"
    reserve = lines.filter("reserve")
    outs = reserve.filter(pl.col("direction") == "out")
    told = outs.filter(pl.col("side") == "own").select(who).unique()
    back = outs.filter(pl.col("side") == "self").join(told, on=who, how="anti").sort("line_no")
    brought = reserve.filter((pl.col("direction") == "in") & pl.col("side").is_in(["other", "unknown"]))
    room = brought.group_by(who).agg(room=max_income * pl.col("amount_fen").sum())
    found = [back.select("line_no").clear()]
    for _, part in each(back.join(room, on=who), who):
        settled = _settled(part)
        if part.height >= 3 and settled.height == part.height and part["amount_fen"].sum() <= part["room"][0]:
            found.append(settled)
    return pl.concat(found)


def _matched(put: pl.DataFrame, back: pl.DataFrame) -> pl.DataFrame:
    """Returns of own money put in earlier in the same amount (``line_no``)."""
    return (
        back.select("institution_id", "line_no", "booked_on", "amount_fen")
        .join_where(
            put.select(
                firm="institution_id",
                put_on="booked_on",
                low_fen=(pl.col("amount_fen") * (1 - EQUAL)).cast(pl.Int64),
                high_fen=(pl.col("amount_fen") * (1 + EQUAL)).cast(pl.Int64),
            ),
            pl.col("institution_id") == pl.col("firm"),
            pl.col("put_on") <= pl.col("booked_on"),
            pl.col("amount_fen") <= pl.col("high_fen"),
            pl.col("amount_fen") >= pl.col("low_fen"),
        )
        .select("line_no")
        .unique()
        .sort("line_no")
    )


def _settled(back: pl.DataFrame) -> pl.DataFrame:
    """Returns at settled intervals: on one weekday of most weeks, else one a month about one day (``line_no``).

    Of several in one interval the smallest is the settled one.
    """
    smallest = back.sort("amount_fen", "line_no")
    weeks = smallest.with_columns(
        slot=pl.col("booked_on").dt.weekday(), period=pl.col("booked_on").dt.truncate("1w")
    ).unique(["slot", "period"], keep="first", maintain_order=True)
    span = (back["booked_on"].max() - back["booked_on"].min()).days / 7 + 1  # type: ignore[operator, union-attr]
    best = weeks.group_by("slot").len().sort(["len", "slot"], descending=[True, False]).row(0)
    if span >= 4 and best[1] >= WEEKLY_SHARE * span:
        return weeks.filter(pl.col("slot") == best[0]).select("line_no")
    anchors = pl.DataFrame({"slot": list(range(1, 32))}, schema={"slot": pl.Int64})
    day = pl.col("booked_on").dt.day().cast(pl.Int64)
    # a month ends on its 28th to 31st day; the first days after it belong to the same interval
    shifted = pl.col("booked_on").dt.offset_by("-15d")
    apart = (day - pl.col("slot")).abs()
    near = (
        smallest.join(anchors, how="cross")
        .filter(pl.min_horizontal(apart, 31 - apart) <= SLACK_DAYS)
        .with_columns(
            period=pl.when(pl.col("slot").is_between(8, 23))
            .then(pl.col("booked_on").dt.truncate("1mo"))
            .otherwise(shifted.dt.truncate("1mo"))
        )
        .sort("slot", "amount_fen", "line_no")
        .unique(["slot", "period"], keep="first", maintain_order=True)
    )
    choice = (
        near.group_by("slot")
        .agg(pl.len().alias("n"), pl.col("amount_fen").sum().alias("fen"))
        .sort(["n", "fen", "slot"], descending=[True, False, False])
    )
    if choice.is_empty() or choice["n"][0] < 2:
        return back.select("line_no").clear()
    return near.filter(pl.col("slot") == choice["slot"][0]).select("line_no")


def passed_on(ctx: Context, hops: int, days: int, share: float, least_fen: int) -> pl.DataFrame:
    """Payments out of reserves whose payee passes them on to the institution's related parties or to itself.

    Returns
    -------
    polars.DataFrame
        ``institution_id``, ``line_no``, ``arrived_fen``: payments of which `share` or more arrived, to payees who
        passed on that share of all they got, `least_fen` or more. Sorted.
    """

    def make(c: Context) -> pl.DataFrame:
        return _passed_on(c, hops, days, share, least_fen)

    found: pl.DataFrame = ctx.shared(f"reserve.passed_on:{hops}:{days}:{share:g}:{least_fen}", make)
    return found


def _passed_on(ctx: Context, hops: int, days: int, share: float, least_fen: int) -> pl.DataFrame:
    schema = {"institution_id": pl.String, "line_no": pl.Int64, "arrived_fen": pl.Int64}
    reserve = ledgers(ctx).lines.filter("reserve")
    outs = reserve.filter(
        (pl.col("direction") == "out") & pl.col("side").is_in(["other", "vendor", "staff", "institution"])
    ).select(
        "institution_id",
        "line_no",
        "booked_on",
        "amount_fen",
        holder_id=pl.col("cp_holder_id").cast(pl.Int64),
    )
    close = (
        ctx.table("mart_role_all", ("institution_id", "holder_id", "role"))
        .filter(pl.col("role").is_in(["related", "self"]))
        .select("institution_id", pl.col("holder_id").cast(pl.Int64))
        .unique()
    )
    if outs.is_empty() or close.is_empty():
        return pl.DataFrame(schema=schema)
    # what comes back into a reserve account is a customer's payment
    ends = (
        ctx.table("mart_account", ("account_id", "account_type", "holder_id"))
        .filter(~pl.col("account_type").is_in(RESERVE_TYPES).fill_null(False))
        .select("account_id", pl.col("holder_id").cast(pl.Int64))
        .join(close, on="holder_id")
        .select("institution_id", "account_id")
    )
    starts = outs.drop_nulls("holder_id")
    # who paid in as much is a customer who gets it back
    brought = (
        reserve.filter(pl.col("direction") == "in")
        .group_by("institution_id", holder_id=pl.col("cp_holder_id").cast(pl.Int64))
        .agg(in_fen=pl.col("amount_fen").sum())
    )
    starts = (
        starts.join(brought, on=["institution_id", "holder_id"], how="left")
        .filter(
            pl.col("in_fen").fill_null(0) < pl.col("amount_fen").sum().over("institution_id", "holder_id")
        )
        .drop("in_fen")
    )
    # only who passes money on at all is followed: merchants' statements are seldom on hand
    payers = edges(ctx).select(holder_id=pl.col("from_holder_id").cast(pl.Int64)).unique()
    starts = starts.join(payers, on="holder_id", how="semi")
    parts = [
        frame.group_by("start_no")
        .agg(pl.col("amount_fen").sum().alias("arrived_fen"))
        .select(pl.lit(iid).alias("institution_id"), line_no="start_no", arrived_fen="arrived_fen")
        for iid, frame in arrivals(ctx, starts, close, hops=hops, days=days, accounts=ends).items()
    ]
    if not parts:
        return pl.DataFrame(schema=schema)
    arrived = starts.join(pl.concat(parts), on=["institution_id", "line_no"], how="left").with_columns(
        pl.col("arrived_fen").fill_null(0)
    )
    who = ["institution_id", "holder_id"]
    most = pl.col("arrived_fen").sum().over(who) >= share * pl.col("amount_fen").sum().over(who)
    return (
        arrived.filter(most & (pl.col("arrived_fen") >= share * pl.col("amount_fen")))
        .filter(pl.col("amount_fen").sum().over(who) >= least_fen)
        .select(list(schema))
        .sort("institution_id", "line_no")
    )


def filled_before(lines: pl.DataFrame) -> pl.DataFrame:
    """What payees of the reserves had paid into them up to their last payout.

    A wallet is filled before it is emptied; money lent or invested comes back later.

    Returns
    -------
    polars.DataFrame
        ``institution_id``, ``cp_holder_id``, ``paid_in_fen``.
    """
    who = ["institution_id", "cp_holder_id"]
    reserve = lines.filter("reserve").drop_nulls("cp_holder_id")
    last = reserve.filter(pl.col("direction") == "out").group_by(who).agg(last_on=pl.col("booked_on").max())
    return (
        reserve.filter(pl.col("direction") == "in")
        .join(last, on=who)
        .filter(pl.col("booked_on") <= pl.col("last_on"))
        .group_by(who)
        .agg(pl.col("amount_fen").sum().alias("paid_in_fen"))
    )


def companies(ctx: Context) -> pl.DataFrame:
    """Those on the other side of the books' lines that are known for companies (``cp_holder_id``)."""

    def make(ctx: Context) -> pl.DataFrame:
        known = holders(ctx, ("kind",), ledgers(ctx).lines["cp_holder_id"])
        return known.filter(pl.col("kind") == "company").select(cp_holder_id="holder_id")

    frame: pl.DataFrame = ctx.shared("reserve.companies", make)
    return frame


def dressing(ctx: Context) -> pl.DataFrame:
    """The way back of own money put in for a report date (``line_no``); left to window-dressing."""
    return round_trips(ctx, 4, 7, 0.01).select(pl.col("out_line_no").alias("line_no"))


def dressing_drains(ctx: Context) -> pl.DataFrame:
    """What was drained to others after report dates (``line_no``); left to window-dressing as well."""
    return dressed_elsewhere(ctx, 4, 7, 0.01).filter(pl.col("direction") == "out").select("line_no")
