"""The risk ranking: whom to visit on Monday, as a sum that can be read aloud.

The score answers two questions at once: how grave is what was found, and how much of the
public is exposed to it. It is built so that an office can defend it:

* **Monotone.** One more finding, a larger amount, a worse severity, a surer finding or more
  exposure never lowers it. Weights are combined as ``1 - prod(1 - w)`` over weights sorted
  downwards; a new or larger weight can only move every position up (order statistics).
* **Comparable over weeks.** Nothing is scaled by the other institutions of the week.
* **Robust to one noisy finding.** A single finding cannot exceed `SEVERITY_WEIGHT`, is
  multiplied by its confidence, and repeats of one typology count with ``1 / k**2``.
* **Explained exactly.** Points are integer hundredths; the contributions telescope, so they add up
  to the score to the last hundredth.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

SEVERITY_WEIGHT: dict[int, float] = {1: 0.06, 2: 0.18, 3: 0.32, 4: 0.50, 5: 0.66}
"""Share of the remaining scale that one certain finding of full size takes, by severity
(calibrated: two findings of one grade weigh about as much as one of the next)."""

SIZE_FLOOR = 0.75
"""A finding without a yuan figure (an advertisement, a name) keeps this part of its weight."""

SIZE_FROM_YUAN, SIZE_DECADES = 10_000, 4.0
"""The size factor grows with the decimal logarithm from 10,000 yuan and is full at 100 million,
the amount from which the plan's groups handle a case at city level (calibrated)."""

TYPOLOGY_DISCOUNT = 0.7
"""The k-th gravest typology of an institution counts ``0.7 ** (k - 1)``: readings of the same
flows from several sides are not independent (calibrated)."""

EXPOSURE_WITH_GRAVITY = 0.25
"""Exposure takes up to 25 % of what is left where something grave was found, and nothing where nothing
was: a big honest firm must rank low (扶優抑劣). Among firms without findings it breaks the tie."""

EXPOSURE_SHARES: dict[str, float] = {"client_money": 0.40, "clients": 0.30, "growth": 0.15, "tips": 0.15}
"""Parts of the exposure index, adding to one (calibrated)."""


@dataclass(frozen=True, slots=True)
class RiskItem:
    """What the ranking needs of one finding that stands (neither refuted nor put right).

    Attributes
    ----------
    finding_key, typology : str
    severity : int
        1–5.
    confidence : float
        0–1.
    amount_fen : int
        The finding's amount; 0 where its row names none.
    clients : int
        Clients it affects, 0 when not said.
    first_on, last_on : date or None
        Period of its flows.
    """

    finding_key: str
    typology: str
    severity: int
    confidence: float
    amount_fen: int
    clients: int = 0
    first_on: dt.date | None = None
    last_on: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Exposure:
    """How much of the public depends on one institution.

    Attributes
    ----------
    client_money_fen : int
        Clients' money taken in and not paid back by the end of the week, at least 0.
    clients : int
        Persons and firms that paid in as clients.
    inflow_8w_fen, inflow_before_fen : int
        Client money taken in during the last 8 weeks and during the 8 weeks before them.
    tips : int
        Tips and complaints received in the last 26 weeks.
    """

    client_money_fen: int = 0
    clients: int = 0
    inflow_8w_fen: int = 0
    inflow_before_fen: int = 0
    tips: int = 0

    @property
    def growth(self) -> float:
        """Growth of client inflow over 8 weeks, as a ratio less one; 0 when it shrank.

        New business with nothing before counts as a doubling: a ratio to nothing says nothing.
        """
        if self.inflow_8w_fen <= self.inflow_before_fen:
            return 0.0
        if self.inflow_before_fen <= 0:
            return 1.0
        return self.inflow_8w_fen / self.inflow_before_fen - 1.0

    @property
    def order(self) -> tuple[int, int, int, int]:
        """Sort key that breaks ties of the score, larger first."""
        return (self.client_money_fen, self.clients, self.inflow_8w_fen, self.tips)


@dataclass(frozen=True, slots=True)
class Contribution:
    """One summand of a score.

    Attributes
    ----------
    kind : {'finding', 'exposure'}
    code : str
        Typology code, or the name of the exposure measure.
    finding_key : str or None
        The finding, for kind ``finding``.
    points : int
        Hundredths of a point, at least 0.
    """

    kind: Literal["finding", "exposure"]
    code: str
    finding_key: str | None
    points: int


@dataclass(frozen=True, slots=True)
class Score:
    """A score together with the contributions that add up to it exactly.

    Attributes
    ----------
    points : int
        Hundredths of a point, 0–10000.
    contributions : tuple of Contribution
        Findings worst first, then exposure; their points add up to `points`.
    """

    points: int
    contributions: tuple[Contribution, ...]


