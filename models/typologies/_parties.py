"""Who stands how to an institution: its own people, its related parties, those it pays for running."""

from __future__ import annotations

import polars as pl

from models.typologies._frames import told
from models.typologies._gaps import statements_begin
from models.typologies._ledger import clients, controlled_lines, unsold
from models.typologies.base import Context

NOT_RELATED = ("vendor", "employee")
"""Roles of the register of relations that make nobody a related party (typologies.md, head)."""
ENTERED_DAYS = 30
"""Days by which the register may date a relation too late."""


def related(ctx: Context) -> pl.DataFrame:
    """Related parties: all of `relations` but vendors and plain employees, and group members.

    Returns
    -------
    polars.DataFrame
        Grain: ``institution_id, holder_id``. ``role`` (roles joined by ``/``), ``distance``
        (1 direct, 2 over a shareholder, a shared id or the group). The institution's own holder
        is not in it. Sorted by the grain.
    """

    def make(ctx: Context) -> pl.DataFrame:
        relations = ctx.table("mart_relation")
        gone = (pl.col("until") < statements_begin(ctx)).fill_null(False)
        own = own_holders(ctx)
        return (
            relations.filter(~pl.col("role").is_in(NOT_RELATED) & ~gone)
            .group_by("institution_id", "holder_id")
            .agg(pl.col("role").unique().sort().str.join("/"), pl.col("distance").min())
            .join(own, on=["institution_id", "holder_id"], how="anti")
            .sort("institution_id", "holder_id")
        )

    frame: pl.DataFrame = ctx.shared("parties.related", make)
    return frame


def relation_spans(ctx: Context) -> pl.DataFrame:
    """Related parties that were none for some of the time the statements tell of.

    Returns
    -------
    polars.DataFrame
        Grain: ``institution_id, holder_id``. ``since``, ``until``: the first and last day of any of its relations, null
        where one of them has no such day. Parties related all the time are left out.
    """

    def make(ctx: Context) -> pl.DataFrame:
        begin = statements_begin(ctx)
        relations = ctx.table("mart_relation").filter(~pl.col("role").is_in(NOT_RELATED))
        since, until = pl.col("since"), pl.col("until")
        return (
            relations.group_by("institution_id", "holder_id")
            .agg(
                since=pl.when(since.is_not_null().all()).then(since.min()),
                until=pl.when(until.is_not_null().all()).then(until.max()),
            )
            .filter((pl.col("since") > begin) | (pl.col("until") < ctx.as_of))
            .sort("institution_id", "holder_id")
        )

    frame: pl.DataFrame = ctx.shared("parties.spans", make)
    return frame


def in_time(ctx: Context, rows: pl.DataFrame, holder: str, on: str) -> pl.DataFrame:
    """Leave out rows with a holder that was no related party on that day.

    A relation is entered some time after it began: `ENTERED_DAYS` before its first day count as its own.

    Parameters
    ----------
    rows : polars.DataFrame
        ``institution_id``, the column `holder` (holders that are no related parties at all are kept) and the date `on`.
    """
    spans = relation_spans(ctx)
    if spans.is_empty() or rows.is_empty():
        return rows
    spans = spans.select(
        "institution_id", "since", "until", pl.col("holder_id").cast(rows.schema[holder]).alias(holder)
    )
    early = (pl.col(on) < pl.col("since") - pl.duration(days=ENTERED_DAYS)).fill_null(False)
    late = (pl.col(on) > pl.col("until")).fill_null(False)
    return (
        rows.join(spans, on=["institution_id", holder], how="left", maintain_order="left")
        .filter(~early & ~late)
        .drop("since", "until")
    )


def others_on_hand(ctx: Context) -> pl.DataFrame:
    """Accounts that no institution controls and whose statements are on hand: ``account_id``, ``holder_id``."""

    def make(ctx: Context) -> pl.DataFrame:
        controlled = ctx.table("mart_controlled_account", ("account_id",))
        accounts = ctx.table("mart_account", ("account_id", "holder_id", "monitored")).filter("monitored")
        return accounts.drop("monitored").join(controlled, on="account_id", how="anti")

    frame: pl.DataFrame = ctx.shared("parties.others_on_hand", make)
    return frame


def own_holders(ctx: Context) -> pl.DataFrame:
    """Holders of the institution's registered accounts (grain: ``institution_id, holder_id``)."""

    def make(ctx: Context) -> pl.DataFrame:
        accounts = ctx.table("mart_account", ("account_id", "holder_id"))
        return (
            ctx.table("mart_controlled_account")
            .join(accounts, on="account_id")
            .select("institution_id", "holder_id")
            .drop_nulls()
            .unique()
            .sort("institution_id", "holder_id")
        )

    frame: pl.DataFrame = ctx.shared("parties.own_holders", make)
    return frame


