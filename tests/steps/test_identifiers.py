from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.steps.identifiers import valid_cnaps, valid_identity_number, valid_uscc


def test_check_digits_against_worked_examples() -> None:
    # the specimen code of GB 32100, a made identity number, a CNAPS code of a head office
    assert valid_uscc(pl.Series(["91350100M000100Y43", "91350100M000100Y44", "abc", None])).to_list() == [
        True,
        False,
        False,
        None,
    ]
    assert valid_identity_number(
        pl.Series(["11010519491231002X", "110105194912310020", "110105491231002"])
    ).to_list() == [True, False, True]
    assert valid_cnaps(pl.Series(["102100099996", "102100099997", "1021"])).to_list() == [True, False, False]


@settings(deadline=None)
@given(st.text("0123456789", min_size=17, max_size=17))
def test_one_digit_and_no_other_completes_an_identity_number(body: str) -> None:
    assert valid_identity_number(pl.Series([body + last for last in "0123456789X"])).sum() == 1


@settings(deadline=None)
@given(st.text("0123456789", min_size=11, max_size=11))
def test_one_digit_and_no_other_completes_a_bank_code(body: str) -> None:
    assert valid_cnaps(pl.Series([body + last for last in "0123456789"])).sum() == 1


@settings(deadline=None)
@given(st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=17, max_size=17))
def test_one_letter_and_no_other_completes_a_credit_code(body: str) -> None:
    assert valid_uscc(pl.Series([body + last for last in "0123456789ABCDEFGHJKLMNPQRTUWXY"])).sum() == 1
