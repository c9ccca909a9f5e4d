"""`new-money-pays-old` where others hand other clients' money on to clients (`models.typologies._handed_on`)."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from models.finding import AmountBases, Finding, evidence
from models.typologies._frames import accounts_of, each, first_last, people, total, with_line
from models.typologies._handed_on import handed_on
from models.typologies._say import yuan
from models.typologies.base import Context


def handed(
    ctx: Context, code: str, *, most: float, small: float, small_share: float, paid: dict[str, int]
) -> Iterator[Finding]:
    """Yield a finding for each institution whose clients others paid out of its client accounts' money.

    Parameters
    ----------
    most, small : float
        Amounts in fen from which it counts in any case, and from which it counts where it is `small_share` of all payouts.
    paid : dict
        Institution -> what it paid its clients itself, in fen.
    """
    for institution, part in each(handed_on(ctx), "institution_id"):
        amount = total(part)
        if amount < min(most, max(small, small_share * (paid.get(institution, 0) + amount))):
            continue
        first, last = first_last(part)
        starts = with_line(ctx, _numbers(part, "starts"), "amount_fen", "account_no", "booked_on")
        way = with_line(ctx, _numbers(part, "way"), "amount_fen").join(part, on="line_no", how="anti")
        yield Finding(
            institution_id=institution,
            typology=code,
            subject="handed_on",
            amount_fen=amount,
            severity=5,
            confidence=0.8,
            first_on=min(d for d in (first, first_last(starts)[0]) if d is not None),
            last_on=last,
            clients=people(part),
            accounts=accounts_of(pl.concat([starts.select("account_no"), part.select("account_no")])),
            bases=AmountBases(total(starts), 0, amount, max(total(starts) - amount, 0)),
            evidence=pl.concat(
                [
                    evidence("payout", part.select("line_no", "amount_fen")),
                    evidence("passed_on", starts.select("line_no", "amount_fen")),
                    evidence("context", way.select("line_no", "amount_fen")),
                ]
            ),
            amount_high_fen=max(amount, total(starts)),
            explanation_zh=_till_zh(part, amount)
            if starts.is_empty()
            else f"从客户资金账户支付、既非兑付也非项目放款的 {yuan(total(starts))} 元,三十日内经他人账户转付给 {people(part)} 名本机构客户 "
            f"{part.height} 笔共 {yuan(amount)} 元,金额与其持有份额相符:系以其他客户的资金兑付。",
            explanation_en=_till_en(part, amount)
            if starts.is_empty()
            else f"{yuan(total(starts))} yuan left client accounts for no payout and no project; within thirty days others handed "
            f"{yuan(amount)} of it on to {people(part)} of the institution's clients in {part.height} payments that fit what they "
            "hold: other clients' money paid them.",
            benign=(
                (
                    "代收、代付借款人还款:已检验;借款人付给转付人以及未用于其他兑付的还款合计不足转付金额的一半。",
                    "An agent that hands repayments on: tested; what borrowers repaid to it, or to custody for no other payout, is less than half.",
                ),
                (
                    "转付人发放工资:已检验;各笔与同一产品多名持有人的份额成同一比例。",
                    "Wages of the go-between's staff: tested; the sums are one multiple of what several holders of a product hold.",
                ),
            ),
        )


def _till_zh(part: pl.DataFrame, amount: int) -> str:
    return (
        f"未登记在机构名下而收取其客户存入的账户,向 {people(part)} 名客户兑付 {part.height} 笔共 {yuan(amount)} 元,金额与其持有份额相符;"
        "同期借款人等他方汇入该账户的款项不足其半:系以其他客户的资金兑付。"
    )


def _till_en(part: pl.DataFrame, amount: int) -> str:
    return (
        f"An account no register gives to the institution, which takes its clients' deposits, paid {people(part)} clients {yuan(amount)} "
        f"yuan in {part.height} payments that fit what they hold; borrowers and others paid in less than half of it: other "
        "clients' money paid them."
    )


def _numbers(part: pl.DataFrame, column: str) -> pl.DataFrame:
    """Line numbers listed in a column (``line_no``), each once."""
    return part.select(line_no=column).explode("line_no").drop_nulls().unique().sort("line_no")
