"""二(六): who advertises what without a licence."""

from __future__ import annotations

from tests.cases.cases import check_cases
from tests.cases.world import World

POSITIVE = {"A1": None, "A2": None, "A3": None, "A4": None}
LOOK_ALIKE = {
    "B1": "vouchers for goods",
    "B2": "a job advertisement",
    "B3": "seafood sold by a hotel in 金融街",
    "B4": "a filed platform",
    "B5": "a warning against others' offers",
    "B6": "a course for planners",
    "B9": "a course that teaches to keep a household's books",
    "B7": "goods sold at cost",
    "B8": "a card filled with more than is paid",
}
ADS = {
    "A1": (None, "甲理财产品火热发售,欢迎到店咨询认购。"),
    "A2": ("盘锦甲乙商务有限公司", "民间投资,月息一分五,按月付息。"),
    "A3": (None, "小额贷款、投资理财一站式服务,诚邀加盟。"),
    "A4": (None, "存1万一年返1万2,名额有限。"),
    "B6": (None, "理财师资格考试培训班招生。"),
    "B9": (None, "会计培训班招生,学理财知识,做生活赢家。"),
    "B7": (None, "换季保本清仓,服装一折起。"),
    "B8": (None, "存1000得1200购物卡,仅限本店。"),
    "B1": (None, "新店开业,会员充值满500送50元代金券,仅限本店购物。"),
    "B2": (None, "招聘软件工程师数名,待遇优厚。"),
    "B3": (None, "金融精品海鲜礼盒,盘锦河蟹现货发售。"),
    "B4": (None, "网络借贷信息中介平台,出借有风险,选择需谨慎。"),
    "B5": (None, "凡宣称“保本保息、零风险、稳赚”的均为虚假宣传,请投资者警惕。"),
}


def test_cases() -> None:
    w = World()
    for n, (iid, (advertiser, text)) in enumerate(ADS.items()):
        name = advertiser or f"盘锦第{n}商贸有限公司"
        filed = iid == "B4"
        w.institution(
            iid, "p2p" if filed else "other", name=name, licence_status="filed" if filed else "none"
        )
        w.register(
            "advertisements",
            ad_id=f"AD{n}",
            institution_id=None if advertiser else iid,
            advertiser=name,
            published_on="2016-05-01",
            text=text,
        )
    found = check_cases(
        w,
        "unlicensed-advertising",
        POSITIVE,
        LOOK_ALIKE,
        {"unregistered-operator": [], "illegal-fundraising": []},
    )
    assert found["A2"].severity == 3
    assert found["A2"].evidence["key"].to_list() == ["AD1"]
