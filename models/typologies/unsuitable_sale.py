"""`unsuitable-sale` (适当性): products sold to clients whose risk level is below the product's.

Confidence is 0.95: the finding is a comparison of two registered levels; what remains is the chance
that a level was registered wrongly. It falls with the share of subscriptions whose level is missing.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from models.finding import AmountBases, Finding, evidence
from models.typologies._frames import each, first_last, total
from models.typologies._say import span, yuan
from models.typologies.base import Context, Parameter, Typology

TYPOLOGY = Typology(
    code="unsuitable-sale",
    title_zh="销售与客户风险承受能力不匹配的产品",
    title_en="Products sold above the client's risk level",
    clause="二(三)2",
    citations=("plan-2016-90", "csrc-2014-105"),
    severity="2; 3 when more than a tenth of the money sold was sold so, 4 never.",
    runbook=(
        "1. Take the list of subscriptions and ask for the risk questionnaires of five of them.\n"
        "2. Check whether the client's level was raised after the sale.\n"
        "3. Ask for the product's risk rating as filed.\n"
        "4. Where levels are confirmed, order the firm to offer redemption and to stop such sales."
    ),
    parameters=(
        Parameter(
            "min_gap",
            1,
            "levels",
            "calibrated",
            "The row says above the client's level: one level is enough.",
            "Levels by which the product must exceed the client's.",
        ),
    ),
    reach="circle",
)


_COLUMNS = (
    "subscription_id",
    "institution_id",
    "investor_id",
    "investor_account",
    "investor_name",
    "amount_fen",
    "subscribed_on",
    "redeemed_on",
    "investor_risk_level",
    "risk_level",
    "line_no",
)


def detect(ctx: Context) -> Iterable[Finding]:
    """Compare the registered risk level of each subscription's product with its client's.

    Notes
    -----
    A missing level on either side is no finding; the explanation counts how many are missing.
    """
    gap = int(ctx.parameter(TYPOLOGY, "min_gap"))
    sold = (
        ctx.table("mart_subscription", _COLUMNS)
        .filter(pl.col("institution_id").is_not_null())
        .with_columns(
            above=(pl.col("risk_level") - pl.col("investor_risk_level") >= gap).fill_null(False),
            unknown=pl.col("risk_level").is_null() | pl.col("investor_risk_level").is_null(),
        )
    )
    for institution_id, part in each(
        sold.join(
            sold.filter("above").select("institution_id").unique(), on="institution_id", how="semi"
        ).sort("institution_id", "subscription_id"),
        "institution_id",
    ):
        hit = part.filter("above")
        amount, sold_fen = total(hit), total(part)
        first, last = first_last(hit, "subscribed_on")
        clients = hit.select(
            pl.coalesce("investor_id", "investor_account", "investor_name").n_unique()
        ).item()
        unknown = int(part["unknown"].sum())
        worst = hit.select((pl.col("risk_level") - pl.col("investor_risk_level")).max()).item()
        open_fen = total(hit.filter(pl.col("redeemed_on").is_null()))
        lines = hit.filter(pl.col("line_no").is_not_null()).select("line_no", "amount_fen")
        yield Finding(
            institution_id=institution_id,
            typology=TYPOLOGY.code,
            amount_fen=amount,
            severity=3 if amount * 10 > sold_fen else 2,
            confidence=round(0.95 * (1 - unknown / part.height), 4),
            first_on=first,
            last_on=last,
            explanation_zh=(
                f"{span(first, last)},{clients} 名客户的 {hit.height} 笔认购(共 {yuan(amount)} 元)所购产品的风险等级"
                f"高于客户登记的风险承受等级,最多高 {worst} 级;该机构全部认购额为 {yuan(sold_fen)} 元。"
                f"另有 {unknown} 笔认购缺少等级,未计入。"
            ),
            explanation_en=(
                f"{span(first, last)}: {hit.height} subscriptions of {clients} clients, {yuan(amount)} yuan in all, "
                f"were into products above the client's registered risk level, by up to {worst} levels, out of "
                f"{yuan(sold_fen)} yuan sold. {unknown} subscriptions lack a level and are left out."
            ),
            evidence=pl.concat(
                [
                    evidence(
                        "sale_above_level", register="subscriptions", keys=hit["subscription_id"].to_list()
                    ),
                    evidence("context", lines),
                ]
            ),
            clients=int(clients),
            bases=AmountBases(gross_taken=amount, net_unrepaid=open_fen, peak_diverted=amount),
            benign=(
                (
                    "等级相同或更低:未计入,计入的每笔均严格高于客户等级。",
                    "Equal or lower level: not counted, each counted sale is strictly above.",
                ),
                ("等级缺失:未计入。", "Level missing: not counted."),
            ),
        )
