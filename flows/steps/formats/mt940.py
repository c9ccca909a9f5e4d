"""SWIFT MT940 (customer statement) and MT942 (interim report).

A message is a row of ``:tag:`` fields; a transaction is a ``:61:`` with the ``:86:`` after it. The text
is cut into fields once and the fields are read column by column, with no loop over lines; balances and
the oddities of header fields are the ``mt-940`` library's business, and the tests hold this reader
against that library on every field. (The library alone takes about 60 µs a line, and reads
``12X4,5`` as an amount of 12.)

Record: the how-manieth ``:61:`` of the file. Booking date: the entry date (MMDD) where it is given.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import polars as pl

from flows.steps.formats import _mt_details as details
from flows.steps.formats._mt_balances import stated_balances
from flows.steps.formats.protocol import (
    LINE_SCHEMA,
    QUARANTINE_SCHEMA,
    Layout,
    ReadOptions,
    ReadResult,
    Source,
)

_CLAIM = re.compile(rb"(?m)^:20:[^\n]*\r?\n(?:[^\n]*\r?\n){0,6}?:(?:25P?|28C?|60[FM]|21|61):")
_BODY = re.compile(rb"\A\s*:(?:20|25P?|28C?|6[0245][FM]?|61|86|13D|34F|90[CD]):[^\n]*\n")
_NO_PREAMBLE = re.compile(rb"(?m)^:60[FM]?:[CD]\d{6}[A-Z]{3}[\d,]+")
_FIELD = re.compile(r"(?m)^:(?=(?:\d\d[A-Z]?|NS):)")
_STATEMENT_LINE = (
    r"^(?P<yy>\d{2})(?P<mmdd>\d{4})(?P<entry>\d{4}|\s{4})?"
    r"(?P<expected>E)?(?P<reversal>R)?(?P<mark>[DC])(?P<funds>[A-Z])?[\n ]?"
    # An amount without its comma is believed only before a transaction type: `12X4,5` is no 12.
    r"(?:(?P<amount>\d{1,15}[,.]\d*)(?P<kind>[A-Z][A-Z0-9 ]{3})?|(?P<units>\d{1,15})[NFS][A-Z0-9]{3})"
    r"(?P<customer>[^\n]*?)(?://(?P<bank>[^\n]*))?(?:\n(?P<extra>(?s:.*)))?$"
)
_CHUNK_BYTES = 32 << 20
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_OTHER_MARKS = {"RMB": "CNY", "CNH": "CNY"}


@dataclass(frozen=True)
class Mt940:
    """The format's entry in the registry."""

    name: str = "mt940"

    def claims(self, source: Source, options: ReadOptions) -> bool:
        """Claim text that begins with a field, or in which a ``:20:`` is followed by the header fields."""
        head = _bytes(source.head)
        if _BODY.match(head):
            return True
        if (b"\n:20:" in head or head.startswith(b":20:")) and _CLAIM.search(head):
            return True
        return b"\n:61:" in head and bool(_NO_PREAMBLE.search(head))

    def read(self, source: Source, options: ReadOptions) -> ReadResult:
        """Read all messages of the file."""
        parts: list[ReadResult] = []
        record = 0
        with _opened(source) as stream:
            for chunk in _messages(stream):
                if chunk is None:
                    problem = f"There is a line or message of more than {_CHUNK_BYTES >> 20} MB: this is no statement."
                    parts.append(ReadResult.refused(self.name, problem))
                    break
                parts.append(read_messages(*_decode(chunk), first_record=record + 1))
                record += parts[-1].rows_read
        return _joined(parts)


def _bytes(data: bytes) -> bytes:
    """Return a text in UTF-16 as UTF-8, any other as it is."""
    return data.decode("utf-16", "ignore").encode() if data.startswith(_UTF_16) else data


def _opened(source: Source) -> BinaryIO:
    if source.head.startswith(_UTF_16) and source.size <= _CHUNK_BYTES:
        return io.BytesIO(_bytes(source.read_bytes()))
    return source.open()


def _messages(stream: BinaryIO) -> Iterator[bytes | None]:
    """Yield the file in pieces that end where a message ends; None when one does not end."""
    held = b""
    while chunk := stream.read(_CHUNK_BYTES):
        held += chunk
        if len(held) < _CHUNK_BYTES:
            continue
        end = held.rfind(b"\n:20:") + 1
        if end <= 0:
            yield None
            return
        yield held[:end]
        held = held[end:]
    if held:
        yield held


