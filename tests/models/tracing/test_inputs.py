"""Whatever tracing may read of a circle of institutions is digested: else it would take over what no longer stands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl
import pytest

from models.lookups import LOOKUPS
from models.tracing.groups import Group, circles
from models.tracing.inputs import LONG, OF_CIRCLE, SUMMED, Inputs, as_written
from models.tracing.marts import Closed, ConnectionMarts, GroupMarts
from models.tracing.seen import SEEN
from models.tracing.uses import shared_accounts
from models.typologies._gaps import statements_begin
from models.typologies.base import Context
from tests.models.tracing.test_earlier import LAST, shaped

NUMBERS = {
    "mart_line": ("line_no", "account_id", "seq"),
    "mart_transfer": ("transfer_no",),
    "mart_account": ("account_id", "first_on", "last_on"),
    "mart_holder": ("holder_id",),
    "mart_subscription": ("product_no", "investor_no"),
}
"""Numbers of a warehouse, of which the order alone counts, and what an account's own lines tell."""
ROWS = {"mart_holder": ("line",), "mart_controlled_account": ("account",)} | {
    "mart_transfer": ("transfer from", "transfer to")
}
"""Rows by which circles see a relation, where not by its own."""
OTHER = {
    "VARCHAR": "coalesce({c}, '') || 'x'",
    "BIGINT": "coalesce({c}, 0) + 1",
    "INTEGER": "coalesce({c}, 0) + 1",
    "DATE": "coalesce({c}, date '2016-01-01') + 1",
    "TIMESTAMP": "coalesce({c}, timestamp '2016-01-01') + interval 1 hour",
    "BOOLEAN": "not coalesce({c}, false)",
    "DOUBLE": "coalesce({c}, 0) + 0.01",
}
"""Another value, by type."""
READ = [
    (name, c)
    for name, columns in SEEN.items()
    for c in columns
    if name != "trace_use" and c not in NUMBERS.get(name, ()) and c not in LOOKUPS.get(name, {})
]


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(shaped(tmp_path_factory.mktemp("inputs") / "w.duckdb"))) as con:
        # every relation has a row to change
        con.execute(
            "insert into mart_balance_break by name select account_no, 'break' as kind, first_on, last_on, "
            "7 as gap_fen from mart_account where institution_id is not null"
        )
        yield con


def inputs(con: duckdb.DuckDBPyConnection, tied: list[Group]) -> Inputs:
    return Inputs(con, tied, shared_accounts(Context(marts=ConnectionMarts(con), as_of=LAST)))


@pytest.mark.parametrize(("relation", "column"), READ)
def test_every_column_is_digested(con: duckdb.DuckDBPyConnection, relation: str, column: str) -> None:
    tied = circles(con)
    made = inputs(con, tied)
    before = made.digests(LAST, "")
    names = ROWS.get(relation, (relation.removeprefix("mart_").replace("_", " "),))
    see = {
        circle for n in names for circle, *_ in con.execute(f"select circle from ({OF_CIRCLE[n]})").fetchall()
    }
    (kind,) = con.execute(f"select typeof({column}) from {relation} limit 1").fetchall()[0]
    con.execute("begin")
    try:
        con.execute(f"update {relation} set {column} = {OTHER[kind].format(c=column)}")
        after = inputs(con, tied).digests(LAST, "")
    finally:
        con.execute("rollback")
    assert see
    assert see <= {n for n, (a, b) in enumerate(zip(before, after, strict=True)) if a != b}


def test_a_group_reads_nothing_else(con: duckdb.DuckDBPyConnection) -> None:
    marts = GroupMarts(con, circles(con)[0], ConnectionMarts(con))
    for name, columns in SEEN.items():
        if name != "trace_use":
            assert marts.table(name).columns == list(columns)
    with pytest.raises(KeyError, match="mart_institution"):
        marts.table("mart_institution")
    with pytest.raises(KeyError, match="remark"):
        marts.table("mart_line", ("remark",))
    with pytest.raises(KeyError, match="remark"):
        marts.rows("mart_line", ("remark",), "true", {})


def test_of_the_city_a_group_knows_what_was_asked_before(con: duckdb.DuckDBPyConnection) -> None:
    city = Context(marts=ConnectionMarts(con), as_of=LAST)
    begun = statements_begin(city)
    group = Context(marts=Closed(), as_of=LAST, whole=Context(marts=Closed(), as_of=LAST, memo=city.memo))
    assert statements_begin(group) == begun
    with pytest.raises(KeyError, match="whole city"):
        shared_accounts(group)


def test_accounts_elsewhere_do_not_tell_how_far_their_statements_reach(
    con: duckdb.DuckDBPyConnection,
) -> None:
    for circle in circles(con):
        accounts = GroupMarts(con, circle, ConnectionMarts(con)).table("mart_account")
        others = accounts.filter(~pl.col("account_id").is_in(list(circle.accounts)))
        assert others["last_on"].null_count() == others.height


def test_the_day_counts_where_a_client_account_is_silent(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    made = inputs(con, circles(con))
    assert made.digests(LAST, "") == made.digests(LAST.replace(day=28), "")
    assert not set(made.digests(LAST.replace(month=12), "")) & set(made.digests(LAST.replace(month=11), ""))
    assert made.digests(LAST, "a") != made.digests(LAST, "b")


def test_no_long_relation_is_held_in_memory(con: duckdb.DuckDBPyConnection) -> None:
    """A join holds its right side: a left join that the planner turns round holds every line."""
    inputs(con, circles(con))

    def turned() -> list[str]:
        plans = {
            n: con.execute(f"explain {SUMMED.format(rows=OF_CIRCLE[n])}").fetchall() for n in sorted(LONG)
        }
        return [n for n, plan in plans.items() if "RIGHT" in str(plan)]

    assert turned()
    with as_written(con):
        assert not turned()
    assert turned()
