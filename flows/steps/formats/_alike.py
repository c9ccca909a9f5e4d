"""Small files of one layout in one pass: what each gives is exactly what it gives when read alone.

A thousand small exports with the same header row cost little more than one large one. Whatever is
decided over a whole file (which way its flags point, what its dates mean, whether midnight is a time)
must not be decided over several: a file in which anything but plain lines under its first row is
found is left out here and read alone.
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from flows.steps.formats._aliases import Alias, normalise_header
from flows.steps.formats._columns import ParsedRows, Understanding, parse_columns
from flows.steps.formats._direction import MIN_PAIRS
from flows.steps.formats._header import Header, match_header
from flows.steps.formats._profiles import profile_aliases
from flows.steps.formats._records import DELIMITERS, MAX_COLUMNS, split_cells
from flows.steps.formats._rows import RowReader
from flows.steps.formats._store import LineStore
from flows.steps.formats._summary import finish
from flows.steps.formats._text import detect_encoding, number_lines
from flows.steps.formats._values import BLANK
from flows.steps.formats.bank_export import BankExport, known_columns, not_blank, recognise_text
from flows.steps.formats.protocol import LINE_SCHEMA, Layout, ReadOptions, ReadResult, Source

_ENCODINGS = ("utf-8", "utf-8-sig", "gb18030")
_NEVER_PLAIN = (b"\x00", b"\x1f", "\ufffd".encode())
_PLAIN_AMOUNT = r"^(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.[0-9]*)?$"
_DAY_LENGTH = 10
_SURE = 5


@dataclass(frozen=True)
class _Text:
    """A file as text: its place among the files, encoding, first line and UTF-8 bytes."""

    place: int
    encoding: str
    first: str
    data: bytes


@dataclass(frozen=True)
class _Table:
    """What the files of one layout share."""

    header: Header
    delimiter: str
    width: int
    result: ReadResult


@dataclass(frozen=True)
class Alike:
    """What files of one layout gave, read in one pass.

    Attributes
    ----------
    lines : polars.DataFrame
        Their lines, file after file (columns of ``LINE_SCHEMA``).
    rows : dict of int to int
        Place of each file among the sources to its number of lines, in the order of `lines`.
    shared : ReadResult
        What is the same for all: format, warnings, layout.
    """

    lines: pl.DataFrame
    rows: dict[int, int]
    shared: ReadResult

    def results(self) -> dict[int, ReadResult]:
        """Return for each place what reading the file alone gives."""
        ends = np.cumsum(list(self.rows.values())).tolist()
        return {
            place: replace(
                self.shared,
                lines=self.lines.slice(end - rows, rows).lazy(),
                rows_read=rows + 1,
                rows_accepted=rows,
                rows_ignored=1,
            )
            for (place, rows), end in zip(self.rows.items(), ends, strict=True)
        }


def read_alike(sources: Sequence[Source], options: ReadOptions) -> list[Alike]:
    """Read those of some small bank exports that can be read together.

    Parameters
    ----------
    sources : sequence of Source
        Files in memory that no other format claims.
    options : ReadOptions
        With profiles nothing is read together: a profile may apply to one file and not to the next.

    Returns
    -------
    list of Alike
        Equal to what reading each file alone gives; the places that are missing must be read alone.
    """
    found: list[Alike] = []
    if options.profiles:
        return found
    groups: dict[tuple[str, str], list[_Text]] = {}
    for place, source in enumerate(sources):
        text = _plain_text(place, source)
        if text is not None:
            groups.setdefault((text.encoding, text.first), []).append(text)
    for texts in groups.values():
        if len(texts) > 1:
            table = _table(sources[texts[0].place], texts[0], options)
            if table is not None:
                group = _read_group(texts, table)
                found += [group] if group is not None else []
    return found


def _plain_text(place: int, source: Source) -> _Text | None:
    data = source.read_bytes()
    if not data.endswith(b"\n") or data.count(b"\r") != data.count(b"\r\n"):
        return None
    encoding = detect_encoding(source.head, whole=source.size <= len(source.head))
    if encoding not in _ENCODINGS or (encoding == "gb18030" and data.startswith(codecs.BOM_UTF8)):
        return None
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return None
    utf8 = data.removeprefix(codecs.BOM_UTF8) if encoding != "gb18030" else text.encode()
    if any(each in utf8 for each in _NEVER_PLAIN):
        return None
    return _Text(place, encoding, text[: text.index("\n")], utf8)


def _table(source: Source, text: _Text, options: ReadOptions) -> _Table | None:
    """Understand the first file's header row, if it is the first row and leaves no doubt."""
    found = recognise_text(source, options)
    if found is None:
        return None
    encoding, delimiter, header, profile = found
    aliases = profile_aliases(options, None)
    others = [text.first.split(each) for each in DELIMITERS if each != delimiter]
    if profile is not None or encoding != text.encoding or any(match_header(row, aliases) for row in others):
        return None
    width = min(max(len(header.texts) + 2, 2), MAX_COLUMNS)
    reader = RowReader(aliases, Understanding())
    head = number_lines(text.data, 1).head(1)
    cells = split_cells(head, delimiter, width)
    if not reader.start(cells) or not _is_plain(reader, cells, aliases) or header.rows != 1:
        return None
    own = reader.state.header
    assert own is not None
    result = ReadResult(BankExport.name)
    finish(result, LineStore(None), [], [reader], cut=False)
    result.layout = Layout(encoding, delimiter, 1, own.described(), ())
    return _Table(own, delimiter, width, result)


