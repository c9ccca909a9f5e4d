"""``lookthrough trace``: the tree of one line's money as text, as a page and as a table."""

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
from flows.steps.trace import tree
from models.tracing import METHODS
from models.tracing.band import WAYS

RESTS = {
    True: {
        "here": ("stays there", "留在该账户"),
        "beyond": ("goes beyond the accounts on hand", "转至在手账户之外"),
        "hops": ("is followed no further", "未再追查"),
        "gathered": ("is too little to show", "小额未列"),
    },
    False: {
        "here": ("was there before the statements begin", "账单起始前已有"),
        "beyond": ("comes from beyond the accounts on hand", "来自在手账户之外"),
        "hops": ("is followed no further", "未再追查"),
        "gathered": ("is too little to show", "小额未列"),
    },
}
"""What becomes of money that the tree does not carry on (`flows.steps.trace.NODES`), forward or back, in English and
Chinese."""


METHOD_NAMES = {
    "fifo": "先进先出",
    "lifo": "后进先出",
    "pro_rata": "按比例",
    "lowest": "最低中间余额",
    "receipts first": "同日先收后付",
    "payments first": "同日先付后收",
}


def trace_line(
    warehouse: Path,
    line_id: str,
    *,
    forward: bool,
    hops: int,
    method: str,
    out: Path | None,
    ranged: bool = True,
    least_fen: int = 0,
) -> Iterator[str]:
    """Yield the tree as lines of text; write Parquet and HTML where a folder is given.

    Parameters
    ----------
    warehouse : Path
        Folder of the DuckDB file.
    line_id, forward, hops, method, ranged, least_fen
        As `flows.steps.trace.tree`.
    out : Path, optional
        Folder for ``trace.parquet`` (`flows.steps.trace.NODES`) and ``trace.html``.

    Raises
    ------
    ConfigurationError
        Unknown line or method.
    """
    if method not in METHODS:
        raise ConfigurationError(f"--method {method}: choose one of {', '.join(METHODS)}.")
    with judging.DuckMarts(warehouse / judging.WAREHOUSE_FILE) as marts:
        found = tree(
            marts, line_id, forward=forward, hops=hops, method=method, ranged=ranged, least_fen=least_fen
        )
    rows = list(found.nodes.iter_rows(named=True))
    for r in rows:
        mark = "" if r["parent"] is None else "→ " if forward else "← "
        if r["branches"] is not None:
            yield f"{'   ' * r['hop']}{mark}{fen(r['amount_fen'])} ({100 * r['share']:.1f}%)  {r['branches']} smaller branches"
            continue
        yield (
            f"{'   ' * r['hop']}{mark}{fen(r['amount_fen'])} ({100 * r['share']:.1f}%)  {_spread(r)[0]}"
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
            "range": _spread(r)[1],
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
            method=METHOD_NAMES[method],
            ways="、".join(METHOD_NAMES[w] for w in WAYS),
            rows=shown,
            elsewhere=elsewhere.height,
            most=fen(elsewhere["high_fen"][0]) if elsewhere.height else "",
        )
    )


def _all_left(row: dict[str, Any], forward: bool) -> str:
    """What became of a node's whole amount, where no child carries any."""
    return f"  ({RESTS[forward][row['rest']][0]})" if row["rest_fen"] == row["amount_fen"] else ""


def _spread(row: dict[str, Any]) -> tuple[str, str]:
    """The range in words, for the text and for the page; nothing where there is none to tell."""
    if row["ways"] is None:
        return "", ""
    if row["low_fen"] == row["high_fen"]:
        return "[every method]  ", "各种算法一致"
    span = f"{fen(row['low_fen'])} – {fen(row['high_fen'])}"
    return (
        f"[{span}, {row['ways']} of {len(WAYS)} ways]  ",
        f"{span}（{len(WAYS)} 种算法中 {row['ways']} 种）",
    )
