"""Parts of the reserve typologies: matching of pairs, official checks, balances between printed ones."""

from __future__ import annotations

import datetime as dt
import random

import polars as pl
import pytest

from models.typologies import _pairs
from models.typologies._checks import CHECKS, run_checks
from models.typologies._pairs import match_pairs
from models.typologies._reserve_days import _closings
from models.typologies.reserve_unreconciled import aged_transit

DAY = dt.datetime(2016, 5, 3, 9)


def side(rows: list[tuple[int, int, int]]) -> pl.DataFrame:
    """(line_no, minutes, fen) as lines."""
    return pl.DataFrame(
        {
            "line_no": [r[0] for r in rows],
            "booked_at": [DAY + dt.timedelta(minutes=r[1]) for r in rows],
            "amount_fen": [r[2] for r in rows],
        },
        schema={"line_no": pl.Int64, "booked_at": pl.Datetime("us"), "amount_fen": pl.Int64},
    ).with_columns(pl.col("booked_at").dt.date().alias("booked_on"), institution_id=pl.lit("I1"))


def test_pairs_are_one_to_one_and_ask_for_the_fee() -> None:
    ins = side([(1, 0, 100_000), (2, 5, 100_000), (3, 10, 50_000)])
    outs = side([(11, 20, 99_700), (12, 30, 99_700), (13, 40, 45_000), (14, 50, 99_700)])
    pairs = match_pairs(ins, outs, fee=0.015, least_fee_fen=500, days=1)
    assert sorted(pairs.select("in_line_no", "out_line_no").rows()) == [(1, 12), (2, 11)] or pairs.height == 2
    assert pairs["in_line_no"].n_unique() == pairs["out_line_no"].n_unique() == pairs.height == 2


def test_pairs_do_not_depend_on_the_order_of_rows() -> None:
    rng = random.Random(3)
    ins = side([(n, n * 3, 10_000 + 137 * (n % 9)) for n in range(60)])
    outs = side([(100 + n, n * 3 + 1, round((10_000 + 137 * (n % 9)) * 0.997)) for n in range(60)])
    first = match_pairs(ins, outs, fee=0.015, least_fee_fen=500, days=1)
    for _ in range(3):
        again = match_pairs(
            ins.sample(fraction=1, shuffle=True, seed=rng.randrange(99)),
            outs.sample(fraction=1, shuffle=True, seed=rng.randrange(99)),
            fee=0.015,
            least_fee_fen=500,
            days=1,
        )
        assert again.equals(first)
    assert first.height == 60


def test_a_large_institution_is_matched_day_by_day_with_the_same_pairs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = [(n % 5) * 1440 + n * 4 for n in range(90)]
    ins = side([(n, minute, 10_000 + 137 * (n % 4)) for n, minute in enumerate(at)])
    outs = side(
        [
            (100 + n, minute + 30 + 7 * (n % 3), round((10_000 + 137 * (n % 4)) * 0.997))
            for n, minute in enumerate(at)
        ]
    )
    whole = match_pairs(ins, outs, fee=0.015, least_fee_fen=500, days=1)
    monkeypatch.setattr(_pairs, "MOST", 0)
    assert _pairs._crowded(ins, outs, 1) == ["I1"]
    assert match_pairs(ins, outs, fee=0.015, least_fee_fen=500, days=1).equals(whole)
    assert whole.height > 60


def test_official_checks() -> None:
    days = [dt.date(2016, 5, n) for n in (3, 4, 5)]
    items = pl.DataFrame(
        {
            "report_date": days, "A01": [100, 100, 100], "B04": [40, 40, 40], "L24": [60, 60, 61], "M1": [1000, 1060, 1120],
            "M12": [1000, 1060, 1120], "M13": [1000, 1060, 1150], "M14": [0, 0, 30],
        }
    )  # fmt: skip
    failed = run_checks(items, 0).select("report_date", "check", "off_fen").rows()
    assert (days[2], "M14=0", 30) in failed
    assert (days[2], "X1-X2=L24", -1) in failed
    assert (days[2], "L24=M1(T)-M1(T-1)", 1) in failed
    assert {d for d, _, _ in failed} == {days[2]}
    assert len({c.code for c in CHECKS}) == len(CHECKS)


def lines(rows: list[tuple[int, str, int, int | None]]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "institution_id": ["I1"] * len(rows),
            "account_id": [1] * len(rows),
            "line_no": list(range(len(rows))),
            "booked_on": [dt.date(2016, 5, r[0]) for r in rows],
            "direction": [r[1] for r in rows],
            "amount_fen": [r[2] for r in rows],
            "balance_after_fen": [r[3] for r in rows],
        }
    )


def test_balances_are_followed_between_printed_ones() -> None:
    got = _closings(
        lines([(3, "in", 100, 1100), (4, "out", 30, None), (5, "in", 5, None), (6, "out", 75, 1000)])
    )
    assert got["closing_fen"].to_list() == [1100, 1070, 1075, 1000]


def test_balances_across_missing_lines_are_not_known() -> None:
    got = _closings(lines([(3, "in", 100, 1100), (4, "out", 30, None), (6, "out", 75, 900)]))
    assert got["closing_fen"].to_list() == [1100, None, 900]


def test_transit_counts_once_it_is_old() -> None:
    days = [dt.date(2016, 5, 1) + dt.timedelta(days=n) for n in range(30)]
    stays = pl.DataFrame(
        {
            "institution_id": "I1",
            "report_date": days,
            "transit_fen": [0] * 5 + [500] * 25,
            "new_transit_fen": [0] * 30,
        }
    )
    clears = stays.with_columns(pl.Series("transit_fen", [500 if n % 8 < 4 else 0 for n in range(30)]))
    assert aged_transit(stays, 10, 0)["stale_fen"].to_list() == [500] * 25
    assert aged_transit(clears, 10, 0).is_empty()


def test_running_sums_beyond_printed_balances_hold_where_few_lines_are_lost() -> None:
    """Account 1 prints balances in the middle only; account 2 prints them all, with or without lost lines."""

    def lines(lost: bool) -> pl.DataFrame:
        at = [DAY.date() + dt.timedelta(days=n) for n in range(40)]
        part = pl.DataFrame({"line_no": range(40), "booked_on": at, "amount_fen": [100] * 40})
        told = pl.col("line_no").is_between(10, 20)
        first = part.with_columns(
            account_id=pl.lit(1), balance_after_fen=pl.when(told).then(100 * (pl.col("line_no") + 1))
        )
        second = part.with_columns(
            account_id=pl.lit(2),
            balance_after_fen=100 * (pl.col("line_no") + 1),
            line_no=pl.col("line_no") + 40,
        )
        if lost:
            second = second.filter(pl.col("line_no") % 9 != 0)
        return pl.concat([first, second.select(first.columns)]).with_columns(
            direction=pl.lit("in"), institution_id=pl.lit("I1")
        )

    for lost in (False, True):
        closing = _closings(lines(lost)).filter(pl.col("account_id") == 1)
        known = closing.filter(pl.col("closing_fen").is_not_null())["booked_on"]
        assert closing.height == 40
        assert known.len() == (11 if lost else 40)
