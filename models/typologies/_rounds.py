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

from models.typologies._gaps import seen
from models.typologies._ledger import clients, controlled_lines, deposits, payouts, subscriptions
from models.typologies._pool import disbursed
from models.typologies.base import Context

BEFORE_DAYS = 10
"""Days before a round in which a borrower's repayment is taken to be for it."""
AFTER_DAYS = 1
"""Days after a round in which the repayment may still be booked (T+1 settlement)."""
WHOLE = 0.9
"""Share of the round from which one repayment is tried as the whole of it: wallets take the rest."""
ROUND_SUPPORT = 3
"""Holders that got the same factor on the day; fewer is a withdrawal that fits by chance."""

SCHEDULE_SLACK = 0.0006
"""Relative gap between an instalment and what the project's terms ask for (day counts differ)."""
WIDE_SUPPORT = 5
"""Holders of a product that got the same factor on whatever day: redemptions one by one, at one price."""
MAIN_SHARE = 0.3
"""Share of the open holdings from which a round is the product's own and no trickle of withdrawals."""

LACKING = 0.5
"""Share of a whole round that must be uncovered for money repaid earlier to be taken for it."""
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
        .join(_alive_holdings(ctx), on=ROUND, how="left")
        .with_columns(main=(pl.col("holdings") >= pl.col("alive") * MAIN_SHARE).fill_null(False))
        .drop("holdings", "alive")
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
    taken = _one_to_one(pairs.filter(pl.col("in_fen") >= pl.col("paid_fen") * WHOLE)).select(
        "round_no", "product_id", "line_no", "in_fen"
    )
    near = pairs.join(taken, on="round_no", how="anti").join(taken, on="line_no", how="anti")
    near = near.sort("line_no", "lag", "round_no").unique("line_no", keep="first", maintain_order=True)
    taken = pl.concat([taken, near.select(taken.columns)])
    hidden = _scheduled(ctx, paid.join(taken, on="round_no", how="anti"), payers)
    taken = pl.concat([taken, hidden.select(taken.columns)])
    first = _fill(
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
    kept = _kept(paid, ins, products, taken, first)
    left = _laid(left, kept, products).with_columns(borrower_fen=pl.col("paid_fen") - pl.col("left_fen"))
    second = _top_ups(ctx, left, taken)
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
    done = _visible(ctx, done)
    return done.drop("round_no"), cover.drop("round_no").sort(*ROUND, "line_no")


def _visible(ctx: Context, done: pl.DataFrame) -> pl.DataFrame:
    """Take the blame off rounds around which a client account cannot be seen.

    What such a round lacks is moved from ``pool_fen`` to ``unseen_fen``.
    """
    spans = done.with_columns(
        _first=pl.col("booked_on") - pl.duration(days=BEFORE_DAYS),
        _last=pl.col("booked_on") + pl.duration(days=AFTER_DAYS),
    )
    clear = seen(ctx, spans, "_first", "_last", "paid_fen").select("round_no", _clear=pl.lit(True))
    return (
        done.join(clear, on="round_no", how="left")
        .with_columns(unseen_fen=pl.when(pl.col("_clear")).then(0).otherwise(pl.col("pool_fen")))
        .with_columns(pool_fen=pl.col("pool_fen") - pl.col("unseen_fen"))
        .drop("_clear")
        .sort("round_no")
    )


def _alive_holdings(ctx: Context) -> pl.DataFrame:
    """Holdings of the product that were open on a round's day (grain: round)."""
    days = round_lines(ctx).select(ROUND).unique()
    held = subscriptions(ctx).select("product_id", "subscribed_on", "redeemed_on")
    return (
        days.join(held, on="product_id")
        .filter(
            (pl.col("subscribed_on") <= pl.col("booked_on"))
            & (pl.col("redeemed_on").is_null() | (pl.col("redeemed_on") >= pl.col("booked_on")))
        )
        .group_by(ROUND)
        .agg(pl.len().alias("alive"))
    )


def borrowers(ctx: Context) -> pl.DataFrame:
    """Products with the holders that borrow under their projects.

    Returns
    -------
    polars.DataFrame
        Grain: product × project × ``holder_id``. Where the register gives the borrower no account,
        the holder it makes of name and number may differ from the one that banks show; holders of
        the same name that deal with the institution then stand beside it.
    """
    frame: pl.DataFrame = ctx.shared("rounds.borrowers", _borrowers)
    return frame


def _borrowers(ctx: Context) -> pl.DataFrame:
    listed = (
        ctx.table("mart_product_project", ("product_id", "project_id"))
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
            account_id="borrower_account_id",
        )
    )
    names = ctx.table("mart_holder", ("holder_id", "name_key")).drop_nulls()
    seen = (
        controlled_lines(ctx)
        .filter(pl.col("cp_type").is_null())
        .select("institution_id", holder_id="cp_holder_id")
        .drop_nulls()
        .unique()
    )
    absent = listed.join(seen, on=["institution_id", "holder_id"], how="anti")
    unsure = pl.concat([absent, listed.filter(pl.col("account_id").is_null())]).unique()
    twins = (
        unsure.join(names, on="holder_id")
        .drop("holder_id")
        .join(seen.join(names, on="holder_id"), on=["institution_id", "name_key"])
        .select(listed.columns)
    )
    both = pl.concat([listed, twins]).drop("account_id")
    return both.unique().sort("product_id", "project_id", "holder_id")


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


