"""Cut what is long into slices that are sorted or changed one after the other.

A sort that holds a hundred million rows spills and then fails; one of some million rows does neither. A relation asks
for slices by the parameters it names (`bounds`). They follow the order in which its rows are to lie, so how many there
are changes nothing of what is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import duckdb

SLICE = 8_000_000
"""Rows sorted or changed at a time."""
SAMPLED = 100_000
"""Subscriptions, about, by which the others are cut into slices."""


def bounds(
    con: duckdb.DuckDBPyConnection, parameters: Iterable[str], amends: str
) -> Iterator[dict[str, object]]:
    """Values of the parameters that bound each slice; one of none for a relation that asks for no slices.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    parameters : iterable of str
        Names that the relation's text uses.
    amends : str
        Relation whose rows are changed, for ``from_row`` and ``to_row``.

    Yields
    ------
    dict
        ``from_account`` and ``to_account``: first and last account; ``after_id`` and ``to_id``: subscriptions past the
        one and up to the other, null where there is no bound; ``from_row`` and ``to_row``: numbers of rows.
    """
    if "from_account" in parameters:
        for first, last in _accounts(con):
            yield {"from_account": first, "to_account": last}
    elif "after_id" in parameters:
        for after, to in _subscriptions(con):
            yield {"after_id": after, "to_id": to}
    elif "from_row" in parameters:
        yield from rows(con, amends, con.table(amends).columns[0])
    else:
        yield {}


def rows(con: duckdb.DuckDBPyConnection, relation: str, number: str) -> Iterator[dict[str, object]]:
    """First and last number (``from_row``, ``to_row``) of each slice of a relation whose rows are numbered from 1."""
    last = con.execute(f"select max({number}) from {relation}").fetchall()[0][0] or 1
    for first in range(1, last + 1, SLICE):
        yield {"from_row": first, "to_row": first + SLICE - 1}


def _accounts(con: duckdb.DuckDBPyConnection) -> list[tuple[int, int]]:
    """First and last account of each slice of `SLICE` lines; of more where one account has more."""
    accounts = con.execute(
        "select account_id, lines from mart_account where monitored order by account_id"
    ).fetchall()
    slices = [(0, 0)]
    held = 0
    for account, lines in accounts:
        if held and held + lines > SLICE:
            slices.append((account, account))
            held = 0
        held += lines
        slices[-1] = (slices[-1][0], account)
    return slices


def _subscriptions(con: duckdb.DuckDBPyConnection) -> list[tuple[str | None, str | None]]:
    """Bounds of slices of about `SLICE` subscriptions, told by those of them whose hash ends on noughts."""
    rows = con.execute("select count(*) from stg_subscriptions").fetchall()[0][0]
    slices = -(-rows // SLICE)
    if slices < 2:
        return [(None, None)]
    sampled = (
        f"select subscription_id, ntile({slices}) over (order by subscription_id) as slice from stg_subscriptions "
        f"where hash(subscription_id) % {max(1, rows // SAMPLED)} = 0"
    )
    ends = [
        end
        for (end,) in con.execute(
            f"select max(subscription_id) from ({sampled}) group by slice order by all"
        ).fetchall()
    ]
    return list(zip([None, *ends[:-1]], [*ends[:-1], None], strict=True))
