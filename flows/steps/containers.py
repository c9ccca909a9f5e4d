"""Look inside what is delivered packed: ``.gz``, ``.zip``, ``.tar`` and ``.tar.gz``, nested.

Members are read as streams and handed on as bytes (or, when large, spooled under a name of our own
in a private folder), so a member's name is never a path on this machine: ``../`` can write nothing.
What a member may cost is bounded before it is read: size, expansion, number and nesting.
"""

from __future__ import annotations

import errno
import gzip
import hashlib
import io
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

from flows.steps.archives import (
    bad_entry,
    bad_name,
    container_kind,
    decoded,
    hash_file,
    is_tar,
    last,
    renamed,
    zip_name,
)
from flows.steps.formats.protocol import Source

DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""Not the delivered file's fault: the run must stop and say so."""

_CHUNK = 1 << 20

__all__ = ["Limits", "Member", "Unpacker", "container_kind", "hash_file"]


@dataclass(frozen=True)
class Limits:
    """What unpacking one delivered file may cost.

    Attributes
    ----------
    member_bytes, total_bytes : int
        Unpacked bytes of one member, and of everything in one delivered file.
    expansion : int
        Unpacked over packed bytes, looked at once `expansion_floor` bytes are unpacked. Statements
        compress 5 to 40 times; 200 leaves room, and deflate at its limit (1030) is a bomb.
    members : int
        Members of one delivered file, nested ones counted.
    depth : int
        Archives within archives.
    in_memory : int
        A member of more bytes is spooled to disk.
    """

    member_bytes: int = 8 << 30
    total_bytes: int = 16 << 30
    expansion: int = 200
    expansion_floor: int = 4 << 20
    members: int = 20_000
    depth: int = 3
    in_memory: int = 64 << 20


@dataclass(frozen=True)
class Member:
    """One file after unpacking.

    Attributes
    ----------
    path : tuple of str
        Names from the delivered file inwards; empty for the delivered file itself.
    sha256 : str or None
        Of the bytes; null when they were not read.
    source : Source or None
        The bytes; null when the member is refused.
    problem : str or None
        Why it was refused, or that it was cut short.
    container_sha256 : str or None
        Of the innermost archive that holds it.
    """

    path: tuple[str, ...]
    sha256: str | None
    source: Source | None
    problem: str | None = None
    container_sha256: str | None = None


class _Refusal(Exception):
    """A member or archive must not be read any further; carries the sentence."""


