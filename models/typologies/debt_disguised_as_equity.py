"""`debt-disguised-as-equity` (明股实债): equity investors are paid fixed amounts at fixed intervals.

A product's distributions are seen as the factor *payout over holding*, the same for many holders of
one day. A debt pays the same factor again and again at even intervals, whatever the project earns; a
dividend varies. Confidence grows with the number of equal distributions: 1 - 2**-(n-1), at most 0.98,
the chance that a coin decided each "same as last time".
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import polars as pl

from models.finding import AmountBases, Finding, evidence
from models.typologies._frames import accounts_of, each, first_last, of, people, total
from models.typologies._ledger import CLIENT_LINE, controlled_lines, payouts, subscriptions
from models.typologies._outside import outside_payments, outside_payouts
from models.typologies._say import percent, span, yuan
from models.typologies.base import Context, Parameter, Typology

TYPOLOGY = Typology(
    code="debt-disguised-as-equity",
    title_zh="明股实债",
    title_en="Debt disguised as equity",
    clause="二(二)1",
    citations=("plan-2016-90",),
    severity="4: lending under another name is closed down where it has no licence (五(三)).",
    runbook=(
        "1. Ask for the project's accounts: did it earn what it paid, month by month?\n"
        "2. Read the investment contract for a fixed return or a buy-back at par.\n"
        "3. Compare the dividend resolutions with the dates paid.\n"
        "4. If the return is fixed, the platform lends: hand to the peer-to-peer group as well."
    ),
    parameters=(
        Parameter(
            "max_variation",
            0.05,
            "share",
            "calibrated",
            "companion rules A, 二(二)1: coefficient of variation below 0.05.",
            "Largest coefficient of variation of the factor over the distributions of one product.",
        ),
        Parameter(
            "min_distributions",
            3,
            "distributions",
            "calibrated",
            "Two equal payments happen by chance; three at even intervals are a schedule.",
            "Fewest equal distributions that count as fixed.",
        ),
        Parameter(
            "max_interval_variation",
            0.25,
            "share",
            "calibrated",
            "Monthly payments moved by weekends and holidays stay within 28 to 35 days.",
            "Largest coefficient of variation of the days between distributions.",
        ),
        Parameter(
            "min_buy_back_gap",
            15,
            "days",
            "calibrated",
            "A real exit pays all holders one price on one day; the same rate a year after different times is a formula.",
            "Least difference in days held between buy-backs that show one and the same rate a year.",
        ),
    ),
    reach="circle",
)

RUN_DAYS = 3
"""Days between two payouts of one distribution at most: banks and weekends spread it."""


def detect(ctx: Context) -> Iterable[Finding]:
    """Equity products whose distributions are equal and evenly spaced, or whose buy-backs are par plus a rate."""
    equity = (
        ctx.table("mart_product", ("product_id", "kind"))
        .filter(pl.col("kind") == "equity")
        .select("product_id")
    )
    paid = _paid(ctx).join(equity, on="product_id").sort("line_no")
    dated = _on_first_days(paid)
    fixed = _fixed(ctx, _distributions(dated))
    regular, back = _at_the_factor(dated, fixed), _bought_back(ctx)
    regular = regular.drop("booked_on").join(paid.select("line_no", "booked_on"), on="line_no")
    columns = [
        "line_no",
        "account_id",
        "account_no",
        "institution_id",
        "holder_id",
        "product_id",
        "booked_on",
        "amount_fen",
    ]
    hit = pl.concat([regular.select(columns), back.select(columns)]).unique("line_no").sort("line_no")
    for institution_id, part in each(hit, "institution_id"):
        yield _finding(ctx, institution_id, part, fixed)


def _paid(ctx: Context) -> pl.DataFrame:
    """Payouts of the institution and what issuers and related parties paid its investors themselves."""
    columns = [
        *CLIENT_LINE,
        "subscription_id",
        "product_id",
        "factor",
        "held_fen",
        "principal_fen",
        "interest_fen",
        "kind",
    ]
    return pl.concat([payouts(ctx).select(columns), outside_payouts(ctx).select(columns)])


def _distributions(paid: pl.DataFrame) -> pl.DataFrame:
    """One row a product and day: the holders' common factor and how many share it."""
    return (
        _on_first_days(paid)
        .group_by("product_id", "booked_on")
        .agg(
            pl.col("factor").median(),
            (pl.col("factor") - pl.col("factor").median()).abs().median().alias("spread"),
            pl.col("holder_id").n_unique().alias("holders"),
            pl.col("kind").mode().sort().first(),
            pl.col("interest_fen").sum(),
            pl.col("principal_fen").sum(),
        )
        .sort("product_id", "booked_on")
    )


