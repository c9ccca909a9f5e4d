"""Own money that reaches related parties through one other, which passes nearly all of it on."""

from __future__ import annotations

import polars as pl

from models.typologies._frames import within_days
from models.typologies._ledger import clients
from models.typologies._paths import barriers, edges
from models.typologies.base import Context

PASSED = (0.9, 1.0)
"""Part of a payment that is passed on in one or several payments; trade keeps more."""
DAYS = 10
"""Days in which it is."""
TIMES = 2
"""Payments through one holder from which it stands between; one may be a coincidence of sums."""
MOST_OWN = 0.5
"""Part of what it pays the related party that may come from elsewhere: more is its own dealing with it."""


def through_others(ctx: Context, outs: pl.DataFrame, close: pl.DataFrame, least: int) -> pl.DataFrame:
    """Payments of own accounts that a holder nobody knows passed on to a related party within days.

    Parameters
    ----------
    outs : polars.DataFrame
        Out-lines of own accounts with ``institution_id``, ``line_no``, ``booked_on``, ``amount_fen``, ``cp_holder_id``.
    close : polars.DataFrame
        ``institution_id``, ``holder_id`` of related parties.
    least : int
        Fen from which a payment counts.

    Returns
    -------
    polars.DataFrame
        Grain: ``line_no``. ``holder_id`` (the related party), ``way_no`` (line of the payment on to it). Sorted.
    """
    who = ["institution_id", "holder_id"]
    targets = close.select("institution_id", to_holder_id="holder_id").unique()
    stops = barriers(ctx).select("holder_id")
    moves = (
        edges(ctx)
        .filter(pl.col("amount_fen") >= least)
        .join(targets, on="to_holder_id")
        .join(stops, left_on="from_holder_id", right_on="holder_id", how="anti")
        .select(
            "institution_id",
            "to_holder_id",
            "paid_on",
            "out_fen",
            "transfer_no",
            cp_holder_id="from_holder_id",
            way_no=pl.coalesce("out_line_no", "in_line_no"),
        )
    )
    known = pl.concat([close.select(who), clients(ctx).select(who)], how="vertical_relaxed").unique()
    payer = ["institution_id", "cp_holder_id"]
    moves = moves.join(known.rename({"holder_id": "cp_holder_id"}), on=payer, how="anti")
    given = outs.filter(pl.col("amount_fen") >= least).join(
        moves.select(payer).unique(), on=payer, how="semi"
    )
    given = given.select(*payer, "line_no", "booked_on", "amount_fen")
    pairs = (
        within_days(given, moves, payer, "booked_on", "paid_on", before=0, after=DAYS)
        # each payment on is for the last payment before it
        .sort("booked_on", "line_no", descending=True)
        .unique("transfer_no", keep="first", maintain_order=True)
        .with_columns(share=pl.col("out_fen").sum().over("line_no", "to_holder_id") / pl.col("amount_fen"))
        .filter(pl.col("share").is_between(*PASSED))
    )
    way = ["institution_id", "cp_holder_id", "to_holder_id"]
    every = moves.group_by(way).agg(every_fen=pl.col("out_fen").sum())
    return (
        pairs.join(every, on=way)
        .filter(pl.col("line_no").n_unique().over(way) >= TIMES)
        .filter(pl.col("out_fen").sum().over(way) >= MOST_OWN * pl.col("every_fen"))
        .group_by("line_no")
        .agg(holder_id=pl.col("to_holder_id").min(), way_no=pl.col("way_no").unique().sort())
        .sort("line_no")
    )
