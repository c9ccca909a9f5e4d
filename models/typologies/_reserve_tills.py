"""Accounts of others that take a payment institution's customers' money in its place.

A card of the controller or of a helper is a till where it has many payers, and either sweeps most of what they
pay to the institution's accounts, or (held by a related party) has the reserve's own customers for payers. A
merchant, who pays the institution fees, has customers of its own and keeps what they pay.
"""

from __future__ import annotations

import polars as pl

from models.typologies._reserve import ledgers
from models.typologies.base import Context

SWEPT_SHARE = 0.5
"""Share of a till's receipts that goes on to the institution: a customer who tops up keeps most of its takings."""
SHARED_PAYERS = 0.5
"""Share of a related party's payers who pay into the reserve as well: of a shop's own customers few do."""
SWEPT_SHARED_PAYERS = 0.25
"""The same for a holder nobody relates to the institution, whose receipts are swept."""
SWEEP_DAYS = 5
"""Fewest days with a payment to the institution of an account nobody relates to it."""
_INSIDERS = ("related", "guarantor", "self", "bank", "employee", "vendor", "institution", "payment_institution", "insurer")  # fmt: skip
_PAIR = ["institution_id", "account_id"]


def till_receipts(ctx: Context, min_payers: int) -> pl.DataFrame:
    """What customers paid into tills.

    Parameters
    ----------
    min_payers : int
        Fewest different payers of a till.

    Returns
    -------
    polars.DataFrame
        Grain: institution × line. ``institution_id``, ``line_no``, ``account_no``, ``booked_on``, ``amount_fen``,
        ``cp_holder_id`` (null where nobody knows the payer); sorted.
    """

    def make(c: Context) -> pl.DataFrame:
        return _made(c, min_payers)

    found: pl.DataFrame = ctx.shared(f"reserve.tills:{min_payers}", make)
    return found


def _candidates(ctx: Context) -> pl.DataFrame:
    """Accounts on hand that no register gives to an institution: of related parties, or that pay the books often."""
    accounts = ctx.table(
        "mart_account", ("account_id", "monitored", "institution_id", "account_type", "holder_id")
    )
    free = accounts.filter(
        pl.col("monitored") & (pl.col("institution_id").is_null() | (pl.col("account_type") == "party"))
    ).select("account_id", "holder_id")
    related = (
        ctx.table("mart_role_all", ("institution_id", "holder_id", "role"))
        .filter(pl.col("role") == "related")
        .join(ledgers(ctx).accounts, on="institution_id", how="semi")
        .select("institution_id", "holder_id")
        .unique()
        .join(free, on="holder_id")
        .select(*_PAIR, related=pl.lit(True))
    )
    supervised = (
        ctx.table("mart_holder_kind", ("holder_id", "role"))
        .filter(pl.col("role").is_in(["bank", "payment_institution", "institution", "insurer", "securities"]))
        .select("holder_id")
    )
    strangers = free.join(supervised, on="holder_id", how="anti").select("account_id")
    sweeps = (
        ledgers(ctx)
        .lines.filter(pl.col("direction") == "in")
        .select("institution_id", "booked_on", account_id="cp_account_id")
        .join(strangers, on="account_id", how="semi")
        .group_by(_PAIR)
        .agg(pl.col("booked_on").n_unique().alias("days"))
        .filter(pl.col("days") >= SWEEP_DAYS)
        .select(*_PAIR, related=pl.lit(False))
    )
    return (
        pl.concat([related, sweeps])
        .sort(*_PAIR, "related", descending=[False, False, True])
        .unique(_PAIR, keep="first", maintain_order=True)
    )


def _made(ctx: Context, min_payers: int) -> pl.DataFrame:
    columns = ["institution_id", "line_no", "account_no", "booked_on", "amount_fen", "cp_holder_id"]
    kinds = (pl.String, pl.Int64, pl.String, pl.Date, pl.Int64, pl.Int32)
    schema = dict(zip(columns, kinds, strict=True))
    tills = _candidates(ctx)
    if tills.is_empty():
        return pl.DataFrame(schema=schema)
    lines = ctx.rows(
        "mart_line",
        ("line_no", "account_id", "account_no", "booked_on", "direction", "amount_fen", "cp_account_id", "cp_holder_id"),
        "account_id in (select key from asked)",
        asked=tills["account_id"].unique().sort(),
    ).join(tills, on="account_id")  # fmt: skip
    insiders = (
        ctx.table("mart_role_all", ("institution_id", "holder_id", "role"))
        .filter(pl.col("role").is_in(_INSIDERS))
        .select("institution_id", cp_holder_id="holder_id")
        .unique()
    )
    ins = lines.filter(pl.col("direction") == "in").join(
        insiders, on=["institution_id", "cp_holder_id"], how="anti"
    )
    own = ledgers(ctx).accounts.select("institution_id", cp_account_id="account_id")
    swept = (
        lines.filter(pl.col("direction") == "out")
        .join(own, on=["institution_id", "cp_account_id"], how="semi")
        .group_by(_PAIR)
        .agg(swept_fen=pl.col("amount_fen").sum())
    )
    customers = (
        ledgers(ctx)
        .lines.filter(pl.col("reserve") & (pl.col("direction") == "in") & (pl.col("side") == "other"))
        .select("institution_id", "cp_holder_id")
        .unique()
    )
    shared = (
        ins.join(customers, on=["institution_id", "cp_holder_id"], how="semi")
        .group_by(_PAIR)
        .agg(shared=pl.col("cp_holder_id").n_unique())
    )
    kept = (
        ins.group_by(*_PAIR, "related")
        .agg(pl.col("cp_holder_id").drop_nulls().n_unique().alias("payers"), pl.col("amount_fen").sum())
        .join(swept, on=_PAIR, how="left")
        .join(shared, on=_PAIR, how="left")
        .with_columns(pl.col("swept_fen", "shared").fill_null(0))
        .filter(pl.col("payers") >= min_payers)
    )
    sweeps = pl.col("swept_fen") >= SWEPT_SHARE * pl.col("amount_fen")
    alike = pl.col("shared") / pl.col("payers")
    tills = kept.filter(
        (pl.col("related") & (sweeps | (alike >= SHARED_PAYERS)))
        | (~pl.col("related") & sweeps & (alike >= SWEPT_SHARED_PAYERS))
    )
    return ins.join(tills.select(_PAIR), on=_PAIR, how="semi").select(columns).cast(schema).sort(columns[:2])  # type: ignore[arg-type]
