"""Payment institutions, crowdfunding, asset management, insurance, ordinary firms, advertisements and tips."""

from __future__ import annotations

import datetime as dt

from flows.steps.simulate.ledger import Account, Region
from flows.steps.simulate.lending import DAY, Institution


class PaymentInstitution(Institution):
    """A payment institution with one deposit account and collection accounts at three banks.

    Parameters
    ----------
    clears_across_banks : bool
        Pays payees at another bank from a settlement account there and evens its positions out
        by lump transfers, without the clearing channel.
    takes_reserve : int
        Yuan moved from the reserve to the own account in the fifth week and not put back.
    earns_interest : bool
        The bank credits quarterly interest on the deposit account.
    """

    def __init__(
        self,
        region: Region,
        number: int,
        *,
        clears_across_banks: bool = False,
        takes_reserve: int = 0,
        earns_interest: bool = False,
    ) -> None:
        super().__init__(
            region, number, "payment", "支付", licence="licensed", scope="互联网支付、银行卡收单"
        )
        self.clears, self.takes, self.earns = clears_across_banks, takes_reserve, earns_interest
        qualified = [b for b in region.banks if b.qualified]
        self.deposit = self.open("reserve_deposit", self.bank, opening=4_000_000, suffix="客户备付金")
        kind = "reserve_settlement" if clears_across_banks else "reserve_collection"
        chosen = region.rng.sample([b for b in qualified if b is not self.bank], 3)
        self.branches = [
            self.open(kind, b, opening=600_000 if clears_across_banks else 0, suffix="客户备付金")
            for b in chosen
        ]
        self.merchants = [
            region.open(region.ids.company("商贸"), corporate=True, monitored=False) for _ in range(12)
        ]
        self.customers: list[Account] = [
            region.open(region.ids.person(), corporate=False, monitored=False, opening=80_000)
            for _ in range(50)
        ]

    def run(self) -> None:
        """Collect, sweep, settle and report each day."""
        region, rng = self.region, self.region.rng
        self.running_costs()
        bank = region.open(self.bank.name, self.bank, corporate=True, monitored=False)
        owed = kept = self.deposit.opening_fen + sum(b.opening_fen for b in self.branches)
        held = 0
        for n, day in enumerate(region.days()):
            total = 0
            for _ in range(rng.randrange(12, 20)):
                into = rng.choice(self.branches)
                fen = rng.randrange(20, 900) * 1000
                total += fen
                customer = rng.choice(self.customers)
                region.pay(region.at(day, 8, 16), customer, into, fen, "消费", "快捷")
                if self.clears:
                    payee_side = rng.choice([b for b in self.branches if b is not into])
                    paid = fen - fen // 200
                    region.pay(
                        region.at(day, 16, 18),
                        payee_side,
                        self._merchant(payee_side),
                        paid,
                        "商户结算",
                        "行内",
                    )
                    kept += fen - paid
            if not self.clears:
                for branch in self.branches:
                    swept = sum(p.fen for p in region.payments if p.payee is branch and p.at.date() == day)
                    region.pay(region.at(day, 20, 21), branch, self.deposit, swept, "归集", "CNAPS")
                for merchant in rng.sample(self.merchants, 6):
                    if held:
                        region.pay(
                            region.at(day, 9, 11), self.deposit, merchant, held // 6, "商户结算", "网联"
                        )
                        owed, kept = owed - held // 6, kept - held // 6
                held, owed, kept = total, owed + total, kept + total
            elif day.weekday() == 4:
                self._even_out(day)
            if self.takes and n == 30:
                kept -= self.takes * 100
                region.pay(region.at(day, 15, 16), self.deposit, self.own, self.takes * 100, "往来款", "行内")
            if self.earns and (day.month, day.day) == (6, 21):
                kept += 1_234_567
                region.pay(region.at(day, 22, 23), bank, self.deposit, 1_234_567, "结息", "行内")
            region.registers.add(
                "reserve_reports",
                institution_id=self.id,
                report_date=day,
                customer_balance=f"{owed / 100:.2f}",
                bank_balance=f"{kept / 100:.2f}",
                in_transit="0.00",
            )

    def _merchant(self, branch: Account) -> Account:
        at_bank = [m for m in self.merchants if m.bank is branch.bank]
        if not at_bank:
            at_bank = [
                self.region.open(
                    self.region.ids.company("商贸"), branch.bank, corporate=True, monitored=False
                )
            ]
            self.merchants += at_bank
        return at_bank[0]

    def _even_out(self, day: dt.date) -> None:
        region = self.region
        net = {
            b.number: sum((p.payee is b) * p.fen - (p.payer is b) * p.fen for p in region.payments)
            for b in self.branches
        }
        rich, poor = (
            max(self.branches, key=lambda b: net[b.number]),
            min(self.branches, key=lambda b: net[b.number]),
        )
        region.pay(
            region.at(day, 19, 20),
            rich,
            poor,
            max(0, net[rich.number]) // 2 // 10_000_00 * 10_000_00,
            "头寸调拨",
            "大额",
        )


