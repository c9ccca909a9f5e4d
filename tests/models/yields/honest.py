"""A region of simulated products: honest ones with late, defaulting and prepaying projects, and planted ones.

Clients of an honest product get what the borrower paid, less the platform's margin, a few days later.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import polars as pl

from models.yields.expectation import REPAYMENTS

BEGIN = dt.date(2015, 7, 1)
AS_OF = dt.date(2016, 12, 31)


@dataclass
class Region:
    """Frames as `models.yields.returns` takes them; ``planted`` are the products with an excess."""

    products: pl.DataFrame
    holdings: pl.DataFrame
    paid: pl.DataFrame
    projects: pl.DataFrame
    lines: pl.DataFrame
    planted: set[str]


def region(honest: int, planted: int, seed: int, excess: float = 0.03, holders: int = 6) -> Region:
    """Simulate; every number is drawn from ``seed``."""
    draw = np.random.default_rng(seed)
    products, holdings, paid, projects, lines = [], [], [], [], []
    margins = draw.uniform(0.004, 0.015, 25)  # one a platform
    for n in range(honest + planted):
        pid = f"P{n:05d}"
        bad = n >= honest
        issued = BEGIN + dt.timedelta(days=int(draw.integers(0, 330)))
        term = int(draw.choice((90, 120, 180, 270)))
        rate = float(draw.uniform(0.07, 0.16))
        kind = str(draw.choice(REPAYMENTS))
        margin = float(margins[n % 25])
        fate = str(draw.choice(("on time", "late", "default", "prepaid"), p=(0.72, 0.15, 0.05, 0.08)))
        amounts = draw.integers(10, 300, holders) * 10_000
        principal = int(amounts.sum())
        flows = _schedule(kind, term, rate, fate, draw)
        projects.append((pid, principal, rate, issued, issued + dt.timedelta(days=term), kind))
        products.append((pid, issued, term, kind, rate, rate - margin + (excess if bad else 0.0), bad))
        lines.append((pid, "disbursement", principal, issued))
        lag = int(draw.integers(0, 3))
        for k, held in enumerate(amounts):
            sid = f"{pid}-{k}"
            holdings.append((sid, pid, int(held), issued - dt.timedelta(days=int(draw.integers(0, 3))), None))
        for days, interest, capital, years in flows:
            on = issued + dt.timedelta(days=days)
            lines.append((pid, "repayment", round(principal * (interest + capital)), on))
            keep = margin * years - (excess * years if bad else 0.0)
            share = max(0.0, interest - keep) + capital
            for k, held in enumerate(amounts):
                name = "both" if capital >= 0.999 else "part" if capital > 0 else "interest"
                paid.append((f"{pid}-{k}", on + dt.timedelta(days=lag), round(float(held) * share), name))
    return Region(
        pl.DataFrame(
            products,
            schema=[
                "product_id",
                "issued_on",
                "term_days",
                "repayment",
                "project_yield",
                "promised_yield",
                "bad",
            ],
            orient="row",
        ),
        pl.DataFrame(
            holdings,
            schema={
                "subscription_id": pl.String,
                "product_id": pl.String,
                "amount_fen": pl.Int64,
                "subscribed_on": pl.Date,
                "redeemed_on": pl.Date,
            },
            orient="row",
        ),
        pl.DataFrame(paid, schema=["subscription_id", "booked_on", "amount_fen", "kind"], orient="row"),
        pl.DataFrame(
            projects,
            schema=["project_id", "principal_fen", "annual_rate", "started_on", "due_on", "repayment"],
            orient="row",
        ),
        pl.DataFrame(lines, schema=["project_id", "kind", "amount_fen", "booked_on"], orient="row"),
        {f"P{n:05d}" for n in range(honest, honest + planted)},
    )


def _schedule(
    kind: str, term: int, rate: float, fate: str, draw: np.random.Generator
) -> list[tuple[int, float, float, float]]:
    """Payments as (days, interest, capital, years of outstanding capital), per unit of principal."""
    months = max(1, term // 30)
    if fate == "prepaid":
        months = max(1, months // 2)
    late = int(draw.integers(3, 40)) if fate == "late" else 0
    flows: list[tuple[int, float, float, float]] = []
    if kind == "bullet":
        years = months / 12
        extra = rate * late / 365
        flows.append((30 * months + late, rate * years + extra, 1.0, years + late / 365))
    elif kind == "monthly_interest":
        flows = [(30 * k, rate / 12, 1.0 if k == months else 0.0, 1 / 12) for k in range(1, months + 1)]
    else:
        left, part = 1.0, 1.0 / months
        for k in range(1, months + 1):
            flows.append((30 * k, left * rate / 12, part, left / 12))
            left -= part
    if kind != "bullet" and late:
        days, interest, capital, years = flows[-1]
        flows[-1] = (days + late, interest + rate * late / 365 * max(capital, 0.05), capital, years)
    if fate == "default":
        days, interest, capital, years = flows[-1]
        flows[-1] = (days + 60, 0.0, capital * float(draw.uniform(0.2, 0.8)), years)
    return flows
