"""How good a ranking was: measures over weeks that were replayed as they would have been seen."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence


def precision_at(ranked: Sequence[str], wanted: frozenset[str], k: int) -> float | None:
    """Share of the first `k` that were wanted; null when nothing was ranked."""
    top = ranked[:k]
    return sum(i in wanted for i in top) / len(top) if top else None


def recall_at(ranked: Sequence[str], wanted: frozenset[str], k: int) -> float | None:
    """Share of the wanted that stand among the first `k`; null when none is wanted."""
    return sum(i in wanted for i in ranked[:k]) / len(wanted) if wanted else None


def average_precision(ranked: Sequence[str], wanted: frozenset[str]) -> float | None:
    """Mean of the precision at the place of each wanted one; those never ranked count 0."""
    if not wanted:
        return None
    hits, total = 0, 0.0
    for place, i in enumerate(ranked, 1):
        if i in wanted:
            hits += 1
            total += hits / place
    return total / len(wanted)


def stability(before: Mapping[str, int], after: Mapping[str, int]) -> float | None:
    """Spearman correlation of two weeks' ranks over the institutions both hold; ties averaged.

    Returns
    -------
    float or None
        Null with fewer than three in common or when one week ranks all alike.
    """
    common = sorted(set(before) & set(after))
    if len(common) < 3:
        return None
    x, y = _averaged([before[i] for i in common]), _averaged([after[i] for i in common])
    mx, my = sum(x) / len(x), sum(y) / len(y)
    sx, sy = math.sqrt(sum((v - mx) ** 2 for v in x)), math.sqrt(sum((v - my) ** 2 for v in y))
    if not sx or not sy:
        return None
    return sum((p - mx) * (q - my) for p, q in zip(x, y, strict=True)) / (sx * sy)


def _averaged(values: Sequence[int]) -> list[float]:
    """Ranks from 1, equal values sharing the mean of their places."""
    places: dict[int, list[int]] = {}
    for place, value in enumerate(sorted(values), 1):
        places.setdefault(value, []).append(place)
    return [sum(places[v]) / len(places[v]) for v in values]
