"""Report days of a payment institution: what it owes, what it declares, what its statements say."""

from __future__ import annotations

import datetime as dt

import polars as pl

from models.typologies._checks import item_code
from models.typologies._reserve import Book
from models.typologies.base import Context

HOLE_DAYS = 14
"""Days without a line after which a reserve account's file is taken to be missing."""
LOSSY = 0.001
FEWEST_BREAKS = 3
"""Share and number of printed balances that do not follow from the one before, from which lines are being lost."""


def _closings(lines: pl.DataFrame) -> pl.DataFrame:
    """Balance after the last line of each account and day.

    Banks that print balances only here and there are followed by running sums from one printed
    balance to the next; where the two do not agree lines are missing, and the balance between
    them is not known (null). Before the first printed balance and after the last nothing shows what is missing:
    running sums hold there only where the printed balances of these accounts break seldom (`LOSSY`), and up to where
    a file seems to be missing (`HOLE_DAYS`). A day's closing is not known either when the chain breaks right after
    its last line: what is missing may have been booked before midnight.
    """
    signed = pl.when(pl.col("direction") == "in").then(pl.col("amount_fen")).otherwise(-pl.col("amount_fen"))
    run = lines.sort("account_id", "line_no").with_columns(signed.cum_sum().over("account_id").alias("cum"))
    run = run.with_columns((pl.col("balance_after_fen") - pl.col("cum")).alias("start"))
    run = run.with_columns(
        pl.col("start").forward_fill().over("account_id").alias("prior"),
        pl.col("start").backward_fill().over("account_id").alias("later"),
    )
    silent = (pl.col("booked_on") - pl.col("booked_on").shift(1)).over(
        "account_id"
    ).dt.total_days() > HOLE_DAYS
    run = run.with_columns(silent.fill_null(False).cum_sum().over("account_id").alias("stretch"))
    printed = pl.col("start").is_not_null().any().over("account_id", "stretch")
    chain = run.drop_nulls("start")
    breaks = chain.filter(pl.col("start") != pl.col("start").shift(1).over("account_id")).height
    whole = breaks < FEWEST_BREAKS or breaks < LOSSY * chain.height
    outside = (pl.col("prior").is_null() | pl.col("later").is_null()) & pl.lit(whole) & printed
    start = (
        pl.when(pl.col("start").is_not_null())
        .then(pl.col("start"))
        .when(outside | (pl.col("prior") == pl.col("later")))
        .then(pl.coalesce("prior", "later"))
    )
    follows = start.shift(-1).over("account_id")
    known = follows.is_null() | (follows == start)
    return (
        run.with_columns(pl.when(known).then(start + pl.col("cum")).alias("closing_fen"))
        .group_by("account_id", "booked_on", maintain_order=True)
        .agg(pl.col("closing_fen").last())
    )


def balances(book: Book, days: pl.Series) -> pl.DataFrame:
    """Sum of the reserve accounts' statement balances at the end of each day.

    Parameters
    ----------
    book : Book
    days : polars.Series of date
        Report days.

    Returns
    -------
    polars.DataFrame
        ``report_date``, ``statement_fen`` (null where one of the accounts has no balance known that
        day: before its first line, more than a week after its last, or where lines are missing).
    """
    wanted = days.unique().sort().alias("report_date").to_frame()
    ids = book.accounts.filter("reserve")["account_id"].to_list()
    if not ids or wanted.is_empty():
        return wanted.with_columns(pl.lit(None, pl.Int64).alias("statement_fen"))
    closing = _closings(book.lines.filter("reserve"))
    parts = []
    for account_id in ids:
        mine = closing.filter(pl.col("account_id") == account_id).drop("account_id").sort("booked_on")
        parts.append(
            wanted.join_asof(
                mine, left_on="report_date", right_on="booked_on", strategy="backward", tolerance="7d"
            ).select("report_date", pl.col("closing_fen").alias("fen"))
        )
    return (
        pl.concat(parts)
        .group_by("report_date")
        .agg(
            pl.when(pl.col("fen").is_null().any())
            .then(None)
            .otherwise(pl.col("fen").sum())
            .alias("statement_fen")
        )
        .sort("report_date")
    )


