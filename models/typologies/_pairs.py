"""Pay-ins and pay-outs of like amount, matched one to one.

Bucketed equi-joins on day and on a logarithmic amount grid keep the candidates few; mutual best
choice, repeated, makes the matching one to one. No order of rows plays a part.
"""

from __future__ import annotations

import datetime as dt
import math
from functools import partial

import polars as pl

from models.typologies._frames import cell

_GRID = math.log(1.02)
MOST = 3_000_000
"""Pairs of like amount of an institution that are held at once; where there are more, each day's pay-outs choose before
the next day's."""
_PAIR = {"in_line_no": pl.Int64, "out_line_no": pl.Int64, "in_fen": pl.Int64, "out_fen": pl.Int64}


def match_pairs(
    ins: pl.DataFrame,
    outs: pl.DataFrame,
    *,
    fee: float,
    least_fee_fen: int,
    days: int,
    rounds: int = 8,
) -> pl.DataFrame:
    """Match pay-outs to the pay-ins they pass on.

    Parameters
    ----------
    ins, outs : polars.DataFrame
        ``institution_id``, ``line_no``, ``booked_at``, ``booked_on``, ``amount_fen``; only lines of one institution
        are matched. Where `outs` holds ``tariff``, only pairs that keep back this share of the pay-in, to the fen
        either way.
    fee : float
        Largest share kept back.
    least_fee_fen : int
        Kept back at most this much however small the payment, in fen.
    days : int
        The pay-out comes on the day of the pay-in or up to so many days later.
    rounds : int
        Rounds of mutual best choice.

    Returns
    -------
    polars.DataFrame
        ``in_line_no``, ``out_line_no``, ``in_fen``, ``out_fen``; each line once; sorted. O(n log n)
        for spread amounts; the grid is two per cent wide.
    """
    match = partial(_match, fee=fee, least_fee_fen=least_fee_fen, days=days, rounds=rounds)
    crowded = _crowded(ins, outs, days)
    apart = pl.col("institution_id").is_in(crowded)
    found = [match(ins.filter(~apart), outs.filter(~apart))]
    for institution in crowded:
        mine = pl.col("institution_id") == institution
        left, right = ins.filter(mine), outs.filter(mine).sort("booked_on", maintain_order=True)
        for part in right.partition_by("booked_on", maintain_order=True):
            day = part["booked_on"][0]
            near = left.filter(pl.col("booked_on").is_between(day - dt.timedelta(days=days), day))
            found.append(match(near, part))
            left = left.filter(~pl.col("line_no").is_in(found[-1]["in_line_no"].implode()))
    return pl.concat(found).sort("out_line_no")


