"""unusual.csv: institution-weeks that stand out though no rule is broken, with what makes them so.

They are leads to look at, no findings: they carry no clause and no amount and count in no score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from flows.steps.exports import _labels as zh
from flows.steps.exports._tables import write_csv
from flows.steps.result import WeekResult

SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "week": pl.String,
    "institution_id": pl.String,
    "name": pl.String,
    "week_end": pl.Date,
    "score": pl.Float64,
    "p_value": pl.Float64,
    "reasons": pl.String,
    "reasons_en": pl.String,
}
"""Grain: institution, most unusual first; `week_end` is the Sunday of `week`. `score` 0–1; `p_value` the share
of institution-weeks known by then that are at least as unusual. A reason's number is its deviation from the sector's median
in robust spreads."""


def told(reasons: Sequence[Mapping[str, Any]], *, chinese: bool) -> str:
    """Write the reasons of one row, weightiest first; those that add nothing are left out."""
    return (";" if chinese else "; ").join(
        f"{zh.UNUSUAL.get(r['feature'], r['meaning']) if chinese else r['meaning']} {r['deviation']:+.1f}"
        for r in reasons
        if r["contribution"] > 0
    )


def frame(result: WeekResult) -> pl.DataFrame:
    """Rows of the export."""
    names = {r.institution_id: r.name for r in result.ranked}
    rows = [
        (
            result.week,
            u["institution_id"],
            names.get(u["institution_id"]),
            u["week_end"],
            u["score"],
            u["p_value"],
            told(u["reasons"], chinese=True),
            told(u["reasons"], chinese=False),
        )
        for u in result.unusual.iter_rows(named=True)
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def write(result: WeekResult, folder: Path) -> None:
    """Write one CSV."""
    write_csv(frame(result), folder / "unusual.csv")
