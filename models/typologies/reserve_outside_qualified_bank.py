"""二(四)1: customer money received or kept at a bank not qualified, or outside reserve accounts.

Two readings of the row: (a) what customers pay into a reserve account at a bank the register calls
not qualified; (b) what many customers pay into an account of the institution that is no reserve
account, in the register or under its name alone, or into a card of a related party or helper that works as its till
(`models.typologies._reserve_tills`). Merchants whom the reserve settles pay fees, no customer money. Customers are payers that are neither the institution, its related parties, staff,
suppliers, other institutions, nor a bank.

Confidence: 0.95 for (a) (two registers say so), 0.9 for (b) with many payers, 0.8 near the least number.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from models.finding import AmountBases, Finding, evidence
from models.typologies._common import first_last, yuan
from models.typologies._frames import parts
from models.typologies._reserve import Ledgers, books, ledgers
from models.typologies._reserve_tills import till_receipts
from models.typologies.base import Context, Parameter, Typology

TYPOLOGY = Typology(
    code="reserve-outside-qualified-bank",
    title_zh="客户备付金存放于不符合要求的银行或账户",
    title_en="Customer money outside qualified reserve banks or reserve accounts",
    clause="二(四)1",
    citations=("plan-2016-90", "pboc-reserve-2013-6"),
    severity="3; 4 when the money does not reach a reserve account at all.",
    runbook=(
        "1. Check with the central bank's branch that the bank or account is not on its list of reserve accounts.\n"
        "2. Ask for all receipts of the account since it was opened and where the balance is.\n"
        "3. Have the money moved to the deposit bank and the account closed for customers."
    ),
    parameters=(
        Parameter(
            "min_payers", 20, "persons", "calibrated",
            "Own accounts see a few refunds and tests; twenty different payers are customers.",
            "Fewest different payers into an account that is no reserve account (half as many who pay into the reserve too).",
        ),
    ),
    reach="circle",
)  # fmt: skip


KNOWN_SHARE = 0.5
"""Part of the fewest payers that is enough where these pay into the reserve too."""


def receipts(all_of: Ledgers, min_payers: int) -> pl.DataFrame:
    """Customers' payments that count, with ``institution_id`` and ``why`` 'bank' or 'account'; sorted by number."""
    who = ["institution_id", "cp_holder_id"]
    flags = all_of.accounts.select("account_id", "qualified")
    from_customer = (pl.col("direction") == "in") & pl.col("side").is_in(["other", "unknown"])
    customer = all_of.lines.filter(from_customer).join(flags, on="account_id")
    at_bank = customer.filter(pl.col("reserve") & ~pl.col("qualified").fill_null(True)).with_columns(
        pl.lit("bank").alias("why")
    )
    outside = customer.filter(~pl.col("reserve") & pl.col("account_type").is_in(["own", "other", "product"]))
    # merchants, whom the reserve pays and who never pay into it, pay the institution its fees
    merchants = (
        all_of.lines.filter("reserve")
        .drop_nulls("cp_holder_id")
        .group_by(who)
        .agg(
            pl.col("direction").eq("out").sum().alias("outs"), pl.col("direction").eq("in").sum().alias("ins")
        )
        .filter((pl.col("outs") >= 2) & (pl.col("ins") == 0))
    )
    hidden = all_of.unlisted.filter(from_customer).with_columns(qualified=pl.lit(None, pl.Boolean))
    outside = pl.concat([outside, hidden.select(outside.columns)])
    outside = outside.join(merchants, on=who, how="anti")
    # few payers are customers where they pay into the reserve as well
    known = customer.filter(pl.col("reserve")).select(who).drop_nulls().unique()
    known_id = pl.when("known").then("cp_holder_id")
    payers = (
        outside.join(known.with_columns(known=pl.lit(True)), on=who, how="left")
        .group_by("account_id")
        .agg(payers=pl.col("cp_holder_id").n_unique(), known=known_id.drop_nulls().n_unique())
    )
    many = (pl.col("payers") >= min_payers) | (pl.col("known") >= min_payers * KNOWN_SHARE)
    outside = outside.join(payers.filter(many), on="account_id", how="semi").with_columns(
        pl.lit("account").alias("why")
    )
    columns = ["institution_id", "line_no", "account_no", "booked_on", "amount_fen", "cp_holder_id", "why"]
    return pl.concat([at_bank.select(columns), outside.select(columns)]).sort("line_no")


def detect(ctx: Context) -> Iterable[Finding]:
    """One finding an institution; the amount is what customers paid in so."""
    least = int(ctx.parameter(TYPOLOGY, "min_payers"))
    own = receipts(ledgers(ctx), least)
    tills = till_receipts(ctx, least).with_columns(why=pl.lit("account"))
    every = parts(pl.concat([own, tills.select(own.columns)]).sort("line_no"))
    for book in books(ctx):
        rows = every.get(book.institution_id)
        if rows is None:
            continue
        total = int(rows["amount_fen"].sum())
        payers = rows["cp_holder_id"].n_unique()
        at_bank = rows.filter(pl.col("why") == "bank")
        outside = rows.filter(pl.col("why") == "account")
        accounts = tuple(sorted(rows["account_no"].unique()))
        told_zh, told_en = [], []
        if at_bank.height:
            told_zh.append(
                f"不合格银行的备付金账户收款{at_bank.height}笔{yuan(int(at_bank['amount_fen'].sum()))}元"
            )
            told_en.append(
                f"{yuan(int(at_bank['amount_fen'].sum()))} at a bank not qualified ({at_bank.height} payments)"
            )
        if outside.height:
            told_zh.append(
                f"非备付金账户收客户款{outside.height}笔{yuan(int(outside['amount_fen'].sum()))}元"
            )
            told_en.append(
                f"{yuan(int(outside['amount_fen'].sum()))} into accounts that are no reserve accounts ({outside.height} payments)"
            )
        yield Finding(
            institution_id=book.institution_id,
            typology=TYPOLOGY.code,
            amount_fen=total,
            severity=4 if outside.height else 3,
            confidence=0.95 if at_bank.height else 0.9 if payers >= 2 * least else 0.8,
            first_on=first_last(rows["booked_on"])[0],
            last_on=first_last(rows["booked_on"])[1],
            explanation_zh=f"{book.name}在规定账户之外收取客户资金共{yuan(total)}元,涉及付款人{payers}个:{';'.join(told_zh)}。",
            explanation_en=f"{book.name} took {yuan(total)} yuan of customer money from {payers} payers outside qualified reserve accounts: {'; '.join(told_en)}.",
            evidence=evidence("customer_receipt", rows),
            accounts=accounts,
            clients=payers,
            bases=AmountBases(gross_taken=total, net_unrepaid=total, peak_diverted=total),
            benign=(
                (
                    "机构自身收入:付款人为客户,并非机构自身、关联方、员工或供应商",
                    "the institution's own income: payers are customers, not the institution, related parties, staff or suppliers",
                ),
                (
                    f"零星误付:账户非备付金账户时,至少有 {least} 名不同付款人",
                    f"a stray payment: at least {least} different payers where the account is no reserve account",
                ),
            ),
        )
