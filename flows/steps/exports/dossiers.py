"""dossiers/ID.html: one file for each institution (一户一档), readable with no network.

It says in a minute what happened to whose money, then opens every figure to its parts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from itertools import zip_longest
from pathlib import Path
from typing import Any

import polars as pl

from flows.steps.exports import _labels as zh
from flows.steps.exports._pages import cited, environment, fen, file_name, money, row
from flows.steps.exports._registers import said
from flows.steps.exports.unusual import told
from flows.steps.result import Ranked, WeekResult, points_text

COLOURS = {
    "project": "#2e7d4f", "same_client": "#5b9bd5", "other_client": "#b3261e", "own": "#c2600c",
    "related": "#8e244d", "securities": "#7b4fa3", "real_estate": "#a3582c", "product": "#4d6fa9",
    "fee": "#8a8f98", "bank": "#aab2bd", "held": "#3f8f8f", "unknown": "#1c2330",
}  # fmt: skip


def write(result: WeekResult, folder: Path) -> None:
    """Write one page an institution."""
    target = folder / "dossiers"
    target.mkdir(exist_ok=True)
    template = environment().get_template("dossier.html.j2")
    parts = _Parts(result)
    for r in result.ranked:
        page = template.render(week=result.week, as_of=result.as_of.isoformat(), **parts.of(r))
        (target / file_name(r.institution_id)).write_text(page, encoding="utf-8", newline="\n")


def _when(at: dt.datetime | None, has_time: bool | None) -> str:
    """A booking as its bank told it: day and minute, or the day alone."""
    if at is None:
        return ""
    return f"{at:%Y-%m-%d %H:%M}" if has_time else f"{at:%Y-%m-%d}"


def _paired(chinese: str | None, english: str | None) -> list[tuple[str, str]]:
    """Benign explanations side by side; a week exported before there were two languages has one."""
    both = zip_longest((chinese or "").split("\n"), (english or "").split("\n"), fillvalue="")
    return [pair for pair in both if any(pair)]


def _split(frame: pl.DataFrame, by: str) -> dict[Any, pl.DataFrame]:
    return {key[0]: part for key, part in frame.partition_by(by, as_dict=True, maintain_order=True).items()}


class _Parts:
    """The week's frames cut by institution once, so that a page costs no search."""

    def __init__(self, result: WeekResult) -> None:
        self.result = result
        marts = result.marts
        self.findings = _split(result.findings, "institution_id")
        self.evidence = _split(result.evidence, "finding_key")
        self.said = said(marts, result.evidence, result.dossier_rows)
        self.flows = _split(result.flows, "institution_id")
        self.tips = _split(
            marts.table("mart_tip").sort("received_on", "tip_id", descending=[True, False]), "institution_id"
        )
        self.masters = {m["institution_id"]: m for m in marts.table("mart_institution").iter_rows(named=True)}
        accounts = marts.table("mart_account").select(
            "account_id",
            "account_no",
            "holder_name",
            "bank_name",
            "lines",
            "in_fen",
            "out_fen",
            "first_on",
            "last_on",
        )
        self.accounts = _split(
            marts.table("mart_controlled_account")
            .join(accounts, on="account_id")
            .sort("institution_id", "account_type", "account_no"),
            "institution_id",
        )
        self.unusual = _split(result.unusual, "institution_id")
        holders = marts.table("mart_holder").select("holder_id", "name")
        self.relations = _split(
            marts.table("mart_relation")
            .select("institution_id", "holder_id", "role", "distance", "path")
            .join(holders, on="holder_id")
            .unique()
            .sort("institution_id", "distance", "role", "name", "path"),
            "institution_id",
        )

    def of(self, r: Ranked) -> dict[str, Any]:
        """Everything one page shows."""
        i = r.institution_id
        frame = self.findings.get(i)
        weight = {c.finding_key: k for k, c in enumerate(r.contributions)}
        rows = list(frame.iter_rows(named=True)) if frame is not None else []
        rows.sort(key=lambda f: (not f["standing"], weight.get(f["finding_key"], 10**6), f["finding_key"]))
        findings = [self._finding(f) for f in rows]
        return {
            "r": row(self.result, r),
            "gist": self._gist(r),
            "top": [f for f in findings if f["standing"]][:3],
            "contributions": self._contributions(r),
            "findings": findings,
            "flows": self._flows(i),
            "accounts": self._accounts(i),
            "relations": self._relations(i),
            "tips": self._tips(i),
            "unusual": self._unusual(i),
            "registered": self._registered(i),
        }

    def _gist(self, r: Ranked) -> str:
        if not r.findings:
            return f"本周未发现该机构的异常;其客户资金净流入(据流水){fen(r.exposure.client_money_fen)} 元。"
        who = f"涉及客户 {r.clients:,} 人,客户资金净流入(据流水){fen(r.exposure.client_money_fen)} 元"
        at_issue = f"单项最大金额 {fen(r.amount_fen)} 元," if r.amount_fen else ""
        return (
            f"本周共有 {r.findings} 项发现,{at_issue}{who};风险分 {points_text(r.points)},"
            f"建议{zh.TIERS[r.decision.tier]}" + (",并须立即报告。" if r.report_immediately else "。")
        )

    def _contributions(self, r: Ranked) -> list[dict[str, Any]]:
        titles = {code: t.title_zh for code, t in self.result.typologies.items()}
        most = max((c.points for c in r.contributions), default=1) or 1
        return [
            {
                "label": titles.get(c.code, zh.EXPOSURES.get(c.code, c.code)),
                "kind": "发现" if c.kind == "finding" else "公众敞口",
                "key": c.finding_key,
                "points": points_text(c.points),
                "bar": f"{100 * c.points / most:.1f}",
                "colour": "#1f3864" if c.kind == "finding" else "#7f93b8",
            }
            for c in r.contributions
        ]

    def _finding(self, f: Mapping[str, Any]) -> dict[str, Any]:
        meta = self.result.typologies.get(f["typology"])
        evidence = self.evidence.get(f["finding_key"])
        shown, total = self._rows(evidence)
        days = [d.isoformat() for d in (f["first_on"], f["last_on"]) if d is not None]
        return {
            "key": f["finding_key"],
            "title": f["title"] or f["typology"],
            "typology": f["typology"],
            "standing": f["standing"],
            "state": zh.STATES[f["state"]],
            "badge": {"new": "urgent", "worse": "refer_to_police", "better": "watch"}.get(
                f["state"], "clear"
            ),
            "verdict": zh.VERDICTS.get(f["verdict"] or "", f["verdict"]),
            "clause": f["clause"],
            "severity": f["severity"],
            "confidence": f"{f['confidence']:.2f}",
            "period": " 至 ".join(dict.fromkeys(days)) or "无资金日期",
            "first_week": f["first_week"],
            "accounts": (f["accounts"] or "").replace(";", "、"),
            "explanation": f["explanation"],
            "explanation_en": f["explanation_en"],
            "amount": money(f["amount"]) if f["amount"] else "—",
            "low": money(f["amount_low"]),
            "high": money(f["amount_high"]),
            "before": money(f["previous_amount"]) if f["state"] in ("worse", "better", "gone") else "",
            "bases": [(label, money(f[name])) for name, label in zh.BASES.items()],
            "methods": "、".join(zh.METHODS.get(m, m) for m in (f["holds_under"] or "").split(";") if m),
            "benign": _paired(f["benign_tested"], f["benign_tested_en"]),
            "citations": [cited(key) for key in (f["citations"] or "").split(";") if key],
            "runbook": meta.runbook if meta else "",
            "rows": shown,
            "total_rows": total,
            "hidden": total - len(shown),
        }

    def _rows(self, evidence: pl.DataFrame | None) -> tuple[list[dict[str, Any]], int]:
        """The largest rows of a finding, shown in order of time."""
        if evidence is None:
            return [], 0
        shown = (
            evidence.with_row_index("n")
            .sort(
                pl.col("role") == "context",
                "attributed",
                "n",
                descending=[False, True, False],
                nulls_last=True,
            )
            .head(self.result.dossier_rows)
            .sort("booked_at", "n", nulls_last=True)
        )
        return [self._line(e) for e in shown.iter_rows(named=True)], evidence.height

    def _line(self, e: Mapping[str, Any]) -> dict[str, Any]:
        """A statement line, or a row of a register with what it says."""
        shown = {
            "role": zh.ROLES.get(e["role"], e["role"]),
            "when": _when(e["booked_at"], e["has_time"]),
            "account": e["account_no"] or "",
            "direction": {"in": "收", "out": "付"}.get(e["direction"] or "", ""),
            "amount": money(e["amount"]),
            "attributed": money(e["attributed"]),
            "other": " ".join(v for v in (e["counterparty_name"], e["counterparty_account"]) if v),
            "remark": e["remark"] or "",
            "source": f"{e['source_file']} 第{e['source_record']}条",
        }
        if e["register"] is None:
            return shown
        shown["source"] = f"登记表 {e['register']}:{e['key']}"
        row = self.said.get((e["register"], e["key"]))
        if row is None:
            return shown
        return shown | {
            "when": row.on.isoformat() if row.on else "",
            "amount": "" if row.amount_fen is None else fen(row.amount_fen),
            "other": row.other or "",
            "remark": row.text or "",
            "source": f"{shown['source']} {row.source_file} 第{row.source_record}条",
        }

    def _flows(self, i: str) -> list[dict[str, Any]]:
        frame = self.flows.get(i)
        if frame is None:
            return []
        sides = []
        for side in ("use", "source"):
            part = frame.filter(pl.col("side") == side).sort("amount", "class", descending=[True, False])
            rows = [(name, Decimal(amount)) for name, amount in part.select("class", "amount").iter_rows()]
            total = sum((amount for _, amount in rows), Decimal(0))
            if not total:
                continue
            most = max(amount for _, amount in rows)
            sides.append(
                {
                    "title": zh.SIDES[side],
                    "total": money(total),
                    "rows": [
                        {
                            "label": zh.CLASSES.get(name, name),
                            "amount": money(amount),
                            "share": f"{100 * amount / total:.1f}%",
                            "bar": f"{100 * amount / most:.1f}",
                            "colour": COLOURS.get(name, "#888888"),
                        }
                        for name, amount in rows
                    ],
                }
            )
        return sides

    def _accounts(self, i: str) -> list[dict[str, Any]]:
        frame = self.accounts.get(i)
        return (
            []
            if frame is None
            else [
                {
                    "no": a["account_no"],
                    "type": zh.ACCOUNT_TYPES.get(a["account_type"] or "", a["account_type"] or ""),
                    "basis": {"register": "登记", "flows": "由资金往来推断"}.get(a["basis"], a["basis"]),
                    "holder": a["holder_name"] or "",
                    "bank": a["bank_name"] or "",
                    "lines": f"{a['lines'] or 0:,}",
                    "came": fen(a["in_fen"] or 0),
                    "went": fen(a["out_fen"] or 0),
                    "period": " 至 ".join(d.isoformat() for d in (a["first_on"], a["last_on"]) if d),
                }
                for a in frame.iter_rows(named=True)
            ]
        )

    def _relations(self, i: str) -> list[dict[str, Any]]:
        frame = self.relations.get(i)
        return (
            []
            if frame is None
            else [
                {
                    "name": p["name"],
                    "role": zh.RELATIONS.get(p["role"], p["role"]),
                    "distance": p["distance"],
                    "path": p["path"],
                }
                for p in frame.iter_rows(named=True)
            ]
        )

    def _tips(self, i: str) -> list[dict[str, Any]]:
        frame = self.tips.get(i)
        return (
            []
            if frame is None
            else [
                {"on": t["received_on"].isoformat(), "channel": t["channel"] or "", "text": t["text"] or ""}
                for t in frame.iter_rows(named=True)
            ]
        )

    def _unusual(self, i: str) -> list[dict[str, str]]:
        frame = self.unusual.get(i)
        return (
            []
            if frame is None
            else [
                {
                    "week_end": u["week_end"].isoformat(),
                    "share": f"{100 * u['p_value']:.2f}%",
                    "reasons": told(u["reasons"], chinese=True),
                    "reasons_en": told(u["reasons"], chinese=False),
                }
                for u in frame.sort("week_end", descending=True).iter_rows(named=True)
            ]
        )

    def _registered(self, i: str) -> list[tuple[str, str]]:
        m = self.masters.get(i)
        if m is None:
            return [("登记情况", "任何登记表中均无此机构;由资金往来发现,编号为其收款最多的账号")]
        labels = {
            "institution_id": "机构编号", "name": "名称", "uscc": "统一社会信用代码", "licence_no": "许可证号",
            "licence_scope": "许可范围", "business_scope": "经营范围", "district": "注册地",
            "registered_on": "注册日期", "registered_capital": "注册资本(元)", "group_id": "所属集团",
        }  # fmt: skip
        return [
            (label, money(m[c]) if c == "registered_capital" else str(m[c]))
            for c, label in labels.items()
            if m.get(c) is not None
        ]
