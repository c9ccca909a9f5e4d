"""Run the benchmarks and print one table."""

from __future__ import annotations

import argparse
import importlib
import pkgutil

from rich.console import Console
from rich.table import Table

import benchmarks
from benchmarks.harness import Options, Row


def main() -> None:
    found = sorted(m.name for m in pkgutil.iter_modules(benchmarks.__path__) if m.name.startswith("bench_"))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"some of: {', '.join(n[6:] for n in found)}"
    )
    parser.add_argument("--lines", type=int, default=Options().lines)
    parser.add_argument("--rounds", type=int, default=Options().rounds)
    parser.add_argument(
        "--large", type=int, default=Options().large, help="lines of the one run beyond memory, 0 for none"
    )
    given = parser.parse_args()
    table = Table(
        "step", "seconds", "GiB", "baseline", "seconds ", "GiB ", "ratio", "limit", "CPU ratio", "note"
    )
    late = 0
    for name in found:
        if given.names and name[6:] not in given.names:
            continue
        rows: list[Row] = importlib.import_module(f"benchmarks.{name}").run(
            Options(given.lines, given.rounds, given.large)
        )
        for r in rows:
            over = r.limit is not None and r.ratio > r.limit
            late += over
            table.add_row(
                r.name, f"{r.step.seconds:.2f}", f"{r.step.peak_gib:.2f}", r.baseline, f"{r.base.seconds:.2f}",
                f"{r.base.peak_gib:.2f}", f"{r.ratio:.2f}", "" if r.limit is None else f"{r.limit:g}",
                f"{r.cpu_ratio:.2f}",
                ("OVER THE LIMIT " if over else "") + r.note,
            )  # fmt: skip
    Console(width=160).print(table)
    raise SystemExit(1 if late else 0)


if __name__ == "__main__":
    main()
