"""Days and accounts nobody can see: what is not on a statement that is missing proves nothing.

Typologies that argue from absence (a project never paid out, a round no borrower paid for) ask here
whether the client accounts' statements are on hand for the days concerned.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from models.typologies._loss import beyond_loss
from models.typologies.base import Context

FAR_PAST, FAR_FUTURE = dt.date(1900, 1, 1), dt.date(9999, 12, 31)
SILENT_DAYS = 14
SILENT_TIMES = 3
"""An open account's statement is taken to be missing at the end when it has been silent for more than
`SILENT_DAYS` and for more than `SILENT_TIMES` its longest silence before."""
NET_DAYS = 7
"""A break over more days hides what came and went between: its net amount says nothing of either."""
CLEARING_DAYS = 3
"""Days between the two sides of a transfer (a weekend between)."""
FEWEST_BLIND = 3
"""Cases of one institution that no one or two lost lines would explain."""
WEEKEND = 2
"""Days at the end of a week on which a bank may have nothing to book."""
TOLD = 0.1
"""Share of an account's lines with a balance below which its chain proves nothing."""
MATERIAL = 0.3
"""A break in the balance chain matters when what is missing is at least this share of the amount at issue."""


def statements_begin(ctx: Context) -> dt.date:
    """First day of the statements on hand, whoever's they are; the day after the week where there are none."""
    first: dt.date = ctx.city.shared("gaps.begin", _begin)
    return first


def _begin(city: Context) -> dt.date:
    first = city.table("mart_account", ("first_on",))["first_on"].min()
    return first if isinstance(first, dt.date) else city.as_of + dt.timedelta(days=1)


def statements_end(ctx: Context) -> pl.DataFrame:
    """Last day up to which an institution's client accounts can be seen.

    A quiet account is seen as far as its bank's other statements reach. What a bank has not delivered yet
    proves nothing: who argues from absence stops here, not at the end of the week.

    Returns
    -------
    polars.DataFrame
        Grain: institution. ``institution_id``, ``seen_to`` (date; the end of the week where the
        statements reach its last working day, and never later). Sorted.
    """
    frame: pl.DataFrame = ctx.shared("gaps.end", _end)
    return frame


def _end(ctx: Context) -> pl.DataFrame:
    accounts = ctx.table(
        "mart_account", ("account_id", "bank_code", "bank_name", "monitored", "last_on", "closed_on")
    ).filter("monitored")
    last = accounts["last_on"].max()
    everywhere = pl.lit(last if isinstance(last, dt.date) else ctx.as_of, pl.Date)
    bank = pl.coalesce("bank_code", "bank_name")
    reached = accounts.with_columns(
        seen_to=pl.when(bank.is_null()).then(everywhere).otherwise(pl.col("last_on").max().over(bank))
    ).filter(pl.col("closed_on").is_null() | (pl.col("closed_on") > pl.col("seen_to")))
    clients = ctx.table("mart_controlled_account", ("institution_id", "account_id", "account_type"))
    of_clients = (
        clients.filter(pl.col("account_type") == "custody")
        .join(reached.select("account_id", "seen_to"), on="account_id")
        .group_by("institution_id")
        .agg(pl.col("seen_to").min())
    )
    week_end = pl.lit(ctx.as_of)
    known = pl.coalesce("seen_to", everywhere)
    return (
        ctx.table("mart_institution", ("institution_id",))
        .join(of_clients, on="institution_id", how="left")
        .with_columns(
            seen_to=pl.when(known >= week_end - pl.duration(days=WEEKEND)).then(week_end).otherwise(known)
        )
        .sort("institution_id")
    )


def blind_spans(ctx: Context) -> pl.DataFrame:
    """Spans of days for which a client account's statement is not on hand.

    Returns
    -------
    polars.DataFrame
        Grain: institution × account × span. ``institution_id``, ``account_id``, ``blind_from``,
        ``blind_to`` (both included), ``missing_fen`` (what the balance chain lacks, in fen; null
        when nothing at all is known). Sorted.
    """
    frame: pl.DataFrame = ctx.shared("gaps.blind", _blind)
    return frame


