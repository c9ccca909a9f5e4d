"""Rounds of payment: what each product paid its holders on a day, and what money paid for it.

A round is everything a product paid its holders on one day (`models.typologies._ledger`). It is
covered, in this order, by

1. the **borrowers** of the product's projects, who paid in shortly before;
2. **top-ups**: money that came into the paying account from the institution's own accounts, its
   risk reserve, a guarantor or another party that is no client, and payouts that an own account or the
   risk reserve, which hold no client's deposit, made themselves;
3. what is left was paid out of the pool, that is with **other clients' money**.

Amounts are integer fen; each in-line covers at most its own amount.
"""

from __future__ import annotations

import polars as pl

from models.typologies._failed_raises import failed_raises
from models.typologies._frames import within_days
from models.typologies._gaps import seen
from models.typologies._ledger import deposits, payouts, subscriptions
from models.typologies._open import open_holdings
from models.typologies._pool import disbursed
from models.typologies._rounds_laid import laid, left_over
from models.typologies._rounds_matched import (
    AFTER_DAYS,
    BEFORE_DAYS,
    fill,
    one_to_one,
    scheduled,
    top_ups,
    unknown_payers,
)
from models.typologies._rounds_payers import borrowers, presumed, repayments
from models.typologies._untold import presumed_products, untold_products
from models.typologies.base import Context

__all__ = [
    "AFTER_DAYS",
    "BEFORE_DAYS",
    "ROUND",
    "borrowers",
    "coverage",
    "presumed",
    "repayments",
    "round_lines",
    "rounds",
]

WHOLE = 0.9
"""Share of the round from which one repayment is tried as the whole of it: wallets take the rest."""
ROUND_SUPPORT = 3
"""Holders that got the same factor on the day; fewer is a withdrawal that fits by chance."""
WIDE_SUPPORT = 5
"""Holders of a product that got the same factor on whatever day: redemptions one by one, at one price."""
MAIN_SHARE = 0.3
"""Share of the open holdings from which a round is the product's own and no trickle of withdrawals."""
OWN_MONEY = ("own", "risk_reserve")
"""Types of account whose payouts are the institution's own money, unless clients pay into them."""
TILL_DEPOSITS = 3
"""Subscriptions paid into an own account from which its payouts may be clients' money too."""
UNPAID = 0.9
"""Share of its rounds' money below which all that others paid in must stay before an institution whose projects no
register tells is said to pay out of the pool (calibrated: what lenders pay out was paid in to 98 % and more)."""
REFUND_DAYS = 30
"""Days in which a product that was never lent gives its holders their own money back."""

ROUND = ["institution_id", "product_id", "booked_on"]


def rounds(ctx: Context) -> pl.DataFrame:
    """Rounds of payment with what covers them.

    Returns
    -------
    polars.DataFrame
        Grain: ``institution_id, product_id, booked_on``. ``paid_fen``, ``lines``, ``kind`` (the
        commonest), ``borrower_fen`` (paid in by the product's borrowers), ``topup_fen`` (by
        others that are no clients), ``pool_fen`` (the rest), ``unseen_fen`` (what would be the
        rest, but a client account's statement is missing for these days). ``main`` is false for trickles of
        withdrawals from wallets, which earlier repayments of the product cover. ``projects`` counts the product's
        registered projects. Sorted by the grain.
    """
    frame: pl.DataFrame = ctx.shared("rounds.rounds", _rounds)
    return frame


def coverage(ctx: Context) -> pl.DataFrame:
    """What line covered what round.

    Returns
    -------
    polars.DataFrame
        Grain: round × ``line_no`` of the paying-in line, or of the payout itself where an own account
        made it. ``source`` is ``borrower`` or ``topup``; ``amount_fen`` is the part of the line that went
        into the round.
    """
    frame: pl.DataFrame = ctx.shared("rounds.coverage", lambda c: _covered(c)[1])
    return frame


def round_lines(ctx: Context) -> pl.DataFrame:
    """Payout lines that belong to a round.

    Returns
    -------
    polars.DataFrame
        `payouts` of a product to at least `ROUND_SUPPORT` holders a day at one factor, or to
        all holders of a small product. Grain: ``line_no``.
    """

    def make(ctx: Context) -> pl.DataFrame:
        paid = payouts(ctx).filter(pl.col("product_id").is_not_null())
        few = ctx.table("mart_product", ("product_id", "subscriptions"))
        return (
            paid.join(few, on="product_id", how="left")
            .filter(
                (pl.col("support") >= ROUND_SUPPORT)
                | (pl.col("wide") >= WIDE_SUPPORT)
                | (pl.col("support") >= pl.col("subscriptions") * 0.5)
            )
            .drop("subscriptions")
            .sort("line_no")
        )

    frame: pl.DataFrame = ctx.shared("rounds.lines", make)
    return frame


