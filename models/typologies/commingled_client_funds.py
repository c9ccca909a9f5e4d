"""commingled-client-funds: client money and own money in one account.

Confidence: 0.9 where clients' deposits lie in an own account (payer, amount and day are those of
subscriptions); 0.85 where own costs leave a client account (the payees are the institution's staff and
vendors by register or by its own accounts' payments).
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from models.finding import AmountBases, Finding, evidence
from models.typologies._frames import accounts_of, each, first_last, people, total
from models.typologies._ledger import clients, controlled_lines, payouts
from models.typologies._parties import related, sectors, staff_and_vendors
from models.typologies._pool import disbursement_lines
from models.typologies._say import yuan
from models.typologies.base import Context, Parameter, Typology
from models.typologies.custody_bypass import CLIENT_SECTORS, outside_custody, sweeps

TYPOLOGY = Typology(
    code="commingled-client-funds",
    title_zh="客户资金与自有资金混同",
    title_en="Client money and own money in one account",
    clause="二(一)2",
    citations=("plan-2016-90", "decree-2016-1-art28"),
    severity="4 where own costs are paid out of client accounts (it is misuse as well); 3 where client deposits lie in an "
    "own account.",
    runbook="1. Take the lines by role: client deposits in own accounts, own payments out of client accounts.\n"
    "2. Ask for the contracts behind the payments out of custody; a service fee the clients agreed to goes to the own "
    "account, not to a payee.\n"
    "3. Ask the custodian who authorised each payment.\n"
    "4. Have the accounts parted and the amounts restored.",
    parameters=(
        Parameter(
            "min_payers",
            3,
            "persons",
            "calibrated",
            "below three payers a slip is likelier than a practice",
            "clients who paid into an own account",
        ),
        Parameter(
            "min_amount",
            20_000,
            "yuan",
            "calibrated",
            "below it a wrong account number is the likelier reason",
            "client money in own accounts and own payments out of client accounts, together",
        ),
        Parameter(
            "min_cost_lines",
            3,
            "lines",
            "calibrated",
            "one mistaken payment is corrected, not repeated",
            "own payments out of client accounts",
        ),
    ),
    reach="circle",
)


SALARIED = ("executive", "legal_representative", "actual_controller")
"""Roles of related parties that are on the payroll."""
SALARY_FEN = 5_000_000
"""What no month's pay of theirs reaches (50,000 yuan, as in `related-party-dealing`): less is payroll."""
SUPPLIER_TIMES = 3
SUPPLIER_DAYS = 60
"""A firm paid at least so often over at least so many days, and never paying in, is supplied from."""
SMALL_COST = 0.8
"""Part of the smallest project below which a payment is no project's money."""
SUPPLIERS = 2
"""Such firms of one institution; a single one may stand between it and its clients."""


def suppliers(ctx: Context) -> pl.DataFrame:
    """Firms that client accounts pay again and again though they are nobody to clients or projects.

    No register names them and the own accounts do not pay them. Left out are firms that ever paid in, that
    deal with another institution's client accounts (they carry payments), clients, borrowers, whoever a
    project's money went to, and banks, payment firms and the like; payments of the size of a project too.

    Returns
    -------
    polars.DataFrame
        Grain: ``institution_id, holder_id``; ``source`` is ``pattern``. Sorted.
    """

    def make(ctx: Context) -> pl.DataFrame:
        who = ["institution_id", "cp_holder_id"]
        firms = (
            ctx.table("mart_holder", ("holder_id", "kind", "institution_id"))
            .filter((pl.col("kind") == "company") & pl.col("institution_id").is_null())
            .select(cp_holder_id="holder_id")
            .join(
                ctx.table("mart_holder_kind").select(cp_holder_id="holder_id"), on="cp_holder_id", how="anti"
            )
        )
        lines = (
            controlled_lines(ctx)
            .lazy()
            .filter(pl.col("cp_holder_id").is_not_null() & pl.col("cp_type").is_null())
            .select(*who, "direction", "account_type", "booked_on", "amount_fen")
            .join(firms.lazy(), on="cp_holder_id", how="semi")
            .collect()
        )
        projects = ctx.table("mart_project", ("institution_id", "borrower_holder_id", "principal_fen"))
        known = [
            clients(ctx).select("institution_id", cp_holder_id="holder_id"),
            related(ctx).select("institution_id", cp_holder_id="holder_id"),
            disbursement_lines(ctx).select("institution_id", cp_holder_id="holder_id"),
            projects.select("institution_id", cp_holder_id="borrower_holder_id"),
            lines.filter(pl.col("direction") == "in").select(who),
        ]
        least = projects.group_by("institution_id").agg(least_fen=pl.col("principal_fen").min())
        paid = (
            lines.filter((pl.col("direction") == "out") & (pl.col("account_type") == "custody"))
            .filter(pl.col("institution_id").n_unique().over("cp_holder_id") == 1)
            .join(least, on="institution_id")
        )
        for some in known:
            paid = paid.join(some.cast({"cp_holder_id": paid.schema["cp_holder_id"]}), on=who, how="anti")
        span = (pl.col("booked_on").max() - pl.col("booked_on").min()).dt.total_days()
        return (
            paid.group_by(who)
            .agg(
                days=pl.col("booked_on").n_unique(),
                span=span,
                small=(pl.col("amount_fen") < pl.col("least_fen") * SMALL_COST).all(),
            )
            .filter((pl.col("days") >= SUPPLIER_TIMES) & (pl.col("span") >= SUPPLIER_DAYS) & pl.col("small"))
            .filter(pl.len().over("institution_id") >= SUPPLIERS)
            .select("institution_id", holder_id="cp_holder_id", source=pl.lit("pattern"))
            .sort("institution_id", "holder_id")
        )

    frame: pl.DataFrame = ctx.shared("commingled.suppliers", make)
    return frame


