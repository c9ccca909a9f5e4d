"""Bytes of a text file into numbered physical lines, chunk by chunk, whatever the encoding.

A chunk is cut at a line feed, so memory stays bounded however large the file is. Every line keeps
its physical row number, counted from 1, because that number is the citation of a statement line.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import polars as pl

from flows.steps.formats.protocol import Source

CHUNK_BYTES = 24 * 1024 * 1024
"""Bytes decoded at a time: large enough for vectorised work, small enough for any desk."""

MAX_LINE_BYTES = 4 * 1024 * 1024
"""A longer line is no statement row; reading on would only fill the memory."""

_NEVER = "\x1f"  # a unit separator: it stands in no statement and makes read_csv give whole lines

_CONTROL = bytes((2, 3, 4, 5, 6, 7, 14, 15, 16, 17, 18, 19, 20))

_BOMS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class LineTooLongError(Exception):
    """A line beyond :data:`MAX_LINE_BYTES`: the file is no statement."""


@dataclass
class Lines:
    """One chunk: ``frame`` has ``record`` (physical row from 1) and ``line`` (text, no line end).

    ``damaged`` counts characters that the encoding could not explain (shown as U+FFFD);
    ``last_ends`` says whether the last line of the file ended with a line feed, ``tail_damaged``
    whether its very last character is half a one (the file was cut).
    """

    frame: pl.DataFrame
    damaged: int = 0
    last_ends: bool = True
    tail_damaged: bool = False


def detect_encoding(head: bytes, whole: bool) -> str | None:
    """Tell the encoding of a text file from its head.

    Parameters
    ----------
    head : bytes
        The first bytes of the file.
    whole : bool
        Whether `head` is the whole file (else its last character may be cut).

    Returns
    -------
    str or None
        ``utf-8-sig``, ``utf-16``, ``utf-16-le``, ``utf-16-be``, ``utf-8`` or ``gb18030``; None when it
        is no text.
    """
    for bom, name in _BOMS:
        if head.startswith(bom) and (name != "utf-8-sig" or not _is_gb18030(head[len(bom) :], whole)):
            return name
    sample = head[: len(head) & ~1]
    if len(sample) >= 4 and b"\x00" in head and head.count(0) > len(head) // 8:
        even, odd = sample[0::2].count(0), sample[1::2].count(0)
        if odd > 4 * even:
            return "utf-16-le"
        return "utf-16-be" if even > 4 * odd else None
    control = len(head) - len(head.translate(None, _CONTROL))
    if control * 100 > len(head):
        return None
    errors = {"utf-8": _errors(head, "utf-8", whole)}
    if errors["utf-8"]:
        errors["gb18030"] = _errors(head, "gb18030", whole)
        if _reads_as_big5(head, whole):
            return "big5"
    best = min(errors, key=lambda name: (errors[name], name != "utf-8"))
    return best if errors[best] * 50 <= max(len(head), 50) else None


def _is_gb18030(body: bytes, whole: bool) -> bool:
    """Whether a text behind a UTF-8 mark is none: some programs set the mark before whatever they write."""
    return _errors(body, "utf-8", whole) > 0 and _errors(body, "gb18030", whole) == 0


def _reads_as_big5(head: bytes, whole: bool) -> bool:
    """Whether the Chinese of a text is everyday Chinese in Big5 and is not in GB 18030."""
    try:
        big5 = codecs.getincrementaldecoder("big5")("strict").decode(head, final=whole)
    except UnicodeDecodeError:
        return False
    gb = head.decode("gb18030", "replace")
    return _everyday(gb, "gb2312", b"\xb0", b"\xd8") < 0.7 and _everyday(big5, "big5", b"\xa4", b"\xc7") > 0.8


def _everyday(text: str, encoding: str, low: bytes, high: bytes) -> float:
    """Share of a text's Chinese characters that stand in the everyday part of a character set."""
    han = [each for each in text if "\u4e00" <= each <= "\u9fff" or each == "\ufffd"][:2000]
    common = sum(low <= each.encode(encoding, "replace")[:1] < high for each in han)
    return common / len(han) if han else 1.0


def is_broken_text(head: bytes, whole: bool) -> bool:
    """Whether bytes are a text in which many cannot be read in any encoding (and no picture or program)."""
    if len(head) != len(head.translate(None, _CONTROL + b"\x00")) or b"\n" not in head:
        return False
    errors = [_errors(head, encoding, whole) for encoding in ("utf-8", "gb18030")]
    ascii_share = sum(1 for each in head if each < 128) / max(len(head), 1)
    return min(errors) > 0 and ascii_share > 0.3


