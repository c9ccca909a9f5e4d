"""What analysts ask: the way of one line's money, as frames and as a graph, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx
import polars as pl

from models.tracing.book import WALKED
from models.tracing.follow import Followed, follow
from models.tracing.hops import LINES, TRANSFERS, Web
from models.tracing.legs import openings
from models.tracing.match import METHODS, Method, match
from models.tracing.reach import Tables, arrivals, web
from models.tracing.taint import taint
from models.tracing.taint_back import taint_back


@dataclass(frozen=True, slots=True)
class Trace:
    """The way of one line's money.

    Attributes
    ----------
    line_no : int
        The line asked about.
    method : str
        The method used inside accounts.
    forward : bool
        Direction.
    steps, ends : polars.DataFrame
        As `models.tracing.follow.Followed`; ends add up to the line.
    paths : polars.DataFrame
        `models.tracing.reach.REACH_SCHEMA`.
    """

    line_no: int
    method: Method
    forward: bool
    steps: pl.DataFrame
    ends: pl.DataFrame
    paths: pl.DataFrame

    def flows(self) -> pl.DataFrame:
        """Sankey-ready: ``hop``, ``from_account_id``, ``to_account_id``, ``amount_fen``; null is unknown."""
        here, there = ("account_id", "cp_account_id") if self.forward else ("cp_account_id", "account_id")
        return (
            self.steps.group_by(
                "hop", pl.col(here).alias("from_account_id"), pl.col(there).alias("to_account_id")
            )
            .agg(pl.col("amount_fen").sum())
            .sort("hop", "from_account_id", "to_account_id", nulls_last=True)
        )

    def graph(self) -> nx.DiGraph:
        """Accounts as nodes, money as edges (``amount_fen``, ``first_hop``)."""
        made = nx.DiGraph()
        for row in self.flows().iter_rows(named=True):
            a, b = row["from_account_id"], row["to_account_id"]
            if made.has_edge(a, b):
                made[a][b]["amount_fen"] += row["amount_fen"]
            else:
                made.add_edge(a, b, amount_fen=row["amount_fen"], first_hop=row["hop"])
        return made


def trace(
    tables: Tables,
    line_no: int,
    *,
    forward: bool = True,
    hops: int = 3,
    days: float | None = None,
    method: Method = "fifo",
    gather_below_fen: int = 0,
) -> Trace:
    """Follow one line's money.

    Parameters
    ----------
    tables : Tables
        A context, marts, or anything with ``table(name)``.
    line_no : int
        ``mart_line.line_no``.
    forward : bool
        Where it went; else where it came from.
    hops, days, gather_below_fen
        As `models.tracing.follow.follow`.
    method : {'fifo', 'lifo', 'pro_rata', 'lowest'}
        ``fifo`` and ``lifo`` put identification first. ``lowest`` takes the money followed to be
        touched last in every account it comes to. ``pro_rata`` follows the largest pieces of a
        hop, and gathers the others: going back, every lot that lay in a pool is an origin.

    Raises
    ------
    ValueError
        Unknown method.
    """
    if method not in METHODS:
        raise ValueError(f"Unknown tracing method {method!r}; choose one of {', '.join(METHODS)}.")
    if method == "pro_rata":
        go = taint if forward else taint_back
        answer = go(
            web(tables, "fifo"), openings(tables.table("mart_line", WALKED)), line_no, hops=hops, days=days
        )
    elif method == "lowest":
        answer = _lowest(tables, line_no, forward, hops, days, gather_below_fen)
    else:
        answer = follow(
            web(tables, method),
            pl.Series([line_no]),
            hops=hops,
            days=days,
            forward=forward,
            gather_below_fen=gather_below_fen,
        )
    return Trace(line_no, method, forward, answer.steps, answer.ends, arrivals(answer))


def _lowest(
    tables: Tables, line_no: int, forward: bool, hops: int, days: float | None, gather: int
) -> Followed:
    """Claim the in-lines that the money came by, hop after hop, until no new one is claimed."""
    base = web(tables, "fifo")
    lines = tables.table("mart_line", tuple(dict.fromkeys((*WALKED, *LINES))))
    transfers = tables.table("mart_transfer", TRANSFERS)
    own = lines.filter((pl.col("line_no") == line_no) & (pl.col("direction") == "in"))
    claimed = set(own["line_no"].to_list())
    answer: Followed | None = None
    for _ in range(hops + 1):
        made = base
        if claimed:
            found = match(lines, "lowest", claimed=pl.Series(sorted(claimed), dtype=pl.Int64))
            made = Web.of(lines, found, transfers)
        answer = follow(
            made, pl.Series([line_no]), hops=hops, days=days, forward=forward, gather_below_fen=gather
        )
        came = transfers.join(
            answer.steps.select(out_line_no="line_no").unique(), on="out_line_no", how="semi"
        )["in_line_no"].drop_nulls()
        more = claimed | set(came.to_list())
        if more == claimed or not forward:
            break
        claimed = more
    assert answer is not None
    return answer


def arrived_range(
    tables: Tables,
    start_lines: pl.Series,
    holders: list[int],
    *,
    hops: int = 3,
    days: float | None = 30,
) -> pl.DataFrame:
    """How much of some lines' money reached some holders, by method: a range instead of one figure.

    Returns
    -------
    polars.DataFrame
        ``method``, ``amount_fen``; last in, first out usually gives the most, first in, first out the
        least where those in between had money of their own.
    """
    rows = []
    methods: tuple[Method, ...] = ("fifo", "lifo")
    for method in methods:
        answer = follow(web(tables, method), start_lines, hops=hops, days=days, stop_holders=holders)
        steps = answer.steps.filter(pl.col("cp_holder_id").is_in(holders))
        rows.append((method, int(steps["amount_fen"].sum())))
    return pl.DataFrame(rows, schema={"method": pl.String, "amount_fen": pl.Int64}, orient="row")
