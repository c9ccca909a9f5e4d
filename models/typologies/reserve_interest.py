"""二(四)1 吃利差: the bank credits interest on reserve accounts.

A credit on a reserve account whose payer is the bank itself is interest unless it gives back an
earlier charge of the same amount. The official table's item F03 of the same day and amount confirms it.
Banks that print no payer for interest leave a credit without any: such a credit counts on the days interest is
settled (20th to 22nd) where the account has few others, and is no more than a bank can have paid on its balance;
or where its remark, read only here, says interest.

Confidence: 0.7 for a credit without a payer alone; 0.95 where item F03 says the same, 0.85 where the bank is the payer and the credits come
at a settled rhythm (two or more, or on a settlement day 20/21 of the month), 0.6 otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from models.finding import AmountBases, Finding, evidence
from models.typologies._common import first_last, yuan
from models.typologies._frames import parts, with_line
from models.typologies._reserve import books, ledgers
from models.typologies._reserve_days import tables
from models.typologies.base import Context, Parameter, Typology

TYPOLOGY = Typology(
    code="reserve-interest",
    title_zh="备付金账户计付利息",
    title_en="Interest credited on reserve accounts",
    clause="二(四)1",
    citations=("plan-2016-90", "pboc-reserve-2013-6"),
    severity="2; 3 when reserve money was moved for interest as well (reserve-misappropriation).",
    runbook=(
        "1. Ask the reserve bank for the account's interest agreement and every credit since opening.\n"
        "2. Ask the institution where the interest was booked and whether it was swept to its own account.\n"
        "3. Central bank: have the agreement ended; bank and institution each explain in writing."
    ),
    parameters=(
        Parameter(
            "refund_days", 90, "days", "calibrated",
            "Banks give back wrong charges within a quarter's statement cycle.",
            "A credit equal to a charge of the same bank within this many days before is a refund, no interest.",
        ),
        Parameter(
            "min_rhythm", 0.8, "share", "calibrated", "Masked customers pay on any day of the month.",
            "Smallest share of an account's credits without a payer that come on settlement days (20th to 22nd).",
        ),
        Parameter(
            "max_rate", 0.05, "a year", "calibrated", "Time deposits paid below 5 % in the years concerned.",
            "Highest rate by which a credit without a payer can be the interest of a quarter on the account's highest balance.",
        ),
    ),
    reach="circle",
)  # fmt: skip


def _anonymous(ctx: Context, lines: pl.DataFrame, p: dict[str, float]) -> pl.DataFrame:
    """Credits without a payer on settlement days, no larger than the interest of a quarter can be, or called interest."""
    nobody = lines.filter(
        (pl.col("direction") == "in") & (pl.col("side") == "unknown") & pl.col("counterparty_name").is_null()
    )
    if nobody.is_empty():
        return nobody
    told = with_line(ctx, nobody.select("line_no"), "counterparty_account", "remark")
    nobody = (
        nobody.join(told, on="line_no")
        .filter(pl.col("counterparty_account").is_null())
        .with_columns(
            settled=pl.col("booked_on").dt.day().is_between(20, 22),
            called=pl.col("remark").fill_null("").str.contains("结息|利息|计息|付息"),
        )
    )
    level = lines.group_by("account_id").agg(
        most_fen=pl.max_horizontal(
            pl.col("balance_after_fen").max().fill_null(0), pl.col("amount_fen").max().fill_null(0)
        )
    )
    return (
        nobody.join(level, on="account_id")
        .filter(
            pl.col("called")
            | (
                pl.col("settled")
                & (pl.col("settled").mean().over("account_id") >= p["min_rhythm"])
                & (pl.col("amount_fen") <= p["max_rate"] / 4 * pl.col("most_fen"))
            )
        )
        .drop("settled", "called", "most_fen")
    )


def _interest(ctx: Context, p: dict[str, float]) -> pl.DataFrame:
    """Credits that count, with ``institution_id`` and ``told`` (true where item F03 says the same, else null)."""
    refund_days = int(p["refund_days"])
    told_by = ["institution_id", "booked_on", "amount_fen"]
    lines = ledgers(ctx).lines.filter("reserve")
    told = (
        tables(ctx)
        .unique(["institution_id", "report_date", "item"], keep="first", maintain_order=True)
        .filter((pl.col("item") == "F03") & (pl.col("amount_fen") > 0))
        .select("institution_id", "amount_fen", booked_on="report_date", told=pl.lit(True))
    )
    ins = lines.filter(pl.col("direction") == "in")
    credit = ins.filter(pl.col("side") == "bank")
    named = ins.filter(pl.col("side").is_in(["bank", "unknown", "other"])).join(told, on=told_by, how="semi")
    credit = pl.concat([credit, named]).unique("line_no").join(told, on=told_by, how="left")
    quiet = _anonymous(ctx, lines, p).with_columns(told=pl.lit(None, pl.Boolean))
    credit = pl.concat([credit, quiet.select(credit.columns)]).unique(
        "line_no", keep="first", maintain_order=True
    )
    charge = lines.filter((pl.col("direction") == "out") & (pl.col("side") == "bank")).select(
        "account_id", "amount_fen", pl.col("booked_on").alias("charged_on")
    )
    refunds = credit.join(charge, on=["account_id", "amount_fen"], how="inner").filter(
        (pl.col("booked_on") - pl.col("charged_on")).dt.total_days().is_between(0, refund_days)
    )
    return credit.join(refunds.select("line_no"), on="line_no", how="anti").sort("line_no")


def detect(ctx: Context) -> Iterable[Finding]:
    """One finding an institution over its reserve accounts; the amount is the interest credited."""
    p = {x.name: ctx.parameter(TYPOLOGY, x.name) for x in TYPOLOGY.parameters}
    refund_days = int(p["refund_days"])
    every = parts(_interest(ctx, p))
    for book in books(ctx):
        rows = every.get(book.institution_id)
        if rows is None:
            continue
        told = rows["told"].fill_null(False).any()
        named = (rows["side"] == "bank").any()
        rhythm = rows.height >= 2 or rows["booked_on"].dt.day().is_in([20, 21]).any()
        total = int(rows["amount_fen"].sum())
        accounts = tuple(sorted(rows["account_no"].unique()))
        yield Finding(
            institution_id=book.institution_id,
            typology=TYPOLOGY.code,
            amount_fen=total,
            severity=2,
            confidence=0.95 if told else 0.7 if not named else 0.85 if rhythm else 0.6,
            first_on=first_last(rows["booked_on"])[0],
            last_on=first_last(rows["booked_on"])[1],
            explanation_zh=(
                f"{book.name}的{len(accounts)}个备付金账户收到银行计付利息{rows.height}笔,共{yuan(total)}元"
                + (",与备付金报表F03项一致。" if told else "。")
            ),
            explanation_en=(
                f"The bank credited interest {rows.height} time(s) on {len(accounts)} reserve account(s) of {book.name}, "
                f"{yuan(total)} yuan in all" + (", as item F03 of its reserve tables says." if told else ".")
            ),
            evidence=evidence("interest", rows),
            accounts=accounts,
            bases=AmountBases(gross_taken=total, income=total),
            benign=(
                (
                    "自有账户利息:只计登记的备付金账户",
                    "interest on own accounts: only registered reserve accounts count",
                ),
                (
                    f"收费退回:此前 {refund_days} 天内银行无等额收费",
                    f"a charge given back: no equal charge of the bank in the {refund_days} days before",
                ),
            ),
        )
