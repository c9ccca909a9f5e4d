"""super-lender: the money of registered projects goes to a few persons who are not the borrowers (超级放贷人).

They lent to the borrowers first and are paid out by clients, or they lend on to many. Confidence: 0.9 where the
lending to the registered borrowers is seen on their own statements; 0.75 where they lend to many others;
0.6 where no statement of theirs is on hand.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from models.finding import AmountBases, Finding, evidence
from models.typologies._frames import accounts_of, each, first_last, total
from models.typologies._lenders import super_lenders
from models.typologies._say import yuan
from models.typologies.base import Context, Parameter, Typology

TYPOLOGY = Typology(
    code="super-lender",
    title_zh="超级放贷人债权转让",
    title_en="Claims of a few persons sold to clients",
    clause="二(一)2",
    citations=("plan-2016-90", "decree-2016-1-art10"),
    severity="3; 4 from 1,000,000 yuan on.",
    runbook="1. For each project listed ask for the chain of contracts: who lent first, who bought the claim?\n"
    "2. Compare the person's own lending with the registered borrowers and amounts.\n"
    "3. Establish how the persons are tied to the institution (staff, shareholders, family).\n"
    "4. Check what clients were told: a loan to the borrower or the purchase of a claim.",
    parameters=(
        Parameter(
            "min_projects",
            3,
            "projects",
            "calibrated",
            "one or two are wrong account numbers or agents",
            "projects paid to persons who are not the borrowers",
        ),
        Parameter(
            "max_share_of_persons",
            0.7,
            "share",
            "calibrated",
            "a few persons for many projects: ten agents for ten projects are no super lenders",
            "persons over projects",
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
    """Yield at most one finding an institution; the amount is the project money paid to such persons."""
    fewest = ctx.parameter(TYPOLOGY, "min_projects")
    crowd = ctx.parameter(TYPOLOGY, "max_share_of_persons")
    large = ctx.parameter(TYPOLOGY, "large_amount") * 100
    found = super_lenders(ctx)
    for institution, part in each(found.paid, "institution_id"):
        persons = part["holder_id"].unique().sort()
        if part.height < fewest or persons.len() > part.height * crowd:
            continue
        amount = total(part)
        loans = found.lent.filter(pl.col("institution_id") == institution)
        known = loans.filter(pl.col("to_borrower"))
        legs = pl.concat(
            [
                loans.select(line_no="out_line_no", amount_fen="amount_fen"),
                loans.select(line_no="in_line_no", amount_fen="amount_fen"),
            ]
        ).drop_nulls("line_no")
        first, last = first_last(pl.concat([part.select("booked_on"), loans.select(booked_on="paid_on")]))
        yield Finding(
            institution_id=institution,
            typology=TYPOLOGY.code,
            amount_fen=amount,
            severity=4 if amount >= large else 3,
            confidence=0.9 if known.height else 0.75 if loans.height else 0.6,
            first_on=first,
            last_on=last,
            accounts=accounts_of(part),
            bases=AmountBases(amount, 0, amount, 0),
            evidence=pl.concat(
                [
                    evidence("paid_to_lender", part),
                    evidence("lent_to_borrower", legs),
                    evidence("project", register="projects", keys=part["project_id"].to_list()),
                ]
            ),
            explanation_zh=f"{part.height} 个项目的放款 {yuan(amount)} 元付给 {persons.len()} 名并非登记借款人的自然人;其账户先后向 "
            f"{loans['to_holder_id'].n_unique()} 人放款 {yuan(total(loans))} 元,其中 {known.height} 笔的收款人即上述项目的登记借款人。",
            explanation_en=f"The money of {part.height} projects ({yuan(amount)} yuan) was paid to {persons.len()} persons who are not the registered "
            f"borrowers; they lent {yuan(total(loans))} yuan to {loans['to_holder_id'].n_unique()} people, "
            f"{known.height} times to the registered borrowers of these very projects.",
            benign=(
                (
                    "登记的企业借款人付款给供应商:已检验;只计并非借款人的收款人。",
                    "A registered corporate borrower that pays its suppliers: tested; only payees who are not the borrower count.",
                ),
                (
                    "按借款人指令付给代理人:已检验;收款人服务多名借款人且自行放贷。",
                    "Payment to an agent on the borrower's order: tested; the payees serve several borrowers and lend themselves.",
                ),
            ),
        )
