"""fund-pool: client money gathers that no project and no withdrawal explains, for more than ten days.

The unmatched balance of a day is the idle deposits so far (`models.typologies._pool`) less what was paid out
of them: payouts of the same products that no borrower covered, payouts out of the pool for other products, and
own costs out of client accounts. Confidence: 0.9 where the products have no project or their projects
were paid to nobody; 0.75 where money beyond the project's principal was taken.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import polars as pl

from models.finding import AmountBases, Finding, evidence
from models.typologies._came_home import came_home
from models.typologies._frames import accounts_of, each, first_last, of, people, top, total
from models.typologies._gaps import statements_end
from models.typologies._handed_on import till_payouts
from models.typologies._ledger import payouts
from models.typologies._misuse import loose_payments
from models.typologies._outlook_said import drain
from models.typologies._own_costs import own_costs
from models.typologies._parties import sectors
from models.typologies._pool import all_deposits, idle_deposits
from models.typologies._rounds import ROUND, round_lines, rounds
from models.typologies._say import yuan
from models.typologies._turns import rolled_rounds
from models.typologies._unsold_said import pools
from models.typologies.base import Context, Parameter, Typology
from models.typologies.custody_bypass import CLIENT_SECTORS

CONTEXT = ("payout_other", "left")
"""What left the pool and is shown, but makes up no part of it."""

TYPOLOGY = Typology(
    code="fund-pool",
    title_zh="设立资金池",
    title_en="Fund pool",
    clause="二(一)1",
    citations=("plan-2016-90", "decree-2016-1-art10"),
    severity="4; 5 where money of the pool also pays other clients out.",
    runbook="1. For each product listed: which project was its money lent to, and when was the borrower paid?\n"
    "2. Compare the custodian's sub-ledger with the unmatched balance: whose money is it today?\n"
    "3. Money for a project that is not full after ten days must go back to the clients who paid it in.\n"
    "4. Have new subscriptions to the products stopped until the balance is explained.",
    parameters=(
        Parameter(
            "max_idle_days",
            10,
            "days",
            "calibrated",
            "the catalogue's own wording",
            "days after which an unexplained balance counts",
        ),
        Parameter(
            "min_balance",
            100_000,
            "yuan",
            "calibrated",
            "unexplained rests of clean institutions stay below 30,000 yuan",
            "unmatched balance that must be exceeded; a smaller one where it is much of the clients' money",
        ),
        Parameter(
            "min_small",
            40_000,
            "yuan",
            "calibrated",
            "unexplained rests of clean institutions stay below 30,000 yuan",
            "least balance of a small institution",
        ),
        Parameter(
            "small_share",
            0.1,
            "share",
            "calibrated",
            "a tenth of all that clients paid in is no rest",
            "share of the clients' deposits from which a balance below `min_balance` counts",
        ),
    ),
    reach="circle",
)


MOVED_HOPS, MOVED_DAYS = 4, 30
"""Transfers and days in which money that left comes to another account of the institution's, as for misuse."""


def detect(ctx: Context) -> Iterator[Finding]:
    """Yield at most one finding an institution; the amount is the largest daily unmatched balance."""
    patience = int(ctx.parameter(TYPOLOGY, "max_idle_days"))
    most = ctx.parameter(TYPOLOGY, "min_balance") * 100
    small, share = ctx.parameter(TYPOLOGY, "min_small") * 100, ctx.parameter(TYPOLOGY, "small_share")
    mine = sorted(i for i, s in sectors(ctx).items() if s in CLIENT_SECTORS)
    seen_to = dict(statements_end(ctx).iter_rows())
    idle = idle_deposits(ctx).filter(pl.col("institution_id").is_in(mine))
    for institution, ins in each(idle, "institution_id"):
        least = min(most, max(small, share * total(of(ctx, all_deposits, institution))))
        outs = _outs(ctx, institution, ins)
        days = _balances(ins, outs, seen_to.get(institution, ctx.as_of))
        stays = days.filter(pl.col("stays_fen") > least)
        lasting = int((days["balance_fen"] > least).sum())
        if lasting <= patience or stays.is_empty():
            continue
        amount = top(days["balance_fen"])
        aged = top(days["stays_fen"])
        today = int(days["balance_fen"][-1])
        bare = total(ins.filter(pl.col("projects") == 0))
        last = (
            days["booked_on"][-1]
            if today > least
            else first_last(pl.concat([ins.select("booked_on"), outs.select("booked_on")]))[1]
        )
        outlook = drain(ctx, institution)
        mixed = total(outs.filter(pl.col("role") == "payout_other")) > 0
        yield Finding(
            institution_id=institution,
            typology=TYPOLOGY.code,
            amount_fen=amount,
            severity=5 if mixed else 4,
            confidence=0.9 if bare * 2 >= total(ins) or not mixed else 0.75,
            first_on=first_last(ins)[0],
            last_on=last,
            clients=people(ins),
            accounts=accounts_of(ins),
            bases=AmountBases(total(ins), max(today, 0), amount, 0),
            evidence=pl.concat(
                [
                    evidence("client_deposit", ins),
                    *(
                        evidence(str(role), part)
                        for role, part in each(outs.filter(~pl.col("role").is_in(CONTEXT)), "role")
                    ),
                    *(
                        evidence("context", part)
                        for _, part in each(outs.filter(pl.col("role").is_in(CONTEXT)), "role")
                    ),
                ]
            ),
            amount_low_fen=min(aged, amount),
            amount_high_fen=total(ins),
            explanation_zh=f"{people(ins)} 名客户存入 {yuan(total(ins))} 元,其认购的产品无项目或项目未获放款;扣除兑付、退回与费用支出后,"
            f"无对应项目的资金余额最高达 {yuan(amount)} 元,其中停留超过 {patience} 天的最高 {yuan(aged)} 元,期末仍有 {yuan(max(today, 0))} 元。{outlook.zh}",
            explanation_en=f"{people(ins)} clients paid in {yuan(total(ins))} yuan for products with no project, or whose projects were paid "
            f"nothing; after payouts, returns and costs the unmatched balance reached {yuan(amount)} yuan, of which "
            f"{yuan(aged)} had stayed for more than {patience} days; {yuan(max(today, 0))} is still there.{outlook.en}",
            benign=(
                (
                    "项目满标前暂存数日:已检验;仍在募集的项目已剔除。",
                    "Deposits waiting a few days until a project is full: tested; projects still being raised are left out.",
                ),
                (
                    "待提现的回款:已检验;只计客户存入,不计回款。",
                    "Repayments waiting for withdrawal: tested; only deposits count, never repayments.",
                ),
                *outlook.benign,
            ),
        )
    yield from pools(ctx, TYPOLOGY.code, patience)


