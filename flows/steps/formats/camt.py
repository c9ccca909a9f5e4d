"""ISO 20022 camt.052, camt.053 and camt.054, any version.

The file is parsed as a stream in bounded memory; entries are read by their shape, many at once, or one
by one where the XML is not plain (:mod:`flows.steps.formats._camt_shapes`). Nothing outside it is ever opened: a
document type (the door to external entities and to entity bombs) refuses the file before its first
element. What one entry says is collected by name (:mod:`flows.steps.formats._camt_tree`); amounts, dates
and directions are then read column by column.

Record: the how-manieth ``Ntry`` of the file. A batch entry whose details carry amounts that add up to
it becomes one line a detail, all with the entry's record: the single payments are what tracing needs.
``CdtDbtInd`` is the direction of the entry itself, also of a reversal (``RvslInd``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, cast

import polars as pl
from lxml import etree

from flows.steps.formats import _camt_lines as columns
from flows.steps.formats._camt_shapes import BLOCK, Block, Condensed, IrregularError, read_blocks
from flows.steps.formats._camt_tree import BALANCE, DETAIL, ENTRY, STATEMENT, Tree, collect, qualified
from flows.steps.formats.protocol import (
    AccountBalances,
    Layout,
    ReadOptions,
    ReadResult,
    Source,
)

_NAMESPACE = re.compile(r"camt\.05[234]\.\d{3}\.\d{2}")
_ROOTS = ("BkToCstmrAcctRpt", "BkToCstmrStmt", "BkToCstmrDbtCdtNtfctn")
_STATEMENTS = ("Rpt", "Stmt", "Ntfctn")
_FLUSH_ENTRIES = 50_000
_ELEMENT_BYTES = 64 << 20
"""An entry of more bytes (a batch of some 100,000 payments) is refused: it would be held in memory."""


@dataclass(frozen=True)
class Camt:
    """The format's entry in the registry."""

    name: str = "camt"

    def claims(self, source: Source, options: ReadOptions) -> bool:
        """Claim XML that names a camt.052/053/054 namespace or root."""
        if b"<" not in source.head:
            return False
        head = _text(source.head)
        if not head.lstrip("\ufeff \t\r\n").startswith("<"):
            return False
        return bool(_NAMESPACE.search(head)) or any(f"<{root}" in head for root in _ROOTS)

    def read(self, source: Source, options: ReadOptions) -> ReadResult:
        """Read all statements of the file."""
        name = _version(source)
        declared = _text(source.head)
        if "<!DOCTYPE" in declared or "<!ENTITY" in declared:
            return ReadResult.refused(name, _DOCTYPE)
        try:
            return self._read(name, source, by_shape=True)
        except IrregularError:
            return self._read(name, source, by_shape=False)

    def _read(self, name: str, source: Source, by_shape: bool) -> ReadResult:
        reading = _Reading()
        problem: str | None = None
        try:
            for _ in _walk(source, reading, by_shape):
                if reading.waiting >= _FLUSH_ENTRIES:
                    reading.flush()
        except _Doctype:
            return ReadResult.refused(name, _DOCTYPE)
        except _Endless:
            problem = (
                f"After entry {reading.record} comes an element of more than {_ELEMENT_BYTES >> 20} MB: "
                "this is no statement, it was read up to there."
            )
        except etree.XMLSyntaxError:
            problem = f"The XML breaks off or is damaged after entry {reading.record}: ask for it again."
        return reading.result(name, problem)


_DOCTYPE = (
    "The XML declares a document type (entities): refused without opening it, because statements have none "
    "and attacks do. Ask for it without one."
)


class _Doctype(Exception):
    pass


class _Endless(Exception):
    pass


_CONTROL = bytes(range(9)) + b"\x0b\x0c" + bytes(range(14, 32))
_NO_CONTROL = bytes.maketrans(_CONTROL, b" " * len(_CONTROL))
"""XML knows no control characters: one would cost all that comes after it, a blank costs its entry at most."""


