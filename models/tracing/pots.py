"""Pots: what registers tie together before a method has a say.

A pot holds in-lines and out-lines of one purpose. Deposits subscribed to a product belong with the
payments for the product's projects; repayments that covered a round of payment belong with the payouts
of that round; a deposit given back belongs with its return. In accounts that no register explains,
an in-line belongs with the out-line that passed its amount on.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from models.tracing.accounts import CLIENT_ACCOUNTS
from models.tracing.book import walked_lines
from models.tracing.clients import payout_lines
from models.tracing.hops import rows_of
from models.tracing.legs import walk
from models.tracing.lent import project_payments
from models.tracing.passing import passing
from models.tracing.sources import sources
from models.typologies._ledger import deposits, subscriptions
from models.typologies.base import Context

POT_SCHEMA: dict[str, pl.DataType] = {
    "line_no": pl.Int64(),
    "pot": pl.Int64(),
    "amount_fen": pl.Int64(),
}
"""Grain: line × pot; the part of the line that belongs to the pot."""


KINDS = ("passed", "product", "return", "round")
"""Kinds of pots in their order: where a line is claimed twice, the earlier kind goes first, then the earlier product,
day or line. Numbers of lines are compared as numbers, so that whatever else is in town changes no claim."""
PASSING = ("account_id", "line_no", "direction", "amount_fen", "booked_at")
"""Columns of lines that `models.tracing.passing` reads."""


def pots(ctx: Context) -> pl.DataFrame:
    """Pots of all accounts.

    Returns
    -------
    polars.DataFrame
        `POT_SCHEMA`, sorted. Parts of a line never exceed the line.
    """
    frame: pl.DataFrame = ctx.shared(
        "tracing.pots",
        lambda c: _pots(c, c.table("mart_line", PASSING).join(_clients(c), on="account_id", how="anti")),
    )
    return frame


def controlled_pots(ctx: Context) -> pl.DataFrame:
    """`pots` of controlled accounts alone; those of others need no register (`passed_pots`)."""
    ours = ctx.table("mart_controlled_account", ("account_id",)).unique()
    lines = ctx.table("mart_line", PASSING).join(ours, on="account_id", how="semi")
    return _pots(ctx, lines.join(_clients(ctx), on="account_id", how="anti"))


def passed_pots(lines: pl.DataFrame) -> pl.DataFrame:
    """Pots of accounts that no register gives to an institution, from their lines (`PASSING`); as `pots`."""
    named = _passed_on(lines)
    return (
        named.with_columns(pot=_numbered(named))
        .select(pl.col(c).cast(t) for c, t in POT_SCHEMA.items())
        .sort("line_no", "pot")
    )


def _pots(ctx: Context, others: pl.DataFrame) -> pl.DataFrame:
    named = pl.concat(
        [_products(ctx), _rounds(ctx), _returns(ctx), _passed_on(others)], how="vertical_relaxed"
    )
    pot = _numbered(named)
    count = max(pot.n_unique(), 1)
    both = (
        named.select(key=pl.col("line_no") * count + pot, amount_fen="amount_fen")
        .group_by("key")
        .agg(pl.col("amount_fen").sum())
        .sort("key")
    )
    lines = walked_lines(ctx)
    line = both["key"].to_numpy() // count
    row = rows_of(lines["line_no"].to_numpy(), pl.Series(line))
    both, line, row = both.filter(row >= 0), line[row >= 0], row[row >= 0]
    part = both["amount_fen"].to_numpy()
    run, whole = walk(line, part), lines["amount_fen"].to_numpy()[row]
    # first pots first: a line is claimed once at most
    amount = np.minimum(run, whole) - np.minimum(run - part, whole)
    return pl.DataFrame(
        {"line_no": line, "pot": both["key"].to_numpy() % count, "amount_fen": amount}
    ).filter(pl.col("amount_fen") > 0)


def _products(ctx: Context) -> pl.DataFrame:
    """Deposits subscribed to a product, and payments for its projects shared among their products."""
    sold = subscriptions(ctx).select("subscription_id", sold="amount_fen")
    back = sources(ctx).filter(pl.col("basis") == "returned").select(line_no="origin_line_no").drop_nulls()
    paid_in = (
        deposits(ctx)
        .filter(pl.col("product_id").is_not_null())
        .join(sold, on="subscription_id", how="left")
        .join(back.unique(), on="line_no", how="anti")
        .select(
            "line_no",
            "product_id",
            pl.min_horizontal("amount_fen", "sold").alias("amount_fen"),
        )
    )
    funded = (
        ctx.table("mart_product_project")
        .group_by("product_id", "project_id")
        .agg(pl.len().alias("rows"))
        .with_columns(share=1 / pl.len().over("project_id"))
    )
    lent = (
        project_payments(ctx)
        .join(funded, on="project_id")
        .select(
            "line_no",
            "product_id",
            (pl.col("amount_fen") * pl.col("share")).floor().cast(pl.Int64).alias("amount_fen"),
        )
    )
    return _keyed("product", pl.concat([paid_in, lent]), "product_id")


def _rounds(ctx: Context) -> pl.DataFrame:
    """What covered a round of payment, and the payouts it covered."""
    parts = (
        sources(ctx)
        .filter(pl.col("basis") == "round")
        .join(payout_lines(ctx).select("line_no", "booked_on"), on="line_no")
    )
    whose = ("product_id", "booked_on")
    both = pl.concat(
        [
            parts.select("line_no", *whose, "amount_fen"),
            parts.drop_nulls("origin_line_no").select(
                pl.col("origin_line_no").alias("line_no"), *whose, "amount_fen"
            ),
        ]
    )
    return _keyed("round", both, *whose)


def _clients(ctx: Context) -> pl.DataFrame:
    return (
        ctx.table("mart_controlled_account")
        .filter(pl.col("account_type").is_in(CLIENT_ACCOUNTS))
        .select("account_id")
    )


def _passed_on(lines: pl.DataFrame) -> pl.DataFrame:
    """Money that passed through accounts that are no client accounts, by amount and time."""
    pairs = passing(lines).with_columns(_key("passed", "in_line_no"))
    return pl.concat(
        [
            pairs.select(pl.col(f"{side}_line_no").alias("line_no"), "key", "amount_fen")
            for side in ("in", "out")
        ]
    )


def _returns(ctx: Context) -> pl.DataFrame:
    """A deposit that was given back, and its return."""
    parts = (
        sources(ctx)
        .filter((pl.col("basis") == "returned") & pl.col("origin_line_no").is_not_null())
        .with_columns(_key("return", "line_no"))
    )
    return pl.concat(
        [
            parts.select("line_no", "key", "amount_fen"),
            parts.select(pl.col("origin_line_no").alias("line_no"), "key", "amount_fen"),
        ]
    )


def _keyed(kind: str, parts: pl.DataFrame, *whose: str) -> pl.DataFrame:
    """Parts with the key of their pot, told by what it belongs to."""
    pots_of_kind = parts.select(whose).unique().sort(whose, nulls_last=True).with_row_index("place")
    return parts.join(pots_of_kind, on=whose, nulls_equal=True).select(
        "line_no", _key(kind, "place"), "amount_fen"
    )


def _key(kind: str, place: str) -> pl.Expr:
    """Key of a pot: its kind, then its place among them."""
    return (pl.lit(KINDS.index(kind) << 56, pl.Int64) + pl.col(place).cast(pl.Int64)).alias("key")


def _numbered(named: pl.DataFrame) -> pl.Series:
    """Numbers of pots without gaps, in the order of their keys."""
    keys = named["key"].unique().sort()
    return keys.search_sorted(named["key"]).cast(pl.Int64)