def _joined(parts: Sequence[ReadResult]) -> ReadResult:
    """Put the pieces of one file together."""
    if len(parts) == 1:
        return parts[0]
    problems = [each.problem for each in parts if each.problem]
    return ReadResult(
        format=parts[0].format,
        lines=pl.concat([each.lines for each in parts]),
        quarantine=pl.concat([each.quarantine for each in parts]),
        rows_read=sum(each.rows_read for each in parts),
        rows_accepted=sum(each.rows_accepted for each in parts),
        rows_quarantined=sum(each.rows_quarantined for each in parts),
        problem=problems[-1] if problems else None,
        accounts=[account for each in parts for account in each.accounts],
        layout=parts[0].layout,
    )


def read_messages(text: str, encoding: str = "utf-8", first_record: int = 1) -> ReadResult:
    """Read the messages of a text; never raises on what it holds.

    Parameters
    ----------
    text : str
        One or more messages, with or without SWIFT envelopes.
    encoding : str
        How it was decoded, for the layout.
    first_record : int
        Number of the first ``:61:``.
    """
    fields = _fields(text).with_columns(pl.col("record") + (first_record - 1))
    interim = (
        not fields["tag"].str.starts_with("60").any()
        and fields["tag"].is_in(["34F", "13D", "90C", "90D"]).any()
    )
    name = "mt942" if interim else "mt940"
    entries = _entries(fields)
    if entries.is_empty():
        accounts = stated_balances(fields)
        problem = (
            None
            if accounts or interim
            else "The file holds no statement line (:61:): ask for the whole message."
        )
        return ReadResult(name, problem=problem, accounts=accounts, layout=Layout(encoding=encoding))
    judged = _judged(entries)
    lines = judged.filter(pl.col("reason").is_null()).select(list(LINE_SCHEMA)).cast(LINE_SCHEMA)  # type: ignore[arg-type]
    quarantine = (
        judged.filter(pl.col("reason").is_not_null())
        .select(
            "source_record",
            "reason",
            text=pl.concat_str(
                [pl.lit(":61:"), "line", pl.lit("\n:86:"), "info"], ignore_nulls=True
            ).str.strip_suffix("\n:86:"),
            advice=pl.lit("Ask the bank for a corrected message, or enter the line by hand."),
        )
        .cast(QUARANTINE_SCHEMA)  # type: ignore[arg-type]
    )
    return ReadResult(
        format=name,
        lines=lines.lazy(),
        quarantine=quarantine,
        rows_read=judged.height,
        rows_accepted=lines.height,
        rows_quarantined=quarantine.height,
        problem=_cut_short(fields, judged),
        accounts=stated_balances(fields),
        layout=Layout(encoding=encoding, notes=("account from :25:, booking date from :61: entry date",)),
    )


def _decode(data: bytes) -> tuple[str, str]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    try:  # a message cut off within a character
        return data[:-3].decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return data.decode("gb18030", "replace"), "gb18030"


