"""三(五), 二(五)2: a supervised financial institution works with an unlicensed internet finance firm.

The supervised institution carries the finding: it pays fees to, collects through, or shares accounts
with a firm that has no licence and does finance: a lender that sells products, or one with a finding of a
restricted name, unlicensed advertising, an unlicensed insurance channel, payment business, fund-raising or
operation. A firm without any of these is a plain supplier.

Confidence: that of the partner's strongest finding, times 0.95.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from models.finding import AmountBases, Finding, evidence
from models.typologies._common import first_last, operator_ids, shown_name, yuan
from models.typologies._flows_between import dealings, holder_institution
from models.typologies.base import Context, Parameter, Typology

TYPOLOGY = Typology(
    code="unlicensed-partner",
    title_zh="金融机构与无资质互联网金融企业合作",
    title_en="Partnership with an unlicensed internet finance firm",
    clause="三(五)、二(五)2",
    citations=("plan-2016-90",),
    severity="3: to be put right by a day set (五(三)); what the partner does is the partner's finding.",
    runbook=(
        "1. Ask the institution for the contract, the service and the check of the partner's licence.\n"
        "2. Ask what clients were brought or what money was collected over the partner.\n"
        "3. Supervisor of the institution: end the partnership; district: the unlicensed firm itself."
    ),
    parameters=(
        Parameter("min_transfers", 2, "transfers", "calibrated", "One payment may be a mistake or a purchase.", "Fewest transfers between the two."),
    ),
    after=(
        "illegal-fundraising", "restricted-name", "unlicensed-advertising", "unlicensed-insurance-channel",
        "unlicensed-payment", "unregistered-operator",
    ),
)  # fmt: skip

_SUPERVISED = ("asset_management", "insurance", "payment", "other")
_LENDING = ("p2p", "equity_crowdfunding")
"""Sectors of internet finance: a firm of these that sells products needs a licence or filing, whatever else is found."""
LENDER_CONFIDENCE, LENDER_REASON = 0.85, "unlicensed sales"
LEAST_SOLD = 5
"""Subscriptions from which it sells products."""


def detect(ctx: Context) -> Iterable[Finding]:
    """One finding a supervised institution over all such partners; the amount is the flows both ways."""
    least = int(ctx.parameter(TYPOLOGY, "min_transfers"))
    firms = ctx.table("mart_institution", ("institution_id", "sector", "licence_status"))
    status = {i: s for i, _, s in firms.iter_rows()}
    partners: dict[str, tuple[float, set[str]]] = {}
    for code in TYPOLOGY.after:
        for f in ctx.findings.get(code, ()):
            if status.get(f.institution_id) in ("licensed", "filed"):
                continue
            best, codes = partners.get(f.institution_id, (0.0, set()))
            partners[f.institution_id] = (max(best, f.confidence), codes | {code})
    bare = set(_lenders(ctx, firms)) - set(partners)
    partners |= {other: (LENDER_CONFIDENCE, {LENDER_REASON}) for other in sorted(bare)}
    if not partners:
        return
    licensed = firms.filter((pl.col("licence_status") == "licensed") & pl.col("sector").is_in(_SUPERVISED))
    supervised = licensed["institution_id"].to_list()
    channels = licensed.filter(pl.col("sector") == "payment")["institution_id"].implode()
    known = holder_institution(ctx)
    unknown = operator_ids(ctx).join(known, left_on="holder_id", right_on="other_holder_id", how="anti")
    who = pl.concat(
        [
            known.rename({"other_institution": "partner"}),
            unknown.select(
                pl.col("holder_id").alias("other_holder_id"), pl.col("operator_id").alias("partner")
            ),
        ]
    ).filter(pl.col("partner").is_in(sorted(partners)))
    flows = (
        dealings(ctx, supervised, who.select("other_holder_id"))
        .join(who, on="other_holder_id")
        # a payment institution settles for whoever is its merchant
        .filter(~(pl.col("institution_id").is_in(channels) & pl.col("partner").is_in(sorted(bare))))
        .sort("institution_id", "line_no")
    )
    for (iid,), rows in flows.group_by("institution_id", maintain_order=True):
        rows = rows.filter(
            (pl.col("partner") != iid) & (pl.col("transfer_no").n_unique().over("partner") >= least)
        )
        if rows.is_empty():
            continue
        once = rows.unique("transfer_no", keep="first", maintain_order=True)
        got = int(once.filter("coming")["amount_fen"].sum())
        paid = int(once.filter(~pl.col("coming"))["amount_fen"].sum())
        others = sorted(once["partner"].unique())
        reasons = sorted({c for o in others for c in partners[o][1]})
        name, names = shown_name(ctx, str(iid)), "、".join(shown_name(ctx, o) for o in others)
        yield Finding(
            institution_id=str(iid),
            typology=TYPOLOGY.code,
            amount_fen=got + paid,
            severity=3,
            confidence=round(0.95 * max(partners[o][0] for o in others), 2),
            first_on=first_last(once["booked_on"])[0],
            last_on=first_last(once["booked_on"])[1],
            explanation_zh=(
                f"{name}与无资质的{names}(存在{'、'.join(reasons)})资金往来{once.height}笔:支付{yuan(paid)}元,收取{yuan(got)}元,合计{yuan(got + paid)}元。"
            ),
            explanation_en=(
                f"{name} had {once.height} transfers with {names}, which has no licence ({', '.join(reasons)}): it paid {yuan(paid)} and got {yuan(got)} yuan."
            ),
            evidence=pl.concat(
                [
                    evidence("fee_or_claim_paid", rows.filter(~pl.col("coming"))),
                    evidence("collected_through", rows.filter("coming")),
                ]
            ),
            accounts=tuple(sorted(rows.filter(pl.col("leg") == "own")["account_no"].unique())),
            bases=AmountBases(gross_taken=got + paid, peak_diverted=paid, income=got),
            benign=(
                (
                    "单纯的技术供应商:合作方自身有从事金融业务的发现",
                    "a plain technology supplier: the partner has findings of its own that it does finance",
                ),
                (
                    "持牌合作方:登记表中无许可或备案",
                    "a licensed partner: the register shows no licence or filing",
                ),
            ),
        )


def _lenders(ctx: Context, firms: pl.DataFrame) -> list[str]:
    """Institutions of internet finance with no licence or filing that sell products."""
    bare = firms.filter((pl.col("licence_status") == "none") & pl.col("sector").is_in(_LENDING))
    sold = ctx.table("mart_subscription", ("institution_id",)).group_by("institution_id").len()
    sold = sold.filter(pl.col("len") >= LEAST_SOLD)
    return bare.join(sold, on="institution_id", how="semi")["institution_id"].sort().to_list()
