"""二(五)1 and 二(六): promises of capital or yield, boasts, or a yield that is not the registered one.

Promises are told from warnings by clause (see `models.text.promises`); what sellers of goods promise too (零风险试用)
counts where the text offers something financial, or a financial firm says it. A yield counts when the
text names one registered product of the advertiser and promises another rate than the register, or names none and
promises more than any of its products has.

Confidence: 0.95 for a promise, 0.9 for a yield that differs, 0.7 for a boast alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import polars as pl

from models.finding import Finding, evidence
from models.text.clauses import plain
from models.text.offers import promises_made
from models.text.promises import find_claims
from models.text.rates import find_rates
from models.typologies._common import shown_name, subject_of
from models.typologies.base import Context, Parameter, Typology

TYPOLOGY = Typology(
    code="misleading-advertising",
    title_zh="误导性、虚假违法宣传",
    title_en="Misleading advertising",
    clause="二(五)1、二(六)",
    citations=("plan-2016-90", "advertising-law-2015"),
    severity="3 for a promise of principal or yield; 2 for a yield that differs or a boast.",
    runbook=(
        "1. Secure the advertisement as published and the product documents of the same day.\n"
        "2. Compare promise and rate with the contract and the registered product.\n"
        "3. Market regulator: order to stop and correct; sector group: talk to the licensed firm.\n"
        "4. Ask whether clients who bought after the advertisement relied on it."
    ),
    parameters=(
        Parameter(
            "yield_tolerance",
            0.002,
            "annual fraction",
            "calibrated",
            "Rates are printed to one decimal of a percent; two tenths of a point leave room for rounding.",
            "Largest difference between promised and registered yield that is no finding.",
        ),
        Parameter(
            "unnamed_margin",
            0.01,
            "annual fraction",
            "calibrated",
            "A new client's coupon adds a point at most; what names no product may speak of one still to come.",
            "How far above all registered yields a rate must be that is promised for no product by name.",
        ),
    ),
    after=("unregistered-operator", "illegal-fundraising"),
)

_NUMBER = re.compile(r"第?[0-9一二三四五六七八九十零]+(?:号|期|月|标|季)?.*$")
"""What tells products of one series apart."""
_PRODUCT_NAME = re.compile(r"[\u4e00-\u9fff](?:宝|号|盈|通|计划|系列|[a-z]款)")
_FINANCIAL = ("p2p", "equity_crowdfunding", "asset_management")
"""Sectors whose advertisements are for financial products, whatever their words."""


def _registered_yields(ctx: Context, sellers: pl.Series) -> dict[str, list[tuple[str, str, float]]]:
    """Products of some institutions with a name and a promise (id, name, yield), long names first."""
    table = (
        ctx.rows(
            "mart_product",
            ("product_id", "institution_id", "name", "promised_yield"),
            "institution_id in (select key from asked) and name is not null and promised_yield is not null",
            asked=sellers,
        )
        .sort("institution_id", pl.col("name").str.len_chars(), "product_id", descending=[False, True, False])
        .group_by("institution_id", maintain_order=True)
        .agg(pl.struct("product_id", "name", "promised_yield"))
    )
    return {iid: [tuple(p.values()) for p in told] for iid, told in table.iter_rows()}


def _named(products: list[tuple[str, str, float]], text: str) -> tuple[str, str, float] | None:
    """The product that an advertisement names, with its plain name."""
    body = plain(text)
    return next(((p, n, rate) for p, name, rate in products if (n := plain(name)) in body), None)


def _meant(body: str, products: list[tuple[str, str, float]]) -> list[tuple[str, str, float]]:
    """Products that a text which names none in full speaks of: those of a series it names, else all.

    A text that names something else (another number, another 宝) speaks of none of them.
    """
    series = [
        each
        for each in products
        if (stem := _NUMBER.sub("", plain(each[1]))) and len(stem) > 1 and stem in body
    ]
    return series or ([] if _PRODUCT_NAME.search(body) else products)


def detect(ctx: Context) -> Iterable[Finding]:
    """One finding an advertiser, over all its misleading advertisements."""
    tolerance = ctx.parameter(TYPOLOGY, "yield_tolerance")
    known = set(ctx.table("mart_institution", ("institution_id",))["institution_id"])
    operators = {f.institution_id for code in TYPOLOGY.after for f in ctx.findings.get(code, ())}
    sectors = dict(ctx.table("mart_institution", ("institution_id", "sector")).iter_rows())
    found: dict[str, list[tuple[str, object, str, str, str]]] = {}
    product_keys: dict[str, set[str]] = {}
    ads = ctx.table("mart_advertisement", ("ad_id", "institution_id", "advertiser", "published_on", "text"))
    told = [
        (ad_id, subject_of(ctx, iid, advertiser, text), day, text)
        for ad_id, iid, advertiser, day, text in ads.sort("ad_id").iter_rows()
    ]
    products = _registered_yields(ctx, pl.Series([who for _, who, _, _ in told], dtype=pl.String))
    for ad_id, who, day, text in told:
        if who is None or not text or (who not in known and who not in operators):
            continue
        claims = find_claims(text) if sectors.get(who) in _FINANCIAL else promises_made(text)
        promises = [c.words for c in claims if c.kind == "promise"]
        boasts = [c.words for c in claims if c.kind == "boast"]
        if promises:
            words = "、".join(dict.fromkeys(promises + boasts))
            found.setdefault(who, []).append((ad_id, day, "promise", f"承诺“{words}”", f"promises “{words}”"))
            continue
        rates = find_rates(text)
        named = _named(products.get(who, []), text) if rates else None
        if named is None and rates and (meant := _meant(plain(text), products.get(who, []))):
            best = max(meant, key=lambda each: (each[2], each[0]))
            if min(r.low for r in rates) > best[2] + ctx.parameter(TYPOLOGY, "unnamed_margin"):
                named = best
        if named:
            rate = max(r.high for r in rates)
            if abs(rate - named[2]) > tolerance and not any(
                r.low - tolerance <= named[2] <= r.high + tolerance for r in rates
            ):
                found.setdefault(who, []).append(
                    (
                        ad_id,
                        day,
                        "yield",
                        f"“{named[1]}”宣传收益率{rate:.2%},登记为{named[2]:.2%}",
                        f"advertises {rate:.2%} for {named[1]}, registered at {named[2]:.2%}",
                    )
                )
                product_keys.setdefault(who, set()).add(named[0])
                continue
        if boasts:
            words = "、".join(dict.fromkeys(boasts))
            found.setdefault(who, []).append(
                (ad_id, day, "boast", f"夸大过往业绩“{words}”", f"boasts “{words}”")
            )
    for who, rows in sorted(found.items()):
        kinds = {r[2] for r in rows}
        days = pl.Series([r[1] for r in rows], dtype=pl.Date).drop_nulls()
        name = shown_name(ctx, who)
        proof = [evidence("advertisement", register="advertisements", keys=[r[0] for r in rows])]
        if who in product_keys:
            proof.append(evidence("context", register="products", keys=sorted(product_keys[who])))
        yield Finding(
            institution_id=who,
            typology=TYPOLOGY.code,
            amount_fen=0,
            severity=3 if "promise" in kinds else 2,
            confidence=0.95 if "promise" in kinds else 0.9 if "yield" in kinds else 0.7,
            first_on=days.min(),  # type: ignore[arg-type]
            last_on=days.max(),  # type: ignore[arg-type]
            explanation_zh=f"{name}的{len(rows)}条广告存在误导:{';'.join(r[3] for r in rows[:4])}。",
            explanation_en=f"{len(rows)} advertisement(s) of {name} mislead: it {'; '.join(r[4] for r in rows[:4])}.",
            evidence=pl.concat(proof),
            benign=(
                (
                    "使用相同字样的风险提示(不承诺保本、均为虚假宣传):分句及全句均无否定",
                    "a risk warning that uses the same words (不承诺保本, 均为虚假宣传): no denial in clause or sentence",
                ),
                ("利率四舍五入:差额超过容差", "rounding of the rate: the difference is above the tolerance"),
            ),
        )
