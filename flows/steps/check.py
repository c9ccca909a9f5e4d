"""``lookthrough check FILE|DIR``: what would happen to a file, without touching the lake.

For each file, archive members included: what it was recognised as, which columns were found, the first
rows as they were read, what would be quarantined and why, and where the balance chain breaks. The
answer shows rows, so it goes to the user who asked and never to a log.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from flows.steps.containers import Limits, Member, Unpacker, hash_file
from flows.steps.errors import ConfigurationError
from flows.steps.formats import ReadOptions, Source, read_statement
from flows.steps.formats.protocol import Layout
from flows.steps.lake import Sidecar
from flows.steps.landing import LandingFile, scan
from flows.steps.reading import judge_register, judge_statement
from flows.steps.register_hint import hinted
from flows.steps.registers import read_register, register_of

SHOWN_ROWS = 5
SHOWN_QUARANTINE = 3


@dataclass(frozen=True)
class Report:
    """What would happen to one file.

    Attributes
    ----------
    source_file : str
        Path as given; a member of an archive is ``a.zip!b.csv``.
    account : Sidecar or None
        Format and account of rows; null when the file was not opened.
    layout : Layout
        Encoding, header and columns.
    first : polars.DataFrame
        The first rows as read.
    quarantine : polars.DataFrame
        Rows that would be quarantined: source_record, reason, text, advice.
    problem : str or None
        Why the file would be refused or is cut short.
    """

    source_file: str
    account: Sidecar | None = None
    layout: Layout = field(default_factory=Layout)
    first: pl.DataFrame = field(default_factory=pl.DataFrame)
    quarantine: pl.DataFrame = field(default_factory=pl.DataFrame)
    problem: str | None = None

    @property
    def refused(self) -> bool:
        """Whether nothing would be read of the file."""
        return self.account is None or (self.account.rows_accepted == 0 and self.problem is not None)

    @property
    def text(self) -> str:
        """The report in plain words, several lines."""
        return "\n".join(self.lines)

    @property
    def lines(self) -> list[str]:
        """The report in plain words, line by line."""
        told = [self.source_file]
        if self.problem:
            told.append(f"  problem: {self.problem}")
        if self.account is None:
            return told
        if not self.refused or not self.quarantine.is_empty():
            told += _account(self.account) + _layout(self.layout) + _first(self.first)
            told += _quarantine(self.quarantine)
        told += [f"  note: {warning}" for warning in self.account.warnings]
        return told


def check(paths: Sequence[Path], settings: object = None) -> Iterator[Report]:
    """Read files as ingest would and report; nothing is kept.

    Parameters
    ----------
    paths : sequence of Path
        Files, or folders that are scanned recursively.
    settings : object
        Its `aliases` and `profiles`, where it has them, are used.

    Yields
    ------
    Report
        One a file or archive member, in sorted order.

    Raises
    ------
    ConfigurationError
        A path does not exist.
    """
    tables: dict[str, list[Path]] = {
        name: list(getattr(settings, name, None) or ()) for name in ("aliases", "profiles")
    }
    for path in paths:
        for each in _files(path):
            if each.problem:
                yield Report(each.source_file, problem=each.problem)
                continue
            with tempfile.TemporaryDirectory(prefix="lookthrough-check-") as scratch:
                options = ReadOptions(tables["aliases"], tables["profiles"], Path(scratch))
                yield from _check_file(each, options, Path(scratch))


def _files(path: Path) -> list[LandingFile]:
    if path.is_dir():
        return scan(path)
    if not path.exists():
        raise ConfigurationError(f"{path} does not exist: name a delivered file or a folder of them.")
    info = path.stat()
    return [LandingFile(path.name, path, info.st_size, info.st_mtime_ns, info.st_ctime_ns)]


def _check_file(each: LandingFile, options: ReadOptions, scratch: Path) -> Iterator[Report]:
    source = Source.of_path(each.path)
    for member in Unpacker(Limits(), scratch).walk(source, hash_file(each.path)):
        yield _check_member("!".join((each.source_file, *member.path)), member, options)


def _check_member(name: str, member: Member, options: ReadOptions) -> Report:
    if member.source is None:
        return Report(name, problem=member.problem)
    if register_of(member.source.name):
        register = read_register(member.source, options)
        account = judge_register(register, member.source.name, "")
        first, quarantine, layout = register.rows.head(SHOWN_ROWS), register.quarantine, register.layout
    else:
        result = hinted(read_statement(member.source, options), member.source, options)
        lines, account = judge_statement(result, member.source.name, "")
        first = lines.lazy().head(SHOWN_ROWS).collect()
        quarantine, layout = result.quarantine, result.layout
    problem = " ".join(each for each in (member.problem, account.problem) if each) or None
    return Report(name, account, layout, first, quarantine, problem)


def _account(account: Sidecar) -> list[str]:
    what = f"register {account.register}" if account.register else "statement"
    told = [
        f"  {what}, {account.format}: {account.rows_read} rows read = {account.rows_accepted} accepted + "
        f"{account.rows_quarantined} quarantined + {account.rows_ignored} that are no transaction"
    ]
    if account.first_on:
        told.append(f"  booked from {account.first_on} to {account.last_on}")
    if account.balance_breaks:
        told.append(f"  the balance chain breaks at {account.balance_breaks} place(s):")
        told += [
            f"    {_masked(each['account_no'])}, record {each['record']}: "
            f"{'too much' if each['gap_fen'] > 0 else 'missing'} {abs(each['gap_fen']) / 100:,.2f}"
            for each in account.breaks[:SHOWN_ROWS]
        ]
    return told


def _masked(account_no: str) -> str:
    return account_no if len(account_no) <= 8 else f"{account_no[:4]}…{account_no[-4:]}"


def _layout(layout: Layout) -> list[str]:
    told = []
    text = [
        each for each in (layout.encoding, layout.delimiter and f"separated by {layout.delimiter!r}") if each
    ]
    if layout.header_record:
        text.append(f"header in row {layout.header_record}")
    if text:
        told.append("  " + ", ".join(text))
    used = [f"{header} → {role}" for header, role in layout.columns if role]
    unused = [header for header, role in layout.columns if not role]
    if used:
        told.append("  columns: " + "; ".join(used))
    if unused:
        told.append("  not used: " + "; ".join(unused))
    return told + [f"  {note}" for note in layout.notes]


def _first(rows: pl.DataFrame) -> list[str]:
    if rows.is_empty():
        return []
    told = ["  first rows as read:"]
    for row in rows.iter_rows(named=True):
        shown = [(name, value) for name, value in row.items() if value is not None and name != "has_time"]
        told.append("    " + ", ".join(_named(name, value, row) for name, value in shown))
    return told


def _named(name: str, value: Any, row: dict[str, Any]) -> str:
    """A cell for people: money in yuan, a day without a time as a day."""
    if name.endswith("_fen"):
        yuan, fen = divmod(abs(value), 100)
        return f"{name.removesuffix('_fen')}={'-' if value < 0 else ''}{yuan}.{fen:02d}"
    if name == "booked_at" and row.get("has_time") is False:
        return f"{name}={value:%Y-%m-%d}"
    return f"{'row' if name == 'source_record' else name}={_cell(value)}"


def _cell(value: Any, longest: int = 40) -> str:
    text = str(value)
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _quarantine(rows: pl.DataFrame) -> list[str]:
    """Each reason once, the commonest first, with the first rows that have it."""
    if rows.is_empty():
        return []
    told = ["  would be quarantined:"]
    for (reason, advice), some in rows.group_by("reason", "advice", maintain_order=True):
        told.append(f"    {some.height} row(s): {reason}: {advice or ''}".rstrip(" :"))
        for record, text in some.head(SHOWN_QUARANTINE).select("source_record", "text").iter_rows():
            told.append(f"      row {record}: {_cell(text, 100)}")
    return told
