"""The exports of a week: one module an export, found by sorted discovery.

A module whose name has no underscore in front and that defines ``write(result, folder)`` is an
export. ``ORDER`` (default 0) says when it runs; only the manifest, which digests the others, is late.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from pathlib import Path

from flows.steps.result import WeekResult

Write = Callable[[WeekResult, Path], None]


def discover() -> list[tuple[str, Write]]:
    """Find the exporters: (name, write) in the order they run.

    Raises
    ------
    ImportError
        When a module of this package defines no ``write``.
    """
    found = []
    for info in sorted(pkgutil.iter_modules(__path__), key=lambda m: m.name):
        if info.name.startswith("_"):
            continue
        module = importlib.import_module(f"{__name__}.{info.name}")
        if not callable(getattr(module, "write", None)):
            raise ImportError(f"{module.__name__} must define write(result, folder)")
        found.append((getattr(module, "ORDER", 0), info.name, module.write))
    return [(name, write) for _, name, write in sorted(found, key=lambda f: (f[0], f[1]))]


def write_all(result: WeekResult, folder: Path) -> list[str]:
    """Write every export of a week into an existing folder.

    Returns
    -------
    list of str
        Names of the exporters that ran, in order.
    """
    names = []
    for name, write in discover():
        write(result, folder)
        names.append(name)
    return names
