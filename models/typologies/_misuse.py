"""Payments out of client accounts that serve neither clients nor projects, and where they went."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl

from models.typologies._frames import total
from models.typologies._ledger import controlled_lines, payouts, subscriptions
from models.typologies._parties import of_kind, related
from models.typologies._paths import arrivals
from models.typologies._pool import disbursement_lines
from models.typologies.base import Context
from models.typologies.commingled_client_funds import own_costs

WATCHED = {
    "p2p": ("related", "securities", "real_estate"),
    "equity_crowdfunding": ("related", "securities", "real_estate"),
    "asset_management": ("related",),
}
"""What client money must not reach, by sector: a fund may buy securities and buildings."""


@dataclass(frozen=True, slots=True)
class Misuse:
    """Misused client money of one institution.

    Attributes
    ----------
    institution_id : str
    starts : polars.DataFrame
        Payments followed that arrived: ``line_no``, ``account_no``, ``booked_on``, ``lent_fen``
        (the whole payment), ``arrived_fen``.
    pieces : polars.DataFrame
        `models.typologies._paths.ARRIVALS` with ``kind`` of the recipient.
    costs : polars.DataFrame
        Running costs paid out of client accounts (lines).
    """

    institution_id: str
    starts: pl.DataFrame
    pieces: pl.DataFrame
    costs: pl.DataFrame
    totals: dict[str, int] = field(default_factory=dict)

    @property
    def traced_fen(self) -> int:
        """What reached the recipients, in fen."""
        return total(self.pieces)

    @property
    def amount_fen(self) -> int:
        """Traced money and running costs together, in fen."""
        return self.traced_fen + total(self.costs)

    def by(self, kind: str) -> int:
        """What reached recipients of a kind, in fen."""
        return total(self.pieces.filter(pl.col("kind") == kind))

    def way(self, ctx: Context) -> pl.DataFrame:
        """Lines on the way, with the part they carried (``line_no``, ``attributed_fen``)."""
        lines = ctx.table("mart_line").select("line_no", line_fen="amount_fen")
        return (
            self.pieces.select("path", "amount_fen")
            .explode("path")
            .rename({"path": "line_no"})
            .drop_nulls("line_no")
            .group_by("line_no")
            .agg(pl.col("amount_fen").sum())
            .join(lines, on="line_no")
            .select("line_no", attributed_fen=pl.min_horizontal("amount_fen", "line_fen"))
            .sort("line_no")
        )


def loose_payments(ctx: Context) -> pl.DataFrame:
    """Payments out of client accounts to non-clients that no project, payout or fee explains.

    Returns
    -------
    polars.DataFrame
        Grain: ``line_no``. Sorted.
    """

    def make(ctx: Context) -> pl.DataFrame:
        keys = ctx.table("mart_holder").select("holder_id", "name_key")
        sold = subscriptions(ctx).select("institution_id", "holder_id").drop_nulls().unique()
        clients = sold.join(keys, on="holder_id").select("institution_id", "name_key").unique()
        twins = clients.join(keys, on="name_key").select("institution_id", cp_holder_id="holder_id").unique()
        explained = pl.concat(
            [
                payouts(ctx).filter(pl.col("product_id").is_not_null()).select("line_no"),
                disbursement_lines(ctx).select("line_no"),
                ctx.table("mart_project_line").select("line_no"),
            ]
        ).unique()
        plain = of_kind(ctx, "bank", "payment_institution", "insurer").select(cp_holder_id="holder_id")
        return (
            controlled_lines(ctx)
            .filter(
                (pl.col("direction") == "out")
                & pl.col("account_type").is_in(["custody", "product"])
                & pl.col("cp_type").is_null()
                & pl.col("cp_holder_id").is_not_null()
            )
            .join(explained, on="line_no", how="anti")
            .join(twins, on=["institution_id", "cp_holder_id"], how="anti")
            .join(_payers(ctx), on=["institution_id", "cp_holder_id"], how="anti")
            .join(plain, on="cp_holder_id", how="anti")
            .sort("line_no")
        )

    frame: pl.DataFrame = ctx.shared("misuse.loose", make)
    return frame


def _payers(ctx: Context) -> pl.DataFrame:
    """Persons who paid into the institution's client accounts: clients by behaviour."""
    people = ctx.table("mart_holder").filter(pl.col("kind") != "company").select(cp_holder_id="holder_id")
    return (
        controlled_lines(ctx)
        .filter((pl.col("direction") == "in") & pl.col("account_type").is_in(["custody", "product"]))
        .select("institution_id", "cp_holder_id")
        .drop_nulls()
        .unique()
        .join(people, on="cp_holder_id", how="semi")
    )


