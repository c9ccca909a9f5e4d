"""Wages, rent and taxes paid out of reserves, told by their rhythm; no name and no remark is read."""

from __future__ import annotations

import polars as pl

from models.typologies._frames import each
from models.typologies._reserve import ledgers
from models.typologies._reserve_uses import SLACK_DAYS, companies
from models.typologies.base import Context

WHOLE_STAFF = 5
"""Persons paid together on a day of two months that are a staff."""


FIRM, WHO = "institution_id", ["institution_id", "cp_holder_id"]


def wages(ctx: Context, outs: pl.DataFrame, least_people: int, least_months: int, fee: float) -> pl.DataFrame:
    """Payees who are paid as staff and landlords are, by the month.

    Persons who get about the same sum, several on one and the same day, or whoever gets one sum to the fen every
    month: orders never come to that, unless one customer orders it every time (rent paid over the institution). Only
    where merchants are settled more often; whoever paid in is a customer.

    Parameters
    ----------
    outs : polars.DataFrame
        Payments of reserves with ``institution_id``, ``cp_holder_id``, ``booked_on``, ``amount_fen``, ``paid_in_fen``.

    Returns
    -------
    polars.DataFrame
        ``institution_id``, ``cp_holder_id``; sorted.
    """
    by = (
        outs.drop_nulls("cp_holder_id")
        .group_by(WHO)
        .agg(
            pl.col("booked_on").unique().alias("days"),
            pl.col("booked_on").dt.truncate("1mo").n_unique().alias("months"),
            pl.len().alias("n"),
            (pl.col("amount_fen").max() / pl.col("amount_fen").min()).alias("spread"),
            pl.col("paid_in_fen").first(),
        )
    )
    once = by.filter((pl.col("n") == pl.col("months")) & (pl.col("paid_in_fen") == 0))
    monthly = once.filter((pl.col("months") >= 2) & (pl.col("spread") <= 2))
    fixed = monthly.filter((pl.col("spread") == 1) & (pl.col("months") >= least_months))
    people = monthly.join(companies(ctx), on="cp_holder_id", how="anti")
    shared = people.select(*WHO, "days").explode("days").with_columns(n=pl.len().over(FIRM, "days"))
    # twice may be chance for a few, for a whole staff it is not
    staff = pl.when(pl.col("len") >= least_months).then(least_people).otherwise(WHOLE_STAFF)
    together = (
        shared.filter(pl.col("n") >= least_people)
        .group_by(WHO)
        .agg(pl.len(), pl.col("n").min())
        .filter((pl.col("len") >= 2) & (pl.col("n") >= staff))
    )
    often_enough = once.filter(pl.col("months") >= 2)
    costs = _paid_with_staff(
        often_enough.join(companies(ctx), on="cp_holder_id", how="semi"), people, together
    )
    found = pl.concat([x.select(WHO) for x in (fixed, together, costs)]).unique().sort(WHO)
    found = found.join(_often_paid(by, found), on=FIRM, how="semi", maintain_order="left")
    kept = [found.clear()]
    for institution_id, some in each(found, FIRM):
        lines = ledgers(ctx).lines.filter(pl.col(FIRM) == institution_id)
        theirs = outs.join(some, on=WHO, how="semi")
        some = some.join(_standing_orders(lines, theirs, fee), on="cp_holder_id", how="anti")
        others = outs.join(once.filter(pl.col(FIRM) == institution_id), on=WHO, how="semi")
        if not _paid_for(lines, theirs.join(some, on=WHO, how="semi"), others):
            kept.append(some)
    return pl.concat(kept).sort(WHO)


