"""Small worlds for typology cases: a handful of lines and register rows through the real ``sql/``.

    w = World()
    p = w.platform("A1")                       # custody and own account, registered
    p.loan("X1", w.people(3), each=10_000, lent="2016-02-01", days=30)   # sold, lent, repaid, paid out
    ctx = w.context()

Put several institutions into one world: building costs about a second whatever is in it. Amounts are yuan. An
account is *held* when its statement is on hand: then `World.move` writes its leg of a transfer.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import importlib
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from flows.steps.judge import DuckMarts
from flows.steps.warehouse import build
from models.finding import Finding
from models.typologies.base import Context, Detect
from sql import lake as schema

Day = str | dt.date
LAST = dt.date(2016, 7, 3)
OPENING_FEN = 100_000_000_00


def day(value: Day) -> dt.date:
    """A date from ISO text."""
    return value if isinstance(value, dt.date) else dt.date.fromisoformat(value)


def detector(code: str) -> Detect:
    """The `detect` of a typology; imports that one module only."""
    module = importlib.import_module(f"models.typologies.{code.replace('-', '_')}")
    found: Detect = module.detect
    return found


def fen(yuan: float | str | Decimal) -> int:
    """Yuan to fen, exact."""
    return int((Decimal(str(yuan)) * 100).to_integral_value())


@dataclass(frozen=True)
class Account:
    """An account: number, holder's name, bank, and whether its statement is on hand."""

    no: str
    name: str
    bank: str = "一号银行"
    held: bool = False
    id_no: str | None = None


