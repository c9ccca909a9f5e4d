"""Payment institutions' books: reserve and own accounts, who stands on the other side, balances.

Shared by the reserve typologies. The other side of a line is told by registers and paired
transfers, never by remarks.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl

from models.typologies._common import name_keys
from models.typologies.base import Context

RESERVE_TYPES = ("reserve_deposit", "reserve_settlement", "reserve_collection")


@dataclass(frozen=True, slots=True)
class Book:
    """One payment institution's accounts and their lines.

    Attributes
    ----------
    institution_id, name : str
    accounts : polars.DataFrame
        account_id, account_no, account_type, bank_code, bank_name, qualified (bool or null), reserve (bool).
    lines : polars.DataFrame
        Every line of these accounts: line_no, account_id, account_no, account_type, bank_code, reserve,
        booked_at, booked_on, direction, amount_fen, balance_after_fen, cp_account_id, cp_holder_id,
        channel, counterparty_bank, side. ``side``: 'reserve' and 'own' (registered accounts of the
        institution), 'self' (an account of its own that no register gives it), 'bank', 'related'
        (shareholders, executives, affiliates, guarantors), 'staff', 'vendor', 'institution' (another
        registered one), 'other' (customers among them), 'unknown'.
    """

    institution_id: str
    name: str
    accounts: pl.DataFrame
    lines: pl.DataFrame


def books(ctx: Context) -> list[Book]:
    """Books of every institution of sector payment or with a registered reserve account, by id."""
    made: list[Book] = ctx.shared("reserve_books", _make)
    return made


def _make(ctx: Context) -> list[Book]:
    accounts = ctx.table(
        "mart_account",
        (
            "account_id", "account_no", "account_type", "institution_id", "holder_id", "holder_name",
            "bank_code", "bank_name", "qualified_reserve_bank",
        ),
    )  # fmt: skip
    firms = ctx.table("mart_institution", ("institution_id", "name", "sector"))
    held = accounts.filter(pl.col("institution_id").is_not_null() & (pl.col("account_type") != "party"))
    reserve = held.filter(pl.col("account_type").is_in(RESERVE_TYPES))["institution_id"].unique()
    firms = firms.filter((pl.col("sector") == "payment") | pl.col("institution_id").is_in(reserve.to_list()))
    held = held.join(firms.select("institution_id"), on="institution_id", how="semi").with_columns(
        pl.col("account_type").is_in(RESERVE_TYPES).alias("reserve")
    )
    lines = _lines(ctx, held)
    lines = lines.with_columns(_side(ctx, lines, held, accounts))
    out = []
    for iid, name, _ in firms.sort("institution_id").iter_rows():
        mine = held.filter(pl.col("institution_id") == iid)
        if mine.is_empty():
            continue
        out.append(
            Book(
                iid,
                name,
                mine.select(
                    "account_id", "account_no", "account_type", "bank_code", "bank_name",
                    pl.col("qualified_reserve_bank").alias("qualified"), "reserve",
                ).sort("account_id"),
                lines.filter(pl.col("institution_id") == iid).sort("line_no"),
            )
        )  # fmt: skip
    return out


def _lines(ctx: Context, held: pl.DataFrame) -> pl.DataFrame:
    return ctx.table(
        "mart_line",
        (
            "line_no", "account_id", "account_no", "booked_at", "booked_on", "direction", "amount_fen",
            "balance_after_fen", "cp_account_id", "cp_holder_id", "counterparty_name", "counterparty_bank", "channel",
        ),
    ).join(
        held.select("account_id", "institution_id", "account_type", "bank_code", "reserve"), on="account_id", how="inner"
    )  # fmt: skip


def _bank_like(ctx: Context) -> list[int]:
    """Holders that behave as a bank towards its depositors, for where names say nothing.

    They credit accounts of two institutions or more, three accounts or more, all at one bank, and
    mostly on the days interest is settled (20th to 22nd of a month).
    """
    ins = ctx.table("mart_line", ("account_id", "direction", "booked_on", "cp_holder_id")).filter(
        (pl.col("direction") == "in") & pl.col("cp_holder_id").is_not_null()
    )
    accounts = ctx.table("mart_account", ("account_id", "bank_code", "holder_id"))
    return (
        ins.join(accounts, on="account_id")
        .group_by("cp_holder_id")
        .agg(
            pl.col("account_id").n_unique().alias("accounts"),
            pl.col("holder_id").n_unique().alias("holders"),
            pl.col("bank_code").n_unique().alias("banks"),
            pl.col("booked_on").dt.day().is_between(20, 22).mean().alias("rhythm"),
        )
        .filter(
            (pl.col("accounts") >= 3)
            & (pl.col("holders") >= 2)
            & (pl.col("banks") == 1)
            & (pl.col("rhythm") >= 0.6)
        )["cp_holder_id"]
        .sort()
        .to_list()
    )


def _side(ctx: Context, lines: pl.DataFrame, held: pl.DataFrame, accounts: pl.DataFrame) -> pl.Series:
    """Say who stands on the other side of each line; same length and order as `lines`."""
    legs = ctx.table("mart_transfer", ("out_line_no", "in_line_no", "from_account_id", "to_account_id"))
    other = pl.concat(
        [
            legs.drop_nulls(["out_line_no", "to_account_id"]).select(
                pl.col("out_line_no").alias("line_no"), pl.col("to_account_id").alias("other_id")
            ),
            legs.drop_nulls(["in_line_no", "from_account_id"]).select(
                pl.col("in_line_no").alias("line_no"), pl.col("from_account_id").alias("other_id")
            ),
        ]
    ).unique("line_no", keep="first", maintain_order=True)
    own = held.select(
        pl.col("account_id").alias("other_id"),
        pl.col("institution_id").alias("other_institution"),
        pl.when("reserve").then(pl.lit("reserve")).otherwise(pl.lit("own")).alias("other_kind"),
    )
    # a counterparty known by name alone is matched with the holder names the register gives these accounts
    named = held.drop_nulls("holder_name")
    by_name = (
        named.with_columns(name_keys(named["holder_name"]).alias("key"))
        .group_by("institution_id", "key")
        .agg(pl.col("reserve").all().alias("all_reserve"), pl.col("reserve").any().alias("any_reserve"))
        .with_columns(
            pl.when("all_reserve").then(pl.lit("reserve")).otherwise(pl.lit("own")).alias("named_kind")
        )
        .select("institution_id", "key", "named_kind")
    )
    names = lines.select("counterparty_name").unique().drop_nulls()
    names = names.with_columns(name_keys(names["counterparty_name"]).alias("key"))
    own_holders = (
        held.select("institution_id", pl.col("holder_id").alias("cp_holder_id"))
        .unique()
        .with_columns(pl.lit(True).alias("same_holder"))
    )
    roles = (
        ctx.table("mart_role_all", ("institution_id", "holder_id", "role", "priority", "source"))
        .filter(
            pl.col("role").is_in(
                [
                    "bank",
                    "related",
                    "guarantor",
                    "employee",
                    "vendor",
                    "institution",
                    "payment_institution",
                    "insurer",
                    "self",
                ]
            )
        )
        .sort("institution_id", "holder_id", "priority", "role")
        .group_by("institution_id", "holder_id", maintain_order=True)
        .first()
        .select("institution_id", pl.col("holder_id").alias("cp_holder_id"), "role")
    )
    seen = (
        lines.select("line_no", "institution_id", "cp_account_id", "cp_holder_id", "counterparty_name")
        .join(other, on="line_no", how="left", maintain_order="left")
        .with_columns(pl.coalesce("cp_account_id", "other_id").alias("other_id"))
        .join(own, on="other_id", how="left", maintain_order="left")
        .join(names, on="counterparty_name", how="left", maintain_order="left")
        .join(by_name, on=["institution_id", "key"], how="left", maintain_order="left")
        .join(own_holders, on=["institution_id", "cp_holder_id"], how="left", maintain_order="left")
        .join(roles, on=["institution_id", "cp_holder_id"], how="left", maintain_order="left")
    )
    mine = pl.col("other_institution") == pl.col("institution_id")
    return seen.select(
        pl.when(mine)
        .then(pl.col("other_kind"))
        .when(pl.col("other_id").is_null() & pl.col("named_kind").is_not_null())
        .then(pl.col("named_kind"))
        .when(pl.col("same_holder") | (pl.col("role") == "self") | pl.col("named_kind").is_not_null())
        .then(pl.lit("self"))
        .when((pl.col("role") == "bank") | pl.col("cp_holder_id").is_in(_bank_like(ctx)))
        .then(pl.lit("bank"))
        .when(pl.col("role").is_in(["related", "guarantor"]))
        .then(pl.lit("related"))
        .when(pl.col("role") == "employee")
        .then(pl.lit("staff"))
        .when(pl.col("role") == "vendor")
        .then(pl.lit("vendor"))
        .when(pl.col("role").is_in(["institution", "payment_institution", "insurer"]))
        .then(pl.lit("institution"))
        .when(pl.col("cp_holder_id").is_null())
        .then(pl.lit("unknown"))
        .otherwise(pl.lit("other"))
        .alias("side")
    ).to_series()


def _closings(lines: pl.DataFrame) -> pl.DataFrame:
    """Balance after the last line of each account and day.

    Banks that print balances only here and there are followed by running sums from one printed
    balance to the next; where the two do not agree lines are missing, and the balance between
    them is not known (null).
    """
    signed = pl.when(pl.col("direction") == "in").then(pl.col("amount_fen")).otherwise(-pl.col("amount_fen"))
    run = lines.sort("account_id", "line_no").with_columns(signed.cum_sum().over("account_id").alias("cum"))
    run = run.with_columns((pl.col("balance_after_fen") - pl.col("cum")).alias("start"))
    run = run.with_columns(
        pl.col("start").forward_fill().over("account_id").alias("prior"),
        pl.col("start").backward_fill().over("account_id").alias("later"),
    )
    start = (
        pl.when(pl.col("start").is_not_null())
        .then(pl.col("start"))
        .when(pl.col("prior").is_null() | pl.col("later").is_null() | (pl.col("prior") == pl.col("later")))
        .then(pl.coalesce("prior", "later"))
    )
    return (
        run.with_columns((start + pl.col("cum")).alias("closing_fen"))
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
    if fresh is not None:
        out = out.join(fresh, on="report_date", how="left")
    else:
        out = out.with_columns(pl.lit(None, pl.Int64).alias("new_transit_fen"))
    return out.sort("report_date")


def items(ctx: Context, book: Book) -> pl.DataFrame:
    """Official reserve tables of one institution, one column an item, in fen; sorted by day."""
    own = ctx.table("mart_reserve_table", ("institution_id", "report_date", "item", "amount_fen")).filter(
        pl.col("institution_id") == book.institution_id
    )
    if own.is_empty():
        return pl.DataFrame(schema={"report_date": pl.Date})
    wide = own.pivot(on="item", index="report_date", values="amount_fen", aggregate_function="first")
    return wide.select("report_date", *sorted(c for c in wide.columns if c != "report_date")).sort(
        "report_date"
    )


def report_keys(book: Book, days: list[dt.date]) -> list[str]:
    """Keys of the reserve_reports rows of these days."""
    return [f"{book.institution_id}|{d.isoformat()}" for d in days]
