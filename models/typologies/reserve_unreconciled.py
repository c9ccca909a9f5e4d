"""二(四)1, 三(二): bank statements, the ledger and what is declared do not tie.

Three looks, the largest figure is the amount:

* official table checks of C4 that fail (``M14`` = actual − trial balance foremost), by their codes;
* declared against statement balance of the reserve accounts, where every account's balance is known,
  on report days in a row;
* items in transit that stay: in transit less what was booked today (A07), or without that item the level that
  in transit did not fall below, for more than the allowed days on end. New items every day keep a level up too,
  so that a level without A07 counts only where it stands far above the changes from report to report (for weekly
  and rarer reports: where it does not change) and is not received soon after. Ledger credits without money at
  the bank show here.

Confidence: 0.95 for a failing trial balance or aged transit, 0.8 for a difference to statements alone
(a page may be missing although the balance chain holds).
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from models.finding import AmountBases, Finding, evidence
from models.typologies._checks import run_checks
from models.typologies._common import most, yuan
from models.typologies._frames import within_days
from models.typologies._reserve import books, ledgers
from models.typologies._reserve_days import items, report_keys, reports
from models.typologies.base import Context, Parameter, Typology

TYPOLOGY = Typology(
    code="reserve-unreconciled",
    title_zh="备付金银账不符、未达账项长期挂账",
    title_en="Reserve books that do not tie",
    clause="二(四)1、三(二)",
    citations=("plan-2016-90", "pboc-reserve-2013-6"),
    severity="3; 4 when the difference is above a twentieth of what is owed to customers.",
    runbook=(
        "1. Ask for tables 1-9 to 1-12 of the days shown with the vouchers behind each item in transit.\n"
        "2. Ask the reserve bank to confirm the balance of each account on the days shown.\n"
        "3. Items older than ten days: who owes them, why has the bank not got them; have unfounded ones written back.\n"
        "4. A trial balance that does not close, or ledger credits without money: treat as suspected misuse."
    ),
    parameters=(
        Parameter(
            "max_transit_days", 10, "days", "calibrated",
            "The catalogue; table 1-10 has 11 days and more as its last age band.",
            "Items in transit longer than this do not count as in transit.",
        ),
        Parameter(
            "tolerance_yuan", 1, "yuan", "calibrated", "Tables are kept to the fen; one yuan leaves room for rounding.",
            "Differences up to this are none.",
        ),
        Parameter(
            "min_days_off", 3, "report days", "calibrated",
            "A statement and a report closed at different hours differ for a day; three in a row are no cut-off.",
            "Fewest report days in a row on which declared and statement balance differ.",
        ),
    ),
    reach="circle",
)  # fmt: skip


DAY = ["institution_id", "report_date"]
STEADY = 4
"""A level without A07 is made of old items when it is so many times the larger changes between reports."""
OFTEN_DAYS = 4
"""Reports so many days apart or less show what one day adds; rarer ones do not."""
FEE = 0.015
SOON_DAYS = 5


def received(lines: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """Report days whose whole in-transit figure, less a fee, one payment from outside brings within days.

    Parameters
    ----------
    lines : polars.DataFrame
        Of `models.typologies._reserve.Ledgers`.
    days : polars.DataFrame
        ``institution_id``, ``report_date``, ``transit_fen``.

    Returns
    -------
    polars.DataFrame
        ``institution_id``, ``report_date``; unique.
    """
    ins = lines.filter(
        pl.col("reserve")
        & (pl.col("direction") == "in")
        & pl.col("side").is_in(["other", "unknown", "institution"])
    ).select("institution_id", "booked_on", pl.col("amount_fen").alias("in_fen"))
    shown = days.filter(pl.col("transit_fen") > 0).select(*DAY, "transit_fen")
    return (
        within_days(shown, ins, ["institution_id"], "report_date", "booked_on", before=-1, after=SOON_DAYS)
        .filter(pl.col("in_fen").is_between(pl.col("transit_fen") * (1 - FEE), pl.col("transit_fen")))
        .select(DAY)
        .unique()
    )


def aged_transit(
    days: pl.DataFrame, max_days: int, tolerance_fen: int, cleared: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Report days whose items in transit stay longer than `max_days`.

    Parameters
    ----------
    days : polars.DataFrame
        As `models.typologies._reserve_days.reports` tells them.
    max_days : int
    tolerance_fen : int
    cleared : polars.DataFrame, optional
        ``institution_id``, ``report_date`` of report days whose items were `received` soon after.

    Returns
    -------
    polars.DataFrame
        ``institution_id``, ``report_date``, ``stale_fen``; the days of every run of excess longer than `max_days`.
    """
    who = "institution_id"
    known = days.select(DAY).clear() if cleared is None else cleared
    shown = (
        days.join(known.with_columns(cleared=pl.lit(1.0)), on=DAY, how="left")
        .sort(DAY)
        .with_columns(
            pl.col("cleared").fill_null(0.0),
            change_fen=pl.col("transit_fen").diff().over(who).abs().cast(pl.Float64),
            gap=pl.col("report_date").diff().over(who).dt.total_days(),
        )
    )
    floor = pl.col("transit_fen").rolling_min_by("report_date", window_size=f"{max_days + 1}d").over(who)
    change = (
        pl.col("change_fen")
        .rolling_quantile_by("report_date", window_size="31d", quantile=0.75, min_samples=1)
        .over(who)
    )
    gap = pl.col("gap").rolling_median_by("report_date", window_size="31d", min_samples=1).over(who)
    soon = pl.col("cleared").rolling_mean_by("report_date", window_size="31d").over(who)
    old = pl.when(gap <= OFTEN_DAYS).then(floor > STEADY * change).otherwise(change <= tolerance_fen)
    stale = pl.when(old & (soon < 0.5)).then(floor).otherwise(0)
    before = pl.col("stale").shift(1).over(who)
    span = pl.col("report_date").max() - pl.col("report_date").min()
    return (
        shown.with_columns(
            stale_fen=pl.when(pl.col("new_transit_fen").is_not_null())
            .then(pl.col("transit_fen") - pl.col("new_transit_fen"))
            .otherwise(stale)
        )
        .with_columns((pl.col("stale_fen") > tolerance_fen).alias("stale"))
        .with_columns((pl.col("stale") != before).fill_null(True).cum_sum().alias("run"))
        .filter("stale")
        .filter(span.dt.total_days().over(who, "run") > max_days)
        .select(*DAY, "stale_fen")
    )


