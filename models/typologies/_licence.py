"""What a licence covers, read from the scope's words with exclusions cut out (业务许可范围).

The words of a licence are evidence here: `beyond-licence` and `property-finance` are about them.
"""

from __future__ import annotations

import re

EXCLUDES = re.compile(
    r"[((][^()()]*(?:不含|不得|除外|未经|不包括|严禁)[^()()]*[))]|(?:不含|不得从事|未经|不包括|严禁|除)[^;；。,,]*"
)
"""Parts of a scope that take away instead of giving: ``(不含金融、证券业务)``, ``未经批准不得从事…``."""

SECTOR_KINDS: dict[str, tuple[str, ...]] = {
    "p2p": ("loan",),
    "equity_crowdfunding": ("equity",),
    "asset_management": ("wealth", "fund"),
    "insurance": ("insurance",),
    "payment": (),
    "other": (),
}
"""Kinds of products that a sector sells as such (一行三会 sectors of the contract)."""

KIND_WORDS: dict[str, tuple[str, ...]] = {
    "loan": ("网络借贷", "网贷", "小额贷款", "发放贷款", "贷款业务", "消费金融", "典当", "融资租赁"),
    "equity": ("股权众筹", "股权融资", "股权投资基金"),
    "fund": ("基金管理", "基金销售", "基金募集", "募集及私募", "证券投资基金", "私募基金", "公募"),
    "wealth": ("理财", "资产管理", "集合计划", "信托", "银行业"),
    "insurance": (
        "保险代理",
        "保险经纪",
        "保险销售",
        "互联网保险",
        "人身保险",
        "财产保险",
        "人寿保险",
        "保险业务",
    ),
}
"""Words of a licence's scope that give a kind of product; the longest stand first in law, any suffices."""

PROPERTY_WORDS = ("房地产金融", "住房金融", "房地产众筹", "住房贷款", "房地产信贷", "房地产信托")
"""Words of a licence that give property finance (房地产金融业务资质)."""


def scope_gives(scope: str | None) -> str:
    """Scope with its exclusions cut out; empty for no scope."""
    return EXCLUDES.sub("", scope or "")


def covered_kinds(sector: str | None, licence_scope: str | None) -> frozenset[str]:
    """Kinds of products an institution may sell by its sector or by the words of its licence.

    A firm without a licence is judged by its sector alone: whether it should have one is the question
    of other typologies (and a platform had until August 2017 to get it, 银监会令2016年第1号 art. 44).
    """
    given = scope_gives(licence_scope)
    kinds = set(SECTOR_KINDS.get(sector or "", ()))
    kinds.update(kind for kind, words in KIND_WORDS.items() if any(word in given for word in words))
    return frozenset(kinds)


def covers_property(licence_scope: str | None) -> bool:
    """Whether the licence names property finance."""
    given = scope_gives(licence_scope)
    return any(word in given for word in PROPERTY_WORDS)
