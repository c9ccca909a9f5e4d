"""`fund-pool` and `new-money-pays-old` of lenders whose subscriptions no register tells (`models.typologies._unsold`)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import polars as pl

from models.finding import AmountBases, Finding, evidence
from models.typologies._frames import accounts_of, each, first_last, people, top, total
from models.typologies._say import percent, yuan
from models.typologies._unsold import daily, flows
from models.typologies.base import Context

LEAST_FEN = 10_000_000
"""What stays or is taken must exceed this (100,000 yuan, as where subscriptions are told)."""
ROUND_DAYS = 10
"""Days more that a round may wait to be full where no register tells it, as where one does."""
POOL_SHARE = 0.5
"""Part of all deposits that must stay: clients who leave repaid money to invest it again keep a third there."""
TAKEN_SHARE = 0.2
"""Part of all payouts that deposits must have paid: claims sold between clients and rests are less."""
UNTOLD = (
    "未报送认购登记:客户按其收付行为认定,兑付先由还款等他方资金支付,再计客户存入。",
    "No register of subscriptions: clients are known by what they pay and get; what others paid in covers payouts first.",
)


def pools(ctx: Context, code: str, patience: int) -> Iterator[Finding]:
    """Yield a finding for each lender of whose clients' deposits much stays for more than `patience` days, and those of a round beside."""
    for institution, part in each(flows(ctx), "institution_id"):
        days = daily(part)
        stays = days["pool_fen"].rolling_min(patience + ROUND_DAYS + 1)
        ins = part.filter(pl.col("part") == "deposit")
        aged, amount, today = top(stays), top(days["pool_fen"]), int(days["pool_fen"][-1])
        if aged < LEAST_FEN or aged < total(ins) * POOL_SHARE:
            continue
        gone = part.filter(pl.col("part").is_in(["payout", "refund"]))
        yield Finding(
            institution_id=institution,
            typology=code,
            amount_fen=amount,
            severity=4,
            confidence=0.7,
            first_on=first_last(ins)[0],
            last_on=days["booked_on"][-1],
            clients=people(ins),
            accounts=accounts_of(ins),
            bases=AmountBases(total(ins), today, amount, 0),
            evidence=pl.concat([evidence("client_deposit", ins), evidence("context", gone)]),
            amount_low_fen=min(aged, amount),
            amount_high_fen=total(ins),
            explanation_zh=f"{people(ins)} 名客户存入 {yuan(total(ins))} 元;扣除付给他人与客户的款项后,余额最高达 {yuan(amount)} 元,"
            f"其中停留超过 {patience + ROUND_DAYS} 天的最高 {yuan(aged)} 元,期末仍有 {yuan(today)} 元。",
            explanation_en=f"{people(ins)} clients paid in {yuan(total(ins))} yuan; after all that was paid on to others and to clients up to "
            f"{yuan(amount)} lay there, {yuan(aged)} of it for more than {patience + ROUND_DAYS} days; {yuan(today)} is still there.",
            benign=(UNTOLD,),
        )


def takings(ctx: Context, code: str) -> Iterator[Finding]:
    """Yield a finding for each lender much of whose payouts no repayment, only other clients' deposits can have paid."""
    for institution, part in each(flows(ctx), "institution_id"):
        days = daily(part)
        amount = top(days["taken_fen"])
        paid = part.filter(pl.col("part") == "payout")
        if amount < LEAST_FEN or amount < total(paid) * TAKEN_SHARE:
            continue
        begun = _begun(days)
        since = paid.filter(pl.col("booked_on") >= begun)
        share = min(1.0, amount / max(1, total(since)))
        since = since.with_columns(attributed_fen=(pl.col("amount_fen") * share).round().cast(pl.Int64))
        ins = part.filter(pl.col("part") == "deposit")
        yield Finding(
            institution_id=institution,
            typology=code,
            amount_fen=amount,
            severity=5,
            confidence=0.7,
            first_on=begun,
            last_on=first_last(since)[1],
            clients=people(since),
            accounts=accounts_of(since),
            bases=AmountBases(total(ins), max(total(ins) - amount, 0), amount, 0),
            evidence=pl.concat(
                [
                    evidence("payout", since.select("line_no", "attributed_fen")),
                    evidence("client_deposit", ins),
                ]
            ),
            amount_low_fen=amount,
            amount_high_fen=max(amount, total(since)),
            explanation_zh=f"向客户兑付共 {yuan(total(paid))} 元,而借款人等他方同期汇入的款项不足 {yuan(amount)} 元"
            f"(占兑付的 {percent(amount / total(paid))}),该部分只能来自其他客户的存入。",
            explanation_en=f"Clients were paid {yuan(total(paid))} yuan; for {yuan(amount)} of it ({percent(amount / total(paid))}) neither "
            "borrowers nor anybody else had paid in by then: other clients' deposits paid.",
            benign=(
                UNTOLD,
                (
                    "退还本人存入:四十五天内原额退回同一客户的款项未计入。",
                    "Clients' own money given back: the same sum to the same client within 45 days is not counted.",
                ),
            ),
        )


def _begun(days: pl.DataFrame) -> dt.date:
    """First day on which payouts took from deposits."""
    first = days.filter(pl.col("taken_fen") > 0)["booked_on"].min()
    assert isinstance(first, dt.date)
    return first
