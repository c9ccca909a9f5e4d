"""What paid the clients: every payout line, split by where its money came from.

Specific identification goes first. A payout that belongs to a round of payment of a product is
paid by what came in for that round: repayments of the product's projects, then top-ups by whoever
paid in just for it. What a round lacks came out of the pool, from other clients. A payout that
belongs to no round is the client's own balance: money paid in and not subscribed, or repayments
credited earlier.
"""

from __future__ import annotations

import polars as pl

from models.tracing.fifo import overlap
from models.tracing.match import match
from models.typologies._ledger import (
    CLIENT_MONEY,
    SETTLE_DAYS,
    controlled_lines,
    deposits,
    payouts,
    subscriptions,
)
from models.typologies._rounds import ROUND, coverage, round_lines, rounds
from models.typologies.base import Context

CLIENT_ACCOUNTS = ("custody", "product")
"""Account types that hold clients' money by their registration."""
ROUND_FEN = 1_000
"""Ten yuan: what people pay in is a multiple of it, what is repaid with interest hardly ever."""
ROUND_SHARE = 0.9
"""Share of an institution's deposits that must be round before an odd withdrawal tells anything."""
OWN_ACCOUNTS = ("own", "risk_reserve")
"""Account types that hold the institution's own money."""

SOURCE_SCHEMA: dict[str, pl.DataType] = {
    "institution_id": pl.String(),
    "line_no": pl.Int64(),
    "class": pl.String(),
    "origin_line_no": pl.Int64(),
    "origin_holder_id": pl.Int64(),
    "amount_fen": pl.Int64(),
    "hops": pl.Int64(),
    "product_id": pl.String(),
    "basis": pl.String(),
}
"""Grain: a part of a payout line that came from one origin (or one class, where the origin is the
pool). ``basis`` says what the part rests on: ``round`` (paid in for this round), ``kept`` (an
earlier repayment to the same product), ``pool``, ``returned`` (the very amount the client had paid
in), ``balance`` (credited earlier). Parts of a line add up to the line."""


def payout_lines(ctx: Context) -> pl.DataFrame:
    """Payments out of client accounts to clients (grain: ``line_no``).

    Clients are those who subscribed and, on client accounts, those who behave as clients: persons
    who pay in as well, and payees in no register (or with a masked name) who get no more than clients
    get, or what stood there before the first statement, and are neither staff nor known by enquiry.
    """

    def make(ctx: Context) -> pl.DataFrame:
        lent = project_payments(ctx).select("line_no")
        known = payouts(ctx).join(lent, on="line_no", how="anti")
        extra = (
            _unregistered_clients(ctx)
            .join(known, on="line_no", how="anti")
            .join(lent, on="line_no", how="anti")
        )
        return pl.concat([known, extra], how="diagonal_relaxed").sort("line_no")

    frame: pl.DataFrame = ctx.shared("tracing.payout_lines", make)
    return frame


def _unregistered_clients(ctx: Context) -> pl.DataFrame:
    """Payments out of client accounts to persons who behave as clients but never subscribed."""
    roles = ctx.table("mart_role").select("institution_id", "role", "source", cp_holder_id="holder_id")
    persons = ctx.table("mart_holder").filter(pl.col("kind") == "person").select(cp_holder_id="holder_id")
    outs = (
        controlled_lines(ctx)
        .filter(
            (pl.col("direction") == "out")
            & pl.col("account_type").is_in(CLIENT_ACCOUNTS)
            & pl.col("cp_type").is_null()
        )
        .join(roles, on=["institution_id", "cp_holder_id"], how="left")
    )
    most = payouts(ctx).group_by("institution_id").agg(pl.col("amount_fen").quantile(0.99).alias("most"))
    loose = (
        outs.filter(pl.col("role").is_null() | (pl.col("role") == "unknown"))
        .join(most, on="institution_id")
        .join(from_opening(ctx).with_columns(opening=pl.lit(True)), on="line_no", how="left")
        .filter((pl.col("amount_fen") <= pl.col("most")) | pl.col("opening").fill_null(False))
        .drop("most", "opening")
        .join(cost_payees(ctx), on=["institution_id", "cp_holder_id"], how="anti")
        .join(_monitored(ctx), on="cp_account_id", how="anti")
    )
    loose = pl.concat(
        [
            loose.filter(pl.col("cp_holder_id").is_null()),
            loose.join(persons, on="cp_holder_id", how="semi"),
        ]
    )
    behaving = outs.filter((pl.col("role") == "client") & (pl.col("source") == "behaviour"))
    return (
        pl.concat([loose, behaving])
        .rename({"cp_holder_id": "holder_id"})
        .drop("role", "source")
        .unique("line_no")
        .sort("line_no")
    )


