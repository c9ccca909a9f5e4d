"""Money that only passes through: an out-line of nearly the amount of an in-line shortly before.

Where no register names a purpose, amount and time do. A payment in, followed within days by a payment
out of the same amount less a small commission, is identified with it before any method is asked. It
matters in accounts of persons and firms between the payer and the payee: their own balance would
otherwise hide the money behind it (first in, first out), or their small change would break it up.
"""

from __future__ import annotations

import polars as pl

DAYS = 20
"""Longest stay of money that passes through."""
KEPT = 0.05
"""Largest share kept as commission."""
LEAST_FEN = 100_000
"""Smaller amounts (1,000 yuan) resemble each other by chance."""
CROWD = 60
"""Lines of one account and size class beyond which equal amounts tell nothing; bounds the join."""
ROUNDS = 6


def passing(lines: pl.DataFrame) -> pl.DataFrame:
    """Pair in-lines with the out-lines they passed on to.

    Parameters
    ----------
    lines : polars.DataFrame
        ``account_id``, ``line_no``, ``direction``, ``amount_fen``, ``booked_at`` of the accounts
        in question.

    Returns
    -------
    polars.DataFrame
        Grain: a pair. ``in_line_no``, ``out_line_no``, ``amount_fen`` (of the out-line). Each line
        is in one pair at most; the nearest amount goes first, then the nearest time.
    """
    big = lines.filter(pl.col("amount_fen") >= LEAST_FEN).with_columns(
        size=(pl.col("amount_fen").log() / KEPT).floor().cast(pl.Int64)
    )
    ins, outs = (_side(big, direction) for direction in ("in", "out"))
    near = pl.concat(
        [
            ins.join(outs.with_columns(size=pl.col("size") + step), on=["account_id", "size"])
            for step in (0, 1, 2)
        ]
    ).filter(
        (pl.col("out_fen") <= pl.col("in_fen"))
        & (pl.col("out_fen") >= (1 - KEPT) * pl.col("in_fen"))
        & (pl.col("out_line_no") > pl.col("in_line_no"))
        & (pl.col("out_at") <= pl.col("in_at") + pl.duration(days=DAYS))
    )
    near = near.with_columns(gap=1 - pl.col("out_fen") / pl.col("in_fen")).sort(
        "gap", "out_at", "in_at", "out_line_no", "in_line_no", descending=[False, False, True, False, True]
    )
    found = [near.select("in_line_no", "out_line_no", amount_fen="out_fen").clear()]
    for _ in range(ROUNDS):
        best = near.unique("out_line_no", keep="first", maintain_order=True).unique(
            "in_line_no", keep="first", maintain_order=True
        )
        if best.is_empty():
            break
        found.append(best.select("in_line_no", "out_line_no", amount_fen="out_fen"))
        near = near.join(best, on="out_line_no", how="anti", maintain_order="left").join(
            best, on="in_line_no", how="anti", maintain_order="left"
        )
    return pl.concat(found).sort("in_line_no")


def _side(lines: pl.DataFrame, direction: str) -> pl.DataFrame:
    """Lines of one direction in size classes that are not crowded."""
    return (
        lines.filter(pl.col("direction") == direction)
        .filter(pl.len().over("account_id", "size") <= CROWD)
        .select(
            "account_id",
            "size",
            pl.col("line_no").alias(f"{direction}_line_no"),
            pl.col("amount_fen").alias(f"{direction}_fen"),
            pl.col("booked_at").alias(f"{direction}_at"),
        )
    )
