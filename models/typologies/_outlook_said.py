"""Can it go on? The sentences findings about clients' money end with (figures: `models.typologies._outlook`).

With too few weeks or no balance in view they say so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import polars as pl

from models.typologies._frames import of as rows_of
from models.typologies._frames import total
from models.typologies._ledger import subscriptions
from models.typologies._outlook import (
    OWN,
    at_present,
    ends,
    floats,
    liquid,
    of,
    spent,
    steadiness,
    without_new_clients,
)
from models.typologies._say import percent, yuan
from models.typologies.base import Context
from models.yields.signs import FARTHEST, LEAST_WEEKS, Horizon, draining, growth_needed

WEEKS_A_YEAR = 365.0 / 7.0


@dataclass(frozen=True, slots=True)
class Said:
    """Sentences to put behind an explanation.

    Attributes
    ----------
    zh, en : str
        Begin with what parts them from the sentence before; empty when nothing is to be said.
    benign : tuple of (str, str)
        What was tested before it was said.
    """

    zh: str = ""
    en: str = ""
    benign: tuple[tuple[str, str], ...] = ()

    def __add__(self, other: Said) -> Said:
        """Both, one after the other."""
        return Said(self.zh + other.zh, self.en + other.en, self.benign + other.benign)


ONE_OFF = (
    "单笔大额支出造成的缺口:逐周净流以三周为块重抽样,九成五以上为净流出才予推算。",
    "A single large payment: weekly flows are resampled in blocks of three weeks, and a horizon is told only where 95 % of them drain.",
)
SHORT = Said(
    f"资金流水不足 {LEAST_WEEKS} 周,无法推算可持续时间。",
    f" Fewer than {LEAST_WEEKS} weeks of flows are in view, so how long the money lasts cannot be said.",
)


def solvency(ctx: Context, institution_id: str) -> Said:
    """Say when the money that can pay clients runs out: at present flows, and were no new client to come.

    Nothing of it where an institution has no account that pays clients.
    """
    weeks = of(ctx, institution_id).height
    if weeks < LEAST_WEEKS:
        return SHORT if weeks else Said()
    money = liquid(ctx, institution_id)
    if money is None:
        return Said(
            "对账单未载余额,无法推算可持续时间。",
            " No statement tells a balance, so how long the money lasts cannot be said.",
        )
    now, alone = at_present(ctx, institution_id), without_new_clients(ctx, institution_id)
    if now is None:
        said = Said(
            f"可付客户的资金 {yuan(money)} 元,逐周收支未见持续净流出。",
            f" {yuan(money)} yuan can pay clients; weekly flows show no lasting drain.",
        )
    else:
        zh, en = _when(now)
        said = Said(
            f"可付客户的资金 {yuan(money)} 元,按目前收支{zh}耗尽。",
            f" {yuan(money)} yuan can pay clients; at present flows it runs out {en}.",
            (ONE_OFF,),
        )
    if alone is not None:
        zh, en = _when(alone)
        said += Said(
            f"若无新客户资金,以其他客户资金支付的兑付{zh}难以为继。",
            f" Were no new client to come, the payouts that other clients' money covered would end {en}.",
            () if said.benign else (ONE_OFF,),
        )
    return said


def drain(ctx: Context, institution_id: str) -> Said:
    """Say when money runs out at present flows; nothing where it does not or where that cannot be said."""
    now = at_present(ctx, institution_id)
    if now is None:
        return Said()
    zh, en = _when(now)
    return Said(
        f"按目前收支,可付客户的资金{zh}耗尽。",
        f" At present flows the money that can pay clients runs out {en}.",
        (ONE_OFF,),
    )


def growth(ctx: Context, institution_id: str) -> Said:
    """Say by how much clients' money must grow a year to go on paying as it does."""
    flows = of(ctx, institution_id)
    if flows.height < LEAST_WEEKS:
        return Said()
    open_on = pl.col("redeemed_on").is_null() | (pl.col("redeemed_on") > ctx.as_of)
    owed = total(rows_of(ctx, subscriptions, institution_id).filter(open_on))
    uncovered = total(flows, "uncovered_fen") * WEEKS_A_YEAR / flows.height
    rate = growth_needed(owed, uncovered / owed, 0.0) if owed else math.nan
    if not rate > 0:
        return Said()
    return Said(
        f"要照此继续兑付,客户资金每年须净增 {percent(rate, 0)}。",
        f" To go on paying so, clients' money would have to grow by {percent(rate, 0)} a year.",
    )


def source_of_payouts(ctx: Context, institution_id: str, made: pl.DataFrame | None = None) -> Said:
    """Say how even payouts are beside what projects earned, and whether they listen to it.

    Parameters
    ----------
    made : polars.DataFrame, optional
        Distributions of the products in question (``booked_on``, ``paid_fen``, ``income_fen``); left out, all payouts of
        the institution are set beside all its borrowers' repayments.
    """
    flows = of(ctx, institution_id)
    if flows.height < LEAST_WEEKS:
        return Said()
    if made is not None:
        week = pl.col("booked_on").dt.truncate("1w")
        flows = made.group_by(week).agg(pl.col("paid_fen", "income_fen").sum()).sort("booked_on")
    signs = steadiness(flows)
    if not math.isfinite(signs.payouts):
        return Said()
    if not math.isfinite(signs.ratio):
        return Said(
            "同期未识别出项目收入,兑付无从比较。",
            " No income of projects was identified in the period, so payouts have nothing to be compared with.",
        )
    return Said(
        f"逐周兑付的波动为项目收入波动的 {signs.ratio:.2f} 倍(远低于 1 即被人为平滑),两者等级相关 {signs.correlation:.2f}(接近 0 即与项目收入无关)。",
        f" Weekly payouts vary {signs.ratio:.2f} times as much as what projects brought in (far below 1: smoothed) and follow it with a "
        f"rank correlation of {signs.correlation:.2f} (near 0: independent of what projects earn).",
    )


def own_money(ctx: Context, institution_id: str, top_ups: pl.DataFrame) -> Said:
    """Say how long own money lasts at the pace of the top-ups given (``booked_on``, ``amount_fen``)."""
    flows, money = of(ctx, institution_id), liquid(ctx, institution_id, OWN)
    if flows.height < LEAST_WEEKS or money is None:
        return Said()
    weeks = top_ups.group_by(week_end=pl.col("booked_on").dt.truncate("1w") + pl.duration(days=6)).agg(
        pl.col("amount_fen").sum()
    )
    need = floats(
        flows.join(weeks, on="week_end", how="left").with_columns(pl.col("amount_fen").fill_null(0)),
        "amount_fen",
    )
    end = ends(spent(money, need, ctx.as_of)) if draining(-need) else None
    if end is None:
        return Said()
    zh, en = _when(end)
    return Said(
        f"自有资金尚余 {yuan(money)} 元,照此补贴{zh}用尽。",
        f" {yuan(money)} yuan of own money is left; topped up at this pace it is used up {en}.",
    )


def _when(h: Horizon) -> tuple[str, str]:
    """A horizon in words."""
    high = f"{h.high:.0f}" if math.isfinite(h.high) else f">{FARTHEST}"
    zh = f"约在 {h.weeks:.0f} 周后({h.on} 前后,90% 区间 {h.low:.0f}–{high} 周)"
    unit = "week" if h.weeks == 1 else "weeks"
    return zh, f"in about {h.weeks:.0f} {unit} (around {h.on}; 90 % interval {h.low:.0f} to {high} weeks)"
