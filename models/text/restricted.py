"""The sixteen restricted words of 三(一), by longest match on word boundaries.

A word counts when no other word runs across its ends: jieba cuts the text, and a match that has
a cut inside it must also begin and end at cuts, so 代理|财税 holds no 理财 and 镍|基|金属 no 基金,
while 股权|投资|基金 and 金融服务 do. A compound that runs across an end but falls into two words
there (商品交易|中心 is 商品 and 交易中心) is no hindrance. A few ordinary
longer words hold a restricted word whole (基金会, 金融街, 公共资源交易中心): they are matched
first and shield what they cover, and the name of a school, an association or a public office
tells what it teaches or sees to, no business. Words in a clause that excludes or forbids (不含…, 不得从事…,
…除外) do not count.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from models.text.clauses import plain

RESTRICTED = (
    "交易所", "交易中心", "金融", "资产管理", "理财", "基金", "基金管理", "投资管理",
    "财富管理", "股权投资基金", "网贷", "网络借贷", "p2p", "股权众筹", "互联网保险", "支付",
)  # fmt: skip
"""三(一) of the plan, lower case."""

SHIELDS = (
    "基金会", "金融街", "金融大街", "金融广场", "金融大厦", "金融城", "金融学院", "金融职业学院", "金融职业技术学院", "金融大学", "金融学校", "公共资源交易中心",
    "基金属", "基金刚", "代理财", "管理财", "修理财", "现金融", "合金融", "黄金融", "开支付款", "公共资源交易所", "农村产权交易中心", "农产品交易中心", "农副产品交易中心", "海鲜交易中心", "水产品交易中心",
    "粮食交易中心", "蔬菜交易中心", "果蔬交易中心", "二手车交易中心", "房屋交易中心", "人才交易中心",
)  # fmt: skip
"""Ordinary words, places and public bodies that hold a restricted word whole."""

BODY = re.compile(
    r"(?:学会|协会|研究会|促进会|联合会|联谊会|商会|学院|大学|学校|中学|小学|党校|研究院|研究所|图书馆|博物馆|法院|检察院|法庭|工会|委员会"
    r"|(?:财政|税务|人社|教育|民政|卫生|公安)[^公司店]{0,8}(?:局|支付中心|核算中心|管理中心)|国库(?:集中)?支付(?:中心|局)|公积金管理中心|[省市区县]金融(?:工作)?(?:局|办|办公室))$"
)
"""Names of schools, associations and public offices: their subject is no business of theirs."""

EXCLUDING = re.compile(
    r"不含|不包括|不包含|不得|不能|不准|不可|不从事|不涉及|不开展|不经营|未经|禁止|严禁|除外|以外|之外|非金融|不属于|无权"
)
"""Words that turn a clause of a business scope into one that excludes or forbids."""

LICENSED_BY: dict[str, tuple[str, ...]] = {
    "交易所": ("交易所", "交易场所"),
    "交易中心": ("交易中心", "交易场所"),
    "金融": (),  # any financial licence matches the general word
    "资产管理": ("资产管理", "资管", "基金管理", "基金销售"),
    "理财": ("理财", "资产管理", "财富", "基金销售"),
    "基金": ("基金",),
    "基金管理": ("基金",),
    "投资管理": ("投资管理", "资产管理", "基金"),
    "财富管理": ("财富", "资产管理", "理财"),
    "股权投资基金": ("股权投资", "基金"),
    "网贷": ("网络借贷", "网贷", "p2p"),
    "网络借贷": ("网络借贷", "网贷", "p2p"),
    "p2p": ("网络借贷", "网贷", "p2p"),
    "股权众筹": ("众筹", "股权融资"),
    "互联网保险": ("保险",),
    "支付": ("支付", "收单", "预付卡"),
}
"""Restricted word -> words of a licence's scope that match it; empty: any licence does."""

_EXCEPT = re.compile(r"除(?!了)[^;。]{1,40}?(?:之外|以外|外)(?!贸|汇|币|商|资|包|卖|围|科|语|墙)")
"""除金融、证券外: what stands between is left out of the scope, what follows is not."""
_BRACKETS = re.compile(r"[((][^()()]*[))]")
_SCOPE_END = re.compile(r"[;。\n]+")


