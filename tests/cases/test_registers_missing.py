"""A register that was not delivered is no sign of anything: what the flows alone show is still said."""

from __future__ import annotations

import pytest

from tests.cases.cases import findings
from tests.cases.world import World

ARGUE_FROM_PROJECTS = (
    "fund-pool", "new-money-pays-old", "cross-subsidy", "self-guarantee", "fictitious-project", "misappropriation",
    "run-risk", "large-or-fast-growing",
)  # fmt: skip
"""Typologies that ask which project a product's money went to and who repaid it."""


def lenders() -> World:
    """P1 and P2 lend what they raise and pay what is repaid; the clients of P3 are paid with later clients' money.

    P2 lends to persons, who repay two loans in one line and more than the clients get.
    """
    w = World()
    honest = w.platform("P1")
    for n, lent in enumerate(("2016-02-01", "2016-03-10", "2016-04-12", "2016-05-11")):
        honest.loan(str(n), w.people(20), each=10_000 + 500 * n, lent=lent)
    plain = w.platform("P2")
    for n, (lent, due) in enumerate((("2016-02-01", "2016-03-02"), ("2016-03-10", "2016-04-09"))):
        borrower = w.person()
        sold = [
            plain.loan(
                f"{n}{key}", w.people(20), each=10_000, lent=lent, borrower=borrower, repaid=False, paid=False
            )[0]
            for key in "ab"
        ]
        w.move(due, borrower, plain.custody, 412_000)
        for product in sold:
            plain.pay(product, due, 1.01)
    scheme = w.platform("P3")
    for n, lent in enumerate(("2016-02-01", "2016-03-10", "2016-04-12", "2016-05-11")):
        scheme.loan(str(n), w.people(20), each=10_000 + 500 * n, lent=lent, lend=False, repaid=False)
    return w


def accused(w: World, codes: tuple[str, ...] = ARGUE_FROM_PROJECTS) -> dict[str, set[str]]:
    """Institutions, and the codes each is found under."""
    ctx = w.context()
    found: dict[str, set[str]] = {}
    for code in codes:
        for institution in findings(ctx, code):
            found.setdefault(institution, set()).add(code)
    return found


@pytest.mark.parametrize("gone", [("projects",), ("projects", "product_projects"), ("product_projects",)])
def test_lending_is_seen_from_flows(gone: tuple[str, ...]) -> None:
    w = lenders()
    for register in gone:
        del w.registers[register]
    found = accused(w)
    assert set(found) == {"P3"}
    assert {"fund-pool", "new-money-pays-old"} <= found["P3"]


def test_a_link_to_a_project_no_register_holds() -> None:
    w = lenders()
    w.registers["projects"] = [r for r in w.registers["projects"] if not r["project_id"].startswith("P1")]
    assert "P1" not in accused(w)


def test_developers_may_be_borrowers_no_register_names() -> None:
    w = World()
    estate = w.firm("甲房地产开发有限公司")
    w.platform("P1").loan("a", w.people(20), each=10_000, lent="2016-03-01", borrower=estate)
    del w.registers["projects"]
    assert accused(w) == {}


def test_projects_that_nothing_tells_apart() -> None:
    """Two loans of one size and day: without the register of links either borrower may have paid a round."""
    w = World()
    twins = w.platform("P1")
    for key, factor in (("a", 1.02), ("b", 1.01)):
        product, _ = twins.loan(key, w.people(20), each=10_000, lent="2016-03-01", paid=False, repaid=False)
        twins.pay(product, "2016-04-01", factor)
    borrowers = list(twins.borrowers.values())
    w.move("2016-03-31", borrowers[0], twins.custody, 202_500)
    w.move("2016-03-31", borrowers[1], twins.custody, 204_500)
    del w.registers["product_projects"]
    assert "P1" not in accused(w)
