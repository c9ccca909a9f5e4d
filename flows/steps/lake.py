"""The lake: what was read of each delivered file, by the hash of its bytes (Parquet and JSON).

    lake/statements/<sha256>.parquet             accepted lines
    lake/statements/<sha256>.quarantine.parquet  rows not accepted, verbatim (where there are any)
    lake/statements/<sha256>.json                account of rows; written last: it is the commit mark
    lake/registers/<sha256>.…                    the same for registers
    lake/deliveries.parquet                      the files of the landing zone as of the last run
    lake/landing.json                            what the last run saw, so that the next can be quick

Every file is written aside, flushed and renamed, so that a kill at any point leaves it whole or not
there. There is no append anywhere. One run at a time holds the lock.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import hashlib
import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from flows.steps.errors import BusyError, LakeError

READER_VERSION = 1
"""Raise it when a dependency changes what is read; changes of our own readers are noticed by content."""

STATEMENTS, REGISTERS = "statements", "registers"
ROWS, QUARANTINE = ".parquet", ".quarantine.parquet"
_FEW = 8  # files below which each is flushed by itself
_READERS = (
    "formats/*.py",
    "formats/*.csv",
    "register*.py",
    "identifiers.py",
    "chain.py",
    "direction.py",
    "reorder.py",
    "archives.py",
    "containers.py",
    "reading.py",
    "together.py",
)


@dataclass(frozen=True)
class Sidecar:
    """The account of one file in the lake (``<sha256>.json``).

    Attributes
    ----------
    reader : str
        Version of the readers and of the user's tables that read it.
    name : str
        The file name it was read under (it may have told the account).
    register : str or None
        The register's name; null for a statement.
    format : str
        The format's name.
    rows_read, rows_accepted, rows_quarantined, rows_ignored, balance_breaks : int
        Account of rows.
    first_on, last_on : str or None
        First and last booking date, ISO.
    problem : str or None
        Why it was refused or cut short.
    warnings : list of str
        What was noticed and nothing was lost over.
    breaks : list of dict
        account_no, record, gap_fen, kind of each break of the balance chain.
    accounts : list of dict
        account_no, opening_fen, closing_fen (and their records) as the file states them.
    layout : dict
        What was recognised.
    sizes : list of int
        Bytes of the two Parquet files, to notice a loss.
    """

    reader: str
    name: str
    register: str | None
    format: str
    rows_read: int
    rows_accepted: int
    rows_quarantined: int
    rows_ignored: int
    balance_breaks: int
    first_on: str | None
    last_on: str | None
    problem: str | None
    warnings: list[str] = field(default_factory=list)
    breaks: list[dict[str, Any]] = field(default_factory=list)
    accounts: list[dict[str, Any]] = field(default_factory=list)
    layout: dict[str, Any] = field(default_factory=dict)
    sizes: list[int] = field(default_factory=list)


class Lake:
    """A lake folder.

    Parameters
    ----------
    root : Path
        The folder; made when something is written.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.aside = root / "aside"

    def prepare(self) -> None:
        """Make the folders and clear what a killed run left aside; call under the lock."""
        shutil.rmtree(self.aside, ignore_errors=True)
        for folder in (self.aside, self.root / STATEMENTS, self.root / REGISTERS):
            folder.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def lock(self, wait_seconds: float, notice: Callable[[], None] | None = None) -> Iterator[None]:
        """Hold the lake for this run; `notice` is called once when another run holds it.

        Raises
        ------
        BusyError
            Another run still held it after `wait_seconds`.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / ".lock").open("a") as handle:
            deadline = time.monotonic() + wait_seconds
            told = False
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() >= deadline:
                        raise BusyError(
                            f"Another run is using {self.root}: wait for it to end and run again."
                        ) from None
                    if notice is not None and not told:
                        notice()
                        told = True
                    time.sleep(0.2)
            try:
                yield
            finally:
                fcntl.flock(handle, fcntl.LOCK_UN)

    def path(self, room: str, sha256: str, suffix: str) -> Path:
        """Return where a part of a file lies (`suffix`: ``.parquet``, ``.quarantine.parquet``, ``.json``)."""
        return self.root / room / f"{sha256}{suffix}"

    def sidecar(self, room: str, sha256: str) -> Sidecar | None:
        """Return the account of a file, or None when it is not (wholly) in the lake."""
        try:
            loaded = Sidecar(**json.loads(self.path(room, sha256, ".json").read_bytes()))
            sizes = [self._size(room, sha256, suffix) for suffix in (ROWS, QUARANTINE)]
        except (OSError, ValueError, TypeError):
            return None
        return loaded if sizes == loaded.sizes else None

    def _size(self, room: str, sha256: str, suffix: str) -> int:
        path = self.path(room, sha256, suffix)
        return path.stat().st_size if suffix == ROWS or path.exists() else 0

    def put(
        self,
        room: str,
        sha256: str,
        rows: pl.DataFrame | pl.LazyFrame,
        quarantine: pl.DataFrame,
        make_sidecar: Callable[[list[int]], Sidecar],
    ) -> Sidecar:
        """Write one file's rows, quarantine and account; the account last."""
        sizes: list[int] = []
        for frame, suffix in ((rows, ROWS), (quarantine, QUARANTINE)):
            if suffix == QUARANTINE and quarantine.is_empty():
                self.path(room, sha256, suffix).unlink(missing_ok=True)
                sizes.append(0)
                continue
            with self.write(self.path(room, sha256, suffix)) as aside:
                write_parquet(frame, aside)
            sizes.append(self.path(room, sha256, suffix).stat().st_size)
        sidecar = make_sidecar(sizes)
        with self.write(self.path(room, sha256, ".json")) as aside:
            _write_sidecar(sidecar, aside)
        return sidecar

    def put_together(
        self,
        room: str,
        rows: Mapping[str, pl.DataFrame],
        sidecars: Mapping[str, Sidecar],
    ) -> dict[str, Sidecar]:
        """Write several files without quarantine, flushed at once: all rows before the first account.

        Parameters
        ----------
        room : str
            Where to.
        rows, sidecars : mapping
            By sha256.
        """
        held: dict[str, Sidecar] = {}
        with self._write_together(room, [each + ROWS for each in rows]) as asides:
            for aside, (sha256, frame) in zip(asides, rows.items(), strict=True):
                with suppress(FileNotFoundError):
                    os.unlink(self.path(room, sha256, QUARANTINE))
                write_parquet(frame, aside)
                held[sha256] = replace(sidecars[sha256], sizes=[os.stat(aside).st_size, 0])
        with self._write_together(room, [each + ".json" for each in held]) as asides:
            for aside, sidecar in zip(asides, held.values(), strict=True):
                _write_sidecar(sidecar, aside)
        return held

    @contextmanager
    def _write_together(self, room: str, names: Sequence[str]) -> Iterator[list[str]]:
        """Give paths aside to write to; on leaving, flush them all and rename each to its name in `room`."""
        folder = os.fspath(self.root / room)
        start = os.path.join(self.aside, f"{os.getpid()}-{threading.get_ident()}-")
        asides = [start + each for each in names]
        try:
            yield asides
            _flush_all(asides)
            for aside, name in zip(asides, names, strict=True):
                os.replace(aside, f"{folder}/{name}")
        except BaseException as error:
            for aside in asides:
                with suppress(FileNotFoundError):
                    os.unlink(aside)
            if isinstance(error, OSError):
                raise _unwritable(self.root / room, error) from error
            raise

    def _aside(self, target: Path) -> Path:
        return self.aside / f"{os.getpid()}-{threading.get_ident()}-{target.name}"

    @contextmanager
    def write(self, target: Path) -> Iterator[Path]:
        """Give a path aside to write to; on leaving, flush it and rename it to `target`."""
        aside = self._aside(target)
        try:
            yield aside
            _flush(aside)
            aside.replace(target)
        except OSError as error:
            aside.unlink(missing_ok=True)
            raise _unwritable(target.parent, error) from error
        except BaseException:
            aside.unlink(missing_ok=True)
            raise