def _rounds(ctx: Context) -> pl.DataFrame:
    return _covered(ctx)[0]


def _covered(ctx: Context) -> tuple[pl.DataFrame, pl.DataFrame]:
    both: tuple[pl.DataFrame, pl.DataFrame] = ctx.shared("rounds.both", _cover)
    return both


def _cover(ctx: Context) -> tuple[pl.DataFrame, pl.DataFrame]:
    paid = (
        round_lines(ctx)
        .join(_refunds(ctx), on="line_no", how="anti")
        .group_by(ROUND)
        .agg(
            pl.col("amount_fen").sum().alias("paid_fen"),
            pl.len().alias("lines"),
            pl.col("kind").mode().sort().first(),
            pl.col("account_id").min(),
            pl.col("subscription_id").n_unique().alias("holdings"),
        )
        .join(open_holdings(ctx, round_lines(ctx)), on=["product_id", "booked_on"], how="left")
        .with_columns(main=(pl.col("holdings") >= pl.col("open_holdings") * MAIN_SHARE).fill_null(False))
        .drop("holdings", "open_holdings", "open_fen")
        .sort(ROUND)
        .with_row_index("round_no")
    )
    payers = borrowers(ctx)
    ins = repayments(ctx)
    products = payers.select("product_id", "holder_id").unique()
    named = _about(paid.join(products, on="product_id"), ins, ["institution_id", "holder_id"])
    # of products whose projects no register tells, whoever may borrow of the institution
    may = ins.join(presumed(ctx), on=["institution_id", "holder_id"], how="semi")
    untold = paid.join(untold_products(ctx), on="product_id", how="semi")
    pairs = pl.concat([named, _about(untold, may, ["institution_id"]).select(named.columns)])
    taken = one_to_one(pairs.filter(pl.col("in_fen") >= pl.col("paid_fen") * WHOLE)).select(
        "round_no", "product_id", "line_no", "in_fen"
    )
    near = pairs.join(taken, on="round_no", how="anti").join(taken, on="line_no", how="anti")
    near = near.sort("line_no", "lag", "round_no").unique("line_no", keep="first", maintain_order=True)
    taken = pl.concat([taken, near.select(taken.columns)])
    hidden = scheduled(ctx, paid.join(taken, on="round_no", how="anti"), payers)
    taken = pl.concat([taken, hidden.select(taken.columns)])
    first = fill(
        paid.select("round_no", "paid_fen"), taken.select("round_no", "line_no", "in_fen")
    ).with_columns(source=pl.lit("borrower"))
    by_borrower = first.group_by("round_no").agg(pl.col("amount_fen").sum())
    left = (
        paid.join(by_borrower, on="round_no", how="left")
        .with_columns(left_fen=pl.col("paid_fen") - pl.col("amount_fen").fill_null(0))
        .drop("amount_fen")
    )
    masked = hidden.select("line_no", "institution_id", "in_on", "in_fen")
    ins = pl.concat([ins, masked.with_columns(holder_id=pl.lit(None, pl.Int32)).select(ins.columns)])
    # who borrows under what is not known where no register tells it: nothing is laid over then
    told = products.join(untold_products(ctx), on="product_id", how="anti")
    kept = left_over(paid, ins, told, taken, first)
    left = laid(left, kept, told).with_columns(borrower_fen=pl.col("paid_fen") - pl.col("left_fen"))
    straight = _straight(ctx, left)
    served = straight.group_by("round_no").agg(straight_fen=pl.col("amount_fen").sum())
    lacking = (
        left.join(served, on="round_no", how="left")
        .with_columns(left_fen=pl.col("left_fen") - pl.col("straight_fen").fill_null(0))
        .drop("straight_fen")
    )
    second = pl.concat([straight, top_ups(ctx, lacking, taken).select(straight.columns)])
    projects = ctx.table("mart_product", ("product_id", "projects"))
    done = (
        left.join(second.group_by("round_no").agg(pl.col("amount_fen").sum()), on="round_no", how="left")
        .with_columns(topup_fen=pl.col("amount_fen").fill_null(0))
        .with_columns(pool_fen=pl.col("left_fen") - pl.col("topup_fen"))
        .join(projects, on="product_id", how="left")
        .drop("amount_fen", "left_fen")
        .sort("round_no")
    )
    keys = paid.select("round_no", *ROUND)
    cover = pl.concat([first, second.select(first.columns)]).join(keys, on="round_no")
    done = _visible(ctx, done, cover)
    return done.drop("round_no"), cover.drop("round_no").sort(*ROUND, "line_no")