def cost_payees(ctx: Context) -> pl.DataFrame:
    """Whom an institution pays from its own accounts: staff and suppliers, not clients."""
    return (
        controlled_lines(ctx)
        .filter(
            (pl.col("direction") == "out") & (pl.col("account_type") == "own") & pl.col("cp_type").is_null()
        )
        .select("institution_id", "cp_holder_id")
        .drop_nulls()
        .unique()
    )


def _monitored(ctx: Context) -> pl.DataFrame:
    """Accounts whose statements are on hand: obtained by enquiry, so not just any client's."""
    return ctx.table("mart_account").filter("monitored").select(cp_account_id="account_id")


def from_opening(ctx: Context) -> pl.DataFrame:
    """Out-lines that were paid, first in first out, from what stood there before the first line."""

    def make(ctx: Context) -> pl.DataFrame:
        accounts = ctx.table("mart_controlled_account").select("account_id").unique()
        lines = ctx.table("mart_line").join(accounts, on="account_id", how="semi")
        return (
            match(lines, "fifo")
            .filter((pl.col("lot") == "opening") & pl.col("out_line_no").is_not_null())
            .select(line_no="out_line_no")
            .unique()
            .sort("line_no")
        )

    frame: pl.DataFrame = ctx.shared("tracing.from_opening", make)
    return frame


def project_payments(ctx: Context) -> pl.DataFrame:
    """Payments out for registered projects, the borrower's or in the borrower's stead.

    Besides the lines to the borrowers (``mart_project_line``), a project that was never paid to
    its borrower takes the one payment of about its principal that left near its start and that
    no holding explains: a lender in between was paid instead.

    Returns
    -------
    polars.DataFrame
        Grain: ``line_no``. ``institution_id``, ``project_id``, ``amount_fen``, ``basis``.
    """
    frame: pl.DataFrame = ctx.shared("tracing.project_payments", _project_payments)
    return frame


def _project_payments(ctx: Context) -> pl.DataFrame:
    direct = (
        ctx.table("mart_project_line")
        .filter(pl.col("kind") == "disbursement")
        .select("institution_id", "line_no", "project_id", "amount_fen", "basis")
    )
    unpaid = (
        ctx.table("mart_project")
        .join(direct.select("project_id").unique(), on="project_id", how="anti")
        .filter(pl.col("started_on").is_not_null() & (pl.col("principal_fen") > 0))
        .select("institution_id", "project_id", "principal_fen", "started_on")
    )
    explained = round_lines(ctx).select("line_no")
    free = (
        controlled_lines(ctx)
        .filter(
            (pl.col("direction") == "out")
            & pl.col("account_type").is_in(CLIENT_ACCOUNTS)
            & pl.col("cp_type").is_null()
        )
        .join(direct.select("line_no"), on="line_no", how="anti")
        .join(explained, on="line_no", how="anti")
        .select("line_no", "institution_id", "booked_on", "amount_fen")
    )
    near = (
        unpaid.join(free, on="institution_id")
        .with_columns(
            lag=(pl.col("booked_on") - pl.col("started_on")).dt.total_days().abs(),
            short=pl.col("amount_fen") / pl.col("principal_fen"),
        )
        .filter((pl.col("lag") <= 5) & pl.col("short").is_between(0.9, 1.0))
        .sort("lag", "short", "project_id", "line_no", descending=[False, True, False, False])
    )
    taken = [direct]
    for _ in range(4):
        best = near.unique("project_id", keep="first", maintain_order=True).unique(
            "line_no", keep="first", maintain_order=True
        )
        if best.is_empty():
            break
        taken.append(best.with_columns(basis=pl.lit("amount")).select(direct.columns))
        near = near.join(best, on="project_id", how="anti").join(best, on="line_no", how="anti")
    return (
        pl.concat(taken, how="vertical_relaxed")
        .unique("line_no", keep="first", maintain_order=True)
        .sort("line_no")
    )


