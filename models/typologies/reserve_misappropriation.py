"""二(四)1 挪用: reserve accounts pay for anything but customers' orders.

Payments out of reserve accounts, other than to the institution's own reserve accounts and to the
bank, count when the payee is

* the institution itself at an account no register gives it (deposits elsewhere), or its own account
  beyond the return of income at settled intervals, within what customers' payments can have earned;
* somebody who passes it on to a related party or to the institution itself within three transfers;
* a related party (unless it is settled like any merchant), persons paid by the month as staff are, a product or fund, a securities, real-estate or insurance firm, or a supplier
  its own account pays as well;
* nobody the reserve pays regularly, and the amount is beyond anything customers' orders come to.

Regular payees (merchants), wallets withdrawn by the one who filled them before, and payouts that a customer's
pay-in of the like amount stands behind never count by amount.

Confidence: 0.95 for register roles and own accounts, 0.85 for suppliers and money passed on, 0.75 for the amount
alone, 0.7 for what looks like wages; the finding takes the mean weighted by amount.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from models.finding import AmountBases, Finding, evidence
from models.typologies._common import first_last, yuan
from models.typologies._frames import parts
from models.typologies._reserve import books, ledgers
from models.typologies._reserve_days import reports
from models.typologies._reserve_uses import (
    companies,
    dressing,
    dressing_drains,
    filled_before,
    own_returns,
    passed_on,
    settled_elsewhere,
)
from models.typologies._reserve_wages import wages
from models.typologies.base import Context, Parameter, Typology

TYPOLOGY = Typology(
    code="reserve-misappropriation",
    title_zh="挪用客户备付金",
    title_en="Misuse of customer reserves",
    clause="二(四)1",
    citations=("plan-2016-90", "pboc-reserve-2013-6"),
    severity="4; 5 when more than a tenth of the reserves went or a related party got it.",
    runbook=(
        "1. Ask the reserve bank for the payment orders of the lines shown and who signed them.\n"
        "2. Ask the institution for contract and invoice of each payee; look for related parties behind it.\n"
        "3. Compare with items G06-G10 and B06 of its tables: were the payments reported, and as what?\n"
        "4. Central bank: return of the money into the reserve; transfer to the police above the threshold."
    ),
    parameters=(
        Parameter(
            "regular_weeks_share", 0.25, "share", "calibrated",
            "Merchants are settled in most weeks of their life; a payee seen in fewer than a quarter of them is no merchant.",
            "Smallest share of the weeks since its first payment in which a regular payee is paid.",
        ),
        Parameter(
            "regular_payments", 6, "payments", "calibrated", "Fewer tell nothing about regularity.",
            "Fewest payments of a regular payee.",
        ),
        Parameter(
            "trading_weeks_share", 0.7, "share", "calibrated", "Shops sell every week; a related person with a shop is settled as often.",
            "Smallest share of the weeks in which a related person is paid who is settled like a merchant.",
        ),
        Parameter(
            "outlier_multiple", 3, "times", "calibrated",
            "The largest single settlement of a regular merchant stays below about twice the 99th percentile in ordinary books.",
            "A payment to an irregular payee counts from this multiple of the 99th percentile of regular payments on.",
        ),
        Parameter(
            "order_fee", 0.015, "share", "calibrated", "Largest fee seen on a customer's order in the research notes (1.5 %).",
            "A pay-in up to this much above a payout within three days makes the payout a customer's order.",
        ),
        Parameter(
            "max_income", 0.03, "share", "calibrated",
            "Tariffs stay below 1.5 % for acquiring and 3 % for prepaid cards in the research notes.",
            "Largest income that customers' payments can have earned, as a share of them.",
        ),
        Parameter(
            "passed_share", 0.5, "share", "calibrated", "Who buys from a related party passes on a part; who stands between passes on nearly all.",
            "Smallest share of a payment, and of all a payee got, that reaches related parties or the institution itself.",
        ),
        Parameter("passed_yuan", 10_000, "yuan", "calibrated", "A customer's few hundred yuan reach a related shop by chance.", "Least that a payee who passes it on got."),
        Parameter("passed_hops", 3, "transfers", "calibrated", "The catalogue follows project money over as many.", "Transfers followed, the payment out of the reserve counted."),
        Parameter("passed_days", 30, "days", "calibrated", "The catalogue follows project money as long.", "Longest time from the payment to its arrival."),
        Parameter("staff", 3, "persons", "calibrated", "Two may be merchants settled by the month.", "Fewest persons paid as staff are on the same days."),
        Parameter("staff_months", 3, "months", "calibrated", "Two equal payments may be chance.", "Fewest months in which they are."),
    ),
    reach="circle",
)  # fmt: skip

_ROLES = {
    "related": "关联方",
    "product": "理财产品",
    "securities": "证券期货",
    "real_estate": "房地产",
    "insurer": "保险",
    "guarantor": "担保方",
}


def _payees(lines: pl.DataFrame, p: dict[str, float]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Payees of the reserves with their habits, and the 99th percentile of regular payments (``p99``) by institution."""
    who = ["institution_id", "cp_holder_id"]
    outs = lines.filter(
        pl.col("reserve") & (pl.col("direction") == "out") & ~pl.col("side").is_in(["reserve", "bank", "own"])
    )
    ends = lines.group_by("institution_id").agg(end=pl.col("booked_on").max())
    habits = (
        outs.drop_nulls("cp_holder_id")
        .group_by(who)
        .agg(
            pl.len().alias("payments"),
            pl.col("booked_on").dt.truncate("1w").n_unique().alias("weeks"),
            pl.col("booked_on").min().alias("since"),
        )
        .join(ends, on="institution_id")
        .with_columns(((pl.col("end") - pl.col("since")).dt.total_days() / 7 + 1).alias("life_weeks"))
        .with_columns(
            (
                (pl.col("payments") >= p["regular_payments"])
                & (pl.col("weeks") >= p["regular_weeks_share"] * pl.col("life_weeks"))
                & (pl.col("weeks") >= 3)
            ).alias("regular"),
            (pl.col("weeks") / pl.col("life_weeks")).alias("weeks_share"),
        )
    )
    usual = (
        outs.filter(pl.col("side") != "related")
        .join(habits.filter("regular"), on=who, how="semi")
        .group_by("institution_id")
        .agg(p99=pl.col("amount_fen").quantile(0.99))
    )
    return habits, usual


