"""Turn a judgement into the frames of the exports: evidence to the statement line, states, amounts."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping

import polars as pl

from flows.steps.marts import DuckMarts
from flows.steps.previous import Previous
from flows.steps.result import EVIDENCE_SCHEMA, FINDINGS_SCHEMA, FLOWS_SCHEMA, MONEY, yuan
from models.finding import Finding
from models.followup import Followed, Verdict, follow
from models.typologies.base import Context, Registered

CONTEXT = "context"


def evidence_frame(findings: Iterable[Finding], marts: DuckMarts) -> pl.DataFrame:
    """Name every evidence row down to the file and record it stands in.

    Parameters
    ----------
    findings : iterable of Finding
    marts : DuckMarts
        Reads ``mart_line``, of the lines named only.

    Returns
    -------
    polars.DataFrame
        `EVIDENCE_SCHEMA`, sorted by finding, role, account, time, line.
    """
    parts = [f.evidence.select(pl.lit(f.finding_key).alias("finding_key"), pl.all()) for f in findings]
    if not parts:
        return pl.DataFrame(schema=EVIDENCE_SCHEMA)
    rows = pl.concat(parts)
    named = (
        "line_no",
        "line_id",
        "account_no",
        "booked_at",
        "has_time",
        "direction",
        "amount_fen",
        "counterparty_account",
    )
    lines = marts.lines(
        rows["line_no"],
        (*named, "counterparty_name", "remark", "source_file", "source_sha256", "source_record"),
    )
    of_lines = rows.filter(pl.col("line_no").is_not_null()).join(lines, on="line_no", how="left")
    # A register row is named by register and key alone: account and file stay empty, so that no
    # reader takes it for a statement line.
    of_registers = rows.filter(pl.col("line_no").is_null())
    return (
        pl.concat([of_lines, of_registers], how="diagonal_relaxed")
        .with_columns(
            yuan(pl.col("amount_fen")).alias("amount"), yuan(pl.col("attributed_fen")).alias("attributed")
        )
        .pipe(_conform, EVIDENCE_SCHEMA)
        .sort(_EVIDENCE_ORDER, nulls_last=True)
    )


_EVIDENCE_ORDER = ["finding_key", "role", "account_no", "booked_at", "line_id", "register", "key"]


def _conform(frame: pl.DataFrame, schema: Mapping[str, pl.DataType | type[pl.DataType]]) -> pl.DataFrame:
    """Bring a frame to a schema: its columns, order and types; missing ones null."""
    return frame.select(
        (pl.col(c) if c in frame.columns else pl.lit(None)).cast(t).alias(c) for c, t in schema.items()
    )


def evidence_digests(evidence: pl.DataFrame) -> dict[str, str]:
    """Digest each finding's claimed evidence: what a verdict judged.

    File names play no part, so a renamed or newly packed delivery is the same evidence.
    """
    text = pl.concat_str(
        [
            pl.col(c).cast(pl.String).fill_null("")
            for c in ("role", "line_id", "register", "key", "attributed")
        ],
        separator="\x1f",
    )
    joined = (
        evidence.filter(pl.col("role") != CONTEXT)
        .select("finding_key", text.alias("text"))
        .group_by("finding_key")
        .agg(pl.col("text").sort().str.join("\x1e"))
    )
    return {key: hashlib.sha256(value.encode()).hexdigest() for key, value in joined.iter_rows()}


def verdicts(marts: DuckMarts) -> dict[str, Verdict]:
    """Latest verdict on each finding key, as seen on the warehouse's day."""
    if not marts.has("mart_verdict"):
        return {}
    rows = marts.table("mart_verdict", ("finding_key", "verdict", "decided_on", "note")).sort(
        "finding_key", "decided_on", "verdict"
    )
    return {key: Verdict(verdict, day, note or "") for key, verdict, day, note in rows.iter_rows()}


