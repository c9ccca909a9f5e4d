"""Small delivered files read into the lake together, so that a thousand cost little more than one.

What lies in the lake afterwards is what reading each alone puts there; files for which that is not
sure are left to :func:`flows.steps.reading.read_delivered`.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from flows.steps.chain import check_chains
from flows.steps.containers import container_kind
from flows.steps.formats import ReadOptions, Source, claimed_by
from flows.steps.formats._alike import Alike, read_alike
from flows.steps.formats.bank_export import BankExport
from flows.steps.lake import STATEMENTS, Lake, Sidecar
from flows.steps.reading import Delivery, Task, delivery_row, draw_up
from flows.steps.registers import register_of

log = logging.getLogger(__name__)

SMALL_BYTES = 512 * 1024
"""A larger file is read alone."""


def read_together(tasks: Sequence[Task]) -> dict[str, Delivery]:
    """Read those of some small files that can be read together.

    Parameters
    ----------
    tasks : sequence of Task
        Files of one run (one lake, one set of tables).

    Returns
    -------
    dict
        ``source_file`` to its row, for those that the lake now holds; the others must be read alone.
    """
    if len(tasks) < 2 or tasks[0].profiles:
        return {}
    lake = Lake(Path(tasks[0].lake))
    options = ReadOptions(aliases=[Path(each) for each in tasks[0].aliases])
    chosen: list[tuple[Task, str, Source]] = []
    seen: set[str] = set()
    for task in tasks:
        source = _small_source(task, options)
        if source is None:
            continue
        sha256 = hashlib.sha256(source.read_bytes()).hexdigest()
        known = lake.sidecar(STATEMENTS, sha256)
        if sha256 not in seen and (known is None or known.reader != task.reader):
            seen.add(sha256)
            chosen.append((task, sha256, source))
    try:
        groups = read_alike([source for _, _, source in chosen], options)
    except Exception as error:  # each is read alone then, and whichever it is over is told
        log.warning("files could not be read together: %s", type(error).__name__)
        return {}
    lines: dict[str, pl.DataFrame] = {}
    sidecars: dict[str, Sidecar] = {}
    of: dict[str, Task] = {}
    for group in groups:
        for place, own, sidecar in _judged(group, [source.name for _, _, source in chosen], tasks[0].reader):
            task, sha256, _ = chosen[place]
            lines[sha256], sidecars[sha256], of[sha256] = own, sidecar, task
    lake.aside.mkdir(parents=True, exist_ok=True)
    held = lake.put_together(STATEMENTS, lines, sidecars)
    rows: dict[str, Delivery] = {}
    for sha256, task in of.items():
        row = Delivery(task.source_file, sha256, task.source_file, sha256, "refused")
        rows[task.source_file] = delivery_row(row, held[sha256], None)
    return rows


def _judged(group: Alike, names: Sequence[str], reader: str) -> Iterator[tuple[int, pl.DataFrame, Sidecar]]:
    """Yield each file's place, lines in the bank's order and account, as reading it alone gives them."""
    counts = list(group.rows.values())
    results = group.results()
    chains = check_chains(group.lines, counts, [result.accounts for result in results.values()])
    lines = group.lines.with_columns(pl.concat([each.chain_no for each in chains]).alias("chain_no"))
    days = (
        lines.group_by(pl.Series(np.repeat(np.arange(len(counts)), counts)), maintain_order=True)
        .agg(
            first=pl.col("booked_at").min().dt.date().cast(pl.String),
            last=pl.col("booked_at").max().dt.date().cast(pl.String),
        )
        .select("first", "last")
        .rows()
    )
    start = 0
    for (place, result), chain, day in zip(results.items(), chains, days, strict=True):
        yield (
            place,
            lines.slice(start, result.rows_accepted),
            draw_up(result, chain, day, names[place], reader),
        )
        start += result.rows_accepted


def _small_source(task: Task, options: ReadOptions) -> Source | None:
    """Return a small text file that is for the bank-export reader alone to read, in memory."""
    name = task.source_file.rsplit("/", 1)[-1]
    path = Path(task.path)
    if task.alone or task.skip or register_of(name):
        return None
    try:
        if not 0 < path.stat().st_size <= SMALL_BYTES:
            return None
        source = Source.of_bytes(name, path.read_bytes())
    except OSError:
        return None
    if container_kind(source) is not None or claimed_by(source, options, but=BankExport.name):
        return None
    return source
