"""Cells as banks write them into amounts and account numbers; columns at a time (dates: :mod:`_dates`).

Each function takes and gives a series. What cannot be read becomes null: the caller knows where the
cell was not empty and sends that row to the quarantine. Nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

BLANK = " \t\r\n\v\f\u00a0\u3000\u200b\u200c\u200d\u2060\ufeff\u2002\u2003\u2009\u202f"
"""Characters trimmed from both ends of a cell."""

FORMULA_TEXT = r'^="([^"]*)"$'
"""A formula that is nothing but a text: exports write numbers so, lest a spreadsheet change them."""

_EMPTY = r"^(?:[-\u2010-\u2015\u2212\uff0d_/\\*]+|(?i:null|none|nan|n/a|#n/a)|无|（空）|空)$"
_FULL = "０１２３４５６７８９．，＋－（）：／　￥ＣＮＹ＊−﹣‐‑–—"
_HALF = "0123456789.,+-():/ ¥CNY*------"
_CURRENCY_SIGN = r"(?i)^([+\-(]?)\s*(?:cny|rmb|人民币|¥|\u00a5|￥)\s*"
_SIMPLE_AMOUNT = r"^[+-]?[0-9]{1,15}(?:\.[0-9]{1,2})?$"
_THOUSANDS = r"^[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]{1,2})?$"
_GROUPED = r"^[+-]?(?:[0-9]{1,15}|[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,4}(?:,[0-9]{4})+)(?:\.[0-9]*)?$"


_COMMA = r"^[^0-9]*(?:[0-9]{1,3}(?:[.\s'][0-9]{3})+|[0-9]+),[0-9]{1,2}[^0-9.,]*$"
_GROUPED_COMMA = r"^[^0-9]*[0-9]{1,3}(?:[.\s'][0-9]{3})+,[0-9]{1,2}[^0-9.,]*$"
_POINT = r"^[^0-9]*[0-9][0-9,\s']*\.[0-9]{1,2}[^0-9.,]*$"

_DEBIT_BESIDE = r"(?i)[0-9]\(?(?:dr|d|借|付|支)\)?$|^(?:dr|借|付|支):?[0-9¥(]"
_SIDE_BEHIND = r"(?i)([0-9])\s*\(?(?:dr|cr|d|c|借|贷|付|收|支)\)?$"
_SIDE_BEFORE = r"(?i)^(?:dr|cr|借|贷|付|收|支):?"
"""``100.00CR``, ``贷100.00``, ``100.00(付)``: which side the amount is on, in its own cell."""

POWER = r"(?i)^[+-]?[0-9](?:\.[0-9]+)?e\+?[0-9]+$"
"""An amount as a power of ten: a spreadsheet showed it short, so digits may be lost."""

_DOUBLE = 2.0**-51
"""How far a number of a spreadsheet may lie from what was typed, of its size."""

_SURE_COMMAS = 2
"""Cells such as ``100,00`` from which on the comma is the decimal sign: no thousands are written so."""

_MANY = 20_000
"""Rows above which a column is worth a look before it is worked on."""

_SAMPLE = 2_000


def clean(cells: pl.Expr) -> pl.Expr:
    """Trim a cell; dashes, ``/`` and the like that stand for an empty cell become null."""
    trimmed = cells.str.strip_chars(BLANK)
    return pl.when((trimmed != "") & ~trimmed.str.contains(_EMPTY)).then(trimmed)


def clean_columns(frame: pl.DataFrame) -> pl.DataFrame:
    """Clean every cell of a frame of strings (:func:`clean`), touching twice only columns that need it."""
    if frame.height > _MANY:
        return pl.DataFrame([_clean_column(each) for each in frame.get_columns()])
    trimmed = frame.select(pl.all().str.strip_chars(BLANK))
    if trimmed.is_empty():
        return trimmed
    empty = trimmed.select(((pl.all() == "") | pl.all().str.contains(_EMPTY)).any()).row(0)
    cells = [pl.col(name) for name, some in zip(trimmed.columns, empty, strict=True) if some]
    return trimmed.with_columns(
        [pl.when((each != "") & ~each.str.contains(_EMPTY)).then(each) for each in cells]
    )


def _clean_column(cells: pl.Series) -> pl.Series:
    """Clean a long column; what it holds over and over, or digits alone, is looked at but once."""
    name = cells.name
    distinct = few_distinct(cells)
    if distinct is not None:
        return replaced(cells, distinct, distinct.to_frame(name).select(clean(pl.col(name))).to_series())
    if (
        not any(each.str.contains("[^0-9]").any() for each in (cells.head(1), cells))
        and not (cells == "").any()
    ):
        return cells
    trimmed = cells.str.strip_chars(BLANK)
    if (trimmed == "").any() or trimmed.str.contains(_EMPTY).any():
        return trimmed.to_frame().select(clean(pl.col(name))).to_series()
    return trimmed


def few_distinct(cells: pl.Series) -> pl.Series | None:
    """Return the distinct cells of a long column in which they are few, else None."""
    if len(cells) <= _MANY or cells.gather_every(len(cells) // _SAMPLE).n_unique() > _SAMPLE // 8:
        return None
    distinct = cells.unique()
    return distinct if len(distinct) <= len(cells) // 8 else None


def replaced(cells: pl.Series, old: pl.Series, new: pl.Series) -> pl.Series:
    """Put `new` in the place of `old`, where they differ; both hold every distinct cell."""
    changed = old.ne_missing(new)
    if not changed.any():
        return cells
    if new.null_count() == len(new):
        return nulls_of(cells.name, pl.String(), len(cells))
    return cells.replace(old.filter(changed), new.filter(changed))


def half_width(cells: pl.Series) -> pl.Series:
    """Full-width digits and signs to ASCII, only where there are any."""
    wide = cells.str.contains(r"[^\x00-\x7f]")
    if not wide.any():
        return cells
    return cells.str.replace_many(list(_FULL), list(_HALF))


def nulls_of(name: str, dtype: pl.DataType, height: int) -> pl.Series:
    """Return a column of nulls."""
    return pl.Series(name, [], dtype=dtype).extend_constant(None, height)


def patched(values: pl.Series, where: pl.Series, patch: pl.Series) -> pl.Series:
    """Put `patch` where `where` is true."""
    return values.scatter(where.arg_true(), patch) if where.any() else values


def parse_fen(cells: pl.Series, worth: int = 100, comma: bool | None = None) -> pl.Series:
    """Read amounts as integer fen (分).

    Thousands separators, ￥/¥/CNY, 元, full-width digits, brackets or a trailing minus for negatives,
    ``DR``/``CR`` behind a balance are understood; a number with more than two decimals that is not a
    binary rounding of one with two is not.

    Parameters
    ----------
    cells : polars.Series
        Cleaned strings.
    worth : int
        What one is worth in fen: 100, and 1 000 000 where the header says 万元.
    comma : bool or None
        Whether the table writes a decimal comma; None asks this column alone.
    """
    simple = cells.str.contains(_SIMPLE_AMOUNT).fill_null(False)
    values = nulls_of(cells.name, pl.Int64(), len(cells))
    if worth == 100:
        if simple.all():
            return _decimal_fen(cells)
        values = patched(values, simple, _decimal_fen(cells.filter(simple)))
        hard = ~simple & cells.is_not_null()
        grouped = hard & cells.str.contains(_THOUSANDS).fill_null(False)
        if grouped.any():
            plain = cells.filter(grouped).str.replace_all(",", "", literal=True)
            values = patched(values, grouped, _decimal_fen(plain))
            hard = hard & ~grouped
    else:
        hard = cells.is_not_null()
    if comma if comma is not None else hard.any() and has_decimal_comma([cells]):
        points = cells.str.replace_all(r"[.\s']", "").str.replace(",", ".", literal=True)
        return parse_fen(points, worth, comma=False)
    if hard.any():
        values = patched(values, hard, _parse_hard(cells.filter(hard), worth))
    return values


def has_decimal_comma(columns: Sequence[pl.Series]) -> bool:
    """Whether a table writes ``1.234,56``: some cells leave no doubt, and none has a decimal point."""
    written = [each for each in columns if each.str.contains(",", literal=True).any()]
    if not written:
        return False
    sure = any(each.str.contains(_GROUPED_COMMA).any() for each in written)
    sure = sure or sum(int(each.str.contains(_COMMA).sum()) for each in written) >= _SURE_COMMAS
    return sure and not any(each.str.contains(_POINT).any() for each in columns)


def _decimal_fen(cells: pl.Series) -> pl.Series:
    return (cells.cast(pl.Decimal(20, 2), strict=False) * 100).cast(pl.Int64, strict=False)


def _parse_hard(cells: pl.Series, worth: int) -> pl.Series:
    s = half_width(cells).str.replace_all(r"[\s']", "").str.replace(r"(?i)(?:元整?|cny|rmb)([)-]?)$", "${1}")
    s = s.str.replace(r"^([+(-]?)\.([0-9])", "${1}0.${2}")
    frame = pl.DataFrame({"s": s}).with_columns(s=pl.col("s").str.replace(_CURRENCY_SIGN, "${1}"))
    s_ = pl.col("s")
    frame = frame.with_columns(
        neg=s_.str.contains(r"^\(.*\)$") | s_.str.contains(r"^[^-]+-$") | s_.str.contains(_DEBIT_BESIDE),
        s=s_.str.replace(r"^\(([^-+].*)\)$", "${1}")
        .str.replace(r"^([^-+].*)-$", "${1}")
        .str.replace(_SIDE_BEHIND, "${1}")
        .str.replace(_SIDE_BEFORE, ""),
    )
    frame = frame.with_columns(s=s_.str.replace(_CURRENCY_SIGN, "${1}"))
    frame = frame.with_columns(
        s=pl.when(s_.str.contains(_GROUPED)).then(s_.str.replace_all(",", "", literal=True)).otherwise(None)
    )
    scaled = (s_.cast(pl.Decimal(38, 12), strict=False) * worth).alias("v")
    frame = frame.with_columns(scaled, decimals=s_.str.extract(r"\.([0-9]*)$").str.len_chars().fill_null(0))
    fen = pl.col("v").round(0)
    exact = (pl.col("v") - fen) == 0
    nearest = pl.max_horizontal(pl.lit(0.0001), pl.col("v").cast(pl.Float64).abs() * _DOUBLE)
    rounding = (pl.col("decimals") >= 8) & ((pl.col("v") - fen).abs().cast(pl.Float64) < nearest)
    fen_int = fen.cast(pl.Int64, strict=False)
    return frame.select(
        pl.when(exact | rounding)
        .then(pl.when(pl.col("neg")).then(-fen_int).otherwise(fen_int))
        .otherwise(None)
    ).to_series()


def clean_account(cells: pl.Series) -> pl.Series:
    """Tidy account numbers: width, inner spaces, Excel's apostrophe and ``.0``; never to a number."""
    distinct = few_distinct(cells)
    if distinct is not None:
        return replaced(cells, distinct, clean_account(distinct))
    odd = cells.str.contains(r"[^0-9]").fill_null(False)
    if not odd.any():
        return cells
    some = (
        half_width(cells.filter(odd))
        .str.replace_all(r"[\s\u00a0\u3000]", "")
        .str.replace(r"^[='`\"]+", "")
        .str.replace(r"[\"']+$", "")
        .str.replace(r"^([0-9]{5,})\.0+$", "${1}")
    )
    grouped = some.str.contains(_CARD_GROUPS).fill_null(False)
    if grouped.any():
        some = patched(some, grouped, some.filter(grouped).str.replace_all("-", "", literal=True))
    return patched(cells, odd, some)


_CARD_GROUPS = r"^[0-9]{4}(?:-[0-9]{4}){2,3}-[0-9]{1,4}$"
"""A card number in groups of four: the dashes are no part of it, as they are before a sub-account."""

SCIENTIFIC = r"(?i)^[0-9](?:\.[0-9]+)?e\+?[0-9]+$"
"""An account number that a spreadsheet turned into a power of ten: its digits are lost."""
