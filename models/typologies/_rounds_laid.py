"""Rounds paid for later: repayments that were left over are laid over what rounds still lack."""

from __future__ import annotations

import polars as pl

from models.typologies._rounds_matched import AFTER_DAYS

LACKING = 0.5
"""Share of a whole round that must be uncovered for money repaid earlier to be taken for it."""

ALL_OF_IT = 0.98
"""Share of what a product's rounds lack from which rests of its repayments are what paid them."""


def left_over(
    paid: pl.DataFrame, ins: pl.DataFrame, products: pl.DataFrame, taken: pl.DataFrame, first: pl.DataFrame
) -> pl.DataFrame:
    """What repayments left over for later rounds and withdrawals of the same product.

    A line that paid for a round stays with that product; one that paid for none goes to the
    borrower's product whose next round is nearest.
    """
    used = first.group_by("line_no").agg(used_fen=pl.col("amount_fen").sum())
    home = taken.select("line_no", "product_id").unique("line_no")
    rest = (
        ins.join(home, on="line_no", how="anti")
        .join(products, on="holder_id")
        .join(paid.select("institution_id", "product_id", "booked_on"), on=["institution_id", "product_id"])
        .with_columns(lag=(pl.col("booked_on") - pl.col("in_on")).dt.total_days())
        .filter(pl.col("lag") >= -AFTER_DAYS)
        .sort("line_no", "lag", "product_id")
        .unique("line_no", keep="first", maintain_order=True)
        .select("line_no", "product_id")
    )
    return (
        ins.join(pl.concat([home, rest]), on="line_no")
        .join(used, on="line_no", how="left")
        .select("product_id", "in_on", "in_fen", kept_fen=pl.col("in_fen") - pl.col("used_fen").fill_null(0))
        .filter(pl.col("kept_fen") > 0)
        .sort("product_id", "in_on", "in_fen")
    )


def laid(left: pl.DataFrame, kept: pl.DataFrame, products: pl.DataFrame) -> pl.DataFrame:
    """Take what earlier repayments cover off what rounds lack (``left_fen``).

    Whole rounds draw on repayments that paid for nothing yet, because repaid money may wait weeks for the
    clients, and on rests that are all they lack: clients who withdraw one by one may be many on a day, and
    one line may repay two projects. Trickles of withdrawals draw on any rest. First each product's own money,
    then what is left of the same borrower's: one who has several projects repays them in lines nobody labels.
    """
    whole = pl.col("main")
    kept = kept.with_row_index("kept_no").with_columns(fresh=pl.col("kept_fen") == pl.col("in_fen"))
    payer = products.group_by("product_id").agg(payer=pl.col("holder_id").min())
    left = left.join(payer, on="product_id", how="left")
    kept = kept.join(payer, on="product_id", how="left")
    for key in ("product_id", "payer"):
        for rounds_of, money in ((whole, pl.col("fresh")), (~whole, pl.lit(True))):
            lacking = pl.col("left_fen") > pl.when(whole).then(pl.col("paid_fen") * LACKING).otherwise(0)
            need = left.filter(rounds_of & lacking & pl.col(key).is_not_null())
            lack = need.group_by(key).agg(pl.col("left_fen").sum())
            have = kept.group_by(key).agg(pl.col("kept_fen").sum()).join(lack, on=key)
            enough = have.filter(pl.col("kept_fen") >= pl.col("left_fen") * ALL_OF_IT)[key].implode()
            offered = kept.filter(
                (money | pl.col(key).is_in(enough)) & pl.col(key).is_not_null() & (pl.col("kept_fen") > 0)
            )
            later = _later(need, offered, key)
            left = (
                left.join(later, on="round_no", how="left")
                .with_columns(left_fen=pl.col("left_fen") - pl.col("later_fen").fill_null(0))
                .drop("later_fen")
            )
            kept = _spent(kept, offered, need, later, key)
    return left.drop("payer").sort("round_no")


def _spent(
    kept: pl.DataFrame, offered: pl.DataFrame, need: pl.DataFrame, later: pl.DataFrame, key: str
) -> pl.DataFrame:
    """Take what `_later` laid out off the lines it came from, oldest first."""
    used = (
        need.select("round_no", key).join(later, on="round_no").group_by(key).agg(pl.col("later_fen").sum())
    )
    before = pl.col("kept_fen").cum_sum().over(key) - pl.col("kept_fen")
    cut = (
        offered.join(used, on=key)
        .sort(key, "in_on", "kept_no")
        .with_columns(cut=pl.min_horizontal("kept_fen", (pl.col("later_fen") - before).clip(lower_bound=0)))
        .select("kept_no", "cut")
    )
    return (
        kept.join(cut, on="kept_no", how="left")
        .with_columns(kept_fen=pl.col("kept_fen") - pl.col("cut").fill_null(0))
        .drop("cut")
        .sort("kept_no")
    )


def _later(left: pl.DataFrame, kept: pl.DataFrame, key: str) -> pl.DataFrame:
    """Lay what is kept over what rounds lack, key by key and never before it came in.

    With *N* the running need and *A* what came in so far, the running use is
    ``min(N, min over earlier j of (A_j + N - N_j))``: one cumulative minimum, no loop.
    """
    need = left.select(key, "round_no", pl.col("booked_on").alias("_on"), "left_fen")
    come = kept.select(
        key,
        pl.lit(None, pl.UInt32).alias("round_no"),
        (pl.col("in_on") - pl.duration(days=AFTER_DAYS)).alias("_on"),
        pl.lit(0, pl.Int64).alias("left_fen"),
        "kept_fen",
    )
    both = pl.concat([need.with_columns(kept_fen=pl.lit(0, pl.Int64)), come]).sort(
        key, "_on", "kept_fen", "round_no", descending=[False, False, True, False]
    )
    n, a = pl.col("left_fen").cum_sum().over(key), pl.col("kept_fen").cum_sum().over(key)
    return (
        both.with_columns(_n=n, _a=a)
        .with_columns(_gap=(pl.col("_a") - pl.col("_n")).cum_min().over(key).clip(upper_bound=0))
        .with_columns(_used=pl.col("_n") + pl.col("_gap"))
        .with_columns(later_fen=pl.col("_used") - pl.col("_used").shift(1, fill_value=0).over(key))
        .filter(pl.col("round_no").is_not_null())
        .select("round_no", pl.col("later_fen").clip(lower_bound=0))
    )
