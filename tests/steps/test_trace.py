"""`lookthrough trace`: the tree of one line's money, what is left at each place, and what other methods say."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from flows.steps.run import tracing_steps
from flows.steps.trace import Tree, tree
from flows.steps.trace_text import trace_line
from tests.cases.world import LAST, World

PAID = 100_000
FAR = 3


@pytest.fixture(scope="module")
def passage() -> World:
    """A firm pays a hundred thousand to a second, which passes 60,000 on to a third and 30,000 out of sight."""
    w = World()
    payer, between, end = (w.firm(held=True) for _ in range(3))
    w.move("2016-03-01", w.person(), payer, PAID)
    w.move("2016-03-02", payer, between, PAID)
    w.move("2016-03-03", between, end, 60_000)
    w.move("2016-03-04", between, w.person(), 30_000)
    w.move("2016-03-05", end, w.person(), 10_000)
    w.marts(after=tracing_steps(LAST))
    return w


def line_id(world: World, direction: str, yuan: int, nth: int = 0) -> str:
    ids: list[str] = (
        world.marts()
        .table("statement_lines")
        .filter((pl.col("direction") == direction) & (pl.col("amount") == yuan))
        .sort("booked_at")["line_id"]
        .to_list()
    )
    return ids[nth]


def followed(world: World, method: str, hops: int = FAR, **more: int) -> Tree:
    forward = bool(more.pop("forward", True))
    start = line_id(world, "out", PAID) if forward else line_id(world, "out", 10_000)
    return tree(world.marts(), start, forward=forward, hops=hops, method=method, **more)  # type: ignore[arg-type]


def told(nodes: pl.DataFrame) -> list[tuple[int, int, int, str | None]]:
    return nodes.select("hop", "amount_fen", "rest_fen", "rest").rows()


def test_each_place_says_what_is_left_there_and_why(passage: World) -> None:
    assert told(followed(passage, "lifo").nodes) == [
        (0, 100_000_00, 10_000_00, "here"),
        (1, 60_000_00, 50_000_00, "here"),
        (2, 10_000_00, 10_000_00, "beyond"),
        (1, 30_000_00, 30_000_00, "beyond"),
    ]


def test_the_last_hop_is_told_from_money_that_stays(passage: World) -> None:
    assert told(followed(passage, "lifo", hops=2).nodes)[1] == (1, 60_000_00, 60_000_00, "hops")


def test_back_to_where_it_came_from(passage: World) -> None:
    nodes = followed(passage, "lifo", forward=False).nodes
    assert told(nodes)[-1][3] in ("beyond", "hops")
    assert nodes.filter(pl.col("hop") == 0)["rest_fen"].to_list() == [0]


def test_ways_that_only_other_methods_take_are_counted(passage: World) -> None:
    found = followed(passage, "fifo", ranged=True)  # the second firm's own money goes first
    assert told(found.nodes) == [(0, 100_000_00, 100_000_00, "here")]
    assert found.elsewhere["high_fen"].to_list() == [60_000_00, 30_000_00, 10_000_00]
    assert followed(passage, "lifo", ranged=True).elsewhere.is_empty()


def test_small_branches_are_gathered_and_nothing_is_lost(passage: World) -> None:
    whole, cut = (followed(passage, "lifo", ranged=True, least_fen=n) for n in (0, 40_000_00))
    assert told(cut.nodes) == [
        (0, 100_000_00, 10_000_00, "here"),
        (1, 60_000_00, 50_000_00, "here"),
        (2, 10_000_00, 10_000_00, "gathered"),
        (1, 30_000_00, 30_000_00, "gathered"),
    ]
    assert cut.nodes["branches"].to_list() == [None, None, 1, 1]
    assert cut.nodes["rest_fen"].sum() == whole.nodes["rest_fen"].sum() == PAID * 100
    assert cut.elsewhere.equals(whole.elsewhere)


def test_text_and_page_say_the_same(passage: World, tmp_path: Path) -> None:
    folder = Path(passage._folder.name)
    start = line_id(passage, "out", PAID)
    text = "\n".join(
        trace_line(folder, start, forward=True, hops=FAR, method="lifo", out=tmp_path, ranged=True)
    )
    page = (tmp_path / "trace.html").read_text("utf-8")
    for amount in ("60,000.00", "50,000.00", "30,000.00"):
        assert amount in text
        assert amount in page
    assert "= 50,000.00 stays there" in text
    assert "50,000.00 留在该账户" in page
    assert "后进先出" in page
    kept = pl.read_parquet(tmp_path / "trace.parquet")
    assert kept.filter(pl.col("rest") == "beyond")["rest_fen"].sum() == 40_000_00
