"""What the clients' ledger is worked out from: lines of controlled accounts, subscriptions, who is a client."""

from __future__ import annotations

import polars as pl

from models.typologies.base import Context

CLIENT_LINE = (
    "line_no",
    "institution_id",
    "account_id",
    "account_no",
    "booked_on",
    "amount_fen",
    "holder_id",
)
"""What typologies ask of a client's payment, in or out; ``holder_id`` is the client's."""
LINE = [
    "line_no",
    "institution_id",
    "account_id",
    "account_no",
    "account_type",
    "booked_on",
    "amount_fen",
    "holder_id",
    "cp_account_id",
    "cp_basis",
]
"""What deposits and payouts keep of their line; ``holder_id`` is the client's."""
CLIENT_MONEY = ("custody", "own", "product", "other", "risk_reserve")
"""Account types on which clients' deposits or payouts are looked for."""


def controlled_lines(ctx: Context) -> pl.DataFrame:
    """Lines on controlled accounts, with the institution and the account's type.

    Returns
    -------
    polars.DataFrame
        Grain: a line of ``mart_line`` on a controlled account. Adds ``institution_id``,
        ``account_type``, ``basis`` and, where the counterparty is an account of the same
        institution, its type as ``cp_type``. Sorted by ``line_no``.
    """
    frame: pl.DataFrame = ctx.shared("ledger.controlled_lines", _controlled_lines)
    return frame


def _controlled_lines(ctx: Context) -> pl.DataFrame:
    accounts = ctx.table("mart_controlled_account")
    own = accounts.select("institution_id", "account_id", "account_type", "basis")
    own = own.with_columns(pl.col("account_type", "basis").cast(pl.Categorical))
    other = own.select("institution_id", cp_account_id="account_id", cp_type="account_type")
    columns = (
        "line_no",
        "account_id",
        "account_no",
        "booked_at",
        "booked_on",
        "direction",
        "amount_fen",
        "balance_after_fen",
        "cp_account_id",
        "cp_holder_id",
        "cp_basis",
    )
    return (
        ctx.table("mart_line", columns)
        .with_columns(pl.col("direction", "cp_basis").cast(pl.Categorical))
        .join(own, on="account_id", maintain_order="left")
        .join(other, on=["institution_id", "cp_account_id"], how="left", maintain_order="left")
        .sort("line_no")
    )


def subscriptions(ctx: Context) -> pl.DataFrame:
    """Subscriptions with institution, holder and the product's terms.

    Returns
    -------
    polars.DataFrame
        Grain: ``subscription_id``. ``holder_id`` is null where no account, id or unique name
        tells who the investor is. ``product_no`` tells products apart faster than their ids do;
        it is negative where no register tells the product. Sorted.
    """

    def make(ctx: Context) -> pl.DataFrame:
        sold = ctx.table(
            "mart_subscription",
            (
                "subscription_id",
                "product_id",
                "institution_id",
                "holder_id",
                "amount_fen",
                "subscribed_on",
                "redeemed_on",
                "product_kind",
                "promised_yield",
                "term_days",
                "issued_on",
                "matures_on",
                "product_no",
            ),
        ).sort("subscription_id")
        if not sold["product_no"].null_count():
            return sold
        unregistered = -pl.col("product_id").rank("dense").cast(pl.Int32)
        return sold.with_columns(pl.coalesce("product_no", unregistered))

    frame: pl.DataFrame = ctx.shared("ledger.subscriptions", make)
    return frame


def clients(ctx: Context) -> pl.DataFrame:
    """Who subscribed where: ``institution_id``, ``holder_id``, each once.

    Where no register tells an institution's subscriptions, its clients are persons who pay in (`_behaving`).
    """

    def make(ctx: Context) -> pl.DataFrame:
        sold = subscriptions(ctx).select("institution_id", "holder_id").drop_nulls().unique()
        behaving = _behaving(ctx).select(sold.columns)
        return pl.concat([sold, behaving.cast(dict(sold.schema))]).unique()  # type: ignore[arg-type]

    frame: pl.DataFrame = ctx.shared("ledger.clients", make)
    return frame


