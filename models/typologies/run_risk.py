"""`run-risk` (兑付风险): redemptions outrun what is liquid, or payouts get late and partial.

Confidence: 0.7 for the payouts alone, 0.1 more each where the backlog of matured holdings grew for two
weeks or more, where subscriptions of the last four weeks fell below the eight weeks before, and where
the liquid balance is below the backlog; at most 0.95.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from itertools import pairwise

import polars as pl

from models.finding import AmountBases, Finding, evidence
from models.typologies._ended import held
from models.typologies._frames import accounts_of, first_last, of, parts, people, total
from models.typologies._gaps import statements_end
from models.typologies._ledger import controlled_lines, payouts, subscriptions
from models.typologies._outlook_said import solvency
from models.typologies._say import percent, yuan
from models.typologies._untold import untold_products
from models.typologies.base import Context, Parameter, Typology

PARTIAL = (0.1, 0.75)
"""Share of a matured holding that a payment must be to count as partial: below it is a wallet
withdrawal, above it most often the payment of another, smaller holding."""

SETTLED_DAYS = 3
"""Days within which a payout is settled; later it is late."""
RAISING_DAYS = 20
"""Days from a subscription until its project is full and paid out."""
RATIONED = 0.98
"""Share of a matured holding below which all that was paid on it is a part."""
PATIENCE_DAYS = 7
"""Days after the due day in which a second part still makes it whole in time."""

TYPOLOGY = Typology(
    code="run-risk",
    title_zh="兑付风险、挤兑征兆",
    title_en="Signs of a run",
    clause="三(六)",
    citations=("plan-2016-90",),
    severity="4; 5 when liquid money covers less than a fifth of the matured backlog. Reported at once where it is large or fast growing as well (五(一)).",
    runbook=(
        "1. Today: ask the custodian for the balance and the queue of withdrawals.\n"
        "2. Compare with the matured holdings not yet paid (amount and number in the finding).\n"
        "3. Rule out a holiday peak or one late project: see the tests in the finding.\n"
        "4. Tell the leading group and the police's economic crime desk; secure accounts and records."
    ),
    parameters=(
        Parameter(
            "min_partial_holders",
            10,
            "persons",
            "calibrated",
            "In clean institutions at most nine holders of matured money withdraw a part in six weeks.",
            "Fewest holders who got a part of what was due.",
        ),
        Parameter(
            "min_partial_share",
            0.06,
            "share",
            "calibrated",
            "One late project touches less than a twentieth of those due; a run that begins touches more.",
            "Holders paid in part over all holders whose money fell due in the window.",
        ),
        Parameter(
            "window_days",
            42,
            "days",
            "calibrated",
            "Six weeks hold two peaks of month's end, so that one is no trend.",
            "Days before the week's end in which payouts are looked at.",
        ),
        Parameter(
            "min_weeks",
            2,
            "weeks",
            "calibrated",
            "The row asks for two weeks or more.",
            "Consecutive weeks with partial payouts, and weeks over which a backlog must grow.",
        ),
        Parameter(
            "min_coverage",
            0.5,
            "share",
            "calibrated",
            "Half the matured backlog in the account is what a payment institution must hold as a floor of the risk reserve's kind.",
            "Liquid money over matured, unpaid holdings of products without projects below which coverage is failing.",
        ),
        Parameter(
            "unpaid_products",
            3,
            "products",
            "calibrated",
            "One late project, or two of one borrower, are no run.",
            "Fewest matured products wholly unpaid that make one where products have projects.",
        ),
        Parameter(
            "unpaid_days",
            10,
            "days",
            "calibrated",
            "Late projects of clean platforms are made good within eight days.",
            "Days after the term from which such a product counts.",
        ),
        Parameter(
            "unpaid_share",
            0.5,
            "share",
            "calibrated",
            "Where most of what fell due was paid, single borrowers failed and not the platform.",
            "Unpaid principal over all that fell due in two months, of such products.",
        ),
    ),
    reach="circle",
)


def detect(ctx: Context) -> Iterable[Finding]:
    """Institutions whose matured clients are paid late and in part, or whose coverage fails and falls.

    Notes
    -----
    A holding is due when its term has passed; it is open while the register, or where that is silent
    the flows, shows no redemption. The amount is the principal of all open holdings: the clients' money still owed.
    """
    partial = partial_payouts(ctx)
    due = _due_holders(ctx)
    weak = _failing_coverage(ctx) | _unpaid_everywhere(ctx)
    by = parts(partial)
    # where every matured holding is registered as redeemed and what is paid in parts comes on the day, it is
    # taken out of wallets
    weeks = range(int(ctx.parameter(TYPOLOGY, "min_weeks")) + 1)
    waiting = {i for k in weeks for i in _backlog(ctx, k, pools_only=False)["institution_id"]}
    for institution_id in sorted(by.keys() | weak):
        owed = of(ctx, _held, institution_id).filter(pl.col("open"))
        if owed.is_empty():
            continue
        part = by.get(institution_id, partial.clear())
        holders = people(part)
        share = holders / max(1, due.get(institution_id, 0))
        late = (
            holders >= ctx.parameter(TYPOLOGY, "min_partial_holders")
            and share >= ctx.parameter(TYPOLOGY, "min_partial_share")
            and (institution_id in waiting or part["late_days"].median() >= SETTLED_DAYS)  # type: ignore[operator]
            and _consecutive_weeks(ctx, part) >= ctx.parameter(TYPOLOGY, "min_weeks")
        )
        if late or institution_id in weak:
            yield _finding(ctx, institution_id, owed, part, share)


def _held(ctx: Context) -> pl.DataFrame:
    """Holdings of products with a term, with their due day; equity has none.

    A term often runs from the day the project was paid out and not from the subscription: where the
    project is due up to `RAISING_DAYS` later, its day is the day; where no register tells the projects, it may be
    as late. What fell due after the client accounts'
    statements end may have been paid and is left out.
    """
    frame: pl.DataFrame = ctx.shared("run_risk.held", _make_held)
    return frame


def _make_held(ctx: Context) -> pl.DataFrame:
    as_of = pl.lit(ctx.as_of)
    projects = (
        ctx.table("mart_product_project", ("product_id", "project_id"))
        .join(ctx.table("mart_project", ("project_id", "due_on")), on="project_id")
        .group_by("product_id")
        .agg(project_due=pl.col("due_on").max())
    )
    untold = untold_products(ctx)["product_id"].implode()
    slack = pl.when(pl.col("product_id").is_in(untold)).then(RAISING_DAYS).otherwise(0)
    own = pl.col("subscribed_on") + pl.duration(days=pl.col("term_days") + slack)
    later = (pl.col("project_due") - own).dt.total_days().is_between(1, RAISING_DAYS)
    return (
        held(ctx)
        .lazy()
        .filter(pl.col("term_days").is_not_null() & (pl.col("product_kind") != "equity"))
        .select(
            "subscription_id",
            "product_id",
            "institution_id",
            "holder_id",
            "amount_fen",
            "subscribed_on",
            "redeemed_on",
            "term_days",
        )
        .collect()
        .join(projects, on="product_id", how="left", maintain_order="left")
        .with_columns(due_on=pl.when(later).then(pl.col("project_due")).otherwise(own))
        .drop("project_due", "subscribed_on", "term_days")
        .with_columns(open=pl.col("redeemed_on").is_null() | (pl.col("redeemed_on") > as_of))
        .join(statements_end(ctx), on="institution_id", how="left", maintain_order="left")
        .filter(~(pl.col("open") & (pl.col("due_on") > pl.col("seen_to")) & (pl.col("due_on") <= as_of)))
        .drop("seen_to")
    )


def partial_payouts(ctx: Context) -> pl.DataFrame:
    """Payments of a part of what had fallen due to a holder, within the window.

    Returns
    -------
    polars.DataFrame
        Grain: ``line_no``; ``institution_id``, ``holder_id``, ``booked_on``, ``amount_fen``, ``account_no``,
        ``late_days``. Payments that the ledger ties to a holding (interest, full redemption) are none, unless
        every holder gets the same part of a matured one (`_rationed`).
    """
    window = int(ctx.parameter(TYPOLOGY, "window_days"))
    low, high = PARTIAL
    begin = ctx.as_of - dt.timedelta(days=window)
    lines = payouts(ctx).filter(
        (pl.col("product_id").is_null() | (pl.col("wide") == 0)) & (pl.col("booked_on") > begin)
    )
    due = _held(ctx).select("institution_id", "holder_id", "due_on", "redeemed_on", held_fen="amount_fen")
    loose = (
        lines.select("line_no", "account_no", "institution_id", "holder_id", "booked_on", "amount_fen")
        .join(due.drop_nulls("holder_id"), on=["institution_id", "holder_id"])
        .filter(
            (pl.col("due_on") <= pl.col("booked_on"))
            & (pl.col("due_on") >= pl.col("booked_on") - pl.duration(days=45))
            & (pl.col("redeemed_on").is_null() | (pl.col("redeemed_on") >= pl.col("booked_on")))
            & (pl.col("amount_fen") / pl.col("held_fen")).is_between(low, high)
        )
        .with_columns(late_days=(pl.col("booked_on") - pl.col("due_on")).dt.total_days())
        .sort("line_no", "late_days", "held_fen")
        .unique("line_no", keep="first", maintain_order=True)
    )
    return pl.concat([loose, _rationed(ctx, begin).select(loose.columns)]).sort("line_no")


def _rationed(ctx: Context, begin: dt.date) -> pl.DataFrame:
    """Payments of one part to all holders of a product that is due, whose principal then stays unpaid for a while.

    Instalments are paid before the end of the term and come to the whole; these come after it and fall short for
    `PATIENCE_DAYS` at least, and no register says that the holding was redeemed by then.
    """
    in_time = pl.col("due_on") + pl.duration(days=PATIENCE_DAYS)
    due = _held(ctx).select("subscription_id", "due_on", "redeemed_on", held_fen="amount_fen")
    paid = payouts(ctx).select(
        "line_no", "account_no", "institution_id", "holder_id", "booked_on", "amount_fen", "product_id",
        "subscription_id", "kind", "wide",
    )  # fmt: skip
    level = (
        ctx.table("mart_product_project", ("product_id", "project_id"))
        .join(ctx.table("mart_project", ("project_id", "repayment")), on="project_id")
        .filter(pl.col("repayment") == "amortising")
        .select("product_id")
    )
    level = pl.concat([level, untold_products(ctx).select("product_id")]).unique()
    late = (
        paid.filter((pl.col("kind") == "part") & (pl.col("wide") > 0) & (pl.col("booked_on") > begin))
        .join(level, on="product_id", how="anti")
        .join(due, on="subscription_id")
        .filter(
            (pl.col("due_on") <= pl.col("booked_on"))
            & (pl.col("redeemed_on").is_null() | (pl.col("redeemed_on") > in_time))
        )
    )
    every = paid.join(late, on="subscription_id", how="semi")
    early = (
        every.join(late.select("subscription_id", "due_on").unique(), on="subscription_id")
        .filter((pl.col("kind") == "part") & (pl.col("booked_on") < pl.col("due_on")))
        .select("subscription_id")
        .unique()
    )
    ends = late.select("subscription_id", "due_on").unique("subscription_id")
    soon = every.filter(pl.col("kind") != "interest").join(ends, on="subscription_id")
    whole = soon.filter(pl.col("booked_on") <= in_time).group_by("subscription_id")
    return (
        late.join(early, on="subscription_id", how="anti")
        .join(whole.agg(got_fen=pl.col("amount_fen").sum()), on="subscription_id", how="left")
        .filter(pl.col("got_fen").fill_null(0) < pl.col("held_fen") * RATIONED)
        .with_columns(late_days=(pl.col("booked_on") - pl.col("due_on")).dt.total_days())
        .sort("line_no")
    )


def _due_holders(ctx: Context) -> dict[str, int]:
    """Holders whose money fell due within the window, by institution."""
    begin = ctx.as_of - dt.timedelta(days=int(ctx.parameter(TYPOLOGY, "window_days")))
    rows = (
        _held(ctx)
        .filter(pl.col("due_on").is_between(begin, ctx.as_of))
        .group_by("institution_id")
        .agg(pl.col("holder_id").n_unique())
    )
    return dict(rows.iter_rows())


def _consecutive_weeks(ctx: Context, part: pl.DataFrame) -> int:
    """Longest run of weeks with three or more partial payouts."""
    age = (pl.lit(ctx.as_of) - pl.col("booked_on")).dt.total_days() // 7
    weeks = part.group_by(week=age).agg(pl.len()).filter(pl.col("len") >= 3)["week"].sort().to_list()
    best = run = 0
    last = None
    for week in weeks:
        run = run + 1 if last is not None and week == last + 1 else 1
        best, last = max(best, run), week
    return best


def _backlog(ctx: Context, weeks_back: int, pools_only: bool) -> pl.DataFrame:
    """Matured principal not paid at the end of a week, by institution (three days' grace)."""
    key = f"run_risk.backlog:{weeks_back}:{pools_only}"
    frame: pl.DataFrame = ctx.shared(key, lambda c: _backlog_at(c, weeks_back, pools_only))
    return frame


def _backlog_at(ctx: Context, weeks_back: int, pools_only: bool) -> pl.DataFrame:
    end = ctx.as_of - dt.timedelta(days=7 * weeks_back)
    owed = _held(ctx).filter(
        pl.col("due_on").is_between(end - dt.timedelta(days=60), end - dt.timedelta(days=3))
        & (pl.col("redeemed_on").is_null() | (pl.col("redeemed_on") > end))
    )
    if pools_only:
        bare = ctx.table("mart_product", ("product_id", "projects")).filter(pl.col("projects") == 0)
        owed = owed.join(bare, on="product_id", how="semi")
    return (
        owed.group_by("institution_id")
        .agg(pl.col("amount_fen").sum().alias("backlog_fen"), pl.col("holder_id").n_unique().alias("waiting"))
        .sort("institution_id")
    )


def _liquid(ctx: Context, weeks_back: int) -> pl.DataFrame:
    """Last known balance of the accounts that pay clients, by institution, at the end of a week; absent where none is stated."""
    frame: pl.DataFrame = ctx.shared(f"run_risk.liquid:{weeks_back}", lambda c: _liquid_at(c, weeks_back))
    return frame


def _liquid_at(ctx: Context, weeks_back: int) -> pl.DataFrame:
    end = ctx.as_of - dt.timedelta(days=7 * weeks_back)
    return (
        controlled_lines(ctx)
        .select("institution_id", "account_id", "account_type", "booked_on", "balance_after_fen")
        .filter(pl.col("account_type").is_in(["custody", "product"]) & (pl.col("booked_on") <= end))
        .drop_nulls("balance_after_fen")
        .group_by("institution_id", "account_id", maintain_order=True)
        .agg(pl.col("balance_after_fen").last())
        .group_by("institution_id")
        .agg(pl.col("balance_after_fen").sum().alias("liquid_fen"))
    )


def _failing_coverage(ctx: Context) -> set[str]:
    """Institutions whose liquid money over the backlog of project-less products is low and fell each week."""
    least, weeks = ctx.parameter(TYPOLOGY, "min_coverage"), int(ctx.parameter(TYPOLOGY, "min_weeks"))
    series: list[dict[str, float]] = []
    for back in range(weeks, -1, -1):
        both = _backlog(ctx, back, pools_only=True).join(_liquid(ctx, back), on="institution_id")
        crowd = both.filter(pl.col("waiting") >= int(ctx.parameter(TYPOLOGY, "min_partial_holders")))
        series.append(
            dict(crowd.select("institution_id", pl.col("liquid_fen") / pl.col("backlog_fen")).iter_rows())
        )
    last = series[-1]
    return {
        i
        for i, now in last.items()
        if now < least and all(i in s for s in series) and all(a[i] > b[i] for a, b in pairwise(series))
    }


def _unpaid_everywhere(ctx: Context) -> set[str]:
    """Institutions most of whose matured products stay unpaid, with little liquid money and fewer subscriptions.

    One late project is no run, nor are two: several products of which nothing was paid for longer than the
    patience, and most of the principal that fell due, are.
    """
    patience = dt.timedelta(days=int(ctx.parameter(TYPOLOGY, "unpaid_days")))
    end = ctx.as_of - patience
    begin = ctx.as_of - dt.timedelta(days=60)
    late = (
        _held(ctx)
        .filter(pl.col("due_on").is_between(begin, end))
        .with_columns(unpaid=pl.col("redeemed_on").is_null() | (pl.col("redeemed_on") > ctx.as_of))
        .group_by("institution_id")
        .agg(
            products=pl.col("product_id").filter("unpaid").n_unique(),
            waiting=pl.col("holder_id").filter("unpaid").n_unique(),
            share=pl.col("amount_fen").filter("unpaid").sum() / pl.col("amount_fen").sum(),
        )
        .filter(
            (pl.col("products") >= ctx.parameter(TYPOLOGY, "unpaid_products"))
            & (pl.col("waiting") >= ctx.parameter(TYPOLOGY, "min_partial_holders"))
            & (pl.col("share") >= ctx.parameter(TYPOLOGY, "unpaid_share"))
        )
        .join(_backlog(ctx, 0, pools_only=False), on="institution_id")
        .join(_liquid(ctx, 0), on="institution_id")
        .filter(pl.col("liquid_fen") < pl.col("backlog_fen") * ctx.parameter(TYPOLOGY, "min_coverage"))
    )
    weeks = int(ctx.parameter(TYPOLOGY, "min_weeks"))
    found = set()
    for institution_id in late["institution_id"].sort():
        backlog = [_unpaid_at(ctx, institution_id, k) for k in range(weeks, -1, -1)]
        recent, before = _subscribed(ctx, institution_id)
        # products fall due by the fortnight: a week without one leaves the backlog as it is
        if backlog[0] < backlog[-1] and all(a <= b for a, b in pairwise(backlog)) and recent < before:
            found.add(institution_id)
    return found


def _unpaid_at(ctx: Context, institution_id: str, weeks_back: int) -> int:
    """All matured principal of an institution that is unpaid at the end of a week, however old, in fen."""
    end = ctx.as_of - dt.timedelta(days=7 * weeks_back)
    open_then = pl.col("redeemed_on").is_null() | (pl.col("redeemed_on") > end)
    due = pl.col("due_on") <= end - dt.timedelta(days=SETTLED_DAYS)
    return total(of(ctx, _held, institution_id).filter(due & open_then))


def _finding(
    ctx: Context, institution_id: str, owed: pl.DataFrame, part: pl.DataFrame, share: float
) -> Finding:
    amount = total(owed)
    mine = pl.col("institution_id") == institution_id
    backlog = [total(_backlog(ctx, k, pools_only=False).filter(mine), "backlog_fen") for k in (2, 1, 0)]
    waiting = total(_backlog(ctx, 0, pools_only=False).filter(mine), "waiting")
    stated = _liquid(ctx, 0).filter(mine)
    liquid = total(stated, "liquid_fen") if stated.height else None
    recent, before = _subscribed(ctx, institution_id)
    growing = backlog[2] > backlog[0] > 0 or backlog[2] > backlog[1]
    coverage = liquid / backlog[2] if backlog[2] and liquid is not None else None
    confidence = 0.7 + 0.1 * growing + 0.1 * (recent < before) + 0.1 * (coverage is not None and coverage < 1)
    late = part.select(pl.col("late_days").median()).item()
    clients = people(owed)
    start = ctx.as_of - dt.timedelta(days=56)
    first = first_last(part)[0]
    cover = percent(coverage, 0)
    zh, en = "可用资金不详(对账单未载余额)", "liquid money not known (no statement tells a balance)"
    if liquid is not None:
        zh, en = (
            f"可用资金 {yuan(liquid)} 元,覆盖率 {cover}",
            f"liquid money at {yuan(liquid)} yuan (coverage {cover})",
        )
    outlook = solvency(ctx, institution_id)
    return Finding(
        institution_id=institution_id,
        typology=TYPOLOGY.code,
        amount_fen=amount,
        severity=5 if coverage is not None and coverage < 0.2 else 4,
        confidence=round(min(0.95, confidence), 4),
        first_on=min(start, first) if first else start,
        last_on=ctx.as_of,
        explanation_zh=(
            f"近六周 {people(part)} 名到期客户(占到期客户 {percent(share)})仅收到部分兑付(中位延迟 {late if late is not None else '-'} 天);"
            f"到期未兑付本金三周来为 {'、'.join(yuan(b) for b in backlog)} 元,涉及 {waiting} 人,{zh};"
            f"近四周认购 {yuan(recent)} 元,此前每四周 {yuan(before)} 元。尚欠客户本金 {yuan(amount)} 元。"
            f"{outlook.zh}"
        ),
        explanation_en=(
            f"In six weeks {people(part)} holders whose money was due ({percent(share)} of those due) got only a part of it; matured and "
            f"unpaid principal stood at {', '.join(yuan(b) for b in backlog)} yuan over three weeks ({waiting} holders), {en}; "
            f"subscriptions of four weeks {yuan(recent)} yuan after {yuan(before)}. Still owed: "
            f"{yuan(amount)} yuan.{outlook.en}"
        ),
        evidence=pl.concat(
            [
                evidence("partial_payout", part.select("line_no", "amount_fen")),
                evidence(
                    "matured_unpaid",
                    register="subscriptions",
                    keys=owed.filter(pl.col("due_on") <= ctx.as_of)["subscription_id"].to_list(),
                ),
            ]
        ),
        accounts=accounts_of(part),
        clients=clients,
        bases=AmountBases(
            gross_taken=total(of(ctx, _held, institution_id)),
            net_unrepaid=amount,
            peak_diverted=max(0, amount - (liquid or 0)),
        ),
        amount_low_fen=backlog[2],
        amount_high_fen=amount,
        benign=(
            (
                "月末或节假日高峰:部分兑付连续出现两周以上。",
                "Month-end or holiday peak: partial payouts in two or more consecutive weeks.",
            ),
            (
                "单个项目逾期:部分兑付的到期客户占比高于单个项目所涉。",
                "One late project: the share of due holders paid in part is above what one project touches.",
            ),
            *outlook.benign,
        ),
    )


def _subscribed(ctx: Context, institution_id: str) -> tuple[int, int]:
    """Money subscribed in the last four weeks, and per four weeks of the eight before."""
    age = (pl.lit(ctx.as_of) - pl.col("subscribed_on")).dt.total_days()
    mine = of(ctx, subscriptions, institution_id)
    return total(mine.filter(age < 28)), total(mine.filter(age.is_between(28, 83))) // 2