def _match(
    ins: pl.DataFrame,
    outs: pl.DataFrame,
    *,
    fee: float,
    least_fee_fen: int,
    days: int,
    rounds: int,
) -> pl.DataFrame:
    """Match what is held at once; see `match_pairs`."""
    if ins.is_empty() or outs.is_empty():
        return pl.DataFrame(schema=_PAIR)
    grid = cell(pl.col("amount_fen"), _GRID)
    steps = math.ceil(math.log1p(fee) / _GRID) + 1
    firms = pl.Enum(outs["institution_id"].unique().sort())
    firm = pl.col("institution_id").cast(firms, strict=False).to_physical().alias("firm")
    left = ins.select(
        firm, pl.col("line_no").alias("in_line_no"), pl.col("booked_at").alias("in_at"), pl.col("booked_on").alias("in_on"),
        pl.col("amount_fen").alias("in_fen"), grid.alias("cell"),
    )  # fmt: skip
    tariff = ["tariff"] if "tariff" in outs.columns else []
    right = outs.select(
        firm, *tariff, pl.col("line_no").alias("out_line_no"), pl.col("booked_at").alias("out_at"), pl.col("booked_on").alias("out_on"),
        pl.col("amount_fen").alias("out_fen"), grid.alias("cell"),
    )  # fmt: skip
    # a pay-out meets the pay-ins of each cell and day from which it may have come
    back = pl.DataFrame({"back": range(days + 1)})
    came_on = pl.col("out_on") - pl.duration(days="back")
    wide = (
        right.join(back, how="cross")
        .join(pl.DataFrame({"step": range(steps + 1)}, schema={"step": pl.Int32}), how="cross")
        .with_columns(pl.col("cell") + pl.col("step"), in_on=came_on)
    )
    keep = (pl.col("in_fen") >= pl.col("out_fen")) & (
        (pl.col("in_fen") - pl.col("out_fen"))
        <= pl.max_horizontal((pl.col("out_fen") * fee).cast(pl.Int64), pl.lit(least_fee_fen))
    )
    if tariff:
        kept = pl.col("in_fen") - pl.col("out_fen") - pl.col("in_fen") * pl.col("tariff")
        keep = keep & (kept.abs() <= 1.5)
    small = right.filter(pl.col("out_fen") < least_fee_fen / max(fee, 1e-9))
    columns = ["in_line_no", "out_line_no", "in_fen", "out_fen", "in_at", "out_at", *tariff]
    parts = [left.join(wide, on=["firm", "in_on", "cell"]).select(columns)]
    if small.height:
        near = small.join(back, how="cross").with_columns(in_on=came_on)
        tiny = left.filter(pl.col("in_fen") <= least_fee_fen / max(fee, 1e-9) + least_fee_fen)
        parts.append(tiny.join(near, on=["firm", "in_on"]).select(columns))
    candidates = (
        pl.concat(parts)
        .filter(keep & ((pl.col("out_at") - pl.col("in_at")).dt.total_seconds() > -86400))
        .unique(["in_line_no", "out_line_no"])
        .with_columns(
            (pl.col("out_at") - pl.col("in_at")).dt.total_seconds().alias("lag"),
            (pl.col("in_fen") - pl.col("out_fen")).alias("kept"),
        )
        .with_columns(
            pl.when(pl.col("lag") < 0).then(86400 - pl.col("lag")).otherwise(pl.col("lag")).alias("lag")
        )
    )
    done = []
    for _ in range(rounds):
        if candidates.is_empty():
            break
        by_out = candidates.sort("out_line_no", "lag", "kept", "in_line_no").unique(
            "out_line_no", keep="first", maintain_order=True
        )
        by_in = candidates.sort("in_line_no", "lag", "kept", "out_line_no").unique(
            "in_line_no", keep="first", maintain_order=True
        )
        both = by_out.join(
            by_in.select("in_line_no", "out_line_no"), on=["in_line_no", "out_line_no"], how="semi"
        )
        if both.is_empty():
            break
        done.append(both.select(list(_PAIR)))
        candidates = candidates.join(both.select("in_line_no"), on="in_line_no", how="anti").join(
            both.select("out_line_no"), on="out_line_no", how="anti"
        )
    return pl.concat(done).sort("out_line_no") if done else pl.DataFrame(schema=_PAIR)


def _crowded(ins: pl.DataFrame, outs: pl.DataFrame, days: int) -> list[str]:
    """Institutions of which more than `MOST` pay-ins and pay-outs are alike and near each other, sorted."""
    came, went = (
        f.group_by("institution_id", "booked_on", cell=cell(pl.col("amount_fen"), _GRID)).agg(
            n=pl.len().cast(pl.Int64)
        )
        for f in (ins, outs)
    )
    back = pl.DataFrame({"back": range(days + 1)})
    from_day = went.join(back, how="cross").with_columns(pl.col("booked_on") - pl.duration(days="back"))
    met = from_day.join(came, on=["institution_id", "booked_on", "cell"])
    pairs = met.group_by("institution_id").agg((pl.col("n") * pl.col("n_right")).sum())
    return pairs.filter(pl.col("n") > MOST)["institution_id"].sort().to_list()
