"""A small sample delivery: several institutions of each sector, seven bank layouts, a few offenders, a few look-alikes.

For demonstration, tests and benchmarks. Detectors never know of it: what it plants is
described here for people, and nothing of it is written into the delivery.

================================  ============================================================
offender                          what it does
================================  ============================================================
LS005 lending platform            pays earlier clients with later clients' money, lends to no one
LS006 lending platform            has half of its clients pay into its own account
LS007 lending platform            promises and pays five points above what its projects earn
LS008 lending platform            pays rent, wages and advertising out of custody
LS009 lending platform            lends to shells that pass the money to its owner, through a firm between them
LS013 payment institution         clears between banks over its own accounts
LS014 payment institution         takes three million out of the reserve; the bank pays interest on it
LS020 firm                        carries 财富管理 in its name without a licence
================================  ============================================================
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from flows.steps.simulate import render
from flows.steps.simulate.ledger import Account, Line, Region
from flows.steps.simulate.lending import Conduct, Platform
from flows.steps.simulate.others import Firm, Fund, Insurer, PaymentInstitution

START, END = dt.date(2016, 4, 4), dt.date(2016, 6, 26)


def region(seed: int = 90, start: dt.date = START, end: dt.date = END, size: float = 1.0) -> Region:
    """Build the region in memory.

    Parameters
    ----------
    seed : int
        The same seed gives the same bytes.
    start, end : date
        First and last booking day (default 12 weeks, the last one 2016-W25).
    size : float
        Factor on the number of clients and projects of the lending platforms.
    """
    r = Region(seed, start, end)
    clients, weekly = max(10, round(60 * size)), max(1, round(2 * size))
    conducts = [
        Conduct(clients, weekly),
        Conduct(clients, weekly, fee=0.03),
        Conduct(clients, weekly, waits_days=4),
        Conduct(clients, weekly),
        Conduct(clients, weekly, pays_old_with_new_from=2),
        Conduct(clients, weekly, collects_into_own=0.5),
        Conduct(clients, weekly, extra_yield=0.065),
        Conduct(clients, weekly, costs_from_custody=True),
    ]
    for number, conduct in enumerate(conducts, 1):
        Platform(r, number, conduct).run()
    for number in (11, 12):
        PaymentInstitution(r, number).run()
    PaymentInstitution(r, 13, clears_across_banks=True).run()
    PaymentInstitution(r, 14, takes_reserve=3_000_000, earns_interest=True).run()
    Fund(r, 15, "asset_management", "fund").run()
    Fund(r, 16, "asset_management", "fund").run()
    Fund(r, 17, "equity_crowdfunding", "equity").run()
    Insurer(r, 18).run()
    Firm(r, 20, "盘锦恒瑞财富管理咨询有限公司", "企业管理咨询、市场调查").run()
    Firm(r, 21, "盘锦金融街物业服务有限公司", "物业服务、停车场管理(不得从事金融业务)").run()
    Firm(r, 22, r.ids.company("建材"), "建材销售、货物运输").run()
    Platform(r, 9, Conduct(clients, weekly, lends_to_owner=True)).run()
    _texts(r)
    return r


def _texts(r: Region) -> None:
    """Industry yields, an advertisement that warns, one that promises, and tips."""
    for month in ("2016-03", "2016-04", "2016-05", "2016-06"):
        for sector, value in (("p2p", 0.105), ("asset_management", 0.045), ("equity_crowdfunding", 0.06)):
            r.registers.add("industry_yields", month=month, sector=sector, average_yield=value)
    for n, (who, text) in enumerate(
        (
            ("LS001", "网络借贷有风险,本平台不承诺保本保息,请谨慎出借。"),
            ("LS005", "保本保息,稳赚不赔,本金百分之百安全!"),
            ("LS020", "恒瑞专享理财计划火热发售,年化18%,到期还本付息。"),
        ),
        1,
    ):
        r.registers.add(
            "advertisements",
            ad_id=f"A{n:03d}",
            institution_id=who,
            published_on=r.start + dt.timedelta(days=20),
            channel="网站",
            text=text,
        )
    for n in range(3):
        r.registers.add(
            "tips",
            tip_id=f"T{n:03d}",
            institution_id="LS005",
            received_on=r.end - dt.timedelta(days=3 + n),
            channel="电话",
            text="到期的钱提不出来,客服让再等等",
        )
    r.registers.add(
        "tips", tip_id="T009", institution_id="LS002", received_on=r.end - dt.timedelta(days=9), channel="来信",
        text="客服电话打不通",
    )  # fmt: skip


def simulate(out: Path, *, seed: int = 90, size: float = 1.0) -> int:
    """Write the sample delivery below `out`.

    Besides statements and registers the delivery holds what an office meets: a file delivered
    twice, a photo, and a statement with rows that cannot be read.

    Parameters
    ----------
    out : Path
        The landing folder; made if missing, must be empty.
    seed, size
        See `region`.

    Returns
    -------
    int
        Number of files written.

    Raises
    ------
    FileExistsError
        When `out` already holds files.
    """
    if out.exists() and any(out.iterdir()):
        raise FileExistsError(f"{out} is not empty; name a new folder for the sample delivery")
    world = region(seed, size=size)
    by_account = world.lines()
    render.registers(out / "registers", world.registers.rows)
    months = sorted({f"{p.at:%Y-%m}" for p in world.payments})
    for bank in world.banks:
        accounts = [a for a in world.accounts if a.monitored and a.bank is bank]
        for month in months:
            picked: list[tuple[Account, list[Line]]] = [
                (a, [x for x in by_account[a.number] if f"{x.at:%Y-%m}" == month]) for a in accounts
            ]
            render.statements(out, bank, month, picked)
    _odd_files(out, months[-1])
    return sum(1 for p in out.rglob("*") if p.is_file())


def _odd_files(out: Path, month: str) -> None:
    again = sorted((out / month).rglob("交易明细_*.csv"))[0]
    (out / month / ("重发_" + again.name)).write_bytes(again.read_bytes())
    (out / month / "现场照片.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(range(256)) * 4)
    odd = sorted((out / month).rglob("账户明细_*.csv")) or sorted((out / month).rglob("资金查询反馈_*.csv"))
    rows = odd[0].read_bytes().split(b"\r\n")
    broken = rows[1].replace(rows[1].split(b",")[4], "不详".encode("gb18030"), 1)
    foreign = rows[1].replace("人民币".encode("gb18030"), "美元".encode("gb18030"))
    rows[-1:-1] = [broken, foreign]
    odd[0].write_bytes(b"\r\n".join(rows))
