"""Unusual weeks in the exports: shown with their reasons, harmless in a spreadsheet, apart from findings."""

from __future__ import annotations

import csv
import datetime as dt
from types import SimpleNamespace

import polars as pl

from flows.steps import frames
from flows.steps.exports import _labels, unusual
from flows.steps.result import FINDINGS_SCHEMA
from models import anomaly

SUNDAY = dt.date(2016, 7, 3)


def _reason(feature: str, contribution: float) -> dict[str, object]:
    return {
        "feature": feature,
        "meaning": anomaly.FEATURES[feature],
        "deviation": 4.26,
        "contribution": contribution,
    }


def _result() -> SimpleNamespace:
    row = (
        "A2",
        SUNDAY,
        0.991,
        0.002,
        [_reason("top_payer", 0.05), _reason("even", 0.01), _reason("growth", 0.0)],
    )
    found = pl.DataFrame([row], schema=anomaly.UNUSUAL, orient="row")
    ranked = (SimpleNamespace(institution_id="A2", name="=1+1"),)
    return SimpleNamespace(week="2016-W26", ranked=ranked, unusual=found)


def test_a_row_tells_its_reasons_and_a_hostile_name_does_not_run(tmp_path):
    unusual.write(_result(), tmp_path)
    with (tmp_path / "unusual.csv").open(encoding="utf-8", newline="") as handle:
        (row,) = csv.DictReader(handle)
    assert row["name"] == "'=1+1"
    assert row["week_end"] == "2016-07-03"
    assert row["reasons"] == "最大付款人占比 +4.3;同额付款占比 +4.3"
    assert row["reasons_en"].startswith("share of the largest payer +4.3; ")
    assert "growth" not in row["reasons_en"]


def test_every_feature_has_a_chinese_label():
    assert set(_labels.UNUSUAL) == set(anomaly.FEATURES)


def test_only_standing_findings_keep_an_institution_out(monkeypatch):
    asked = {}

    def seen(ctx, *, broken, week_end):
        asked.update(broken=broken, week_end=week_end)
        return pl.DataFrame(schema=anomaly.UNUSUAL)

    monkeypatch.setattr(anomaly, "unusual", seen)
    findings = pl.DataFrame(
        {"institution_id": ["A1", "A2"], "standing": [True, False]},
        schema={c: FINDINGS_SCHEMA[c] for c in ("institution_id", "standing")},
    )
    assert frames.unusual_frame(findings, SimpleNamespace(), SUNDAY).is_empty()
    assert asked == {"broken": {"A1"}, "week_end": SUNDAY}
