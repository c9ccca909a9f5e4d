"""custody-bypass: clients pay into accounts that are no custody account at a qualified bank.

Confidence: 0.9 where the account is the institution's own by register or the bank is listed as not
qualified (both are facts of the registers); 0.8 where the account is an institution's only by its flows.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from models.finding import AmountBases, Finding, evidence
from models.typologies._frames import accounts_of, each, first_last, people, told, top, total
from models.typologies._hidden import hidden_accounts, hidden_deposits
from models.typologies._ledger import CLIENT_LINE, controlled_lines, deposits
from models.typologies._parties import sectors
from models.typologies._say import sides, yuan
from models.typologies._settled_tops import settled_tops
from models.typologies.base import Context, Parameter, Typology

TYPOLOGY = Typology(
    code="custody-bypass",
    title_zh="绕开银行存管收取客户资金",
    title_en="Client money taken in outside qualified bank custody",
    clause="二(一)2",
    citations=("plan-2016-90", "decree-2016-1-art28"),
    severity="4 where clients pay into the institution's own, personal or undisclosed accounts; 3 where all goes to "
    "custody, but at a bank that is not qualified.",
    runbook="1. Ask the bank for the opening papers and signatories of each account listed.\n"
    "2. Ask the institution for its custody agreement and the date from which custody runs.\n"
    "3. Compare the client deposits listed with the custodian's sub-ledger: are these clients' balances in it?\n"
    "4. Sweeps to custody within a day do not cure it: note them, order the account closed to clients.",
    parameters=(
        Parameter(
            "min_payers",
            3,
            "persons",
            "calibrated",
            "below three payers a slip of the pen is likelier than a practice",
            "clients who paid in outside custody",
        ),
        Parameter(
            "min_amount",
            20_000,
            "yuan",
            "calibrated",
            "smallest sum that the practice cases of the plan's own wording would not call a slip",
            "client money paid in outside custody",
        ),
    ),
    reach="circle",
)

SWEEP_DAYS = 5
"""Days after the last client deposit in which a transfer to custody is still its passing on."""
CLIENT_SECTORS = ("p2p", "equity_crowdfunding", "asset_management")
"""Sectors whose clients' money must lie apart (二(一)2, 二(二)2); an asset manager's lies in products' accounts too."""


def outside_custody(ctx: Context) -> pl.DataFrame:
    """Client deposits that did not go to a custody account at a qualified bank.

    Returns
    -------
    polars.DataFrame
        Grain: ``line_no``, and the client of a payment institution's settlement. ``how``: ``own`` (the institution's own account, also by
        such a settlement), ``hidden`` (an
        account no register gives to it), ``bank`` (a custody account at a bank that is not
        qualified).
    """
    frame: pl.DataFrame = ctx.shared("custody.outside", _outside)
    return frame


def _outside(ctx: Context) -> pl.DataFrame:
    where = sectors(ctx)
    mine = [i for i, s in where.items() if s in CLIENT_SECTORS]
    paid = deposits(ctx).filter(pl.col("institution_id").is_in(mine))
    paid = told(ctx, paid, "account_id", "mart_account", qualified_custodian="qualified_custodian")
    named = pl.col("match").is_in(["amount", "day", "none"])
    # a fund's raising account at its supervising bank is registered as another account
    raising = [i for i in mine if where[i] == "asset_management"]
    kept = (pl.col("account_type") == "own") | (
        (pl.col("account_type") == "other") & ~pl.col("institution_id").is_in(raising)
    )
    own = paid.filter(kept & named)
    seen = own.select("account_id").unique()
    masked = paid.filter(kept & ~named).join(seen, on="account_id", how="semi")
    unfit = paid.filter(
        (pl.col("account_type") == "custody") & ~pl.col("qualified_custodian").fill_null(True)
    )
    hidden = hidden_deposits(ctx).filter(pl.col("institution_id").is_in(mine))
    return pl.concat(
        [
            pl.concat([own, masked]).select(*CLIENT_LINE, pl.lit("own").alias("how")),
            hidden.select(*CLIENT_LINE, pl.lit("hidden").alias("how")),
            unfit.select(*CLIENT_LINE, pl.lit("bank").alias("how")),
            settled_tops(ctx).select(*CLIENT_LINE, pl.lit("own").alias("how")),
        ],
        how="vertical_relaxed",
    ).sort("line_no")


