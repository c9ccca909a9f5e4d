"""Bank exports as printouts: tables whose columns stand by their position alone.

They are cut into cells (:mod:`_printout`) and then read as any bank export. Record: the physical line.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from flows.steps.formats._printout import CUT, cut_lines
from flows.steps.formats._profiles import profile_aliases
from flows.steps.formats._text import LineTooLongError, detect_encoding, read_lines
from flows.steps.formats._unknown import is_printout
from flows.steps.formats.bank_export import FORMAT as BANK_EXPORT
from flows.steps.formats.bank_export import recognise_text
from flows.steps.formats.protocol import ReadOptions, ReadResult, Source

MOST_BYTES = 32 * 1024 * 1024
"""A longer printout is not one that anyone made to be read."""

MOST_UNREAD = 0.2
"""Share of the rows that cannot be read from which the columns were not told apart."""

DOUBT = "The columns of this printout cannot be told apart: ask for it as CSV or XLSX."


class Printout:
    """Text with columns of blanks, a row of names and no separators."""

    name = "bank-printout"

    def claims(self, source: Source, options: ReadOptions) -> bool:
        """Whether the head can be cut into a table that has a header row."""
        if b"   " not in source.head or not is_printout(source.head) or source.size > MOST_BYTES:
            return False
        head = source.head if source.size <= len(source.head) else source.head[: source.head.rfind(b"\n") + 1]
        if recognise_text(source, options) is not None:
            return False
        cut = _cut(Source.of_bytes(source.name, head), options)
        return cut is not None and recognise_text(cut[1], options) is not None

    def read(self, source: Source, options: ReadOptions) -> ReadResult:
        """Read the cut text; what goes to the quarantine is the line as it was."""
        cut = _cut(source, options)
        if cut is None:
            return ReadResult.refused(self.name, DOUBT)
        lines, text = cut
        result = BANK_EXPORT.read(text, options)
        if result.rows_quarantined > MOST_UNREAD * (result.rows_accepted + result.rows_quarantined):
            return ReadResult.refused(self.name, DOUBT)
        verbatim = lines.rename({"record": "source_record", "line": "text"})
        result.quarantine = (
            result.quarantine.drop("text")
            .join(verbatim, on="source_record", how="left", maintain_order="left")
            .select(result.quarantine.columns)
        )
        result.format = self.name
        result.layout = replace(result.layout, delimiter=None)
        return result


def _cut(source: Source, options: ReadOptions) -> tuple[pl.DataFrame, Source] | None:
    encoding = detect_encoding(source.head, whole=source.size <= len(source.head))
    if encoding is None:
        return None
    try:
        lines = pl.concat([each.frame for each in read_lines(source, encoding)])
    except LineTooLongError:
        return None
    if lines["line"].str.contains(f'[{CUT}"]').any():
        return None
    cut = cut_lines(lines["line"], profile_aliases(options, None))
    if cut is None:
        return None
    return lines, Source.of_bytes(source.name, ("\n".join(cut) + "\n").encode())


FORMAT = Printout()
