"""Statements that lack lines: what a loss of the order that other statements show would explain is not said."""

from __future__ import annotations

import datetime as dt

import pytest

from models.typologies._gaps import blind_spans
from models.typologies._loss import loss
from tests.cases.cases import findings
from tests.cases.world import World

GROWN = 1 + 0.10 * 30 / 365


def lender(unpaid: int, lost: int) -> World:
    """P1 of 60 loans on an account that tells no balance: of some the borrower's line is not there.

    A transfer to the own account once a week stands on both statements; of some the client account lacks its line.
    """
    w = World()
    p = w.platform("P1")
    w.untold.add(p.custody.no)
    people = w.people(6)
    begin = dt.date(2016, 1, 18)
    for n in range(60):
        p.loan(
            f"{n:02d}",
            people,
            each=10_000 + 500 * n,
            lent=begin + dt.timedelta(days=2 * n),
            repaid=n >= unpaid,
        )
    for n in range(20):
        w.move(begin + dt.timedelta(days=7 * n), p.custody, p.own, 1_000 + n)
    fees = [
        line
        for line in w.lines
        if line["account_no"] == p.custody.no and line["counterparty_account"] == p.own.no
    ]
    w.lines = [line for line in w.lines if line not in fees[:lost]]
    return w


@pytest.mark.parametrize(
    ("unpaid", "lost", "told"),
    [(4, 0, True), (4, 2, False), (30, 2, True), (0, 2, False)],
)
def test_new_money_beyond_lost_repayments(unpaid: int, lost: int, told: bool) -> None:
    w = lender(unpaid, lost)
    assert ("P1" in findings(w.context(), "new-money-pays-old")) is told


def test_loss_is_measured_by_transfers_that_stand_on_one_side() -> None:
    whole, holed = (dict(loss(lender(0, lost).context()).iter_rows())["P1"] for lost in (0, 2))
    assert whole == 0
    assert 0.05 < holed < 0.2


def test_a_missing_month_hides_what_was_paid_in_it() -> None:
    """Lent in the month whose file is missing, on an account that tells no balance."""
    w = World()
    p = w.platform("P1")
    w.untold.add(p.custody.no)
    for n in range(4):
        p.loan(str(n), w.people(10), each=30_000, lent=dt.date(2016, 5, 3 + n), days=90)
    w.lines = [
        line for line in w.lines if not "2016-05-02" < line["booked_at"].date().isoformat() < "2016-06-01"
    ]
    spans = blind_spans(w.context()).filter(blind_spans(w.context())["institution_id"] == "P1")
    assert dt.date(2016, 5, 3) in spans["blind_from"].to_list()
    for code in ("fictitious-project", "fund-pool"):
        assert findings(w.context(), code) == {}
