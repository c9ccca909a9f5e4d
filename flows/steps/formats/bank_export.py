"""Bank exports as text: CSV, tab or pipe separated, in any encoding and layout with a header row."""

from __future__ import annotations

import polars as pl

from flows.steps.formats._aliases import load_aliases
from flows.steps.formats._columns import Understanding
from flows.steps.formats._header import HEAD_ROWS, Header, account_in_name, find_header
from flows.steps.formats._records import DELIMITERS, MAX_COLUMNS, split_cells
from flows.steps.formats._rows import RowReader, quarantine_frame
from flows.steps.formats._store import LineStore
from flows.steps.formats._summary import finish
from flows.steps.formats._text import LineTooLongError, detect_encoding, read_lines
from flows.steps.formats._values import BLANK
from flows.steps.formats.protocol import Layout, ReadOptions, ReadResult, Source

_NOT_TEXT = (b"PK", b"%PDF", b"PAR1", b"\xd0\xcf\x11\xe0", b"\xff\xd8\xff", b"\x89PNG", b"\x1f\x8b", b"<?xml")


class BankExport:
    """Text files with a header row that names a date, an amount and a counterparty or the like."""

    name = "bank-csv"

    def claims(self, source: Source, options: ReadOptions) -> bool:
        """Whether the head holds a header row in some delimiter."""
        return _recognise(source, options) is not None

    def read(self, source: Source, options: ReadOptions) -> ReadResult:
        """Read the file chunk by chunk."""
        found = _recognise(source, options)
        if found is None:
            return ReadResult.refused(self.name, "No header row with a date and an amount was found.")
        encoding, delimiter, header = found
        width = min(max(len(header.texts) + 2, 2), MAX_COLUMNS)
        reader = RowReader(
            load_aliases(tuple(options.aliases)), Understanding(account=account_in_name(source.name))
        )
        store = LineStore(options.scratch)
        result = ReadResult(self.name)
        quarantine: list[pl.DataFrame] = []
        damaged = 0
        cut = False
        try:
            for chunk in read_lines(source, encoding):
                damaged += chunk.damaged
                lines = chunk.frame.filter(pl.col("line").str.strip_chars(BLANK + '",|;' + delimiter) != "")
                if lines.is_empty():
                    continue
                cells = split_cells(lines, delimiter, width)
                result.rows_read += cells.height
                if reader.state.header is None and not reader.start(cells):
                    result.rows_ignored += cells.height
                    continue
                outcome = reader.feed(cells, open_end=not chunk.last_ends, half_character=chunk.tail_damaged)
                for frame in outcome.lines:
                    store.add(frame)
                result.rows_ignored += outcome.ignored
                rejected = pl.concat(outcome.rejected) if outcome.rejected else cells.clear().select("record")
                if not rejected.is_empty():
                    cut = cut or "cut" in rejected["code"].to_list()
                    texts = lines.rename({"line": "text"})
                    quarantine.append(quarantine_frame(rejected, texts))
        except LineTooLongError:
            return ReadResult.refused(self.name, "A single line is longer than 4 MB: this is no statement.")
        finish(result, store, quarantine, [reader], cut)
        if damaged:
            result.warnings.append(
                f"{damaged} characters could not be decoded as {encoding} and show as \ufffd"
            )
        result.layout = Layout(
            encoding,
            delimiter,
            reader.state.header_record,
            reader.state.header.described() if reader.state.header else (),
            tuple(reader.state.understanding.notes),
        )
        return result


def _recognise(source: Source, options: ReadOptions) -> tuple[str, str, Header] | None:
    """Encoding, delimiter and header of a text file, from its head alone."""
    head = source.head
    if head.startswith(_NOT_TEXT):
        return None
    encoding = detect_encoding(head, whole=source.size <= len(head))
    if encoding is None:
        return None
    aliases = load_aliases(tuple(options.aliases))
    part = Source.of_bytes(
        source.name, head if source.size <= len(head) else head[: head.rfind(b"\n") + 1] or head
    )
    try:
        chunks = [each.frame for each in read_lines(part, encoding)]
    except LineTooLongError:
        return None
    if not chunks:
        return None
    lines = pl.concat(chunks).filter(pl.col("line").str.strip_chars(BLANK + ',"') != "").head(HEAD_ROWS)
    best: tuple[int, str, Header] | None = None
    for delimiter in DELIMITERS:
        width = min(int(lines["line"].str.count_matches(delimiter, literal=True).max() or 0) + 1, MAX_COLUMNS)  # type: ignore[arg-type]
        if width < 3:
            continue
        cells = split_cells(lines, delimiter, width)
        found = find_header(cells.select(pl.exclude("record", "cells")).rows(), aliases)
        if found is None:
            continue
        score = sum(len(each) for each in found[1].columns.values())
        if best is None or score > best[0]:
            best = (score, delimiter, found[1])
    return (encoding, best[1], best[2]) if best else None


FORMAT = BankExport()
