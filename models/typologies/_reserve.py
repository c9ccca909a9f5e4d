"""Payment institutions' books: reserve and own accounts, who stands on the other side, balances.

Shared by the reserve typologies. The other side of a line is told by registers and paired
transfers, never by remarks.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from models.typologies._common import name_keys
from models.typologies._frames import concerned, parts, told
from models.typologies.base import Context

RESERVE_TYPES = ("reserve_deposit", "reserve_settlement", "reserve_collection")


@dataclass(frozen=True, slots=True)
class Book:
    """One payment institution and its accounts.

    Attributes
    ----------
    institution_id, name : str
    accounts : polars.DataFrame
        Its rows of `Ledgers.accounts`.
    """

    institution_id: str
    name: str
    accounts: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Ledgers:
    """Accounts of all payment institutions and their lines, each row with its ``institution_id``.

    Attributes
    ----------
    accounts : polars.DataFrame
        account_id, account_no, account_type, bank_code, bank_name, qualified (bool or null), reserve (bool).
    lines : polars.DataFrame
        Every line of these accounts, sorted by number: line_no, account_id, account_no, account_type, bank_code, reserve,
        booked_at, booked_on, direction, amount_fen, balance_after_fen, cp_account_id, cp_holder_id,
        channel, counterparty_bank, cp_bank_name (of the counterparty's account), side. ``side``: 'reserve' and 'own' (registered accounts of the
        institution), 'self' (an account of its own that no register gives it), 'bank', 'related'
        (shareholders, executives, affiliates, guarantors), 'staff', 'vendor', 'institution' (another
        registered one), 'other' (customers among them), 'unknown'.
    unlisted : polars.DataFrame
        The same for accounts that bear the institution's name and stand in no register; ``account_type`` is null.
    """

    accounts: pl.DataFrame
    lines: pl.DataFrame
    unlisted: pl.DataFrame


def ledgers(ctx: Context) -> Ledgers:
    """Accounts and lines of every institution of sector payment or with a registered reserve account.

    Questions are put to all of them at once: institution by institution most of the time goes into asking.
    """
    made: Ledgers = ctx.shared("reserve.ledgers", _make)
    return made


def books(ctx: Context) -> list[Book]:
    """The institutions of `ledgers`, by id."""
    made: list[Book] = ctx.shared("reserve.books", _books)
    return made


def _books(ctx: Context) -> list[Book]:
    accounts = parts(ledgers(ctx).accounts)
    names = dict(ctx.table("mart_institution", ("institution_id", "name")).iter_rows())
    return [Book(iid, names[iid], accounts[iid]) for iid in sorted(accounts)]


def _make(ctx: Context) -> Ledgers:
    accounts = ctx.table(
        "mart_account",
        (
            "account_id", "account_no", "account_type", "institution_id", "holder_id", "holder_name",
            "bank_code", "bank_name", "qualified_reserve_bank",
        ),
    )  # fmt: skip
    firms = ctx.table("mart_institution", ("institution_id", "sector"))
    held = accounts.filter(pl.col("institution_id").is_not_null() & (pl.col("account_type") != "party"))
    reserve = held.filter(pl.col("account_type").is_in(RESERVE_TYPES))["institution_id"].unique()
    firms = firms.filter((pl.col("sector") == "payment") | pl.col("institution_id").is_in(reserve.implode()))
    held = held.join(firms.select("institution_id"), on="institution_id", how="semi").with_columns(
        pl.col("account_type").is_in(RESERVE_TYPES).alias("reserve")
    )
    unlisted = concerned(ctx, _unlisted(accounts, held))
    held = concerned(ctx, held)
    lines = _lines(ctx, pl.concat([held, unlisted.select(held.columns)]))
    lines = told(ctx, lines, "cp_account_id", "mart_account", cp_bank_name="bank_name")
    lines = lines.with_columns(_side(ctx, lines, held, accounts))
    lines = lines.sort("line_no")
    return Ledgers(
        held.select(
            "institution_id", "account_id", "account_no", "account_type", "bank_code", "bank_name",
            pl.col("qualified_reserve_bank").alias("qualified"), "reserve",
        ).sort("institution_id", "account_id"),
        lines.join(unlisted.select("account_id"), on="account_id", how="anti", maintain_order="left"),
        lines.join(unlisted.select("account_id"), on="account_id", how="semi", maintain_order="left"),
    )  # fmt: skip


def _unlisted(accounts: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    """Accounts of the holders of `held` accounts that no register gives to anyone."""
    holders = held.select("institution_id", "holder_id").drop_nulls().unique()
    alone = holders.filter(pl.col("institution_id").n_unique().over("holder_id") == 1)
    # few accounts of the city are theirs: only these are looked at further
    theirs = accounts.filter(pl.col("holder_id").is_in(alone["holder_id"].implode()))
    return (
        theirs.filter(pl.col("institution_id").is_null() & pl.col("account_type").is_null())
        .drop("institution_id")
        .join(alone, on="holder_id")
        .with_columns(reserve=pl.lit(False))
        .sort("account_id")
    )


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


def bank_like(ctx: Context) -> list[int]:
    """Holders that behave as a bank towards its depositors, for where names say nothing.

    They credit accounts of two institutions or more, three accounts or more, all at one bank, and
    mostly on the days interest is settled (20th to 22nd of a month).
    """
    found: list[int] = ctx.city.shared("reserve.bank_like", _bank_like)
    return found


def _bank_like(ctx: Context) -> list[int]:
    ins = ctx.rows(
        "mart_line",
        ("account_id", "booked_on", "cp_holder_id"),
        "direction = 'in' and cp_holder_id in (select cp_holder_id from mart_line where direction = 'in'"
        " group by cp_holder_id having count(distinct account_id) >= 3)",
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
    untold = lines.filter(pl.col("cp_account_id").is_null()).select("line_no")
    other = pl.concat(
        [
            legs.select(line_no="out_line_no", other_id="to_account_id").join(untold, on="line_no"),
            legs.select(line_no="in_line_no", other_id="from_account_id").join(untold, on="line_no"),
        ]
    ).drop_nulls()
    other = other.unique("line_no", keep="first", maintain_order=True)
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
        .when((pl.col("role") == "bank") | pl.col("cp_holder_id").is_in(bank_like(ctx)))
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
