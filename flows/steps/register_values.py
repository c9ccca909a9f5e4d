"""Cells of a register typed by its schema; rows that cannot be used named with the column that failed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from flows.steps.formats._dates import parse_moments
from flows.steps.formats._short_dates import in_order
from flows.steps.formats._values import BLANK, FORMULA_TEXT, SCIENTIFIC, clean_account, half_width, parse_fen
from flows.steps.identifiers import valid_cnaps, valid_identity_number, valid_uscc
from flows.steps.register_schema import Column, Register, fold

_EMPTY = r"^(?:[-\u2010-\u2015\uff0d/\\]+|(?i:null|nan|n/a|#n/a))$"
_NOTHING = ("无", "暂无", "空", "没有", "不适用", "未填", "未知")
_TRUE = (
    "true",
    "1",
    "1.0",
    "是",
    "y",
    "yes",
    "t",
    "√",
    "✓",
    "✔",
    "☑",
    "对",
    "有",
    "公开",
    "公开发行",
    "合格",
    "符合",
)
_FALSE = ("false", "0", "0.0", "否", "n", "no", "f", "×", "✗", "✘", "x", "☐", "不是", "非", "无", "不公开", "不合格", "非公开", "非公开发行", "不符合")  # fmt: skip
_TEXT_MARK = "^['`]+"
"""What keeps a number a text in a spreadsheet, and came along."""


@dataclass
class TypedRows:
    """Typed rows, those rejected (``record``, ``reason``) and what was noticed."""

    rows: pl.DataFrame
    rejected: pl.DataFrame
    warnings: list[str] = field(default_factory=list)

    def drop(self, record: int) -> None:
        """Set a row aside that was cut off."""
        self.rows = self.rows.filter(pl.col("source_record") != record)
        cut = pl.DataFrame({"record": [record], "reason": ["the row is cut off at the end of the file"]})
        self.rejected = pl.concat([self.rejected.filter(pl.col("record") != record), cut])


def typed_rows(
    frame: pl.DataFrame,
    register: Register,
    mapping: Mapping[str, str],
    units: Mapping[str, int],
    headers: Mapping[str, str],
) -> TypedRows:
    """Type every column; a required cell that is empty or unreadable rejects its row.

    Parameters
    ----------
    frame : polars.DataFrame
        ``record`` and the file's columns.
    register : Register
        What the columns hold.
    mapping, units, headers : mapping
        Of each column found: the frame's column, what one is worth in fen, the header as written.
    """
    out: dict[str, pl.Series] = {}
    warnings: list[str] = []
    reason = pl.Series("reason", [], dtype=pl.String).extend_constant(None, frame.height)
    for column in register.columns:
        held = mapping.get(column.name)
        if held is None:
            out[column.name] = pl.Series([], dtype=column.kind.dtype).extend_constant(None, frame.height)
            continue
        given = frame[held]
        filled = _filled(given)
        value = _typed(given, column, units.get(column.name, 100), headers.get(column.name, ""))
        if column.kind.name in ("rate", "share"):
            value, noted = _scaled(given, value, column, headers.get(column.name, ""))
            warnings += noted
        out[column.name] = value.cast(column.kind.dtype)
        bad = filled & value.is_null()
        if column.required:
            lacking = value.is_null()
            told = (
                pl.Series([f"{column.name} cannot be read"])
                .new_from_index(0, max(frame.height, 1))
                .head(frame.height)
            )
            empty = (
                pl.Series([f"{column.name} is empty"])
                .new_from_index(0, max(frame.height, 1))
                .head(frame.height)
            )
            why = told.zip_with(filled, empty)
            reason = reason.zip_with(reason.is_not_null() | ~lacking, why)
        elif bad.any():
            warnings.append(f"{int(bad.sum())} cells of {column.name} cannot be read and were taken as empty")
    rows = pl.DataFrame({**out, "source_record": frame["record"].cast(pl.Int64)})
    good = reason.is_null()
    rejected = pl.DataFrame({"record": frame["record"].cast(pl.Int64), "reason": reason}).filter(~good)
    return TypedRows(rows.filter(good), rejected, warnings)


def _filled(given: pl.Series) -> pl.Series:
    if given.dtype != pl.String:
        return given.is_not_null()
    text = given.str.strip_chars(BLANK)
    return ((text != "") & ~text.str.contains(_EMPTY)).fill_null(False)


def _text(given: pl.Series) -> pl.Series:
    if given.dtype.is_float():  # 12345.0 from a spreadsheet library
        given = given.cast(pl.String).str.replace(r"\.0$", "")
    text = given.cast(pl.String, strict=False).str.strip_chars(BLANK)
    if text.str.starts_with("=").any():
        text = text.str.replace(FORMULA_TEXT, "${1}").str.strip_chars(BLANK)
    return text.set(((text == "") | text.str.contains(_EMPTY)).fill_null(False), None)


def _meant(word: str, choices: Mapping[str, str]) -> str | None:
    """What a word stands for, with a code or a foreign word beside it or without (``1-股东``); None for nothing."""
    plain = unicodedata.normalize("NFKC", word)
    plain = re.sub(FORMULA_TEXT, r"\1", plain.strip(BLANK))
    spelled = [plain]
    parts = [part.strip(BLANK + ")") for part in re.split(r"[-:_ (/.]", plain, maxsplit=1)]
    if len(parts) == 2 and any(part.isascii() for part in parts):
        spelled += sorted(parts, key=str.isascii)
    return next((choices[each] for each in map(fold, spelled) if each in choices), None)


def _typed(given: pl.Series, column: Column, worth: int, header: str) -> pl.Series:
    kind = column.kind.name
    if kind == "money":
        return _money(given, worth)
    if kind in ("rate", "share"):
        return _rate(given, percent_is_fraction=kind == "rate")
    if kind == "date":
        if given.dtype == pl.Date:
            return given
        if isinstance(given.dtype, pl.Datetime):
            return given.dt.date()
        return parse_moments(*in_order(_text(given), header))["at"].dt.date()
    if kind == "integer":
        if given.dtype.is_integer():
            return given
        return (
            half_width(_text(given))
            .str.extract(r"^([+-]?[0-9]+)(?:\.0+)?(?:天|日|级)?$")
            .cast(pl.Int64, strict=False)
        )
    if kind == "flag":
        if given.dtype == pl.Boolean:
            return given
        words = {**dict.fromkeys(_TRUE, True), **dict.fromkeys(_FALSE, False)}
        return (
            half_width(_text(given))
            .str.to_lowercase()
            .replace_strict(words, default=None, return_dtype=pl.Boolean)
        )
    if kind == "choice":
        text = given.cast(pl.String, strict=False)
        given_words = text.drop_nulls().unique().to_list()
        meant = {
            word: code for word in given_words if (code := _meant(word, column.kind.choices)) is not None
        }
        return text.replace_strict(meant, default=None, return_dtype=pl.String)
    if kind == "month":
        return _month(given)
    if kind == "account":
        account = clean_account(_text(given))
        account = account.set(account.str.contains(SCIENTIFIC).fill_null(False), None)
        return account.set(account.is_in(_NOTHING).fill_null(False), None)
    text = _text(given)
    text = text.set(text.is_in(_NOTHING).fill_null(False), None)
    if kind == "id":
        text = half_width_text(text.str.replace(_TEXT_MARK, "")).str.replace(r"^([0-9]{4,})\.0+$", "${1}")
        return text.set(text.str.contains(SCIENTIFIC).fill_null(False), None)
    return text


def _money(given: pl.Series, worth: int) -> pl.Series:
    if given.dtype.is_decimal():
        return (given.cast(pl.Decimal(38, 6)) * worth / 100).round(2)
    if given.dtype.is_integer():
        return given.cast(pl.Decimal(38, 2)) * worth / 100
    if given.dtype.is_float():
        given = given.round(6).cast(pl.String)
    fen = _fen(_text(given), worth)
    return (fen.cast(pl.Decimal(20, 2)) / pl.Series([100], dtype=pl.Decimal(20, 2))).cast(
        pl.Decimal(18, 2), strict=False
    )


_IN_CELL = (
    ("(?:百万)元?整?$", 100_000_000),
    ("(?:千万)元?整?$", 1_000_000_000),
    ("亿元?整?$", 10_000_000_000),
    ("万元?整?$", 1_000_000),
)
"""A unit that stands in the cell itself (``5000万元``), and what one is worth in fen."""


def _fen(text: pl.Series, worth: int) -> pl.Series:
    """Read amounts, each in the unit that its cell names, else in the column's."""
    if not text.str.contains("[万亿]").any():
        return parse_fen(text, worth)
    text = half_width_text(text).str.replace(r"[(（](?:人民币|rmb|cny)[)）]$", "").str.replace("^人民币", "")
    fen = parse_fen(text, worth)
    for pattern, own in _IN_CELL:
        named = fen.is_null() & text.str.contains(pattern).fill_null(False)
        if named.any():
            fen = fen.scatter(named.arg_true(), parse_fen(text.filter(named).str.replace(pattern, ""), own))
    return fen


