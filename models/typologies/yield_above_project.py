"""`yield-above-project` (收益高于项目): clients are promised, or paid, more than the projects earn.

Confidence is ``1 - q`` of the finding's most certain product, at most 0.98: *q* is the share of honest
products expected among those found, Benjamini–Hochberg over all products of the week
(`models.yields.conformal`), so a confidence of 0.95 means that 1 in 20 like it would be honest.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from models.finding import AmountBases, Finding, evidence
from models.typologies._bonus import group_lines, groups, round_income, top_ups, transfer_lines
from models.typologies._frames import accounts_of, each, first_last, of, people, total
from models.typologies._outlook_said import source_of_payouts
from models.typologies._say import percent, span, yuan
from models.typologies._yields import FALSE_DISCOVERY_RATE, fitted_as, judged
from models.typologies.base import Context, Parameter, Typology

TYPOLOGY = Typology(
    code="yield-above-project",
    title_zh="向客户承诺或支付高于项目收益的回报",
    title_en="Yield above what the projects earn",
    clause="三(四)",
    citations=("plan-2016-90",),
    severity="3; 4 when the payouts beyond project income exceed `grave_yuan`.",
    runbook=(
        "1. For the three products with the largest excess, lay contract rate, promise and payouts side by side.\n"
        "2. Ask what pays the difference: own money, other clients' money, or income the register does not show.\n"
        "3. Check for late projects that caught up, early exits and vouchers before believing the excess.\n"
        "4. Ask for the plan to end it and its last day."
    ),
    parameters=(
        Parameter(
            "min_excess",
            0.01,
            "rate a year",
            "calibrated",
            "Usual vouchers and rounding of short terms are below a point a year; planted excesses start at three.",
            "Smallest excess over the projects' rate that counts, whatever its significance.",
        ),
        Parameter(
            "grave_yuan",
            1_000_000,
            "yuan",
            "calibrated",
            "Set at the unit threshold of 法释〔2010〕18号 art. 3.",
            "Payouts beyond project income from which the finding is grave.",
        ),
    ),
    reach="circle",
)


def detect(ctx: Context) -> Iterable[Finding]:
    """Products whose promise or payout is beyond what their projects, term and sampling error explain.

    Notes
    -----
    A product is found when its p-value survives the week's false-discovery control *and* its promise or
    its paid yield exceeds the projects' by ``min_excess``. The amount is what its distributions paid
    beyond what the borrowers paid in for them, summed over its rounds; a product that has paid nothing
    beyond yet is shown, with amount 0, when its promise cannot be met.
    """
    least = ctx.parameter(TYPOLOGY, "min_excess")
    found = judged(ctx).with_columns(
        promised_excess=pl.col("promised_yield") - pl.col("project_yield"),
        paid_excess=pl.col("paid_rate") - pl.col("project_rate"),
    )
    sure = FALSE_DISCOVERY_RATE
    promised = (pl.col("promised_excess") > least) & (pl.col("p_promised") <= sure)
    paid = (
        (pl.col("paid_excess") > least)
        & (pl.col("paid_rate_low") - pl.col("project_rate") > least)
        & (pl.col("p_paid") <= sure)
    )
    found = found.filter(pl.col("found") & (promised.fill_null(False) | paid.fill_null(False)))
    beyond = beyond_income(ctx).join(found.select("product_id"), on="product_id", how="semi")
    for institution_id, part in each(found, "institution_id"):
        mine = beyond.filter(pl.col("product_id").is_in(part["product_id"].implode()))
        if mine.height:
            yield _finding(ctx, institution_id, part, mine)


ROOM, LAST_ROOM = 0.005, 0.02
"""What a round may pay beyond the borrower's payment: of the interest paid, and of the interest beside the principal."""


def beyond_income(ctx: Context) -> pl.DataFrame:
    """What each distribution paid beyond the borrowers' payment for it.

    Returns
    -------
    polars.DataFrame
        Grain: ``institution_id, product_id, booked_on``; ``due_fen`` (what the round paid, all
        holders), ``income_fen``, ``beyond_fen`` > 0. Where an own transfer is exactly that part, its
        amount is taken. Rounds without any payment by a borrower are other typologies' business.
    """
    key = ["institution_id", "product_id", "booked_on"]
    tied = (
        top_ups(ctx)
        .group_by("institution_id", "product_id", booked_on="round_on")
        .agg(tied_fen=pl.col("amount_fen").sum())
    )
    # a last payment holds the principal, beside which what a month's interest has too much is little
    interest = pl.when(pl.col("factor") >= 1).then(pl.col("due_fen") * (1 - 1 / pl.col("factor")))
    rounds = (
        groups(ctx)
        .group_by(key)
        .agg(
            pl.col("due_fen").sum(),
            pl.col("paid_fen").sum(),
            last_fen=interest.sum(),
            last=pl.col("factor").max() >= 1,
        )
    )
    least = pl.when("last").then(pl.col("last_fen") * LAST_ROOM).otherwise(pl.col("income_fen") * ROOM)
    return (
        rounds.join(round_income(ctx).rename({"round_on": "booked_on"}), on=key, how="left")
        .join(tied, on=key, how="left")
        .filter(pl.col("income_fen").is_not_null() | pl.col("tied_fen").is_not_null())
        .with_columns(pl.col("income_fen").fill_null(0))
        .with_columns(beyond_fen=pl.coalesce("tied_fen", pl.col("due_fen") - pl.col("income_fen")))
        .filter(pl.col("tied_fen").is_not_null() | (pl.col("beyond_fen") > least))
        .drop("last", "last_fen")
        .sort(key)
    )