def _one_to_one(pairs: pl.DataFrame, *first: str) -> pl.DataFrame:
    """Pair rounds and lines greedily, nearest amount first unless told otherwise; a handful of sweeps suffices."""
    taken: list[pl.DataFrame] = []
    rest = pairs.with_columns(gap=(pl.col("in_fen") / pl.col("paid_fen")).log().abs())
    for _ in range(4):
        best = (
            rest.sort(*(first or ("gap", "lag")), "round_no", "line_no")
            .unique("round_no", keep="first", maintain_order=True)
            .unique("line_no", keep="first", maintain_order=True)
        )
        if best.is_empty():
            break
        taken.append(best)
        rest = rest.join(best, on="round_no", how="anti").join(best, on="line_no", how="anti")
    return pl.concat(taken) if taken else rest


def _scheduled(ctx: Context, open_rounds: pl.DataFrame, payers: pl.DataFrame) -> pl.DataFrame:
    """Repayments by payers the bank masks: the instalment that the project's own terms ask for.

    A month's interest, principal with it, principal with interest for the term, or the level
    instalment, within `SCHEDULE_SLACK`, on an in-line of a payer nobody knows.
    """
    known = pl.concat([deposits(ctx).select("line_no"), repayments(ctx).select("line_no")])
    holders = (
        ctx.table("mart_holder", ("holder_id", "kind"))
        .filter(pl.col("kind") == "company")["holder_id"]
        .implode()
    )
    close = ctx.table("mart_relation").select("institution_id", cp_holder_id="holder_id").unique()
    lines = (
        controlled_lines(ctx)
        .filter((pl.col("direction") == "in") & pl.col("cp_type").is_null())
        .filter(pl.col("cp_holder_id").is_null() | ~pl.col("cp_holder_id").is_in(holders))
        .join(close, on=["institution_id", "cp_holder_id"], how="anti")
        .join(known, on="line_no", how="anti")
        .select("line_no", "account_id", in_on="booked_on", in_fen="amount_fen")
    )
    terms = payers.drop("holder_id").unique(["product_id", "project_id"])
    month = pl.col("annual_rate") / 12
    days = (pl.col("due_on") - pl.col("started_on")).dt.total_days()
    months = (days / 30.4).round().clip(lower_bound=1)
    principal = pl.col("principal_fen")
    asked = [
        principal * month,
        principal * (1 + month),
        principal * (1 + pl.col("annual_rate") * days / 365),
        principal * month / (1 - (1 + month).pow(-months)),
    ]
    fits = pl.any_horizontal(
        [((pl.col("in_fen") - a).abs() <= a * SCHEDULE_SLACK).fill_null(False) for a in asked]
    )
    pairs = (
        open_rounds.drop("institution_id")
        .join(terms, on="product_id")
        .join(lines, on="account_id")
        .filter(
            (pl.col("in_on") >= pl.col("booked_on") - pl.duration(days=BEFORE_DAYS))
            & (pl.col("in_on") <= pl.col("booked_on") + pl.duration(days=AFTER_DAYS))
            & fits
        )
        .with_columns(lag=(pl.col("booked_on") - pl.col("in_on")).dt.total_days().abs())
    )
    return _one_to_one(pairs)


