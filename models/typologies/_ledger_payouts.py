"""Payouts: which holding each payment to a client paid, and how much of it is interest.

A payout belongs to the holding whose amount it is a multiple of, with the same factor for the other holders
of that product on that day (everybody gets 1.117 % of what they hold). A factor shared by many holders is the
evidence; the promised yield only breaks ties.
"""

from __future__ import annotations

import polars as pl

from models.typologies._ledger_fits import (
    is_alive,
    late_parts,
    split,
    summed,
    supported,
    widely_supported,
)
from models.typologies._ledger_lines import (
    LINE,
    institution_no,
    numbered,
    of_clients,
    subscriptions,
    with_subscription,
)
from models.typologies.base import Context

BATCH = 10_000
"""Payments matched with their payees' holdings at a time: few enough for the pairs to stay near the processor."""


OFF = (0, 1, -1)
"""Fen by which a payment may be off what a factor gives: banks round up, down or to the nearest."""


def payouts(ctx: Context, columns: tuple[str, ...] | None = None) -> pl.DataFrame:
    """Payments from controlled accounts to clients, with the holding they paid.

    Returns
    -------
    polars.DataFrame
        Grain: ``line_no`` (an out-line to a subscriber, or of the very amount one holder of a
        product still lacked in a day's distribution). ``product_id``, ``subscription_id``,
        ``factor`` (payout over amount held), ``support`` (holders of the product that got the
        same factor that day; 1 for a late part that fits none), ``wide`` (the same over all days),
        ``principal_fen``, ``interest_fen`` and ``kind`` (``interest``,
        ``principal``, ``both``, ``part``) are null where no holding explains the payment.
    """
    return ctx.answered("ledger.payouts", _payouts, columns)


def _holdings(ctx: Context) -> pl.DataFrame:
    return numbered(ctx).select(
        "_i",
        "holder_id",
        "subscription_no",
        "product_no",
        "promised_yield",
        "term_days",
        "subscribed_on",
        "redeemed_on",
        held_fen="amount_fen",
    )


def _payouts(ctx: Context) -> pl.DataFrame:
    known, others = of_clients(ctx, "out", but="disbursement")
    held, number = _holdings(ctx), institution_no(ctx)
    holdings = held.drop_nulls(["_i", "holder_id"])
    payments = known.select("line_no", number, "holder_id", "booked_on", "amount_fen")
    found_in = [
        _identified(
            payments.join(some, on="_i", how="semi", maintain_order="left"),
            holdings.join(some, on="_i", how="semi", maintain_order="left"),
        )
        for some in _batches(payments)
    ]
    best = pl.concat(found_in) if found_in else _identified(payments, holdings)
    terms = ["subscription_no", "factor", "support", "wide", "held_fen"]
    found = known.join(best.select("line_no", *terms), on="line_no", how="left")
    extra = _unnamed_payouts(others.with_columns(number), best, held)
    columns = [*LINE, *terms]
    both = pl.concat([found.select(columns), extra.select(columns)], how="vertical_relaxed")
    return (
        with_subscription(ctx, both, "subscription_id", "product_id")
        .select(*LINE, "subscription_id", "product_id", *terms[1:])
        .with_columns(split())
        .with_columns(interest_fen=pl.col("amount_fen") - pl.col("principal_fen"))
        .sort("line_no")
    )


def identified(ctx: Context, paid: pl.DataFrame) -> pl.DataFrame:
    """Payments to clients that fit a holding, whoever paid them.

    Parameters
    ----------
    paid : polars.DataFrame
        ``line_no``, ``institution_id``, ``holder_id`` (the client's), ``booked_on``, ``amount_fen`` and more.

    Returns
    -------
    polars.DataFrame
        The rows of `paid` with what `payouts` says of a holding.
    """
    number = institution_no(ctx)
    held = _holdings(ctx).drop_nulls(["_i", "holder_id"])
    asked = paid.filter(
        pl.col("institution_id").is_in(subscriptions(ctx)["institution_id"].unique().implode())
    )
    payments = asked.select("line_no", number, "holder_id", "booked_on", "amount_fen")
    best = _identified(payments, held)
    terms = ["subscription_no", "factor", "support", "wide", "held_fen"]
    whose = best.select("line_no", "_i", *terms)
    return (
        with_subscription(
            ctx,
            asked.with_columns(number).join(whose, on=["line_no", "_i"]).drop("_i"),
            "subscription_id",
            "product_id",
        )
        .with_columns(split())
        .with_columns(interest_fen=pl.col("amount_fen") - pl.col("principal_fen"))
    )


