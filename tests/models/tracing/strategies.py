"""Random accounts: small amounts so that lots break often, equal amounts, overdrafts, openings."""

from __future__ import annotations

import polars as pl
from hypothesis import strategies as st

from tests.models.tracing.oracle import Line

amounts = st.one_of(st.sampled_from([1, 2, 5, 10, 10, 100]), st.integers(1, 60))


@st.composite
def accounts(draw: st.DrawFn) -> tuple[list[Line], dict[int, int]]:
    lines: list[Line] = []
    opening: dict[int, int] = {}
    for account in range(draw(st.integers(1, 3))):
        if draw(st.booleans()):
            opening[account] = draw(st.integers(-20, 40))
        for _ in range(draw(st.integers(1, 14))):
            sign = draw(st.sampled_from([1, -1]))
            lines.append(
                Line(len(lines), account, sign * draw(amounts), draw(st.booleans()), draw(st.integers(0, 3)))
            )
    return lines, opening


def frame(lines: list[Line]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "account_id": [x.account for x in lines],
            "line_no": [x.no for x in lines],
            "direction": ["in" if x.signed > 0 else "out" for x in lines],
            "amount_fen": [abs(x.signed) for x in lines],
        },
        schema={
            "account_id": pl.Int64,
            "line_no": pl.Int64,
            "direction": pl.String,
            "amount_fen": pl.Int64,
        },
    )


def openings(opening: dict[int, int]) -> pl.DataFrame:
    return pl.DataFrame(
        {"account_id": list(opening), "opening_fen": list(opening.values())},
        schema={"account_id": pl.Int64, "opening_fen": pl.Int64},
    )