def sources(ctx: Context) -> pl.DataFrame:
    """Split every payout line by origin.

    Returns
    -------
    polars.DataFrame
        `SOURCE_SCHEMA`, sorted by line, then class, origin.
    """
    frame: pl.DataFrame = ctx.shared("tracing.sources", _sources)
    return frame


def _sources(ctx: Context) -> pl.DataFrame:
    lines = payout_lines(ctx).select(
        "institution_id", "line_no", "account_id", "holder_id", "booked_on", "amount_fen"
    )
    in_rounds = round_lines(ctx).join(lines.select("line_no"), on="line_no", how="semi")
    back = returned(ctx)
    in_rounds = in_rounds.join(back.select("line_no"), on="line_no", how="anti")
    paid = _by_round(ctx, in_rounds)
    rest = lines.join(in_rounds.select("line_no"), on="line_no", how="anti").join(
        back.select("line_no"), on="line_no", how="anti"
    )
    credited = _credited(ctx, rest)
    balance = rest.join(credited, on="line_no", how="left").select(
        "institution_id",
        "line_no",
        pl.when(pl.col("credited")).then(pl.lit("project")).otherwise(pl.lit("same_client")).alias("class"),
        pl.lit(None, pl.Int64).alias("origin_line_no"),
        pl.when(pl.col("credited")).then(None).otherwise("holder_id").alias("origin_holder_id"),
        "amount_fen",
        pl.lit(1, pl.Int64).alias("hops"),
        pl.lit(None, pl.String).alias("product_id"),
        pl.lit("balance").alias("basis"),
    )
    own = back.select(
        "institution_id",
        "line_no",
        pl.lit("same_client").alias("class"),
        "origin_line_no",
        pl.col("holder_id").alias("origin_holder_id"),
        "amount_fen",
        pl.lit(1, pl.Int64).alias("hops"),
        pl.lit(None, pl.String).alias("product_id"),
        pl.lit("returned").alias("basis"),
    )
    return pl.concat([f.cast(pl.Schema(SOURCE_SCHEMA)) for f in (paid, own, balance)]).sort(
        "line_no", "class", "origin_line_no", "amount_fen", nulls_last=True
    )


def _credited(ctx: Context, rest: pl.DataFrame) -> pl.DataFrame:
    """Say which withdrawals repayments kept for the client can have paid.

    A holder who was left out of a round of payment of a product has that round's share standing to
    the credit of the own balance. As long as a client's withdrawals stay within these credits
    they are repaid project money; what goes beyond them was there before, or was paid in. Where an
    institution's clients pay in round amounts, an odd amount tells of interest and is repaid money.
    """
    shares = pl.concat([_left_out(ctx), _kept_shares(ctx)], how="vertical_relaxed").select(
        "institution_id",
        "holder_id",
        "booked_on",
        pl.lit(None, pl.Int64).alias("line_no"),
        pl.col("credit").cast(pl.Int64),
        pl.lit(0, pl.Int64).alias("debit"),
    )
    drawn = rest.filter(pl.col("holder_id").is_not_null()).select(
        "institution_id",
        "holder_id",
        "booked_on",
        pl.col("line_no").cast(pl.Int64),
        pl.lit(0, pl.Int64).alias("credit"),
        pl.col("amount_fen").alias("debit"),
    )
    client = ["institution_id", "holder_id"]
    named = (
        pl.concat([shares, drawn], how="vertical_relaxed")
        .sort(*client, "booked_on", "debit", "line_no", "credit")
        .with_columns(
            have=pl.col("credit").cum_sum().over(client), drawn=pl.col("debit").cum_sum().over(client)
        )
        .filter(pl.col("line_no").is_not_null())
        .with_columns(credited=pl.col("have") >= (pl.col("drawn") * 0.95))
        .select("line_no", "credited")
    )
    fits = payout_lines(ctx).filter(pl.col("product_id").is_not_null()).select("line_no")
    odd = rest.join(_round_payers(ctx), on="institution_id", how="semi").filter(
        pl.col("amount_fen") % ROUND_FEN != 0
    )
    yes = pl.concat([fits, odd.select("line_no"), named.filter("credited").select("line_no")]).unique()
    return rest.select("line_no", pl.col("line_no").is_in(yes["line_no"].to_list()).alias("credited"))


