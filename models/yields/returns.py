"""Returns of clients, products and projects from dated flows.

Clients' returns stand per holding, a product's is the median over its holdings: one mismatched payment
then moves nothing. What cannot be said is null with its reason.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from models.yields.xirr import xirr_frame

LEAST_HOLDINGS = 3
"""Holdings with a return from which a product's return is said."""
LEAST_SHARE = 0.3
"""Share of a product's paid holdings that must have a rate: the few odd ones of a product whose holdings
mostly cannot be said (instalments still running) are odd because they were matched wrongly."""
LEAST_DAYS = 25
"""Days a holding must have run: a rate a year from a few days is rounding."""


def effective(rate: pl.Expr, term_days: pl.Expr, repayment: pl.Expr) -> pl.Expr:
    """Contract rate (nominal, a year) as the money-weighted return it gives.

    Monthly payments compound twelve times a year; a bullet pays simple interest for its term.
    """
    years = pl.max_horizontal(term_days.cast(pl.Float64).fill_null(365.0), pl.lit(7.0)) / 365.0
    monthly = (1.0 + rate / 12.0).pow(12.0) - 1.0
    bullet = (1.0 + rate * years).pow(1.0 / years) - 1.0
    return pl.when(repayment == "bullet").then(bullet).otherwise(monthly)


def holding_returns(holdings: pl.DataFrame, paid: pl.DataFrame, seen_from: dt.date) -> pl.DataFrame:
    """Money-weighted return of each holding.

    Parameters
    ----------
    holdings : polars.DataFrame
        ``subscription_id``, ``product_id``, ``amount_fen``, ``subscribed_on``, ``redeemed_on`` (null = open).
    paid : polars.DataFrame
        ``subscription_id``, ``booked_on``, ``amount_fen``, ``kind`` (``interest``, ``principal``, ``both``,
        ``part``).
    seen_from : date
        First day of the statements; payouts of earlier holdings may be missing.

    Returns
    -------
    polars.DataFrame
        Grain: ``subscription_id`` with a payout. ``rate``, ``status`` of
        `models.yields.xirr.STATUS` or ``incomplete`` (bought before the statements begin), ``short``,
        ``unsettled`` (instalments of an open holding); ``days``; ``open`` (par assumed at the last payout).
    """
    last = paid.group_by("subscription_id").agg(
        pl.col("booked_on").max().alias("last_on"),
        pl.col("kind").is_in(["both", "principal"]).any().alias("returned"),
        (pl.col("kind") == "part").any().alias("instalments"),
        pl.col("amount_fen").sum().alias("paid_fen"),
    )
    state = (
        holdings.join(last, on="subscription_id")
        .with_columns(
            days=(pl.col("last_on") - pl.col("subscribed_on")).dt.total_days(),
            open=~pl.col("returned") & (pl.col("paid_fen") < pl.col("amount_fen")),
        )
        .with_columns(
            why=pl.when(pl.col("subscribed_on") < seen_from)
            .then(pl.lit("incomplete"))
            .when(pl.col("days") < LEAST_DAYS)
            .then(pl.lit("short"))
            .when(pl.col("instalments") & (pl.col("open") | (pl.col("paid_fen") < pl.col("amount_fen"))))
            .then(pl.lit("unsettled"))
        )
    )
    good = state.filter(pl.col("why").is_null())
    parts = [
        good.select("subscription_id", day="subscribed_on", amount=-pl.col("amount_fen")),
        paid.join(good.select("subscription_id"), on="subscription_id", how="semi").select(
            "subscription_id", day="booked_on", amount="amount_fen"
        ),
        good.filter("open").select("subscription_id", day="last_on", amount="amount_fen"),
    ]
    rates = xirr_frame(pl.concat(parts, how="vertical_relaxed"), by="subscription_id")
    return (
        state.join(rates.select("subscription_id", "rate", "status"), on="subscription_id", how="left")
        .with_columns(status=pl.coalesce("why", "status"))
        .select("subscription_id", "product_id", "rate", "status", "days", "open")
        .sort("subscription_id")
    )


