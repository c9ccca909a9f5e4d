"""Shared by the pages: the template environment, and how figures are written."""

from __future__ import annotations

import re
import tomllib
from decimal import Decimal
from functools import cache
from importlib.resources import files
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from flows.steps.exports import _labels as zh
from flows.steps.result import Ranked, WeekResult, points_text

SHOWN_REASONS = 4
"""Reasons the ranking page names; the dossier names all."""

_SAFE = re.compile(r"[0-9A-Za-z_\-.\u4e00-\u9fff]+")


def environment() -> Environment:
    """Templates of this package; every delivered text is escaped, a missing name is an error."""
    env = Environment(
        loader=PackageLoader("flows.steps.exports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters["thousands"] = lambda n: f"{n:,}"
    return env


def money(value: Decimal | int | None) -> str:
    """Write yuan with thousands separators and two decimals; empty for null."""
    return "" if value is None else f"{Decimal(value):,.2f}"


def fen(value: int) -> str:
    """Write fen as yuan."""
    return money(Decimal(value).scaleb(-2))


def file_name(institution_id: str) -> str:
    """Name of an institution's dossier.

    An id that could leave the folder or trouble a file system is written percent-encoded.
    """
    if _SAFE.fullmatch(institution_id) and not institution_id.startswith("."):
        return f"{institution_id}.html"
    coded = quote(institution_id, safe="").replace("~", "%7E").replace("%", "_")
    return f"_2E{coded[1:]}.html" if coded.startswith(".") else f"{coded}.html"


def row(result: WeekResult, r: Ranked) -> dict[str, object]:
    """One institution's figures as both pages show them."""
    titles = {code: t.title_zh for code, t in result.typologies.items()}
    return {
        "id": r.institution_id,
        "href": quote(file_name(r.institution_id)),
        "name": r.name,
        "rank": r.rank,
        "previous": "" if r.previous_rank is None else r.previous_rank,
        "score": points_text(r.points),
        "bar": f"{r.points * 70 / 10_000:.1f}",
        "tier": r.decision.tier,
        "tier_zh": zh.TIERS[r.decision.tier],
        "tier_reason": _with_titles(r.decision.reason_zh, titles),
        "urgent": r.report_immediately,
        "reasons": "、".join(titles.get(code, code) for code in r.reasons[:SHOWN_REASONS])
        + (f" 等{len(r.reasons)}项" if len(r.reasons) > SHOWN_REASONS else ""),
        "amount": fen(r.amount_fen) if r.amount_fen else "",
        "clients": f"{r.clients:,}" if r.clients else "",
        "sector": zh.SECTORS.get(r.sector, r.sector),
        "licence": zh.LICENCES.get(r.licence_status, r.licence_status),
        "district": r.district,
        "lead": r.lead_agency,
        "client_money": fen(r.exposure.client_money_fen),
        "learned": "" if r.learned_points is None else points_text(r.learned_points),
        "rule": points_text(r.rule_points),
    }


def _with_titles(text: str, titles: dict[str, str]) -> str:
    """Replace codes by titles, longest code first so that none is cut."""
    for code in sorted(titles, key=lambda c: (-len(c), c)):
        text = text.replace(code, titles[code])
    return text


@cache
def _regulations() -> dict[str, dict[str, object]]:
    return tomllib.loads(files("models").joinpath("regulations.toml").read_text("utf-8"))


def cited(key: str) -> str:
    """Name a rule as an office cites it: instrument, number, article."""
    rule = _regulations().get(key)
    if rule is None:
        return key
    article = f"第{str(rule['article']).replace(', ', '、')}条" if rule.get("article") else ""
    return f"《{rule.get('instrument', key)}》({rule.get('number', '')}){article}"
