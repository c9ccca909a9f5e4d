"""Client money that others hand on to clients: affiliates, cashiers and firms between custody and the payees.

A payment out of a client account that no project, payout or fee explains is followed; what ends with the institution's own
clients, in sums that fit what they hold, paid them out of other clients' money, whoever's account it went through.
"""

from __future__ import annotations

import polars as pl

from models.typologies._frames import concerned
from models.typologies._hidden import hidden_accounts
from models.typologies._ledger import clients
from models.typologies._ledger_payouts import identified
from models.typologies._misuse import loose_payments
from models.typologies._parties import sectors, staff_and_vendors
from models.typologies._paths import arrivals, edges
from models.typologies._rounds import borrowers, coverage, repayments
from models.typologies._untold import untold_sellers
from models.typologies.base import Context

HOPS, DAYS = 4, 30
"""Transfers and days followed from the client account, as for money used otherwise."""
SUPPORT = 3
"""Holders paid the same multiple of what they hold (on whatever day), from which a payment is for the holding."""
PAYEES = 3
"""Clients so paid; fewer may be in the go-between's own service."""
SHARE = 0.5
"""Part of a payment that must have reached clients, and of what the go-betweens paid them that no borrower's
repayment to these may have paid."""


def handed_on(ctx: Context) -> pl.DataFrame:
    """Payments of others to an institution's clients that its client accounts' unexplained payments paid for.

    Returns
    -------
    polars.DataFrame
        Grain: ``institution_id``, ``line_no`` (of the payment to the client, on the payer's statement). ``account_no``,
        ``booked_on``, ``amount_fen`` (the part that came from client accounts), ``holder_id`` (the client), ``product_id``;
        ``starts``: lines of the client accounts' payments; ``way``: lines between. Sorted.
    """
    frame: pl.DataFrame = ctx.shared("handed_on.handed_on", _handed_on)
    return frame


def handed_starts(ctx: Context) -> pl.DataFrame:
    """Payments out of client accounts of which at least `SHARE` was handed on to clients (grain: ``line_no``)."""
    return handed_on(ctx).select(line_no="starts").explode("line_no").drop_nulls().unique().sort("line_no")


def _handed_on(ctx: Context) -> pl.DataFrame:
    lenders = pl.DataFrame(
        sorted((i,) for i, sector in sectors(ctx).items() if sector in _SECTORS),
        schema={"institution_id": pl.String},
        orient="row",
    )
    lenders = concerned(ctx, lenders).join(untold_sellers(ctx), on="institution_id", how="anti")
    starts = (
        loose_payments(ctx)
        .join(lenders, on="institution_id", how="semi")
        .filter(pl.col("account_type").is_in(["custody", "product"]))
        .select("institution_id", "line_no", "booked_on", "amount_fen", holder_id="cp_holder_id")
    )
    who = ["institution_id", "holder_id"]
    goals = clients(ctx).join(starts.select("institution_id").unique(), on="institution_id", how="semi")
    # wages that a go-between pays its staff are no payouts
    goals = goals.join(staff_and_vendors(ctx).select(who), on=who, how="anti")
    found = arrivals(ctx, starts, goals, hops=HOPS, days=DAYS)
    return pl.concat([_passed_on(ctx, starts, found), till_payouts(ctx)]).sort("institution_id", "line_no")


