"""`yield-subsidy` (自有资金补贴): own money is topped up into payouts, openly as a bonus or hidden in them.

Confidence: the share of the institution's own transfers into paying accounts, in the months concerned,
that equal a part of a distribution to the fen of rounding, but at least 0.6 and at most 0.97. Three
such equalities do not happen by chance.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from models.finding import AmountBases, Finding, evidence
from models.typologies._bonus import (
    OWN,
    PAYS_CLIENTS,
    group_lines,
    top_ups,
    transfer_lines,
    transfers,
)
from models.typologies._frames import accounts_of, each, first_last, of, people, total
from models.typologies._outlook_said import own_money
from models.typologies._say import span, yuan
from models.typologies.base import Context, Parameter, Typology

TYPOLOGY = Typology(
    code="yield-subsidy",
    title_zh="以自有资金补贴收益",
    title_en="Own money topped up into payouts",
    clause="三(四)",
    citations=("plan-2016-90",),
    severity="2; 3 when the top-ups exceed `grave_yuan` or are hidden in the interest.",
    runbook=(
        "1. Open the transfers from the own account on the days shown and the payouts right after them.\n"
        "2. Ask for the promotion's rules and its budget; compare with what was advertised.\n"
        "3. Work out how long own money lasts at this rate (the finding says it where enough weeks are in view).\n"
        "4. Order the firm to pay only what the projects earn."
    ),
    parameters=(
        Parameter(
            "min_top_ups",
            3,
            "transfers",
            "calibrated",
            "Once or twice is a correction; three equalities with distributions are a practice.",
            "Fewest top-ups that make a finding.",
        ),
        Parameter(
            "voucher_yuan",
            50,
            "yuan",
            "calibrated",
            "Vouchers of 10 to 50 yuan are usual promotions of 2016.",
            "A one-off payment per client up to this is a voucher and clean.",
        ),
        Parameter(
            "grave_yuan",
            50_000,
            "yuan",
            "calibrated",
            "About the monthly interest of 5 million yuan of loans at 12 %.",
            "Top-ups from which the finding is of severity 3.",
        ),
    ),
    reach="circle",
)


def detect(ctx: Context) -> Iterable[Finding]:
    """Own transfers that equal a bonus group or the part of a distribution no borrower paid.

    Notes
    -----
    A top-up for a project whose borrower paid nothing is `self-guarantee`, not this: a borrower's
    payment for the same round is required. One-off vouchers follow no holding, so no group of equal
    factors contains them.
    """
    tied = pl.concat([top_ups(ctx), _direct(ctx)], how="diagonal_relaxed")
    for institution_id, part in each(tied, "institution_id"):
        if part.height < ctx.parameter(TYPOLOGY, "min_top_ups"):
            continue
        yield _finding(ctx, institution_id, part)


def _direct(ctx: Context) -> pl.DataFrame:
    """Bonus groups paid straight from an own account, round after round, to the same product's holders.

    A bonus may come days after the holding was redeemed, so what is paid counts and not what is held that day.
    """
    own = (
        ctx.table("mart_controlled_account")
        .filter(pl.col("account_type").is_in(OWN))
        .select("institution_id", "account_id")
    )
    small = 100 * int(ctx.parameter(TYPOLOGY, "voucher_yuan"))
    paid = (
        group_lines(ctx)
        .join(own, on=["institution_id", "account_id"], how="semi")
        .group_by("institution_id", "product_id", "booked_on", "account_id", "group_no")
        .agg(
            factor=pl.col("amount_fen").sum() / pl.col("held_fen").sum(),
            paid_fen=pl.col("amount_fen").sum(),
            lines=pl.len(),
            holders=pl.col("subscription_id").n_unique(),
        )
        .sort("institution_id", "product_id", "booked_on", "account_id", "group_no")
    )
    return (
        paid.filter((pl.col("holders") >= 5) & (pl.col("factor") < 0.05))
        .with_columns(rounds=pl.col("booked_on").n_unique().over("institution_id", "product_id"))
        .filter((pl.col("rounds") >= 2) | (pl.col("paid_fen") / pl.col("lines") > small))
        .select(
            "institution_id",
            "product_id",
            "booked_on",
            "group_no",
            round_on="booked_on",
            amount_fen="paid_fen",
            to_account_id="account_id",
            form=pl.lit("direct"),
        )
    )


def _finding(ctx: Context, institution_id: str, part: pl.DataFrame) -> Finding:
    amount, (first, last) = total(part), first_last(part)
    lines = subsidised_lines(ctx, part)
    hidden = part.filter(pl.col("form") == "hidden").height
    moved = part.filter(pl.col("form") != "direct")
    all_moves = of(ctx, transfers, institution_id).filter(
        pl.col("from_type").is_in(OWN)
        & pl.col("to_type").is_in(PAYS_CLIENTS)
        & pl.col("booked_on").is_between(first, last)
    )
    share = part.height / max(part.height, all_moves.height)
    grave = amount >= 100 * int(ctx.parameter(TYPOLOGY, "grave_yuan")) or hidden * 2 > part.height
    clients = people(lines)
    outlook = own_money(ctx, institution_id, part)
    way = "混入利息" if hidden * 2 > part.height else "以奖励名义单独发放"
    way_en = "hidden in the interest" if hidden * 2 > part.height else "paid openly beside it"
    return Finding(
        institution_id=institution_id,
        typology=TYPOLOGY.code,
        amount_fen=amount,
        severity=3 if grave else 2,
        confidence=round(min(0.97, max(0.6, share)), 4),
        first_on=first,
        last_on=last,
        explanation_zh=(
            f"{span(first, last)},该机构 {part.height} 次以自有资金共 {yuan(amount)} 元补贴 {part['product_id'].n_unique()} 只产品"
            f"的兑付({way}),金额与当日兑付超出借款人还款的部分逐笔相等,惠及客户 {clients} 人。{outlook.zh}"
        ),
        explanation_en=(
            f"{span(first, last)}: {part.height} times own money, {yuan(amount)} yuan in all, topped up the payouts of "
            f"{part['product_id'].n_unique()} products ({way_en}); each transfer equals what that day's payouts had beyond the "
            f"borrower's payment. {clients} clients received it.{outlook.en}"
        ),
        evidence=pl.concat(
            [
                evidence("own_top_up", transfer_lines(moved)) if moved.height else evidence("own_top_up"),
                evidence("topped_up_payout", lines.select("line_no", "attributed_fen")),
            ]
        ),
        accounts=accounts_of(lines),
        clients=clients,
        bases=AmountBases(gross_taken=amount, net_unrepaid=0, peak_diverted=amount),
        holds_under=(),
        benign=(
            (
                f"不超过 {int(ctx.parameter(TYPOLOGY, 'voucher_yuan'))} 元的一次性红包:这些付款与持有份额成比例且反复发生。",
                f"One-off vouchers up to {int(ctx.parameter(TYPOLOGY, 'voucher_yuan'))} yuan: these payments are in proportion to holdings and recur.",
            ),
            (
                "为逾期借款人垫付:同一轮次借款人自身已付款。",
                "Advance for an overdue borrower: the borrower's own payment for the same round is there.",
            ),
        ),
    )


def subsidised_lines(ctx: Context, part: pl.DataFrame) -> pl.DataFrame:
    """Payout lines of the rounds that were topped up, with the topped-up part of each.

    A bonus group counts whole; where the top-up is hidden, each payout of the product's day carries
    its share of it. Rounded to the fen, the parts may differ from the top-up by a few fen.
    """
    every = pl.concat(
        [group_lines(ctx).clear(), *(of(ctx, group_lines, i) for i in part["institution_id"].unique().sort())]
    )
    bonus = (
        part.filter(pl.col("form") != "hidden")
        .select("product_id", "group_no", booked_on="round_on")
        .join(every, on=["product_id", "booked_on", "group_no"])
        .with_columns(attributed_fen=pl.col("amount_fen"))
    )
    hidden = (
        part.filter(pl.col("form") == "hidden")
        .group_by("product_id", booked_on="round_on")
        .agg(top_fen=pl.col("amount_fen").sum())
        .join(every, on=["product_id", "booked_on"])
        .with_columns(
            attributed_fen=(
                pl.col("amount_fen")
                * pl.col("top_fen")
                / pl.col("amount_fen").sum().over("product_id", "booked_on")
            )
            .round()
            .cast(pl.Int64)
        )
        .drop("top_fen")
    )
    columns = ["line_no", "account_no", "holder_id", "booked_on", "amount_fen", "attributed_fen"]
    return pl.concat([bonus.select(columns), hidden.select(columns)]).unique("line_no").sort("line_no")
