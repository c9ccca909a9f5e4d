"""``lookthrough trace``: the money of one statement line, followed through the accounts as a tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
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
    "rest_fen": pl.Int64,
    "rest": pl.String,
}
"""Grain: a line reached by one path. ``amount_fen`` is the part of the start's money that took it;
``share`` that part of the whole start; ``parent`` null for the start itself (node 0). ``low_fen``, ``high_fen``,
``ways``: range of what the line carries at this hop by all paths (`models.tracing.band.BAND_SCHEMA`); null where not
asked for, and for the start. ``rest_fen``: what no child carries on, and why (`RESTS`; null where nothing is left)."""

RESTS = {
    True: {
        "here": ("stays there", "留在该账户"),
        "beyond": ("goes beyond the accounts on hand", "转至在手账户之外"),
        "hops": ("is followed no further", "未再追查"),
    },
    False: {
        "here": ("was there before the statements begin", "账单起始前已有"),
        "beyond": ("comes from beyond the accounts on hand", "来自在手账户之外"),
        "hops": ("is followed no further", "未再追查"),
    },
}
"""What becomes of money that the tree does not carry on, forward or back, in English and Chinese."""


@dataclass(frozen=True, slots=True)
class Tree:
    """One line's money by one method, and where it went by others.

    Attributes
    ----------
    nodes : polars.DataFrame
        `NODES`, parents before children, larger amounts first.
    elsewhere : polars.DataFrame
        `models.tracing.band.BAND_SCHEMA`: lines that carry the money by other methods or orders of a day only, those
        that carry most first; empty where no range was asked for.
    """

    nodes: pl.DataFrame
    elsewhere: pl.DataFrame


def tree(
    marts: judging.DuckMarts, line_id: str, *, forward: bool, hops: int, method: Method, ranged: bool = False
) -> Tree:
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
    Tree

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
        sure = (
            band(context, int(start["line_no"][0]), forward=forward, hops=hops)
            if ranged
            else pl.DataFrame(schema=BAND_SCHEMA)
        )
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
    numbered = _numbered(amounts, first, marts)
    # hops of the tree count from the start, which may be a hop itself
    sure = sure.filter(pl.col("line_no") != first).with_columns(pl.col("hop") - int(itself))
    nodes = numbered.join(sure, on=["hop", "line_no"], how="left", maintain_order="left")
    last = pl.col("hop") + int(itself) >= hops
    return Tree(
        _with_rest(nodes, _paired(marts, nodes["line_no"], forward), last, start_moves=itself),
        sure.join(numbered, on=["hop", "line_no"], how="anti").sort(
            "high_fen", "line_no", descending=[True, False]
        ),
    )


METHODS_ZH = {
    "fifo": "先进先出",
    "lifo": "后进先出",
    "pro_rata": "按比例",
    "lowest": "最低中间余额",
    "receipts first": "同日先收后付",
    "payments first": "同日先付后收",
}
TOLD = (
    "line_no",
    "line_id",
    "booked_at",
    "account_no",
    "counterparty_name",
    "counterparty_account",
    "remark",
)


def _paired(marts: judging.DuckMarts, lines: pl.Series, forward: bool) -> pl.Series:
    """Those among the lines whose other leg, where their money goes to or comes from, is on hand too."""
    mine, other = ("out_line_no", "in_line_no") if forward else ("in_line_no", "out_line_no")
    asked = pl.DataFrame({"line_no": lines.unique()})
    condition = f"{other} is not null and {mine} in (select line_no from asked)"
    return marts.rows("mart_transfer", (mine,), condition, {"asked": asked})[mine]


def _with_rest(nodes: pl.DataFrame, paired: pl.Series, last: pl.Expr, *, start_moves: bool) -> pl.DataFrame:
    """Put beside each node what its children do not carry on; a start that does not move itself lies where it is."""
    carried = nodes.group_by(node=pl.col("parent").cast(pl.Int64)).agg(carried=pl.col("amount_fen").sum())
    on_hand = pl.col("line_no").is_in(paired.implode()) | ((pl.col("node") == 0) & (not start_moves))
    why = pl.when(~on_hand).then(pl.lit("beyond")).when(last).then(pl.lit("hops")).otherwise(pl.lit("here"))
    return (
        nodes.join(carried, on="node", how="left", maintain_order="left")
        .with_columns(rest_fen=pl.col("amount_fen") - pl.col("carried").fill_null(0))
        .with_columns(rest=pl.when(pl.col("rest_fen") > 0).then(why))
        .select(pl.col(c).cast(t) for c, t in NODES.items())
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
        found = tree(marts, line_id, forward=forward, hops=hops, method=method, ranged=ranged)
    rows = list(found.nodes.iter_rows(named=True))
    for r in rows:
        mark = "" if r["parent"] is None else "→ " if forward else "← "
        yield (
            f"{'   ' * r['hop']}{mark}{fen(r['amount_fen'])} ({100 * r['share']:.1f}%)  {_spread(r)}"
            f"{r['booked_at']:%Y-%m-%d %H:%M}  {r['account_no']} ⇄ {r['counterparty'] or '?'}  {r['remark'] or ''}"
            f"{_all_left(r, forward)}"
        )
        if 0 < r["rest_fen"] < r["amount_fen"]:
            yield f"{'   ' * (r['hop'] + 1)}= {fen(r['rest_fen'])} {RESTS[forward][r['rest']][0]}"
    if found.elsewhere.height:
        most = fen(found.elsewhere["high_fen"][0])
        yield (
            f"By other methods or orders of a day it takes {found.elsewhere.height} more lines, with up to {most} "
            f"each: see --method."
        )
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        write_parquet(
            found.nodes.with_columns(yuan(pl.col("amount_fen")).alias("amount")), out / "trace.parquet"
        )
        page = _page(rows, found.elsewhere, line_id=line_id, forward=forward, method=method)
        (out / "trace.html").write_text(page, encoding="utf-8", newline="\n")
        yield f"written: {out}/trace.parquet, {out}/trace.html"


def _page(
    rows: list[dict[str, Any]], elsewhere: pl.DataFrame, *, line_id: str, forward: bool, method: str
) -> str:
    shown = [
        {
            **r,
            "range": _spread_zh(r),
            "amount": fen(r["amount_fen"]),
            "share": f"{100 * r['share']:.1f}%",
            "bar": f"{100 * r['share']:.1f}",
            "left": "" if r["rest"] is None else f"{fen(r['rest_fen'])} {RESTS[forward][r['rest']][1]}",
        }
        for r in rows
    ]
    return (
        environment()
        .get_template("trace.html.j2")
        .render(
            line_id=line_id,
            direction="资金去向" if forward else "资金来源",
            method=METHODS_ZH[method],
            ways="、".join(METHODS_ZH[w] for w in WAYS),
            rows=shown,
            elsewhere=elsewhere.height,
            most=fen(elsewhere["high_fen"][0]) if elsewhere.height else "",
        )
    )


def _all_left(row: dict[str, Any], forward: bool) -> str:
    """What became of a node's whole amount, where no child carries any."""
    return f"  ({RESTS[forward][row['rest']][0]})" if row["rest_fen"] == row["amount_fen"] else ""


def _spread(row: dict[str, Any]) -> str:
    """The range in words; nothing where there is none to tell."""
    if row["ways"] is None:
        return ""
    if row["low_fen"] == row["high_fen"]:
        return "[every method]  "
    return f"[{fen(row['low_fen'])} – {fen(row['high_fen'])}, {row['ways']} of {len(WAYS)} ways]  "


def _spread_zh(row: dict[str, Any]) -> str:
    if row["ways"] is None:
        return ""
    if row["low_fen"] == row["high_fen"]:
        return "各种算法一致"
    return f"{fen(row['low_fen'])} – {fen(row['high_fen'])}（{len(WAYS)} 种算法中 {row['ways']} 种）"
