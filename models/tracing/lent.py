"""Payments for registered projects: to the borrower, or to a lender in between."""

from __future__ import annotations

import polars as pl

from models.tracing.accounts import CLIENT_ACCOUNTS
from models.typologies._ledger import controlled_lines
from models.typologies._rounds import round_lines
from models.typologies.base import Context


def project_payments(ctx: Context) -> pl.DataFrame:
    """Payments out for registered projects, the borrower's or in the borrower's stead.

    Besides the lines to the borrowers (``mart_project_line``), a project that was never paid to
    its borrower takes the one payment of about its principal that left near its start and that
    no holding explains: a lender in between was paid instead.

    Returns
    -------
    polars.DataFrame
        Grain: ``line_no``. ``institution_id``, ``project_id``, ``amount_fen``, ``basis``.
    """
    frame: pl.DataFrame = ctx.shared("tracing.project_payments", _project_payments)
    return frame


def _project_payments(ctx: Context) -> pl.DataFrame:
    direct = (
        ctx.table("mart_project_line")
        .filter(pl.col("kind") == "disbursement")
        .select("institution_id", "line_no", "project_id", "amount_fen", "basis")
    )
    unpaid = (
        ctx.table("mart_project")
        .join(direct.select("project_id").unique(), on="project_id", how="anti")
        .filter(pl.col("started_on").is_not_null() & (pl.col("principal_fen") > 0))
        .select("institution_id", "project_id", "principal_fen", "started_on")
    )
    explained = round_lines(ctx).select("line_no")
    free = (
        controlled_lines(ctx)
        .filter(
            (pl.col("direction") == "out")
            & pl.col("account_type").is_in(CLIENT_ACCOUNTS)
            & pl.col("cp_type").is_null()
        )
        .join(direct.select("line_no"), on="line_no", how="anti")
        .join(explained, on="line_no", how="anti")
        .select("line_no", "institution_id", "booked_on", "amount_fen")
    )
    near = (
        unpaid.join(free, on="institution_id")
        .with_columns(
            lag=(pl.col("booked_on") - pl.col("started_on")).dt.total_days().abs(),
            short=pl.col("amount_fen") / pl.col("principal_fen"),
        )
        .filter((pl.col("lag") <= 5) & pl.col("short").is_between(0.9, 1.0))
        .sort("lag", "short", "project_id", "line_no", descending=[False, True, False, False])
    )
    taken = [direct]
    for _ in range(4):
        best = near.unique("project_id", keep="first", maintain_order=True).unique(
            "line_no", keep="first", maintain_order=True
        )
        if best.is_empty():
            break
        taken.append(best.with_columns(basis=pl.lit("amount")).select(direct.columns))
        near = near.join(best, on="project_id", how="anti").join(best, on="line_no", how="anti")
    return (
        pl.concat(taken, how="vertical_relaxed")
        .unique("line_no", keep="first", maintain_order=True)
        .sort("line_no")
    )
