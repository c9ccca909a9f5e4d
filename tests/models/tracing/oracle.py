"""Tracing done slowly and obviously: a queue of lots, one account and one line at a time.

Shares no code with the product. Amounts are integers; pro rata is done in fractions.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass
from fractions import Fraction

Pair = tuple[str | int | None, str | int | None]


@dataclass
class Line:
    no: int
    account: int
    signed: int
    claimed: bool = False
    klass: int = 0


def trace(lines: list[Line], opening: dict[int, int], method: str) -> dict[tuple[int, object, object], int]:
    """Fragments (account, source, use) -> fen. Sources: line, 'opening', 'overdraft'; uses: line, 'held', 'overdraft'."""
    found: dict[tuple[int, object, object], int] = defaultdict(int)
    accounts = sorted({x.account for x in lines})
    for account in accounts:
        mine = [x for x in lines if x.account == account]
        lots: deque[list[object]] = deque()
        debt = 0
        start = opening.get(account, 0)
        if start > 0:
            lots.append(["opening", start, False])
        debt = max(-start, 0)
        for x in mine:
            if x.signed > 0:
                left = x.signed
                repaid = min(left, debt)
                if repaid:
                    found[(account, x.no, "overdraft")] += repaid
                    debt -= repaid
                    left -= repaid
                if left:
                    lots.append([x.no, left, x.claimed])
            else:
                need = -x.signed
                while need and lots:
                    k = _next(lots, method)
                    take = min(need, int(lots[k][1]))  # type: ignore[call-overload]
                    found[(account, lots[k][0], x.no)] += take
                    lots[k][1] = int(lots[k][1]) - take  # type: ignore[call-overload]
                    need -= take
                    if lots[k][1] == 0:
                        del lots[k]
                if need:
                    found[(account, "overdraft", x.no)] += need
                    debt += need
        for name, left, _ in lots:
            found[(account, name, "held")] += int(left)  # type: ignore[call-overload]
    return dict(found)


def _next(lots: deque[list[object]], method: str) -> int:
    if method == "fifo":
        return 0
    if method == "lifo":
        return len(lots) - 1
    for k, lot in enumerate(lots):  # lowest: other money first, claimed money last
        if not lot[2]:
            return k
    return 0


def shares(lines: list[Line], opening: int, classes: int) -> list[list[Fraction]]:
    """What of each class each out-line of one account takes, pro rata, exactly; opening is class 0."""
    lying = [Fraction(0)] * classes
    lying[0] += max(opening, 0)
    debt = max(-opening, 0)
    out: list[list[Fraction]] = []
    for x in lines:
        taken = [Fraction(0)] * classes
        if x.signed > 0:
            repaid = min(x.signed, debt)
            debt -= repaid
            lying[x.klass] += x.signed - repaid
        else:
            there = sum(lying)
            need = min(-x.signed, there)
            debt += -x.signed - need
            if there:
                taken = [v * need / there for v in lying]
                lying = [v - t for v, t in zip(lying, taken, strict=True)]
        out.append(taken)
    return out