class _Paced:
    """A stream that gives up when the parser takes very much without coming to an end of anything."""

    def __init__(self, stream: BinaryIO, head: bytes) -> None:
        self._stream = stream
        self._wide = b"\x00" in head[:4]  # UTF-16: there a zero byte is half a letter
        self.taken = 0

    def read(self, size: int = -1) -> bytes:
        if self.taken > _ELEMENT_BYTES:
            raise _Endless
        chunk = self._stream.read(size)
        self.taken += len(chunk)
        return chunk if self._wide else chunk.translate(_NO_CONTROL)


@dataclass
class _Statement:
    number: int
    first_record: int
    about: dict[str, str] = field(default_factory=dict)
    balances: list[dict[str, str]] = field(default_factory=list)
    credit: int = 0


@dataclass
class _Reading:
    record: int = 0
    namespace: str = ""
    prefix: str = ""
    trees: dict[str, Tree] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)
    rows: list[Mapping[str, str | int | None]] = field(default_factory=list)
    frames: list[pl.DataFrame] = field(default_factory=list)
    statements: list[_Statement] = field(default_factory=list)

    @property
    def waiting(self) -> int:
        return len(self.rows) + sum(len(each.bodies) for each in self.blocks)

    def flush(self) -> None:
        if self.blocks:
            self.frames.append(
                read_blocks(
                    self.blocks,
                    self.trees,
                    self.namespace,
                    self.prefix,
                    lambda text, record: _rows(etree.fromstring(text), self.trees, record),
                )
            )
            self.blocks = []
        if self.rows:
            self.frames.append(columns.as_frame(self.rows))
            self.rows = []

    def result(self, name: str, problem: str | None) -> ReadResult:
        self.flush()
        if not self.frames:
            if problem is None and not self.statements:
                problem = "The XML holds no statement: ask for it again."
            return ReadResult(
                name,
                problem=problem,
                accounts=self.accounts(problem is not None),
                layout=Layout(encoding="xml"),
            )
        about = columns.statement_frame(
            [
                {**each.about, "statement": each.number, "first_record": each.first_record}
                for each in self.statements
            ]
        )
        judged = columns.judge(pl.concat(self.frames), about)
        pending = judged.filter(pl.col("ignored"))
        lines = columns.accepted(judged)
        quarantine = columns.quarantined(judged)
        warnings = columns.control_totals(judged, about)
        if pending.height:
            warnings.append(f"{pending.height} entries are not booked (pending or for information): ignored.")
        return ReadResult(
            format=name,
            lines=lines.lazy(),
            quarantine=quarantine,
            rows_read=judged.height,
            rows_accepted=lines.height,
            rows_quarantined=quarantine.height,
            rows_ignored=pending.height,
            problem=problem,
            warnings=warnings,
            accounts=self.accounts(problem is not None),
            layout=Layout(encoding="xml", notes=("booking date from BookgDt, account from Acct/Id",)),
        )

    def accounts(self, cut_short: bool) -> list[AccountBalances]:
        found = []
        for at, each in enumerate(self.statements):
            account = each.about.get("account")
            after = self.statements[at + 1].first_record if at + 1 < len(self.statements) else self.record + 1
            opening = _balance(each.balances, ("OPBD", "PRCD"))
            whole = not cut_short or at + 1 < len(self.statements)
            closing = _balance(each.balances, ("CLBD",)) if whole else None
            if account and (opening is not None or closing is not None):
                found.append(AccountBalances(account, opening, closing, each.first_record, after - 1))
        return found