def item_weight(item: RiskItem) -> float:
    """Weight of one finding on its own, 0 to 1; rises with severity, confidence and amount."""
    yuan = max(item.amount_fen, 0) / 100
    size = math.log10(1 + yuan / SIZE_FROM_YUAN) / SIZE_DECADES
    factor = SIZE_FLOOR + (1 - SIZE_FLOOR) * min(1.0, size)
    return SEVERITY_WEIGHT[item.severity] * min(1.0, max(0.0, item.confidence)) * factor


def exposure_parts(exposure: Exposure) -> dict[str, float]:
    """Each exposure measure on 0 to 1.

    Money is full at 1 billion yuan, clients at 10,000 persons (both logarithmic), growth at a
    fivefold inflow, tips at 10; each is monotone in its measure.
    """
    money = math.log10(1 + max(exposure.client_money_fen, 0) / 100 / 10_000) / 5
    people = math.log10(1 + max(exposure.clients, 0)) / 4
    return {
        "client_money": min(1.0, money),
        "clients": min(1.0, people),
        "growth": min(1.0, exposure.growth / 4),
        "tips": min(1.0, math.log10(1 + max(exposure.tips, 0)) / math.log10(11)),
    }


def score(items: Sequence[RiskItem], exposure: Exposure) -> Score:
    """Score one institution from its standing findings and its exposure.

    Parameters
    ----------
    items : sequence of RiskItem
        In any order; at most one per finding key.
    exposure : Exposure

    Returns
    -------
    Score

    Notes
    -----
    ``G = 1 - prod_j (1 - d**(j-1) * t_j)`` over the typologies' weights ``t`` sorted downwards, with
    ``t = 1 - prod_k (1 - w_k / k**2)`` over a typology's findings sorted downwards;
    ``S = 100 * (1 - (1 - G) * (1 - b*E*G))``. Complexity O(n log n) in the findings.
    """
    groups: dict[str, list[tuple[float, RiskItem]]] = {}
    for item in items:
        groups.setdefault(item.typology, []).append((item_weight(item), item))
    weighted: list[tuple[float, str, list[tuple[float, RiskItem]]]] = []
    for code, members in groups.items():
        members.sort(key=lambda m: (-m[0], m[1].finding_key))
        parts = [(w / (k + 1) ** 2, item) for k, (w, item) in enumerate(members)]
        weighted.append((1 - math.prod(1 - w for w, _ in parts), code, parts))
    weighted.sort(key=lambda g: (-g[0], g[1]))

    contributions: list[Contribution] = []
    rest, reached = 1.0, 0
    for j, (t, code, parts) in enumerate(weighted):
        rest *= 1 - TYPOLOGY_DISCOUNT**j * t
        now = _hundredths(1 - rest)
        shares = _apportion(now - reached, [w for w, _ in parts])
        contributions += [
            Contribution("finding", code, item.finding_key, points)
            for points, (_, item) in zip(shares, parts, strict=True)
        ]
        reached = now

    gravity = 1 - rest
    parts_of = exposure_parts(exposure)
    index = sum(EXPOSURE_SHARES[name] * parts_of[name] for name in EXPOSURE_SHARES)
    left = rest * (1 - EXPOSURE_WITH_GRAVITY * index * gravity)
    total = _hundredths(1 - left)
    shares = _apportion(total - reached, [EXPOSURE_SHARES[n] * parts_of[n] for n in EXPOSURE_SHARES])
    contributions += [
        Contribution("exposure", name, None, points)
        for name, points in zip(EXPOSURE_SHARES, shares, strict=True)
        if points
    ]
    return Score(total, tuple(contributions))


def _hundredths(share: float) -> int:
    """Round a share of the scale to hundredths of a point; the guard absorbs float noise."""
    return min(10_000, max(0, math.floor(share * 10_000 + 0.5 + 1e-7)))


def _apportion(points: int, weights: Sequence[float]) -> list[int]:
    """Split integer points in proportion to weights by largest remainder; ties to the earlier."""
    total = sum(weights)
    if points <= 0 or total <= 0:
        # With no weight there is nothing to explain; the caller's points are then zero too.
        return [points if i == 0 else 0 for i in range(len(weights))]
    exact = [points * w / total for w in weights]
    floors = [math.floor(e) for e in exact]
    by_remainder = sorted(range(len(exact)), key=lambda i: (floors[i] - exact[i], i))
    for i in by_remainder[: points - sum(floors)]:
        floors[i] += 1
    return floors


def ranks(standings: Sequence[tuple[int, tuple[int, ...]]]) -> list[int]:
    """Rank from 1 by points, then exposure; equal in both share a rank (1, 2, 2, 4).

    Parameters
    ----------
    standings : sequence of (points, exposure order)
        In any order.

    Returns
    -------
    list of int
        In the order given. Names and positions play no part.
    """
    keys = sorted(((points, order) for points, order in standings), reverse=True)
    first: dict[tuple[int, tuple[int, ...]], int] = {}
    for position, key in enumerate(keys, 1):
        first.setdefault(key, position)
    return [first[(points, order)] for points, order in standings]
