"""The commands beside ``run``. Each imports what it needs only when it runs."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.steps.console import plain

Config = Annotated[Path | None, typer.Option("--config", help="settings file (TOML)")]
Landing = Annotated[Path | None, typer.Option("--landing", help="folder of delivered files")]
Warehouse = Annotated[Path | None, typer.Option("--warehouse", help="folder of lake and DuckDB file")]
Exports = Annotated[Path | None, typer.Option("--exports", help="folder that receives the weeks")]
Thresholds = Annotated[Path | None, typer.Option("--thresholds", help="the office's thresholds.toml")]


class Decision(StrEnum):
    """What an office can decide about a finding."""

    confirmed = "confirmed"
    false_positive = "false_positive"
    rectified = "rectified"


class Method(StrEnum):
    """Tracing methods."""

    fifo = "fifo"
    lifo = "lifo"
    pro_rata = "pro_rata"
    lowest = "lowest"


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the application, once."""
    known = {c.name or (c.callback.__name__ if c.callback else "") for c in app.registered_commands}
    for name, command in (
        ("check", check),
        ("profile", profile),
        ("quarantine", quarantine),
        ("typologies", typologies),
        ("judge", judge),
        ("trace", trace),
        ("verdict", verdict),
        ("backtest", backtest),
        ("simulate", simulate),
    ):
        if name not in known:
            app.command(name)(command)


def check(
    paths: Annotated[list[Path], typer.Argument(help="files or folders")],
    config: Config = None,
) -> None:
    """Say what would happen to these files, without touching the lake."""
    from flows.steps import check as checking
    from flows.steps import settings

    chosen = settings.load(config)
    for report in checking.check(paths, chosen):
        typer.echo(plain(report.text))


def profile(
    file: Annotated[Path, typer.Argument(help="one statement file")],
    out: Annotated[
        Path | None, typer.Option("--out", help="where to write it; left out, the terminal")
    ] = None,
    config: Config = None,
) -> None:
    """Write a profile for a layout that cannot be told from its content."""
    from flows.steps import profile as profiling
    from flows.steps import settings

    text = profiling.profile(file, settings.load(config))
    if out is None:
        typer.echo(text)
    else:
        out.write_text(text, encoding="utf-8")
        typer.echo(f"{out} written; name it in the setting `profiles`.")


def quarantine(
    warehouse: Warehouse = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="rows to show of each reason")] = 5,
    config: Config = None,
) -> None:
    """List the rows that were not accepted, why, and what to do about them."""
    import polars as pl

    from flows.steps import settings
    from flows.steps.run import quarantine_frame, read_deliveries

    chosen = settings.load(config, warehouse=warehouse)
    rows = quarantine_frame(read_deliveries(chosen.warehouse), chosen.warehouse / "lake")
    counts = rows.group_by("reason").len().sort(["len", "reason"], descending=[True, False])
    typer.echo(f"{rows.height} rows quarantined")
    for reason, count in counts.iter_rows():
        part = rows.filter(pl.col("reason") == reason)
        typer.echo(f"\n{count} × {reason}")
        for advice in part["advice"].drop_nulls().unique(maintain_order=True).head(1):
            typer.echo(f"  → {advice}")
        for r in part.head(limit).iter_rows(named=True):
            typer.echo(plain(f"  {r['source_file']} record {r['source_record']}: {r['text']}"))


def typologies(
    parameters: Annotated[bool, typer.Option("--parameters", help="list every parameter too")] = False,
) -> None:
    """List what is looked for, with clauses, parameters and their sources."""
    from models.typologies.base import discover

    for code, entry in discover().items():
        meta = entry.meta
        typer.echo(f"{code:30s} {meta.clause:16s} {meta.title_zh}  {meta.title_en}")
        for p in meta.parameters if parameters else ():
            typer.echo(f"    {code}.{p.name} = {p.default:g} {p.unit} ({p.kind}: {p.source}) {p.meaning}")


def judge(
    warehouse: Warehouse = None,
    only: Annotated[str, typer.Option("--only", help="codes, separated by commas")] = "",
    thresholds: Thresholds = None,
    overrides: Annotated[list[str] | None, typer.Option("--set", help="typology.parameter=value")] = None,
    config: Config = None,
) -> None:
    """Run typologies again over the warehouse as it stands; for those who develop or calibrate them."""
    from flows.steps import judge as judging
    from flows.steps import settings

    chosen = settings.load(config, warehouse=warehouse, thresholds=thresholds)
    values = {o.key: o.value for o in settings.read_thresholds(chosen.thresholds)}
    values |= dict(settings.parse_set(text) for text in overrides or [])
    with judging.DuckMarts(chosen.warehouse / judging.WAREHOUSE_FILE) as marts:
        result = judging.judge(
            marts, judging.as_of(marts), values, [c.strip() for c in only.split(",") if c.strip()]
        )
    for f in result.findings:
        typer.echo(
            f"{f.institution_id:26s} {f.typology:28s} severity {f.severity} confidence {f.confidence:.2f} "
            f"amount {f.amount_fen / 100:,.2f} {f.first_on} – {f.last_on} evidence {f.evidence.height} rows"
        )
    for code, seconds in result.seconds.items():
        typer.echo(
            f"{code}: {sum(f.typology == code for f in result.findings)} findings, {seconds:.2f} s", err=True
        )


