"""margin-financing: project money reaches securities or futures firms within three transfers.

Only money paid out under projects is followed, never clients' withdrawals. Confidence: 0.6, more by the share
of the projects' money that arrived (0.9 when all of it did).
"""

from __future__ import annotations

from collections.abc import Iterator

from models.finding import Finding
from models.typologies._diversion import diversion_finding, diversions
from models.typologies._frames import total
from models.typologies._parties import of_kind
from models.typologies._say import percent, yuan
from models.typologies.base import Context, Parameter, Typology

TYPOLOGY = Typology(
    code="margin-financing",
    title_zh="场外配资",
    title_en="Project money in securities and futures accounts",
    clause="二(一)2",
    citations=("plan-2016-90", "decree-2016-1-art10"),
    severity="3; 4 from 1,000,000 yuan or 5 projects on.",
    runbook="1. For each borrower ask the broker for the account opened and its first deposit.\n"
    "2. Look for stop-out refunds from the broker to the platform or to those in between.\n"
    "3. Compare the registered purpose of the project with the use.\n"
    "4. Pass the list to the securities regulator's local office.",
    parameters=(
        Parameter(
            "hops",
            3,
            "transfers",
            "regulatory",
            "plan-2016-90",
            "transfers followed, the payment to the borrower being the first (catalogue)",
        ),
        Parameter(
            "days",
            30,
            "days",
            "calibrated",
            "as for self-financing: later payments are the borrower's own money",
            "days followed",
        ),
        Parameter(
            "min_share",
            0.3,
            "share",
            "calibrated",
            "a saver's usual investment stays well below a third of a loan",
            "share of a project's money that must arrive",
        ),
        Parameter(
            "min_amount",
            50_000,
            "yuan",
            "calibrated",
            "a single private investor is no financing business",
            "money that arrived",
        ),
        Parameter(
            "large_amount",
            1_000_000,
            "yuan",
            "calibrated",
            "the cap of one borrower on a platform",
            "amount from which the severity is 4",
        ),
    ),
    reach="circle",
)


def detect(ctx: Context) -> Iterator[Finding]:
    """Yield at most one finding an institution; the amount is what reached brokers."""
    least = ctx.parameter(TYPOLOGY, "min_amount") * 100
    brokers = set(of_kind(ctx, "securities")["holder_id"].to_list())
    for found in diversions(
        ctx,
        {"": brokers},
        hops=int(ctx.parameter(TYPOLOGY, "hops")),
        days=int(ctx.parameter(TYPOLOGY, "days")),
        share=ctx.parameter(TYPOLOGY, "min_share"),
        through_borrower=False,
    ):
        amount = found.arrived_fen
        if amount < least:
            continue
        lent = total(found.projects, "lent_fen")
        yield diversion_finding(
            ctx,
            TYPOLOGY,
            found,
            explanation_zh=f"{found.projects.height} 个项目放款 {yuan(lent)} 元,其中 {yuan(amount)} 元({percent(amount / lent)})经 {found.hops} 手以内进入 "
            f"{found.pieces['target_id'].n_unique()} 家证券、期货公司。",
            explanation_en=f"{found.projects.height} projects were paid {yuan(lent)} yuan; {yuan(amount)} yuan of it ({percent(amount / lent)}) reached "
            f"{found.pieces['target_id'].n_unique()} securities or futures firms within {found.hops} transfers.",
            benign=(
                (
                    "客户提现后自行投资:已检验;只追踪项目项下付出的资金。",
                    "A client who withdraws and invests later: tested; only money paid out under projects is followed.",
                ),
                (
                    "借款人以少量自有积蓄投资:已检验;低于设定比例的项目未计入。",
                    "A borrower who invests a little of the own savings: tested; below the share no project counts.",
                ),
            ),
        )
