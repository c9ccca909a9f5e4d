"""二(六): financial products advertised by an institution with no licence.

Confidence: 0.95 with a promise or a yield in the text, 0.9 with two or more product words,
0.8 with one (the fewer words speak of finance, the more an ordinary reading is possible).
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from models.finding import Finding, evidence
from models.text.offers import offers_finance, promises_made
from models.text.promises import is_warning
from models.text.rates import find_rates
from models.typologies._common import shown_name, subject_of
from models.typologies.base import Context, Typology

TYPOLOGY = Typology(
    code="unlicensed-advertising",
    title_zh="无资质发布金融产品广告",
    title_en="Financial products advertised without a licence",
    clause="二(六)",
    citations=("plan-2016-90", "advertising-law-2015"),
    severity="2; 3 when the advertisement promises principal or a yield.",
    runbook=(
        "1. Secure the advertisement: page, medium, date, contract with the publisher.\n"
        "2. Ask the licensing authority whether the advertiser or the product's issuer holds a licence.\n"
        "3. Market regulator: order to stop; tell the publisher, who must check licences.\n"
        "4. Look for accounts named in the text and add them to the case."
    ),
    after=("unregistered-operator", "illegal-fundraising"),
)


def detect(ctx: Context) -> Iterable[Finding]:
    """One finding an unlicensed advertiser, over all its advertisements for financial products.

    Advertisers that no register names are carried only when another typology has found an
    operator behind their name: a poster by itself is no institution.
    """
    status = dict(ctx.table("mart_institution", ("institution_id", "licence_status")).iter_rows())
    operators = {f.institution_id for code in TYPOLOGY.after for f in ctx.findings.get(code, ())}
    found: dict[str, list[tuple[str, object, tuple[str, ...], bool]]] = {}
    ads = ctx.table("mart_advertisement", ("ad_id", "institution_id", "advertiser", "published_on", "text"))
    for ad_id, iid, advertiser, day, text in ads.sort("ad_id").iter_rows():
        words = offers_finance(text or "")
        if not words or is_warning(text):
            continue
        who = subject_of(ctx, iid, advertiser, text)
        if who is None or status.get(who) in ("licensed", "filed"):
            continue
        if who not in status and who not in operators:
            continue
        strong = bool(find_rates(text)) or any(c.kind == "promise" for c in promises_made(text))
        found.setdefault(who, []).append((ad_id, day, words, strong))
    for who, rows in sorted(found.items()):
        days = pl.Series([r[1] for r in rows], dtype=pl.Date).drop_nulls()
        all_words = list(dict.fromkeys(w for r in rows for w in r[2]))
        strong = any(r[3] for r in rows)
        name = shown_name(ctx, who)
        yield Finding(
            institution_id=who,
            typology=TYPOLOGY.code,
            amount_fen=0,
            severity=3 if strong else 2,
            confidence=0.95 if strong else 0.9 if len(all_words) > 1 else 0.8,
            first_on=days.min(),  # type: ignore[arg-type]
            last_on=days.max(),  # type: ignore[arg-type]
            explanation_zh=f"{name}无金融业务资质,发布金融产品广告{len(rows)}条,涉及:{'、'.join(all_words[:6])}。",
            explanation_en=f"{name} holds no financial licence and published {len(rows)} advertisement(s) for financial products ({'、'.join(all_words[:6])}).",
            evidence=evidence("advertisement", register="advertisements", keys=[r[0] for r in rows]),
            benign=(
                (
                    "并非金融产品广告:文本提及产品或吸收资金",
                    "an advertisement for no financial product: the text names products or the taking of money",
                ),
                ("有许可或备案:登记表中无此记录", "a licence or filing: the register shows none"),
                (
                    "使用相同字样的风险提示:分句内无否定",
                    "a risk warning that uses the same words: no denial in the clause",
                ),
            ),
        )
