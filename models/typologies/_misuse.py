"""Payments out of client accounts that serve neither clients nor projects, and where they went."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl

from models.typologies._came_home import came_home
from models.typologies._frames import concerned, holders, parts, told, total, with_line
from models.typologies._given_back import lent_for_days
from models.typologies._ledger import clients, controlled_lines, deposits, payouts
from models.typologies._own_costs import SALARY_FEN, own_costs
from models.typologies._parties import of_kind, related, sectors
from models.typologies._paths import ARRIVALS, arrivals
from models.typologies._pool import TILL_DEPOSITS, disbursement_lines
from models.typologies._untold import untold_sellers
from models.typologies.base import Context

WATCHED = {
    "p2p": ("related", "securities", "real_estate"),
    "equity_crowdfunding": ("related", "securities", "real_estate"),
    "asset_management": ("related",),
}
"""What client money must not reach, by sector: a fund may buy securities and buildings."""
TILL_SHARE = 0.5
"""Part of what an own account took in from others that must be clients' deposits for it to live on them."""
KEPT_SHARE = 0.1
"""Part of these deposits that went neither to custody nor back to clients nor to borrowers."""
NOTHING = pl.DataFrame(schema=ARRIVALS)


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
        way = (
            self.pieces.select("path", "amount_fen")
            .explode("path")
            .rename({"path": "line_no"})
            .drop_nulls("line_no")
            .group_by("line_no")
            .agg(carried_fen=pl.col("amount_fen").sum())
            .sort("line_no")
        )
        return with_line(ctx, way, "amount_fen").select(
            "line_no", attributed_fen=pl.min_horizontal("carried_fen", "amount_fen")
        )


def loose_payments(ctx: Context) -> pl.DataFrame:
    """Payments out of client accounts, and own ones that live on clients' money, to non-clients that nothing explains.

    A project, a payout or a fee explains; of an own account payments of the size of salaries are left out.

    Returns
    -------
    polars.DataFrame
        Grain: ``line_no``. Sorted.
    """

    def make(ctx: Context) -> pl.DataFrame:
        explained = pl.concat(
            [
                payouts(ctx).filter(pl.col("product_id").is_not_null()).select("line_no"),
                disbursement_lines(ctx).select("line_no"),
                ctx.table("mart_project_line", ("line_no",)),
            ]
        ).unique()
        plain = of_kind(ctx, "bank", "payment_institution", "insurer").select(cp_holder_id="holder_id")
        outs = controlled_lines(ctx).filter(
            (pl.col("direction") == "out")
            & pl.col("cp_type").is_null()
            & pl.col("cp_holder_id").is_not_null()
        )
        spent = outs.join(own_tills(ctx), on=["institution_id", "account_id"]).filter(
            (pl.col("booked_on") >= pl.col("first_on")) & (pl.col("amount_fen") >= SALARY_FEN)
        )
        outs = pl.concat(
            [outs.filter(pl.col("account_type").is_in(["custody", "product"])), spent.drop("first_on")]
        )
        loose = outs.join(explained, on="line_no", how="anti")
        loose = loose.join(lent_for_days(ctx, loose), on="line_no", how="anti")
        return (
            loose.join(_client_names(ctx, loose), on=["institution_id", "cp_holder_id"], how="anti")
            .join(_payers(ctx), on=["institution_id", "cp_holder_id"], how="anti")
            .join(plain, on="cp_holder_id", how="anti")
            .sort("line_no")
        )

    frame: pl.DataFrame = ctx.shared("misuse.loose", make)
    return frame


