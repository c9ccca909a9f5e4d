"""Scan the landing zone: every delivered file, in sorted order, however it is called."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from flows.steps.errors import ConfigurationError


@dataclass(frozen=True)
class LandingFile:
    """A file below the landing zone.

    Attributes
    ----------
    source_file : str
        Its path below the landing zone, with ``/``.
    path : Path
        Where it lies.
    size, mtime_ns, ctime_ns : int
        What tells an unchanged file without reading it.
    problem : str or None
        Why it is not read (a link, a device); a plain file has none.
    """

    source_file: str
    path: Path
    size: int
    mtime_ns: int
    ctime_ns: int
    problem: str | None = None


def scan(landing: Path) -> list[LandingFile]:
    """Return every file below `landing`, sorted by path (the order that says which is later).

    Links are listed and not followed: what lies outside the landing zone was not delivered.

    Raises
    ------
    ConfigurationError
        `landing` is no folder or cannot be listed.
    """
    if not landing.is_dir():
        raise ConfigurationError(f"The landing zone {landing} is not a folder: give --landing DIR.")
    try:
        found = list(_walk(os.fspath(landing), ""))
    except OSError as error:
        raise ConfigurationError(
            f"The landing zone cannot be listed ({error.strerror}): {error.filename}"
        ) from error
    return sorted(found, key=lambda each: each.source_file)


def _walk(folder: str, prefix: str) -> Iterator[LandingFile]:
    with os.scandir(folder) as entries:
        for entry in entries:
            name = prefix + _printable(entry.name)
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(entry.path, name + "/")
                continue
            info = entry.stat(follow_symlinks=False)
            yield LandingFile(
                name,
                Path(entry.path),
                info.st_size,
                info.st_mtime_ns,
                info.st_ctime_ns,
                _problem(info.st_mode),
            )


def _printable(name: str) -> str:
    """Return a name that can be written as UTF-8 (names from old Windows shares may be GBK bytes)."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        raw = os.fsencode(name)
        try:
            return raw.decode("gb18030")
        except UnicodeDecodeError:
            return raw.decode("utf-8", "replace")
    return name


def _problem(mode: int) -> str | None:
    if stat.S_ISREG(mode):
        return None
    if stat.S_ISLNK(mode):
        return "This is a link to another place: put the file itself into the landing zone."
    return "This is no ordinary file (a device, pipe or socket): it was not opened."
