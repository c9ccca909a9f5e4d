"""`yield-above-industry` (收益显著高于行业): the yield is above the industry's beyond its spread.

The level is the industry's average of the product's sector and month of issue. What leaves room is said
and given as a range: the amount takes payouts beyond the *average*; counting only what is beyond the
edge of the usual spread gives the low end, the whole interest the high end. Confidence grows with the
distance from the edge of the spread: ``1 - edge / ratio`` stretched to 0.6–0.97.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from models.finding import AmountBases, Finding, evidence
from models.typologies._frames import accounts_of, each, first_last, parts, people, total
from models.typologies._ledger import payouts
from models.typologies._say import percent, span, yuan
from models.typologies._yields import judged
from models.typologies.base import Context, Parameter, Typology

PROMISING = ("loan", "wealth")
"""Kinds of product that are paid a rate whether or not a register tells it; shares and funds follow their income."""
FEWEST_EACH = 3
"""Holdings with a return of a product that promises nothing from which it counts with the lender's others."""

TYPOLOGY = Typology(
    code="yield-above-industry",
    title_zh="收益明显高于行业平均水平",
    title_en="Yield above the industry's",
    clause="三(四)",
    citations=("plan-2016-90",),
    severity="2; 3 above twice the industry's level or when the payouts beyond it exceed `grave_yuan`.",
    runbook=(
        "1. Compare term, risk and kind with the products the industry average is made of.\n"
        "2. Ask what earns it: read the projects' contracts (see `yield-above-project`).\n"
        "3. Look at the advertisements: is the risk named as openly as the yield?\n"
        "4. Above 24 % a year interest is not protected by law, above 36 % void (法释〔2015〕18号)."
    ),
    parameters=(
        Parameter(
            "max_ratio",
            1.5,
            "times",
            "calibrated",
            "companion rules A, 三(四): offered above 1.5 times the month's reference; the widest clean products stand at 1.3.",
            "Yield over the industry's average from which a product is beyond the spread of ordinary risk and term.",
        ),
        Parameter(
            "min_spreads",
            3,
            "robust standard deviations",
            "calibrated",
            "The spread is that of all the sector's products; three spreads hold 99.8 % of ordinary ones.",
            "Distance from the sector's median ratio that a product must also have.",
        ),
        Parameter(
            "min_holdings",
            10,
            "holdings",
            "calibrated",
            "A paid yield from fewer holdings is sampling error.",
            "Holdings with a return from which the paid yield counts beside the promised one.",
        ),
        Parameter(
            "grave_yuan",
            100_000,
            "yuan",
            "calibrated",
            "Interest beyond the industry's on about 4 million yuan a quarter at twice the level.",
            "Payouts beyond the industry's level from which the severity is 3.",
        ),
    ),
    reach="circle",
)


def detect(ctx: Context) -> Iterable[Finding]:
    """Products whose promised or paid yield stands above the industry's level for month and sector."""
    beyond = _beyond(ctx)
    lines = (
        payouts(ctx)
        .join(beyond.select("product_id", "level", "shown", seller_id="institution_id"), on="product_id")
        .with_columns(
            attributed_fen=(pl.col("interest_fen").fill_null(0) * (1 - pl.col("level") / pl.col("shown")))
            .round()
            .cast(pl.Int64)
        )
        .sort("line_no")
    )
    paid = parts(lines, "seller_id")
    for institution_id, part in each(beyond, "institution_id"):
        mine = paid.get(institution_id, lines.clear())
        if total(mine, "attributed_fen") > 0:
            yield _finding(ctx, institution_id, part, mine)


