"""What is done so that many lines fit changes no row: numbers for shared texts, and texts of few lines alone."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
import pytest

from flows.steps import slices, warehouse
from flows.steps.judge import DuckMarts
from models.tracing.marts import ConnectionMarts
from tests.sql.tiny import TinyLake, at, row, rows


@pytest.fixture
def lake(tmp_path: Path) -> TinyLake:
    """Two accounts whose transfers pair over far lines, twins of one day and lines delivered twice."""
    lake = TinyLake(tmp_path)
    both = [("A1", "B1"), ("B1", "A1")]
    for mine, other in both:
        sign = 1 if mine == "A1" else -1
        days = [
            row(mine, day, sign * (100 + day % 3), None, counterparty_account=other, remark=f"R{day % 2}")
            for day in range(1, 9)
        ]
        twins = [row(mine, 9, sign * 50, None, counterparty_account=other) for _ in range(3)]
        lake.file(f"{mine}.csv", *days, *twins, row(mine, 20, 7, "10:00:00", counterparty_name="张三"))
        lake.file(f"{mine} again.csv", *days[3:])
    return lake


def test_lines_lie_in_order_however_they_are_read(lake: TinyLake, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = rows(lake.build(), "select * from mart_line_told")
    moves = rows(lake.build(), "select * from mart_transfer")
    assert len(whole) == 24
    assert {m[-1] for m in moves} > {"one_leg"}
    assert {r[-2] for r in whole} > {"account"}, "no counterparty but by number: nothing is joined"
    assert rows(lake.build(), "select line_no, rowid + 1 from mart_line") == [(n, n) for n in range(1, 25)]
    monkeypatch.setattr(warehouse, "SMALL", 0)
    assert rows(lake.build(), "select * from mart_line_told") == whole
    monkeypatch.setattr(slices, "SLICE", 5)
    assert rows(lake.build(), "select * from mart_line_told") == whole
    assert rows(lake.build(), "select * from mart_transfer") == moves


def test_texts_that_lines_share_are_looked_up(lake: TinyLake) -> None:
    told = ("line_no", "account_no", "counterparty_account", "counterparty_name", "source_file")
    lake.build().close()
    with DuckMarts(lake.folder / warehouse.FILE) as marts:
        found = marts.table("mart_line", told)
        assert found.equals(marts.lines(found["line_no"], told))
        assert found["counterparty_name"].n_unique() == 2
        with pytest.raises(KeyError, match="no column"):
            marts.table("mart_line", ("line_id",))
    with duckdb.connect(str(lake.folder / warehouse.FILE), read_only=True) as con:
        assert ConnectionMarts(con).table("mart_line", told).equals(found)


def test_a_line_is_found_by_the_start_of_its_id(lake: TinyLake) -> None:
    lake.build().close()
    with DuckMarts(lake.folder / warehouse.FILE) as marts:
        ids = marts.lines(marts.table("mart_line", ("line_no",))["line_no"], ("line_id",))["line_id"]
        assert ids.n_unique() == 24
        assert [marts.find(i) for i in ids] == [[n] for n in range(1, 25)]
        assert marts.find("") == list(range(1, 25))
        assert marts.find("no such line") == []


def test_texts_of_few_lines_are_those_of_the_whole(lake: TinyLake) -> None:
    lake.build().close()
    columns = ("line_no", "line_id", "remark", "source_file")
    with DuckMarts(lake.folder / warehouse.FILE) as marts:
        asked = pl.Series([20, None, 3, 3, 99], dtype=pl.Int64)
        found = marts.lines(asked, columns)
        assert found["line_no"].to_list() == [3, 20]
        every = marts.lines(marts.table("mart_line", ("line_no",))["line_no"], columns)
        assert found.equals(every.filter(pl.col("line_no").is_in([3, 20])))
        assert marts.lines(asked.head(0), columns).is_empty()


def test_only_the_latest_row_of_a_subscription_counts(tmp_path: Path) -> None:
    lake = TinyLake(tmp_path)
    cells = {"product_id": "P", "amount": Decimal("10.00"), "subscribed_on": at(1).date()}
    for file, ids in (("1/subscriptions.csv", "ABC"), ("2/subscriptions.csv", "BD")):
        for key in ids:
            lake.register(
                "subscriptions",
                file,
                subscription_id=key,
                **cells | {"amount": Decimal(file[0])},
            )
    lake.register("subscriptions", "3/subscriptions.csv", subscription_id="A", **cells | {"amount": 9})
    late = {"subscribed_on": dt.date(2016, 7, 9)}
    lake.register("subscriptions", "4/subscriptions.csv", subscription_id="C", **cells | late)
    assert rows(
        lake.build(),
        "select subscription_id, amount_fen, source_file, source_record "
        "from mart_subscription inner join mart_delivery using (delivery_no) order by subscription_no",
    ) == [
        ("A", 900, "3/subscriptions.csv", 1),
        ("B", 200, "2/subscriptions.csv", 1),
        ("C", 100, "1/subscriptions.csv", 3),
        ("D", 200, "2/subscriptions.csv", 2),
    ]


def test_subscriptions_lie_in_order_however_they_are_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = TinyLake(tmp_path)
    lake.register("products", "products.csv", product_id="P", institution_id="I", issued_on=at(1).date())
    lake.register("accounts", "accounts.csv", account_no="A1", account_type="product", institution_id="I")
    paid = []
    for n in range(23):
        who = f"622200000000{n % 7:04d}"
        day = 1 + n % 9
        lake.register(
            "subscriptions",
            "subscriptions.csv",
            subscription_id=f"S{n * 7 % 23:02d}",
            product_id="P",
            investor_account=who,
            investor_name=f"张{'一二三四五六七'[n % 7]}",
            amount=Decimal(100 + n),
            subscribed_on=at(day).date(),
        )
        paid.append(row("A1", day, 100 + n, counterparty_account=who))
    lake.file("A1.csv", *paid)
    whole = rows(lake.build(), "select * from mart_subscription")
    assert [r[0] for r in whole] == list(range(1, 24))
    assert [r[1] for r in whole] == [f"S{n:02d}" for n in range(23)]
    assert all(r[-1] for r in whole), "no deposit is found: nothing is changed slice by slice"
    monkeypatch.setattr(slices, "SLICE", 5)
    con = lake.build()
    assert rows(con, "select * from mart_subscription") == whole
    assert rows(con, "select subscription_no, rowid + 1 from mart_subscription") == [
        (n, n) for n in range(1, 24)
    ]