def declared_off(days: pl.DataFrame, least: int, tolerance_fen: int) -> pl.DataFrame:
    """Report days in a row on which the declared balance is not that of the statements.

    Returns
    -------
    polars.DataFrame
        ``institution_id``, ``report_date``, ``off_fen`` (declared − statement).
    """
    before = pl.col("off").shift(1).over("institution_id")
    return (
        days.drop_nulls(["statement_fen", "declared_fen"])
        .sort(DAY)
        .with_columns((pl.col("declared_fen") - pl.col("statement_fen")).alias("off_fen"))
        .with_columns((pl.col("off_fen").abs() > tolerance_fen).alias("off"))
        .with_columns((pl.col("off") != before).fill_null(True).cum_sum().alias("run"))
        .filter("off")
        .filter(pl.len().over("institution_id", "run") >= least)
        .select(*DAY, "off_fen")
    )


def detect(ctx: Context) -> Iterable[Finding]:
    """One finding an institution; the amount is the largest difference nothing explains."""
    max_days = int(ctx.parameter(TYPOLOGY, "max_transit_days"))
    tolerance = int(ctx.parameter(TYPOLOGY, "tolerance_yuan") * 100)
    least = int(ctx.parameter(TYPOLOGY, "min_days_off"))
    told = reports(ctx)
    aged = aged_transit(told, max_days, tolerance, received(ledgers(ctx).lines, told))
    apart = declared_off(told, least, tolerance)
    for book in books(ctx):
        days, stale, off = (
            f.filter(pl.col("institution_id") == book.institution_id) for f in (told, aged, apart)
        )
        failed = run_checks(items(ctx, book.institution_id), tolerance)
        figures = {
            "checks": most(failed["off_fen"].abs()),
            "transit": most(stale["stale_fen"]),
            "statement": most(off["off_fen"].abs()),
        }
        amount = max(figures.values())
        if amount == 0:
            continue
        dates = sorted({d for f in (failed, stale, off) for d in f["report_date"].to_list()})
        first = dates[0]
        reported = set(days["report_date"])
        last = max(dates[-1], *reported) if reported else dates[-1]
        parts_zh, parts_en = [], []
        if figures["checks"]:
            by = (
                failed.group_by("check")
                .agg(pl.len(), pl.col("off_fen").abs().max())
                .sort("off_fen", "check", descending=[True, False])
            )
            shown = [f"{c}({n}日,最大{yuan(v)}元)" for c, n, v in by.head(5).iter_rows()]
            parts_zh.append(f"报表勾稽不符{by.height}项:{'、'.join(shown)}")
            parts_en.append(
                "official checks fail: "
                + ", ".join(f"{c} on {n} day(s), up to {yuan(v)}" for c, n, v in by.head(5).iter_rows())
            )
        if figures["transit"]:
            parts_zh.append(
                f"超过{max_days}日的未达账项最大{yuan(figures['transit'])}元({stale.height}个报告日)"
            )
            parts_en.append(
                f"items in transit older than {max_days} days reach {yuan(figures['transit'])} ({stale.height} report days)"
            )
        if figures["statement"]:
            parts_zh.append(
                f"申报余额与银行流水余额相差最大{yuan(figures['statement'])}元({off.height}个报告日)"
            )
            parts_en.append(
                f"declared and statement balances differ by up to {yuan(figures['statement'])} ({off.height} report days)"
            )
        owed = most(days["owed_fen"])
        proof = [
            evidence("report_day", register="reserve_reports", keys=report_keys(book.institution_id, dates))
        ]
        if failed.height:
            keys = [
                f"{book.institution_id}|{d.isoformat()}|{c.split('=')[0].split('(')[0]}"
                for d, c, _ in failed.iter_rows()
            ]
            proof.append(evidence("failed_check", register="reserve_tables", keys=keys))
        yield Finding(
            institution_id=book.institution_id,
            typology=TYPOLOGY.code,
            amount_fen=amount,
            severity=4 if owed and amount > owed / 20 else 3,
            confidence=0.95 if figures["checks"] or figures["transit"] else 0.8,
            first_on=first,
            last_on=last,
            explanation_zh=f"{book.name}备付金三方核对不符:{';'.join(parts_zh)}。",
            explanation_en=f"The reserve books of {book.name} do not tie: {'; '.join(parts_en)} (yuan).",
            evidence=pl.concat(proof),
            accounts=tuple(sorted(book.accounts.filter("reserve")["account_no"])),
            bases=AmountBases(net_unrepaid=amount, peak_diverted=amount),
            benign=(
                (
                    f"数日内结清的在途款项:只计滞留超过 {max_days} 天的款项",
                    f"items in transit that clear within days: only what stays more than {max_days} days counts",
                ),
                (
                    "节假日与拒付:此类款项结清后差额仍在",
                    "holidays and chargebacks: the difference does not close when they do",
                ),
                (
                    "缺对账单:账户余额不明的日期已剔除",
                    "a missing statement: days on which an account's balance is not known are left out",
                ),
            ),
        )
