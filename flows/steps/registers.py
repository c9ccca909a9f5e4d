"""Registers: recognised by the start of the file's name, read by a declared schema, typed, checked.

CSV (any encoding and delimiter), XLSX, XLS or Parquet, columns in any order under English or Chinese
headers. A row without what identifies it, or with an unreadable required cell, goes to the
quarantine; an unreadable optional cell becomes null and is counted in a warning.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import fastexcel
import polars as pl

from flows.steps.formats._aliases import normalise_header, worth_of
from flows.steps.formats._records import MAX_COLUMNS, join_lines, split_cells
from flows.steps.formats._summary import CUT
from flows.steps.formats._tables import drop_blank
from flows.steps.formats._text import LineTooLongError, detect_encoding, read_lines
from flows.steps.formats._unknown import explain_unknown
from flows.steps.formats._values import BLANK
from flows.steps.formats.protocol import QUARANTINE_SCHEMA, Layout, ReadOptions, Source
from flows.steps.formats.workbook import sheet_cells, workbook_problem
from flows.steps.register_schema import REGISTERS, Register, register_headers
from flows.steps.register_values import duplicate_keys, identifier_warnings, typed_rows

HEADER_ROWS = 30
"""Rows searched for the header of a register."""

_NAMES = sorted(REGISTERS, key=len, reverse=True)


@dataclass
class RegisterResult:
    """What a register file gave.

    Attributes
    ----------
    register : str
        The register's name.
    rows : polars.DataFrame
        Typed rows under the contract's column names (every column of the register, missing ones null)
        and ``source_record`` (the physical row, from 1), in file order.
    quarantine : polars.DataFrame
        ``source_record``, ``reason``, ``text``, ``advice``.
    unknown_columns : tuple of str
        Columns of the file that the register does not have; their cells are in ``aside``.
    aside : polars.DataFrame
        The unknown columns as delivered, with ``source_record``.
    """

    register: str
    format: str = "register"
    rows: pl.DataFrame = field(default_factory=pl.DataFrame)
    quarantine: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=QUARANTINE_SCHEMA))
    rows_read: int = 0
    rows_accepted: int = 0
    rows_quarantined: int = 0
    rows_ignored: int = 0
    problem: str | None = None
    warnings: list[str] = field(default_factory=list)
    unknown_columns: tuple[str, ...] = ()
    aside: pl.DataFrame = field(default_factory=pl.DataFrame)
    layout: Layout = field(default_factory=Layout)


def register_of(name: str) -> str | None:
    """Return the register whose name starts the file's name, or None.

    ``accounts_2016-06.xlsx`` and ``product_projects.csv`` are registers; ``banksy.csv`` is none.
    """
    stem = name.rsplit("/", 1)[-1].lower()
    for register in _NAMES:
        if stem.startswith(register) and not re.match(r"[a-z]", stem[len(register) :]):
            return register
    return None


def empty_rows(register: str) -> pl.DataFrame:
    """Return a register's frame without rows."""
    columns = {column.name: column.kind.dtype for column in REGISTERS[register].columns}
    return pl.DataFrame(schema={**columns, "source_record": pl.Int64})


@dataclass
class _Table:
    """Cells of a file as strings or typed, before they are understood."""

    format: str
    frame: pl.DataFrame
    header: tuple[str, ...]
    header_record: int
    before: int
    encoding: str | None = None
    delimiter: str | None = None
    texts: pl.DataFrame | None = None
    open_end: bool = False
    warnings: list[str] = field(default_factory=list)


def read_register(source: Source, options: ReadOptions | None = None) -> RegisterResult:
    """Read one register file; never raises on what the file holds."""
    options = options or ReadOptions()
    name = register_of(source.name)
    if name is None:
        return RegisterResult("", problem="The file's name does not start with a register's name.")
    register = REGISTERS[name]
    headers = register_headers(tuple(options.aliases))
    known = {header: column for (each, header), column in headers.items() if each == name}
    try:
        table = _load(source, register, known)
    except Exception as error:
        table = f"The register is damaged and cannot be read ({type(error).__name__}): ask for it again."
    except BaseException as error:  # a panic of a reader's native code
        if type(error).__name__ != "PanicException":
            raise
        table = "The register is damaged and cannot be read: ask for it again."
    if isinstance(table, str):
        return RegisterResult(name, rows=empty_rows(name), problem=table)
    return _understand(register, table, known)


