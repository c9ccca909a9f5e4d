"""What an earlier warehouse tells is taken over where nothing new concerns it, and only there."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from models import tracing
from models.tracing.build import Traced
from models.typologies.base import Context
from tests.cases.world import Account, World, day
from tests.models.tracing.test_build import TABLES, entwined
from tests.models.tracing.test_flows_world import Tagged

LAST, NEXT = day("2016-06-30"), day("2016-07-07")
"""The world's own last line is of Monday 2016-06-27."""
Change = Callable[[World], None]


def shaped(file: Path, change: Change | None = None, as_of: dt.date = LAST) -> Path:
    """A warehouse file of the entwined world, changed or not, that is not traced yet."""
    world = entwined(Tagged())
    if change is not None:
        change(world)
    world.last = as_of

    def copy(con: duckdb.DuckDBPyConnection) -> None:
        (name,) = con.execute("select current_database()").fetchall()[0]
        con.execute(f"attach '{file}' as aside")
        con.execute(f'copy from database "{name}" to aside')
        con.execute("detach aside")

    world.marts(after=(copy,))
    return file


def traced(file: Path, as_of: dt.date = LAST, **how: Any) -> tuple[Traced, dict[str, pl.DataFrame]]:
    with duckdb.connect(str(file)) as con:
        made = tracing.build(con, as_of, lines=60, **how)
        return made, {name: con.sql(f'from "{name}"').pl() for name in TABLES}


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = shaped(tmp_path_factory.mktemp("earlier") / "w.duckdb")
    traced(file, made_by="us")
    return file


def again(
    folder: Path, earlier: Path, change: Change | None = None, as_of: dt.date = LAST, made_by: str = "us"
) -> Traced:
    """Trace the changed world with what the earlier warehouse tells; its tables are those of tracing it anew."""
    file = shaped(folder / "w.duckdb", change, as_of)
    made, told = traced(file, as_of, earlier=earlier, made_by=made_by)
    whole, anew = traced(file, as_of, made_by=made_by)
    assert (whole.anew, whole.circles) == (made.circles, made.circles)
    for name in TABLES:
        assert told[name].equals(anew[name]), name
    return made


def controlled(world: World, kind: str) -> list[Account]:
    return [
        Account(str(r["account_no"]), str(r["holder_name"]), held=True)
        for r in world.registers["accounts"]
        if r["account_type"] == kind
    ]


def pays_before_all_others(world: World) -> None:
    """A new account, whose number comes first, is paid: every other account and line gets another number."""
    world.move("2016-06-21", controlled(world, "custody")[0], Account("1000000000000001", "一一一"), 77)


def is_repaid_late(world: World) -> None:
    late = max(r["due_on"] for r in world.registers["projects"] if r["due_on"])
    of = next(r for r in world.registers["projects"] if r["due_on"] == late)
    of["due_on"] = late + dt.timedelta(days=1)


def loses_a_subscriber(world: World) -> None:
    world.registers["subscriptions"].pop(3)


def opens(world: World) -> None:
    p = world.platform("T99")
    p.loan("n", world.people(5), each=3_000, lent="2016-03-01", repaid=False, paid=False)


def pays_next_week(world: World) -> None:
    world.move("2016-07-04", controlled(world, "custody")[2], world.firm("北川证券股份有限公司"), 900)


def test_nothing_new_is_traced_again(tmp_path: Path, earlier: Path) -> None:
    made = again(tmp_path, earlier)
    assert made.anew == 0
    assert made.circles > 10


@pytest.mark.parametrize("change", [pays_before_all_others, is_repaid_late, loses_a_subscriber, opens])
def test_what_changed_is_traced_again(tmp_path: Path, earlier: Path, change: Change) -> None:
    assert again(tmp_path, earlier, change).anew == 1


def test_a_new_week_traces_the_accounts_it_touches(tmp_path: Path, earlier: Path) -> None:
    made = again(tmp_path, earlier, pays_next_week, NEXT)
    assert made.anew == 1


def test_accounts_that_fall_silent_are_traced_again(tmp_path: Path, earlier: Path) -> None:
    made = again(tmp_path, earlier, None, NEXT + dt.timedelta(days=14))
    assert made.anew == made.circles


def pays_a_firm(world: World) -> Account:
    firm = world.firm("四方来商贸有限公司", held=True)
    world.move("2016-06-14", controlled(world, "custody")[3], firm, 20_000)
    return firm


def pays_a_firm_that_buys_shares(world: World) -> None:
    world.move("2016-06-21", pays_a_firm(world), world.firm("北川证券股份有限公司"), 20_000)


def test_range_is_told_again_where_money_was_followed_on_elsewhere(tmp_path: Path) -> None:
    """The platform's own lines stay as they are; whoever it paid buys shares now."""

    def of_shares(told: dict[str, pl.DataFrame]) -> int:
        return int(told["mart_flow_range"].filter(pl.col("class") == "securities")["high_fen"].sum())

    earlier = shaped(tmp_path / "earlier.duckdb", lambda world: void(pays_a_firm(world)))
    _, before = traced(earlier, made_by="us")
    made = again(tmp_path, earlier, pays_a_firm_that_buys_shares)
    _, now = traced(tmp_path / "w.duckdb")
    assert made.anew == 0
    assert of_shares(now) > of_shares(before)


def void(_: object) -> None:
    """Nothing."""


def test_other_code_takes_nothing_over(tmp_path: Path, earlier: Path) -> None:
    made = again(tmp_path, earlier, made_by="others")
    assert made.anew == made.circles


@pytest.mark.parametrize("content", [None, b"", b"no database"])
def test_a_file_that_tells_nothing_is_passed_over(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "earlier.duckdb"
    if content is not None:
        file.write_bytes(content)
    made = again(tmp_path, file)
    assert made.anew == made.circles


def test_a_warehouse_that_was_not_traced_is_passed_over(tmp_path: Path) -> None:
    made = again(tmp_path, shaped(tmp_path / "earlier.duckdb"))
    assert made.anew == made.circles


def test_the_day_is_asked_only_for_what_its_digest_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where accounts are blind (`models.tracing.inputs.SILENT`, `CLOSED`), and where there is no statement at all."""
    asked: set[str] = set()

    class Watched(Context):
        def __getattribute__(self, name: str) -> Any:
            if name == "as_of":
                asked.add(sys._getframe(1).f_code.co_name)
            return super().__getattribute__(name)

    monkeypatch.setattr(sys.modules[Traced.__module__], "Context", Watched)
    traced(shaped(tmp_path / "w.duckdb"))
    assert asked == {"_blind"}
