"""Say in one sentence what a file is that no reader claims, and what to ask for instead."""

from __future__ import annotations

import re

from flows.steps.formats._text import is_broken_text
from flows.steps.formats.protocol import Source

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF document: ask for the same statement as CSV or XLSX"),
    (b"\xff\xd8\xff", "a photo (JPEG): ask for the same statement as CSV or XLSX"),
    (b"\x89PNG", "a picture (PNG): ask for the same statement as CSV or XLSX"),
    (b"GIF8", "a picture (GIF): ask for the same statement as CSV or XLSX"),
    (b"BM", "a picture (BMP): ask for the same statement as CSV or XLSX"),
    (b"II*\x00", "a scan (TIFF): ask for the same statement as CSV or XLSX"),
    (b"MM\x00*", "a scan (TIFF): ask for the same statement as CSV or XLSX"),
    (b"Rar!", "a RAR archive: ask for a zip or tar.gz"),
    (b"7z\xbc\xaf", "a 7z archive: ask for a zip or tar.gz"),
    (b"{\\rtf", "an RTF document: ask for the same statement as CSV or XLSX"),
    (b"MZ", "a program: it was not opened; ask what was meant to be sent"),
    (b"\x7fELF", "a program: it was not opened; ask what was meant to be sent"),
    (b"SQLite format 3", "a database file: ask for an export as CSV or Parquet"),
    (b"BZh", "a bzip2 archive: ask for a zip or tar.gz"),
    (b"\xfd7zXZ", "an xz archive: ask for a zip or tar.gz"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive: ask for a zip or tar.gz"),
)

_MAIL = re.compile(rb"(?:[a-z-]+:[^\n]*\n(?:[ \t][^\n]*\n)*){0,30}?(?:from|received|subject):", re.DOTALL)
_COLUMNS = re.compile(rb"\S {2,}\S")
_DATED = re.compile(rb"(?:19|20)[0-9]{2}[-/.]?[01][0-9][-/.]?[0-3][0-9]")


def is_printout(head: bytes) -> bool:
    """Whether most dated lines are columns of text with runs of blanks between and no separator."""
    lines = [each for each in head.splitlines()[:200] if _DATED.search(each)]
    by_position = [
        each for each in lines if len(_COLUMNS.findall(each)) >= 2 and not re.search(rb"[|\t;]", each)
    ]
    return len(lines) > 1 and 2 * len(by_position) >= len(lines)


_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def explain_unknown(source: Source) -> str:
    """Return the sentence for a file that no format claims."""
    head = source.head
    if not head.strip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n"):
        return "The file is empty: ask for it again."
    for signature, sentence in _SIGNATURES:
        if head.startswith(signature):
            return f"This is {sentence}."
    if head.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in head:
            return "The workbook is locked with a password: ask for it without one."
        return "This is an old Office document without a statement table, or is cut off: ask for CSV or XLSX."
    if head.startswith(b"PK"):
        return "This is a zip or Office file that holds no statement table, or is cut off: ask for it again."
    if head.startswith(b"PAR1"):
        return "This is Parquet without the columns of a statement, or it is cut off: ask for it again."
    lowered = head[:2048].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if lowered.startswith((b"<!doctype html", b"<html")):
        return "This is a web page, perhaps an expired login: ask for the statement as CSV or XLSX."
    if lowered.startswith((b"{", b"[{")):
        return "This is JSON, for which there is no reader: ask for CSV, XLSX or Parquet."
    if lowered.startswith(b"<ofx") or b"<?ofx" in lowered:
        return "This is an OFX file of a home-banking program: ask for the statement as CSV or XLSX."
    if lowered.startswith(b"<"):
        return "This is XML but no camt.052, camt.053 or camt.054 statement: ask for one of these or for CSV."
    if lowered.startswith(b"ofxheader"):
        return "This is an OFX file of a home-banking program: ask for the statement as CSV or XLSX."
    if lowered.startswith(b"!type:"):
        return "This is a QIF file of a home-banking program: ask for the statement as CSV or XLSX."
    if _MAIL.match(lowered) and b"x-document-type: workbook" not in lowered and b"file:///" not in lowered:
        return "This is an e-mail: save what is attached to it into the landing zone."
    if lowered.startswith((b"mime-version:", b"from:", b"content-type: multipart/related")):
        return "This is a web archive (MHT): open it and save it as XLSX, or ask for CSV or XLSX."
    if head.count(0) > len(head) // 8 and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "This is a binary file of no known kind: ask for CSV, XLSX, MT940 or camt."
    if is_broken_text(head, whole=source.size <= len(head)):
        return (
            "The text is damaged: too many of its bytes are neither UTF-8 nor GB18030 for it to be read. "
            "Ask for the file again, saved as UTF-8 by the program that made it."
        )
    if is_printout(head):
        return "This is a printout whose columns stand by their position alone: ask for it as CSV or XLSX."
    return (
        "No header row with a date, an amount and a counterparty or account was found: "
        "if it is a statement, describe it with `lookthrough profile`."
    )
