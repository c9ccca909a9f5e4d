"""Whose money a payment in was: what its payer had got shortly before from insiders, at first or second hand."""

from __future__ import annotations

import polars as pl

from models.typologies._frames import within_days
from models.typologies._ledger import controlled_lines
from models.typologies._parties import in_time, own_holders, related
from models.typologies._paths import barriers, edges
from models.typologies._rounds import ROUND, borrowers, coverage
from models.typologies.base import Context

FUNDED = 0.9
"""Share of a payment that its payer must have got from insiders shortly before."""
FUNDED_DAYS = 10
"""Days before it, and before each payment on the way."""
OVERDUE_DAYS = 3
"""Days after the project's due day from which a repayment is late."""
_GIVEN = ["institution_id", "behind", "distance", "payer_id", "given_on", "given_fen", "given_no"]


def funded(ctx: Context, paid: pl.DataFrame) -> pl.DataFrame:
    """Payments of which the payer had got at least `FUNDED` from the institution or a related party just before.

    Parameters
    ----------
    paid : polars.DataFrame
        ``line_no``, ``institution_id``, ``payer_id`` (the holder who paid), ``booked_on``, ``amount_fen``.

    Returns
    -------
    polars.DataFrame
        Grain: ``line_no``. ``behind``: ``own`` (the institution's own holder) or ``related``; ``distance`` of a
        related party; ``given``: lines of what the payer was given. Sorted.
    """
    paid = paid.drop_nulls("payer_id")
    first = _given(ctx, paid.select("institution_id", "payer_id").unique())
    found = pl.concat([_covered(paid, first), _covered(paid, _second_hand(ctx, paid, first))])
    return (
        found.sort("line_no", "given_fen", "behind", descending=[False, True, False])
        .unique("line_no", keep="first", maintain_order=True)
        .select("line_no", "behind", "distance", "given")
        .sort("line_no")
    )


def _insiders(ctx: Context) -> pl.DataFrame:
    own = own_holders(ctx).with_columns(behind=pl.lit("own"), distance=pl.lit(0))
    close = related(ctx).select("institution_id", "holder_id", "distance", behind=pl.lit("related"))
    return pl.concat([own, close.select(own.columns)], how="vertical_relaxed")


def _given(ctx: Context, asked: pl.DataFrame) -> pl.DataFrame:
    """What insiders paid the payers asked for (``institution_id``, ``payer_id``)."""
    return (
        edges(ctx)
        .join(asked.select(to_holder_id="payer_id").unique(), on="to_holder_id", how="semi")
        .join(_insiders(ctx).rename({"holder_id": "from_holder_id"}), on="from_holder_id")
        .select(
            "institution_id",
            "behind",
            "distance",
            giver_id="from_holder_id",
            payer_id="to_holder_id",
            given_on="arrived_on",
            given_fen="amount_fen",
            given_no=pl.coalesce("out_line_no", "in_line_no"),
        )
        .join(asked, on=["institution_id", "payer_id"], how="semi")
        .pipe(lambda rows: in_time(ctx, rows, "giver_id", "given_on"))
        .select(_GIVEN)
    )


def _covered(paid: pl.DataFrame, given: pl.DataFrame) -> pl.DataFrame:
    """Payments for most of which what was given in the days before is enough, by whose money it was."""
    on = ["institution_id", "payer_id"]
    return (
        within_days(paid, given, on, "booked_on", "given_on", before=FUNDED_DAYS, after=0)
        .group_by("line_no", "amount_fen", "behind")
        .agg(pl.col("given_fen").sum(), pl.col("distance").max(), given=pl.col("given_no").unique().sort())
        .filter(pl.col("given_fen") >= pl.col("amount_fen") * FUNDED)
    )


def _second_hand(ctx: Context, paid: pl.DataFrame, first: pl.DataFrame) -> pl.DataFrame:
    """What others paid the payers out of what insiders had given these just before; as `_given`."""
    without = paid.join(first, on=["institution_id", "payer_id"], how="anti")
    if without.is_empty():
        return first.clear()
    stops = barriers(ctx).select(from_holder_id="holder_id")
    moves = (
        edges(ctx)
        .join(without.select(to_holder_id="payer_id").unique(), on="to_holder_id", how="semi")
        .join(stops, on="from_holder_id", how="anti")
        .select(
            "amount_fen",
            last_id="to_holder_id",
            payer_id="from_holder_id",
            booked_on="paid_on",
            arrived_on="arrived_on",
            line_no=pl.coalesce("out_line_no", "in_line_no"),
        )
    )
    near = (
        without.select("institution_id", "booked_on", payer="payer_id", whole_fen="amount_fen")
        .join(moves.rename({"booked_on": "moved_on"}), left_on="payer", right_on="last_id")
        .filter((pl.col("booked_on") - pl.col("arrived_on")).dt.total_days().is_between(0, FUNDED_DAYS))
        # one that brings a small part of it alone is trade
        .filter(pl.col("amount_fen") >= pl.col("whole_fen") * FUNDED / 3)
        .select(
            "institution_id", "line_no", "payer", "payer_id", "arrived_on", "amount_fen", booked_on="moved_on"
        )
        .unique(["institution_id", "line_no"])
        .sort("institution_id", "line_no")
    )
    given = _given(ctx, near.select("institution_id", "payer_id").unique())
    passed = _covered(near, given).select("line_no", "behind", "distance")
    return (
        near.join(passed, on="line_no")
        .select(
            "institution_id",
            "behind",
            "distance",
            payer_id="payer",
            given_on="arrived_on",
            given_fen="amount_fen",
            given_no="line_no",
        )
        .select(_GIVEN)
    )


def through_borrowers(ctx: Context) -> pl.DataFrame:
    """Late repayments that insiders' money made: the borrower was given it just before.

    Returns
    -------
    polars.DataFrame
        Grain: round × ``line_no`` of the repayment. ``institution_id``, ``product_id``, ``booked_on``, ``amount_fen``
        (what of it the round paid out), ``payer`` (``own`` or ``related``), ``distance``, ``given`` (lines). Sorted.
    """
    due = borrowers(ctx).group_by("product_id", payer_id="holder_id").agg(pl.col("due_on").min()).drop_nulls()
    used = coverage(ctx).filter(pl.col("source") == "borrower").drop("source")
    lines = controlled_lines(ctx).select(
        "line_no", payer_id="cp_holder_id", in_on="booked_on", in_fen="amount_fen"
    )
    late = (
        used.join(lines, on="line_no")
        .join(due, on=["product_id", "payer_id"])
        .filter((pl.col("in_on") - pl.col("due_on")).dt.total_days() > OVERDUE_DAYS)
    )
    if late.is_empty():
        return (
            late.select(*ROUND, "line_no", "amount_fen")
            .with_columns(payer=pl.lit("own"), distance=pl.lit(0), given=pl.lit([], pl.List(pl.Int64)))
            .clear()
        )
    paid = late.select(
        "line_no", "institution_id", "payer_id", booked_on="in_on", amount_fen="in_fen"
    ).unique()
    # a related party that owes the money itself may pay it back
    close = related(ctx).select("institution_id", payer_id="holder_id")
    found = funded(ctx, paid.join(close, on=["institution_id", "payer_id"], how="anti"))
    return (
        late.join(found, on="line_no")
        .select(*ROUND, "line_no", "amount_fen", "distance", "given", payer="behind")
        .sort(*ROUND, "line_no")
    )