def half_width_text(cells: pl.Series) -> pl.Series:
    """Full-width letters, digits and signs to ASCII, only where there are any."""
    wide = cells.str.contains("[\uff01-\uff5e]").fill_null(False)
    if not wide.any():
        return cells
    return cells.str.replace_many(
        [chr(each + 0xFEE0) for each in range(33, 127)], [chr(each) for each in range(33, 127)]
    )


def _rate(given: pl.Series, *, percent_is_fraction: bool) -> pl.Series:
    """``0.12``, ``12%``, ``12.5 ％``: a rate as a fraction a year; a share in per cent stays as it is."""
    if given.dtype.is_numeric():
        return given.cast(pl.Float64)
    text = half_width(_text(given)).str.replace_all("％", "%", literal=True).str.replace_all(r"\s", "")
    frame = pl.DataFrame({"t": text}).with_columns(
        v=pl.col("t").str.strip_suffix("%").cast(pl.Float64, strict=False), p=pl.col("t").str.ends_with("%")
    )
    scaled = (
        pl.when(pl.col("p") & percent_is_fraction).then((pl.col("v") / 100).round(10)).otherwise(pl.col("v"))
    )
    return frame.select(scaled.alias("v"))["v"].fill_nan(None)


def _scaled(given: pl.Series, value: pl.Series, column: Column, header: str) -> tuple[pl.Series, list[str]]:
    """Bring a column to its scale: rates are fractions a year, shares are per cent.

    A header with ``%`` says it. Where nothing does, rates most of which exceed 1 are per cent, for no
    promise is 100 % a year; shares none of which exceeds 1 are fractions.
    """
    number = value.cast(pl.Float64)
    percent = given.str.contains("[%％]").fill_null(False) if given.dtype == pl.String else None
    marked = percent is not None and bool(percent.any())
    filled = number.drop_nulls()
    if percent is not None and marked and column.kind.name == "rate":
        bare = (~percent & (number > 1)).fill_null(False)  # 12 among 12% and 0.12
        return number.zip_with(~bare, (number / 100).round(10)), []
    if marked or filled.is_empty():
        return number, []
    if column.kind.name == "rate":
        if re.search("[%％‰]", header):
            return (number / (1000 if "‰" in header else 100)).round(10), []
        if float(filled.median() or 0) > 1:  # type: ignore[arg-type]
            return (number / 100).round(10), [f"{column.name} was taken for per cent: most rates exceed 1"]
        return number, []
    top = float(filled.max() or 0)  # type: ignore[arg-type]
    if len(filled) > 1 and 0 < top <= 1 and not re.search("[%％]", header) and (filled % 1 != 0).any():
        return (number * 100).round(8), [f"{column.name} was taken for fractions: none exceeds 1"]
    return number, []