def _on_first_days(paid: pl.DataFrame) -> pl.DataFrame:
    """Payouts of one product at one factor on neighbouring days, dated on the first of them."""
    one = ["product_id", "_factor"]
    gap = pl.col("booked_on").diff().over(one).dt.total_days().fill_null(RUN_DAYS + 1)
    return (
        paid.with_columns(_factor=(pl.col("factor") * 2_000).round())
        .sort(*one, "booked_on", "line_no")
        .with_columns(_run=(gap > RUN_DAYS).cum_sum().over(one))
        .with_columns(booked_on=pl.col("booked_on").min().over(*one, "_run"))
        .drop("_factor", "_run")
        .sort("line_no")
    )


def _fixed(ctx: Context, rounds: pl.DataFrame) -> pl.DataFrame:
    """Distributions that belong to a fixed schedule, or buy-backs at par plus one rate a year."""
    least = int(ctx.parameter(TYPOLOGY, "min_distributions"))
    interest = rounds.filter((pl.col("factor") < 0.5) & (pl.col("holders") >= 2)).with_columns(
        gap=pl.col("booked_on").diff().over("product_id").dt.total_days()
    )
    schedule = interest.group_by("product_id").agg(
        pl.len().alias("times"),
        (pl.col("factor").std() / pl.col("factor").mean()).alias("variation"),
        (pl.col("gap").std() / pl.col("gap").mean()).fill_null(0.0).alias("interval_variation"),
        pl.col("gap").mean(),
        pl.col("factor").mean(),
    )
    steady = schedule.filter(
        (pl.col("times") >= least)
        & (pl.col("variation") <= ctx.parameter(TYPOLOGY, "max_variation"))
        & (pl.col("interval_variation") <= ctx.parameter(TYPOLOGY, "max_interval_variation"))
    )
    short = schedule.filter((pl.col("times") >= 2) & (pl.col("times") < least)).join(
        steady, on="product_id", how="anti"
    )
    young = pl.concat([_alike(ctx, short).select("product_id", "times"), _like_others(ctx, short, steady)])
    steady = pl.concat([steady.select("product_id", "times"), young.unique("product_id")])
    return (
        rounds.join(steady, on="product_id")
        .join(interest.select("product_id", "booked_on"), on=["product_id", "booked_on"], how="semi")
        .sort("product_id", "booked_on")
    )


def _alike(ctx: Context, schedule: pl.DataFrame) -> pl.DataFrame:
    """Products of one institution paid too few times to show a schedule, but the same share at the same interval.

    One project's two equal dividends are chance; two projects of one platform do not earn the same twice.
    """
    whose = ctx.table("mart_product", ("product_id", "institution_id"))
    equal = schedule.filter(pl.col("variation") <= ctx.parameter(TYPOLOGY, "max_variation"))
    over = [pl.col(c).max().over("institution_id") for c in ("factor", "gap")]
    under = [pl.col(c).min().over("institution_id") for c in ("factor", "gap")]
    slack = ctx.parameter(TYPOLOGY, "max_variation"), ctx.parameter(TYPOLOGY, "max_interval_variation")
    return equal.join(whose, on="product_id").filter(
        (pl.len().over("institution_id") >= 2)
        & (pl.col("gap") >= ctx.parameter(TYPOLOGY, "min_buy_back_gap"))
        & (over[0] <= under[0] * (1 + slack[0]))
        & (over[1] <= under[1] * (1 + slack[1]))
    )


