"""The balance chain: order, breaks, and the order of a day recovered from its balances."""

from __future__ import annotations

import datetime as dt
import itertools
import random
from collections.abc import Sequence

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.steps.chain import Chain, check_chain, check_chains
from flows.steps.formats.protocol import AccountBalances
from flows.steps.reorder import euler_trail

SCHEMA = {
    "account_no": pl.String, "booked_at": pl.Datetime("us"), "has_time": pl.Boolean, "direction": pl.String,
    "amount_fen": pl.Int64, "balance_after_fen": pl.Int64, "source_record": pl.Int64,
}  # fmt: skip
START = dt.datetime(2016, 6, 1)


def statement(
    deltas: Sequence[int], opening: int = 0, account: str = "A", per_day: int = 3, balances: bool = True
) -> pl.DataFrame:
    """Make an account's lines, oldest first, records from 1."""
    rows, balance = [], opening
    for at, delta in enumerate(deltas):
        balance += delta
        rows.append(
            (account, START + dt.timedelta(days=at // per_day), False, "in" if delta > 0 else "out", abs(delta),
             balance if balances else None, at + 1)
        )  # fmt: skip
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def in_file_order(frame: pl.DataFrame, order: Sequence[int]) -> pl.DataFrame:
    return frame[list(order)].with_columns(source_record=pl.int_range(1, len(order) + 1, dtype=pl.Int64))


def gaps(chain: Chain) -> list[tuple[int | None, int]]:
    return [(each.record, each.gap_fen) for each in chain.breaks]


def test_oldest_first_holds() -> None:
    chain = check_chain(statement([5, -3, 7, -2]))
    assert chain.chain_no.to_list() == [0, 1, 2, 3]
    assert chain.breaks == []
    assert chain.newest_first == 0


def test_newest_first_is_turned_round() -> None:
    chain = check_chain(in_file_order(statement([5, -3, 7, -2]), [3, 2, 1, 0]))
    assert chain.chain_no.to_list() == [3, 2, 1, 0]
    assert chain.breaks == []
    assert chain.newest_first == 1


def test_newest_first_is_told_by_dates_where_there_are_no_balances() -> None:
    frame = statement([1, 2, 3, 4], per_day=2, balances=False)
    assert check_chain(in_file_order(frame, [3, 2, 1, 0])).chain_no.to_list() == [3, 2, 1, 0]
    assert check_chain(frame).chain_no.to_list() == [0, 1, 2, 3]


def test_an_account_that_does_not_tell_goes_with_its_file() -> None:
    many = in_file_order(statement([5, -3, 7, -2]), [3, 2, 1, 0])
    twins = statement([1, 1], account="B", balances=False)
    frame = pl.concat([many, twins.with_columns(source_record=pl.Series([5, 6]))])
    assert check_chain(frame).chain_no.to_list() == [3, 2, 1, 0, 1, 0]


def test_a_missing_row_is_one_break_where_the_chain_resumes() -> None:
    frame = in_file_order(statement([5, -3, 7, -2]), [0, 2, 3])
    assert gaps(check_chain(frame)) == [(2, -3)]


def test_an_altered_balance_is_two() -> None:
    frame = statement([5, -3, 7, -2]).with_columns(
        balance_after_fen=pl.when(pl.col("source_record") == 2).then(99).otherwise("balance_after_fen")
    )
    assert gaps(check_chain(frame)) == [(2, 97), (3, -97)]


def test_rows_without_balance_are_bridged() -> None:
    frame = statement([5, -3, 7, -2]).with_columns(
        balance_after_fen=pl.when(pl.col("source_record").is_in([2, 3]))
        .then(None)
        .otherwise("balance_after_fen")
    )
    assert check_chain(frame).breaks == []
    assert gaps(check_chain(frame.filter(pl.col("source_record") != 3))) == [(4, 7)]


def test_without_balances_nothing_can_break() -> None:
    assert check_chain(statement([5, -3], balances=False)).breaks == []


@pytest.mark.parametrize(
    ("opening", "closing", "count"), [(10, 17, 0), (None, 17, 0), (10, 18, 1), (9, 17, 1)]
)
def test_opening_and_closing_must_fit_the_amounts(opening: int | None, closing: int, count: int) -> None:
    frame = statement([5, -3, 7, -2], balances=False)
    assert len(check_chain(frame, [AccountBalances("A", opening, closing)]).breaks) == count


def test_pages_carry_over() -> None:
    frame = statement([5, -3, 7, -2], balances=False)
    pages = [AccountBalances("A", 0, 2, 1, 2), AccountBalances("A", 2, 7, 3, 4)]
    assert check_chain(frame, pages).breaks == []
    lost = [pages[0], AccountBalances("A", 12, 17, 3, 4)]
    (only,) = check_chain(frame, lost).breaks
    assert (only.kind, only.gap_fen, only.record) == ("opening", 10, 3)


def test_pages_may_run_newest_first_too() -> None:
    frame = statement([5, -3, 7, -2], balances=False, per_day=2)
    newest_page_first = in_file_order(frame, [2, 3, 0, 1])
    pages = [AccountBalances("A", 2, 7, 1, 2), AccountBalances("A", 0, 2, 3, 4)]
    chain = check_chain(newest_page_first, pages)
    assert chain.breaks == []
    assert chain.chain_no.to_list() == [2, 3, 0, 1]
    newest_first = in_file_order(statement([5, -3, 7, -2], per_day=1), [3, 2, 1, 0])
    chain = check_chain(newest_first, pages)
    assert chain.breaks == []
    assert chain.chain_no.to_list() == [3, 2, 1, 0]


def test_a_page_without_lines_must_close_as_it_opened() -> None:
    empty = statement([])
    assert check_chain(empty, [AccountBalances("A", 5, 5)]).breaks == []
    assert len(check_chain(empty, [AccountBalances("A", 5, 6)]).breaks) == 1


def test_accounts_do_not_mix() -> None:
    frame = pl.concat([statement([5, -3]), statement([50, -30], opening=7, account="B")])
    interleaved = frame[[0, 2, 1, 3]].with_columns(source_record=pl.int_range(1, 5, dtype=pl.Int64))
    chain = check_chain(interleaved)
    assert chain.breaks == []
    assert chain.chain_no.to_list() == [0, 0, 1, 1]


def test_the_order_of_a_day_is_recovered_from_its_balances() -> None:
    frame = statement([5, 4, -3, 7, -2, 11, 1, 6, -4], per_day=3)
    mixed = in_file_order(frame, [0, 1, 2, 5, 3, 4, 6, 7, 8])
    chain = check_chain(mixed)
    assert chain.breaks == []
    assert chain.chain_no.to_list() == [0, 1, 2, 5, 3, 4, 6, 7, 8]
    assert chain.reordered_days == 1


def test_a_day_that_misses_a_row_keeps_its_order_and_tells() -> None:
    frame = statement([5, 4, -3, 7, -2, 11], per_day=6)
    chain = check_chain(in_file_order(frame, [0, 1, 3, 4, 5]))
    assert chain.chain_no.to_list() == [0, 1, 2, 3, 4]
    assert len(chain.breaks) == 1


def test_putting_in_order_never_hides_a_missing_row() -> None:
    """A day that starts and ends at the same balance could be turned round to hide what was taken out."""
    frame = statement([5, 4, -3, 7, -2, -11], per_day=6)
    clock = pl.datetime_range(START, START + dt.timedelta(hours=5), "1h", eager=True)
    timed = frame.with_columns(booked_at=clock.cast(pl.Datetime("us")), has_time=pl.lit(True))
    for whole in (frame, timed):
        for lost in range(1, 5):
            chain = check_chain(in_file_order(whole, [n for n in range(6) if n != lost]))
            assert len(chain.breaks) == 1
            assert chain.reordered_days == 0


def test_times_go_before_balances() -> None:
    frame = statement([5, 4, -3, 7, -2, 11], per_day=6)
    clock = pl.datetime_range(START, START + dt.timedelta(hours=5), "1h", eager=True)
    timed = frame.with_columns(booked_at=clock.cast(pl.Datetime("us")), has_time=pl.lit(True))
    chain = check_chain(in_file_order(timed, [4, 2, 0, 1, 5, 3]))
    assert chain.chain_no.to_list() == [4, 2, 0, 1, 5, 3]
    assert chain.breaks == []


amounts = st.integers(-50, 50).filter(bool)


@settings(max_examples=150, deadline=None)
@given(st.lists(amounts, min_size=1, max_size=40), st.integers(0, 1000), st.integers(1, 9), st.booleans())
def test_a_whole_statement_never_breaks(
    deltas: list[int], opening: int, per_day: int, newest_first: bool
) -> None:
    frame = statement(deltas, opening, per_day=per_day)
    order = range(len(deltas))
    frame = in_file_order(frame, list(reversed(order)) if newest_first else list(order))
    chain = check_chain(frame, [AccountBalances("A", opening, opening + sum(deltas))])
    assert chain.breaks == []
    assert sorted(chain.chain_no.to_list()) == list(order)


@settings(max_examples=150, deadline=None)
@given(st.lists(amounts, min_size=1, max_size=30), st.integers(1, 9), st.randoms(use_true_random=False))
def test_lines_shuffled_within_their_day_are_ordered_again(
    deltas: list[int], per_day: int, rng: random.Random
) -> None:
    opening = 10_000
    frame = statement(deltas, opening, per_day=per_day)
    order = list(range(len(deltas)))
    for day in range(0, len(order), per_day):
        part = order[day : day + per_day]
        rng.shuffle(part)
        order[day : day + per_day] = part
    chain = check_chain(in_file_order(frame, order), [AccountBalances("A", opening, opening + sum(deltas))])
    assert chain.breaks == []


def test_the_first_day_starts_where_the_opening_balance_stands() -> None:
    # In and out of the same amount fit in both orders; only the opening balance tells which.
    frame = in_file_order(statement([1, -1], 10_000, per_day=2), [1, 0])
    chain = check_chain(frame, [AccountBalances("A", 10_000, 10_000)])
    assert chain.breaks == []
    assert chain.chain_no.to_list() == [1, 0]


@settings(max_examples=200, deadline=None)
@given(st.lists(amounts, min_size=1, max_size=40), st.randoms(use_true_random=False))
def test_a_trail_is_found_whenever_there_is_one(deltas: list[int], rng: random.Random) -> None:
    balances = [0]
    for delta in deltas:
        balances.append(balances[-1] + delta)
    steps = list(itertools.pairwise(balances))
    rng.shuffle(steps)
    trail = euler_trail([a for a, _ in steps], [b for _, b in steps])
    assert trail is not None
    assert sorted(trail) == list(range(len(steps)))
    assert all(steps[a][1] == steps[b][0] for a, b in itertools.pairwise(trail))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.lists(st.tuples(st.sampled_from("AB"), st.sampled_from([-2, -1, 1, 2, 45])), max_size=8),
            st.integers(1, 4),
            st.sampled_from(
                ["as booked", "newest first", "one balance wrong", "one balance missing", "shuffled"]
            ),
        ),
        min_size=1,
        max_size=5,
    ),
    st.randoms(use_true_random=False),
)
def test_many_files_at_once_are_as_each_alone(
    files: list[tuple[list[tuple[str, int]], int, str]], rng: random.Random
) -> None:
    frames = []
    for moves, per_day, how in files:
        parts = [
            statement([move for own, move in moves if own == account], account=account, per_day=per_day)
            for account in ("A", "B")
        ]
        frame = pl.concat(parts)
        order = list(range(frame.height))
        if how == "shuffled":
            rng.shuffle(order)
        frame = in_file_order(frame, order[::-1] if how == "newest first" else order)
        if frame.height and how.startswith("one"):
            wrong = pl.lit(None, pl.Int64) if how.endswith("missing") else pl.col("balance_after_fen") + 1
            middle = pl.col("source_record") == frame.height // 2 + 1
            frame = frame.with_columns(
                balance_after_fen=pl.when(middle).then(wrong).otherwise("balance_after_fen")
            )
        frames.append(frame)
    together = check_chains(pl.concat(frames), [frame.height for frame in frames])
    for chain, frame in zip(together, frames, strict=True):
        alone = check_chain(frame)
        assert chain.chain_no.equals(alone.chain_no)
        assert (chain.breaks, chain.newest_first, chain.reordered_days) == (
            alone.breaks, alone.newest_first, alone.reordered_days
        )  # fmt: skip
