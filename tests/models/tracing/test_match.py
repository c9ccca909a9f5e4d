"""The interval algebra against a queue of lots, and what must hold for every method."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.tracing.fifo import overlap
from models.tracing.legs import OPENING, legs, walk
from models.tracing.legs import openings as opening_balances
from models.tracing.match import METHODS, match
from models.tracing.pro_rata import pro_rata
from tests.models.tracing.oracle import Line, shares, trace
from tests.models.tracing.strategies import accounts, frame, openings

World = tuple[list[Line], dict[int, int]]


def claimed(lines: list[Line]) -> pl.Series:
    return pl.Series([x.no for x in lines if x.claimed and x.signed > 0], dtype=pl.Int64)


def fragments(lines: list[Line], opening: dict[int, int], method: str, **more: object) -> pl.DataFrame:
    return match(frame(lines), method, opening=openings(opening), claimed=claimed(lines), **more)  # type: ignore[arg-type]


def as_dict(found: pl.DataFrame) -> dict[tuple[int, object, object], int]:
    out: dict[tuple[int, object, object], int] = {}
    for row in found.iter_rows(named=True):
        source = row["in_line_no"] if row["in_line_no"] is not None else row["lot"]
        use = row["out_line_no"] if row["out_line_no"] is not None else row["use"]
        key = (row["account_id"], source, use)
        out[key] = out.get(key, 0) + row["amount_fen"]
    return out


@given(accounts(), st.sampled_from(["fifo", "lifo", "lowest"]))
@settings(max_examples=300, deadline=None)
def test_equals_queue_of_lots(world: World, method: str) -> None:
    lines, opening = world
    assert as_dict(fragments(lines, opening, method)) == trace(lines, opening, method)


@given(accounts(), st.sampled_from(METHODS))
@settings(max_examples=200, deadline=None)
def test_every_fen_is_accounted_for(world: World, method: str) -> None:
    lines, opening = world
    found = fragments(lines, opening, method)
    assert (found["amount_fen"] > 0).all()
    for side, direction in (("in_line_no", "in"), ("out_line_no", "out")):
        sums = dict(found.group_by(side).agg(pl.col("amount_fen").sum()).drop_nulls().iter_rows())
        assert sums == {x.no: abs(x.signed) for x in lines if (x.signed > 0) == (direction == "in")}


@given(accounts(), st.sampled_from(METHODS), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_order_of_rows_and_names_do_not_matter(world: World, method: str, rnd: object) -> None:
    lines, opening = world
    before = as_dict(fragments(lines, opening, method))
    mixed = frame(lines).sample(fraction=1.0, shuffle=True, seed=1)
    again = match(mixed, method, opening=openings(opening), claimed=claimed(lines))  # type: ignore[arg-type]
    assert as_dict(again) == before
    # other accounts, in another order: line numbers keep the order within the account only
    rename = {a: 100 - 7 * a for a in {x.account for x in lines}}
    order = sorted(lines, key=lambda x: (rename[x.account], x.no))
    number = {x.no: k for k, x in enumerate(order)}
    moved = [Line(number[x.no], rename[x.account], x.signed, x.claimed, x.klass) for x in order]
    other = as_dict(fragments(moved, {rename[a]: v for a, v in opening.items() if a in rename}, method))
    back = {v: k for k, v in number.items()}
    unname = {v: k for k, v in rename.items()}

    def old(name: object) -> object:
        return back[name] if isinstance(name, int) else name

    assert {(unname[a], old(s), old(u)): v for (a, s, u), v in other.items()} == before


@given(accounts(), st.sampled_from(["fifo", "lifo", "lowest"]), st.integers(0, 100))
@settings(max_examples=150, deadline=None)
def test_splitting_a_line_changes_nothing(world: World, method: str, pick: int) -> None:
    lines, opening = world
    at = pick % len(lines)
    whole = lines[at]
    if abs(whole.signed) < 2:
        return
    sign = 1 if whole.signed > 0 else -1
    part = sign * (abs(whole.signed) // 2)
    halves = [part, whole.signed - part]
    split: list[Line] = []
    origin: dict[int, int] = {}
    for x in lines:
        for signed in halves if x is whole else [x.signed]:
            origin[len(split)] = x.no
            split.append(Line(len(split), x.account, signed, x.claimed, x.klass))
    merged: dict[tuple[int, object, object], int] = {}
    for (a, s, u), v in as_dict(fragments(split, opening, method)).items():
        key = (
            a,
            origin.get(s, s) if isinstance(s, int) else s,
            origin.get(u, u) if isinstance(u, int) else u,
        )
        merged[key] = merged.get(key, 0) + v
    assert merged == as_dict(fragments(lines, opening, method))


@given(accounts())
@settings(max_examples=200, deadline=None)
def test_pro_rata_by_class(world: World) -> None:
    """Within a few fen of the fractions, never more of a class than there is, and the line to the fen."""
    lines, opening = world
    walked = legs(frame(lines), openings(opening))
    klass_of = {x.no: x.klass for x in lines}
    klass = np.array([klass_of.get(int(n), 0) for n in walked.line], dtype=np.int64)
    codes, out, amount = pro_rata(walked.account, walked.signed, klass, 4)
    assert (amount > 0).all()
    paid = np.zeros(walked.signed.size, np.int64)
    np.add.at(paid, out, amount)
    assert (paid == np.maximum(-walked.signed, 0)).all()
    for code in range(4):
        signed = np.where((klass == code) & (walked.signed > 0), walked.signed, 0)
        mine = codes == code
        np.subtract.at(signed, out[mine], amount[mine])
        lying = walk(walked.account, signed)
        assert (lying >= 0).all()
    for account in {x.account for x in lines}:
        mine_lines = [x for x in lines if x.account == account]
        for x, wanted in zip(mine_lines, shares(mine_lines, opening.get(account, 0), 4), strict=True):
            place = int(np.flatnonzero(walked.line == x.no)[0])
            for code in range(4):
                got = int(amount[(out == place) & (codes == code)].sum())
                assert abs(got - wanted[code]) <= 4


@given(accounts())
@settings(max_examples=100, deadline=None)
def test_lowest_intermediate_balance_never_exceeds_the_balance(world: World) -> None:
    lines, opening = world
    found = fragments(lines, opening, "lowest")
    mine = set(claimed(lines).to_list())
    for account in {x.account for x in lines}:
        own = [x for x in lines if x.account == account]
        held = found.filter(
            (pl.col("account_id") == account)
            & (pl.col("use") == "held")
            & pl.col("in_line_no").is_in(list(mine))
        )
        balance = opening.get(account, 0)
        first = next((k for k, x in enumerate(own) if x.no in mine), None)
        if first is None:
            assert held.is_empty()
            continue
        lows: list[int] = []
        for k, x in enumerate(own):
            balance += x.signed
            if k >= first:
                lows.append(balance)
        kept = {x.no for x in own if x.no in mine}
        latest = max((k for k, x in enumerate(own) if x.no in kept), default=0)
        assert held["amount_fen"].sum() <= max(0, min(lows[latest - first :]))


@given(accounts(), st.data())
@settings(max_examples=200, deadline=None)
def test_identification_goes_first_and_loses_nothing(world: World, data: st.DataObject) -> None:
    lines, opening = world
    rows = []
    for x in lines:
        left = abs(x.signed)
        for pot in range(2):
            part = data.draw(st.integers(0, left))
            left -= part
            if part:
                rows.append((x.no, pot, part))
    pots = pl.DataFrame(
        rows, schema={"line_no": pl.Int64, "pot": pl.Int64, "amount_fen": pl.Int64}, orient="row"
    )
    for method in METHODS:
        found = fragments(lines, opening, method, pots=pots)
        for side, positive in (("in_line_no", True), ("out_line_no", False)):
            sums = dict(found.group_by(side).agg(pl.col("amount_fen").sum()).drop_nulls().iter_rows())
            assert sums == {x.no: abs(x.signed) for x in lines if (x.signed > 0) == positive}
        named = found.filter(pl.col("basis") == "identified")
        assert (named["in_line_no"] < named["out_line_no"]).all()
        claims = pots.group_by("line_no").agg(pl.col("amount_fen").sum().alias("claim"))
        used = named.group_by(pl.col("out_line_no").alias("line_no")).agg(pl.col("amount_fen").sum())
        assert (
            used.join(claims, on="line_no", how="left")
            .filter(pl.col("amount_fen") > pl.col("claim"))
            .is_empty()
        )


def test_a_named_purpose_beats_first_in_first_out() -> None:
    lines = [Line(0, 0, 100), Line(1, 0, 100), Line(2, 0, -100), Line(3, 0, -100)]
    pots = pl.DataFrame({"line_no": [1, 2], "pot": [7, 7], "amount_fen": [100, 100]})
    found = as_dict(fragments(lines, {}, "fifo", pots=pots))
    assert found == {(0, 1, 2): 100, (0, 0, 3): 100}


def test_opening_balance_is_read_off_the_statement() -> None:
    lines = pl.DataFrame(
        {
            "account_id": [1, 1, 1, 2],
            "line_no": [0, 1, 2, 3],
            "direction": ["in", "out", "out", "in"],
            "amount_fen": [50, 20, 10, 5],
            "balance_after_fen": [None, 130, 120, None],
        }
    )
    assert opening_balances(lines).rows() == [(1, 100)]
    found = match(lines)
    assert found.filter(pl.col("lot") == "opening")["amount_fen"].sum() == 100


def test_reversed_entry_and_zero_gap_on_one_day() -> None:
    """In, out and back in with one time stamp: bank order decides, and everything adds up."""
    lines = [Line(0, 0, 30), Line(1, 0, -30), Line(2, 0, 30), Line(3, 0, -30)]
    assert as_dict(fragments(lines, {}, "fifo")) == {(0, 0, 1): 30, (0, 2, 3): 30}


def test_unequal_totals_are_refused() -> None:
    with pytest.raises(ValueError, match="equal"):
        overlap(np.array([1, 5]), np.array([4]))


def test_unknown_method_is_refused() -> None:
    with pytest.raises(ValueError, match="choose one of"):
        match(frame([Line(0, 0, 1)]), "average")  # type: ignore[arg-type]


def test_claims_above_the_line_are_refused() -> None:
    pots = pl.DataFrame({"line_no": [0], "pot": [1], "amount_fen": [11]})
    with pytest.raises(ValueError, match="exceed"):
        fragments([Line(0, 0, 10)], {}, "fifo", pots=pots)


def test_nothing_gives_nothing() -> None:
    assert match(frame([])).is_empty()


def test_opening_marker_stays_inside() -> None:
    assert OPENING < 0