def _behaving(ctx: Context) -> pl.DataFrame:
    """Clients by behaviour of institutions whose subscriptions no register tells (``institution_id``, ``holder_id``).

    They pay into client accounts, or into others before they were ever paid: staff hand advances back, and borrowers
    what was lent to them.
    """
    who = ["institution_id", "holder_id"]
    behaving = (
        ctx.table("mart_client", (*who, "client_by", "in_lines"))
        .filter((pl.col("client_by") == "behaviour") & (pl.col("in_lines") > 0))
        .join(unsold(ctx), on="institution_id", how="semi")
        .select(who)
    )
    if behaving.is_empty():
        return behaving
    into_clients = (pl.col("direction") == "in") & pl.col("account_type").is_in(["custody", "product"])
    return (
        controlled_lines(ctx)
        .rename({"cp_holder_id": "holder_id"})
        .join(behaving, on=who, how="semi", maintain_order="left")
        .sort("booked_on", "line_no")
        .group_by(who)
        .agg(keep=into_clients.any() | (pl.col("direction").first() == "in"))
        .filter("keep")
        .select(who)
    )


def unsold(ctx: Context) -> pl.DataFrame:
    """Institutions that offer products and have no subscription in any register (``institution_id``; sorted)."""

    def make(ctx: Context) -> pl.DataFrame:
        sold = subscriptions(ctx).select("institution_id").drop_nulls().unique()
        offer = ctx.table("mart_product", ("institution_id",)).drop_nulls().unique()
        return offer.join(sold, on="institution_id", how="anti").sort("institution_id")

    frame: pl.DataFrame = ctx.shared("ledger.unsold", make)
    return frame


def numbered(ctx: Context) -> pl.DataFrame:
    """`subscriptions` by number (``subscription_no``, ``product_no``): ids are texts, compared over and over here.

    Numbers are in the order of the ids, so that ties are broken as the ids would. ``_i`` numbers the institution.
    """

    def make(ctx: Context) -> pl.DataFrame:
        subs = subscriptions(ctx)
        products = pl.Enum(subs["product_id"].unique().drop_nulls().sort())
        return subs.with_row_index("subscription_no").with_columns(
            institution_no(ctx), product_no=pl.col("product_id").cast(products).to_physical()
        )

    frame: pl.DataFrame = ctx.shared("ledger.numbered", make)
    return frame


def institution_no(ctx: Context) -> pl.Expr:
    known = [ctx.table("mart_controlled_account")["institution_id"], subscriptions(ctx)["institution_id"]]
    ids = pl.Enum(pl.concat([k.unique() for k in known]).unique().drop_nulls().sort())
    return pl.col("institution_id").cast(ids).to_physical().alias("_i")


def with_subscription(ctx: Context, frame: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """Put columns of the subscription in the place of its number (null where there is none)."""
    names = numbered(ctx).select("subscription_no", *columns)
    return frame.join(names, on="subscription_no", how="left").drop("subscription_no")


def of_clients(ctx: Context, direction: str, but: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Lines of one direction with the outside, those of a kind for projects left out: to subscribers, and others."""
    columns = [c if c != "holder_id" else "cp_holder_id" for c in LINE]
    projects = ctx.table("mart_project_line", ("line_no", "kind")).filter(pl.col("kind") == but)
    lines = (
        controlled_lines(ctx)
        .lazy()
        .filter(
            (pl.col("direction") == direction)
            & pl.col("account_type").is_in(CLIENT_MONEY)
            & pl.col("cp_type").is_null()
        )
        .select(columns)
        .join(projects.lazy(), on="line_no", how="anti")
        .collect()
    )
    who = ["institution_id", "cp_holder_id"]
    sold = clients(ctx).rename({"holder_id": "cp_holder_id"})
    known = lines.join(sold, on=who, how="semi").rename({"cp_holder_id": "holder_id"}).sort("line_no")
    return known, lines.join(sold, on=who, how="anti").sort("line_no")
