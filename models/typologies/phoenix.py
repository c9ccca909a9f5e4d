"""五(四) 整治一批、又出一批: a new operator takes over where a closed one left off.

Closed: every registered account of the firm has a closing day, or tips say so. New: an operator whose
accounts were opened or whose first client paid in around the closing or later. The two share
controllers (persons or firms behind both, up to two steps), accounts, or the closed firm's money went
to the new one; or its clients came over without a sale. A client base sold to unrelated owners is
clean: nobody is behind both, and the buyer pays. An operator in no register may carry on as well
(`models.typologies._phoenix_unlisted`).

Confidence: 0.9 with shared controllers and clients, 0.85 with money handed over, 0.75 with controllers alone,
0.6 with clients alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import polars as pl

from models.finding import AmountBases, Finding, evidence
from models.text.themes import themes
from models.typologies._common import first_last, shown_name, subject_of, yuan
from models.typologies._flows_between import flows_between
from models.typologies._gaps import statements_begin
from models.typologies._phoenix_unlisted import unlisted
from models.typologies.base import Context, Parameter, Typology
from models.typologies.unregistered_operator import TYPOLOGY as OPERATORS

TYPOLOGY = Typology(
    code="phoenix",
    title_zh="关停后改头换面继续经营",
    title_en="A closed operator under a new name",
    clause="五(四)",
    citations=("plan-2016-90",),
    severity="4; 5 when the closed firm's money went to the new one.",
    runbook=(
        "1. Lay the registers of both firms side by side: persons, addresses, phones, accounts, staff.\n"
        "2. Ask how the closed firm's clients were paid and who told them of the new one.\n"
        "3. Ask for the contract, if a sale is claimed: parties, price, payment.\n"
        "4. Carry the closed firm's open duties over to the new one; inspect it as a continued case."
    ),
    parameters=(
        Parameter(
            "before_days", 120, "days", "calibrated", "New firms are prepared some months before the old one closes.",
            "The new firm's accounts are opened at most so long before the closing.",
        ),
        Parameter(
            "after_days", 365, "days", "calibrated", "A year after closing clients are scattered.",
            "The new firm's accounts are opened at most so long after the closing.",
        ),
        Parameter(
            "min_client_share", 0.1, "share", "calibrated",
            "Unrelated platforms of one region share a few per cent of their clients.",
            "Smallest share of the closed firm's clients that came over to count as shared clients.",
        ),
        Parameter(
            "min_client_share_alone", 0.3, "share", "calibrated",
            "Without a shared controller the overlap must be far beyond chance.",
            "The same, where clients are the only link.",
        ),
    ),
)  # fmt: skip

QUIET_DAYS = 30
"""Days at the head of the statements in which a firm that was at work would have taken client money."""
_BEHIND = ("actual_controller", "shareholder", "legal_representative", "executive", "affiliate")
"""Roles of persons behind a firm; vendors, guarantors and staff are shared by many."""


def closed_firms(ctx: Context) -> dict[str, dt.date]:
    """Institution -> day it closed: all accounts closed, or tips that say so (their first day)."""
    accounts = ctx.table("mart_account", ("institution_id", "account_type", "closed_on")).filter(
        pl.col("institution_id").is_not_null()
        & pl.col("account_type").is_not_null()
        & (pl.col("account_type") != "party")
    )
    gone = accounts.group_by("institution_id").agg(
        pl.col("closed_on").is_not_null().all().alias("all"), pl.col("closed_on").max().alias("day")
    )
    days = {
        i: d for i, everything, d in gone.sort("institution_id").iter_rows() if everything and d <= ctx.as_of
    }
    told: dict[str, dt.date] = {}
    for iid, name, day, text in ctx.table(
        "mart_tip", ("institution_id", "institution_name", "received_on", "text")
    ).iter_rows():
        who = subject_of(ctx, iid, name, text)
        if who and day and "closed" in themes(text or ""):
            told[who] = min(told.get(who, day), day)
    busy = ctx.table("mart_client", ("institution_id", "last_in_on")).drop_nulls()
    last = dict(busy.group_by("institution_id").agg(pl.col("last_in_on").max()).iter_rows())
    for who, day in told.items():
        if who not in days and (last.get(who) is None or last[who] < day):
            days[who] = day
    return days


def _people(ctx: Context) -> pl.DataFrame:
    return (
        ctx.table("mart_relation", ("institution_id", "holder_id", "role", "distance", "path"))
        .filter(pl.col("role").is_in(_BEHIND) & (pl.col("distance") <= 2))
        .sort("institution_id", "holder_id", "distance", "role")
        .unique(["institution_id", "holder_id"], keep="first", maintain_order=True)
    )


def _begun(ctx: Context) -> pl.DataFrame:
    """First client money of firms that took none before: a firm off the shelf begins when it starts to take money.

    Grain: ``institution_id``; ``begun_on``. Firms that took money in the first weeks of the statements are left out.
    """
    start = statements_begin(ctx)
    taken = ctx.table("mart_client", ("institution_id", "first_in_on")).drop_nulls()
    begun = taken.group_by("institution_id").agg(begun_on=pl.col("first_in_on").min())
    return begun.filter(pl.col("begun_on") > pl.lit(start) + pl.duration(days=QUIET_DAYS))


def _client_lines(ctx: Context, institution_id: str) -> pl.DataFrame:
    """Lines between the firm's own accounts and its clients, in order: line_no, direction, holder_id, booked_on, amount_fen."""
    mine = pl.col("institution_id") == institution_id
    accounts = ctx.table("mart_controlled_account", ("institution_id", "account_id")).filter(mine)
    clients = ctx.table("mart_client", ("institution_id", "holder_id")).filter(mine)
    columns = ("line_no", "account_id", "direction", "cp_holder_id", "booked_on", "amount_fen")
    return (
        ctx.rows("mart_line", columns, "account_id in (select key from asked)", asked=accounts["account_id"])
        .rename({"cp_holder_id": "holder_id"})
        .join(clients, on="holder_id", how="semi")
        .sort("line_no")
    )


