"""Texts that many rows of a mart share: kept once, looked up by their number.

A statement line carries the numbers of its account, its counterparty as given and its file, a subscription those of
its product and investor. Whoever asks a mart for one of these texts gets them as a column of it; each text stays in
memory once, however many lines name it.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

Table = Callable[[str, tuple[str, ...]], pl.DataFrame]
LOOKUPS: dict[str, dict[str, tuple[str, str, str]]] = {
    "mart_line": {
        "account_no": ("mart_account", "account_id", "account_no"),
        **{
            f"counterparty_{c}": ("mart_counterparty", "counterparty_no", f"counterparty_{c}")
            for c in ("account", "name", "bank")
        },
        **{c: ("mart_content", "content_no", c) for c in ("source_file", "source_sha256")},
    },
    "mart_subscription": {
        **{
            f"investor_{c}": ("mart_investor", "investor_no", f"investor_{c}")
            for c in ("id", "account", "name")
        },
        **{
            c: ("mart_product", "product_no", c)
            for c in (
                "institution_id",
                "promised_yield",
                "term_days",
                "issued_on",
                "matures_on",
                "risk_level",
            )
        },
        "product_kind": ("mart_product", "product_no", "kind"),
        **{c: ("mart_delivery", "delivery_no", c) for c in ("source_file", "source_sha256")},
    },
}
"""Relation -> column that it does not hold -> the relation that does, the number both have, the column's name there.

Those numbers are dense and start at 1, and the relations that hold the texts are sorted by them; a row without a
number has no text.
"""


def looked_up(name: str, column: str, rows: Table, texts: Table) -> pl.Series:
    """Return a column that a relation shows though another holds it (`LOOKUPS`).

    Parameters
    ----------
    name, column : str
    rows : callable
        Reads columns of `name`, of all its rows or some.
    texts : callable
        Reads columns of every row of the relation that holds the column.

    Returns
    -------
    polars.Series
        A value for each row of `rows`, in its order.
    """
    holder, number, there = LOOKUPS[name][column]
    found = texts(holder, (there,))[there].gather(rows(name, (number,))[number] - 1)
    return found.alias(column)


def places(known: pl.Series, asked: pl.Series) -> pl.Series:
    """Return the row of each number among numbers in order, found by halving; null where it is not one of them.

    Parameters
    ----------
    known, asked : polars.Series of int
        Of one type; `known` sorted and without null or repetition.
    """
    if known.is_empty():
        return pl.Series([None], dtype=pl.UInt32).new_from_index(0, asked.len())
    found = known.search_sorted(asked).clip(upper_bound=known.len() - 1)
    return pl.select(pl.when(known.gather(found) == asked).then(found)).to_series()
