"""`large-or-fast-growing` (涉案金额大、人数多、扩张快): report at once, 五(一).

The row asks for two things together: money held or clients above a setting, or grown by more than a
setting in eight weeks, *while* a finding of severity 4 or more is open. Confidence is that of the
gravest such finding: size and growth themselves are counted, not estimated.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from functools import cache

import polars as pl

from models.finding import AmountBases, Finding, evidence
from models.typologies._ended import held
from models.typologies._frames import of, people, total
from models.typologies._say import yuan
from models.typologies.base import Context, Parameter, Typology, discover

GRAVE = 4
"""Severity from which a finding calls for an immediate report (五(一): suspected major illegality)."""
WEEKS = 8
"""The row's window."""

TYPOLOGY = Typology(
    code="large-or-fast-growing",
    title_zh="规模大或扩张快且涉嫌重大违法",
    title_en="Large or fast growing with a grave finding open",
    clause="五(一)",
    citations=("plan-2016-90",),
    severity="4; 5 when both large and fast growing. Always reported at once.",
    runbook=(
        "1. Report today to the leading group and the competent department: do not wait for the week's list.\n"
        "2. Send the dossier, the open grave finding and the figures of clients and money with it.\n"
        "3. Ask the firm and its custodian to stop taking new money until the finding is answered."
    ),
    parameters=(
        Parameter(
            "large_yuan",
            50_000_000,
            "yuan",
            "calibrated",
            "companion rules A, 五(一)b: 50 million yuan, borrowed from the grave case of 法释〔2010〕18号.",
            "Clients' money held from which an institution is large.",
        ),
        Parameter(
            "large_clients",
            5_000,
            "persons",
            "calibrated",
            "companion rules A, 五(一)b: 5,000 persons.",
            "Clients from which an institution is large.",
        ),
        Parameter(
            "min_growth",
            1.4,
            "times",
            "calibrated",
            "Clean institutions past their first half year grow by a quarter in eight weeks at most.",
            "Clients' money held, over that of eight weeks before, from which growth is fast.",
        ),
        Parameter(
            "inflow_ratio",
            2.0,
            "times",
            "calibrated",
            "companion rules A, 五(一)b: four weeks' inflow twice that of the four weeks before.",
            "Money subscribed in four weeks over the four weeks before.",
        ),
        Parameter(
            "min_yuan",
            5_000_000,
            "yuan",
            "calibrated",
            "companion rules A, 五(一)b: growth counts from 5 million yuan.",
            "Clients' money held below which growth is a start, not a danger.",
        ),
    ),
    after=(
        "commingled-client-funds",
        "cross-bank-clearing",
        "cross-subsidy",
        "custody-bypass",
        "debt-disguised-as-equity",
        "beyond-licence",
        "fictitious-project",
        "fund-pool",
        "illegal-fundraising",
        "maturity-mismatch",
        "misappropriation",
        "nested-products",
        "new-money-pays-old",
        "offline-marketing",
        "over-limit-borrower",
        "own-lending",
        "phoenix",
        "property-finance",
        "related-party-dealing",
        "reserve-misappropriation",
        "reserve-shortfall",
        "run-risk",
        "self-financing",
        "self-guarantee",
        "split-private-offering",
        "super-lender",
        "undisclosed-account",
        "unlicensed-payment",
        "window-dressing",
        "yield-above-project",
        "yield-subsidy",
    ),
    reach="circle",
)


def detect(ctx: Context) -> Iterable[Finding]:
    """Institutions with a grave finding whose clients' money is large or grows fast.

    Notes
    -----
    Clients' money is the principal of open holdings on the week's last day. The size is a setting, so
    the amount is given with the range from what came in within the window to all ever taken in.
    """
    grave: dict[str, list[Finding]] = {}
    for code in TYPOLOGY.after:
        for finding in ctx.findings.get(code, []):
            if finding.severity >= GRAVE:
                grave.setdefault(finding.institution_id, []).append(finding)
    for institution_id, leading in sorted(grave.items()):
        part = of(ctx, _holdings, institution_id)
        growing = None if part.is_empty() else _finding(ctx, institution_id, part, leading)
        if growing is not None:
            yield growing


