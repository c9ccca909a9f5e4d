"""Own money for clients that follows no holding: bonuses paid to them again and again (加息、奖励、补贴).

Neither a factor of what they hold nor a round ties these payments to a product; that an own account pays much of its
clientele, and pays it more than once, does. Vouchers are small or come once.
"""

from __future__ import annotations

import polars as pl

from models.typologies._bonus import OWN, PAYS_CLIENTS, top_ups, transfers
from models.typologies._fed import fed_payments
from models.typologies._frames import within_days
from models.typologies._ledger import deposits, payouts, subscriptions
from models.typologies._parties import related, staff_and_vendors
from models.typologies._rounds import ROUND, round_lines, rounds
from models.typologies.base import Context

MOST_OF_HOLDING = 0.05
"""Part of all a client holds up to which one payment shows a bonus: principal, a refund, a wage are more."""
MOST_OF_SMALL = 0.25
"""The same where the practice is shown: bonuses of one size are much of a small holding."""
LEAST_CLIENTS = 5
CLIENTS_SHARE = 0.25
"""Share of the clientele that own money must reach more than once; staff and agents who invest are fewer."""
TIMES = 2
LEAST_SPAN = 14
"""Days between the first and the last payment: a single promotion is shorter."""
TILL_DEPOSITS = 3
"""Subscriptions paid into own accounts from which payouts out of them are clients' money too."""
EQUAL = 0.01
"""Largest difference, as a share, between own money paid in and what was handed on to clients."""
BACK_DAYS = 5
"""Days within which a transfer the same sum came back of was an error put right."""
SERVED = 0.5
"""Part of a round that its borrower must have paid for the rest to be a yield's: less is an advance on principal."""
LUMPS = 3
LUMPS_EQUAL = 0.1
"""Largest difference, as a share, between all lumps of own money and all that payouts had beyond income."""
LUMPS_APART = 1.5
"""Times the largest lump by which the two may differ on the way: a week's payouts are paid in before or after."""
_PAID = ["line_no", "institution_id", "account_id", "account_no", "booked_on", "amount_fen", "holder_id"]


def till_keepers(ctx: Context) -> pl.DataFrame:
    """Institutions whose clients pay into own accounts, so that payouts from there are no own money (``institution_id``)."""
    return (
        deposits(ctx)
        .filter(pl.col("account_type").is_in(OWN) & pl.col("subscription_id").is_not_null())
        .group_by("institution_id")
        .len()
        .filter(pl.col("len") >= TILL_DEPOSITS)
        .select("institution_id")
    )


def bonuses(ctx: Context, voucher_fen: int) -> pl.DataFrame:
    """Payments of own accounts to their clients that make a practice of topping up.

    Institutions without a client account pay holdings out of own accounts and are left out, and so are staff,
    related parties and payments above `MOST_OF_SMALL`.

    Parameters
    ----------
    ctx : Context
    voucher_fen : int
        Payments up to this are vouchers.

    Returns
    -------
    polars.DataFrame
        Grain: ``line_no`` of an out-line, sorted. ``institution_id``, ``account_id``, ``account_no``, ``booked_on``,
        ``amount_fen``, ``holder_id``.
    """
    who = ["institution_id", "holder_id"]
    held = subscriptions(ctx).drop_nulls(who).group_by(who).agg(held_fen=pl.col("amount_fen").sum())
    paid = (
        payouts(ctx)
        .filter(pl.col("account_type").is_in(OWN) & (pl.col("amount_fen") > voucher_fen))
        .select(_PAID)
    )
    # others pay them out of what own accounts handed these
    beside = fed_payments(ctx).filter(pl.col("amount_fen") > voucher_fen).select(_PAID)
    paid = (
        pl.concat([paid, beside.join(paid, on="line_no", how="anti")], how="vertical_relaxed")
        .join(till_keepers(ctx), on="institution_id", how="anti")
        .join(held, on=who)
        .filter(pl.col("amount_fen") <= pl.col("held_fen") * MOST_OF_SMALL)
        .with_columns(small=pl.col("amount_fen") <= pl.col("held_fen") * MOST_OF_HOLDING)
        .drop("held_fen")
        .join(related(ctx), on=who, how="anti")
        .join(staff_and_vendors(ctx).filter(pl.col("source") == "register"), on=who, how="anti")
    )
    sure = paid.filter("small")
    again = sure.group_by(who).agg(days=pl.col("booked_on").n_unique()).filter(pl.col("days") >= TIMES)
    clientele = held.group_by("institution_id").agg(clients=pl.len())
    span = (pl.col("booked_on").max() - pl.col("booked_on").min()).dt.total_days()
    practice = (
        again.group_by("institution_id")
        .agg(reached=pl.len())
        .join(clientele, on="institution_id")
        .filter(
            (pl.col("reached") >= LEAST_CLIENTS) & (pl.col("reached") >= pl.col("clients") * CLIENTS_SHARE)
        )
        .join(sure.group_by("institution_id").agg(span=span), on="institution_id")
        .filter(pl.col("span") >= LEAST_SPAN)
    )
    return paid.drop("small").join(practice, on="institution_id", how="semi").sort("line_no")


