"""Project money followed through other people's accounts to where it was meant to go.

Tracing by order of arrival (`models.tracing`) answers what *must* have happened in every account; those who pass money
on choose what they say it was. Here the question is narrower: how much of the money lent under a project
*can* have reached a kind of recipient within so many transfers and days, each fen once? Money is
passed on in time order; an account on the way pays the recipients out of what it got first.
The answer is an upper bound; `models.tracing.reach` gives the other end of the range.

Transfers are counted between holders, so that a second account of the same person is no hop. Complexity:
joins for the web around the starts, then one pass over the transfers that lie on some path.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.typologies._frames import parts
from models.typologies._parties import in_time
from models.typologies.base import Context

_MOVES = (
    "transfer_no",
    "from_account_id",
    "from_holder_id",
    "to_holder_id",
    "to_account_id",
    "paid_at",
    "arrived_at",
    "amount_fen",
    "fee_fen",
    "out_line_no",
    "in_line_no",
)
ARRIVALS: dict[str, pl.DataType] = {
    "start_no": pl.Int64(),
    "target_id": pl.Int64(),
    "arrived_on": pl.Date(),
    "amount_fen": pl.Int64(),
    "hops": pl.Int64(),
    "path": pl.List(pl.Int64()),
}
"""Grain: a piece of a start's money arriving at a target. ``start_no`` is the ``line_no`` of the start;
``path`` lists the lines of both legs of each transfer on the way, the start not counted."""


@dataclass(slots=True)
class _Lot:
    start: int
    left: int
    until: dt.date
    hops: int
    path: tuple[int, ...] = field(default=())


def edges(ctx: Context) -> pl.DataFrame:
    """Transfers between different holders (grain: transfer_no), sorted by time.

    ``out_fen`` is what left, ``amount_fen`` what arrived. Payments out of client accounts are left
    out: they begin a path and never carry one on.
    """

    def make(ctx: Context) -> pl.DataFrame:
        client = (
            ctx.table("mart_controlled_account")
            .filter(~pl.col("account_type").is_in(["own", "other"]))
            .select(from_account_id="account_id")
            .unique()
        )
        return (
            ctx.table("mart_transfer", _MOVES)
            .join(client, on="from_account_id", how="anti")
            .filter(
                pl.col("from_holder_id").is_not_null()
                & pl.col("to_holder_id").is_not_null()
                & (pl.col("from_holder_id") != pl.col("to_holder_id"))
            )
            .with_columns(
                out_fen=pl.col("amount_fen") + pl.col("fee_fen").fill_null(0),
                paid_on=pl.col("paid_at").dt.date(),
                arrived_on=pl.col("arrived_at").dt.date(),
            )
            .select(
                "transfer_no",
                "from_holder_id",
                "to_holder_id",
                "to_account_id",
                "paid_at",
                "paid_on",
                "arrived_on",
                "out_fen",
                "amount_fen",
                "out_line_no",
                "in_line_no",
            )
            .sort("paid_at", "transfer_no")
        )

    frame: pl.DataFrame = ctx.shared("paths.edges", make)
    return frame


def barriers(ctx: Context) -> pl.DataFrame:
    """Holders through whom nobody's money can be followed: institutions, banks, payment firms."""

    def make(ctx: Context) -> pl.DataFrame:
        kinds = ctx.table("mart_holder_kind").select("holder_id")
        accounts = ctx.table("mart_account", ("account_id", "holder_id"))
        tills = ctx.table("mart_controlled_account").join(accounts, on="account_id").select("holder_id")
        return pl.concat([kinds, tills]).drop_nulls().unique().sort("holder_id")

    frame: pl.DataFrame = ctx.shared("paths.barriers", make)
    return frame


