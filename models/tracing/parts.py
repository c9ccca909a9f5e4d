"""Parts of lines: the grains that what paid the clients, and what became of their money, are told in."""

from __future__ import annotations

import polars as pl

from models.tracing.accounts import CLIENT_ACCOUNTS
from models.typologies._ledger import controlled_lines
from models.typologies.base import Context

SOURCE_SCHEMA: dict[str, pl.DataType] = {
    "institution_id": pl.String(),
    "line_no": pl.Int64(),
    "class": pl.String(),
    "origin_line_no": pl.Int64(),
    "origin_holder_id": pl.Int64(),
    "amount_fen": pl.Int64(),
    "hops": pl.Int64(),
    "product_id": pl.String(),
    "basis": pl.String(),
}
"""Grain: a part of a payout line that came from one origin (or one class, where the origin is the
pool). ``basis`` says what the part rests on: ``round`` (paid in for this round), ``kept`` (an
earlier repayment to the same product), ``pool``, ``returned`` (the very amount the client had paid
in), ``balance`` (credited earlier), ``till`` (out of an account no register names). Parts of a line add up to the line."""

USE_SCHEMA: dict[str, pl.DataType] = {
    "institution_id": pl.String(),
    "line_no": pl.Int64(),
    "class": pl.String(),
    "end_line_no": pl.Int64(),
    "end_holder_id": pl.Int64(),
    "amount_fen": pl.Int64(),
    "hops": pl.Int64(),
    "basis": pl.String(),
}
"""Grain: a part of a line out of a client account and what became of it; for money still held one row
an account, with the account's last line. ``basis`` says why: ``register`` (role of the payee),
``project``, ``payout``, ``transfer`` (between own accounts), ``traced`` (followed further),
``shaved`` (kept on the way), ``balance`` (still there)."""


OUT = (
    "line_no", "institution_id", "account_id", "booked_on", "amount_fen", "cp_account_id", "cp_holder_id", "cp_type",
)  # fmt: skip
"""What tracing asks of a line out of a client account."""


def outs(ctx: Context) -> pl.DataFrame:
    """Lines out of client accounts (grain: ``line_no``)."""

    def make(ctx: Context) -> pl.DataFrame:
        return (
            controlled_lines(ctx)
            .filter((pl.col("direction") == "out") & pl.col("account_type").is_in(CLIENT_ACCOUNTS))
            .unique("line_no", keep="first", maintain_order=True)
            .select(OUT)
        )

    frame: pl.DataFrame = ctx.shared("tracing.outs", make)
    return frame


def whole(lines: pl.DataFrame, klass: pl.Expr, basis: str) -> pl.DataFrame:
    """Lines taken whole: their own payee is the end."""
    return lines.select(
        "institution_id",
        "line_no",
        klass.alias("class"),
        pl.col("line_no").alias("end_line_no"),
        pl.col("cp_holder_id").alias("end_holder_id"),
        "amount_fen",
        pl.lit(1).alias("hops"),
        pl.lit(basis).alias("basis"),
    )


def less(lines: pl.DataFrame, off: pl.DataFrame) -> pl.DataFrame:
    """What of each line is left after the parts that went astray."""
    gone = off.group_by("line_no").agg(pl.col("amount_fen").sum().alias("gone"))
    return (
        lines.join(gone, on="line_no", how="left")
        .with_columns(amount_fen=pl.col("amount_fen") - pl.col("gone").fill_null(0))
        .drop("gone")
        .filter(pl.col("amount_fen") > 0)
    )
