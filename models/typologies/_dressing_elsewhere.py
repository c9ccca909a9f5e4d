"""Report dates dressed with money that does not go back to who put it in: lent by one, drained to another.

Of each client account the holders are taken whose money is not the clients' and who pay in only in the days up to
rare report dates, and those who are paid only in the days after them. Where the sums of both agree on date after date, and
are large beside what the account holds, the account was filled for the report.
"""

from __future__ import annotations

import polars as pl

from models.typologies._frames import within_days
from models.typologies._roundtrip import funded_lines, report_dates
from models.typologies.base import Context

MIN_DATES = 3
"""Fewest report dates: a customer's order may span one or two."""
AGREEING = 0.8
"""Share of the dates with such credits on which the debits after them agree."""
SIZE_SHARE = 0.2
"""Smallest part of the account's usual balance that is put in: no customer's order comes to so much."""
_WHO = ["account_id", "cp_holder_id"]
_TRIP = ["institution_id", "account_id", "report_date"]


def dressed_elsewhere(ctx: Context, before_days: int, after_days: int, tolerance: float) -> pl.DataFrame:
    """Credits and debits of such dates.

    Parameters
    ----------
    before_days, after_days : int
        Calendar days before and after the report date.
    tolerance : float
        Largest relative difference between both sums.

    Returns
    -------
    polars.DataFrame
        Grain: a line. ``institution_id``, ``account_id``, ``report_date``, ``line_no``, ``direction``, ``booked_on``,
        ``amount_fen``; sorted.
    """

    def make(c: Context) -> pl.DataFrame:
        return _made(c, before_days, after_days, tolerance)

    found: pl.DataFrame = ctx.shared(f"dressed_elsewhere:{before_days}:{after_days}:{tolerance:g}", make)
    return found


def _made(ctx: Context, before_days: int, after_days: int, tolerance: float) -> pl.DataFrame:
    lines = funded_lines(ctx)
    columns = [*_TRIP, "line_no", "direction", "booked_on", "amount_fen"]
    if lines.is_empty():
        return lines.with_columns(report_date=pl.col("booked_on")).select(columns)
    span = lines.select(a=pl.col("booked_on").min(), b=pl.col("booked_on").max()).row(0)
    rare, _ = report_dates(ctx, *span)
    days = pl.concat(
        [
            pl.DataFrame(
                {"institution_id": iid, "report_date": rare.get(iid, rare["*"])},
                schema={"institution_id": pl.String, "report_date": pl.Date},
            )
            for iid in sorted(lines["institution_id"].unique())
        ]
    )
    # holders with dealings one way only; those with both are round trips
    one_way = lines.filter(pl.col("direction").n_unique().over(_WHO) == 1)
    parts = []
    for direction, before, after in (("in", before_days, 0), ("out", 0, after_days)):
        mine = one_way.filter(pl.col("direction") == direction)
        shifted = days.rename({"report_date": "day"})
        near = (
            within_days(mine, shifted, ["institution_id"], "booked_on", "day", before=after, after=before)
            .filter((pl.col("booked_on") != pl.col("day")) | (direction == "in"))
            .sort("line_no", (pl.col("day") - pl.col("booked_on")).abs())
            .unique("line_no", keep="first", maintain_order=True)
            .rename({"day": "report_date"})
        )
        strayed = mine.join(near, on="line_no", how="anti").select(_WHO).unique()
        parts.append(near.join(strayed, on=_WHO, how="anti").select(columns))
    both = pl.concat(parts)
    sums = both.group_by(_TRIP).agg(
        pl.col("amount_fen").filter(pl.col("direction") == d).sum().alias(f"{d}_fen") for d in ("in", "out")
    )
    usual = (
        ctx.rows(
            "mart_line",
            ("account_id", "balance_after_fen"),
            "account_id in (select key from asked)",
            asked=both["account_id"].unique().sort(),
        )
        .group_by("account_id")
        .agg(pl.col("balance_after_fen").median().alias("usual_fen"))
    )
    put = sums.filter(pl.col("in_fen") > 0).join(usual.drop_nulls(), on="account_id")
    agree = ((pl.col("in_fen") - pl.col("out_fen")).abs() <= tolerance * pl.col("in_fen")) & (
        pl.col("in_fen") >= SIZE_SHARE * pl.col("usual_fen")
    )
    often = agree.sum().over("account_id")
    dressed = put.filter(agree & (often >= MIN_DATES) & (often >= AGREEING * pl.len().over("account_id")))
    return both.join(dressed.select(_TRIP), on=_TRIP, how="semi").sort("institution_id", "line_no")