def _like_others(ctx: Context, short: pl.DataFrame, steady: pl.DataFrame) -> pl.DataFrame:
    """Products paid too few times to show a schedule, but by the terms of another of their institution that does."""
    whose = ctx.table("mart_product", ("product_id", "institution_id"))
    terms = steady.join(whose, on="product_id").select("institution_id", fixed="factor", every="gap")
    return (
        short.filter(pl.col("variation") <= ctx.parameter(TYPOLOGY, "max_variation"))
        .join(whose, on="product_id")
        .join(terms, on="institution_id")
        .filter(
            ((pl.col("factor") / pl.col("fixed") - 1).abs() <= ctx.parameter(TYPOLOGY, "max_variation"))
            & (
                (pl.col("gap") / pl.col("every") - 1).abs()
                <= ctx.parameter(TYPOLOGY, "max_interval_variation")
            )
        )
        .select("product_id", "times")
        .unique()
    )


def _at_the_factor(paid: pl.DataFrame, fixed: pl.DataFrame) -> pl.DataFrame:
    """Payouts of the fixed rounds at the round's own factor; others of that day are something else."""
    common = fixed.select("product_id", "booked_on", common="factor")
    slack = pl.max_horizontal(pl.lit(0.0002), 0.6 / pl.col("held_fen"))
    return (
        paid.join(common, on=["product_id", "booked_on"])
        .filter((pl.col("factor") - pl.col("common")).abs() <= slack)
        .drop("common")
    )


def _bought_back(ctx: Context) -> pl.DataFrame:
    """Buy-backs above par at one and the same rate a year after different times held.

    Each holder may be bought back on a day of their own, so no distribution shows it: every payment of
    more than the holding to a holder of an equity product is tried against that holding.
    """
    held = (
        subscriptions(ctx)
        .filter(pl.col("product_kind") == "equity")
        .select(
            "institution_id",
            "holder_id",
            "product_id",
            "subscription_id",
            "subscribed_on",
            held_fen="amount_fen",
        )
        .drop_nulls("holder_id")
    )
    paid = [payouts(ctx).select(CLIENT_LINE), outside_payments(ctx).select(CLIENT_LINE)]
    back = (
        pl.concat(paid)
        .join(held, on=["institution_id", "holder_id"])
        .with_columns(
            factor=pl.col("amount_fen") / pl.col("held_fen"),
            days=(pl.col("booked_on") - pl.col("subscribed_on")).dt.total_days(),
        )
        .filter((pl.col("days") > 0) & pl.col("factor").is_between(1.001, 1.8))
        .with_columns(rate=(pl.col("factor") - 1) * 365 / pl.col("days"))
    )
    formula = (
        back.group_by("product_id")
        .agg(
            pl.len(),
            (pl.col("rate").std() / pl.col("rate").mean()).alias("variation"),
            (pl.col("days").max() - pl.col("days").min()).alias("gap"),
        )
        .filter(
            (pl.col("len") >= int(ctx.parameter(TYPOLOGY, "min_distributions")))
            & (pl.col("variation") <= ctx.parameter(TYPOLOGY, "max_variation"))
            & (pl.col("gap") >= ctx.parameter(TYPOLOGY, "min_buy_back_gap"))
        )
    )
    found = pl.concat([formula.select("product_id"), _one_rate(ctx, back)]).unique()
    return back.join(found, on="product_id", how="semi").unique("line_no").sort("line_no")