class Fund(Institution):
    """An asset manager or crowdfunding firm: one product with its own account, income passed on."""

    def __init__(self, region: Region, number: int, sector: str, kind: str) -> None:
        trade, scope, licence = {
            "asset_management": ("资产管理", "公募基金、资产管理计划", "licensed"),
            "equity_crowdfunding": ("众筹信息服务", "股权众筹信息中介", "filed"),
        }[sector]
        super().__init__(region, number, sector, trade, licence=licence, scope=scope)
        self.kind = kind
        self.custody = self.open("custody" if kind == "equity" else "product", self.bank, suffix="募集专户")

    def run(self) -> None:
        """Raise once, invest in one company, pass its income on as it comes."""
        region, rng = self.region, self.region.rng
        self.running_costs()
        company = region.open(
            region.ids.company("生物科技"), corporate=True, monitored=False, opening=5_000_000
        )
        holders = [
            (
                region.open(region.ids.person(), corporate=False, monitored=False, opening=900_000),
                region.ids.resident_id(),
            )
            for _ in range(30)
        ]
        product, project, opened = f"C{self.id}", f"J{self.id}", region.start + 3 * DAY
        raised = 0
        shares = []
        for account, key in holders:
            fen = rng.randrange(5, 30) * 1_000_000
            raised += fen
            shares.append((account, fen))
            day = opened + rng.randrange(5) * DAY
            region.pay(region.at(day), account, self.custody, fen, "认购", "网银")
            region.registers.add(
                "subscriptions",
                subscription_id=f"S{len(region.registers.rows['subscriptions']) + 1:07d}",
                product_id=product,
                investor_id=key,
                investor_name=account.holder,
                investor_account=account.number,
                amount=f"{fen / 100:.2f}",
                subscribed_on=day,
                investor_risk_level=4,
            )
        region.registers.add(
            "products",
            product_id=product,
            institution_id=self.id,
            name=self.name[2:5] + "一号",
            kind=self.kind,
            issued_on=opened,
            raised_amount=f"{raised / 100:.2f}",
            min_subscription="10000.00",
            risk_level=4,
            publicly_offered=True,
        )
        region.registers.add(
            "projects",
            project_id=project,
            institution_id=self.id,
            borrower_name=company.holder,
            borrower_account=company.number,
            borrower_id=region.ids.uscc(),
            principal=f"{raised / 100:.2f}",
            started_on=opened + 6 * DAY,
            purpose="扩产",
        )
        region.registers.add(
            "product_projects", product_id=product, project_id=project, amount=f"{raised / 100:.2f}"
        )
        region.pay(region.at(opened + 6 * DAY, 9, 11), self.custody, company, raised, "投资款", "CNAPS")
        for offset in (33, 61):
            income = round(raised * rng.uniform(0.001, 0.006))
            day = opened + offset * DAY
            region.pay(region.at(day), company, self.custody, income, "分红", "CNAPS")
            for account, fen in shares:
                region.pay(
                    region.at(day + DAY), self.custody, account, income * fen // raised, "收益分配", "代付"
                )


class Insurer(Institution):
    """A licensed insurer: premiums in, claims out."""

    def __init__(self, region: Region, number: int) -> None:
        super().__init__(
            region, number, "insurance", "财产保险", licence="licensed", scope="财产保险、责任保险"
        )

    def run(self) -> None:
        """Book premiums and claims each day."""
        region, rng = self.region, self.region.rng
        self.running_costs()
        insured = [
            region.open(region.ids.person(), corporate=False, monitored=False, opening=60_000)
            for _ in range(80)
        ]
        for day in region.days():
            for account in rng.sample(insured, 4):
                region.pay(region.at(day), account, self.own, rng.randrange(200, 4000) * 100, "保费", "网银")
            if rng.random() < 0.6:
                region.pay(
                    region.at(day),
                    self.own,
                    rng.choice(insured),
                    rng.randrange(1000, 9000) * 100,
                    "赔款",
                    "代付",
                )


class Firm(Institution):
    """An ordinary firm of the register that trades in goods."""

    def __init__(self, region: Region, number: int, name: str, business_scope: str) -> None:
        super().__init__(
            region, number, "other", "商贸", licence="none", name=name, business_scope=business_scope
        )

    def run(self) -> None:
        """Sell to some customers, buy from some suppliers."""
        region, rng = self.region, self.region.rng
        self.running_costs()
        buyers = [region.open(region.ids.company("建材"), corporate=True, monitored=False) for _ in range(5)]
        suppliers = [
            region.open(region.ids.company("机械设备"), corporate=True, monitored=False) for _ in range(4)
        ]
        for day in region.days():
            if day.weekday() < 5 and rng.random() < 0.5:
                region.pay(
                    region.at(day),
                    rng.choice(buyers),
                    self.own,
                    rng.randrange(10, 90) * 100_000,
                    "货款",
                    "CNAPS",
                )
                region.pay(
                    region.at(day),
                    self.own,
                    rng.choice(suppliers),
                    rng.randrange(8, 80) * 100_000,
                    "采购",
                    "CNAPS",
                )
