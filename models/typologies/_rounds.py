"""Rounds of payment: what each product paid its holders on a day, and what money paid for it.

A round is everything a product paid its holders on one day (`models.typologies._ledger`). It is
covered, in this order, by

1. the **borrowers** of the product's projects, who paid in shortly before;
2. **top-ups**: money that came into the paying account from the institution's own accounts, its
   risk reserve, a guarantor or another party that is no client;
3. what is left was paid out of the pool, that is with **other clients' money**.

Amounts are integer fen; each in-line covers at most its own amount.
"""

from __future__ import annotations

import polars as pl

from models.typologies._ledger import controlled_lines, deposits, payouts
from models.typologies.base import Context

BEFORE_DAYS = 10
"""Days before a round in which a borrower's repayment is taken to be for it."""
AFTER_DAYS = 1
"""Days after a round in which the repayment may still be booked (T+1 settlement)."""
WHOLE = 0.9
"""Share of the round from which one repayment is tried as the whole of it: wallets take the rest."""
ROUND_SUPPORT = 3
"""Holders that got the same factor on the day; fewer is a withdrawal that fits by chance."""

ROUND = ["institution_id", "product_id", "booked_on"]


def rounds(ctx: Context) -> pl.DataFrame:
    """Rounds of payment with what covers them.

    Returns
    -------
    polars.DataFrame
        Grain: ``institution_id, product_id, booked_on``. ``paid_fen``, ``lines``, ``kind`` (the
        commonest), ``borrower_fen`` (paid in by the product's borrowers), ``topup_fen`` (by
        others that are no clients), ``pool_fen`` (the rest). ``projects`` counts the product's
        registered projects. Sorted by the grain.
    """
    frame: pl.DataFrame = ctx.shared("rounds.rounds", _rounds)
    return frame


