"""What a person at a terminal sees of a run: progress while it works, one summary at the end."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from flows.steps.ingest import Progress
    from flows.steps.run import Outcome

STEPS = {
    "wait": "等待另一次运行 waiting for another run",
    "ingest": "读取文件 reading files",
    "warehouse": "建立数据仓库 shaping",
    "judge": "判断 judging",
    "export": "导出 exporting",
}
TOP = 10
REASONS = 5
SHOWN_REASONS = 3


def plain(text: str) -> str:
    """Make delivered text harmless on a terminal: control characters would move or rewrite it."""
    return "".join(c if c == "\n" or unicodedata.category(c)[0] != "C" else "�" for c in text)


@dataclass(frozen=True, slots=True)
class Hooks:
    """What a run calls to tell how far it is."""

    progress: Callable[[Progress], None]
    notify: Callable[[str, str], None]


@contextmanager
def progress(show: bool) -> Iterator[Hooks]:
    """Show a progress bar on a terminal; elsewhere, or when not wanted, show nothing."""
    from rich.console import Console

    console = Console(stderr=True)
    if not (show and console.is_terminal):
        yield Hooks(lambda _: None, lambda _step, _word: None)
        return
    from rich import progress as bars

    with bars.Progress(
        bars.SpinnerColumn(),
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.TextColumn("{task.fields[word]}"),
        bars.TimeElapsedColumn(),
        console=console,
        transient=True,
    ) as display:
        task = display.add_task("", total=None, word="")

        def on_file(p: Progress) -> None:
            word = f"{p.files}/{p.files_in_all} 文件 · {p.rows_accepted:,} 行"
            display.update(task, total=p.bytes_in_all or None, completed=p.bytes, word=word)

        def on_step(step: str, word: str) -> None:
            display.update(task, description=STEPS.get(step, step), total=None, word=word)

        yield Hooks(on_file, on_step)


def summary(outcome: Outcome) -> dict[str, Any]:
    """Gather the figures of a finished run, for the terminal and for JSON logs."""
    import polars as pl

    ranking = pl.read_parquet(outcome.folder / "ranking.parquet")
    findings = pl.read_parquet(outcome.folder / "findings.parquet").filter(pl.col("standing"))
    i = outcome.ingest
    return {
        "week": outcome.week,
        "fresh": outcome.fresh,
        "files": i.files,
        "files_read": i.files_read,
        "refused": i.refused,
        "lines_accepted": i.lines_accepted,
        "rows_quarantined": i.rows_quarantined,
        "balance_breaks": i.balance_breaks,
        "reasons": [list(r) for r in i.reasons[:REASONS]],
        "institutions": ranking.height,
        "findings": findings.height,
        "by_typology": dict(
            sorted(Counter(findings["typology"].to_list()).items(), key=lambda c: (-c[1], c[0]))
        ),
        "tiers": dict(sorted(Counter(ranking["tier"].to_list()).items())),
        "report_immediately": int(ranking["report_immediately"].sum()),
        "top": ranking.sort("rank", "institution_id")
        .head(TOP)
        .select(
            "rank",
            "previous_rank",
            "institution_id",
            "name",
            pl.col("score").cast(pl.String),
            "tier",
            "reasons",
        )
        .to_dicts(),
        "exports": str(outcome.folder),
    }


def _few(codes: list[str]) -> str:
    """Name the first reasons and say how many more there are."""
    more = len(codes) - SHOWN_REASONS
    return " ".join(codes[:SHOWN_REASONS]) + (f" +{more}" if more > 0 else "")


def show(figures: dict[str, Any]) -> None:
    """Print the summary."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from models.ranking_tiers import TIER_ZH

    console = Console()
    new = "" if figures["fresh"] else "(无新数据,未改动 nothing new, unchanged)"
    console.print(f"[bold]{figures['week']}[/bold] {new}")
    console.print(
        f"文件 files {figures['files']:,}(本次读取 read now {figures['files_read']:,},拒收 refused {figures['refused']:,}) · "
        f"交易行 lines {figures['lines_accepted']:,} · 隔离 quarantined {figures['rows_quarantined']:,} · "
        f"余额断点 balance breaks {figures['balance_breaks']:,}"
    )
    for reason, count in figures["reasons"]:
        console.print(f"  隔离 {count:,} × {escape(plain(str(reason)))}", highlight=False)
    console.print(f"机构 institutions {figures['institutions']:,} · 发现 findings {figures['findings']:,}")
    console.print(
        "  " + "  ".join(f"{code} {count}" for code, count in figures["by_typology"].items()), highlight=False
    )
    table = Table(title="风险排名 ranking", title_justify="left")
    for name, side in (
        ("#", "right"),
        ("上周", "right"),
        ("机构", "left"),
        ("分", "right"),
        ("处置", "left"),
        ("原因", "left"),
    ):
        table.add_column(name, justify=side)  # type: ignore[arg-type]
    tiers: dict[str, str] = {str(k): v for k, v in TIER_ZH.items()}
    for r in figures["top"]:
        table.add_row(
            str(r["rank"]),
            str(r["previous_rank"] or ""),
            escape(plain(f"{r['name']} {r['institution_id']}")),
            r["score"],
            tiers.get(r["tier"], r["tier"]),
            escape(_few((r["reasons"] or "").split(";"))),
        )
    console.print(table)
    if figures["report_immediately"]:
        console.print(f"[bold red]须立即报告 report at once: {figures['report_immediately']}[/bold red]")
    console.print(f"导出 exports: {escape(figures['exports'])}/index.html", soft_wrap=True, highlight=False)
