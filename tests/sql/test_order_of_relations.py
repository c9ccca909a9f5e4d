"""Discovery and dependency order of the SELECT files."""

import re

import pytest

import sql
from flows.steps.warehouse import MADE


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
