"""Tier, lead agency and immediate report of an institution (四, 五 of the plan).

The machine proposes, people decide: a tier comes with the sentence that led to it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from models.ranking import Exposure, RiskItem

Tier = Literal["clear", "watch", "rectify", "close_down", "refer_to_police"]
TIERS: tuple[Tier, ...] = ("clear", "watch", "rectify", "close_down", "refer_to_police")

TIER_ZH: dict[Tier, str] = {
    "clear": "未见异常",
    "watch": "关注",
    "rectify": "限期整改",
    "close_down": "关闭取缔",
    "refer_to_police": "移送司法",
}

CRIME_CODES = frozenset(
    {"new-money-pays-old", "fictitious-project", "self-financing", "misappropriation", "illegal-fundraising"}
)
"""Signs of a crime by typologies.md; `illegal-fundraising` is graded by the same thresholds."""

GRADED_CODE = "illegal-fundraising"
"""This typology grades itself by the thresholds for persons and units; its severity 5 is a crime."""

REPORT_CODE = "large-or-fast-growing"
"""The typology that reads 五(一): large or fast growing while something grave is open."""

SURE = 0.5
"""A finding below this confidence is a weak sign whatever its severity (calibrated)."""

RECTIFY_DAYS = 28
"""Days an institution has to put a `rectify` right before flows of the same finding count as
not put right (calibrated; the plan sets no number, 五(三))."""


@dataclass(frozen=True, slots=True)
class CrimeThreshold:
    """From which amount and number of clients a case is one for the police.

    Attributes
    ----------
    effective : date
        First day the rule binds.
    amount_fen : int
        Fund-raising fraud by a unit (法释〔2010〕18号 art. 5, amended 2022).
    clients : int
        "Many": deposit-taking by a unit from that many persons (art. 3).
    regulation : str
        Key of regulations.toml.
    """

    effective: dt.date
    amount_fen: int
    clients: int
    regulation: str


CRIME_THRESHOLDS: tuple[CrimeThreshold, ...] = (
    CrimeThreshold(dt.date(2011, 1, 4), 500_000_00, 150, "spc-2010-18"),
    CrimeThreshold(dt.date(2022, 3, 1), 100_000_00, 150, "spc-2022-5"),
)

GROUPS: dict[str, str] = {
    "p2p": "P2P网络借贷专项整治工作组(市金融办、银监局)",
    "equity_crowdfunding": "股权众筹专项整治工作组(市金融办)",
    "asset_management": "资产管理及跨界金融专项整治工作组(市金融办)",
    "payment": "非银行支付专项整治工作组(人民银行)",
    "insurance": "互联网保险专项整治工作组(市金融办)",
    "advertising": "互联网金融广告专项整治工作组(市工商局)",
}
"""The six working groups of 四(一), by sector."""

_BY_CLAUSE = {
    "二(一)": "p2p",
    "二(二)": "equity_crowdfunding",
    "二(三)": "asset_management",
    "二(四)": "payment",
    "二(五)": "insurance",
    "二(六)": "advertising",
}


@dataclass(frozen=True, slots=True)
class Decision:
    """A proposed tier and why.

    Attributes
    ----------
    tier : str
    reason_zh, reason_en : str
    """

    tier: Tier
    reason_zh: str
    reason_en: str


def crime_threshold(day: dt.date) -> CrimeThreshold:
    """Return the threshold that binds on `day`; the earliest one before any does."""
    bound = [t for t in CRIME_THRESHOLDS if t.effective <= day]
    return bound[-1] if bound else CRIME_THRESHOLDS[0]


def decide(
    items: Sequence[RiskItem],
    exposure: Exposure,
    as_of: dt.date,
    rectify_since: dt.date | None = None,
    not_put_right: Sequence[str] = (),
) -> Decision:
    """Propose a tier (五(三)).

    Parameters
    ----------
    items : sequence of RiskItem
        Standing findings.
    exposure : Exposure
        Its clients count where a finding does not say its own.
    as_of : date
        The Sunday of the week; sets the criminal threshold.
    rectify_since : date, optional
        Sunday of the week in which `rectify` was first proposed without interruption.
    not_put_right : sequence of str
        Keys of findings with a `rectified` verdict whose flows went on after it.

    Returns
    -------
    Decision
    """
    sure = [i for i in items if i.confidence >= SURE]
    bar = crime_threshold(as_of)
    crimes = sorted(
        {
            i.typology
            for i in sure
            if i.typology in CRIME_CODES
            and (_above(i, exposure, bar) or (i.typology == GRADED_CODE and i.severity == 5))
        }
    )
    if crimes:
        return Decision(
            "refer_to_police",
            f"涉嫌犯罪线索:{'、'.join(crimes)},达到追诉标准且涉及众多客户",
            f"Signs of a crime above the criminal threshold with many clients: {', '.join(crimes)}",
        )
    grave = sorted({i.typology for i in sure if i.severity >= 4})
    if grave:
        return Decision("close_down", f"情节严重:{'、'.join(grave)}", f"Grave findings: {', '.join(grave)}")
    late = sorted({i.typology for i in items if i.finding_key in set(not_put_right)})
    if rectify_since is not None:
        deadline = rectify_since + dt.timedelta(days=RECTIFY_DAYS)
        late += sorted(
            {i.typology for i in sure if i.severity >= 2 and i.last_on is not None and i.last_on > deadline}
        )
    if late:
        named = sorted(set(late))
        return Decision(
            "close_down",
            f"限期整改后未改正:{'、'.join(named)}",
            f"Not put right after rectification was asked for: {', '.join(named)}",
        )
    light = sorted({i.typology for i in sure if i.severity >= 2})
    if light:
        return Decision("rectify", f"情节较轻:{'、'.join(light)}", f"Light findings: {', '.join(light)}")
    weak = sorted({i.typology for i in items})
    if weak:
        return Decision("watch", f"仅有弱信号:{'、'.join(weak)}", f"Weak signs only: {', '.join(weak)}")
    return Decision("clear", "未见异常", "Nothing found")


def _above(item: RiskItem, exposure: Exposure, bar: CrimeThreshold) -> bool:
    """Whether amount and number of clients reach the threshold and the finding is grave."""
    many = max(item.clients, exposure.clients) >= bar.clients
    return item.severity >= 4 and item.amount_fen >= bar.amount_fen and many


def telling_clause(clauses: Sequence[str]) -> str | None:
    """Return the first of some clauses that says which group a case belongs to; the first of all where none does.

    五(一) alone says that somebody stands in no register; what business it is stands in the finding beside it.
    """
    named = (c for c in clauses if any(part.startswith(tuple(_BY_CLAUSE)) for part in c.split("、")))
    return next(named, clauses[0] if clauses else None)


def lead_agency(sector: str, licence_status: str, district: str | None, worst_clause: str | None) -> str:
    """Name who leads the case (四(一)(二), 五(二)).

    Licensed and filed institutions go to the working group of their sector; the unlicensed to the
    government of the district where they are registered, with the group's support. The group
    of an institution outside the six sectors follows the substance: the clause of its
    gravest finding that tells (`telling_clause`).

    Parameters
    ----------
    sector, licence_status : str
        As in the register.
    district : str or None
        District of registration; unknown for an operator that no register names.
    worst_clause : str or None
        Clause of its gravest finding.

    Returns
    -------
    str
        In Chinese, as the office writes it.
    """
    cited = (worst_clause or "").split("、")
    groups = [g for c in cited for prefix, g in _BY_CLAUSE.items() if c.startswith(prefix)]
    # a clause of insurers' advertising is one of advertising for everybody else
    substance = "advertising" if "advertising" in groups else groups[0] if groups else "p2p"
    key = sector if sector in GROUPS else substance
    if licence_status in ("licensed", "filed"):
        return GROUPS[key]
    place = f"{district}人民政府(管委会)" if district else "属地县区政府(注册地待查)"
    return f"{place};{GROUPS[key]}配合"