def own_lumps(ctx: Context) -> pl.DataFrame:
    """Transfers from client accounts to the institution's own accounts (grain: ``line_no``).

    Most are agreed fees; they are misuse only where they pass on through others to those whom
    client money must not reach.
    """
    holders = ctx.table("mart_account").select(cp_account_id="account_id", to_holder_id="holder_id")
    return (
        controlled_lines(ctx)
        .filter(
            (pl.col("direction") == "out")
            & pl.col("account_type").is_in(["custody", "product"])
            & pl.col("cp_type").is_in(["own", "other"])
        )
        .join(holders, on="cp_account_id", how="left")
        .sort("line_no")
    )


def misuses(ctx: Context, *, hops: int, days: int, share: float, cost_lines: int) -> Iterator[Misuse]:
    """Follow loose payments of each institution and add its running costs.

    Yields
    ------
    Misuse
        In the order of institutions; those with nothing found are left out.
    """
    close = related(ctx)
    kinds = of_kind(ctx, "securities", "real_estate")
    costs = own_costs(ctx)
    lumps = own_lumps(ctx)
    loose = loose_payments(ctx).join(costs.select("line_no"), on="line_no", how="anti")
    sectors = ctx.table("mart_institution").select("institution_id", "sector").sort("institution_id")
    for institution, sector in sectors.iter_rows():
        watched = WATCHED.get(sector)
        if watched is None:
            continue
        mine = pl.col("institution_id") == institution
        goal = pl.concat(
            [
                close.filter(mine).select("holder_id", kind=pl.lit("related")),
                kinds.filter(pl.col("role").is_in(watched)).select("holder_id", kind=pl.col("role")),
            ]
        ).unique("holder_id", keep="first", maintain_order=True)
        direct = loose.filter(mine).with_columns(to_holder_id=pl.col("cp_holder_id"))
        via_own = lumps.filter(mine)
        followed = [
            arrivals(
                ctx,
                part.select("line_no", "booked_on", "amount_fen", holder_id="to_holder_id"),
                goal["holder_id"].to_list(),
                hops=limit,
                days=days,
            ).filter(pl.col("hops") >= fewest)
            for part, limit, fewest in ((direct, hops, 1), (via_own, hops + 1, 3))
        ]
        pieces = pl.concat(followed)
        outs = pl.concat([direct, via_own.select(direct.columns)])
        starts = (
            outs.join(
                pieces.group_by(line_no="start_no").agg(arrived_fen=pl.col("amount_fen").sum()), on="line_no"
            )
            .rename({"amount_fen": "lent_fen"})
            .filter(pl.col("arrived_fen") >= pl.col("lent_fen") * share)
            .select("line_no", "account_no", "booked_on", "lent_fen", "arrived_fen")
        )
        pieces = pieces.join(starts.select(start_no="line_no"), on="start_no", how="semi").join(
            goal.select(target_id="holder_id", kind="kind"), on="target_id", how="left"
        )
        paid = costs.filter(mine)
        if paid.height < cost_lines:
            paid = paid.clear()
        if starts.height or paid.height:
            yield Misuse(institution, starts, pieces, paid)