def _load(source: Source, register: Register, known: dict[str, str]) -> _Table | str:
    head = source.head
    if source.size == 0:
        return "The register is empty: ask for it again."
    if head.startswith(b"PAR1"):
        frame = pl.read_parquet(source.path if source.path is not None else source.read_bytes())
        rows = frame.with_row_index("record", offset=1).with_columns(pl.col("record").cast(pl.Int64))
        missing = _missing(register, tuple(frame.columns), known)
        return missing or _Table("register-parquet", rows, tuple(frame.columns), 0, 0)
    if head.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
        return _load_workbook(source, register, known)
    return _load_text(source, register, known)


def _load_workbook(source: Source, register: Register, known: dict[str, str]) -> _Table | str:
    problem = workbook_problem(source)
    if problem:
        return problem
    book = fastexcel.read_excel(source.read_bytes())
    warnings: list[str] = []
    found: _Table | str = _no_header(register)
    for sheet in book.sheet_names:
        cells = drop_blank(sheet_cells(book, sheet, 1))
        located = None if cells.is_empty() else _locate(cells, register, known)
        if located is None:
            continue
        if isinstance(found, _Table):
            warnings.append(f"sheet {sheet} was left out: one register a file is read")
            continue
        index, header = located
        record = int(cells["record"][index])
        frame = cells.slice(index + 1).rename(_renames(header, cells))
        found = _Table("register-workbook", frame, header, record, index)
    if isinstance(found, _Table):
        found.warnings += warnings
    return found


def _load_text(source: Source, register: Register, known: dict[str, str]) -> _Table | str:
    encoding = detect_encoding(source.head, whole=source.size <= len(source.head))
    if encoding is None:
        return explain_unknown(source)
    try:
        chunks = list(read_lines(source, encoding))
    except LineTooLongError:
        return "A single line is longer than 4 MB: this is no register."
    if not chunks:
        return "The register is empty: ask for it again."
    whole = pl.concat([each.frame for each in chunks])
    for delimiter in (",", "\t", "|", ";", "\uff0c"):
        lines = join_lines(whole, delimiter, 1)
        lines = lines.filter(pl.col("line").str.strip_chars(BLANK + '",|;\t') != "")
        top = lines.head(HEADER_ROWS)
        width = int(top["line"].str.count_matches(delimiter, literal=True).max() or 0) + 1  # type: ignore[arg-type]
        width = min(width, MAX_COLUMNS)
        located = _locate(split_cells(top, delimiter, width), register, known)
        if located is None:
            continue
        index, header = located
        cells = split_cells(lines, delimiter, max(width, len(header)) + 1)
        frame = cells.slice(index + 1).rename(_renames(header, cells))
        table = _Table("register-csv", frame, header, int(cells["record"][index]), index, encoding, delimiter)
        table.texts = lines.rename({"line": "text"})
        table.open_end = not chunks[-1].last_ends
        damaged = sum(each.damaged for each in chunks)
        if damaged:
            table.warnings.append(
                f"{damaged} characters could not be decoded as {encoding} and show as \ufffd"
            )
        return table
    return _no_header(register)


def _locate(
    cells: pl.DataFrame, register: Register, known: dict[str, str]
) -> tuple[int, tuple[str, ...]] | None:
    columns = [name for name in cells.columns if name not in ("record", "cells")]
    for index, row in enumerate(cells.head(HEADER_ROWS).select(columns).rows()):
        header = tuple((cell or "").strip(BLANK + '"') for cell in row)
        if not _missing(register, header, known):
            while header and not header[-1]:
                header = header[:-1]
            return index, header
    return None


def _missing(register: Register, header: tuple[str, ...], known: dict[str, str]) -> str | None:
    have = {known.get(normalise_header(text)) for text in header if text}
    lacking = [column.name for column in register.columns if column.required and column.name not in have]
    if not lacking:
        return None
    return f"The register {register.name} lacks the column {lacking[0]}: ask for it, or add its header to the alias table."