def staff_and_vendors(ctx: Context) -> pl.DataFrame:
    """Holders an institution pays to run itself.

    Employees and vendors of the register, payees of their names (a register of accounts seldom tells
    where wages go), and whoever its own accounts pay who is no subscriber nor bears the name of one (masked cards
    and registers without accounts), no borrower and no account of its own.
    Where no register tells the subscriptions, a person so paid may be a client: only firms are taken then.

    Returns
    -------
    polars.DataFrame
        Grain: ``institution_id, holder_id``; ``source`` is ``register`` or ``flows``.
    """

    def make(ctx: Context) -> pl.DataFrame:
        listed = (
            ctx.table("mart_relation")
            .filter(pl.col("role").is_in(NOT_RELATED))
            .select("institution_id", "holder_id")
            .unique()
        )
        listed = pl.concat([listed, _namesakes(ctx, listed)]).unique().with_columns(source=pl.lit("register"))
        borrowers = (
            ctx.table("mart_project", ("institution_id", "borrower_holder_id"))
            .select("institution_id", holder_id="borrower_holder_id")
            .drop_nulls()
            .unique()
        )
        paid = (
            controlled_lines(ctx)
            .select("institution_id", "cp_holder_id", "account_type", "direction", "cp_type")
            .filter(
                (pl.col("account_type") == "own")
                & (pl.col("direction") == "out")
                & pl.col("cp_type").is_null()
            )
            .select("institution_id", holder_id="cp_holder_id")
            .drop_nulls()
            .unique()
            .join(clients(ctx), on=["institution_id", "holder_id"], how="anti")
            .join(borrowers, on=["institution_id", "holder_id"], how="anti")
            .join(listed, on=["institution_id", "holder_id"], how="anti")
            .join(_paid_persons(ctx), on=["institution_id", "holder_id"], how="anti")
        )
        paid = paid.join(client_names(ctx, paid), on=["institution_id", "holder_id"], how="anti")
        paid = paid.with_columns(source=pl.lit("flows"))
        return pl.concat([listed, paid]).sort("institution_id", "holder_id")

    frame: pl.DataFrame = ctx.shared("parties.staff_and_vendors", make)
    return frame


def _paid_persons(ctx: Context) -> pl.DataFrame:
    """Persons, beside each institution whose subscriptions no register tells (``institution_id``, ``holder_id``)."""
    persons = ctx.table("mart_holder", ("holder_id", "kind")).filter(pl.col("kind") != "company")
    untold = unsold(ctx)
    if untold.is_empty():
        return untold.select("institution_id", holder_id=pl.lit(None, persons.schema["holder_id"]))
    return (
        controlled_lines(ctx)
        .filter(pl.col("direction") == "out")
        .join(untold, on="institution_id", how="semi")
        .select("institution_id", holder_id="cp_holder_id")
        .unique()
        .join(persons, on="holder_id", how="semi")
    )


def client_names(ctx: Context, payees: pl.DataFrame) -> pl.DataFrame:
    """Payees who bear the name of a client of whom no register gives an account (``institution_id``, ``holder_id``)."""
    who = ["institution_id", "holder_id"]
    sold = ctx.table("mart_subscription", (*who, "investor_account_id"))
    sold = sold.join(payees.select("institution_id").unique(), on="institution_id", how="semi")
    blind = sold.drop_nulls("holder_id").group_by(who).agg(pl.col("investor_account_id").is_null().all())
    named, called = (
        told(ctx, frame.select(who), "holder_id", "mart_holder", name_key="name_key").drop_nulls()
        for frame in (payees, blind.filter("investor_account_id"))
    )
    return named.join(called, on=["institution_id", "name_key"], how="semi").select(who).unique()


def _namesakes(ctx: Context, listed: pl.DataFrame) -> pl.DataFrame:
    """Payees of an institution that bear the name of somebody listed for it and are no client."""
    who = ["institution_id", "holder_id"]
    called = told(ctx, listed, "holder_id", "mart_holder", name_key="name_key").drop_nulls("name_key")
    called = called.select("institution_id", "name_key").unique()
    # few bear such a name: they are looked up first, and only their lines are read
    alike = ctx.table("mart_holder", ("holder_id", "name_key")).filter(
        pl.col("name_key").is_in(called["name_key"].unique().implode())
    )
    return (
        controlled_lines(ctx)
        .lazy()
        .filter((pl.col("direction") == "out") & pl.col("cp_type").is_null())
        .select("institution_id", holder_id="cp_holder_id")
        .join(alike.lazy(), on="holder_id")
        .unique()
        .join(called.lazy(), on=["institution_id", "name_key"], how="semi")
        .select(who)
        .collect()
        .join(clients(ctx), on=who, how="anti")
    )


def of_kind(ctx: Context, *roles: str) -> pl.DataFrame:
    """Holders that are, by themselves, of a kind (``securities``, ``real_estate``, ``bank`` …).

    Returns
    -------
    polars.DataFrame
        Grain: ``holder_id``; ``role``.
    """

    def make(ctx: Context) -> pl.DataFrame:
        return (
            ctx.table("mart_holder_kind")
            .filter(pl.col("role").is_in(roles))
            .group_by("holder_id")
            .agg(pl.col("role").min())
            .sort("holder_id")
        )

    frame: pl.DataFrame = ctx.shared("parties.kind." + "+".join(roles), make)
    return frame


def sectors(ctx: Context) -> dict[str, str]:
    """Institution id -> sector."""
    table = ctx.table("mart_institution").select("institution_id", "sector")
    return dict(table.iter_rows())