def _fields(text: str) -> pl.DataFrame:
    """Return the fields: tag, body, message (running number), record (of ``:61:``)."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    pieces = pl.Series("piece", _FIELD.split(text)[1:], dtype=pl.String)
    return (
        pieces.to_frame()
        .select(
            tag=pl.col("piece").str.extract(r"^(\d\d[A-Z]?|NS):"),
            body=pl.col("piece")
            .str.replace(r"^(\d\d[A-Z]?|NS):", "")
            # A line of its own with a dash ends the message; what follows is an envelope.
            .str.replace(r"(?s)\n-(\}.*|\n.*)?$", "")
            .str.strip_chars_end("\n \x00\x1a"),
        )
        .with_columns(
            message=(pl.col("tag") == "20").cum_sum(),
            record=(pl.col("tag") == "61").cum_sum().cast(pl.Int64),
        )
        .with_row_index("at")
    )


def _entries(fields: pl.DataFrame) -> pl.DataFrame:
    """Return one row a ``:61:`` with its ``:86:``, account and currency."""
    tag, body = pl.col("tag"), pl.col("body")
    first_line = body.str.split("\n").list.first()
    currency = (
        pl.when(tag.str.contains("^6[0245]"))
        .then(body.str.extract(r"^[CD]\d{6}([A-Z]{3})"))
        .when(tag == "34F")
        .then(body.str.extract(r"^([A-Z]{3})"))
        .when(tag.is_in(["90C", "90D"]))
        .then(body.str.extract(r"^\d*([A-Z]{3})"))
    )
    return (
        fields.with_columns(
            account=pl.when(tag.is_in(["25", "25P"])).then(first_line).forward_fill().over("message"),
            currency=currency.drop_nulls().first().over("message"),
            stated=pl.when(tag.is_in(["25", "25P"]))
            .then(first_line)
            .forward_fill()
            .over("message")
            .str.extract(r"\s?([A-Z]{3})$"),
            info=pl.when((tag.shift(-1) == "86") & (tag == "61")).then(body.shift(-1)),
        )
        .filter(tag == "61")
        .select(
            "at",
            pl.col("record").alias("source_record"),
            account_no=details.account_number(pl.col("account")),
            currency=pl.coalesce("currency", "stated").replace(_OTHER_MARKS),
            line=body,
            info="info",
        )
    )


def _judged(entries: pl.DataFrame) -> pl.DataFrame:
    """Read the columns of each entry, and the reason where one cannot be read."""
    parts = entries.with_columns(pl.col("line").str.extract_groups(_STATEMENT_LINE).alias("part")).unnest(
        "part"
    )
    value_on = (pl.lit("20") + pl.col("yy") + pl.col("mmdd")).str.to_date("%Y%m%d", strict=False)
    year = pl.lit(2000) + pl.col("yy").cast(pl.Int32, strict=False)
    entry_month = pl.col("entry").str.slice(0, 2).cast(pl.Int32, strict=False)
    value_month = pl.col("mmdd").str.slice(0, 2).cast(pl.Int32, strict=False)
    entry_year = (
        pl.when((value_month == 12) & (entry_month <= 2))
        .then(year + 1)
        .when((value_month <= 2) & (entry_month == 12))
        .then(year - 1)
        .otherwise(year)
    )
    has_entry = pl.col("entry").str.contains(r"^\d{4}$").fill_null(False)
    entry_on = (entry_year.cast(pl.String) + pl.col("entry")).str.to_date("%Y%m%d", strict=False)
    booked_on = pl.when(has_entry).then(entry_on).otherwise(value_on)
    amount = pl.coalesce(pl.col("amount").str.replace(r"[.]", ","), pl.col("units") + ",")
    whole = amount.str.extract(r"^(\d+),").cast(pl.Int64, strict=False)
    decimals = amount.str.extract(r",(\d*)$").str.strip_chars_end("0")
    fen = whole * 100 + decimals.str.pad_end(2, "0").cast(pl.Int64, strict=False).fill_null(0)
    money_in = (pl.col("mark") == "C") ^ pl.col("reversal").is_not_null()
    parts = parts.with_columns(
        booked_at=booked_on.cast(pl.Datetime("us")),
        value_on=value_on,
        amount_fen=pl.when(decimals.str.len_chars() <= 2).then(fen),
        direction=pl.when(money_in).then(pl.lit("in")).otherwise(pl.lit("out")),
        has_time=pl.lit(False),
        balance_after_fen=pl.lit(None, pl.Int64),
        holder_name=pl.lit(None, pl.String),
        bank_name=pl.lit(None, pl.String),
        channel=details.booking_text(pl.col("info")),
        reference=details.reference(pl.col("customer"), pl.col("bank")),
        **details.counterparty(pl.col("info")),
        remark=details.remark(pl.col("info"), pl.col("extra")),
    )
    return parts.with_columns(
        reason=pl.when(pl.col("mark").is_null())
        .then(_why_unreadable())
        .when(pl.col("booked_at").is_null() | pl.col("value_on").is_null())
        .then(pl.lit("date: there is no such day"))
        .when(pl.col("amount_fen").is_null())
        .then(pl.lit("amount: more than two decimals or too large"))
        .when(pl.col("amount_fen") == 0)
        .then(pl.lit("amount: zero"))
        .when(pl.col("currency").is_not_null() & (pl.col("currency") != "CNY"))
        .then(pl.lit("currency: ") + pl.col("currency") + pl.lit(" is not CNY"))
        .when(pl.col("account_no").is_null())
        .then(pl.lit("account: the message names none (:25: is missing)"))
        .when(pl.col("expected").is_not_null())
        .then(pl.lit("not booked: an expected entry")),
        currency=pl.lit("CNY"),
    )


def _why_unreadable() -> pl.Expr:
    line = pl.col("line")
    return (
        pl.when(~line.str.contains(r"^\d{6}"))
        .then(pl.lit("date: cannot be read"))
        .when(~line.str.contains(r"^\d{6}(\d{4}|\s{4})?E?R?[DC]"))
        .then(pl.lit("direction: no debit or credit mark"))
        .otherwise(pl.lit("amount: cannot be read"))
    )


def _cut_short(fields: pl.DataFrame, judged: pl.DataFrame) -> str | None:
    """Say so when the last statement never closes (MT940), or the file ends within a line."""
    last = fields.filter(pl.col("message") == fields["message"].max())["tag"]
    opened = last.str.starts_with("60").any() and not last.str.starts_with("62").any()
    broken = fields["tag"][-1] == "61" and judged["reason"].tail(1).is_not_null().any()
    if opened or broken:
        return "The file is cut off: its last statement has no closing balance, ask for it again."
    return None


FORMAT = Mt940()