def _holdings(ctx: Context) -> pl.DataFrame:
    """Who holds how much of which product, and from when to when."""
    return (
        subscriptions(ctx)
        .filter(pl.col("holder_id").is_not_null())
        .select(
            "institution_id",
            "product_id",
            "subscription_id",
            "holder_id",
            "subscribed_on",
            end=pl.col("redeemed_on") + pl.duration(days=SETTLE_DAYS),
            held=pl.col("amount_fen"),
        )
    )


def _alive() -> pl.Expr:
    """A holding that a payment of the product on ``booked_on`` was due to."""
    return (pl.col("subscribed_on") <= pl.col("booked_on")) & (
        pl.col("end").is_null() | (pl.col("booked_on") <= pl.col("end"))
    )


def _left_out(ctx: Context) -> pl.DataFrame:
    """Shares of rounds that holders were not paid: ``institution_id``, ``holder_id``, ``booked_on``, ``credit``."""
    paid = round_lines(ctx)
    factor = paid.group_by(ROUND).agg(pl.col("factor").median())
    return (
        factor.join(_holdings(ctx), on=["institution_id", "product_id"])
        .filter(_alive())
        .join(paid.select(*ROUND, "subscription_id"), on=[*ROUND, "subscription_id"], how="anti")
        .select(
            "institution_id",
            "holder_id",
            "booked_on",
            (pl.col("factor") * pl.col("held")).round().cast(pl.Int64).alias("credit"),
        )
    )


def _kept_shares(ctx: Context) -> pl.DataFrame:
    """Holders' shares of repayments that paid for no round: they wait on the clients' balances."""
    kept = (
        ctx.table("mart_project_line")
        .filter(pl.col("kind") == "repayment")
        .join(coverage(ctx).select("line_no"), on="line_no", how="anti")
        .join(ctx.table("mart_line").select("line_no", "booked_on"), on="line_no")
        .join(ctx.table("mart_product_project").select("product_id", "project_id").unique(), on="project_id")
        .select("institution_id", "product_id", "line_no", "booked_on", repaid="amount_fen")
    )
    return (
        kept.join(_holdings(ctx), on=["institution_id", "product_id"])
        .filter(_alive())
        .with_columns(whole=pl.col("held").sum().over("line_no", "product_id"))
        .select(
            "institution_id",
            "holder_id",
            "booked_on",
            (pl.col("repaid") * (pl.col("held") / pl.col("whole"))).round().cast(pl.Int64).alias("credit"),
        )
    )


def _round_payers(ctx: Context) -> pl.DataFrame:
    """Institutions whose clients pay in round amounts, so that an odd amount was not paid in as it is."""
    return (
        deposits(ctx)
        .group_by("institution_id")
        .agg(((pl.col("amount_fen") % ROUND_FEN) == 0).mean().alias("share"))
        .filter(pl.col("share") >= ROUND_SHARE)
        .select("institution_id")
    )


def returned(ctx: Context) -> pl.DataFrame:
    """Payouts that give a client back what the same client had paid in, to the fen.

    Two cases: money paid in beyond what was subscribed, and a holding of a product whose money was
    never paid to a project, given back without any yield.

    Returns
    -------
    polars.DataFrame
        Grain: payout ``line_no``. ``institution_id``, ``holder_id``, ``amount_fen``,
        ``origin_line_no`` (the deposit, null where it is not on a statement on hand).
    """
    frame: pl.DataFrame = ctx.shared("tracing.returned", _returned)
    return frame


