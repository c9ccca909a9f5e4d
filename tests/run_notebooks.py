"""Execute every notebook on a sample week made for the purpose, in a folder that is removed afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Return pytest's exit code."""
    with tempfile.TemporaryDirectory(prefix="lookthrough-notebooks-") as folder:
        base = Path(folder)
        environment = os.environ | {
            "LOOKTHROUGH_LANDING": str(base / "landing"),
            "LOOKTHROUGH_WAREHOUSE": str(base / "warehouse"),
            "LOOKTHROUGH_EXPORTS": str(base / "exports"),
            "MPLCONFIGDIR": str(base / "matplotlib"),
            "IPYTHONDIR": str(base / "ipython"),
        }
        command = [sys.executable, "-m", "flows.steps.cli"]
        subprocess.run([*command, "simulate", str(base / "landing")], check=True, cwd=ROOT, env=environment)
        subprocess.run([*command, "run", "--quiet"], check=True, cwd=ROOT, env=environment)
        tests = [
            sys.executable,
            "-m",
            "pytest",
            "--nbmake",
            "--nbmake-timeout=300",
            "-p",
            "no:cacheprovider",
            "notebooks",
        ]
        return subprocess.run(tests, check=False, cwd=ROOT, env=environment).returncode


if __name__ == "__main__":
    raise SystemExit(main())