def _blind(ctx: Context) -> pl.DataFrame:
    controlled = ctx.table("mart_controlled_account").select("institution_id", "account_id", "account_type")
    registered = controlled.filter(pl.col("account_type").is_in(["custody", "product"]))
    # where no client account exists at all, clients pay into own accounts: those are looked at instead
    instead = (
        controlled.filter(pl.col("account_type").is_in(["own", "other"]))
        .join(registered, on="institution_id", how="anti")
        .with_columns(account_type=pl.lit("custody"))
    )
    client_accounts = (
        pl.concat([registered, instead])
        .unique(["institution_id", "account_id"], keep="first", maintain_order=True)
        .join(
            ctx.table(
                "mart_account", ("account_id", "account_no", "monitored", "first_on", "last_on", "closed_on")
            ),
            on="account_id",
        )
    )
    # a product's account is silent for months by nature: only its broken chain says that lines are missing
    accounts = client_accounts.filter(pl.col("account_type") == "custody")
    begin = statements_begin(ctx)
    open_now = pl.col("closed_on").is_null() | (pl.col("closed_on") > ctx.as_of)
    unseen = accounts.filter(
        ~pl.col("monitored") & (pl.col("closed_on").is_null() | (pl.col("closed_on") >= begin))
    ).with_columns(
        blind_from=pl.lit(FAR_PAST), blind_to=pl.lit(FAR_FUTURE), missing_fen=pl.lit(None, pl.Int64)
    )
    first = (
        ctx.rows(
            "mart_line",
            ("account_id", "direction", "amount_fen", "balance_after_fen"),
            "seq = 1 and account_id in (select key from asked)",
            asked=accounts["account_id"],
        )
        .with_columns(
            opening=pl.col("balance_after_fen")
            - pl.when(pl.col("direction") == "in").then(pl.col("amount_fen")).otherwise(-pl.col("amount_fen"))
        )
        .select("account_id", "opening")
    )
    head = (
        accounts.filter(pl.col("monitored"))
        .join(first, on="account_id")
        .filter(pl.col("opening") != 0)
        .with_columns(
            blind_from=pl.lit(FAR_PAST),
            blind_to=pl.col("first_on") - pl.duration(days=1),
            missing_fen=pl.lit(None, pl.Int64),
        )
    )
    silence = (pl.lit(ctx.as_of) - pl.col("last_on")).dt.total_days()
    silent = accounts.filter(pl.col("monitored") & open_now & (silence > SILENT_DAYS))
    days = _booking_days(ctx, accounts.filter("monitored"))
    longest = days.group_by("account_id").agg(usual=pl.col("days").max().fill_null(0))
    tail = (
        silent.join(longest, on="account_id")
        .filter(silence > pl.col("usual") * SILENT_TIMES)
        .with_columns(
            blind_from=pl.col("last_on") + pl.duration(days=1),
            blind_to=pl.lit(FAR_FUTURE),
            missing_fen=pl.lit(None, pl.Int64),
        )
    )
    broken = (
        ctx.table("mart_balance_break")
        .filter(pl.col("kind") != "overlap")
        .join(client_accounts.select("institution_id", "account_id", "account_no"), on="account_no")
        .with_columns(
            blind_from=pl.col("first_on"),
            blind_to=pl.col("last_on"),
            missing_fen=pl.when((pl.col("last_on") - pl.col("first_on")).dt.total_days() <= NET_DAYS).then(
                pl.col("gap_fen").abs()
            ),
        )
    )
    columns = ["institution_id", "account_id", "blind_from", "blind_to", "missing_fen"]
    found = (unseen, head, tail, _holes(accounts, days), broken, _one_sided(ctx, client_accounts))
    parts = [part.select(columns) for part in found]
    return pl.concat(parts, how="vertical_relaxed").sort(columns)


def _one_sided(ctx: Context, accounts: pl.DataFrame) -> pl.DataFrame:
    """Days on which another account's statement shows a movement that this account's own lacks."""
    days = pl.duration(days=CLEARING_DAYS)
    moves = ctx.rows(
        "mart_transfer",
        (
            "out_line_no",
            "in_line_no",
            "from_account_id",
            "to_account_id",
            "paid_at",
            "arrived_at",
            "amount_fen",
        ),
        "(out_line_no is null and from_account_id in (select key from asked))"
        " or (in_line_no is null and to_account_id in (select key from asked))",
        asked=accounts["account_id"],
    )
    left = moves.filter(pl.col("out_line_no").is_null()).select(
        account_id="from_account_id", day=pl.col("arrived_at").cast(pl.Date), missing_fen="amount_fen"
    )
    came = moves.filter(pl.col("in_line_no").is_null()).select(
        account_id="to_account_id", day=pl.col("paid_at").cast(pl.Date), missing_fen="amount_fen"
    )
    both = pl.concat(
        [
            left.with_columns(blind_from=pl.col("day") - days, blind_to=pl.col("day")),
            came.with_columns(blind_from=pl.col("day"), blind_to=pl.col("day") + days),
        ]
    )
    return both.join(accounts.filter(pl.col("monitored")), on="account_id").filter(
        pl.col("day").is_between(pl.col("first_on"), pl.col("last_on"))
    )