def trace(
    line_id: Annotated[str, typer.Argument(help="line_id of a statement line (see evidence.parquet)")],
    forward: Annotated[
        bool, typer.Option("--forward/--back", help="where it went, or where it came from")
    ] = True,
    hops: Annotated[int, typer.Option("--hops", min=1, max=12)] = 3,
    method: Annotated[Method, typer.Option("--method")] = Method.fifo,
    ranged: Annotated[
        bool,
        typer.Option(
            "--range/--no-range", help="lowest and highest amount over the methods and orders of a day"
        ),
    ] = True,
    least: Annotated[
        float,
        typer.Option("--at-least", min=0, help="yuan; smaller branches are gathered, not shown one by one"),
    ] = 0.0,
    out: Annotated[
        Path | None, typer.Option("--out", help="folder for the Parquet and HTML of the tree")
    ] = None,
    warehouse: Warehouse = None,
    config: Config = None,
) -> None:
    """Follow the money of one statement line through the accounts."""
    from flows.steps import settings
    from flows.steps.trace_text import trace_line

    chosen = settings.load(config, warehouse=warehouse)
    for text in trace_line(
        chosen.warehouse,
        line_id,
        forward=forward,
        hops=hops,
        method=method.value,
        out=out,
        ranged=ranged,
        least_fen=round(least * 100),
    ):
        typer.echo(plain(text))


def verdict(
    finding_key: Annotated[str, typer.Argument(help="key of a finding (findings.csv)")],
    decision: Annotated[Decision, typer.Argument(metavar="confirmed|false_positive|rectified")],
    note: Annotated[str, typer.Option("--note", help="why")] = "",
    decided_on: Annotated[
        str | None, typer.Option("--decided-on", help="day of the decision; left out, today")
    ] = None,
    landing: Landing = None,
    exports: Exports = None,
    config: Config = None,
) -> None:
    """Record what the office decided about a finding, as a register delivery of its own."""
    from flows.steps import settings, verdicts
    from flows.steps.errors import ConfigurationError

    chosen = settings.load(config, landing=landing, exports=exports)
    try:
        day = dt.date.fromisoformat(decided_on) if decided_on else dt.date.today()
    except ValueError:
        raise ConfigurationError(f"--decided-on {decided_on} is no day; write it as 2016-07-04.") from None
    written = verdicts.record(chosen.landing, chosen.exports, finding_key, decision.value, note, day)
    typer.echo(f"{written.path} written; it counts from the run of {written.from_week} on.")


def backtest(
    first: Annotated[str, typer.Option("--from", help="first ISO week")],
    last: Annotated[str, typer.Option("--to", help="last ISO week")],
    warehouse: Warehouse = None,
    out: Annotated[Path | None, typer.Option("--out", help="folder for tables and plots")] = None,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", help="typology.parameter=value to compare")
    ] = None,
    thresholds: Thresholds = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="weeks replayed side by side")
    ] = None,
    config: Config = None,
) -> None:
    """Replay weeks as they would have been seen, and measure the alerts."""
    from flows.steps import backtest as replay
    from flows.steps import settings

    given: dict[str, Any] = {"warehouse": warehouse, "thresholds": thresholds, "workers": workers}
    chosen = settings.load(config, **given)
    changes = dict(settings.parse_set(text) for text in overrides or [])
    for text in replay.backtest(chosen, first, last, out or chosen.warehouse / "backtest", changes):
        typer.echo(text)


def simulate(
    out: Annotated[Path, typer.Argument(help="new folder for the sample delivery")],
    seed: Annotated[int, typer.Option("--seed")] = 90,
    size: Annotated[float, typer.Option("--size", min=0.01, help="1 is a small town")] = 1.0,
) -> None:
    """Make a sample delivery: several institutions, bank layouts, offenders and look-alikes."""
    from flows.steps.errors import ConfigurationError
    from flows.steps.simulate import simulate as make

    try:
        files = make(out, seed=seed, size=size)
    except FileExistsError as error:
        raise ConfigurationError(str(error)) from None
    typer.echo(f"{files} files written to {out}")
