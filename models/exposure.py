"""How much of the public depends on each institution: clients' money, clients, growth, tips.

Read from the flows of the accounts an institution controls; the register's own figures are what
is being checked, so they are not used here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import polars as pl

from models.marts import Marts, reader, slices
from models.ranking import Exposure

GROWTH_DAYS = 56
"""五(一) speaks of fast growth without a number; 8 weeks as typologies.md says."""

TIP_DAYS = 182
"""Tips older than half a year no longer tell where to go on Monday (calibrated)."""

UNREGISTERED = "U-"


def exposures(marts: Marts, as_of: dt.date, unregistered: Iterable[str] = ()) -> dict[str, Exposure]:
    """Measure the exposure of every registered institution and of the operators named.

    Parameters
    ----------
    marts : Marts
        Reads ``mart_institution``, ``mart_controlled_account``, ``mart_account``, ``mart_holder``,
        ``mart_line``, ``mart_role_all`` and ``mart_tip``.
    as_of : date
        The Sunday that ends the week.
    unregistered : iterable of str
        Ids ``U-<account>``: all accounts of that account's holder count, and every natural
        person who pays in counts as a client.

    Returns
    -------
    dict
        By institution id. Client money is in − out with clients, never below 0.
    """
    owned = _accounts(marts, unregistered)
    parts = [_measured(marts, part, as_of) for part in slices(marts, owned)]
    money = [row for part in parts for row in part.iter_rows()]
    tips = dict(
        marts.table("mart_tip")
        .filter(
            pl.col("institution_id").is_not_null()
            & (pl.lit(as_of) - pl.col("received_on") < pl.duration(days=TIP_DAYS))
        )
        .group_by("institution_id")
        .len()
        .iter_rows()
    )
    measured = {
        i: Exposure(max(0, net), clients, recent, before, int(tips.get(i, 0)))
        for i, net, clients, recent, before in money
    }
    names = [*marts.table("mart_institution")["institution_id"].to_list(), *sorted(set(unregistered))]
    return {i: measured.get(i, Exposure(tips=int(tips.get(i, 0)))) for i in names}


def _accounts(marts: Marts, unregistered: Iterable[str]) -> pl.DataFrame:
    """Controlled accounts: institution_id, account_id, one row a pair."""
    owned = marts.table("mart_controlled_account").select("institution_id", "account_id")
    numbers = sorted({u.removeprefix(UNREGISTERED) for u in unregistered})
    if not numbers:
        return owned.unique()
    accounts = marts.table("mart_account").select("account_id", "account_no", "holder_id")
    named = accounts.filter(pl.col("account_no").is_in(numbers))
    of_holder = (
        named.filter(pl.col("holder_id").is_not_null())
        .select((UNREGISTERED + pl.col("account_no")).alias("institution_id"), "holder_id")
        .join(accounts.select("account_id", "holder_id"), on="holder_id")
        .select("institution_id", "account_id")
    )
    itself = named.select((UNREGISTERED + pl.col("account_no")).alias("institution_id"), "account_id")
    return pl.concat([owned, of_holder, itself]).unique()


def _measured(marts: Marts, owned: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """What clients brought some institutions: ``institution_id``, ``net``, ``clients``, ``recent``, ``before``."""
    lines = (
        reader(marts)
        .rows(
            "mart_line",
            ("account_id", "booked_on", "direction", "amount_fen", "cp_holder_id"),
            "cp_holder_id is not null and account_id in (select account_id from owned)",
            {"owned": owned.select("account_id").unique()},
        )
        .join(owned, on="account_id")
    )
    came, recent = pl.col("direction") == "in", pl.lit(as_of) - pl.col("booked_on")
    window = pl.duration(days=GROWTH_DAYS)
    inflow = pl.when(came).then(pl.col("amount_fen")).otherwise(0)
    return (
        _of_clients(marts, lines)
        .group_by("institution_id")
        .agg(
            (pl.when(came).then(pl.col("amount_fen")).otherwise(-pl.col("amount_fen"))).sum().alias("net"),
            pl.col("cp_holder_id").filter(came).n_unique().alias("clients"),
            inflow.filter(recent < window).sum().alias("recent"),
            inflow.filter((recent >= window) & (recent < 2 * window)).sum().alias("before"),
        )
    )


def _of_clients(marts: Marts, lines: pl.DataFrame) -> pl.DataFrame:
    """Lines with clients: of registered institutions by role, of operators with every natural person."""
    roles = (
        marts.table("mart_role_all", ("institution_id", "holder_id", "role"))
        .filter(pl.col("role") == "client")
        .select("institution_id", cp_holder_id="holder_id")
        .unique()
    )
    unregistered = pl.col("institution_id").str.starts_with(UNREGISTERED)
    operators = lines.filter(unregistered)
    found = lines.join(roles, on=["institution_id", "cp_holder_id"], how="semi")
    if operators.is_empty():
        return found
    persons = marts.table("mart_holder", ("holder_id", "kind")).filter(pl.col("kind") == "person")
    paid_by = operators.join(persons.select(cp_holder_id="holder_id").unique(), on="cp_holder_id", how="semi")
    return pl.concat([found.filter(~unregistered), paid_by])