def _holes(accounts: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """Silences of weeks between the lines of accounts that are otherwise seldom silent: a file is missing there."""
    silences = (
        days.filter(pl.col("days").is_not_null())
        .sort("account_id", "days", descending=[False, True])
        .with_columns(usual=pl.col("days").shift(-1).over("account_id"))
        .unique("account_id", keep="first", maintain_order=True)
        .filter((pl.col("days") > SILENT_DAYS) & (pl.col("days") > pl.col("usual") * SILENT_TIMES))
    )
    return accounts.join(silences, on="account_id").with_columns(
        blind_from=pl.col("booked_on") - pl.duration(days=pl.col("days") - 1),
        blind_to=pl.col("booked_on") - pl.duration(days=1),
        missing_fen=pl.lit(None, pl.Int64),
    )


def _booking_days(ctx: Context, accounts: pl.DataFrame) -> pl.DataFrame:
    """Booking days of accounts (grain: account × ``booked_on``); ``days`` since the one before, null for the first."""
    lines = ctx.rows(
        "mart_line",
        ("account_id", "booked_on"),
        "account_id in (select key from asked)",
        asked=accounts["account_id"],
    )
    # most lines follow one of their own day: what is left of each run is few
    follows = pl.all_horizontal(pl.col(c) == pl.col(c).shift(1) for c in lines.columns)
    return (
        lines.filter(~follows.fill_null(False))
        .unique()
        .sort("account_id", "booked_on")
        .with_columns(
            days=(pl.col("booked_on") - pl.col("booked_on").shift(1).over("account_id")).dt.total_days()
        )
    )


def seen(ctx: Context, frame: pl.DataFrame, first: str, last: str, amount: str) -> pl.DataFrame:
    """Keep rows whose span of days the institution's client accounts show.

    Parameters
    ----------
    ctx : Context
    frame : polars.DataFrame
        Holds ``institution_id`` and the columns named.
    first, last : str
        Columns with the first and last day that must be visible.
    amount : str
        Column with the amount at issue in fen: a break in the balance chain hides it only when
        it is at least `MATERIAL` of it.

    Returns
    -------
    polars.DataFrame
        The rows that remain, in their order.
    """
    spans = blind_spans(ctx)
    numbered = frame.with_row_index("_row")
    hidden = (
        numbered.select("_row", "institution_id", _f=pl.col(first), _l=pl.col(last), _a=pl.col(amount))
        .join(spans, on="institution_id")
        .filter(
            (pl.col("blind_from") <= pl.col("_l"))
            & (pl.col("blind_to") >= pl.col("_f"))
            & (pl.col("missing_fen").is_null() | (pl.col("missing_fen") >= pl.col("_a") * MATERIAL))
        )
        .select("_row")
        .unique()
    )
    return numbered.join(hidden, on="_row", how="anti").sort("_row").drop("_row")


def unchecked(ctx: Context) -> pl.DataFrame:
    """Accounts whose statements tell next to no balances, so that no chain shows a line that is missing.

    One lost repayment on such an account looks like a round nobody paid for: typologies ask there for a
    practice, not for one case.

    Returns
    -------
    polars.DataFrame
        ``account_id``; sorted.
    """

    def make(ctx: Context) -> pl.DataFrame:
        return (
            ctx.table("mart_line", ("account_id", "balance_after_fen"))
            .group_by("account_id")
            .agg(told=pl.col("balance_after_fen").is_not_null().mean())
            .filter(pl.col("told") < TOLD)
            .select("account_id")
            .sort("account_id")
        )

    frame: pl.DataFrame = ctx.shared("gaps.unchecked", make)
    return frame


def many_or_checked(ctx: Context, frame: pl.DataFrame) -> pl.DataFrame:
    """Leave out the one or two rows of an institution that a lost line would explain.

    Parameters
    ----------
    ctx : Context
    frame : polars.DataFrame
        Cases that argue from a line that is not there; holds ``institution_id``.

    Returns
    -------
    polars.DataFrame
        All rows but those of institutions of which a custody account is `unchecked` and that have fewer than
        `FEWEST_BLIND`, or no more than the lost lines explain that other statements show; in their order.
    """
    payments = ctx.table("mart_project", ("institution_id",))
    many = beyond_loss(ctx, frame, payments)["institution_id"].implode()
    custody = ctx.table("mart_controlled_account").filter(pl.col("account_type") == "custody")
    doubtful = custody.join(unchecked(ctx), on="account_id", how="semi")["institution_id"].unique()
    few = (pl.len().over("institution_id") < FEWEST_BLIND) | ~pl.col("institution_id").is_in(many)
    return frame.filter(~(few & pl.col("institution_id").is_in(doubtful.implode())))
