"""Accounts no register gives to an institution that take its clients' money all the same.

The test uses what only the institution's own till would show: the payer is one of its subscribers, and
amount and day are those of a subscription for which no deposit came into a registered account. A shop,
an employer or a payment institution takes money from many clients too, but not in these amounts on
these days.
"""

from __future__ import annotations

import polars as pl

from models.typologies._frames import told
from models.typologies._gaps import statements_begin
from models.typologies._ledger import clients, deposits, subscriptions, unsold
from models.typologies.base import Context

MIN_MATCHES = 3
"""Unpaid subscriptions whose holder paid just that amount into the account within `LAG_DAYS`."""
MIN_PAYERS = 3
"""Different subscribers among the account's payers."""
MIN_SWEPT_PAYERS = 2
"""The same where the account also pays on to the institution's registered accounts."""
LAG_DAYS = 3
TILL_SHARE = 0.5
"""Share of an account's in-lines from which payers nobody knows are taken for clients like the rest."""

PAIR = ["institution_id", "account_id"]


def hidden_accounts(ctx: Context) -> pl.DataFrame:
    """Accounts that work as an institution's till.

    Returns
    -------
    polars.DataFrame
        Grain: ``institution_id, account_id``. ``matches`` (unpaid subscriptions found there),
        ``payers`` (subscribers who paid in), ``swept_fen`` (paid on to the institution's registered
        accounts), ``account_no``, ``holder_id``. Sorted by the grain.
    """
    frame: pl.DataFrame = ctx.shared("hidden.accounts", _hidden_accounts)
    return frame


def _free_ins(ctx: Context) -> pl.DataFrame:
    """In-lines of accounts that no register gives to an institution."""

    def make(ctx: Context) -> pl.DataFrame:
        known = ctx.table("mart_controlled_account").select("account_id").unique()
        columns = (
            "line_no",
            "account_id",
            "account_no",
            "booked_on",
            "amount_fen",
            "cp_holder_id",
            "cp_basis",
        )
        lines = ctx.table("mart_line", ("direction", *columns)).lazy()
        free = lines.filter(pl.col("direction") == "in").join(known.lazy(), on="account_id", how="anti")
        return free.select(columns).collect()

    frame: pl.DataFrame = ctx.shared("hidden.free_ins", make)
    return frame


def unpaid_subscriptions(ctx: Context) -> pl.DataFrame:
    """Subscriptions for which no deposit came into a registered account (grain: subscription_id)."""

    def make(ctx: Context) -> pl.DataFrame:
        first = statements_begin(ctx)
        paid = deposits(ctx).filter(pl.col("subscription_id").is_not_null())
        return (
            subscriptions(ctx)
            .filter(pl.col("subscribed_on") >= first)
            .join(paid, on="subscription_id", how="anti")
            .sort("subscription_id")
        )

    frame: pl.DataFrame = ctx.shared("hidden.unpaid", make)
    return frame


def _hidden_accounts(ctx: Context) -> pl.DataFrame:
    ins = _free_ins(ctx)
    unpaid = unpaid_subscriptions(ctx).filter(pl.col("holder_id").is_not_null())
    fits = (
        ins.join(
            unpaid.select("institution_id", "subscribed_on", "amount_fen", cp_holder_id="holder_id"),
            on=["cp_holder_id", "amount_fen"],
        )
        .filter((pl.col("booked_on") - pl.col("subscribed_on")).dt.total_days().abs() <= LAG_DAYS)
        .group_by(PAIR)
        .agg(
            pl.col("line_no").n_unique().alias("matches"),
            pl.col("cp_holder_id").n_unique().alias("payers"),
            pl.col("account_no").min(),
        )
    )
    own = ctx.table("mart_controlled_account").select("institution_id", cp_account_id="account_id")
    swept = (
        ctx.table("mart_line", ("account_id", "direction", "amount_fen", "cp_account_id"))
        .join(own, on="cp_account_id")
        .filter(pl.col("direction") == "out")
        .group_by(PAIR)
        .agg(swept_fen=pl.col("amount_fen").sum())
    )
    fits = pl.concat([fits, _by_payers(ctx, ins).join(fits, on=PAIR, how="anti").select(fits.columns)])
    return (
        told(ctx, fits.join(swept, on=PAIR, how="left"), "account_id", "mart_account", holder_id="holder_id")
        .with_columns(pl.col("swept_fen").fill_null(0))
        .filter(
            ((pl.col("matches") >= MIN_MATCHES) & (pl.col("payers") >= MIN_PAYERS))
            | ((pl.col("payers") >= MIN_SWEPT_PAYERS) & (pl.col("swept_fen") > 0))
        )
        .sort(PAIR)
    )


