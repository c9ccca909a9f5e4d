"""What is traced of a circle of institutions rests on its part of the marts: digested, to know when it has changed.

All that a circle's answers may depend on is in `models.tracing.seen.SEEN`, in what is asked about the whole city
(accounts that many borrowers share, and what `digests` is told besides) and in the day, as far as an account has long
been silent. Rows are digested without the numbers that a warehouse gives to accounts, holders and lines: those change
with whatever else is in town, but not their order. Two circles with the same digest have the same answers, up to these numbers.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext

import duckdb
import polars as pl

from models.tracing.groups import Group
from models.tracing.seen import SEEN
from models.typologies._gaps import SILENT_DAYS

KEYS = (
    """
create or replace temp table key_holder as
select holder_id, hash(holder_key, name, name_key, kind) as told from mart_holder
""",
    """
create or replace temp table key_account as
with controlled as (
    select account_id, list([institution_id, account_type, basis] order by institution_id, account_type) as whose
    from mart_controlled_account group by account_id
),
spans as (
    select account_id, min(line_no) as first_line from mart_line group by account_id
)
select
    a.account_id,
    hash(
        a.account_no, a.holder_name, a.monitored, a.closed_on, h.told, c.whose, s.account_id is not null
    ) as told,
    p.first_line
from mart_account as a
left join key_holder as h on a.holder_id = h.holder_id
left join controlled as c on a.account_id = c.account_id
left join spans as p on a.account_id = p.account_id
left join shared_account as s on a.account_id = s.account_id
""",
)
"""What tells a holder or an account whatever its number. Grain: holder; account, with its first line."""
WRITTEN = {
    "account": """
select a.circle, hash('account', a.place, k.told) as told
from own_account as a inner join key_account as k on a.account_id = k.account_id
""",
    "line": """
select
    a.circle,
    hash(
        'line', a.place, l.line_no - o.first_line, l.booked_at, l.booked_on, l.direction, l.amount_fen,
        l.balance_after_fen, k.told, h.told, l.cp_basis
    ) as told
from mart_line as l
inner join own_account as a on l.account_id = a.account_id
inner join key_account as o on l.account_id = o.account_id
left join key_account as k on l.cp_account_id = k.account_id
left join key_holder as h on l.cp_holder_id = h.holder_id
""",
    "balance break": """
select a.circle, hash('break', b.account_no, b.kind, b.first_on, b.last_on, b.gap_fen) as told
from mart_balance_break as b
inner join mart_account as m on b.account_no = m.account_no
inner join own_account as a on m.account_id = a.account_id
""",
    "product project": """
select c.circle, hash('link', m.product_id, m.project_id, m.amount_fen, m.basis) as told
from mart_product_project as m
left join mart_product as p on m.product_id = p.product_id
left join mart_project as r on m.project_id = r.project_id
inner join own_institution as c on c.institution_id in (p.institution_id, r.institution_id)
""",
    "project line": """
select
    c.circle,
    hash(
        'project line', m.project_id, k.told, m.line_no - k.first_line, m.institution_id, m.kind, m.amount_fen, m.basis
    ) as told
from mart_project_line as m
inner join own_institution as c on m.institution_id = c.institution_id
left join mart_line as l on m.line_no = l.line_no
left join key_account as k on l.account_id = k.account_id
""",
    "subscription": """
select
    c.circle,
    hash(
        'subscription', m.subscription_id, m.product_id, i.investor_account, h.told, m.amount_fen, m.subscribed_on,
        m.redeemed_on
    ) as told
from mart_subscription as m
inner join own_institution as c on m.institution_id = c.institution_id
left join mart_investor as i on m.investor_no = i.investor_no
left join key_holder as h on m.holder_id = h.holder_id
""",
}
"""Those told by accounts, or by more than one number."""
KEYED = {"holder_id": "key_holder", "account_id": "key_account"}
"""Numbers, by the end of their column's name, and what stands for them."""


def _of_institution(name: str) -> str:
    """Rows of a relation whose columns tell their institution, and nothing by a line's number."""
    told, joins = [f"'{name}'"], []
    for column in SEEN[name]:
        number = next((n for n in KEYED if column.endswith(n)), None)
        if number is None:
            told.append(f"m.{column}")
        else:
            joins.append(f"left join {KEYED[number]} as {column}_key on m.{column} = {column}_key.{number}")
            told.append(f"{column}_key.told")
    return (
        f"select c.circle, hash({', '.join(told)}) as told from {name} as m "
        f"inner join own_institution as c on m.institution_id = c.institution_id {' '.join(joins)}"
    )


