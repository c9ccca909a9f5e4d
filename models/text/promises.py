"""Promises of principal or yield, and boasts about the past, told from warnings.

Longest match of the terms below in each clause; a term does not count when its clause denies
it before (不承诺保本, 请勿轻信稳赚不赔) or its sentence unmasks it (凡宣称“零风险”的均为虚假宣传).
Terms that carry their own negative (零风险, 不会亏损) are promises and are matched whole first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from models.text.clauses import clauses, plain, sentences

PROMISE = re.compile(
    r"保本(?!微利|经营|价|清仓|甩|促销|销售|出售|特卖|处理)(?:保息|付息|保收益|收益|稳赚|理财)?|保息|保收益|还本保息|本息(?:保障|无忧|兑付|全额保障)|本息[^,。]{0,4}有保障"
    r"|本金(?:100%|百分之百|百分百|全额|绝对)?(?:保障|安全|无忧|无损|保证)|本金[^,。]{0,6}有保障|资金安全有保障|资金(?:绝对|100%|百分百)安全"
    r"|(?:零|0|无|没有|毫无|无任何|没有任何)风险|风险为零"
    r"|稳赚(?:不赔|不亏)?|只赚不(?:赔|亏)|包赚|必赚|稳赢|(?:绝|永|从|毫|零|全)(?:无|不)?亏损|(?<!有)无亏损|稳稳[^,。]{0,3}\d+(?:\.\d+)?%|不会(?:亏损|亏本|赔本|赔钱)|绝不(?:亏损|亏本|赔)|保证不亏"
    r"|(?:承诺|保证|担保|确保)(?:固定|最低|高额|年化)?(?:收益|回报|本息|本金|保本|还本|付息|兑付|盈利|赚)"
    r"|(?:承诺|保证|担保|确保)(?:到期|按期|按时)?(?:兑付|还本付息|还本|归还|返还|回购)[^,。]{0,4}"
    r"|(?:承诺|保证)[^,。]{0,4}\d+(?:\.\d+)?%|刚性兑付|刚兑|兜底|到期还本|高息还本|固定(?:回报|返利|分红)|绝对安全"
    r"|(?:亏损|亏了|损失|逾期|违约|坏账|本金)[^,。不]{0,8}(?:全额|全部|全|包|100%|百分百|双倍)(?:赔付|垫付|赔偿|补偿|代偿|赔|付)"
    r"|(?:亏损|亏了|逾期|本金)[^,。不]{0,4}(?:由|算|归)?(?:平台|公司|我司|我们|本公司)[^,。不]{0,4}(?:垫付|赔|代偿|回购|承担|兜|的)"
    r"|(?:绝不|绝对不|决不|不会|保证不)(?:让|会|使)?[^,。]{0,3}(?:亏|赔)|(?:零|无|0)损失|无条件(?:回购|兑付|退还本金)|保底(?:收益|年化|回报|分红|\d)|(?:100%|百分百)(?:兑付|还本|回本)|收益有保障"
    r"|(?:资产|本金|收益|财富|资金|投资|半年|[一二两三四五六七八九十\d]+(?:个月|年|天|周))内?(?:就|即|可|轻松|稳定|必)?翻(?:倍|番|一番|一倍|[一二两三四五六七八九十\d]+倍)"
    r"|稳(?:拿|得|收)(?:收益|利息|回报)|旱涝保收|躺赚"
)
"""Promises of capital or yield (二(一)1 保本, 二(五)1 承诺收益, 二(六))."""

BOAST = re.compile(
    r"(?:过往|历史|往期|以往|历年)[^,。]{0,8}(?:翻番|翻倍|只升不降|只涨不跌|全部兑付|零逾期|高达|最高|从未)"
    r"|(?:收益|回报)[^,。]{0,6}(?:翻番|翻倍)|只升不降|只涨不跌|从(?:未|没|没有)(?:逾期|违约|亏|赔|失手|出现过?(?:逾期|亏损))|兑付率100%|全国第一|收益最高"
)
"""Exaggerated past returns (二(六))."""

WEAK = re.compile(
    r"(?:零|0|无|没有|毫无|无任何|没有任何)风险|风险为零|稳赚(?:不赔|不亏)?|只赚不(?:赔|亏)|包赚|必赚|稳赢|兜底|躺赚|绝对安全|旱涝保收|绝不赔|不会赔钱"
    r"|(?:半年|[一二两三四五六七八九十\d]+(?:个月|年|天|周))内?[^,。]{0,3}翻(?:倍|番|一番|[^,。]{1,2}倍)"
    r"|(?:承诺|保证|担保|确保)(?:归还|返还|回购|赚)[^,。]{0,4}|(?:承诺|保证)[^,。]{0,4}\d+(?:\.\d+)?%"
)
"""Promises that sellers of any goods make: they count where the text is about money placed."""

DENY_BEFORE = re.compile(
    r"不(?!仅|但|止|只|光|断|限|管|论|少|同|错|愧|用|等|赔|亏|会亏|会赔)|未(?!来)|勿|莫|非|无(?!忧|风险|任何风险)|没有(?!风险|任何风险)"
    r"|禁止|严禁|拒绝|谨防|警惕|防范|远离|揭露|识破|打击|抵制|远离|虚假|所谓|误导|轻信|取缔|查处|举报|打破"
)
"""What, before a term in its clause, makes it a warning."""

UNMASK = re.compile(
    r"(?:凡|宣称|声称|号称|自称|所谓|打着|以)[^。!?;]*(?:虚假|骗局|诈骗|违法|违规|非法|陷阱|不可信|不实|警惕|谨防|举报|小心)"
    r"|(?:均|都|皆|就|往往|多半|大多|多|可能|基本)(?:为|是|属)(?:虚假|骗|违法|违规|非法|陷阱)"
    r"|(?:的|之)(?:宣传|说法|承诺|广告|话术|项目|产品)[^。!?;]{0,6}(?:不可信|不实|勿信|切勿|虚假|违法)"
)
"""What, anywhere in a sentence, makes the whole of it a warning."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A promise or boast that is not denied: ``kind`` is 'promise' or 'boast'."""

    kind: str
    words: str
    start: int

    @property
    def weak(self) -> bool:
        """Whether sellers of goods promise the same (零风险试用)."""
        return WEAK.fullmatch(self.words) is not None


def find_claims(raw: str) -> list[Claim]:
    """Find promises and boasts in a text, warnings left out.

    Parameters
    ----------
    raw : str
        An advertisement, a product's guarantee text, a tip.

    Returns
    -------
    list of Claim
        By offset in the plain text.
    """
    text = plain(raw)
    warned = [(a, b) for a, b in sentences(text) if UNMASK.search(text, a, b)]
    claims: list[Claim] = []
    for a, b in clauses(text):
        if any(x <= a and b <= y for x, y in warned):
            continue
        for kind, pattern in (("promise", PROMISE), ("boast", BOAST)):
            for m in pattern.finditer(text, a, b):
                if not DENY_BEFORE.search(text, a, m.start()):
                    claims.append(Claim(kind, m.group(), m.start()))
    return sorted(claims, key=lambda c: (c.start, c.kind))


def is_warning(raw: str) -> bool:
    """Say whether a text uses the words of a promise only to deny or unmask them."""
    text = plain(raw)
    return bool(PROMISE.search(text)) and not any(c.kind == "promise" for c in find_claims(raw))
