"""self-guarantee: overdue projects are paid out with the institution's own money or its affiliates'.

A round of payment (`models.typologies._rounds`) for which the borrower paid nothing or the smaller part and that was topped up,
to the amount, from an own account or by a related party. Confidence: 0.9 where every top-up fits a
round to within 2 %; 0.7 where the payer is related over two steps only.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from models.finding import AmountBases, Finding, evidence
from models.typologies._frames import accounts_of, first_last, people, total, with_line
from models.typologies._funded import funded, through_borrowers
from models.typologies._ledger import controlled_lines
from models.typologies._outside import outside_payouts
from models.typologies._parties import related
from models.typologies._rounds import (
    AFTER_DAYS,
    BEFORE_DAYS,
    ROUND,
    ROUND_SUPPORT,
    borrowers,
    coverage,
    repayments,
    round_lines,
    rounds,
)
from models.typologies._say import yuan
from models.typologies._untold import untold_products
from models.typologies.base import Context, Parameter, Typology

TYPOLOGY = Typology(
    code="self-guarantee",
    title_zh="自保:以自有资金或关联方资金代偿逾期项目",
    title_en="Overdue projects paid out with own or affiliated money",
    clause="二(一)1",
    citations=("plan-2016-90", "decree-2016-1-art10"),
    severity="4 from 1,000,000 yuan or 3 projects on; 3 below.",
    runbook="1. Open the projects listed: what did the borrower owe on the day, what came in from the borrower?\n"
    "2. Follow the top-up back: whose money was it (own account, affiliate, affiliated guarantor)?\n"
    "3. Ask for the guarantee contract and the guarantor's licence; an unrelated licensed guarantor clears the case.\n"
    "4. Check whether clients were promised that the platform would step in.",
    parameters=(
        Parameter(
            "min_amount",
            50_000,
            "yuan",
            "calibrated",
            "smaller sums are goodwill payments to single clients",
            "top-ups of overdue rounds",
        ),
        Parameter(
            "fit",
            0.02,
            "share",
            "calibrated",
            "bank charges and rounding; top-ups of the practice cases fit to the fen",
            "gap allowed between top-up and what the round lacked",
        ),
        Parameter(
            "large_amount",
            1_000_000,
            "yuan",
            "calibrated",
            "the size from which clients' losses would be a matter for the district",
            "amount from which the severity is 4",
        ),
        Parameter(
            "reserve_days",
            30,
            "days",
            "calibrated",
            "a month is what collection of a late instalment takes",
            "days within which an advance of the risk reserve must be made good by the borrower",
        ),
    ),
    reach="circle",
)


BORROWER_PART = 0.5
"""Part of a round up to which its borrower may have paid for the rest to be made good; a bonus is beside most of it."""


def topped_up(ctx: Context, fit: float = 0.02) -> pl.DataFrame:
    """Rounds their borrowers paid nothing or the smaller part for, and the lines that paid instead.

    Returns
    -------
    polars.DataFrame
        Grain: round × ``line_no`` of the top-up; ``straight`` where it is the payout itself. ``payer``: ``own`` (the institution's own
        account), ``risk_reserve``, ``related`` (a related party), ``other``. ``role`` and
        ``distance`` of a related payer. ``amount_fen`` is the part of the line.
    """
    frame: pl.DataFrame = ctx.shared(f"self_guarantee.topped_up.{fit}", lambda c: _topped_up(c, fit))
    return frame


def _topped_up(ctx: Context, fit: float) -> pl.DataFrame:
    unpaid = (
        rounds(ctx)
        .filter(
            (pl.col("borrower_fen") <= pl.col("paid_fen") * BORROWER_PART)
            & (pl.col("topup_fen") >= (pl.col("paid_fen") - pl.col("borrower_fen")) * (1 - fit))
            & (pl.col("projects") > 0)
        )
        .join(untold_products(ctx).select("product_id"), on="product_id", how="anti")
    )
    overdue = unpaid.filter(pl.col("kind") != "interest").select("product_id").unique()
    close = related(ctx).rename({"holder_id": "cp_holder_id"})
    who = (
        controlled_lines(ctx)
        .with_columns(
            # a payout that an own account made itself is that account's money
            cp_type=pl.when(pl.col("direction") == "out").then("account_type").otherwise("cp_type"),
            straight=pl.col("direction") == "out",
        )
        .select(
            "line_no",
            "institution_id",
            "cp_holder_id",
            "cp_type",
            "account_no",
            "straight",
            line_fen="amount_fen",
        )
        .join(close, on=["institution_id", "cp_holder_id"], how="left")
    )
    used = coverage(ctx).filter(pl.col("source") == "topup")
    whole = used.group_by("line_no").agg(used_fen=pl.col("amount_fen").sum())
    return (
        used.join(unpaid.select(ROUND), on=ROUND, how="semi")
        .join(overdue, on="product_id", how="semi")
        .join(who.drop("institution_id"), on="line_no")
        .join(whole, on="line_no")
        .join(_behind(ctx), on="line_no", how="left")
        .filter(pl.col("used_fen") >= pl.col("line_fen") * (1 - fit))
        .with_columns(
            payer=pl.when(pl.col("cp_type").is_in(["own", "other"]))
            .then(pl.lit("own"))
            .when(pl.col("cp_type") == "risk_reserve")
            .then(pl.lit("risk_reserve"))
            .when(pl.col("role").is_not_null())
            .then(pl.lit("related"))
            .otherwise(pl.coalesce("behind", pl.lit("other")))
        )
        .sort(*ROUND, "line_no")
    )


def _behind(ctx: Context) -> pl.DataFrame:
    """Whose money a top-up was that somebody else paid in (grain: ``line_no``; ``behind`` is ``own`` or ``related``)."""
    tops = coverage(ctx).filter(pl.col("source") == "topup").select("line_no").unique()
    paid = (
        controlled_lines(ctx)
        .join(tops, on="line_no", how="semi")
        .filter(pl.col("cp_type").is_null())
        .select("line_no", "institution_id", "booked_on", "amount_fen", payer_id="cp_holder_id")
    )
    return funded(ctx, paid).select("line_no", "behind")


def detect(ctx: Context) -> Iterator[Finding]:
    """Yield at most one finding an institution; the amount is the payouts so topped up."""
    fit = ctx.parameter(TYPOLOGY, "fit")
    least = ctx.parameter(TYPOLOGY, "min_amount") * 100
    large = ctx.parameter(TYPOLOGY, "large_amount") * 100
    tops = topped_up(ctx, fit).filter(pl.col("payer").is_in(["own", "related"]))
    columns = [*ROUND, "line_no", "payer", "distance", "straight", "line_fen"]
    through = through_borrowers(ctx)
    lent = through.with_columns(straight=pl.lit(False), line_fen=pl.col("amount_fen").sum().over("line_no"))
    tops = pl.concat([tops.select(columns), lent.select(columns)], how="vertical_relaxed")
    beside = _paid_beside(ctx)
    paid_lines = round_lines(ctx)
    out_legs = _paying_legs(ctx)
    concerned = pl.concat([tops.select("institution_id"), beside.select("institution_id")]).unique()
    for institution in concerned["institution_id"].sort():
        part, more = _of(tops, institution), _of(beside, institution)
        sources = part.unique("line_no").select(
            "line_no", "payer", "distance", "straight", amount_fen="line_fen"
        )
        amount = total(sources) + total(more)
        if amount < least:
            continue
        paid = paid_lines.join(part.select(ROUND).unique(), on=ROUND, how="semi")
        columns = ["line_no", "account_no", "booked_on", "holder_id", "amount_fen"]
        paid = pl.concat([paid.select(columns), more.select(columns)])
        own = total(sources.filter(pl.col("payer") == "own"))
        products = pl.concat([part.select("product_id"), more.select("product_id")])["product_id"].n_unique()
        given = part.select("line_no").join(through, on="line_no").select(line_no="given").explode("line_no")
        given = with_line(ctx, given.drop_nulls().unique().sort("line_no"), "amount_fen")
        some = rounds(ctx).join(part.select(ROUND).unique(), on=ROUND, how="semi")
        little = total(some, "borrower_fen") > 0 and given.is_empty()
        none_zh = "仅还小部分或分文未还" if little else "分文未还"
        none_en = "little or nothing" if little else "nothing"
        late_zh = "(或其逾期还款系由机构、关联方数日前付给)" if given.height else ""
        late_en = " (or late, what insiders had just given them)" if given.height else ""
        legs = out_legs.join(sources.select(in_line_no="line_no"), on="in_line_no", how="semi")
        first, last = first_last(pl.concat([paid.select("booked_on"), part.select("booked_on")]))
        far = total(sources.filter((pl.col("payer") == "related") & (pl.col("distance") > 1)))
        far += total(more.filter(pl.col("distance") > 1))
        yield Finding(
            institution_id=institution,
            typology=TYPOLOGY.code,
            amount_fen=amount,
            severity=4 if amount >= large or products >= 3 else 3,
            confidence=0.7 if far * 2 > amount else 0.9,
            first_on=first,
            last_on=last,
            clients=people(paid),
            accounts=accounts_of(paid),
            bases=AmountBases(total(paid), 0, amount, 0),
            evidence=pl.concat(
                [
                    evidence("top_up", sources.filter(~pl.col("straight")).select("line_no", "amount_fen")),
                    evidence("top_up", legs),
                    evidence("given_to_borrower", given),
                    evidence("payout", paid),
                ]
            ),
            explanation_zh=f"{products} 个产品对应的项目到期而借款人{none_zh}{late_zh},仍向 {people(paid)} 名客户兑付 {yuan(total(paid))} 元;"
            f"款项来自机构自有账户 {yuan(own)} 元、关联方 {yuan(amount - own)} 元,金额与兑付缺口逐笔相符。",
            explanation_en=f"The borrowers behind {products} products paid {none_en}{late_en}, yet {people(paid)} clients were paid "
            f"{yuan(total(paid))} yuan; the money came from own accounts ({yuan(own)}) and related parties "
            f"({yuan(amount - own)}), each top-up matching what the round lacked.",
            benign=(
                (
                    "无关联的持牌担保人代偿:已检验;计入的付款人为自有账户或关联方。",
                    "An unrelated licensed guarantor pays: tested; the payers counted are own accounts or related parties.",
                ),
                (
                    "登记的风险准备金垫付、借款人数日内补足:未计入。",
                    "An advance from the registered risk reserve made good by the borrower within days: not counted.",
                ),
                (
                    "借款人迟付:已检验;这些轮次借款人分文未付,或所付九成以上系十日内自机构或关联方得来。",
                    "The borrower paid late: tested; nothing came in from the borrower, or what insiders had given days before.",
                ),
            ),
        )


def _paid_beside(ctx: Context) -> pl.DataFrame:
    """Payouts on projects that are due and unpaid, made by a related party from its own account.

    Grain: ``line_no``; the columns of `outside_payouts` and the payer's ``distance``. A payer who is the
    product's borrower repays and guarantees nothing.
    """
    close = related(ctx).select("institution_id", "distance", payer_id="holder_id")
    owing = borrowers(ctx)
    ends = ctx.table("mart_product", ("product_id", "matures_on"))
    due = owing.group_by("product_id").agg(due_on=pl.col("due_on").min())
    due = due.join(ends, on="product_id", how="left").with_columns(due_on=pl.coalesce("due_on", "matures_on"))
    debtors = owing.select("product_id", payer_id="holder_id").unique()
    served = (
        owing.select("product_id", "institution_id", "holder_id")
        .unique()
        .join(repayments(ctx), on=["institution_id", "holder_id"])
        .select("product_id", "in_on")
    )
    paid = (
        outside_payouts(ctx)
        .filter((pl.col("support") >= ROUND_SUPPORT) & (pl.col("kind") != "interest"))
        .join(close, on=["institution_id", "payer_id"])
        .join(debtors, on=["product_id", "payer_id"], how="anti")
        .join(due, on="product_id")
        .filter(pl.col("due_on") <= pl.col("booked_on"))
    )
    served = pl.concat([served, _repaid_beside(ctx, paid, owing)])
    lag = (pl.col("booked_on") - pl.col("in_on")).dt.total_days()
    repaid = (
        paid.select("product_id", "booked_on")
        .unique()
        .join(served, on="product_id")
        .filter(lag.is_between(-AFTER_DAYS, BEFORE_DAYS))
        .select("product_id", "booked_on")
        .unique()
    )
    return paid.join(repaid, on=["product_id", "booked_on"], how="anti").sort("institution_id", "line_no")


def _repaid_beside(ctx: Context, paid: pl.DataFrame, owing: pl.DataFrame) -> pl.DataFrame:
    """What borrowers paid into the very account their products' clients were paid from: ``product_id``, ``in_on``."""
    came = ctx.rows(
        "mart_line",
        ("account_id", "booked_on", "cp_holder_id"),
        "direction = 'in' and account_id in (select key from theirs)",
        theirs=paid["account_id"],
    ).rename({"cp_holder_id": "holder_id", "booked_on": "in_on"})
    return (
        paid.select("product_id", "account_id")
        .unique()
        .join(owing.select("product_id", "holder_id").drop_nulls().unique(), on="product_id")
        .join(came, on=["account_id", "holder_id"])
        .select("product_id", "in_on")
        .unique()
        .sort("product_id", "in_on")
    )


def _of(frame: pl.DataFrame, institution: str) -> pl.DataFrame:
    return frame.filter(pl.col("institution_id") == institution)


def _paying_legs(ctx: Context) -> pl.DataFrame:
    """Out-legs of transfers into controlled accounts, where both statements are on hand."""
    moves = ctx.table("mart_transfer", ("out_line_no", "in_line_no", "amount_fen")).filter(
        pl.col("out_line_no").is_not_null() & pl.col("in_line_no").is_not_null()
    )
    return moves.select("in_line_no", "amount_fen", line_no="out_line_no")
