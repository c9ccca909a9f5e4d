"""Books of payment institutions: those of which no line is on hand."""

from __future__ import annotations

import polars as pl

from models.typologies.reserve_misappropriation import TYPOLOGY, _payees


def test_a_book_without_lines_has_no_payees() -> None:
    schema = {
        "institution_id": pl.String,
        "reserve": pl.Boolean,
        "direction": pl.String,
        "side": pl.String,
        "cp_holder_id": pl.Int32,
        "booked_on": pl.Date,
        "amount_fen": pl.Int64,
    }
    habits, usual = _payees(pl.DataFrame(schema=schema), {p.name: p.default for p in TYPOLOGY.parameters})
    assert habits.is_empty()
    assert usual.is_empty()
