"""Judge a city in turns: the institutions that hang together, few enough at a time for an ordinary computer.

What most typologies say of an institution follows from its own accounts, its own registers and whom these deal
with. They are asked turn by turn (`models.typologies.base.Typology.reach`), and what a turn read is given up
before the next. Institutions that share a group, an account, persons behind them or products are one *circle*
and never parted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from flows.steps.marts import DuckMarts

TURN_LINES = 1_000_000
"""Statement lines on the accounts of a turn's institutions; a circle that has more is a turn by itself."""
SLACK = 1.05
"""Part of a fair share that a turn may hold: circles are not cut, so that no turn is filled to the line."""
Columns = dict[str, dict[str, None]]
"""Columns by relation, in the order in which they were first asked for."""
ALIKE = ("vendor", "employee")
"""Roles that many unrelated institutions share: they tie none together."""


def circles(marts: DuckMarts) -> list[list[str]]:
    """Institutions that are judged together, each list sorted; the lists in the order of their first account.

    Accounts are numbered as lines are, so that neighbouring circles lie near each other on the disk.
    """
    firms = marts.table("mart_institution", ("institution_id",))
    import networkx as nx  # takes a moment to load, which a run with nothing new need not wait for

    graph: nx.Graph[str] = nx.Graph()
    graph.add_nodes_from(firms["institution_id"].sort().to_list())
    for keys in TIES:
        # whoever shares a key hangs on its first: a chain says as much as all pairs
        for members in marts.asked(SHARED.format(keys=keys))["members"].to_list():
            graph.add_edges_from((members[0], other) for other in members[1:])
    own = marts.table("mart_controlled_account", ("institution_id", "account_id"))
    lowest = dict(own.group_by("institution_id").agg(pl.col("account_id").min()).iter_rows())
    found = [sorted(c) for c in nx.connected_components(graph)]
    return sorted(found, key=lambda c: (min(lowest.get(i, 0) for i in c), c))


SHARED = """
with keyed as ({keys}),
shared as (
    select key from keyed where key is not null group by key
    having min(institution_id) <> max(institution_id)
)
select list_sort(list(distinct institution_id)) as members
from keyed semi join shared using (key) where institution_id is not null group by key order by key
"""
"""Institutions that share a key, each list sorted: few, of keys that are many."""
_CLIENT_ACCOUNTS = "mart_controlled_account where account_type in ('custody', 'product')"
TIES = (
    "select institution_id, group_id as key from mart_institution",
    "select institution_id, account_id as key from mart_controlled_account",
    f"""
    with client as (select institution_id, account_id from {_CLIENT_ACCOUNTS}),
    moved as (
        select transfer_no as key, from_account_id, to_account_id from mart_transfer
        where from_account_id in (select account_id from client) and to_account_id in (select account_id from client)
    )
    select c.institution_id, m.key from moved as m join client as c on c.account_id = m.from_account_id
    union all
    select c.institution_id, m.key from moved as m join client as c on c.account_id = m.to_account_id
    """,
    f"""
    select institution_id, holder_id as key from mart_relation where role not in {ALIKE}
    union all
    select institution_id, holder_id as key from mart_account where account_type <> 'party'
    """,
    """
    select institution_id, product_id as key from mart_product
    union all
    select institution_id, parent_product_id as key from mart_product
    """,
    """
    select institution_id, project_id as key from mart_project
    union all
    select p.institution_id, l.project_id as key
    from mart_product_project as l join mart_product as p on p.product_id = l.product_id
    """,
)
"""What ties institutions together: queries for ``institution_id`` and ``key``."""


def turns(marts: DuckMarts, lines: int = TURN_LINES, together: int = 1) -> list[list[str]]:
    """Circles gathered to turns of about `lines` lines, each sorted; a single turn holds the whole city.

    Of those judged `together` none is to be left over: where somewhat smaller turns are a multiple of it, these are made.
    """
    held = marts.table("mart_controlled_account", ("institution_id", "account_id")).join(
        marts.table("mart_account", ("account_id", "lines")), on="account_id"
    )
    weight = dict(held.group_by("institution_id").agg(pl.col("lines").sum()).iter_rows())
    sized = [(circle, sum(weight.get(i, 0) for i in circle)) for circle in circles(marts)]
    made = _gathered(sized, lines)
    if len(made) > 1 and (short := -len(made) % together):
        fair = sum(size for _, size in sized) / (len(made) + short)
        smaller = _gathered(sized, min(lines, int(fair * SLACK)))
        made = made if len(smaller) % together else smaller
    return [sorted(m) for m in made]


