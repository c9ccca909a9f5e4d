"""What archives are told by, how their members are called, and which members are refused unread."""

from __future__ import annotations

import contextlib
import hashlib
import zipfile
from pathlib import Path

from flows.steps.formats.protocol import HEAD_BYTES, Source

_ENCRYPTED = 0x1
_UTF8_NAME = 0x800
_UNICODE_PATH = 0x7075
_OFFICE = {
    "[Content_Types].xml": "an Office document",
    "mimetype": "an OpenDocument file",
}


def container_kind(source: Source) -> str | None:
    """Tell by content whether a file is an archive: ``gz``, ``zip``, ``tar`` or None.

    Office documents are zips and no archives: they go to the readers as they are.
    """
    head = source.head
    if head.startswith(b"\x1f\x8b\x08"):
        return "gz"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return None if office_kind(source) else "zip"
    if is_tar(head):
        return "tar"
    return None


def office_kind(source: Source) -> str | None:
    """Say what kind of Office document a zip is, or None for a plain archive."""
    first = source.head[30 : 30 + int.from_bytes(source.head[26:28], "little")].decode("latin-1")
    if first in _OFFICE or first.startswith(("_rels/", "xl/", "word/", "docProps/")):
        return _OFFICE.get(first, "an Office document")
    try:
        with source.open() as raw, zipfile.ZipFile(raw) as archive:
            names = set(archive.namelist()[:2000])
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
        return None
    return next((kind for marker, kind in _OFFICE.items() if marker in names), None)


def hash_file(path: Path) -> str:
    """Return the sha256 of a file, read in chunks."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def is_tar(head: bytes) -> bool:
    """Say whether bytes begin a tar archive."""
    return len(head) >= 512 and head[257:262] == b"ustar"


def renamed(source: Source, name: str) -> Source:
    """Return the same bytes under another name."""
    return Source(name, source.size, source.head[:HEAD_BYTES], source.path, source.data)


def last(name: str) -> str:
    """Return the last part of a member's name."""
    return name.rsplit("/", 1)[-1]


def bad_name(name: str) -> str | None:
    """Say why a member's name is refused, or None."""
    parts = name.split("/")
    if ".." in parts or name.startswith("/") or (len(name) > 1 and name[1] == ":"):
        return "The member's name leads out of the archive (`..` or an absolute path): refused, not written."
    return None


def bad_entry(info: zipfile.ZipInfo, most_bytes: int) -> str | None:
    """Say why a zip member is refused by what the archive says of it, or None."""
    if info.flag_bits & _ENCRYPTED:
        return "The member is locked with a password: ask for it without one."
    if (info.external_attr >> 16) & 0o170000 == 0o120000:
        return "The member is a link, not a file: refused."
    if info.file_size > most_bytes:
        return "The member unpacks to more than the limit: refused as a possible zip bomb."
    return None


def zip_name(info: zipfile.ZipInfo) -> str:
    """Return a zip member's name; Chinese Windows writes GBK where the standard says cp437."""
    name = info.orig_filename
    if not info.flag_bits & _UTF8_NAME:
        extra = _unicode_path(info.extra)
        if extra is not None:
            name = extra
        else:
            with contextlib.suppress(UnicodeEncodeError):
                name = decoded(name.encode("cp437"))
    return name.split("\0", 1)[0].replace("\\", "/")


def _unicode_path(extra: bytes) -> str | None:
    while len(extra) >= 4:
        kind, size = int.from_bytes(extra[:2], "little"), int.from_bytes(extra[2:4], "little")
        if kind == _UNICODE_PATH and size > 5:
            try:
                return extra[9 : 4 + size].decode("utf-8")
            except UnicodeDecodeError:
                return None
        extra = extra[4 + size :]
    return None


def decoded(raw: bytes) -> str:
    """Return a member's name in the encoding it was most likely written in."""
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("cp437")