def detect(ctx: Context) -> Iterable[Finding]:
    """One finding a new operator; the amount is the client money it took in."""
    p = {x.name: ctx.parameter(TYPOLOGY, x.name) for x in TYPOLOGY.parameters}
    closed = closed_firms(ctx)
    if not closed:
        return
    accounts = ctx.table(
        "mart_account", ("institution_id", "account_id", "account_type", "opened_on")
    ).filter(
        pl.col("institution_id").is_not_null()
        & pl.col("account_type").is_not_null()
        & (pl.col("account_type") != "party")
    )
    firms = ctx.table("mart_institution", ("institution_id", "sector", "registered_on"))
    born = (
        accounts.group_by("institution_id")
        .agg(pl.col("opened_on").min())
        .join(firms, on="institution_id")
        .join(_begun(ctx), on="institution_id", how="left")
        .with_columns(pl.max_horizontal("opened_on", "registered_on", "begun_on").alias("born_on"))
        .drop_nulls("born_on")
    )
    sector = {i: s for i, s, _ in firms.iter_rows()}
    people = _people(ctx)
    clients = ctx.table("mart_client", ("institution_id", "holder_id"))
    both = flows_between(ctx)
    for new, born_on in born.select("institution_id", "born_on").sort("institution_id").iter_rows():
        links = []
        for old, day in sorted(closed.items()):
            if old == new or sector.get(old) != sector.get(new) or new in closed:
                continue
            if (
                not day - dt.timedelta(days=p["before_days"])
                <= born_on
                <= day + dt.timedelta(days=p["after_days"])
            ):
                continue
            shared = people.filter(pl.col("institution_id") == new).join(
                people.filter(pl.col("institution_id") == old), on="holder_id"
            )
            mine, theirs = (
                clients.filter(pl.col("institution_id") == new),
                clients.filter(pl.col("institution_id") == old),
            )
            over = mine.join(theirs, on="holder_id", how="semi").height
            share = over / max(1, theirs.height)
            between = both.filter((pl.col("institution_id") == new) & (pl.col("other_institution") == old))
            got = between.filter("coming")
            paid = between.filter(~pl.col("coming"))
            came = share >= p["min_client_share"] and over >= 5
            handed = got.height > 0 and int(got["amount_fen"].sum()) > int(paid["amount_fen"].sum())
            many = over >= 20 or (over >= 8 and over >= p["min_client_share_alone"] * mine.height)
            alone = share >= p["min_client_share_alone"] and many and not paid.height
            if shared.height and (came or handed):
                links.append((old, day, shared, over, share, got, 0.9 if came else 0.85))
            elif shared.height:
                links.append((old, day, shared, over, share, got, 0.75))
            elif handed or alone:
                links.append((old, day, shared, over, share, got, 0.85 if handed else 0.6))
        if links:
            yield _finding(ctx, new, max(links, key=lambda x: (x[6], x[4], x[0])))
    yield from unlisted(ctx, OPERATORS, closed, people, p, TYPOLOGY.code)


