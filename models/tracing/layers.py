"""Money that a product puts into another product: a use, a hop, or neither.

A product's account pays a product's account for four reasons. It props up the other's payouts (the
payouts then carry that money as another client's). A client moves on from one product to the next,
who is named by a subscription of that very amount. A vehicle of the same kind that sells to nobody
stands between the product and its project: a hop. Else the product bought another product: that
is what became of its clients' money, and what the other product does with it is counted no more.
"""

from __future__ import annotations

import polars as pl

from models.tracing.book import WALKED
from models.tracing.follow import follow
from models.tracing.hops import LINES, TRANSFERS, Web
from models.tracing.match import match
from models.typologies._ledger import controlled_lines, deposits, subscriptions
from models.typologies._rounds import coverage
from models.typologies.base import Context

CONVERSION_DAYS = 3
"""Days between a client's move and the subscription that names it."""


def product_of_account(ctx: Context) -> pl.DataFrame:
    """Product each product account belongs to.

    Returns
    -------
    polars.DataFrame
        Grain: ``account_id`` of type ``product``. ``product_id``, ``kind``, ``public``,
        ``holders`` (subscriptions sold); null where neither the holder's name, nor deposits, nor
        projects tell.
    """

    def make(ctx: Context) -> pl.DataFrame:
        accounts = (
            ctx.table("mart_controlled_account")
            .filter(pl.col("account_type") == "product")
            .select("institution_id", "account_id")
            .join(ctx.table("mart_account", ("account_id", "holder_name")), on="account_id", how="left")
        )
        products = ctx.table("mart_product").select(
            "institution_id", "product_id", "name", "kind", public="publicly_offered", holders="subscriptions"
        )
        named = (
            accounts.join(products, on="institution_id")
            .filter(pl.col("holder_name").str.contains(pl.col("name"), literal=True))
            .with_columns(length=pl.col("name").str.len_chars())
            .sort("account_id", "length", "product_id", descending=[False, True, False])
            .unique("account_id", keep="first", maintain_order=True)
            .select("account_id", "product_id")
        )
        paid_in = (
            deposits(ctx)
            .filter(pl.col("product_id").is_not_null())
            .join(accounts, on="account_id", how="semi")
            .join(named, on="account_id", how="anti")
            .group_by("account_id")
            .agg(pl.col("product_id").mode().sort().first())
        )
        known = pl.concat([named, paid_in], how="vertical_relaxed")
        return (
            accounts.select("account_id")
            .join(known, on="account_id", how="left")
            .join(products.drop("institution_id", "name"), on="product_id", how="left")
            .unique("account_id")
            .sort("account_id")
        )

    frame: pl.DataFrame = ctx.shared("tracing.product_of_account", make)
    return frame


def bought(ctx: Context) -> pl.DataFrame:
    """Lines by which a product bought another product with its clients' money (grain: ``line_no``).

    Returns
    -------
    polars.DataFrame
        ``institution_id``, ``line_no``, ``cp_holder_id``, ``amount_fen``, ``inside`` (the other
        product is the same institution's).
    """

    def make(ctx: Context) -> pl.DataFrame:
        lines = _between(ctx)
        props = _props(ctx)
        moved = _moved(ctx, lines)
        own = product_of_account(ctx)
        to = own.rename({c: f"to_{c}" for c in own.columns})
        return (
            lines.join(props, on="line_no", how="anti")
            .join(moved, on="line_no", how="anti")
            .join(own, on="account_id", how="left")
            .join(to, left_on="cp_account_id", right_on="to_account_id", how="left")
            .with_columns(
                vehicle=pl.col("inside")
                & (pl.col("to_holders").fill_null(0) == 0)
                & (pl.col("kind").fill_null("") == pl.col("to_kind").fill_null(""))
                & (pl.col("public").fill_null(False) == pl.col("to_public").fill_null(False))
            )
            .filter(~pl.col("vehicle"))
            .select("institution_id", "line_no", "cp_holder_id", "amount_fen", "inside")
            .sort("line_no")
        )

    frame: pl.DataFrame = ctx.shared("tracing.bought", make)
    return frame


