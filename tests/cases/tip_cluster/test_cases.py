"""三(三): tips that agree, with each other or with a finding."""

from __future__ import annotations

import polars as pl

from models.finding import EVIDENCE_SCHEMA, Finding
from tests.cases.cases import check_cases
from tests.cases.world import World

POSITIVE = {"T1": None, "T2": None, "T3": None, "T4": None}
LOOK_ALIKE = {
    "U1": "one tip alone",
    "U2": "complaints about service",
    "U3": "two tips on different matters, no finding speaks for them",
    "U4": "two tips a year apart",
    "U5": "two reports that the firm closed",
}
TIPS = {
    "T1": [("2016-05-10", "提现一直显示处理中,客服说系统升级"), ("2016-05-12", "到期不兑付,只给了一部分本金")],
    "T2": [("2016-05-10", "没有具体借款项目,钱都打到一个账户里"), ("2016-06-01", "标的借款企业查不到,疑似假标")],
    "T3": [("2016-01-10", "业务员要求转账到个人账户"), ("2016-06-01", "标的借款企业查不到,疑似假标"), ("2016-06-03", "我的钱取不出来")],
    "T4": [("2016-05-10", "线下门店拉老人投资"), ("2016-05-20", "业务员上门推销理财,家里老人信了")],
    "U1": [("2016-05-10", "到期不兑付,钱取不出来")],
    "U2": [("2016-05-10", "手机软件闪退,登录不了"), ("2016-05-12", "广告短信太频繁"), ("2016-05-13", "收费偏高")],
    "U3": [("2016-05-10", "业务员要求转账到个人账户"), ("2016-05-12", "到小区发传单,承诺高息还本")],
    "U4": [("2015-05-10", "到期不兑付"), ("2016-06-12", "钱取不出来")],
    "U5": [("2016-05-10", "已关停清退,网站打不开"), ("2016-05-12", "公司已注销")],
}  # fmt: skip


def test_cases() -> None:
    w = World()
    for n, (iid, tips) in enumerate(TIPS.items()):
        name = f"盘锦第{n}网络信息服务有限公司"
        w.institution(iid, name=name)
        for k, (day, text) in enumerate(tips):
            w.register(
                "tips",
                tip_id=f"TP{n}{k}",
                institution_id=iid if k else None,
                institution_name=name,
                received_on=day,
                text=name + text,
            )
    pool = Finding("T3", "fund-pool", 1, 4, 0.9, None, None, "x", "x", pl.DataFrame(schema=EVIDENCE_SCHEMA))
    run_risk = Finding(
        "T3", "run-risk", 1, 4, 0.9, None, None, "x", "x", pl.DataFrame(schema=EVIDENCE_SCHEMA)
    )
    given: dict[str, list[Finding]] = {"fund-pool": [pool], "run-risk": [run_risk]}
    from models.text.themes import SUPPORTS

    given |= {c: [] for codes in SUPPORTS.values() for c in codes if c not in given}
    found = check_cases(w, "tip-cluster", POSITIVE, LOOK_ALIKE, given)
    assert set(found["T1"].evidence["key"]) == {"TP00", "TP01"}
    assert found["T3"].severity == 3
