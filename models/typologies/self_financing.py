"""self-financing: project money reaches related parties within three transfers and thirty days.

The amount is what can have reached them (`models.typologies._paths`), each fen once. Confidence: 0.6, more by the share
of the projects' money that arrived (0.9 when all of it did); 0.15 less where every recipient is related
over two steps only.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from models.finding import AmountBases, Finding
from models.typologies._diversion import chain_evidence, diversions
from models.typologies._frames import accounts_of, total
from models.typologies._parties import related
from models.typologies._say import percent, yuan
from models.typologies.base import Context, Parameter, Typology

TYPOLOGY = Typology(
    code="self-financing",
    title_zh="自融",
    title_en="Project money reaches related parties",
    clause="二(一)1、二(二)1",
    citations=("plan-2016-90", "decree-2016-1-art10"),
    severity="4; 5 from 1,000,000 yuan on: a sign of a crime where clients were told of another borrower.",
    runbook="1. Follow the chain of each project line by line: custody, borrower, those in between, recipient.\n"
    "2. Ask the borrower for the contract behind the payment on: goods, loan, agency?\n"
    "3. Establish how the recipient is related (register, shareholder's company, shared id number).\n"
    "4. Compare what clients were told of the borrower and the purpose.\n"
    "5. Inform the police where the borrowers are shells.",
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
            "regulatory",
            "plan-2016-90",
            "days followed from the payment to the borrower (catalogue)",
        ),
        Parameter(
            "min_share",
            0.3,
            "share",
            "calibrated",
            "borrowers in the practice cases pay related vendors up to 6 % for goods; shells pass on 90 % and more",
            "share of a project's money that must arrive",
        ),
        Parameter(
            "min_amount",
            50_000,
            "yuan",
            "calibrated",
            "below it a private payment between acquaintances is as likely",
            "money that arrived",
        ),
        Parameter(
            "large_amount",
            1_000_000,
            "yuan",
            "calibrated",
            "spc-2010-18: the threshold of fraud by a unit is 500,000; twice that leaves no doubt",
            "amount from which the severity is 5",
        ),
    ),
    reach="circle",
)


def detect(ctx: Context) -> Iterator[Finding]:
    """Yield at most one finding an institution; the amount is what reached related parties."""
    least = ctx.parameter(TYPOLOGY, "min_amount") * 100
    large = ctx.parameter(TYPOLOGY, "large_amount") * 100
    close = related(ctx)
    targets: dict[str, set[int]] = {}
    for institution, holder in close.select("institution_id", "holder_id").iter_rows():
        targets.setdefault(institution, set()).add(holder)
    for found in diversions(
        ctx,
        targets,
        hops=int(ctx.parameter(TYPOLOGY, "hops")),
        days=int(ctx.parameter(TYPOLOGY, "days")),
        share=ctx.parameter(TYPOLOGY, "min_share"),
        through_borrower=False,
    ):
        amount = found.arrived_fen
        if amount < least:
            continue
        lent = total(found.projects, "lent_fen")
        who = close.filter(pl.col("institution_id") == found.institution_id).join(
            found.pieces.select(holder_id="target_id").unique(), on="holder_id", how="semi"
        )
        far = bool((who["distance"] > 1).all())
        first, last = found.span
        yield Finding(
            institution_id=found.institution_id,
            typology=TYPOLOGY.code,
            amount_fen=amount,
            severity=5 if amount >= large else 4,
            confidence=round(0.6 + 0.3 * min(1.0, amount / lent) - (0.15 if far else 0.0), 3),
            first_on=first,
            last_on=last,
            accounts=accounts_of(found.projects),
            bases=AmountBases(total(found.projects, "principal_fen"), amount, amount, 0),
            evidence=chain_evidence(ctx, found),
            amount_low_fen=None,
            amount_high_fen=lent,
            explanation_zh=f"{found.projects.height} 个项目放款 {yuan(lent)} 元,其中 {yuan(amount)} 元({percent(amount / lent)})在 30 天内经 {found.hops} 手以内"
            f"流入 {who.height} 个关联方({'、'.join(sorted(set(who['role'])))})。",
            explanation_en=f"{found.projects.height} projects were paid {yuan(lent)} yuan; {yuan(amount)} yuan of it ({percent(amount / lent)}) reached "
            f"{who.height} related parties ({', '.join(sorted(set(who['role'])))}) within 30 days and at most "
            f"{found.hops} transfers.",
            benign=(
                (
                    "借款人为货物付给关联供应商小额款项:已检验;低于设定比例的项目未计入。",
                    "A borrower who pays a related vendor a small part for goods: tested; below the share no project counts.",
                ),
                (
                    "员工和供应商的工资与费用:已检验;其不属关联方。",
                    "Wages and fees of staff and vendors: tested; they are no related parties.",
                ),
            ),
        )