def _walk(source: Source, reading: _Reading, by_shape: bool) -> Iterator[None]:
    """Stream the file: fill `reading` with entries, dropping what was read.

    Raises
    ------
    IrregularError
        `by_shape`, and the XML is not plain enough for it.
    """
    with source.open() as opened:
        stream = _Paced(opened, source.head)
        condensed = Condensed(cast(BinaryIO, stream), source.head) if by_shape else None
        context = etree.iterparse(
            condensed or stream,
            events=("start", "end"),
            tag=[f"{{*}}{tag}" for tag in (*_STATEMENTS, "Ntry", "Acct", "Bal", "TxsSummry", "Document")],
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
        reading.prefix = condensed.prefix if condensed else ""
        for event, element in context:
            namespace, _, tag = element.tag.rpartition("}")
            stream.taken = 0
            if event == "start":
                if not reading.trees:
                    if element.getroottree().docinfo.internalDTD is not None:
                        raise _Doctype
                    reading.namespace = namespace[1:]
                    reading.trees = _trees(reading.namespace)
                if tag in _STATEMENTS:
                    reading.statements.append(_Statement(len(reading.statements), reading.record + 1))
                continue
            if tag == "Ntry" and condensed is not None:
                if not reading.statements:
                    raise IrregularError
                block = condensed.blocks.pop(int(element.get(BLOCK, "-1")), None)
                if block is None:  # an entry with attributes, or one that claims to be a block
                    raise IrregularError
                number = reading.statements[-1].number
                reading.blocks.append(Block(block, number, reading.record + 1))
                reading.record += len(block)
                yield
            elif tag == "Ntry" and reading.statements:
                reading.record += 1
                number = reading.statements[-1].number
                reading.rows += [
                    {**row, "statement": number} for row in _rows(element, reading.trees, reading.record)
                ]
                element.clear()
                yield
            elif tag in ("Acct", "TxsSummry", "Bal") and reading.statements:
                parent = element.getparent()
                if parent is None or parent.tag.rpartition("}")[2] not in _STATEMENTS:
                    continue  # not the statement's own
                if tag == "Bal":
                    reading.statements[-1].balances.append(collect(element, reading.trees["balance"], {}))
                    continue
                node = reading.trees["statement"][element.tag]
                assert not isinstance(node, str)
                collect(element, node, reading.statements[-1].about)
            elif tag in _STATEMENTS:
                element.clear()
            if tag == "Ntry":
                while element.getprevious() is not None:
                    del element.getparent()[0]


def _trees(namespace: str) -> dict[str, Tree]:
    named = {"statement": STATEMENT, "entry": ENTRY, "detail": DETAIL, "balance": BALANCE}
    return {name: qualified(tree, namespace) for name, tree in named.items()}


def _rows(
    element: etree._Element, trees: Mapping[str, Tree], record: int
) -> list[Mapping[str, str | int | None]]:
    """Return an entry's row, or one a detail where the details of a batch add up to it."""
    shared: dict[str, str | int | None] = {"source_record": record}
    shared.update(collect(element, trees["entry"], {}))
    details = [collect(detail, trees["detail"], {}) for detail in element.iterfind("{*}NtryDtls/{*}TxDtls")]
    if not columns.readable(shared):
        shared["text"] = etree.tostring(element, encoding="unicode", with_tail=False)
    if len(details) > 1 and columns.details_add_up(shared, details):
        return [{**shared, **detail, "part": number} for number, detail in enumerate(details)]
    row = {**shared, **(details[0] if len(details) == 1 else {})}
    if len(details) > 1:
        row["remark"] = details[0].get("remark")
    return [row]


def _balance(balances: list[dict[str, str]], kinds: tuple[str, ...]) -> int | None:
    for kind in kinds:
        for each in balances:
            if each.get("kind") == kind and columns.is_yuan(each.get("amount_currency")):
                fen = columns.fen(each.get("amount"))
                if fen is not None:
                    return -fen if each.get("mark") == "DBIT" else fen
    return None


def _version(source: Source) -> str:
    found = _NAMESPACE.search(_text(source.head))
    return found.group(0) if found else "camt"


def _text(head: bytes) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head.decode("utf-16", "replace")
    if head[:2] == b"<\x00":
        return head.decode("utf-16-le", "replace")
    if head[:2] == b"\x00<":
        return head.decode("utf-16-be", "replace")
    return head.decode("utf-8", "replace")


FORMAT = Camt()