def _batches(payments: pl.DataFrame) -> list[pl.DataFrame]:
    """Institutions (``_i``) in turns of about `BATCH` payments, so that the pairs of a turn fit into memory."""
    counted = payments.group_by("_i").len().sort("_i").with_columns(turn=pl.col("len").cum_sum() // BATCH)
    return counted.select("_i", "turn").partition_by("turn", maintain_order=True, include_key=False)


def _identified(known: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    """The best holding for each payment of some institutions."""
    several = pl.len().over("_i", "holder_id", "product_no") > 1
    pairs = (
        known.lazy()
        .join(held.lazy().with_columns(_several=several), on=["_i", "holder_id"])
        .filter(is_alive())
        .collect()
    )
    alive = pairs.drop("_several")
    fits = supported(
        pl.concat([alive, summed(pairs.filter("_several").drop("_several"))])
        .with_columns(factor=pl.col("amount_fen") / pl.col("held_fen"))
        .filter(pl.col("factor").is_between(0.0005, 1.8))
    )
    near = fits.filter((pl.col("support") >= 2) | (pl.col("formula") > 0)).filter(
        pl.col("support") == pl.col("support").max().over("line_no")
    )
    best = (
        widely_supported(near, fits)
        .sort(
            "line_no",
            "formula",
            "wide",
            _off_term(),
            "subscription_no",
            "held_fen",
            descending=[False, True, True, False, False, False],
        )
        .unique("line_no", keep="first", maintain_order=True)
    )
    return pl.concat([best, late_parts(alive, best).select(best.columns)])


def _off_term() -> pl.Expr:
    """Days a payout is off its holding's term: principal is due at its end, interest while it runs.

    One who holds the same sum in product after product is paid on the one that is due.
    """
    due = pl.col("subscribed_on") + pl.duration(days=pl.col("term_days"))
    past = (pl.col("booked_on") - due).dt.total_days()
    return (
        pl.when(pl.col("factor") >= 0.999).then(past.abs()).otherwise(past.clip(lower_bound=0)).fill_null(0)
    )


def _unnamed_payouts(lines: pl.DataFrame, best: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    """Give lines with an unknown payee to the holder who still lacks that amount in a distribution."""
    group = ["_i", "product_no", "booked_on"]
    rounds = (
        best.filter(pl.col("support") >= 5)
        .with_columns(_r=(pl.col("factor") * 10_000).round().cast(pl.Int64))
        .group_by([*group, "_r"])
        .agg(pl.col("factor").median(), pl.col("support", "wide").max())
        .filter(pl.col("support") >= 5)
    )
    keys = ["_i", "booked_on", "amount_fen"]
    rest = lines.drop("cp_holder_id")
    # of a large product's holders on all its days only those can lack an amount that was paid: their sums tell which
    asked = rest.select(keys).unique()
    asked = pl.concat([asked.with_columns(pl.col("amount_fen") + off) for off in OFF]).unique()
    sums = held.select("_i", "product_no", "held_fen").unique()
    due = (
        rounds.join(asked, on=["_i", "booked_on"], how="semi")
        .join(sums, on=["_i", "product_no"])
        .with_columns(amount_fen=(pl.col("factor") * pl.col("held_fen")).round().cast(pl.Int64))
        .join(asked, on=keys, how="semi")
        .drop("_r")
    )
    paid = best.select(*group, "subscription_no").unique()
    lacking = (
        due.join(held.drop("promised_yield", "term_days"), on=["_i", "product_no", "held_fen"])
        .filter(is_alive())
        .join(paid, on=[*group, "subscription_no"], how="anti")
        .drop("subscribed_on", "redeemed_on")
    )
    found: list[pl.DataFrame] = []
    for off in OFF:
        a = rest.sort("line_no").with_columns(pl.int_range(pl.len()).over(keys).alias("_n"))
        b = (
            lacking.with_columns(pl.col("amount_fen") + off)
            .sort("subscription_no", "support", "factor", descending=[False, True, False])
            .with_columns(pl.int_range(pl.len()).over(keys).alias("_n"))
        )
        hit = a.join(b, on=[*keys, "_n"]).drop("_n")
        found.append(hit)
        rest = rest.join(hit.select("line_no"), on="line_no", how="anti")
        lacking = lacking.join(
            hit.select(*group, "subscription_no"), on=[*group, "subscription_no"], how="anti"
        )
    return pl.concat(found)
