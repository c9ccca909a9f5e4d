"""Words, promises, yields, offers and complaints: what counts, and what only looks like it."""

from __future__ import annotations

import pytest

from models.text.offers import offers_finance
from models.text.promises import find_claims, is_warning
from models.text.rates import find_rates, number
from models.text.restricted import RESTRICTED, find_restricted, licence_matches
from models.text.themes import GROUPS, THEMES, groups, themes


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("盘锦甲投资管理有限公司", ["投资管理"]),
        ("盘锦甲股权投资基金管理有限公司", ["股权投资基金"]),
        ("辽宁甲P2P服务有限公司", ["p2p"]),
        ("辽宁甲互联網金融服務有限公司", ["金融"]),
        ("盘锦甲商品交易中心有限公司", ["交易中心"]),
        ("盘锦甲网络借贷与股权众筹咨询有限公司", ["网络借贷", "股权众筹"]),
        ("盘锦甲代理财税服务有限公司", []),
        ("盘锦甲代理财务咨询有限公司", []),
        ("盘锦甲镍基金属材料有限公司", []),
        ("盘锦甲铝基金属有限公司", []),
        ("盘锦金融街甲酒店有限公司", []),
        ("盘锦甲慈善基金会", []),
        ("盘锦市公共资源交易中心", []),
        ("盘锦甲合金融化设备有限公司", []),
        ("辽阳物理财经书店", []),
    ],
)
def test_restricted_words_of_names(name: str, words: list[str]) -> None:
    assert [h.word for h in find_restricted(name)] == words


@pytest.mark.parametrize(
    ("scope", "words"),
    [
        ("企业管理咨询;受托资产管理;市场营销策划", ["资产管理"]),
        ("机械设备销售(不含金融、证券业务)", []),
        ("实业投资(不得从事金融业务);投资管理", ["投资管理"]),
        ("代理记账;不得从事理财、吸收存款等业务", []),
        ("商务咨询(金融、证券、期货除外)", []),
        ("投资咨询;未经批准不得从事网络借贷、股权众筹", []),
        ("网络借贷信息中介服务;金融信息服务", ["网络借贷", "金融"]),
    ],
)
def test_restricted_words_of_scopes(scope: str, words: list[str]) -> None:
    assert [h.word for h in find_restricted(scope, scope=True)] == words


def test_licences() -> None:
    assert licence_matches("金融", "filed", "网络借贷信息中介")
    assert licence_matches("基金管理", "licensed", "公开募集证券投资基金管理")
    assert not licence_matches("支付", "licensed", "公开募集证券投资基金管理")
    assert not licence_matches("理财", "none", "理财产品销售")
    assert licence_matches("支付", "licensed", None)
    assert len(RESTRICTED) == 16


@pytest.mark.parametrize(
    "text",
    [
        "年化收益稳稳9%,绝无亏损",
        "承诺收益,本金100%保障,随时可取,稳赚不赔。",
        "国企背景,无任何风险,承诺到期兑付本息!",
        "零风险高回报",
        "保本付息,按月返还",
        "不仅保本,而且保息",
        "投资我们绝不亏损",
    ],
)
def test_promises(text: str) -> None:
    assert any(c.kind == "promise" for c in find_claims(text))
    assert not is_warning(text)


@pytest.mark.parametrize(
    "text",
    [
        "平台不承诺保本,亦不承诺收益。",
        "凡宣称“保本保息、零风险、稳赚”的均为虚假宣传,请投资者警惕。",
        "任何产品都可能亏损,谁也不能保证无亏损。",
        "本产品不保证本金和收益,请勿轻信稳赚不赔的宣传。",
        "谨防以保本高息为诱饵的非法集资",
        "任何承诺收益的说法都是骗局",
        "市场并非零风险",
    ],
)
def test_warnings(text: str) -> None:
    assert not [c for c in find_claims(text) if c.kind == "promise"]
    assert is_warning(text)


def test_boasts() -> None:
    assert [c.kind for c in find_claims("过往收益最高翻番")] == ["boast"]
    assert not find_claims("过往业绩不代表未来表现")


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("年化12%", 0.12, 0.12),
        ("年化收益率达12.5%", 0.125, 0.125),
        ("预期年化 8%-12%", 0.08, 0.12),
        ("年利率百分之十二", 0.12, 0.12),
        ("月息1分5", 0.18, 0.18),
        ("月息一分五", 0.18, 0.18),
        ("月息两分半", 0.30, 0.30),
        ("月息1.8%", 0.216, 0.216),
        ("日万五", 0.1825, 0.1825),
        ("日息万分之五", 0.1825, 0.1825),
        ("年息2分", 0.20, 0.20),
        ("承诺收益5%起", 0.05, 0.05),
    ],
)
def test_rates(text: str, low: float, high: float) -> None:
    (rate,) = find_rates(text)
    assert rate.low == pytest.approx(low)
    assert rate.high == pytest.approx(high)


@pytest.mark.parametrize("text", ["满500送50元代金券", "月息通1604118", "全场八折", "100%纯棉", "年度报告"])
def test_no_rates(text: str) -> None:
    assert find_rates(text) == []


def test_numbers() -> None:
    assert [number(x) for x in ("12.5", "十", "二十五", "一百零三", "两")] == [12.5, 10, 25, 103, 2]
    with pytest.raises(ValueError, match="not a number"):
        number("万")


def test_offers() -> None:
    assert offers_finance("理财产品火热发售,欢迎认购")
    assert offers_finance("急征投资人:月息1.8%")
    for text in (
        "金融精品海鲜礼盒,现货发售",
        "招聘理财顾问数名,待遇优厚",
        "会员充值满500送50元代金券",
        "春季家电特卖,全场八折",
        "收款码,小商户收款更便捷",
    ):
        assert offers_finance(text) == (), text


def test_themes() -> None:
    assert groups("提现一直显示处理中") == {"payout"}
    assert groups("钱都打到一个账户里") == groups("借款企业查不到,疑似假标") == {"false_projects"}
    assert (
        themes("广告短信太频繁") == themes("手机软件闪退,登录不了") == themes("怀疑收费偏高") == frozenset()
    )
    assert set(GROUPS) == set(THEMES)