def findings_frames(
    week: str,
    found: Iterable[Finding],
    registered: Mapping[str, Registered],
    marts: DuckMarts,
    previous: Previous | None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Make findings and evidence of a week, those that went away included.

    Parameters
    ----------
    week : str
    found : iterable of Finding
    registered : mapping
        Typologies by code, for titles, clauses and citations.
    marts : DuckMarts
    previous : Previous or None
        The last week exported before this one.

    Returns
    -------
    findings, evidence : polars.DataFrame
        `FINDINGS_SCHEMA` sorted by institution, severity downwards, typology, key; and
        `EVIDENCE_SCHEMA`.
    """
    found = list(found)
    evidence = evidence_frame(found, marts)
    digests = evidence_digests(evidence)
    known = previous.known() if previous else {}
    decided = verdicts(marts)
    rows = []
    for f in found:
        key = f.finding_key
        digest = digests.get(key, hashlib.sha256(b"").hexdigest())
        place = follow(f.amount_fen, f.severity, f.last_on, digest, known.get(key), decided.get(key))
        before = known.get(key)
        rows.append(
            _row(week, f, registered[f.typology], place)
            | {
                "evidence_sha256": digest,
                "first_week": before.first_week if before and before.state != "gone" else week,
                "previous_fen": before.amount_fen if before else None,
            }
        )
    frame = _from_rows(rows)
    if previous is not None:
        gone, gone_evidence = previous.gone({f.finding_key for f in found}, week)
        frame = pl.concat([frame, _conform(gone, FINDINGS_SCHEMA)])
        evidence = pl.concat([evidence, _conform(gone_evidence, EVIDENCE_SCHEMA)]).sort(
            _EVIDENCE_ORDER, nulls_last=True
        )
    order = ["institution_id", "severity", "typology", "finding_key"]
    return frame.sort(order, descending=[False, True, False, False]), evidence


def _row(week: str, f: Finding, entry: Registered, place: Followed) -> dict[str, object]:
    meta = entry.meta
    return {
        "week": week,
        "finding_key": f.finding_key,
        "institution_id": f.institution_id,
        "typology": f.typology,
        "clause": meta.clause,
        "severity": f.severity,
        "confidence": round(f.confidence, 4),
        "amount_fen": f.amount_fen,
        "first_on": f.first_on,
        "last_on": f.last_on,
        "accounts": ";".join(sorted(f.accounts)),
        "explanation": f.explanation_zh,
        "state": place.state,
        "explanation_en": f.explanation_en,
        "title": meta.title_zh,
        "subject": f.subject,
        "clients": f.clients,
        "gross_fen": f.bases.gross_taken,
        "net_fen": f.bases.net_unrepaid,
        "peak_fen": f.bases.peak_diverted,
        "income_fen": f.bases.income,
        "low_fen": f.amount_low_fen,
        "high_fen": f.amount_high_fen,
        "holds_under": ";".join(f.holds_under),
        "benign_tested": "\n".join(zh for zh, _ in f.benign),
        "benign_tested_en": "\n".join(en for _, en in f.benign),
        "citations": ";".join(meta.citations),
        "verdict": place.verdict,
        "standing": place.standing,
    }


_FEN = {
    "amount": "amount_fen",
    "gross_taken": "gross_fen",
    "net_unrepaid": "net_fen",
    "peak_diverted": "peak_fen",
    "income": "income_fen",
    "amount_low": "low_fen",
    "amount_high": "high_fen",
    "previous_amount": "previous_fen",
}


def _from_rows(rows: list[dict[str, object]]) -> pl.DataFrame:
    types: dict[str, pl.DataType | type[pl.DataType]] = {
        _FEN.get(c, c): pl.Int64 if t == MONEY else t for c, t in FINDINGS_SCHEMA.items()
    }
    frame = pl.DataFrame(rows, schema=types)
    return _conform(
        frame.with_columns(yuan(pl.col(fen)).alias(c) for c, fen in _FEN.items()), FINDINGS_SCHEMA
    )


def flows_frame(marts: DuckMarts) -> pl.DataFrame:
    """Sources and uses of clients' money by institution, side and class, in yuan."""
    return (
        marts.table("mart_flow", ("institution_id", "side", "class", "amount_fen"))
        .with_columns(yuan(pl.col("amount_fen")).alias("amount"))
        .pipe(_conform, FLOWS_SCHEMA)
        .sort("institution_id", "side", "class")
    )


def unusual_frame(findings: pl.DataFrame, marts: DuckMarts, as_of: dt.date) -> pl.DataFrame:
    """Return whose week stands out, of institutions without a standing finding (`models.anomaly.UNUSUAL`).

    Earlier weeks stood in those weeks' exports.
    """
    from models.anomaly import unusual  # its learners take a second to load, which an idle run need not pay

    broken = frozenset(findings.filter(pl.col("standing"))["institution_id"].to_list())
    found = unusual(Context(marts, as_of), broken=broken, week_end=as_of)
    return found.with_columns(pl.col("score", "p_value").round(6))
