"""三(二): an account no register gives to the institution works as its own.

It takes its clients' money (payers are its subscribers, amounts and days those of subscriptions no
registered account was paid for), is swept to and from its registered accounts, and may pay its costs.
A payment institution's accounts, borrowers and suppliers are clean: the first is licensed to collect,
the others do not take subscriptions.

Confidence: 0.75 for the subscribers' money alone; 0.1 more where the account is swept to the
institution's accounts; 0.1 more where it is funded from or pays the costs of the institution.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from models.finding import AmountBases, Finding, evidence
from models.typologies._common import first_last, shown_name, yuan
from models.typologies._hidden import hidden_accounts, hidden_deposits
from models.typologies._ledger import unsold
from models.typologies.base import Context, Parameter, Typology

TYPOLOGY = Typology(
    code="undisclosed-account",
    title_zh="未报备账户体外收付客户资金",
    title_en="Undisclosed account that works as the institution's own",
    clause="三(二)",
    citations=("plan-2016-90",),
    severity="4; 5 when less than half of the money taken was passed on to registered accounts.",
    runbook=(
        "1. Ask the bank for the account's opening papers, signatories and full statement.\n"
        "2. Ask the institution why clients pay there; compare with its account inventory.\n"
        "3. Follow what was not swept on: costs, related parties, cash.\n"
        "4. Have the account reported or closed and clients pay into custody only."
    ),
    parameters=(
        Parameter(
            "min_subscription_share", 0.2, "share", "calibrated",
            "Even where bonuses and masked names blur amounts, most of a till's receipts are subscriptions; a shop's are not.",
            "Smallest share of the account's receipts that are unpaid subscriptions.",
        ),
    ),
    reach="circle",
)  # fmt: skip

_PAIR = ["institution_id", "account_id"]


def detect(ctx: Context) -> Iterable[Finding]:
    """One finding an institution over all its undisclosed accounts; the amount is client money through them."""
    least = ctx.parameter(TYPOLOGY, "min_subscription_share")
    found = hidden_accounts(ctx)
    collectors = (
        ctx.table("mart_holder_kind", ("holder_id", "role"))
        .filter(pl.col("role").is_in(["payment_institution", "bank"]))
        .select("holder_id")
    )
    found = found.join(collectors, on="holder_id", how="anti")
    if found.is_empty():
        return
    lines = ctx.table(
        "mart_line",
        (
            "line_no",
            "account_id",
            "account_no",
            "booked_on",
            "direction",
            "amount_fen",
            "cp_account_id",
            "cp_holder_id",
        ),
    )
    own = ctx.table("mart_controlled_account", ("institution_id", "account_id"))
    own_ids = own.join(ctx.table("mart_account", ("account_id", "holder_id")), on="account_id")
    deposits = hidden_deposits(ctx)
    unsold_ids = set(unsold(ctx)["institution_id"])
    for (iid,), accounts in found.group_by("institution_id", maintain_order=True):
        ids = accounts["account_id"].unique().sort().to_list()
        mine = own_ids.filter(pl.col("institution_id") == iid)
        through = lines.filter(pl.col("account_id").is_in(ids)).with_columns(
            (
                pl.col("cp_account_id").is_in(mine["account_id"].to_list())
                | pl.col("cp_holder_id").is_in(mine["holder_id"].unique().to_list())
            )
            .fill_null(False)
            .alias("with_institution")
        )
        told = deposits.filter((pl.col("institution_id") == iid) & pl.col("account_id").is_in(ids))
        ins = through.filter(pl.col("direction") == "in")
        untold = (
            iid in unsold_ids
        )  # whose subscriptions no register tells: its clients' payments stand for them
        matched = told.height if untold else told.filter(pl.col("subscription_id").is_not_null()).height
        if matched < least * ins.height:
            continue
        # the account is the institution's till: whoever is neither it nor a known other party pays as a client
        client = ins.filter(~pl.col("with_institution")).join(
            _others(ctx, str(iid)), on="cp_holder_id", how="anti"
        )
        funded = ins.filter("with_institution")
        swept = through.filter((pl.col("direction") == "out") & pl.col("with_institution"))
        costs = through.filter((pl.col("direction") == "out") & ~pl.col("with_institution"))
        mirror = lines.filter(
            pl.col("account_id").is_in(mine["account_id"].to_list())
            & (
                pl.col("cp_account_id").is_in(ids)
                | pl.col("cp_holder_id").is_in(accounts["holder_id"].unique().to_list())
            ).fill_null(False)
        )
        amount = int(client["amount_fen"].sum())
        swept_fen, cost_fen = int(swept["amount_fen"].sum()), int(costs["amount_fen"].sum())
        numbers = tuple(sorted(accounts["account_no"].unique()))
        name = shown_name(ctx, str(iid))
        holder = str(
            ctx.table("mart_account", ("account_id", "holder_name"))
            .filter(pl.col("account_id").is_in(ids))["holder_name"]
            .drop_nulls()
            .sort()
            .first()
            or numbers[0]
        )
        confidence = 0.75 + (0.1 if swept.height else 0.0) + (0.1 if funded.height or costs.height else 0.0)
        days = through["booked_on"]
        yield Finding(
            institution_id=str(iid),
            typology=TYPOLOGY.code,
            amount_fen=amount,
            severity=5 if swept_fen < amount / 2 else 4,
            confidence=round(confidence, 2),
            first_on=first_last(days)[0],
            last_on=first_last(days)[1],
            explanation_zh=(
                f"{name}未报备的账户{'、'.join(numbers)}(户名{holder})收取其客户{client['cp_holder_id'].n_unique()}人资金{client.height}笔共{yuan(amount)}元,"
                f"其中{matched}笔{'由同时向该机构客户账户付款者支付(认购登记未报送)' if untold else '与未入存管的认购金额、日期一致'};划回该机构账户{yuan(swept_fen)}元,对外支付{yuan(cost_fen)}元。"
            ),
            explanation_en=(
                f"Account {', '.join(numbers)} of {holder}, which no register gives to {name}, took {yuan(amount)} yuan from "
                f"{client['cp_holder_id'].n_unique()} of its clients in {client.height} payments"
                f"{' (known by what they pay; no register of subscriptions was delivered)' if untold else ''}; {yuan(swept_fen)} went on to its registered accounts, "
                f"{yuan(cost_fen)} was paid out elsewhere."
            ),
            evidence=pl.concat(
                [
                    evidence("client_deposit", client),
                    evidence("funding", funded),
                    evidence("sweep", swept),
                    evidence("own_cost", costs),
                    evidence("other_leg", mirror),
                ]
            ),
            accounts=numbers,
            clients=client["cp_holder_id"].n_unique(),
            bases=AmountBases(
                gross_taken=amount,
                net_unrepaid=max(0, amount - swept_fen),
                peak_diverted=max(0, amount - swept_fen),
                income=0,
            ),
            benign=(
                (
                    "代为收款的支付机构:持有人无支付许可",
                    "a payment institution that collects for it: the holder has no payment licence",
                ),
                (
                    "借款人或供应商:付款人为认购客户,金额和日期与认购一致",
                    "a borrower or supplier: payers are subscribers, amounts and days those of subscriptions",
                ),
                (
                    "众多客户光顾的商户:收款等于该机构未付款的认购",
                    "a shop many clients use: receipts equal unpaid subscriptions of this institution",
                ),
            ),
        )


def _others(ctx: Context, institution_id: str) -> pl.DataFrame:
    """Holders that are no clients: banks, borrowers, suppliers, related parties, staff."""
    roles = ctx.table("mart_role", ("institution_id", "holder_id", "role"))
    return (
        roles.filter(
            (pl.col("institution_id") == institution_id)
            & pl.col("role").is_in(
                [
                    "bank",
                    "borrower",
                    "related",
                    "guarantor",
                    "employee",
                    "vendor",
                    "self",
                    "insurer",
                    "payment_institution",
                ]
            )
        )
        .select(pl.col("holder_id").alias("cp_holder_id"))
        .unique()
    )