def _finding(
    ctx: Context,
    new: str,
    link: tuple[str, dt.date, pl.DataFrame, int, float, pl.DataFrame, float],
) -> Finding:
    old, day, shared, over, share, got, confidence = link
    lines = _client_lines(ctx, new)
    taken, back = (lines.filter(pl.col("direction") == d) for d in ("in", "out"))
    amount = int(taken["amount_fen"].sum())
    handed = int(got.unique("transfer_no")["amount_fen"].sum()) if got.height else 0
    days = pl.concat([taken["booked_on"], got["booked_on"]])
    persons = "、".join(sorted({p.split(" ")[-1] for p in shared["path"].to_list()})[:4])
    name, before = shown_name(ctx, new), shown_name(ctx, old)
    parts_zh = [x for x in (
        f"与其有共同控制人或高管({persons})" if shared.height else "",
        f"承接其客户{over}人(占{share:.0%})" if over else "",
        f"接收其资金{yuan(handed)}元" if handed else "",
    ) if x]  # fmt: skip
    parts_en = [x for x in (
        f"the same persons are behind both ({shared.height})" if shared.height else "",
        f"{over} of its clients came over ({share:.0%})" if over else "",
        f"it received {yuan(handed)} yuan of its money" if handed else "",
    ) if x]  # fmt: skip
    keys = [f"{new}|{r}" for r in _relation_keys(ctx, new, shared)] + [
        f"{old}|{r}" for r in _relation_keys(ctx, old, shared)
    ]
    return Finding(
        institution_id=new,
        typology=TYPOLOGY.code,
        amount_fen=amount,
        severity=5 if handed else 4,
        confidence=confidence,
        first_on=first_last(days)[0],
        last_on=first_last(days)[1],
        explanation_zh=f"{before}于{day}关停,{name}{';'.join(parts_zh)};新机构已收取客户资金{taken.height}笔共{yuan(amount)}元。",
        explanation_en=f"{before} closed on {day}; {name} carries on: {'; '.join(parts_en)}. It has taken {yuan(amount)} yuan from clients in {taken.height} payments.",
        evidence=pl.concat(
            [
                evidence("client_deposit", taken),
                evidence("handed_over", got.unique("line_no").sort("line_no") if got.height else None),
                evidence("shared_person", register="relations", keys=keys),
            ]
        ),
        clients=taken["holder_id"].n_unique(),
        bases=AmountBases(
            gross_taken=amount,
            net_unrepaid=max(0, amount - int(back["amount_fen"].sum())),
            peak_diverted=handed,
        ),
        benign=(
            (
                "转让给无关联的买方:" + ("背后为相同人员" if shared.height else "未向已关闭机构支付价款"),
                "a sale to unrelated owners: "
                + (
                    "the same persons are behind both"
                    if shared.height
                    else "no price was paid to the closed firm"
                ),
            ),
            (
                "客户同时使用多个平台:重叠远高于无关联机构之间" if over else "未计客户重叠",
                "clients that use several platforms: the overlap is far above that of unrelated firms"
                if over
                else "no overlap of clients counted",
            ),
        ),
    )


def _relation_keys(ctx: Context, institution_id: str, shared: pl.DataFrame) -> list[str]:
    if shared.is_empty():
        return []
    parties = ctx.table("mart_holder", ("holder_id", "party_id", "id_no")).join(
        shared.select("holder_id"), on="holder_id", how="semi"
    )
    ids = ctx.table("stg_parties", ("party_id", "id_no")).join(
        parties.select("id_no").drop_nulls().unique(), on="id_no", how="semi"
    )
    wanted = pl.concat([parties.select("party_id").drop_nulls(), ids.select("party_id")]).unique()
    rows = ctx.table("stg_relations", ("institution_id", "party_id", "role")).filter(
        (pl.col("institution_id") == institution_id) & pl.col("role").is_in(_BEHIND)
    )
    return [
        f"{p}|{r}"
        for p, r in rows.join(wanted, on="party_id", how="semi")
        .sort("party_id", "role")
        .select("party_id", "role")
        .iter_rows()
    ]
