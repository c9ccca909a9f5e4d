"""`offline-marketing` (线下营销): regular commissions to many persons, in proportion to client money.

Commission runs are told from payroll by arithmetic: a wage is the same every month but for a common
factor (the year-end month), a commission follows what each person brought in. Every run of payments to
many persons is compared with the other runs to the same persons: a wage run has a twin with the same
proportions, a commission run has none.
Confidence: 0.9 where the runs' totals also follow the client money of the month before (a ratio that
varies by less than half), 0.75 otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from models.finding import AmountBases, Finding, evidence
from models.typologies._commissions import fed_lines, proportional_runs
from models.typologies._fed import fed_payments
from models.typologies._frames import accounts_of, each, first_last, of, people, told, total
from models.typologies._ledger import CLIENT_LINE, clients, controlled_lines, deposits, payouts
from models.typologies._parties import staff_and_vendors
from models.typologies._say import percent, span, yuan
from models.typologies.base import Context, Parameter, Typology

TYPOLOGY = Typology(
    code="offline-marketing",
    title_zh="线下营销",
    title_en="Offline marketing on commission",
    clause="二(一)1",
    citations=("plan-2016-90", "decree-2016-1-art10"),
    severity="3; 4 when more than `grave_persons` persons are paid or two tiers show.",
    runbook=(
        "1. Ask for the payees' contracts and the rule by which the amounts were reckoned.\n"
        "2. Visit the addresses where they worked; count the clients each brought.\n"
        "3. Exclude wages, refunds of costs and disclosed one-off vouchers (tested here).\n"
        "4. Order the firm to stop; credit checks, after-loan and collateral work off-line are allowed."
    ),
    parameters=(
        Parameter(
            "min_persons",
            8,
            "persons",
            "calibrated",
            "Fewer are a sales team on the payroll.",
            "Fewest persons of one commission run.",
        ),
        Parameter(
            "few_persons",
            5,
            "persons",
            "calibrated",
            "So few count where their runs keep one and the same share of the client money, which no payroll does.",
            "Fewest persons of a run whose series follows the client money exactly.",
        ),
        Parameter(
            "exact_variation",
            0.1,
            "share",
            "calibrated",
            "Client money of clean firms varies by a third and more from month to month, and wages do not follow it.",
            "Largest variation of a run's share of the client money that is one and the same.",
        ),
        Parameter(
            "min_runs",
            3,
            "runs",
            "calibrated",
            "Regular means at least a quarter of monthly runs.",
            "Fewest runs on different days.",
        ),
        Parameter(
            "min_spread",
            0.3,
            "share",
            "calibrated",
            "Between two wage runs proportions differ by 2 to 5 % in clean firms, with pay by the piece by a fourth, between commissions by 30 % and more.",
            "Robust spread of the log ratios of common payees, between a run and half of the other runs; half of it even "
            "to the run most like it.",
        ),
        Parameter(
            "voucher_yuan",
            100,
            "yuan",
            "calibrated",
            "Referral vouchers of 10 to 50 yuan are usual and disclosed.",
            "A run whose median payment is not above this is a voucher campaign and clean.",
        ),
        Parameter(
            "max_gap_days",
            45,
            "days",
            "calibrated",
            "Monthly runs are at most a month and a half apart.",
            "Longest time between two runs of one series.",
        ),
        Parameter(
            "min_gap_days",
            5,
            "days",
            "calibrated",
            "Commissions are paid weekly or monthly; daily runs are a settlement business.",
            "Least median time between two runs of one series.",
        ),
        Parameter(
            "max_ratio",
            0.1,
            "share",
            "calibrated",
            "No commission of the field is above 10 % of the money brought in.",
            "Largest share of the month's client money that a run may be.",
        ),
        Parameter(
            "grave_persons",
            50,
            "persons",
            "calibrated",
            "A sales force of fifty needs shops.",
            "Persons from which the finding is grave.",
        ),
    ),
    reach="circle",
)

_PAID = [
    "line_no", "institution_id", "account_id", "account_no", "booked_on", "direction", "amount_fen", "cp_holder_id",
]  # fmt: skip
CLIENTS_AT_MOST = 0.7
"""Share of payments to subscribers above which runs are bonuses for clients, not commissions for agents."""
WAGE_ROOM, WAGE_SHARE = 0.02, 0.8
"""How near their median the payments to one person lie, and how many of them, where they are a wage."""
RUN = ["institution_id", "account_id", "booked_on"]


def detect(ctx: Context) -> Iterable[Finding]:
    """Runs of payments from own accounts, or insiders' that these feed, to many persons whose amounts vary by person.

    Notes
    -----
    Payees who are employees by register, related parties, borrowers, or who are paid on a holding are left
    out, as are persons who paid money into the same account (a clients' account). A run is a day on
    which at least ``min_persons`` others are paid from one account, or, where the runs are one share of the client
    money since the run before, fewer of at least ``few_persons`` in all. The amount is the sum of the runs.
    """
    paid = _to_persons(ctx)
    level = _without_wages(paid)
    least = int(ctx.parameter(TYPOLOGY, "min_persons"))
    runs = _runs(ctx, paid, least)
    # a staff paid on the agents' own days makes their runs look alike
    rest = level.join(runs.select("institution_id").unique(), on="institution_id", how="anti")
    runs = pl.concat([runs, _runs(ctx, rest, least)]).join(level.select("line_no"), on="line_no", how="semi")
    runs = pl.concat([runs, _small_runs(ctx, paid, runs)])
    known = runs.select("institution_id").unique()
    few_persons = int(ctx.parameter(TYPOLOGY, "few_persons"))
    fewer = proportional_runs(ctx, paid, few_persons).join(known, on="institution_id", how="anti")
    known = pl.concat([known, fewer.select("institution_id").unique()])
    few = _runs(ctx, paid.join(known, on="institution_id", how="anti"), few_persons)
    runs = pl.concat([runs, fewer.select(runs.columns), few]).sort("institution_id", "line_no")
    small = set(few["institution_id"])
    sold = clients(ctx).select("institution_id", "holder_id")
    for institution_id, part in each(runs, "institution_id"):
        bonus = part.join(sold, on=["institution_id", "holder_id"], how="semi").height
        if bonus > part.height * CLIENTS_AT_MOST:
            continue
        exact = institution_id in small
        ratio, variation = _follows(ctx, institution_id, part, calendar=exact)
        if exact and (variation is None or variation > ctx.parameter(TYPOLOGY, "exact_variation")):
            continue
        part = pl.concat([part, _upper_tier(ctx, institution_id, paid, part)]).sort("line_no")
        if ratio is not None and ratio <= ctx.parameter(TYPOLOGY, "max_ratio"):
            yield _finding(ctx, institution_id, part, ratio, variation)


def _to_persons(ctx: Context) -> pl.DataFrame:
    """Out-lines of own accounts, and of insiders' they feed, to persons neither clients of the account nor insiders."""
    lines = controlled_lines(ctx).filter((pl.col("account_type") == "own") & pl.col("cp_type").is_null())
    living = fed_lines(ctx).select(_PAID)
    handing = fed_payments(ctx).rename({"holder_id": "cp_holder_id"}).with_columns(direction=pl.lit("out"))
    handing = handing.select(_PAID).join(living, on=["institution_id", "line_no"], how="anti")
    lines = pl.concat([lines.select(_PAID), living, handing], how="vertical_relaxed")
    inside = (
        ctx.table("mart_role_all", ("institution_id", "holder_id", "role", "source"))
        .filter(
            pl.col("role").is_in(["employee", "related", "borrower", "vendor", "bank", "guarantor"])
            & (pl.col("source") != "behaviour")
        )
        .select("institution_id", cp_holder_id="holder_id")
        .unique()
    )
    staff = staff_and_vendors(ctx).filter(pl.col("source") == "register")
    inside = pl.concat(
        [inside, staff.select("institution_id", cp_holder_id="holder_id")], how="vertical_relaxed"
    ).unique()
    payers = (
        lines.filter(pl.col("direction") == "in").select("account_id", "cp_holder_id").drop_nulls().unique()
    )
    held = (
        payouts(ctx).filter(pl.col("product_id").is_not_null() & (pl.col("support") >= 2)).select("line_no")
    )
    return (
        told(ctx, lines.filter(pl.col("direction") == "out"), "cp_holder_id", "mart_holder", who="kind")
        .filter(pl.col("who").fill_null("person") != "company")
        .join(inside, on=["institution_id", "cp_holder_id"], how="anti")
        .join(payers, on=["account_id", "cp_holder_id"], how="anti")
        .join(held, on="line_no", how="anti")
        .rename({"cp_holder_id": "holder_id"})
        .select(CLIENT_LINE)
        .sort("line_no")
    )


def _small_runs(ctx: Context, paid: pl.DataFrame, runs: pl.DataFrame) -> pl.DataFrame:
    """Days on which fewer of the same persons got something: not everybody brings a client every month."""
    account = ["institution_id", "account_id"]
    agents = runs.drop_nulls("holder_id").group_by(*account, "holder_id").len().filter(pl.col("len") >= 2)
    rest = paid.join(runs.select("line_no"), on="line_no", how="anti")
    rest = rest.join(runs.select(RUN).unique(), on=RUN, how="anti")
    of_agents = rest.join(agents, on=[*account, "holder_id"], how="semi")
    day = of_agents.group_by(RUN).agg(pl.len().alias("theirs"))
    every = rest.group_by(RUN).agg(pl.len().alias("all"))
    days = day.join(every, on=RUN).filter((pl.col("theirs") >= 3) & (pl.col("theirs") >= 0.8 * pl.col("all")))
    small = of_agents.join(days, on=RUN, how="semi")
    both = pl.concat([runs, small])
    return small.join(_unlike_wages(ctx, both, 3), on=RUN, how="semi").select(runs.columns)


def _upper_tier(ctx: Context, institution_id: str, paid: pl.DataFrame, part: pl.DataFrame) -> pl.DataFrame:
    """What leaders among the same persons get on days of their own, where it is one share of the client money."""
    account = ["institution_id", "account_id"]
    agents = part.select(*account, "holder_id").drop_nulls().unique()
    rest = paid.join(agents, on=[*account, "holder_id"], how="semi").join(
        part.select(RUN).unique(), on=RUN, how="anti"
    )
    if rest["booked_on"].n_unique() < ctx.parameter(TYPOLOGY, "min_runs"):
        return rest.clear().select(part.columns)
    ratio, variation = _follows(ctx, institution_id, rest, calendar=True)
    exact = variation is not None and variation <= ctx.parameter(TYPOLOGY, "exact_variation")
    small = ratio is not None and ratio <= ctx.parameter(TYPOLOGY, "max_ratio")
    return (rest if exact and small else rest.clear()).select(part.columns)


def _runs(ctx: Context, paid: pl.DataFrame, least: int) -> pl.DataFrame:
    """Lines of commission runs: many persons a day, again and again, never twice in the same proportions."""
    large = paid.filter(pl.len().over(RUN) >= least).filter(
        pl.col("amount_fen").median().over(RUN) > 100 * ctx.parameter(TYPOLOGY, "voucher_yuan")
    )
    account = ["institution_id", "account_id"]
    common = max(3, least // 2)
    runs = large.join(_unlike_wages(ctx, large, common), on=RUN, how="semi")
    payees = pl.concat([runs.select(*account, "holder_id").drop_nulls(), _movers(ctx, large)]).unique()
    theirs = paid.join(payees, on=[*account, "holder_id"], how="semi").filter(pl.len().over(RUN) >= least)
    mixed = theirs.join(_unlike_wages(ctx, theirs, common), on=RUN, how="semi")  # days shared with a wage run
    runs = pl.concat([runs, mixed.join(runs.select("line_no"), on="line_no", how="anti")]).sort("line_no")
    gap = pl.col("booked_on").diff().over(account).dt.total_days()
    regular = (
        runs.select(RUN)
        .unique()
        .sort(RUN)
        .with_columns(gap=gap)
        .with_columns(
            series=(pl.col("gap") > ctx.parameter(TYPOLOGY, "max_gap_days"))
            .fill_null(False)
            .cast(pl.Int32)
            .cum_sum()
            .over(account)
        )
        .filter(
            (pl.len().over(*account, "series") >= ctx.parameter(TYPOLOGY, "min_runs"))
            & (pl.col("gap").median().over(*account, "series") >= ctx.parameter(TYPOLOGY, "min_gap_days"))
        )
    )
    return runs.join(regular.select(RUN), on=RUN, how="semi").sort("institution_id", "line_no")


def _without_wages(paid: pl.DataFrame) -> pl.DataFrame:
    """Leave out payees who get one sum again and again: wages paid on the commissions' own days."""
    payee = ["institution_id", "account_id", "holder_id"]
    usual = pl.col("amount_fen").median().over(payee)
    level = ((pl.col("amount_fen") - usual).abs() <= WAGE_ROOM * usual).mean().over(payee)
    wages = paid.drop_nulls("holder_id").filter((pl.len().over(payee) >= 3) & (level >= WAGE_SHARE))
    return paid.join(wages.select(payee).unique(), on=payee, how="anti", maintain_order="left")


def _movers(ctx: Context, large: pl.DataFrame) -> pl.DataFrame:
    """Payees whose amounts move against the run's common factor: agents paid on the wages' own days."""
    account = ["institution_id", "account_id"]
    known = large.filter(pl.col("holder_id").is_not_null())
    own = known.with_columns(
        share=pl.col("amount_fen") / pl.col("amount_fen").median().over(*account, "holder_id")
    )
    moved = own.with_columns(off=(pl.col("share") / pl.col("share").median().over(RUN)).log().abs())
    return (
        moved.group_by(*account, "holder_id")
        .agg(pl.col("off").median(), pl.len())
        .filter(
            (pl.col("len") >= int(ctx.parameter(TYPOLOGY, "min_runs")))
            & (1.4826 * pl.col("off") >= ctx.parameter(TYPOLOGY, "min_spread") / 2)
        )
        .select(*account, "holder_id")
    )


def _unlike_wages(ctx: Context, large: pl.DataFrame, common: int) -> pl.DataFrame:
    """Runs that share payees with other runs but with none of them the proportions between payees.

    Two wage runs pay the same persons in the same proportions, whatever the month's factor; the spread
    of the log ratios of the persons both runs paid is then near 0. A run is unlike wages when half of the
    other runs are ``min_spread`` away or more and the nearest at least half of that: with many runs two
    are alike by chance.
    """
    each_paid = (
        large.filter(pl.col("holder_id").is_not_null())
        .group_by(*RUN, "holder_id")
        .agg(pl.col("amount_fen").sum())
    )
    person = ["institution_id", "account_id", "holder_id"]
    pairs = (
        each_paid.join(each_paid, on=person, suffix="_other")
        .filter(pl.col("booked_on") != pl.col("booked_on_other"))
        .with_columns(rel=(pl.col("amount_fen") / pl.col("amount_fen_other")).log())
    )
    between = (
        pairs.with_columns(off=(pl.col("rel") - pl.col("rel").median().over(*RUN, "booked_on_other")).abs())
        .group_by(*RUN, "booked_on_other")
        .agg(pl.len().alias("common"), (1.4826 * pl.col("off").median()).alias("spread"))
        .filter(pl.col("common") >= common)
    )
    return (
        between.group_by(RUN)
        .agg(pl.col("spread").min(), pl.col("spread").median().alias("usual"), pl.len().alias("partners"))
        .filter(
            (pl.col("usual") >= ctx.parameter(TYPOLOGY, "min_spread"))
            & (pl.col("spread") >= ctx.parameter(TYPOLOGY, "min_spread") / 2)
            & (pl.col("partners") >= ctx.parameter(TYPOLOGY, "min_runs") - 1)
        )
        .sort(RUN)
    )


def _finding(
    ctx: Context, institution_id: str, part: pl.DataFrame, ratio: float, variation: float | None
) -> Finding:
    amount, (first, last), persons = total(part), first_last(part), people(part)
    follows = variation is not None and variation < 0.5
    tiers = _tiers(part)
    runs = part["booked_on"].n_unique()
    grave = persons > ctx.parameter(TYPOLOGY, "grave_persons") or tiers > 1
    return Finding(
        institution_id=institution_id,
        typology=TYPOLOGY.code,
        amount_fen=amount,
        severity=4 if grave else 3,
        confidence=0.9 if follows else 0.75,
        first_on=first,
        last_on=last,
        explanation_zh=(
            f"{span(first, last)},自有账户(含其供款的内部人账户)分 {runs} 批向 {persons} 名非员工个人支付 {part.height} 笔、{yuan(amount)} 元,每人金额逐月起伏"
            f"(不同于工资),合计约为上月客户资金的 {percent(ratio, 2)}{',随客户资金同步变动' if follows else ''},属按吸收资金提成。"
        ),
        explanation_en=(
            f"{span(first, last)}: in {runs} runs own accounts (or insiders' they feed) paid {persons} persons off the payroll {part.height} times, "
            f"{yuan(amount)} yuan in all; each person's amount moves from run to run, unlike a wage, and a run is about "
            f"{percent(ratio, 2)} of the client money of the month before."
        ),
        evidence=evidence("commission", part.select("line_no", "amount_fen")),
        accounts=accounts_of(part),
        bases=AmountBases(gross_taken=amount, peak_diverted=amount),
        benign=(
            (
                f"工资:各笔金额相对当次系数的偏离超过 {percent(ctx.parameter(TYPOLOGY, 'min_spread'), 0)};工资不会如此。",
                f"Payroll: amounts move by more than {percent(ctx.parameter(TYPOLOGY, 'min_spread'), 0)} round the run's factor; wages do not.",
            ),
            (
                "费用报销:此类付款一日之内成批付给多人,且一再发生。",
                "Refunds of costs: these come in runs to many on one day, again and again.",
            ),
            (
                "一次性推荐红包:付款中位数高于红包设定值,且收款人重复出现。",
                "One-off referral vouchers: the median payment is above the voucher setting and persons recur.",
            ),
        ),
    )


def _follows(
    ctx: Context, institution_id: str, part: pl.DataFrame, *, calendar: bool = False
) -> tuple[float | None, float | None]:
    """Runs' totals over the client money of the weeks before: mean ratio and its variation.

    With `calendar` over the calendar month before, in which commissions are reckoned.
    """
    runs = part.group_by("booked_on").agg(pl.col("amount_fen").sum().alias("run_fen")).sort("booked_on")
    money = of(ctx, deposits, institution_id)
    money = money.group_by(on="booked_on").agg(pl.col("amount_fen").sum())
    month = pl.col("booked_on").dt.truncate("1mo")
    if calendar:
        span_before = (pl.col("on") < month) & (pl.col("on") >= month.dt.offset_by("-1mo"))
    else:
        span_before = (pl.col("on") < pl.col("booked_on")) & (
            pl.col("on") >= pl.col("booked_on") - pl.duration(days=38)
        )
    brought = (
        runs.join(money, how="cross")
        .filter(span_before)
        .group_by("booked_on", "run_fen")
        .agg(pl.col("amount_fen").sum())
        .with_columns(ratio=pl.col("run_fen") / pl.col("amount_fen"))
    )
    if brought.height < 2:
        return None, None
    mean, variation = brought.select(
        pl.col("ratio").mean().alias("m"), (pl.col("ratio").std() / pl.col("ratio").mean()).alias("v")
    ).row(0)
    return float(mean), float(variation)


def _tiers(part: pl.DataFrame) -> int:
    """2 where a few persons get several times the median, run after run (leaders over agents), else 1."""
    level = part.with_columns(rel=pl.col("amount_fen") / pl.col("amount_fen").median().over("booked_on"))
    leaders = (
        level.drop_nulls("holder_id")
        .group_by("holder_id")
        .agg(pl.col("rel").median(), pl.len())
        .filter((pl.col("rel") >= 2.0) & (pl.col("len") >= 3))
    )
    return 2 if leaders.height >= 2 else 1
