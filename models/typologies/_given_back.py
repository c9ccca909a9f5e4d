"""Money that somebody pays into a client account and takes back within days: it was never the clients'."""

from __future__ import annotations

import polars as pl

from models.typologies._ledger import controlled_lines
from models.typologies.base import Context

DAYS = 15
"""Days within which the same sum goes back to whoever paid it in."""


def lent_for_days(ctx: Context, outs: pl.DataFrame) -> pl.DataFrame:
    """Those payments out of client accounts that give the payee back what it had paid in just before, to the fen.

    Parameters
    ----------
    outs : polars.DataFrame
        ``line_no``, ``institution_id``, ``account_id``, ``cp_holder_id``, ``amount_fen``, ``booked_on``.

    Returns
    -------
    polars.DataFrame
        Grain: ``line_no``; each payment in accounts for one. Sorted.
    """
    same = ["institution_id", "account_id", "cp_holder_id", "amount_fen"]
    ins = (
        controlled_lines(ctx)
        .filter(pl.col("direction") == "in")
        .join(outs.select(same).unique(), on=same, how="semi")
        .select(*same, in_no="line_no", in_on="booked_on")
    )
    waited = (pl.col("booked_on") - pl.col("in_on")).dt.total_days()
    return (
        outs.select(*same, "line_no", "booked_on")
        .join(ins, on=same)
        .filter(waited.is_between(0, DAYS))
        .sort("booked_on", "line_no", "in_on", "in_no", descending=[False, False, True, True])
        .unique("line_no", keep="first", maintain_order=True)
        .unique("in_no", keep="first", maintain_order=True)
        .select("line_no")
        .sort("line_no")
    )
