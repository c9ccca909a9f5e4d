"""Put the institutions of a week in order: ranking rows from findings, exposure and the last week."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import polars as pl

from flows.steps.marts import DuckMarts
from flows.steps.previous import Previous
from flows.steps.result import Ranked
from models import exposure as exposure_of
from models.ranking import RiskItem, Score, ranks, score
from models.ranking_learned import Judged, learn
from models.ranking_tiers import REPORT_CODE, decide, lead_agency, telling_clause

UNREGISTERED = exposure_of.UNREGISTERED


def standings(
    findings: pl.DataFrame,
    marts: DuckMarts,
    as_of: dt.date,
    previous: Previous | None,
    learned_ranks: bool = False,
) -> tuple[Ranked, ...]:
    """Rank every registered institution and every operator found from the flows alone.

    Parameters
    ----------
    findings : polars.DataFrame
        `flows.steps.result.FINDINGS_SCHEMA`; only standing ones count.
    marts : DuckMarts
    as_of : date
    previous : Previous or None
    learned_ranks : bool
        Rank by the learned score where verdicts teach one (see `flows.steps.proof`); tiers follow the typologies' own
        confidence either way.

    Returns
    -------
    tuple of Ranked
        Best rank first; equal ranks by id, which decides the order of rows but no rank.
    """
    standing = findings.filter(pl.col("standing"))
    masters = _masters(marts, standing)
    exposures = exposure_of.exposures(marts, as_of, [i for i in masters if i.startswith(UNREGISTERED)])
    items = _items(standing)
    clauses = dict(standing.select("finding_key", "clause").iter_rows())
    continued = set(standing.filter(pl.col("verdict") == "rectified_but_continued")["finding_key"].to_list())
    before_rank = previous.ranks() if previous else {}
    before_rectify = previous.rectify_since() if previous else {}

    rule = {i: score(items.get(i, []), exposures[i]) for i in masters}
    taught = learn(_judged(findings))
    sure = taught.probability if taught else {}
    learned = {
        i: score(
            [replace(item, confidence=sure[item.finding_key]) for item in items.get(i, [])], exposures[i]
        )
        for i in (masters if taught else ())
    }
    scores = learned if learned_ranks and taught else rule
    order = ranks([(scores[i].points, exposures[i].order) for i in masters])
    rows = []
    for (i, (name, sector, district, status)), rank in zip(masters.items(), order, strict=True):
        own = items.get(i, [])
        decision = decide(own, exposures[i], as_of, before_rectify.get(i), sorted(continued))
        worst = _worst_first(scores[i])
        rows.append(
            Ranked(
                rank=rank,
                previous_rank=before_rank.get(i),
                institution_id=i,
                name=name,
                sector=sector,
                district=district,
                licence_status=status,
                points=scores[i].points,
                contributions=scores[i].contributions,
                rule_points=rule[i].points,
                learned_points=learned[i].points if taught else None,
                decision=decision,
                rectify_since=_rectify_since(decision.tier, before_rectify.get(i), as_of),
                report_immediately=any(item.typology == REPORT_CODE for item in own),
                amount_fen=max((item.amount_fen for item in own), default=0),
                clients=max((item.clients for item in own), default=0),
                findings=len(own),
                reasons=tuple(dict.fromkeys(code for code, _ in worst)),
                lead_agency=lead_agency(
                    sector, status, district, telling_clause([clauses[key] for _, key in worst])
                ),
                exposure=exposures[i],
            )
        )
    return tuple(sorted(rows, key=lambda r: (r.rank, r.institution_id)))


def _rectify_since(tier: str, before: dt.date | None, as_of: dt.date) -> dt.date | None:
    """Keep the first day of an unbroken demand; a case that was closed down stays followed too."""
    if tier == "rectify":
        return before or as_of
    return before if tier in ("close_down", "refer_to_police") else None


def _masters(marts: DuckMarts, standing: pl.DataFrame) -> dict[str, tuple[str, str, str, str]]:
    """Name, sector, district and licence of all that get a row, by id in sorted order."""
    registered = marts.table(
        "mart_institution", ("institution_id", "name", "sector", "district", "licence_status")
    )
    found = {
        i: (name or i, sector or "other", district or "", status or "none")
        for i, name, sector, district, status in registered.iter_rows()
    }
    operators = [
        i
        for i in standing["institution_id"].unique().to_list()
        if i not in found and i.startswith(UNREGISTERED)
    ]
    numbers = [i.removeprefix(UNREGISTERED) for i in operators]
    names = dict(
        marts.table("mart_account", ("account_no", "holder_name"))
        .filter(pl.col("account_no").is_in(numbers))
        .iter_rows()
    )
    for i in operators:
        found[i] = (names.get(i.removeprefix(UNREGISTERED)) or i, "other", "", "none")
    return dict(sorted(found.items()))


def _items(standing: pl.DataFrame) -> dict[str, list[RiskItem]]:
    columns = ("institution_id", "finding_key", "typology", "severity", "confidence", "amount", "clients")
    found: dict[str, list[RiskItem]] = {}
    for i, key, typology, severity, confidence, amount, clients, first, last in standing.select(
        *columns, "first_on", "last_on"
    ).iter_rows():
        item = RiskItem(key, typology, severity, confidence, int(amount * 100), clients, first, last)
        found.setdefault(i, []).append(item)
    return found


def _judged(findings: pl.DataFrame) -> list[Judged]:
    """Findings with the verdicts this week can see."""
    outcome = {"confirmed": True, "rectified": True, "rectified_but_continued": True, "false_positive": False}
    columns = ("finding_key", "institution_id", "typology", "severity", "confidence", "amount", "verdict")
    return [
        Judged(key, i, code, severity, confidence, int(amount * 100), outcome.get(verdict or ""))
        for key, i, code, severity, confidence, amount, verdict in findings.select(columns).iter_rows()
    ]


def _worst_first(result: Score) -> list[tuple[str, str]]:
    """Typology codes and finding keys in the order in which they weigh."""
    return [(c.code, c.finding_key) for c in result.contributions if c.finding_key is not None]
