"""Bank exports that are a web page or XML under a workbook's name: HTML tables and XML Spreadsheet 2003.

Many e-banks call an HTML table ``.xls``, for spreadsheets open it. Rows are numbered through from 1, all
tables of the page in order, for the preamble is often a table of its own.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import TypeAlias

import polars as pl
from lxml import etree

from flows.steps.formats._records import MAX_COLUMNS
from flows.steps.formats._tables import read_tables
from flows.steps.formats._text import detect_encoding
from flows.steps.formats._unknown import explain_unknown
from flows.steps.formats.protocol import ReadOptions, ReadResult, Source

MAX_BYTES = 256 * 1024 * 1024
"""A larger page is no export that a spreadsheet could open."""

_HTML = re.compile(r"<(?:!doctype\s+html|html|head|meta|body|table|style)\b", re.IGNORECASE)
_TABLE = re.compile(r"<(?:table|tr)\b", re.IGNORECASE)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([A-Za-z0-9_-]+)", re.IGNORECASE)
_SPREADSHEET = "urn:schemas-microsoft-com:office:spreadsheet"
_SS = f"{{{_SPREADSHEET}}}"
_DOCTYPE = (
    "The XML declares a document type (entities): refused without opening it, because statements have none "
    "and attacks do. Ask for it without one."
)
_NO_TABLE = (
    "No sheet of this file has a header row with a date and an amount: "
    "if it is a statement, describe it with `lookthrough profile`."
)

Rows: TypeAlias = list[list[str | None]]


class WebTable:
    """HTML tables and XML Spreadsheet 2003, whatever the file is called."""

    name = "bank-web-table"

    def claims(self, source: Source, options: ReadOptions) -> bool:
        """Whether the file is a page with a table in it, or a workbook written as XML."""
        if not source.head[:512].translate(None, _BEFORE).startswith(b"<"):
            return False
        head = _head(source)
        if _SPREADSHEET in head:
            return True
        return _HTML.match(head) is not None and bool(_TABLE.search(head) or _table_later(source))

    def read(self, source: Source, options: ReadOptions) -> ReadResult:
        """Read every table."""
        sheets = load_sheets(source)
        if isinstance(sheets, str):
            return ReadResult.refused(self.name, sheets)
        nothing = _NO_TABLE if _SPREADSHEET in _head(source) else explain_unknown(source)
        return read_tables(self.name, source, options, sheets, _as_it_is, nothing)


def load_sheets(source: Source) -> list[tuple[str, pl.DataFrame]] | str:
    """Return title and cells of every sheet (a page is one), or the sentence that says why there are none."""
    if source.size > MAX_BYTES:
        return "The page is larger than any spreadsheet: ask for it as CSV or XLSX."
    head = _head(source)
    spreadsheet = _SPREADSHEET in head
    if spreadsheet and ("<!DOCTYPE" in head or "<!ENTITY" in head):
        return _DOCTYPE
    try:
        return list(_frames(list(_sheets(source)) if spreadsheet else [("1", _page(source))]))
    except etree.XMLSyntaxError:
        return "The file breaks off or is damaged and cannot be opened: ask for it again."


_BEFORE = b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n"


def _head(source: Source) -> str:
    encoding = next((name for bom, name in _BOMS if source.head.startswith(bom)), "utf-8")
    return source.head.decode(encoding, "ignore").lstrip("\ufeff \t\r\n")


_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def _table_later(source: Source) -> bool:
    """Whether a table comes after a long style sheet."""
    if source.size <= len(source.head) or source.size > MAX_BYTES:
        return False
    return re.search(rb"<(?:table|tr)\b", source.read_bytes(), re.IGNORECASE) is not None


def _as_it_is(cells: pl.DataFrame, columns: Sequence[int], sheet: int) -> pl.DataFrame:
    return cells


def _frames(sheets: Sequence[tuple[str, Rows]]) -> Iterator[tuple[str, pl.DataFrame]]:
    first = 1
    for title, rows in sheets:
        width = min(max((len(row) for row in rows), default=0), MAX_COLUMNS)
        columns = {
            f"c{i}": pl.Series([row[i] if i < len(row) else None for row in rows], dtype=pl.String)
            for i in range(width)
        }
        record = pl.Series("record", range(first, first + len(rows)), dtype=pl.Int64)
        cells = pl.Series("cells", [width], dtype=pl.Int32).new_from_index(0, len(rows))
        yield title, pl.DataFrame([record, cells]).with_columns(**columns)
        first += len(rows)


def _encoding(source: Source) -> str:
    for bom, name in _BOMS:
        if source.head.startswith(bom):
            return name
    named = _CHARSET.search(source.head[:8192].decode("latin-1"))
    if named:
        name = named[1].lower()
        return "gb18030" if name.startswith(("gb", "x-gbk", "cp936")) else name
    return detect_encoding(source.head, whole=source.size <= len(source.head)) or "utf-8"


def _page(source: Source) -> Rows:
    """Rows of all tables of a page; cells that span columns or rows leave blank ones beside and below."""
    encoding = _encoding(source)
    try:
        text = source.read_bytes().decode(encoding, "replace")
    except LookupError:
        text = source.read_bytes().decode("gb18030", "replace")
    text = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", " ", text.lstrip("\ufeff"))
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
    root = etree.fromstring(text.encode("utf-8", "replace"), parser)
    rows: Rows = []
    if root is None:
        return rows
    rows += [[text] for text in _titles_outside(root)]
    below: dict[int, int] = {}
    for row in root.iter("tr"):
        cells: list[str | None] = []
        for cell in row.iterchildren("td", "th"):
            _fill(cells, below)
            if cell.find(".//table") is None:
                cells.append(_text(cell))
            else:
                cells.append(None)
            wide, high = _span(cell, "colspan"), _span(cell, "rowspan")
            for i in range(len(cells) - 1, len(cells) - 1 + wide):
                if high > 1:
                    below[i] = high
            cells += [None] * (wide - 1)
        _fill(cells, below)
        below = {i: left - 1 for i, left in below.items() if left > 1}
        rows.append(cells)
    return rows


def _titles_outside(root: etree._Element) -> list[str]:
    """Texts before the first table that hold a long number: the account often stands there."""
    found: list[str] = []
    for element in root.iter(
        "p", "div", "span", "h1", "h2", "h3", "h4", "h5", "center", "b", "caption", "table"
    ):
        if element.tag == "table":
            break
        if element.find(".//table") is None and not any(
            each.tag in _TITLE_TAGS for each in element.iterancestors()
        ):
            found += [line.strip() for line in _text(element).split("\n")]
    return [line for line in found if re.search(r"[0-9][0-9* -]{7,}", line)]


_TITLE_TAGS = ("p", "span", "h1", "h2", "h3", "h4", "h5", "center", "b")


def _fill(cells: list[str | None], below: dict[int, int]) -> None:
    """Leave the places blank that cells of the rows above reach into."""
    while len(cells) in below and len(cells) < MAX_COLUMNS:
        if below[len(cells)] < 1:
            return
        cells.append(None)


def _span(cell: etree._Element, name: str) -> int:
    value = cell.get(name) or "1"
    return min(int(value), MAX_COLUMNS) if value.isdigit() and int(value) else 1


def _text(cell: etree._Element) -> str:
    parts = [cell.text or ""]
    for each in cell.iterdescendants():
        if each.tag == "br":
            parts.append("\n")
        elif each.tag not in ("script", "style"):
            parts.append(each.text or "")
        parts.append(each.tail or "")
    return re.sub(r"[ \t\r\f\v]+", " ", "".join(parts)).strip()


def _sheets(source: Source) -> Iterator[tuple[str, Rows]]:
    """Rows of each worksheet of an XML workbook, gaps (``ss:Index``) filled with blanks."""
    with source.open() as stream:
        walk = etree.iterparse(
            stream,
            events=("end",),
            tag=(f"{_SS}Row", f"{_SS}Worksheet"),
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
        )
        rows: Rows = []
        for _, element in walk:
            if element.tag == f"{_SS}Worksheet":
                yield element.get(f"{_SS}Name") or "", rows
                rows = []
                element.clear()
                continue
            index = element.get(f"{_SS}Index") or ""
            while index.isdigit() and len(rows) + 1 < min(int(index), 1_048_576):
                rows.append([])
            rows.append(_cells(element))
            element.clear()


def _cells(row: etree._Element) -> list[str | None]:
    cells: list[str | None] = []
    for cell in row.iterchildren(f"{_SS}Cell"):
        index = cell.get(f"{_SS}Index") or ""
        while index.isdigit() and len(cells) + 1 < min(int(index), MAX_COLUMNS):
            cells.append(None)
        data = cell.find(f"{_SS}Data")
        if data is None:
            cells.append(None)
        else:
            text = "".join(data.itertext())
            cells.append(_number(text) if data.get(f"{_SS}Type") == "Number" else text)
        across = cell.get(f"{_SS}MergeAcross") or "0"
        cells += [None] * (min(int(across), MAX_COLUMNS) if across.isdigit() else 0)
    return cells


def _number(text: str) -> str:
    """A number cell as digits; beyond 15 of them as the power of ten that a spreadsheet keeps of it."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return text
    if abs(value) >= 10**15:
        return f"{value:.5E}"
    return f"{value:f}" if "e" in text.lower() else text


FORMAT = WebTable()
