"""二(二)1 明股实债: fixed amounts at fixed intervals, or bought back at par plus a rate."""

from __future__ import annotations

import datetime as dt

from tests.cases.selling import expect, months
from tests.cases.world import Platform, World, day

POSITIVE = {
    "A1": 2_400.0,
    "A2": 1_500.0,
    "A3": 31_200.0,
    "A4": 4_800.0,
    "A5": 82_630.14,
    "A6": 2_000.0,
    "A7": 4_000.0,
    "A8": 1_600.0,
    "A9": 3_000.0,
}
LOOK_ALIKE = {
    "N1": "irregular dividends that follow the project's income",
    "N2": "two equal dividends are no schedule",
    "N3": "an exit: one price on one day for all",
    "N4": "a loan: fixed interest is its nature",
    "N6": "two exits, each at a price of its own",
    "N7": "two projects that pay two dividends each, of different shares",
    "N5": "equal shares at uneven times, by resolution",
}


def equity(
    w: World, institution: str, people: int, each: float, kind: str = "equity"
) -> tuple[Platform, str]:
    p = w.platform(institution, "equity_crowdfunding" if kind == "equity" else "p2p")
    pid = p.product("E", yield_=0.12, days=720, issued="2016-01-04", kind=kind)
    p.sell(pid, w.people(people), each, "2016-01-06")
    return p, pid


def pays(p: Platform, pid: str, days: list[dt.date], factors: list[float], sourced: bool = True) -> None:
    firm = p.world.firm()
    for on, factor in zip(days, factors, strict=True):
        total = sum(round(held * factor, 2) for _, held in p.holdings[pid])
        if sourced:
            p.world.move(on, firm, p.custody, round(total, 2))
        p.pay(pid, on, factor)


def test_cases() -> None:
    w = World()
    pays(*equity(w, "A1", 4, 10_000), months("2016-02-10", 5), [0.012] * 5)
    pays(*equity(w, "A2", 5, 5_000), months("2016-02-01", 4, gap=28), [0.015] * 4)
    pays(*equity(w, "A4", 8, 10_000), months("2016-03-01", 3, gap=31), [0.02] * 3)
    p, pid = equity(w, "A3", 0, 0)
    for who, held in zip(w.people(3), (60, 90, 150), strict=True):
        begin = day("2016-01-10")
        p.sell(pid, [who], 10_000, begin)
        w.move(begin + dt.timedelta(days=held), p.custody, who, round(10_000 * (1 + 0.146 * held / 365), 2))
    p = w.platform("A5", "equity_crowdfunding")  # two unrelated projects bought back at one rate a year
    for key, held in (("E", 90), ("F", 110)):
        pid = p.product(key, days=held, issued="2016-01-10", kind="equity")
        p.sell(pid, w.people(4), 10_000, "2016-01-10")
        p.pay(pid, day("2016-01-10") + dt.timedelta(days=held), 1 + 0.12 * held / 365)
    pays(*equity(w, "N1", 4, 10_000), months("2016-02-10", 5), [0.012, 0.004, 0.021, 0.009, 0.015])
    pays(*equity(w, "N2", 4, 10_000), months("2016-02-10", 2), [0.012] * 2)
    pays(*equity(w, "N3", 5, 10_000), [day("2016-06-01")], [1.35])
    pays(*equity(w, "N4", 4, 10_000, kind="loan"), months("2016-02-10", 5), [0.01] * 5)
    pays(*equity(w, "N5", 4, 10_000), [day("2016-02-01"), day("2016-02-08"), day("2016-06-20")], [0.01] * 3)
    p = w.platform("N6", "equity_crowdfunding")
    for key, price in (("E", 1.09), ("F", 1.35)):
        pid = p.product(key, days=720, issued="2016-01-10", kind="equity")
        p.sell(pid, w.people(4), 10_000, "2016-01-10")
        p.pay(pid, "2016-05-02", price)
    for institution, factors in (
        ("A7", (0.025, 0.025)),
        ("N7", (0.025, 0.04)),
    ):  # by the quarter, two projects
        p = w.platform(institution, "equity_crowdfunding")
        for key, factor in zip("EF", factors, strict=True):
            pid = p.product(key, days=720, issued="2016-01-04", kind="equity")
            p.sell(pid, w.people(4), 10_000, "2016-01-10")
            pays(p, pid, months("2016-03-10", 2, gap=91), [factor] * 2)
    direct, pid = equity(w, "A6", 5, 10_000)  # the issuer pays the investors itself
    issuer = w.firm(held=True)
    direct.project("E", 50_000, issuer, "2016-01-10", 720, product=pid)
    for on in months("2016-02-10", 4):
        direct.pay(pid, on, 0.01, out_of=issuer)
    spread, pid = equity(w, "A8", 4, 10_000)  # half of the holders are paid a day later now and then
    for k, on in enumerate(months("2016-02-10", 4)):
        for n, (who, held) in enumerate(spread.holdings[pid]):
            w.move(on + dt.timedelta(days=(n + k) % 2), spread.own, who, round(held * 0.01, 2))
    beside = w.platform("A9", "equity_crowdfunding")  # three quarters of one project, two of another
    for key, rounds in (("E", 3), ("F", 2)):
        pid = beside.product(key, days=720, issued="2016-01-04", kind="equity")
        beside.sell(pid, w.people(3), 10_000, "2016-01-06")
        for on in months("2016-01-20" if rounds == 3 else "2016-03-10", rounds, gap=60):
            beside.pay(pid, on, 0.02)
    found = w.found("debt-disguised-as-equity")
    expect(found, POSITIVE, LOOK_ALIKE)
    assert found["A1"].confidence > found["A4"].confidence  # five equal rounds say more than three
    assert (found["A1"].evidence["role"] == "source_of_payout").sum() == 5
