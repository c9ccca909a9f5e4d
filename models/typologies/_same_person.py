"""Cards of one person whom no number identifies: one name, much business, and money moved between them.

Two persons may share a name, so that a name alone ties nothing. Cards of one name that each deal with many others and again
and again move money to each other are one person's.
"""

from __future__ import annotations

import networkx as nx
import polars as pl

from models.typologies.base import Context

BUSY = 10
"""Other sides that pay one of them, or are paid by it."""
TIMES = 2
"""Transfers between two of them."""


def same_persons(ctx: Context) -> pl.DataFrame:
    """Holders that are one person's cards.

    Returns
    -------
    polars.DataFrame
        Grain: ``holder_id``; ``leader_id``, the least of the person's holders. Sorted.
    """
    frame: pl.DataFrame = ctx.shared("same_person.same_persons", _same_persons)
    return frame


def _same_persons(ctx: Context) -> pl.DataFrame:
    busy = ctx.rows("mart_holder_activity", ("holder_id",), f"payers >= {BUSY} or payees >= {BUSY}")
    named = ctx.rows(
        "mart_holder",
        ("holder_id", "name_key", "kind", "id_no", "institution_id", "party_id"),
        "holder_id in (select key from asked)",
        asked=busy["holder_id"],
    )
    loose = pl.all_horizontal(pl.col("id_no", "institution_id", "party_id").is_null())
    named = named.filter(loose & (pl.col("kind") == "person")).drop_nulls("name_key")
    named = named.filter(pl.len().over("name_key") > 1)
    moves = ctx.rows(
        "mart_transfer",
        ("from_holder_id", "to_holder_id"),
        "from_holder_id in (select key from asked) and to_holder_id in (select key from asked)",
        asked=named["holder_id"],
    )
    keys = named.select("holder_id", "name_key")
    pairs = (
        moves.filter(pl.col("from_holder_id") != pl.col("to_holder_id"))
        .join(keys.rename({"holder_id": "from_holder_id"}), on="from_holder_id")
        .join(keys.rename({"holder_id": "to_holder_id"}), on=["to_holder_id", "name_key"])
        .select(
            a=pl.min_horizontal("from_holder_id", "to_holder_id"),
            b=pl.max_horizontal("from_holder_id", "to_holder_id"),
        )
        .group_by("a", "b")
        .len()
        .filter(pl.col("len") >= TIMES)
        .sort("a", "b")
    )
    graph = nx.Graph()
    graph.add_edges_from(pairs.select("a", "b").iter_rows())
    rows = [(holder, min(part)) for part in nx.connected_components(graph) for holder in part]
    schema = {"holder_id": pl.Int32, "leader_id": pl.Int32}
    return pl.DataFrame(rows, schema=schema, orient="row").sort("holder_id")
