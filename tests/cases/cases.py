"""Cases of a typology as two tables: what must be found, with its amount, and what must not."""

from __future__ import annotations

from models.finding import Finding
from models.typologies.base import Context, discover
from tests.cases.world import World, check, fen


def findings(ctx: Context, code: str, given: dict[str, list[Finding]] | None = None) -> dict[str, Finding]:
    """Run a typology after those it waits for (`given` stands in for some), by institution."""
    registered = discover()
    ctx.findings.update(given or {})

    def run(name: str) -> list[Finding]:
        if name not in ctx.findings:
            for before in registered[name].meta.after:
                if before in registered:
                    run(before)
            ctx.findings[name] = list(registered[name].detect(ctx))
        return ctx.findings[name]

    return {f.institution_id: f for f in run(code)}


def check_cases(
    world: World,
    code: str,
    positive: dict[str, float | None],
    look_alike: dict[str, str],
    given: dict[str, list[Finding]] | None = None,
) -> dict[str, Finding]:
    """Positives are found, with the amount in yuan where one is given; look-alikes are not."""
    found = findings(world.context(), code, given)
    assert set(positive) - set(found) == set(), f"{code}: not found"
    assert {i: look_alike[i] for i in set(look_alike) & set(found)} == {}, f"{code}: look-alike flagged"
    for iid, yuan in positive.items():
        check(found[iid])
        if yuan is not None:
            assert found[iid].amount_fen == fen(yuan), (code, iid, found[iid].amount_fen / 100, yuan)
    return found
