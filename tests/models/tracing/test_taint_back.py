"""Pro rata going back, against fractions: every in-line of a random account is a class of its own."""

from __future__ import annotations

import datetime as dt

import polars as pl
from hypothesis import given, settings

from models.tracing.hops import Web
from models.tracing.match import match
from models.tracing.taint_back import taint_back
from tests.models.tracing.oracle import Line, shares
from tests.models.tracing.strategies import accounts, frame, openings


def web_of(lines: list[Line], opening: dict[int, int]) -> tuple[Web, pl.DataFrame]:
    table = frame(lines).with_columns(
        booked_at=pl.lit(dt.datetime(2016, 1, 1)) + pl.duration(days=pl.col("line_no")),
        cp_account_id=pl.lit(None, pl.Int64),
        cp_holder_id=pl.lit(None, pl.Int64),
    )
    none = pl.DataFrame(
        schema=dict.fromkeys(("transfer_no", "out_line_no", "in_line_no", "amount_fen"), pl.Int64)
    )
    start = openings(opening)
    return Web.of(table, match(table, opening=start), none), start


@given(accounts())
@settings(max_examples=120, deadline=None)
def test_the_make_up_of_every_payment_is_within_a_fen(world: tuple[list[Line], dict[int, int]]) -> None:
    lines, opening = world
    web, start = web_of(lines, opening)
    for account in {x.account for x in lines}:
        own = [x for x in lines if x.account == account]
        ins = [x for x in own if x.signed > 0]
        for k, x in enumerate(ins):
            x.klass = k + 1
        expected = shares(own, opening.get(account, 0), len(ins) + 1)
        for x, share in zip(own, expected, strict=True):
            if x.signed > 0:
                continue
            found = taint_back(web, start, x.no, hops=1)
            assert found.ends["amount_fen"].sum() == -x.signed
            got = dict(found.steps.select("line_no", "amount_fen").iter_rows())
            for source in ins:
                assert abs(got.get(source.no, 0) - share[source.klass]) <= 1
            drawn = found.ends.filter(pl.col("end") == "overdraft")["amount_fen"].sum()
            assert drawn == -x.signed - sum(share)


def test_small_lots_are_gathered_and_old_ones_end_at_the_horizon() -> None:
    lines = [Line(k, 0, 10) for k in range(60)] + [Line(60, 0, 4_000), Line(61, 0, -2_300)]
    web, start = web_of(lines, {})
    ends = dict(
        taint_back(web, start, 61, hops=1).ends.group_by("end").agg(pl.col("amount_fen").sum()).iter_rows()
    )
    assert set(ends) == {"gathered", "left"}
    assert ends["gathered"] == 105  # 21 of the 60 small lots
    late = taint_back(web, start, 61, hops=1, days=1).ends.group_by("end").agg(pl.col("amount_fen").sum())
    assert dict(late.iter_rows()) == {"gathered": 105, "horizon": 195, "left": 2_000}
