"""The account graph of one institution: its accounts, whom they deal with, and how much passed.

Edges are aggregates (one an ordered pair of accounts), so the graph of a pool account with a
million lines is as large as its number of counterparties, and `most` bounds even that: smaller
counterparties of one role are gathered in one node, not lost.
"""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx
import polars as pl

from models.typologies.base import Marts


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is drawn one by one.

    Attributes
    ----------
    rings : int
        1: counterparties of the controlled accounts; 2: also their dealings among and beyond themselves,
        where their statements are on hand.
    most : int
        Counterparties of each role that stand alone, largest turnover first; the rest are gathered.
    """

    rings: int = 1
    most: int = 50


def edges(marts: Marts, institution_id: str, rings: int = 1) -> pl.DataFrame:
    """Money between accounts around one institution, one row an ordered pair.

    Parameters
    ----------
    marts : Marts
        The warehouse (mart_transfer, mart_controlled_account).
    institution_id : str
        A registered id.
    rings : int
        See `Bounds`.

    Returns
    -------
    polars.DataFrame
        Grain: source × target, node ids ``a<account_id>`` or, where only the holder is known,
        ``h<holder_id>``; lines, amount_fen, first_on, last_on. Sorted by source, target. Transfers
        without any known other side have the node ``unknown``.
    """
    controlled = (
        marts.table("mart_controlled_account").filter(institution_id=institution_id)["account_id"].unique()
    )
    transfers = marts.table("mart_transfer")
    inside = set(controlled.to_list())
    touched = transfers.clear()
    for _ in range(rings):
        touched = transfers.filter(
            pl.col("from_account_id").is_in(sorted(inside)) | pl.col("to_account_id").is_in(sorted(inside))
        )
        inside |= set(touched["from_account_id"].drop_nulls().to_list())
        inside |= set(touched["to_account_id"].drop_nulls().to_list())
    return (
        touched.select(
            _node("from").alias("source"),
            _node("to").alias("target"),
            "amount_fen",
            pl.col("paid_at").dt.date().alias("on"),
        )
        .group_by("source", "target")
        .agg(
            pl.len().cast(pl.Int64).alias("lines"),
            pl.col("amount_fen").sum(),
            pl.col("on").min().alias("first_on"),
            pl.col("on").max().alias("last_on"),
        )
        .sort("source", "target")
    )


def _node(side: str) -> pl.Expr:
    return pl.coalesce(
        pl.lit("a") + pl.col(f"{side}_account_id").cast(pl.String),
        pl.lit("h") + pl.col(f"{side}_holder_id").cast(pl.String),
        pl.lit("unknown"),
    )


def account_graph(marts: Marts, institution_id: str, bounds: Bounds | None = None) -> nx.DiGraph:
    """Build the account graph of one institution.

    Parameters
    ----------
    marts : Marts
        The warehouse.
    institution_id : str
        A registered id.
    bounds : Bounds, optional
        How far it reaches and how many counterparties stand alone.

    Returns
    -------
    networkx.DiGraph
        Node attributes: ``name``, ``account_no`` (None for holders and gathered nodes), ``role``
        (towards the institution; ``controlled`` for its accounts), ``account_type``, ``members``.
        Edge attributes: ``lines``, ``amount_fen``, ``first_on``, ``last_on``. Edge amounts add up to
        the transfers they come from, exactly.
    """
    bounds = bounds or Bounds()
    pairs = edges(marts, institution_id, bounds.rings)
    nodes = _nodes(marts, institution_id, pairs)
    turnover = (
        pl.concat(
            [pairs.select(pl.col(c).alias("node"), "amount_fen") for c in ("source", "target")],
        )
        .group_by("node")
        .agg(pl.col("amount_fen").sum())
    )
    ranked = nodes.join(turnover, on="node", how="left").sort(
        "role", "amount_fen", "node", descending=[False, True, False]
    )
    ranked = ranked.with_columns(
        place=pl.int_range(pl.len()).over("role"),
    ).with_columns(
        shown=pl.when((pl.col("role") == "controlled") | (pl.col("place") < bounds.most))
        .then("node")
        .otherwise(pl.lit("rest:") + pl.col("role"))
    )
    shown = ranked.select("node", "shown")
    gathered = (
        pairs.join(shown.rename({"node": "source", "shown": "from"}), on="source")
        .join(shown.rename({"node": "target", "shown": "to"}), on="target")
        .group_by("from", "to")
        .agg(
            pl.col("lines").sum(),
            pl.col("amount_fen").sum(),
            pl.col("first_on").min(),
            pl.col("last_on").max(),
        )
        .sort("from", "to")
    )
    graph: nx.DiGraph = nx.DiGraph(institution_id=institution_id)
    for row in ranked.sort("shown", "node").iter_rows(named=True):
        if row["shown"] in graph:
            graph.nodes[row["shown"]]["members"] += 1
            continue
        alone = row["shown"] == row["node"]
        graph.add_node(
            row["shown"],
            name=row["name"] if alone else f"other {row['role']}",
            account_no=row["account_no"] if alone else None,
            role=row["role"],
            account_type=row["account_type"] if alone else None,
            members=1,
        )
    for row in gathered.iter_rows(named=True):
        graph.add_edge(
            row["from"],
            row["to"],
            lines=row["lines"],
            amount_fen=row["amount_fen"],
            first_on=row["first_on"],
            last_on=row["last_on"],
        )
    return graph


def _nodes(marts: Marts, institution_id: str, pairs: pl.DataFrame) -> pl.DataFrame:
    accounts = marts.table("mart_account").select(
        (pl.lit("a") + pl.col("account_id").cast(pl.String)).alias("node"),
        pl.col("holder_name").alias("name"),
        "account_no",
        "account_type",
        "account_id",
        "holder_id",
    )
    holders = marts.table("mart_holder").select(
        (pl.lit("h") + pl.col("holder_id").cast(pl.String)).alias("node"), "name", "holder_id"
    )
    roles = marts.table("mart_role").filter(institution_id=institution_id).select("holder_id", "role")
    controlled = marts.table("mart_controlled_account").filter(institution_id=institution_id)["account_id"]
    seen = pl.concat([pairs.select(node="source"), pairs.select(node="target")]).unique()
    return (
        seen.join(pl.concat([accounts, holders], how="diagonal"), on="node", how="left")
        .join(roles, on="holder_id", how="left")
        .with_columns(
            role=pl.when(pl.col("account_id").is_in(sorted(set(controlled.to_list()))))
            .then(pl.lit("controlled"))
            .otherwise(pl.col("role").fill_null("unknown")),
            name=pl.col("name").fill_null("?"),
        )
        .sort("node")
    )
