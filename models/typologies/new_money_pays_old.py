"""new-money-pays-old: payouts to clients that come from other clients' deposits, not from projects.

A round of payment for which neither the borrowers nor anybody else paid in (`models.typologies._rounds`) was paid
out of the pool. Redemptions that the next product of the same project pays are `maturity-mismatch` and
not counted here again. Confidence: 0.9 where at least half of the uncovered money is in rounds that
nobody covered at all, else 0.7; 0.1 less where the product is covered in other rounds.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import polars as pl

from models.finding import AmountBases, Finding, evidence
from models.typologies._frames import accounts_of, each, first_last, of, people, total
from models.typologies._gaps import FEWEST_BLIND, unchecked
from models.typologies._handed_on_said import handed
from models.typologies._ledger import deposits, payouts
from models.typologies._loss import beyond_loss
from models.typologies._outlook_said import growth, solvency, source_of_payouts
from models.typologies._pool import idle_deposits
from models.typologies._rounds import ROUND, round_lines, rounds
from models.typologies._say import percent, yuan
from models.typologies._turns import rolled_rounds
from models.typologies._unsold_said import takings
from models.typologies.base import Context, Parameter, Typology

TYPOLOGY = Typology(
    code="new-money-pays-old",
    title_zh="借新还旧",
    title_en="Payouts paid with later clients' money",
    clause="二(一)1、三(四)",
    citations=("plan-2016-90", "decree-2016-1-art10"),
    severity="5: a sign of a crime (集资诈骗 or 非法吸收公众存款) once it is a practice.",
    runbook="1. Take the rounds listed, largest first: what had the borrowers repaid by that day?\n"
    "2. Look at the balance of the account before the round: whose deposits were in it?\n"
    "3. Compare with the promised yields and with what the projects earned.\n"
    "4. Ask at once for a freeze on new subscriptions; inform the police if the practice is confirmed.",
    parameters=(
        Parameter(
            "min_amount",
            100_000,
            "yuan",
            "calibrated",
            "unexplained rests of clean institutions stay below 5,000 yuan",
            "payouts out of the pool; fewer where they are much of all payouts",
        ),
        Parameter(
            "min_small",
            20_000,
            "yuan",
            "calibrated",
            "four times the largest unexplained rest of a clean institution",
            "least payouts out of the pool of a small institution",
        ),
        Parameter(
            "small_share",
            0.1,
            "share",
            "calibrated",
            "a tenth of all payouts is no rest",
            "share of the identified payouts from which payouts below `min_amount` count",
        ),
        Parameter(
            "min_share",
            0.01,
            "share",
            "calibrated",
            "unexplained rests of clean institutions stay below one in a thousand",
            "payouts out of the pool over all identified payouts",
        ),
        Parameter(
            "min_product",
            0.2,
            "share",
            "calibrated",
            "products of clean institutions stay below one in twenty; trickles of withdrawals are the rest",
            "share of a product's payouts that must be uncovered for it to count",
        ),
        Parameter(
            "min_round",
            0.3,
            "share",
            "calibrated",
            "a round covered for the most part lacks only what waits in wallets",
            "share of a round that must be uncovered to count",
        ),
    ),
    after=("maturity-mismatch",),
    reach="circle",
)


MOST_MONTHS = 3
"""Months of one product, and at least half of them, that no chance loss of its repayments leaves uncovered."""


def pool_rounds(ctx: Context, least: float, product_share: float) -> pl.DataFrame:
    """Rounds paid out of the pool, without those the next product of the same project paid.

    A product counts when at least a share of all it paid was uncovered: single withdrawals that
    fit a holding by chance are no practice.
    """
    open_rounds = rounds(ctx).join(rolled_rounds(ctx).select(ROUND).unique(), on=ROUND, how="anti")
    bare = (
        open_rounds.group_by("product_id")
        .agg(pl.col("pool_fen").sum(), pl.col("paid_fen").sum())
        .filter(pl.col("pool_fen") >= pl.col("paid_fen") * product_share)
        .select("product_id")
    )
    found = open_rounds.filter(
        (pl.col("pool_fen") > 0) & (pl.col("pool_fen") >= pl.col("paid_fen") * least)
    ).join(bare, on="product_id", how="semi")
    return _a_practice(ctx, found)


def _a_practice(ctx: Context, found: pl.DataFrame) -> pl.DataFrame:
    """Leave out the few rounds a lost line would explain, where no balance shows that lines are lost.

    A product without projects has no repayment that could be lost. Where other statements show that lines are being
    lost, one lost repayment leaves a product's payouts of a month uncovered: only more such months than that count,
    or most months of one product.
    """
    month = ["institution_id", "product_id", pl.col("booked_on").dt.month_start()]
    paid = rounds(ctx).select(month).unique()
    lacking = found.filter(pl.col("projects") > 0).select(month).unique()
    months = paid.group_by("product_id").agg(months=pl.len())
    few = (
        lacking.join(beyond_loss(ctx, lacking, paid), on="institution_id", how="anti")
        .join(months, on="product_id")
        .filter(
            (pl.len().over("product_id") < MOST_MONTHS) | (pl.len().over("product_id") * 2 < pl.col("months"))
        )
    )
    found = found.join(few, on="product_id", how="anti")
    blind = unchecked(ctx).with_columns(blind=pl.lit(True))
    doubtful = pl.col("blind").fill_null(False) & (pl.col("projects") > 0)
    return (
        found.join(blind, on="account_id", how="left")
        .with_columns(_few=doubtful.sum().over("institution_id") < FEWEST_BLIND)
        .filter(~(doubtful & pl.col("_few")))
        .drop("blind", "_few")
    )


def detect(ctx: Context) -> Iterator[Finding]:
    """Yield at most one finding an institution; the amount is what rounds took from the pool."""
    most = ctx.parameter(TYPOLOGY, "min_amount") * 100
    small, small_share = ctx.parameter(TYPOLOGY, "min_small") * 100, ctx.parameter(TYPOLOGY, "small_share")
    share = ctx.parameter(TYPOLOGY, "min_share")
    whole = ctx.parameter(TYPOLOGY, "min_round")
    paid_all = dict(rounds(ctx).group_by("institution_id").agg(pl.col("paid_fen").sum()).iter_rows())
    product_share = ctx.parameter(TYPOLOGY, "min_product")
    for institution, part in each(pool_rounds(ctx, whole, product_share), "institution_id"):
        part = part.filter(pl.col("projects") > 0) if _returns_only(ctx, part) else part
        pooled = total(part, "pool_fen")
        least = min(most, max(small, small_share * paid_all[institution]))
        if pooled < least or pooled < paid_all[institution] * share:
            continue
        paid = of(ctx, round_lines, institution).join(part.select(ROUND), on=ROUND, how="semi")
        late = _late_parts(ctx, institution, part, first_last(paid)[0])
        paid = pl.concat([paid, late.select(paid.columns)])
        amount = pooled + total(late)
        first, last = first_last(paid)
        sources = _sources(ctx, institution, part)
        begun = first_last(sources)[0]
        bare = total(part.filter(pl.col("borrower_fen") + pl.col("topup_fen") == 0), "pool_fen")
        outlook = solvency(ctx, institution) + growth(ctx, institution) + source_of_payouts(ctx, institution)
        yield Finding(
            institution_id=institution,
            typology=TYPOLOGY.code,
            amount_fen=amount,
            severity=5,
            confidence=0.9 if bare * 2 >= amount else 0.7,
            first_on=min(d for d in (first, begun) if d is not None),
            last_on=max(d for d in (last, first_last(sources)[1]) if d is not None),
            clients=people(paid),
            accounts=accounts_of(paid),
            bases=AmountBases(total(sources), max(total(sources) - amount, 0), amount, 0),
            evidence=pl.concat([evidence("payout", paid), evidence("client_deposit", sources)]),
            amount_low_fen=min(bare, amount),
            amount_high_fen=max(amount, total(paid)),
            explanation_zh=f"{people(paid)} 名客户在 {part.height} 次兑付中收到 {yuan(total(paid))} 元,其中 {yuan(amount)} 元既无借款人还款、"
            f"也无他方资金对应,系以其他客户的资金支付,占已识别兑付的 {percent(amount / paid_all[institution])}。{outlook.zh}",
            explanation_en=f"In {part.height} rounds {people(paid)} clients were paid {yuan(total(paid))} yuan; for {yuan(amount)} yuan of "
            f"it neither a borrower nor anybody else had paid in: other clients' money paid, "
            f"{percent(amount / paid_all[institution])} of all identified payouts.{outlook.en}",
            benign=(
                (
                    "还款迟到数日或由风险准备金垫付:已检验;此类资金计入其所属轮次。",
                    "A repayment that arrived a few days late or was advanced from the risk reserve: tested; such money covers its round.",
                ),
                (
                    "提取账户内待提资金:已检验;由该产品此前回款覆盖。",
                    "Withdrawals of money that waited in wallets: tested; earlier repayments of the product cover them.",
                ),
                *outlook.benign,
            ),
        )
    yield from takings(ctx, TYPOLOGY.code)
    yield from handed(ctx, TYPOLOGY.code, most=most, small=small, small_share=small_share, paid=paid_all)


def _late_parts(ctx: Context, institution: str, part: pl.DataFrame, since: dt.date | None) -> pl.DataFrame:
    """Parts of redemptions paid late on products of which most was uncovered.

    They fit no round; the products' borrowers did not pay for the rounds around them either.
    """
    products = (
        of(ctx, rounds, institution)
        .join(part.select("product_id").unique(), on="product_id", how="semi")
        .group_by("product_id")
        .agg(pl.col("pool_fen").sum(), pl.col("paid_fen").sum())
        .filter(pl.col("pool_fen") * 2 >= pl.col("paid_fen"))
        .select("product_id")
    )
    return (
        of(ctx, payouts, institution)
        .filter((pl.col("wide") == 0) & (pl.col("booked_on") >= pl.lit(since)))
        .join(products, on="product_id", how="semi")
        .join(of(ctx, round_lines, institution).select("line_no"), on="line_no", how="anti")
    )


def _returns_only(ctx: Context, part: pl.DataFrame) -> bool:
    """Whether rounds of products with no project merely give back what was paid in, amount for amount."""
    bare = part.filter(pl.col("projects") == 0)
    return bare.height > 0 and bool((bare["kind"] == "principal").all())


def _sources(ctx: Context, institution: str, part: pl.DataFrame) -> pl.DataFrame:
    """Deposits that could pay: money lent to nobody, else later deposits for the same products."""
    idle = of(ctx, idle_deposits, institution)
    if idle.height:
        return idle.select("line_no", "booked_on", "amount_fen")
    own = part.select("product_id").unique()
    return (
        of(ctx, deposits, institution)
        .join(own, on="product_id", how="semi")
        .select("line_no", "booked_on", "amount_fen")
    )
