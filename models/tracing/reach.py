"""Reach: what typologies ask of tracing. Where did these lines' money get to, within k hops and n days?"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Protocol

import polars as pl

from models.tracing.book import WALKED, all_legs
from models.tracing.follow import Followed, follow
from models.tracing.hops import FRAGMENTS, LINES, TRANSFERS, Web
from models.tracing.match import Method, match, match_legs
from models.tracing.pieces import StopGroups
from models.tracing.pots import pots
from models.typologies.base import Context

REACH_SCHEMA: dict[str, pl.DataType] = {
    "start_line_no": pl.Int64(),
    "end_line_no": pl.Int64(),
    "end_account_id": pl.Int64(),
    "end_holder_id": pl.Int64(),
    "booked_at": pl.Datetime("us"),
    "hops": pl.Int64(),
    "amount_fen": pl.Int64(),
    "path": pl.List(pl.Int64()),
}
"""Grain: a piece of a start's money arriving at a counterparty. ``end_line_no`` is the line that took it
there; ``path`` lists the lines from the start to it, each payment once (seen from the payer, or
going back from the payee). A fen that travels on shows again at its next hop: name the holders of
interest as ``stop_holders`` and filter on them, and each fen counts once."""


class Tables(Protocol):
    """Anything that reads a relation: a typology's context or marts."""

    def table(self, name: str, columns: tuple[str, ...] | None = None) -> pl.DataFrame:
        """Return a whole relation."""
        ...


def web(tables: Tables, method: Method = "fifo") -> Web:
    """The web of all monitored accounts, made once a run where `tables` can remember (``shared``).

    ``fifo`` reads ``trace_fragment``; other methods are matched here. Identification goes first
    in both, provided `tables` is a context.
    """
    shared: Any = getattr(tables, "shared", None)
    if shared is not None:
        made: Web = shared(f"tracing.web.{method}", lambda ctx: _web(ctx, method))
        return made
    return _web(tables, method)


def _web(tables: Tables, method: Method) -> Web:
    if method == "fifo":
        fragments = tables.table("trace_fragment", FRAGMENTS)
    elif isinstance(tables, Context):
        fragments = match_legs(all_legs(tables), method, pots=pots(tables))
    else:
        fragments = match(tables.table("mart_line", WALKED), method)
    transfers = tables.table("mart_transfer", TRANSFERS)
    return Web.of(tables.table("mart_line", LINES), fragments, transfers)


def reach(
    tables: Tables,
    start_lines: pl.Series,
    *,
    hops: int = 3,
    days: float | None = 30,
    forward: bool = True,
    method: Method = "fifo",
    stop_holders: Collection[int] = (),
    stop_accounts: Collection[int] = (),
    stop_groups: StopGroups | None = None,
    gather_below_fen: int = 0,
) -> pl.DataFrame:
    """Every place that the money of some lines got to (or, going back, came from).

    Parameters
    ----------
    tables : Tables
        A `models.typologies.base.Context`, or anything with ``table(name)``.
    start_lines : polars.Series
        Line numbers. An out-line's own payment is hop 1; so is the first payment onward of an
        in-line's money.
    hops, days, forward, stop_holders, stop_accounts, stop_groups, gather_below_fen
        As `models.tracing.follow.follow`.
    method : {'fifo', 'lifo'}
        How money is told apart in the accounts passed through.

    Returns
    -------
    polars.DataFrame
        `REACH_SCHEMA`, sorted by start, hop, line.
    """
    answer = follow(
        web(tables, method),
        start_lines,
        hops=hops,
        days=days,
        forward=forward,
        stop_holders=stop_holders,
        stop_accounts=stop_accounts,
        stop_groups=stop_groups,
        gather_below_fen=gather_below_fen,
    )
    return arrivals(answer)


def arrivals(answer: Followed) -> pl.DataFrame:
    """The steps of an answer as `REACH_SCHEMA`, with the path of each."""
    done: list[pl.DataFrame] = []
    known: pl.DataFrame | None = None
    for hop in sorted(answer.steps["hop"].unique().to_list()):
        now = answer.steps.filter(pl.col("hop") == hop)
        if known is None:
            now = now.with_columns(pl.concat_list("line_no").alias("path"))
        else:
            now = now.join(
                known.select(pl.col("step_no").alias("parent_no"), pl.col("path").alias("before")),
                on="parent_no",
                how="left",
            ).with_columns(
                pl.when(pl.col("before").is_null())
                .then(pl.concat_list("line_no"))
                .otherwise(pl.concat_list("before", "line_no"))
                .alias("path")
            )
        known = now.select("step_no", "path")
        done.append(now.select(*answer.steps.columns, "path"))
    if not done:
        return pl.DataFrame(schema=REACH_SCHEMA)
    return (
        pl.concat(done)
        .select(
            "start_line_no",
            pl.col("line_no").alias("end_line_no"),
            pl.col("cp_account_id").alias("end_account_id"),
            pl.col("cp_holder_id").alias("end_holder_id"),
            "booked_at",
            pl.col("hop").alias("hops"),
            "amount_fen",
            "path",
        )
        .sort("start_line_no", "hops", "end_line_no", "path", "amount_fen")
        .cast(pl.Schema(REACH_SCHEMA))
    )
