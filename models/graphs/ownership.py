"""The ownership graph: who is related to an institution, and by which path.

Nodes are holders (a holder already unites the rows of one identity number: a shareholder whose
``id_no`` is another institution's ``uscc`` *is* that institution, and two parties with one
``id_no`` are one). An edge runs from an institution to each of its related parties. Vendors and
plain employees are listed at distance 1 but never walked through, and so are guarantors.

What counts as related, by the catalogue ("anyone in `relations` but vendors and plain employees on
payroll, their accounts, and members of the same `group_id`"; "ownership over two steps"):

* up: parties of the institution, and parties of those that are institutions themselves, up to
  `UP` steps (shareholders of shareholders);
* across: what one related party of the institution, or the institution itself, has such a relation to
  (a sister firm), one step down from there;
* by name: a person whom the institution, or somebody it paid, pays at an account no register gives, under the
  name of a person related to it that no other registered person shares, and of whom no account is known or the
  bank tells none;
* group: institutions with the same ``group_id``, and their parties.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb
import networkx as nx
import polars as pl

READS = frozenset(
    {
        "stg_relations",
        "stg_institutions",
        "stg_parties",
        "mart_holder",
        "mart_account",
        "mart_line",
        "int_pair__flow",
        "int_customer__resolved",
        "int_investor__asked",
        "stg_projects",
    }
)
UP = 3
"""Longest chain of shareholders of shareholders that is followed (a setting)."""
LISTED_ONLY = frozenset({"employee", "vendor", "guarantor"})
"""Roles that relate a party to the institution (or only list it), but lead no further."""
ROLE_ORDER = (
    "actual_controller",
    "shareholder",
    "affiliate",
    "legal_representative",
    "executive",
    "group",
    "guarantor",
    "employee",
    "vendor",
)
_ZH = {
    "actual_controller": "实际控制人",
    "shareholder": "股东",
    "affiliate": "关联企业",
    "legal_representative": "法定代表人",
    "executive": "高管",
    "group": "同一集团",
    "guarantor": "担保人",
    "employee": "员工",
    "vendor": "供应商",
}

_SCHEMA = {
    "institution_id": pl.String,
    "holder_id": pl.Int32,
    "role": pl.String,
    "distance": pl.Int32,
    "path": pl.String,
    "share_pct": pl.Float64,
    "since": pl.Date,
    "until": pl.Date,
}


@dataclass(frozen=True, slots=True, order=True)
class Step:
    """One edge of a path: what `holder` is to the node before it, or the other way round when `down`."""

    role_rank: int
    holder: int
    role: str
    down: bool = False


def graph(relations: pl.DataFrame, institutions: pl.DataFrame) -> nx.MultiDiGraph:
    """Build the ownership graph.

    Parameters
    ----------
    relations : polars.DataFrame
        ``owner`` (holder id of the institution), ``holder`` (of the party), ``role``.
    institutions : polars.DataFrame
        ``institution_id``, ``holder``, ``group_id``.

    Returns
    -------
    networkx.MultiDiGraph
        Edges from institution to party with key ``role``; group members point at each other with
        the role ``group``.
    """
    g: nx.MultiDiGraph = nx.MultiDiGraph()
    g.add_nodes_from(sorted(institutions["holder"].unique().to_list()))
    for owner, holder, role in sorted(relations.select("owner", "holder", "role").rows()):
        if owner != holder:
            g.add_edge(owner, holder, key=role)
    grouped = institutions.drop_nulls("group_id").group_by("group_id").agg(pl.col("holder").unique().sort())
    for members in grouped.sort("group_id")["holder"].to_list():
        for a in members:
            for b in members:
                if a != b:
                    g.add_edge(a, b, key="group")
    return g


def _steps(g: nx.MultiDiGraph, node: int, *, down: bool) -> Iterator[Step]:
    if node not in g:
        return
    edges = g.in_edges(node, keys=True) if down else g.out_edges(node, keys=True)
    found = (
        Step(ROLE_ORDER.index(role) if role in ROLE_ORDER else 99, a if down else b, role, down)
        for a, b, role in edges
    )
    yield from sorted(s for s in found if not (down and s.role in LISTED_ONLY))


def related(g: nx.MultiDiGraph, origin: int, up: int = UP) -> dict[int, tuple[Step, ...]]:
    """Holders related to one institution, each with the shortest path that says so.

    Parameters
    ----------
    g : networkx.MultiDiGraph
        As `graph` returns.
    origin : int
        The institution's holder.
    up : int
        Longest chain upwards.

    Returns
    -------
    dict
        Holder to its path; among equally short paths the strongest role wins, then the smaller
        holder number. Breadth first, O(edges within reach).
    """
    paths: dict[int, tuple[Step, ...]] = {origin: ()}
    ring: list[int] = [origin]
    for distance in range(1, up + 1):
        offers: list[tuple[tuple[Step, ...], bool]] = []
        for node in ring:
            path = paths[node]
            if path and (path[-1].role in LISTED_ONLY or path[-1].down):
                continue
            up_steps = _steps(g, node, down=False)
            offers += [((*path, s), False) for s in up_steps if distance == 1 or s.role not in LISTED_ONLY]
            if distance <= 2:
                offers += [((*path, s), True) for s in _steps(g, node, down=True)]
        ring = []
        for path, _ in sorted(offers):
            holder = path[-1].holder
            if holder not in paths:
                paths[holder] = path
                ring.append(holder)
    del paths[origin]
    return paths


def describe(origin_name: str, path: tuple[Step, ...], names: dict[int, str]) -> str:
    """Path in words: ``甲公司 <股东> 乙公司 <实际控制人> 张三``."""
    parts = [origin_name]
    for step in path:
        word = _ZH.get(step.role, step.role)
        parts.append(f"<{'其为' + word + '者' if step.down else word}>")
        parts.append(names.get(step.holder, str(step.holder)))
    return " ".join(parts)


def _namesakes(con: duckdb.DuckDBPyConnection, relations: pl.DataFrame) -> pl.DataFrame:
    """Holders that bear the name of a person directly related to an institution and deal with it.

    Registers give many insiders no account, so that what they are paid shows under an account of
    their name that belongs to nobody. A name two registered people share tells nothing, nor does that of a
    client or borrower of the institution; and an insider whose account is known is paid there, unless the bank
    tells no account of the payee at all.

    Returns
    -------
    polars.DataFrame
        ``institution_id``, ``holder`` (the account's), ``person`` (the related one); sorted, one person a holder.
    """
    listed = pl.col("role").is_in(sorted(LISTED_ONLY))
    asked = relations.filter(~listed).select("institution_id", "holder").unique()
    con.register("asked_relation", asked)
    found: pl.DataFrame = con.sql(
        """
        with named as (
            select name_key from mart_holder
            where id_no is not null and kind = 'person' and name_key is not null
            group by name_key having count(*) = 1
        ),
        insider as (
            select
                a.institution_id,
                a.holder as person,
                h.name_key,
                a.holder in (select m.holder_id from mart_account as m where m.holder_id is not null) as banked
            from asked_relation as a
            inner join mart_holder as h on a.holder = h.holder_id and h.kind = 'person'
            inner join named as n on h.name_key = n.name_key
        ),
        nobody as (
            select i.institution_id, i.person, h.holder_id as holder
            from insider as i
            inner join mart_holder as h on i.name_key = h.name_key
            where h.id_no is null and h.party_id is null and h.institution_id is null and h.kind <> 'company'
                and (not i.banked or starts_with(h.holder_key, 'n:'))
        ),
        customer as (
            select s.institution_id, c.holder_id
            from int_customer__resolved as c
            inner join int_investor__asked as s
                on c.institution_no = s.institution_no and c.investor_no = s.investor_no
            where c.register = 'subscriptions'
            union
            select p.institution_id, c.holder_id
            from int_customer__resolved as c
            inner join stg_projects as p on c.project_id = p.project_id
            where c.register = 'projects'
        ),
        payer as (
            select distinct l.cp_holder_id as holder, a.holder_id as payer
            from mart_line as l
            inner join mart_account as a on l.account_id = a.account_id
            where l.direction = 'out' and l.cp_holder_id in (select n.holder from nobody as n)
        ),
        met as (
            select f.institution_id, f.holder_id as holder from int_pair__flow as f
            union
            select f.institution_id, p.holder
            from payer as p
            inner join int_pair__flow as f on p.payer = f.holder_id and f.out_lines > 0
        )
        select n.institution_id, n.holder, min(n.person) as person
        from nobody as n
        inner join met as m on n.institution_id = m.institution_id and n.holder = m.holder
        where (n.institution_id, n.holder) not in (
            select (c.institution_id, c.holder_id) from customer as c where c.holder_id is not null
        )
        group by n.institution_id, n.holder
        having count(distinct n.person) = 1
        order by n.institution_id, n.holder
        """
    ).pl()
    con.unregister("asked_relation")
    return found


def make_relation(con: duckdb.DuckDBPyConnection) -> None:
    """Create ``mart_relation``: institution × holder that the graph relates to it, with role and path.

    ``role`` is the strongest direct role, or the last step's role at a greater distance;
    ``since``, ``until`` and ``share_pct`` are those of the direct row, else null.
    """
    institutions = con.sql(
        "select i.institution_id, i.name, h.holder_id as holder, i.group_id from stg_institutions as i "
        "inner join mart_holder as h on h.id_no = upper(trim(coalesce(i.uscc, i.institution_id))) "
        "order by i.institution_id"
    ).pl()
    relations = con.sql(
        "select i.holder_id as owner, h.holder_id as holder, r.role, r.institution_id, r.share_pct, r.since, "
        "r.until from stg_relations as r "
        "inner join stg_institutions as n on r.institution_id = n.institution_id "
        "inner join mart_holder as i on i.id_no = upper(trim(coalesce(n.uscc, n.institution_id))) "
        "inner join stg_parties as p on r.party_id = p.party_id "
        "inner join mart_holder as h on h.id_no = upper(trim(coalesce(p.id_no, p.party_id))) "
        "order by all"
    ).pl()
    g = graph(relations, institutions)
    reached = {i: related(g, h) for i, _, h, _ in institutions.rows()}
    wanted = sorted({s.holder for paths in reached.values() for p in paths.values() for s in p})
    known = con.sql("select holder_id, name from mart_holder order by holder_id").pl()
    names = dict(known.filter(pl.col("holder_id").is_in(wanted)).rows())
    reached_by, institution_names = reached, {i: name for i, name, _, _ in institutions.rows()}
    direct = {(i, h, role): (share, since, until) for _, h, role, i, share, since, until in relations.rows()}
    rows = []
    for institution_id, name, _, _ in institutions.rows():
        for holder, path in sorted(reached[institution_id].items()):
            last = path[-1]
            share, since, until = direct.get((institution_id, holder, last.role), (None, None, None))
            rows.append(
                (
                    institution_id,
                    holder,
                    last.role,
                    len(path),
                    describe(name, path, names),
                    share,
                    since,
                    until,
                )
            )
    for institution_id, holder, person in _namesakes(con, relations).rows():
        known_as = reached_by[institution_id].get(person)
        if known_as is not None and holder not in reached_by[institution_id]:
            name = names.get(person, str(person))
            text = f"{describe(institution_names[institution_id], known_as, names)} <同名账户> {name}"
            rows.append((institution_id, holder, known_as[-1].role, 2, text, None, None, None))
    frame = pl.DataFrame(rows, schema=_SCHEMA, orient="row")
    con.register("made_relation", frame)
    con.execute(
        "create table mart_relation as select * from made_relation order by institution_id, holder_id"
    )
    con.unregister("made_relation")
