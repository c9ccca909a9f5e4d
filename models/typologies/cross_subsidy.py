"""`cross-subsidy` (交叉补贴): one product's clients are paid with the money of another product's clients.

Three ways lead there. With an account for each product, money moves from one product's account to
another's, which pays its clients from it within days; or the one product's account pays the other's clients
itself. With one account for all, a product that has
projects of its own is paid although its borrowers paid nothing, so that other products' deposits did.

Confidence: 0.95 for the first two (both ends are seen); for the third that of `new-money-pays-old`, whose
rounds are read.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import polars as pl

from models.finding import AmountBases, Finding, evidence
from models.typologies._bonus import group_lines, groups, transfer_lines, transfers
from models.typologies._cross_paid import homes, paid_by_others, returned_investments
from models.typologies._frames import accounts_of, first_last, of, people, total
from models.typologies._ledger import subscriptions
from models.typologies._products import product_accounts
from models.typologies._rounds import ROUND, round_lines, rounds
from models.typologies._say import span, yuan
from models.typologies._untold import untold_products
from models.typologies.base import Context, Parameter, Typology

SINGLE_SHARE = 0.98
"""Part of the payout to one holder alone that a transfer must be to have been made for it."""

TYPOLOGY = Typology(
    code="cross-subsidy",
    title_zh="产品之间交叉补贴",
    title_en="One product's payouts paid with another product's money",
    clause="三(四)",
    citations=("plan-2016-90", "pboc-2018-106"),
    severity="4; 3 when less than `grave_yuan` was moved between products' accounts.",
    runbook=(
        "1. For each transfer shown, open the paying product's statement: whose money was it that day?\n"
        "2. Ask for the receiving product's income since its last distribution.\n"
        "3. Exclude clients who moved their own money from product to product (tested here by client and amount).\n"
        "4. Have the products' books separated and the paying product's clients made whole."
    ),
    parameters=(
        Parameter(
            "pay_days",
            3,
            "days",
            "calibrated",
            "Money moved for a distribution is used within a long weekend.",
            "Days after the transfer in which the receiving product must pay its clients.",
        ),
        Parameter(
            "min_times",
            2,
            "transfers",
            "calibrated",
            "One transfer is a booking error until it happens again.",
            "Fewest transfers between products' accounts that make a finding.",
        ),
        Parameter(
            "whole_share",
            0.9,
            "share",
            "calibrated",
            "No booking error is just what five clients or more are paid the next day.",
            "Part of a distribution from which a single transfer is enough.",
        ),
        Parameter(
            "min_holders",
            5,
            "persons",
            "calibrated",
            "Fewer are a slip of the paying desk.",
            "Fewest clients of such a distribution, or paid out of another product's account.",
        ),
        Parameter(
            "move_days",
            10,
            "days",
            "calibrated",
            "A client's switch from product to product settles within two weeks' trading days.",
            "Days between leaving one product and entering the other in which a transfer is a client's own move.",
        ),
        Parameter(
            "grave_yuan",
            1_000_000,
            "yuan",
            "calibrated",
            "Set at the unit threshold of 法释〔2010〕18号 art. 3.",
            "Amount from which the first way is of severity 4.",
        ),
    ),
    after=("maturity-mismatch", "new-money-pays-old"),
    reach="circle",
)


def detect(ctx: Context) -> Iterable[Finding]:
    """Transfers between products' accounts that pay clients, payouts from others' accounts, and rounds others paid for."""
    moved, strange = _moved(ctx), paid_by_others(ctx)
    fewest = int(ctx.parameter(TYPOLOGY, "min_holders"))
    whole = (pl.col("amount_fen") >= pl.col("due_fen") * ctx.parameter(TYPOLOGY, "whole_share")) & (
        pl.col("holders") >= fewest
    )
    done = set()
    for institution_id in sorted({*moved["institution_id"], *strange["institution_id"]}):
        mine = pl.col("institution_id") == institution_id
        part, paid = moved.filter(mine), strange.filter(mine)
        if part.height < ctx.parameter(TYPOLOGY, "min_times"):
            part = part.filter(whole)
        if people(paid) < fewest:
            paid = paid.clear()
        if part.height + paid.height:
            done.add(institution_id)
            yield _by_transfer(ctx, institution_id, part, paid)
    for leading in ctx.findings.get("new-money-pays-old", []):
        if leading.institution_id not in done:
            finding = _by_round(ctx, leading)
            if finding is not None:
                yield finding


def _moved(ctx: Context) -> pl.DataFrame:
    """Transfers between products' accounts, but for clients' own moves, that served a distribution."""
    window = int(ctx.parameter(TYPOLOGY, "pay_days"))
    between = transfers(ctx).filter((pl.col("from_type") == "product") & (pl.col("to_type") == "product"))
    between = between.join(_own_moves(ctx, between), on="transfer_no", how="anti")
    between = between.join(returned_investments(ctx, between), on="transfer_no", how="anti")
    paid = pl.concat([groups(ctx), _singles(ctx)], how="diagonal_relaxed")
    paid = paid.rename({"booked_on": "round_on", "account_id": "to_account_id"})
    sends_its_own = homes(ctx).rename({"account_id": "from_account_id"})
    return (
        between.join(paid, on=["institution_id", "to_account_id"])
        .join(sends_its_own, on=["product_id", "from_account_id"], how="anti")
        .filter(
            (pl.col("round_on") >= pl.col("booked_on"))
            & (pl.col("round_on") <= pl.col("booked_on") + dt.timedelta(days=window))
            & (pl.col("amount_fen") <= pl.col("due_fen") * 1.02)
            & ((pl.col("holders") > 1) | (pl.col("amount_fen") >= pl.col("due_fen") * SINGLE_SHARE))
        )
        .sort("transfer_no", "round_on", "product_id", "group_no")
        .unique("transfer_no", keep="first", maintain_order=True)
        .sort("transfer_no")
    )


def _singles(ctx: Context) -> pl.DataFrame:
    """Payouts to one holder alone that day, in the manner of `groups`: where holders leave one by one."""
    key = ["institution_id", "product_id", "booked_on", "account_id", "group_no"]
    return (
        group_lines(ctx)
        .filter(pl.col("account_id").is_in(product_accounts(ctx)["account_id"].implode()))
        .group_by(key)
        .agg(
            paid_fen=pl.col("amount_fen").sum(),
            due_fen=pl.col("amount_fen").sum(),
            holders=pl.col("subscription_id").n_unique(),
        )
        .filter(pl.col("holders") == 1)
        .sort(key)
    )


def _own_moves(ctx: Context, between: pl.DataFrame) -> pl.DataFrame:
    """Transfers of the very amount with which one client leaves or enters a product at about that time."""
    days = int(ctx.parameter(TYPOLOGY, "move_days"))
    held = (
        subscriptions(ctx)
        .select("institution_id", "holder_id", "amount_fen", "subscribed_on", "redeemed_on")
        .join(between.select("institution_id").unique(), on="institution_id", how="semi")
    )
    entered = held.rename({"subscribed_on": "on"}).drop("redeemed_on")
    left = held.rename({"redeemed_on": "on"}).drop("subscribed_on", "amount_fen").drop_nulls("on")
    movers = (
        entered.join(left, on=["institution_id", "holder_id"], suffix="_left")
        .filter((pl.col("on") - pl.col("on_left")).dt.total_days().abs() <= days)
        .select("institution_id", "amount_fen", "on")
        .unique()
    )
    return (
        between.select("transfer_no", "institution_id", "amount_fen", "booked_on")
        .join(movers, on=["institution_id", "amount_fen"])
        .filter((pl.col("booked_on") - pl.col("on")).dt.total_days().abs() <= days)
        .select("transfer_no")
        .unique()
    )


def _by_transfer(ctx: Context, institution_id: str, part: pl.DataFrame, paid: pl.DataFrame) -> Finding:
    moved, direct = total(part), total(paid)
    amount, (first, last) = (
        moved + direct,
        first_last(pl.concat([f.select("booked_on") for f in (part, paid)])),
    )
    served = part.select("product_id", "group_no", booked_on="round_on").unique()
    lines = (
        of(ctx, group_lines, institution_id)
        .join(served, on=["product_id", "booked_on", "group_no"])
        .sort("line_no")
    )
    lines = lines.join(paid.select("line_no"), on="line_no", how="anti")
    share = moved / max(1, total(lines))
    both = pl.concat([f.select("account_no", "holder_id") for f in (lines, paid)])
    clients = people(both)
    products = pl.concat([f.select("product_id") for f in (part, paid)])["product_id"].n_unique()
    said = _said(part, paid, total(lines), share)
    return Finding(
        institution_id=institution_id,
        typology=TYPOLOGY.code,
        amount_fen=amount,
        severity=4 if amount >= 100 * int(ctx.parameter(TYPOLOGY, "grave_yuan")) else 3,
        confidence=0.95,
        first_on=first,
        last_on=last,
        explanation_zh=(
            f"{span(first, last)},{said[0]};{products} 只产品的 {clients} 名客户由此获兑付,并非客户本人在产品间转换。"
        ),
        explanation_en=(
            f"{span(first, last)}: {said[1]}; {clients} clients of {products} products were paid so, and no client moved "
            "the own money."
        ),
        evidence=pl.concat(
            [
                evidence("between_products", transfer_lines(part)),
                evidence(
                    "payout",
                    lines.with_columns(
                        attributed_fen=(pl.col("amount_fen") * min(1.0, share)).round().cast(pl.Int64)
                    ),
                ),
                evidence("payout", paid),
            ]
        ),
        accounts=accounts_of(both),
        clients=clients,
        bases=AmountBases(gross_taken=amount, net_unrepaid=amount, peak_diverted=amount),
        benign=(
            (
                "客户自行在产品间转移资金:没有客户以该金额退出一只产品、进入另一只产品。",
                "Clients move their own money from product to product: no client left the one and entered the other with that amount.",
            ),
            (
                "一只产品投资另一只产品:该款项数日内即付给客户,且此前未由该产品投出。",
                "One product invests in the other: the money was paid out to clients within days, and was no investment that came back.",
            ),
        ),
    )


def _said(part: pl.DataFrame, paid: pl.DataFrame, served_fen: int, share: float) -> tuple[str, str]:
    """How one product's clients were paid with another's money, in Chinese and in English."""
    zh, en = [], []
    if part.height:
        zh.append(
            f"{part.height} 次从其他产品账户划入 {yuan(total(part))} 元,随即用于兑付"
            f"(占这些兑付 {yuan(served_fen)} 元的 {100 * share:.0f}%)"
        )
        en.append(
            f"{part.height} times money came from another product's account, {yuan(total(part))} yuan in all, and went "
            f"straight into payouts ({100 * share:.0f}% of {yuan(served_fen)} yuan paid)"
        )
    if paid.height:
        zh.append(f"{paid.height} 笔兑付共 {yuan(total(paid))} 元直接由其他产品的账户支付")
        en.append(
            f"{paid.height} payouts of {yuan(total(paid))} yuan left another product's account directly"
        )
    return ",".join(zh), "; ".join(en)


def _by_round(ctx: Context, leading: Finding) -> Finding | None:
    """Rounds of `new-money-pays-old` whose product has projects of its own: other products paid them.

    Left out are products whose projects no register tells: whether their own borrowers paid is not known.
    """
    claimed = leading.evidence.filter(pl.col("role") == "payout").select("line_no")
    lines = of(ctx, round_lines, leading.institution_id).join(claimed, on="line_no", how="semi")
    backed = of(ctx, rounds, leading.institution_id).filter(
        (pl.col("projects") > 0) & (pl.col("pool_fen") > 0)
    )
    backed = backed.join(untold_products(ctx), on="product_id", how="anti")
    part = backed.join(lines.select(ROUND).unique(), on=ROUND, how="semi")
    lines = lines.join(part.select(ROUND), on=ROUND, how="semi").sort("line_no")
    if not part.height:
        return None
    amount, (first, last), clients = total(part, "pool_fen"), first_last(lines), people(lines)
    return Finding(
        institution_id=leading.institution_id,
        typology=TYPOLOGY.code,
        amount_fen=amount,
        severity=4,
        confidence=leading.confidence,
        first_on=first,
        last_on=last,
        explanation_zh=(
            f"{span(first, last)},{part['product_id'].n_unique()} 只有自身项目的产品在借款人未还款的情况下向 {clients} 名客户兑付 "
            f"{part.height} 次,其中 {yuan(amount)} 元来自其他产品客户的资金。"
        ),
        explanation_en=(
            f"{span(first, last)}: {part['product_id'].n_unique()} products with projects of their own paid {clients} clients in "
            f"{part.height} rounds for which no borrower had paid; {yuan(amount)} yuan of it was money of other products' clients."
        ),
        evidence=evidence("payout", lines),
        accounts=leading.accounts,
        clients=clients,
        bases=AmountBases(gross_taken=amount, net_unrepaid=amount, peak_diverted=amount),
        amount_low_fen=leading.amount_low_fen,
        amount_high_fen=total(lines),
        holds_under=leading.holds_under,
        benign=(
            (
                "还款迟到数日,或由风险准备金垫付:这些轮次均无还款到账。",
                "A repayment a few days late, or advanced from the risk reserve: none came for these rounds.",
            ),
            (
                "客户自行转移资金:收款人由资金池支付,并非转移份额。",
                "Clients move their own money: the payees were paid out of the pool, not moved.",
            ),
        ),
    )
