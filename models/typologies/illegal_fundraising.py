"""二(一)1, 五(一) 非法集资: the four elements together.

1. No licence or filing (register). 2. Public solicitation: advertisements of the operator, or tips that
tell of it. 3. A promise of principal or yield: in those texts, or kept by regular payments back.
4. Many unrelated payers: the pool of `models.typologies._operators`, related parties and staff left out.
The grade follows the thresholds in force on the day (法释〔2010〕18号 art. 3 until 2022-03-01, then as
amended): amount and persons, for an individual and for a unit.

Confidence: 0.7, + 0.1 each for an advertisement, for a promise in words, and for a threshold passed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from models.finding import AmountBases, Finding, evidence
from models.text.clauses import plain
from models.text.offers import offers_finance
from models.text.promises import find_claims, is_warning
from models.text.rates import find_rates
from models.text.themes import groups
from models.typologies._common import first_last, name_key, shown_name, yuan
from models.typologies._operators import PARAMETERS, Operator, operators
from models.typologies.base import Context, Parameter, Typology

NEW_THRESHOLDS_FROM = dt.date(2022, 3, 1)
"""The day 法释〔2022〕5号 took effect."""

TYPOLOGY = Typology(
    code="illegal-fundraising",
    title_zh="非法集资",
    title_en="Illegal fund-raising",
    clause="二(一)1、五(一)",
    citations=("plan-2016-90", "spc-2010-18", "spc-2022-5", "state-council-247"),
    severity="5 above the criminal threshold in force on the day, 4 below it.",
    runbook=(
        "1. Report at once when large, with many people, or fast growing (五(一)).\n"
        "2. Secure advertisements, contracts and receipts; list the payers with what they paid and got back.\n"
        "3. Follow the large payees: who are they, is the money still there; ask for freezing.\n"
        "4. District first, police above the threshold; gross amount counts, repaid or not."
    ),
    parameters=(
        *PARAMETERS,
        Parameter("person_amount_yuan", 200_000, "yuan", "regulatory", "spc-2010-18", "Amount threshold of an individual until 2022-02-28."),
        Parameter("person_persons", 30, "persons", "regulatory", "spc-2010-18", "Persons threshold of an individual until 2022-02-28."),
        Parameter("unit_amount_yuan", 1_000_000, "yuan", "regulatory", "spc-2010-18", "Amount threshold of a unit until 2022-02-28."),
        Parameter("unit_persons", 150, "persons", "regulatory", "spc-2010-18", "Persons threshold of a unit until 2022-02-28."),
        Parameter("amount_yuan_2022", 1_000_000, "yuan", "regulatory", "spc-2022-5", "Amount threshold from 2022-03-01."),
        Parameter("persons_2022", 150, "persons", "regulatory", "spc-2022-5", "Persons threshold from 2022-03-01."),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Texts:
    """Advertisements and tips about one operator, and what they promise."""

    ads: tuple[str, ...]
    tips: tuple[str, ...]
    promised: tuple[str, ...]


def texts_about(ctx: Context, o: Operator) -> Texts:
    """Read the advertisements and tips that name an operator: by id, name, or account number."""
    own = ctx.table("mart_account", ("account_no", "holder_id")).filter(pl.col("holder_id") == o.holder_id)[
        "account_no"
    ]
    numbers = set(own.to_list())
    key = name_key(shown_name(ctx, o.carrier))

    def is_about(iid: str | None, name: str | None, text: str) -> bool:
        if iid is not None:
            return iid == o.carrier
        body = plain(text)
        return (bool(key) and name_key(name) == key) or any(n in body for n in numbers)

    ads, tips, promised = [], [], []
    for ad_id, iid, name, text in (
        ctx.table("mart_advertisement", ("ad_id", "institution_id", "advertiser", "text"))
        .sort("ad_id")
        .iter_rows()
    ):
        if text and is_about(iid, name, text) and offers_finance(text) and not is_warning(text):
            ads.append(ad_id)
            promised += [c.words for c in find_claims(text) if c.kind == "promise"] + [
                r.words for r in find_rates(text)
            ]
    for tip_id, iid, name, text in (
        ctx.table("mart_tip", ("tip_id", "institution_id", "institution_name", "text"))
        .sort("tip_id")
        .iter_rows()
    ):
        if text and is_about(iid, name, text) and groups(text) & {"solicitation", "payout", "false_projects"}:
            tips.append(tip_id)
            promised += [c.words for c in find_claims(text) if c.kind == "promise"] + [
                r.words for r in find_rates(text)
            ]
    return Texts(tuple(ads), tuple(tips), tuple(dict.fromkeys(promised)))


def detect(ctx: Context) -> Iterable[Finding]:
    """One finding an operator; the amount is the gross money taken in, repaid or not."""
    for o in operators(ctx, TYPOLOGY):
        if o.kind != "pool":
            continue
        texts = texts_about(ctx, o)
        if not texts.ads and not texts.tips:
            continue
        yield _finding(ctx, o, texts)


def _finding(ctx: Context, o: Operator, texts: Texts) -> Finding:
    taken, back, outlet = o.part("taken"), o.part("returned"), o.part("outlet")
    amount, returned = o.taken_fen(), int(back["amount_fen"].sum())
    persons = taken["other_id"].n_unique()
    kind = ctx.table("mart_holder", ("holder_id", "kind")).filter(pl.col("holder_id") == o.holder_id)["kind"][
        0
    ]
    last = first_last(o.lines["booked_on"])[1] or ctx.as_of
    over, rule = _threshold(ctx, kind == "person", last, amount, persons)
    confidence = 0.7 + 0.1 * bool(texts.ads) + 0.1 * bool(texts.promised) + 0.1 * over
    name = shown_name(ctx, o.carrier)
    promise_zh = (
        f"承诺“{'、'.join(texts.promised[:4])}”"
        if texts.promised
        else f"并向{back['other_id'].n_unique()}人按期返还"
    )
    promise_en = f"promises {', '.join(texts.promised[:4])}" if texts.promised else "pays back regularly"
    return Finding(
        institution_id=o.carrier,
        typology=TYPOLOGY.code,
        amount_fen=amount,
        severity=5 if over else 4,
        confidence=round(min(0.98, confidence), 2),
        first_on=first_last(o.lines["booked_on"])[0],
        last_on=last,
        explanation_zh=(
            f"{name}无许可或备案,公开宣传(广告{len(texts.ads)}条、举报{len(texts.tips)}件),{promise_zh},向{persons}名不特定人员吸收资金{taken.height}笔共{yuan(amount)}元,"
            f"已返还{yuan(returned)}元;{'达到' if over else '未达到'}{rule}的立案标准。"
        ),
        explanation_en=(
            f"{name} has no licence or filing, solicits in public ({len(texts.ads)} advertisements, {len(texts.tips)} tips), {promise_en}, and took "
            f"{yuan(amount)} yuan from {persons} persons; {yuan(returned)} was paid back. {'Above' if over else 'Below'} the threshold of {rule}."
        ),
        evidence=pl.concat(
            [
                evidence("taken", taken),
                evidence("returned", back),
                evidence("outlet", outlet),
                evidence("advertisement", register="advertisements", keys=list(texts.ads)),
                evidence("tip", register="tips", keys=list(texts.tips)),
            ]
        ),
        accounts=tuple(sorted(o.lines["account_no"].unique())),
        clients=persons,
        bases=AmountBases(
            gross_taken=amount,
            net_unrepaid=max(0, amount - returned),
            peak_diverted=int(outlet["amount_fen"].sum()),
            income=0,
        ),
        benign=(
            ("持牌或备案基金:登记表中无此记录", "licensed or filed funds: the register shows none"),
            (
                "真实商品的预付款:付款人一再收回的是资金",
                "prepayments for real goods: payers are paid back in money, again and again",
            ),
            (
                "仅向员工、亲友筹资:关联方已剔除,且曾向社会公开招揽",
                "money from staff and relatives only: related parties are left out, and the public was solicited",
            ),
        ),
    )


def _threshold(ctx: Context, person: bool, day: dt.date, amount_fen: int, persons: int) -> tuple[bool, str]:

    def p(name: str) -> float:
        return ctx.parameter(TYPOLOGY, name)

    if day >= NEW_THRESHOLDS_FROM:
        money, heads, rule = p("amount_yuan_2022"), p("persons_2022"), "法释〔2022〕5号"
    elif person:
        money, heads, rule = p("person_amount_yuan"), p("person_persons"), "法释〔2010〕18号(个人)"
    else:
        money, heads, rule = p("unit_amount_yuan"), p("unit_persons"), "法释〔2010〕18号(单位)"
    return amount_fen >= money * 100 or persons >= heads, rule