def own_tills(ctx: Context) -> pl.DataFrame:
    """Own accounts that live on clients' money and do not pass it on: what they spend is the clients'.

    Returns
    -------
    polars.DataFrame
        Grain: ``institution_id, account_id``. ``first_on``: day of the first client deposit.
    """

    def make(ctx: Context) -> pl.DataFrame:
        key = ["institution_id", "account_id"]
        own = controlled_lines(ctx).filter(pl.col("account_type") == "own")
        taken = deposits(ctx).filter(
            (pl.col("account_type") == "own") & pl.col("subscription_id").is_not_null()
        )
        on = pl.concat(
            [
                payouts(ctx).select("line_no"),
                disbursement_lines(ctx).select("line_no"),
                ctx.table("mart_project_line", ("line_no",)),
                own.filter(pl.col("cp_type").is_in(["custody", "product"])).select("line_no"),
            ],
            how="vertical_relaxed",
        ).unique()
        outs = own.filter(pl.col("direction") == "out").join(on, on="line_no", how="semi")
        passed = outs.group_by(key).agg(passed_fen=pl.col("amount_fen").sum())
        came = own.filter((pl.col("direction") == "in") & pl.col("cp_type").is_null())
        every = came.group_by(key).agg(in_fen=pl.col("amount_fen").sum())
        return (
            taken.group_by(key)
            .agg(pl.col("amount_fen").sum(), pl.len(), first_on=pl.col("booked_on").min())
            .join(every, on=key)
            .join(passed, on=key, how="left")
            .with_columns(pl.col("passed_fen").fill_null(0))
            .filter(
                (pl.col("len") >= TILL_DEPOSITS)
                & (pl.col("amount_fen") >= TILL_SHARE * pl.col("in_fen"))
                & (pl.col("amount_fen") - pl.col("passed_fen") >= KEPT_SHARE * pl.col("amount_fen"))
            )
            .select(*key, "first_on")
        )

    frame: pl.DataFrame = ctx.shared("misuse.own_tills", make)
    return frame


def _client_names(ctx: Context, lines: pl.DataFrame) -> pl.DataFrame:
    """Payees of the lines that bear the name of one of the institution's clients."""
    keys = holders(ctx, ("name_key",), lines["cp_holder_id"], clients(ctx)["holder_id"]).drop_nulls()
    who = ["institution_id", "cp_holder_id"]
    named = lines.select(who).unique().join(keys, left_on="cp_holder_id", right_on="holder_id")
    sold = clients(ctx).join(keys, on="holder_id").select("institution_id", "name_key")
    return named.join(sold, on=["institution_id", "name_key"], how="semi").select(who)


def _payers(ctx: Context) -> pl.DataFrame:
    """Persons who paid into the institution's client accounts: clients by behaviour."""
    payers = (
        controlled_lines(ctx)
        .select("institution_id", "cp_holder_id", "direction", "account_type")
        .filter((pl.col("direction") == "in") & pl.col("account_type").is_in(["custody", "product"]))
        .select("institution_id", "cp_holder_id")
        .drop_nulls()
        .unique()
    )
    people = holders(ctx, ("kind",), payers["cp_holder_id"]).filter(pl.col("kind") != "company")
    return payers.join(people, left_on="cp_holder_id", right_on="holder_id", how="semi")


def own_lumps(ctx: Context) -> pl.DataFrame:
    """Transfers from client accounts to the institution's own accounts (grain: ``line_no``).

    Most are agreed fees; they are misuse only where they pass on through others to those whom
    client money must not reach.
    """
    lumps = controlled_lines(ctx).filter(
        (pl.col("direction") == "out")
        & pl.col("account_type").is_in(["custody", "product"])
        & pl.col("cp_type").is_in(["own", "other"])
    )
    return told(ctx, lumps, "cp_account_id", "mart_account", to_holder_id="holder_id").sort("line_no")