def _ordered(lines: pl.DataFrame, outs: pl.DataFrame, p: dict[str, float]) -> pl.DataFrame:
    """Payouts behind which a customer's pay-in of the like amount stands (``line_no``)."""
    ins = lines.join(outs, on="institution_id", how="semi").filter(
        (pl.col("direction") == "in") & pl.col("side").is_in(["other", "unknown"])
    )
    top = (pl.col("amount_fen") * (1 + p["order_fee"])).cast(pl.Int64) + 200
    return (
        outs.select("institution_id", "line_no", "booked_on", "amount_fen", top.alias("top_fen"))
        .join_where(
            ins.select(firm="institution_id", in_on="booked_on", in_fen="amount_fen"),
            pl.col("institution_id") == pl.col("firm"),
            pl.col("in_fen") >= pl.col("amount_fen"),
            pl.col("in_fen") <= pl.col("top_fen"),
            pl.col("in_on") <= pl.col("booked_on"),
            pl.col("in_on") >= pl.col("booked_on").dt.offset_by("-3d"),
        )
        .select("line_no")
        .unique()
    )


def _returns(ctx: Context, lines: pl.DataFrame, max_income: float) -> pl.DataFrame:
    """Lines of the reserve to the institution's own account that are no settled return of income.

    Two looks: what customers' payments cannot have earned (`own_returns`); and, with reports, what left the
    reserves short of what is owed on two report days on end that were not short before (or, where they were short
    already, what is far above the usual returns) and makes up half of that shortfall or more.
    """
    firm = "institution_id"
    back = lines.filter(pl.col("reserve") & (pl.col("direction") == "out") & (pl.col("side") == "own"))
    back = back.join(dressing(ctx), on="line_no", how="anti")
    paid_back = lines.join(back, on=firm, how="semi", maintain_order="left")
    unearned = own_returns(paid_back, max_income).join(dressing(ctx), on="line_no", how="anti")
    surplus = (
        reports(ctx)
        .select(
            firm,
            pl.col("report_date").alias("booked_on"),
            (pl.coalesce("statement_fen", "declared_fen") + pl.col("transit_fen") - pl.col("owed_fen")).alias(
                "surplus_fen"
            ),
        )
        .drop_nulls()
        .sort("booked_on")
        .join_asof(_bank_charges(lines), on="booked_on", by=firm, check_sortedness=False)
        .with_columns(pl.col("surplus_fen") + pl.col("charged_fen").fill_null(0))
        .with_columns(pl.col("surplus_fen").shift(-1).over(firm).alias("next_fen"))
    )
    held = back.join(surplus, on=firm, how="semi").sort("booked_on", "line_no")
    near = {"on": "booked_on", "by": firm, "tolerance": "31d", "check_sortedness": False}
    before = surplus.select(firm, "booked_on", before_fen="surplus_fen")
    held = (
        held.join_asof(surplus, strategy="forward", **near)  # type: ignore[arg-type]
        .join_asof(before, strategy="backward", allow_exact_matches=False, **near)  # type: ignore[arg-type]
        .with_columns(pl.col("before_fen").fill_null(0))
    )
    short = (pl.col("surplus_fen") < -100) & (pl.col("next_fen").fill_null(pl.col("surplus_fen")) < -100)
    cause = 2 * pl.col("amount_fen") >= pl.min_horizontal("before_fen", pl.lit(0)) - pl.col("surplus_fen")
    beyond = (pl.col("before_fen") >= -100) & (pl.col("amount_fen") > pl.col("before_fen") + 100)
    usual = pl.col("amount_fen").median().over(firm)
    unusual = (pl.col("before_fen") < -100) & (pl.col("amount_fen") > 10 * usual)
    left_short = held.filter(short & cause & (beyond | unusual)).select(back.columns)
    return pl.concat([left_short, unearned.select(back.columns)]).unique("line_no").sort("line_no")


