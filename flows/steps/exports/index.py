"""index.html: the week's ranking as a page that leads to the dossiers."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from flows.steps.exports import _labels as zh
from flows.steps.exports._pages import environment, row
from flows.steps.result import WeekResult
from models.marts import Marts
from models.ranking_tiers import TIERS

NOT_DELIVERED = {
    "projects": ("项目登记", "借款人、放款与还款对象不明", "who borrows, is paid and repays is not known"),
    "product_projects": ("产品与项目对应关系", "按金额、日期推定", "told from sums and days"),
    "subscriptions": (
        "认购登记",
        "客户按其付款行为认定,产品归属不明",
        "clients are known by what they pay, not by product",
    ),
}
"""Registers without which much is a data gap: name in Chinese, and what it means for the findings."""


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
            gaps=[(zh_name, name, *said) for name, (zh_name, *said) in not_delivered(result.marts)],
            rows=[row(result, r) for r in result.ranked],
        )
    )
    (folder / "index.html").write_text(page, encoding="utf-8", newline="\n")


def not_delivered(marts: Marts) -> list[tuple[str, tuple[str, ...]]]:
    """Return the registers of `NOT_DELIVERED` of which nothing was delivered although products are registered."""
    products = marts.table("mart_product", ("subscriptions",))
    if products.is_empty():
        return []
    links = marts.table("mart_product_project", ("basis",))
    held = {
        "projects": not marts.table("mart_project", ("project_id",)).is_empty(),
        "product_projects": bool((links["basis"] == "register").any()),
        "subscriptions": int(products["subscriptions"].sum() or 0) > 0,
    }
    return [(name, said) for name, said in NOT_DELIVERED.items() if not held[name]]
