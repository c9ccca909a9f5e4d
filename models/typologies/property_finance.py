"""`property-finance` (房地产金融、众筹买房): platform or crowdfunding money goes to developers or for property.

Confidence: 0.95 where the borrower is known as a developer or agent (register label, or the trade its
company name states), 0.8 where only the registered purpose of the project says so.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from models.finding import AmountBases, Finding, evidence
from models.typologies._crowd_property import crowd_payments
from models.typologies._frames import accounts_of, each, first_last, told, total
from models.typologies._licence import covers_property
from models.typologies._say import span, yuan
from models.typologies.base import Context, Parameter, Typology

BUILDS_OR_BUYS = r"楼盘|商品房|购房|买房|房地产|房产|置业|地产开发|项目开发建设|购买.*(商铺|公寓|写字楼|住宅)"
"""Registered purposes that build, sell or buy property."""
RENTS_OR_RENOVATES = r"租赁|租金|装修|装饰|改造|维修|物业费"
"""Registered purposes that merely use property: clean, whatever else they say."""

TYPOLOGY = Typology(
    code="property-finance",
    title_zh="未取得资质从事房地产金融业务",
    title_en="Property finance without the licence",
    clause="二(一)3、二(二)3",
    citations=("plan-2016-90",),
    severity="3; 4 when the money paid so is above `grave_yuan`.",
    runbook=(
        "1. Pull the project file: who borrows, what is built or bought, who guarantees.\n"
        "2. Ask the housing bureau (住建部门) for the developer's licences and for the property's title.\n"
        "3. Check whether the borrower only rents or renovates premises of its own trade.\n"
        "4. Order the firm to take the project off sale and agree a way out for its investors."
    ),
    parameters=(
        Parameter(
            "grave_yuan",
            5_000_000,
            "yuan",
            "calibrated",
            "Five times the cap of one company borrower on one platform (银监会令2016年第1号 art. 17): no single loan any more.",
            "Money paid to developers or for property from which the finding is grave.",
        ),
        Parameter(
            "min_payers",
            30,
            "persons",
            "regulatory",
            "spc-2010-18",
            "Fewest persons whose money an unlicensed firm brings together for property (art. 3: an individual's case).",
        ),
        Parameter(
            "crowd_share",
            0.5,
            "share",
            "calibrated",
            "A trading firm that buys premises spends its margin, not most of its customers' money.",
            "Least part of these persons' money that went to developers or agents.",
        ),
    ),
    reach="circle",
)


def detect(ctx: Context) -> Iterable[Finding]:
    """Projects whose borrower is a developer or agent, or whose purpose is to build or buy property.

    Notes
    -----
    Only what was paid out counts; a project still being raised is shown as context when another of
    the institution was paid. Natural persons never count by purpose (that is `down-payment-loan`).
    """
    yield from _crowds(ctx)
    for institution_id, part in each(_paid_projects(ctx), "institution_id"):
        paid = part.filter(pl.col("line_no").is_not_null())
        if not paid.height:
            continue
        amount, (first, last) = total(paid), first_last(paid)
        by_name = bool(paid["developer"].all())
        lenders = (
            ctx.table("mart_product_project", ("product_id", "project_id"))
            .join(part.select("project_id").unique(), on="project_id")
            .join(
                ctx.table("mart_subscription", ("product_id", "holder_id", "amount_fen")),
                on="product_id",
            )
        )
        clients, funded = lenders["holder_id"].drop_nulls().n_unique(), lenders["amount_fen"].sum() or 0
        repaid = int(part.unique("project_id")["repaid_fen"].sum() or 0)
        yield Finding(
            institution_id=institution_id,
            typology=TYPOLOGY.code,
            amount_fen=amount,
            severity=4 if amount >= 100 * int(ctx.parameter(TYPOLOGY, "grave_yuan")) else 3,
            confidence=0.95 if by_name else 0.8,
            first_on=first,
            last_on=last,
            explanation_zh=(
                f"{span(first, last)},平台未取得房地产金融资质,将 {yuan(amount)} 元付给 {paid['project_id'].n_unique()} 个房地产"
                f"开发、经纪企业或购房项目;出资客户 {clients} 人,认购 {yuan(int(funded))} 元。借款人并非仅租赁或装修经营场所。"
            ),
            explanation_en=(
                f"{span(first, last)}: {yuan(amount)} yuan was paid out to developers, estate agents or for buying property "
                f"under {paid['project_id'].n_unique()} projects, funded by {clients} clients with {yuan(int(funded))} yuan; "
                "the licence names no property finance."
            ),
            evidence=pl.concat(
                [
                    evidence("paid_to_property", paid.select("line_no", "amount_fen")),
                    evidence("project", register="projects", keys=part["project_id"].to_list()),
                ]
            ),
            accounts=accounts_of(paid),
            clients=int(clients),
            bases=AmountBases(
                gross_taken=int(funded), net_unrepaid=max(0, amount - repaid), peak_diverted=amount
            ),
            benign=(
                (
                    "借款人仅租赁或装修:其登记用途或行业并非如此。",
                    "Borrower merely rents or renovates: its registered purpose or trade says otherwise.",
                ),
                (
                    "具有房地产金融业务资质:登记的许可范围未载。",
                    "Licence for property finance: the registered scope names none.",
                ),
            ),
        )


def _crowds(ctx: Context) -> Iterable[Finding]:
    """Unlicensed firms that bring many persons' money together for one developer (众筹买房)."""
    fewest, share = int(ctx.parameter(TYPOLOGY, "min_payers")), ctx.parameter(TYPOLOGY, "crowd_share")
    for institution_id, paid in each(crowd_payments(ctx, fewest, share), "institution_id"):
        amount, (first, last) = total(paid), first_last(paid)
        payers, taken = int(paid["payers"][0]), int(paid["taken_fen"][0])
        yield Finding(
            institution_id=institution_id,
            typology=TYPOLOGY.code,
            amount_fen=amount,
            severity=4 if amount >= 100 * int(ctx.parameter(TYPOLOGY, "grave_yuan")) else 3,
            confidence=0.75,
            first_on=first,
            last_on=last,
            explanation_zh=(
                f"{span(first, last)},该机构无许可,从 {payers} 名个人收取 {yuan(taken)} 元,其中 {yuan(amount)} 元付给房地产开发、"
                "经纪企业,系众多小额出资人为房产出资。"
            ),
            explanation_en=(
                f"{span(first, last)}: with no licence it took {yuan(taken)} yuan from {payers} persons and paid {yuan(amount)} of it "
                "to developers or estate agents: many small payers for property."
            ),
            evidence=evidence("paid_to_property", paid.select("line_no", "amount_fen")),
            accounts=accounts_of(paid),
            clients=payers,
            bases=AmountBases(gross_taken=taken, net_unrepaid=amount, peak_diverted=amount),
            benign=(
                (
                    "经营企业自购办公用房:已检验;所付占个人付款的大部分。",
                    "A trading firm that buys its premises: tested; most of what persons paid in went to property.",
                ),
                (
                    "房产经纪代收定金:已检验;本身属房地产行业的企业未计入。",
                    "An estate agent that hands on deposits: tested; firms of the trade themselves are not counted.",
                ),
            ),
        )