def _gathered(sized: Sequence[tuple[list[str], int]], lines: int) -> list[list[str]]:
    made: list[list[str]] = []
    so_far = lines
    for circle, size in sized:
        if made and so_far + size <= lines:
            made[-1] += circle
            so_far += size
        else:
            made.append(list(circle))
            so_far = size
    return made


class TurnMarts:
    """What the typologies see in a turn, as `models.typologies.base.Marts`.

    Relations that grow with the lines hold the rows of the turn's institutions: their accounts' lines, the other
    leg of their transfers, and all lines on accounts that no institution controls; their clients, sales, ledgers.
    Of accounts and holders they hold those that these rows name (`NAMED`) or that a register does.
    Relations that do not grow are whole. Rows keep their order.

    Parameters
    ----------
    marts : DuckMarts
    institutions : iterable of str
    read : dict, optional
        Columns that turns before this one read; added to. They are read together, since to find a turn's rows is to
        go through the whole relation.
    """

    def __init__(self, marts: DuckMarts, institutions: Iterable[str], read: Columns | None = None) -> None:
        self._marts = marts
        self._read: Columns = {} if read is None else read
        self._held: dict[str, dict[str, pl.Series]] = {}
        self._where: dict[str, tuple[str, ...]] = {}
        own = marts.table("mart_controlled_account", ("institution_id", "account_id"))
        ids = pl.DataFrame({"institution_id": sorted(institutions)}, schema={"institution_id": pl.String})
        inside = own.join(ids, on="institution_id", how="semi")["account_id"].unique()
        seen = marts.table("mart_account", ("account_id", "monitored")).filter("monitored")["account_id"]
        outside = own.filter(~pl.col("account_id").is_in(inside.implode()))["account_id"]
        accounts = seen.filter(~seen.is_in(outside.implode()))
        sold = marts.table("mart_product", ("institution_id", "product_id", "product_no")).join(
            ids, on="institution_id", how="semi"
        )
        lent = marts.table("mart_project", ("institution_id", "project_id")).join(
            ids, on="institution_id", how="semi"
        )
        self._keys = {
            "turn_institution": ids,
            "turn_account": pl.DataFrame({"account_id": accounts}),
            "turn_product": sold.select("product_id", "product_no"),
            "turn_project": lent.select("project_id"),
        }

    def table(self, name: str, columns: tuple[str, ...] | None = None) -> pl.DataFrame:
        """Return a relation's rows of this turn, or some of their columns; a column is read once and kept."""
        which = self._rows(name)
        if not which:
            return self._marts.table(name, columns)
        wanted = tuple(self._marts.columns(name)) if columns is None else columns
        held = self._held.setdefault(name, {})
        if any(c not in held for c in wanted):
            read = self._read.setdefault(name, {})
            read.update(dict.fromkeys(wanted))
            absent = [c for c in read if c not in held]
            frame = self._marts.any_of(name, absent, which, self._known(name))
            held.update((s.name, s) for s in frame.get_columns())
        return pl.DataFrame([held[c] for c in wanted])

    def rows(
        self, name: str, columns: Sequence[str], condition: str, keys: Mapping[str, pl.DataFrame]
    ) -> pl.DataFrame:
        """Return some columns of this turn's rows for which a condition holds; see `DuckMarts.rows`."""
        if name in NAMED:  # the condition finds the few at once: that the turn names them need not be known
            return self._marts.rows(name, columns, condition, keys)
        which = self._rows(name) or ("true",)
        both = [f"{mine} and ({condition})" for mine in which]
        return self._marts.any_of(name, columns, both, {**self._known(name), **keys})

    def _rows(self, name: str) -> tuple[str, ...]:
        """Conditions of which a turn's rows of a relation meet any; none where it is read whole."""
        if name not in self._where:
            which = _rows_of(name, self._marts.columns(name)) if self._marts.has(name) else ()
            self._where[name] = (self._near(name),) if which == (MINE,) else which
        return self._where[name]

    def _named(self, name: str) -> pl.DataFrame:
        """Accounts or holders that the turn's rows name."""
        key, places = NAMED[name]
        found = [
            self.table(relation, (column,))[column]
            for relation, column in places
            if self._marts.has(relation)
        ]
        if name == "mart_holder":
            found.append(self.table("mart_account", ("holder_id",))["holder_id"])
        told = pl.concat([f.unique().cast(pl.Int64).alias(key) for f in found])
        return pl.DataFrame({key: told.drop_nulls().unique().sort()})

    def _near(self, name: str) -> str:
        """Condition on a relation's institution, with the rows between which the turn's lie: only these are read.

        Institutions that are judged together lie near each other. (Numbers need no such help: the database knows
        the least and the largest of each part of a column.)
        """
        spans = self._marts.spans(name, "institution_id").join(
            self._keys["turn_institution"], on="institution_id", how="semi"
        )
        if spans.is_empty():
            return "false"
        low, high = spans.select(pl.col("first_row").min(), pl.col("last_row").max()).row(0)
        return f"rowid between {low} and {high} and {MINE}"

    def _known(self, name: str) -> dict[str, pl.DataFrame]:
        """Lists that the conditions on a relation name, and no others: the database is told of each anew."""
        if name == "mart_line" and "turn_leg" not in self._keys:
            self._keys["turn_leg"] = self._legs()
        if name in NAMED and f"turn_{name}" not in self._keys:
            self._keys[f"turn_{name}"] = self._named(name)
        return {key: rows for key, rows in self._keys.items() if any(key in c for c in self._rows(name))}

    def _legs(self) -> pl.DataFrame:
        """Lines of the turn's transfers on accounts that are not its own."""
        moves = self.table("mart_transfer", ("out_line_no", "in_line_no", "from_account_id", "to_account_id"))
        mine = self._keys["turn_account"]["account_id"].implode()
        left = moves.filter(~pl.col("from_account_id").is_in(mine))["out_line_no"]
        came = moves.filter(~pl.col("to_account_id").is_in(mine))["in_line_no"]
        return pl.DataFrame({"line_no": pl.concat([left, came]).drop_nulls().unique().sort()})

    def lines(self, numbers: pl.Series, columns: tuple[str, ...]) -> pl.DataFrame:
        """Return some columns of the lines of these numbers, whoever's they are; see `DuckMarts.lines`."""
        return self._marts.lines(numbers, columns)


