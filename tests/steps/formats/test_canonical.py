from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal

import polars as pl

from tests.steps.formats.made import OTHER, OWN, lines, moves, read, reasons

HEAD = "account_no,booked_at,direction,amount,currency,balance_after,counterparty_account,counterparty_name,remark"


def test_csv_of_a_core_system() -> None:
    text = (
        f"{HEAD}\n{OWN},2016-06-20T10:20:30,in,1500.00,CNY,2500.00,{OTHER},张三,货款\n"
        f"{OWN},2016-06-21,out,0.01,,,,,\n{OWN},2016-02-30,out,1.00,CNY,,,,\n,2016-06-20,in,1.00,CNY,,,,\n"
        f"{OWN},2016-06-20,in,-1.00,CNY,,,,\n{OWN},2016-06-20,in,1.00,USD,,,,\n{OWN},2016-06-20,up,1.00,CNY,,,,\n"
    )
    result = read(text)
    assert result.format == "canonical-csv"
    assert moves(result) == [("2016-06-20 10:20:30", "in", 150_000), ("2016-06-21 00:00:00", "out", 1)]
    assert [each["has_time"] for each in lines(result)] == [True, False]
    assert [record for record, _ in reasons(result)] == [4, 5, 6, 7, 8]
    assert result.rows_ignored == 1


def test_parquet_of_a_core_system() -> None:
    frame = pl.DataFrame(
        {
            "account_no": [OWN, OWN, None],
            "booked_at": [dt.datetime(2016, 6, 20, 10, 20, 30), None, dt.datetime(2016, 6, 20)],
            "direction": ["in", "out", "in"],
            "amount": [Decimal("1500.00"), Decimal("1.00"), Decimal("1.00")],
            "extra": [1, 2, 3],
        }
    )
    out = io.BytesIO()
    frame.write_parquet(out)
    result = read(out.getvalue(), "a.parquet")
    assert result.format == "canonical-parquet"
    assert moves(result) == [("2016-06-20 10:20:30", "in", 150_000)]
    assert [record for record, _ in reasons(result)] == [2, 3]
    assert any("extra" in each for each in result.warnings)
    cut = read(out.getvalue()[:-40], "a.parquet")
    assert "cut off" in (cut.problem or "")


def test_floats_with_more_than_two_decimals_are_refused_and_zones_are_turned_to_shanghai() -> None:
    frame = pl.DataFrame(
        {
            "account_no": [OWN, OWN],
            "booked_at": pl.Series(
                [dt.datetime(2016, 6, 20, 2), dt.datetime(2016, 6, 20, 3)]
            ).dt.replace_time_zone("UTC"),
            "direction": ["in", "in"],
            "amount": [0.1 + 0.2, 1.005],
        }
    )
    out = io.BytesIO()
    frame.write_parquet(out)
    result = read(out.getvalue(), "a.parquet")
    assert moves(result) == [("2016-06-20 10:00:00", "in", 30)]
    assert reasons(result)[0][0] == 2


def test_a_truncated_csv_says_so() -> None:
    text = f"{HEAD}\n{OWN},2016-06-20,in,1.00,CNY,1.00,{OTHER},张三,货款\n{OWN},2016-06-21,in,2.0"
    result = read(text)
    assert result.rows_accepted == 1
    assert "cut off" in (result.problem or "")
