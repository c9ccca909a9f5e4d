"""More firms for the region of payment institutions: what leaves and enters the reserves in less usual ways."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.cases.world import Account, World

if TYPE_CHECKING:
    from tests.cases.payments import Firm

FIRST = dt.date(2016, 4, 1)
MONTH_ENDS = (dt.date(2016, 4, 30), dt.date(2016, 5, 31), dt.date(2016, 6, 30))
Made = Callable[..., "Firm"]


def add(w: World, firm: Made) -> None:
    """Add the firms of all kinds."""
    _lent_and_drawn(w, firm)
    _wages(w, firm)
    _unlisted_own(w, firm)
    _tills(w, firm)
    _batches(w, firm)
    _dressing(w, firm)
    _interest(w, firm)
    _lent_over_a_report(w, firm)


def _day(n: int) -> dt.date:
    return FIRST + dt.timedelta(days=n)


def _at(w: World, code: str) -> Account:
    who = w.person()
    return Account(who.no, who.name, f"{code}银行", False, who.id_no)


def _lent_and_drawn(w: World, firm: Made) -> None:
    lent = firm("MISUSE-LENT")  # paid back with interest, and out before it came in
    for n, yuan in enumerate((60_000, 80_000)):
        borrower = w.firm()
        lent.move(_day(10 + 20 * n), lent.deposit, borrower, yuan)
        lent.move(_day(50 + 20 * n), borrower, lent.deposit, yuan * 1.02)
    drawn, trade = firm("MISUSE-EXECUTIVES"), firm("EXECUTIVES-SHOP")
    boss, wife = w.person(), w.person()
    w.relate(drawn.id, boss, "executive")
    w.relate(trade.id, wife, "shareholder")
    for n in range(12):
        if n % 2 == 0:  # in every other week
            drawn.move(_day(4 + 7 * n), drawn.deposit, boss, 300 + 10 * n)
        trade.move(_day(3 + 7 * n), trade.customers[n], trade.deposit, 500, 500)
        trade.move(_day(4 + 7 * n), trade.deposit, wife, 495, -500)


def _unlisted_own(w: World, firm: Made) -> None:
    """The register lacks the own account to which the income goes, month by month."""
    f = firm("OWN-UNLISTED")
    known = w.registers["accounts"]
    w.registers["accounts"] = [row for row in known if row["account_no"] != f.own.no]


def _wages(w: World, firm: Made) -> None:
    wages, staff = firm("MISUSE-WAGES-TWICE"), w.people(5)
    landlord, tax = w.firm(), w.firm("盘锦市税务局")
    for n, end in enumerate(MONTH_ENDS[1:]):
        for k, who in enumerate(staff):
            wages.move(end.replace(day=10), wages.deposit, who, 500 + 50 * k)
        wages.move(end.replace(day=12), wages.deposit, landlord, 700)
        wages.move(end.replace(day=15), wages.deposit, tax, 300 + 900 * n)
    paid, employer, hands = firm("PAYROLL-UNEVEN"), w.firm(), w.people(6)
    for n, end in enumerate(MONTH_ENDS):  # the last two work by the piece
        sums = [900 + 50 * k if k < 4 else 400 * (1 + (n + k) % 3) for k in range(6)]
        paid.move(end.replace(day=13), employer, paid.deposit, sum(sums), sum(sums))
        for hand, yuan in zip(hands, sums, strict=True):
            paid.move(end.replace(day=14), paid.deposit, hand, yuan, -yuan)


def _tills(w: World, firm: Made) -> None:
    card, helper, shop, wallet = (
        firm(i) for i in ("CONTROLLER-CARD", "HELPER-CARD", "CONTROLLER-SHOP", "SHOP-TOPS-UP")
    )
    boss, owner = w.person(held=True), w.person(held=True)
    w.relate(card.id, boss, "actual_controller")
    w.relate(shop.id, owner, "shareholder")
    for f, till, guests in (
        (card, boss, card.customers),
        (helper, w.person(held=True), helper.customers),
        (shop, owner, w.people(25)),  # customers of its own, and it keeps what they pay
        (wallet, w.firm(held=True), w.people(25)),  # tops up its wallet from its takings
    ):
        for n in range(50):
            w.move(_day(n), guests[n % 25], till, 200)
            if n % 7 == 6 and f is not shop:
                f.move(_day(n + 1), till, f.deposit, 1_300)


def _batches(w: World, firm: Made) -> None:
    """Customers pay in at two banks and payees are paid at a third, three batches for what came in before."""
    for iid, every in (("CLEAR-BATCHED", 20), ("BATCHED-FUNDED-DAILY", 1)):
        f = firm(iid)
        two, three = f.settlement("B2"), f.settlement("B3")
        payees, taken = [_at(w, "B3") for _ in range(9)], 0
        for n in range(60):
            yuan = 2_000 + 37 * n
            f.move(_day(n), _at(w, "B2"), two, yuan, yuan)
            taken += yuan
            for k, share in enumerate((0.5, 0.3, 0.19)):
                f.move(_day(n + 1), three, payees[(n + k) % 9], round(yuan * share, 2), -yuan * (k == 0))
            if n % every == every - 1:
                f.move(_day(n + 1), two, three, taken // 100 * 100)
                taken = 0


def _dressing(w: World, firm: Made) -> None:
    dressed, rent = firm("DRESS-ELSEWHERE", daily=False), firm("RENT-AT-MONTH-END", daily=False)
    lenders, friend, tenant, landlord = [w.firm(), w.firm()], w.firm(), w.firm(), w.firm()
    topped, timing = firm("SHORT-TOPPED", daily=False), firm("TIMING-TWICE", daily=False)
    scheme = w.firm("银联商务股份有限公司")
    for n, end in enumerate(MONTH_ENDS):
        for k, lender in enumerate(lenders):
            dressed.move(end - dt.timedelta(days=1 + k), lender, dressed.deposit, 12_000_000 + 1_000 * n)
        after = min(end + dt.timedelta(days=2), dt.date(2016, 7, 3))
        dressed.move(after, dressed.deposit, friend, 24_002_000 + 2_000 * n)
        rent.move(end, tenant, rent.deposit, 8_000, 8_000)
        rent.move(after, rent.deposit, landlord, 8_000, -8_000)
    # two report days short, with one between that is not: own money closed the gap, or what was on its way came in
    for f, payer in ((topped, topped.own), (timing, scheme)):
        for end in (MONTH_ENDS[0], MONTH_ENDS[2]):
            f.owed += [(end, 3_000_00)]
            f.move(end + dt.timedelta(days=2), payer, f.deposit, 3_000)
            f.owed += [(end + dt.timedelta(days=3), -3_000_00)]
            f.move(end + dt.timedelta(days=3), f.deposit, f.merchants[0], 3_000)


def _lent_over_a_report(w: World, firm: Made) -> None:
    """Lent over one report day, and again over two on end: the largest gap is that of the first."""
    f, friend = firm("SHORT-LENT", daily=False), w.firm()
    f.move("2016-04-20", f.deposit, friend, 250_000)
    f.move("2016-05-10", friend, f.deposit, 250_000)
    f.move("2016-06-20", f.deposit, friend, 200_000)


def _interest(w: World, firm: Made) -> None:
    for iid, title in (
        ("INTEREST-LEDGER-BRANCH", "盘锦分行营业部应付利息户"),
        ("INTEREST-LEDGER-SAVINGS", "应付个人活期储蓄存款利息"),
    ):
        f, ledger = firm(iid), w.account(None, None, title, bank="B1银行", held=False)
        f.move("2016-06-21", ledger, f.deposit, 99.99)
