"""One small region for discovery, insurance and access cases: built once, read by many tests.

`region` gives the world and the institution id of each label; operators that no register names go by
``U-`` and their account.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import cache

from tests.cases.world import Account, World

FIRST = dt.date(2016, 1, 4)


def on(n: int) -> dt.date:
    """Day n of the region's half year."""
    return FIRST + dt.timedelta(days=n)


@cache
def region() -> tuple[World, dict[str, str]]:
    """The world and label -> institution id."""
    w = World("2016-07-03")
    ids: dict[str, str] = {}
    _operators(w, ids)
    _look_alikes(w, ids)
    _insurance(w, ids)
    _partners(w, ids)
    _phoenix(w, ids)
    _undisclosed(w, ids)
    return w, ids


def _outside(w: World, ids: dict[str, str], label: str, name: str, person: bool = False) -> Account:
    """A holder in no register whose statement is on hand."""
    made = w.person(held=True, name=name) if person else w.firm(name, held=True)
    ids[label] = f"U-{made.no}"
    return made


def _inside(
    w: World,
    ids: dict[str, str],
    label: str,
    name: str,
    sector: str = "other",
    status: str = "none",
    scope: str | None = None,
) -> Account:
    """The own account of a registered institution."""
    w.institution(label, sector, name=name, licence_status=status, licence_scope=scope)
    ids[label] = label
    return w.account("own", label, name)


def pool(w: World, till: Account, persons: int = 40, each: int = 20_000) -> None:
    """Persons pay in and get interest month by month; most of it leaves for one firm."""
    outlet = w.firm()
    for n, who in enumerate(w.people(persons)):
        start = 2 * n
        w.move(on(start), who, till, each + 1_000 * (n % 7))
        for k in range(1, 4):
            if start + 30 * k < 175:
                w.move(on(start + 30 * k), till, who, round((each + 1_000 * (n % 7)) * 0.015, 2))
    for k in range(4):
        w.move(on(40 + 30 * k), till, outlet, each * persons / 8)


def settlement(w: World, till: Account, payers: int = 40, merchants: int = 8, span: int = 60) -> float:
    """Payers pay daily, merchants get it the next business day less one per cent; gives what was settled."""
    who, whom = w.people(payers), [w.firm() for _ in range(merchants)]
    owed, total = dict.fromkeys(range(merchants), 0), 0.0
    for n in range(span):
        if on(n).weekday() < 5:
            for k, yuan in owed.items():
                if yuan:
                    w.move(on(n), till, whom[k], round(yuan * 0.99, 2))
                    total = round(total + round(yuan * 0.99, 2), 2)
            owed = dict.fromkeys(range(merchants), 0)
        for k in range(6):
            yuan = 50 + (n * 17 + k * 29) % 200
            w.move(on(n), who[(n * 6 + k) % payers], till, yuan)
            owed[(n + k) % merchants] += yuan
    return total


def same_day(w: World, till: Account, payers: int = 40, merchants: int = 8) -> None:
    """Payers pay daily, and merchants get it the same evening less half a per cent."""
    who, whom = w.people(payers), [w.firm() for _ in range(merchants)]
    for n in range(60):
        owed: dict[int, int] = {}
        for k in range(6):
            yuan = 50 + (n * 17 + k * 29) % 200
            w.move(on(n), who[(n * 6 + k) % payers], till, yuan)
            owed[(n + k) % merchants] = owed.get((n + k) % merchants, 0) + yuan
        for k, yuan in owed.items():
            w.move(on(n), till, whom[k], round(yuan * 0.995, 2))


def term_pool(w: World, till: Account, persons: int = 40) -> None:
    """Persons pay in and get it back after three months with five per cent, at once."""
    for n, who in enumerate(w.people(persons)):
        w.move(on(2 * n), who, till, 20_000 + 1_000 * (n % 7))
        if 2 * n + 90 < 175:
            w.move(on(2 * n + 90), till, who, (20_000 + 1_000 * (n % 7)) * 1.05)


def couriers(w: World, till: Account, persons: int = 40) -> None:
    """Persons leave a deposit when they begin, and are paid their wages by the week."""
    for n, who in enumerate(w.people(persons)):
        w.move(on(n), who, till, 500)
        for k in range(1, 12):
            w.move(on(n + 7 * k), till, who, 700 + 13 * ((n + k) % 9))


