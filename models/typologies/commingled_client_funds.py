"""commingled-client-funds: client money and own money in one account.

Confidence: 0.9 where clients' deposits lie in an own account (payer, amount and day are those of
subscriptions); 0.85 where own costs leave a client account (the payees are the institution's staff and
vendors by register or by its own accounts' payments).
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from models.finding import AmountBases, Finding, evidence
from models.typologies._frames import accounts_of, each, first_last, people, total
from models.typologies._handed_on import handed_starts
from models.typologies._own_costs import own_costs
from models.typologies._parties import sectors
from models.typologies._say import sides, yuan
from models.typologies.base import Context, Parameter, Typology
from models.typologies.custody_bypass import CLIENT_SECTORS, outside_custody, sweeps

TYPOLOGY = Typology(
    code="commingled-client-funds",
    title_zh="客户资金与自有资金混同",
    title_en="Client money and own money in one account",
    clause="二(一)2",
    citations=("plan-2016-90", "decree-2016-1-art28"),
    severity="4 where own costs are paid out of client accounts (it is misuse as well); 3 where client deposits lie in an "
    "own account.",
    runbook="1. Take the lines by role: client deposits in own accounts, own payments out of client accounts.\n"
    "2. Ask for the contracts behind the payments out of custody; a service fee the clients agreed to goes to the own "
    "account, not to a payee.\n"
    "3. Ask the custodian who authorised each payment.\n"
    "4. Have the accounts parted and the amounts restored.",
    parameters=(
        Parameter(
            "min_payers",
            3,
            "persons",
            "calibrated",
            "below three payers a slip is likelier than a practice",
            "clients who paid into an own account",
        ),
        Parameter(
            "min_amount",
            20_000,
            "yuan",
            "calibrated",
            "below it a wrong account number is the likelier reason",
            "client money in own accounts and own payments out of client accounts, together",
        ),
        Parameter(
            "min_cost_lines",
            3,
            "lines",
            "calibrated",
            "one mistaken payment is corrected, not repeated",
            "own payments out of client accounts",
        ),
    ),
    reach="circle",
)


def detect(ctx: Context) -> Iterator[Finding]:
    """Yield at most one finding an institution; the amount is both sides added."""
    fewest = ctx.parameter(TYPOLOGY, "min_payers")
    least = ctx.parameter(TYPOLOGY, "min_amount") * 100
    lines = ctx.parameter(TYPOLOGY, "min_cost_lines")
    mine = sorted(i for i, s in sectors(ctx).items() if s in CLIENT_SECTORS)
    costs = own_costs(ctx).join(handed_starts(ctx), on="line_no", how="anti")
    inside = outside_custody(ctx).filter(pl.col("how") == "own")
    dirty = pl.concat([costs.select("institution_id"), inside.select("institution_id")]).unique()
    for institution, _ in each(dirty.filter(pl.col("institution_id").is_in(mine)), "institution_id"):
        ins = inside.filter(pl.col("institution_id") == institution)
        outs = costs.filter(pl.col("institution_id") == institution)
        if people(ins) < fewest:
            ins = ins.clear()
        if outs.height < lines:
            outs = outs.clear()
        taken, paid = total(ins), total(outs)
        if taken + paid < least or taken + paid == 0:
            continue
        swept = sweeps(ctx, ins)
        both = pl.concat([ins.select("account_no", "booked_on"), outs.select("account_no", "booked_on")])
        first, last = first_last(both)
        payees = people(outs, "cp_holder_id")
        zh, en = sides(
            (
                taken,
                f"客户资金 {yuan(taken)} 元({people(ins)} 人)打入机构自有账户,其中转入存管 {yuan(total(swept))} 元",
                f"{yuan(taken)} yuan of client money ({people(ins)} clients) was paid into own accounts, of which "
                f"{yuan(total(swept))} was passed to custody",
            ),
            (
                paid,
                f"从客户资金账户直接支付机构自身费用 {yuan(paid)} 元({outs.height} 笔,收款方 {payees} 个)",
                f"{yuan(paid)} yuan of own costs ({outs.height} payments to {payees} payees) left client accounts directly",
            ),
        )
        yield Finding(
            institution_id=institution,
            typology=TYPOLOGY.code,
            amount_fen=taken + paid,
            severity=4 if paid else 3,
            confidence=0.9 if taken else 0.85,
            first_on=first,
            last_on=last,
            clients=people(ins),
            accounts=accounts_of(both),
            bases=AmountBases(taken, max(taken - total(swept), 0), max(paid, taken - total(swept), 0), paid),
            evidence=pl.concat(
                [
                    evidence("client_deposit", ins),
                    evidence("sweep_to_custody", swept),
                    evidence("own_cost", outs),
                ]
            ),
            explanation_zh=f"{zh}。",
            explanation_en=f"{en}.",
            benign=(
                (
                    "由存管账户向自有账户支付约定服务费:不论金额,均未计入。",
                    "Agreed service fees from custody to the own account: not counted, whatever their size.",
                ),
                (
                    "兼为客户的员工所得兑付:与其持有份额相符的付款未计入。",
                    "Payouts to staff who are clients too: payments that fit a holding are not counted.",
                ),
            ),
        )
