"""over-limit-borrower: one borrower owes more than the cap.

What a borrower owes on a day is what was lent under registered projects (by the statements where they show
it, else the registered principal from the start on) less what came back of the principal. Before the rule's day
the pattern is a watch of severity 1 (typologies.md, Readings). Confidence: 0.9 where the loans were seen on
statements, 0.7 where the register alone speaks.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import polars as pl

from models.finding import AmountBases, Finding, evidence
from models.typologies._debt import Debtor, debtors, paid_out
from models.typologies._say import yuan
from models.typologies.base import Context, Parameter, Typology

EFFECTIVE = dt.date(2016, 8, 24)
"""The day decree 1 of 2016 (网络借贷信息中介机构业务活动管理暂行办法) took effect."""

TYPOLOGY = Typology(
    code="over-limit-borrower",
    title_zh="单一借款人余额超限",
    title_en="Borrower above the cap",
    clause="二(一)1",
    citations=("plan-2016-90", "decree-2016-1-art17"),
    severity="3 from 2016-08-24 on, 4 from twice the cap on; before that day a watch of severity 1.",
    runbook="1. Add up the borrower's projects on the day of the peak, here and on other platforms.\n"
    "2. Check that principal repaid is booked; a borrower who repaid before the next loan is within the cap.\n"
    "3. Check identity numbers: one borrower under two names is one borrower.\n"
    "4. Order the excess reduced as projects fall due; no new project for the borrower until then.",
    parameters=(
        Parameter(
            "person_cap",
            200_000,
            "yuan",
            "regulatory",
            "decree-2016-1-art17",
            "outstanding principal of a person on one platform",
        ),
        Parameter(
            "company_cap",
            1_000_000,
            "yuan",
            "regulatory",
            "decree-2016-1-art17",
            "outstanding principal of a company on one platform",
        ),
        Parameter(
            "person_cap_all",
            1_000_000,
            "yuan",
            "regulatory",
            "decree-2016-1-art17",
            "outstanding principal of a person over all platforms",
        ),
        Parameter(
            "company_cap_all",
            5_000_000,
            "yuan",
            "regulatory",
            "decree-2016-1-art17",
            "outstanding principal of a company over all platforms",
        ),
        Parameter(
            "watch_before_rule",
            1,
            "yes/no",
            "calibrated",
            "typologies.md, Readings: before its day the pattern is at most a watch",
            "whether to report a watch before the rule's day",
        ),
    ),
    reach="circle",
)


def detect(ctx: Context) -> Iterator[Finding]:
    """Yield at most one finding an institution; the amount is the sum of its borrowers' excess."""
    caps = {
        False: int(ctx.parameter(TYPOLOGY, "person_cap") * 100),
        True: int(ctx.parameter(TYPOLOGY, "company_cap") * 100),
    }
    all_caps = {
        False: int(ctx.parameter(TYPOLOGY, "person_cap_all") * 100),
        True: int(ctx.parameter(TYPOLOGY, "company_cap_all") * 100),
    }
    in_force = ctx.as_of >= EFFECTIVE
    if not in_force and not ctx.parameter(TYPOLOGY, "watch_before_rule"):
        return
    since = EFFECTIVE if in_force else None
    found: dict[str, list[tuple[Debtor, int]]] = {}
    for debtor in debtors(ctx, since):
        excess = max(
            debtor.peak_fen - caps[debtor.company], debtor.peak_all_fen - all_caps[debtor.company], 0
        )
        if excess > 0:
            found.setdefault(debtor.institution_id, []).append((debtor, excess))
    for institution, over in sorted(found.items()):
        amount = sum(e for _, e in over)
        worst, most = max(over, key=lambda o: (o[1], o[0].name))
        cap = caps[worst.company]
        double = any(d.peak_fen >= 2 * caps[d.company] for d, _ in over)
        lines = paid_out(ctx, [d for d, _ in over])
        seen = lines.height > 0
        yield Finding(
            institution_id=institution,
            typology=TYPOLOGY.code,
            amount_fen=amount,
            severity=1 if not in_force else 4 if double else 3,
            confidence=0.9 if seen else 0.7,
            first_on=min(d.first_on for d, _ in over),
            last_on=max(d.last_on for d, _ in over),
            bases=AmountBases(sum(d.lent_fen for d, _ in over), sum(d.owed_fen for d, _ in over), amount, 0),
            evidence=pl.concat(
                [
                    evidence("disbursement", lines),
                    evidence("project", register="projects", keys=[p for d, _ in over for p in d.projects]),
                ]
            ),
            explanation_zh=f"{len(over)} 名借款人的待还本金超过上限;最高者 {worst.name} 于 {worst.peak_on} 待还 {yuan(worst.peak_fen)} 元(全部平台 "
            f"{yuan(worst.peak_all_fen)} 元),上限 {yuan(cap)} 元,超出 {yuan(most)} 元;合计超出 {yuan(amount)} 元。"
            + ("" if in_force else f"限额自 {EFFECTIVE} 起施行,此前仅作提示。"),
            explanation_en=f"{len(over)} borrowers owe more than the cap; the highest, {worst.name}, owed {yuan(worst.peak_fen)} yuan on "
            f"{worst.peak_on} ({yuan(worst.peak_all_fen)} over all platforms) against a cap of {yuan(cap)}: "
            f"{yuan(most)} too much; {yuan(amount)} in all."
            + ("" if in_force else f" The cap binds from {EFFECTIVE}; until then this is a watch."),
            benign=(
                (
                    "恰在限额:已检验;只计超出部分。",
                    "Exactly at the cap: tested; only what exceeds it counts.",
                ),
                (
                    "先还后借:已检验;新借前已扣除归还的本金。",
                    "Repaid before the next loan: tested; repayments of principal are taken off before a new loan is added.",
                ),
            ),
        )
