"""What typologies ask of frames."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from models.typologies._frames import concerned, told
from models.typologies._say import sides
from models.typologies.base import Context

AS_OF = dt.date(2016, 6, 26)
HOLDERS = pl.DataFrame(
    {
        "holder_id": [1, 2, 3, 4],
        "name": ["甲", "乙", None, "丁"],
        "kind": ["person", "company", "person", None],
    },
    schema_overrides={"holder_id": pl.Int32},
)


class Some:
    """Marts of one relation."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame

    def table(self, name: str, columns: tuple[str, ...] | None = None) -> pl.DataFrame:
        assert name == "mart_holder"
        return self._frame if columns is None else self._frame.select(columns)


@pytest.mark.parametrize("numbers", [[4, 2, 2, None, 3], [], [None]])
@pytest.mark.parametrize("kept", [[1, 2, 3, 4], [2, 4], []])
def test_what_a_relation_tells_is_what_a_join_would(numbers: list[int | None], kept: list[int]) -> None:
    relation = HOLDERS.filter(pl.col("holder_id").is_in(kept))
    frame = pl.DataFrame({"payer": numbers}, schema={"payer": pl.Int64}).with_row_index("row")
    found = told(Context(Some(relation), AS_OF), frame, "payer", "mart_holder", name="name", who="kind")
    by_number = relation.select(
        pl.col("holder_id").cast(pl.Int64).alias("payer"), pl.col("name"), pl.col("kind").alias("who")
    )
    joined = frame.join(by_number, on="payer", how="left", maintain_order="left")
    assert found.equals(joined)


def test_a_turn_says_something_of_its_own_institutions_alone() -> None:
    firms = pl.DataFrame({"institution_id": ["A", "B", "C"]})
    whole = Context(Some(HOLDERS), AS_OF)
    part = Context(Some(HOLDERS), AS_OF, whole=whole, about=frozenset({"C", "A"}))
    assert concerned(whole, firms)["institution_id"].to_list() == ["A", "B", "C"]
    assert concerned(part, firms)["institution_id"].to_list() == ["A", "C"]


def test_only_what_there_is_any_of_is_said() -> None:
    assert sides((5, "甲 5", "five of a"), (0, "乙 0", "no b"), (7, "丙 7", "seven of c")) == (
        "甲 5,丙 7",
        "five of a, seven of c",
    )
    assert sides((0, "甲", "a")) == ("", "")
