"""`related-party-dealing` (关联交易、防火墙): lumps between a firm's own accounts and its group or insiders.

Confidence: 0.9 where the party stands in the register of relations, 0.8 where only ownership over two
steps or a shared id ties it or another passed the money on, and 0.1 less when money went one way only.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import polars as pl

from models.finding import AmountBases, Finding, evidence
from models.typologies._between_related import through_others
from models.typologies._frames import accounts_of, each, first_last, total, with_line
from models.typologies._ledger import controlled_lines
from models.typologies._parties import in_time
from models.typologies._say import percent, span, yuan
from models.typologies.base import Context, Parameter, Typology

NOT_RELATED = ("employee", "vendor")
"""Roles of the register that are no related parties (typologies.md, head)."""
SHAREHOLDERS = ("shareholder",)
DIVIDEND_SHARE = 0.5
"""A dividend is at most this part of the capital its shareholder paid in weeks before; more is money lent and returned."""
MONTH = (25, 38)
"""Days between two payments of a monthly contract (weekends and holidays between)."""

EVEN = 0.5
"""Largest coefficient of variation of the days between a contract's payments (weekends, a month left out)."""
COMES_BACK = 0.5
"""Share of payments that may come back from a contract's party (a deposit, a bonus); more is lending."""

TYPOLOGY = Typology(
    code="related-party-dealing",
    title_zh="与关联方的大额资金往来",
    title_en="Material dealings with related parties",
    clause="二(三)4",
    citations=("plan-2016-90",),
    severity="3; 4 when the flows exceed `grave_yuan`; 2 when the firm paid nothing out.",
    runbook=(
        "1. Ask for the contracts, board minutes and disclosure behind each transfer.\n"
        "2. See what the party did with the money within a week (dossier, path of the finding).\n"
        "3. Check price and interest against the market; look for round trips before report dates.\n"
        "4. Where clients' money was behind it, the case is misappropriation or self-financing: see there first."
    ),
    parameters=(
        Parameter(
            "min_flow_yuan",
            50_000,
            "yuan",
            "calibrated",
            "Above any month's executive pay seen in clean firms (at most 35,000 with the year-end month).",
            "Smallest single flow that counts as material.",
        ),
        Parameter(
            "min_flows",
            2,
            "flows",
            "calibrated",
            "One flow alone is most often capital, a dividend or a final settlement.",
            "Fewest material flows that make a finding.",
        ),
        Parameter(
            "steady_times",
            3,
            "payments",
            "calibrated",
            "Rent and other contracts repeat to the fen, at even intervals.",
            "Equal payments to one party from which they are taken for a contract.",
        ),
        Parameter(
            "grave_yuan",
            20_000_000,
            "yuan",
            "calibrated",
            "Twice the registered capital asked of an asset manager (10 million yuan): more than the firm itself is worth.",
            "Sum of flows from which the finding is grave.",
        ),
    ),
    after=("self-financing", "misappropriation", "self-guarantee"),
    reach="circle",
)


def detect(ctx: Context) -> Iterable[Finding]:
    """Material flows between own accounts and related parties that no contract, salary or dividend explains.

    Notes
    -----
    Only own accounts are read: client money that reaches related parties is `misappropriation` or
    `self-financing`, and lines that those claim are left to them. Capital paid in by shareholders, a
    single dividend to a shareholder who pays nothing in, payments repeated to the fen at even intervals, and the last
    settlement of a firm that closes its accounts are clean.
    """
    flows = _material(ctx)
    for institution_id, part in each(flows, "institution_id"):
        if part.height >= ctx.parameter(TYPOLOGY, "min_flows"):
            yield _finding(ctx, institution_id, part)