def _by_payers(ctx: Context, ins: pl.DataFrame) -> pl.DataFrame:
    """Accounts most of whose payers are clients of one institution whose subscriptions no register tells."""
    sold_to = clients(ctx).join(unsold(ctx), on="institution_id", how="semi")
    payers = ins.drop_nulls("cp_holder_id").with_columns(
        all=pl.col("cp_holder_id").n_unique().over("account_id")
    )
    return (
        payers.join(sold_to.rename({"holder_id": "cp_holder_id"}), on="cp_holder_id")
        .group_by(PAIR)
        .agg(
            pl.lit(0, pl.UInt32).alias("matches"),
            pl.col("cp_holder_id").n_unique().alias("payers"),
            pl.col("account_no").min(),
            pl.col("all").first(),
        )
        .filter((pl.col("payers") >= MIN_PAYERS) & (pl.col("payers") >= pl.col("all") * TILL_SHARE))
    )


def hidden_deposits(ctx: Context) -> pl.DataFrame:
    """Client money paid into hidden accounts.

    Returns
    -------
    polars.DataFrame
        Grain: ``line_no``. In-lines from the institution's subscribers, and from payers nobody
        knows where amount and day are those of an unpaid subscription. ``institution_id``,
        ``account_id``, ``account_no``, ``booked_on``, ``amount_fen``, ``holder_id``,
        ``subscription_id``, ``product_id`` (null where no subscription of that amount was unpaid).
    """
    frame: pl.DataFrame = ctx.shared("hidden.deposits", _hidden_deposits)
    return frame


def _hidden_deposits(ctx: Context) -> pl.DataFrame:
    found = hidden_accounts(ctx)
    ins = _free_ins(ctx).join(found.select(PAIR), on="account_id")
    sold_to = clients(ctx).rename({"holder_id": "cp_holder_id"})
    known = ins.join(sold_to, on=["institution_id", "cp_holder_id"], how="semi")
    unpaid = unpaid_subscriptions(ctx)
    masked = ins.join(known.select("line_no"), on="line_no", how="anti").filter(
        pl.col("cp_holder_id").is_null() | pl.col("cp_basis").is_in(["mask", "name", "none"])
    )
    first = _pair(known, unpaid, ["institution_id", "cp_holder_id", "amount_fen"])
    rest = unpaid.join(first, on="subscription_id", how="anti")
    second = _pair(masked, rest, ["institution_id", "amount_fen"])
    both = pl.concat([first, second])
    tills = (
        ins.group_by("account_id")
        .agg(pl.len().alias("ins"))
        .join(known.group_by("account_id").agg(pl.len().alias("named")), on="account_id")
        .filter(pl.col("named") >= pl.col("ins") * TILL_SHARE)
    )
    unknown = masked.filter(pl.col("cp_holder_id").is_null()).join(tills, on="account_id", how="semi")
    more = pl.concat([second.select("line_no"), unknown.select("line_no")]).unique()
    return (
        pl.concat([known, masked.join(more, on="line_no", how="semi")])
        .join(both, on="line_no", how="left")
        .rename({"cp_holder_id": "holder_id"})
        .drop("cp_basis")
        .sort("line_no")
    )


def _pair(lines: pl.DataFrame, subs: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Pair lines and subscriptions within `LAG_DAYS`, nearest day first, each once."""
    right = subs.select(
        "institution_id",
        "subscription_id",
        "product_id",
        "subscribed_on",
        "amount_fen",
        cp_holder_id="holder_id",
    )
    right = right.select(*keys, "subscription_id", "product_id", "subscribed_on")
    near = (
        lines.select("line_no", "booked_on", *keys)
        .join(right, on=keys)
        .with_columns(gap=(pl.col("booked_on") - pl.col("subscribed_on")).dt.total_days().abs())
        .filter(pl.col("gap") <= LAG_DAYS)
    )
    done: list[pl.DataFrame] = []
    for _ in range(4):
        best = (
            near.sort("gap", "line_no", "subscription_id")
            .unique("line_no", keep="first", maintain_order=True)
            .unique("subscription_id", keep="first", maintain_order=True)
        )
        done.append(best.select("line_no", "subscription_id", "product_id"))
        near = near.join(best, on="line_no", how="anti").join(best, on="subscription_id", how="anti")
    return pl.concat(done)
