"""Names made comparable, never changed in what is shown.

Only distinct names come here: they are joined into one text, folded (NFKC) and turned from
traditional to simplified characters (OpenCC) in two calls, and split again, so the cost is
that of the characters, with no loop over names or lines. The pattern work (company forms,
account suffixes, masks) follows in ``sql/intermediate/int_name__key.sql``.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import duckdb
import opencc
import polars as pl


@lru_cache(maxsize=1)
def _simplifier() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


def plain(names: pl.Series) -> pl.Series:
    """Fold width and compatibility forms and turn traditional into simplified characters.

    Parameters
    ----------
    names : polars.Series of str
        Distinct names; line breaks inside a name count as a space.

    Returns
    -------
    polars.Series of str
        Same length and order.
    """
    if names.is_empty():
        return names
    text = "\n".join(names.str.replace_all(r"[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]", " ").to_list())
    folded = _simplifier().convert(unicodedata.normalize("NFKC", text))
    return pl.Series(names.name, folded.split("\n"), dtype=pl.String)


def make_plain(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``int_name__plain``: each name of ``int_name__distinct`` beside its plain form."""
    frame = con.sql("select name from int_name__distinct order by name").pl()
    made = frame.with_columns(plain(frame["name"]).alias("plain"))
    con.register("made_names", made)
    con.execute("create temp table int_name__plain as select name, plain from made_names order by name")
    con.unregister("made_names")