TRANSFERS = """
select
    c.circle,
    hash(
        'transfer', f.told, m.out_line_no - f.first_line, t.told, m.in_line_no - t.first_line, m.amount_fen,
        m.paid_at, m.arrived_at
    ) as told
from mart_transfer as m
inner join own_account as c on {of}
left join key_account as f on m.from_account_id = f.account_id
left join key_account as t on m.to_account_id = t.account_id
where {own} is null or {other} is not null
"""
"""Transfers that an account's own lines do not tell: with a leg on another statement."""
OF_CIRCLE = WRITTEN | {
    "transfer from": TRANSFERS.format(
        of="m.from_account_id = c.account_id", own="m.out_line_no", other="m.in_line_no"
    ),
    "transfer to": TRANSFERS.format(
        of="m.to_account_id = c.account_id", own="m.in_line_no", other="m.out_line_no"
    ),
    **{n: _of_institution(f"mart_{n}") for n in ("client", "product", "project", "relation", "role")},
}
"""Rows of ``mart_…`` that each circle sees, as numbers without a name. Grain: circle × row."""
LONG = frozenset({"line", "subscription", "transfer from", "transfer to"})
"""Those of relations as long as the statements; each begins with that relation."""
USES = """
select
    c.circle,
    hash(k.told, u.line_no - k.first_line, u.institution_id, u.class, u.amount_fen, u.basis) as told
from trace_use as u
inner join own_institution as c on u.institution_id = c.institution_id
inner join mart_line as l on u.line_no = l.line_no
inner join key_account as k on l.account_id = k.account_id
"""
"""What the range of a circle's figures rests on besides."""
SUMMED = """
select circle, count(*) as rows, sum(told::hugeint)::varchar as summed, bit_xor(told) as mixed
from ({rows}) group by circle order by circle
"""
SILENT = f"""
select distinct a.circle
from own_account as a
inner join mart_account as m on a.account_id = m.account_id
inner join mart_controlled_account as c on a.account_id = c.account_id
where
    (m.closed_on is null or m.closed_on > $1)
    and m.last_on < $1 - {SILENT_DAYS}
    and (
        c.account_type = 'custody'
        or c.institution_id not in (
            select o.institution_id from mart_controlled_account as o where o.account_type in ('custody', 'product')
        )
    )
"""
"""Circles of which a client account may have fallen silent (`models.typologies._gaps.blind_spans`)."""
CLOSED = """
select a.circle, count(*) from own_account as a inner join mart_account as m on a.account_id = m.account_id
where m.closed_on <= $1 group by a.circle
"""


@contextmanager
def as_written(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Have the rows of a long relation looked up in what they are joined with, never the other way round.

    How many rows a query has left is guessed far too low here, and rows taken for few are held in memory.
    """
    con.execute("set disabled_optimizers = 'join_order,build_side_probe_side'")
    try:
        yield
    finally:
        con.execute("reset disabled_optimizers")


class Inputs:
    """Digests of what the answers about some circles rest on.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        A writable warehouse with all marts.
    circles : sequence of Group
    shared : polars.Series
        Accounts as `models.tracing.uses.shared_accounts`.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, circles: Sequence[Group], shared: pl.Series) -> None:
        self._con = con
        self._count = len(circles)
        own = pl.DataFrame(
            [
                (n, a, place)
                for n, circle in enumerate(circles)
                for place, a in enumerate(sorted(circle.accounts))
            ],
            schema={"circle": pl.Int32, "account_id": pl.Int32, "place": pl.Int32},
            orient="row",
        )
        whose = pl.DataFrame(
            [(n, i) for n, circle in enumerate(circles) for i in circle.institutions],
            schema={"circle": pl.Int32, "institution_id": pl.String},
            orient="row",
        )
        self._keep("own_account", own)
        self._keep("own_institution", whose)
        self._keep("shared_account", pl.DataFrame({"account_id": shared.cast(pl.Int32)}))
        for key in KEYS:
            con.execute(key)

    def _keep(self, name: str, frame: pl.DataFrame) -> None:
        self._con.register("_kept", frame.to_arrow())
        self._con.execute(f"create or replace temp table {name} as select * from _kept")
        self._con.unregister("_kept")

    def digests(self, as_of: dt.date, more: str) -> list[str]:
        """Digest of each circle's part of the marts, the day it is seen on, and what else there is (`more`)."""
        total = [hashlib.sha256(more.encode()) for _ in range(self._count)]
        for name, rows in OF_CIRCLE.items():
            with as_written(self._con) if name in LONG else nullcontext():
                for circle, *sums in self._summed(rows):
                    total[circle].update(f"{name} {sums}".encode())
        for circle, closed in self._con.execute(CLOSED, [as_of]).fetchall():
            total[circle].update(f"closed {closed}".encode())
        for (circle,) in self._con.execute(SILENT, [as_of]).fetchall():
            total[circle].update(f"silent on {as_of}".encode())
        return [t.hexdigest() for t in total]

    def uses(self) -> list[str]:
        """Digest of each circle's uses of client money, wherever it went."""
        total = [""] * self._count
        for circle, *sums in self._summed(USES):
            total[circle] = hashlib.sha256(str(sums).encode()).hexdigest()
        return total

    def _summed(self, rows: str) -> list[tuple[int, ...]]:
        return self._con.execute(SUMMED.format(rows=rows)).fetchall()

    def close(self) -> None:
        """Drop what was made to digest."""
        for name in ("own_account", "own_institution", "shared_account", "key_holder", "key_account"):
            self._con.execute(f"drop table if exists temp.{name}")
