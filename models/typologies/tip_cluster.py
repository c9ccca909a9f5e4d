"""三(三): tips and complaints about one institution that agree with each other or with its findings.

Tips are read for themes of misconduct; complaints about service (software, messages, fees)
have none. Two tips agree when they share a group of themes within the window. One tip alone is
never a cluster; two tips on different matters are one only if findings speak for both.

Confidence: 0.6 for two agreeing tips, 0.75 for three, 0.85 for four or more, plus 0.1 when a
finding of this week speaks for the same matter (an ordering, not a calibrated probability).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from models.finding import Finding, evidence
from models.text.themes import STATES, SUPPORTS, groups
from models.typologies._common import shown_name, subject_of
from models.typologies.base import Context, Parameter, Typology

_ZH = {
    "payout": "兑付、提现困难",
    "false_projects": "资金池或虚假标的",
    "outside_custody": "资金未入存管",
    "solicitation": "高息或无证揽资",
    "advertising": "虚假宣传",
    "reserve": "备付金被占用",
}

TYPOLOGY = Typology(
    code="tip-cluster",
    title_zh="举报投诉集中",
    title_en="Tips that agree",
    clause="三(三)",
    citations=("plan-2016-90",),
    severity="2; 3 from four agreeing tips on, or when a finding speaks for the same matter.",
    runbook=(
        "1. Read the tips; leave the informants' identity out of everything that is passed on.\n"
        "2. Call back two informants: dates, amounts, accounts they paid to.\n"
        "3. Lay their payments beside the institution's statement lines.\n"
        "4. Answer the informants and note the reward rule if the case is confirmed."
    ),
    parameters=(
        Parameter(
            "window_days",
            60,
            "days",
            "calibrated",
            "Complaints about one event come in over some weeks; two months keep a slow trickle together.",
            "Longest time between tips of one cluster.",
        ),
        Parameter(
            "min_tips",
            2,
            "tips",
            "calibrated",
            "The catalogue calls one tip alone clean.",
            "Fewest agreeing tips.",
        ),
    ),
    after=tuple(sorted({c for codes in SUPPORTS.values() for c in codes})),
)


def detect(ctx: Context) -> Iterable[Finding]:
    """One finding an institution: its largest cluster of agreeing tips."""
    window = dt.timedelta(days=ctx.parameter(TYPOLOGY, "window_days"))
    least = int(ctx.parameter(TYPOLOGY, "min_tips"))
    spoken: dict[str, set[str]] = {}
    for code in TYPOLOGY.after:
        for f in ctx.findings.get(code, ()):
            spoken.setdefault(f.institution_id, set()).update(
                g for g, codes in SUPPORTS.items() if code in codes
            )
    tips: dict[str, list[tuple[dt.date, str, frozenset[str]]]] = {}
    table = ctx.table("mart_tip", ("tip_id", "institution_id", "institution_name", "received_on", "text"))
    for tip_id, iid, name, day, text in table.sort("tip_id").iter_rows():
        matter = groups(text or "") - STATES
        who = subject_of(ctx, iid, name, text)
        if who is not None and matter and day is not None:
            tips.setdefault(who, []).append((day, tip_id, matter))
    known = set(ctx.table("mart_institution", ("institution_id",))["institution_id"])
    for who, rows in sorted(tips.items()):
        supported = spoken.get(who, set())
        if who not in known and not supported:
            continue
        best: tuple[int, str, list[tuple[dt.date, str, frozenset[str]]]] | None = None
        for group in sorted({g for r in rows for g in r[2]}):
            same = sorted(r for r in rows if group in r[2])
            for start in same:
                inside = [r for r in same if start[0] <= r[0] <= start[0] + window]
                if len(inside) >= least and (best is None or len(inside) > best[0]):
                    best = (len(inside), group, inside)
        backed = sorted({r for r in rows if r[2] & supported})
        if best is None and len(backed) >= least:
            best = (len(backed), sorted({g for r in backed for g in r[2] & supported})[0], backed)
        if best is None:
            continue
        count, group, cluster = best
        spans = (min(r[0] for r in cluster), max(r[0] for r in cluster))
        finding = group in supported
        name = shown_name(ctx, who)
        yield Finding(
            institution_id=who,
            typology=TYPOLOGY.code,
            amount_fen=0,
            severity=3 if count >= 4 or finding else 2,
            confidence=min(0.95, {2: 0.6, 3: 0.75}.get(count, 0.85) + (0.1 if finding else 0.0)),
            first_on=spans[0],
            last_on=spans[1],
            explanation_zh=(
                f"{spans[0]}至{spans[1]}收到关于{name}的举报投诉{count}件,均指向{_ZH[group]}"
                + (",与本周资金流发现相互印证。" if finding else "。")
            ),
            explanation_en=(
                f"Between {spans[0]} and {spans[1]} {count} tips about {name} agree ({group.replace('_', ' ')})"
                + (" and a finding from the flows speaks for it." if finding else ".")
            ),
            evidence=evidence("tip", register="tips", keys=[r[1] for r in cluster]),
            benign=(
                (
                    "仅一条举报:有多条,日期或渠道不同",
                    "one tip alone: there are several, on different days or by different channels",
                ),
                (
                    "服务类投诉(软件、短信、费用):已按主题剔除",
                    "complaints about service (software, messages, fees): left out by theme",
                ),
            ),
        )
