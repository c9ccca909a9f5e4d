"""二(五)1, 二(六): promises, boasts and yields that are not the registered ones."""

from __future__ import annotations

from tests.cases.cases import check_cases
from tests.cases.world import World

POSITIVE = {"M1": None, "M2": None, "M3": None, "M4": None, "M5": None, "M6": None}
LOOK_ALIKE = {
    "N1": "a risk warning that uses the words",
    "N2": "a denial in each clause",
    "N3": "the registered yield, rounded",
    "N4": "past results that promise nothing",
    "N6": "the yield of the series",
    "N5": "no product of that name: nothing to compare",
}
ADS = {
    "M1": "承诺收益,本金100%保障,随时可取,稳赚不赔。",
    "M2": "月升宝一号火热募集中,年化收益率16.2%,名额有限!",
    "M3": "理财型保险,承诺收益5%起,过往结算利率只升不降!",
    "M4": "月升宝一号,月息1分5,按期付息。",
    "M5": "稳赚不赔,连续三年第一。",
    "M6": "本平台约定年化收益率14.5%,欢迎出借。",
    "N6": "月升宝系列,年化12.1%。",
    "N1": "凡宣称“保本保息、零风险、稳赚”的均为虚假宣传,请投资者警惕。",
    "N2": "平台不承诺保本,亦不承诺收益,请勿轻信稳赚不赔的宣传。",
    "N3": "月升宝一号,预期年化12%。市场有风险。",
    "N4": "过往业绩不代表未来表现,本产品不保证本金和收益。",
    "N5": "日升宝九号,预期年化15%。",
}


def test_cases() -> None:
    w = World()
    for n, (iid, text) in enumerate(ADS.items()):
        w.institution(iid, name=f"盘锦第{n}网络信息服务有限公司")
        w.register(
            "products",
            product_id=f"CP{n}",
            institution_id=iid,
            name="月升宝一号",
            kind="loan",
            promised_yield=0.121,
            term_days=90,
        )
        w.register("advertisements", ad_id=f"AD{n}", institution_id=iid, published_on="2016-05-01", text=text)
    found = check_cases(
        w,
        "misleading-advertising",
        POSITIVE,
        LOOK_ALIKE,
        {"unregistered-operator": [], "illegal-fundraising": []},
    )
    assert "18.00%" in found["M4"].explanation_zh
    assert found["M1"].severity > found["M2"].severity