class Unpacker:
    """Walks one delivered file and yields what it holds, in the archive's order.

    Parameters
    ----------
    limits : Limits
        What it may cost.
    scratch : Path
        A private folder for members too large for memory; the caller removes it.
    """

    def __init__(self, limits: Limits, scratch: Path) -> None:
        self.limits = limits
        self.scratch = scratch
        self._unpacked = 0
        self._members = 0

    def walk(self, source: Source, sha256: str) -> Iterator[Member]:
        """Yield the members of `source`, or `source` itself when it is no archive."""
        yield from self._walk((), source, sha256, None)

    def _walk(
        self, path: tuple[str, ...], source: Source, sha256: str, container: str | None
    ) -> Iterator[Member]:
        kind = container_kind(source)
        if kind is None:
            yield Member(path, sha256, source, container_sha256=container)
            return
        if len(path) >= self.limits.depth:
            yield Member(
                path, sha256, None, "Archives are packed too deep inside each other: refused.", container
            )
            return
        try:
            opened = {"gz": self._gzip, "zip": self._zip, "tar": self._tar}[kind]
            yield from opened(path, source, sha256, container)
        except _Refusal as refusal:
            yield Member(path, sha256, None, str(refusal), container)
        except (OSError, EOFError, zlib.error, zipfile.BadZipFile, tarfile.TarError, ValueError) as error:
            if isinstance(error, OSError) and error.errno in DISK_ERRORS:
                raise
            problem = f"The archive is damaged or cut off ({type(error).__name__}): ask for it again."
            yield Member(path, sha256, None, problem, container)

    def _gzip(
        self, path: tuple[str, ...], source: Source, sha256: str, container: str | None
    ) -> Iterator[Member]:
        with source.open() as raw:
            stream = _Bounded(gzip.GzipFile(fileobj=raw), source.size, self)
            first = stream.peek(512)
            if is_tar(first):
                yield from self._tar_members(path, stream, sha256)
                return
            name = source.name[:-3] if source.name.lower().endswith(".gz") else source.name + ".unpacked"
            inner, digest = self._take(stream, name)
            if stream.cut is not None:
                # Told under the archive's own name: what was delivered is a broken archive.
                if stream.cut == "damaged":
                    yield Member(path, sha256, None, "The gzip file is damaged: ask for it again.", container)
                    return
                problem = "The gzip file is cut off: only its beginning could be read, ask for it again."
                yield Member(path, sha256, renamed(inner, name), problem, container)
                return
            yield from self._walk((*path, name), inner, digest, sha256)

    def _tar(
        self, path: tuple[str, ...], source: Source, sha256: str, container: str | None
    ) -> Iterator[Member]:
        with source.open() as raw:
            yield from self._tar_members(path, _Bounded(raw, source.size, self), sha256)

    def _tar_members(self, path: tuple[str, ...], stream: _Bounded, sha256: str) -> Iterator[Member]:
        try:
            with tarfile.open(fileobj=stream, mode="r|", encoding="utf-8", errors="surrogateescape") as tar:
                for info in tar:
                    if info.isdir():
                        continue
                    self._count()
                    name = decoded(info.name.encode("utf-8", "surrogateescape"))
                    problem = bad_name(name) or (
                        None if info.isreg() else "The member is a link or device, not a file: refused."
                    )
                    if problem:
                        yield Member((*path, name), None, None, problem, sha256)
                        continue
                    handle = tar.extractfile(info)
                    assert handle is not None
                    inner, digest = self._take(handle, last(name))
                    if inner.size < info.size:
                        raise EOFError
                    yield from self._walk((*path, name), inner, digest, sha256)
        except (EOFError, tarfile.ReadError):
            yield Member(path, sha256, None, "The archive is cut off: its last members are missing.", sha256)
            return
        if stream.cut is not None:
            yield Member(path, sha256, None, "The archive is cut off: its last members are missing.", sha256)

    def _zip(
        self, path: tuple[str, ...], source: Source, sha256: str, container: str | None
    ) -> Iterator[Member]:
        with source.open() as raw, zipfile.ZipFile(raw) as archive:
            infos = archive.infolist()
            for info in infos:
                if info.is_dir():
                    continue
                self._count()
                name = zip_name(info)
                problem = bad_name(name) or bad_entry(info, self.limits.member_bytes)
                if problem is None:
                    try:
                        with archive.open(info) as handle:
                            inner, digest = self._take(
                                _Bounded(handle, max(info.compress_size, 1), self), last(name)
                            )
                    except NotImplementedError:
                        problem = "The member is packed in a way that cannot be read: ask for a plain zip."
                    except RuntimeError:
                        problem = "The member is locked with a password: ask for it without one."
                    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
                        if isinstance(error, OSError) and error.errno in DISK_ERRORS:
                            raise
                        problem = "The member is damaged: ask for the archive again."
                    except _Refusal as refusal:
                        problem = str(refusal)
                if problem:
                    yield Member((*path, name), None, None, problem, sha256)
                else:
                    yield from self._walk((*path, name), inner, digest, sha256)

    def _count(self) -> None:
        self._members += 1
        if self._members > self.limits.members:
            raise _Refusal(f"The archive holds more than {self.limits.members} files: the rest is refused.")

    def spend(self, size: int) -> None:
        """Count unpacked bytes against the delivered file's budget."""
        self._unpacked += size
        if self._unpacked > self.limits.total_bytes:
            raise _Refusal("The archive unpacks to more than the limit: refused as a possible zip bomb.")

    def _take(self, stream: BinaryIO | IO[bytes] | _Bounded, name: str) -> tuple[Source, str]:
        """Read a member whole: into memory, or into the private folder once it is large."""
        digest = hashlib.sha256()
        held = io.BytesIO()
        spool: BinaryIO | None = None
        try:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
                if spool is None and held.tell() + len(chunk) > self.limits.in_memory:
                    spool = tempfile.NamedTemporaryFile(dir=self.scratch, delete=False)  # type: ignore[assignment]  # noqa: SIM115
                    assert spool is not None
                    spool.write(held.getbuffer())
                    held = io.BytesIO()
                (spool or held).write(chunk)
        finally:
            if spool is not None:
                spool.close()
        if spool is not None:
            return Source.of_path(Path(spool.name), name), digest.hexdigest()
        return Source.of_bytes(name, held.getvalue()), digest.hexdigest()


class _Bounded(io.RawIOBase):
    """An unpacking stream that stops at the limits and remembers whether the packing broke off."""

    def __init__(self, stream: IO[bytes] | gzip.GzipFile, packed: int, unpacker: Unpacker) -> None:
        super().__init__()
        self._stream = stream
        self._packed = packed
        self._unpacker = unpacker
        self._given = 0
        self._ahead = b""
        self.cut: str | None = None

    def readable(self) -> bool:
        return True

    def peek(self, size: int) -> bytes:
        """Return the first bytes without using them up."""
        self._ahead = self.read(size)
        return self._ahead

    def read(self, size: int = -1) -> bytes:
        if self._ahead:
            chunk, self._ahead = (self._ahead, b"") if size < 0 else (self._ahead[:size], self._ahead[size:])
            return chunk
        if self.cut is not None:
            return b""
        parts: list[bytes] = []
        wanted = _CHUNK if size < 0 else size
        while wanted > 0:
            # Small steps: on a broken packing everything before the break is still given out.
            part = self._step(min(wanted, 1 << 16))
            if not part:
                break
            parts.append(part)
            wanted -= len(part)
        chunk = b"".join(parts)
        self._given += len(chunk)
        self._unpacker.spend(len(chunk))
        limits = self._unpacker.limits
        if self._given > limits.member_bytes:
            raise _Refusal("The member unpacks to more than the limit: refused as a possible zip bomb.")
        if self._given > limits.expansion_floor and self._given > limits.expansion * self._packed:
            raise _Refusal(
                f"The member unpacks to more than {limits.expansion} times its size: refused as a zip bomb."
            )
        return chunk

    def _step(self, size: int) -> bytes:
        if self.cut is not None:
            return b""
        if not isinstance(self._stream, gzip.GzipFile):
            return self._stream.read(size)
        try:
            return self._stream.read1(size)
        except EOFError:
            self.cut = "cut off"
        except (OSError, zlib.error):
            self.cut = "damaged"
        return b""
