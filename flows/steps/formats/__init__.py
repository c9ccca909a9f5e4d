"""Statement formats: one module each, found by sorted discovery, told apart by content.

A module of this package whose name does not start with an underscore and which defines
``FORMAT`` is a format; adding a file adds a format. Two formats that both claim one file is an
error that the file's row in ``ingest.csv`` reports: a guess could read it wrongly without a word.
"""

from __future__ import annotations

import logging
import pkgutil
from functools import cache
from importlib import import_module

from flows.steps.formats._unknown import explain_unknown
from flows.steps.formats.protocol import (
    HEAD_BYTES,
    LINE_SCHEMA,
    QUARANTINE_SCHEMA,
    AccountBalances,
    Format,
    Layout,
    ReadOptions,
    ReadResult,
    Source,
)

__all__ = [
    "HEAD_BYTES",
    "LINE_SCHEMA",
    "QUARANTINE_SCHEMA",
    "AccountBalances",
    "Format",
    "Layout",
    "ReadOptions",
    "ReadResult",
    "Source",
    "claimed_by",
    "discover",
    "read_statement",
    "recognise",
]

_log = logging.getLogger(__name__)


@cache
def discover() -> tuple[Format, ...]:
    """Return every format of this package, sorted by module name.

    Raises
    ------
    TypeError
        A module's ``FORMAT`` lacks a member of the protocol.
    """
    found: list[Format] = []
    for info in sorted(pkgutil.iter_modules(__path__), key=lambda each: each.name):
        if info.name.startswith("_"):
            continue
        candidate = getattr(import_module(f"{__name__}.{info.name}"), "FORMAT", None)
        if candidate is None:
            continue
        if not isinstance(candidate, Format):
            raise TypeError(f"flows.steps.formats.{info.name}.FORMAT lacks name, claims or read")
        found.append(candidate)
    return tuple(found)


def recognise(source: Source, options: ReadOptions | None = None) -> tuple[Format | None, str | None]:
    """Tell the format of a file by its content.

    Returns
    -------
    tuple
        The format and None, or None and the sentence that says why there is none.
    """
    options = options or ReadOptions()
    if source.size == 0:
        return None, "The file is empty: ask for it again."
    claimed = claimed_by(source, options)
    if len(claimed) == 1:
        return claimed[0], None
    if claimed:
        names = ", ".join(each.name for each in claimed)
        return None, (
            f"Two readers claim this file ({names}): write a profile with `lookthrough profile` to settle it."
        )
    return None, explain_unknown(source)


def claimed_by(source: Source, options: ReadOptions, but: str | None = None) -> list[Format]:
    """Return the formats that claim a file; the one named `but` is not asked."""
    return [each for each in discover() if each.name != but and _claims(each, source, options)]


def _claims(each: Format, source: Source, options: ReadOptions) -> bool:
    try:
        return each.claims(source, options)
    except Exception:  # a look at hostile bytes must not cost the delivery
        _log.warning("format %s failed while looking at a file", each.name)
        return False


def read_statement(source: Source, options: ReadOptions | None = None) -> ReadResult:
    """Recognise and read one statement file; never raises on what the file holds."""
    options = options or ReadOptions()
    chosen, problem = recognise(source, options)
    if chosen is None:
        return ReadResult.refused("unknown", problem or "The file's format is not known.")
    try:
        return chosen.read(source, options)
    except MemoryError:
        return ReadResult.refused(chosen.name, "The file does not fit into memory: ask for it in parts.")
    except Exception as error:
        _log.warning("format %s failed: %s", chosen.name, type(error).__name__)
        return ReadResult.refused(
            chosen.name,
            f"The file was recognised as {chosen.name} but is damaged ({type(error).__name__}): "
            "ask for it again.",
        )
