"""Registers: recognised by the start of the file's name, read by a declared schema, typed, checked.

CSV (any encoding and delimiter), XLSX, XLS, a page or XML under that name, or Parquet, columns in any order under English or Chinese
headers. A row without what identifies it, or with an unreadable required cell, goes to the
quarantine; an unreadable optional cell becomes null and is counted in a warning.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import polars as pl

from flows.steps.formats._aliases import worth_of
from flows.steps.formats._summary import CUT
from flows.steps.formats._values import BLANK
from flows.steps.formats.protocol import QUARANTINE_SCHEMA, Layout, ReadOptions, Source
from flows.steps.register_schema import REGISTERS, Register, register_headers
from flows.steps.register_tables import Table, column_of, load_table, spelled, spellings_of
from flows.steps.register_values import duplicate_keys, identifier_warnings, typed_rows

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


def read_register(source: Source, options: ReadOptions | None = None) -> RegisterResult:
    """Read one register file; never raises on what the file holds."""
    options = options or ReadOptions()
    name = register_of(source.name)
    if name is None:
        return RegisterResult("", problem="The file's name does not start with a register's name.")
    register = REGISTERS[name]
    headers = register_headers(tuple(options.aliases))
    shipped = register_headers()
    own = {key: column for key, column in headers.items() if shipped.get(key) != column}  # go first
    known = {header: column for (each, header), column in {**own, **headers}.items() if each == name}
    known = spelled(known)
    try:
        table = load_table(source, register, known)
    except Exception as error:
        table = f"The register is damaged and cannot be read ({type(error).__name__}): ask for it again."
    except BaseException as error:  # a panic of a reader's native code
        if type(error).__name__ != "PanicException":
            raise
        table = "The register is damaged and cannot be read: ask for it again."
    if isinstance(table, str):
        return RegisterResult(name, rows=empty_rows(name), problem=table)
    return _understand(register, table, known)


def _understand(register: Register, table: Table, known: dict[str, str]) -> RegisterResult:
    """Map columns, type cells, set bad rows aside."""
    mapping: dict[str, str] = {}
    units: dict[str, int] = {}
    headers: dict[str, str] = {}
    layout: list[tuple[str, str]] = []
    unknown: list[tuple[str, str]] = []
    claims = _claims(table.header, known)
    for i, text in enumerate(table.header):
        column = claims.get(i)
        held = f"h{i}" if f"h{i}" in table.frame.columns else text
        if column is not None and column not in mapping:
            mapping[column] = held
            own = worth_of(text)
            units[column] = own if own != 100 or re.search(r"元[)）]?$", text) else table.worth
            headers[column] = text
            layout.append((text, column))
        elif text:
            unknown.append((text, held))
            layout.append((text, ""))
    frame = table.frame
    repeated = _repeated_header(frame, table, mapping, known)
    frame = _merged(frame, register, mapping, table.warnings)
    typed = typed_rows(frame.filter(~repeated), register, mapping, units, headers)
    result = RegisterResult(register.name, table.format, warnings=table.warnings + typed.warnings)
    cut = bool(table.open_end and frame.height and int(frame["cells"][-1]) < len(table.header) - 1)
    if cut:
        last = int(frame["record"][-1])
        typed.drop(last)
        result.problem = CUT
    result.rows = typed.rows
    asides = _asides(frame, typed.rejected)
    result.quarantine = _quarantine(frame, table, typed.rejected.filter(~asides))
    result.rows_accepted, result.rows_quarantined = result.rows.height, result.quarantine.height
    result.rows_ignored = (
        table.before
        + int(repeated.sum())
        + int(asides.sum())
        + (1 if table.format != "register-parquet" else 0)
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


def _claims(header: tuple[str, ...], known: dict[str, str]) -> dict[int, str]:
    """Return which column each header is taken for; of several for one column the name that is listed first."""
    order = {name: rank for rank, name in enumerate(known)}
    best: dict[str, tuple[int, int]] = {}
    for i, text in enumerate(header):
        column = column_of(text, known) if text else None
        if column is not None:
            plain = (each.replace("_", "") for each in spellings_of(text))
            rank = min((order[each] for each in plain if each in order), default=len(order))
            best[column] = min(best.get(column, (rank, i)), (rank, i))
    return {i: column for column, (_, i) in best.items()}


MERGED_SHARE = 0.5
"""Share of rows without what they need from which the cells of that column are taken for merged."""


def _merged(
    frame: pl.DataFrame, register: Register, mapping: dict[str, str], warnings: list[str]
) -> pl.DataFrame:
    """Give rows that lack a group's name (``机构编号`` of its shareholders) the one above, where most lack it.

    What tells a row from all others (a register's only key) is never taken from another row.
    """
    for column in register.columns:
        held = mapping.get(column.name)
        if held is None or not column.required or register.key == (column.name,):
            continue
        cells = frame[held]
        if cells.dtype != pl.String or frame.height < 3:
            continue
        empty = (cells.str.strip_chars(BLANK) == "").fill_null(True)
        if not MERGED_SHARE * frame.height <= int(empty.sum()) < frame.height or empty[0]:
            continue
        frame = frame.with_columns(cells.set(empty, None).fill_null(strategy="forward").alias(held))
        warnings.append(f"rows without {column.name} have the one above (merged cells)")
    return frame


_ASIDE = (
    r"^[（(*]*(?:合\s*计|小\s*计|总\s*计|共\s*计|累\s*计|以下空白|第\s*[0-9]+\s*页|共\s*[0-9]+\s*[条页行户笔]|"
    r"(?:制表|填表|填报|报送|审核|复核|经办|负责|联系)(?:人|单位|机构|日期|时间|电话)?\s*(?:[:：]|$)|(?:备?注|说明)\s*[:：]|(?i:total|sum|subtotal)\b)"
)
"""How a row begins that is a total or a note below the table."""


def _asides(frame: pl.DataFrame, rejected: pl.DataFrame) -> pl.Series:
    """Mark the rejected rows that are totals and notes, not rows of the register: less than half filled, and so begun."""
    columns = [name for name in frame.columns if name not in ("record", "cells")]
    if rejected.is_empty() or not columns:
        return pl.Series([], dtype=pl.Boolean).extend_constant(False, rejected.height)
    cells = [
        pl.col(name).cast(pl.String, strict=False).str.strip_chars(BLANK).replace("", None)
        for name in columns
    ]
    rows = rejected.select("record").join(frame, on="record", how="left", maintain_order="left")
    return rows.select(
        pl.coalesce(cells).str.contains(_ASIDE).fill_null(False)
        & (pl.sum_horizontal([each.is_not_null().cast(pl.Int32) for each in cells]) * 2 <= len(columns))
    ).to_series()


def _repeated_header(
    frame: pl.DataFrame, table: Table, mapping: dict[str, str], known: dict[str, str]
) -> pl.Series:
    if table.format == "register-parquet" or frame.is_empty():
        return (
            pl.Series([False]).new_from_index(0, frame.height)
            if frame.height
            else pl.Series([], dtype=pl.Boolean)
        )
    texts = {f"h{i}": text for i, text in enumerate(table.header)}
    same = [pl.col(held).str.strip_chars(BLANK) == texts[held] for held in mapping.values()]
    marked = frame.select(pl.all_horizontal(same).fill_null(False).alias("same"))["same"]
    names = {column: (frame[held][0] or "").strip(BLANK) for column, held in mapping.items()}
    filled = {column: text for column, text in names.items() if text}
    if len(filled) > 1 and all(column_of(text, known) == column for column, text in filled.items()):
        marked[0] = True  # the names once more, in another language
    return marked


def _quarantine(frame: pl.DataFrame, table: Table, rejected: pl.DataFrame) -> pl.DataFrame:
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