def _bank_charges(lines: pl.DataFrame) -> pl.DataFrame:
    """What the bank has charged the reserves up to each day: a charge leaves them short, no return of income does.

    Returns
    -------
    polars.DataFrame
        ``institution_id``, ``booked_on``, ``charged_fen`` (running sum, never negative); sorted by day.
    """
    signed = pl.when(pl.col("direction") == "out").then("amount_fen").otherwise(-pl.col("amount_fen"))
    running = pl.col("charged_fen").cum_sum().over("institution_id").clip(lower_bound=0)
    return (
        lines.filter(pl.col("reserve") & (pl.col("side") == "bank"))
        .group_by("institution_id", "booked_on")
        .agg(charged_fen=signed.sum())
        .sort("booked_on", "institution_id")
        .with_columns(running)
    )


def _roles(ctx: Context) -> pl.DataFrame:
    """Holders in one of `_ROLES` towards an institution: ``institution_id``, ``cp_holder_id``, ``role``; each once."""
    who = ["institution_id", "holder_id"]
    return (
        ctx.table("mart_role_all", (*who, "role"))
        .filter(pl.col("role").is_in(sorted(_ROLES)))
        .join(ledgers(ctx).accounts, on="institution_id", how="semi")
        .group_by(who)
        .agg(pl.col("role").min())
        .rename({"holder_id": "cp_holder_id"})
    )


