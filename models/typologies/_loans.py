"""Loans out of an institution's own accounts, told from refunds and advances by what comes back."""

from __future__ import annotations

import polars as pl

from models.typologies._frames import told
from models.typologies._ledger import controlled_lines
from models.typologies._loans_other import declining, to_insiders
from models.typologies.base import Context

INTEREST = (0.003, 0.06)
"""Share of the loan that one month's interest may be (3.6 % to 72 % a year)."""
GROWN = (1.002, 1.6)
"""A loan that comes back at once with its interest comes back at this multiple."""
MONTH_SLACK = 6
"""Days by which a monthly payment may miss the day of the month (holidays, weekends)."""
AFTER_DAYS = 15
"""A refund comes within days; interest not before half a month."""
STEADY_SHARE = 0.7
"""Share of a borrower's payments that must fit the loan: trade to and fro fits now and then by chance."""
STEADY_TIMES = 4
"""Equal payments that make a rhythm of their own (by the week, by the fortnight), whatever the day of the month."""
LEAST_STEADY = 0.0005
"""Share of the loan that one payment of such a rhythm is at least (2.6 % a year by the week)."""
STEADY_SLACK = 4
"""Days by which the longest and shortest gap between them may differ (weekends)."""
MOST_PARTS = 24
"""Instalments in which an advance is handed back at most; a smaller equal part is interest."""
SAME_TERMS = 3
"""Borrowers whose one payment back is more than the loan by the same rate, of the sum or a year: a lender's tariff."""
TARIFF_DAYS = 5
"""Days after which a payment back at the tariff is one; a year's rate needs `AFTER_DAYS` to be told."""
AT_PAR = 0.0005
"""Largest part of the loan by which principal handed back beside its interest may miss it."""
SAVINGS = "银行|信用社|理财|存款|货币基金|国债|逆回购|信托"
"""Names of where own money is put to earn interest."""
YOUNG_DAYS = 45
"""A loan paid out this recently need not have brought its first interest yet."""


def loans(ctx: Context) -> pl.DataFrame:
    """Loans paid out of own accounts and what came back on them.

    A payment to a holder is a loan when that holder later pays in monthly interest on it, level
    instalments by the month or at another steady interval, or the amount with interest. Staff of the register, banks and the
    institution itself are left out. Beside at least one proven loan, payments of the same size to
    holders who got nothing else and who paid nothing back yet are loans too while they are young.

    Returns
    -------
    polars.DataFrame
        Grain: ``line_no``. ``role``: ``loan`` (out) or ``repayment`` (in); ``interest_fen`` is the
        part of a repayment above principal (0 for loans). Sorted by institution and line.
    """
    frame: pl.DataFrame = ctx.shared("loans.loans", _loans)
    return frame


def _loans(ctx: Context) -> pl.DataFrame:
    staff = (
        ctx.table("mart_relation")
        .filter(pl.col("role") == "employee")
        .select("institution_id", cp_holder_id="holder_id")
        .unique()
    )
    kinds = ctx.table("mart_holder_kind").select(cp_holder_id="holder_id").unique()
    own = (
        controlled_lines(ctx)
        .filter(
            (pl.col("account_type") == "own")
            & pl.col("cp_type").is_null()
            & pl.col("cp_holder_id").is_not_null()
        )
        .join(staff, on=["institution_id", "cp_holder_id"], how="anti")
        .join(kinds, on="cp_holder_id", how="anti")
        .pipe(_but_savings, ctx)
        .select(
            "line_no", "institution_id", "account_no", "cp_holder_id", "booked_on", "direction", "amount_fen"
        )
    )
    who = ["institution_id", "cp_holder_id"]
    outs, ins = own.filter(pl.col("direction") == "out"), own.filter(pl.col("direction") == "in")
    ins = pl.concat([ins, to_insiders(ctx, outs).select(ins.columns).cast(ins.schema)]).sort("line_no")
    back = (
        outs.select("line_no", *who, "booked_on", "amount_fen")
        .join(ins.select(*who, in_no="line_no", in_on="booked_on", in_fen="amount_fen"), on=who)
        .with_columns(
            days=(pl.col("in_on") - pl.col("booked_on")).dt.total_days(),
            ratio=pl.col("in_fen") / pl.col("amount_fen"),
        )
        .join(_in_rhythm(outs, ins), on="in_no", how="left")
        .join(_at_tariff(outs, ins), on=["line_no", "in_no"], how="left")
        .join(declining(outs, ins), on=["line_no", "in_no"], how="left")
        .with_columns(
            pl.col("tariff", "falling").fill_null(False),
            rhythm=(pl.col("rhythm_fen") > 0).fill_null(False) & ~_without_interest(),
        )
        .filter((pl.col("days") >= AFTER_DAYS) | pl.col("rhythm") | pl.col("tariff") | pl.col("falling"))
        .with_columns(off=(pl.col("days") - (pl.col("days") / 30.4).round() * 30.4).abs())
        .with_columns(monthly=pl.col("off") <= MONTH_SLACK)
        .with_columns(
            level=((pl.col("monthly") & (pl.len().over("line_no", "in_fen") >= 2)) | pl.col("rhythm"))
            & pl.col("ratio").is_between(pl.when("rhythm").then(LEAST_STEADY).otherwise(INTEREST[0]), 0.7),
            interest=pl.col("monthly") & pl.col("ratio").is_between(*INTEREST),
            grown=(pl.col("monthly") & pl.col("ratio").is_between(*GROWN)) | pl.col("tariff"),
        )
        .with_columns(
            principal=((pl.col("ratio") - 1).abs() <= AT_PAR) & pl.col("interest").any().over("line_no")
        )
        .filter(
            pl.col("level") | pl.col("interest") | pl.col("grown") | pl.col("principal") | pl.col("falling")
        )
        .sort("in_no", "days", "line_no")
        .unique("in_no", keep="first", maintain_order=True)
    )
    per = ins.group_by(who).agg(ins=pl.len())
    steady = (
        back.group_by(who)
        .agg(explained=pl.col("in_no").n_unique())
        .join(per, on=who)
        .filter(pl.col("explained") >= pl.col("ins") * STEADY_SHARE)
    )
    back = back.join(steady, on=who, how="semi")
    proven = outs.join(back.select("line_no").unique(), on="line_no", how="semi")
    size = proven.group_by("institution_id").agg(
        low=pl.col("amount_fen").min() / 2, high=pl.col("amount_fen").max() * 2, proven=pl.len()
    )
    single = outs.filter(
        (pl.len().over(who) == 1) & (pl.col("booked_on") >= pl.lit(ctx.as_of) - pl.duration(days=YOUNG_DAYS))
    )
    young = (
        single.join(proven.select("line_no"), on="line_no", how="anti")
        .join(ins.select(who).unique(), on=who, how="anti")
        .join(size, on="institution_id")
        .filter((pl.col("proven") >= 3) & pl.col("amount_fen").is_between("low", "high"))
        .select(outs.columns)
    )
    lent = pl.concat([proven, young]).with_columns(role=pl.lit("loan"), interest_fen=pl.lit(0, pl.Int64))
    returned = ins.join(
        back.select("ratio", "above_fen", line_no="in_no", loan_fen="amount_fen"), on="line_no"
    ).with_columns(
        role=pl.lit("repayment"),
        interest_fen=pl.when(pl.col("ratio") > 1)
        .then(pl.col("amount_fen") - pl.col("loan_fen"))
        .when(pl.col("ratio") <= INTEREST[1])
        .then(pl.col("amount_fen"))
        .otherwise(pl.col("above_fen").fill_null(0)),
    )
    return pl.concat([lent, returned.select(lent.columns)]).sort("institution_id", "line_no")