def sweeps(ctx: Context, paid_in: pl.DataFrame) -> pl.DataFrame:
    """Passing on of client money from own accounts to the institution's custody accounts.

    Parameters
    ----------
    ctx : Context
    paid_in : polars.DataFrame
        Client deposits on own accounts.

    Returns
    -------
    polars.DataFrame
        Grain: ``line_no`` of an out-line to custody, from the day of the account's first client
        deposit to `SWEEP_DAYS` after its last.
    """
    spans = paid_in.group_by("account_id").agg(
        first=pl.col("booked_on").min(), last=pl.col("booked_on").max() + pl.duration(days=SWEEP_DAYS)
    )
    to_custody: pl.DataFrame = ctx.shared(
        "custody.to_custody",
        lambda c: controlled_lines(c).filter(
            (pl.col("direction") == "out") & (pl.col("cp_type") == "custody")
        ),
    )
    return (
        to_custody.join(spans, on="account_id")
        .filter(pl.col("booked_on").is_between("first", "last"))
        .drop("first", "last")
    )


def detect(ctx: Context) -> Iterator[Finding]:
    """Yield at most one finding an institution; the amount is client money paid in outside custody."""
    fewest = ctx.parameter(TYPOLOGY, "min_payers")
    least = ctx.parameter(TYPOLOGY, "min_amount") * 100
    swept_hidden = dict(
        hidden_accounts(ctx).group_by("institution_id").agg(pl.col("swept_fen").sum()).iter_rows()
    )
    for institution, part in each(outside_custody(ctx), "institution_id"):
        amount, payers = total(part), people(part)
        if payers < fewest or amount < least:
            continue
        by = {how: total(part.filter(pl.col("how") == how)) for how in ("own", "hidden", "bank")}
        swept = sweeps(ctx, part.filter(pl.col("how") == "own"))
        passed = total(swept) + swept_hidden.get(institution, 0)
        first, last = first_last(part)
        zh, en = sides(
            (
                by["own"],
                f"打入机构自有账户 {yuan(by['own'])} 元",
                f"{yuan(by['own'])} into the institution's own accounts",
            ),
            (
                by["hidden"],
                f"打入未披露账户 {yuan(by['hidden'])} 元",
                f"{yuan(by['hidden'])} into undisclosed accounts",
            ),
            (
                by["bank"],
                f"打入无存管资格银行的账户 {yuan(by['bank'])} 元",
                f"{yuan(by['bank'])} into accounts at a bank that is not qualified",
            ),
        )
        worst = "own" if by["own"] else "hidden" if by["hidden"] else "bank"
        yield Finding(
            institution_id=institution,
            typology=TYPOLOGY.code,
            amount_fen=amount,
            severity=3 if worst == "bank" else 4,
            confidence=0.8 if worst == "hidden" else 0.9,
            first_on=first,
            last_on=last,
            clients=payers,
            accounts=accounts_of(part),
            bases=AmountBases(
                amount, max(amount - passed, 0) if worst != "bank" else 0, _peak(part, swept), 0
            ),
            evidence=pl.concat([evidence("client_deposit", part), evidence("sweep_to_custody", swept)]),
            explanation_zh=f"{payers} 名客户的资金 {yuan(amount)} 元未进入合格银行的存管账户:{zh};其后转入存管 {yuan(passed)} 元。",
            explanation_en=f"{payers} clients paid in {yuan(amount)} yuan outside custody at a qualified bank: {en}; "
            f"{yuan(passed)} was passed on to custody later.",
            benign=(
                (
                    "经持牌支付机构充值、次日结入存管:已检验;所列账户均不属支付机构,支付机构结算款只计结入自有账户的部分。",
                    "Top-ups through a licensed payment institution that settle into custody: tested; the accounts listed "
                    "belong to no payment institution, and only what one settled to an own account counts.",
                ),
                (
                    "个别客户误转:已检验;付款人数与持续时间均超过设定值。",
                    "A slip of single clients: tested; the number of payers and the period are above the settings.",
                ),
            ),
        )


def _peak(part: pl.DataFrame, swept: pl.DataFrame) -> int:
    """Largest amount that lay outside custody at the end of a day, in fen."""
    ins = part.select("booked_on", "amount_fen")
    outs = swept.select("booked_on", -pl.col("amount_fen"))
    days = pl.concat([ins, outs]).group_by("booked_on").agg(pl.col("amount_fen").sum()).sort("booked_on")
    return max(0, top(days["amount_fen"].cum_sum()))