def _unwritable(folder: Path, error: OSError) -> LakeError:
    return LakeError(
        f"{folder} cannot be written ({error.strerror or 'input/output error'}): make room or "
        "give the right to write there, then run again; what was read so far is kept."
    )


def _write_sidecar(sidecar: Sidecar, path: Path | str) -> None:
    text = json.dumps(vars(sidecar), ensure_ascii=False, sort_keys=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    try:
        left = memoryview(text.encode("utf-8", "replace"))
        while left:
            left = left[os.write(handle, left) :]
    finally:
        os.close(handle)


def write_parquet(frame: pl.DataFrame | pl.LazyFrame, path: Path | str) -> None:
    """Write a frame; streamed when it is lazy, so a large file needs no memory of its size."""
    try:
        _write_parquet(frame, path)
    except pl.exceptions.ComputeError as error:
        if "space" in str(error) or "os error" in str(error):  # polars hides the system's error in a text
            raise OSError(errno.ENOSPC, "no space left on the device") from error
        raise


def _write_parquet(frame: pl.DataFrame | pl.LazyFrame, path: Path | str) -> None:
    if isinstance(frame, pl.LazyFrame):
        frame.sink_parquet(path, compression="lz4", statistics=False)
    else:
        frame.write_parquet(path, compression="lz4", statistics=False)


def reader_key(tables: Sequence[Path] = ()) -> str:
    """Return a short hash of everything that decides how a file is read.

    Readers' own source is part of it, so that a corrected reader reads again, without a number that
    someone must remember to raise; so are the user's alias tables and profiles.
    """
    digest = hashlib.sha256(_own_readers().encode())
    for table in tables:
        digest.update(hashlib.sha256(table.read_bytes()).digest())
    return digest.hexdigest()[:16]


@cache
def _own_readers() -> str:
    digest = hashlib.sha256(str(READER_VERSION).encode())
    here = Path(__file__).parent
    for each in sorted({path for pattern in _READERS for path in here.glob(pattern)}):
        digest.update(each.relative_to(here).as_posix().encode())
        digest.update(each.read_bytes())
    return digest.hexdigest()


def _flush(path: Path | str) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _flush_all(paths: Sequence[str]) -> None:
    """Flush several files of one folder: their file system at once where the system can, else each."""
    if len(paths) < _FEW or not _flush_file_system(os.path.dirname(paths[0])):
        for path in paths:
            _flush(path)


def _flush_file_system(folder: str) -> bool:
    syncfs = getattr(ctypes.CDLL(None), "syncfs", None) if sys.platform == "linux" else None
    if syncfs is None:
        return False
    handle = os.open(folder, os.O_RDONLY)
    try:
        return bool(syncfs(handle) == 0)
    finally:
        os.close(handle)