def _finding(ctx: Context, institution_id: str, part: pl.DataFrame, beyond: pl.DataFrame) -> Finding:
    amount, (first, last) = total(beyond, "beyond_fen"), first_last(beyond)
    lines = _lines(ctx, institution_id, beyond)
    own = top_ups(ctx).join(
        beyond.select("institution_id", "product_id", round_on="booked_on"),
        on=["institution_id", "product_id", "round_on"],
        how="semi",
    )
    best = part.sort("q_value", "product_id").row(0, named=True)
    promised, earned = part["promised_yield"].mean(), part["project_yield"].mean()
    gap = part.select(pl.max_horizontal("promised_excess", "paid_excess").mean()).item()
    model, products = fitted_as(ctx)
    clients = people(lines)
    outlook = source_of_payouts(ctx, institution_id, _distributions(ctx, part))
    return Finding(
        institution_id=institution_id,
        typology=TYPOLOGY.code,
        amount_fen=amount,
        severity=4 if amount >= 100 * int(ctx.parameter(TYPOLOGY, "grave_yuan")) else 3,
        confidence=round(min(0.98, 1.0 - float(best["q_value"])), 4),
        first_on=first,
        last_on=last,
        explanation_zh=(
            f"{span(first, last)},{part.height} 只产品平均承诺年化 {percent(_number(promised))},其项目平均利率仅 {percent(_number(earned))},"
            f"平均高出 {percent(gap)}(诚实产品中出现此情形的概率不高于 {best['p_value']:.1e},全周错误发现率控制在 "
            f"{percent(FALSE_DISCOVERY_RATE, 0)});{beyond.height} 次兑付中有 {yuan(amount)} 元超出借款人还款,客户 {clients} 人。"
            f"{outlook.zh}"
        ),
        explanation_en=(
            f"{span(first, last)}: {part.height} product(s) promise {percent(_number(promised))} a year on average while their projects "
            f"pay {percent(_number(earned))}, an excess of {percent(gap)} (an honest product shows this with a probability of "
            f"{best['p_value']:.1e} at most; false discoveries held at {percent(FALSE_DISCOVERY_RATE, 0)} over the week's products; model: "
            f"{model}, fitted on {products}). {beyond.height} distributions paid {yuan(amount)} yuan beyond what "
            f"borrowers paid in, to {clients} clients.{outlook.en}"
        ),
        evidence=pl.concat(
            [
                evidence("payout_beyond_income", lines.select("line_no", "attributed_fen")),
                evidence("what_paid_it", transfer_lines(own)) if own.height else evidence("what_paid_it"),
                evidence("product", register="products", keys=part["product_id"].to_list()),
            ]
        ),
        accounts=accounts_of(lines),
        clients=clients,
        bases=AmountBases(gross_taken=total(lines), net_unrepaid=0, peak_diverted=amount),
        benign=(
            (
                "迟付后补足的项目:只比较借款人确已付款的轮次。",
                "Late projects that catch up: only rounds for which the borrower did pay are compared.",
            ),
            (
                f"小额促销:超出部分高于每年 {percent(ctx.parameter(TYPOLOGY, 'min_excess'))}。",
                f"Small promotions: the excess is above {percent(ctx.parameter(TYPOLOGY, 'min_excess'))} a year.",
            ),
            (
                "短期和少量持有人的抽样误差:已计入 p 值的尺度。",
                "Sampling error of short terms and few holders: part of the p-value's scale.",
            ),
        ),
    )


def _distributions(ctx: Context, part: pl.DataFrame) -> pl.DataFrame:
    """What each distribution of the products paid and what their projects paid for it."""
    key = ["institution_id", "product_id", "booked_on"]
    income = round_income(ctx).rename({"round_on": "booked_on"})
    return (
        groups(ctx)
        .join(part.select("product_id"), on="product_id", how="semi")
        .group_by(key)
        .agg(paid_fen=pl.col("due_fen").sum())
        .join(income.select(*key, "income_fen"), on=key, how="left")
        .with_columns(pl.col("income_fen").fill_null(0))
    )


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _lines(ctx: Context, institution_id: str, beyond: pl.DataFrame) -> pl.DataFrame:
    """Payout lines of the rounds, each with its share of what was beyond income.

    Where the round had a separate bonus group of that very sum, only that group's lines are taken.
    """
    tied = top_ups(ctx).filter(pl.col("form") == "bonus")
    bonus = tied.select("product_id", "group_no", booked_on="round_on")
    key = ["product_id", "booked_on"]
    every = of(ctx, group_lines, institution_id).join(beyond.select(*key, "beyond_fen"), on=key)
    apart = every.join(bonus, on=[*key, "group_no"], how="semi")
    mixed = every.join(bonus.select(key), on=key, how="anti")
    share = pl.col("amount_fen") * pl.col("beyond_fen") / pl.col("amount_fen").sum().over(key)
    return (
        pl.concat(
            [
                apart.with_columns(attributed_fen=pl.col("amount_fen")),
                mixed.with_columns(attributed_fen=share.round().cast(pl.Int64)),
            ]
        )
        .unique("line_no")
        .sort("line_no")
    )