def coverage(ctx: Context) -> pl.DataFrame:
    """What line covered what round.

    Returns
    -------
    polars.DataFrame
        Grain: round × ``line_no`` of the paying-in line. ``source`` is ``borrower`` or ``topup``;
        ``amount_fen`` is the part of the line that went into the round.
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
        few = ctx.table("mart_product").select("product_id", "subscriptions")
        return (
            paid.join(few, on="product_id", how="left")
            .filter(
                (pl.col("support") >= ROUND_SUPPORT) | (pl.col("support") >= pl.col("subscriptions") * 0.5)
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
        .group_by(ROUND)
        .agg(
            pl.col("amount_fen").sum().alias("paid_fen"),
            pl.len().alias("lines"),
            pl.col("kind").sort().mode().first(),
            pl.col("account_id").min(),
        )
        .sort(ROUND)
        .with_row_index("round_no")
    )
    payers = borrowers(ctx)
    ins = repayments(ctx)
    products = payers.select("product_id", "holder_id").unique()
    pairs = (
        paid.join(products, on="product_id")
        .join(ins, on=["institution_id", "holder_id"])
        .filter(
            (pl.col("in_on") >= pl.col("booked_on") - pl.duration(days=BEFORE_DAYS))
            & (pl.col("in_on") <= pl.col("booked_on") + pl.duration(days=AFTER_DAYS))
        )
        .with_columns(lag=(pl.col("booked_on") - pl.col("in_on")).dt.total_days().abs())
    )
    taken = _one_to_one(pairs.filter(pl.col("in_fen") >= pl.col("paid_fen") * WHOLE))
    rest = pairs.join(taken, on="round_no", how="anti").join(taken, on="line_no", how="anti")
    rest = rest.sort("line_no", "lag", "round_no").unique("line_no", keep="first", maintain_order=True)
    by_borrower = pl.concat(
        [taken.select("round_no", "line_no", "in_fen"), rest.select("round_no", "line_no", "in_fen")]
    )
    first = _fill(paid.select("round_no", "paid_fen"), by_borrower).with_columns(source=pl.lit("borrower"))
    left = (
        paid.join(first.group_by("round_no").agg(pl.col("amount_fen").sum()), on="round_no", how="left")
        .with_columns(borrower_fen=pl.col("amount_fen").fill_null(0))
        .drop("amount_fen")
        .with_columns(left_fen=pl.col("paid_fen") - pl.col("borrower_fen"))
    )
    second = _top_ups(ctx, left, by_borrower)
    projects = ctx.table("mart_product").select("product_id", "projects")
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
    return done.drop("round_no"), cover.drop("round_no").sort(*ROUND, "line_no")


def borrowers(ctx: Context) -> pl.DataFrame:
    """Products with the holders that borrow under their projects (grain: product × project)."""

    def make(ctx: Context) -> pl.DataFrame:
        return (
            ctx.table("mart_product_project")
            .select("product_id", "project_id")
            .unique()
            .join(ctx.table("mart_project"), on="project_id")
            .select(
                "product_id",
                "project_id",
                "institution_id",
                "principal_fen",
                "annual_rate",
                "started_on",
                "due_on",
                "repayment",
                holder_id="borrower_holder_id",
            )
            .sort("product_id", "project_id")
        )

    frame: pl.DataFrame = ctx.shared("rounds.borrowers", make)
    return frame


def repayments(ctx: Context) -> pl.DataFrame:
    """In-lines on controlled accounts from holders that borrow from the institution.

    Returns
    -------
    polars.DataFrame
        Grain: ``line_no``. ``institution_id``, ``holder_id``, ``in_on``, ``in_fen``. A line that
        paid for a subscription of the same amount is a deposit, not a repayment.
    """

    def make(ctx: Context) -> pl.DataFrame:
        who = borrowers(ctx).select("institution_id", cp_holder_id="holder_id").drop_nulls().unique()
        bought = deposits(ctx).filter(pl.col("match") == "amount").select("line_no")
        return (
            controlled_lines(ctx)
            .filter((pl.col("direction") == "in") & pl.col("cp_type").is_null())
            .join(who, on=["institution_id", "cp_holder_id"], how="semi")
            .join(bought, on="line_no", how="anti")
            .select(
                "line_no", "institution_id", holder_id="cp_holder_id", in_on="booked_on", in_fen="amount_fen"
            )
            .sort("line_no")
        )

    frame: pl.DataFrame = ctx.shared("rounds.repayments", make)
    return frame


def _one_to_one(pairs: pl.DataFrame) -> pl.DataFrame:
    """Pair rounds and lines greedily, nearest amount first; a handful of sweeps suffices."""
    taken: list[pl.DataFrame] = []
    rest = pairs.with_columns(gap=(pl.col("in_fen") / pl.col("paid_fen")).log().abs())
    for _ in range(4):
        best = (
            rest.sort("gap", "lag", "round_no", "line_no")
            .unique("round_no", keep="first", maintain_order=True)
            .unique("line_no", keep="first", maintain_order=True)
        )
        if best.is_empty():
            break
        taken.append(best)
        rest = rest.join(best, on="round_no", how="anti").join(best, on="line_no", how="anti")
    return pl.concat(taken) if taken else rest


def _fill(need: pl.DataFrame, offered: pl.DataFrame) -> pl.DataFrame:
    """Cut the offered lines of each round to what the round needs, in order of line_no."""
    return (
        offered.sort("round_no", "line_no")
        .join(need, on="round_no")
        .with_columns(_before=pl.col("in_fen").cum_sum().over("round_no") - pl.col("in_fen"))
        .with_columns(
            amount_fen=pl.min_horizontal(
                pl.col("in_fen"), (pl.col("paid_fen") - pl.col("_before")).clip(lower_bound=0)
            )
        )
        .filter(pl.col("amount_fen") > 0)
        .select("round_no", "line_no", "amount_fen")
    )


def _top_ups(ctx: Context, left: pl.DataFrame, used: pl.DataFrame) -> pl.DataFrame:
    """Match what rounds still lack with in-lines that are neither deposits nor repayments.

    Both sides are laid end to end in time within each paying account; a top-up may serve rounds
    from `AFTER_DAYS` before it to `BEFORE_DAYS` after it. Rounds and lines of equal amount go first.
    """
    lacking = left.filter(pl.col("left_fen") > pl.col("paid_fen") * 0.02)
    offered = (
        controlled_lines(ctx)
        .filter(pl.col("direction") == "in")
        .join(deposits(ctx).select("line_no"), on="line_no", how="anti")
        .join(used.select("line_no"), on="line_no", how="anti")
        .join(repayments(ctx).select("line_no"), on="line_no", how="anti")
        .select("line_no", "account_id", in_on="booked_on", in_fen="amount_fen")
    )
    near = (
        lacking.join(offered, on="account_id")
        .filter(
            (pl.col("in_on") >= pl.col("booked_on") - pl.duration(days=BEFORE_DAYS))
            & (pl.col("in_on") <= pl.col("booked_on") + pl.duration(days=AFTER_DAYS))
        )
        .with_columns(lag=(pl.col("booked_on") - pl.col("in_on")).dt.total_days().abs())
    )
    exact = _one_to_one(
        near.with_columns(paid_fen=pl.col("left_fen")).filter(
            (pl.col("in_fen") / pl.col("left_fen")).is_between(0.98, 1.02)
        )
    ).select("round_no", "line_no", "in_fen")
    rest = near.join(exact, on="round_no", how="anti").join(exact, on="line_no", how="anti")
    spread = _spread(rest)
    need = left.select("round_no", paid_fen="left_fen")
    return pl.concat([_fill(need, exact), spread]).with_columns(source=pl.lit("topup"))


def _spread(near: pl.DataFrame) -> pl.DataFrame:
    """Lay lines over rounds by interval overlap, account by account and window by window."""
    lines = near.select("account_id", "line_no", "in_on", "in_fen").unique("line_no").sort("account_id", "in_on", "line_no")
    needs = near.select("account_id", "round_no", "booked_on", "left_fen").unique("round_no").sort("account_id", "booked_on", "round_no")
    out: list[dict[str, int]] = []
    for (account,), part in lines.group_by("account_id", maintain_order=True):
        want = needs.filter(pl.col("account_id") == account).rows(named=True)
        open_need = {w["round_no"]: w["left_fen"] for w in want}
        for line in part.rows(named=True):
            has = line["in_fen"]
            for w in want:
                gap = (w["booked_on"] - line["in_on"]).days
                if has and open_need[w["round_no"]] and -AFTER_DAYS <= gap <= BEFORE_DAYS:
                    cut = min(has, open_need[w["round_no"]])
                    out.append({"round_no": w["round_no"], "line_no": line["line_no"], "amount_fen": cut})
                    has -= cut
                    open_need[w["round_no"]] -= cut
    schema = {"round_no": pl.UInt32(), "line_no": pl.Int64(), "amount_fen": pl.Int64()}
    return pl.DataFrame(out, schema=schema)
