"""Projects paid out otherwise than in one line of their principal: in parts, or several in one line."""

from __future__ import annotations

import polars as pl

LENT_SHARE = 0.9
"""Least share of the principal that is paid out: the rest is the fee the borrower agreed to."""
BEFORE_DAYS = 20
"""Days before the start of a project from which it may be paid, and after it in which a lump is."""
AFTER_DAYS = 60
"""Days after the start of a project in which its last part is paid (building by stages)."""
_GROUPS = (["institution_id", "borrower_holder_id", "day"], ["institution_id", "product_id"])
"""Whose projects one line pays: those of one borrower that start on one day, those of one product."""


def paid_in_parts(projects: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Lines to a project's borrower that only together are its principal.

    Parameters
    ----------
    projects : polars.DataFrame
        ``project_id``, ``principal_fen``, ``day`` of the start; projects with no line of their own.
    lines : polars.DataFrame
        ``project_id``, ``line_no``, ``booked_on``, ``amount_fen``: out-lines to their borrowers.

    Returns
    -------
    polars.DataFrame
        Grain: project × line, columns of `lines`; sorted.
    """
    late = (pl.col("booked_on") - pl.col("day")).dt.total_days()
    near = lines.join(projects, on="project_id").filter(late.is_between(-BEFORE_DAYS, AFTER_DAYS))
    whole = pl.col("amount_fen").sum().over("project_id")
    return (
        near.filter(
            (whole >= pl.col("principal_fen") * LENT_SHARE) & (whole <= pl.col("principal_fen") * 1.001)
        )
        .select(lines.columns)
        .sort("project_id", "line_no")
    )


def paid_in_lumps(projects: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Lines that are the principals of several projects together, cut into the projects' parts.

    Parameters
    ----------
    projects : polars.DataFrame
        ``project_id``, ``institution_id``, ``product_id``, ``borrower_holder_id``, ``principal_fen``,
        ``day``; a project of several products stands once with each.
    lines : polars.DataFrame
        ``line_no``, ``institution_id``, ``booked_on``, ``amount_fen`` of out-lines nothing else explains.

    Returns
    -------
    polars.DataFrame
        Grain: project × line: ``project_id``, ``line_no``, ``part_fen``; the parts of a line add up to it.
    """
    found = [_nothing(lines)]
    for keys in _GROUPS:
        done = pl.concat(found)
        left = projects.join(done, on="project_id", how="anti").drop_nulls(keys)
        left = left.unique(["project_id", *keys]).sort("project_id")
        groups = (
            left.group_by(keys)
            .agg(
                pl.col("principal_fen").sum().alias("whole_fen"),
                pl.col("day").min().alias("from_day"),
                pl.len().alias("n"),
            )
            .filter(pl.col("n") > 1)
            .sort(keys)
            .with_row_index("group_no")
        )
        fits = (
            groups.join(lines.join(done, on="line_no", how="anti"), on="institution_id")
            .with_columns(lag=(pl.col("booked_on") - pl.col("from_day")).dt.total_days().abs())
            .filter(
                (pl.col("lag") <= BEFORE_DAYS)
                & pl.col("amount_fen").is_between(pl.col("whole_fen") * LENT_SHARE, pl.col("whole_fen"))
            )
            .sort("lag", pl.col("whole_fen") - pl.col("amount_fen"), "group_no", "line_no")
        )
        best = _each_once(fits).select(*keys, "line_no", "amount_fen", "whole_fen")
        found.append(_parts(left.join(best, on=keys)))
    return pl.concat(found).sort("project_id", "line_no")


def _each_once(fits: pl.DataFrame) -> pl.DataFrame:
    """Pair groups and lines one to one, in the order given; a handful of sweeps suffices."""
    taken = [fits.clear()]
    for _ in range(6):
        best = fits.unique("group_no", keep="first", maintain_order=True).unique(
            "line_no", keep="first", maintain_order=True
        )
        if best.is_empty():
            break
        taken.append(best)
        fits = fits.join(best, on="group_no", how="anti", maintain_order="left")
        fits = fits.join(best, on="line_no", how="anti", maintain_order="left")
    return pl.concat(taken)


def _parts(paid: pl.DataFrame) -> pl.DataFrame:
    """Cut lines over their projects in the order of id, by running totals, so that no fen is lost."""
    run = pl.col("principal_fen").cum_sum().over("line_no")

    def share(total: pl.Expr) -> pl.Expr:
        return total * pl.col("amount_fen") // pl.col("whole_fen")

    return (
        paid.sort("line_no", "project_id")
        .with_columns(part_fen=share(run) - share(run - pl.col("principal_fen")))
        .select("project_id", "line_no", "part_fen")
    )


def _nothing(lines: pl.DataFrame) -> pl.DataFrame:
    return lines.clear().select(
        pl.lit(None, pl.String).alias("project_id"), "line_no", part_fen=pl.col("amount_fen")
    )