def _judged(ctx: Context, p: dict[str, float]) -> pl.DataFrame:
    """Lines that count, with ``institution_id``, ``why`` and ``weight`` (confidence)."""
    who = ["institution_id", "cp_holder_id"]
    lines = ledgers(ctx).lines
    habits, usual = _payees(lines, p)
    own_pays = (
        lines.filter(
            ~pl.col("reserve") & (pl.col("direction") == "out") & pl.col("side").is_in(["other", "vendor"])
        )
        .select(who)
        .drop_nulls()
        .unique()
        .join(companies(ctx), on="cp_holder_id", how="semi")
        .with_columns(own_pays=pl.lit(True))
    )
    outs = (
        lines.filter(
            pl.col("reserve")
            & (pl.col("direction") == "out")
            & ~pl.col("side").is_in(["reserve", "bank", "own"])
        )
        .join(habits.select(*who, "regular", "weeks_share"), on=who, how="left")
        .join(usual, on="institution_id", how="left")
        .join(_roles(ctx), on=who, how="left")
        .join(own_pays, on=who, how="left")
        .join(filled_before(lines), on=who, how="left")
        .with_columns(
            pl.col("regular").fill_null(False),
            pl.col("paid_in_fen").fill_null(0),
            pl.col("p99").fill_null(0.0),
        )
    )
    total = pl.col("amount_fen").sum().over(who)
    filled = pl.col("paid_in_fen") >= total
    through = passed_on(
        ctx, int(p["passed_hops"]), int(p["passed_days"]), p["passed_share"], int(p["passed_yuan"] * 100)
    )
    staff = wages(
        ctx, outs.filter(pl.col("side") == "other"), int(p["staff"]), int(p["staff_months"]), p["order_fee"]
    ).with_columns(paid_as_staff=pl.lit(True))
    outs = outs.join(staff, on=who, how="left")
    # a related firm that trades is settled like other merchants; one paid more than any of them at a time is not, nor
    # is a person who is paid in some weeks only: executives draw on the reserve when they need money
    person = ~pl.col("cp_holder_id").is_in(companies(ctx)["cp_holder_id"].implode())
    trades = (
        pl.col("regular")
        & (~person | (pl.col("weeks_share") >= p["trading_weeks_share"]))
        & (pl.col("amount_fen").median().over(who) <= pl.max_horizontal("p99", pl.lit(1.0)))
    )
    big = pl.col("amount_fen") > pl.max_horizontal(pl.col("p99") * p["outlier_multiple"], pl.lit(1.0))
    why = (
        pl.when(pl.col("side") == "self")
        .then(pl.lit("own_elsewhere"))
        .when((pl.col("side") == "related") & ~trades)
        .then(pl.lit("related"))
        .when(pl.col("line_no").is_in(through["line_no"].implode()))
        .then(pl.lit("passed_on"))
        .when("paid_as_staff")
        .then(pl.lit("paid_as_staff"))
        .when(pl.col("regular"))
        .then(None)
        .when(pl.col("role").is_not_null())
        .then(pl.col("role"))
        .when(pl.col("own_pays") | (pl.col("side") == "vendor"))
        .then(pl.lit("supplier"))
        .when((pl.col("side") == "staff") & ~filled)
        .then(pl.lit("staff"))
        .when(big & ~filled & (pl.col("side") == "other") & (pl.col("p99") > 0))
        .then(pl.lit("amount"))
    )
    weight = (
        pl.when(pl.col("why") == "amount")
        .then(0.75)
        .when(pl.col("why") == "paid_as_staff")
        .then(0.7)
        .when(pl.col("why").is_in(["supplier", "staff", "passed_on"]))
        .then(0.85)
        .otherwise(0.95)
    )
    found = outs.with_columns(why.alias("why")).drop_nulls("why")
    found = found.join(settled_elsewhere(lines, p["max_income"]), on="line_no", how="anti")
    by_amount = found.filter(pl.col("why") == "amount")
    explained = pl.concat([dressing_drains(ctx), _ordered(lines, by_amount, p)])
    explained = by_amount.join(explained, on="line_no", how="semi")
    found = found.join(explained, on="line_no", how="anti").select(*who, *_SHOWN, "why")
    back = _returns(ctx, lines, p["max_income"]).select(*who, *_SHOWN, why=pl.lit("own_account"))
    return pl.concat([found, back]).with_columns(weight.alias("weight")).sort("line_no")


