"""Fragments: the grain that matching within accounts is told in."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import polars as pl

from models.tracing.legs import Ints

Bytes = np.ndarray[tuple[int], np.dtype[np.uint8]]

Method = Literal["fifo", "lifo", "pro_rata", "lowest"]
METHODS: tuple[Method, ...] = get_args(Method)

LOTS, USES = ("line", "opening", "", "overdraft"), ("line", "", "held", "overdraft")
"""Words of what money came by and went to; their places are the virtual lines of `models.tracing.legs`."""
BASES = ("identified", *METHODS)

FRAGMENT_SCHEMA: dict[str, pl.DataType] = {
    "account_id": pl.Int64(),
    "in_line_no": pl.Int64(),
    "out_line_no": pl.Int64(),
    "amount_fen": pl.Int64(),
    "lot": pl.Enum(LOTS),
    "use": pl.Enum(USES),
    "basis": pl.Enum(BASES),
}
"""Grain: a piece of money that lies together in one in-line and one out-line of an account.

``in_line_no`` is null for money the statement does not show coming (``lot`` says ``opening``
or ``overdraft``); ``out_line_no`` is null for money that did not leave (``use`` says ``held``
or ``overdraft`` when it made an overdraft good). ``basis`` is ``identified`` or the method.
Sorted by account, out-line (what did not leave last), in-line."""


def fragment_frame(account: Ints, source: Ints, use: Ints, amount: Ints, basis: Bytes) -> pl.DataFrame:
    """Turn arrays into `FRAGMENT_SCHEMA`, row by row.

    Parameters
    ----------
    account, amount : array
    source, use : array
        Line numbers, or virtual lines of `models.tracing.legs`.
    basis : array
        Places in `BASES`.
    """
    return pl.DataFrame(
        [
            pl.Series("account_id", account),
            _lines(source, "in_line_no"),
            _lines(use, "out_line_no"),
            pl.Series("amount_fen", amount),
            _word("lot", LOTS, _virtual(source)),
            _word("use", USES, _virtual(use)),
            _word("basis", BASES, basis),
        ]
    )


def _virtual(line: Ints) -> Bytes:
    """0 for a line, else how far below zero the virtual leg's number lies."""
    code = np.zeros(line.size, np.uint8)
    here = np.flatnonzero(line < 0)
    code[here] = -line[here]
    return code


def _lines(line: Ints, name: str) -> pl.Series:
    """Line numbers, virtual legs as null."""
    column = pl.Series(name, line)
    if line.size == 0 or line.min() >= 0:
        return column
    return pl.select(pl.when(column >= 0).then(column).alias(name)).to_series()


def _word(name: str, words: tuple[str, ...], code: Bytes) -> pl.Series:
    """Words by their number, one byte a row."""
    return pl.Series(name, code).cat.to(pl.Enum(words))