@cache
def _titles() -> dict[str, str]:
    """What the typologies are called in Chinese, by code."""
    return {code: entry.meta.title_zh for code, entry in discover().items()}


def _holdings(ctx: Context) -> pl.DataFrame:
    """Of all holdings what size and growth are told from."""
    columns = ("institution_id", "subscription_id", "holder_id", "amount_fen", "subscribed_on", "redeemed_on")
    return held(ctx).select(columns)


def _open(part: pl.DataFrame, on: dt.date) -> pl.DataFrame:
    return part.filter(
        (pl.col("subscribed_on") <= on) & (pl.col("redeemed_on").is_null() | (pl.col("redeemed_on") > on))
    )


def _finding(ctx: Context, institution_id: str, part: pl.DataFrame, grave: list[Finding]) -> Finding | None:
    begin = ctx.as_of - dt.timedelta(weeks=WEEKS)
    now, before = _open(part, ctx.as_of), _open(part, begin)
    amount, earlier, clients = total(now), total(before), people(now)
    age = (pl.lit(ctx.as_of) - pl.col("subscribed_on")).dt.total_days()
    recent, prior = total(part.filter(age < 28)), total(part.filter(age.is_between(28, 55)))
    growth = amount / earlier if earlier else float("inf")
    floor = 100 * ctx.parameter(TYPOLOGY, "min_yuan")
    large = amount >= 100 * ctx.parameter(TYPOLOGY, "large_yuan") or clients >= ctx.parameter(
        TYPOLOGY, "large_clients"
    )
    doubled = recent >= floor and recent >= ctx.parameter(TYPOLOGY, "inflow_ratio") * max(prior, 1)
    fast = amount >= floor and (growth >= ctx.parameter(TYPOLOGY, "min_growth") or doubled)
    if not large and not fast:
        return None
    worst = sorted(grave, key=lambda f: (-f.severity, -f.confidence, f.typology))[0]
    codes = sorted({f.typology for f in grave})
    taken = part.filter(pl.col("subscribed_on") > begin)
    times = f"{growth:.2f}" if earlier else "-"
    return Finding(
        institution_id=institution_id,
        typology=TYPOLOGY.code,
        amount_fen=amount,
        severity=5 if large and fast else 4,
        confidence=worst.confidence,
        first_on=begin,
        last_on=ctx.as_of,
        explanation_zh=(
            f"客户资金余额 {yuan(amount)} 元、客户 {clients} 人,八周前为 {yuan(earlier)} 元({times} 倍);近四周认购 {yuan(recent)} 元,"
            f"此前四周 {yuan(prior)} 元。同时存在重大问题:{'、'.join(_titles()[c] for c in codes)}。应当日报告。"
        ),
        explanation_en=(
            f"Clients' money held stands at {yuan(amount)} yuan of {clients} clients, after {yuan(earlier)} yuan eight weeks ago "
            f"({times} times); {yuan(recent)} yuan was subscribed in four weeks after {yuan(prior)} in the four before, while grave "
            f"findings are open: {', '.join(codes)}. Report at once."
        ),
        evidence=evidence("subscribed", register="subscriptions", keys=taken["subscription_id"].to_list())
        if taken.height
        else evidence("held", register="subscriptions", keys=now["subscription_id"].to_list()),
        accounts=worst.accounts,
        clients=clients,
        bases=AmountBases(gross_taken=total(part), net_unrepaid=amount, peak_diverted=amount),
        amount_low_fen=min(amount, total(taken)),
        amount_high_fen=max(amount, total(part)),
        benign=(
            (
                "仅有增长而无发现:现有严重程度 4 级以上的发现未了结。",
                "Growth with no finding: a finding of severity 4 or more is open.",
            ),
        ),
    )
