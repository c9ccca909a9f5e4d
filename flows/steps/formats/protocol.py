"""What a statement format is, what it is given and what it gives back.

A format is one module in this package that defines ``FORMAT``, an object with the three
members of :class:`Format`. It never raises on what a file holds: a file that cannot be read
comes back with ``problem``, a sentence for the supervisor; a row that cannot be read goes to
the quarantine with its reason and its text, and the rest of the file is read.

For every file ``rows_read = rows_accepted + rows_quarantined + rows_ignored``.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol, runtime_checkable

import polars as pl

HEAD_BYTES = 64 * 1024
"""How much of a file a format may look at before it says whether the file is its own."""

LINE_SCHEMA: dict[str, pl.DataType] = {
    "account_no": pl.String(),
    "booked_at": pl.Datetime("us"),
    "has_time": pl.Boolean(),
    "direction": pl.String(),
    "amount_fen": pl.Int64(),
    "currency": pl.String(),
    "balance_after_fen": pl.Int64(),
    "counterparty_account": pl.String(),
    "counterparty_name": pl.String(),
    "counterparty_bank": pl.String(),
    "remark": pl.String(),
    "reference": pl.String(),
    "channel": pl.String(),
    "holder_name": pl.String(),
    "bank_name": pl.String(),
    "source_record": pl.Int64(),
}
"""A statement line as a reader gives it: grain one accepted row, in the file's order.

``booked_at`` is naive Asia/Shanghai; ``has_time`` is false where the file gives only the day.
``amount_fen`` > 0. Null means that the file does not say. ``chain_no`` (the bank's order within
file and account) is added afterwards by :mod:`flows.steps.chain`, which also finds out whether
the file lists the newest first.
"""

QUARANTINE_SCHEMA: dict[str, pl.DataType] = {
    "source_record": pl.Int64(),
    "reason": pl.String(),
    "text": pl.String(),
    "advice": pl.String(),
}
"""A row that was not accepted: its record number, why, its text verbatim, what to do."""


@dataclass(frozen=True)
class Source:
    """One delivered file after unpacking: a file on disk or a member held in memory.

    Attributes
    ----------
    name : str
        The file's own name (last part of the path), as delivered; may hold an account number.
    size : int
        Bytes.
    head : bytes
        The first :data:`HEAD_BYTES` bytes.
    path : Path or None
        Where the bytes lie on disk; None when they are held in memory.
    data : bytes or None
        The bytes in memory; None when they lie on disk.
    """

    name: str
    size: int
    head: bytes
    path: Path | None = None
    data: bytes | None = field(default=None, repr=False)

    @classmethod
    def of_path(cls, path: Path, name: str | None = None) -> Source:
        """Make a source of a file on disk (`name` where the delivered name differs)."""
        with path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
        return cls(name or path.name, path.stat().st_size, head, path=path)

    @classmethod
    def of_bytes(cls, name: str, data: bytes) -> Source:
        """Make a source of bytes in memory."""
        return cls(name, len(data), data[:HEAD_BYTES], data=data)

    def open(self) -> BinaryIO:
        """Open the bytes from their start."""
        if self.data is not None:
            return io.BytesIO(self.data)
        assert self.path is not None
        return self.path.open("rb")

    def read_bytes(self) -> bytes:
        """Return all bytes; for files known to be small enough."""
        if self.data is not None:
            return self.data
        assert self.path is not None
        return self.path.read_bytes()


@dataclass(frozen=True)
class ReadOptions:
    """What the user's settings add to a reading.

    Attributes
    ----------
    aliases : sequence of Path
        Further header-alias tables (columns ``header``, ``role``); later ones win.
    profiles : sequence of Path
        Profile files (TOML) for layouts that cannot be told from their content.
    scratch : Path or None
        A folder for spooling a file that is too large for memory; the caller removes it.
    """

    aliases: Sequence[Path] = ()
    profiles: Sequence[Path] = ()
    scratch: Path | None = None


@dataclass(frozen=True)
class AccountBalances:
    """Balances that the file states for one account (null: it does not say)."""

    account_no: str
    opening_fen: int | None = None
    closing_fen: int | None = None
    opening_record: int | None = None
    closing_record: int | None = None


@dataclass(frozen=True)
class Layout:
    """What was recognised, for ``lookthrough check`` and ``lookthrough profile``.

    Attributes
    ----------
    encoding, delimiter : str or None
        Of a text file.
    header_record : int or None
        Physical row of the first header row, from 1.
    columns : tuple of (header, role)
        Each column as written and what it was taken for; role ``""`` when it was not used.
    notes : tuple of str
        Decisions in plain words (where the account came from, how the direction was told).
    """

    encoding: str | None = None
    delimiter: str | None = None
    header_record: int | None = None
    columns: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass
class ReadResult:
    """What a reader makes of one file.

    Attributes
    ----------
    format : str
        The format's name, with a version where it has one (``camt.053.001.08``).
    lines : polars.LazyFrame
        Accepted rows (:data:`LINE_SCHEMA`) in file order. A frame in memory, or a scan of parts
        spooled to ``ReadOptions.scratch`` for large files.
    quarantine : polars.DataFrame
        Rows not accepted (:data:`QUARANTINE_SCHEMA`).
    rows_read, rows_accepted, rows_quarantined, rows_ignored : int
        Account of rows; blank rows are not counted as read.
    problem : str or None
        One sentence when the file was refused or cut short.
    warnings : list of str
        What a reader should know and nothing was lost over (unknown columns, control totals).
    accounts : list of AccountBalances
        Opening and closing balances that the file itself states.
    layout : Layout
        What was recognised.
    """

    format: str
    lines: pl.LazyFrame = field(default_factory=lambda: pl.DataFrame(schema=LINE_SCHEMA).lazy())
    quarantine: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=QUARANTINE_SCHEMA))
    rows_read: int = 0
    rows_accepted: int = 0
    rows_quarantined: int = 0
    rows_ignored: int = 0
    problem: str | None = None
    warnings: list[str] = field(default_factory=list)
    accounts: list[AccountBalances] = field(default_factory=list)
    layout: Layout = field(default_factory=Layout)

    @classmethod
    def refused(cls, format_name: str, problem: str) -> ReadResult:
        """Return the result for a file that cannot be read at all."""
        return cls(format=format_name, problem=problem)


@runtime_checkable
class Format(Protocol):
    """A statement format: told apart by content, read without raising."""

    name: str

    def claims(self, source: Source, options: ReadOptions) -> bool:
        """Say from the head (and at most a bounded look inside) whether the file is this format."""
        ...

    def read(self, source: Source, options: ReadOptions) -> ReadResult:
        """Read the file."""
        ...