def _no_header(register: Register) -> str:
    needed = ", ".join(column.name for column in register.columns if column.required)
    return (
        f"No header row with the columns of the register {register.name} was found ({needed}): "
        "ask for them, or add the headers used to the alias table."
    )


def _renames(header: tuple[str, ...], cells: pl.DataFrame) -> dict[str, str]:
    return {f"c{i}": f"h{i}" for i in range(len(header)) if f"c{i}" in cells.columns}


def _understand(register: Register, table: _Table, known: dict[str, str]) -> RegisterResult:
    """Map columns, type cells, set bad rows aside."""
    mapping: dict[str, str] = {}
    units: dict[str, int] = {}
    layout: list[tuple[str, str]] = []
    unknown: list[tuple[str, str]] = []
    for i, text in enumerate(table.header):
        column = known.get(normalise_header(text)) if text else None
        held = f"h{i}" if f"h{i}" in table.frame.columns else text
        if column is not None and column not in mapping:
            mapping[column] = held
            units[column] = worth_of(text)
            layout.append((text, column))
        elif text:
            unknown.append((text, held))
            layout.append((text, ""))
    frame = table.frame
    repeated = _repeated_header(frame, table, mapping)
    typed = typed_rows(frame.filter(~repeated), register, mapping, units)
    result = RegisterResult(register.name, table.format, warnings=table.warnings + typed.warnings)
    cut = bool(table.open_end and frame.height and int(frame["cells"][-1]) < len(table.header) - 1)
    if cut:
        last = int(frame["record"][-1])
        typed.drop(last)
        result.problem = CUT
    result.rows = typed.rows
    result.quarantine = _quarantine(frame, table, typed.rejected)
    result.rows_accepted, result.rows_quarantined = result.rows.height, result.quarantine.height
    result.rows_ignored = (
        table.before + int(repeated.sum()) + (1 if table.format != "register-parquet" else 0)
    )
    result.rows_read = result.rows_accepted + result.rows_quarantined + result.rows_ignored
    result.unknown_columns = tuple(text for text, _ in unknown)
    if unknown:
        result.warnings.append(f"columns the register does not have: {', '.join(result.unknown_columns)}")
        result.aside = frame.select(
            pl.col("record").alias("source_record"),
            *[pl.col(held).alias(text) for text, held in dict(unknown).items()],
        )
    result.warnings += identifier_warnings(result.rows, register.name)
    result.warnings += duplicate_keys(result.rows, register)
    result.layout = Layout(table.encoding, table.delimiter, table.header_record or None, tuple(layout))
    return result


def _repeated_header(frame: pl.DataFrame, table: _Table, mapping: dict[str, str]) -> pl.Series:
    if table.format == "register-parquet" or frame.is_empty():
        return (
            pl.Series([False]).new_from_index(0, frame.height)
            if frame.height
            else pl.Series([], dtype=pl.Boolean)
        )
    texts = {f"h{i}": text for i, text in enumerate(table.header)}
    same = [pl.col(held).str.strip_chars(BLANK) == texts[held] for held in mapping.values()]
    return frame.select(pl.all_horizontal(same).fill_null(False).alias("same"))["same"]


def _quarantine(frame: pl.DataFrame, table: _Table, rejected: pl.DataFrame) -> pl.DataFrame:
    if rejected.is_empty():
        return pl.DataFrame(schema=QUARANTINE_SCHEMA)
    if table.texts is not None:
        texts = table.texts.select("record", "text")
    else:
        columns = [name for name in frame.columns if name not in ("record", "cells")]
        texts = frame.join(rejected.select("record"), on="record", how="semi").select(
            "record",
            text=pl.concat_str(
                [pl.col(name).cast(pl.String).fill_null("") for name in columns], separator=","
            ),
        )
    return (
        rejected.join(texts, on="record", how="left")
        .select(
            pl.col("record").cast(pl.Int64).alias("source_record"),
            "reason",
            pl.col("text").fill_null(""),
            advice=pl.lit("ask the office that keeps the register for the mended row; deliver it again"),
        )
        .sort("source_record")
    )
