"""How a payment fits a holding: by a factor that other holders share, or as a late part of what was due."""

from __future__ import annotations

import polars as pl

SETTLE_DAYS = 10
"""Days after ``redeemed_on`` in which a payout may still be booked."""
PART_AT_LEAST = 0.08
"""Least part of a holding that is read as a late or partial redemption."""
PART_DAYS = 3
"""Days after the holding fell due, or around its redemption, in which a part may be paid."""
INTEREST_AT_MOST = 0.06
"""Largest factor of a payout that is read as interest alone (72 % a year, paid monthly)."""


def late_parts(alive: pl.DataFrame, best: pl.DataFrame) -> pl.DataFrame:
    """Payments that are a part of what a holding was due: the first part on its day, the rest at redemption.

    They fit no factor, so they stand alone (``support`` 1, ``wide`` 0); a holding that was paid in
    full by a supported factor takes none.
    """
    full = best.filter((pl.col("factor") >= 0.999) & (pl.col("support") >= 2)).select("subscription_no")
    due = pl.col("subscribed_on") + pl.duration(days=pl.col("term_days"))
    lag = (pl.col("booked_on") - due).dt.total_days()
    redeemed = (pl.col("booked_on") - pl.col("redeemed_on")).dt.total_days().abs().fill_null(99)
    return (
        alive.join(best.select("line_no"), on="line_no", how="anti")
        .join(full.unique(), on="subscription_no", how="anti")
        .with_columns(factor=pl.col("amount_fen") / pl.col("held_fen"))
        .filter(
            pl.col("factor").is_between(PART_AT_LEAST, 1.2)
            & (lag.is_between(0, PART_DAYS) | (redeemed <= PART_DAYS))
        )
        .with_columns(_gap=pl.min_horizontal(lag.abs().fill_null(99), redeemed))
        .sort("line_no", "_gap", "subscription_no")
        .unique("line_no", keep="first", maintain_order=True)
        .with_columns(formula=pl.lit(0, pl.Int8), support=pl.lit(1, pl.UInt32), wide=pl.lit(0, pl.UInt32))
    )


def summed(alive: pl.DataFrame) -> pl.DataFrame:
    """Candidates of holders of several holdings in one product who are paid once on their sum.

    Of the holdings that are alive, those of holders of one in a product may be left out of `alive`.
    """
    keys = ["line_no", "product_no"]
    several = alive.filter(pl.len().over(keys) > 1)
    return (
        several.sort("subscription_no")
        .group_by(keys, maintain_order=True)
        .agg(
            pl.col("held_fen").sum(),
            *(pl.col(c).first() for c in alive.columns if c not in (*keys, "held_fen")),
        )
        .select(alive.columns)
    )


def is_alive() -> pl.Expr:
    """A holding that may be paid on the line's day."""
    end = pl.col("redeemed_on") + pl.duration(days=SETTLE_DAYS)
    return (pl.col("subscribed_on") <= pl.col("booked_on")) & (end.is_null() | (pl.col("booked_on") <= end))


def split() -> list[pl.Expr]:
    """Principal and kind of a payout from its factor; an instalment's split is not known."""
    factor, amount, held = pl.col("factor"), pl.col("amount_fen"), pl.col("held_fen")
    return [
        pl.when(factor.is_null())
        .then(None)
        .when(factor >= 0.999)
        .then(pl.min_horizontal(amount, held))
        .when(factor <= INTEREST_AT_MOST)
        .then(0)
        .otherwise(None)
        .alias("principal_fen"),
        pl.when(factor.is_null())
        .then(None)
        .when(factor <= INTEREST_AT_MOST)
        .then(pl.lit("interest"))
        .when(amount == held)
        .then(pl.lit("principal"))
        .when(factor >= 0.999)
        .then(pl.lit("both"))
        .otherwise(pl.lit("part"))
        .alias("kind"),
    ]


def supported(fits: pl.DataFrame) -> pl.DataFrame:
    """Count, for every candidate, the holders of the product that got the same factor that day.

    Factors are compared on two grids of one basis point, half a step apart, so that no pair of
    equal factors is parted by a grid line. Product, cell and day are packed into one number (cells are below
    2¹⁵, days below 2¹⁷): it is what the grouping costs. ``formula`` is 1 where the factor is a month's
    interest, the amount itself, or the amount with interest for the term, at the promised yield.
    The cells (``_a``, ``_b``) stay for `widely_supported`.
    """
    y, t = pl.col("promised_yield"), pl.col("term_days")
    half_fen = 0.6 / pl.col("held_fen")
    days = (pl.col("booked_on") - pl.col("subscribed_on")).dt.total_days()

    def near(value: pl.Expr) -> pl.Expr:
        return ((pl.col("factor") - value).abs() <= half_fen).fill_null(False)

    formula = (
        near(pl.lit(1.0))
        | near(y / 12)
        | near(1 + y / 12)
        | near(1 + y * t / 365)
        | near(1 + y * t / 360)
        | ((pl.col("factor") > 1.0) & (pl.col("factor") <= 1 + y * (days + 3) / 365))
    )
    product = pl.col("product_no").cast(pl.Int64) * 32_768
    day = pl.col("booked_on").to_physical().cast(pl.Int64)
    grid = fits.with_columns(
        _a=product + (pl.col("factor") * 10_000).floor().cast(pl.Int64),
        _b=product + (pl.col("factor") * 10_000 + 0.5).floor().cast(pl.Int64),
        formula=formula.fill_null(False).cast(pl.Int8),
    ).with_columns(_day_a=pl.col("_a") * 131_072 + day, _day_b=pl.col("_b") * 131_072 + day)

    def holders(key: str) -> pl.Expr:
        return pl.col("subscription_no").n_unique().over(key)

    return grid.with_columns(support=pl.max_horizontal(holders("_day_a"), holders("_day_b"))).drop(
        "_day_a", "_day_b"
    )


def widely_supported(some: pl.DataFrame, fits: pl.DataFrame) -> pl.DataFrame:
    """Count, for some candidates, the holders of the product that got the same factor on whatever day (``wide``).

    Parameters
    ----------
    some, fits : polars.DataFrame
        Candidates, and all among which holders are counted, as `supported` leaves them.
    """
    for cell in ("_a", "_b"):
        holders = (
            fits.select(cell, "subscription_no")
            .join(some.select(cell).unique(), on=cell, how="semi", nulls_equal=True)
            .group_by(cell)
            .agg(pl.col("subscription_no").n_unique().alias(f"_wide{cell}"))
        )
        some = some.join(holders, on=cell, how="left", nulls_equal=True)
    both = ("_wide_a", "_wide_b")
    return some.with_columns(wide=pl.max_horizontal(both)).drop("_a", "_b", *both)
