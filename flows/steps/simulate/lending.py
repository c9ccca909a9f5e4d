"""Lending platforms: honest ones, and offenders that differ from them in one thing each."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from flows.steps.simulate.ledger import Account, Bank, Region

DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Conduct:
    """What a platform does with its clients' money; the defaults are honest.

    Attributes
    ----------
    clients : int
        Number of clients.
    projects_per_week : int
        How many projects are raised each week.
    pays_old_with_new_from : int or None
        From this week on money raised goes to no borrower and pays earlier clients.
    collects_into_own : float
        Share of the deposits that clients are told to pay into the own account.
    costs_from_custody : bool
        Rent, wages and advertising are paid out of the custody account.
    extra_yield : float
        Promised and paid above the project's rate, topped up with own money.
    fee : float
        Agreed service fee on each loan, custody to own account.
    waits_days : int
        Days between a full project and its disbursement.
    lends_to_owner : bool
        From the first week on the second project of each week is a shell's, which passes the money to the owner through
        a trading firm, in two parts and less its commission, and repays it with the owner's money.
    """

    clients: int = 60
    projects_per_week: int = 2
    pays_old_with_new_from: int | None = None
    collects_into_own: float = 0.0
    costs_from_custody: bool = False
    extra_yield: float = 0.0
    fee: float = 0.01
    waits_days: int = 1
    lends_to_owner: bool = False


class Institution:
    """A supervised firm: its register rows, its own account, its people and its running costs."""

    def __init__(
        self,
        region: Region,
        number: int,
        sector: str,
        trade: str,
        *,
        licence: str = "filed",
        scope: str = "网络借贷信息中介",
        name: str | None = None,
        business_scope: str = "",
    ) -> None:
        self.region, self.id, self.sector = region, f"LS{number:03d}", sector
        self.name = name or region.ids.company(trade)
        rng, ids, registers = region.rng, region.ids, region.registers
        licensed = licence == "licensed"
        registers.add(
            "institutions",
            institution_id=self.id,
            name=self.name,
            sector=sector,
            licence_status=licence,
            licence_no=f"Z{rng.randrange(10**12, 10**13)}" if licensed else None,
            licence_scope=scope if licence != "none" else None,
            uscc=ids.uscc(),
            district=rng.choice(
                ("双台子区", "兴隆台区", "大洼区", "盘山县", "辽东湾新区", "辽河口生态经济区")
            ),
            registered_on=dt.date(2012, 1, 1) + rng.randrange(1000) * DAY,
            registered_capital=f"{rng.choice((10, 20, 50)) * 1_000_000}.00",
            business_scope=business_scope or scope,
        )
        self.bank = rng.choice([b for b in region.banks if b.qualified])
        self.own = self.open("own", self.bank, opening=rng.randrange(3_000_000, 6_000_000))
        self.owner = self.party("person", ids.person(), "shareholder", share="70")
        self.staff = [self.party("person", ids.person(), "employee") for _ in range(4)]

    def open(self, account_type: str, bank: Bank, *, opening: int = 0, suffix: str = "") -> Account:
        """Open a registered account of the institution whose statement is delivered."""
        account = self.region.open(self.name + suffix, bank, corporate=True, monitored=True, opening=opening)
        self.region.registers.add(
            "accounts",
            account_no=account.number,
            account_type=account_type,
            bank_name=bank.name,
            bank_code=bank.code,
            holder_name=account.holder,
            institution_id=self.id,
            opened_on=dt.date(2014, 5, 6),
        )
        return account

    def party(self, kind: str, name: str, role: str, share: str | None = None) -> Account:
        """Register a party with a relation and return an account of it (its statement is not delivered)."""
        region, registers = self.region, self.region.registers
        key = f"P{len(registers.rows['parties']) + 1:05d}"
        account = region.open(name, corporate=kind == "company", monitored=False, opening=100_000)
        id_no = region.ids.resident_id() if kind == "person" else region.ids.uscc()
        registers.add("parties", party_id=key, kind=kind, name=name, id_no=id_no)
        registers.add(
            "relations",
            institution_id=self.id,
            party_id=key,
            role=role,
            share_pct=share,
            since=dt.date(2014, 6, 1),
        )
        registers.add(
            "accounts",
            account_no=account.number,
            account_type="party",
            bank_name=account.bank.name,
            bank_code=account.bank.code,
            holder_name=name,
            party_id=key,
        )
        return account

    def running_costs(self, payer: Account | None = None) -> None:
        """Rent, wages and advertising each month."""
        region, payer = self.region, payer or self.own
        landlord = region.open(region.ids.company("物业服务"), corporate=True, monitored=False)
        agency = region.open(region.ids.company("广告传媒"), corporate=True, monitored=False)
        for day in region.days():
            if day.day == 5:
                region.pay(region.at(day), payer, landlord, 4_500_000, "房租", "CNAPS")
            if day.day == 10:
                for member in self.staff:
                    region.pay(
                        region.at(day), payer, member, 650_000 + region.rng.randrange(200_000), "工资", "代发"
                    )
            if day.day == 20:
                region.pay(
                    region.at(day),
                    payer,
                    agency,
                    2_000_000 + region.rng.randrange(900_000),
                    "推广费",
                    "CNAPS",
                )


class Platform(Institution):
    """A P2P platform: one product for each project, clients pay in, the borrower repays, clients are paid."""

    def __init__(self, region: Region, number: int, conduct: Conduct) -> None:
        super().__init__(region, number, "p2p", "网络科技")
        self.conduct = conduct
        self.custody = self.open("custody", self.bank, suffix="网络借贷资金存管专户")
        people = [(region.ids.person(), region.ids.resident_id()) for _ in range(conduct.clients)]
        self.clients = [
            (region.open(name, corporate=False, monitored=False, opening=500_000), name, key)
            for name, key in people
        ]
        self.shells, self.between = [], None
        if conduct.lends_to_owner:
            self.shells = [(self._firm("贸易"), region.ids.uscc()) for _ in range(3)]
            self.between = self._firm("供应链管理")

    def _firm(self, trade: str) -> Account:
        """A firm of the region whose statement is delivered."""
        region = self.region
        return region.open(region.ids.company(trade), corporate=True, monitored=True, opening=20_000)

    def run(self) -> None:
        """Raise and repay projects over the whole period."""
        self.running_costs(self.custody if self.conduct.costs_from_custody else None)
        weeks = (self.region.end - self.region.start).days // 7 + 1
        for week in range(-8, weeks):
            for n in range(self.conduct.projects_per_week):
                opened = self.region.start + dt.timedelta(days=7 * week + 2 * n)
                self._project(week, n, opened)

    def _project(self, week: int, n: int, opened: dt.date) -> None:
        region, rng, conduct = self.region, self.region.rng, self.conduct
        fictitious = conduct.pays_old_with_new_from is not None and week >= conduct.pays_old_with_new_from
        corporate = rng.random() < 0.5
        principal = (rng.randrange(30, 100) if corporate else rng.randrange(8, 20)) * 1_000_000
        rate = round(rng.uniform(0.10, 0.125), 3)
        months = rng.choice((1, 2, 3))
        shell = bool(self.shells) and week >= 0 and n == 1
        borrower, borrower_id = self.shells[week % len(self.shells)] if shell else self._borrower(corporate)
        code = f"{self.id}{week + 9:02d}{n}"
        lent = opened + dt.timedelta(days=2 + conduct.waits_days)
        due = lent + dt.timedelta(days=30 * months)
        promised = round(rate - 0.015 + conduct.extra_yield, 3)
        region.registers.add(
            "projects",
            project_id="J" + code,
            institution_id=self.id,
            borrower_name=borrower.holder,
            borrower_id=borrower_id,
            borrower_account=borrower.number,
            principal=f"{principal / 100:.2f}",
            annual_rate=rate,
            started_on=lent,
            due_on=due,
            purpose="进货周转",
            repayment="monthly_interest",
        )
        region.registers.add(
            "products",
            product_id="C" + code,
            institution_id=self.id,
            name=f"{self.name[2:4]}{code[-4:]}期",
            kind="loan",
            promised_yield=promised,
            term_days=30 * months,
            issued_on=opened,
            matures_on=due + DAY,
            raised_amount=f"{principal / 100:.2f}",
            min_subscription="100.00",
            risk_level=2,
            publicly_offered=True,
        )
        region.registers.add(
            "product_projects", product_id="C" + code, project_id="J" + code, amount=f"{principal / 100:.2f}"
        )
        shares = self._raise(code, principal, opened, due)
        if fictitious:
            for k in range(1, months + 1):
                self._pay_out(shares, lent + dt.timedelta(days=30 * k + 1), promised, k == months)
            return
        self.region.pay(
            region.at(lent, 9, 11),
            self.custody,
            borrower,
            principal - round(principal * conduct.fee),
            "放款",
            "CNAPS",
        )
        if shell:
            self._pass_on(borrower, principal - round(principal * conduct.fee), lent)
        if not conduct.costs_from_custody:
            region.pay(
                region.at(lent, 11, 12),
                self.custody,
                self.own,
                round(principal * conduct.fee),
                "服务费",
                "行内",
            )
        for k in range(1, months + 1):
            day = lent + dt.timedelta(days=30 * k)
            interest = round(principal * rate / 12)
            repaid = interest + (principal if k == months else 0)
            if shell:
                region.pay(region.at(day - DAY), self.owner, borrower, repaid, "往来款", "网银")
            region.pay(region.at(day), borrower, self.custody, repaid, "还款", "CNAPS")
            paid = sum(round(fen * promised / 12) for _, fen in shares)
            if paid > interest:
                region.pay(
                    region.at(day + DAY, 8, 9), self.own, self.custody, paid - interest, "活动奖励", "行内"
                )
            self._pay_out(shares, day + DAY, promised, k == months)

    def _borrower(self, corporate: bool) -> tuple[Account, str]:
        """Somebody who borrows, and their identity number."""
        ids = self.region.ids
        name = ids.company("商贸") if corporate else ids.person()
        account = self.region.open(name, corporate=corporate, monitored=False)
        return account, ids.uscc() if corporate else ids.resident_id()

    def _pass_on(self, shell: Account, fen: int, lent: dt.date) -> None:
        """Pass a shell's loan to the owner, through the firm between them."""
        region = self.region
        assert self.between is not None
        for days, part in ((1, fen * 11 // 20), (3, fen * 8 // 20)):
            region.pay(region.at(lent + days * DAY), shell, self.between, part, "货款", "CNAPS")
            region.pay(
                region.at(lent + (days + 1) * DAY),
                self.between,
                self.owner,
                part - part // 200,
                "借款",
                "网银",
            )

    def _raise(self, code: str, principal: int, opened: dt.date, due: dt.date) -> list[tuple[Account, int]]:
        region, rng = self.region, self.region.rng
        left, shares = principal, []
        while left > 0:
            account, name, key = rng.choice(self.clients)
            fen = min(left, rng.randrange(2, 80) * 50_000)
            left -= fen
            day = opened + dt.timedelta(days=rng.randrange(3))
            into = self.own if rng.random() < self.conduct.collects_into_own else self.custody
            region.pay(region.at(day), account, into, fen, "充值", "快捷")
            if into is self.own:
                region.pay(region.at(day + DAY, 18, 19), self.own, self.custody, fen, "归集", "行内")
            shares.append((account, fen))
            region.registers.add(
                "subscriptions",
                subscription_id=f"S{len(region.registers.rows['subscriptions']) + 1:07d}",
                product_id="C" + code,
                investor_id=key,
                investor_name=name,
                investor_account=account.number,
                amount=f"{fen / 100:.2f}",
                subscribed_on=day,
                redeemed_on=due + DAY if due + DAY <= region.end else None,
                investor_risk_level=3,
            )
        return shares

    def _pay_out(self, shares: list[tuple[Account, int]], day: dt.date, promised: float, last: bool) -> None:
        for account, fen in shares:
            paid = round(fen * promised / 12) + (fen if last else 0)
            self.region.pay(
                self.region.at(day, 14, 17),
                self.custody,
                account,
                paid,
                "付息" if not last else "回款",
                "代付",
            )
