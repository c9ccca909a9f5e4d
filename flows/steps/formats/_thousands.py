"""Amounts whose thousands are parted by the very comma that parts the cells, without quotation marks.

``…,1,234.56,9,000.00,…`` has more cells than the header has names, and read cell by cell it would hold an amount of
one. Where putting the groups together again gives as many cells as there are names, they are; where it does not, the
row is not read.
"""

from __future__ import annotations

import polars as pl

_GROUPS = r"(^|,)([+-]?[￥¥]?[0-9]{1,3})((?:,[0-9]{3})+\.[0-9]{1,2})(,|$)"
_LOOKED_AT = 200


def mend_thousands(lines: pl.DataFrame, delimiter: str, names: int) -> tuple[pl.DataFrame, pl.Series | None]:
    """Put parted amounts together in rows with more cells than names.

    Parameters
    ----------
    lines : polars.DataFrame
        ``record``, ``line``.
    delimiter : str
        What parts the cells; nothing is done unless it is a comma.
    names : int
        Names in the header row.

    Returns
    -------
    tuple
        The lines, and the records of rows that seem to hold such an amount and could not be mended (None: none).
    """
    if delimiter != "," or names < 3:
        return lines, None
    if not lines["line"].head(_LOOKED_AT).str.contains(_GROUPS).any():
        return lines, None
    line = pl.col("line")
    marked = lines.with_columns(
        odd=(line.str.count_matches(",", literal=True) >= names)
        & line.str.contains(_GROUPS)
        & ~line.str.contains('"', literal=True)
    )
    if not marked["odd"].any():
        return lines, None
    joined = pl.when("odd").then(_joined(line)).otherwise(line)
    more = pl.col("joined").str.count_matches(",", literal=True).cast(pl.Int64) - (names - 1)
    mended = marked.with_columns(joined=joined).with_columns(
        fits=pl.col("odd") & ((more == 0) | ((more == 1) & pl.col("joined").str.ends_with(",")))
    )
    doubtful = mended.filter(pl.col("odd") & ~pl.col("fits"))["record"]
    result = mended.select("record", line=pl.when("fits").then("joined").otherwise("line"))
    return result, doubtful if len(doubtful) else None


def _joined(line: pl.Expr) -> pl.Expr:
    """Take the commas out of amounts of two to five groups, the longest first."""
    line = line.str.replace_all(",", ",,", literal=True)  # so that neighbours share no comma
    for groups in range(4, 0, -1):
        parts = ",,([0-9]{3})" * groups
        digits = "".join(f"${{{i}}}" for i in range(2, groups + 4))
        line = line.str.replace_all(
            rf"(^|,)([+-]?[￥¥]?[0-9]{{1,3}}){parts}(\.[0-9]{{1,2}})(,|$)", f"${{1}}{digits}${{{groups + 4}}}"
        )
    return line.str.replace_all(",,", ",", literal=True)
