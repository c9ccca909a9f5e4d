"""Unusual weeks: found with their reasons, said of nobody who broke a rule, the same however rows come."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from models.anomaly import FEATURES, unusual, weekly_features
from models.marts import slices
from models.typologies.base import Context

LAST = dt.date(2016, 7, 3)


class Tables:
    """Marts from frames."""

    def __init__(self, **tables: pl.DataFrame) -> None:
        self.tables = tables

    def table(self, name: str, columns: tuple[str, ...] | None = None) -> pl.DataFrame:
        frame = self.tables[name]
        return frame.select(columns) if columns else frame


def _context(shuffle: int | None = None) -> Context:
    """Twelve alike institutions; in one week I03 sends two thirds of its money to one related party."""
    draw, rows = np.random.default_rng(8), []
    for i in range(12):
        for week in range(16):
            monday = dt.date(2016, 3, 14) + dt.timedelta(weeks=week)
            for k in range(40):
                on = monday + dt.timedelta(days=int(draw.integers(0, 5)))
                way = "in" if k % 2 else "out"
                who = 1_000 * i + int(draw.integers(0, 200))
                rows.append((i, on, way, int(draw.integers(50_000, 900_000)), who))
            if i == 3 and week == 11:
                rows += [(3, monday + dt.timedelta(days=5 + k), "out", 20_000_000, 3_999) for k in range(2)]
    lines = pl.DataFrame(
        {
            "line_no": range(len(rows)),
            "account_id": [r[0] for r in rows],
            "booked_on": [r[1] for r in rows],
            "direction": [r[2] for r in rows],
            "amount_fen": [r[3] for r in rows],
            "cp_account_id": pl.Series([None] * len(rows), dtype=pl.Int64),
            "cp_holder_id": [r[4] for r in rows],
        }
    )
    if shuffle is not None:
        lines = lines.sample(fraction=1.0, shuffle=True, seed=shuffle)
    ids = [f"I{i:02d}" for i in range(12)]
    return Context(
        Tables(
            mart_line=lines,
            mart_account=lines.group_by("account_id").agg(lines=pl.len()),
            mart_controlled_account=pl.DataFrame({"institution_id": ids, "account_id": range(12)}),
            mart_relation=pl.DataFrame(
                {"institution_id": ["I03"], "holder_id": [3_999], "role": ["affiliate"]}
            ),
            mart_institution=pl.DataFrame({"institution_id": ids, "sector": ["p2p"] * 12}),
        ),
        LAST,
    )


def test_weeks_are_the_same_in_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = weekly_features(_context())
    monkeypatch.setattr("models.anomaly.slices", lambda marts, owned: slices(marts, owned, 1_000))
    assert len(slices(_context().marts, _context().table("mart_controlled_account"), 1_000)) > 3
    assert weekly_features(_context()).equals(whole)


def test_the_odd_week_stands_first_with_its_reasons() -> None:
    first = unusual(_context(), share=0.02).row(0, named=True)
    assert (first["institution_id"], first["week_end"]) == ("I03", dt.date(2016, 6, 5))
    named = {r["feature"] for r in first["reasons"]}
    assert named & {"related_share", "top_payee", "late_share", "round_share", "net_share"}
    assert all(r["contribution"] >= 0 for r in first["reasons"])


def test_one_week_is_told_as_it_stands_among_all() -> None:
    every = unusual(_context(), share=0.05)
    asked = dt.date(2016, 6, 5)
    assert unusual(_context(), share=0.05, week_end=asked).equals(every.filter(pl.col("week_end") == asked))
    assert unusual(_context(), share=0.02, week_end=LAST - dt.timedelta(days=70)).height < every.height


def test_who_broke_a_rule_is_not_called_unusual() -> None:
    got = unusual(_context(), broken=frozenset({"I03"}), share=0.02)
    assert "I03" not in set(got["institution_id"])


def test_the_order_of_lines_does_not_matter() -> None:
    one, other = unusual(_context(), share=0.05), unusual(_context(shuffle=3), share=0.05)
    assert one.equals(other)


def test_only_a_stated_share_is_called_unusual() -> None:
    weeks = weekly_features(_context())
    assert set(FEATURES) <= set(weeks.columns)
    assert unusual(_context(), share=0.02).height <= 0.02 * (weeks.height + 1)


def test_too_little_history_says_nothing() -> None:
    ctx = _context()
    tables = ctx.marts.tables  # type: ignore[attr-defined]
    tables["mart_line"] = tables["mart_line"].filter(pl.col("booked_on") < dt.date(2016, 3, 28))
    assert unusual(ctx).is_empty()
    assert unusual(ctx).schema["score"] == pl.Float64


def test_features_are_point_in_time() -> None:
    ctx = _context()
    tables = ctx.marts.tables  # type: ignore[attr-defined]
    before = weekly_features(ctx).filter(pl.col("week_end") <= dt.date(2016, 5, 1))
    tables["mart_line"] = tables["mart_line"].filter(pl.col("booked_on") <= dt.date(2016, 5, 1))
    again = weekly_features(ctx)
    assert before.equals(again)
    assert before["growth"].abs().max() == pytest.approx(again["growth"].abs().max())
