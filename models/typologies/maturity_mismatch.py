"""maturity-mismatch: a long project funded by short products in turn.

The redemption of one product is paid by the subscriptions to the next product for the same project
(`models.typologies._turns`). Confidence: 0.9 where two turns or more are seen, 0.7 with one.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from models.finding import AmountBases, Finding, evidence
from models.typologies._frames import accounts_of, each, first_last, of, people, total
from models.typologies._pool import all_deposits
from models.typologies._rounds import ROUND, round_lines
from models.typologies._say import yuan
from models.typologies._turns import rolled_rounds
from models.typologies.base import Context, Parameter, Typology

TYPOLOGY = Typology(
    code="maturity-mismatch",
    title_zh="期限错配、期限拆分",
    title_en="A long project funded by short products in turn",
    clause="二(一)1",
    citations=("plan-2016-90", "decree-2016-1-art10"),
    severity="3; 4 from 3 projects or 5,000,000 yuan on: the next sale that fails leaves holders unpaid.",
    runbook="1. List for each project the products that funded it, with terms and maturities.\n"
    "2. Check the borrower's account: did the principal come back at any of the maturities?\n"
    "3. Ask for the contracts the clients signed: were they told that their redemption depends on the next sale?\n"
    "4. Order the ladder closed: no new product for a project that runs on.",
    parameters=(
        Parameter(
            "min_rolled",
            50_000,
            "yuan",
            "calibrated",
            "one small product may be an early repayment not yet booked",
            "redemptions paid by next products",
        ),
        Parameter(
            "many_projects",
            3,
            "projects",
            "calibrated",
            "three ladders are a business model",
            "projects from which the severity is 4",
        ),
        Parameter(
            "large_amount",
            5_000_000,
            "yuan",
            "calibrated",
            "half of the registered capital common in the district",
            "amount from which the severity is 4",
        ),
    ),
    reach="circle",
)


def detect(ctx: Context) -> Iterator[Finding]:
    """Yield at most one finding an institution; the amount is the redemptions so paid."""
    least = ctx.parameter(TYPOLOGY, "min_rolled") * 100
    many = ctx.parameter(TYPOLOGY, "many_projects")
    large = ctx.parameter(TYPOLOGY, "large_amount") * 100
    for institution, part in each(rolled_rounds(ctx), "institution_id"):
        amount = total(part, "rolled_fen")
        if amount < least:
            continue
        paid = (
            of(ctx, round_lines, institution)
            .filter(pl.col("kind").is_in(["principal", "both"]))
            .join(part.select(ROUND), on=ROUND, how="semi")
            .with_columns(attributed_fen=pl.col("principal_fen"))
            .sort("line_no")
        )
        money = of(ctx, all_deposits, institution).join(
            part.select(product_id="next_product_id").unique(), on="product_id", how="semi"
        )
        projects = part["project_id"].n_unique()
        first = first_last(money)[0] or first_last(paid)[0]
        yield Finding(
            institution_id=institution,
            typology=TYPOLOGY.code,
            amount_fen=amount,
            severity=4 if projects >= many or amount >= large else 3,
            confidence=0.9 if part.height >= 2 else 0.7,
            first_on=first,
            last_on=first_last(paid)[1],
            clients=people(paid),
            accounts=accounts_of(paid),
            bases=AmountBases(
                total(money),
                max(total(money) - amount, 0),
                total(part.sort("rolled_fen").tail(1), "rolled_fen"),
                0,
            ),
            evidence=pl.concat(
                [
                    evidence("redemption", paid),
                    evidence("next_subscription", money),
                    evidence("project", register="projects", keys=part["project_id"].to_list()),
                    evidence(
                        "product",
                        register="products",
                        keys=sorted({*part["product_id"], *part["next_product_id"]}),
                    ),
                ]
            ),
            explanation_zh=f"{projects} 个项目的期限长于为其募资的产品:{part.height} 次到期赎回本金 {yuan(total(part, 'principal_fen'))} 元,借款人当日未还本,"
            f"其中 {yuan(amount)} 元由同一项目下一期产品的认购款支付,涉及 {people(paid)} 名客户。",
            explanation_en=f"{projects} projects run longer than the products that fund them: of {yuan(total(part, 'principal_fen'))} yuan of "
            f"principal redeemed at {part.height} maturities the borrowers repaid none; {yuan(amount)} yuan was paid by "
            f"subscriptions to the next product for the same project ({people(paid)} clients).",
            benign=(
                (
                    "借款人提前还款:已检验;每次兑付中借款人所付不足一半。",
                    "A project prepaid early by its borrower: tested; the borrower paid less than half of each redemption.",
                ),
                (
                    "借款人数周后再次借款:已检验;属另一项目。",
                    "A borrower who borrows again weeks later: tested; that is another project.",
                ),
            ),
        )
