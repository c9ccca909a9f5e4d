"""The yield question, answered once for all products of the week.

Every product gets its promised and its paid yield, its projects' return, what the models expect of it
and how rarely an honest product would look like it. `yield-above-project` and `yield-above-industry`
read this frame.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from models.typologies._ledger import payouts
from models.typologies.base import Context
from models.yields.conformal import benjamini_hochberg, reference
from models.yields.expectation import FEATURES, PRIOR_MARGIN, REPAYMENTS, SECTORS, Expectation, fit
from models.yields.returns import LEAST_SHARE, effective, holding_returns, product_returns, project_returns

FALSE_DISCOVERY_RATE = 0.01
"""Expected share of honest products among those said to pay too much, over all products of the week."""

PRIOR_MARGIN_SPREAD = 0.004
"""Spread of the promised margin before own data speak: platforms' published fees of 2015–16 lie between
half a point and two points a year."""


def judged(ctx: Context) -> pl.DataFrame:
    """All products with what they promise, pay and should pay.

    Returns
    -------
    polars.DataFrame
        Grain: ``product_id``, sorted. Rates are effective annual fractions unless said otherwise:
        ``promised_yield`` (as registered, nominal), ``promised_rate``, ``paid_rate`` (null = cannot be
        said), ``holdings``; ``project_yield`` (nominal, weighted), ``project_rate``, ``projects``;
        ``expected_rate``, ``upper_rate`` (an honest product stays below with 99 %), ``p_paid``,
        ``p_promised``, ``p_value`` (the two together, Bonferroni), ``q_value`` and ``found``
        (Benjamini–Hochberg over the week); ``industry_yield`` (nominal, of the month of issue),
        ``industry_ratio``.
    """
    frame: pl.DataFrame = ctx.city.shared("yields.judged", _judged)
    return frame


def expectation(ctx: Context) -> Expectation:
    """The week's fitted expectation (see `models.yields.expectation`)."""
    model: Expectation = ctx.city.shared("yields.expectation", _fitted)
    return model


def fitted_as(ctx: Context) -> tuple[str, int]:
    """The candidate that the week's expectation kept, and the number of products it was fitted on."""
    told: tuple[str, int] = ctx.city.shared("yields.fitted_as", _fitted_as)
    return told


def _fitted_as(ctx: Context) -> tuple[str, int]:
    model = expectation(ctx)
    return model.name, model.fitted_on


def products(ctx: Context) -> pl.DataFrame:
    """Products with promised and paid yield and their projects' terms; the models' raw material."""
    frame: pl.DataFrame = ctx.shared("yields.products", _products)
    return frame


def _begin(city: Context) -> dt.date:
    """First day of any institution's statement."""
    begun = city.table("mart_controlled_account", ("account_id",)).join(
        city.table("mart_account", ("account_id", "first_on")), on="account_id"
    )
    first = begun["first_on"].min()
    return first if isinstance(first, dt.date) else city.as_of


def _products(ctx: Context) -> pl.DataFrame:
    seen_from: dt.date = ctx.city.shared("yields.begin", _begin)
    # holdings are numbered: their ids would be compared over and over
    held = (
        ctx.table(
            "mart_subscription",
            ("subscription_id", "product_id", "amount_fen", "subscribed_on", "redeemed_on"),
        )
        .sort("subscription_id")
        .with_row_index("holding_no")
    )
    paid = (
        payouts(ctx, ("subscription_id", "booked_on", "amount_fen", "kind"))
        .join(held.select("subscription_id", "holding_no"), on="subscription_id")
        .drop("subscription_id")
        .rename({"holding_no": "subscription_id"})
    )
    held = held.drop("subscription_id").rename({"holding_no": "subscription_id"})
    sold = held.group_by("product_id").agg(pl.len().alias("sold"))
    rates = ("paid_rate", "paid_rate_low", "paid_rate_high")
    returns = (
        product_returns(holding_returns(held, paid, seen_from))
        .join(sold, on="product_id")
        .with_columns(
            pl.when(pl.col("holdings") >= LEAST_SHARE * pl.col("sold")).then(pl.col(c)).alias(c)
            for c in rates
        )
        .drop("sold")
    )
    return (
        ctx.table(
            "mart_product",
            (
                "product_id",
                "institution_id",
                "kind",
                "promised_yield",
                "term_days",
                "issued_on",
                "risk_level",
            ),
        )
        .join(
            ctx.table("mart_institution").select("institution_id", "sector"), on="institution_id", how="left"
        )
        .join(_behind(ctx), on="product_id", how="left")
        .join(returns, on="product_id", how="left")
        .join(industry_levels(ctx), on="product_id", how="left")
        .with_columns(
            promised_rate=effective(pl.col("promised_yield"), pl.col("term_days"), pl.col("repayment")),
            industry_ratio=pl.col("promised_yield") / pl.col("industry_yield"),
        )
        .sort("product_id")
    )


