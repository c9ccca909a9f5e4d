"""Shared answers that tracing works out anyway: left in the warehouse, so that judging reads them.

They depend on the marts alone, on no threshold: whoever asks later gets the same answer.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from models.typologies._ledger import deposits, payouts
from models.typologies._rounds import borrowers, coverage, repayments, rounds
from models.typologies.base import Context

KEPT: dict[str, tuple[str, Callable[[Context], pl.DataFrame]]] = {
    "ledger.deposits": ("ledger_deposit", deposits),
    "ledger.payouts": ("ledger_payout", payouts),
    "rounds.rounds": ("ledger_round", rounds),
    "rounds.coverage": ("ledger_coverage", coverage),
    "rounds.borrowers": ("ledger_borrower", borrowers),
    "rounds.repayments": ("ledger_repayment", repayments),
}
"""Key of `Context.shared` -> the relation that holds the answer, and who answers."""


def write(ctx: Context, put: Callable[[str, pl.DataFrame], None]) -> None:
    """Give every kept answer to `put` under its relation's name."""
    for name, answer in KEPT.values():
        put(name, answer(ctx))


def stored(has: Callable[[str], bool]) -> dict[str, str]:
    """Return `Context.stored` for a warehouse, of which `has` says whether it holds a relation."""
    return {key: name for key, (name, _) in KEPT.items() if has(name)}