def _material(ctx: Context) -> pl.DataFrame:
    """Lines on own accounts with related holders, clean patterns taken out."""
    relation = (
        ctx.table("mart_relation")
        .filter(~pl.col("role").is_in(NOT_RELATED) & pl.col("holder_id").is_not_null())
        .sort("institution_id", "holder_id", "distance", "role")
        .group_by("institution_id", "holder_id", maintain_order=True)
        .agg(
            pl.col("role").unique().sort().alias("roles"),
            pl.col("distance").min(),
            pl.col("path").first(),
        )
    )
    claimed = [
        line
        for code in TYPOLOGY.after
        for finding in ctx.findings.get(code, [])
        for line in finding.evidence.filter(pl.col("role") != "context")["line_no"].drop_nulls().to_list()
    ]
    closing = (
        ctx.table("mart_account", ("institution_id", "closed_on"))
        .filter(pl.col("closed_on").is_not_null() & pl.col("institution_id").is_not_null())
        .group_by("institution_id")
        .agg(pl.col("closed_on").max())
    )
    own = controlled_lines(ctx).filter((pl.col("account_type") == "own") & pl.col("cp_type").is_null())
    least = int(100 * ctx.parameter(TYPOLOGY, "min_flow_yuan"))
    through = through_others(ctx, own.filter(pl.col("direction") == "out"), relation, least)
    direct = own.rename({"cp_holder_id": "holder_id"}).with_columns(way_no=pl.lit(None, pl.List(pl.Int64)))
    others = own.drop("cp_holder_id").join(through, on="line_no").select(direct.columns)
    lines = (
        pl.concat([direct, others.cast(direct.schema)])
        .join(relation, on=["institution_id", "holder_id"])
        .filter(pl.col("amount_fen") >= least)
        .pipe(lambda rows: in_time(ctx, rows, "holder_id", "booked_on"))
        .filter(~pl.col("line_no").is_in(claimed))
        .join(closing, on="institution_id", how="left")
        .filter(
            pl.col("closed_on").is_null() | (pl.col("booked_on") < pl.col("closed_on") - pl.duration(days=60))
        )
    )
    party = ["institution_id", "holder_id"]
    lines = _told_contracts(lines, int(ctx.parameter(TYPOLOGY, "steady_times")))
    steady = pl.col("contract")
    # a monthly contract of which the statements so far show two payments: the third is not due yet
    gap = (pl.col("booked_on").max() - pl.col("booked_on").min()).dt.total_days().over([*party, "amount_fen"])
    pair = (pl.len().over([*party, "direction", "amount_fen"]) == 2) & (pl.len().over(party) == 2)
    late = pl.col("booked_on").max().over(party) >= ctx.as_of - dt.timedelta(days=MONTH[1])
    steady = steady | (pair & gap.is_between(*MONTH) & late)
    shareholder = pl.col("roles").list.set_intersection(list(SHAREHOLDERS)).list.len() > 0
    one_way = pl.col("direction").n_unique().over(party) == 1
    few = pl.len().over(party) <= 2
    # capital paid in once, and a dividend on it later that is small beside it
    paid_in = pl.col("amount_fen").filter(pl.col("direction") == "in").sum().over(party)
    drawn = pl.col("amount_fen").filter(pl.col("direction") == "out").sum().over(party)
    earlier = (
        pl.col("booked_on").filter(pl.col("direction") == "in").max().over(party) + pl.duration(days=MONTH[0])
        <= pl.col("booked_on").filter(pl.col("direction") == "out").min().over(party)
    ).fill_null(False)
    dividend = earlier & (drawn <= paid_in * DIVIDEND_SHARE)
    # capital may come in parts, and nothing of it goes back
    capital = (pl.col("direction") == "in").all().over(party)
    drawn_once = (pl.col("direction") == "out").sum().over(party) <= 1
    clean = shareholder & (capital | (few & (one_way | dividend)) | (drawn_once & dividend))
    return lines.filter(~steady).filter(~clean).drop("contract").sort("institution_id", "line_no")


def _told_contracts(lines: pl.DataFrame, times: int) -> pl.DataFrame:
    """Say which lines are a contract's: equal sums, evenly spaced, and little of it coming back (``contract``)."""
    equal = ["institution_id", "holder_id", "direction", "amount_fen"]
    party = equal[:2]
    gap = pl.col("booked_on").unique().sort().diff().drop_nulls().dt.total_days()
    both = lines.group_by(*party, "direction").agg(way_fen=pl.col("amount_fen").sum())
    other = both.with_columns(
        direction=pl.when(pl.col("direction") == "in").then(pl.lit("out")).otherwise(pl.lit("in")),
    ).rename({"way_fen": "other_fen"})
    told = (
        lines.group_by(equal)
        .agg(
            n=pl.len(),
            sum_fen=pl.col("amount_fen").sum(),
            uneven=(gap.std() / gap.mean()).fill_null(0.0),
        )
        .join(
            other.with_columns(pl.col("direction").cast(lines.schema["direction"])),
            on=[*party, "direction"],
            how="left",
        )
        .with_columns(
            contract=(pl.col("n") >= times)
            & (pl.col("uneven") <= EVEN)
            & (pl.col("other_fen").fill_null(0) <= pl.col("sum_fen") * COMES_BACK)
        )
    )
    return lines.join(told.select(*equal, "contract"), on=equal)