class World:
    """Registers and statement lines of a small region."""

    def __init__(self, last: Day = LAST) -> None:
        self.last = day(last)
        self.registers: dict[str, list[dict[str, Any]]] = {}
        self.lines: list[dict[str, Any]] = []
        self._count = 0
        self._clock = 0
        self.untold: set[str] = set()  # account numbers whose statements tell no balance
        self._marts: DuckMarts | None = None
        self.bank("B1", "一号银行")

    # -- registers ------------------------------------------------------------------------
    def register(self, register: str, /, **row: Any) -> None:
        """Add a register row; ISO texts become dates where the column is a date."""
        typed = schema.REGISTERS[register]
        unknown = set(row) - set(typed)
        assert not unknown, f"{register} has no columns {unknown}"
        made = {c: day(v) if typed[c] == "date" and isinstance(v, str) else v for c, v in row.items()}
        self.registers.setdefault(register, []).append(made)

    def bank(self, code: str, name: str, custodian: bool = True, reserve: bool = True) -> None:
        """Add a bank."""
        self.register(
            "banks",
            bank_code=code,
            bank_name=name,
            qualified_custodian=custodian,
            qualified_reserve_bank=reserve,
        )

    def institution(self, institution_id: str, sector: str = "p2p", **more: Any) -> None:
        """Add an institution (filed, unless said otherwise)."""
        row = {
            "name": f"{institution_id}信息服务有限公司",
            "licence_status": "filed",
            "district": "大洼区",
        } | more
        self.register("institutions", institution_id=institution_id, sector=sector, **row)

    def account(
        self,
        account_type: str | None = None,
        institution_id: str | None = None,
        name: str | None = None,
        *,
        bank: str = "一号银行",
        bank_code: str | None = "B1",
        held: bool = True,
        party_id: str | None = None,
        id_no: str | None = None,
    ) -> Account:
        """Open an account; with a type it stands in the register of accounts."""
        self._count += 1
        no = f"90{self._count:014d}"
        holder = name or (f"{institution_id}信息服务有限公司" if institution_id else f"甲{self._count}")
        if account_type is not None:
            self.register(
                "accounts",
                account_no=no,
                account_type=account_type,
                bank_name=bank,
                bank_code=bank_code,
                holder_name=holder,
                institution_id=institution_id,
                party_id=party_id,
            )
        return Account(no, holder, bank, held, id_no)

    def person(self, held: bool = False, name: str | None = None) -> Account:
        """A person with an account and a number of their own."""
        self._count += 1
        n = self._count
        made = name or "".join(chr(0x4E00 + (n * k) % 2000) for k in (7, 13, 29))
        return Account(f"62{n:016d}", made, "二号银行", held, f"2111021980{n:08d}")

    def people(self, n: int, held: bool = False) -> list[Account]:
        """Several persons."""
        return [self.person(held) for _ in range(n)]

    def firm(self, name: str | None = None, held: bool = False) -> Account:
        """A company with an account."""
        self._count += 1
        return Account(
            f"91{self._count:014d}",
            name or f"乙{self._count}商贸有限公司",
            "三号银行",
            held,
            f"9121110{self._count:011d}",
        )

    def relate(self, institution_id: str, who: Account, role: str, **more: Any) -> None:
        """Make a holder a party of the institution, with its account registered as the party's."""
        self._count += 1
        party = f"N{self._count:05d}"
        kind = "person" if who.no.startswith("62") else "company"
        self.register("parties", party_id=party, kind=kind, name=who.name, id_no=who.id_no)
        self.register("relations", institution_id=institution_id, party_id=party, role=role, **more)
        self.register(
            "accounts",
            account_no=who.no,
            account_type="party",
            bank_name=who.bank,
            holder_name=who.name,
            party_id=party,
        )

    # -- statements -----------------------------------------------------------------------
    def move(
        self,
        on: Day,
        source: Account,
        target: Account,
        yuan: float,
        *,
        arrives: float | None = None,
        remark: str | None = None,
    ) -> None:
        """Pay from one account to another: a line on each statement that is held."""
        self._clock += 1
        at = dt.datetime.combine(day(on), dt.time(9)) + dt.timedelta(seconds=self._clock % 28_000)
        reference = f"R{self._clock:08d}"
        for account, other, direction, amount in (
            (source, target, "out", yuan),
            (target, source, "in", yuan if arrives is None else arrives),
        ):
            if account.held:
                self.lines.append(
                    {
                        "account_no": account.no,
                        "booked_at": at,
                        "has_time": True,
                        "direction": direction,
                        "amount_fen": fen(amount),
                        "currency": "CNY",
                        "counterparty_account": other.no,
                        "counterparty_name": other.name,
                        "counterparty_bank": other.bank,
                        "remark": remark,
                        "reference": reference,
                        "holder_name": account.name,
                        "bank_name": account.bank,
                    }
                )

    def platform(self, institution_id: str, sector: str = "p2p", **more: Any) -> Platform:
        """An institution with a custody and an own account whose statements are held."""
        self.institution(institution_id, sector, **more)
        return Platform(self, institution_id)

    # -- building -------------------------------------------------------------------------
    def _statement(self) -> pl.DataFrame:
        kept = [line for line in self.lines if line["booked_at"].date() <= self.last]
        types = {
            "varchar": pl.String(),
            "timestamp": pl.Datetime("us"),
            "boolean": pl.Boolean(),
            "bigint": pl.Int64(),
            "integer": pl.Int32(),
        }
        columns = {c: types[t] for c, t in schema.LINES.items()}
        frame = pl.DataFrame(kept, schema=columns).sort("account_no", "booked_at", maintain_order=True)
        signed = (
            pl.when(pl.col("direction") == "in").then(pl.col("amount_fen")).otherwise(-pl.col("amount_fen"))
        )
        return frame.with_columns(
            balance_after_fen=pl.when(~pl.col("account_no").is_in(sorted(self.untold))).then(
                signed.cum_sum().over("account_no") + OPENING_FEN
            ),
            source_record=pl.int_range(1, pl.len() + 1, dtype=pl.Int64),
            chain_no=pl.int_range(pl.len(), dtype=pl.Int32).over("account_no"),
        )

    def _write_lake(self, lake: Path) -> None:
        (lake / "statements").mkdir(parents=True)
        (lake / "registers").mkdir()
        sha = hashlib.sha256(b"lines").hexdigest()
        self._statement().write_parquet(lake / "statements" / f"{sha}.parquet")
        (lake / "statements" / f"{sha}.json").write_text("{}")
        rows = [("lines.csv", sha, "statement", None)]
        con = duckdb.connect()
        for name, made in sorted(self.registers.items()):
            typed = schema.REGISTERS[name]
            key = hashlib.sha256(name.encode()).hexdigest()
            columns = ", ".join(f"{c} {t}" for c, t in typed.items())
            con.execute(f"create table {name} ({columns})")
            marks = ", ".join("?" for _ in typed)
            con.executemany(f"insert into {name} values ({marks})", [[r.get(c) for c in typed] for r in made])
            con.execute(f"copy {name} to '{lake / 'registers' / (key + '.parquet')}' (format parquet)")
            (lake / "registers" / f"{key}.json").write_text(json.dumps({"register": name}))
            rows.append((f"{name}.csv", key, "register", name))
        con.close()
        pl.DataFrame(
            {
                "source_file": [r[0] for r in rows],
                "source_sha256": [r[1] for r in rows],
                "container_file": [r[0] for r in rows],
                "container_sha256": [r[1] for r in rows],
                "kind": [r[2] for r in rows],
                "register": pl.Series([r[3] for r in rows], dtype=pl.String),
                "format": ["csv"] * len(rows),
                "first_on": pl.Series([None] * len(rows), dtype=pl.Date),
                "last_on": pl.Series([None] * len(rows), dtype=pl.Date),
                "problem": pl.Series([None] * len(rows), dtype=pl.String),
            }
        ).write_parquet(lake / "deliveries.parquet")

    def marts(self, after: Iterable[Callable[[duckdb.DuckDBPyConnection], None]] = ()) -> DuckMarts:
        """Build the warehouse once and open it."""
        if self._marts is None:
            self._folder = tempfile.TemporaryDirectory()
            folder = Path(self._folder.name)
            self._write_lake(folder / "lake")
            build(folder, self.last, after=after, threads=1)
            self._marts = DuckMarts(folder / "lookthrough.duckdb")
        return self._marts

    def context(self, **overrides: float) -> Context:
        """A fresh context over the warehouse; overrides as ``{"fund-pool.max_idle_days": 5}``."""
        return Context(self.marts(), self.last, dict(overrides))

    def found(self, code: str, *before: str) -> dict[str, Finding]:
        """Findings of one typology by institution, after the typologies it reads."""
        ctx = self.context()
        for other in before:
            ctx.findings[other] = list(detector(other)(ctx))
        return {f.institution_id: f for f in detector(code)(ctx)}