_LENT = ("project_id", "institution_id", "borrower_holder_id", "purpose", "repaid_fen")


def _paid_projects(ctx: Context) -> pl.DataFrame:
    """Property projects of unlicensed institutions with the lines that paid them out (null = not paid)."""
    licensed = [
        i
        for i, scope in ctx.table("mart_institution").select("institution_id", "licence_scope").iter_rows()
        if covers_property(scope)
    ]
    trade = (
        ctx.table("mart_role_all", ("institution_id", "holder_id", "role"))
        .filter(pl.col("role") == "real_estate")
        .select("institution_id", borrower_holder_id="holder_id")
        .unique()
        .with_columns(developer=pl.lit(True))
    )
    purpose = pl.col("purpose").fill_null("")
    projects = (
        told(ctx, ctx.table("mart_project", _LENT), "borrower_holder_id", "mart_holder", borrower_kind="kind")
        .join(trade, on=["institution_id", "borrower_holder_id"], how="left")
        .filter(~pl.col("institution_id").is_in(licensed))
        .with_columns(developer=pl.col("developer").fill_null(False))
        .filter(
            pl.col("developer")
            | (
                purpose.str.contains(BUILDS_OR_BUYS)
                & ~purpose.str.contains(RENTS_OR_RENOVATES)
                & (pl.col("borrower_kind").fill_null("company") != "person")
            )
        )
        .select("project_id", "institution_id", "developer", "repaid_fen")
    )
    lines = (
        ctx.table("mart_project_line", ("project_id", "line_no", "amount_fen", "kind"))
        .filter(pl.col("kind") == "disbursement")
        .select("project_id", "line_no", "amount_fen")
        .join(ctx.table("mart_line", ("line_no", "account_no", "booked_on")), on="line_no")
    )
    return projects.join(lines, on="project_id", how="left").sort("institution_id", "project_id", "line_no")
