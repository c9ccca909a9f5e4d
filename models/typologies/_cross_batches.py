"""Clearing across banks in batches: what customers pay in at one bank goes out at another, and no single payment fits.

A settlement account that pays customers' payees day by day, takes next to nothing from customers at its own bank, and is filled
by few transfers from the institution's other accounts, pays what was collected at other banks. The deposit account
may do so; an account that collects and pays at its own bank, or is filled day by day, clears nothing.
"""

from __future__ import annotations

import polars as pl

from models.finding import AmountBases, Finding, evidence
from models.typologies._common import first_last, yuan
from models.typologies._reserve import Book

TYPES = ("reserve_settlement", "other")
"""Accounts that may pay in batches; own accounts pay costs, the deposit account pays by right."""
TAKEN_SHARE = 0.1
"""Most that customers may have paid in at the bank that pays, as a share of the payouts there."""
COLLECTED_SHARE = 0.95
"""Least that customers paid in elsewhere beyond what is paid out there, as a share of the payouts."""
DAYS_SHARE, MIN_DAYS = 0.4, 10
"""Business days on which it pays (share of its life, and number): clearing goes on day by day, wages do not."""
MIN_PAYMENTS = 30
LUMP_SHARE = 0.34
"""Most days with a transfer from the institution's other accounts, as a share of the payout days."""


def batches(lines: pl.DataFrame, ins: pl.DataFrame, outs: pl.DataFrame) -> pl.DataFrame:
    """Payouts made so, of one institution.

    Parameters
    ----------
    lines : polars.DataFrame
        All its lines with ``side``, ``bank``.
    ins, outs : polars.DataFrame
        Customers' pay-ins into reserve accounts; payouts within a bank and outside clearing channels.

    Returns
    -------
    polars.DataFrame
        Rows of `outs`; sorted.
    """
    paying = outs.filter(pl.col("account_type").is_in(TYPES))
    if paying.is_empty():
        return paying
    taken = ins.group_by("bank").agg(in_fen=pl.col("amount_fen").sum())
    gone = (
        lines.filter(
            (pl.col("direction") == "out")
            & pl.col("reserve")
            & ~pl.col("side").is_in(["reserve", "own", "self", "bank"])
        )
        .group_by("bank")
        .agg(out_fen=pl.col("amount_fen").sum())
    )
    collected = taken.join(gone, on="bank", how="left").with_columns(
        left_fen=pl.col("in_fen") - pl.col("out_fen").fill_null(0)
    )
    filled = (
        lines.filter((pl.col("direction") == "in") & pl.col("side").is_in(["reserve", "own", "self"]))
        .group_by("account_id")
        .agg(lump_days=pl.col("booked_on").n_unique())
    )
    by = (
        paying.group_by("account_id", "bank")
        .agg(
            pl.len().alias("n"),
            pl.col("amount_fen").sum(),
            pl.col("booked_on").n_unique().alias("days"),
            ((pl.col("booked_on").max() - pl.col("booked_on").min()).dt.total_days() + 1).alias("life"),
        )
        .join(taken, on="bank", how="left")
        .join(filled, on="account_id", how="left")
        .with_columns(pl.col("in_fen", "lump_days").fill_null(0))
        .filter(
            (pl.col("n") >= MIN_PAYMENTS)
            & (pl.col("days") >= MIN_DAYS)
            & (pl.col("days") >= DAYS_SHARE * 5 / 7 * pl.col("life"))
            & (pl.col("in_fen") <= TAKEN_SHARE * pl.col("amount_fen"))
            & (pl.col("lump_days") <= LUMP_SHARE * pl.col("days"))
        )
    )
    here = by["bank"].unique().to_list()
    elsewhere = collected.filter(~pl.col("bank").is_in(here) & (pl.col("left_fen") > 0))["left_fen"].sum()
    if int(elsewhere) < COLLECTED_SHARE * int(by["amount_fen"].sum()):
        return paying.clear()
    return paying.join(by.select("account_id"), on="account_id", how="semi").sort("line_no")


def batch_finding(
    code: str, book: Book, lines: pl.DataFrame, ins: pl.DataFrame, chosen: pl.DataFrame
) -> Finding:
    """The finding of payouts batched on accounts that collect nothing; what others collect is shown as context."""
    banks = chosen["bank"].unique().to_list()
    taken = ins.filter(~pl.col("bank").is_in(banks))
    lumps = lines.filter(
        pl.col("account_id").is_in(chosen["account_id"].unique().to_list())
        & (pl.col("direction") == "in")
        & pl.col("side").is_in(["reserve", "own", "self"])
    )
    total, lump_fen = int(chosen["amount_fen"].sum()), int(lumps["amount_fen"].sum())
    days = chosen["booked_on"].n_unique()
    return Finding(
        institution_id=book.institution_id,
        typology=code,
        amount_fen=total,
        severity=5 if total >= 500_000_000 else 4,
        confidence=0.75,
        first_on=first_last(chosen["booked_on"])[0],
        last_on=first_last(chosen["booked_on"])[1],
        explanation_zh=(
            f"{book.name}变相跨行清算:{len(banks)}家银行的账户几乎不收客户款,却在{days}个日期向收款人批量付出{chosen.height}笔共{yuan(total)}元,"
            f"客户款在其他银行账户收取({yuan(int(taken['amount_fen'].sum()))}元);头寸仅靠{lumps.height}笔调拨({yuan(lump_fen)}元)轧平。"
        ),
        explanation_en=(
            f"{book.name} cleared across banks in batches: accounts at {len(banks)} bank(s) that take next to nothing from customers paid "
            f"{yuan(total)} yuan in {chosen.height} payments on {days} days, while customers paid in "
            f"{yuan(int(taken['amount_fen'].sum()))} at other banks; {lumps.height} transfers ({yuan(lump_fen)} yuan) evened the positions out."
        ),
        evidence=pl.concat(
            [evidence("pay_out", chosen), evidence("context", taken), evidence("position_transfer", lumps)]
        ),
        accounts=tuple(sorted(chosen["account_no"].unique())),
        clients=chosen["cp_holder_id"].n_unique(),
        bases=AmountBases(gross_taken=total, net_unrepaid=0),
        benign=(
            (
                "收付双方同在一家银行:付款账户所在银行几乎没有客户款收入",
                "payer and payee at one bank: customers pay next to nothing in at the bank that pays",
            ),
            (
                "归集至存管账户后逐日划拨:调拨日远少于付款日",
                "swept to the deposit account and passed on day by day: transfers are far rarer than payout days",
            ),
        ),
    )
