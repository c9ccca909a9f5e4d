"""From what camt entries say to statement lines: amounts, dates, directions, the other side; by column."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence

import polars as pl

from flows.steps.formats.protocol import LINE_SCHEMA, QUARANTINE_SCHEMA

_AMOUNT = re.compile(r"[0-9]{1,15}(?:\.([0-9]*))?")
_YUAN = ("CNY", "RMB", "CNH")

TEXTS = (
    "amount", "amount_currency", "mark", "status", "booked", "value", "reference", "entry_reference", "code",
    "domain", "family", "subfamily", "entry_text", "reversal", "detail_amount", "detail_amount_currency",
    "detail_mark", "detail_reference", "end_to_end", "transaction_id", "remark", "structured", "detail_text",
    "debtor_account", "debtor_name", "debtor_bank", "debtor_bank_code",
    "creditor_account", "creditor_name", "creditor_bank", "creditor_bank_code", "text",
)  # fmt: skip
_NUMBERS = ("statement", "source_record", "part")
_ROW_SCHEMA = {**dict.fromkeys(TEXTS, pl.String()), **dict.fromkeys(_NUMBERS, pl.Int64())}
_ABOUT_TEXTS = (
    "account", "account_currency", "holder", "bank", "bank_code", "entries", "credits", "credit_sum",
    "debits", "debit_sum",
)  # fmt: skip
_ABOUT_SCHEMA = {
    **dict.fromkeys(_ABOUT_TEXTS, pl.String()),
    "statement": pl.Int64(),
    "first_record": pl.Int64(),
}


def as_frame(rows: Sequence[Mapping[str, str | int | None]]) -> pl.DataFrame:
    """Return collected entries as a frame of texts; grain an entry or one detail of a batch."""
    return pl.DataFrame({name: [row.get(name) for row in rows] for name in _ROW_SCHEMA}, schema=_ROW_SCHEMA)


def without_needless_text(rows: pl.DataFrame) -> pl.DataFrame:
    """Drop the text of entries that will be accepted (:func:`readable`): only the quarantine needs it."""
    missing = [
        pl.lit(None, kind).alias(name) for name, kind in _ROW_SCHEMA.items() if name not in rows.columns
    ]
    rows = rows.with_columns(missing)
    booked = pl.coalesce("booked", "value").str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
    plain = (
        pl.col("amount").str.contains(r"^[0-9]{1,15}(\.[0-9]{0,2}0*)?$")
        & pl.col("amount").str.contains("[1-9]")
        & pl.col("amount_currency").is_in(_YUAN)
        & pl.col("mark").is_in(["CRDT", "DBIT"])
        & booked.is_not_null()
    )
    return rows.with_columns(text=pl.when(~plain.fill_null(False)).then("text")).select(list(_ROW_SCHEMA))


def statement_frame(rows: Sequence[Mapping[str, str | int | None]]) -> pl.DataFrame:
    """Return what the statements say of themselves; grain a statement."""
    return pl.DataFrame(
        {name: [row.get(name) for row in rows] for name in _ABOUT_SCHEMA}, schema=_ABOUT_SCHEMA
    )


def fen(amount: str | int | None) -> int | None:
    """Return an XML decimal of yuan in fen; null when it is none or has parts of a fen.

    Examples
    --------
    >>> fen("12.50"), fen("12.34500"), fen("12.3.4")
    (1250, None, None)
    """
    match = _AMOUNT.fullmatch(amount.strip()) if isinstance(amount, str) else None
    if match is None or not isinstance(amount, str):
        return None
    decimals = (match[1] or "").rstrip("0")
    if len(decimals) > 2:
        return None
    return int(amount.strip().split(".")[0]) * 100 + int(decimals.ljust(2, "0"))


def is_yuan(currency: str | int | None) -> bool:
    """Say whether a currency code means CNY."""
    return currency in _YUAN


def readable(entry: Mapping[str, str | int | None]) -> bool:
    """Say whether an entry will be accepted: the others keep their text for the quarantine."""
    booked = entry.get("booked") or entry.get("value")
    try:
        dt.datetime.fromisoformat(str(booked))
    except ValueError:
        return False
    return (
        bool(fen(entry.get("amount")))
        and is_yuan(entry.get("amount_currency"))
        and entry.get("mark") in ("CRDT", "DBIT")
    )


def details_add_up(entry: Mapping[str, str | int | None], details: Sequence[Mapping[str, str]]) -> bool:
    """Say whether the details of a batch are all in yuan, in its direction, and add up to it."""
    parts = [fen(each.get("detail_amount")) for each in details]
    return (
        all(parts)
        and all(is_yuan(each.get("detail_amount_currency", "CNY")) for each in details)
        and all(each.get("detail_mark", entry.get("mark")) == entry.get("mark") for each in details)
        and sum(part for part in parts if part) == fen(entry.get("amount"))
    )


def judge(rows: pl.DataFrame, about: pl.DataFrame) -> pl.DataFrame:
    """Read every column of the entries; ``reason`` says why a row is not accepted, ``ignored`` that it is none."""
    of_detail = pl.col("part").is_not_null()
    amount = pl.when(of_detail).then("detail_amount").otherwise("amount").str.strip_chars()
    whole = amount.str.extract(r"^(\d{1,15})(?:\.\d*)?$").cast(pl.Int64, strict=False)
    decimals = amount.str.extract(r"\.(\d*)$").str.strip_chars_end("0").fill_null("")
    money = whole * 100 + decimals.str.pad_end(2, "0").cast(pl.Int64, strict=False)
    booked = pl.coalesce("booked", "value")
    money_in = pl.col("mark") == "CRDT"
    other = ("account", "name", "bank", "bank_code")
    party = {part: pl.when(money_in).then(f"debtor_{part}").otherwise(f"creditor_{part}") for part in other}
    joined = rows.join(about.drop("first_record"), on="statement", how="left", maintain_order="left")
    read = joined.with_columns(
        account_no="account",
        booked_at=_local_time(booked),
        has_time=booked.str.contains(r"T\d") & ~booked.str.contains(r"T00:00:00(\.0+)?([Z+-]|$)"),
        direction=pl.when(money_in).then(pl.lit("in")).when(pl.col("mark") == "DBIT").then(pl.lit("out")),
        amount_fen=pl.when(decimals.str.len_chars() <= 2).then(money),
        currency=pl.coalesce("amount_currency", "account_currency").replace(dict.fromkeys(_YUAN, "CNY")),
        balance_after_fen=pl.lit(None, pl.Int64),
        counterparty_account=party["account"],
        counterparty_name=party["name"],
        counterparty_bank=pl.coalesce(party["bank"], party["bank_code"]),
        remark=pl.coalesce("remark", "structured", "detail_text", "entry_text"),
        reference=pl.coalesce(
            pl.when(of_detail).then("detail_reference"),
            "reference",
            "detail_reference",
            _given("end_to_end"),
            _given("transaction_id"),
            "entry_reference",
        ),
        channel=pl.coalesce("code", pl.concat_str(["domain", "family", "subfamily"], separator="/")),
        holder_name="holder",
        bank_name=pl.coalesce("bank", "bank_code"),
        ignored=pl.col("status").is_in(["PDNG", "INFO", "FUTR"]).fill_null(False),
    )
    return read.with_columns(
        reason=pl.when(pl.col("currency") != "CNY")
        .then(pl.lit("currency: ") + pl.col("currency") + pl.lit(" is not CNY"))
        .when(pl.col("currency").is_null())
        .then(pl.lit("currency: none is given"))
        .when(pl.col("booked_at").is_null())
        .then(pl.lit("date: there is no such day"))
        .when(pl.col("amount_fen").is_null())
        .then(pl.lit("amount: cannot be read in yuan and fen"))
        .when(pl.col("amount_fen") == 0)
        .then(pl.lit("amount: zero"))
        .when(pl.col("direction").is_null())
        .then(pl.lit("direction: neither CRDT nor DBIT"))
        .when(pl.col("account_no").is_null())
        .then(pl.lit("account: the statement names none"))
    )


def accepted(judged: pl.DataFrame) -> pl.DataFrame:
    """Return the accepted lines in file order."""
    return judged.filter(pl.col("reason").is_null() & ~pl.col("ignored")).select(
        pl.col(name).cast(kind) for name, kind in LINE_SCHEMA.items()
    )


def quarantined(judged: pl.DataFrame) -> pl.DataFrame:
    """Return the rows not accepted with their text."""
    return judged.filter(pl.col("reason").is_not_null() & ~pl.col("ignored")).select(
        pl.col("source_record").cast(QUARANTINE_SCHEMA["source_record"]),
        "reason",
        text=pl.col("text").fill_null(""),
        advice=pl.when(pl.col("reason").str.starts_with("currency"))
        .then(pl.lit("Only CNY is traced; ask for the yuan account's statement if this is one."))
        .otherwise(pl.lit("Ask the bank for a corrected message.")),
    )


def control_totals(judged: pl.DataFrame, about: pl.DataFrame) -> list[str]:
    """Return a warning when a statement's own totals do not fit its entries: no break, but worth a look."""
    entries = judged.unique("source_record", keep="first", maintain_order=True)
    counted = entries.group_by("statement").agg(
        (pl.col("mark") == "CRDT").sum().cast(pl.Int64).alias("counted_credits"),
        (pl.col("mark") == "DBIT").sum().cast(pl.Int64).alias("counted_debits"),
    )
    told = about.join(counted, on="statement", how="left").filter(
        (pl.col("credits").cast(pl.Int64, strict=False) != pl.col("counted_credits").fill_null(0))
        | (pl.col("debits").cast(pl.Int64, strict=False) != pl.col("counted_debits").fill_null(0))
    )
    if told.is_empty():
        return []
    return [f"The control totals of {told.height} statement(s) do not fit their entries."]


