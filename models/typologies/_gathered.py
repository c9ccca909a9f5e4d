"""Answers about all institutions that are worked out turn by turn: small, where what they follow from is not."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import polars as pl

from models.typologies._debt import shared_debts
from models.typologies._flows_between import flows_between
from models.typologies._yields import judged, products
from models.typologies.base import Context

GATHERED: dict[str, tuple[Callable[[Context], pl.DataFrame], tuple[str, ...]]] = {
    "debt.shared": (shared_debts, ("institution_id", "project_id", "on", "fen")),
    "yields.products": (products, ("product_id",)),
}
"""Key of `Context.shared` -> who answers about a part of the city, and the order of the whole answer."""
AHEAD: tuple[Callable[[Context], object], ...] = (judged, flows_between)
"""Questions about the whole city that turns ask, or others after them, and that take their time: asked while the first
turns are judged."""


def answers(part: Context) -> dict[str, pl.DataFrame]:
    """Return what a part of the city answers, by key."""
    return {key: answer(part) for key, (answer, _) in GATHERED.items()}


def gather(city: Context, parts: Iterable[dict[str, pl.DataFrame]]) -> None:
    """Put the parts' answers together in the memory of the city's context."""
    found: dict[str, list[pl.DataFrame]] = {key: [] for key in GATHERED}
    for part in parts:
        for key, frame in part.items():
            found[key].append(frame)
    for key, (_, order) in GATHERED.items():
        city.memo[key] = pl.concat(found[key]).sort(*order)


def ahead(city: Context) -> None:
    """Ask the slow questions about the city before the turns do."""
    for question in AHEAD:
        question(city)
