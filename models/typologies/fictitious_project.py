"""fictitious-project: a registered project that is none.

Four signs: the project is full and nobody was paid; somebody else was paid and the borrower is never heard of;
its money came back to controlled or related accounts within 30 days; one account served several unrelated borrowers. Where the payees are
persons who lend, the case is `super-lender`. Confidence: 0.9 for three projects or more of one sign, else 0.75;
for money that came back it is 0.6, more by the share that did.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from models.finding import AmountBases, Finding, evidence
from models.typologies._diversion import Diversion, chain_evidence
from models.typologies._fictions import paid_to_strangers, returned, shared_accounts, unpaid_projects
from models.typologies._frames import accounts_of, first_last, of, people, total
from models.typologies._pool import all_deposits
from models.typologies._say import sides, yuan
from models.typologies.base import Context, Parameter, Typology

TYPOLOGY = Typology(
    code="fictitious-project",
    title_zh="虚构标的",
    title_en="Fictitious projects",
    clause="二(一)1",
    citations=("plan-2016-90", "decree-2016-1-art10"),
    severity="4; 5 from 3 projects or 1,000,000 yuan on: a sign of a crime (集资诈骗).",
    runbook="1. Visit the borrowers of the projects listed: do they exist, did they ask for a loan, were they paid?\n"
    "2. For projects never paid out, find where the clients' money is today (fund-pool, new-money-pays-old).\n"
    "3. For money that came back, follow the chain and its contracts.\n"
    "4. For one account behind several borrowers, ask the bank for its signatories.\n"
    "5. Inform the police when two or more projects are confirmed as invented.",
    parameters=(
        Parameter(
            "return_share",
            0.5,
            "share",
            "calibrated",
            "shells pass back 90 % and more; a borrower's own deposit or fee stays far below half",
            "share of a project's money that must come back",
        ),
        Parameter(
            "return_days", 30, "days", "regulatory", "plan-2016-90", "days in which it comes back (catalogue)"
        ),
        Parameter(
            "hops",
            5,
            "transfers",
            "calibrated",
            "the catalogue sets days, no number of transfers; three go-betweens were seen in practice",
            "transfers followed, the payment to the borrower being the first",
        ),
        Parameter(
            "min_borrowers",
            3,
            "borrowers",
            "calibrated",
            "two may be a family or a group",
            "unrelated borrowers served by one account",
        ),
        Parameter(
            "min_strangers",
            2,
            "projects",
            "calibrated",
            "one is an order to pay a supplier whose borrower defaults",
            "projects paid to others whose borrowers never pay",
        ),
        Parameter(
            "patience",
            10,
            "days",
            "calibrated",
            "the days the catalogue gives money to be explained",
            "days a repayment may be late before its borrower is taken to be none",
        ),
        Parameter(
            "min_amount",
            50_000,
            "yuan",
            "calibrated",
            "the smallest projects in the registers are of this size",
            "principal concerned",
        ),
        Parameter(
            "large_amount",
            1_000_000,
            "yuan",
            "calibrated",
            "twice the threshold of fraud by a unit (spc-2010-18)",
            "principal from which the severity is 5",
        ),
    ),
    after=("super-lender",),
    reach="circle",
)


def detect(ctx: Context) -> Iterator[Finding]:
    """Yield at most one finding an institution; the amount is the principal concerned."""
    never = unpaid_projects(ctx)
    back = {
        d.institution_id: d
        for d in returned(
            ctx,
            share=ctx.parameter(TYPOLOGY, "return_share"),
            days=int(ctx.parameter(TYPOLOGY, "return_days")),
            hops=int(ctx.parameter(TYPOLOGY, "hops")),
        )
    }
    served = shared_accounts(ctx, int(ctx.parameter(TYPOLOGY, "min_borrowers")))
    lost = paid_to_strangers(
        ctx,
        int(ctx.parameter(TYPOLOGY, "min_strangers")),
        int(ctx.parameter(TYPOLOGY, "patience")),
    )
    who = {*never["institution_id"], *back, *served["institution_id"], *lost["institution_id"]}
    for institution in sorted(who):
        mine = pl.col("institution_id") == institution
        others = served.filter(mine)
        strange = lost.filter(mine).join(others, on="project_id", how="anti")
        finding = _finding(ctx, institution, never.filter(mine), back.get(institution), others, strange)
        if finding is not None:
            yield finding


def _finding(
    ctx: Context,
    institution: str,
    never: pl.DataFrame,
    back: Diversion | None,
    served: pl.DataFrame,
    lost: pl.DataFrame,
) -> Finding | None:
    parts = [part.select("project_id", "principal_fen") for part in (never, served, lost)]
    if back is not None:
        parts.append(back.projects.select("project_id", "principal_fen"))
    projects = pl.concat(parts).unique("project_id").sort("project_id")
    amount = total(projects, "principal_fen")
    if amount < ctx.parameter(TYPOLOGY, "min_amount") * 100:
        return None
    ins = of(ctx, all_deposits, institution).join(
        never.select("product_id").unique(), on="product_id", how="semi"
    )
    rows = [
        evidence("client_deposit", ins),
        evidence("paid_to_shared_account", served),
        evidence("paid_to_stranger", lost),
        evidence("project", register="projects", keys=projects["project_id"].to_list()),
    ]
    days = [part.select("booked_on") for part in (ins, served, lost)]
    accounts = [part.select("account_no") for part in (ins, served, lost)]
    came = share = 0.0
    if back is not None:
        rows.append(chain_evidence(ctx, back).filter(pl.col("line_no").is_not_null()))
        days += [back.projects.select("booked_on"), back.pieces.select(booked_on="arrived_on")]
        accounts.append(back.projects.select("account_no"))
        came = back.arrived_fen
        share = came / total(back.projects, "lent_fen")
    first, last = first_last(pl.concat(days))
    many = max(part["project_id"].n_unique() for part in (never, served, lost)) >= 3
    large = amount >= ctx.parameter(TYPOLOGY, "large_amount") * 100
    unpaid, round_trip = never["project_id"].n_unique(), back.projects.height if back else 0
    shared, strangers = served["project_id"].n_unique(), lost["project_id"].n_unique()
    zh, en = sides(
        (unpaid, f"募满而未向任何人放款的 {unpaid} 个", f"{unpaid} were full and paid to nobody"),
        (
            round_trip,
            f"放款 30 天内回流机构或关联方账户的 {round_trip} 个(回流 {yuan(int(came))} 元)",
            f"of {round_trip} the money came back to controlled or related accounts within 30 days ({yuan(int(came))} yuan)",
        ),
        (
            shared,
            f"由同一账户代收多名无关联借款人放款的 {shared} 个",
            f"{shared} were paid to one account behind several unrelated borrowers",
        ),
        (
            strangers,
            f"放款付给他人而借款人到期从未出现的 {strangers} 个",
            f"{strangers} were paid to others and their borrowers, long due, never paid anything",
        ),
    )
    return Finding(
        institution_id=institution,
        typology=TYPOLOGY.code,
        amount_fen=amount,
        severity=5 if projects.height >= 3 or large else 4,
        confidence=0.9 if many else round(max(0.6 + 0.3 * min(share, 1.0), 0.75 if not came else 0.0), 3),
        first_on=first,
        last_on=last,
        clients=people(ins),
        accounts=accounts_of(pl.concat(accounts)),
        bases=AmountBases(
            max(total(ins), amount), total(ins), int(max(total(ins), came, total(served), total(lost))), 0
        ),
        evidence=pl.concat(rows),
        explanation_zh=f"{projects.height} 个登记项目(本金合计 {yuan(amount)} 元)存在虚构迹象:{zh}。",
        explanation_en=f"{projects.height} registered projects (principal {yuan(amount)} yuan) look invented: {en}.",
        benign=(
            (
                "仍在募集的项目:已检验;仅计入已满标且距最后认购已有数日的项目。",
                "A project still being raised: tested; only full projects count, some days after their last subscription.",
            ),
            (
                "流标退款:已检验;一个月内按原额退还全部认购人的项目未计入。",
                "A round that failed and was given back: tested; projects whose clients all got their money back at par within a month are not counted.",
            ),
            (
                "同一借款人登记多个项目:已检验;各借款人名称和证件号码不同。",
                "One borrower with several registered projects: tested; the borrowers' names and numbers differ.",
            ),
            (
                "按借款人指令受托支付给供应商:已检验;借款人其后还款的项目未计入。",
                "Payment to a supplier on the borrower's order: tested; projects whose borrower repays are not counted.",
            ),
            (
                "借款人支付费用或付给关联供应商:已检验;至少一半资金回流。",
                "A borrower who pays a fee or a related vendor: tested; at least half of the money came back.",
            ),
        ),
    )
