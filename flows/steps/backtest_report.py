"""Tables and plots of a backtest."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import polars as pl

from flows.steps import proof
from flows.steps import week as weeks
from flows.steps.exports._pages import environment
from flows.steps.exports._tables import write_csv
from models.evaluation import average_precision, precision_at, recall_at, stability

if TYPE_CHECKING:
    from flows.steps.backtest import Replayed

KS = (5, 10, 20)


def labels(replayed: Sequence[Replayed]) -> tuple[frozenset[str], str]:
    """Return the institutions that were worth an alert, and where that is known from.

    People's word counts where there is one; of the others the last week says what was grave. A few verdicts
    do not make the rest false alarms.
    """
    from flows.steps.backtest import GRAVE

    last, word = replayed[-1], proof.decided(replayed)
    grave = {s.institution_id for s in last.seen if s.tier in GRAVE}
    wanted = frozenset(i for i in grave | set(word) if word.get(i, i in grave))
    return wanted, ("verdicts, elsewhere " if word else "") + "hindsight of the last week"


def by_week(replayed: Sequence[Replayed], wanted: frozenset[str]) -> pl.DataFrame:
    """Measure each week: precision and recall at k, average precision, alerts, stability."""
    from flows.steps.backtest import ALERT

    rows, alerted_before, ranks_before = [], frozenset[str](), dict[str, int]()
    for r in replayed:
        # Only what stood out counts as ranked: the clear tail is in an order that means nothing.
        order = [s.institution_id for s in r.seen if s.tier != "clear"]
        alerted = frozenset(s.institution_id for s in r.seen if s.tier in ALERT)
        ranks = {s.institution_id: s.rank for s in r.seen}
        row: dict[str, object] = {"week": r.week}
        for k in KS:
            row[f"precision_at_{k}"] = precision_at(order, wanted, k)
            row[f"recall_at_{k}"] = recall_at(order, wanted, k)
        row |= {
            "average_precision": average_precision(order, wanted),
            "alerts": len(alerted),
            "new_alerts": len(alerted - alerted_before),
            "rank_stability": stability(ranks_before, ranks) if ranks_before else None,
        }
        rows.append(row)
        alerted_before, ranks_before = alerted, ranks
    types: dict[str, pl.DataType | type[pl.DataType]] = {"week": pl.String}
    for k in KS:
        types |= {f"precision_at_{k}": pl.Float64, f"recall_at_{k}": pl.Float64}
    types |= {
        "average_precision": pl.Float64,
        "alerts": pl.Int64,
        "new_alerts": pl.Int64,
        "rank_stability": pl.Float64,
    }
    return pl.DataFrame(rows, schema=types).with_columns(pl.col(pl.Float64).round(4))


def delays(replayed: Sequence[Replayed], wanted: frozenset[str]) -> pl.DataFrame:
    """Weeks from the first evidence to the first alert, for each institution worth one.

    ``first_evidence`` is the first booking date under its findings in the last week; a negative
    delay cannot be: an alert before the replay began counts from its first week.
    """
    from flows.steps.backtest import ALERT

    last = {s.institution_id: s for s in replayed[-1].seen}
    rows = []
    for i in sorted(wanted):
        alert = next(
            (r.week for r in replayed for s in r.seen if s.institution_id == i and s.tier in ALERT), None
        )
        evidence = last[i].first_on if i in last else None
        delay = None
        if alert is not None and evidence is not None:
            delay = max(0, (weeks.sunday(alert) - _sunday_of(evidence)).days // 7)
        rows.append((i, evidence, alert, delay))
    types = {
        "institution_id": pl.String,
        "first_evidence": pl.Date,
        "first_alert": pl.String,
        "weeks": pl.Int64,
    }
    return pl.DataFrame(rows, schema=types, orient="row")


def _sunday_of(day: dt.date) -> dt.date:
    return day + dt.timedelta(days=7 - day.isoweekday())


def changed(replayed: Sequence[Replayed]) -> pl.DataFrame:
    """What the thresholds of ``--set`` would have done: a row a week and institution that moved."""
    rows = []
    for r in replayed:
        before = {s.institution_id: s for s in r.seen}
        for s in r.changed:
            old = before.get(s.institution_id)
            if old is None or (old.tier, old.typologies, old.points) != (s.tier, s.typologies, s.points):
                rows.append(
                    (
                        r.week,
                        s.institution_id,
                        old.tier if old else "",
                        s.tier,
                        old.points / 100 if old else 0.0,
                        s.points / 100,
                        ";".join(sorted(set(s.typologies) - set(old.typologies if old else ()))),
                        ";".join(sorted(set(old.typologies if old else ()) - set(s.typologies))),
                    )
                )
    types = {
        "week": pl.String,
        "institution_id": pl.String,
        "tier": pl.String,
        "tier_changed": pl.String,
        "score": pl.Float64,
        "score_changed": pl.Float64,
        "typologies_gained": pl.String,
        "typologies_lost": pl.String,
    }
    return pl.DataFrame(rows, schema=types, orient="row")


def write(replayed: Sequence[Replayed], changes: Mapping[str, float], out: Path) -> Iterator[str]:
    """Write the tables and the report; yield lines for the terminal."""
    wanted, known_from = labels(replayed)
    table, late, moved = by_week(replayed, wanted), delays(replayed, wanted), changed(replayed)
    out.mkdir(parents=True, exist_ok=True)
    write_csv(table, out / "weeks.csv")
    write_csv(late, out / "delays.csv")
    learned = proof.compare(replayed)
    proof.write(learned, replayed[0].week, replayed[-1].week, out)
    if changes:
        write_csv(moved, out / "changes.csv")
    page = (
        environment()
        .get_template("backtest.html.j2")
        .render(
            first=replayed[0].week,
            last=replayed[-1].week,
            known_from=known_from,
            wanted=len(wanted),
            learned=learned.text(),
            columns=table.columns,
            rows=[["" if v is None else v for v in row] for row in table.iter_rows()],
            plots=[
                ("平均精度 average precision", _line(table["average_precision"].to_list(), 1.0)),
                ("前10准确率 precision at 10", _line(table["precision_at_10"].to_list(), 1.0)),
                ("预警数 alerts", _line(table["alerts"].to_list(), None)),
                ("排名稳定性 rank stability", _line(table["rank_stability"].to_list(), 1.0)),
            ],
            weeks=table["week"].to_list(),
            late=[["" if v is None else v for v in row] for row in late.iter_rows()],
            changes=[f"{k} = {v:g}" for k, v in changes.items()],
            moved_columns=moved.columns,
            moved=[list(row) for row in moved.iter_rows()],
        )
    )
    (out / "report.html").write_text(page, encoding="utf-8", newline="\n")
    yield f"{len(replayed)} weeks, {len(wanted)} institutions worth an alert (known from {known_from})"
    yield learned.text()
    for row in table.iter_rows(named=True):
        figures = "  ".join(
            f"{c} {'–' if row[c] is None else row[c]}"
            for c in (
                "precision_at_10",
                "recall_at_10",
                "average_precision",
                "alerts",
                "new_alerts",
                "rank_stability",
            )
        )
        yield f"{row['week']}  {figures}"
    told: list[int] = late["weeks"].drop_nulls().to_list()
    if told:
        yield f"weeks from first evidence to first alert: median {median(told):g}, longest {max(told)}"
    if changes:
        yield f"{', '.join(f'{k}={v:g}' for k, v in changes.items())}: {moved.height} rows moved (changes.csv)"
    yield f"tables and plots: {out}"


def _line(values: list[float | None], top: float | None) -> list[tuple[float, float, str]]:
    """Points of a line on a canvas of 600 × 120: x, y, label; missing values left out."""
    most = top or max((v for v in values if v is not None), default=1) or 1
    step = 600 / max(1, len(values) - 1)
    return [
        (round(i * step, 1), round(120 - 120 * v / most, 1), f"{v:g}")
        for i, v in enumerate(values)
        if v is not None
    ]
