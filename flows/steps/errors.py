"""The errors a user can meet, each with a sentence that says what to do.

One base class, few leaves. Messages hold paths, counts and column names, never the
content of a row: personal identifiers must not reach a log or an exception text.
"""

from __future__ import annotations


class LookthroughError(Exception):
    """Base of every error that Lookthrough raises on purpose.

    Attributes
    ----------
    exit_code : int
        What the command line returns: 1 (the run could not complete) or 2 (wrong usage or
        unreadable configuration).
    """

    exit_code = 1


class ConfigurationError(LookthroughError):
    """Wrong usage or unreadable configuration (exit 2)."""

    exit_code = 2


class WarehouseError(LookthroughError):
    """The warehouse could not be built or one of its checks returned violating rows."""


class BusyError(LookthroughError):
    """Another run holds the lake and the wait ran out."""


class LakeError(LookthroughError):
    """The lake cannot be written (no space, no permission); what it holds stays whole."""
