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
from models.typologies._bonus_loose import bonuses, handed_on, lumps, till_keepers
from models.typologies._frames import accounts_of, first_last, of, people, total
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
    after=("offline-marketing", "self-guarantee"),
    reach="circle",
)


def detect(ctx: Context) -> Iterable[Finding]:
    """Own transfers that equal a bonus group or the part of a distribution no borrower paid.

    Notes
    -----
    A top-up for a project whose borrower paid nothing is `self-guarantee`, not this: a borrower's
    payment for the same round is required. One-off vouchers follow no holding, so no group of equal
    factors contains them; payments that follow none either count where much of the clientele gets them again
    and again (`models.typologies._bonus_loose`). Commissions are `offline-marketing`,
    payouts of overdue principal `self-guarantee`.
    """
    tied = pl.concat([top_ups(ctx), _direct(ctx)], how="diagonal_relaxed")
    moved, paid = _loose(ctx)
    concerned = pl.concat([f.select("institution_id") for f in (tied, moved, paid)]).unique()
    for institution_id in concerned["institution_id"].sort():
        part, more, straight = (
            f.filter(pl.col("institution_id") == institution_id) for f in (tied, moved, paid)
        )
        if part.height + more.height < ctx.parameter(TYPOLOGY, "min_top_ups"):
            part = part.clear()
        if part.height or more.height or straight.height:
            yield _finding(ctx, institution_id, part, more, straight)


def _loose(ctx: Context) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Top-ups that no one distribution tells: transfers of own money, and payouts that show whom it reached.

    The transfers have the columns of `transfers` and ``form`` (``handed`` or ``lump``); the payouts ``line_no``,
    ``institution_id``, ``account_no``, ``holder_id``, ``booked_on``, ``amount_fen``, ``attributed_fen`` and
    ``form`` (``straight`` where an own account made them).
    """
    least = ctx.parameter(TYPOLOGY, "min_top_ups")
    voucher = 100 * int(ctx.parameter(TYPOLOGY, "voucher_yuan"))
    same = ["line_no", "institution_id", "account_no", "holder_id", "booked_on", "amount_fen"]
    claimed = [
        line
        for code in TYPOLOGY.after
        for finding in ctx.findings.get(code, [])
        for line in finding.evidence["line_no"].drop_nulls().to_list()
    ]
    straight = bonuses(ctx, voucher).filter(~pl.col("line_no").is_in(claimed))
    handed = handed_on(ctx, voucher).filter(~pl.col("line_no").is_in(claimed))
    handed = handed.filter(pl.col("transfer_no").n_unique().over("institution_id") >= least)
    lumped, served = lumps(ctx, voucher)
    once = transfers(ctx).join(handed, on="transfer_no", how="semi")
    moved = pl.concat(
        [once.with_columns(form=pl.lit("handed")), lumped.with_columns(form=pl.lit("lump"))], how="diagonal"
    )
    paid = [
        straight.select(*same, attributed_fen="amount_fen", form=pl.lit("straight")),
        handed.rename({"paid_fen": "amount_fen"}).select(
            *same, attributed_fen="amount_fen", form=pl.lit("handed")
        ),
        served.select(*same, "attributed_fen", form=pl.lit("lump")),
    ]
    return moved, pl.concat(paid, how="vertical_relaxed")


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
        .join(till_keepers(ctx), on="institution_id", how="anti")
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


def _finding(
    ctx: Context, institution_id: str, part: pl.DataFrame, more: pl.DataFrame, paid: pl.DataFrame
) -> Finding:
    lines = subsidised_lines(ctx, part)
    paid = paid.join(lines, on="line_no", how="anti")
    straight = paid.filter(pl.col("form") == "straight")
    counted = pl.concat([f.select("booked_on", "amount_fen") for f in (part, more, straight)])
    amount, (first, last) = total(counted), first_last(counted)
    hidden = part.filter(pl.col("form") == "hidden").height + more.filter(pl.col("form") == "lump").height
    times = part.height + more.height + straight.height
    lines = pl.concat([lines, paid.select(lines.columns)], how="vertical_relaxed").sort("line_no")
    moved = pl.concat([part.filter(pl.col("form") != "direct"), more], how="diagonal_relaxed")
    all_moves = of(ctx, transfers, institution_id).filter(
        pl.col("from_type").is_in(OWN)
        & pl.col("to_type").is_in(PAYS_CLIENTS)
        & pl.col("booked_on").is_between(first, last)
    )
    share = times / max(times, all_moves.height + straight.height)
    grave = amount >= 100 * int(ctx.parameter(TYPOLOGY, "grave_yuan")) or hidden * 2 > times
    clients = people(lines)
    outlook = own_money(ctx, institution_id, counted)
    way = "混入利息" if hidden * 2 > times else "以奖励名义单独发放"
    way_en = "hidden in the interest" if hidden * 2 > times else "paid openly beside it"
    how = _how(part, more, straight)
    return Finding(
        institution_id=institution_id,
        typology=TYPOLOGY.code,
        amount_fen=amount,
        severity=3 if grave else 2,
        confidence=round(min(0.97, max(0.6, share)), 4),
        first_on=first,
        last_on=last,
        explanation_zh=(
            f"{span(first, last)},该机构 {times} 次以自有资金共 {yuan(amount)} 元补贴客户收益({way}),惠及客户 {clients} 人:"
            f"{'、'.join(zh for zh, _ in how)}。{outlook.zh}"
        ),
        explanation_en=(
            f"{span(first, last)}: {times} times own money, {yuan(amount)} yuan in all, topped up the payouts of "
            f"{clients} clients ({way_en}): {'; '.join(en for _, en in how)}.{outlook.en}"
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


def _how(part: pl.DataFrame, more: pl.DataFrame, straight: pl.DataFrame) -> list[tuple[str, str]]:
    """Say how each kind of top-up is known, in Chinese and in English."""
    handed, lumped = (more.filter(pl.col("form") == form) for form in ("handed", "lump"))
    kinds = (
        (
            part,
            f"{part['product_id'].n_unique()} 只产品的兑付中,{yuan(total(part))} 元与当日兑付超出借款人还款的部分逐笔相等",
            f"{yuan(total(part))} yuan equal, one by one, what a day's payouts of {part['product_id'].n_unique()} products had "
            "beyond the borrower's payment",
        ),
        (
            lumped,
            f"{lumped.height} 笔划款共 {yuan(total(lumped))} 元,合计与同期各产品兑付超出借款人还款的部分相符",
            f"{lumped.height} lumps of {yuan(total(lumped))} yuan together are what the payouts of all products had beyond "
            "their borrowers' payments at the time",
        ),
        (
            handed,
            f"{handed.height} 笔划款共 {yuan(total(handed))} 元当日即分给客户,与借款人还款无关",
            f"{handed.height} transfers of {yuan(total(handed))} yuan were handed on to clients the same day, beside what borrowers paid",
        ),
        (
            straight,
            f"自有账户直接向客户反复付款 {straight.height} 笔共 {yuan(total(straight))} 元,均不足其持有本金的二十分之一",
            f"own accounts paid clients {straight.height} times directly, {yuan(total(straight))} yuan, each below a twentieth of "
            "what they hold",
        ),
    )
    return [(zh, en) for frame, zh, en in kinds if frame.height]


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
