"""`beyond-licence` (超范围经营): a kind of product is sold that sector and licence do not cover.

Confidence is 0.9 where the licence's scope is registered (what is left is a licence newer than the
register) and 0.75 where only the sector is known.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import polars as pl

from models.finding import AmountBases, Finding, evidence
from models.typologies._frames import accounts_of, each, first_last, of, people, total
from models.typologies._ledger import controlled_lines, deposits
from models.typologies._licence import covered_kinds
from models.typologies._say import span, yuan
from models.typologies.base import Context, Parameter, Typology

KIND_ZH = {
    "loan": "网贷标的",
    "wealth": "理财产品",
    "fund": "基金产品",
    "equity": "股权产品",
    "insurance": "保险产品",
}

TYPOLOGY = Typology(
    code="beyond-licence",
    title_zh="超出许可范围销售产品",
    title_en="Products sold beyond the licence",
    clause="二(一)2、二(三)1",
    citations=("plan-2016-90",),
    severity="3; 4 when the money raised so is above `grave_yuan`.",
    runbook=(
        "1. Ask the licensing authority for the licence as of the first sale.\n"
        "2. Take the product's contract: who is its issuer, and was the firm only its agent (agency needs a licence too).\n"
        "3. Follow the onward transfers in the evidence to the provider; tell that provider's supervisor.\n"
        "4. Stop the sale; money raised after the stop makes the case grave."
    ),
    parameters=(
        Parameter(
            "grave_yuan",
            1_000_000,
            "yuan",
            "calibrated",
            "Set at the unit threshold of 法释〔2010〕18号 art. 3, which marks what is no longer small.",
            "Money raised beyond the licence from which the finding is grave.",
        ),
        Parameter(
            "onward_days",
            30,
            "days",
            "calibrated",
            "Distribution proceeds are settled within a month of the last subscription.",
            "Days after the last subscription in which the lump passed on to the provider is looked for.",
        ),
    ),
    reach="circle",
)


def detect(ctx: Context) -> Iterable[Finding]:
    """Compare each product's kind with what the seller's sector and licence cover.

    Notes
    -----
    The amount is what clients subscribed to such products. Deposits into an account that also holds
    other money are singled out as evidence; where the product has an account of its own, that account
    as a whole is the evidence and its deposits are context. A lump of the very amount raised, paid on
    to a third party, is evidence in both cases.
    """
    sells = ctx.table("mart_product", ("institution_id",)).unique()
    firms = ctx.table("mart_institution", ("institution_id", "sector", "licence_scope")).join(
        sells, on="institution_id", how="semi"
    )
    covered = pl.DataFrame(
        [
            {"institution_id": i, "kind": kind, "known": scope is not None}
            for i, sector, scope in firms.iter_rows()
            for kind in KIND_ZH
            if kind not in covered_kinds(sector, scope)
        ],
        schema={"institution_id": pl.String, "kind": pl.String, "known": pl.Boolean},
    )
    outside = (
        ctx.table("mart_product", ("product_id", "institution_id", "kind"))
        .join(covered, on=["institution_id", "kind"])
        .sort("product_id")
    )
    sold = (
        ctx.table(
            "mart_subscription",
            ("subscription_id", "product_id", "holder_id", "amount_fen", "subscribed_on", "redeemed_on"),
        )
        .join(outside, on="product_id")
        .sort("institution_id", "subscription_id")
    )
    for institution_id, part in each(sold, "institution_id"):
        yield _finding(ctx, institution_id, part)


def _finding(ctx: Context, institution_id: str, part: pl.DataFrame) -> Finding:
    """One finding an institution, over all products beyond its licence."""
    amount, (first, last) = total(part), first_last(part, "subscribed_on")
    paid = of(ctx, deposits, institution_id).filter(
        pl.col("subscription_id").is_in(part["subscription_id"].implode())
    )
    shared = paid.filter(pl.col("account_type") != "product")
    onward = _passed_on(ctx, institution_id, part, paid)
    kinds = "、".join(KIND_ZH[k] for k in sorted(set(part["kind"])))
    kinds_en = ", ".join(sorted(set(part["kind"])))
    known = bool(part["known"].all())
    grave = amount >= 100 * int(ctx.parameter(TYPOLOGY, "grave_yuan"))
    clients = people(part)
    return Finding(
        institution_id=institution_id,
        typology=TYPOLOGY.code,
        amount_fen=amount,
        severity=4 if grave else 3,
        confidence=0.9 if known else 0.75,
        first_on=first,
        last_on=last,
        explanation_zh=(
            f"{span(first, last)},该机构向客户销售其行业和许可范围均未涵盖的{kinds}共 {part['product_id'].n_unique()} 只,"
            f"认购 {part.height} 笔、{yuan(amount)} 元;其中 {yuan(total(onward))} 元已整笔划付第三方。"
        ),
        explanation_en=(
            f"{span(first, last)}: the firm sold {part['product_id'].n_unique()} products of a kind ({kinds_en}) that neither its "
            f"sector nor its licence covers, {part.height} subscriptions of {yuan(amount)} yuan; "
            f"{yuan(total(onward))} yuan was passed on to third parties in lumps."
        ),
        evidence=pl.concat(
            [
                evidence("client_deposit", shared),
                evidence("passed_to_provider", onward),
                evidence("context", paid.filter(pl.col("account_type") == "product")),
                evidence("product_beyond_licence", register="products", keys=part["product_id"].to_list()),
                evidence("context", register="institutions", keys=[institution_id]),
            ]
        ),
        accounts=accounts_of(pl.concat([paid.select("account_no"), onward.select("account_no")])),
        clients=clients,
        bases=AmountBases(
            gross_taken=amount,
            net_unrepaid=total(part.filter(pl.col("redeemed_on").is_null())),
            peak_diverted=amount,
        ),
        benign=(
            (
                "许可含此类产品:剔除排除性表述后,许可范围不含。",
                "The licence names this kind of product: its scope does not, after its exclusions are cut out.",
            ),
            (
                "本行业的常规产品:该类产品不属本行业所售。",
                "Ordinary product of its sector: the kind is not one the sector sells.",
            ),
        ),
    )


def _passed_on(ctx: Context, institution_id: str, part: pl.DataFrame, paid: pl.DataFrame) -> pl.DataFrame:
    """Out-lines of the very amount raised by a product, after its last subscription, to a third party."""
    window = int(ctx.parameter(TYPOLOGY, "onward_days"))
    raised = part.group_by("product_id").agg(
        pl.col("amount_fen").sum(),
        pl.col("subscribed_on").min().alias("opened"),
        pl.col("subscribed_on").max(),
    )
    out = controlled_lines(ctx).filter(
        (pl.col("institution_id") == institution_id)
        & (pl.col("direction") == "out")
        & pl.col("cp_type").is_null()
    )
    return (
        out.join(raised, on="amount_fen")
        .filter(pl.col("booked_on").is_between("opened", pl.col("subscribed_on") + dt.timedelta(days=window)))
        .sort("product_id", "booked_on", "line_no")
        .unique("product_id", keep="first", maintain_order=True)
        .unique("line_no", keep="first", maintain_order=True)
        .select("line_no", "amount_fen", "account_no")
    )
