"""Report days of a payment institution: what it owes, what it declares, what its statements say."""

from __future__ import annotations

import datetime as dt

import polars as pl

from models.typologies._checks import item_code
from models.typologies._frames import concerned, of
from models.typologies._reserve import ledgers
from models.typologies.base import Context

HOLE_DAYS = 14
"""Days without a line after which a reserve account's file is taken to be missing."""
LOSSY = 0.001
FEWEST_BREAKS = 3
"""Share and number of printed balances that do not follow from the one before, from which lines are being lost."""


def _closings(lines: pl.DataFrame) -> pl.DataFrame:
    """Balance after the last line of each account and day; lines are those of reserve accounts with their institution.

    Banks that print balances only here and there are followed by running sums from one printed
    balance to the next; where the two do not agree lines are missing, and the balance between
    them is not known (null). Before the first printed balance and after the last nothing shows what is missing:
    running sums hold there only where the printed balances of the institution's accounts break seldom (`LOSSY`), and up to where
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
    torn = (
        run.drop_nulls("start")
        .with_columns(broken=pl.col("start") != pl.col("start").shift(1).over("account_id"))
        .group_by("institution_id")
        .agg(pl.col("broken").sum(), pl.len())
        .filter((pl.col("broken") >= FEWEST_BREAKS) & (pl.col("broken") >= LOSSY * pl.col("len")))
    )
    whole = ~pl.col("institution_id").is_in(torn["institution_id"].implode())
    outside = (pl.col("prior").is_null() | pl.col("later").is_null()) & whole & printed
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


def balances(ctx: Context, days: pl.DataFrame) -> pl.DataFrame:
    """Sum of the reserve accounts' statement balances at the end of each day.

    Parameters
    ----------
    ctx : Context
    days : polars.DataFrame
        ``institution_id``, ``report_date``.

    Returns
    -------
    polars.DataFrame
        Each once, with ``statement_fen``: null where one of the accounts has no balance known that day (before its
        first line, more than a week after its last, or where lines are missing); no row without a reserve account.
    """
    accounts = ledgers(ctx).accounts.filter("reserve").select("institution_id", "account_id")
    wanted = days.unique().join(accounts, on="institution_id")
    return (
        wanted.sort("report_date")
        .join_asof(
            _closings(ledgers(ctx).lines.filter("reserve")).sort("booked_on"),
            left_on="report_date",
            right_on="booked_on",
            by="account_id",
            strategy="backward",
            tolerance="7d",
            check_sortedness=False,
        )
        .group_by("institution_id", "report_date")
        .agg(
            statement_fen=pl.when(pl.col("closing_fen").is_null().any())
            .then(None)
            .otherwise(pl.col("closing_fen").sum())
        )
    )


def reports(ctx: Context) -> pl.DataFrame:
    """Reserve reports beside the institutions' statements.

    Returns
    -------
    polars.DataFrame
        Grain: ``institution_id``, ``report_date``. ``owed_fen``, ``declared_fen``, ``transit_fen`` (0 when not said),
        ``statement_fen`` (null when not known), ``new_transit_fen`` (booked today and receivable,
        item A07; null without tables). Sorted.
    """
    frame: pl.DataFrame = ctx.shared("reserve.reports", _reports)
    return frame


def _reports(ctx: Context) -> pl.DataFrame:
    day = ["institution_id", "report_date"]
    own = ctx.table(
        "mart_reserve_report", (*day, "customer_balance_fen", "bank_balance_fen", "in_transit_fen")
    )
    own = own.join(ledgers(ctx).accounts.select("institution_id").unique(), on="institution_id", how="semi")
    fresh = (
        tables(ctx)
        .filter(pl.col("item") == "A07")
        .unique(day, keep="first", maintain_order=True)
        .select(*day, new_transit_fen="amount_fen")
    )
    told = own.select(
        *day,
        owed_fen="customer_balance_fen",
        declared_fen="bank_balance_fen",
        transit_fen=pl.col("in_transit_fen").fill_null(0),
    ).join(balances(ctx, own.select(day)), on=day, how="left")
    return _anchored(ctx, told).join(fresh, on=day, how="left").sort(day)


ANCHOR_DAYS = 5
"""Fewest report days that agree on the opening balance of statements that print none."""


def _anchored(ctx: Context, days: pl.DataFrame) -> pl.DataFrame:
    """Fill balances of statements that print none from the opening balance most reports agree on.

    Declared balance less what was moved since the first line is that opening balance, if the report is right and no
    line is missing. Where most report days agree on it, it holds between the first and the last of them: a missing
    line would shift all that come after it.
    """
    silent = days.filter(pl.col("statement_fen").is_null().all().over("institution_id"))
    if silent.is_empty():
        return days
    signed = pl.when(pl.col("direction") == "in").then("amount_fen").otherwise(-pl.col("amount_fen"))
    moved = (
        ledgers(ctx)
        .lines.filter("reserve")
        .join(silent, on="institution_id", how="semi")
        .group_by("institution_id", "booked_on")
        .agg(moved_fen=signed.sum())
        .sort("institution_id", "booked_on")
        .with_columns(pl.col("moved_fen").cum_sum().over("institution_id"))
    )
    run = (
        silent.sort("report_date")
        .join_asof(
            moved.sort("booked_on"),
            left_on="report_date",
            right_on="booked_on",
            by="institution_id",
            check_sortedness=False,
        )
        .with_columns(opening_fen=pl.col("declared_fen") - pl.col("moved_fen"))
    )
    agreed = (
        run.drop_nulls("opening_fen")
        .group_by("institution_id", "opening_fen")
        .agg(pl.len(), agree_from=pl.col("report_date").min(), agree_to=pl.col("report_date").max())
        .sort("institution_id", "len", "opening_fen", descending=[False, True, False])
        .with_columns(told=pl.col("len").sum().over("institution_id"))
        .unique("institution_id", keep="first", maintain_order=True)
        .filter((pl.col("len") >= ANCHOR_DAYS) & (pl.col("len") >= pl.col("told") / 2))
        .select("institution_id", "agree_from", "agree_to", agreed_fen="opening_fen")
    )
    filled = (
        run.join(agreed, on="institution_id")
        .filter(pl.col("report_date").is_between("agree_from", "agree_to"))
        .select("institution_id", "report_date", anchored_fen=pl.col("moved_fen") + pl.col("agreed_fen"))
    )
    return (
        days.join(filled, on=["institution_id", "report_date"], how="left", maintain_order="left")
        .with_columns(pl.coalesce("statement_fen", "anchored_fen"))
        .drop("anchored_fen")
    )


def tables(ctx: Context) -> pl.DataFrame:
    """Official reserve tables as they say.

    Returns
    -------
    polars.DataFrame
        Grain: an item of a table as delivered. ``institution_id``, ``report_date``, ``item`` (`item_code`),
        ``amount_fen``. Sorted; of items spelt in two ways the first goes first.
    """

    def make(ctx: Context) -> pl.DataFrame:
        told = ctx.table("mart_reserve_table", ("institution_id", "report_date", "item", "amount_fen"))
        told = concerned(ctx, told.drop_nulls("item")).sort("institution_id", "report_date", "item")
        spelt = {c: item_code(c) for c in told["item"].unique()}
        return told.with_columns(pl.col("item").replace(spelt))

    frame: pl.DataFrame = ctx.shared("reserve.tables", make)
    return frame


def items(ctx: Context, institution_id: str) -> pl.DataFrame:
    """Official reserve tables of one institution, one column an item (`item_code`), in fen; sorted by day."""
    own = of(ctx, tables, institution_id)
    if own.is_empty():
        return pl.DataFrame(schema={"report_date": pl.Date})
    wide = own.pivot(on="item", index="report_date", values="amount_fen", aggregate_function="first")
    return wide.select("report_date", *sorted(c for c in wide.columns if c != "report_date")).sort(
        "report_date"
    )


def report_keys(institution_id: str, days: list[dt.date]) -> list[str]:
    """Keys of the reserve_reports rows of these days."""
    return [f"{institution_id}|{d.isoformat()}" for d in days]
