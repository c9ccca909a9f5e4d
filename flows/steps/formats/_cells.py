"""The cleaned columns of one chunk of a table, by what they were taken for."""

from __future__ import annotations

from functools import cached_property

import polars as pl

from flows.steps.formats._header import Header
from flows.steps.formats._values import (
    BLANK,
    FORMULA_TEXT,
    clean,
    clean_columns,
    has_decimal_comma,
    parse_fen,
)

_MONEY = ("amount", "debit", "credit", "balance")

_UNREAD = ("ignored", "failure", "cp_id", "cp_bank_code", "value_date")
"""Roles that are known, so that no one is warned of them, and not read."""


class Cells:
    """Cleaned columns of one chunk by role."""

    def __init__(self, frame: pl.DataFrame, header: Header) -> None:
        self.header = header
        self.height = frame.height
        self._raw = frame
        used = (each for role, each in header.columns.items() if role not in _UNREAD)
        wanted = sorted({i for each in used for i in each if f"c{i}" in frame.columns})
        self._clean = _unmarked(clean_columns(frame.select([f"c{i}" for i in wanted])))

    def column(self, index: int | None) -> pl.Series:
        name = f"c{index}"
        return self._clean[name] if name in self._clean.columns else nulls(self.height, pl.String())

    def raw(self, index: int) -> pl.Series:
        """Return a column no role names, trimmed."""
        name = f"c{index}"
        if name not in self._raw.columns:
            return nulls(self.height, pl.String())
        return self._raw.select(clean(pl.col(name)))[name]

    def says(self, pattern: str) -> pl.Series:
        """Whether the first filled cell of each row begins with a pattern."""
        columns = [name for name in self._raw.columns if name not in ("record", "cells")]
        first = self._raw.select(pl.coalesce([clean(pl.col(name)) for name in columns]).alias("first"))
        return first["first"].str.contains(rf"^\**\s*(?:{pattern})").fill_null(False)

    def role(self, role: str) -> pl.Series:
        return self.column(self.header.first(role))

    def all(self, role: str) -> list[pl.Series]:
        return [self.column(i) for i in self.header.columns.get(role, ())]

    def has(self, role: str) -> bool:
        return role in self.header.columns

    @property
    def lone_amount(self) -> bool:
        """Whether neither a flag nor a second column nor the parties say which way the money went."""
        sides = self.has("debit") + self.has("credit")
        if sides == 2 or (sides and not self.has("amount")):
            return False
        return not any(self.has(role) for role in ("direction", "payer_account", "payee_account"))

    def flags(self) -> pl.Series:
        """The direction column; a minus in it is a flag where others are a plus, not an empty cell."""
        flags = self.role("direction")
        if not (flags == "+").any():
            return flags
        return flags.fill_null(self._raw[f"c{self.header.first('direction')}"].str.strip_chars(BLANK))

    @cached_property
    def _comma(self) -> bool:
        """Whether the money columns write a decimal comma: one tells for all."""
        return has_decimal_comma([self.role(role) for role in _MONEY if self.has(role)])

    def fen(self, role: str) -> pl.Series:
        index = self.header.first(role)
        worth = self.header.units.get(index, 100) if index is not None else 100
        return parse_fen(self.column(index), worth, self._comma)


def _unmarked(cells: pl.DataFrame) -> pl.DataFrame:
    """Leave out what keeps a cell a text: ``="…"`` round it, or a mark (`` ` `` or ``'``) before every one."""
    if cells.is_empty():
        return cells
    quoted = cells.select(pl.all().str.starts_with('="').any()).row(0)
    if any(quoted):
        names = [name for name, some in zip(cells.columns, quoted, strict=True) if some]
        cells = cells.with_columns(clean(pl.col(names).str.replace(FORMULA_TEXT, "${1}")))
    first = [text for text in cells.row(0) if text]
    mark = first[0][0] if first else ""
    if mark not in "`'" or not mark or len(first) < 3 or any(not text.startswith(mark) for text in first):
        return cells
    return cells.with_columns(pl.all().str.strip_prefix(mark)).select(clean(pl.all()))


def nulls(height: int, dtype: pl.DataType) -> pl.Series:
    return pl.Series("x", [], dtype=dtype).extend_constant(None, height)
