"""Discovery and dependency order of the SELECT files."""

import re
from pathlib import Path

import pytest

import sql
from flows.steps.warehouse import MADE, MEMORY_ONLY, attach_lake, open_aside, shape
from tests.sql.tiny import LAST, TinyLake, row, rows


def test_every_relation_comes_after_what_it_reads() -> None:
    relations = sql.load()
    made = {n: m.reads for n, m in MADE.items()}
    order = sql.order(relations, made)
    place = {n: i for i, n in enumerate(order)}
    assert set(order) == set(relations) | set(made)
    for name, relation in relations.items():
        for read in relation.reads & set(order):
            assert place[read] < place[name], (read, name)


def test_a_loop_is_an_error() -> None:
    a = sql.parse("a", "marts", "select 1 as x from b")
    b = sql.parse("b", "marts", "select 1 as x from a")
    with pytest.raises(ValueError, match="wait for each other"):
        sql.order({"a": a, "b": b}, {})


def test_what_amends_a_relation_comes_after_all_its_readers() -> None:
    base = sql.parse("int_a", "intermediate", "-- kept: Purpose: x\n-- Then: n = rowid + 1\nselect 0 as n")
    amended = sql.parse("a", "marts", "-- Purpose: x\n-- Amends: int_a\nselect n, 1 as m from int_a")
    reader = sql.parse("z", "marts", "select * from int_a")
    after = sql.parse("b", "intermediate", "select * from a")
    found = sql.order({r.name: r for r in (base, amended, reader, after)}, {"made": frozenset({"int_a"})})
    assert (base.then, base.temporary, amended.amends) == ("n = rowid + 1", False, "int_a")
    assert found.index("a") > max(found.index("z"), found.index("made"))
    assert found.index("b") > found.index("a")


def test_a_view_of_the_build_alone_is_temporary() -> None:
    view = sql.parse("stg_a", "staging", "-- temporary view: Purpose: x\nselect 1 as x from lake_a")
    assert view.view
    assert view.temporary


def test_steps_are_given_up_after_their_last_reader(tmp_path: Path) -> None:
    lake = TinyLake(tmp_path).file("a.csv", row("A", 1, 5), row("A", 1, 5), row("A", 2, -3))
    lake.build().close()
    con = open_aside(MEMORY_ONLY, tmp_path / "spill")
    shape(con, LAST, lambda c: attach_lake(c, tmp_path / "lake", LAST))
    left = rows(con, "select table_name from duckdb_tables() where temporary order by all")
    assert left == [("lake_content",), ("lake_deliveries",)]
    assert rows(con, "select line_no, seq, transfer_no, occurrence from mart_line") == [
        (1, 1, 1, 1),
        (2, 2, 2, 2),
        (3, 3, 3, 1),
    ]


def test_words_in_comments_and_strings_are_no_dependencies() -> None:
    relation = sql.parse("a", "marts", "-- from b\nselect 'from c' as x, $as_of as y from d join e on true")
    assert relation.reads == {"d", "e"}
    assert relation.parameters == {"as_of"}


@pytest.mark.parametrize("name", sorted(sql.load()))
def test_every_file_says_purpose_grain_and_reads(name: str) -> None:
    head = [line for line in sql.load()[name].text.splitlines() if line.startswith("--")]
    text = "\n".join(head)
    assert re.match(r"-- (view: |temporary: |temporary view: |kept: )?Purpose: ", text)
    assert "-- Grain: " in text
    assert "-- Reads: " in text
