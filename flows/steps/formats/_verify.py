"""Hold what a header was taken for against the cells below it.

A name that no table knows may promise more than its column holds (``收入/支出`` ends like a debit column
and holds flags), and the column that says which way the money went may have no name that tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from flows.steps.formats._aliases import Alias, normalise_header
from flows.steps.formats._direction import flag_sign
from flows.steps.formats._header import Header
from flows.steps.formats._values import clean_columns, parse_fen

LOOKED_AT = 200
_MONEY = ("amount", "debit", "credit", "balance")
_FEW = 4
_NEARLY_ALL = 0.95


def verified(header: Header, rows: pl.DataFrame, aliases: Mapping[str, tuple[Alias, ...]]) -> Header:
    """Return the header with roles that its cells bear out.

    Parameters
    ----------
    header : Header
        As its names alone were understood.
    rows : polars.DataFrame
        The first rows below it (``c0`` …).
    aliases : mapping
        The table of names: what it names is believed.
    """
    names = [name for name in rows.columns if name not in ("record", "cells")]
    if rows.is_empty() or not names:
        return header
    columns = dict(header.columns)
    used = {i for role in _MONEY for i in columns.get(role, ())}
    guessed = [
        i
        for i, text in enumerate(header.texts)
        if i in used and text and normalise_header(text) not in aliases
    ]
    sides = [role for role in ("debit", "credit") if role in columns]
    told = "direction" in columns or "payer_account" in columns or "payee_account" in columns
    wanting = not told and ("amount" in columns or len(sides) == 1) and len(sides) < 2
    if not guessed and not wanting:
        return header
    cells = clean_columns(rows.head(LOOKED_AT).select(names))
    for i in guessed:
        if f"c{i}" in cells.columns and _is_text(cells[f"c{i}"]):
            columns = _without(columns, i)
    sides = [role for role in ("debit", "credit") if role in columns]
    free = [i for i in range(len(header.texts)) if f"c{i}" in cells.columns and _is_free(i, columns)]
    if "direction" not in columns and "amount" in columns and not sides and not told:
        flags = next((i for i in free if _holds_flags(cells[f"c{i}"])), None)
        if flags is not None:
            columns = {**_without(columns, flags), "direction": (flags,)}
    elif len(sides) == 1 and "amount" not in columns and not told:
        own = parse_fen(cells[f"c{columns[sides[0]][0]}"])
        other = next((i for i in free if _complements(own, parse_fen(cells[f"c{i}"]))), None)
        if other is not None:
            columns["credit" if sides == ["debit"] else "debit"] = (other,)
    return header if columns == dict(header.columns) else replace(header, columns=columns)


def _without(columns: Mapping[str, tuple[int, ...]], index: int) -> dict[str, tuple[int, ...]]:
    left = {role: tuple(i for i in each if i != index) for role, each in columns.items()}
    return {role: each for role, each in left.items() if each}


def _is_free(index: int, columns: Mapping[str, tuple[int, ...]]) -> bool:
    """Whether a column has no role, or one that says little of the line."""
    return not any(index in each for role, each in columns.items() if role != "channel")


def _is_text(cells: pl.Series) -> bool:
    """Whether a column taken for money holds words instead: flags, and no digit in any of them."""
    filled = cells.drop_nulls()
    return len(filled) > 0 and not filled.str.contains("[0-9]").any() and _holds_flags(cells)


def _holds_flags(cells: pl.Series) -> bool:
    filled = cells.drop_nulls()
    if len(filled) < _NEARLY_ALL * len(cells) or filled.n_unique() > _FEW or not len(filled):
        return False
    return flag_sign(filled).count() == len(filled)


def _complements(own: pl.Series, other: pl.Series) -> bool:
    """Whether two columns of amounts are the two sides: where one is filled the other is not."""
    a, b = (own != 0).fill_null(False), (other != 0).fill_null(False)
    return bool(b.any()) and not (a & b).any() and int((a | b).sum()) >= _NEARLY_ALL * len(own)
