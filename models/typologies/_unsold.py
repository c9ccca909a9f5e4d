"""Client money where no register tells the subscriptions: day by day, from who pays in and who is paid.

Which holding a payment is for cannot be said there, so that all of an institution's client accounts are read as one:
clients' deposits, what was paid on to others, what others paid in (repayments, top-ups) and what clients were paid.
Payouts are covered by what others paid in, first; the rest came from deposits. Deposits that were neither paid on nor
paid back lie in a pool.
"""

from __future__ import annotations

import polars as pl

from models.typologies._ledger import clients, controlled_lines, unsold
from models.typologies._parties import related, sectors
from models.typologies.base import Context

LENDERS = ("p2p", "equity_crowdfunding")
"""Sectors whose clients' money is to go to projects; a fund may keep it and invest by other rules."""
TILL_PAYERS = 3
"""Clients who paid into an own account from which it is a client account like the others."""
BACK_DAYS = 45
"""Days in which a client who gets just what was paid in gets the own money back."""
UNKNOWN = 0.1
"""Part of what came in or went out whose other side nobody knows above which nothing is said."""
CLIENTELE = 5
"""Fewest clients who paid in."""
PAID_OUT = 3
MOSTLY = 0.5
"""Payments to a holder that are projects' principals, and their part of all to it, from which it is no client but
stands between (a lender of the institution's, say)."""


def flows(ctx: Context) -> pl.DataFrame:
    """Lines of client accounts of lenders whose subscriptions no register tells, each with its part.

    Returns
    -------
    polars.DataFrame
        Grain: ``line_no``. ``institution_id``, ``account_no``, ``booked_on``, ``amount_fen``, ``holder_id`` (the other
        side), ``part``: ``deposit``, ``payout``, ``refund`` (the same client's sum given back), ``in`` and ``out`` (others). Sorted
        by institution, day and line.
    """
    frame: pl.DataFrame = ctx.shared("unsold.flows", _flows)
    return frame


def _flows(ctx: Context) -> pl.DataFrame:
    lenders = [i for i, s in sectors(ctx).items() if s in LENDERS]
    asked = unsold(ctx).filter(pl.col("institution_id").is_in(lenders))
    who = ["institution_id", "holder_id"]
    # who owns or runs the firm puts money in and draws it as no client does
    persons = clients(ctx).join(related(ctx), on=who, how="anti")
    lines = (
        controlled_lines(ctx)
        .join(asked, on="institution_id", how="semi")
        .filter(pl.col("account_type").is_in(["custody", "own", "other"]))
        .rename({"cp_holder_id": "holder_id"})
        .join(persons.with_columns(client=pl.lit(True)), on=who, how="left")
        .with_columns(pl.col("client").fill_null(False) & pl.col("cp_type").is_null())
    )
    principals = ctx.table("mart_project", ("institution_id", "principal_fen")).unique()
    principals = principals.rename({"principal_fen": "amount_fen"}).with_columns(lent=pl.lit(True))
    between = (
        lines.filter(pl.col("client") & (pl.col("direction") == "out"))
        .join(principals, on=["institution_id", "amount_fen"], how="left")
        .group_by(who)
        .agg(n=pl.col("lent").sum(), share=pl.col("lent").fill_null(False).mean())
        .filter((pl.col("n") >= PAID_OUT) & (pl.col("share") >= MOSTLY))
        .select(*who, between=pl.lit(True))
    )
    lines = lines.join(between, on=who, how="left").with_columns(
        pl.col("client") & ~pl.col("between").fill_null(False)
    )
    came = pl.col("direction") == "in"
    tills = (
        lines.filter(came & pl.col("client"))
        .group_by("account_id")
        .agg(payers=pl.col("holder_id").n_unique())
        .filter(pl.col("payers") >= TILL_PAYERS)
        .select("account_id")
    )
    inside = lines.filter(
        (pl.col("account_type") == "custody") | pl.col("account_id").is_in(tills["account_id"].implode())
    )
    known = inside.select("account_id").unique()
    # what moves between the accounts that are read as one leaves nothing and brings nothing
    inside = inside.join(known, left_on="cp_account_id", right_on="account_id", how="anti")
    blind = pl.col("holder_id").is_null() & pl.col("cp_type").is_null()
    fen = pl.col("amount_fen")
    clear = (
        inside.group_by("institution_id")
        .agg(
            unknown=fen.filter(blind).sum() / fen.sum(),
            payers=pl.col("holder_id").filter(came & pl.col("client")).n_unique(),
        )
        .filter((pl.col("unknown") <= UNKNOWN) & (pl.col("payers") >= CLIENTELE))
        .select("institution_id")
    )
    part = (
        pl.when(pl.col("client"))
        .then(pl.when(came).then(pl.lit("deposit")).otherwise(pl.lit("payout")))
        .otherwise(pl.when(came).then(pl.lit("in")).otherwise(pl.lit("out")))
    )
    told = (
        inside.join(clear, on="institution_id", how="semi")
        .with_columns(part=part)
        .select(*who, "line_no", "account_no", "booked_on", "amount_fen", "part")
    )
    back = _refunds(told)
    return (
        told.join(back.with_columns(back=pl.lit(True)), on="line_no", how="left")
        .with_columns(part=pl.when(pl.col("back").fill_null(False)).then(pl.lit("refund")).otherwise("part"))
        .drop("back")
        .sort("institution_id", "booked_on", "line_no")
    )


def _refunds(told: pl.DataFrame) -> pl.DataFrame:
    """Payouts that are just what the client paid in some weeks before (``line_no``), each deposit once."""
    who = ["institution_id", "holder_id", "amount_fen"]
    paid = told.filter(pl.col("part") == "payout").select(*who, "line_no", "booked_on")
    into = told.filter(pl.col("part") == "deposit").select(*who, into_no="line_no", into_on="booked_on")
    days = (pl.col("booked_on") - pl.col("into_on")).dt.total_days()
    return (
        paid.join(into, on=who)
        .filter(days.is_between(0, BACK_DAYS))
        .sort("booked_on", "line_no", "into_no")
        .unique("into_no", keep="first", maintain_order=True)
        .unique("line_no", keep="first", maintain_order=True)
        .select("line_no")
    )


def daily(part: pl.DataFrame) -> pl.DataFrame:
    """What lay in the pool and what payouts took from it, day by day, of one institution's `flows`.

    Returns
    -------
    polars.DataFrame
        Grain: ``booked_on``, each day from the first. ``taken_fen``: payouts so far beyond what others paid in so far;
        ``pool_fen``: deposits less refunds, less what was paid on, less ``taken_fen``; never below 0.
    """
    fen = pl.col("amount_fen")
    names = ("deposit", "refund", "payout", "in", "out")
    days = (
        part.group_by("booked_on")
        .agg(fen.filter(pl.col("part") == name).sum().alias(name) for name in names)
        .sort("booked_on")
        .upsample("booked_on", every="1d")
        .with_columns(pl.col(names).fill_null(0).cum_sum())
    )
    taken = (pl.col("payout") - pl.col("in")).clip(lower_bound=0).cum_max()
    spare = (pl.col("in") - pl.col("payout")).clip(lower_bound=0)
    # what others paid in and clients did not take may be lent on or kept as a fee: it pays for what went out first
    lent = (pl.col("out") - spare).clip(lower_bound=0)
    pool = (pl.col("deposit") - pl.col("refund") - lent - taken).clip(lower_bound=0)
    return days.select("booked_on", taken_fen=taken, pool_fen=pool)
