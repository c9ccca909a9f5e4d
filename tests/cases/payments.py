"""One small region of payment institutions for all reserve cases: built once, read by many tests.

Each `Firm` does ordinary business (customers pay into collection accounts, the money is swept to the
deposit account, merchants are settled weekly less one per cent, the fee is returned monthly) and reports
daily what it owes and holds. Cases add to that.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any

from tests.cases.payments_more import add
from tests.cases.world import OPENING_FEN, Account, World, day

FIRST, LAST = dt.date(2016, 4, 1), dt.date(2016, 7, 3)
DAYS = [FIRST + dt.timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
MONTH_ENDS = [dt.date(2016, 4, 30), dt.date(2016, 5, 31), dt.date(2016, 6, 30)]


class Firm:
    """A payment institution, its books and the ordinary business on them."""

    def __init__(
        self,
        world: World,
        iid: str,
        *,
        banks: tuple[str, ...] = ("B1", "B2"),
        deposit_bank: str = "B1",
        daily: bool = True,
    ) -> None:
        self.w, self.id = world, iid
        self.days = DAYS if daily else [*MONTH_ENDS, LAST]
        name = f"{iid}支付有限公司"
        world.institution(iid, "payment", name=name, licence_status="licensed", licence_scope="支付业务")
        self.own = world.account("own", iid, name, bank=f"{deposit_bank}银行", bank_code=deposit_bank)
        self.deposit = self._reserve("reserve_deposit", deposit_bank)
        self.collection = [self._reserve("reserve_collection", b) for b in banks]
        self.reserve = [self.deposit, *self.collection]
        self.customers, self.merchants = world.people(25), [world.firm() for _ in range(6)]
        self.owed: list[tuple[dt.date, int]] = []
        self.bank: list[tuple[dt.date, int]] = []
        self.transit: dict[dt.date, int] = {}
        self.declared: dict[dt.date, int] = {}
        self.items: list[tuple[dt.date, str, int]] = []

    def _reserve(self, kind: str, code: str) -> Account:
        name = f"{self.id}支付有限公司客户备付金"
        return self.w.account(kind, self.id, name, bank=f"{code}银行", bank_code=code)

    def settlement(self, code: str) -> Account:
        made = self._reserve("reserve_settlement", code)
        self.reserve.append(made)
        return made

    def move(self, on: dt.date | str, source: Account, target: Account, yuan: float, owed: float = 0) -> None:
        """Pay; `owed` is what the payment changes in what customers are owed."""
        self.w.move(on, source, target, yuan)
        inside = (target in self.reserve) - (source in self.reserve)
        self.bank.append((day(on), inside * round(yuan * 100)))
        self.owed.append((day(on), round(owed * 100)))

    def ordinary(self) -> Firm:
        """Three months of business."""
        fees = 0
        for n, d in enumerate(DAYS[:-1]):
            taken = dict.fromkeys(range(len(self.collection)), 0)
            for k in range(3):
                yuan, into = 100 + (n * 7 + k * 13) % 300, (n + k) % len(self.collection)
                self.move(d, self.customers[(n * 3 + k) % 25], self.collection[into], yuan, yuan)
                taken[into] += yuan
            for into, yuan in taken.items():
                if yuan:
                    self.move(d + dt.timedelta(days=1), self.collection[into], self.deposit, yuan)
            if d.weekday() == 0 and n > 3:
                for k, merchant in enumerate(self.merchants):
                    gross = 600 + 100 * k + n
                    self.move(d, self.deposit, merchant, round(gross * 0.99, 2), -gross)
                    fees += gross
            if d.day == 28:
                self.move(d, self.deposit, self.own, round(fees * 0.01, 2))
                fees = 0
        return self

    def gap(self, on: dt.date) -> int:
        """Owed less balances and items in transit, in fen."""
        at = lambda events: sum(v for d, v in events if d <= on)  # noqa: E731
        return at(self.owed) - at(self.bank) - self.transit.get(on, 0)

    def report(self) -> None:
        """Deliver the daily reports (month-end ones for a firm that reports monthly)."""
        base = OPENING_FEN * len(self.reserve)
        for d in self.days:
            owed = base + sum(v for x, v in self.owed if x <= d)
            held = base + sum(v for x, v in self.bank if x <= d)
            self.w.register(
                "reserve_reports", institution_id=self.id, report_date=d, customer_balance=Decimal(owed) / 100,
                bank_balance=Decimal(held + self.declared.get(d, 0)) / 100, in_transit=Decimal(self.transit.get(d, 0)) / 100,
            )  # fmt: skip
        for d, item, value in self.items:
            self.w.register(
                "reserve_tables",
                institution_id=self.id,
                report_date=d,
                item=item,
                amount=Decimal(value) / 100,
            )

    def worst_gap(self) -> float:
        return max(self.gap(d) for d in DAYS) / 100


@cache
def region() -> tuple[World, dict[str, Firm]]:
    """All firms, built once a process."""
    w = World(LAST)
    for code, good in (("B2", True), ("B3", True), ("B4", True), ("B9", False)):
        w.bank(code, f"{code}银行", reserve=good)
    firms: dict[str, Firm] = {}

    def firm(iid: str, **more: Any) -> Firm:
        firms[iid] = Firm(w, iid, **more).ordinary()
        return firms[iid]

    _misuse(w, firm)
    _outside(w, firm)
    _clearing(w, firm)
    _dressing(w, firm)
    _books(w, firm)
    add(w, firm)
    for f in firms.values():
        f.report()
    return w, firms


def _misuse(w: World, firm: Callable[..., Firm]) -> None:
    a = firm("MISUSE-PRODUCT")
    fund = w.firm("稳利一号集合资产管理计划")
    a.move("2016-05-04", a.deposit, fund, 50_000)
    a.move("2016-05-18", a.deposit, fund, 60_000)
    b = firm("MISUSE-RELATED")
    boss = w.person()
    w.relate(b.id, boss, "shareholder")
    b.move("2016-05-10", b.deposit, boss, 80_000)
    c = firm("MISUSE-ELSEWHERE")
    elsewhere = w.account(None, c.id, f"{c.id}支付有限公司", bank="B3银行", bank_code="B3", held=False)
    c.move("2016-04-20", c.deposit, elsewhere, 70_000)
    through, shell, boss = firm("MISUSE-THROUGH"), w.firm(held=True), w.person()
    w.relate(through.id, boss, "shareholder")
    for n in range(8):  # paid as regularly as merchants are, and passed on less a commission
        on = dt.date(2016, 4, 6) + dt.timedelta(days=9 * n)
        through.move(on, through.deposit, shell, 3_000 + 100 * n)
        w.move(on + dt.timedelta(days=2), shell, boss, round((3_000 + 100 * n) * 0.98, 2))
    wages, staff, landlord = firm("MISUSE-WAGES"), w.people(4), w.firm()
    payroll, employer, hands = (
        firm("PAYROLL-PAID"),
        w.firm(),
        w.people(5),
    )  # an employer pays its staff over it
    for end in MONTH_ENDS:
        payroll.move(end.replace(day=13), employer, payroll.deposit, 5_050, 5_050)
        for n, hand in enumerate(hands):
            payroll.move(end.replace(day=14), payroll.deposit, hand, 900 + 50 * n, -1_010)
    rent = firm("RENT-PAID")  # a customer pays the landlord over the institution
    unearned = firm("MISUSE-UNEARNED", daily=False)
    unearned.days = []  # no reports: what customers' payments can have earned is the measure
    for n, end in enumerate(MONTH_ENDS):
        for k, who in enumerate(staff):
            wages.move(end.replace(day=15), wages.deposit, who, 500 + 50 * k + 10 * n)
        wages.move(end.replace(day=8), wages.deposit, landlord, 700)
        rent.move(end.replace(day=3), rent.customers[0], rent.deposit, 810, 810)
        rent.move(end.replace(day=5), rent.deposit, landlord, 800, -810)
        unearned.move(end.replace(day=5), unearned.deposit, unearned.own, 20_000)
        unearned.move(end.replace(day=17), unearned.deposit, unearned.own, 31_000 + n)
    lent = firm("OWN-MONEY-BACK")
    lent.days = []
    lent.move("2016-04-12", lent.own, lent.deposit, 60_000)
    lent.move("2016-05-20", lent.deposit, lent.own, 60_000)
    trade = firm("RELATED-MERCHANT")
    w.relate(trade.id, trade.merchants[0], "affiliate")
    supplies = firm("MERCHANT-SUPPLIED")  # a merchant buys a part of what it sells from an affiliate
    shop, maker = w.firm(held=True), w.firm()
    w.relate(supplies.id, maker, "affiliate")
    for n in range(12):
        on = FIRST + dt.timedelta(days=4 + 7 * n)
        supplies.move(on, supplies.customers[n], supplies.deposit, 900, 900)
        supplies.move(on + dt.timedelta(days=1), supplies.deposit, shop, 891, -900)
        w.move(on + dt.timedelta(days=2), shop, maker, 300)
    own = firm("MISUSE-OWN")
    own.move("2016-05-09", own.deposit, own.own, 45_000)
    d = firm("WALLET")
    rich = w.person()
    d.move("2016-05-11", rich, d.collection[0], 90_000, 90_000)
    d.move("2016-05-12", d.collection[0], d.deposit, 90_000)
    d.move("2016-06-11", d.deposit, rich, 90_000, -90_000)
    e = firm("BIG-MERCHANT")
    big, buyer = w.firm(), w.person()
    for n in range(12):
        on = FIRST + dt.timedelta(days=4 + 7 * n)
        e.move(on, buyer, e.deposit, 20_000, 20_000)
        e.move(on + dt.timedelta(days=1), e.deposit, big, 19_800, -20_000)


def _outside(w: World, firm: Callable[..., Firm]) -> None:
    a = firm("CARDS-TO-OWN")
    for n, who in enumerate(w.people(25)):
        a.move(FIRST + dt.timedelta(days=2 * n), who, a.own, 300, 300)
    b = firm("BAD-BANK", banks=("B2", "B9"))
    c = firm("BAD-DEPOSIT", deposit_bank="B9")
    for n, who in enumerate(w.people(4)):
        c.move(FIRST + dt.timedelta(days=9 * n), who, c.deposit, 1_000, 1_000)
    d = firm("FEW-PAYERS")
    for n, who in enumerate(w.people(5)):
        d.move(FIRST + dt.timedelta(days=9 * n), who, d.own, 100)
    assert b.id
    f = firm("MERCHANTS-FEES")
    for n, shop in enumerate(w.people(22)):
        for k in range(2):
            f.move(FIRST + dt.timedelta(days=2 * n + 5 * k), f.customers[n], f.deposit, 100, 100)
            f.move(FIRST + dt.timedelta(days=2 * n + 5 * k + 1), f.deposit, shop, 99, -100)
        f.move(FIRST + dt.timedelta(days=2 * n + 9), shop, f.own, 30)
    few = firm("KNOWN-PAYERS")  # a dozen customers of the reserve pay into another account as well
    for n, who in enumerate(few.customers[:12]):
        few.move(FIRST + dt.timedelta(days=2 * n), who, few.deposit, 100, 100)
        few.move(FIRST + dt.timedelta(days=2 * n + 20), who, few.own, 250, 250)
    strangers = firm("STRANGERS")  # as many who never do
    for n, who in enumerate(w.people(12)):
        strangers.move(FIRST + dt.timedelta(days=2 * n), who, strangers.own, 250)
    e = firm("NAMED-ACCOUNT")  # an account in its name that no register lists
    named = w.account(None, None, f"{e.id}支付有限公司", bank="B3银行", bank_code="B3")
    for n, who in enumerate(w.people(24)):
        w.move(FIRST + dt.timedelta(days=2 * n), who, named, 200)
    w.move("2016-05-03", named, e.deposit, 3_000)
    w.move("2016-06-03", named, e.deposit, 1_000)


def _clearing(w: World, firm: Callable[..., Firm]) -> None:
    for iid, codes in (
        ("CLEAR-TWO", ("B1", "B2")),
        ("CLEAR-THREE", ("B2", "B3", "B4")),
        ("CLEAR-FEW", ("B3", "B4")),
    ):
        f = firm(iid)
        accounts = [f.settlement(c) for c in codes]
        for n in range(40 if iid != "CLEAR-FEW" else 12):
            on, source, target = FIRST + dt.timedelta(days=2 * n), n % len(accounts), (n + 1) % len(accounts)
            yuan = 500 + 37 * n
            f.move(on, _at(w, codes[source]), accounts[source], yuan, yuan)
            f.move(on, accounts[target], _at(w, codes[target]), round(yuan * 0.997, 2), -yuan)
        f.move("2016-06-20", accounts[0], accounts[1], 9_000)
    f = firm("CLEAR-PARTS")  # over the deposit account, payees get theirs in two parts, all at one tariff
    two = f.settlement("B3")
    for n in range(40):
        source, target = ((f.deposit, "B1"), (two, "B3"))[:: 1 if n % 2 else -1]
        on, yuan, payee = FIRST + dt.timedelta(days=2 * n), 500 + 37 * n, _at(w, target[1])
        f.move(on, _at(w, source[1]), source[0], yuan, yuan)
        f.move(on, target[0], payee, round(yuan * 0.4, 2), 0)
        f.move(on + dt.timedelta(days=1), target[0], payee, round(yuan * 0.59, 2), -yuan)
    f.move("2016-06-20", two, f.deposit, 9_000)
    f = firm("CHANNEL")
    account = f.settlement("B2")
    for n in range(30):
        on, yuan = FIRST + dt.timedelta(days=3 * n), 700 + 31 * n
        f.move(on, _at(w, "B3"), f.collection[0], yuan, yuan)
        f.move(on, account, _at(w, "B2"), round(yuan * 0.997, 2), -yuan)
        for line in w.lines[-1:]:
            line["channel"] = "大额支付系统"
    f = firm("ONE-BANK")
    account = f.settlement("B2")
    for n in range(30):
        on, yuan = FIRST + dt.timedelta(days=3 * n), 700 + 31 * n
        f.move(on, _at(w, "B2"), account, yuan, yuan)
        f.move(on, account, _at(w, "B2"), round(yuan * 0.997, 2), -yuan)
    g = firm("REFUNDS")
    one, two = g.settlement("B2"), g.settlement("B3")
    for n in range(12):
        on, yuan, who = FIRST + dt.timedelta(days=5 * n), 700 + 31 * n, _at(w, "B2")
        g.move(on, who, one, yuan, yuan)
        g.move(on, two, Account(who.no, who.name, "B3银行"), yuan, -yuan)

    h = firm("BUSY")  # many pay-ins a day at two banks: any payout at a third finds a like one by chance
    busy, draw = h.settlement("B4"), random.Random(11)
    for n in range(30):
        on = FIRST + dt.timedelta(days=2 * n)
        for _ in range(40):
            yuan = round(draw.uniform(300, 1_500), 2)
            h.move(on, draw.choice(h.customers), draw.choice(h.collection), yuan, yuan)
        h.move(on, _at(w, "B4"), busy, 5_000, 5_000)
        for _ in range(3):
            h.move(on, busy, _at(w, "B4"), round(draw.uniform(300, 1_500), 2), -1_000)


def _at(w: World, code: str) -> Account:
    who = w.person()
    return Account(who.no, who.name, f"{code}银行", False, who.id_no)


def _dressing(w: World, firm: Callable[..., Firm]) -> None:
    for iid, top_up in (("DRESS-OWN", 500_000), ("DRESS-RELATED", 300_000)):
        f = firm(iid, daily=False)
        payer = f.own
        if iid == "DRESS-RELATED":
            payer = w.firm(held=True)
            w.relate(iid, payer, "affiliate")
        for end in MONTH_ENDS:
            f.move(end - dt.timedelta(days=1), payer, f.deposit, top_up)
            f.move(min(end + dt.timedelta(days=3), LAST), f.deposit, payer, top_up)
    p = w.platform("DRESS-CUSTODY")
    for end in MONTH_ENDS[:2]:
        w.move(end - dt.timedelta(days=2), p.own, p.custody, 200_000)
        w.move(end + dt.timedelta(days=2), p.custody, p.own, 200_000)
    weekly = firm("DRESS-WEEKLY")
    weekly.days = [d for d in DAYS if d.weekday() == 4]
    for friday in weekly.days[4:9]:
        weekly.move(friday, weekly.own, weekly.deposit, 50_000)
        weekly.move(friday + dt.timedelta(days=3), weekly.deposit, weekly.own, 50_000)
    lender = firm("DRESS-WEEKLY-LENDER")  # nobody's register names the lender
    lender.days, payer = weekly.days, w.firm(held=True)
    for friday in lender.days[3:8]:
        lender.move(friday, payer, lender.deposit, 70_000)
        lender.move(friday + dt.timedelta(days=3), lender.deposit, payer, 70_000)
    advances = firm("ADVANCES-WEEKLY")
    advances.days = weekly.days
    for n in range(8):
        on = FIRST + dt.timedelta(days=9 * n + 3)
        advances.move(on, advances.own, advances.deposit, 30_000 + n)
        advances.move(on + dt.timedelta(days=4), advances.deposit, advances.own, 30_000 + n)
    stays = firm("FUNDING-STAYS")
    for end in MONTH_ENDS:
        stays.move(end, stays.own, stays.deposit, 100_000)
    q = w.platform("ADVANCES")
    for n in range(6):
        on = FIRST + dt.timedelta(days=11 * n + 3)
        w.move(on, q.own, q.custody, 30_000 + n)
        w.move(on + dt.timedelta(days=4), q.custody, q.own, 30_000 + n)
    r = w.platform("ONE-ROUND-TRIP")
    w.move("2016-04-29", r.own, r.custody, 80_000)
    w.move("2016-05-03", r.custody, r.own, 80_000)


def _books(w: World, firm: Callable[..., Firm]) -> None:
    stale = firm("STALE-TRANSIT")
    for d in DAYS[40:]:
        stale.transit[d] = 25_000_00
    stale.owed.append((DAYS[40], 25_000_00))
    untied = firm("TRIAL-BALANCE")
    for d in MONTH_ENDS:
        untied.items += [(d, "M12", 1_000_000_00), (d, "M13", 1_012_345_67), (d, "M14", 12_345_67)]
    false = firm("FALSE-BALANCE")
    false.declared = dict.fromkeys(DAYS[30:60], 40_000_00)
    untold = firm("FALSE-BALANCE-UNTOLD")  # the same where no statement prints balances
    untold.declared = dict.fromkeys(DAYS[30:60], 40_000_00)
    w.untold |= {a.no for a in untold.reserve}
    rolls, weekly = firm("TRANSIT-ROLLS"), firm("TRANSIT-ROLLS-WEEKLY")
    weekly.days = [d for d in DAYS if d.weekday() == 4]
    for n, d in enumerate(DAYS):  # there is always something in transit, and never the same
        fresh = (3_000 + 37 * n * n % 2_000 + (4_000 if d.weekday() > 4 else 0)) * 100
        rolls.transit[d], weekly.transit[d] = fresh, fresh
    level = firm("TRANSIT-LEVEL")  # nearly the same every day, and received the next
    scheme = w.firm("银联商务股份有限公司")
    for n, d in enumerate(DAYS[:-1]):
        level.transit[d] = (5_000 + n % 7) * 100
        level.move(d + dt.timedelta(days=1), scheme, level.deposit, 5_000 + n % 7, 5_000 + n % 7)
        level.move(d + dt.timedelta(days=1), level.deposit, level.merchants[0], 5_000 + n % 7, -5_000 - n % 7)
    for iid, off, spelt in (("MONTHLY-TABLES", 0, "M1"), ("MONTHLY-TABLES-OFF", 4_321_00, "M01")):
        f, held = firm(iid), 90_000_00
        for n, d in enumerate(DAYS[6::7]):
            taken, paid = (700 + 11 * n) * 100, (600 + 13 * n) * 100
            held += taken - paid + (off if n == 7 else 0)
            f.items += [(d, "A01", taken), (d, "B04", paid), (d, "L24", taken - paid), (d, spelt, held)]
    timing = firm("TIMING")
    timing.owed += [(DAYS[20], 900_00), (DAYS[21], -900_00)]
    clears = firm("TRANSIT-CLEARS")
    for n in range(3):
        start = 10 + 25 * n
        for d in DAYS[start : start + 5]:
            clears.transit[d] = 5_000_00
        clears.owed += [(DAYS[start], 5_000_00), (DAYS[start + 5], -5_000_00)]
    bank = w.account(None, None, "B1银行", bank="B1银行", held=False)
    for iid, dates in (
        ("INTEREST-QUARTER", ("2016-04-21", "2016-06-21")),
        ("INTEREST-MONTH", ("2016-04-21", "2016-05-21", "2016-06-21")),
    ):
        f = firm(iid)
        for d in dates:
            f.move(d, bank, f.deposit, 1_234.56)
    for iid, dates, remark in (
        ("INTEREST-NO-PAYER", ("2016-04-21", "2016-06-21"), None),
        ("INTEREST-CALLED", ("2016-06-30",), "结息"),
        ("NO-PAYER", ("2016-04-21", "2016-05-03", "2016-05-12", "2016-06-07"), None),
    ):
        f = firm(iid)
        for d in dates:
            f.move(d, bank, f.deposit, 321)
            w.lines[-1] |= dict.fromkeys(
                ("counterparty_account", "counterparty_name", "counterparty_bank")
            ) | {"remark": remark}
    ledger = w.account(None, None, "应付单位活期存款利息", bank="B1银行", held=False)
    booked = firm("INTEREST-LEDGER")  # the bank prints the ledger it books interest against
    for d in ("2016-03-21", "2016-06-21"):
        booked.move(d, ledger, booked.deposit, 88.88)
    told = firm("INTEREST-TOLD")
    told.move("2016-05-03", bank, told.deposit, 77.77)
    told.items.append((dt.date(2016, 5, 3), "F03", 77_77))
    own = firm("INTEREST-OWN")
    own.move("2016-06-21", bank, own.own, 500)
    back = firm("CHARGE-BACK")
    back.move("2016-05-05", back.deposit, bank, 66)
    back.move("2016-06-05", bank, back.deposit, 66)