def arrivals(
    ctx: Context,
    starts: pl.DataFrame,
    goals: pl.DataFrame,
    *,
    hops: int = 3,
    days: int = 30,
    accounts: pl.DataFrame | None = None,
) -> dict[str, pl.DataFrame]:
    """Money of the starts that can have reached the targets, for all institutions at once.

    Parameters
    ----------
    ctx : Context
    starts : polars.DataFrame
        ``institution_id``, ``line_no``, ``holder_id`` (who got the money), ``booked_on``, ``amount_fen``:
        payments out of client accounts. They are the first hop.
    goals : polars.DataFrame
        ``institution_id``, ``holder_id``: holders looked for. Money that reaches one stops there.
    hops, days : int
        Transfers counted from the client account, and days from the start.
    accounts : polars.DataFrame, optional
        ``institution_id``, ``account_id``: only these accounts of the targets count; transfers to their others
        are no arrivals.

    Returns
    -------
    dict
        Institution -> `ARRIVALS`, sorted by start, day, path; institutions with no arrival are absent.
    """
    columns = ["institution_id", "line_no", "holder_id", "booked_on", "amount_fen"]
    first = starts.filter(pl.col("holder_id").is_not_null()).select(columns)
    first = first.with_columns(pl.col("holder_id").cast(pl.Int64))
    goals = goals.select("institution_id", pl.col("holder_id").cast(pl.Int64)).drop_nulls().unique()
    paths = web(ctx, first, goals, hops, days)
    if accounts is not None:
        inside = accounts.select("institution_id", pl.col("account_id").cast(pl.Int64).alias("to_account_id"))
        at_goal = paths.join(
            goals.rename({"holder_id": "to_holder_id"}), on=["institution_id", "to_holder_id"], how="semi"
        )
        elsewhere = at_goal.join(inside, on=["institution_id", "to_account_id"], how="anti")
        paths = paths.join(elsewhere, on=["institution_id", "transfer_no"], how="anti")
    who = ["institution_id", "holder_id"]
    leaving = paths.select("institution_id", holder_id="from_holder_id")
    useful = first.join(pl.concat([leaving, goals]).unique(), on=who, how="semi").sort("booked_on", "line_no")
    paths = paths.sort("paid_at", "transfer_no")
    sought = goals.join(useful.select("institution_id").unique(), on="institution_id", how="semi")
    targets = parts(sought)
    edges_of, found = parts(paths), {}
    for institution, queue in sorted(parts(useful).items()):
        goal = set(targets[institution]["holder_id"]) if institution in targets else set()
        along = edges_of.get(institution, paths.clear())
        frame = _pass_on(queue, along, goal, hops, days)
        if frame.height:
            dated = in_time(
                ctx, frame.with_columns(institution_id=pl.lit(institution)), "target_id", "arrived_on"
            ).drop("institution_id")
            if dated.height:
                found[institution] = dated
    return found


def _pass_on(starts: pl.DataFrame, along: pl.DataFrame, goal: set[int], hops: int, days: int) -> pl.DataFrame:
    """Pass the starts' money on along one institution's transfers in time order (`ARRIVALS`)."""
    lots: dict[int, list[_Lot]] = defaultdict(list)
    found: list[tuple[int, int, dt.date, int, int, tuple[int, ...]]] = []
    queue = starts.rows(named=True)
    at = 0
    for e in along.iter_rows(named=True):
        while at < len(queue) and queue[at]["booked_on"] <= e["paid_on"]:
            _arrive(queue[at], goal, lots, found, days)
            at += 1
        need, carried = e["out_fen"], e["amount_fen"]
        legs = tuple(n for n in (e["out_line_no"], e["in_line_no"]) if n is not None)
        for lot in lots.get(e["from_holder_id"], ()):
            if need <= 0 or carried <= 0:
                break
            if lot.left <= 0 or lot.until < e["paid_on"] or lot.hops >= hops:
                continue
            cut = min(lot.left, need)
            got = min(cut, carried)
            lot.left -= cut
            need -= cut
            carried -= got
            path = lot.path + legs
            if e["to_holder_id"] in goal:
                found.append((lot.start, e["to_holder_id"], e["arrived_on"], got, lot.hops + 1, path))
            else:
                lots[e["to_holder_id"]].append(_Lot(lot.start, got, lot.until, lot.hops + 1, path))
    for row in queue[at:]:
        _arrive(row, goal, lots, found, days)
    frame = pl.DataFrame(found, schema=ARRIVALS, orient="row")
    return frame.sort("start_no", "arrived_on", "path", "amount_fen")


