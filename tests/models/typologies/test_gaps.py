"""What a bank has not delivered yet proves nothing."""

from __future__ import annotations

import datetime as dt

from models.typologies._gaps import statements_end
from tests.cases.world import World

LAST = dt.date(2016, 7, 3)


def raised(until: dt.date | None = None, elsewhere: bool = False) -> World:
    """P1's project was full on 21 June and is not lent; the bank's statements may end before the week does.

    With `elsewhere` the bank delivers another account to the end of the week.
    """
    world = World(LAST)
    platform = world.platform("P1")
    platform.loan("a", world.people(10), each=30_000, lent="2016-06-23", days=90, lend=False)
    if until is not None:
        world.lines = [line for line in world.lines if line["booked_at"].date() <= until]
    if elsewhere:
        world.move("2016-07-03", world.person(), world.platform("P2").custody, 100)
    return world


def codes(world: World) -> set[str]:
    return {code for code in ("fictitious-project", "fund-pool") if world.found(code)}


def seen_to(world: World) -> dt.date:
    return dict(statements_end(world.context()).iter_rows())["P1"]


def test_a_full_project_that_stays_unlent_is_seen() -> None:
    assert "fictitious-project" in codes(raised())


def test_nothing_is_said_of_days_without_a_statement() -> None:
    world = raised(until=dt.date(2016, 6, 24))
    assert seen_to(world) == dt.date(2016, 6, 21)
    assert codes(world) == set()


def test_a_quiet_account_is_seen_as_far_as_its_bank_delivers() -> None:
    world = raised(until=dt.date(2016, 6, 24), elsewhere=True)
    assert seen_to(world) == LAST
    assert "fictitious-project" in codes(world)