MINE = "institution_id in (select institution_id from turn_institution)"
AT = "in (select account_id from turn_account)"
SOLD = "in (select product_id from turn_product)"
PARTS = {
    "mart_line": (f"account_id {AT}", "line_no in (select line_no from turn_leg)"),
    "mart_transfer": (f"from_account_id {AT}", f"to_account_id {AT}"),
    "mart_product_project": (
        f"product_id {SOLD}",
        "project_id in (select project_id from turn_project)",
        f"project_id in (select project_id from mart_product_project where product_id {SOLD})",
    ),
    "mart_subscription": ("product_no in (select product_no from turn_product)",),
}
"""Rows of a turn, where they are not told by their institution: those for which any of the conditions holds."""
NAMED: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "mart_account": (
        "account_id",
        (
            ("mart_line", "cp_account_id"),
            ("mart_transfer", "from_account_id"),
            ("mart_transfer", "to_account_id"),
            ("mart_subscription", "investor_account_id"),
            ("mart_project", "borrower_account_id"),
        ),
    ),
    "mart_holder": (
        "holder_id",
        (
            ("mart_line", "cp_holder_id"),
            ("mart_transfer", "from_holder_id"),
            ("mart_transfer", "to_holder_id"),
            ("mart_subscription", "holder_id"),
            ("mart_project", "borrower_holder_id"),
            ("mart_client", "holder_id"),
            ("mart_relation", "holder_id"),
        ),
    ),
}
"""Number by which accounts and holders are known, and where a turn's rows name them; holders are also named by the
accounts. As many as a city has clients: all of them would be gone through again in each turn."""
GROW = (
    "mart_client", "mart_institution_day", "mart_product", "mart_project", "mart_project_line", "mart_role",
    "mart_role_all", "trace_source", "trace_use",
)  # fmt: skip
"""Relations with ``institution_id`` that grow with the lines, beside the ledgers."""


def _rows_of(name: str, columns: list[str]) -> tuple[str, ...]:
    """Conditions of which a turn's rows meet any; none where a relation is read whole."""
    if name in PARTS:
        return PARTS[name]
    if name in NAMED:
        key, _ = NAMED[name]
        registered = "monitored or registered" if name == "mart_account" else "party_id is not null"
        return f"{key} in (select {key} from turn_{name})", f"{registered} or institution_id is not null"
    grows = name in GROW or name.startswith("ledger_")
    return (MINE,) if grows and "institution_id" in columns else ()
