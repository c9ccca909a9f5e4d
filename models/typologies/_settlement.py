"""Settlement by the day: which payees are merchants, and do the payments follow the receipts?"""

from __future__ import annotations

import polars as pl


def usual(taken: pl.DataFrame, multiple: float = 20) -> pl.DataFrame:
    """Leave out payers of a few payments far beyond the usual: income of another business.

    Customers of a settlement business or a channel pay like amounts often or in numbers; a firm's fee or
    sale beside them stands out by orders of magnitude.
    """
    usual = taken["amount_fen"].median()
    if not isinstance(usual, float):
        return taken
    few = pl.len().over("other_id") <= 3
    return taken.filter(~(few & (pl.col("amount_fen").mean().over("other_id") > multiple * usual)))


def daily_fit(
    taken: pl.DataFrame, paid: pl.DataFrame, masked: pl.DataFrame, max_fee: float, same_day: bool = False
) -> tuple[pl.DataFrame, float, float]:
    """Settlement lines, the share of settlement days that follow the receipts, and how many days settle.

    Merchants are paid on many days of a month and never more than came in since the last settlement
    day (rent and wages are paid monthly, and do not ask what came in yesterday). A settlement day
    follows the receipts when what is held after it is no more than the fees so far and three days'
    receipts, and no less than nothing. With `same_day` the receipts of the day itself may be settled (T+0), else only
    those of the days before.
    """
    often = (
        paid.group_by("other_id")
        .agg(
            pl.col("booked_on").n_unique().alias("days"),
            pl.col("booked_on").dt.strftime("%Y-%m").n_unique().alias("months"),
        )
        .filter((pl.col("days") >= 2) & (pl.col("days") >= 1.5 * pl.col("months")))
    )
    running = (
        taken.group_by("booked_on")
        .agg(pl.col("amount_fen").sum().alias("in_fen"))
        .sort("booked_on")
        .with_columns(pl.col("in_fen").cum_sum().alias("cum_in"))
    )
    core = paid.join(often.select("other_id"), on="other_id", how="semi")
    if core.is_empty() or running.is_empty():
        return core, 0.0, 0.0
    fits = _receipts_before(core, running, same_day)
    over = core.join(fits.select("booked_on", "since_fen"), on="booked_on").filter(
        pl.col("amount_fen") > pl.col("since_fen")
    )
    beyond = over.group_by("other_id").agg(pl.len().alias("over"))
    counts = core.group_by("other_id").agg(pl.len().alias("n")).join(beyond, on="other_id", how="left")
    wrong = counts.filter(pl.col("over").fill_null(0) >= 0.2 * pl.col("n")).select("other_id")
    core = core.join(wrong, on="other_id", how="anti")
    if core.is_empty():
        return core, 0.0, 0.0
    # payees nobody can name are judged payment by payment
    single = masked.with_columns((-pl.col("line_no")).alias("other_id"))
    rest = pl.concat(
        [paid.join(wrong, on="other_id", how="anti"), single.cast({"other_id": paid.schema["other_id"]})]
    )
    settled = _with_rare(core, rest, running, max_fee, same_day)
    fits = _receipts_before(settled, running, same_day).with_columns(
        (pl.col("cum_in") - pl.col("out_fen").cum_sum()).alias("held_fen")
    )
    first, last = fits["booked_on"].sort()[0], fits["booked_on"].sort()[-1]
    life = max(1, (last - first).days + 1)
    daily = int(taken["amount_fen"].sum()) / life
    held = pl.col("held_fen")
    near = fits.filter((held >= -0.5 * daily) & (held <= max_fee * pl.col("cum_in") + 3 * daily)).height
    return settled, near / fits.height, fits.height / max(1.0, life * 5 / 7)


def _receipts_before(settled: pl.DataFrame, running: pl.DataFrame, same_day: bool) -> pl.DataFrame:
    """Settlement days with ``out_fen``, receipts before the day or its end (``cum_in``) and since the last one."""
    outs = settled.group_by("booked_on").agg(pl.col("amount_fen").sum().alias("out_fen")).sort("booked_on")
    return (
        outs.join_asof(running, on="booked_on", strategy="backward", allow_exact_matches=same_day)
        .with_columns(pl.col("cum_in").fill_null(0))
        .with_columns((pl.col("cum_in") - pl.col("cum_in").shift(1).fill_null(0)).alias("since_fen"))
    )


def _with_rare(
    core: pl.DataFrame, paid: pl.DataFrame, running: pl.DataFrame, max_fee: float, same_day: bool
) -> pl.DataFrame:
    """Add payees paid rarely, where the day's receipts leave just that much unpaid."""
    days = _receipts_before(core, running, same_day).with_columns(
        (pl.col("out_fen") / pl.col("since_fen").clip(1)).alias("ratio")
    )
    kept = days.filter(pl.col("ratio").is_between(1 - max_fee, 1.0))["ratio"].median()
    share = float(kept) if isinstance(kept, float) else 1 - max_fee / 2
    room = days.select(
        "booked_on", (pl.col("since_fen") * (1 + share) / 2 - pl.col("out_fen")).alias("room_fen")
    )
    rare = paid.join(core.select("other_id").unique(), on="other_id", how="anti").join(
        room, on="booked_on", how="left"
    )
    fitting = rare.group_by("other_id").agg(
        (pl.col("amount_fen") <= pl.col("room_fen")).fill_null(False).all().alias("fits")
    )
    more = rare.join(fitting.filter("fits").select("other_id"), on="other_id", how="semi").drop("room_fen")
    return pl.concat([core, more]).sort("line_no")
