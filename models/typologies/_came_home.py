"""Client money that others give back to the institution's own accounts: fees in name only."""

from __future__ import annotations

import polars as pl

from models.typologies._parties import own_holders
from models.typologies._paths import arrivals
from models.typologies.base import Context

HOME_SHARE = 0.8
"""Part of a payment that must come back; a supplier's refund or a borrower's fee stays below it."""


def came_home(
    ctx: Context,
    starts: pl.DataFrame,
    elsewhere: dict[str, pl.DataFrame],
    *,
    hops: int,
    days: int,
    types: tuple[str, ...] = ("own",),
) -> dict[str, pl.DataFrame]:
    """Payments out of client accounts that reach the institution's own accounts through others.

    Parameters
    ----------
    starts : polars.DataFrame
        As `models.typologies._paths.arrivals` asks.
    elsewhere : dict
        What arrived with others; payments of which some did are no matter here.
    types : tuple of str
        Types of account that count as its own.

    Returns
    -------
    dict
        Institution -> `models.typologies._paths.ARRIVALS` of payments of which at least `HOME_SHARE` came back.
    """
    gone = [pieces.select(line_no="start_no") for pieces in elsewhere.values()]
    starts = starts.join(pl.concat(gone), on="line_no", how="anti") if gone else starts
    homes = own_holders(ctx).select("institution_id", "holder_id")
    homes = homes.join(starts.select("institution_id").unique(), on="institution_id", how="semi")
    tills = (
        ctx.table("mart_controlled_account", ("institution_id", "account_id", "account_type"))
        .filter(pl.col("account_type").is_in(types))
        .select("institution_id", "account_id")
    )
    found = arrivals(ctx, starts, homes, hops=hops, days=days, accounts=tills)
    sent = starts.select(start_no="line_no", sent_fen="amount_fen")
    back = pl.col("amount_fen").sum().over("start_no") >= HOME_SHARE * pl.col("sent_fen")
    kept = {
        institution: pieces.filter(pl.col("hops") > 1)
        .join(sent, on="start_no", maintain_order="left")
        .filter(back)
        .drop("sent_fen")
        for institution, pieces in found.items()
    }
    return {institution: pieces for institution, pieces in kept.items() if pieces.height}
