"""二(四)1, 二(一)2: client or reserve accounts topped up before report dates and drained after.

A round trip is a credit from the institution's own account or another party that is no client, in the
days up to a report date, and debits of the same amount, in one or in parts, to the same holder in the days after it.
Money that one puts in and another gets counts too, where both deal with the account around report dates only and the sums
agree (`models.typologies._dressing_elsewhere`). The amount is what was moved in (the way back is the same money; the range goes to both ways).

Confidence: 0.7 + 0.05 for every round trip beyond the second, at most 0.95, less 0.1 when fewer than
80 % of the credits that came back spanned a report date.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from models.finding import AmountBases, Finding, evidence
from models.typologies._common import first_last, most, shown_name, yuan
from models.typologies._dressing_elsewhere import dressed_elsewhere
from models.typologies._frames import told
from models.typologies._roundtrip import round_trips
from models.typologies.base import Context, Parameter, Typology

TYPOLOGY = Typology(
    code="window-dressing",
    title_zh="报告日前后突击补足客户资金",
    title_en="Window dressing of client or reserve accounts",
    clause="二(四)1、二(一)2",
    citations=("plan-2016-90", "pboc-reserve-2013-6"),
    severity="3: to be put right by a day set; a shortfall or misuse that it hides is a finding of its own.",
    runbook=(
        "1. Compare the balance on ordinary days with that on report dates; compute what was missing in between.\n"
        "2. Ask where the money for the top-ups came from and where it went afterwards.\n"
        "3. Ask for the daily reconciliation of the custodian or reserve bank instead of month-end figures.\n"
        "4. Look for fund-pool, misappropriation and reserve-shortfall on the days between."
    ),
    parameters=(
        Parameter(
            "before_days", 4, "days", "calibrated",
            "Two working days, and a weekend between; longer leads cost the payer too much liquidity.",
            "Longest time from the top-up to the report date.",
        ),
        Parameter(
            "after_days", 7, "days", "calibrated",
            "Three working days and the longest ordinary holiday between (three days and a weekend).",
            "Longest time from the report date to the way back.",
        ),
        Parameter("tolerance", 0.01, "share", "calibrated", "Leaves room for fees.", "Largest difference between the two ways."),
        Parameter(
            "min_trips", 2, "round trips", "calibrated", "One coincidence with a month end may be chance.",
            "Fewest round trips of one institution.",
        ),
        Parameter(
            "min_straddling", 0.6, "share", "calibrated",
            "Advances and refunds spread over the month straddle its end in about a third of cases.",
            "Smallest share of the credits the payer took back that spanned a report date.",
        ),
        Parameter(
            "sure_straddling", 0.9, "share", "calibrated",
            "A day before a weekly report and four after it span two in seven of any short advances.",
            "The same for weekly reports, and for payers known as customers only.",
        ),
        Parameter("sure_dates", 4, "report dates", "calibrated", "Four in a row by chance: less than one in a hundred.", "Fewest report dates then."),
    ),
    reach="circle",
)  # fmt: skip


def detect(ctx: Context) -> Iterable[Finding]:
    """One finding an institution over all its client and reserve accounts."""
    p = {x.name: ctx.parameter(TYPOLOGY, x.name) for x in TYPOLOGY.parameters}
    trips = round_trips(ctx, int(p["before_days"]), int(p["after_days"]), p["tolerance"])
    trips = trips.filter(pl.col("straddles") >= p["min_straddling"])
    # a weekly report date lies near every day of the month, and a customer's two payments may be chance
    who = ["institution_id", "account_id", "cp_holder_id"]
    spanned = pl.col("report_date").n_unique().over(who)
    trips = trips.filter(
        (~pl.col("weekly").all().over(who) & ~pl.col("customer"))
        | ((pl.col("straddles") >= p["sure_straddling"]) & (spanned >= p["sure_dates"]))
    )
    other = _other_legs(ctx, trips)
    elsewhere = dressed_elsewhere(ctx, int(p["before_days"]), int(p["after_days"]), p["tolerance"])
    done: set[str] = set()
    for (iid,), rows in trips.group_by("institution_id", maintain_order=True):
        if rows["in_line_no"].n_unique() < int(p["min_trips"]) or rows["report_date"].n_unique() < 2:
            continue
        done.add(str(iid))
        rows = rows.sort("in_line_no")
        amount = int(rows["amount_fen"].sum())
        put = rows.group_by("in_line_no").agg(pl.col("amount_fen").sum())
        times, largest = put.height, most(put["amount_fen"])
        numbers = rows["in_line_no"].to_list() + rows["out_line_no"].to_list()
        sizes = ctx.table("mart_line", ("line_no", "amount_fen", "account_no"))
        topped = sizes.filter(pl.col("line_no").is_in(rows["in_line_no"].to_list()))
        drained = sizes.filter(pl.col("line_no").is_in(rows["out_line_no"].to_list()))
        legs = sizes.join(
            other.filter(pl.col("line_no").is_in(numbers)).select(pl.col("other_no").alias("line_no")),
            on="line_no",
            how="semi",
        )
        name = shown_name(ctx, str(iid))
        share = float(rows["straddles"].sort()[0])
        dates = sorted(rows["report_date"].unique())
        yield Finding(
            institution_id=str(iid),
            typology=TYPOLOGY.code,
            amount_fen=amount,
            severity=3,
            confidence=round(min(0.95, 0.7 + 0.05 * (times - 2)) - (0.1 if share < 0.8 else 0.0), 2),
            first_on=first_last(rows["in_on"])[0],
            last_on=first_last(rows["out_on"])[1],
            explanation_zh=(
                f"{name}在{len(dates)}个报告日({'、'.join(str(d) for d in dates[:6])})前向客户资金账户转入{times}笔共{yuan(amount)}元,"
                f"报告日后数日内原额转回;单次最大{yuan(largest)}元。按转入金额计,往返合计{yuan(2 * amount)}元。"
            ),
            explanation_en=(
                f"Before {len(dates)} report dates {name} put {yuan(amount)} yuan into client or reserve accounts in {times} "
                f"transfers and took the same amounts back within days. Counted one way; both ways are {yuan(2 * amount)} yuan."
            ),
            evidence=pl.concat(
                [evidence("top_up", topped), evidence("drain", drained), evidence("other_leg", legs)]
            ),
            accounts=tuple(sorted(topped["account_no"].unique())),
            amount_low_fen=amount,
            amount_high_fen=2 * amount,
            bases=AmountBases(gross_taken=amount, peak_diverted=largest),
            benign=(
                (
                    "长期留存的常规注资:计入的每笔划转均退回付款人",
                    "regular funding that stays: every transfer counted came back to its payer",
                ),
                ("月末业务高峰:付款人并非客户", "month-end peaks of business: payers are no clients"),
                (
                    f"垫资分散于全月:退回的入账中 {share:.0%} 跨越报告日",
                    f"advances spread over the month: {share:.0%} of the credits that came back spanned a report date",
                ),
            ),
        )
    for (iid,), rows in elsewhere.group_by("institution_id", maintain_order=True):
        if str(iid) not in done:
            yield _drained_elsewhere(ctx, str(iid), rows)


def _drained_elsewhere(ctx: Context, iid: str, rows: pl.DataFrame) -> Finding:
    """The finding of report dates dressed with money that was drained to somebody else."""
    topped, drained = (rows.filter(pl.col("direction") == d) for d in ("in", "out"))
    amount = int(topped["amount_fen"].sum())
    dates = sorted(rows["report_date"].unique())
    name = shown_name(ctx, iid)
    about = told(ctx, rows, "account_id", "mart_account", account_no="account_no")
    return Finding(
        institution_id=iid,
        typology=TYPOLOGY.code,
        amount_fen=amount,
        severity=3,
        confidence=0.65,
        first_on=first_last(rows["booked_on"])[0],
        last_on=first_last(rows["booked_on"])[1],
        explanation_zh=(
            f"{name}在{len(dates)}个报告日({'、'.join(str(d) for d in dates[:6])})前向客户资金账户转入{topped.height}笔共{yuan(amount)}元,"
            "报告日后数日内以相同总额转给他人。按转入金额计。"
        ),
        explanation_en=(
            f"Before {len(dates)} report dates {name} had {yuan(amount)} yuan put into client or reserve accounts in {topped.height} "
            "transfers; within days after them the same sums went to others. Counted one way."
        ),
        evidence=pl.concat([evidence("top_up", topped), evidence("drain", drained)]),
        accounts=tuple(sorted(about["account_no"].unique())),
        amount_low_fen=amount,
        amount_high_fen=2 * amount,
        bases=AmountBases(gross_taken=amount, peak_diverted=most(topped["amount_fen"])),
        benign=(
            (
                "客户指令:付款人与收款人仅在报告日前后往来,且金额占账户余额两成以上",
                "customers' orders: payers and payees deal around report dates only, in a fifth of the balance or more",
            ),
        ),
    )


def _other_legs(ctx: Context, trips: pl.DataFrame) -> pl.DataFrame:
    numbers = (
        pl.concat([trips["in_line_no"], trips["out_line_no"]])
        if trips.height
        else pl.Series([], dtype=pl.Int64)
    )
    legs = ctx.table("mart_transfer", ("out_line_no", "in_line_no")).drop_nulls()
    both = pl.concat(
        [
            legs.select(pl.col("out_line_no").alias("line_no"), pl.col("in_line_no").alias("other_no")),
            legs.select(pl.col("in_line_no").alias("line_no"), pl.col("out_line_no").alias("other_no")),
        ]
    )
    return both.filter(pl.col("line_no").is_in(numbers.to_list())).sort("line_no", "other_no")
