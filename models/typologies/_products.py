"""Products' own accounts and the money that moves between them (产品账户、产品间资金).

Which product an account belongs to is told by its clients' deposits and payouts (the ledger), and only
where there are none by the product's name in the register's holder name.
"""

from __future__ import annotations

import polars as pl

from models.typologies._bonus import MOVES
from models.typologies._ledger import deposits, payouts
from models.typologies.base import Context


def product_accounts(ctx: Context) -> pl.DataFrame:
    """Product of each account of the type ``product``.

    Returns
    -------
    polars.DataFrame
        Grain: ``account_id``, sorted. ``institution_id``, ``product_id`` (null = no product of the register),
        ``basis``: ``flows`` (most of its clients' money is that product's), ``slices`` (products that name it as
        their parent pay into it) or ``name``.
    """
    frame: pl.DataFrame = ctx.shared("products.accounts", _product_accounts)
    return frame


def _product_accounts(ctx: Context) -> pl.DataFrame:
    accounts = ctx.table("mart_controlled_account").filter(pl.col("account_type") == "product")
    accounts = accounts.select("institution_id", "account_id").sort("account_id")
    seen = (
        pl.concat(
            [
                frame.filter(pl.col("product_id").is_not_null()).select(
                    "account_id", "product_id", "amount_fen"
                )
                for frame in (deposits(ctx), payouts(ctx))
            ]
        )
        .group_by("account_id", "product_id")
        .agg(pl.col("amount_fen").sum())
        .sort("account_id", "amount_fen", "product_id", descending=[False, True, False])
        .unique("account_id", keep="first", maintain_order=True)
        .select("account_id", by_flows="product_id")
    )
    named = (
        accounts.join(ctx.table("mart_account", ("account_id", "holder_name")), on="account_id")
        .join(ctx.table("mart_product", ("institution_id", "product_id", "name")), on="institution_id")
        .filter(pl.col("holder_name").str.ends_with(pl.col("name")).fill_null(False))
        .with_columns(size=pl.col("name").str.len_chars())
        .sort("account_id", "size", "product_id", descending=[False, True, False])
        .unique("account_id", keep="first", maintain_order=True)
        .select("account_id", by_name="product_id")
    )
    fed = _fed_by_slices(ctx, seen)
    return (
        accounts.join(seen, on="account_id", how="left")
        .join(named, on="account_id", how="left")
        .join(fed, on="account_id", how="left")
        .with_columns(
            product_id=pl.coalesce("by_flows", "by_slices", "by_name"),
            basis=pl.when(pl.col("by_flows").is_not_null())
            .then(pl.lit("flows"))
            .when(pl.col("by_slices").is_not_null())
            .then(pl.lit("slices"))
            .otherwise(pl.lit("name")),
        )
        .drop("by_flows", "by_slices", "by_name")
        .sort("account_id")
    )


def _fed_by_slices(ctx: Context, seen: pl.DataFrame) -> pl.DataFrame:
    """Accounts that no client pays into but the slices of one product do: it is their parent's account.

    What is so told tells the next layer's account in turn; a loop of parents ends with the accounts.
    """
    parents = ctx.table("mart_product", ("product_id", "parent_product_id")).drop_nulls()
    moves = ctx.table("mart_transfer", ("from_account_id", "to_account_id", "amount_fen"))
    known = seen.select("account_id", product_id="by_flows")
    told: list[pl.DataFrame] = []
    while known.height:
        fed = (
            moves.join(known.rename({"account_id": "from_account_id"}), on="from_account_id")
            .join(parents, on="product_id")
            .group_by(account_id="to_account_id", by_slices="parent_product_id")
            .agg(pl.col("amount_fen").sum())
            .sort("account_id", "amount_fen", "by_slices", descending=[False, True, False])
            .unique("account_id", keep="first", maintain_order=True)
            .select("account_id", "by_slices")
        )
        for earlier in told:
            fed = fed.join(earlier, on="account_id", how="anti")
        told.append(fed)
        fresh = fed.join(seen, on="account_id", how="anti")
        known = fresh.select("account_id", product_id="by_slices")
    return pl.concat(told) if told else pl.DataFrame(schema={"account_id": pl.Int32, "by_slices": pl.String})


def between_products(ctx: Context) -> pl.DataFrame:
    """Transfers from one product's account to another's, of any institution.

    Returns
    -------
    polars.DataFrame
        `models.typologies._bonus.transfers` columns with ``from_product`` and ``to_product``; sorted by
        ``transfer_no``. Transfers between accounts of different institutions are included with the
        paying one as ``institution_id``.
    """
    frame: pl.DataFrame = ctx.shared("products.between", _between)
    return frame


def _between(ctx: Context) -> pl.DataFrame:
    owner = product_accounts(ctx).select("account_id", "product_id")
    moved = ctx.table("mart_transfer", MOVES).join(
        product_accounts(ctx).select(
            "institution_id", from_account_id="account_id", from_product="product_id"
        ),
        on="from_account_id",
    )
    return (
        moved.join(
            owner.rename({"account_id": "to_account_id", "product_id": "to_product"}), on="to_account_id"
        )
        .filter(pl.col("from_account_id") != pl.col("to_account_id"))
        .with_columns(
            booked_on=pl.coalesce(pl.col("arrived_at").cast(pl.Date), pl.col("paid_at").cast(pl.Date))
        )
        .sort("transfer_no")
    )
