"""Projects whose money went on to recipients it must not go to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from models.finding import AmountBases, Finding, evidence
from models.typologies._frames import accounts_of, first_last, parts, total, with_line
from models.typologies._paths import arrivals
from models.typologies._pool import disbursement_lines
from models.typologies.base import Context, Typology


@dataclass(frozen=True, slots=True)
class Diversion:
    """Money of one institution's projects that reached the recipients looked for.

    Attributes
    ----------
    institution_id : str
    projects : polars.DataFrame
        Grain: project. ``project_id``, ``line_no`` and ``booked_on`` of the disbursement,
        ``lent_fen``, ``principal_fen``, ``arrived_fen``, ``share`` of what was lent.
    pieces : polars.DataFrame
        `models.typologies._paths.ARRIVALS` of these projects.
    """

    institution_id: str
    projects: pl.DataFrame
    pieces: pl.DataFrame

    @property
    def arrived_fen(self) -> int:
        """What reached the recipients, in fen."""
        return total(self.pieces)

    @property
    def hops(self) -> int:
        """Most transfers on a way."""
        most = self.pieces["hops"].max()
        return most if isinstance(most, int) else 0

    @property
    def span(self) -> tuple[dt.date | None, dt.date | None]:
        """First disbursement and last arrival."""
        return first_last(self.projects)[0], first_last(self.pieces, "arrived_on")[1]


def diversions(
    ctx: Context,
    targets: dict[str, set[int]],
    *,
    hops: int,
    days: int,
    share: float,
    starts: pl.DataFrame | None = None,
    accounts: pl.DataFrame | None = None,
    through_borrower: bool = True,
) -> Iterator[Diversion]:
    """Projects of which at least a share reached the institution's targets.

    Parameters
    ----------
    ctx : Context
    targets : dict
        Institution -> holders looked for; ``""`` holds for every institution.
    hops, days : int
        As `models.typologies._paths.arrivals`.
    share : float
        Least share of the disbursement that must have arrived.
    starts : polars.DataFrame, optional
        Disbursements to follow (default: all of `disbursement_lines`).
    accounts : polars.DataFrame, optional
        ``institution_id``, ``account_id``: accounts of the targets that count.
    through_borrower : bool
        Leave out targets that were paid directly because they are the registered borrower.

    Yields
    ------
    Diversion
        In the order of institutions.
    """
    lent = disbursement_lines(ctx) if starts is None else starts
    principal = ctx.table("mart_project", ("project_id", "principal_fen"))
    lent = lent.join(principal, on="project_id", how="left")
    lenders = lent.select("institution_id").unique().drop_nulls()
    pairs = [(i, h) for i, holders in sorted(targets.items()) if i for h in sorted(holders)]
    listed = pl.DataFrame(pairs, schema={"institution_id": pl.String, "holder_id": pl.Int64}, orient="row")
    everywhere = pl.DataFrame({"holder_id": sorted(targets.get("", set()))}, schema={"holder_id": pl.Int64})
    goals = pl.concat(
        [listed.join(lenders, on="institution_id", how="semi"), lenders.join(everywhere, how="cross")]
    )
    arrived = arrivals(
        ctx,
        lent.join(goals, on="institution_id", how="semi"),
        goals,
        hops=hops,
        days=days,
        accounts=accounts,
    )
    of = parts(lent)
    for institution, pieces in sorted(arrived.items()):
        mine = of[institution]
        if through_borrower:
            pieces = pieces.filter(pl.col("hops") > 1)
        if pieces.is_empty():
            continue
        projects = (
            mine.join(
                pieces.group_by(line_no="start_no").agg(arrived_fen=pl.col("amount_fen").sum()), on="line_no"
            )
            .rename({"amount_fen": "lent_fen"})
            .with_columns(share=pl.col("arrived_fen") / pl.col("lent_fen"))
            .filter(pl.col("share") >= share)
            .sort("project_id")
        )
        if projects.is_empty():
            continue
        kept = pieces.join(projects.select(start_no="line_no"), on="start_no", how="semi")
        yield Diversion(institution, projects, kept)


def chain_evidence(ctx: Context, found: Diversion) -> pl.DataFrame:
    """Evidence of a diversion: the disbursements, the transfers on the way and the arrivals.

    A line on several ways is attributed the parts it carried, at most its own amount.
    """
    starts = found.projects.select("line_no", attributed_fen="arrived_fen")
    way = (
        found.pieces.select("path", "amount_fen")
        .explode("path")
        .rename({"path": "line_no"})
        .drop_nulls("line_no")
        .group_by("line_no")
        .agg(carried_fen=pl.col("amount_fen").sum())
    )
    way = with_line(ctx, way, "amount_fen").select(
        "line_no", attributed_fen=pl.min_horizontal("carried_fen", "amount_fen")
    )
    return pl.concat(
        [
            evidence("disbursement", starts),
            evidence("passed_on", way.sort("line_no")),
            evidence("project", register="projects", keys=found.projects["project_id"].to_list()),
        ]
    )


def diversion_finding(
    ctx: Context,
    typology: Typology,
    found: Diversion,
    *,
    explanation_zh: str,
    explanation_en: str,
    benign: tuple[tuple[str, str], ...],
) -> Finding:
    """Make the finding of project money that reached firms of a forbidden kind.

    The amount is what arrived, at most what was lent; the severity is 4 from the typology's
    ``large_amount`` (yuan) or from five projects on, and the confidence grows with the share that arrived.
    """
    amount, lent = found.arrived_fen, total(found.projects, "lent_fen")
    large = ctx.parameter(typology, "large_amount") * 100
    first, last = found.span
    return Finding(
        institution_id=found.institution_id,
        typology=typology.code,
        amount_fen=amount,
        severity=4 if amount >= large or found.projects.height >= 5 else 3,
        confidence=round(0.6 + 0.3 * min(1.0, amount / lent), 3),
        first_on=first,
        last_on=last,
        accounts=accounts_of(found.projects),
        bases=AmountBases(total(found.projects, "principal_fen"), amount, amount, 0),
        evidence=chain_evidence(ctx, found),
        amount_high_fen=lent,
        explanation_zh=explanation_zh,
        explanation_en=explanation_en,
        benign=benign,
    )
