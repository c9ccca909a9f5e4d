"""What each borrower owes, day by day, on one platform and over all."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl

from models.typologies._gaps import blind_spans, statements_begin, statements_end
from models.typologies._parties import sectors
from models.typologies._pool import disbursement_lines
from models.typologies._rounds import borrowers, repayments
from models.typologies.base import Context

MONTH = 30.4
AMOUNT_SLACK = 0.005
"""Part by which a repayment may miss the principal with its interest (day counts, cents)."""


@dataclass(frozen=True, slots=True)
class Debtor:
    """A borrower on one platform at its worst.

    Attributes
    ----------
    institution_id, name : str
    company : bool
        Whether the higher cap applies.
    peak_fen : int
        Largest outstanding principal on this platform since the day asked for.
    peak_on : date
        First day of that peak.
    peak_all_fen : int
        Largest outstanding principal over all platforms in the same time.
    owed_fen, lent_fen : int
        Outstanding at the end of the week; lent in all.
    first_on, last_on : date
        Days between which the projects ran.
    projects : tuple of str
    """

    institution_id: str
    name: str
    company: bool
    peak_fen: int
    peak_on: dt.date
    peak_all_fen: int
    owed_fen: int
    lent_fen: int
    first_on: dt.date
    last_on: dt.date
    projects: tuple[str, ...]


_PROJECT = (
    "project_id", "institution_id", "borrower_id", "borrower_name", "borrower_holder_id", "borrower_account_id",
    "principal_fen", "annual_rate", "started_on", "due_on", "repayment",
)  # fmt: skip


def _projects(ctx: Context) -> pl.DataFrame:
    """Projects of lending platforms that have begun, with their borrower as ``who``, ``name`` and ``kind``."""
    platforms = [i for i, s in sectors(ctx).items() if s == "p2p"]
    projects = (
        ctx.table("mart_project", _PROJECT)
        .filter(pl.col("started_on").is_not_null() & (pl.col("started_on") <= ctx.as_of))
        .filter(pl.col("institution_id").is_in(platforms))
    )
    # asked where nothing else of the lines is: a table of the holders would be of those that the lines name
    who = ctx.rows(
        "mart_holder",
        ("holder_id", "kind", "name"),
        "holder_id in (select key from asked)",
        asked=projects["borrower_holder_id"],
    ).rename({"holder_id": "borrower_holder_id"})
    return (
        projects.join(
            who.cast({"borrower_holder_id": projects.schema["borrower_holder_id"]}),
            on="borrower_holder_id",
            how="left",
        )
        .with_columns(
            who=pl.coalesce("borrower_id", "borrower_name", pl.col("borrower_holder_id").cast(pl.String))
        )
        .with_columns(name=pl.coalesce("borrower_name", "name"))
        .sort("project_id")
    )


def _changes(ctx: Context, projects: pl.DataFrame) -> pl.DataFrame:
    """Principal lent (+) and repaid (-) by borrower, platform and day, of all projects of some platforms.

    A bullet or interest-only project is repaid by the first in-line of the borrower, from 20 days before
    its due date on, that is at least the principal; an amortising one ends on its due date, and by even parts before in
    the months its borrower pays. Where a client account cannot be seen,
    every project ends when it is due. A loan paid out before the statements begin, whose repayment they do not show, may have
    been repaid before that too: it ends on the day they begin. One that falls due after they end is repaid then.
    """
    keys = ["institution_id", "who", "name", "kind", "project_id"]
    if projects.is_empty():
        return projects.select(*keys, on="started_on", fen="principal_fen")
    payers = borrowers(ctx).select("project_id", "institution_id", "holder_id").unique()
    back = _repaid(
        projects.select("project_id", "principal_fen", "annual_rate", "started_on", "due_on")
        .join(payers, on="project_id")
        .join(repayments(ctx), on=["institution_id", "holder_id"])
        .filter((pl.col("in_on") > pl.col("started_on")) & (pl.col("in_fen") >= pl.col("principal_fen")))
    )
    dark = (
        blind_spans(ctx)
        .filter(
            pl.col("missing_fen").is_null()
            & (pl.col("blind_from") <= ctx.as_of)
            & (pl.col("blind_to") >= ctx.as_of)
        )["institution_id"]
        .unique()
        .to_list()
    )
    start = statements_begin(ctx)
    ended = projects.join(back, on="project_id", how="left").join(
        statements_end(ctx), on="institution_id", how="left"
    )
    ended = ended.with_columns(
        repaid_on=pl.when(pl.col("repaid_on").is_not_null())
        .then(pl.col("repaid_on"))
        .when(
            (pl.col("repayment") == "amortising")
            | (pl.col("due_on") < start)
            | (pl.col("due_on") > pl.col("seen_to"))
            | pl.col("institution_id").is_in(dark)
        )
        .then(pl.col("due_on"))
        .when(pl.col("started_on") < start)
        .then(pl.min_horizontal("due_on", pl.lit(start)))
        .otherwise(None)
    )
    lent = ended.select(*keys, on="started_on", fen="principal_fen")
    level = _instalments(ctx, ended)
    paid = level.group_by("project_id").agg(paid_fen=pl.col("part_fen").sum())
    left = pl.col("principal_fen") - pl.col("paid_fen").fill_null(0)
    gone = (
        ended.join(paid, on="project_id", how="left")
        .filter(pl.col("repaid_on") <= ctx.as_of)
        .select(*keys, on="repaid_on", fen=-left)
    )
    early = ended.join(level, on="project_id").select(*keys, on="booked_on", fen=-pl.col("part_fen"))
    return pl.concat([lent, early, gone]).sort("who", "on", "fen", "project_id")


def _instalments(ctx: Context, projects: pl.DataFrame) -> pl.DataFrame:
    """Even parts of the principal of amortising projects, for each month in which their borrower paid.

    Returns
    -------
    polars.DataFrame
        Grain: ``project_id`` × ``booked_on``, before the due day and by the day asked for; ``part_fen``.
    """
    level = projects.filter((pl.col("repayment") == "amortising") & pl.col("due_on").is_not_null())
    level = level.select("project_id", "principal_fen", "started_on", "due_on")
    lines = ctx.table("mart_project_line", ("project_id", "line_no", "kind", "booked_on"))
    months = ((pl.col("due_on") - pl.col("started_on")).dt.total_days() / MONTH).round().clip(lower_bound=1)
    month = ((pl.col("booked_on") - pl.col("started_on")).dt.total_days() / MONTH).round()
    return (
        lines.filter(pl.col("kind") == "repayment")
        .join(level, on="project_id")
        .with_columns(months=months, month=month)
        .filter(
            (pl.col("month") >= 1) & (pl.col("month") < pl.col("months")) & (pl.col("booked_on") <= ctx.as_of)
        )
        .sort("project_id", "booked_on", "line_no")
        .unique(["project_id", "month"], keep="first", maintain_order=True)
        .select(
            "project_id",
            "booked_on",
            part_fen=(pl.col("principal_fen") / pl.col("months")).floor().cast(pl.Int64),
        )
    )


def _repaid(pairs: pl.DataFrame) -> pl.DataFrame:
    """Pair projects with the lines that repaid them: ``project_id``, ``repaid_on``.

    A line that is the principal with its interest for the days it was owed goes first; else the due day
    nearest to it decides. One to one, best pair first.
    """
    days = (pl.col("in_on") - pl.col("started_on")).dt.total_days()
    asked = pl.col("principal_fen") * (1 + pl.col("annual_rate").fill_null(0.0) * days / 365)
    rest = pairs.with_columns(
        unlike=((pl.col("in_fen") / asked - 1).abs() > AMOUNT_SLACK),
        misfit=(pl.col("in_on") - pl.col("due_on")).dt.total_days().abs(),
    )
    order = ["unlike", "misfit", "in_on", "project_id", "line_no"]
    found = [rest.clear()]
    for _ in range(6):
        best = (
            rest.sort(order)
            .unique("line_no", keep="first", maintain_order=True)
            .unique("project_id", keep="first", maintain_order=True)
        )
        if best.is_empty():
            break
        found.append(best)
        rest = rest.join(best, on="project_id", how="anti").join(best, on="line_no", how="anti")
    return pl.concat(found).select("project_id", repaid_on="in_on")


def shared_debts(ctx: Context) -> pl.DataFrame:
    """What borrowers of several platforms owe, on each.

    Returns
    -------
    polars.DataFrame
        Grain: a change of a project's principal. ``institution_id``, ``who``, ``name``, ``kind``, ``project_id``,
        ``on``, ``fen``.
    """
    frame: pl.DataFrame = ctx.shared("debt.shared", _shared_debts)
    return frame


def _shared_debts(ctx: Context) -> pl.DataFrame:
    several: pl.Series = ctx.city.shared("debt.several", _several)
    projects = _projects(ctx)
    # persons whom no number tells apart are one where they are paid into one account; others may be namesakes
    nameless = projects.filter(
        pl.col("borrower_id").is_null() & (pl.col("kind").fill_null("person") == "person")
    )
    accounts = pl.col("borrower_account_id").drop_nulls().n_unique()
    namesakes = nameless.group_by("who").agg(
        one=(accounts == 1) & pl.col("borrower_account_id").is_not_null().all()
    )
    unsure = namesakes.filter(~pl.col("one"))["who"]
    several = several.filter(~several.is_in(unsure.implode()))
    ours = projects.filter(pl.col("who").is_in(several.implode()))["institution_id"].unique()
    changes = _changes(ctx, projects.filter(pl.col("institution_id").is_in(ours.implode())))
    return changes.filter(pl.col("who").is_in(several.implode()))


def _several(city: Context) -> pl.Series:
    """Borrowers who have projects on several platforms."""
    who = "coalesce(borrower_id, borrower_name, cast(borrower_holder_id as varchar))"
    found = city.rows(
        "mart_project",
        ("borrower_id", "borrower_name", "borrower_holder_id"),
        f"{who} in (select {who} from mart_project group by all having count(distinct institution_id) > 1)",
    )
    return (
        found.select(
            pl.coalesce("borrower_id", "borrower_name", pl.col("borrower_holder_id").cast(pl.String)).alias(
                "who"
            )
        )["who"]
        .unique()
        .sort()
    )


def debtors(ctx: Context, since: dt.date | None) -> list[Debtor]:
    """Borrowers with more than one project, or one large one, at their peak since a day.

    Repayments of a day are taken off before its loans are added.
    """
    events = _changes(ctx, _projects(ctx))
    floor = since or dt.date(1900, 1, 1)
    everywhere = (
        shared_debts(ctx.city)
        .sort("who", "on", "fen", "project_id")
        .with_columns(run=pl.col("fen").cum_sum().over("who"))
        .group_by("who")
        .agg(
            peak_all_fen=pl.max_horizontal(
                pl.col("run").filter(pl.col("on") >= floor).max(),
                pl.col("fen").filter(pl.col("on") < floor).sum(),
            )
        )
    )
    before = (
        events.filter(pl.col("on") < floor).group_by("institution_id", "who").agg(carried=pl.col("fen").sum())
    )
    here = (
        events.with_columns(run=pl.col("fen").cum_sum().over("institution_id", "who"))
        .sort("institution_id", "who", "on", "fen", "project_id")
        .group_by("institution_id", "who", maintain_order=True)
        .agg(
            pl.col("name").first(),
            pl.col("kind").first(),
            peak_fen=pl.col("run").filter(pl.col("on") >= floor).max(),
            peak_on=pl.col("on")
            .filter(pl.col("on") >= floor)
            .sort_by(-pl.col("run").filter(pl.col("on") >= floor))
            .first(),
            owed_fen=pl.col("fen").sum(),
            lent_fen=pl.col("fen").filter(pl.col("fen") > 0).sum(),
            first_on=pl.col("on").min(),
            last_on=pl.col("on").max(),
            projects=pl.col("project_id").unique().sort(),
        )
        .join(before, on=["institution_id", "who"], how="left")
        .join(everywhere, on="who", how="left")
        .with_columns(peak_fen=pl.max_horizontal("peak_fen", "carried").fill_null(0))
        # one who is within the cap here may owe too much over all platforms
        .filter(
            (pl.col("peak_fen") > 20_000_000 - 1)
            | (pl.col("peak_all_fen") > pl.col("peak_fen")).fill_null(False)
        )
    )
    return [
        Debtor(
            institution_id=r["institution_id"],
            name=r["name"] or r["who"],
            company=r["kind"] != "person",
            peak_fen=r["peak_fen"],
            peak_on=r["peak_on"] or floor,
            peak_all_fen=max(r["peak_all_fen"] or 0, r["peak_fen"]),
            owed_fen=max(r["owed_fen"], 0),
            lent_fen=r["lent_fen"],
            first_on=r["first_on"],
            last_on=r["last_on"],
            projects=tuple(r["projects"]),
        )
        for r in here.rows(named=True)
    ]


def paid_out(ctx: Context, debtors: list[Debtor]) -> pl.DataFrame:
    """Disbursement lines of the debtors' projects (``line_no``, ``amount_fen``), debtor by debtor."""
    rows = [(n, p) for n, d in enumerate(debtors) for p in d.projects]
    projects = pl.DataFrame(rows, schema={"debtor": pl.Int64, "project_id": pl.String}, orient="row")
    return (
        projects.join(disbursement_lines(ctx), on="project_id")
        .sort("debtor", "project_id", "line_no")
        .select("line_no", "amount_fen")
    )
