"""down-payment-loan: project money of personal borrowers reaches developers or agents (首付贷).

Confidence: 0.6, more by the share of the projects' money that arrived (0.9 when all of it did).
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from models.finding import Finding
from models.typologies._diversion import diversion_finding, diversions
from models.typologies._frames import total
from models.typologies._parties import of_kind
from models.typologies._pool import disbursement_lines
from models.typologies._say import percent, yuan
from models.typologies.base import Context, Parameter, Typology

TYPOLOGY = Typology(
    code="down-payment-loan",
    title_zh="首付贷",
    title_en="Loans for down payments on property",
    clause="二(一)3",
    citations=("plan-2016-90",),
    severity="3; 4 from 1,000,000 yuan or 5 borrowers on.",
    runbook="1. Ask the developer or agent for the purchase contracts behind the payments listed.\n"
    "2. Compare the day of the loan with the day of the down payment.\n"
    "3. Ask the bank that gave the mortgage what it was told of the origin of the down payment.\n"
    "4. Inform the housing authority (住建委).",
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
            "a down payment is due within days of the contract; a month leaves room",
            "days followed",
        ),
        Parameter(
            "min_share",
            0.3,
            "share",
            "calibrated",
            "management fees and deposits stay below a third of a loan",
            "share of a project's money that must arrive",
        ),
        Parameter(
            "min_projects",
            2,
            "projects",
            "calibrated",
            "one borrower who buys a home is no business model",
            "borrowers whose money arrived",
        ),
        Parameter(
            "min_amount",
            50_000,
            "yuan",
            "calibrated",
            "below any down payment in the region",
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
    """Yield at most one finding an institution; the amount is what reached developers and agents.

    A developer that is itself the registered borrower of a project is `property-finance`, not this.
    """
    least = ctx.parameter(TYPOLOGY, "min_amount") * 100
    fewest = ctx.parameter(TYPOLOGY, "min_projects")
    firms = set(of_kind(ctx, "real_estate")["holder_id"].to_list())
    people = (
        ctx.table("mart_holder", ("holder_id", "kind")).filter(pl.col("kind") == "person").select("holder_id")
    )
    personal = ctx.table("mart_project", ("project_id", "borrower_holder_id")).select(
        "project_id", borrower="borrower_holder_id"
    )
    personal = personal.join(people.rename({"holder_id": "borrower"}), on="borrower", how="semi")
    starts = disbursement_lines(ctx).join(personal, on="project_id", how="semi")
    for found in diversions(
        ctx,
        {"": firms},
        hops=int(ctx.parameter(TYPOLOGY, "hops")),
        days=int(ctx.parameter(TYPOLOGY, "days")),
        share=ctx.parameter(TYPOLOGY, "min_share"),
        starts=starts,
        through_borrower=False,
    ):
        amount = found.arrived_fen
        if amount < least or found.projects.height < fewest:
            continue
        lent = total(found.projects, "lent_fen")
        yield diversion_finding(
            ctx,
            TYPOLOGY,
            found,
            explanation_zh=f"{found.projects.height} 名个人借款人获放款 {yuan(lent)} 元,其中 {yuan(amount)} 元({percent(amount / lent)})经 {found.hops} 手以内付给 "
            f"{found.pieces['target_id'].n_unique()} 家房地产开发或中介企业。",
            explanation_en=f"{found.projects.height} personal borrowers were paid {yuan(lent)} yuan; {yuan(amount)} yuan of it ({percent(amount / lent)}) reached "
            f"{found.pieces['target_id'].n_unique()} property developers or agents within {found.hops} transfers.",
            benign=(
                (
                    "开发商本身即为公开登记的借款人:无论收款多少,此处均未计入。",
                    "The developer itself is the openly registered borrower: not counted here, whatever it is paid.",
                ),
                (
                    "借款人支付房租或物业费:已检验;低于设定比例的项目未计入。",
                    "A borrower who pays rent or a management fee: tested; below the share no project counts.",
                ),
            ),
        )