def _between(ctx: Context) -> pl.DataFrame:
    """Lines from a product's account to a product's account, of this institution or another."""
    products = (
        ctx.table("mart_controlled_account")
        .filter(pl.col("account_type") == "product")
        .select(cp_account_id="account_id", to_institution="institution_id")
        .unique("cp_account_id")
    )
    return (
        controlled_lines(ctx)
        .filter((pl.col("direction") == "out") & (pl.col("account_type") == "product"))
        .join(products, on="cp_account_id")
        .with_columns(inside=pl.col("to_institution") == pl.col("institution_id"))
        .unique("line_no")
        .sort("line_no")
    )


def _props(ctx: Context) -> pl.DataFrame:
    """Payments that covered another product's round of payment."""
    used = coverage(ctx).filter(pl.col("source") == "topup").select(in_no="line_no").unique()
    pairs = ctx.table("mart_transfer", ("out_line_no", "in_line_no")).drop_nulls()
    pairs = pairs.rename({"out_line_no": "line_no", "in_line_no": "in_no"})
    return pairs.join(used, on="in_no", how="semi").select("line_no").unique()


def _moved(ctx: Context, lines: pl.DataFrame) -> pl.DataFrame:
    """Payments that are one client's move: the client's subscription has that amount and day."""
    persons = ctx.table("mart_holder", ("holder_id", "kind")).filter(pl.col("kind") == "person")
    paid = deposits(ctx).select("subscription_id").drop_nulls().unique()
    named = (
        subscriptions(ctx)
        .join(persons, on="holder_id", how="semi")
        .join(paid, on="subscription_id", how="anti")
        .select("institution_id", "amount_fen", "subscribed_on", "subscription_id")
    )
    keys = ["institution_id", "amount_fen"]
    a = (
        lines.filter("inside")
        .sort("line_no")
        .with_columns(n=pl.int_range(pl.len()).over([*keys, "booked_on"]))
    )
    found = [a.select("line_no").clear()]
    for lag in range(CONVERSION_DAYS + 1):
        for day in sorted({lag, -lag}):
            b = (
                named.with_columns(booked_on=pl.col("subscribed_on") + pl.duration(days=day))
                .sort("subscription_id")
                .with_columns(n=pl.int_range(pl.len()).over([*keys, "booked_on"]))
            )
            hit = a.join(b, on=[*keys, "booked_on", "n"]).select("line_no", "subscription_id")
            found.append(hit.select("line_no"))
            a = a.join(hit, on="line_no", how="anti")
            named = named.join(hit, on="subscription_id", how="anti")
    return pl.concat(found)


def counted_before(ctx: Context, ends: pl.DataFrame) -> pl.DataFrame:
    """Parts of `ends` that money paid which is already counted as put into a product.

    Parameters
    ----------
    ends : polars.DataFrame
        ``line_no`` of payments for projects.

    Returns
    -------
    polars.DataFrame
        ``line_no``, ``counted_fen``.
    """
    start = bought(ctx).filter("inside")["line_no"]
    if start.is_empty():
        return pl.DataFrame(schema={"line_no": pl.Int64, "counted_fen": pl.Int64})
    accounts = product_of_account(ctx).select("account_id")
    columns = tuple(dict.fromkeys((*WALKED, *LINES)))
    lines = ctx.table("mart_line", columns).join(accounts, on="account_id", how="semi", maintain_order="left")
    web = Web.of(lines, match(lines, "fifo"), ctx.table("mart_transfer", TRANSFERS))
    steps = follow(web, start, hops=6).steps
    return (
        steps.join(ends.select("line_no"), on="line_no", how="semi")
        .group_by("line_no")
        .agg(pl.col("amount_fen").sum().alias("counted_fen"))
        .sort("line_no")
    )
