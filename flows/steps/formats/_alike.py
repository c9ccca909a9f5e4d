"""Small files of one layout in one pass: what each gives is exactly what it gives when read alone.

A thousand small exports with the same header row cost little more than one large one. Whatever is
decided over a whole file (which way its flags point, what its dates mean, whether midnight is a time)
must not be decided over several: a file in which anything but plain lines stands between its header
and its totals is left out here and read alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from flows.steps.formats._alike_heads import Head, Table, groups
from flows.steps.formats._columns import ParsedRows, parse_columns
from flows.steps.formats._direction import MIN_PAIRS
from flows.steps.formats._header import Header
from flows.steps.formats._odd_rows import OddRowReader
from flows.steps.formats._records import split_cells
from flows.steps.formats._summary import control_totals
from flows.steps.formats._text import number_lines
from flows.steps.formats._understanding import Understanding
from flows.steps.formats._values import BLANK, clean_account
from flows.steps.formats.bank_export import not_blank
from flows.steps.formats.protocol import LINE_SCHEMA, ReadOptions, ReadResult, Source

_PLAIN_AMOUNT = r"^(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.[0-9]*)?$"
_DAY_LENGTH = 10
_MOST_ODD = 8
"""Rows below the last line (totals, notes) that are told apart; a file with more is read alone."""


@dataclass(frozen=True)
class Alike:
    """What files of one layout gave, read in one pass.

    Attributes
    ----------
    lines : polars.DataFrame
        Their lines, file after file (columns of ``LINE_SCHEMA``).
    rows : dict of int to int
        Place of each file among the sources to its number of lines, in the order of `lines`.
    own : dict of int to ReadResult
        Place of each file to what reading it alone gives.
    """

    lines: pl.DataFrame
    rows: dict[int, int]
    own: dict[int, ReadResult]

    def results(self) -> dict[int, ReadResult]:
        """Return for each place what reading the file alone gives."""
        return self.own


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
    if options.profiles:
        return []
    read = (_read_group(heads, table) for table, heads in groups(sources, options))
    return [group for group in read if group is not None]


def _read_group(heads: Sequence[Head], table: Table) -> Alike | None:
    heights = [head.text.data.count(b"\n") for head in heads]
    numbered = number_lines(b"".join(head.text.data for head in heads), 1)
    if numbered.height != sum(heights):
        return None
    starts = np.cumsum([0, *heights[:-1]])
    of = np.repeat(np.arange(len(heads)), heights)
    below = np.repeat([head.record for head in heads], heights)
    lines = numbered.with_columns(
        file=pl.Series(of), own=pl.col("record") - pl.Series(starts[of]), header=pl.Series(below)
    )
    odd = lines["line"].str.count_matches('"', literal=True) % 2 == 1
    lines = _without(lines, lines["file"].filter(odd))
    lines = lines.filter((pl.col("own") > pl.col("header")) & not_blank(table.delimiter))
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
    header, cells = _with_accounts(table, heads, cells, lines["file"])
    known = Understanding(inverted=False)
    frame = parse_columns(cells, header, {}, known).frame
    if known != Understanding(inverted=False):
        return None
    frame = _with_titles(frame.with_columns(file=lines["file"], own=lines["own"]), heads)
    told = _totals(frame, cells, table, heads)
    good = sorted(
        set(_good_files(frame, table.header)) & told.keys() - _of_another_account(frame, table, heads)
    )
    frame = frame.filter(pl.col("file").is_in(good) & pl.col("is_line"))
    accepted = ParsedRows(frame).lines(frame.with_columns(record=pl.col("own")))
    accepted = accepted.select([pl.col(name).cast(kind) for name, kind in LINE_SCHEMA.items()])
    counts = np.bincount(frame["file"].to_numpy(), minlength=len(heads)).tolist()
    return _each(accepted, {file: counts[file] for file in good if counts[file]}, told, table, heads)


def _each(
    lines: pl.DataFrame,
    counts: dict[int, int],
    told: dict[int, tuple[int, dict[str, str]]],
    table: Table,
    heads: Sequence[Head],
) -> Alike:
    """Draw up what each file gives."""
    own: dict[int, ReadResult] = {}
    start = 0
    for file, count in counts.items():
        head = heads[file]
        odd, titles = told[file]
        ignored = head.above + 1 + odd
        result = replace(
            table.result,
            lines=lines.slice(start, count).lazy(),
            rows_read=count + ignored,
            rows_accepted=count,
            rows_ignored=ignored,
            warnings=list(table.result.warnings),
            accounts=[],
            layout=replace(table.result.layout, header_record=head.record),
        )
        if titles:
            control_totals(result, titles)
        own[head.text.place] = result
        start += count
    return Alike(lines, {heads[file].text.place: count for file, count in counts.items()}, own)


def _without(lines: pl.DataFrame, files: pl.Series) -> pl.DataFrame:
    return lines.filter(~pl.col("file").is_in(files.unique().implode())) if len(files) else lines


def _with_accounts(
    table: Table, heads: Sequence[Head], cells: pl.DataFrame, files: pl.Series
) -> tuple[Header, pl.DataFrame]:
    """Give each row the account its file names above the table, as a column behind the others."""
    if "account" in table.header.columns:
        return table.header, cells
    accounts = pl.Series([head.account for head in heads], dtype=pl.String).gather(files)
    header = replace(
        table.header,
        columns={**table.header.columns, "account": (table.width,)},
        texts=(*table.header.texts, *[""] * (table.width + 1 - len(table.header.texts))),
    )
    return header, cells.with_columns(accounts.alias(f"c{table.width}"))


def _with_titles(frame: pl.DataFrame, heads: Sequence[Head]) -> pl.DataFrame:
    """Fill holder and bank with what stands above each file's table."""
    for column, role in (("holder_name", "holder"), ("bank_name", "own_bank")):
        said = pl.Series([head.titles.get(role) for head in heads], dtype=pl.String)
        if said.null_count() < len(said):
            frame = frame.with_columns(pl.col(column).fill_null(said.gather(frame["file"])))
    return frame


