"""The ledger of the simulated region: accounts, holders and payments between them."""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from dataclasses import dataclass, field

from flows.steps.simulate.identity import Identities, cnaps


@dataclass(frozen=True, slots=True)
class Bank:
    """A bank and the layout of its statements (a key of `render.LAYOUTS`)."""

    code: str
    name: str
    layout: str
    qualified: bool = True


@dataclass(slots=True)
class Account:
    """An account; `monitored` says whether its bank hands over its statement."""

    number: str
    holder: str
    bank: Bank
    monitored: bool
    opening_fen: int = 0


@dataclass(frozen=True, slots=True)
class Payment:
    """One movement of money between two accounts, in fen."""

    at: dt.datetime
    payer: Account
    payee: Account
    fen: int
    remark: str
    channel: str
    reference: str


@dataclass(frozen=True, slots=True)
class Line:
    """One leg of a payment on the statement of one account."""

    at: dt.datetime
    account: Account
    incoming: bool
    fen: int
    balance_fen: int
    other: Account
    remark: str
    channel: str
    reference: str


@dataclass(slots=True)
class Registers:
    """Register rows by register name; each row holds the contract's columns it has values for."""

    rows: dict[str, list[dict[str, object]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, register: str, **row: object) -> None:
        """Append one row."""
        self.rows[register].append(row)


class Region:
    """The banks, accounts, payments and registers of one simulated region.

    Parameters
    ----------
    seed : int
        Everything follows from it.
    start, end : date
        First and last booking day.
    """

    def __init__(self, seed: int, start: dt.date, end: dt.date) -> None:
        self.rng = random.Random(seed)
        self.ids = Identities(self.rng)
        self.start, self.end = start, end
        self.registers = Registers()
        self.accounts: list[Account] = []
        self.payments: list[Payment] = []
        self.banks = [
            Bank(cnaps(401, 11), "北川银行盘锦分行", "two_columns"),
            Bank(cnaps(402, 23), "东岭银行盘锦分行", "flag_xlsx"),
            Bank(cnaps(403, 35), "海岳银行营口分行", "signed"),
            Bank(cnaps(404, 47), "辽滨农村商业银行", "mt940", qualified=False),
            Bank(cnaps(405, 59), "晨光商业银行", "camt053"),
            Bank(cnaps(406, 61), "南浦银行沈阳分行", "canonical"),
            Bank(cnaps(407, 73), "河畔银行盘锦支行", "enquiry"),
        ]
        for bank in self.banks:
            self.registers.add(
                "banks",
                bank_code=bank.code,
                bank_name=bank.name,
                qualified_custodian=bank.qualified,
                qualified_reserve_bank=bank.qualified,
            )

    def open(
        self, holder: str, bank: Bank | None = None, *, corporate: bool, monitored: bool, opening: int = 0
    ) -> Account:
        """Open an account; `opening` is the balance before the first day, in yuan."""
        bank = bank or self.rng.choice(self.banks)
        account = Account(self.ids.account(bank.code, corporate), holder, bank, monitored, opening * 100)
        self.accounts.append(account)
        return account

    def at(self, day: dt.date, earliest: int = 8, latest: int = 18) -> dt.datetime:
        """Return a time on `day` between two hours."""
        seconds = self.rng.randrange(earliest * 3600, latest * 3600)
        return dt.datetime.combine(day, dt.time()) + dt.timedelta(seconds=seconds)

    def pay(
        self,
        at: dt.datetime,
        payer: Account,
        payee: Account,
        fen: int,
        remark: str = "",
        channel: str = "网银",
    ) -> None:
        """Book one payment; days outside the delivered period are not booked."""
        if fen > 0 and self.start <= at.date() <= self.end:
            reference = f"{at:%Y%m%d}{self.rng.randrange(10**10):010d}"
            self.payments.append(Payment(at, payer, payee, fen, remark, channel, reference))

    def lines(self) -> dict[str, list[Line]]:
        """Statement lines of every monitored account by account number, oldest first."""
        balance = {account.number: account.opening_fen for account in self.accounts}
        result: dict[str, list[Line]] = {a.number: [] for a in self.accounts if a.monitored}
        for p in sorted(self.payments, key=lambda p: (p.at, p.reference)):
            for account, other, incoming in ((p.payer, p.payee, False), (p.payee, p.payer, True)):
                balance[account.number] += p.fen if incoming else -p.fen
                if account.monitored:
                    result[account.number].append(
                        Line(
                            p.at, account, incoming, p.fen, balance[account.number],
                            other, p.remark, p.channel, p.reference,
                        )
                    )  # fmt: skip
        return result

    def days(self) -> list[dt.date]:
        """Every day of the period."""
        return [self.start + dt.timedelta(days=n) for n in range((self.end - self.start).days + 1)]
