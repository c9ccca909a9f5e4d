"""三(六): payouts getting late and partial, or liquid money that no longer covers what matured."""

from __future__ import annotations

import datetime as dt

from tests.cases.selling import expect, holding
from tests.cases.world import LAST, Platform, World, day

POSITIVE: dict[str, float | None] = {"A1": None, "A2": None, "A3": None, "A4": None, "A5": None, "A6": None}
LOOK_ALIKE = {
    "N1": "month-end and holiday peaks, all paid in full",
    "N2": "one late project: its holders wait, nobody is paid in part",
    "N3": "clients withdraw a little of their money from their wallets",
    "N4": "part payments in one week only",
    "N5": "every holder is paid in two parts, three days apart",
    "N7": "two of seven loans unpaid, little money in the account",
    "N8": "all matured loans paid, but the register of redemptions is filled in for the first ones only",
    "N6": "level instalments month after month, the last after the term",
}


def plan(
    w: World, institution: str, people: int, days: int = 40, each: float = 10_000.0
) -> tuple[Platform, str]:
    """A rolling plan sold day by day from March on, due `days` later."""
    p = w.platform(institution)
    pid = p.product("P", yield_=0.12, days=days, issued="2016-03-01")
    for k in range(people):
        p.sell(pid, [w.person()], each, day("2016-03-20") + dt.timedelta(days=k * 90 // people))
    return p, pid


def redeem(p: Platform, pid: str, late_from: str | None, share: float = 0.35, days: int = 40) -> float:
    """Pay what falls due in full until a day, a share of it late from then on; gives what is owed."""
    owed, rows = 0.0, p.world.registers["subscriptions"]
    mine = [r for r in rows if r["product_id"] == pid]
    for (who, held), row in zip(p.holdings[pid], mine, strict=True):
        due = row["subscribed_on"] + dt.timedelta(days=days)
        if due > LAST:
            owed += held
        elif late_from is None or due < day(late_from):
            p.world.move(due, p.custody, who, round(held * (1 + 0.12 * days / 365), 2))
            row["redeemed_on"] = due
        else:
            owed += held
            paid = due + dt.timedelta(days=3)
            if paid <= LAST:
                p.world.move(paid, p.custody, who, round(held * share + 1.23, 2))
    return owed


def test_cases() -> None:
    w = World()
    for institution, people, late, share in (
        ("A1", 90, "2016-06-01", 0.35),
        ("A2", 60, "2016-05-25", 0.5),
        ("A3", 120, "2016-06-10", 0.25),
    ):
        POSITIVE[institution] = redeem(*plan(w, institution, people), late, share)
    n1, pid = plan(w, "N1", 60)
    redeem(n1, pid, None)
    n2, pid = plan(w, "N2", 40)
    redeem(n2, pid, None)
    late = n2.product("L", days=60, issued="2016-03-20")
    firm = w.firm()
    n2.project("L", 200_000, firm, "2016-03-24", 60, product=late)
    n2.sell(late, w.people(20), 10_000, "2016-03-22")
    n2.lend(firm, 200_000, "2016-03-24")
    n3, pid = plan(w, "N3", 60)
    redeem(n3, pid, None)
    for k, (who, held) in enumerate(n3.holdings[pid][:40]):
        w.move(day("2016-06-01") + dt.timedelta(days=k % 30), n3.custody, who, round(held * 0.03, 2))
    n4, pid = plan(w, "N4", 60)
    redeem(n4, pid, None)
    extra = n4.product("X", yield_=0.1, days=20, issued="2016-05-20")
    for who in w.people(9):
        holding(w, extra, who, 10_000, "2016-05-25")
        w.move("2016-05-25", who, n4.custody, 10_000)
        w.move("2016-06-15", n4.custody, who, 4_321)
    a4 = w.platform("A4")  # every holder of a loan gets the same part, later and less each time
    n5, n6 = w.platform("N5"), w.platform("N6")
    for k, share in enumerate((0.9, 0.8, 0.65, 0.5)):
        lent = day("2016-04-20") + dt.timedelta(days=6 * k)
        for p, parts in ((a4, ((4 + k, share),)), (n5, ((1, 0.5), (4, 0.51)))):
            pid, _ = p.loan(str(k), w.people(12), each=10_000, lent=lent, repaid=False, paid=False)
            for days, part in parts:
                on = lent + dt.timedelta(days=30 + days)
                w.move(on, p.borrowers[f"{p.id}-X{k}"], p.custody, 120_000 * part)
                p.pay(pid, on, part)
    POSITIVE["A4"] = 480_000
    a6 = w.platform(
        "A6"
    )  # half of each loan late, the other half weeks later; the first loans were paid in time
    for k in range(12):
        lent = day("2016-03-14") + dt.timedelta(days=8 * k)
        pid, _ = a6.loan(str(k), w.people(12), each=10_000, lent=lent, paid=k < 4)
        for days, part in ((3 + k, 0.5), (12 + 2 * k, 0.51)) if k >= 4 else ():
            if (on := lent + dt.timedelta(days=30 + days)) <= LAST:
                a6.pay(pid, on, part)
    for institution in ("A5", "N7"):  # loans that fell due and of which nothing was paid
        p = w.platform(institution)
        w.move("2016-01-05", p.custody, w.firm(), 99_990_000)
        for k in range(7):
            lent = day("2016-04-18") + dt.timedelta(days=7 * k)
            bad = k > (2 if institution == "A5" else 4)
            p.loan(str(k), w.people(12), each=10_000, lent=lent, repaid=not bad, paid=not bad)
    POSITIVE["A5"] = 480_000
    n8 = w.platform("N8")
    w.move("2016-01-05", n8.custody, w.firm(), 99_990_000)
    for k in range(14):
        lent = day("2016-03-01") + dt.timedelta(days=7 * k)
        pid, _ = n8.loan(str(k), w.people(12), each=10_000, lent=lent, paid=k < 3)
        if k >= 3 and lent + dt.timedelta(days=31) <= LAST:
            n8.pay(pid, lent + dt.timedelta(days=31), 1 + 0.10 * 30 / 365)
    level, _ = n6.loan("a", w.people(20), each=10_000, lent="2016-03-01", days=90, repaid=False, paid=False)
    for on in ("2016-03-31", "2016-04-30", "2016-06-01", "2016-06-10", "2016-06-20"):
        w.move(on, n6.borrowers["N6-Xa"], n6.custody, 41_000)
        n6.pay(level, on, 0.205)
    found = w.found("run-risk")
    expect(found, POSITIVE, LOOK_ALIKE)
    assert all(f.severity >= 4 for f in found.values())