def product_returns(holding: pl.DataFrame) -> pl.DataFrame:
    """Median return of a product's holdings.

    Returns
    -------
    polars.DataFrame
        Grain: ``product_id``, sorted. ``paid_rate`` (null = cannot be said: fewer than
        `LEAST_HOLDINGS` holdings with a rate, or less than `LEAST_SHARE` of them), ``paid_rate_low``, ``paid_rate_high`` (quartiles), ``holdings``.
    """
    return (
        holding.group_by("product_id")
        .agg(
            pl.col("rate").is_not_null().mean().alias("share"),
            pl.col("rate").median().alias("paid_rate"),
            pl.col("rate").quantile(0.25).alias("paid_rate_low"),
            pl.col("rate").quantile(0.75).alias("paid_rate_high"),
            pl.col("rate").is_not_null().sum().alias("holdings"),
            pl.col("days").filter(pl.col("rate").is_not_null()).median().alias("days"),
        )
        .with_columns(
            pl.when((pl.col("holdings") >= LEAST_HOLDINGS) & (pl.col("share") >= LEAST_SHARE))
            .then(pl.col(c))
            .alias(c)
            for c in ("paid_rate", "paid_rate_low", "paid_rate_high")
        )
        .drop("share")
        .sort("product_id")
    )


def project_returns(projects: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Return of each project: from its flows when it is finished, else from its contract.

    Parameters
    ----------
    projects : polars.DataFrame
        ``project_id``, ``principal_fen``, ``annual_rate``, ``started_on``, ``due_on``, ``repayment``.
    lines : polars.DataFrame
        ``project_id``, ``kind`` (``disbursement``, ``repayment``), ``amount_fen``, ``booked_on``.

    Returns
    -------
    polars.DataFrame
        Grain: ``project_id``, sorted. ``cash_rate`` (null unless paid out and repaid in full in view),
        ``contract_rate`` (effective), ``late_days`` (last repayment after the due day), ``loss_share``
        (principal not repaid by the due day, 0 while not due).
    """
    paid = lines.group_by("project_id").agg(
        pl.col("amount_fen").filter(pl.col("kind") == "repayment").sum().alias("repaid"),
        pl.col("amount_fen").filter(pl.col("kind") == "disbursement").sum().alias("lent"),
        pl.col("booked_on").filter(pl.col("kind") == "repayment").max().alias("repaid_on"),
    )
    term = (pl.col("due_on") - pl.col("started_on")).dt.total_days()
    state = projects.join(paid, on="project_id", how="left").with_columns(
        contract_rate=effective(pl.col("annual_rate"), term, pl.col("repayment")),
        late_days=(pl.col("repaid_on") - pl.col("due_on")).dt.total_days().clip(lower_bound=0),
    )
    whole = state.filter((pl.col("lent") > 0) & (pl.col("repaid") >= pl.col("lent")))
    flows = lines.join(whole.select("project_id"), on="project_id", how="semi").select(
        "project_id",
        day="booked_on",
        amount=pl.when(pl.col("kind") == "repayment")
        .then(pl.col("amount_fen"))
        .otherwise(-pl.col("amount_fen")),
    )
    rates = xirr_frame(flows, by="project_id") if flows.height else None
    cash = (
        state.select("project_id").with_columns(cash_rate=pl.lit(None, pl.Float64))
        if rates is None
        else rates.select("project_id", cash_rate="rate")
    )
    return (
        state.join(cash, on="project_id", how="left")
        .with_columns(
            late_days=pl.col("late_days").fill_null(0).cast(pl.Float64),
            loss_share=pl.when(pl.col("lent") > 0)
            .then((1 - pl.col("repaid") / pl.col("lent")).clip(0, 1))
            .otherwise(0.0),
        )
        .select("project_id", "cash_rate", "contract_rate", "late_days", "loss_share")
        .sort("project_id")
    )