def own_costs(ctx: Context) -> pl.DataFrame:
    """Payments out of client accounts that serve the institution itself, executives' salaries among them.

    Returns
    -------
    polars.DataFrame
        Grain: ``line_no`` of an out-line of a custody account to staff, vendors or others whom the
        institution pays to run itself, that pays no holding and no project. ``source`` says how the
        payee is known (``register``, ``flows`` or, for firms nobody names, ``pattern``).
    """
    frame: pl.DataFrame = ctx.shared("commingled.own_costs", _own_costs)
    return frame


def _own_costs(ctx: Context) -> pl.DataFrame:
    payees = staff_and_vendors(ctx)
    salaried = related(ctx).filter(_salaried()).with_columns(source=pl.lit("register"))
    for more in (suppliers(ctx), salaried):
        new = more.join(payees, on=["institution_id", "holder_id"], how="anti")
        payees = pl.concat([payees, new.select(payees.columns)])
    payees = payees.rename({"holder_id": "cp_holder_id"})
    close = related(ctx).select(
        "institution_id",
        "role",
        cp_holder_id="holder_id",
        paid=_salaried(),
    )
    explained = pl.concat(
        [
            payouts(ctx).filter(pl.col("product_id").is_not_null()).select("line_no"),
            ctx.table("mart_project_line", ("line_no",)),
        ]
    )
    return (
        controlled_lines(ctx)
        .filter(
            (pl.col("account_type") == "custody")
            & (pl.col("direction") == "out")
            & pl.col("cp_type").is_null()
        )
        .join(payees, on=["institution_id", "cp_holder_id"])
        .join(close, on=["institution_id", "cp_holder_id"], how="left")
        .filter(pl.col("role").is_null() | (pl.col("paid") & (pl.col("amount_fen") < SALARY_FEN)))
        .drop("role", "paid")
        .join(explained, on="line_no", how="anti")
        .sort("line_no")
    )


def _salaried() -> pl.Expr:
    """Whether every role of a related party (``role`` of `related`) is one on the payroll."""
    return pl.col("role").str.split("/").list.eval(pl.element().is_in(list(SALARIED))).list.all()


def detect(ctx: Context) -> Iterator[Finding]:
    """Yield at most one finding an institution; the amount is both sides added."""
    fewest = ctx.parameter(TYPOLOGY, "min_payers")
    least = ctx.parameter(TYPOLOGY, "min_amount") * 100
    lines = ctx.parameter(TYPOLOGY, "min_cost_lines")
    mine = sorted(i for i, s in sectors(ctx).items() if s in CLIENT_SECTORS)
    costs = own_costs(ctx)
    inside = outside_custody(ctx).filter(pl.col("how") == "own")
    dirty = pl.concat([costs.select("institution_id"), inside.select("institution_id")]).unique()
    for institution, _ in each(dirty.filter(pl.col("institution_id").is_in(mine)), "institution_id"):
        ins = inside.filter(pl.col("institution_id") == institution)
        outs = costs.filter(pl.col("institution_id") == institution)
        if people(ins) < fewest:
            ins = ins.clear()
        if outs.height < lines:
            outs = outs.clear()
        taken, paid = total(ins), total(outs)
        if taken + paid < least or taken + paid == 0:
            continue
        swept = sweeps(ctx, ins)
        both = pl.concat([ins.select("account_no", "booked_on"), outs.select("account_no", "booked_on")])
        first, last = first_last(both)
        yield Finding(
            institution_id=institution,
            typology=TYPOLOGY.code,
            amount_fen=taken + paid,
            severity=4 if paid else 3,
            confidence=0.9 if taken else 0.85,
            first_on=first,
            last_on=last,
            clients=people(ins),
            accounts=accounts_of(both),
            bases=AmountBases(taken, max(taken - total(swept), 0), max(paid, taken - total(swept), 0), paid),
            evidence=pl.concat(
                [
                    evidence("client_deposit", ins),
                    evidence("sweep_to_custody", swept),
                    evidence("own_cost", outs),
                ]
            ),
            explanation_zh=f"客户资金 {yuan(taken)} 元({people(ins)} 人)打入机构自有账户,其中转入存管 {yuan(total(swept))} 元;"
            f"另从客户资金账户直接支付机构自身费用 {yuan(paid)} 元({outs.height} 笔,收款方 {people(outs, 'cp_holder_id')} 个)。",
            explanation_en=f"{yuan(taken)} yuan of client money ({people(ins)} clients) was paid into own accounts, of which "
            f"{yuan(total(swept))} was passed to custody; {yuan(paid)} yuan of own costs ({outs.height} payments to "
            f"{people(outs, 'cp_holder_id')} payees) left client accounts directly.",
            benign=(
                (
                    "由存管账户向自有账户支付约定服务费:不论金额,均未计入。",
                    "Agreed service fees from custody to the own account: not counted, whatever their size.",
                ),
                (
                    "兼为客户的员工所得兑付:与其持有份额相符的付款未计入。",
                    "Payouts to staff who are clients too: payments that fit a holding are not counted.",
                ),
            ),
        )
