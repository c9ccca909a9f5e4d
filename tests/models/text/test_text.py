"""Words, promises, yields, offers and complaints: what counts, and what only looks like it."""

from __future__ import annotations

import pytest

from models.text.offers import offers_finance, promises_made
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
        ("盘锦金融职业学院后勤服务有限公司", []),
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
        ("企业管理,除金融、证券、期货外", []),
        ("除危险品以外的百货;除金融外的咨询;基金销售", ["基金"]),
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
        "亏损全额赔付,人人有份",
        "出借人本金由平台垫付",
        "逾期三天内全额赔付",
        "违约包赔",
        "亏了算我们的",
        "认购即享24%固定回报",
        "投入资金半年翻番",
        "到期无条件回购",
        "保*本·保|息",
        "保\u200b本\u200b保息",
        "絕對安全,穩賺不賠",
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
        "打破刚性兑付",
        "天上不会掉馅饼,零风险高回报往往是骗局",
    ],
)
def test_warnings(text: str) -> None:
    assert not [c for c in find_claims(text) if c.kind == "promise"]
    assert is_warning(text)


def test_boasts() -> None:
    assert [c.kind for c in find_claims("过往收益最高翻番")] == ["boast"]
    assert not find_claims("过往业绩不代表未来表现")
    assert [c.kind for c in find_claims("运营三年从未亏损")] == ["boast"]


def test_what_sellers_of_goods_promise_too() -> None:
    for text in (
        "保健品零风险试用,无效退款",
        "蛋糕店加盟,稳赚不赔,小本经营",
        "会员积分每年翻倍",
        "销售额三年翻番,感谢支持",
        "化妆品展销会,年化妆品特卖",
    ):
        assert promises_made(text) == [], text
        assert offers_finance(text) == (), text
    assert promises_made("理财产品零风险")
    assert promises_made("零风险,月息2%")
    assert promises_made("保本,零风险")
    assert promises_made("三年翻倍,专业操盘团队兜底")


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
        ("12个点回报", 0.12, 0.12),
        ("预期收益十五个点", 0.15, 0.15),
        ("百分之十二的年利率", 0.12, 0.12),
        ("收益高达百分之十八", 0.18, 0.18),
        ("年收益率达到15%以上", 0.15, 0.15),
        ("24%固定回报", 0.24, 0.24),
        ("年化收益率可达到20%", 0.2, 0.2),
        ("每月返利3%", 0.36, 0.36),
        ("半年收益6%", 0.12, 0.12),
        ("季度收益3%", 0.12, 0.12),
        ("万元日息5元", 0.1825, 0.1825),
        ("投1万每月拿150元", 0.18, 0.18),
        ("三年期年化收益率:１５．８％", 0.158, 0.158),
    ],
)
def test_rates(text: str, low: float, high: float) -> None:
    (rate,) = find_rates(text)
    assert rate.low == pytest.approx(low)
    assert rate.high == pytest.approx(high)


@pytest.mark.parametrize(
    "text",
    [
        "满500送50元代金券",
        "月息通1604118",
        "全场八折",
        "100%纯棉",
        "年度报告",
        "每月返5%积分",
        "同比增长12%",
        "首付30%",
    ],
)
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
        "我司从未发行任何理财产品,谨防假冒",
    ):
        assert offers_finance(text) == (), text


def test_themes() -> None:
    assert groups("提现一直显示处理中") == {"payout"}
    assert groups("钱都打到一个账户里") == groups("借款企业查不到,疑似假标") == {"false_projects"}
    assert (
        themes("广告短信太频繁") == themes("手机软件闪退,登录不了") == themes("怀疑收费偏高") == frozenset()
    )
    assert set(GROUPS) == set(THEMES)