def _one_rate(ctx: Context, back: pl.DataFrame) -> pl.DataFrame:
    """Products of one institution that were all bought back at one rate a year (``product_id``).

    One exit pays all holders one price; that two or more unrelated projects come to the same rate is
    a formula. A product counts when at least three holders got the same share of their holding on one day.
    """
    exits = (
        back.group_by("institution_id", "product_id", "booked_on")
        .agg(
            pl.col("rate").median(),
            (pl.col("factor") - pl.col("factor").median()).abs().median().alias("spread"),
            pl.col("holder_id").n_unique().alias("holders"),
        )
        .filter((pl.col("holders") >= 3) & (pl.col("spread") <= 0.0002))
    )
    same = pl.col("rate").max() <= pl.col("rate").min() * (1 + ctx.parameter(TYPOLOGY, "max_variation"))
    return (
        exits.group_by("institution_id")
        .agg(pl.col("product_id").unique(), same=same, many=pl.col("product_id").n_unique())
        .filter(pl.col("same") & (pl.col("many") >= 2))
        .select(pl.col("product_id").explode())
    )


def _finding(ctx: Context, institution_id: str, part: pl.DataFrame, fixed: pl.DataFrame) -> Finding:
    """One finding an institution over its products with fixed payouts."""
    amount, (first, last) = total(part), first_last(part)
    products = part["product_id"].unique().sort()
    mine = fixed.filter(pl.col("product_id").is_in(products.implode()))
    times = int(mine.group_by("product_id").len().select(pl.col("len").min().fill_null(0)).item() or 2)
    holders = people(part)
    source = _source(ctx, institution_id, part)
    gaps = mine.select(pl.col("booked_on").diff().over("product_id").dt.total_days()).to_series().drop_nulls()
    gap = gaps.median() if gaps.len() else None
    rate = mine.select(365 * pl.col("factor").median() / pl.lit(gap)).item() if gap else None
    sold = ctx.table("mart_product", ("product_id", "subscribed_fen"))
    invested = total(sold.filter(pl.col("product_id").is_in(products.implode())), "subscribed_fen")
    return Finding(
        institution_id=institution_id,
        typology=TYPOLOGY.code,
        amount_fen=amount,
        severity=4,
        confidence=round(min(0.98, 1 - 0.5 ** (times - 1)), 4),
        first_on=first,
        last_on=last,
        explanation_zh=(
            f"{span(first, last)},{products.len()} 个股权众筹项目按固定间隔向 {holders} 名投资人支付固定比例的“分红”"
            f"共 {part.height} 笔、{yuan(amount)} 元(折合年化约 {percent(rate)}),各期比例不随项目收益变动。"
        ),
        explanation_en=(
            f"{span(first, last)}: {products.len()} equity projects paid {holders} investors the same share of their holding at "
            f"even intervals, {part.height} payouts of {yuan(amount)} yuan in all (about {percent(rate)} a year), whatever the "
            "projects earned."
        ),
        evidence=pl.concat(
            [
                evidence("fixed_payout", part.select("line_no", "amount_fen")),
                evidence("source_of_payout", source),
                evidence("equity_product", register="products", keys=products.to_list()),
            ]
        ),
        accounts=accounts_of(part),
        clients=holders,
        bases=AmountBases(gross_taken=invested, net_unrepaid=invested, peak_diverted=amount),
        benign=(
            (
                "随收益变动的不定期分红:各轮兑付比例相差不足 5%,间隔均匀。",
                "Irregular dividends that follow income: the share paid varies by less than 5 % over all rounds, at even intervals.",
            ),
            (f"偶然:至少 {times} 轮相等。", f"Chance: at least {times} equal rounds."),
        ),
    )


def _source(ctx: Context, institution_id: str, part: pl.DataFrame) -> pl.DataFrame:
    """In-lines of the very sum of a day's round, from outside, on the day or the three days before it."""
    rounds = part.group_by("account_id", "product_id", "booked_on").agg(pl.col("amount_fen").sum())
    lines = of(ctx, controlled_lines, institution_id).filter(pl.col("direction") == "in")
    near = pl.concat(
        [rounds.with_columns(pl.col("booked_on") - dt.timedelta(days=lag), lag=lag) for lag in range(4)]
    )
    return (
        lines.select("line_no", "account_id", "booked_on", "amount_fen")
        .join(near, on=["account_id", "booked_on", "amount_fen"])
        .sort("product_id", "lag", "line_no")
        .unique("line_no", keep="first", maintain_order=True)
        .select("line_no", "amount_fen")
    )
