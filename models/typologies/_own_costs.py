"""What client accounts pay for running the institution itself: wages, rent, supplies, taxes."""

from __future__ import annotations

import polars as pl

from models.typologies._frames import holders, told
from models.typologies._ledger import clients, controlled_lines, payouts, unsold
from models.typologies._parties import client_names, related, staff_and_vendors
from models.typologies._pool import disbursement_lines
from models.typologies.base import Context

SALARIED = ("executive", "legal_representative", "actual_controller")
"""Roles of related parties that are on the payroll."""
SALARY_FEN = 5_000_000
"""What no month's pay of theirs reaches (50,000 yuan, as in `related-party-dealing`): less is payroll."""
SUPPLIER_TIMES = 3
SUPPLIER_DAYS = 60
"""A firm paid at least so often over at least so many days, and never paying in, is supplied from."""
SMALL_COST = 0.8
"""Part of the smallest project below which a payment is no project's money."""
SUPPLIERS = 2
"""Such firms of one institution; a single one may stand between it and its clients."""
CONTRACT_TIMES = 2
"""Equal payments to a firm, as far apart, that are a contract's (rent by the quarter) beside other suppliers."""
AUTHORITIES = r"(税务|财政|社会保险|社保|公积金|国库|人力资源和社会保障)[\p{Han}]{0,12}(局|中心|所|处|库)$|^(国家金库|国库)"
"""Names of offices that levy taxes and contributions: what they are paid is the payer's own duty, never a client's."""
PAYDAYS = 3
"""Days on which somebody is paid with the staff from which the money is a wage."""


def suppliers(ctx: Context) -> pl.DataFrame:
    """Firms that client accounts pay again and again though they are nobody to clients or projects.

    No register names them and the own accounts do not pay them. Offices that levy taxes are such payees from the first
    payment on, and beside them or others also a firm that is paid one sum twice. Left out are firms that ever paid in, that
    deal with another institution's client accounts (they carry payments), clients, borrowers, whoever a
    project's money went to, and banks, payment firms and the like; payments of the size of a project too.

    Returns
    -------
    polars.DataFrame
        Grain: ``institution_id, holder_id``; ``source`` is ``pattern``. Sorted.
    """

    def make(ctx: Context) -> pl.DataFrame:
        who = ["institution_id", "cp_holder_id"]
        firms = (
            ctx.table("mart_holder", ("holder_id", "kind", "institution_id"))
            .filter((pl.col("kind") == "company") & pl.col("institution_id").is_null())
            .select(cp_holder_id="holder_id")
            .join(
                ctx.table("mart_holder_kind").select(cp_holder_id="holder_id"), on="cp_holder_id", how="anti"
            )
        )
        lines = (
            controlled_lines(ctx)
            .lazy()
            .filter(pl.col("cp_holder_id").is_not_null() & pl.col("cp_type").is_null())
            .select(*who, "direction", "account_type", "booked_on", "amount_fen")
            .join(firms.lazy(), on="cp_holder_id", how="semi")
            .collect()
        )
        projects = ctx.table("mart_project", ("institution_id", "borrower_holder_id", "principal_fen"))
        known = [
            clients(ctx).select("institution_id", cp_holder_id="holder_id"),
            related(ctx).select("institution_id", cp_holder_id="holder_id"),
            disbursement_lines(ctx).select("institution_id", cp_holder_id="holder_id"),
            projects.select("institution_id", cp_holder_id="borrower_holder_id"),
            lines.filter(pl.col("direction") == "in").select(who),
        ]
        least = projects.group_by("institution_id").agg(least_fen=pl.col("principal_fen").min())
        paid = (
            lines.filter((pl.col("direction") == "out") & (pl.col("account_type") == "custody"))
            .with_columns(several=pl.col("institution_id").n_unique().over("cp_holder_id") > 1)
            .join(least, on="institution_id")
        )
        for some in known:
            paid = paid.join(some.cast({"cp_holder_id": paid.schema["cp_holder_id"]}), on=who, how="anti")
        levy = pl.col("_name").fill_null("").str.contains(AUTHORITIES)
        paid = told(ctx, paid, "cp_holder_id", "mart_holder", _name="name").with_columns(levy=levy)
        paid = paid.filter(~pl.col("several") | pl.col("levy"))
        span = (pl.col("booked_on").max() - pl.col("booked_on").min()).dt.total_days()
        far = pl.col("span") >= SUPPLIER_DAYS
        often = ((pl.col("days") >= SUPPLIER_TIMES) & far) | pl.col("levy")
        contract = (pl.col("days") >= CONTRACT_TIMES) & far & pl.col("equal")
        return (
            paid.group_by(who)
            .agg(
                pl.col("levy").first(),
                days=pl.col("booked_on").n_unique(),
                span=span,
                small=(pl.col("amount_fen") < pl.col("least_fen") * SMALL_COST).all(),
                equal=pl.col("amount_fen").n_unique() == 1,
            )
            .filter(pl.col("small"))
            .with_columns(often=often)
            .filter(
                (pl.col("often").sum().over("institution_id") >= SUPPLIERS)
                | pl.col("levy").any().over("institution_id")
            )
            .filter(pl.col("often") | contract)
            .select("institution_id", holder_id="cp_holder_id", source=pl.lit("pattern"))
            .sort("institution_id", "holder_id")
        )

    frame: pl.DataFrame = ctx.shared("commingled.suppliers", make)
    return frame