def _returned(ctx: Context) -> pl.DataFrame:
    spare = _spare(ctx)
    out = payout_lines(ctx).select(
        "line_no",
        "institution_id",
        "holder_id",
        "booked_on",
        "amount_fen",
        "product_id",
        "factor",
        "subscription_id",
    )
    idle = _idle_products(ctx)
    undone = out.filter(pl.col("factor") == 1.0).join(idle, on="product_id", how="semi")
    paid_in = (
        deposits(ctx).filter(pl.col("subscription_id").is_not_null()).select("subscription_id", "line_no")
    )
    undone = undone.join(
        paid_in.unique("subscription_id").rename({"line_no": "origin_line_no"}),
        on="subscription_id",
        how="left",
    )
    steady = round_lines(ctx).select("line_no")
    free = out.join(undone, on="line_no", how="anti").join(steady, on="line_no", how="anti")
    keys = ["institution_id", "holder_id", "amount_fen"]
    pairs = (
        free.filter(pl.col("holder_id").is_not_null())
        .join(spare, on=keys)
        .filter(pl.col("paid_on") <= pl.col("booked_on"))
        .sort("booked_on", "line_no", "paid_on", "origin_line_no")
    )
    found: list[pl.DataFrame] = []
    for _ in range(6):
        best = pairs.unique("line_no", keep="first", maintain_order=True).unique(
            "origin_line_no", keep="first", maintain_order=True
        )
        if best.is_empty():
            break
        found.append(best)
        pairs = pairs.join(best, on="line_no", how="anti").join(best, on="origin_line_no", how="anti")
    columns = ["institution_id", "line_no", "holder_id", "amount_fen", "origin_line_no"]
    return pl.concat([f.select(columns) for f in [undone, *found]]).sort("line_no")


def _spare(ctx: Context) -> pl.DataFrame:
    """What clients paid in and did not subscribe: whole deposits, or the rest of one."""
    paid = deposits(ctx).filter(pl.col("holder_id").is_not_null())
    sold = subscriptions(ctx).select("subscription_id", sold_fen="amount_fen")
    return (
        paid.join(sold, on="subscription_id", how="left")
        .with_columns(rest=pl.col("amount_fen") - pl.col("sold_fen").fill_null(0))
        .filter(pl.col("rest") > 0)
        .select(
            "institution_id",
            "holder_id",
            amount_fen="rest",
            paid_on="booked_on",
            origin_line_no="line_no",
        )
    )


def _idle_products(ctx: Context) -> pl.DataFrame:
    """Products none of whose projects was ever paid (or that have no project)."""
    served = (
        ctx.table("mart_product_project")
        .join(project_payments(ctx).select("project_id").unique(), on="project_id", how="semi")
        .select("product_id")
        .unique()
    )
    first = ctx.table("mart_line").select("booked_on").min().item()
    return (
        ctx.table("mart_product")
        .join(served, on="product_id", how="anti")
        .filter(pl.col("issued_on").is_null() | (pl.col("issued_on") >= first))
        .select("product_id")
        .unique()
    )


def _by_round(ctx: Context, lines: pl.DataFrame) -> pl.DataFrame:
    """Lay what covered a round over the payouts of the round, in order of line."""
    held = rounds(ctx).select(*ROUND, "paid_fen", "borrower_fen", "topup_fen")
    cover = coverage(ctx).join(payer_classes(ctx), on="line_no", how="left")
    named = cover.group_by([*ROUND, "source"]).agg(pl.col("amount_fen").sum())
    borrowed = named.filter(pl.col("source") == "borrower").drop("source").rename({"amount_fen": "named_fen"})
    kept = (
        held.join(borrowed, on=ROUND, how="left")
        .with_columns(amount_fen=pl.col("borrower_fen") - pl.col("named_fen").fill_null(0))
        .filter(pl.col("amount_fen") > 0)
        .select(
            *ROUND,
            "amount_fen",
            pl.lit("project").alias("class"),
            pl.lit(None, pl.Int64).alias("origin_line_no"),
            pl.lit(None, pl.Int64).alias("origin_holder_id"),
            pl.lit("kept").alias("basis"),
            pl.lit(1).alias("rank"),
        )
    )
    pool = (
        held.with_columns(amount_fen=pl.col("paid_fen") - pl.col("borrower_fen") - pl.col("topup_fen"))
        .filter(pl.col("amount_fen") > 0)
        .select(
            *ROUND,
            "amount_fen",
            pl.lit("other_client").alias("class"),
            pl.lit(None, pl.Int64).alias("origin_line_no"),
            pl.lit(None, pl.Int64).alias("origin_holder_id"),
            pl.lit("pool").alias("basis"),
            pl.lit(3).alias("rank"),
        )
    )
    direct = cover.select(
        *ROUND,
        "amount_fen",
        pl.when(pl.col("source") == "borrower")
        .then(pl.lit("project"))
        .otherwise(pl.col("payer_class"))
        .alias("class"),
        pl.col("line_no").cast(pl.Int64).alias("origin_line_no"),
        pl.col("cp_holder_id").cast(pl.Int64).alias("origin_holder_id"),
        pl.lit("round").alias("basis"),
        pl.when(pl.col("source") == "borrower").then(0).otherwise(2).alias("rank"),
    )
    give = pl.concat([direct, kept, pool], how="vertical_relaxed").sort(
        *ROUND, "rank", "origin_line_no", nulls_last=True
    )
    take = lines.select(*ROUND, "line_no", "amount_fen").sort(*ROUND, "line_no")
    return _lay(give, take)


