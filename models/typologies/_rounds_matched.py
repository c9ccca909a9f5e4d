"""Which lines paid for a round: repayments that fit its amount or the project's terms, and top-ups."""

from __future__ import annotations

import polars as pl

from models.typologies._ledger import clients, controlled_lines, deposits
from models.typologies._rounds_payers import repayments
from models.typologies.base import Context

BEFORE_DAYS = 10
"""Days before a round in which a borrower's repayment is taken to be for it."""
AFTER_DAYS = 1
"""Days after a round in which the repayment may still be booked (T+1 settlement)."""
LIKE = (0.95, 1.5)
"""What an unknown payer's line is of what a round lacks: a borrower pays what clients get, and the lender's margin."""
MARGIN = 0.01
"""Relative gap between a repayment and what clients get of it that the lender's margin of a month or two makes."""
SCHEDULE_SLACK = 0.0006
"""Relative gap between an instalment and what the project's terms ask for (day counts differ)."""


def one_to_one(pairs: pl.DataFrame, *first: str) -> pl.DataFrame:
    """Pair rounds and lines greedily, nearest amount first unless told otherwise; a handful of sweeps suffices.

    Amounts as near as `MARGIN` are as good as each other, and the day decides.
    """
    taken: list[pl.DataFrame] = []
    gap = (pl.col("in_fen") / pl.col("paid_fen")).log().abs()
    rest = pairs.with_columns(gap=gap, far=(gap / MARGIN).floor())
    for _ in range(4):
        best = (
            rest.sort(*(first or ("far", "lag", "gap")), "round_no", "line_no")
            .unique("round_no", keep="first", maintain_order=True)
            .unique("line_no", keep="first", maintain_order=True)
        )
        if best.is_empty():
            break
        taken.append(best)
        rest = rest.join(best, on="round_no", how="anti").join(best, on="line_no", how="anti")
    return pl.concat(taken) if taken else rest


def scheduled(ctx: Context, open_rounds: pl.DataFrame, payers: pl.DataFrame) -> pl.DataFrame:
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
    return one_to_one(pairs)


def unknown_payers(ctx: Context, done: pl.DataFrame, used: pl.DataFrame) -> pl.DataFrame:
    """Rounds for which a payer whom no account tells may have paid: one line as large as what the round lacks.

    Banks that mask or change names leave the borrower unknown; such a line explains nothing, and it leaves open what
    paid the round.

    Parameters
    ----------
    done : polars.DataFrame
        ``round_no``, ``account_id``, ``booked_on``, ``pool_fen``.
    used : polars.DataFrame
        ``line_no`` of lines that paid for another round.

    Returns
    -------
    polars.DataFrame
        ``round_no``; unique.
    """
    known = pl.concat(
        [deposits(ctx).select("line_no"), repayments(ctx).select("line_no"), used.select("line_no")]
    )
    sold_to = clients(ctx).rename({"holder_id": "cp_holder_id"})
    lines = (
        controlled_lines(ctx)
        .filter(
            (pl.col("direction") == "in")
            & pl.col("cp_account_id").is_null()
            & pl.col("cp_basis").is_in(["mask", "name", "none"])
        )
        .join(known, on="line_no", how="anti")
        .join(sold_to, on=["institution_id", "cp_holder_id"], how="anti")
        .select("line_no", "account_id", in_on="booked_on", in_fen="amount_fen")
    )
    near = (
        done.filter(pl.col("pool_fen") > 0)
        .join(lines, on="account_id")
        .filter(
            (pl.col("in_on") >= pl.col("booked_on") - pl.duration(days=BEFORE_DAYS))
            & (pl.col("in_on") <= pl.col("booked_on") + pl.duration(days=AFTER_DAYS))
            & (pl.col("in_fen") / pl.col("pool_fen")).is_between(*LIKE)
        )
        .with_columns(
            paid_fen=pl.col("pool_fen"), lag=(pl.col("booked_on") - pl.col("in_on")).dt.total_days().abs()
        )
    )
    return one_to_one(near).select("round_no").unique()


def fill(need: pl.DataFrame, offered: pl.DataFrame) -> pl.DataFrame:
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


def top_ups(ctx: Context, left: pl.DataFrame, used: pl.DataFrame) -> pl.DataFrame:
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
    exact = one_to_one(
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
    return pl.concat([fill(need, exact), spread]).with_columns(source=pl.lit("topup"))


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