@dataclass(frozen=True, slots=True)
class Hit:
    """A restricted word that counts: the word, and its offsets in the plain text."""

    word: str
    start: int
    end: int


@lru_cache(maxsize=1)
def _tokenizer() -> Any:
    """Jieba with its own dictionary, without the cache file it would leave in the temp folder."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import jieba
    made = jieba.Tokenizer()
    made.FREQ, made.total = made.gen_pfdict(made.get_dict_file())
    made.initialized = True
    return made


@lru_cache(maxsize=65536)
def boundaries(text: str) -> frozenset[int]:
    """Offsets of a plain text at which a word may begin or end."""
    ends, at = {0}, 0
    for token in _tokenizer().cut(text, HMM=False):
        at += len(token)
        ends.add(at)
    return frozenset(ends)


def _clean_cut(text: str, ends: frozenset[int], at: int) -> bool:
    """Say whether a word may begin or end at an offset: a cut, or one inside a compound of two words."""
    if at in ends:
        return True
    low, high = max(x for x in ends if x < at), min(x for x in ends if x > at)
    words = _tokenizer().FREQ
    left, right = text[low:at], text[at:high]
    return len(left) > 1 and len(right) > 1 and words.get(left, 0) > 0 and words.get(right, 0) > 0


def excluded(text: str) -> list[tuple[int, int]]:
    """Parts of a plain text that exclude or forbid.

    Inside brackets the bracket is the scope; outside, from the excluding word to the end of
    the statement (``;`` or ``。``), and the whole statement for 除外 and the like that stand
    behind what they exclude.
    """
    parts: list[tuple[int, int]] = []
    inside: list[tuple[int, int]] = []
    for m in _BRACKETS.finditer(text):
        inside.append(m.span())
        if EXCLUDING.search(m.group()):
            parts.append(m.span())
    start = 0
    for end in [m.start() for m in _SCOPE_END.finditer(text)] + [len(text)]:
        for m in EXCLUDING.finditer(text, start, end):
            if any(a <= m.start() < b for a, b in inside):
                continue
            behind = m.group() in ("除外", "以外", "之外")
            parts.append((start, m.end()) if behind else (m.start(), end))
        parts += [m.span() for m in _EXCEPT.finditer(text, start, end)]
        start = end
    return parts


def is_body(name: str) -> bool:
    """Say whether a name is a school's, an association's or a public office's."""
    return bool(BODY.search(plain(name)))


def find_restricted(raw: str, *, scope: bool = False) -> list[Hit]:
    """Find restricted words in a name or a business scope.

    Parameters
    ----------
    raw : str
        Name or scope as registered.
    scope : bool
        True for a business scope: clauses that exclude or forbid do not count.

    Returns
    -------
    list of Hit
        By offset; overlapping words give the longest alone.
    """
    text = plain(raw)
    if not any(w in text for w in RESTRICTED):
        return []
    taken: list[tuple[int, int]] = []
    for shield in SHIELDS:
        taken += [(m.start(), m.end()) for m in re.finditer(re.escape(shield), text)]
    if scope:
        taken += excluded(text)
    else:
        taken += [m.span() for m in _BRACKETS.finditer(text) if EXCLUDING.search(m.group())]
    ends = boundaries(text)
    hits: list[Hit] = []
    for word in sorted(RESTRICTED, key=lambda w: (-len(w), w)):
        for m in re.finditer(re.escape(word), text):
            a, b = m.span()
            if any(a < y and x < b for x, y in taken):
                continue
            cut_inside = any(x in ends for x in range(a + 1, b))
            if not cut_inside or (_clean_cut(text, ends, a) and _clean_cut(text, ends, b)):
                taken.append((a, b))
                hits.append(Hit(word, a, b))
    return sorted(hits, key=lambda h: h.start)


def licence_matches(word: str, status: str | None, scope: str | None) -> bool:
    """Say whether a licence or filing covers a restricted word.

    A licence whose scope is not known is taken to match: what cannot be checked is no finding.
    """
    if status not in ("licensed", "filed"):
        return False
    if not scope:
        return True
    text = plain(scope)
    wanted = LICENSED_BY[word]
    return not wanted or any(w in text for w in wanted)