def handed_on(ctx: Context, voucher_fen: int) -> pl.DataFrame:
    """Transfers of own money to a client account that were handed on to clients, beside what borrowers paid, the same day.

    What clients were paid that day out of the account beyond rounds of borrowers is the transfer, so no withdrawal is.

    Parameters
    ----------
    ctx : Context
    voucher_fen : int
        Payments up to this are vouchers.

    Returns
    -------
    polars.DataFrame
        Grain: ``transfer_no`` × ``line_no`` of a payout: the transfer's legs and ``amount_fen`` (``top_fen``), and of
        the payout ``account_no``, ``booked_on``, ``paid_fen``, ``holder_id``. Sorted by the grain.
    """
    moved = transfers(ctx).filter(pl.col("from_type").is_in(OWN) & pl.col("to_type").is_in(PAYS_CLIENTS))
    day = ["institution_id", "account_id", "booked_on"]
    came = (
        moved.rename({"to_account_id": "account_id"})
        .filter(pl.len().over(day) == 1)
        .select(*day, "transfer_no", "out_line_no", "in_line_no", top_fen="amount_fen")
    )
    served = rounds(ctx).filter(pl.col("borrower_fen") > 0).select(ROUND)
    loose = (
        payouts(ctx)
        .filter(
            pl.col("account_type").is_in(PAYS_CLIENTS)
            & (pl.col("amount_fen") > voucher_fen)
            & (pl.col("factor").is_null() | (pl.col("factor") <= MOST_OF_HOLDING))
        )
        .join(served, on=ROUND, how="anti")
    )
    return (
        loose.select(_PAID)
        .rename({"amount_fen": "paid_fen"})
        .join(came, on=day)
        .with_columns(day_fen=pl.col("paid_fen").sum().over("transfer_no"))
        .filter((pl.col("day_fen") / pl.col("top_fen") - 1).abs() <= EQUAL)
        .filter(pl.col("holder_id").n_unique().over("transfer_no") >= TIMES)
        .drop("day_fen")
        .sort("transfer_no", "line_no")
    )


def returned(ctx: Context) -> pl.DataFrame:
    """Transfers between own and client accounts of which the same sum came back within `BACK_DAYS` (``transfer_no``)."""
    moved = transfers(ctx).filter(pl.col("from_type").is_in(OWN) & pl.col("to_type").is_in(PAYS_CLIENTS))
    back = transfers(ctx).filter(pl.col("to_type").is_in(OWN) & pl.col("from_type").is_in(PAYS_CLIENTS))
    return (
        within_days(
            moved.select("transfer_no", "institution_id", "amount_fen", "booked_on"),
            back.select("institution_id", "amount_fen", back_on="booked_on"),
            ["institution_id", "amount_fen"],
            "booked_on",
            "back_on",
            before=0,
            after=BACK_DAYS,
        )
        .select("transfer_no")
        .unique()
        .sort("transfer_no")
    )


def lumps(ctx: Context, voucher_fen: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Transfers of own money that only together are what payouts of many rounds had beyond their borrowers' money.

    Week by week, say, for all products at once. The two sums run side by side all the time, so that it is no chance.

    Parameters
    ----------
    ctx : Context
    voucher_fen : int
        As of `handed_on`, whose transfers are none of these.

    Returns
    -------
    transfers : polars.DataFrame
        `_bonus.transfers` of such lumps; sorted by ``transfer_no``.
    payouts : polars.DataFrame
        Grain: ``line_no``. ``institution_id``, ``account_no``, ``holder_id``, ``booked_on``, ``amount_fen``,
        ``attributed_fen`` (the line's part of what its round lacked, scaled to the lumps). Sorted.
    """
    known = top_ups(ctx)
    moved = (
        transfers(ctx)
        .filter(pl.col("from_type").is_in(OWN) & pl.col("to_type").is_in(PAYS_CLIENTS))
        .join(known, on="transfer_no", how="anti")
        .join(returned(ctx), on="transfer_no", how="anti")
        .join(handed_on(ctx, voucher_fen), on="transfer_no", how="anti")
    )
    lacking = (
        rounds(ctx)
        .join(known.select("product_id", booked_on="round_on"), on=["product_id", "booked_on"], how="anti")
        .with_columns(lack_fen=pl.col("paid_fen") - pl.col("borrower_fen"))
        .filter((pl.col("lack_fen") > 0) & (pl.col("borrower_fen") >= pl.col("paid_fen") * SERVED))
    )
    both = pl.concat(
        [
            moved.select("institution_id", "booked_on", top="amount_fen", lack=pl.lit(0, pl.Int64)),
            lacking.select("institution_id", "booked_on", top=pl.lit(0, pl.Int64), lack="lack_fen"),
        ]
    )
    apart = (pl.col("top").cum_sum() - pl.col("lack").cum_sum()).abs().max()
    daily = both.group_by("institution_id", "booked_on").agg(
        pl.col("top").sum(), pl.col("lack").sum(), n=(pl.col("top") > 0).sum(), most=pl.col("top").max()
    )
    practice = (
        daily.sort("institution_id", "booked_on")
        .group_by("institution_id")
        .agg(
            apart=apart,
            top=pl.col("top").sum(),
            lack=pl.col("lack").sum(),
            n=pl.col("n").sum(),
            most=pl.col("most").max(),
        )
        .filter(
            (pl.col("n") >= LUMPS)
            & ((pl.col("lack") / pl.col("top") - 1).abs() <= LUMPS_EQUAL)
            & (pl.col("apart") <= pl.col("most") * LUMPS_APART)
        )
        .select("institution_id", share=pl.col("top") / pl.col("lack"))
    )
    lines = (
        round_lines(ctx)
        .join(
            lacking.join(practice, on="institution_id").select(*ROUND, "paid_fen", "lack_fen", "share"),
            on=ROUND,
        )
        .with_columns(
            attributed_fen=(pl.col("amount_fen") * pl.col("lack_fen") / pl.col("paid_fen") * pl.col("share"))
            .round()
            .cast(pl.Int64)
        )
        .select(
            "line_no",
            "institution_id",
            "account_no",
            "holder_id",
            "booked_on",
            "amount_fen",
            "attributed_fen",
        )
    )
    return moved.join(practice, on="institution_id", how="semi").sort("transfer_no"), lines.sort("line_no")