def _beyond(ctx: Context) -> pl.DataFrame:
    """Products beyond the setting and far from their sector's median, with the yield that shows it.

    Columns of `models.typologies._yields.judged` with ``shown`` (the higher of promised and reliably paid
    yield), ``level`` (the industry's), ``ratio``.
    """
    least = int(ctx.parameter(TYPOLOGY, "min_holdings"))
    edge = ctx.parameter(TYPOLOGY, "max_ratio")
    # a dividend of some months is no yield of a year
    paid_a_rate = pl.col("kind").is_in(PROMISING) | pl.col("promised_yield").is_not_null()
    sure = paid_a_rate & (pl.col("days") >= 60) & (pl.col("paid_rate_low") >= 0.8 * pl.col("paid_rate"))
    silent = pl.col("promised_yield").is_null() & (pl.col("holdings") >= FEWEST_EACH)
    # small loans of one lender that promise nothing are a sample together
    together = pl.col("holdings").filter(silent & sure).sum().over("institution_id") >= least
    reliable = sure & ((pl.col("holdings") >= least) | (silent & together))
    rated = (
        judged(ctx)
        .filter(pl.col("industry_yield") > 0)
        .with_columns(
            level=pl.col("industry_yield"),
            shown=pl.max_horizontal("promised_yield", pl.when(reliable).then(pl.col("paid_rate"))),
        )
        .with_columns(ratio=pl.col("shown") / pl.col("level"))
        .filter(pl.col("ratio").is_not_null())
    )
    centre = pl.col("ratio").median().over("sector")
    spread = 1.4826 * (pl.col("ratio") - centre).abs().median().over("sector")
    far = pl.col("ratio") - centre >= ctx.parameter(TYPOLOGY, "min_spreads") * spread
    return rated.filter((pl.col("ratio") > edge) & far).sort("institution_id", "product_id")


def _finding(ctx: Context, institution_id: str, part: pl.DataFrame, lines: pl.DataFrame) -> Finding:
    amount, (first, last), clients = total(lines, "attributed_fen"), first_last(lines), people(lines)
    edge = ctx.parameter(TYPOLOGY, "max_ratio")
    interest = total(lines, "interest_fen")
    low = int(
        lines.select(
            (pl.col("interest_fen").fill_null(0) * (1 - edge * pl.col("level") / pl.col("shown")))
            .clip(lower_bound=0)
            .sum()
        ).item()
    )
    shown, level, ratio, most = part.select(
        pl.col("shown").mean().alias("a"),
        pl.col("level").mean().alias("b"),
        pl.col("ratio").mean().alias("c"),
        pl.col("ratio").max().alias("d"),
    ).row(0)
    grave = most > 2 or amount >= 100 * ctx.parameter(TYPOLOGY, "grave_yuan")
    return Finding(
        institution_id=institution_id,
        typology=TYPOLOGY.code,
        amount_fen=amount,
        severity=3 if grave else 2,
        confidence=round(min(0.97, 0.6 + 1.5 * (1 - edge / most)), 4),
        first_on=first,
        last_on=last,
        explanation_zh=(
            f"{span(first, last)},{part.height} 只产品平均年化 {percent(shown)},为同期同业平均 {percent(level)} 的 {ratio:.2f} 倍(最高 {most:.2f} 倍),"
            f"超出正常离散;已兑付利息 {yuan(interest)} 元中超出行业平均水平的部分为 {yuan(amount)} 元"
            f"(按超出 {edge:g} 倍计为 {yuan(low)} 元,按全部利息计为 {yuan(interest)} 元),客户 {clients} 人。"
        ),
        explanation_en=(
            f"{span(first, last)}: {part.height} products yield {percent(shown)} on average, {ratio:.2f} times the industry's {percent(level)} "
            f"of their month (up to {most:.2f} times), beyond its spread; of {yuan(interest)} yuan of interest paid, {yuan(amount)} yuan is "
            f"beyond the industry's average ({yuan(low)} beyond {edge:g} times it, {yuan(interest)} in all), to {clients} clients."
        ),
        evidence=pl.concat(
            [
                evidence("payout_beyond_industry", lines.select("line_no", "attributed_fen")),
                evidence("product", register="products", keys=part["product_id"].to_list()),
            ]
        ),
        accounts=accounts_of(lines),
        clients=clients,
        bases=AmountBases(gross_taken=total(lines), net_unrepaid=0, peak_diverted=amount),
        amount_low_fen=low,
        amount_high_fen=interest,
        benign=(
            (
                f"价差范围内公开标示的高风险长期产品:收益率高于行业水平 {edge:g} 倍,任何常规风险等级均达不到。",
                f"A risky, long, openly labelled product within the spread: the yield is above {edge:g} times the level, which no ordinary risk level reaches.",
            ),
            (
                "持有人少或样本短:承诺收益已登记,实付收益须有十笔持有、六十天。",
                "Few holders or short samples: the promised yield is registered, the paid one needs ten holdings and sixty days.",
            ),
        ),
    )