def _arrive(
    row: dict[str, object],
    goal: set[int],
    lots: dict[int, list[_Lot]],
    found: list[tuple[int, int, dt.date, int, int, tuple[int, ...]]],
    days: int,
) -> None:
    """Put a start's money where it went first: at a target, or into an account to be followed."""
    line, who, day, amount = row["line_no"], row["holder_id"], row["booked_on"], row["amount_fen"]
    assert isinstance(line, int)
    assert isinstance(who, int)
    assert isinstance(amount, int)
    assert isinstance(day, dt.date)
    if who in goal:
        found.append((line, who, day, amount, 1, ()))
    else:
        lots[who].append(_Lot(line, amount, day + dt.timedelta(days=days), 1))


@dataclass(frozen=True, slots=True)
class _Leaving:
    """Rows of `edges` by payer: those of ``payers[i]`` are ``rows[begin[i] : begin[i] + count[i]]``."""

    payers: NDArray[np.int64]
    begin: NDArray[np.int64]
    count: NDArray[np.int64]
    rows: NDArray[np.int64]
    paid_on: NDArray[np.int32]


def _leaving(ctx: Context) -> _Leaving:
    def make(ctx: Context) -> _Leaving:
        payer = edges(ctx)["from_holder_id"].cast(pl.Int64)
        counted = payer.value_counts().sort("from_holder_id")
        count = counted["count"].cast(pl.Int64).to_numpy()
        return _Leaving(
            counted["from_holder_id"].to_numpy(),
            np.cumsum(count) - count,
            count,
            payer.arg_sort().cast(pl.Int64).to_numpy(),
            edges(ctx)["paid_on"].cast(pl.Int32).to_numpy(),
        )

    index: _Leaving = ctx.shared("paths.leaving", make)
    return index


def _next(ctx: Context, layer: pl.DataFrame) -> pl.DataFrame:
    """Transfers that leave the holders of a layer within their days, with the layer's columns.

    Cost follows what leaves them: layers are small and the transfers of all institutions are many.
    """
    index, every = _leaving(ctx), edges(ctx)
    who = layer["from_holder_id"].to_numpy()
    at = np.minimum(np.searchsorted(index.payers, who), max(index.payers.size - 1, 0))
    count = np.where(index.payers[at] == who, index.count[at], 0) if index.payers.size else np.zeros_like(who)
    of = np.repeat(np.arange(who.size), count)
    rows = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    rows = index.rows[rows + np.repeat(index.begin[at], count)] if rows.size else rows
    day = index.paid_on[rows]
    since, until = (layer[c].cast(pl.Int32).to_numpy() for c in ("since", "until"))
    kept = (day >= since[of]) & (day <= until[of])
    out = every[rows[kept]].with_columns(
        pl.col("from_holder_id", "to_holder_id", "to_account_id").cast(pl.Int64)
    )
    found: pl.DataFrame = out.hstack(layer[of[kept]].select("institution_id", "until"))
    return found


def web(ctx: Context, starts: pl.DataFrame, goals: pl.DataFrame, hops: int, days: int) -> pl.DataFrame:
    """Transfers that lie on a path from an institution's start to its target within the hops.

    Returns
    -------
    polars.DataFrame
        Grain: ``institution_id``, ``transfer_no``; the columns of `edges`. Not sorted.
    """
    stops = barriers(ctx).select(to_holder_id=pl.col("holder_id").cast(pl.Int64))
    ends = goals.rename({"holder_id": "to_holder_id"})
    to = ["institution_id", "to_holder_id"]
    layer = starts.group_by("institution_id", from_holder_id="holder_id").agg(
        since=pl.col("booked_on").min(), until=pl.col("booked_on").max() + pl.duration(days=days)
    )
    forward: list[pl.DataFrame] = []
    for _ in range(hops - 1):
        out = _next(ctx, layer)
        forward.append(out)
        layer = (
            out.join(ends, on=to, how="anti")
            .join(stops, on="to_holder_id", how="anti")
            .group_by("institution_id", from_holder_id="to_holder_id")
            .agg(since=pl.col("arrived_on").min(), until=pl.col("until").max())
        )
    kept = [_next(ctx, layer.clear()).drop("until")]
    wanted = ends
    for out in reversed(forward):
        on_path = out.join(wanted, on=to, how="semi").drop("until")
        kept.append(on_path)
        wanted = pl.concat([ends, on_path.select("institution_id", to_holder_id="from_holder_id")]).unique()
    return pl.concat(kept).unique(["institution_id", "transfer_no"])
