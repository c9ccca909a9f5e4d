"""index.html: the week's ranking as a page that leads to the dossiers."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from flows.steps.exports import _labels as zh
from flows.steps.exports._pages import environment, row
from flows.steps.result import WeekResult
from models.ranking_tiers import TIERS


def write(result: WeekResult, folder: Path) -> None:
    """Write the page."""
    counts = Counter(r.decision.tier for r in result.ranked)
    page = (
        environment()
        .get_template("index.html.j2")
        .render(
            week=result.week,
            as_of=result.as_of.isoformat(),
            tiers=[(t, f"{zh.TIERS[t]} {t}") for t in reversed(TIERS)],
            counts={t: counts.get(t, 0) for t in TIERS},
            urgent=sum(r.report_immediately for r in result.ranked),
            findings=int(result.findings["standing"].sum()) if result.findings.height else 0,
            files=result.ingest.height,
            accepted=int(result.ingest["rows_accepted"].sum() or 0),
            quarantined=int(result.ingest["rows_quarantined"].sum() or 0),
            rows=[row(result, r) for r in result.ranked],
        )
    )
    (folder / "index.html").write_text(page, encoding="utf-8", newline="\n")
