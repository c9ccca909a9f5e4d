"""What a typology returns: a finding, its evidence and its amounts.

A scored result is a value together with its explanation (as in nomenklatura's
``matching/types.py``): no finding exists without a reason in two languages, an amount
basis and evidence rows.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass, field

import polars as pl

EVIDENCE_SCHEMA: dict[str, pl.DataType] = {
    "role": pl.String(),
    "line_no": pl.Int64(),
    "register": pl.String(),
    "key": pl.String(),
    "attributed_fen": pl.Int64(),
}
"""Grain: one statement line (``line_no``) or one register row (``register`` + ``key``, the key
columns joined with ``|`` in the contract's order) that makes up a finding. ``attributed_fen`` is
the part of the line that counts, in fen; null for a register row. ``role`` is a short
snake_case word saying what the row does (``client_deposit``, ``payout``, ``own_cost`` …);
``context`` marks a row that is shown but not claimed."""


@dataclass(frozen=True, slots=True)
class AmountBases:
    """The four bases every finding reports, in fen (三(三): never one alone).

    Attributes
    ----------
    gross_taken : int
        Money taken in, repaid or not.
    net_unrepaid : int
        Taken in and not paid back by the end of the week.
    peak_diverted : int
        Largest amount away from its purpose on any one day.
    income : int
        What the firm made from it (fees, interest, margin).
    """

    gross_taken: int = 0
    net_unrepaid: int = 0
    peak_diverted: int = 0
    income: int = 0


@dataclass(slots=True)
class Finding:
    """One finding of one typology about one institution.

    Attributes
    ----------
    institution_id : str
        A registered id, or ``U-`` and the account number that took in most.
    typology : str
        Code of the catalogue.
    subject : str
        What distinguishes this finding from another of the same typology and institution
        (an account number, a product id …), stable from week to week; ``""`` when the
        typology yields at most one finding an institution. Findings of one typology and
        institution never overlap in amount. Prefer one finding an institution.
    amount_fen : int
        The figure the catalogue's row names, in fen; 0 where the row names none.
    severity : int
        1 (weak sign) to 5 (crime suspected).
    confidence : float
        0 to 1; the typology's docstring says how it was obtained.
    first_on, last_on : date or None
        First and last booking date of the flows that count.
    explanation_zh, explanation_en : str
        Plain sentences with the figures in them.
    evidence : polars.DataFrame
        Schema `EVIDENCE_SCHEMA`; never empty.
    accounts : tuple of str
        The controlled accounts concerned, sorted.
    clients : int
        Number of clients affected (0 when not said).
    bases : AmountBases
        The four amount bases.
    amount_low_fen, amount_high_fen : int or None
        Range over tracing methods and same-day orders; None when the amount is not traced.
    holds_under : tuple of str
        Tracing methods under which the finding holds; empty when tracing plays no part.
    benign : tuple of (str, str)
        The benign explanations that were tested and why each was rejected, each in Chinese and in English.
    """

    institution_id: str
    typology: str
    amount_fen: int
    severity: int
    confidence: float
    first_on: dt.date | None
    last_on: dt.date | None
    explanation_zh: str
    explanation_en: str
    evidence: pl.DataFrame
    subject: str = ""
    accounts: tuple[str, ...] = ()
    clients: int = 0
    bases: AmountBases = field(default_factory=AmountBases)
    amount_low_fen: int | None = None
    amount_high_fen: int | None = None
    holds_under: tuple[str, ...] = ()
    benign: tuple[tuple[str, str], ...] = ()

    @property
    def finding_key(self) -> str:
        """Key that stays the same from week to week: 16 hex digits of a SHA-256."""
        text = "\x1f".join((self.institution_id, self.typology, self.subject))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def evidence(
    role: str,
    lines: pl.DataFrame | None = None,
    *,
    register: str | None = None,
    keys: list[str] | None = None,
) -> pl.DataFrame:
    """Build evidence rows of one role.

    Parameters
    ----------
    role : str
        What these rows do in the finding.
    lines : polars.DataFrame, optional
        Must hold ``line_no``; ``attributed_fen`` where only a part of the line counts,
        otherwise ``amount_fen`` is taken whole.
    register, keys : optional
        Register name and the keys of its rows.

    Returns
    -------
    polars.DataFrame
        Schema `EVIDENCE_SCHEMA`, sorted, each line once (parts added up).
    """
    frames = []
    if lines is not None and lines.height:
        part = pl.col("attributed_fen") if "attributed_fen" in lines.columns else pl.col("amount_fen")
        frames.append(
            lines.group_by("line_no")
            .agg(part.sum().cast(pl.Int64).alias("attributed_fen"))
            .sort("line_no")
            .select(
                pl.lit(role).alias("role"),
                pl.col("line_no").cast(pl.Int64),
                pl.lit(None, pl.String).alias("register"),
                pl.lit(None, pl.String).alias("key"),
                "attributed_fen",
            )
        )
    if register is not None and keys:
        unique = sorted(set(keys))
        frames.append(
            pl.DataFrame(
                {
                    "role": [role] * len(unique),
                    "line_no": [None] * len(unique),
                    "register": [register] * len(unique),
                    "key": unique,
                    "attributed_fen": [None] * len(unique),
                },
                schema=EVIDENCE_SCHEMA,
            )
        )
    return pl.concat(frames) if frames else pl.DataFrame(schema=EVIDENCE_SCHEMA)
