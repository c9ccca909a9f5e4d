"""三(一): restricted words in names and scopes, and what only looks like them."""

from __future__ import annotations

from tests.cases.cases import check_cases
from tests.cases.world import World

POSITIVE = {"R1": None, "R2": None, "R3": None, "R4": None, "R5": None}
LOOK_ALIKE = {
    "C1": "理财 runs over 代理|财税, and the scope forbids it",
    "C2": "基金 runs over 镍基|金属",
    "C3": "金融街 is a place",
    "C4": "a foundation (基金会)",
    "C5": "the scope excludes finance",
    "C6": "a filed platform whose filing covers the word",
    "C7": "a licensed payment institution",
    "C8": "a public body (公共资源交易中心)",
    "C9": "a learned society",
    "C10": "a treasury office",
}
FIRMS = {
    "R1": ("盘锦甲乙财富管理有限公司", "企业管理咨询", "none", None),
    "R2": ("盘锦甲乙商务咨询有限公司", "商务咨询;受托资产管理", "none", None),
    "R3": ("辽宁甲乙互联网金融服务有限公司", "网络技术服务", "none", None),
    "R4": ("沈阳甲乙股权投资基金管理有限公司", "投资咨询", "licensed", "互联网支付"),
    "C1": ("盘锦甲乙代理财税服务有限公司", "代理记账;不得从事理财、吸收存款等业务", "none", None),
    "C2": ("盘锦甲乙镍基金属材料有限公司", "金属材料销售", "none", None),
    "C3": ("盘锦金融街甲乙酒店有限公司", "住宿;餐饮服务", "none", None),
    "C4": ("盘锦甲乙慈善基金会", "扶贫助学", "none", None),
    "C5": ("大连甲乙实业集团有限公司", "机械设备销售(不含金融、证券业务)", "none", None),
    "C6": ("鞍山甲乙金融信息服务有限公司", "网络借贷信息中介服务;金融信息服务", "filed", "网络借贷信息中介、金融信息服务"),
    "C7": ("沈阳甲乙支付服务有限公司", "支付业务", "licensed", "互联网支付;支付业务许可"),
    "C8": ("盘锦市公共资源交易中心", "公共资源交易服务", "none", None),
    "C9": ("盘锦市金融学会", "金融学术研究", "none", None),
    "C10": ("盘锦市财政局国库支付中心", "财政集中支付", "none", None),
    "R5": ("盘锦甲乙理财研究院有限公司", "信息咨询", "none", None),
}  # fmt: skip


def test_cases() -> None:
    w = World()
    for iid, (name, scope, status, licence) in FIRMS.items():
        w.institution(
            iid, "other", name=name, licence_status=status, licence_scope=licence, business_scope=scope
        )
    found = check_cases(w, "restricted-name", POSITIVE, LOOK_ALIKE)
    assert found["R2"].confidence < found["R1"].confidence
    assert {f.severity for f in found.values()} == {1}  # a sign to watch, until money moves
    assert "股权投资基金" in found["R4"].explanation_zh
    assert "基金管理" not in found["R4"].explanation_zh.replace("股权投资基金管理", "")
