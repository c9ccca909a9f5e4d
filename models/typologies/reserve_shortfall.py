"""二(四)1 占用: what is owed to customers exceeds reserves plus items in transit.

For each report day: owed (customer_balance) − reserve balance − items in transit. The balance is
that of the statements where every reserve account's is known that day, else the declared one; days
without either are data gaps and no shortfall. The finding needs a run of report days in a row, or single days whose gaps
own money closed: what closes with money in transit is a timing gap.

Confidence: 0.95 when the statements themselves show it, 0.85 when only the declared balances do;
0.1 less when reports are missing inside the run.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import polars as pl

from models.finding import AmountBases, Finding, evidence
from models.typologies._common import yuan
from models.typologies._reserve import books, ledgers
from models.typologies._reserve_days import report_keys, reports
from models.typologies.base import Context, Parameter, Typology

TYPOLOGY = Typology(
    code="reserve-shortfall",
    title_zh="客户备付金短缺(占用)",
    title_en="Customer reserve shortfall",
    clause="二(四)1",
    citations=("plan-2016-90", "pboc-reserve-2013-6"),
    severity="4; 5 when the shortfall is above a tenth of what is owed.",
    runbook=(
        "1. Ask the reserve banks for the balances of the days shown; check that no account is missing.\n"
        "2. Lay owed, balances and items in transit side by side (trial balance, table 1-12).\n"
        "3. Follow the payments listed as the cause; ask for the money back into the reserve.\n"
        "4. Central bank: stop new business until the gap is closed; report at once if it grows."
    ),
    parameters=(
        Parameter(
            "min_report_days", 2, "report days", "calibrated", "The catalogue asks for two or more report days.",
            "Fewest report days in a row with a shortfall.",
        ),
        Parameter(
            "tolerance_yuan", 1, "yuan", "calibrated", "Tables are kept to the fen; one yuan leaves room for rounding.",
            "Differences up to this are none.",
        ),
    ),
    after=("reserve-misappropriation", "reserve-outside-qualified-bank"),
    reach="circle",
)  # fmt: skip


OWN_SHARE = 0.9
"""Part of a gap that own money closes, and of money that came back that had gone to its payer before."""
LENT_FEN = 10_000_000
"""Least that is taken for money lent out and paid back: a wallet's withdrawals and pay-ins are less."""


def gaps(ctx: Context, tolerance_fen: int) -> pl.DataFrame:
    """Report days with their gap and the run of days in a row it belongs to.

    Returns
    -------
    polars.DataFrame
        Grain: ``institution_id``, ``report_date``. ``owed_fen``, ``balance_fen``, ``transit_fen``, ``gap_fen``,
        ``seen`` (by the statements themselves), ``run`` (null without a shortfall). Days without any known balance
        are left out: data gaps are no shortfalls. Sorted.
    """
    before = pl.col("short").shift(1).over("institution_id")
    return (
        reports(ctx)
        .with_columns(
            pl.coalesce("statement_fen", "declared_fen").alias("balance_fen"),
            pl.col("statement_fen").is_not_null().alias("seen"),
        )
        .drop_nulls("balance_fen")
        .with_columns((pl.col("owed_fen") - pl.col("balance_fen") - pl.col("transit_fen")).alias("gap_fen"))
        .with_columns((pl.col("gap_fen") > tolerance_fen).alias("short"))
        .with_columns((pl.col("short") != before).fill_null(True).cum_sum().alias("run"))
        .with_columns(pl.when("short").then(pl.col("run")).alias("run"))
    )