class Platform:
    """A platform of a small world: its accounts and the ordinary business done over them."""

    def __init__(
        self, world: World, institution_id: str, custody_bank: str = "B1", *, custody: bool = True
    ) -> None:
        self.world, self.id = world, institution_id
        title = f"{institution_id}信息服务有限公司客户资金存管专户"
        held = world.account("custody", institution_id, title, bank_code=custody_bank) if custody else None
        self.own = world.account("own", institution_id, held=custody)
        self.custody = held or self.own  # where none exists, the own account, whose statement is not on hand
        self._sold = 0
        desk = Account("9900000000000001", "一号银行")
        charged = dt.date(2016, 1, 4)
        while charged <= world.last:  # an account that is never silent: its statement is on hand to the end
            world.move(charged, self.custody, desk, 5)
            charged += dt.timedelta(days=7)
        self.holdings: dict[str, list[tuple[Account, float]]] = {}
        self.borrowers: dict[str, Account] = {}

    def product(
        self,
        key: str,
        *,
        yield_: float = 0.10,
        days: int = 90,
        issued: Day = "2016-01-04",
        kind: str = "loan",
    ) -> str:
        """Register a product and give its id."""
        name = f"{self.id}-{key}"
        begin = day(issued)
        self.world.register(
            "products",
            product_id=name,
            institution_id=self.id,
            name=f"{key}号",
            kind=kind,
            promised_yield=yield_,
            term_days=days,
            issued_on=begin,
            matures_on=begin + dt.timedelta(days=days),
        )
        return name

    def sell(
        self,
        product: str,
        to: Iterable[Account],
        each: float,
        on: Day,
        *,
        into: Account | None = None,
        redeemed: Day | None = None,
    ) -> None:
        """Sell to each person, who pays the amount in on the day (to custody unless told otherwise)."""
        for who in to:
            self._sold += 1
            self.world.register(
                "subscriptions",
                subscription_id=f"{self.id}-S{self._sold:05d}",
                product_id=product,
                investor_id=who.id_no,
                investor_name=who.name,
                investor_account=who.no,
                amount=Decimal(str(each)),
                subscribed_on=day(on),
                redeemed_on=None if redeemed is None else day(redeemed),
            )
            self.holdings.setdefault(product, []).append((who, each))
            self.world.move(on, who, into or self.custody, each)

    def project(
        self,
        key: str,
        principal: float,
        borrower: Account,
        started: Day | None,
        days: int = 90,
        *,
        rate: float = 0.12,
        repayment: str = "bullet",
        product: str | None = None,
        account: Account | None = None,
    ) -> str:
        """Register a project, for a product where one is named, and give its id."""
        name = f"{self.id}-X{key}"
        begin = None if started is None else day(started)
        self.world.register(
            "projects",
            project_id=name,
            institution_id=self.id,
            borrower_name=borrower.name,
            borrower_id=borrower.id_no,
            borrower_account=(account or borrower).no,
            principal=Decimal(str(principal)),
            annual_rate=rate,
            started_on=begin,
            due_on=None if begin is None else begin + dt.timedelta(days=days),
            repayment=repayment,
        )
        self.borrowers[name] = borrower
        if product is not None:
            self.link(product, name, principal)
        return name

    def link(self, product: str, project: str, amount: float) -> None:
        """Say that a product funds a project."""
        self.world.register(
            "product_projects", product_id=product, project_id=project, amount=Decimal(str(amount))
        )

    def lend(self, to: Account, yuan: float, on: Day) -> None:
        """Pay a project's money out of custody."""
        self.world.move(on, self.custody, to, yuan)

    def pay(self, product: str, on: Day, factor: float, *, out_of: Account | None = None) -> float:
        """Pay every holder of a product the factor of what they hold; gives the sum."""
        total = 0.0
        for who, held in self.holdings.get(product, []):
            part = round(held * factor, 2)
            self.world.move(on, out_of or self.custody, who, part)
            total = round(total + part, 2)
        return total

    def loan(
        self,
        key: str,
        holders: list[Account],
        *,
        each: float,
        lent: Day,
        days: int = 30,
        borrower: Account | None = None,
        repaid: bool = True,
        paid: bool = True,
        to: Account | None = None,
        lend: bool = True,
    ) -> tuple[str, str]:
        """A whole loan: sold two days before, lent, repaid with interest when due, holders paid the day after.

        Returns
        -------
        tuple of str
            Product and project.
        """
        begin = day(lent)
        due = begin + dt.timedelta(days=days)
        who = borrower or self.world.firm()
        principal = each * len(holders)
        product = self.product(key, days=days, issued=begin - dt.timedelta(days=2))
        project = self.project(key, principal, who, begin, days, product=product)
        over = due < self.world.last and paid
        self.sell(
            product,
            holders,
            each,
            begin - dt.timedelta(days=2),
            redeemed=due + dt.timedelta(days=1) if over else None,
        )
        if lend:
            self.lend(to or who, principal, begin)
        if repaid and due < self.world.last:
            self.world.move(due, who, self.custody, round(principal * (1 + 0.12 * days / 365), 2))
        if over:
            self.pay(product, due + dt.timedelta(days=1), 1 + 0.10 * days / 365)
        return product, project


def each_finding(found: dict[str, Finding]) -> Iterator[Finding]:
    """Findings in the order of institutions."""
    for institution in sorted(found):
        yield found[institution]


def check(finding: Finding) -> None:
    """What every finding must have: reasons, bases, evidence that adds up to nothing impossible."""
    assert 1 <= finding.severity <= 5
    assert 0 < finding.confidence <= 1
    assert finding.explanation_zh
    assert finding.explanation_en
    assert finding.benign
    assert finding.evidence.height > 0
    lines = finding.evidence.filter(pl.col("line_no").is_not_null())
    assert lines.filter(pl.col("attributed_fen") < 0).is_empty()
    assert finding.first_on is None or finding.last_on is None or finding.first_on <= finding.last_on
