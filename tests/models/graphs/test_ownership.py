"""The ownership graph, against SQL written independently, on random registers; and its readings."""

import random

import duckdb
import networkx as nx
import polars as pl
import pytest

from models.graphs.ownership import LISTED_ONLY, describe, graph, related

ROLES = ["shareholder", "actual_controller", "executive", "affiliate", "guarantor", "employee", "vendor"]


def random_registers(seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    rng = random.Random(seed)
    institutions = pl.DataFrame(
        {
            "institution_id": [f"I{i}" for i in range(8)],
            "holder": list(range(8)),
            "group_id": [rng.choice([None, None, "G1", "G2"]) for _ in range(8)],
        },
        schema_overrides={"group_id": pl.String},
    )
    rows = {(rng.randrange(8), rng.randrange(16), rng.choice(ROLES)) for _ in range(22)}
    return pl.DataFrame(sorted(rows), schema=["owner", "holder", "role"], orient="row"), institutions


def by_sql(relations: pl.DataFrame, institutions: pl.DataFrame) -> set[tuple[int, int, int]]:
    """(institution, holder, distance) by recursion in SQL."""
    con = duckdb.connect()
    con.register("relations", relations)
    con.register("institutions", institutions)
    listed = ", ".join(f"'{r}'" for r in sorted(LISTED_ONLY))
    return set(
        con.execute(
            f"""
            with recursive edge as (
                select owner as a, holder as b, role, false as down from relations where owner <> holder
                union
                select x.holder, y.holder, 'group', false from institutions as x
                inner join institutions as y on x.group_id = y.group_id and x.holder <> y.holder
            ),
            step as (
                select * from edge
                union
                select b, a, role, true from edge where role not in ({listed})
            ),
            walk as (
                select holder as origin, holder as node, 0 as distance, '' as role, false as down from institutions
                union
                select w.origin, s.b, w.distance + 1, s.role, s.down
                from walk as w
                inner join step as s on w.node = s.a
                where w.distance < 3 and not w.down and w.role not in ({listed})
                    and (not s.down or w.distance < 2)
                    and (w.distance = 0 or s.role not in ({listed}))
            )
            select origin, node, min(distance) from walk where origin <> node group by all
            """
        ).fetchall()
    )


@pytest.mark.parametrize("seed", range(12))
def test_graph_equals_sql(seed: int) -> None:
    relations, institutions = random_registers(seed)
    g = graph(relations, institutions)
    mine = {
        (origin, holder, len(path))
        for origin in institutions["holder"].to_list()
        for holder, path in related(g, origin).items()
    }
    theirs = by_sql(relations, institutions)
    assert {(o, h) for o, h, _ in mine} <= {(o, h) for o, h, _ in theirs}
    first = {(o, h) for o, h, d in theirs if d == 1}
    assert {(o, h) for o, h, d in mine if d == 1} == first
    shortest = {(o, h): d for o, h, d in theirs}
    assert all(shortest[o, h] <= d for o, h, d in mine)


def test_shareholders_of_shareholders() -> None:
    relations = pl.DataFrame(
        [
            (0, 1, "shareholder"),
            (1, 2, "actual_controller"),
            (0, 3, "employee"),
            (4, 3, "shareholder"),
            (5, 2, "shareholder"),
        ],
        schema=["owner", "holder", "role"],
        orient="row",
    )
    institutions = pl.DataFrame(
        {"institution_id": ["I0", "I1", "I4", "I5"], "holder": [0, 1, 4, 5], "group_id": [None] * 4},
        schema_overrides={"group_id": pl.String},
    )
    g = graph(relations, institutions)
    paths = related(g, 0)
    assert {h: len(p) for h, p in paths.items()} == {1: 1, 3: 1, 2: 2}
    names = {0: "甲", 1: "乙", 2: "张三"}
    assert describe("甲", paths[2], names) == "甲 <股东> 乙 <实际控制人> 张三"
    assert 4 not in paths, "an employee's own firm is no related party"


def test_no_path_goes_through_a_guarantor() -> None:
    relations = pl.DataFrame(
        [(0, 1, "guarantor"), (2, 1, "guarantor"), (1, 3, "shareholder")],
        schema=["owner", "holder", "role"],
        orient="row",
    )
    institutions = pl.DataFrame(
        {"institution_id": ["I0", "I1", "I2"], "holder": [0, 1, 2], "group_id": [None] * 3},
        schema_overrides={"group_id": pl.String},
    )
    assert set(related(graph(relations, institutions), 0)) == {1}


def test_empty_registers() -> None:
    empty = pl.DataFrame(schema={"owner": pl.Int32, "holder": pl.Int32, "role": pl.String})
    none = pl.DataFrame(schema={"institution_id": pl.String, "holder": pl.Int32, "group_id": pl.String})
    assert isinstance(graph(empty, none), nx.MultiDiGraph)
