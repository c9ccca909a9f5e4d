"""What a tip or complaint is about: themes of misconduct, told from service complaints.

Themes are read from words, several may hold. ``GROUPS`` joins themes that say the same thing
from two sides (no project behind the money, money pooled), so that two tips agree when they
share a group; ``SUPPORTS`` names the typologies a group speaks for.
"""

from __future__ import annotations

import re

from models.text.clauses import plain

THEMES: dict[str, re.Pattern[str]] = {
    "cannot_withdraw": re.compile(
        r"不兑付|未兑付|无法兑付|兑付(?:困难|不了|延期)|逾期(?:未|不)|提不(?:出|了)|取不(?:出|了)|提现[^,。]{0,6}(?:困难|失败|处理中|不了|不到账|冻结|限制)"
        r"|不(?:让|能|给)(?:提现|取钱|赎回)|到期[^,。]{0,8}(?:不还|没还|未还|没到账|还提不)|不还钱|拖欠|拿不回|钱[^,。]{0,6}(?:取不|提不|拿不)"
        r"|只(?:给|还|付)了?一部分|门店[^,。]{0,4}关门|跑路|失联|卷款|人去楼空|联系不上"
    ),
    "pooled": re.compile(
        r"资金池|统一调配|打到一个账户|钱都打到|不对应(?:项目|标的)|没有(?:具体|对应)(?:借款)?(?:项目|标的)|挪用|借新还旧|新客户的钱还|拿新(?:钱|客户)|庞氏|拆东墙"
    ),
    "fictitious": re.compile(
        r"假标|虚(?:假|构)(?:标|借款|项目|融资)|(?:企业|公司|借款人|借款企业)[^,。]{0,4}(?:查不到|不存在|没有注册)|地址是空的|空壳|冒用|伪造(?:合同|项目)"
    ),
    "outside_custody": re.compile(
        r"私人(?:卡|账户|账号)|个人(?:卡|账户|账号|名字|银行卡)|没进存管|不是银行存管|不在存管|绕(?:开|过)存管|打到(?:公司|私人|个人)|转(?:账|到)[^,。]{0,4}(?:个人|私人|公司账户)"
        r"|收款(?:账户|人)[^,。]{0,4}(?:个人|私人|不是)"
    ),
    "solicits": re.compile(
        r"高息(?:借|揽|吸|还|集)|集资|吸(?:收|引)(?:存款|资金|公众)|(?:承诺|保证)[^,。]{0,6}(?:高息|还本|收益|回报)|月息|保本|发传单|拉人头|发展下线|返佣|提成拉|讲座|送(?:米|油|礼)|拉[^,。]{0,6}(?:投资|入会|存钱|理财)"
        r"|(?:门店|线下|上门|摆摊|业务员|小区)[^,。]{0,10}(?:投资|理财|集资|入会)"
    ),
    "unlicensed": re.compile(
        r"无证|没有(?:牌照|资质|执照|许可)|无(?:牌照|资质)|未经批准|非法经营|二清|地下钱庄"
    ),
    "closed": re.compile(r"(?:已|被)?(?:关停|清退|停业|查封|注销|取缔)|网站打不开"),
    "false_advertising": re.compile(
        r"虚假宣传|夸大|误导|实际收益(?:低|不)|收益[^,。]{0,6}(?:不符|缩水|不一样)|欺骗|骗"
    ),
    "merchant_unpaid": re.compile(
        r"(?:商户|货款|结算款|刷卡)[^,。]{0,8}(?:不到账|未到账|没到账|拖欠|没结算|不结算)|押款"
    ),
    "reserve_misused": re.compile(
        r"备付金[^,。]{0,8}(?:挪|占|少|买)|余额[^,。]{0,4}(?:用不了|不能用|消费不了)|卡[^,。]{0,4}(?:用不了|不能用)"
    ),
}
"""Theme -> words. Complaints about service (闪退, 客服, 短信, 收费) have no theme here."""

GROUPS: dict[str, str] = {
    "cannot_withdraw": "payout",
    "merchant_unpaid": "payout",
    "pooled": "false_projects",
    "fictitious": "false_projects",
    "outside_custody": "outside_custody",
    "solicits": "solicitation",
    "unlicensed": "solicitation",
    "closed": "closed",
    "false_advertising": "advertising",
    "reserve_misused": "reserve",
}

SUPPORTS: dict[str, frozenset[str]] = {
    "payout": frozenset({"run-risk", "new-money-pays-old", "fund-pool", "misappropriation"}),
    "false_projects": frozenset(
        {
            "fund-pool",
            "new-money-pays-old",
            "fictitious-project",
            "self-financing",
            "misappropriation",
            "maturity-mismatch",
        }
    ),
    "outside_custody": frozenset({"custody-bypass", "undisclosed-account", "commingled-client-funds"}),
    "solicitation": frozenset(
        {"illegal-fundraising", "unregistered-operator", "unlicensed-payment", "unlicensed-advertising"}
    ),
    "advertising": frozenset({"misleading-advertising", "unlicensed-advertising", "yield-above-project"}),
    "reserve": frozenset({"reserve-misappropriation", "reserve-shortfall", "reserve-unreconciled"}),
    "closed": frozenset(),
}

STATES = {"closed"}
"""Groups that report a state, not misconduct: they never make a cluster by themselves."""


def themes(raw: str) -> frozenset[str]:
    """Themes of misconduct in one tip; empty for a complaint about service."""
    text = plain(raw)
    return frozenset(t for t, p in THEMES.items() if p.search(text))


def groups(raw: str) -> frozenset[str]:
    """Groups of the themes of one tip."""
    return frozenset(GROUPS[t] for t in themes(raw))
