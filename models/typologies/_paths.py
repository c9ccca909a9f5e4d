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
from collections.abc import Collection
from dataclasses import dataclass, field

import polars as pl

from models.typologies.base import Context

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
            ctx.table("mart_transfer")
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
        accounts = ctx.table("mart_account").select("account_id", "holder_id")
        tills = ctx.table("mart_controlled_account").join(accounts, on="account_id").select("holder_id")
        return pl.concat([kinds, tills]).drop_nulls().unique().sort("holder_id")

    frame: pl.DataFrame = ctx.shared("paths.barriers", make)
    return frame


def arrivals(
    ctx: Context,
    starts: pl.DataFrame,
    targets: Collection[int],
    *,
    hops: int = 3,
    days: int = 30,
    accounts: Collection[int] | None = None,
) -> pl.DataFrame:
    """Money of the starts that can have reached the targets.

    Parameters
    ----------
    ctx : Context
    starts : polars.DataFrame
        ``line_no``, ``holder_id`` (who got the money), ``booked_on``, ``amount_fen``: payments out
        of client accounts. They are the first hop.
    targets : collection of int
        Holders looked for. Money that reaches one stops there.
    hops, days : int
        Transfers counted from the client account, and days from the start.
    accounts : collection of int, optional
        Only these accounts of the targets count; transfers to their others are no arrivals.

    Returns
    -------
    polars.DataFrame
        `ARRIVALS`, sorted by start, day, path.
    """
    goal = set(targets)
    first = starts.filter(pl.col("holder_id").is_not_null()).sort("booked_on", "line_no")
    web = _web(ctx, first, goal, hops, days)
    if accounts is not None:
        inside = pl.col("to_account_id").is_in(sorted(set(accounts)))
        web = web.filter(~pl.col("to_holder_id").is_in(sorted(goal)) | inside.fill_null(False))
    lots: dict[int, list[_Lot]] = defaultdict(list)
    found: list[tuple[int, int, dt.date, int, int, tuple[int, ...]]] = []
    queue = first.rows(named=True)
    at = 0
    for e in web.iter_rows(named=True):
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


def _web(ctx: Context, starts: pl.DataFrame, goal: set[int], hops: int, days: int) -> pl.DataFrame:
    """Transfers that lie on a path from a start to a target within the hops, in time order."""
    every = edges(ctx)
    stops = barriers(ctx)
    ends = pl.DataFrame({"to_holder_id": sorted(goal)}, schema={"to_holder_id": every.schema["to_holder_id"]})
    layer = (
        starts.select(from_holder_id="holder_id", since="booked_on")
        .group_by("from_holder_id")
        .agg(since=pl.col("since").min(), until=pl.col("since").max() + pl.duration(days=days))
        .with_columns(pl.col("from_holder_id").cast(every.schema["from_holder_id"]))
    )
    forward: list[pl.DataFrame] = []
    for _ in range(hops - 1):
        out = every.join(layer, on="from_holder_id").filter(pl.col("paid_on").is_between("since", "until"))
        forward.append(out)
        layer = (
            out.join(ends, on="to_holder_id", how="anti")
            .join(stops.rename({"holder_id": "to_holder_id"}), on="to_holder_id", how="anti")
            .group_by(from_holder_id="to_holder_id")
            .agg(since=pl.col("arrived_on").min(), until=pl.col("until").max())
        )
    kept: list[pl.DataFrame] = []
    wanted = ends
    for out in reversed(forward):
        on_path = out.join(wanted, on="to_holder_id", how="semi").drop("since", "until")
        kept.append(on_path)
        sources = on_path.select(to_holder_id="from_holder_id").unique()
        wanted = pl.concat([ends, sources]).unique()
    columns = every.columns
    if not kept:
        return every.clear()
    return pl.concat([k.select(columns) for k in kept]).unique("transfer_no").sort("paid_at", "transfer_no")