def _kept(
    paid: pl.DataFrame, ins: pl.DataFrame, products: pl.DataFrame, taken: pl.DataFrame, first: pl.DataFrame
) -> pl.DataFrame:
    """What repayments left over for later rounds and withdrawals of the same product.

    A line that paid for a round stays with that product; one that paid for none goes to the
    borrower's product whose next round is nearest.
    """
    used = first.group_by("line_no").agg(used_fen=pl.col("amount_fen").sum())
    home = taken.select("line_no", "product_id").unique("line_no")
    rest = (
        ins.join(home, on="line_no", how="anti")
        .join(products, on="holder_id")
        .join(paid.select("institution_id", "product_id", "booked_on"), on=["institution_id", "product_id"])
        .with_columns(lag=(pl.col("booked_on") - pl.col("in_on")).dt.total_days())
        .filter(pl.col("lag") >= -AFTER_DAYS)
        .sort("line_no", "lag", "product_id")
        .unique("line_no", keep="first", maintain_order=True)
        .select("line_no", "product_id")
    )
    return (
        ins.join(pl.concat([home, rest]), on="line_no")
        .join(used, on="line_no", how="left")
        .select("product_id", "in_on", "in_fen", kept_fen=pl.col("in_fen") - pl.col("used_fen").fill_null(0))
        .filter(pl.col("kept_fen") > 0)
        .sort("product_id", "in_on", "in_fen")
    )


def _refunds(ctx: Context) -> pl.DataFrame:
    """Lines that give holders of a product that was never lent their own money back, and nothing more.

    A project that found too few lenders is called off within `REFUND_DAYS`: the same clients' money,
    to the fen, and no round of payment (grain: ``line_no``).
    """
    links = ctx.table("mart_product_project").select("product_id", "project_id").unique()
    lent = links.join(disbursed(ctx), on="project_id", how="semi")
    held = subscriptions(ctx).select("subscription_id", "subscribed_on")
    days = (pl.col("booked_on") - pl.col("subscribed_on")).dt.total_days()
    plain = (pl.col("kind") == "principal") & (days <= REFUND_DAYS)
    return (
        round_lines(ctx)
        .join(links, on="product_id", how="semi")
        .join(lent, on="product_id", how="anti")
        .join(held, on="subscription_id", how="left")
        .filter(plain.all().over("product_id"))
        .select("line_no")
    )


def _laid(left: pl.DataFrame, kept: pl.DataFrame, products: pl.DataFrame) -> pl.DataFrame:
    """Take what earlier repayments cover off what rounds lack (``left_fen``).

    Whole rounds draw only on repayments that paid for nothing yet, because repaid money may wait weeks
    for the clients; trickles of withdrawals draw on any rest. First each product's own money, then what
    is left of the same borrower's: one who has several projects repays them in lines nobody labels.
    """
    whole = pl.col("main")
    kept = kept.with_row_index("kept_no").with_columns(fresh=pl.col("kept_fen") == pl.col("in_fen"))
    payer = products.group_by("product_id").agg(payer=pl.col("holder_id").min())
    left = left.join(payer, on="product_id", how="left")
    kept = kept.join(payer, on="product_id", how="left")
    for key in ("product_id", "payer"):
        for rounds_of, money in ((whole, pl.col("fresh")), (~whole, pl.lit(True))):
            lacking = pl.col("left_fen") > pl.when(whole).then(pl.col("paid_fen") * LACKING).otherwise(0)
            need = left.filter(rounds_of & lacking & pl.col(key).is_not_null())
            offered = kept.filter(money & pl.col(key).is_not_null() & (pl.col("kept_fen") > 0))
            later = _later(need, offered, key)
            left = (
                left.join(later, on="round_no", how="left")
                .with_columns(left_fen=pl.col("left_fen") - pl.col("later_fen").fill_null(0))
                .drop("later_fen")
            )
            kept = _spent(kept, offered, need, later, key)
    return left.drop("payer").sort("round_no")