def _about(paid: pl.DataFrame, ins: pl.DataFrame, on: list[str]) -> pl.DataFrame:
    """Rounds beside what came in about then, with the days between (``lag``)."""
    near = within_days(paid, ins, on, "booked_on", "in_on", before=BEFORE_DAYS, after=AFTER_DAYS)
    return near.with_columns(lag=(pl.col("booked_on") - pl.col("in_on")).dt.total_days().abs())


def _straight(ctx: Context, left: pl.DataFrame) -> pl.DataFrame:
    """Payouts of a round that own accounts made themselves, up to what the round lacks (``round_no``, ``line_no``)."""
    tills = (
        deposits(ctx)
        .filter(pl.col("account_type").is_in(OWN_MONEY) & pl.col("subscription_id").is_not_null())
        .filter(pl.len().over("account_id") >= TILL_DEPOSITS)
    )
    paid = (
        round_lines(ctx)
        .filter(pl.col("account_type").is_in(OWN_MONEY))
        .join(tills, on="account_id", how="anti")
        .join(left.select("round_no", *ROUND, "left_fen"), on=ROUND)
        .select("round_no", "line_no", in_fen="amount_fen", paid_fen="left_fen")
    )
    need = paid.select("round_no", "paid_fen").unique()
    return fill(need, paid.drop("paid_fen")).with_columns(source=pl.lit("topup"))


def _visible(ctx: Context, done: pl.DataFrame, used: pl.DataFrame) -> pl.DataFrame:
    """Take the blame off rounds around which a client account, who borrows or who paid in, cannot be seen.

    What such a round lacks is moved from ``pool_fen`` to ``unseen_fen``. Where no register tells the projects, rounds
    count only where all that was paid in by others than clients is less than the institution paid out.
    """
    spans = done.with_columns(
        _first=pl.col("booked_on") - pl.duration(days=BEFORE_DAYS),
        _last=pl.col("booked_on") + pl.duration(days=AFTER_DAYS),
    )
    clear = seen(ctx, spans, "_first", "_last", "paid_fen").select("round_no", _clear=pl.lit(True))
    came = repayments(ctx).group_by("institution_id").agg(came_fen=pl.col("in_fen").sum())
    matched = (
        done.join(came, on="institution_id")
        .filter(pl.col("came_fen") >= UNPAID * pl.col("paid_fen").sum().over("institution_id"))
        .join(untold_products(ctx), on="product_id", how="semi")
    )
    clear = clear.join(matched.select("round_no"), on="round_no", how="anti")
    clear = clear.join(unknown_payers(ctx, done, used), on="round_no", how="anti")
    return (
        done.join(clear, on="round_no", how="left")
        .with_columns(unseen_fen=pl.when(pl.col("_clear")).then(0).otherwise(pl.col("pool_fen")))
        .with_columns(pool_fen=pl.col("pool_fen") - pl.col("unseen_fen"))
        .drop("_clear")
        .sort("round_no")
    )


def _refunds(ctx: Context) -> pl.DataFrame:
    """Lines that give holders of a product that was never lent their own money back, and nothing more.

    A project that found too few lenders is called off within `REFUND_DAYS`, or when its long round is over and all
    that was sold comes back: the same clients' money, to the fen, and no round of payment (grain: ``line_no``). Where
    no register says what project it was, all must have come back.
    """
    links = ctx.table("mart_product_project", ("product_id", "project_id")).unique()
    lent = links.join(disbursed(ctx), on="project_id", how="semi")
    held = subscriptions(ctx).select("subscription_id", "subscribed_on")
    days = (pl.col("booked_on") - pl.col("subscribed_on")).dt.total_days()
    never = links.join(lent, on="product_id", how="anti").select("product_id").unique()
    unlent = pl.concat([never, presumed_products(ctx)]).unique()
    whole = failed_raises(ctx).join(unlent, on="product_id", how="semi").with_columns(whole=pl.lit(True))
    asked = pl.concat([never, whole.select("product_id")]).unique()
    plain = (pl.col("kind") == "principal") & ((days <= REFUND_DAYS) | pl.col("whole").fill_null(False))
    return (
        round_lines(ctx)
        .join(asked, on="product_id", how="semi")
        .join(whole, on="product_id", how="left")
        .join(held, on="subscription_id", how="left")
        .filter(plain.all().over("product_id"))
        .select("line_no")
    )
