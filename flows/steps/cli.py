"""The command ``lookthrough``.

Commands import what they need when they run, so that ``--help`` and a run with nothing new are
quick. Exit codes are the contract's: 0 complete, 1 could not complete, 2 wrong usage.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="lookthrough",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Config = Annotated[Path | None, typer.Option("--config", help="settings file (TOML)")]
Landing = Annotated[Path | None, typer.Option("--landing", help="folder of delivered files")]
Warehouse = Annotated[Path | None, typer.Option("--warehouse", help="folder of lake and DuckDB file")]
Exports = Annotated[Path | None, typer.Option("--exports", help="folder that receives the weeks")]
Week = Annotated[
    str | None, typer.Option("--week", help="ISO week such as 2016-W25; left out, the latest line's")
]
Thresholds = Annotated[Path | None, typer.Option("--thresholds", help="the office's thresholds.toml")]
Quiet = Annotated[bool, typer.Option("--quiet", help="say nothing but errors")]
JsonLogs = Annotated[bool, typer.Option("--json-logs", help="JSON lines on standard error, for schedulers")]


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(version("lookthrough"))
        raise typer.Exit


@app.callback()
def _start(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="print the version and stop")
    ] = False,
) -> None:
    """穿透式监管:statements in, a weekly risk ranking with evidence out."""


@app.command()
def run(
    landing: Landing = None,
    warehouse: Warehouse = None,
    exports: Exports = None,
    week: Week = None,
    thresholds: Thresholds = None,
    config: Config = None,
    quiet: Quiet = False,
    json_logs: JsonLogs = False,
) -> None:
    """Run a week: read what is new, judge, rank, export."""
    import logging

    from flows.steps import console, logs, settings

    logs.configure(json_logs=json_logs, quiet=quiet)
    chosen = settings.load(
        config, landing=landing, warehouse=warehouse, exports=exports, thresholds=thresholds
    )
    with console.progress(not quiet and not json_logs) as hooks:
        from flows.steps.run import run_week

        outcome = run_week(
            chosen.landing,
            chosen.warehouse,
            chosen.exports,
            week,
            settings=chosen,
            progress=hooks.progress,
            notify=hooks.notify,
        )
    if json_logs:
        logging.getLogger("lookthrough").info("summary", extra={"data": console.summary(outcome)})
    elif not quiet:
        console.show(console.summary(outcome))


def main() -> None:
    """Entry point: run a command and turn its errors into a sentence and an exit code."""
    from flows.steps import commands
    from flows.steps.errors import LookthroughError

    commands.register(app)
    try:
        app()  # exits by itself: 0, or 2 for wrong usage
    except LookthroughError as error:
        typer.echo(f"lookthrough: {error}", err=True)
        sys.exit(error.exit_code)
    except Exception as error:
        _unexpected(error)
        sys.exit(1)


def _unexpected(error: Exception) -> None:
    """Say where a defect struck without quoting data: a message may hold a delivered row."""
    import os
    import traceback

    if os.environ.get("LOOKTHROUGH_TRACEBACK"):
        traceback.print_exception(error)
    place = traceback.extract_tb(error.__traceback__)[-1]
    typer.echo(
        f"lookthrough: unexpected {type(error).__name__} at {Path(place.filename).name}:{place.lineno}. "
        "The exports of the week are the previous complete ones or absent; running again is safe. "
        "Set LOOKTHROUGH_TRACEBACK=1 to see the whole trace (it may quote delivered data).",
        err=True,
    )


if __name__ == "__main__":
    main()