def lumps(w: World, payer: Account, till: Account, share: float, payees: int = 22, lag: int = 1) -> None:
    """One payer brings a sum a day, which goes on to many firms the next morning, all of it or less a fee."""
    whom = [w.firm() for _ in range(payees)]
    for n in range(60):
        due = {k: 100 + (n * 17 + k * 29) % 300 for k in range(payees) if (n + k) % 3}
        w.move(on(n), payer, till, sum(due.values()))
        for k, yuan in due.items():
            w.move(on(n + lag), till, whom[k], round(yuan * share, 2))


def lending(w: World, till: Account, borrowers: int = 15) -> None:
    """Four persons fund it; borrowers get loans and pay them back with interest."""
    for n, who in enumerate(w.people(4)):
        w.move(on(n), who, till, 200_000)
    for n, who in enumerate(w.people(borrowers)):
        w.move(on(6 + 3 * n), till, who, 30_000)
        w.move(on(36 + 3 * n), who, till, 900)
        w.move(on(66 + 3 * n), who, till, 30_900)


def _operators(w: World, ids: dict[str, str]) -> None:
    pool(w, _outside(w, ids, "POOL-FIRM", "盘锦甲安投资咨询服务有限公司"))
    pool(w, _outside(w, ids, "POOL-PERSON", "任广甲", person=True))
    pool(w, _inside(w, ids, "POOL-LISTED", "盘锦乙安商务咨询有限公司"))
    _inside(w, ids, "POOL-CARD", "盘锦辛安商务咨询有限公司")  # over the card of its controller
    card = w.person(held=True)
    w.relate("POOL-CARD", card, "actual_controller")
    pool(w, card)
    young = _outside(w, ids, "POOL-YOUNG", "盘锦己安商务咨询有限公司")
    back = _outside(w, ids, "REFUNDS", "盘锦午百货有限公司")
    for n, (who, buyer) in enumerate(
        zip(w.people(40), w.people(40), strict=True)
    ):  # too young for a second month
        w.move(on(n), who, young, 20_000 + 1_000 * (n % 7))
        w.move(on(n + 30), young, who, (20_000 + 1_000 * (n % 7)) * 0.015)
        w.move(on(n), buyer, back, 200 + 10 * (n % 7))  # a part of each order is sent back
        w.move(on(n + 4 + n % 9), back, buyer, 20 + 7 * (n % 4))
    pool(w, _outside(w, ids, "POOL-SILENT", "盘锦丙安商务咨询有限公司"))
    pool(w, _inside(w, ids, "POOL-FILED", "盘锦丁安网络信息服务有限公司", "p2p", "filed", "网络借贷信息中介"))
    for n, (iid, name, text) in enumerate(
        (
            (None, "盘锦甲安投资咨询服务有限公司", "急征投资人:月息1.8%,保本付息,随时可取。"),
            ("POOL-LISTED", None, "民间投资,月息一分五,到期还本。"),
            ("POOL-FILED", None, "民间投资,月息一分五,到期还本。"),
            ("POOL-CARD", None, "民间投资,月息一分五,到期还本。"),
            ("SHOP", None, "新店开业,会员充值满500送50元代金券,仅限本店购物。"),
        )
    ):
        w.register(
            "advertisements",
            ad_id=f"AD{n}",
            institution_id=iid,
            advertiser=name,
            published_on="2016-02-01",
            text=text,
        )
    number = ids["POOL-PERSON"].removeprefix("U-")
    w.register(
        "tips",
        tip_id="TP1",
        institution_name="任广甲",
        received_on="2016-05-25",
        text=f"任广甲向邻居高息借款,月息近两分,账号{number}。",
    )
    ids["settled"] = str(settlement(w, _outside(w, ids, "SETTLE-FIRM", "大洼甲通商务服务有限公司")))
    settlement(w, _outside(w, ids, "SETTLE-PERSON", "唐宏乙", person=True), payers=35, merchants=6)
    listed = _inside(w, ids, "SETTLE-LISTED", "盘锦丙铭网络科技有限公司")
    settlement(w, listed)
    new = _inside(w, ids, "SETTLE-NEW", "盘锦卯数据服务有限公司")  # a firm of old with staff and suppliers
    old, supplier = w.people(5), w.firm()
    for n in range(-60, 25, 28):
        for who in old:
            w.move(on(n), new, who, 5_000)
        for k in range(3):
            w.move(on(n + 5 * k), new, supplier, 900)
    settlement(w, new, span=25)
    front, card = _inside(w, ids, "SETTLE-CARD", "盘锦辰电子商务有限公司"), w.person(held=True)
    w.relate(ids["SETTLE-CARD"], card, "legal_representative")
    settlement(w, card)
    w.move(on(40), card, front, 300)
    staff, landlord = w.people(5), w.firm("盘锦丁物业服务有限公司")
    for month in range(2):
        for who in staff:
            w.move(on(1 + 30 * month), listed, who, 6_000)
        w.move(on(2 + 30 * month), listed, landlord, 12_000)
    acquirer = w.firm("大连甲乙支付服务有限公司客户备付金")
    lumps(w, acquirer, _outside(w, ids, "SETTLE-LUMPS", "盘锦庚信息技术有限公司"), 0.992)
    lumps(w, acquirer, _outside(w, ids, "SETTLE-LUMPS-SAME-DAY", "盘锦壬信息技术有限公司"), 0.992, lag=0)
    same_day(w, _outside(w, ids, "SETTLE-SAME-DAY", "盘锦癸信息技术有限公司"))
    term_pool(w, _outside(w, ids, "POOL-TERM", "苏明己", person=True))
    couriers(w, _outside(w, ids, "COURIERS", "盘锦子配送服务有限公司"))
    lumps(
        w,
        w.firm("辽宁寅集团有限公司"),
        _outside(w, ids, "TREASURY-SAME-DAY", "辽宁寅财务共享有限公司"),
        1,
        lag=0,
    )
    lumps(w, w.firm("辽宁辛集团有限公司"), _outside(w, ids, "TREASURY", "辽宁辛财务共享有限公司"), 1)
    lending(w, _outside(w, ids, "LEND-PERSON", "杨琴丙", person=True))
    lending(w, _outside(w, ids, "LEND-FIRM", "盘锦戊信息咨询有限公司"), borrowers=20)


