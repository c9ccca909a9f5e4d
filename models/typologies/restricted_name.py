"""三(一): a restricted word in the name or business scope, and no licence to match.

Confidence: 0.95 for a word in the name, 0.9 for one in the scope alone (a scope may be quoted
in part); both by the text rule alone, no statistics behind them.
"""

from __future__ import annotations

from collections.abc import Iterable

from models.finding import Finding, evidence
from models.text.restricted import find_restricted, is_body, licence_matches
from models.typologies.base import Context, Typology

TYPOLOGY = Typology(
    code="restricted-name",
    title_zh="名称或经营范围使用限制字样而无相应资质",
    title_en="Restricted word in the name or scope without a matching licence",
    clause="三(一)",
    citations=("plan-2016-90",),
    severity="1: a sign to watch (三(一) makes the firm a key object of supervision); a flow finding beside it carries its own.",
    runbook=(
        "1. Look the firm up in the company register: name, scope and date of the last change.\n"
        "2. Ask the licensing authority whether a licence or filing exists that the register lacks.\n"
        "3. Without one: list the firm as a key object of supervision (列入重点监管对象) and ask the market\n"
        "   regulator to have name or scope changed.\n"
        "4. Look at the firm's other findings: a word in a name weighs little until money moves."
    ),
)


def detect(ctx: Context) -> Iterable[Finding]:
    """One finding an institution whose name or scope holds a restricted word it has no licence for."""
    rows = ctx.table(
        "mart_institution",
        ("institution_id", "name", "business_scope", "licence_status", "licence_scope", "registered_on"),
    )
    for iid, name, scope, status, licence, _ in rows.sort("institution_id").iter_rows():
        if is_body(name or ""):
            continue
        in_name = [
            h.word for h in find_restricted(name or "") if not licence_matches(h.word, status, licence)
        ]
        in_scope = [
            h.word
            for h in find_restricted(scope or "", scope=True)
            if not licence_matches(h.word, status, licence)
        ]
        if not in_name and not in_scope:
            continue
        words = list(dict.fromkeys(in_name + in_scope))
        shown = "、".join(w.upper() for w in words)
        where_zh = "名称和经营范围" if in_name and in_scope else "名称" if in_name else "经营范围"
        where_en = "name and scope" if in_name and in_scope else "name" if in_name else "business scope"
        licence_zh = (
            "未取得许可或备案" if status not in ("licensed", "filed") else f"许可范围(“{licence}”)不含该业务"
        )
        licence_en = (
            "has no licence or filing"
            if status not in ("licensed", "filed")
            else "has a licence whose scope does not cover it"
        )
        yield Finding(
            institution_id=iid,
            typology=TYPOLOGY.code,
            amount_fen=0,
            severity=1,
            confidence=0.95 if in_name else 0.9,
            first_on=None,
            last_on=None,
            explanation_zh=f"“{name}”的{where_zh}含限制字样{len(words)}个:{shown};该机构{licence_zh}。",
            explanation_en=f"The {where_en} of {name} holds {len(words)} restricted word(s): {shown}; the firm {licence_en}.",
            evidence=evidence("restricted_word", register="institutions", keys=[iid]),
            benign=(
                (
                    "属另一词或地名的一部分(金融街、基金会、代理|财税):该词处于词界",
                    "part of another word or of a place name (金融街, 基金会, 代理|财税): the word stands on word boundaries",
                ),
                (
                    "排除或禁止性表述(不含…、不得从事…):该词不在此类表述之内",
                    "a clause that excludes or forbids (不含…, 不得从事…): the word stands outside such a clause",
                ),
                (
                    "学校、社团或机关的名称:名称并非以此类字样结尾",
                    "the name of a school, an association or a public office: it ends with no such word",
                ),
                (
                    "有相应许可:登记的许可均不涵盖该词",
                    "a licence that matches: none on the register covers the word",
                ),
            ),
        )