def _topped(lines: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """Single report days whose gap the institution's own money, or money lent out, closed by the next one.

    Nothing was in transit then. A gap of the last report day counts with them, being open.

    Parameters
    ----------
    lines : polars.DataFrame
        Of `models.typologies._reserve.Ledgers`.
    days : polars.DataFrame
        `gaps`.

    Returns
    -------
    polars.DataFrame
        ``institution_id``, ``report_date``; unique.
    """
    day = ["institution_id", "report_date"]
    reserve = lines.filter("reserve")
    came = reserve.filter(pl.col("direction") == "in")
    who = ["institution_id", "cp_holder_id"]
    least = pl.col("amount_fen") >= OWN_SHARE * LENT_FEN
    lent = reserve.filter((pl.col("direction") == "out") & (pl.col("side") == "other") & least)
    back = (
        came.filter((pl.col("side") == "other") & (pl.col("amount_fen") >= LENT_FEN))
        .join(lent.select(*who, gone_on="booked_on", gone_fen="amount_fen"), on=who)
        .filter(
            (pl.col("gone_on") < pl.col("booked_on"))
            & (pl.col("gone_fen") >= OWN_SHARE * pl.col("amount_fen"))
        )
        .unique("line_no")
    )
    own = pl.concat(
        [came.filter(pl.col("side").is_in(["own", "self", "related"])), back.select(came.columns)]
    )
    ends = days.with_columns(next_on=pl.col("report_date").shift(-1).over("institution_id")).filter("short")
    put = (
        ends.select(*day, "gap_fen", "next_on")
        .join(own.select("institution_id", "booked_on", "amount_fen"), on="institution_id")
        .filter((pl.col("booked_on") > pl.col("report_date")) & (pl.col("booked_on") <= pl.col("next_on")))
        .group_by(*day, "gap_fen")
        .agg(pl.col("amount_fen").sum())
        .filter(pl.col("amount_fen") >= OWN_SHARE * pl.col("gap_fen"))
        .select(day)
    )
    last = ends.filter(pl.col("next_on").is_null()).join(put, on="institution_id", how="semi").select(day)
    return pl.concat([put, last])


def _causes(ctx: Context, institution_id: str, last: dt.date) -> pl.DataFrame:
    found = [
        f.evidence.filter(pl.col("line_no").is_not_null() & (pl.col("role") != "context"))
        for code in TYPOLOGY.after
        for f in ctx.findings.get(code, ())
        if f.institution_id == institution_id
    ]
    if not found:
        return pl.DataFrame(schema={"line_no": pl.Int64, "attributed_fen": pl.Int64})
    dates = ctx.table("mart_line", ("line_no", "booked_on"))
    return (
        pl.concat(found)
        .select("line_no", "attributed_fen")
        .join(dates, on="line_no", how="inner")
        .filter(pl.col("booked_on") <= last)
        .unique("line_no")
        .sort("line_no")
    )


def detect(ctx: Context) -> Iterable[Finding]:
    """One finding an institution; the amount is the largest shortfall on a report day."""
    least = int(ctx.parameter(TYPOLOGY, "min_report_days"))
    tolerance = int(ctx.parameter(TYPOLOGY, "tolerance_yuan") * 100)
    every = gaps(ctx, tolerance)
    topped = _topped(ledgers(ctx).lines, every).with_columns(topped=pl.lit(True))
    days = (
        every.join(topped, on=["institution_id", "report_date"], how="left", maintain_order="left")
        .filter(pl.col("run").is_not_null())
        .filter((pl.len().over("institution_id", "run") >= least) | pl.col("topped").is_not_null())
    )
    for book in books(ctx):
        short = days.filter(pl.col("institution_id") == book.institution_id)
        if short.height < least:
            continue
        worst = short.sort(["gap_fen", "report_date"], descending=[True, False]).row(0, named=True)
        first, last = short["report_date"].sort()[0], short["report_date"].sort()[-1]
        amount = int(worst["gap_fen"])
        causes = _causes(ctx, book.institution_id, last)
        seen = bool(short["seen"].all())
        share = amount / max(1, int(worst["owed_fen"]))
        proof = [
            evidence("cause", causes),
            evidence(
                "report_day",
                register="reserve_reports",
                keys=report_keys(book.institution_id, short["report_date"].to_list()),
            ),
        ]
        yield Finding(
            institution_id=book.institution_id,
            typology=TYPOLOGY.code,
            amount_fen=amount,
            severity=5 if share > 0.1 else 4,
            confidence=0.95 if seen else 0.85,
            first_on=first,
            last_on=last,
            explanation_zh=(
                f"{book.name}在{short.height}个报告日应付客户备付金大于备付金账户余额与在途之和;"
                f"{worst['report_date']}缺口最大:应付{yuan(worst['owed_fen'])}元,余额{yuan(worst['balance_fen'])}元,"
                f"在途{yuan(worst['transit_fen'])}元,缺口{yuan(amount)}元。"
            ),
            explanation_en=(
                f"On {short.height} report days {book.name} owed its customers more than its reserves and items in transit; "
                f"the gap was largest on {worst['report_date']}: owed {yuan(worst['owed_fen'])}, balances "
                f"{yuan(worst['balance_fen'])}, in transit {yuan(worst['transit_fen'])}, short {yuan(amount)} yuan."
            ),
            evidence=pl.concat(proof),
            accounts=tuple(sorted(book.accounts.filter("reserve")["account_no"])),
            bases=AmountBases(
                gross_taken=int(causes["attributed_fen"].sum() or 0),
                net_unrepaid=int(short.sort("report_date")["gap_fen"][-1]),
                peak_diverted=amount,
            ),
            benign=(
                (
                    f"一日时间差:连续 {short.height} 个报告日或多次出现",
                    f"a one-day timing gap: it holds on {short.height} report days in a row or more than one run",
                ),
                ("在途款项:已计为机构所有", "items in transit: they are counted for the institution"),
                (
                    "缺账户或缺页:" + ("这些日期各备付金账户对账单齐全" if seen else "部分日期仅有申报余额"),
                    "a missing account or page: "
                    + (
                        "every reserve account's statement is on hand for these days"
                        if seen
                        else "on some days only the declared balance is known"
                    ),
                ),
            ),
        )
