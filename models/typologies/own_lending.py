"""own-lending: an own account pays out loans and collects principal and interest on them.

A loan is a payment from an own account to a holder who pays back in instalments of interest, or more than was
lent; an advance or a purchase that is refunded comes back at most at its own amount. Confidence: 0.5 with
one such borrower up to 0.9 with five or more.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from models.finding import AmountBases, Finding, evidence
from models.typologies._frames import accounts_of, each, first_last, total
from models.typologies._loans import loans
from models.typologies._parties import sectors
from models.typologies._say import yuan
from models.typologies.base import Context, Parameter, Typology

TYPOLOGY = Typology(
    code="own-lending",
    title_zh="平台自有资金发放贷款",
    title_en="Lending out of own accounts",
    clause="二(一)1",
    citations=("plan-2016-90", "decree-2016-1-art10"),
    severity="3; 4 from 1,000,000 yuan or 10 borrowers on.",
    runbook="1. For each borrower listed compare what was paid out with what came back and when.\n"
    "2. Ask for the loan contracts and the licence to lend; a disclosed licensed small-loan affiliate is not the platform.\n"
    "3. Check whether the loans were sold to clients later (super-lender).\n"
    "4. Note the interest collected: it is the income made from it.",
    parameters=(
        Parameter(
            "min_borrowers",
            3,
            "persons",
            "calibrated",
            "one or two are private favours, not a business",
            "borrowers who paid interest",
        ),
        Parameter(
            "min_amount",
            100_000,
            "yuan",
            "calibrated",
            "advances to staff in the practice cases stay below it each month",
            "principal lent",
        ),
        Parameter(
            "many_borrowers",
            5,
            "borrowers",
            "calibrated",
            "interest on loans to five is a business whatever its size",
            "different borrowers from which `small_amount` is enough",
        ),
        Parameter(
            "small_amount",
            30_000,
            "yuan",
            "calibrated",
            "below it are advances between friends",
            "principal lent to at least `many_borrowers`",
        ),
        Parameter(
            "large_amount",
            1_000_000,
            "yuan",
            "calibrated",
            "the cap of one borrower on a platform",
            "principal from which the severity is 4",
        ),
    ),
    reach="circle",
)


LENDER_SECTORS = ("p2p", "equity_crowdfunding", "asset_management")
"""Sectors the plan forbids to lend; a payment institution's merchants pay to and fro by nature."""
UNLICENSED = ("other", "none")
"""Sector and licence of registered firms of any other trade that may not lend either."""


def detect(ctx: Context) -> Iterator[Finding]:
    """Yield at most one finding an institution; the amount is the principal lent."""
    fewest = ctx.parameter(TYPOLOGY, "min_borrowers")
    least = ctx.parameter(TYPOLOGY, "min_amount") * 100
    large = ctx.parameter(TYPOLOGY, "large_amount") * 100
    many, few = ctx.parameter(TYPOLOGY, "many_borrowers"), ctx.parameter(TYPOLOGY, "small_amount") * 100
    bare = ctx.table("mart_institution", ("institution_id", "sector", "licence_status"))
    bare = bare.filter((pl.col("sector") == UNLICENSED[0]) & (pl.col("licence_status") == UNLICENSED[1]))
    mine = [i for i, s in sectors(ctx).items() if s in LENDER_SECTORS] + bare["institution_id"].to_list()
    found = loans(ctx).filter(pl.col("institution_id").is_in(mine))
    for institution, part in each(found, "institution_id"):
        lent, back = part.filter(pl.col("role") == "loan"), part.filter(pl.col("role") != "loan")
        amount = total(lent)
        interest = total(back, "interest_fen")
        borrowers = lent["cp_holder_id"].n_unique()
        if borrowers < fewest or amount < (least if borrowers < many else few):
            continue
        first, last = first_last(part)
        yield Finding(
            institution_id=institution,
            typology=TYPOLOGY.code,
            amount_fen=amount,
            severity=4 if amount >= large or borrowers >= 10 else 3,
            confidence=min(0.9, 0.4 + 0.1 * borrowers),
            first_on=first,
            last_on=last,
            accounts=accounts_of(part),
            bases=AmountBases(amount, max(amount - total(back), 0), amount, interest),
            evidence=pl.concat([evidence("loan", lent), evidence("repayment", back)]),
            explanation_zh=f"自有账户向 {borrowers} 人(企业)放款 {lent.height} 笔共 {yuan(amount)} 元,收回 {back.height} 笔共 {yuan(total(back))} 元,"
            f"还款金额与本金、按月利息相符,非退款或借支归还。",
            explanation_en=f"The own account lent {yuan(amount)} yuan to {borrowers} borrowers in {lent.height} payments and collected "
            f"{yuan(total(back))} yuan in {back.height}; what came back are instalments of interest and principal, no refunds.",
            benign=(
                (
                    "采购与退款:已检验;退款只回一次,且不超过原额。",
                    "Purchases and refunds: tested; a refund comes back once and at most at its amount.",
                ),
                (
                    "员工借支:已检验;员工交回的不超过所领,且不计息。",
                    "Employees' advances: tested; what staff hand back is no more than they got and bears no interest.",
                ),
            ),
        )
