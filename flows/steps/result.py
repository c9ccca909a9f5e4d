"""A week's result as the exporters see it: frames with fixed columns, and who stands where."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from models.ranking import Contribution, Exposure
from models.ranking_tiers import Decision
from models.typologies.base import Marts, Typology

MONEY = pl.Decimal(18, 2)

FINDINGS_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "week": pl.String,
    "finding_key": pl.String,
    "institution_id": pl.String,
    "typology": pl.String,
    "clause": pl.String,
    "severity": pl.Int64,
    "confidence": pl.Float64,
    "amount": MONEY,
    "first_on": pl.Date,
    "last_on": pl.Date,
    "accounts": pl.String,
    "explanation": pl.String,
    "state": pl.String,
    "explanation_en": pl.String,
    "title": pl.String,
    "subject": pl.String,
    "clients": pl.Int64,
    "gross_taken": MONEY,
    "net_unrepaid": MONEY,
    "peak_diverted": MONEY,
    "income": MONEY,
    "amount_low": MONEY,
    "amount_high": MONEY,
    "holds_under": pl.String,
    "benign_tested": pl.String,
    "benign_tested_en": pl.String,
    "citations": pl.String,
    "verdict": pl.String,
    "standing": pl.Boolean,
    "first_week": pl.String,
    "previous_amount": MONEY,
    "evidence_sha256": pl.String,
}
"""Grain: a finding. The first thirteen are the contract's. Amounts in yuan; the four bases of 三(三);
`amount_low`/`amount_high` the range over tracing methods and same-day orders (null when not
traced); `benign_tested` and `benign_tested_en` one explanation a line, in the same order; `standing` false where a verdict refuted it, it was put right, or it is gone."""

EVIDENCE_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "finding_key": pl.String,
    "role": pl.String,
    "line_id": pl.String,
    "register": pl.String,
    "key": pl.String,
    "account_no": pl.String,
    "booked_at": pl.Datetime("us"),
    "has_time": pl.Boolean,
    "direction": pl.String,
    "amount": MONEY,
    "attributed": MONEY,
    "counterparty_account": pl.String,
    "counterparty_name": pl.String,
    "remark": pl.String,
    "source_file": pl.String,
    "source_sha256": pl.String,
    "source_record": pl.Int64,
}
"""Grain: a statement line or register row of a finding, in the contract's columns and five more
that let a reader recognise the line; has_time is false where the bank told the day alone."""

FLOWS_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "institution_id": pl.String,
    "side": pl.String,
    "class": pl.String,
    "amount": MONEY,
}

INGEST_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "source_file": pl.String,
    "source_sha256": pl.String,
    "format": pl.String,
    "rows_read": pl.Int64,
    "rows_accepted": pl.Int64,
    "rows_quarantined": pl.Int64,
    "rows_ignored": pl.Int64,
    "balance_breaks": pl.Int64,
    "first_on": pl.Date,
    "last_on": pl.Date,
    "problem": pl.String,
}

QUARANTINE_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "source_file": pl.String,
    "source_record": pl.Int64,
    "reason": pl.String,
    "text": pl.String,
    "advice": pl.String,
}


@dataclass(frozen=True, slots=True)
class Ranked:
    """One institution's row of the ranking with everything that explains it.

    Attributes
    ----------
    rank, previous_rank : int, int or None
    institution_id, name, sector, district, licence_status : str
        As registered; an operator no register names has sector ``other`` and status ``none``.
    points : int
        Score in hundredths, the one that ranks.
    contributions : tuple of Contribution
        Adding up to `points`.
    rule_points : int
        Score with the typologies' own confidences: `points`, unless a proof lets the learned score rank.
    learned_points : int or None
        Score with confidences learned from verdicts, shown beside the other; None without enough.
    decision : Decision
        Proposed tier and its reason.
    rectify_since : date or None
        Sunday since when `rectify` has been proposed without interruption.
    report_immediately : bool
        五(一).
    amount_fen : int
        Yuan at issue, in fen: the largest single finding, because several findings may be
        readings of the same money.
    clients : int
        Number affected.
    findings : int
        Standing findings.
    reasons : tuple of str
        Codes, worst first.
    lead_agency : str
    exposure : Exposure
    """

    rank: int
    previous_rank: int | None
    institution_id: str
    name: str
    sector: str
    district: str
    licence_status: str
    points: int
    contributions: tuple[Contribution, ...]
    rule_points: int
    learned_points: int | None
    decision: Decision
    rectify_since: dt.date | None
    report_immediately: bool
    amount_fen: int
    clients: int
    findings: int
    reasons: tuple[str, ...]
    lead_agency: str
    exposure: Exposure


@dataclass(frozen=True, slots=True)
class Provenance:
    """What made a week's exports: everything the manifest tells.

    Attributes
    ----------
    fingerprint : str
        SHA-256 over all that follows; equal fingerprints give equal exports.
    inputs : tuple of (path, sha256)
        Delivered files, relative to the landing folder.
    thresholds : tuple of (key, value, reason, date)
        The office's overrides.
    versions : mapping
        Lookthrough, its sources' digest, Python, DuckDB, polars.
    previous_week, previous_manifest : str or None
        The week followed up and its manifest's sha256.
    """

    fingerprint: str
    inputs: tuple[tuple[str, str], ...]
    thresholds: tuple[tuple[str, float, str, str], ...]
    versions: Mapping[str, str]
    settings: Mapping[str, str]
    previous_week: str | None
    previous_manifest: str | None


@dataclass(frozen=True, slots=True)
class WeekResult:
    """All an exporter may use.

    Attributes
    ----------
    week, as_of
    ranked : tuple of Ranked
        Best rank first; equal ranks by id.
    findings, evidence, flows, ingest, quarantine : polars.DataFrame
        The schemas of this module, in total order.
    unusual : polars.DataFrame
        `models.anomaly.UNUSUAL`: this week of institutions without a standing finding; beside the findings, never among them.
    members : tuple of (path, sha256)
        Every delivered file and archive member.
    cards : mapping of name to text
        Cards of the models that judged the week.
    typologies : mapping of code to Typology
    marts : Marts
        The warehouse, for what a dossier tells beside the findings.
    dossier_rows : int
        Evidence rows a dossier shows of one finding.
    provenance : Provenance
    """

    week: str
    as_of: dt.date
    ranked: tuple[Ranked, ...]
    findings: pl.DataFrame
    evidence: pl.DataFrame
    flows: pl.DataFrame
    ingest: pl.DataFrame
    quarantine: pl.DataFrame
    unusual: pl.DataFrame
    members: tuple[tuple[str, str], ...]
    cards: Mapping[str, str]
    typologies: Mapping[str, Typology]
    marts: Marts
    dossier_rows: int
    provenance: Provenance


def yuan(fen: pl.Expr) -> pl.Expr:
    """Turn integer fen into exact yuan, decimal(18,2)."""
    # A decimal of scale 2 holds the fen as its integer; dividing exactly by 100 keeps every digit.
    return (fen.cast(pl.Int64).cast(pl.Decimal(20, 0)).cast(pl.Decimal(22, 2)) / pl.lit(100)).cast(MONEY)


def points_text(points: int) -> str:
    """Write hundredths of a point as ``12.34``."""
    return f"{points // 100}.{points % 100:02d}"