def _finding(ctx: Context, institution_id: str, part: pl.DataFrame) -> Finding:
    amount, (first, last) = total(part), first_last(part)
    out = part.filter(pl.col("direction") == "out")
    back = part.filter(pl.col("direction") == "in")
    every = controlled_lines(ctx).filter(
        (pl.col("institution_id") == institution_id)
        & (pl.col("account_type") == "own")
        & pl.col("cp_type").is_null()
    )
    way = part.select(line_no="way_no").explode("line_no").drop_nulls().unique().sort("line_no")
    share = amount / max(1, total(every))
    direct = bool((part["distance"] == 1).all()) and way.is_empty()
    names = ctx.table("mart_holder", ("holder_id", "name")).filter(
        pl.col("holder_id").is_in(part["holder_id"].unique().implode())
    )
    who = "、".join(sorted(n for n in names["name"].to_list() if n))
    roles = ", ".join(sorted({r for row in part["roles"].to_list() for r in row}))
    paths = sorted({p for p in part["path"].to_list() if p})[:3]
    confidence = (0.9 if direct else 0.8) - (0.0 if out.height and back.height else 0.1)
    severity = 2 if not out.height else 4 if amount >= 100 * ctx.parameter(TYPOLOGY, "grave_yuan") else 3
    return Finding(
        institution_id=institution_id,
        typology=TYPOLOGY.code,
        amount_fen=amount,
        severity=severity,
        confidence=round(confidence, 4),
        first_on=first,
        last_on=last,
        explanation_zh=(
            f"{span(first, last)},自有账户与关联方({who})发生 {part.height} 笔大额往来共 {yuan(amount)} 元(付出 {yuan(total(out))} 元,"
            f"收回 {yuan(total(back))} 元),占自有账户收付的 {percent(share)};并非工资、分红、出资或固定金额的合同付款。关系:{';'.join(paths) or roles}。"
            + ("部分款项经他人账户数日内转付。" if way.height else "")
        ),
        explanation_en=(
            f"{span(first, last)}: {part.height} material flows between own accounts and related parties ({roles}), {yuan(amount)} yuan "
            f"({yuan(total(out))} paid, {yuan(total(back))} received), {percent(share)} of all own flows; no salary, dividend, capital or "
            "contract payment of a steady amount."
            + (" Some of it went through others within days." if way.height else "")
        ),
        evidence=pl.concat(
            [
                evidence("paid_to_related", out.select("line_no", "amount_fen")),
                evidence("received_from_related", back.select("line_no", "amount_fen")),
                evidence("passed_on", with_line(ctx, way, "amount_fen")),
            ]
        ),
        accounts=accounts_of(part),
        bases=AmountBases(
            gross_taken=amount,
            net_unrepaid=max(0, total(out) - total(back)),
            peak_diverted=_peak(part),
        ),
        benign=(
            ("工资:单笔金额高于任何月薪。", "Salary: single flows are above any month's pay."),
            (
                "分红与出资:只向机构投入资金的股东、仅领取一两次款项的股东已剔除。",
                "Dividends and capital: shareholders who only paid in, or were only paid once or twice, are left out.",
            ),
            (
                "租金及其他合同:金额分毫不差重复的付款已剔除。",
                "Rent and other contracts: payments repeated to the fen are left out.",
            ),
            (
                "机构关闭清算:其最后 60 天的往来已剔除。",
                "Settlement of a closing firm: flows of its last 60 days are left out.",
            ),
        ),
    )


def _peak(part: pl.DataFrame) -> int:
    """Largest amount that was out with related parties on any day."""
    signed = pl.when(pl.col("direction") == "out").then(pl.col("amount_fen")).otherwise(-pl.col("amount_fen"))
    running = part.sort("booked_on", "line_no").select(signed.cum_sum().max().alias("peak")).item()
    return max(0, int(running or 0))
