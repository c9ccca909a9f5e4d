"""misappropriation: client money traced to related parties, running costs, securities or real estate.

Payments out of client accounts that are no payout, no project's money, no fee and no refund are followed; running
costs are recognised by their payees. Confidence: 0.85 for running costs; for money followed 0.6, more by the share of
the payments that arrived (0.9 when all of it did).
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from models.finding import AmountBases, Finding, evidence
from models.typologies._frames import accounts_of, first_last, of, people, total
from models.typologies._handed_on import handed_starts
from models.typologies._misuse import Misuse, misuses
from models.typologies._pool import idle_deposits
from models.typologies._say import sides, yuan
from models.typologies.base import Context, Parameter, Typology

TYPOLOGY = Typology(
    code="misappropriation",
    title_zh="挪用客户资金",
    title_en="Client money used for other purposes",
    clause="二(一)2",
    citations=("plan-2016-90", "decree-2016-1-art28", "spc-2010-18"),
    severity="4; 5 from 1,000,000 yuan on: a sign of a crime (挪用资金、职务侵占 or 集资诈骗).",
    runbook="1. Take the payments out of client accounts by role: running costs, related parties, brokers, property.\n"
    "2. Ask the custodian for the orders behind each payment.\n"
    "3. Follow the chains of the payments that were passed on; secure the last accounts.\n"
    "4. Compare with the sub-ledger: whose balance was reduced?\n"
    "5. Inform the police; propose a freeze of the recipients' accounts.",
    parameters=(
        Parameter(
            "hops",
            4,
            "transfers",
            "calibrated",
            "three go-betweens were seen in practice; beyond them the purpose cannot be shown",
            "transfers followed from the client account (one more through an own account)",
        ),
        Parameter("days", 30, "days", "calibrated", "as for project money", "days followed"),
        Parameter(
            "min_share",
            0.3,
            "share",
            "calibrated",
            "a supplier's own dealings with insiders stay below it",
            "share of a payment that must arrive",
        ),
        Parameter(
            "min_amount",
            50_000,
            "yuan",
            "calibrated",
            "single mistaken payments are corrected",
            "client money so used",
        ),
        Parameter(
            "min_cost_lines",
            3,
            "lines",
            "calibrated",
            "one mistaken payment is corrected, not repeated",
            "running costs out of client accounts",
        ),
        Parameter(
            "large_amount",
            1_000_000,
            "yuan",
            "calibrated",
            "twice the threshold of fraud by a unit (spc-2010-18)",
            "amount from which the severity is 5",
        ),
    ),
    reach="circle",
)


def detect(ctx: Context) -> Iterator[Finding]:
    """Yield at most one finding an institution; the amount is the client money traced."""
    least = ctx.parameter(TYPOLOGY, "min_amount") * 100
    for found in misuses(
        ctx,
        hops=int(ctx.parameter(TYPOLOGY, "hops")),
        days=int(ctx.parameter(TYPOLOGY, "days")),
        share=ctx.parameter(TYPOLOGY, "min_share"),
        cost_lines=int(ctx.parameter(TYPOLOGY, "min_cost_lines")),
        but=handed_starts(ctx),
    ):
        if found.amount_fen >= least:
            yield _finding(ctx, found)


def _finding(ctx: Context, found: Misuse) -> Finding:
    traced, costs = found.traced_fen, total(found.costs)
    idle = of(ctx, idle_deposits, found.institution_id).filter(pl.col("projects") == 0)
    sources = idle if traced else idle.clear()
    days = pl.concat(
        [
            found.starts.select("booked_on"),
            found.pieces.select(booked_on="arrived_on"),
            found.costs.select("booked_on"),
            sources.select("booked_on"),
        ]
    )
    first, last = first_last(days)
    sent = total(found.starts, "lent_fen")
    went = {kind: found.by(kind) for kind in ("related", "securities", "real_estate", "own")}
    zh, en = sides(
        (
            went["related"],
            f"{yuan(went['related'])} 元流向关联方",
            f"{yuan(went['related'])} yuan reached related parties",
        ),
        (
            went["securities"],
            f"{yuan(went['securities'])} 元流向证券期货",
            f"{yuan(went['securities'])} yuan reached securities or futures firms",
        ),
        (
            went["real_estate"],
            f"{yuan(went['real_estate'])} 元流向房地产",
            f"{yuan(went['real_estate'])} yuan reached property firms",
        ),
        (
            went["own"],
            f"{yuan(went['own'])} 元经他人账户回到自有账户",
            f"{yuan(went['own'])} yuan came back to own accounts through others",
        ),
        (
            costs,
            f"{yuan(costs)} 元用于机构自身费用({found.costs.height} 笔)",
            f"{yuan(costs)} yuan paid the institution's own costs ({found.costs.height} payments)",
        ),
    )
    large = found.amount_fen >= ctx.parameter(TYPOLOGY, "large_amount") * 100
    return Finding(
        institution_id=found.institution_id,
        typology=TYPOLOGY.code,
        amount_fen=found.amount_fen,
        severity=5 if large else 4,
        confidence=round(0.6 + 0.3 * min(1.0, traced / sent), 3) if sent else 0.85,
        first_on=first,
        last_on=last,
        clients=people(sources),
        accounts=accounts_of(
            pl.concat([found.starts.select("account_no"), found.costs.select("account_no")])
        ),
        bases=AmountBases(max(total(sources), found.amount_fen), found.amount_fen, found.amount_fen, costs),
        evidence=pl.concat(
            [
                evidence("misused", found.starts.select("line_no", attributed_fen="arrived_fen")),
                evidence("passed_on", found.way(ctx)),
                evidence("own_cost", found.costs),
                evidence("client_deposit", sources),
            ]
        ),
        amount_high_fen=sent + costs if sent else None,
        explanation_zh=f"从客户资金账户支付、既非兑付也非项目放款的款项中,{zh}。",
        explanation_en=f"Of payments out of client accounts that were neither payouts nor project money, {en}.",
        benign=(
            (
                "付给自有账户的服务费及由此发放的红利:已检验;自有账户自行付给内部人的款项,仅在该账户以客户存入为主且未转出时计入。",
                "Service fees to the own account and dividends out of it: tested; what the own account pays to insiders itself counts only where it lives on clients' deposits and keeps them.",
            ),
            (
                "客户自行提现后流入券商:已检验;付给客户的款项不再追踪。",
                "Clients' own withdrawals that reach brokers later: tested; payments to clients are not followed.",
            ),
        ),
    )
