"""Frames with the contract's column names into statement lines."""

from __future__ import annotations

import polars as pl

from flows.steps.formats._dates import parse_moments
from flows.steps.formats._no_lines import foreign
from flows.steps.formats._values import SCIENTIFIC, clean_account, clean_columns, parse_fen, replaced

REQUIRED = frozenset({"account_no", "booked_at", "direction", "amount"})
CONTRACT_COLUMNS = frozenset(
    "line_id account_no booked_at direction amount currency balance_after counterparty_account counterparty_name "
    "counterparty_bank remark reference channel holder_name bank_name source_file source_sha256 source_record".split()
)

_TEXTS = (
    "account_no direction currency counterparty_account counterparty_name counterparty_bank remark reference "
    "channel holder_name bank_name"
).split()


def canonical_lines(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Check and type rows.

    Parameters
    ----------
    rows : polars.DataFrame
        ``record`` and the file's columns under the contract's names.

    Returns
    -------
    tuple of polars.DataFrame
        Accepted lines, and ``record``, ``code`` of the rows that are not.
    """
    n = rows.height
    text = {name: _text(rows, name) for name in _TEXTS}
    at, timed = _moments(rows)
    amount, balance = _fen(rows, "amount"), _fen(rows, "balance_after")
    account = clean_account(text["account_no"])
    told = text["direction"].unique().drop_nulls()
    ways = told.str.to_lowercase().replace_strict(
        {"in": "in", "out": "out"}, default=None, return_dtype=pl.String
    )
    way = replaced(text["direction"], told, ways)
    frame = pl.DataFrame(
        {
            "record": rows["record"],
            "account_no": account,
            "booked_at": at,
            "has_time": timed,
            "direction": way,
            "amount_fen": amount,
            "currency": pl.Series(["CNY"]).new_from_index(0, n) if n else pl.Series([], dtype=pl.String),
            "balance_after_fen": balance,
            "counterparty_account": clean_account(text["counterparty_account"]),
            **{
                name: text[name]
                for name in (
                    "counterparty_name", "counterparty_bank", "remark", "reference", "channel", "holder_name", "bank_name"
                )
            },
            "foreign": foreign(text["currency"], None, n),
        }
    )  # fmt: skip
    code = (
        pl.when(pl.col("account_no").is_null())
        .then(pl.lit("account"))
        .when(pl.col("account_no").str.contains(SCIENTIFIC))
        .then(pl.lit("account_scientific"))
        .when(pl.col("booked_at").is_null())
        .then(pl.lit("date"))
        .when(pl.col("amount_fen").is_null() | (pl.col("amount_fen") <= 0))
        .then(pl.lit("amount"))
        .when(pl.col("foreign"))
        .then(pl.lit("currency"))
        .when(pl.col("direction").is_null())
        .then(pl.lit("direction"))
        .otherwise(None)
    )
    codes = frame.select(code=code)["code"]
    bad = frame.select("record").with_columns(codes).filter(codes.is_not_null())
    good = frame.filter(codes.is_null()) if bad.height else frame
    return good.drop("foreign").rename({"record": "source_record"}), bad


def _text(rows: pl.DataFrame, name: str) -> pl.Series:
    if name not in rows.columns:
        return pl.Series(name, [], dtype=pl.String).extend_constant(None, rows.height)
    column = rows[name]
    if column.dtype in (
        pl.Float32,
        pl.Float64,
    ):  # an account number that passed through a float has lost digits
        column = column.cast(pl.Decimal(38, 0), strict=False) if column.abs().max() is not None else column
    return clean_columns(column.cast(pl.String, strict=False).to_frame()).to_series()


def _fen(rows: pl.DataFrame, name: str) -> pl.Series:
    if name not in rows.columns:
        return pl.Series(name, [], dtype=pl.Int64).extend_constant(None, rows.height)
    column = rows[name]
    if column.dtype.is_decimal():
        exact = column.cast(pl.Decimal(38, 6), strict=False) * 100
        fen = exact.round(0)
        return (
            fen.set(exact != fen, None).cast(pl.Int64, strict=False)
            if (exact != fen).any()
            else fen.cast(pl.Int64)
        )
    if column.dtype.is_integer():
        return (column.cast(pl.Int64, strict=False) * 100).alias(name)
    if column.dtype.is_float():
        fen = (column.cast(pl.Float64) * 100).round(0)
        off = ((column.cast(pl.Float64) * 100 - fen).abs() > 0.001).fill_null(False)
        whole = fen.fill_nan(None).cast(pl.Int64, strict=False)
        return whole.set(off, None) if off.any() else whole
    return parse_fen(_text(rows, name))


def _moments(rows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    column = rows["booked_at"]
    if column.dtype == pl.Date:
        return column.cast(pl.Datetime("us")), pl.Series("timed", [], dtype=pl.Boolean).extend_constant(
            False, rows.height
        )
    if isinstance(column.dtype, pl.Datetime):
        at = column.dt.cast_time_unit("us")
        if column.dtype.time_zone is not None:
            at = at.dt.convert_time_zone("Asia/Shanghai").dt.replace_time_zone(None)
        timed = at.is_not_null()
        if timed.any() and (at.drop_nulls().dt.time().cast(pl.Int64) == 0).all():
            timed = timed & False
        return at, timed
    moments = parse_moments(_text(rows, "booked_at"))
    return moments["at"], moments["timed"]