def own_costs(ctx: Context) -> pl.DataFrame:
    """Payments out of client accounts that serve the institution itself, executives' salaries among them.

    Returns
    -------
    polars.DataFrame
        Grain: ``line_no`` of an out-line of a custody account to staff, vendors or others whom the
        institution pays to run itself, that pays no holding and no project. ``source`` says how the
        payee is known (``register``, ``flows`` or, for firms nobody names, ``pattern``).
    """
    frame: pl.DataFrame = ctx.shared("commingled.own_costs", _own_costs)
    return frame


def _own_costs(ctx: Context) -> pl.DataFrame:
    payees = staff_and_vendors(ctx)
    salaried = related(ctx).filter(_salaried()).with_columns(source=pl.lit("register"))
    staff = pl.concat([f.select("institution_id", "holder_id") for f in (payees, salaried)])
    for more in (suppliers(ctx), salaried, _colleagues(ctx, staff)):
        new = more.join(payees, on=["institution_id", "holder_id"], how="anti")
        payees = pl.concat([payees, new.select(payees.columns)])
    payees = payees.rename({"holder_id": "cp_holder_id"})
    close = related(ctx).select(
        "institution_id",
        "role",
        cp_holder_id="holder_id",
        paid=_salaried(),
    )
    explained = pl.concat(
        [
            payouts(ctx).filter(pl.col("product_id").is_not_null()).select("line_no"),
            ctx.table("mart_project_line", ("line_no",)),
        ]
    )
    return (
        controlled_lines(ctx)
        .filter(
            (pl.col("account_type") == "custody")
            & (pl.col("direction") == "out")
            & pl.col("cp_type").is_null()
        )
        .join(payees, on=["institution_id", "cp_holder_id"])
        .join(close, on=["institution_id", "cp_holder_id"], how="left")
        .filter(pl.col("role").is_null() | (pl.col("paid") & (pl.col("amount_fen") < SALARY_FEN)))
        .drop("role", "paid")
        .join(_untold_clients(ctx), on=["institution_id", "cp_holder_id"], how="anti")
        .join(explained, on="line_no", how="anti")
        .sort("line_no")
    )


def _untold_clients(ctx: Context) -> pl.DataFrame:
    """Whoever paid into client accounts where no register tells the subscriptions: staff may be clients too.

    Grain: ``institution_id, cp_holder_id``.
    """
    return (
        controlled_lines(ctx)
        .filter((pl.col("account_type") == "custody") & (pl.col("direction") == "in"))
        .join(unsold(ctx), on="institution_id", how="semi")
        .select("institution_id", "cp_holder_id")
        .drop_nulls()
        .unique()
    )


def _colleagues(ctx: Context, staff: pl.DataFrame) -> pl.DataFrame:
    """Persons client accounts pay on the very days they pay the staff that registers or own accounts tell of.

    They are no clients (where a register tells these), borrowers or related parties, bear no client's name and never paid in; a wage
    stays below `SALARY_FEN`. Grain: ``institution_id, holder_id``; ``source`` is ``pattern``.
    """
    who = ["institution_id", "cp_holder_id"]
    crew = staff.rename({"holder_id": "cp_holder_id"})
    lines = (
        controlled_lines(ctx)
        .filter((pl.col("account_type") == "custody") & pl.col("cp_type").is_null())
        .join(crew.select("institution_id").unique(), on="institution_id", how="semi")
        .join(unsold(ctx), on="institution_id", how="anti")
        .select(*who, "direction", "booked_on", "amount_fen", "cp_basis", "account_id")
        .drop_nulls("cp_holder_id")
    )
    persons = holders(ctx, ("kind",), lines["cp_holder_id"]).filter(pl.col("kind") == "person")
    out = lines.filter(
        (pl.col("direction") == "out")
        & (pl.col("cp_basis") == "account")
        & (pl.col("amount_fen") < SALARY_FEN)
    ).join(persons.select(cp_holder_id="holder_id"), on="cp_holder_id", how="semi")
    # vendors are paid on any day: only persons make a payday
    paydays = out.join(crew, on=who, how="semi").select("institution_id", "account_id", "booked_on").unique()
    borrowers = ctx.table("mart_project", ("institution_id", "borrower_holder_id"))
    apart = pl.concat(
        [
            clients(ctx).rename({"holder_id": "cp_holder_id"}),
            related(ctx).select("institution_id", cp_holder_id="holder_id"),
            borrowers.select("institution_id", cp_holder_id="borrower_holder_id"),
            lines.filter(pl.col("direction") == "in").select(who),
            crew.select(who),
        ],
        how="vertical_relaxed",
    )
    found = (
        out.join(paydays, on=["institution_id", "account_id", "booked_on"], how="semi")
        .join(apart.unique(), on=who, how="anti")
        .group_by(who)
        .agg(days=pl.col("booked_on").n_unique())
        .filter(pl.col("days") >= PAYDAYS)
        .select("institution_id", holder_id="cp_holder_id", source=pl.lit("pattern"))
    )
    called = client_names(ctx, found.select("institution_id", "holder_id"))
    return found.join(called, on=["institution_id", "holder_id"], how="anti").sort(
        "institution_id", "holder_id"
    )


def _salaried() -> pl.Expr:
    """Whether every role of a related party (``role`` of `related`) is one on the payroll."""
    return pl.col("role").str.split("/").list.eval(pl.element().is_in(list(SALARIED))).list.all()