def _outs(ctx: Context, institution: str, ins: pl.DataFrame) -> pl.DataFrame:
    """What left the pool: payouts of its products, payouts of others nobody covered, own costs, other uses.

    Money that left the accounts for no project stays nowhere: it is `misappropriation` or another misuse, and no
    balance any more.
    """
    products = ins.select("product_id").unique()
    mine = pl.col("institution_id") == institution
    turned = rolled_rounds(ctx).select(ROUND).unique()
    paid = of(ctx, rounds, institution)
    bare = paid.filter(pl.col("pool_fen") > 0).join(turned, on=ROUND, how="anti")
    own = (
        of(ctx, payouts, institution)
        .join(products, on="product_id", how="semi")
        .select("line_no", "booked_on", "amount_fen", "product_id")
    )
    borrowed = pl.col("borrower_fen") * 2 >= pl.col("paid_fen")
    covered = paid.filter(borrowed).select("product_id", "booked_on")
    own = own.join(covered, on=["product_id", "booked_on"], how="anti")
    aside = of(ctx, till_payouts, institution).join(products, on="product_id", how="semi").select(own.columns)
    own = pl.concat([own, aside.cast(own.schema)])
    other = (
        of(ctx, round_lines, institution)
        .join(bare.select(*ROUND, "pool_fen", "paid_fen"), on=ROUND)
        .join(products, on="product_id", how="anti")
        .filter(pl.col("pool_fen") * 2 >= pl.col("paid_fen"))
        .select("line_no", "booked_on", "amount_fen")
    )
    first = ins["booked_on"].min()
    costs = own_costs(ctx).filter(mine).select("line_no", "booked_on", "amount_fen")
    gone = of(ctx, loose_payments, institution).join(costs.select("line_no"), on="line_no", how="anti")
    gone = gone.join(_moved(ctx), on="line_no", how="anti")
    return (
        pl.concat(
            [
                own.drop("product_id").with_columns(role=pl.lit("payout")),
                other.with_columns(role=pl.lit("payout_other")),
                costs.with_columns(role=pl.lit("own_cost")),
                gone.select("line_no", "booked_on", "amount_fen").with_columns(role=pl.lit("left")),
            ]
        )
        .filter(pl.col("booked_on") >= first)
        .sort("line_no")
    )


def _moved(ctx: Context) -> pl.DataFrame:
    """Payments that others handed on to another account of the institution's, where they lie as before (``line_no``)."""

    def make(ctx: Context) -> pl.DataFrame:
        starts = loose_payments(ctx).select(
            "institution_id", "line_no", "booked_on", "amount_fen", holder_id="cp_holder_id"
        )
        asked = idle_deposits(ctx).select("institution_id").unique()
        starts = starts.join(asked, on="institution_id", how="semi")
        found = came_home(
            ctx, starts, {}, hops=MOVED_HOPS, days=MOVED_DAYS, types=("other", "custody", "product")
        )
        lines = [pieces.select(line_no="start_no") for pieces in found.values()]
        return pl.concat([starts.select("line_no").clear(), *lines]).unique().sort("line_no")

    frame: pl.DataFrame = ctx.shared("fund_pool.moved", make)
    return frame


def _balances(ins: pl.DataFrame, outs: pl.DataFrame, until: dt.date) -> pl.DataFrame:
    """Unmatched balance at the end of each day until the last one seen, and the part of it older than the patience.

    ``stays_fen`` is the least balance of the last ten days and the day itself: money that was
    there all the time.
    """
    flows = pl.concat(
        [ins.select("booked_on", "amount_fen"), outs.select("booked_on", -pl.col("amount_fen"))]
    )
    days = flows["booked_on"].extend_constant(until, 1)
    every = pl.DataFrame({"booked_on": pl.date_range(flows["booked_on"].min(), days.max(), "1d", eager=True)})  # type: ignore[arg-type]
    return (
        every.join(flows.group_by("booked_on").agg(pl.col("amount_fen").sum()), on="booked_on", how="left")
        .sort("booked_on")
        .with_columns(balance_fen=pl.col("amount_fen").fill_null(0).cum_sum())
        .with_columns(stays_fen=pl.col("balance_fen").rolling_min(11, min_samples=11).fill_null(0))
    )