def reports(ctx: Context, book: Book) -> pl.DataFrame:
    """Reserve reports of one institution beside its statements.

    Returns
    -------
    polars.DataFrame
        ``report_date``, ``owed_fen``, ``declared_fen``, ``transit_fen`` (0 when not said),
        ``statement_fen`` (null when not known), ``new_transit_fen`` (booked today and receivable,
        item A07; null without tables); sorted by day.
    """
    frame: pl.DataFrame = ctx.shared(f"reserve.reports:{book.institution_id}", lambda c: _reports(c, book))
    return frame


def _reports(ctx: Context, book: Book) -> pl.DataFrame:
    own = ctx.table(
        "mart_reserve_report",
        ("institution_id", "report_date", "customer_balance_fen", "bank_balance_fen", "in_transit_fen"),
    ).filter(pl.col("institution_id") == book.institution_id)
    if own.is_empty():
        return pl.DataFrame()
    table = items(ctx, book)
    fresh = (
        table.select("report_date", pl.col("A07").alias("new_transit_fen"))
        if "A07" in table.columns
        else None
    )
    out = own.select(
        "report_date",
        pl.col("customer_balance_fen").alias("owed_fen"),
        pl.col("bank_balance_fen").alias("declared_fen"),
        pl.col("in_transit_fen").fill_null(0).alias("transit_fen"),
    ).join(balances(book, own["report_date"]), on="report_date", how="left")
    out = _anchored(book, out)
    if fresh is not None:
        out = out.join(fresh, on="report_date", how="left")
    else:
        out = out.with_columns(pl.lit(None, pl.Int64).alias("new_transit_fen"))
    return out.sort("report_date")


ANCHOR_DAYS = 5
"""Fewest report days that agree on the opening balance of statements that print none."""


def _anchored(book: Book, days: pl.DataFrame) -> pl.DataFrame:
    """Fill balances of statements that print none from the opening balance most reports agree on.

    Declared balance less what was moved since the first line is that opening balance, if the report is right and no
    line is missing. Where most report days agree on it, it holds between the first and the last of them: a missing
    line would shift all that come after it.
    """
    reserve = book.lines.filter("reserve").sort("booked_on")
    if days["statement_fen"].is_not_null().any() or reserve.is_empty():
        return days
    signed = pl.when(pl.col("direction") == "in").then("amount_fen").otherwise(-pl.col("amount_fen"))
    moved = reserve.group_by("booked_on", maintain_order=True).agg(signed.sum().alias("moved_fen"))
    run = days.sort("report_date").join_asof(
        moved.with_columns(pl.col("moved_fen").cum_sum()), left_on="report_date", right_on="booked_on"
    )
    opening = run.select(pl.col("declared_fen") - pl.col("moved_fen")).drop_nulls().to_series().alias("fen")
    counted = opening.value_counts().sort(["count", "fen"], descending=[True, False])
    if counted.is_empty() or counted["count"][0] < max(ANCHOR_DAYS, opening.len() / 2):
        return days
    agree = run.filter(pl.col("declared_fen") - pl.col("moved_fen") == counted["fen"][0])["report_date"]
    inside = pl.col("report_date").is_between(agree.min(), agree.max())
    return run.with_columns(
        statement_fen=pl.when(inside).then(pl.col("moved_fen") + counted["fen"][0])
    ).select(days.columns)


def items(ctx: Context, book: Book) -> pl.DataFrame:
    """Official reserve tables of one institution, one column an item (`item_code`), in fen; sorted by day."""
    own = ctx.table("mart_reserve_table", ("institution_id", "report_date", "item", "amount_fen")).filter(
        pl.col("institution_id") == book.institution_id
    )
    if own.is_empty():
        return pl.DataFrame(schema={"report_date": pl.Date})
    spelt = {c: item_code(c) for c in own["item"].drop_nulls().unique()}
    own = own.drop_nulls("item").sort("report_date", "item").with_columns(pl.col("item").replace(spelt))
    wide = own.pivot(on="item", index="report_date", values="amount_fen", aggregate_function="first")
    return wide.select("report_date", *sorted(c for c in wide.columns if c != "report_date")).sort(
        "report_date"
    )


def report_keys(book: Book, days: list[dt.date]) -> list[str]:
    """Keys of the reserve_reports rows of these days."""
    return [f"{book.institution_id}|{d.isoformat()}" for d in days]
