"""When a holding ended, where the register of subscriptions does not say.

``redeemed_on`` is optional, and an office that never fills it in would make every matured holding look
unpaid. Where an institution's register tells of no redemption to speak of, a holding ended when it
was paid its principal, or when the borrowers of its product had repaid theirs and the money waits for it.
"""

from __future__ import annotations

import polars as pl

from models.typologies._ledger import payouts, subscriptions
from models.typologies._rounds import borrowers, repayments
from models.typologies.base import Context

TOLD_SHARE = 0.05
"""Share of matured holdings with a day of redemption from which a register is taken to tell of it."""
SETTLED_DAYS = 10
"""Days after the term in which a redemption is settled and registered."""
WHOLE = 0.999
"""Share of the principal that is all of it (fees and rounding)."""


def redemptions(ctx: Context) -> pl.DataFrame:
    """Day on which each holding ended.

    Returns
    -------
    polars.DataFrame
        Grain: ``subscription_id``. ``ended_on``: the register's day, else the day the flows show; null while the
        holding is open. Sorted.
    """
    frame: pl.DataFrame = ctx.shared("ended.redemptions", _redemptions)
    return frame


def held(ctx: Context) -> pl.DataFrame:
    """`subscriptions` with ``redeemed_on`` as `redemptions` has it."""

    def make(ctx: Context) -> pl.DataFrame:
        # both have a row for each subscription, in one order
        return subscriptions(ctx).with_columns(redeemed_on=redemptions(ctx)["ended_on"])

    frame: pl.DataFrame = ctx.shared("ended.held", make)
    return frame


def _redemptions(ctx: Context) -> pl.DataFrame:
    held = subscriptions(ctx)
    due = pl.col("subscribed_on") + pl.duration(days=pl.col("term_days") + SETTLED_DAYS)
    silent = (
        held.filter(due <= ctx.as_of)
        .group_by("institution_id")
        .agg(told=pl.col("redeemed_on").is_not_null().mean())
        .filter(pl.col("told") < TOLD_SHARE)
        .select("institution_id")
    )
    quiet = held.join(silent, on="institution_id", how="semi")
    term = pl.col("subscribed_on") + pl.duration(days=pl.col("term_days"))
    stale = held.filter(pl.col("redeemed_on").is_null() & (term <= ctx.as_of))
    stale = stale.join(silent, on="institution_id", how="anti")
    if quiet.is_empty() and stale.is_empty():
        return held.select("subscription_id", ended_on="redeemed_on")
    asked = pl.concat([quiet, stale])
    shown = pl.concat([_paid(ctx, asked), _repaid(ctx, quiet)]).group_by("subscription_id")
    days = shown.agg(shown_on=pl.col("day").min())
    return held.join(days, on="subscription_id", how="left", maintain_order="left").select(
        "subscription_id", ended_on=pl.coalesce("redeemed_on", "shown_on")
    )


def _paid(ctx: Context, held: pl.DataFrame) -> pl.DataFrame:
    """Holdings whose identified payouts came to their principal: ``subscription_id``, ``day``."""
    full = pl.col("kind").is_in(["principal", "both"])
    return (
        payouts(ctx)
        .filter(pl.col("kind") != "interest")
        .select("line_no", "subscription_id", "booked_on", "amount_fen", "kind")
        .join(held.select("subscription_id", held_fen="amount_fen"), on="subscription_id")
        .sort("subscription_id", "booked_on", "line_no")
        .with_columns(so_far=pl.col("amount_fen").cum_sum().over("subscription_id"))
        .filter(full | (pl.col("so_far") >= pl.col("held_fen") * WHOLE))
        .group_by("subscription_id")
        .agg(day=pl.col("booked_on").min())
    )


def _repaid(ctx: Context, held: pl.DataFrame) -> pl.DataFrame:
    """Holdings of products whose borrowers repaid the principal: ``subscription_id``, ``day``."""
    owing = borrowers(ctx).unique(["product_id", "project_id", "holder_id"])
    terms = owing.unique(["holder_id", "project_id", "institution_id"]).sort(
        "institution_id", "holder_id", "due_on", "project_id"
    )
    # a borrower repays the loans in the order they fall due
    terms = terms.with_columns(
        upto=pl.col("principal_fen").cum_sum().over("institution_id", "holder_id")
    ).select("institution_id", "holder_id", "project_id", "upto")
    came = repayments(ctx).sort("institution_id", "holder_id", "in_on", "line_no")
    came = came.with_columns(so_far=pl.col("in_fen").cum_sum().over("institution_id", "holder_id"))
    done = (
        terms.join(came, on=["institution_id", "holder_id"])
        .filter(pl.col("so_far") >= pl.col("upto") * WHOLE)
        .group_by("project_id")
        .agg(day=pl.col("in_on").min())
    )
    links = ctx.table("mart_product_project", ("product_id", "project_id")).unique()
    products = (
        links.join(done, on="project_id", how="left")
        .group_by("product_id")
        .agg(pl.col("day").max(), missing=pl.col("day").null_count())
        .filter(pl.col("missing") == 0)
    )
    return (
        held.select("subscription_id", "product_id", "subscribed_on")
        .join(products, on="product_id")
        .filter(pl.col("day") >= pl.col("subscribed_on"))
        .select("subscription_id", "day")
    )
