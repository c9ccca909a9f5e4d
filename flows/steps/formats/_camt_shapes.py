"""Read camt entries by their shape: many at once instead of one after the other.

A bank writes its entries by a few templates. Take the texts out of an entry and what is left, its shape,
is one of a handful in a file; every entry of one shape has the same columns at the same places. So a
shape is parsed once, by the same XML parser and the same tree of columns as everything else, with
numbered marks for texts, and its entries are then cut up column by column.

What is not plain (comments, CDATA, character references, another encoding, broken nesting) raises
:class:`IrregularError` and the file is read entry by entry; both ways give the same lines, by test.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import polars as pl
from lxml import etree

from flows.steps.formats import _camt_lines as columns
from flows.steps.formats._camt_tree import Tree, collect

BLOCK = "lookthrough-block"
_CHUNK_BYTES = 4 << 20
_BODY_BYTES = 256 << 10
"""An entry of more bytes is left to the XML parser and its limits."""
_MARK = re.compile("\ue000(\\d+)\ue000")
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&"))
_ROOT = re.compile(rb"<((?:[A-Za-z_][\w.-]*:)?)BkToCstmr(?:AcctRpt|Stmt|DbtCdtNtfctn)[\s>]")
_ENCODING = re.compile(rb"encoding\s*=\s*[\"']([^\"']+)")


class IrregularError(Exception):
    """The XML is not of the plain kind that can be read by shapes."""


class Condensed:
    """A stream of XML from which runs of entries are taken out and kept aside as blocks.

    Parameters
    ----------
    stream : binary stream
        The file.
    head : bytes
        Its beginning, with the root element.

    Attributes
    ----------
    blocks : dict of int to polars.Series
        The entries' XML by block number; the block's place in the XML is held by an empty ``Ntry``
        with the attribute :data:`BLOCK`.
    """

    def __init__(self, stream: BinaryIO, head: bytes) -> None:
        root = _ROOT.search(head)
        declared = _ENCODING.search(head[:200])
        if root is None or (declared and declared[1].lower() not in (b"utf-8", b"utf8")):
            raise IrregularError
        self.prefix = root[1].decode()
        self._open, self._close = f"<{self.prefix}Ntry>", f"</{self.prefix}Ntry>"
        self._stream = stream
        self._held = b""
        self._ended = False
        self._first = True
        self.blocks: dict[int, pl.Series] = {}
        self._next = 0

    def read(self, size: int = -1) -> bytes:
        """Return the next piece of the XML without its entries; ``b""`` at its end."""
        while not self._ended:
            chunk = self._stream.read(_CHUNK_BYTES)
            self._check(chunk)
            self._held += chunk
            if not chunk:
                self._ended = True
                rest, self._held = self._held, b""
                return self._without_block(rest)
            close = self._close.encode()
            end = self._held.rfind(close)
            if end < 0:
                continue
            whole, self._held = self._held[: end + len(close)], self._held[end + len(close) :]
            return self._condense(self._without_block(whole))
        return b""

    @staticmethod
    def _without_block(part: bytes) -> bytes:
        if BLOCK.encode() in part:  # the file's own: it must not be taken for ours
            raise IrregularError
        return part

    def _check(self, chunk: bytes) -> None:
        # Where a chunk ends within such a mark, the parser is given it with the rest of its surroundings.
        beginning = chunk.find(b"?>") + 2 if self._first and chunk.startswith(b"<?xml") else 0
        self._first = False
        # One character first: it is rare, and searching for two that start with `<` is slow.
        for rare in (b"!", b"?"):
            if chunk.find(rare, beginning) >= 0 and chunk.find(b"<" + rare, beginning) >= 0:
                raise IrregularError

    def _condense(self, whole: bytes) -> bytes:
        try:
            text = whole.decode("utf-8")
        except UnicodeDecodeError as error:
            raise IrregularError from error
        before, *pieces = text.split(self._open)
        parts = pl.Series("piece", pieces, dtype=pl.String).str.splitn(self._close, 2).struct.unnest()
        bodies, rests = parts["field_0"], parts["field_1"]
        if rests.null_count() or (bodies.str.len_bytes() > _BODY_BYTES).any():
            raise IrregularError
        out = [before]
        start = 0
        told = (rests.str.strip_chars().str.len_bytes() > 0).arg_true().to_list()
        for at in [*told, len(pieces) - 1]:
            if at >= start:
                out.append(self._keep(bodies[start : at + 1]))
                out.append(rests[at])
                start = at + 1
        return "".join(out).encode()

    def _keep(self, bodies: pl.Series) -> str:
        number, self._next = self._next, self._next + 1
        self.blocks[number] = bodies
        return f'<{self.prefix}Ntry {BLOCK}="{number}"/>'


@dataclass(frozen=True)
class Block:
    """A run of entries of one statement.

    Attributes
    ----------
    bodies : polars.Series
        What stands between ``<Ntry>`` and ``</Ntry>``.
    statement, first_record : int
        Number of the statement; record of the first entry.
    """

    bodies: pl.Series
    statement: int
    first_record: int


def read_blocks(
    blocks: Sequence[Block],
    trees: Mapping[str, Tree],
    namespace: str,
    prefix: str,
    one_by_one: Callable[[str, int], list[Mapping[str, str | int | None]]],
) -> pl.DataFrame:
    """Return the entries of some blocks as :func:`flows.steps.formats._camt_lines.as_frame` would.

    Parameters
    ----------
    blocks : sequence of Block
        Runs of entries, in the file's order.
    trees : mapping
        The trees of columns, in the file's namespace.
    namespace, prefix : str
        Of the file.
    one_by_one : callable
        Reads an entry that has several details, given as XML and its record.
    """
    bodies = pl.concat([each.bodies for each in blocks]).rename("body")
    sizes = [len(each.bodies) for each in blocks]
    entries = (
        bodies.to_frame()
        .lazy()
        .with_columns(whole=pl.concat_str([pl.lit("<>"), "body", pl.lit("<>")]))
        .select(
            "body",
            shape=pl.col("whole").str.replace_all(r">\s*[^<\s][^<]*<", ">.<"),
            values=pl.col("whole").str.replace_all(r"(?:\s*<[^>]*>\s*)+", "\x1f").str.split("\x1f"),
            statement=pl.Series(np.repeat([each.statement for each in blocks], sizes)),
            source_record=pl.Series(
                np.concatenate([np.arange(len(each.bodies)) + each.first_record for each in blocks])
            ),
        )
        .collect()
    )
    escaped = _escaped(bodies)
    declared = f' xmlns:{prefix[:-1]}="{namespace}"' if prefix else f' xmlns="{namespace}"'
    opened, closed = f"<{prefix}Ntry{declared if namespace else ''}>", f"</{prefix}Ntry>"
    frames: list[pl.DataFrame] = []
    for same in entries.partition_by("shape", maintain_order=True):
        element = _parse(opened + _marked(same["shape"][0]) + closed)
        details = list(element.iterfind("{*}NtryDtls/{*}TxDtls"))
        if len(details) > 1:
            rows = [
                {**row, "statement": statement}
                for body, statement, record in same.select("body", "statement", "source_record").iter_rows()
                for row in one_by_one(opened + body + closed, record)
            ]
            frames.append(columns.as_frame(rows))
            continue
        found = collect(element, trees["entry"], {})
        for detail in details:
            found = {**found, **collect(detail, trees["detail"], {})}
        frames.append(_cut_up(same, found, escaped, prefix))
    read = columns.without_needless_text(pl.concat(frames, how="diagonal"))
    return read.sort("source_record", "part", nulls_last=False, maintain_order=True)


def _escaped(bodies: pl.Series) -> bool:
    if not bodies.str.contains("&", literal=True).any():
        return False
    if bodies.str.contains(r"&(?:#|[^alqg])|&a[^mp]").any():
        raise IrregularError
    bare = bodies.str.replace_all(r"&(?:lt|gt|quot|apos|amp);", "")
    if bare.str.contains("&", literal=True).any():
        raise IrregularError
    return True


def _marked(shape: str) -> str:
    """Return a shape with numbered marks for its texts: the first is 1, as in the split texts."""
    if "\ue000" in shape:
        raise IrregularError
    first, *others = shape[2:-2].split(">.<")
    return first + "".join(f">\ue000{number}\ue000<{part}" for number, part in enumerate(others, 1))


def _parse(text: str) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(text, parser)
    except etree.XMLSyntaxError as error:
        raise IrregularError from error


def _cut_up(same: pl.DataFrame, found: Mapping[str, str], escaped: bool, prefix: str) -> pl.DataFrame:
    """Take the columns out of entries of one shape."""
    # As many texts as marks, and the empty ends: else some `>` stood where none was looked for.
    if (same["values"].list.len() != same["shape"][0].count(">.<") + 2).any():
        raise IrregularError

    def value(number: int) -> pl.Expr:
        text = pl.col("values").list.get(number)
        if escaped:
            for entity, character in _ENTITIES:
                text = text.str.replace_all(entity, character, literal=True)
        return text

    def column(told: str) -> pl.Expr:
        places = [int(number) for number in _MARK.findall(told)]
        if not places:
            return pl.lit(told)
        return value(places[0]) if len(places) == 1 else pl.concat_str([value(each) for each in places])

    return same.select(
        *(column(told).alias(name) for name, told in found.items()),
        pl.concat_str([pl.lit(f"<{prefix}Ntry>"), "body", pl.lit(f"</{prefix}Ntry>")]).alias("text"),
        "statement",
        "source_record",
    )
