"""Promised yields read from text, as annual fractions.

``年化12%`` and ``年利率百分之十二`` are 0.12; ``月息1分5`` is 1.5 % a month, 0.18; ``日万五``
is five ten-thousandths a day, 0.1825 (365 days, simple). ``年息2分`` is 0.20: in custom a
分 is a tenth by the year and a hundredth by the month (月息 understood when no period is said).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from models.text.clauses import plain

_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_NUM = r"(?:\d+(?:\.\d+)?|[零〇一二两三四五六七八九十百]+)"

_PERIOD = r"(?P<period>半年|年化|年利|年息|年收益|年回报|年|月化|月利|月息|月收益|月回报|每月|月|日利|日息|日收益|每日|每天|日|周息|每周|季息|每季|季度)"
_FILL = r"(?:收益率|利率|回报率|收益|回报|利息|息|率|约|达到|达|高达|最高|近|为|可达到|可以达到|可达|可以|可|不低于|不少于|超|超过|至少|预期|固定|给|付|返利|返还|返|分红|赚|到手|:|,|的)*"
_PERCENT = re.compile(
    _PERIOD
    + _FILL
    + rf"(?P<a>{_NUM})(?:%?[-~至到—]+(?P<b>{_NUM}))?(?:%|个点|个百分点|厘点)(?!积分|优惠|折|现金券)"
)
_HUNDREDTHS = re.compile(_PERIOD + _FILL + rf"百分之(?P<a>{_NUM})")
_FEN = re.compile(
    _PERIOD + _FILL + rf"(?P<a>\d+(?:\.\d+)?|[一二两三四五六七八九])分(?!之)(?P<b>半|{_NUM}(?:厘)?)?"
)
_WAN = re.compile(_PERIOD + _FILL + rf"万(?:分之)?(?P<a>{_NUM})")
_BARE = re.compile(
    rf"(?:收益|回报|利率|利息|分红)(?:率)?{_FILL}(?:百分之(?P<h>{_NUM})|(?P<a>{_NUM})(?:%|个点|个百分点))"
    rf"|百分之(?P<share>{_NUM})(?:以上)?的?(?:固定|稳定|高|预期)?(?:年化|年利|回报|收益|利息|利率|分红)"
    rf"|(?P<before>{_NUM})(?:%|个点|个百分点)(?:以上)?的?(?:固定|稳定|高|超高|预期)?(?:年化|回报|收益|利息|利率|分红)"
)
_PER_WAN = re.compile(
    r"(?:每|1|一)?万(?:元|块)?(?:存款|本金|投资)?(?:每|1|一)?(?P<period>日|天|个月|月|年)(?:均|可|能|就|赚|得|拿|获|收益|收入|利息|息|返|返还|约|净)*"
    rf"(?P<a>{_NUM})(?:元|块)"
)
"""Yuan a day, month or year on ten thousand: 万元日息5元."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A yield read from text: annual fraction (low and high of a range), the words, the offset."""

    low: float
    high: float
    words: str
    start: int


def number(text: str) -> float:
    """Read an Arabic or Chinese number up to 999.

    Raises
    ------
    ValueError
        When it is neither.
    """
    if re.fullmatch(r"\d+(?:\.\d+)?", text):
        return float(text)
    total, digit = 0, 0
    for c in text:
        if c == "百":
            total, digit = total + (digit or 1) * 100, 0
        elif c == "十":
            total, digit = total + (digit or 1) * 10, 0
        elif c in _DIGITS:
            digit = _DIGITS[c]
        else:
            raise ValueError(f"not a number: {text}")
    return float(total + digit)


def _times(period: str) -> int:
    return next(
        n
        for c, n in (("半年", 2), ("年", 1), ("月", 12), ("日", 365), ("天", 365), ("周", 52), ("季", 4))
        if c in period
    )


def _tenths(text: str | None) -> float:
    if not text:
        return 0.0
    return 0.5 if text == "半" else number(text.removesuffix("厘")) / 10


def find_rates(raw: str) -> list[Rate]:
    """Read every promised yield in a text.

    Returns
    -------
    list of Rate
        By offset in the plain text without spaces; ranges keep both ends. A percentage with no period said counts as a year's.
    """
    text = "".join(plain(raw).split())
    found: dict[int, Rate] = {}

    def keep(m: re.Match[str], low: float, high: float) -> None:
        if not any(r.start <= m.start() < r.start + len(r.words) for r in found.values()):
            found[m.start()] = Rate(round(low, 6), round(high, 6), m.group(), m.start())

    for m in _FEN.finditer(text):
        value = number(m["a"]) + _tenths(m["b"])
        keep(m, *(2 * [value / 10 if "年" in m["period"] else value / 100 * _times(m["period"])]))
    for m in _WAN.finditer(text):
        keep(m, *(2 * [number(m["a"]) / 10_000 * _times(m["period"])]))
    for m in _HUNDREDTHS.finditer(text):
        keep(m, *(2 * [number(m["a"]) / 100 * _times(m["period"])]))
    for m in _PERCENT.finditer(text):
        n = _times(m["period"]) / 100
        a = number(m["a"])
        b = number(m["b"]) if m["b"] else a
        keep(m, min(a, b) * n, max(a, b) * n)
    for m in _PER_WAN.finditer(text):
        keep(m, *(2 * [number(m["a"]) / 10_000 * _times(m["period"])]))
    for m in _BARE.finditer(text):
        if not any(r.start < m.end() and m.start() < r.start + len(r.words) for r in found.values()):
            keep(m, *(2 * [number(m["a"] or m["h"] or m["share"] or m["before"]) / 100]))
    return [found[k] for k in sorted(found)]
