"""``lookthrough trace``: the money of one statement line, followed through the accounts as a tree."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from flows.steps import judge as judging
from flows.steps.errors import ConfigurationError
from flows.steps.exports._pages import environment, fen
from flows.steps.exports._tables import write_parquet
from flows.steps.result import yuan
from models.tracing import METHODS, Method, band
from models.tracing import trace as follow_line
from models.tracing.band import BAND_SCHEMA, WAYS
from models.typologies.base import Context

NODES: dict[str, pl.DataType | type[pl.DataType]] = {
    "node": pl.Int64,
    "parent": pl.Int64,
    "hop": pl.Int64,
    "line_id": pl.String,
    "booked_at": pl.Datetime("us"),
    "account_no": pl.String,
    "counterparty": pl.String,
    "remark": pl.String,
    "amount_fen": pl.Int64,
    "share": pl.Float64,
    "low_fen": pl.Int64,
    "high_fen": pl.Int64,
    "ways": pl.Int64,
}
"""Grain: a line reached by one path. ``amount_fen`` is the part of the start's money that took it;
``share`` that part of the whole start; ``parent`` null for the start itself (node 0). ``low_fen``, ``high_fen``,
``ways``: range of what the line carries at this hop by all paths (`models.tracing.band.BAND_SCHEMA`); null where not
asked for, and for the start."""


def tree(
    marts: judging.DuckMarts, line_id: str, *, forward: bool, hops: int, method: Method, ranged: bool = False
) -> pl.DataFrame:
    """Follow one line's money and return its tree.

    Parameters
    ----------
    marts : DuckMarts
    line_id : str
        As in evidence.parquet; the start of it is enough when it is the only one.
    forward : bool
        Where it went; otherwise where it came from.
    hops : int
    method : str
    ranged : bool
        Whether to trace under every method and both extreme orders of a day, for the range.

    Returns
    -------
    polars.DataFrame
        `NODES`, parents before children, larger amounts first.

    Raises
    ------
    ConfigurationError
        When no line, or more than one, has this id.
    """
    start = marts.lines(pl.Series(marts.find(line_id), dtype=pl.Int64), ("line_no", "amount_fen"))
    if start.height != 1:
        raise ConfigurationError(
            f"{start.height} statement lines have an id that starts with {line_id}; take one from evidence.parquet."
        )
    known = {"tracing.pots": "trace_pot"} if marts.has("trace_pot") else {}
    context = Context(marts=marts, as_of=judging.as_of(marts), stored=known)
    try:
        answer = follow_line(context, int(start["line_no"][0]), forward=forward, hops=hops, method=method)
        sure = band(context, int(start["line_no"][0]), forward=forward, hops=hops) if ranged else None
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
    arrivals = answer.paths
    amounts: dict[tuple[int, ...], int] = {(): start["amount_fen"][0]}
    for path, amount in arrivals.select("path", "amount_fen").iter_rows():
        amounts[tuple(path)] = amounts.get(tuple(path), 0) + amount
    first = int(start["line_no"][0])
    itself = (first,) in amounts
    if itself:
        # The payment itself is the first hop of an out-line: it is the start, not its child.
        amounts = {
            path[1:] if path[:1] == (first,) else path: v for path, v in amounts.items() if path != (first,)
        }
    return _with_band(_numbered(amounts, first, marts), sure, first, int(itself))


TOLD = (
    "line_no",
    "line_id",
    "booked_at",
    "account_no",
    "counterparty_name",
    "counterparty_account",
    "remark",
)


def _with_band(nodes: pl.DataFrame, sure: pl.DataFrame | None, first: int, ahead: int) -> pl.DataFrame:
    """Put the range beside each node; hops of the tree count from the start, which may be a hop itself."""
    if sure is None:
        sure = pl.DataFrame(schema=BAND_SCHEMA)
    sure = sure.filter(pl.col("line_no") != first).with_columns(pl.col("hop") - ahead)
    return nodes.join(sure, on=["hop", "line_no"], how="left", maintain_order="left").select(
        pl.col(c).cast(t) for c, t in NODES.items()
    )


def _numbered(amounts: dict[tuple[int, ...], int], first: int, marts: judging.DuckMarts) -> pl.DataFrame:
    """Put the paths in reading order, number them and say which line each is."""
    children: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
    for path in amounts:
        if path:
            children.setdefault(path[:-1], []).append(path)
    for nodes in children.values():
        nodes.sort(key=lambda p: (-amounts[p], p))
    ordered: list[tuple[int, ...]] = []
    waiting: list[tuple[int, ...]] = [()]
    while waiting:
        path = waiting.pop()
        ordered.append(path)
        waiting.extend(reversed(children.get(path, [])))
    number = {path: n for n, path in enumerate(ordered)}
    whole = amounts[()] or 1
    rows = [
        (
            number[p],
            number[p[:-1]] if p else None,
            len(p),
            p[-1] if p else first,
            amounts[p],
            amounts[p] / whole,
        )
        for p in ordered
    ]
    frame = pl.DataFrame(
        rows, schema=["node", "parent", "hop", "line_no", "amount_fen", "share"], orient="row"
    )
    names = pl.concat_str(
        [pl.col("counterparty_name"), pl.col("counterparty_account")], separator=" ", ignore_nulls=True
    )
    told = marts.lines(frame["line_no"], TOLD).select(
        "line_no", "line_id", "booked_at", "account_no", names.alias("counterparty"), "remark"
    )
    return frame.with_columns(pl.col("line_no").cast(pl.Int64)).join(
        told, on="line_no", how="left", maintain_order="left"
    )


def trace_line(
    warehouse: Path,
    line_id: str,
    *,
    forward: bool,
    hops: int,
    method: str,
    out: Path | None,
    ranged: bool = True,
) -> Iterator[str]:
    """Yield the tree as lines of text; write Parquet and HTML where a folder is given.

    Raises
    ------
    ConfigurationError
        Unknown line or method.
    """
    if method not in METHODS:
        raise ConfigurationError(f"--method {method}: choose one of {', '.join(METHODS)}.")
    with judging.DuckMarts(warehouse / judging.WAREHOUSE_FILE) as marts:
        nodes = tree(marts, line_id, forward=forward, hops=hops, method=method, ranged=ranged)
    rows = list(nodes.iter_rows(named=True))
    for r in rows:
        mark = "" if r["parent"] is None else "→ " if forward else "← "
        yield (
            f"{'   ' * r['hop']}{mark}{fen(r['amount_fen'])} ({100 * r['share']:.1f}%){_spread(r)}  "
            f"{r['booked_at']:%Y-%m-%d %H:%M}  {r['account_no']} ⇄ {r['counterparty'] or '?'}  {r['remark'] or ''}"
        )
    if len(rows) == 1:
        yield (
            "   (still there, or beyond the accounts on hand)"
            if forward
            else "   (from before the statements begin)"
        )
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        write_parquet(nodes.with_columns(yuan(pl.col("amount_fen")).alias("amount")), out / "trace.parquet")
        page = environment().get_template("trace.html.j2").render(
            line_id=line_id,
            direction="资金去向" if forward else "资金来源",
            method=method,
            rows=[
                {**r, "range": _spread(r), "amount": fen(r["amount_fen"]), "share": f"{100 * r['share']:.1f}%", "bar": f"{100 * r['share']:.1f}"}
                for r in rows
            ],
        )  # fmt: skip
        (out / "trace.html").write_text(page, encoding="utf-8", newline="\n")
        yield f"written: {out}/trace.parquet, {out}/trace.html"


def _spread(row: dict[str, Any]) -> str:
    """The range in words; nothing where there is none to tell."""
    if row["ways"] is None:
        return ""
    if row["low_fen"] == row["high_fen"]:
        return "  [every method]"
    return f"  [{fen(row['low_fen'])} – {fen(row['high_fen'])}, {row['ways']} of {len(WAYS)} ways]"
