"""Does an advertisement offer a financial product?

By words for products and for taking or lending money, not by the word 金融 alone (a hotel may
be called after 金融街). Words that are denied or part of a risk notice about another's offer do
not count, nor does a job advertisement that names a post.
"""

from __future__ import annotations

import re

from models.text.clauses import clauses, plain
from models.text.promises import Claim, find_claims
from models.text.rates import find_rates

PRODUCT = re.compile(
    r"理财(?!师|规划师|培训|课程|知识|常识|讲座|讲堂|入门|教育|观念|理念|意识|书|类图书)|投资人|投资者|民间投资|投资项目|投资回报|打理财富|财富管理|资产配置|资管|私募|公募|基金(?!属|会)|信托|债券|债权|股权|原始股|期权|配资"
    r"|众筹|网贷|网络借贷|p2p|借贷|放贷|贷款(?!超市购)|小额贷|信用贷|抵押贷|车贷|房贷|首付贷|出借|集资|入股分红|吸收存款|存款"
    r"|保险(?!柜|箱|杠|丝)|投保|保单|分红险|年金|收益权|认购|稳健收益|高收益|收益率|月息|年化(?!妆|工|学|纤|肥)|付息|操盘|炒股|荐股|炒外汇|返利|消费返|起投|起购|新手标|随存随取|[存投][^,。]{0,4}\d+(?:\.\d+)?[万千百元][^,。]{0,8}[返得赚变拿][^,。]{0,4}\d[^,。送]{0,6}(?![^,。]{0,4}(?:卡|话费|券|购物))|定期(?:项目|产品|标)|虚拟币|数字货币"
)
"""Words of financial products and of taking or lending money."""

POST = re.compile(r"招聘|诚聘|急聘|招募(?:员工|人员)|待遇优厚|五险一金|名额面试")
"""A job advertisement: it names posts, not products."""

DENIED = re.compile(
    r"从未|从不|从没|未曾|并未|没有(?:发行|销售|推出|开展|任何|授权)|未(?:发行|销售|推出|开展|从事|授权|经营)|不(?:提供|发行|推出|经营|销售|代理|从事|办理|开展|含|涉及)|非|无关|谨防|警惕|禁止|严禁|拒绝"
)


def promises_made(raw: str) -> list[Claim]:
    """Promises and boasts of a text, without those that sellers of goods make too where it offers no finance."""
    claims = find_claims(raw)
    if all(c.weak or c.kind == "boast" for c in claims) and not offers_finance(raw):
        return []
    return claims


def offers_finance(raw: str) -> tuple[str, ...]:
    """Words with which a text offers a financial product; empty when it offers none.

    Parameters
    ----------
    raw : str
        Text of an advertisement.
    """
    text = plain(raw)
    words: list[str] = []
    for a, b in clauses(text):
        for m in PRODUCT.finditer(text, a, b):
            if not DENIED.search(text, a, m.start()):
                words.append(m.group())
    rates = [r.words for r in find_rates(raw)]
    claims = [c for c in find_claims(raw) if c.kind == "promise"]
    promised = [c.words for c in claims if not c.weak or words or rates] + rates
    if claims and not any(not c.weak for c in claims) and not promised:
        return ()
    if POST.search(text) and not promised:
        return ()
    # what sellers of goods promise too says nothing alone (零风险试用); a word like 存款 or 保险 by itself is weak; a promise or a yield makes any offer a financial one
    return tuple(dict.fromkeys(words + promised))
