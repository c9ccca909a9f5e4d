"""The tables of tracing, told group by group, against all institutions at once."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl
import pytest

from models import tracing
from models.marts import Whole
from models.tracing.groups import Group, circles, groups
from models.tracing.marts import ConnectionMarts, GroupMarts
from models.tracing.seen import LINE
from models.tracing.told import ORDER
from tests.cases.world import World, day
from tests.models.tracing.test_flows_world import STORIES, Tagged

TABLES = (*(name for name in ORDER if name != "trace_pot"), "trace_fragment", "mart_flow")
"""Pots are numbered within a group; what they tie together shows in the fragments."""


def entwined(t: Tagged) -> World:
    """The tagged stories, and what ties institutions: tills nobody registered, products that pay each other."""
    for story in STORIES:
        story(t, 9_100)
    p, q = t.platform(), t.platform()
    till = t.world.firm(held=True)
    people = t.world.people(8)
    p.sell(p.product("w"), people, 6_000, "2016-02-01", into=till)
    t.world.move("2016-02-20", till, p.custody, 20_000)
    t.world.move("2016-03-01", p.custody, q.custody, 15_000)
    t.world.move("2016-03-02", q.custody, t.world.firm("北川证券股份有限公司"), 15_000)
    return t.world


def traced(size: int) -> dict[str, pl.DataFrame]:
    found: dict[str, pl.DataFrame] = {}

    def step(con: duckdb.DuckDBPyConnection) -> None:
        tracing.build(con, day("2016-06-26"), lines=size)
        found.update({name: con.sql(f'from "{name}"').pl() for name in TABLES})
        found["groups"] = pl.DataFrame({"of": [len(g.institutions) for g in groups(circles(con), size)]})

    entwined(Tagged()).marts(after=(step,))
    return found


@pytest.fixture(scope="module")
def whole() -> dict[str, pl.DataFrame]:
    return traced(10**9)


@pytest.mark.parametrize("size", [1, 60])
def test_groups_change_nothing(whole: dict[str, pl.DataFrame], size: int) -> None:
    parts = traced(size)
    assert whole["groups"].height == 1
    assert parts["groups"].height > (1 if size > 1 else 5)
    for name in TABLES:
        assert parts[name].equals(whole[name]), name


def test_money_is_followed_into_accounts_of_another_group(whole: dict[str, pl.DataFrame]) -> None:
    used = whole["trace_use"].filter((pl.col("class") == "securities") & (pl.col("basis") == "traced"))
    assert used["amount_fen"].sum() > 0


def test_lines_come_in_order_from_the_transaction_that_wrote_them(tmp_path: Path) -> None:
    """A scan that selects from rows not yet committed may begin anywhere."""
    con = duckdb.connect(str(tmp_path / "w.duckdb"), config={"threads": 2})
    con.execute("begin")
    told = {"line_no": "i", "account_id": "(i // 5000)::integer", "booked_on": "repeat('x', 40) || i"}
    columns = ", ".join(f"{told.get(c, 'null::bigint')} as {c}" for c in LINE)
    con.execute(
        f"create table mart_line as select {columns} from (select range as i from range(300000)) order by i"
    )
    accounts = tuple(a for a in range(60) if a % 3)
    lines = GroupMarts(con, Group(("A",), accounts), ConnectionMarts(con)).table("mart_line", LINE)
    assert lines["line_no"].to_list() == [i for i in range(300_000) if i // 5000 % 3]


def test_rows_of_a_group_are_what_its_whole_relation_would_give() -> None:
    """Also columns that another relation holds; nothing of accounts beyond the group."""
    checked = []

    def step(con: duckdb.DuckDBPyConnection) -> None:
        for group in groups(circles(con), 60):
            marts = GroupMarts(con, group, ConnectionMarts(con))
            lines = marts.table("mart_line", ("line_no", "account_id", "account_no", "direction"))
            owned = lines.filter(pl.col("direction") == "in")["account_id"].unique()[:3]
            asked = {"asked": pl.DataFrame({"key": owned})}
            found = marts.rows(
                "mart_line",
                ("account_no", "line_no"),
                "direction = 'in' and account_id in (select key from asked)",
                asked,
            )
            wanted = lines.filter((pl.col("direction") == "in") & pl.col("account_id").is_in(owned.implode()))
            assert found.equals(wanted.select("account_no", "line_no"))
            for name in ("mart_transfer", "mart_holder"):
                columns = tuple(marts.table(name).columns)
                assert marts.rows(name, columns, "true", {}).equals(
                    Whole(marts).rows(name, columns, "true", {})
                )
            checked.append(found.height)
            numbers = marts.table("mart_line", ("line_no",))["line_no"].gather_every(7)
            assert marts.lines(numbers, ("line_no",))["line_no"].equals(numbers)

    entwined(Tagged()).marts(after=(step,))
    assert len(checked) > 1
    assert sum(checked) > 20