def _passed_on(ctx: Context, starts: pl.DataFrame, found: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """What ended with clients in sums that fit what they hold, out of what left client accounts."""
    if not found:
        return pl.DataFrame(schema=_SCHEMA)
    pieces = pl.concat(part.with_columns(institution_id=pl.lit(i)) for i, part in sorted(found.items()))
    sent = starts.select(start_no="line_no", sent_fen="amount_fen")
    pieces = (
        pieces.filter(pl.col("hops") > 1)
        .join(sent, on="start_no")
        .filter(pl.col("amount_fen").sum().over("start_no") >= SHARE * pl.col("sent_fen"))
        .with_columns(leg_no=pl.col("path").list.get(-1))
    )
    legs = _last_legs(ctx, pieces)
    fits = identified(ctx, legs).filter(pl.col("product_id").is_not_null())
    fits = fits.filter(pl.max_horizontal("support", "wide") >= SUPPORT)
    paid = (
        pieces.join(fits.select(*_LEG, "product_id"), on=["institution_id", "leg_no"])
        .group_by(*_LEG, "product_id")
        .agg(
            pl.col("amount_fen").sum(),
            starts=pl.col("start_no").unique().sort(),
            way=pl.col("path").explode().unique().sort(),
        )
    )
    paid = paid.join(_repaid_to(ctx, paid), on="institution_id", how="anti")
    return (
        paid.filter(pl.col("holder_id").n_unique().over("institution_id") >= PAYEES)
        .with_columns(pl.col("holder_id", "line_no").cast(pl.Int64))
        .select(*_SCHEMA)
        .sort("institution_id", "line_no")
    )


def till_payouts(ctx: Context) -> pl.DataFrame:
    """Payouts of accounts no register gives to the institution, out of the client deposits these took; as `handed_on`."""
    frame: pl.DataFrame = ctx.shared("handed_on.tills", _till_payouts)
    return frame


def _till_payouts(ctx: Context) -> pl.DataFrame:
    tills = hidden_accounts(ctx).select("institution_id", "account_id").unique()
    if tills.is_empty():
        return pl.DataFrame(schema=_SCHEMA)
    lines = ctx.rows(
        "mart_line",
        ("line_no", "account_id", "account_no", "booked_on", "direction", "amount_fen", "cp_holder_id"),
        "account_id in (select key from theirs)",
        theirs=tills["account_id"],
    )
    lines = lines.join(tills, on="account_id").rename({"cp_holder_id": "holder_id"})
    who = ["institution_id", "holder_id"]
    known = clients(ctx).select(who).with_columns(client=pl.lit(True))
    lines = lines.join(known, on=who, how="left").with_columns(pl.col("client").fill_null(False))
    came = pl.col("direction") == "in"
    fits = identified(ctx, lines.filter(pl.col("client") & ~came))
    fits = fits.filter(
        pl.col("product_id").is_not_null()
        & (pl.col("kind") != "principal")
        & (pl.max_horizontal("support", "wide") >= SUPPORT)
    )
    # what others than clients paid in may have paid these out: borrowers, or the institution itself
    others = (
        lines.filter(came & ~pl.col("client"))
        .group_by("institution_id")
        .agg(in_fen=pl.col("amount_fen").sum())
    )
    paid = fits.group_by("institution_id").agg(paid_fen=pl.col("amount_fen").sum())
    covered = paid.join(others, on="institution_id").filter(pl.col("in_fen") >= SHARE * pl.col("paid_fen"))
    none = pl.lit([], pl.List(pl.Int64))
    return (
        fits.join(covered, on="institution_id", how="anti")
        .filter(pl.col("holder_id").n_unique().over("institution_id") >= PAYEES)
        .with_columns(pl.col("holder_id", "line_no").cast(pl.Int64), starts=none, way=none)
        .select(*_SCHEMA)
        .sort("institution_id", "line_no")
    )


def _last_legs(ctx: Context, pieces: pl.DataFrame) -> pl.DataFrame:
    """The payments to clients at the end of the pieces' ways, as the payer's statement tells them where it is on hand."""
    ends = pieces.select("institution_id", "leg_no").unique()
    moves = edges(ctx).select(
        "transfer_no",
        "amount_fen",
        payer_id="from_holder_id",
        holder_id="to_holder_id",
        line_no=pl.coalesce("out_line_no", "in_line_no"),
        leg_no=pl.coalesce("in_line_no", "out_line_no"),
    )
    legs = ends.join(moves, on="leg_no")
    lines = ctx.lines(legs["line_no"], ("line_no", "account_no", "booked_on"))
    return legs.join(lines, on="line_no").sort("institution_id", "line_no")


def _repaid_to(ctx: Context, paid: pl.DataFrame) -> pl.DataFrame:
    """Institutions of which repayments may have paid what was handed on (``institution_id``).

    Borrowers paid the go-betweens, which collect for the institution, or repaid what no payout of its own took.
    """
    payers = paid.select("institution_id", "payer_id").unique()
    owing = borrowers(ctx).select("institution_id", from_holder_id="holder_id").drop_nulls().unique()
    beside = (
        edges(ctx)
        .select("from_holder_id", "amount_fen", payer_id="to_holder_id")
        .join(payers, on="payer_id")
        .join(owing, on=["institution_id", "from_holder_id"], how="semi")
        .select("institution_id", fen="amount_fen")
    )
    asked = payers.select("institution_id").unique()
    repaid = repayments(ctx).join(asked, on="institution_id", how="semi")
    used = coverage(ctx).filter(pl.col("source") == "borrower").join(asked, on="institution_id", how="semi")
    came = pl.concat(
        [
            beside,
            repaid.select("institution_id", fen="in_fen"),
            used.select("institution_id", fen=-pl.col("amount_fen")),
        ]
    )
    came = came.group_by("institution_id").agg(came_fen=pl.col("fen").sum())
    gone = paid.group_by("institution_id").agg(gone_fen=pl.col("amount_fen").sum())
    return gone.join(came, on="institution_id").filter(pl.col("came_fen") >= SHARE * pl.col("gone_fen"))


_LEG = ["institution_id", "leg_no", "line_no", "account_no", "booked_on", "holder_id", "payer_id"]
_SECTORS = ("p2p", "equity_crowdfunding", "asset_management")
_SCHEMA: dict[str, pl.DataType] = {
    "institution_id": pl.String(),
    "line_no": pl.Int64(),
    "account_no": pl.String(),
    "booked_on": pl.Date(),
    "amount_fen": pl.Int64(),
    "holder_id": pl.Int64(),
    "product_id": pl.String(),
    "starts": pl.List(pl.Int64()),
    "way": pl.List(pl.Int64()),
}
