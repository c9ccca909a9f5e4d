"""What cases about products share: register rows with every term, funds with accounts of their own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from models.finding import Finding
from tests.cases.world import Account, Day, Platform, World, day


def expect(
    found: Mapping[str, Finding], positive: Mapping[str, float | None], look_alike: Mapping[str, str]
) -> None:
    """All positives found with their amount in yuan, no look-alike found, every finding complete."""
    missed = sorted(set(positive) - set(found))
    assert not missed, f"not found: {missed}"
    wrong = {i: look_alike[i] for i in found if i in look_alike}
    assert not wrong, f"found, but clean: {wrong}"
    assert set(found) <= set(positive), f"found beyond the cases: {sorted(set(found) - set(positive))}"
    for institution, yuan in positive.items():
        finding = found[institution]
        assert finding.explanation_zh
        assert finding.explanation_en
        assert finding.benign
        assert finding.evidence.height > 0
        assert 1 <= finding.severity <= 5
        assert 0 < finding.confidence <= 1
        if yuan is not None:
            assert abs(finding.amount_fen - yuan * 100) <= max(2, 0.005 * yuan * 100), (
                institution,
                finding.amount_fen / 100,
                yuan,
            )


def product(w: World, product_id: str, institution_id: str, kind: str = "loan", **more: Any) -> str:
    """Register a product; dates and amounts as text or numbers."""
    row = {
        "name": f"{product_id}号",
        "publicly_offered": True,
        "issued_on": "2016-01-04",
        "term_days": 90,
    } | more
    w.register("products", product_id=product_id, institution_id=institution_id, kind=kind, **row)
    return product_id


def holding(
    w: World, product_id: str, who: Account, yuan: float, on: Day = "2016-01-06", **more: Any
) -> None:
    """Register a subscription."""
    n = len(w.registers.get("subscriptions", []))
    w.register(
        "subscriptions",
        subscription_id=f"S{n:06d}",
        product_id=product_id,
        investor_id=who.id_no,
        investor_name=who.name,
        investor_account=who.no,
        amount=Decimal(str(yuan)),
        subscribed_on=day(on),
        **more,
    )


@dataclass
class Fund:
    """A product with an account of its own, its holders and what they hold."""

    world: World
    institution_id: str
    product_id: str
    account: Account
    holdings: list[tuple[Account, float]] = field(default_factory=list)

    def sell(self, to: list[Account], each: float, on: Day = "2016-01-06", **more: Any) -> None:
        """Sell to each; they pay into the product's account."""
        for who in to:
            holding(self.world, self.product_id, who, each, on, **more)
            self.holdings.append((who, each))
            self.world.move(on, who, self.account, each)

    def pay(self, on: Day, factor: float) -> float:
        """Pay every holder the factor of the holding; gives the sum."""
        paid = 0.0
        for who, held in self.holdings:
            part = round(held * factor, 2)
            self.world.move(on, self.account, who, part)
            paid = round(paid + part, 2)
        return paid


def fund(w: World, institution_id: str, key: str, kind: str = "wealth", **more: Any) -> Fund:
    """A wealth or fund product with its own account, statement on hand."""
    product_id = product(w, f"{institution_id}-{key}", institution_id, kind, **({"term_days": 365} | more))
    name = f"{institution_id}信息服务有限公司-{product_id}号"
    return Fund(w, institution_id, product_id, w.account("product", institution_id, name))


def manager(
    w: World, institution_id: str, scope: str = "资产管理、基金管理、理财产品销售", **more: Any
) -> Account:
    """An asset manager with an own account."""
    w.institution(
        institution_id, "asset_management", **({"licence_status": "licensed", "licence_scope": scope} | more)
    )
    return w.account("own", institution_id)


def months(first: Day, times: int, gap: int = 30) -> list[dt.date]:
    """Days `gap` apart."""
    begin = day(first)
    return [begin + dt.timedelta(days=gap * k) for k in range(times)]


def monthly_loan(
    p: Platform,
    key: str,
    holders: list[Account],
    each: float,
    promised: float,
    rate: float,
    rounds: int = 4,
    first: Day = "2016-02-01",
    *,
    top_up: str | None = None,
    late_days: int = 0,
) -> float:
    """A loan with monthly interest that pays its holders the day the borrower pays; gives the excess paid.

    ``top_up``: ``hidden`` (own money into one payout), ``bonus`` (a second payout beside it), ``none`` (nobody
    pays the difference, the payout stays at the project's rate less a point).
    """
    w, begin = p.world, day(first)
    pid = p.product(key, yield_=promised, days=30 * rounds + 30, issued=begin - dt.timedelta(days=3))
    borrower = w.firm()
    principal = each * len(holders)
    p.project(
        key,
        principal,
        borrower,
        begin,
        30 * rounds + 30,
        rate=rate,
        repayment="monthly_interest",
        product=pid,
    )
    p.sell(pid, holders, each, begin - dt.timedelta(days=2))
    p.lend(borrower, principal, begin)
    excess = 0.0
    for on in months(begin + dt.timedelta(days=30), rounds):
        earned = round(principal * rate / 12, 2)
        w.move(on + dt.timedelta(days=late_days), borrower, p.custody, earned)
        pays = on + dt.timedelta(days=late_days)
        if top_up is None:
            p.pay(pid, pays, promised / 12)
            continue
        gap = round(sum(round(held * (promised - rate) / 12, 2) for _, held in p.holdings[pid]), 2)
        if top_up == "bonus":
            w.move(pays, p.own, p.custody, gap)
            p.pay(pid, pays, rate / 12)
            p.pay(pid, pays, (promised - rate) / 12)
        else:
            due = round(sum(round(held * promised / 12, 2) for _, held in p.holdings[pid]), 2)
            gap = round(due - earned, 2)
            w.move(pays, p.own, p.custody, gap)
            p.pay(pid, pays, promised / 12)
        excess = round(excess + gap, 2)
    return excess