def _of_another_account(frame: pl.DataFrame, table: Table, heads: Sequence[Head]) -> set[int]:
    """Files whose account column may hold the other side: another account stands above the table."""
    if "account" not in table.header.columns or not any("account" in head.titles for head in heads):
        return set()
    said = clean_account(pl.Series([head.titles.get("account") for head in heads], dtype=pl.String))
    other = frame["account_no"] != said.gather(frame["file"])
    return set(frame.filter(other.fill_null(False))["file"].to_list())


def _totals(
    frame: pl.DataFrame, cells: pl.DataFrame, table: Table, heads: Sequence[Head]
) -> dict[int, tuple[int, dict[str, str]]]:
    """Tell apart the rows below the last line of each file.

    Returns
    -------
    dict
        File to how many such rows it has, all of them no transactions, and what its titles then say.
    """
    told = {file: (0, head.titles) for file, head in enumerate(heads)}
    rows = frame.with_row_index("at").filter(~pl.col("is_line"))
    if rows.is_empty():
        return told
    ends = dict(frame.filter("is_line").group_by("file").agg(pl.col("own").max()).iter_rows())
    columns = [name for name in cells.columns if name != f"c{table.width}"]
    for part in rows.partition_by("file", maintain_order=True):
        file = int(part["file"][0])
        if (
            part.height > _MOST_ODD
            or part["own"].min() <= ends.get(file, 0)
            or part.select(pl.any_horizontal("is_status", "is_zero").any()).item()
        ):
            del told[file]
            continue
        titles = dict(heads[file].titles)
        reader = OddRowReader(table.header, table.named_width, titles, table.aliases)
        found = reader.read(cells[part["at"].to_list()].select(columns), part, None)
        left = set(part.filter(~pl.col("is_total"))["record"].to_list()) - set(found.ignored)
        if found.stops or found.headings or left:
            del told[file]
        else:
            told[file] = part.height, titles
    return told


def _strange_rows(cells: pl.DataFrame, header: Header) -> pl.Series:
    """Rows of which only the whole file tells how to read them.

    A name in the column of the counterparty's account or an account in that of its name, a comma that
    may be a decimal sign, a code for success or failure, and more cells than the header has.
    """
    width = max((i + 1 for i, text in enumerate(header.texts) if text), default=0)
    beyond = [
        name for name in cells.columns if name[0] == "c" and name[1:].isdigit() and int(name[1:]) >= width
    ]
    of = {
        role: [pl.col(f"c{i}") for i in header.columns.get(role, ())[:1] if f"c{i}" in cells.columns]
        for role in ("cp_account", "cp_name", "status", "amount", "debit", "credit", "balance")
    }
    money = [each for role in ("amount", "debit", "credit", "balance") for each in of[role]]
    said = [
        *[pl.col(name).str.strip_chars(BLANK) != "" for name in beyond],
        *[each.str.contains(r"\p{Han}") for each in of["cp_account"]],
        *[each.str.contains("[0-9]{10}") for each in of["cp_name"]],
        *[each.str.contains(r"^\s*[0-9]{1,4}\s*$") for each in of["status"]],
        *[each.str.contains(r",[0-9]{1,2}[^0-9]*$") for each in money],
    ]
    return cells.select(strange=pl.any_horizontal(pl.lit(False), *[each.fill_null(False) for each in said]))[
        "strange"
    ]


def _good_files(frame: pl.DataFrame, header: Header) -> list[int]:
    """Files whose every row is a plain line and in which nothing had to be decided."""
    at_midnight = pl.col("booked_at").dt.time().cast(pl.Int64) == 0
    plain = ~pl.col("is_line") | pl.col("amount_text").str.contains(_PLAIN_AMOUNT).fill_null(False)
    if "time" in header.columns:
        plain = plain & (~pl.col("is_line") | (pl.col("date_text").str.len_chars() <= _DAY_LENGTH))
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