def _spent(
    kept: pl.DataFrame, offered: pl.DataFrame, need: pl.DataFrame, later: pl.DataFrame, key: str
) -> pl.DataFrame:
    """Take what `_later` laid out off the lines it came from, oldest first."""
    used = (
        need.select("round_no", key).join(later, on="round_no").group_by(key).agg(pl.col("later_fen").sum())
    )
    before = pl.col("kept_fen").cum_sum().over(key) - pl.col("kept_fen")
    cut = (
        offered.join(used, on=key)
        .sort(key, "in_on", "kept_no")
        .with_columns(cut=pl.min_horizontal("kept_fen", (pl.col("later_fen") - before).clip(lower_bound=0)))
        .select("kept_no", "cut")
    )
    return (
        kept.join(cut, on="kept_no", how="left")
        .with_columns(kept_fen=pl.col("kept_fen") - pl.col("cut").fill_null(0))
        .drop("cut")
        .sort("kept_no")
    )


def _later(left: pl.DataFrame, kept: pl.DataFrame, key: str) -> pl.DataFrame:
    """Lay what is kept over what rounds lack, key by key and never before it came in.

    With *N* the running need and *A* what came in so far, the running use is
    ``min(N, min over earlier j of (A_j + N - N_j))``: one cumulative minimum, no loop.
    """
    need = left.select(key, "round_no", pl.col("booked_on").alias("_on"), "left_fen")
    come = kept.select(
        key,
        pl.lit(None, pl.UInt32).alias("round_no"),
        (pl.col("in_on") - pl.duration(days=AFTER_DAYS)).alias("_on"),
        pl.lit(0, pl.Int64).alias("left_fen"),
        "kept_fen",
    )
    both = pl.concat([need.with_columns(kept_fen=pl.lit(0, pl.Int64)), come]).sort(
        key, "_on", "kept_fen", "round_no", descending=[False, False, True, False]
    )
    n, a = pl.col("left_fen").cum_sum().over(key), pl.col("kept_fen").cum_sum().over(key)
    return (
        both.with_columns(_n=n, _a=a)
        .with_columns(_gap=(pl.col("_a") - pl.col("_n")).cum_min().over(key).clip(upper_bound=0))
        .with_columns(_used=pl.col("_n") + pl.col("_gap"))
        .with_columns(later_fen=pl.col("_used") - pl.col("_used").shift(1, fill_value=0).over(key))
        .filter(pl.col("round_no").is_not_null())
        .select("round_no", pl.col("later_fen").clip(lower_bound=0))
    )


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
    sold_to = clients(ctx).rename({"holder_id": "cp_holder_id"})
    holders = ctx.table("mart_holder", ("holder_id", "kind")).filter(pl.col("kind") == "company")
    firms = holders["holder_id"].implode()
    offered = (
        controlled_lines(ctx)
        .filter(pl.col("direction") == "in")
        .join(sold_to, on=["institution_id", "cp_holder_id"], how="anti")
        .join(deposits(ctx).select("line_no"), on="line_no", how="anti")
        .join(used.select("line_no"), on="line_no", how="anti")
        .join(repayments(ctx).select("line_no"), on="line_no", how="anti")
        .select(
            "line_no",
            "account_id",
            in_on="booked_on",
            in_fen="amount_fen",
            named=pl.col("cp_type").is_not_null() | pl.col("cp_holder_id").is_in(firms),
        )
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
        ),
        "lag",
        "gap",
    ).select("round_no", "line_no", "in_fen")
    rest = near.filter(pl.col("named"))
    rest = rest.join(exact, on="round_no", how="anti").join(exact, on="line_no", how="anti")
    spread = _spread(rest)
    need = left.select("round_no", paid_fen="left_fen")
    return pl.concat([_fill(need, exact), spread]).with_columns(source=pl.lit("topup"))


def _spread(near: pl.DataFrame) -> pl.DataFrame:
    """Lay lines over rounds by interval overlap, account by account and window by window."""
    lines = (
        near.select("account_id", "line_no", "in_on", "in_fen")
        .unique("line_no")
        .sort("account_id", "in_on", "line_no")
    )
    needs = (
        near.select("account_id", "round_no", "booked_on", "left_fen")
        .unique("round_no")
        .sort("account_id", "booked_on", "round_no")
    )
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