def misuses(
    ctx: Context, *, hops: int, days: int, share: float, cost_lines: int, but: pl.DataFrame
) -> Iterator[Misuse]:
    """Follow loose payments of each institution and add its running costs, but for the lines ``but`` (``line_no``).

    Yields
    ------
    Misuse
        In the order of institutions; those with nothing found are left out.
    """
    costs = own_costs(ctx).join(but, on="line_no", how="anti")
    direct = (
        loose_payments(ctx)
        .join(but, on="line_no", how="anti")
        .join(costs.select("line_no"), on="line_no", how="anti")
    )
    direct = direct.with_columns(to_holder_id=pl.col("cp_holder_id"))
    via_own = own_lumps(ctx).select(direct.columns)
    goals = _goals(ctx)
    begun = [
        part.join(goals, on="institution_id", how="semi").select(
            "institution_id", "line_no", "booked_on", "amount_fen", holder_id="to_holder_id"
        )
        for part in (direct, via_own)
    ]
    followed = [
        arrivals(ctx, part, goals, hops=limit, days=days)
        for part, limit in zip(begun, (hops, hops + 1), strict=True)
    ]
    followed.append(came_home(ctx, begun[0], followed[0], hops=hops, days=days))
    goal_of, costs_of = parts(goals), parts(costs)
    outs_of = parts(pl.concat([direct, via_own]))
    reached = {institution for arrived in followed for institution in arrived}
    asked = (goal_of.keys() & (reached | costs_of.keys())) | (costs_of.keys() & _watching(ctx))
    for institution in sorted(asked):
        paid = costs_of.get(institution, costs.clear())
        if paid.height < cost_lines:
            paid = paid.clear()
        pieces = pl.concat(
            [
                arrived.get(institution, NOTHING).filter(pl.col("hops") >= fewest)
                for arrived, fewest in zip(followed, (1, 3, 2), strict=True)
            ]
        )
        if pieces.is_empty() and paid.is_empty():
            continue
        starts = (
            outs_of.get(institution, direct.clear())
            .join(
                pieces.group_by(line_no="start_no").agg(arrived_fen=pl.col("amount_fen").sum()), on="line_no"
            )
            .rename({"amount_fen": "lent_fen"})
            .filter(pl.col("arrived_fen") >= pl.col("lent_fen") * share)
            .select("line_no", "account_no", "booked_on", "lent_fen", "arrived_fen")
        )
        goal = goal_of.get(institution, goals.clear()).select(target_id="holder_id", kind="kind")
        pieces = pieces.join(starts.select(start_no="line_no"), on="start_no", how="semi").join(
            goal, on="target_id", how="left"
        )
        pieces = pieces.with_columns(pl.col("kind").fill_null("own"))
        if starts.height or paid.height:
            yield Misuse(institution, starts, pieces, paid)


def _watching(ctx: Context) -> set[str]:
    """Institutions of the sectors in `WATCHED`."""
    return {i for i, sector in sectors(ctx).items() if sector in WATCHED}


def _goals(ctx: Context) -> pl.DataFrame:
    """Whom an institution's client money must not reach: ``institution_id``, ``holder_id``, ``kind``.

    Where no register tells the projects, a property firm may be an openly registered borrower.
    """
    kinds = of_kind(ctx, "securities", "real_estate").select("holder_id", kind="role")
    pairs = [(sector, kind) for sector, kind_of in WATCHED.items() for kind in kind_of]
    watched = (
        concerned(ctx, ctx.table("mart_institution", ("institution_id", "sector")))
        .join(pl.DataFrame(pairs, schema=["sector", "kind"], orient="row"), on="sector")
        .drop("sector")
    )
    untold = untold_sellers(ctx).with_columns(kind=pl.lit("real_estate"))
    watched = watched.join(untold, on=["institution_id", "kind"], how="anti")
    close = related(ctx).select("institution_id", "holder_id", kind=pl.lit("related"))
    return (
        pl.concat(
            [
                close.join(watched, on=["institution_id", "kind"], how="semi"),
                watched.join(kinds, on="kind").select("institution_id", "holder_id", "kind"),
            ]
        )
        .unique(["institution_id", "holder_id"], keep="first", maintain_order=True)
        .with_columns(pl.col("holder_id").cast(pl.Int64))
    )