def _month(given: pl.Series) -> pl.Series:
    if given.dtype == pl.Date or isinstance(given.dtype, pl.Datetime):
        return given.dt.strftime("%Y-%m")
    parts = half_width(_text(given)).str.extract_groups(
        r"^([0-9]{4})[-/.年]?([0-9]{1,2})(?:月|[-/.][0-9]{1,2})?(?:\s.*)?$"
    )
    year, month = parts.struct.field("1"), parts.struct.field("2").str.zfill(2)
    good = month.cast(pl.Int32, strict=False).is_between(1, 12).fill_null(False)
    return (year + "-" + month).set(~good, None)


def identifier_warnings(rows: pl.DataFrame, register: str) -> list[str]:
    """Count identifiers whose check digit fails; the numbers themselves are not repeated."""
    checks = {
        "institutions": (("uscc", valid_uscc, "unified social credit codes"),),
        "banks": (("bank_code", valid_cnaps, "CNAPS bank codes"),),
        "accounts": (("bank_code", valid_cnaps, "CNAPS bank codes"),),
    }
    told = []
    for column, check, words in checks.get(register, ()):
        failed = int((~check(rows[column])).fill_null(False).sum())
        if failed:
            told.append(f"{failed} {words} ({column}) fail their check digit")
    if register == "parties":
        people = rows.filter(pl.col("kind") == "person")["id_no"]
        firms = rows.filter(pl.col("kind") == "company")["id_no"]
        failed = int((~valid_identity_number(people)).fill_null(False).sum())
        if failed:
            told.append(f"{failed} identity numbers of persons (id_no) fail their check digit")
        failed = int((~valid_uscc(firms)).fill_null(False).sum())
        if failed:
            told.append(f"{failed} credit codes of companies (id_no) fail their check digit")
    return told


def duplicate_keys(rows: pl.DataFrame, register: Register) -> list[str]:
    """Warn of rows that an equal key further down replaces."""
    twice = rows.height - rows.select(register.key).n_unique() if rows.height else 0
    return [f"{twice} rows are replaced by a later row with the same key"] if twice else []
