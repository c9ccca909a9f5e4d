"""Operators in no register that carry on a closed firm's business: its clients, or one of the persons behind it."""

from __future__ import annotations

import datetime as dt

import polars as pl

from models.finding import AmountBases, Finding, evidence
from models.typologies._common import first_last, shown_name, yuan
from models.typologies._operators import Operator, operators
from models.typologies.base import Context, Typology


def unlisted(
    ctx: Context,
    operator_typology: Typology,
    closed: dict[str, dt.date],
    people: pl.DataFrame,
    p: dict[str, float],
    code: str,
) -> list[Finding]:
    """Findings of operators outside the registers, one each at most.

    Parameters
    ----------
    operator_typology : Typology
        Whose parameters tell an operator.
    closed : dict
        Institution -> day it closed.
    people : polars.DataFrame
        ``institution_id``, ``holder_id`` of those behind each firm.
    p : dict
        Parameters of the typology.
    code : str
        Its code.
    """
    clients = ctx.table("mart_client", ("institution_id", "holder_id"))
    found = []
    for o in operators(ctx, operator_typology):
        taken = o.part("taken")
        if not o.carrier.startswith("U-") or o.kind == "lending" or taken.is_empty():
            continue
        begun = first_last(taken["booked_on"])[0]
        payers = taken["other_id"].drop_nulls().unique()
        links = []
        for old, day in sorted(closed.items()):
            if begun is None or not (
                day - dt.timedelta(days=p["before_days"]) <= begun <= day + dt.timedelta(days=p["after_days"])
            ):
                continue
            theirs = clients.filter(pl.col("institution_id") == old)["holder_id"]
            over = int(theirs.is_in(payers.implode()).sum())
            behind = not people.filter(
                (pl.col("institution_id") == old) & (pl.col("holder_id") == o.holder_id)
            ).is_empty()
            share = over / max(1, len(theirs))
            least = p["min_client_share"] if behind else p["min_client_share_alone"]
            many = over >= 20 or (over >= (5 if behind else 8) and over >= least * len(payers))
            if behind or (share >= least and many):
                links.append((behind, share, over, old, day))
        if links:
            found.append(_finding(ctx, o, max(links), code))
    return found


def _finding(ctx: Context, o: Operator, link: tuple[bool, float, int, str, dt.date], code: str) -> Finding:
    behind, share, over, old, day = link
    taken, back = o.part("taken"), o.part("returned", "settled")
    amount = o.taken_fen()
    name, before = shown_name(ctx, o.carrier), shown_name(ctx, old)
    zh = [
        x
        for x in (
            "其户主即该机构背后人员" if behind else "",
            f"承接其客户{over}人(占{share:.0%})" if over else "",
        )
        if x
    ]
    en = [
        x
        for x in (
            "its holder stood behind the firm" if behind else "",
            f"{over} of its clients came over ({share:.0%})" if over else "",
        )
        if x
    ]
    return Finding(
        institution_id=o.carrier,
        typology=code,
        amount_fen=amount,
        severity=4,
        confidence=0.85 if behind and over else 0.75 if behind else 0.6,
        first_on=first_last(taken["booked_on"])[0],
        last_on=first_last(taken["booked_on"])[1],
        explanation_zh=f"{before}于{day}关停,不在任何登记名录中的{name}{';'.join(zh)};已收取资金{taken.height}笔共{yuan(amount)}元。",
        explanation_en=f"{before} closed on {day}; {name}, in no register, carries on: {'; '.join(en)}. It has taken {yuan(amount)} yuan in {taken.height} payments.",
        evidence=evidence("client_deposit", taken),
        accounts=tuple(sorted(taken["account_no"].unique())),
        clients=taken["other_id"].n_unique(),
        bases=AmountBases(gross_taken=amount, net_unrepaid=max(0, amount - int(back["amount_fen"].sum()))),
        benign=(
            (
                "转让给无关联的买方:该主体不在登记名录中,无转让合同可查",
                "a sale to unrelated owners: who stands in no register has no contract to show",
            ),
            (
                "客户同时使用多家:重叠远高于偶然",
                "clients that use several firms: the overlap is far beyond chance",
            ),
        ),
    )