def _lay(give: pl.DataFrame, take: pl.DataFrame) -> pl.DataFrame:
    """Overlap what rounds had with what they paid; a round's two sums are made equal first."""
    total = take.group_by(ROUND).agg(pl.col("amount_fen").sum().alias("need"))
    give = (
        give.join(total, on=ROUND)
        .sort(*ROUND, "rank", "origin_line_no", nulls_last=True)
        .with_columns(run=pl.col("amount_fen").cum_sum().over(ROUND))
        .with_columns(
            amount_fen=pl.min_horizontal("run", "need")
            - pl.min_horizontal(pl.col("run") - pl.col("amount_fen"), "need")
        )
    )
    given = give.group_by(ROUND).agg(pl.col("amount_fen").sum().alias("given"))
    lack = (
        total.join(given, on=ROUND, how="left")
        .with_columns(amount_fen=pl.col("need") - pl.col("given").fill_null(0))
        .filter(pl.col("amount_fen") > 0)
        .select(
            *ROUND,
            "amount_fen",
            pl.lit("other_client").alias("class"),
            pl.lit(None, pl.Int64).alias("origin_line_no"),
            pl.lit(None, pl.Int64).alias("origin_holder_id"),
            pl.lit("pool").alias("basis"),
            pl.lit(4).alias("rank"),
        )
    )
    give = (
        pl.concat([give.select(lack.columns), lack], how="vertical_relaxed")
        .filter(pl.col("amount_fen") > 0)
        .sort(*ROUND, "rank", "origin_line_no", nulls_last=True)
    )
    take = take.filter(pl.col("amount_fen") > 0)
    a, b, size = overlap(give["amount_fen"].cum_sum().to_numpy(), take["amount_fen"].cum_sum().to_numpy())
    left = give.select("class", "origin_line_no", "origin_holder_id", "basis")[a]
    right = take.select("institution_id", "line_no", "product_id")[b]
    return (
        pl.concat([left, right], how="horizontal")
        .with_columns(amount_fen=pl.Series(size), hops=pl.lit(1, pl.Int64))
        .select(list(SOURCE_SCHEMA))
    )


def payer_classes(ctx: Context) -> pl.DataFrame:
    """Who paid a line in, as a class of contract section 4."""
    roles = ctx.table("mart_role").select("institution_id", "holder_id", "role")
    return (
        controlled_lines(ctx)
        .filter(pl.col("direction") == "in")
        .select("institution_id", "line_no", "cp_holder_id", "cp_type")
        .join(
            roles,
            left_on=["institution_id", "cp_holder_id"],
            right_on=["institution_id", "holder_id"],
            how="left",
        )
        .select(
            "line_no",
            "cp_holder_id",
            pl.when(pl.col("cp_type").is_in(OWN_ACCOUNTS))
            .then(pl.lit("own"))
            .when(pl.col("cp_type") == "product")
            .then(pl.lit("other_client"))
            .when(pl.col("role") == "self")
            .then(pl.lit("own"))
            .when(pl.col("role") == "related")
            .then(pl.lit("related"))
            .when(pl.col("role") == "guarantor")
            .then(pl.lit("related"))
            .when(pl.col("role") == "client")
            .then(pl.lit("other_client"))
            .when(pl.col("role") == "bank")
            .then(pl.lit("bank"))
            .otherwise(pl.lit("unknown"))
            .alias("payer_class"),
        )
    )


__all__ = ["CLIENT_MONEY", "SOURCE_SCHEMA", "payout_lines", "project_payments", "returned", "sources"]
