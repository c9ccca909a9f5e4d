"""What the columns and codes are called in Chinese, for readers of workbooks and pages."""

from __future__ import annotations

from models.ranking_tiers import TIER_ZH

COLUMNS: dict[str, str] = {
    "week": "周次",
    "rank": "排名",
    "previous_rank": "上周排名",
    "institution_id": "机构编号",
    "name": "机构名称",
    "sector": "业态",
    "district": "注册地",
    "licence_status": "许可状态",
    "score": "风险分",
    "tier": "建议处置",
    "report_immediately": "立即报告",
    "amount": "涉及金额(元)",
    "clients": "涉及客户数",
    "findings": "发现数",
    "reasons": "主要原因",
    "lead_agency": "牵头单位",
    "rectify_since": "限期整改起",
    "tier_reason": "处置理由",
    "client_money": "客户资金余额(元)",
    "client_count": "客户总数",
    "tips": "举报投诉数",
    "learned_score": "参考分(据人工结论)",
    "finding_key": "发现编号",
    "typology": "类型代码",
    "title": "类型",
    "clause": "条款",
    "severity": "严重程度",
    "confidence": "置信度",
    "first_on": "起始日",
    "last_on": "截止日",
    "accounts": "涉及账户",
    "explanation": "说明",
    "state": "状态",
    "verdict": "人工结论",
    "points": "得分",
    "kind": "类别",
    "code": "项目",
    "side": "方向",
    "class": "类别",
}

SECTORS = {
    "p2p": "P2P网络借贷",
    "equity_crowdfunding": "股权众筹",
    "asset_management": "资产管理",
    "payment": "第三方支付",
    "insurance": "互联网保险",
    "other": "其他",
}
LICENCES = {"licensed": "持牌", "filed": "备案", "none": "无牌照"}
STATES = {"new": "新增", "open": "持续", "worse": "恶化", "better": "好转", "gone": "消失"}
TIERS: dict[str, str] = {str(k): v for k, v in TIER_ZH.items()}
VERDICTS = {
    "": "",
    "confirmed": "已确认",
    "false_positive": "已排除",
    "rectified": "已整改",
    "refuted_then_new_evidence": "曾排除,现有新证据",
    "rectified_but_continued": "称已整改,但资金往来仍在继续",
}
SIDES = {"source": "兑付资金来源", "use": "客户资金去向"}
CLASSES = {
    "project": "项目(借款人)",
    "same_client": "同一客户",
    "other_client": "其他客户资金",
    "own": "机构自有资金与费用",
    "related": "关联方",
    "securities": "证券期货",
    "real_estate": "房地产",
    "product": "其他产品",
    "fee": "约定服务费",
    "bank": "利息与银行费用",
    "held": "尚存账上",
    "unknown": "去向不明",
}
EXPOSURES = {"client_money": "客户资金规模", "clients": "客户人数", "growth": "增长速度", "tips": "举报投诉"}
BASES = {
    "gross_taken": "吸收总额",
    "net_unrepaid": "未偿净额",
    "peak_diverted": "挪用峰值",
    "income": "违法所得",
}
METHODS = {
    "fifo": "先进先出",
    "lifo": "后进先出",
    "pro_rata": "按比例",
    "lowest_intermediate": "最低中间余额",
}
ACCOUNT_TYPES = {
    "custody": "客户资金存管",
    "own": "自有资金",
    "reserve_deposit": "备付金存管",
    "reserve_settlement": "备付金收付",
    "reserve_collection": "备付金汇缴",
    "risk_reserve": "风险准备金",
    "product": "产品账户",
    "party": "相关人账户",
    "other": "其他",
}
RELATIONS = {
    "shareholder": "股东",
    "legal_representative": "法定代表人",
    "executive": "高管",
    "actual_controller": "实际控制人",
    "affiliate": "关联企业",
    "guarantor": "担保人",
    "employee": "员工",
    "vendor": "供应商",
}
ROLES = {
    "context": "背景",
    "client_deposit": "客户投入",
    "deposit": "客户投入",
    "payout": "兑付客户",
    "own_cost": "机构费用",
    "subscription": "认购登记",
    "project": "项目登记",
    "product": "产品登记",
    "advertisement": "广告",
    "tip": "举报投诉",
    "institution": "机构登记",
    "report": "备付金报表",
    "interest": "利息入账",
    "top_up": "临时补入",
    "drain": "随后转出",
}
"""Roles of evidence rows in Chinese; one that is not here is shown as it stands."""