def _often_paid(by: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """Institutions that settle others more often, by payees or by payments (``institution_id``)."""
    often = by.filter((pl.col("n") >= 3) & (pl.col("n") > 1.5 * pl.col("months")))
    return (
        by.join(found, on=WHO, how="semi")
        .group_by(FIRM)
        .agg(pl.len(), pl.col("n").sum())
        .join(often.group_by(FIRM).agg(pl.len(), pl.col("n").sum()), on=FIRM, how="left", suffix="_often")
        .with_columns(pl.col("len_often", "n_often").fill_null(0).cast(pl.Int64))
        .filter(
            (pl.col("len_often") >= pl.col("len")) | (pl.col("n_often") >= 3 * pl.col("n").cast(pl.Int64))
        )
        .select(FIRM)
    )


def _paid_with_staff(firms: pl.DataFrame, people: pl.DataFrame, staff: pl.DataFrame) -> pl.DataFrame:
    """Firms paid once in each month in which the staff is, about the same day: landlord, tax office, insurance."""
    month = pl.col("days").dt.truncate("1mo")
    paid = people.join(staff, on=WHO, how="semi").select(FIRM, "days").explode("days")
    months = paid.select(FIRM, month=month).unique()
    dated = firms.select(*WHO, "days").explode("days").with_columns(month=month)
    return (
        dated.join(months.with_columns(same=pl.lit(True)), on=[FIRM, "month"], how="left")
        .group_by(WHO)
        .agg(
            pl.col("month").n_unique().alias("months"),
            pl.col("same").is_not_null().all(),
            (pl.col("days").dt.day().max() - pl.col("days").dt.day().min()).alias("apart"),
        )
        .join(months.group_by(FIRM).agg(wanted=pl.len()), on=FIRM)
        .filter(pl.col("same") & (pl.col("months") == pl.col("wanted")) & (pl.col("apart") <= SLACK_DAYS))
    )


def _paid_for(lines: pl.DataFrame, outs: pl.DataFrame, others: pl.DataFrame) -> bool:
    """Whether on most days of these payments one customer had just paid in what they come to: wages of its staff.

    With what the others who are paid as seldom got on the day (`others`): a worker's overtime is as much part of it.
    """
    days = outs.group_by("booked_on").agg(pl.len().alias("n"), pl.col("amount_fen").sum().alias("sum_fen"))
    days = days.filter(pl.col("n") >= 2)
    most = others.group_by("booked_on").agg(pl.col("amount_fen").sum().alias("most_fen"))
    days = days.join(most, on="booked_on", how="left").with_columns(
        pl.max_horizontal("sum_fen", "most_fen").alias("most_fen")
    )
    ins = lines.filter(
        pl.col("reserve") & (pl.col("direction") == "in") & pl.col("side").is_in(["other", "institution"])
    ).select(payer_id="cp_holder_id", in_on="booked_on", in_fen="amount_fen")
    brought = (
        days.join_where(
            ins.drop_nulls(),
            pl.col("in_on") <= pl.col("booked_on"),
            pl.col("in_on") >= pl.col("booked_on").dt.offset_by("-7d"),
        )
        .group_by("booked_on", "sum_fen", "most_fen", "payer_id")
        .agg(pl.col("in_fen").sum())
        .filter(pl.col("in_fen").is_between(pl.col("sum_fen") * 0.98, pl.col("most_fen") * 1.1))
    )
    return days.height > 0 and brought["booked_on"].n_unique() >= days.height / 2


def _standing_orders(lines: pl.DataFrame, outs: pl.DataFrame, fee: float) -> pl.DataFrame:
    """Payees for most of whose payments one and the same customer paid in the like amount just before."""
    ins = lines.filter(
        pl.col("reserve") & (pl.col("direction") == "in") & pl.col("side").is_in(["other", "staff"])
    ).select(payer_id="cp_holder_id", in_on="booked_on", in_fen="amount_fen")
    top = (pl.col("amount_fen") * (1 + fee)).cast(pl.Int64) + 200
    both = outs.select("line_no", "cp_holder_id", "booked_on", "amount_fen", top.alias("top_fen")).join_where(
        ins.drop_nulls(),
        pl.col("in_fen") >= pl.col("amount_fen"),
        pl.col("in_fen") <= pl.col("top_fen"),
        pl.col("in_on") <= pl.col("booked_on"),
        pl.col("in_on") >= pl.col("booked_on").dt.offset_by("-5d"),
    )
    paid = outs.group_by("cp_holder_id").agg(pl.len().alias("n"))
    return (
        both.group_by("cp_holder_id", "payer_id")
        .agg(pl.col("line_no").n_unique().alias("times"))
        .join(paid, on="cp_holder_id")
        .filter(pl.col("times") >= 0.8 * pl.col("n"))
        .select("cp_holder_id")
        .unique()
    )
