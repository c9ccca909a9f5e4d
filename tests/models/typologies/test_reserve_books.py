"""Books of payment institutions: those of which no line is on hand."""

from __future__ import annotations

import polars as pl

from models.typologies._reserve import Book
from models.typologies.reserve_misappropriation import TYPOLOGY, _payees


def test_a_book_without_lines_has_no_payees() -> None:
    schema = {
        "reserve": pl.Boolean,
        "direction": pl.String,
        "side": pl.String,
        "cp_holder_id": pl.Int32,
        "booked_on": pl.Date,
        "amount_fen": pl.Int64,
    }
    book = Book("PJ1", "支付", pl.DataFrame(), pl.DataFrame(schema=schema), pl.DataFrame())
    habits, usual = _payees(book, {p.name: p.default for p in TYPOLOGY.parameters})
    assert habits.is_empty()
    assert usual == 0.0
