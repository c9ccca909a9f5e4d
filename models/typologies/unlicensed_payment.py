"""二(四)3 无证经营支付业务、二清: a holder with no licence collects for merchants and settles to them day by day.

The signature is the settlement business of `models.typologies._operators`: many payers, several
payees that are no payers, paid on most business days what came in since the last, less a fee. A
marketplace's own sales (refunds go to payers, suppliers are paid weekly or monthly), a property
manager, and payroll do not show it.

Confidence: 0.6 + 0.35 × strength (share of days that follow the receipts, number of merchants).
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from models.finding import AmountBases, Finding, evidence
from models.typologies._common import first_last, shown_name, yuan
from models.typologies._operators import PARAMETERS, operators
from models.typologies.base import Context, Typology

TYPOLOGY = Typology(
    code="unlicensed-payment",
    title_zh="无证经营支付业务(二次清算)",
    title_en="Payment business without a licence",
    clause="二(四)3",
    citations=("plan-2016-90", "pboc-order-2010-2", "state-council-247"),
    severity="4; 5 from 5,000,000 yuan settled on.",
    runbook=(
        "1. Ask the acquirer or bank under whose name the receipts are booked and who opened the merchant numbers.\n"
        "2. Ask three merchants for their contract, fee and how they are paid.\n"
        "3. Freeze what has been collected and not settled; work out what each merchant is owed.\n"
        "4. Central bank's branch and police: unlicensed settlement; tell the acquirer to end its channel."
    ),
    parameters=PARAMETERS,
)


def detect(ctx: Context) -> Iterable[Finding]:
    """One finding an operator; the amount is the money settled to merchants."""
    for o in operators(ctx, TYPOLOGY):
        if o.kind != "settlement":
            continue
        settled, taken = o.part("settled"), o.part("taken")
        amount, gross = int(settled["amount_fen"].sum()), o.taken_fen()
        merchants, payers = settled["other_id"].n_unique(), taken["other_id"].n_unique()
        days = settled["booked_on"].n_unique()
        name = shown_name(ctx, o.carrier)
        yield Finding(
            institution_id=o.carrier,
            typology=TYPOLOGY.code,
            amount_fen=amount,
            severity=5 if amount >= 500_000_000 else 4,
            confidence=round(0.6 + 0.35 * o.strength, 2),
            first_on=first_last(o.lines["booked_on"])[0],
            last_on=first_last(o.lines["booked_on"])[1],
            explanation_zh=(
                f"{name}无支付业务许可,向{payers}个付款人收款{taken.height}笔共{yuan(gross)}元,在{days}个日期向{merchants}个商户结算{settled.height}笔"
                f"共{yuan(amount)}元,留存{yuan(gross - amount)}元({(gross - amount) / max(1, gross):.2%})。"
            ),
            explanation_en=(
                f"{name}, with no payment licence, collected {yuan(gross)} yuan from {payers} payers and settled {yuan(amount)} to {merchants} merchants "
                f"on {days} days, keeping {yuan(gross - amount)} ({(gross - amount) / max(1, gross):.2%})."
            ),
            evidence=pl.concat([evidence("collected", taken), evidence("settled", settled)]),
            accounts=tuple(sorted(o.lines["account_no"].unique())),
            clients=merchants,
            bases=AmountBases(
                gross_taken=gross, net_unrepaid=max(0, gross - amount), income=max(0, gross - amount)
            ),
            benign=(
                (
                    "自营销售与退款:收款人并非付款人,且所付为收入扣除差额",
                    "own sales with refunds: the payees are no payers, and are paid what came in, not a margin less",
                ),
                (
                    "物业公司或学校:逐日与众多收款人结算",
                    "a property manager or a school: many payees are settled day by day",
                ),
                (
                    "工资:付款人众多,按收款而非按月支付",
                    "payroll: payers are many, payees are paid by receipts and not by the month",
                ),
            ),
        )