def _errors(head: bytes, encoding: str, whole: bool) -> int:
    try:
        codecs.getincrementaldecoder(encoding)("strict").decode(head, final=whole)
    except UnicodeDecodeError:
        return codecs.getincrementaldecoder(encoding)("replace").decode(head, final=whole).count("\ufffd")
    return 0


def read_lines(source: Source, encoding: str, chunk_bytes: int = CHUNK_BYTES) -> Iterator[Lines]:
    """Yield the file's physical lines in chunks.

    Raises
    ------
    LineTooLongError
        A line is longer than :data:`MAX_LINE_BYTES`.
    """
    start = 1
    with source.open() as stream:
        if not encoding.startswith("utf") and stream.read(len(codecs.BOM_UTF8)) != codecs.BOM_UTF8:
            stream.seek(0)
        for data, last in _chunks(stream, encoding, chunk_bytes):
            text, damaged = _utf8(data, encoding)
            if encoding.startswith("utf-16"):  # its halves of characters were replaced when the bytes were
                damaged = text.count("\ufffd".encode())
            if start == 1 and text.startswith(codecs.BOM_UTF8):
                text = text[len(codecs.BOM_UTF8) :]
            if not text:
                continue
            frame = number_lines(text, start)
            start += frame.height
            ends = not last or text.endswith(b"\n")
            yield Lines(frame, damaged, ends, not ends and text.endswith("\ufffd".encode()))


def _chunks(stream: BinaryIO, encoding: str, chunk_bytes: int) -> Iterator[tuple[bytes, bool]]:
    """Cut at line feeds. UTF-16 is re-encoded to UTF-8 on the way, for its line feed is two bytes."""
    decoder = codecs.getincrementaldecoder(encoding)("replace") if encoding.startswith("utf-16") else None
    rest = b""
    while True:
        block = stream.read(chunk_bytes)
        final = len(block) < chunk_bytes
        if decoder is not None:
            block = decoder.decode(block, final).encode("utf-8", "replace")
        if b"\r" in block and b"\r\n" not in rest:
            block = _line_feeds(block)
        data = rest + block
        if final:
            if data:
                _check_length(data)
                yield data, True
            return
        cut = data.rfind(b"\n") + 1
        if cut == 0 and len(data) > MAX_LINE_BYTES:
            raise LineTooLongError
        rest = data[cut:]
        if cut:
            _check_length(data[:cut])
            yield data[:cut], False


def _line_feeds(block: bytes) -> bytes:
    """Return a text whose lines end with CR alone, most of them, with line feeds in their place."""
    pairs = block.count(b"\r\n")
    if block.count(b"\r") - pairs <= block.count(b"\n"):
        return block
    return block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _check_length(data: bytes) -> None:
    """Refuse a line beyond the limit: probe only where no line feed is found within it."""
    position = 0
    while position + MAX_LINE_BYTES < len(data):
        found = data.rfind(b"\n", position, position + MAX_LINE_BYTES)
        if found < 0:
            raise LineTooLongError
        position = found + 1


def _utf8(data: bytes, encoding: str) -> tuple[bytes, int]:
    """Return the chunk as valid UTF-8 without NUL bytes, and how many characters were damaged."""
    if b"\x00" in data:
        data = data.replace(b"\x00", b"")
    if _NEVER.encode() in data:
        data = data.replace(_NEVER.encode(), b" ")
    if encoding.startswith("utf"):
        try:
            data.decode("utf-8")
            return data, 0
        except UnicodeDecodeError:
            text = data.decode("utf-8", "replace")
    else:
        text = data.decode(encoding, "replace")
    damaged = text.count("\ufffd")
    return text.encode("utf-8", "replace"), damaged


def number_lines(text: bytes, start: int) -> pl.DataFrame:
    frame = pl.read_csv(
        text,
        has_header=False,
        separator=_NEVER,
        quote_char=None,
        infer_schema=False,
        truncate_ragged_lines=True,
        new_columns=["line"],
        row_index_name="record",
        row_index_offset=start,
        raise_if_empty=False,
    )
    return frame.select(
        pl.col("record").cast(pl.Int64), pl.col("line").fill_null("").str.strip_chars_end("\r")
    )
