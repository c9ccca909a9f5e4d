"""The golden files of the sample week: ``python -m tests.golden`` rewrites them, a test compares.

They hold what the project says about its own sample delivery. A change that moves them is to be
read line by line before it is committed.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from flows.steps.run import run_week
from flows.steps.simulate import simulate

FOLDER = Path(__file__).parent / "golden"
FILES = ("ranking.csv", "findings.csv", "ingest.csv", "quarantine.csv")


def make(base: Path) -> dict[str, bytes]:
    """Run the sample week below `base` and return the files that are kept."""
    simulate(base / "landing")
    folder = run_week(base / "landing", base / "warehouse", base / "exports").folder
    return {name: (folder / name).read_bytes() for name in FILES}


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="lookthrough-golden-") as base:
        for name, content in make(Path(base)).items():
            (FOLDER / name).write_bytes(content)
            lines = len(content.splitlines())
            print(f"{FOLDER.name}/{name}: {lines} lines")


if __name__ == "__main__":
    main()