def _given(name: str) -> pl.Expr:
    return pl.when(~pl.col(name).is_in(["NOTPROVIDED", "NONREF", "NOTAVAILABLE"])).then(name)


def _local_time(text: pl.Expr) -> pl.Expr:
    """Return XML dates and times as naive Asia/Shanghai (UTC+8 without summer time since 1992)."""
    plain = text.str.slice(0, 19).str.replace("T", " ", literal=True)
    as_time = plain.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", strict=False)
    as_day = text.str.extract(r"^(\d{4}-\d\d-\d\d)(?:[Z+-].*)?$").str.to_date("%Y-%m-%d", strict=False)
    zone = text.str.slice(19).str.extract(r"(Z|[+-]\d\d:?\d\d)$")
    sign = pl.when(zone.str.starts_with("-")).then(-1).otherwise(1)
    minutes = zone.str.extract(r"^[+-](\d\d)").cast(pl.Int32, strict=False) * 60 + zone.str.extract(
        r"(\d\d)$"
    ).cast(pl.Int32, strict=False)
    offset = pl.when(zone == "Z").then(0).otherwise(sign * minutes)
    shift = pl.duration(minutes=480 - offset.fill_null(480))
    return pl.coalesce(as_time + shift, as_day.cast(pl.Datetime("us")))
