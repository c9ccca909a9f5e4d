"""Loans paid back in falling instalments, and to insiders' accounts instead of the lender's."""

from __future__ import annotations

import polars as pl

from models.typologies._parties import others_on_hand, related
from models.typologies.base import Context

FEWEST = 3
"""Instalments from which they fall by one step."""
STEP_ROOM = 0.02
"""Part of a step by which steps may differ, and what a cent's rounding makes (fen)."""
ROUNDING_FEN = 200
STEP = (0.001, 0.06)
"""Step as a share of the first instalment's principal part: a month's interest on one such part."""
MOST_INTEREST = 0.06
"""Largest share of a loan that a month's interest on it may be."""
MONTH = (24, 38)
"""Days between two instalments."""


def declining(outs: pl.DataFrame, ins: pl.DataFrame) -> pl.DataFrame:
    """Equal parts of a loan paid back by the month, each with the interest on what is still owed.

    Such instalments fall by one and the same step, a month's interest on one part; refunds and trade do not.

    Returns
    -------
    polars.DataFrame
        ``line_no`` (of the loan), ``in_no``; ``falling`` is true; ``above_fen`` is the interest in it.
    """
    who = ["institution_id", "cp_holder_id"]
    loan = outs.sort(*who, "booked_on", "line_no").filter(pl.len().over(who) == 1)
    step = pl.col("in_fen").diff().over(who)
    gap = pl.col("in_on").diff().over(who).dt.total_days()
    paid = (
        loan.select("line_no", *who, "booked_on", "amount_fen")
        .join(ins.select(*who, in_no="line_no", in_on="booked_on", in_fen="amount_fen"), on=who)
        .filter(pl.col("in_on") > pl.col("booked_on"))
        .sort(*who, "in_on", "in_no")
        .with_columns(step=-step, gap=gap)
        .filter(pl.len().over(who) >= FEWEST)
    )
    low, high = pl.col("step").min().over(who), pl.col("step").max().over(who)
    first = pl.col("in_fen").first().over(who)
    months = pl.col("gap").min().over(who) >= MONTH[0], pl.col("gap").max().over(who) <= MONTH[1]
    even = (
        paid.filter((low > 0) & (high - low <= STEP_ROOM * high + ROUNDING_FEN) & months[0] & months[1])
        .with_columns(mean=pl.col("step").mean().over(who), first=first)
        # n parts of the loan, the first with interest on all of it: first = loan / n + n * step
        .with_columns(n=_parts(pl.col("amount_fen"), pl.col("first"), pl.col("mean")))
        .drop_nulls("n")
        .with_columns(part=pl.col("amount_fen") / pl.col("n"))
        .filter((pl.col("mean") / pl.col("part")).is_between(*STEP))
    )
    return even.select(
        "line_no",
        "in_no",
        falling=pl.lit(True),
        above_fen=(pl.col("in_fen") - pl.col("part")).clip(lower_bound=0).round().cast(pl.Int64),
    )


def _parts(loan: pl.Expr, first: pl.Expr, step: pl.Expr) -> pl.Expr:
    """How many equal parts a loan is paid back in, told by the first instalment and the step; null where none fits."""
    # n * n * step - n * first + loan = 0; the smaller root, for the other would be interest beyond the principal
    under = first * first - 4 * step * loan
    n = (first - under.clip(lower_bound=0).sqrt()) / (2 * step)
    whole = n.round()
    fits = (under >= 0) & ((n - whole).abs() <= 0.1) & whole.is_between(2, 60)
    return pl.when(fits).then(whole)


def to_insiders(ctx: Context, outs: pl.DataFrame) -> pl.DataFrame:
    """What payees of own accounts paid to accounts of the institution's related parties that are on hand.

    Returns
    -------
    polars.DataFrame
        Grain: ``institution_id, line_no``; ``account_no``, ``cp_holder_id`` (the payee), ``booked_on``, ``direction``,
        ``amount_fen``.
    """
    who = related(ctx).select("institution_id", "holder_id")
    who = who.join(outs.select("institution_id").unique(), on="institution_id", how="semi")
    accounts = others_on_hand(ctx).join(who, on="holder_id").select("institution_id", "account_id")
    lines = ctx.rows(
        "mart_line",
        ("line_no", "account_id", "account_no", "booked_on", "direction", "amount_fen", "cp_holder_id"),
        "direction = 'in' and account_id in (select key from theirs)",
        theirs=accounts["account_id"],
    )
    # who pays an insider rent or for goods does not pay back all that the institution paid, nor only interest on it
    payee = ["institution_id", "cp_holder_id"]
    payees = outs.group_by(payee).agg(lent_fen=pl.col("amount_fen").sum())
    paid, least = pl.col("amount_fen").sum().over(payee), pl.col("lent_fen") * MOST_INTEREST
    return (
        lines.join(accounts, on="account_id")
        .join(payees, on=payee)
        .filter((paid > pl.col("lent_fen")) | (pl.col("amount_fen").max().over(payee) <= least))
        .drop("lent_fen")
        .sort("institution_id", "line_no")
    )
