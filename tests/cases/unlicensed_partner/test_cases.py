"""三(五): supervised institutions and their partners."""

from __future__ import annotations

from tests.cases.cases import check_cases, findings
from tests.cases.discovery import region
from tests.cases.world import World

POSITIVE: dict[str, float | None] = {"INSURER": None, "PAYS-NAMED": 160_000, "PAYS-ADVERTISER": 120_000}
LOOK_ALIKE = {
    "PAYS-SUPPLIER": "a plain technology supplier",
    "PAYS-AGENT": "a licensed agent",
    "PAYS-ONCE": "a single payment",
}


def test_cases() -> None:
    world, ids = region()
    positive = {ids[k]: v for k, v in POSITIVE.items()}
    found = check_cases(world, "unlicensed-partner", positive, {ids[k]: v for k, v in LOOK_ALIKE.items()})
    assert len(found) >= len(positive)


def test_a_lender_without_a_filing_is_one() -> None:
    world = World()
    for n, (partner, status) in enumerate((("BARE", "none"), ("FILED", "filed"))):
        platform = world.platform(partner, licence_status=status)
        platform.loan("a", world.people(6), each=10_000, lent="2016-03-01")
        for sector in ("asset_management", "payment"):
            payer = f"{sector}-{n}"
            world.institution(payer, sector, licence_status="licensed", licence_scope="私募基金管理")
            own = world.account("own", payer)
            for on in ("2016-02-10", "2016-05-10"):
                world.move(on, own, platform.own, 40_000)
    found = findings(world.context(), "unlicensed-partner")
    assert {i: f.amount_fen for i, f in found.items()} == {"asset_management-0": 8_000_000}
