"""Bulk material for the benchmarks: statement lines in any number, made set-at-a-time from a seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from flows.steps.simulate.render import ENQUIRY

START = np.datetime64("2016-01-04T00:00:00")


def lines(count: int, accounts: int = 2000, seed: int = 1, hub_share: float = 0.0) -> pl.DataFrame:
    """Statement lines with a running balance.

    Parameters
    ----------
    count : int
        Number of lines.
    accounts : int
        Number of accounts they are spread over.
    hub_share : float
        Share of the lines that stand on the first account (a pool account).

    Returns
    -------
    polars.DataFrame
        account_no, booked_at (second), incoming, amount_fen, balance_fen, other_no, reference;
        sorted by account and time.
    """
    rng = np.random.default_rng(seed)
    account = rng.integers(0, accounts, count)
    if hub_share:
        account[rng.random(count) < hub_share] = 0
    frame = pl.DataFrame(
        {
            "account": account,
            "second": rng.integers(0, 26 * 7 * 86400, count),
            "incoming": rng.random(count) < 0.5,
            "amount_fen": rng.integers(1_000, 5_000_000, count),
            "other": rng.integers(0, 500_000, count),
            "reference": rng.integers(0, 10**10, count),
        }
    ).sort("account", "second", "reference")
    signed = pl.when("incoming").then("amount_fen").otherwise(-pl.col("amount_fen"))
    return frame.select(
        (pl.lit("9017") + pl.col("account").cast(pl.String).str.zfill(11)).alias("account_no"),
        (pl.lit(START) + pl.duration(seconds="second")).cast(pl.Datetime("us")).alias("booked_at"),
        "incoming",
        "amount_fen",
        (signed.cum_sum().over("account") + 10**12).alias("balance_fen"),
        (pl.lit("6217000") + pl.col("other").cast(pl.String).str.zfill(12)).alias("other_no"),
        pl.col("reference").cast(pl.String).str.zfill(10),
    )


def yuan(column: str) -> pl.Expr:
    """Fen as the text banks write: yuan with two decimals."""
    value = pl.col(column)
    return pl.format("{}.{}", value // 100, (value % 100).cast(pl.String).str.zfill(2))


def enquiry_csv(folder: Path, count: int, files: int = 8) -> None:
    """Write the 34-column fund-enquiry layout as UTF-8 CSV, spread over some files by account."""
    folder.mkdir(parents=True, exist_ok=True)
    frame = lines(count)
    said = {
        "交易账号": pl.col("account_no"),
        "账户开户名称": pl.format("盘锦第{}公司", pl.col("account_no").str.tail(4)),
        "交易时间": pl.col("booked_at").dt.strftime("%Y%m%d%H%M%S"),
        "交易金额": yuan("amount_fen"),
        "交易余额": yuan("balance_fen"),
        "收付标志": pl.when("incoming").then(pl.lit("进")).otherwise(pl.lit("出")),
        "交易对手账卡号": pl.col("other_no"),
        "对手户名": pl.format("客户{}", pl.col("other_no").str.tail(5)),
        "对手开户银行": pl.lit("北川银行盘锦分行"),
        "摘要说明": pl.lit("转账"),
        "交易币种": pl.lit("人民币"),
        "交易是否成功": pl.lit("成功"),
        "交易流水号": pl.col("reference"),
    }
    size = -(-frame.height // files)
    for n in range(files):
        part = frame.slice(n * size, size)
        part.select([said.get(c, pl.lit("")).alias(c) for c in ENQUIRY]).write_csv(
            folder / f"反馈_{n:04d}.csv"
        )


def canonical(frame: pl.DataFrame) -> pl.DataFrame:
    """The contract's columns, as a core system delivers them."""
    return frame.select(
        "account_no",
        "booked_at",
        pl.when("incoming").then(pl.lit("in")).otherwise(pl.lit("out")).alias("direction"),
        (pl.col("amount_fen").cast(pl.Decimal(18, 2)) / 100).cast(pl.Decimal(18, 2)).alias("amount"),
        pl.lit("CNY").alias("currency"),
        (pl.col("balance_fen").cast(pl.Decimal(18, 2)) / 100).cast(pl.Decimal(18, 2)).alias("balance_after"),
        pl.col("other_no").alias("counterparty_account"),
        pl.lit("客户").alias("counterparty_name"),
        pl.lit("北川银行盘锦分行").alias("counterparty_bank"),
        pl.lit("转账").alias("remark"),
        "reference",
        pl.lit("网银").alias("channel"),
    )
