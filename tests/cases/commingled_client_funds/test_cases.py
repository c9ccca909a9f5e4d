"""二(一)2: client money and own money in one account."""

from __future__ import annotations

from dataclasses import replace

from tests.cases.cases import check_cases
from tests.cases.world import World

POSITIVE = {
    "P1": 50_000,
    "P2": 40_000,
    "P3": 45_000,
    "P4": 66_000,
    "P5": 40_000,
    "P6": 90_000,
    "P7": 62_000,
    "P8": 4 * 4 * 5_000,
}
LOOK_ALIKE = {
    "L1": "large agreed service fees from custody to the own account",
    "L2": "staff who are clients too are paid what they hold",
    "L3": "one mistaken payment to a vendor, handed back",
    "L4": "wages and rent out of the own account",
    "L5": "one firm nobody names hands withdrawals on, month after month",
    "L6": "two firms nobody names are paid small sums for two platforms: they carry payments",
    "L8": "clients who once got a voucher, paid at cards the registers do not give",
    "L9": "persons paid on paydays who paid in before, or bear a client's name",
    "L7": "a company that invests takes its money out in parts",
}


def test_cases() -> None:
    w = World()
    own = w.platform("P1")
    own.sell(own.product("a"), w.people(5), 10_000, "2016-03-01", into=own.own)
    w.move("2016-03-02", own.own, own.custody, 50_000)
    wages = w.platform("P2")
    wages.loan("a", w.people(20), each=10_000, lent="2016-03-01")
    for who in w.people(4):
        w.relate("P2", who, "employee")
        for month in ("03", "04"):
            w.move(f"2016-{month}-10", wages.custody, who, 5_000)
    named = w.platform("P5")  # wages to accounts no register gives, in the names of the staff
    named.loan("a", w.people(20), each=10_000, lent="2016-03-01")
    for who in w.people(4):
        w.relate("P5", who, "employee")
        paid_at = replace(w.person(), name=who.name, id_no=None)
        for month in ("03", "04"):
            w.move(f"2016-{month}-10", named.custody, paid_at, 5_000)
    board, chief = w.platform("P6"), w.person()  # an executive's salary is payroll too
    board.loan("a", w.people(20), each=10_000, lent="2016-03-01")
    w.relate("P6", chief, "executive")
    for month in ("03", "04", "05"):
        w.move(f"2016-{month}-10", board.custody, chief, 30_000)
    rent = w.platform("P3")
    rent.loan("a", w.people(20), each=10_000, lent="2016-03-01")
    landlord = w.firm()
    w.move("2016-02-05", rent.own, landlord, 15_000)
    for month in ("03", "04", "05"):
        w.move(f"2016-{month}-05", rent.custody, landlord, 15_000)

    fees = w.platform("L1")
    fees.loan("a", w.people(20), each=10_000, lent="2016-03-01")
    for month in ("03", "04", "05"):
        w.move(f"2016-{month}-20", fees.custody, fees.own, 60_000)
    both = w.platform("L2")
    staff = w.people(5)
    both.loan("a", staff, each=10_000, lent="2016-03-01")
    for who in staff:
        w.relate("L2", who, "employee")
        w.move("2016-02-10", both.own, who, 5_000)
    cards = w.platform("L8")
    savers = w.people(5)
    cards.loan("a", savers, each=10_000, lent="2016-03-01", paid=False)
    for row in w.registers["subscriptions"]:
        if row["product_id"].startswith("L8-"):
            row["investor_account"] = None
    for who in savers:
        other = replace(w.person(), name=who.name, id_no=None)
        w.move("2016-02-10", cards.own, other, 50)
        for part in ("03", "04", "05"):
            w.move(f"2016-{part}-12", cards.custody, other, 3_300)
    once = w.platform("L3")
    once.loan("a", w.people(20), each=10_000, lent="2016-03-01")
    vendor = w.firm()
    w.relate("L3", vendor, "vendor")
    w.move("2016-04-05", once.custody, vendor, 30_000)
    w.move("2016-04-06", vendor, once.custody, 30_000)
    plain = w.platform("L4")
    plain.loan("a", w.people(20), each=10_000, lent="2016-03-01")
    for who in w.people(4):
        w.relate("L4", who, "employee")
        w.move("2016-03-10", plain.own, who, 5_000)
    nameless = w.platform("P4")  # three firms no register names, paid from custody month after month
    nameless.loan("a", w.people(20), each=10_000, lent="2016-03-01")
    levied = w.platform("P7")  # taxes, and the rent by the quarter
    levied.loan("a", w.people(20), each=20_000, lent="2016-03-01")
    office, quarter = w.firm("国家税务总局大洼区税务局"), w.firm()
    for month in ("03", "04", "05", "06"):
        w.move(f"2016-{month}-14", levied.custody, office, 3_000)
    for month in ("03", "06"):
        w.move(f"2016-{month}-02", levied.custody, quarter, 25_000)
    for key in ("P8", "L9"):  # two of the staff stand in a register, the others are paid with them
        paying = w.platform(key)
        savers = w.people(20)
        paying.loan("a", savers, each=20_000, lent="2016-03-01", paid=key == "P8")
        for who in w.people(2) if key == "P8" else ():
            w.relate(key, who, "employee")
            for month in ("03", "04", "05", "06"):
                w.move(f"2016-{month}-10", paying.custody, who, 5_000)
        for who in w.people(2) if key == "P8" else savers[:2]:
            payee = who if key == "P8" else replace(w.person(), name=who.name, id_no=None)
            for month in ("03", "04", "05", "06"):
                w.move(f"2016-{month}-10", paying.custody, payee, 5_000)
    one, through = w.platform("L5"), w.firm()
    one.loan("a", w.people(20), each=10_000, lent="2016-03-01")
    both = (w.platform("L6"), w.platform("L6B"))
    for p in both:
        p.loan("a", w.people(20), each=10_000, lent="2016-03-01")
    carriers, investors, taken_out = [w.firm(), w.firm()], [w.firm(), w.firm()], w.platform("L7")
    taken_out.loan("a", w.people(20), each=10_000, lent="2016-03-01")
    for who in investors:
        w.move("2016-02-20", who, taken_out.custody, 30_000)
    supplied = [w.firm() for _ in range(3)]
    for k, month in enumerate(("03", "04", "05", "06")):
        for n, who in enumerate(supplied):
            w.move(f"2016-{month}-1{n}", nameless.custody, who, 4_000 + 1_000 * k)
        w.move(f"2016-{month}-15", one.custody, through, 9_000 + 700 * k)
        for who in carriers:
            for p in both:
                w.move(f"2016-{month}-16", p.custody, who, 3_000 + 111 * k)
        for who in investors:
            w.move(f"2016-{month}-17", taken_out.custody, who, 7_000 + 13 * k)
    check_cases(w, "commingled-client-funds", POSITIVE, LOOK_ALIKE)