def _is_plain(reader: RowReader, cells: pl.DataFrame, aliases: Mapping[str, tuple[Alias, ...]]) -> bool:
    header = reader.state.header
    return (
        header is not None
        and header.rows == 1
        and known_columns(header) >= _SURE
        and "account" in header.columns
        and _leaves_no_doubt(header, aliases)
        and match_header(cells.row(0)[2:], aliases) is not None
    )


def _leaves_no_doubt(header: Header, aliases: Mapping[str, tuple[Alias, ...]]) -> bool:
    """Whether the table names every column that is used, and one of them says which way the money went."""
    used = {i for each in header.columns.values() for i in each}
    named = all(normalise_header(header.texts[i]) in aliases for i in used if header.texts[i])
    ways = (
        {"direction", "amount"},
        {"debit", "credit"},
        {"payer_account", "amount"},
        {"payee_account", "amount"},
    )
    return named and any(way <= header.columns.keys() for way in ways)


def _read_group(texts: Sequence[_Text], table: _Table) -> Alike | None:
    heights = [text.data.count(b"\n") for text in texts]
    numbered = number_lines(b"".join(text.data for text in texts), 1)
    if numbered.height != sum(heights):
        return None
    starts = np.cumsum([0, *heights[:-1]])
    of = np.repeat(np.arange(len(texts)), heights)
    lines = numbered.with_columns(file=pl.Series(of), own=pl.col("record") - pl.Series(starts[of]))
    odd = lines["line"].str.count_matches('"', literal=True) % 2 == 1
    lines = _without(lines, lines["file"].filter(odd))
    lines = lines.filter((pl.col("own") > 1) & not_blank(table.delimiter))
    if lines.is_empty():
        return None
    cells = split_cells(lines.select("record", "line"), table.delimiter, table.width)
    strange = _strange_rows(cells, table.header)
    if strange.any():
        outside = lines["file"].filter(strange)
        cells = cells.filter(~lines["file"].is_in(outside.unique().implode()))
        lines = _without(lines, outside)
        if lines.is_empty():
            return None
    known = Understanding(inverted=False)
    frame = parse_columns(cells, table.header, {}, known).frame
    if known != Understanding(inverted=False):
        return None
    frame = frame.with_columns(file=lines["file"], own=lines["own"])
    good = _good_files(frame, table.header)
    frame = frame.filter(pl.col("file").is_in(good))
    accepted = ParsedRows(frame).lines(frame.with_columns(record=pl.col("own")))
    accepted = accepted.select([pl.col(name).cast(kind) for name, kind in LINE_SCHEMA.items()])
    counts = np.bincount(frame["file"].to_numpy(), minlength=len(texts)).tolist()
    rows = {text.place: number for text, number in zip(texts, counts, strict=True) if number}
    return Alike(accepted, rows, table.result)


def _without(lines: pl.DataFrame, files: pl.Series) -> pl.DataFrame:
    return lines.filter(~pl.col("file").is_in(files.unique().implode())) if len(files) else lines


def _strange_rows(cells: pl.DataFrame, header: Header) -> pl.Series:
    """Rows of which only the whole file tells how to read them.

    A name in the column of the counterparty's account, and more cells than the header has.
    """
    width = max((i + 1 for i, text in enumerate(header.texts) if text), default=0)
    beyond = [
        name for name in cells.columns if name[0] == "c" and name[1:].isdigit() and int(name[1:]) >= width
    ]
    index = header.first("cp_account")
    names = [f"c{index}"] if index is not None and f"c{index}" in cells.columns else []
    return cells.select(
        strange=pl.any_horizontal(
            pl.lit(False),
            *[pl.col(name).str.strip_chars(BLANK).fill_null("") != "" for name in beyond],
            *[pl.col(name).str.contains(r"\p{Han}").fill_null(False) for name in names],
        )
    )["strange"]


def _good_files(frame: pl.DataFrame, header: Header) -> list[int]:
    """Files whose every row is a plain line and in which nothing had to be decided."""
    at_midnight = pl.col("booked_at").dt.time().cast(pl.Int64) == 0
    plain = pl.col("is_line") & pl.col("amount_text").str.contains(_PLAIN_AMOUNT).fill_null(False)
    if "time" in header.columns:
        plain = plain & (pl.col("date_text").str.len_chars() <= _DAY_LENGTH)
    of_file = frame.group_by("file").agg(
        plain=plain.all(),
        midnight=(pl.col("has_time") & at_midnight).any() & ~(pl.col("has_time") & ~at_midnight).any(),
    )
    good = of_file.filter(pl.col("plain") & ~pl.col("midnight"))["file"]
    return sorted(set(good.to_list()) - _doubtful_files(frame))


def _doubtful_files(frame: pl.DataFrame) -> set[int]:
    """Files whose balances may say that in and out are the other way round."""
    move = pl.when(pl.col("direction") == "in").then("amount_fen").otherwise(-pl.col("amount_fen"))
    steps = (
        frame.filter(
            pl.all_horizontal(
                pl.col("account_no", "amount_fen", "direction", "balance_after_fen").is_not_null()
            )
        )
        .select("file", "account_no", move=move, balance="balance_after_fen")
        .with_columns(
            step=pl.col("balance") - pl.col("balance").shift(1).over("file", "account_no"),
            earlier=pl.col("move").shift(1).over("file", "account_no"),
        )
        .filter(pl.col("step").is_not_null())
    )
    counts = steps.group_by("file").agg(
        pairs=pl.len(),
        against=pl.max_horizontal(
            (pl.col("step") == -pl.col("move")).sum(), (pl.col("step") == pl.col("earlier")).sum()
        ),
    )
    doubtful = (pl.col("pairs") >= MIN_PAIRS) & (pl.col("against") >= 0.8 * pl.col("pairs"))
    return set(counts.filter(doubtful)["file"].to_list())
