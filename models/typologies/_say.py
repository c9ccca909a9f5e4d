"""Figures as they stand in explanations: yuan, shares and dates."""

from __future__ import annotations

import datetime as dt


def yuan(fen: int | None) -> str:
    """Fen as yuan with two decimals and thousands separators; ``-`` when not known."""
    if fen is None:
        return "-"
    sign = "-" if fen < 0 else ""
    whole, part = divmod(abs(int(fen)), 100)
    return f"{sign}{whole:,}.{part:02d}"


def percent(share: float | None, digits: int = 1) -> str:
    """An annual rate or a share, as per cent; ``-`` when not known."""
    return "-" if share is None else f"{100 * share:.{digits}f}%"


def span(first: dt.date | None, last: dt.date | None) -> str:
    """A period, as ``2016-01-04 – 2016-06-30``."""
    return f"{first or '-'} – {last or '-'}"


def sides(*told: tuple[int, str, str]) -> tuple[str, str]:
    """Of several things (how much of it, Chinese, English) tell those of which there is any, in both languages."""
    shown = [(zh, en) for much, zh, en in told if much]
    return ",".join(zh for zh, _ in shown), ", ".join(en for _, en in shown)
