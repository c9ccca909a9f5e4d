"""What the rows of registers say that a dossier names as evidence: a key alone tells an analyst nothing."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl

from models.marts import Marts, reader


@dataclass(frozen=True, slots=True)
class Said:
    """A row of a register as delivered: its day, amount in fen, other party and text, and where it stands."""

    on: dt.date | None
    amount_fen: int | None
    other: str | None
    text: str | None
    source_file: str
    source_record: int


SHOWN: dict[str, tuple[str, str, str, str | None, str | None, str]] = {
    "subscriptions": (
        "mart_subscription",
        "subscription_id",
        "subscribed_on",
        "amount_fen",
        "investor_name",
        "product_id",
    ),
    "projects": (
        "mart_project",
        "project_id",
        "started_on",
        "principal_fen",
        "borrower_name",
        "purpose",
    ),
    "products": ("mart_product", "product_id", "issued_on", "raised_amount_fen", None, "name"),
    "advertisements": ("mart_advertisement", "ad_id", "published_on", None, "advertiser", "text"),
    "tips": ("mart_tip", "tip_id", "received_on", None, None, "text"),
    "institutions": ("mart_institution", "institution_id", "registered_on", None, "name", "business_scope"),
}
"""Register -> relation, its key, and the columns that say when, how much, with whom and what; other registers' keys
(institution and day, say) speak for themselves."""


def said(marts: Marts, evidence: pl.DataFrame, most: int) -> dict[tuple[str, str], Said]:
    """Look up the register rows that findings show.

    Parameters
    ----------
    marts : Marts
        Reads the relations of `SHOWN`, of the rows named only.
    evidence : polars.DataFrame
        ``finding_key``, ``role``, ``register``, ``key``.
    most : int
        Rows shown of a finding, those for context last.

    Returns
    -------
    dict
        By register and key.
    """
    shown = (
        evidence.filter(pl.col("register").is_in(list(SHOWN)))
        .sort("finding_key", pl.col("role") == "context", maintain_order=True)
        .group_by("finding_key", maintain_order=True)
        .head(most)
    )
    found: dict[tuple[str, str], Said] = {}
    for (register,), part in shown.partition_by("register", as_dict=True).items():
        relation, key, *columns = SHOWN[str(register)]
        wanted = [key, *(c for c in columns if c), "source_file", "source_record"]
        asked = {"asked": part.select("key").unique().sort("key")}
        rows = reader(marts).rows(relation, wanted, f'"{key}" in (select key from asked)', asked)
        for row in rows.iter_rows(named=True):
            on, amount, other, text = (row[c] if c else None for c in columns)
            place = Said(on, amount, other, text, row["source_file"], row["source_record"])
            found.setdefault((str(register), row[key]), place)
    return found
