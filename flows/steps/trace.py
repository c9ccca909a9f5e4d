"""``lookthrough trace``: the money of one statement line, followed through the accounts as a tree."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from flows.steps import judge as judging
from flows.steps.errors import ConfigurationError
from models.tracing import Method, band
from models.tracing import trace as follow_line
from models.tracing.band import BAND_SCHEMA
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
    "branches": pl.Int64,
}
"""Grain: a line reached by one path. ``amount_fen`` is the part of the start's money that took it;
``share`` that part of the whole start; ``parent`` null for the start itself (node 0). ``low_fen``, ``high_fen``,
``ways``: range of what the line carries at this hop by all paths (`models.tracing.band.BAND_SCHEMA`); null where not
asked for, and for the start. ``rest_fen``: what no child carries on, and ``rest`` why: ``here`` (stays
there; going back, was there before the statements begin), ``beyond`` the accounts on hand, ``hops`` (followed no
further), null where nothing is left. Branches too small to show are gathered into one node without a line, the last
of its siblings: ``branches`` says how many, and ``rest`` is ``gathered``."""
GATHERED = -1
"""Stands for a line in the path of a node that gathers small branches."""


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
    marts: judging.DuckMarts,
    line_id: str,
    *,
    forward: bool,
    hops: int,
    method: Method,
    ranged: bool = False,
    least_fen: int = 0,
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
    least_fen : int
        Branches smaller than this are gathered.

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
    first, whole = start.row(0)
    known = {"tracing.pots": "trace_pot"} if marts.has("trace_pot") else {}
    context = Context(marts=marts, as_of=judging.as_of(marts), stored=known)
    try:
        answer = follow_line(context, first, forward=forward, hops=hops, method=method)
        sure = (
            band(context, first, forward=forward, hops=hops) if ranged else pl.DataFrame(schema=BAND_SCHEMA)
        )
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
    amounts: dict[tuple[int, ...], int] = {(): whole}
    for path, amount in answer.paths.select("path", "amount_fen").iter_rows():
        amounts[tuple(path)] = amounts.get(tuple(path), 0) + amount
    itself = (first,) in amounts
    if itself:
        # The payment itself is the first hop of an out-line: it is the start, not its child.
        amounts = {
            path[1:] if path[:1] == (first,) else path: v for path, v in amounts.items() if path != (first,)
        }
    here = {(len(path), path[-1]) for path in amounts if path}
    carriers = pl.DataFrame(sorted(here), schema={"hop": pl.Int64, "line_no": pl.Int64}, orient="row")
    amounts, branches = _gathered(amounts, least_fen)
    numbered = _numbered(amounts, branches, first, marts)
    # hops of the tree count from the start, which may be a hop itself
    sure = sure.filter(pl.col("line_no") != first).with_columns(pl.col("hop") - int(itself))
    nodes = numbered.join(sure, on=["hop", "line_no"], how="left", maintain_order="left")
    last = pl.col("hop") + int(itself) >= hops
    return Tree(
        _with_rest(nodes, _paired(marts, nodes["line_no"], forward), last, start_moves=itself),
        sure.join(carriers, on=["hop", "line_no"], how="anti").sort(
            "high_fen", "line_no", descending=[True, False]
        ),
    )


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
    gathered = pl.col("branches").is_not_null()
    why = (
        pl.when(gathered)
        .then(pl.lit("gathered"))
        .when(~on_hand)
        .then(pl.lit("beyond"))
        .when(last)
        .then(pl.lit("hops"))
        .otherwise(pl.lit("here"))
    )
    return (
        nodes.join(carried, on="node", how="left", maintain_order="left")
        .with_columns(rest_fen=pl.col("amount_fen") - pl.col("carried").fill_null(0))
        .with_columns(rest=pl.when(pl.col("rest_fen") > 0).then(why))
        .select(pl.col(c).cast(t) for c, t in NODES.items())
    )


def _gathered(
    amounts: dict[tuple[int, ...], int], least: int
) -> tuple[dict[tuple[int, ...], int], dict[tuple[int, ...], int]]:
    """Put branches that carry less together, one node a parent; and how many each such node holds."""
    kept: dict[tuple[int, ...], int] = {}
    branches: dict[tuple[int, ...], int] = {}
    for path in sorted(amounts, key=len):
        if not path or (path[:-1] in kept and amounts[path] >= least):
            kept[path] = amounts[path]
        elif path[:-1] in kept:
            together = (*path[:-1], GATHERED)
            branches[together] = branches.get(together, 0) + 1
            kept[together] = kept.get(together, 0) + amounts[path]
    return kept, branches


def _numbered(
    amounts: dict[tuple[int, ...], int],
    branches: dict[tuple[int, ...], int],
    first: int,
    marts: judging.DuckMarts,
) -> pl.DataFrame:
    """Put the paths in reading order, number them and say which line each is."""
    children: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
    for path in amounts:
        if path:
            children.setdefault(path[:-1], []).append(path)
    for nodes in children.values():
        nodes.sort(key=lambda p: (p in branches, -amounts[p], p))
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
            branches.get(p),
        )
        for p in ordered
    ]
    columns = ["node", "parent", "hop", "line_no", "amount_fen", "share", "branches"]
    frame = pl.DataFrame(rows, schema=columns, orient="row", infer_schema_length=None)
    names = pl.concat_str(
        [pl.col("counterparty_name"), pl.col("counterparty_account")], separator=" ", ignore_nulls=True
    )
    told = marts.lines(frame["line_no"], TOLD).select(
        "line_no", "line_id", "booked_at", "account_no", names.alias("counterparty"), "remark"
    )
    return frame.with_columns(pl.col("line_no").cast(pl.Int64)).join(
        told, on="line_no", how="left", maintain_order="left"
    )