def _look_alikes(w: World, ids: dict[str, str]) -> None:
    trade = _outside(w, ids, "TRADE", "营口己国际贸易集团有限公司")
    buyers, suppliers = [w.firm() for _ in range(40)], [w.firm() for _ in range(20)]
    for n in range(80):
        w.move(on(2 * n), buyers[n % 40], trade, 50_000 + 1_000 * n)
        w.move(on(2 * n + 1), trade, suppliers[n % 20], 45_000 + 900 * n)
    charity = _outside(w, ids, "CHARITY", "盘锦市庚慈善会")
    for n, who in enumerate(w.people(60)):
        w.move(on(2 * n), who, charity, 500 + 10 * n)
    for n, who in enumerate(w.people(20)):
        w.move(on(6 * n + 3), charity, who, 1_200)
    school = _outside(w, ids, "SCHOOL", "兴隆台区辛实验学校")
    parents, teachers = w.people(60), w.people(10)
    for n, who in enumerate(parents):
        w.move(on(50 + n % 5), who, school, 4_000)
        if n % 10 == 0:
            w.move(on(70), school, who, 1_000)
    for month in range(6):
        for who in teachers:
            w.move(on(10 + 30 * month), school, who, 5_000)
    family = _outside(w, ids, "FAMILY", "谢秀壬", person=True)
    for n, who in enumerate(w.people(6)):
        w.move(on(10 * n), who, family, 20_000)
        for k in range(3):
            w.move(on(10 * n + 30 * (k + 1)), family, who, 500)
    property_ = _outside(w, ids, "PROPERTY", "盘锦癸物业管理有限公司")
    homes, firms = w.people(60), [w.firm() for _ in range(6)]
    for month in range(5):
        for n, who in enumerate(homes):
            w.move(on(30 * month + n % 25), who, property_, 260)
        for k, firm in enumerate(firms):
            w.move(on(30 * month + 26 + k % 3), property_, firm, 1_500)
    market = _outside(w, ids, "MARKET", "盘山子电子商务有限公司")
    shoppers, makers = w.people(80), [w.firm() for _ in range(5)]
    for n in range(160):
        w.move(on(n), shoppers[n % 80], market, 300 + n)
        if n % 12 == 0:
            w.move(on(n + 4), market, shoppers[n % 80], 300 + n)
        if n % 7 == 0:
            w.move(on(n), market, makers[n // 7 % 5], 1_100)
    payroll = _outside(w, ids, "PAYROLL", "盘锦丑人力资源有限公司")
    workers, bosses = w.people(60), [w.firm() for _ in range(5)]
    for month in range(6):
        for boss in bosses:
            w.move(on(8 + 30 * month), boss, payroll, 12 * 4_040)
        for who in workers:
            w.move(on(9 + 30 * month), payroll, who, 4_000)
    shop = _inside(w, ids, "SHOP", "盘锦寅百货有限公司")
    for n, who in enumerate(w.people(60)):
        w.move(on(n), who, shop, 500)
    for n, who in enumerate(w.people(5)):
        w.relate("SHOP", who, "employee")
        w.move(on(n), who, shop, 20_000)
        for k in range(3):
            w.move(on(30 + 30 * k), shop, who, 300)


def channel(
    w: World, till: Account, premium: Account, claims: Account, share: float = 0.8, clients: int = 20
) -> None:
    """Clients pay premiums to the third party; weekly it passes them on to the insurer; a claim is paid."""
    people = w.people(clients)
    for n, who in enumerate(people):
        w.move(on(7 * (n // 4)), who, till, 3_000)
    for week in range(clients // 4):
        w.move(on(7 * week + 4), till, premium, 12_000 * share)
    w.move(on(60), claims, till, 5_000)
    w.move(on(61), till, people[0], 5_000)


def _insurer(w: World, ids: dict[str, str], label: str) -> tuple[Account, Account]:
    own = _inside(
        w, ids, label, f"{label}健康保险股份有限公司盘锦中心支公司", "insurance", "licensed", "保险业务"
    )
    return own, w.account("own", label, f"{label}健康保险股份有限公司盘锦中心支公司赔款支出户")


def _insurance(w: World, ids: dict[str, str]) -> None:
    premium, claims = _insurer(w, ids, "INSURER")
    for label in ("CHANNEL-ONE", "CHANNEL-TWO"):
        channel(w, _inside(w, ids, label, f"盘锦{label}网络服务有限公司"), premium, claims)
    channel(w, _outside(w, ids, "CHANNEL-UNSEEN", "沈阳卯信息技术有限公司"), premium, claims)
    channel(
        w,
        _inside(w, ids, "AGENT", "辽宁辰保险代理有限公司", "other", "licensed", "保险代理业务"),
        premium,
        claims,
    )
    channel(
        w,
        _inside(w, ids, "GATEWAY", "辽宁巳支付有限公司", "payment", "licensed", "互联网支付"),
        premium,
        claims,
    )
    insured = _inside(w, ids, "SELF-INSURED", "盘锦午培训学校有限公司")
    for n, who in enumerate(w.people(40)):
        w.move(on(n), who, insured, 3_000)
    for month in range(4):
        w.move(on(20 + 30 * month), insured, premium, 2_000)
    risky, sound = w.platform("RISKY"), w.platform("SOUND")
    ids |= {"RISKY": "RISKY", "SOUND": "SOUND"}
    for label, platform, times in (
        ("RISK-A", risky, 4),
        ("RISK-B", risky, 3),
        ("RISK-C", risky, 5),
        ("NO-RISK", sound, 5),
        ("ONCE", risky, 1),
    ):
        income, paid = _insurer(w, ids, label)
        for k in range(times):
            w.move(on(20 * k + 3), platform.own, income, 10_000)
            if times > 1:
                w.move(on(20 * k + 9), paid, platform.own, 15_000)


def _partners(w: World, ids: dict[str, str]) -> None:
    finance = _inside(w, ids, "NAMED", "辽宁未网络借贷咨询有限公司")
    ads = _inside(w, ids, "ADVERTISER", "盘锦申商务咨询有限公司")
    supplier = _inside(w, ids, "SUPPLIER", "沈阳酉软件技术有限公司")
    agent = _inside(w, ids, "AGENT-TWO", "辽宁戌保险代理有限公司", "other", "licensed", "保险代理业务")
    w.register(
        "advertisements",
        ad_id="AD9",
        institution_id="ADVERTISER",
        published_on="2016-02-01",
        text="理财产品火热发售,欢迎到店咨询认购。",
    )
    for label, other, times in (
        ("PAYS-NAMED", finance, 4),
        ("PAYS-ADVERTISER", ads, 3),
        ("PAYS-SUPPLIER", supplier, 6),
        ("PAYS-AGENT", agent, 6),
        ("PAYS-ONCE", finance, 1),
    ):
        own = _inside(
            w, ids, label, f"{label}资产管理有限公司", "asset_management", "licensed", "资产管理业务"
        )
        for k in range(times):
            w.move(on(25 * k + 5), own, other, 40_000)


def _close(w: World, label: str, day: dt.date) -> None:
    for row in w.registers["accounts"]:
        if row.get("institution_id") == label:
            row["closed_on"] = day


def _business(w: World, label: str, clients: list[Account], start: int, born: str) -> None:
    p = w.platform(label, registered_on=dt.date.fromisoformat(born))
    product = p.product("A", issued=on(start))
    p.sell(product, clients, 5_000, on(start))


def _phoenix(w: World, ids: dict[str, str]) -> None:
    for n, (old, new) in enumerate(
        (
            ("OLD-A", "NEW-CONTROLLER"),
            ("OLD-B", "NEW-SAME-ID"),
            ("OLD-C", "NEW-MONEY"),
            ("OLD-E", "NEW-SHELF"),
            ("SELLER", "BUYER"),
            ("OPEN", "SISTER"),
            ("OLD-D", "STRANGER"),
        )
    ):
        clients = w.people(30)
        _business(w, old, clients, 3, "2012-01-01")
        shared = clients[:15] if new not in ("STRANGER",) else []
        # a firm off the shelf is registered years before it takes its first money
        _business(w, new, [*shared, *w.people(20)], 90, "2013-05-06" if new == "NEW-SHELF" else "2016-03-01")
        ids |= {old: old, new: new}
        if old != "OPEN":
            _close(w, old, on(80))
        boss = w.person()
        if new in ("NEW-CONTROLLER", "NEW-SHELF", "SISTER"):
            w.relate(old, boss, "actual_controller")
            w.register(
                "relations",
                institution_id=new,
                party_id=w.registers["relations"][-1]["party_id"],
                role="shareholder",
            )
        elif new == "NEW-SAME-ID":
            w.relate(old, boss, "shareholder")
            w.relate(
                new,
                Account(f"62{9_000_000_000 + n:016d}", boss.name, boss.bank, False, boss.id_no),
                "executive",
            )
        elif new == "NEW-MONEY":
            w.move(on(79), _own(w, old), _own(w, new), 300_000)
        elif new == "BUYER":
            w.move(on(79), _own(w, new), _own(w, old), 400_000)
    # nearly all of a small firm's clients are most of another's, or few of a large one's
    for old, new, more in (("OLD-F", "NEW-FEW", 5), ("OLD-G", "BIG-BESIDE", 90)):
        few = w.people(16)
        _business(w, old, few, 3, "2012-01-01")
        _business(w, new, [*few[:13], *w.people(more)], 90, "2016-03-01")
        ids |= {old: old, new: new}
        _close(w, old, on(80))
    old, clients = "OLD-H", w.people(40)
    _business(w, old, clients, 3, "2012-01-01")
    ids[old] = old
    _close(w, old, on(80))
    till = _outside(w, ids, "NEW-UNLISTED", "盘锦巳商务信息有限公司")
    for n, who in enumerate(clients[:35]):
        w.move(on(90 + n % 10), who, till, 20_000)
        for k in (1, 2):
            w.move(on(90 + n % 10 + 30 * k), till, who, 300)


def _own(w: World, label: str) -> Account:
    row = next(
        r for r in w.registers["accounts"] if r.get("institution_id") == label and r["account_type"] == "own"
    )
    return Account(row["account_no"], row["holder_name"], row["bank_name"], True)


def _undisclosed(w: World, ids: dict[str, str]) -> None:
    for label, holder in (
        ("HIDDEN-FIRM", w.firm(held=True)),
        ("HIDDEN-PERSON", w.person(held=True)),
        ("HIDDEN-COSTS", w.firm(held=True)),
    ):
        p = w.platform(label)
        ids[label] = label
        product = p.product("A")
        p.sell(product, w.people(20), 8_000, on(5), into=holder)
        p.sell(product, w.people(10), 6_000, on(40), into=holder)
        w.move(on(7), holder, p.custody, 150_000)
        if label == "HIDDEN-COSTS":
            w.move(on(50), p.own, holder, 20_000)
            w.move(on(52), holder, w.firm("盘锦亥广告传媒有限公司"), 20_000)
    for label in ("VIA-GATEWAY", "CLIENTS-SHOP", "BORROWER-PAID"):
        p = w.platform(label)
        ids[label] = label
        product, people = p.product("A"), w.people(20)
        if label == "VIA-GATEWAY":
            gateway = _inside(
                w, ids, "COLLECTOR", "辽宁通付支付有限公司", "payment", "licensed", "互联网支付"
            )
            p.sell(product, people, 8_000, on(5), into=gateway)
            w.move(on(6), gateway, p.custody, 160_000)
        else:
            p.sell(product, people, 8_000, on(5))
            other = w.firm(held=True)
            if label == "BORROWER-PAID":
                p.project("1", 160_000, other, on(7), product=product)
                p.lend(other, 160_000, on(7))
            for n, who in enumerate(people):
                w.move(on(8 + n), who, other, 90 + n)


def money(yuan: str | float) -> float:
    """Yuan as a float with two decimals."""
    return float(Decimal(str(yuan)))
