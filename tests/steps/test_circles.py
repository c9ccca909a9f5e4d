"""Judging in turns: who is judged together, and that it changes no finding."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import polars as pl
import pytest

from flows.steps.circles import TurnMarts, circles, turns
from flows.steps.judge import WAREHOUSE_FILE, DuckMarts, judge
from flows.steps.run import run_week
from flows.steps.simulate import simulate
from models.finding import Finding
from models.marts import Whole

AS_OF = dt.date(2016, 6, 26)


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckMarts]:
    base = tmp_path_factory.mktemp("circles")
    simulate(base / "landing", size=0.4)
    run_week(base / "landing", base / "w", base / "e", "2016-W25")
    with DuckMarts(base / "w" / WAREHOUSE_FILE) as opened:
        yield opened


def told(finding: Finding) -> tuple[object, ...]:
    values = [getattr(finding, c) for c in finding.__dataclass_fields__ if c != "evidence"]
    return (*values, finding.evidence.write_csv())


def test_every_institution_is_in_one_turn(marts: DuckMarts) -> None:
    known = marts.table("mart_institution")["institution_id"].sort().to_list()
    assert sorted(i for c in circles(marts) for i in c) == known
    assert sorted(i for t in turns(marts, 1) for i in t) == known
    assert len(turns(marts, 1)) == len(circles(marts)) > 5
    assert turns(marts, 10**9) == [known]


def test_turns_keep_circles_whole_and_small(marts: DuckMarts) -> None:
    own = marts.table("mart_controlled_account").join(
        marts.table("mart_account", ("account_id", "lines")), on="account_id"
    )
    weight = dict(own.group_by("institution_id").agg(pl.col("lines").sum()).iter_rows())
    most = sum(weight.values()) // 3
    made = turns(marts, most)
    for circle in circles(marts):
        assert sum(set(circle) <= set(turn) for turn in made) == 1
    assert all(sum(weight.get(i, 0) for i in t) <= most for t in made if len(t) > 2)


def test_turns_judged_together_leave_none_over(marts: DuckMarts) -> None:
    own = marts.table("mart_controlled_account").join(
        marts.table("mart_account", ("account_id", "lines")), on="account_id"
    )
    uneven = [n for n in range(2, 12) if len(turns(marts, int(own["lines"].sum()) // n)) % 2]
    evened = [n for n in uneven if len(turns(marts, int(own["lines"].sum()) // n, 2)) % 2 == 0]
    assert evened
    for n in evened:
        most = int(own["lines"].sum()) // n
        once, twice = turns(marts, most), turns(marts, most, 2)
        assert sorted(i for t in once for i in t) == sorted(i for t in twice for i in t)
        assert all(sum(set(c) <= set(t) for t in twice) == 1 for c in circles(marts))


def test_shared_groups_and_persons_tie(marts: DuckMarts) -> None:
    place = {i: n for n, c in enumerate(circles(marts)) for i in c}
    groups = marts.table("mart_institution", ("institution_id", "group_id")).drop_nulls()
    for _, members in groups.group_by("group_id"):
        assert len({place[i] for i in members["institution_id"]}) == 1
    behind = marts.table("mart_relation").filter(~pl.col("role").is_in(["vendor", "employee"]))
    for _, members in behind.drop_nulls("holder_id").group_by("holder_id"):
        assert len({place[i] for i in members["institution_id"]}) == 1


def test_a_turn_sees_its_own_lines_and_the_other_legs(marts: DuckMarts) -> None:
    mine = circles(marts)[0]
    seen = TurnMarts(marts, mine)
    lines = seen.table("mart_line", ("line_no", "account_id"))
    own = marts.table("mart_controlled_account").filter(pl.col("institution_id").is_in(mine))
    every = marts.table("mart_line", ("line_no", "account_id"))
    needed = every.filter(pl.col("account_id").is_in(own["account_id"].implode()))["line_no"]
    assert needed.len() > 0
    assert needed.is_in(lines["line_no"].implode()).all()
    assert lines.height < every.height
    assert lines["line_no"].is_sorted()
    moves = seen.table("mart_transfer", ("out_line_no", "in_line_no"))
    legs = pl.concat([moves["out_line_no"], moves["in_line_no"]]).drop_nulls()
    assert legs.is_in(lines["line_no"].implode()).all()
    assert set(seen.table("mart_subscription")["institution_id"]) <= set(mine)


def test_a_turn_sees_every_link_of_its_products_and_projects(marts: DuckMarts) -> None:
    links = marts.table("mart_product_project")
    sold = marts.table("mart_product", ("institution_id", "product_id"))
    lent = marts.table("mart_project", ("institution_id", "project_id"))
    seen = [TurnMarts(marts, circle).table("mart_product_project") for circle in circles(marts)]
    assert sum(part.height for part in seen) == links.height > 0
    for circle, part in zip(circles(marts), seen, strict=True):
        mine = pl.col("institution_id").is_in(circle)
        own = pl.col("product_id").is_in(sold.filter(mine)["product_id"].implode())
        project = pl.col("project_id").is_in(lent.filter(mine)["project_id"].implode())
        assert part.equals(links.filter(own | project))


def test_a_turn_knows_whom_its_lines_name_and_not_the_whole_city(marts: DuckMarts) -> None:
    clients = marts.table("mart_client", ("institution_id",))["institution_id"].to_list()
    seen = TurnMarts(marts, max(circles(marts), key=lambda c: sum(map(clients.count, c))))
    for name, key, places in (
        ("mart_account", "account_id", (("mart_line", "cp_account_id"), ("mart_transfer", "to_account_id"))),
        ("mart_holder", "holder_id", (("mart_line", "cp_holder_id"), ("mart_client", "holder_id"))),
    ):
        whole, part = marts.table(name), seen.table(name)
        assert 0 < part.height < whole.height
        assert part.equals(whole.join(part.select(key), on=key, how="semi", maintain_order="left"))
        for relation, column in places:
            named = seen.table(relation, (column,))[column].drop_nulls()
            assert named.len() > 0
            assert named.is_in(part[key].implode()).all()


def test_texts_of_few_rows_are_those_of_the_whole(marts: DuckMarts) -> None:
    shown = ("line_no", "account_no", "counterparty_name", "counterparty_account", "source_file")
    asked = {"asked": marts.table("mart_account").filter("monitored").select(key="account_id").tail(9)}
    some = marts.rows("mart_line", shown, "account_id in (select key from asked)", asked)
    every = marts.table("mart_line", shown)
    assert some["counterparty_name"].null_count() < some.height
    assert some.equals(every.join(some.select("line_no"), on="line_no", how="semi", maintain_order="left"))


def test_few_rows_are_those_of_the_whole(marts: DuckMarts) -> None:
    asked = {"asked": marts.table("mart_account").filter("monitored").select(key="account_id").tail(9)}
    condition = "direction = 'in' and account_id in (select key from asked)"
    columns = ("line_no", "amount_fen")
    found = marts.rows("mart_line", columns, condition, asked)
    assert found.height > 0
    assert found.equals(Whole(marts).rows("mart_line", columns, condition, asked))
    numbers = found["line_no"]
    assert marts.lines(numbers, columns).equals(Whole(marts).lines(numbers, columns))


def test_turns_change_no_finding(marts: DuckMarts) -> None:
    whole = judge(marts, AS_OF, turn_lines=10**9).findings
    by_turn = judge(marts, AS_OF, turn_lines=1).findings
    assert len({f.typology for f in whole}) > 10
    assert [told(f) for f in by_turn] == [told(f) for f in whole]