def _but_savings(lines: pl.DataFrame, ctx: Context) -> pl.DataFrame:
    """Leave out payees whose names are a bank's or a savings product's: own idle money lies there and bears interest."""
    names = told(ctx, lines, "cp_holder_id", "mart_holder", _name="name")
    return names.filter(~pl.col("_name").fill_null("").str.contains(SAVINGS)).drop("_name")


def _in_rhythm(outs: pl.DataFrame, ins: pl.DataFrame) -> pl.DataFrame:
    """Payments in of one amount at even gaps by a holder who was paid first, and no more often than by the week.

    Returns
    -------
    polars.DataFrame
        Grain: ``in_no``; ``rhythm_fen`` is the sum of its rhythm.
    """
    who = ["institution_id", "cp_holder_id"]
    first = outs.group_by(who).agg(lent_on=pl.col("booked_on").min())
    alike = [*who, "amount_fen"]
    gap = pl.col("booked_on").diff().over(alike).dt.total_days()
    return (
        ins.join(first, on=who)
        .filter(pl.col("booked_on") > pl.col("lent_on"))
        .sort(*alike, "booked_on", "line_no")
        .with_columns(gap=gap)
        .filter(
            (pl.len().over(alike) >= STEADY_TIMES)
            & (pl.col("gap").max().over(alike) - pl.col("gap").min().over(alike) <= STEADY_SLACK)
            & (pl.col("gap").mean().over(alike) >= 6)
        )
        .select(in_no="line_no", rhythm_fen=pl.col("amount_fen").sum().over(alike))
    )


def _at_tariff(outs: pl.DataFrame, ins: pl.DataFrame) -> pl.DataFrame:
    """Payments to a holder and the very next movement, back, that is more by a rate `SAME_TERMS` holders share.

    Returns
    -------
    polars.DataFrame
        ``line_no``, ``in_no``; ``tariff`` is true.
    """
    who = ["institution_id", "cp_holder_id"]
    after = {c: pl.col(c).shift(-1).over(who) for c in ("line_no", "booked_on", "amount_fen", "direction")}
    grown = after["amount_fen"] / pl.col("amount_fen")
    days = (after["booked_on"] - pl.col("booked_on")).dt.total_days()
    back = (
        pl.concat([outs, ins])
        .sort(*who, "booked_on", "line_no")
        .with_columns(in_no=after["line_no"], back=after["direction"], grown=grown, days=days)
        .filter((pl.col("direction") == "out") & (pl.col("back") == "in"))
        .filter(pl.col("grown").is_between(*GROWN) & (pl.col("days") >= TARIFF_DAYS))
        .with_columns(
            flat=(pl.col("grown") * 10_000).round(),
            yearly=pl.when(pl.col("days") >= AFTER_DAYS).then(
                ((pl.col("grown") - 1) / pl.col("days") * 365_000).round()
            ),
        )
    )
    shared = [
        back.drop_nulls(terms).filter(
            pl.col("cp_holder_id").n_unique().over("institution_id", terms) >= SAME_TERMS
        )
        for terms in ("flat", "yearly")
    ]
    return (
        pl.concat(shared)
        .select("line_no", "in_no", tariff=pl.lit(True))
        .unique("in_no", keep="first", maintain_order=True)
    )


def _without_interest() -> pl.Expr:
    """Whether equal payments are an even part of what was paid and bring no more: an advance handed back."""
    even = pl.col("amount_fen") % pl.col("in_fen") == 0
    brings_more = pl.col("rhythm_fen") > pl.col("amount_fen")
    return (even & (pl.col("ratio") >= 1 / MOST_PARTS) & ~brings_more).fill_null(False)
