"""五(一): a holder in no register runs a pool, a settlement business or a lending business.

Found from the flows alone (`models.typologies._operators`); every holder seen is looked at. The
operator's id is ``U-`` and its account that took in most. A trading company (payers are firms), a
charity (payees are no payers), a school (refunds are single), a family account (few persons), a
property manager, a marketplace and a payroll agent do not show the signatures. The specific code leads: a lender
most of whose funds are project money of platforms with a `super-lender` finding is told there, and is no
operator besides.

Confidence: 0.6 + 0.35 × strength (how far beyond the thresholds).
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from models.finding import AmountBases, Finding, evidence
from models.typologies._common import first_last, shown_name, yuan
from models.typologies._flows_between import holder_institution
from models.typologies._operators import PARAMETERS, Operator, operators
from models.typologies.base import Context, Typology

TYPOLOGY = Typology(
    code="unregistered-operator",
    title_zh="未登记主体从事金融业务",
    title_en="Financial business by a holder in no register",
    clause="五(一)",
    citations=("plan-2016-90", "state-council-247"),
    severity="4 for a pool, a settlement or a lending business; 5 for a pool from 5,000,000 yuan on.",
    runbook=(
        "1. Identify the holder: papers of the account, company register, business premises.\n"
        "2. Open a dossier (一户一档) under the account's number; look for further accounts of the same holder.\n"
        "3. Speak with three payers: what were they promised, have they contracts?\n"
        "4. District of the holder's seat with the sector's group; report at once when large or growing."
    ),
    parameters=PARAMETERS,
    after=("super-lender",),
)

_ZH = {"pool": "资金池(吸收资金)", "settlement": "资金结算业务", "lending": "放贷业务"}
_EN = {"pool": "a pool", "settlement": "a settlement business", "lending": "a lending business"}


def _amount(o: Operator) -> int:
    """Money taken in: from the public; a lender that works with its own money, what was repaid."""
    return o.taken_fen() or int(o.part("repaid")["amount_fen"].sum())


def _words(o: Operator) -> tuple[str, str]:
    taken = o.part("taken")
    payers, gross = taken["other_id"].n_unique(), yuan(o.taken_fen())
    if o.kind == "pool":
        back = o.part("returned")
        return (
            f"{payers}人存入{taken.height}笔共{gross}元,其中{back['other_id'].n_unique()}人陆续收到返还{back.height}笔{yuan(int(back['amount_fen'].sum()))}元",
            f"{payers} persons paid in {gross} and {back['other_id'].n_unique()} of them were paid back {yuan(int(back['amount_fen'].sum()))} in parts",
        )
    if o.kind == "settlement":
        out = o.part("settled")
        return (
            f"{payers}个付款人付入{gross}元,逐日向{out['other_id'].n_unique()}个商户结算{yuan(int(out['amount_fen'].sum()))}元",
            f"{payers} payers paid in {gross}, {yuan(int(out['amount_fen'].sum()))} were settled day by day to {out['other_id'].n_unique()} merchants",
        )
    lent, repaid = o.part("lent"), o.part("repaid")
    return (
        f"吸收{payers}人资金{gross}元,向{lent['other_id'].n_unique()}人放款{yuan(int(lent['amount_fen'].sum()))}元,收回本息{yuan(int(repaid['amount_fen'].sum()))}元",
        f"{gross} came from {payers} funders, {yuan(int(lent['amount_fen'].sum()))} was lent to {lent['other_id'].n_unique()} persons and {yuan(int(repaid['amount_fen'].sum()))} came back",
    )


def _told_by_platforms(ctx: Context, o: Operator, platforms: set[str]) -> bool:
    """Whether a lender took half of its funds or more from platforms whose finding holds that money."""
    if o.kind != "lending" or not platforms:
        return False
    known = holder_institution(ctx).filter(pl.col("other_institution").is_in(sorted(platforms)))
    theirs = o.part("taken").filter(pl.col("other_id").is_in(known["other_holder_id"].implode()))
    return theirs.height > 0 and int(theirs["amount_fen"].sum()) * 2 >= o.taken_fen()


def detect(ctx: Context) -> Iterable[Finding]:
    """One finding an operator outside the register of institutions; the amount is the money taken in."""
    platforms = {f.institution_id for f in ctx.findings.get("super-lender", [])}
    for o in operators(ctx, TYPOLOGY):
        if not o.carrier.startswith("U-") or _told_by_platforms(ctx, o, platforms):
            continue
        amount = _amount(o)
        out = o.part("returned", "settled", "lent")
        everything = o.part("taken", "repaid")
        zh, en = _words(o)
        name = shown_name(ctx, o.carrier)
        net = o.taken_fen() - int(o.part("returned", "settled")["amount_fen"].sum())
        income = (
            int(o.part("repaid")["amount_fen"].sum()) - int(o.part("lent")["amount_fen"].sum())
            if o.kind == "lending"
            else net
            if o.kind == "settlement"
            else 0
        )
        yield Finding(
            institution_id=o.carrier,
            typology=TYPOLOGY.code,
            amount_fen=amount,
            severity=5 if o.kind == "pool" and amount >= 500_000_000 else 4,
            confidence=round(0.6 + 0.35 * o.strength, 2),
            first_on=first_last(o.lines["booked_on"])[0],
            last_on=first_last(o.lines["booked_on"])[1],
            explanation_zh=f"{name}不在任何登记名录中,资金流呈现{_ZH[o.kind]}特征:{zh}。",
            explanation_en=f"{name} stands in no register; its flows are those of {_EN[o.kind]}: {en} (yuan).",
            evidence=pl.concat(
                [
                    evidence(part, o.part(part))
                    for part in ("taken", "repaid", "returned", "settled", "lent", "outlet")
                ]
            ),
            accounts=tuple(sorted(o.lines["account_no"].unique())),
            clients=o.part("taken")["other_id"].n_unique(),
            amount_low_fen=amount,
            amount_high_fen=int(everything["amount_fen"].sum()),
            bases=AmountBases(
                gross_taken=int(everything["amount_fen"].sum()),
                net_unrepaid=max(0, net),
                peak_diverted=int(o.part("outlet")["amount_fen"].sum()),
                income=max(0, income),
            ),
            benign=(
                ("贸易公司:付款人为个人而非企业", "a trading company: payers are persons, not firms"),
                (
                    "慈善机构、学校或物业公司:资金一再退回付款人,或逐日转付商户"
                    if o.kind != "lending"
                    else "家庭账户:人数超过一家,且归还多于所得",
                    "a charity, school or property manager: money goes back to its payers again and again, or on to merchants by the day"
                    if o.kind != "lending"
                    else "a family account: more persons than a family, and they paid more back than they got",
                ),
                (
                    f"零星退款:{out['other_id'].n_unique()} 人被付款 {out.height} 次",
                    f"single refunds: {out['other_id'].n_unique()} persons were paid {out.height} times",
                ),
            ),
        )