_SHOWN = ("line_no", "account_no", "booked_on", "amount_fen")
_WHY_ZH = {
    "own_elsewhere": "转存本机构未备案账户", "own_account": "超出应得收入转入自有账户", "related": "关联方", "supplier": "供应商费用",
    "staff": "员工薪酬", "paid_as_staff": "按月定额或同日支付(疑似薪酬、房租)", "passed_on": "经他人转付关联方或本机构", "amount": "非商户的大额收款人", "product": "理财等产品", "securities": "证券期货", "real_estate": "房地产", "insurer": "保险",
    "guarantor": "担保方",
}  # fmt: skip
_WHY_EN = {
    "own_elsewhere": "own accounts no register lists", "own_account": "own account beyond income", "related": "related parties",
    "supplier": "suppliers", "staff": "employees", "paid_as_staff": "payees paid by the month as staff and landlords are",
    "passed_on": "others who passed it on to related parties or itself", "amount": "large payees that are no merchants", "product": "investment products",
    "securities": "securities firms", "real_estate": "real estate", "insurer": "insurers", "guarantor": "guarantors",
}  # fmt: skip


def detect(ctx: Context) -> Iterable[Finding]:
    """One finding an institution; the amount is the sum of the payments that count."""
    p = {x.name: ctx.parameter(TYPOLOGY, x.name) for x in TYPOLOGY.parameters}
    every = parts(_judged(ctx, p))
    reserve = ledgers(ctx).lines.filter("reserve").group_by("institution_id")
    highest = dict(reserve.agg(pl.col("balance_after_fen").max()).iter_rows())
    for book in books(ctx):
        rows = every.get(book.institution_id)
        if rows is None:
            continue
        total = int(rows["amount_fen"].sum())
        by = (
            rows.group_by("why")
            .agg(pl.len(), pl.col("amount_fen").sum())
            .sort("amount_fen", "why", descending=[True, False])
        )
        confidence = float((rows["weight"] * rows["amount_fen"]).sum() / total)
        serious = total > (highest.get(book.institution_id) or 0) / 10 or "related" in rows["why"].to_list()
        yield Finding(
            institution_id=book.institution_id,
            typology=TYPOLOGY.code,
            amount_fen=total,
            severity=5 if serious else 4,
            confidence=round(confidence, 2),
            first_on=first_last(rows["booked_on"])[0],
            last_on=first_last(rows["booked_on"])[1],
            explanation_zh=(
                f"{book.name}从备付金账户支付非客户指令款项{rows.height}笔共{yuan(total)}元:"
                + "、".join(f"{_WHY_ZH[w]}{n}笔{yuan(v)}元" for w, n, v in by.iter_rows())
                + "。"
            ),
            explanation_en=(
                f"{book.name} paid {yuan(total)} yuan in {rows.height} payments out of reserve accounts for other than customers' orders: "
                + ", ".join(f"{_WHY_EN[w]} {yuan(v)} ({n})" for w, n, v in by.iter_rows())
                + "."
            ),
            evidence=evidence("misuse", rows),
            accounts=tuple(sorted(rows["account_no"].unique())),
            bases=AmountBases(gross_taken=total, net_unrepaid=total, peak_diverted=total),
            benign=(
                (
                    "按约定周期划转自有收入:每月一次、出自盈余的划转未计入",
                    "return of own income at settled intervals: one a month out of a surplus does not count",
                ),
                (
                    "商户与钱包:定期收款者或付入相当金额者,不按金额计入",
                    "merchants and wallets: payees paid regularly, or who paid in as much, do not count by amount",
                ),
                (
                    "为报告日垫入后收回的自有资金:归入粉饰报表",
                    "own money put in for a report date and taken back: left to window-dressing",
                ),
            ),
        )
