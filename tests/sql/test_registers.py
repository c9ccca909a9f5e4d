"""Registers: the latest row of a key, cut at the Sunday; roles from them before behaviour."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from flows.steps.errors import WarehouseError
from flows.steps.warehouse import FILE
from tests.sql.tiny import TinyLake, row, rows


@pytest.fixture
def lake(tmp_path: Path) -> TinyLake:
    return TinyLake(tmp_path)


def test_a_later_path_replaces_and_adds(lake: TinyLake) -> None:
    lake.register("parties", "1/parties.csv", party_id="N1", kind="person", name="张三")
    lake.register("parties", "2/parties.csv", party_id="N1", kind="person", name="张三丰")
    lake.register("parties", "2/parties.csv", party_id="N2", kind="person", name="李四")
    assert rows(lake.build(), "select party_id, name from stg_parties order by 1") == [
        ("N1", "张三丰"),
        ("N2", "李四"),
    ]


def test_what_is_dated_after_the_sunday_is_not_seen(lake: TinyLake) -> None:
    lake.register("tips", tip_id="T1", received_on=dt.date(2016, 6, 5))
    lake.register("tips", tip_id="T2", received_on=dt.date(2016, 6, 6))
    lake.register(
        "subscriptions",
        subscription_id="S1",
        amount=Decimal("10.01"),
        subscribed_on=dt.date(2016, 6, 1),
        redeemed_on=dt.date(2016, 6, 7),
    )
    con = lake.build(dt.date(2016, 6, 5))
    assert rows(con, "select tip_id from mart_tip") == [("T1",)]
    assert rows(con, "select amount_fen, redeemed_on from mart_subscription") == [(1001, None)]


def test_an_empty_landing_builds_every_mart(lake: TinyLake) -> None:
    con = lake.build()
    assert rows(con, "select count(*) from mart_line") == [(0,)]
    assert rows(con, "select count(*) from mart_role") == [(0,)]
    assert rows(con, "select count(*) from statement_lines") == [(0,)]


def test_statement_lines_are_exact_decimals(lake: TinyLake) -> None:
    con = lake.file("a.csv", row("A1", 1, -9_000_000.07, "09:00:00")).build()
    assert rows(con, "select amount, typeof(amount), direction from statement_lines") == [
        (Decimal("9000000.07"), "DECIMAL(18,2)", "out")
    ]


def test_roles_from_registers_go_before_behaviour(lake: TinyLake) -> None:
    lake.register(
        "institutions",
        institution_id="I1",
        name="好贷信息有限公司",
        sector="p2p",
        licence_status="none",
        uscc="91X",
    )
    lake.register("accounts", account_no="C1", account_type="custody", institution_id="I1")
    lake.register("parties", party_id="N1", kind="person", name="股东甲", id_no="1")
    lake.register("relations", institution_id="I1", party_id="N1", role="shareholder")
    lake.register("accounts", account_no="622202", account_type="party", party_id="N1")
    lake.register("products", product_id="P1", institution_id="I1", kind="loan", name="一")
    for number, person in enumerate(("622201", "622200", "622202")):
        lake.register(
            "subscriptions",
            subscription_id=f"S{number}",
            product_id="P1",
            investor_account=person,
            investor_name="某人",
        )
    lake.register(
        "projects", project_id="X1", institution_id="I1", borrower_account="622200", principal=Decimal(9)
    )
    lake.file(
        "a.csv",
        *[
            row("C1", 1, 5, f"09:00:0{i}", counterparty_account=a, counterparty_name="某人")
            for i, a in enumerate(("622201", "622200", "622202", "622203"))
        ],
    )
    con = lake.build()
    found = rows(
        con,
        "select a.account_no, r.role, r.source from mart_line as l "
        "inner join mart_account as a on l.cp_account_id = a.account_id "
        "inner join mart_role as r on l.cp_holder_id = r.holder_id order by 1",
    )
    assert found == [
        ("622200", "borrower", "register"),
        ("622201", "client", "register"),
        ("622202", "related", "register"),
        ("622203", "client", "behaviour"),
    ]


def test_a_failed_build_leaves_the_previous_warehouse(lake: TinyLake) -> None:
    lake.file("a.csv", row("A1", 1, 5, "09:00:00")).build().close()
    before = (lake.folder / FILE).read_bytes()
    lake.file("b.csv", row("A1", 2, 0, "09:00:00"))
    with pytest.raises(WarehouseError, match="check_line_values"):
        lake.build()
    assert (lake.folder / FILE).read_bytes() == before
    assert not list(lake.folder.glob(".lookthrough*"))


def test_a_reader_is_not_broken_by_a_rebuild(lake: TinyLake) -> None:
    con = lake.file("a.csv", row("A1", 1, 5, "09:00:00")).build()
    again = lake.file("b.csv", row("A1", 2, 5, "09:00:00")).build()
    assert isinstance(con, duckdb.DuckDBPyConnection)
    assert rows(con, "select count(*) from mart_line") == [(1,)]
    again.close()