def _behind(ctx: Context) -> pl.DataFrame:
    """Projects behind each product, weighted by the money the product put into them."""
    lines = ctx.table("mart_project_line", ("project_id", "line_no", "kind", "amount_fen", "booked_on"))
    projects = ctx.table(
        "mart_project", ("project_id", "annual_rate", "repayment", "principal_fen", "started_on", "due_on")
    )
    rates = project_returns(projects, lines)
    terms = projects.select("project_id", "annual_rate", "repayment", "principal_fen")
    links = ctx.table("mart_product_project", ("product_id", "project_id", "amount"))
    weight = pl.coalesce((pl.col("amount") * 100).cast(pl.Float64), pl.col("principal_fen").cast(pl.Float64))
    each = links.join(terms, on="project_id").join(rates, on="project_id").with_columns(weight=weight)

    def mean(column: str) -> pl.Expr:
        value = pl.col(column)
        known = value.is_not_null()
        return (
            ((value * pl.col("weight")).sum() / pl.col("weight").filter(known).sum())
            .fill_nan(None)
            .alias(column)
        )

    return (
        each.group_by("product_id")
        .agg(
            mean("annual_rate"),
            mean("contract_rate"),
            mean("cash_rate"),
            mean("late_days"),
            mean("loss_share"),
            pl.col("cash_rate").is_not_null().all().alias("finished"),
            pl.col("repayment").mode().sort().first(),
            pl.len().alias("projects"),
        )
        .with_columns(
            project_yield=pl.col("annual_rate"),
            project_rate=pl.when("finished").then("cash_rate").otherwise("contract_rate"),
        )
        .drop("annual_rate", "cash_rate")
    )


def industry_levels(ctx: Context) -> pl.DataFrame:
    """Industry's average yield for each product's sector and month of issue (nearest month known).

    Returns
    -------
    polars.DataFrame
        Grain: ``product_id``; ``industry_yield``. Products of sectors without a series are absent.
    """
    level = ctx.table("mart_industry_yield").select(
        "sector",
        "average_yield",
        on=pl.col("month").str.slice(0, 7).str.to_date("%Y-%m", strict=False)
        if _is_text(ctx)
        else pl.col("month"),
    )
    sold = (
        ctx.table("mart_product", ("product_id", "institution_id", "issued_on"))
        .join(ctx.table("mart_institution").select("institution_id", "sector"), on="institution_id")
        .with_columns(month=pl.coalesce("issued_on", pl.lit(ctx.as_of)).dt.truncate("1mo"))
    )
    return (
        sold.join(level, on="sector")
        .with_columns(apart=(pl.col("month") - pl.col("on")).dt.total_days().abs())
        .sort("product_id", "apart", "on")
        .unique("product_id", keep="first", maintain_order=True)
        .select("product_id", industry_yield="average_yield")
    )


def _is_text(ctx: Context) -> bool:
    return ctx.table("mart_industry_yield").schema["month"] == pl.String


def features(frame: pl.DataFrame) -> pl.DataFrame:
    """Model features (columns `FEATURES`) of `products` rows."""
    term = pl.col("term_days").cast(pl.Float64).fill_null(365.0).clip(7.0, 3650.0)
    return frame.select(
        pl.col("project_rate").cast(pl.Float64),
        pl.col("late_days").fill_null(0.0).clip(0.0, 365.0),
        pl.col("loss_share").fill_null(0.0),
        term.log1p().alias("log_term"),
        pl.col("industry_yield").fill_null(0.0),
        ((pl.col("issued_on") - dt.date(2016, 1, 1)).dt.total_days() / 30.4).fill_null(0.0).alias("month"),
        *(
            (pl.col("repayment") == r).fill_null(False).cast(pl.Float64).alias(f"repays_{r}")
            for r in REPAYMENTS
        ),
        *((pl.col("sector") == s).fill_null(False).cast(pl.Float64).alias(f"sector_{s}") for s in SECTORS),
    ).select(FEATURES)


def _known(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter(pl.col("paid_rate").is_not_null() & pl.col("project_rate").is_not_null())


def fitted_on(ctx: Context) -> tuple[pl.DataFrame, pl.Series]:
    """Features and paid rates of the products the week's expectation is fitted on."""
    known = _known(products(ctx))
    return features(known), known["paid_rate"]


def _fitted(ctx: Context) -> Expectation:
    known = _known(products(ctx))
    days = known["issued_on"].cast(pl.Int32).fill_null(0).to_numpy()
    return fit(features(known), known["paid_rate"].to_numpy(), days)


def _judged(ctx: Context) -> pl.DataFrame:
    frame = products(ctx)
    model = expectation(ctx)
    linked = frame["project_rate"].is_not_null().to_numpy()
    x = features(frame.with_columns(pl.col("project_rate").fill_null(0.0)))
    paid = frame["paid_rate"].cast(pl.Float64).to_numpy().astype(np.float64)
    expected, upper, p_paid = (np.where(linked, each, np.nan) for each in model.judged(x, paid))
    margin = (frame["promised_yield"] - frame["project_yield"]).cast(pl.Float64).to_numpy().astype(np.float64)
    p_promised = reference(margin, PRIOR_MARGIN_SPREAD, -PRIOR_MARGIN).p_values(margin)
    both = np.vstack((p_paid, p_promised))
    known = np.isfinite(both)
    least = np.where(known, both, 1.0).min(axis=0)
    p = np.where(known.any(axis=0), np.minimum(1.0, known.sum(axis=0) * least), np.nan)
    found, q = benjamini_hochberg(p, FALSE_DISCOVERY_RATE)
    return frame.with_columns(
        pl.Series("expected_rate", expected).fill_nan(None),
        pl.Series("upper_rate", upper).fill_nan(None),
        pl.Series("p_paid", p_paid).fill_nan(None),
        pl.Series("p_promised", p_promised).fill_nan(None),
        pl.Series("p_value", p).fill_nan(None),
        pl.Series("q_value", q).fill_nan(None),
        pl.Series("found", found),
    )
