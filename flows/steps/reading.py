"""Read one delivered file into the lake: unpack, recognise, read, check its balances, write.

What runs inside a reader process (:mod:`flows.steps.workers`); it never raises on what a file holds.
"""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import polars as pl

from flows.steps.chain import Chain, check_chain
from flows.steps.containers import Limits, Member, Unpacker, hash_file
from flows.steps.formats import ReadOptions, ReadResult, Source, read_statement
from flows.steps.lake import REGISTERS, STATEMENTS, Lake, Sidecar
from flows.steps.register_hint import hinted
from flows.steps.registers import RegisterResult, read_register, register_of

IN_MEMORY_ROWS = 3_000_000
"""Above this many lines the frame is streamed to the lake instead of held."""

MOST_TEXT = 20_000
"""Characters kept of a quarantined row."""

_CHAIN_COLUMNS = (
    "account_no",
    "booked_at",
    "has_time",
    "direction",
    "amount_fen",
    "balance_after_fen",
    "source_record",
)


@dataclass(frozen=True)
class Delivery:
    """One delivered file after unpacking, as it stands in ``deliveries.parquet``.

    Attributes
    ----------
    source_file : str
        Path below the landing zone; a member of an archive is ``a.zip!b.csv``.
    source_sha256 : str
        Of the member's bytes; of the delivered file where the member was not read.
    container_file, container_sha256 : str
        The file as delivered (for a plain file: itself).
    kind : str
        ``statement``, ``register``, ``refused`` or ``archive`` (one that is itself cut off).
    register : str or None
        The register's name.
    format : str
        What it was recognised as; ``unknown``.
    rows_read, rows_accepted, rows_quarantined, rows_ignored, balance_breaks : int
        Account of rows.
    first_on, last_on : str or None
        First and last booking date, ISO.
    problem : str or None
        Why it was refused or cut short, in plain words.
    warnings : list of str
        What was noticed and nothing was lost over.
    """

    source_file: str
    source_sha256: str
    container_file: str
    container_sha256: str
    kind: str
    register: str | None = None
    format: str = "unknown"
    rows_read: int = 0
    rows_accepted: int = 0
    rows_quarantined: int = 0
    rows_ignored: int = 0
    balance_breaks: int = 0
    first_on: str | None = None
    last_on: str | None = None
    problem: str | None = None
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Task:
    """One delivered file to read.

    Attributes
    ----------
    source_file, path : str
        Its name below the landing zone, and where it lies.
    lake : str
        The lake folder.
    reader : str
        The reader version that a file in the lake must have to be taken as it is.
    aliases, profiles : list of str
        The user's tables.
    skip : list of str
        Members not to be read because a reader broke down over them.
    alone : bool
        Not to be read together with others: a reader broke down over some of them.
    limits : Limits
        What unpacking may cost.
    """

    source_file: str
    path: str
    lake: str
    reader: str
    aliases: list[str] = field(default_factory=list)
    profiles: list[str] = field(default_factory=list)
    skip: list[str] = field(default_factory=list)
    alone: bool = False
    limits: Limits = field(default_factory=Limits)


def read_delivered(task: Task, announce: Callable[[str], None]) -> Iterator[Delivery]:
    """Read one delivered file and yield a row for each file in it.

    Parameters
    ----------
    task : Task
        What to read.
    announce : callable
        Told the name of each file before it is read: the one to blame if this process dies.

    Yields
    ------
    Delivery
        In the archive's order. A member's row is yielded once the lake holds it.
    """
    lake = Lake(Path(task.lake))
    path = Path(task.path)
    try:
        container = hash_file(path)
        source = Source.of_path(path, task.source_file.rsplit("/", 1)[-1])
    except OSError as error:
        problem = f"The file cannot be opened ({error.strerror}): see to its rights and run again."
        yield Delivery(
            task.source_file, "", task.source_file, "", "refused", format="refused", problem=problem
        )
        return
    lake.aside.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=lake.aside, prefix="unpacked-"))
    try:
        for member in Unpacker(task.limits, scratch).walk(source, container):
            announce("!".join((task.source_file, *member.path)))
            yield _read_member(member, task, lake, container, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _read_member(member: Member, task: Task, lake: Lake, container: str, scratch: Path) -> Delivery:
    name = "!".join((task.source_file, *member.path))
    row = Delivery(name, member.sha256 or container, task.source_file, container, "refused")
    if name in task.skip:
        return replace(row, problem=BROKE_DOWN)
    if member.source is None or member.sha256 is None:
        kind = "refused" if member.path else "archive"
        return replace(row, kind=kind, format="refused", problem=member.problem)
    register = register_of(member.source.name)
    room = REGISTERS if register else STATEMENTS
    known = lake.sidecar(room, member.sha256)
    if known is None or known.reader != task.reader or _name_matters(known, member.source.name):
        options = ReadOptions(
            aliases=[Path(each) for each in task.aliases],
            profiles=[Path(each) for each in task.profiles],
            scratch=scratch,
        )
        read = put_register if register else put_statement
        known = read(lake, member.sha256, member.source, options, task.reader)
    return delivery_row(row, known, member.problem)


BROKE_DOWN = (
    "The reader broke down over this file (memory, time or a defect): "
    "ask for it in another format or in parts, and report it to us."
)


def _name_matters(known: Sidecar, name: str) -> bool:
    """Say whether a file read under another name must be read again: its name might tell the account."""
    return known.rows_accepted == 0 and known.name != name


def delivery_row(row: Delivery, known: Sidecar, cut: str | None) -> Delivery:
    """Return a file's row with what the lake knows of it; `cut` says that its archive was cut short."""
    problem = " ".join(each for each in (cut, known.problem) if each) or None
    kind = "register" if known.register else "statement"
    if known.problem and known.rows_read == 0:
        kind = "refused"
    return replace(
        row,
        kind=kind,
        register=known.register,
        format=known.format,
        rows_read=known.rows_read,
        rows_accepted=known.rows_accepted,
        rows_quarantined=known.rows_quarantined,
        rows_ignored=known.rows_ignored,
        balance_breaks=known.balance_breaks,
        first_on=known.first_on,
        last_on=known.last_on,
        problem=problem,
        warnings=known.warnings,
    )


def put_statement(lake: Lake, sha256: str, source: Source, options: ReadOptions, reader: str) -> Sidecar:
    """Read a statement and write it into the lake."""
    result = hinted(read_statement(source, options), source, options)
    lines, sidecar = judge_statement(result, source.name, reader)
    return lake.put(STATEMENTS, sha256, lines, result.quarantine, lambda sizes: replace(sidecar, sizes=sizes))


def judge_statement(
    result: ReadResult, name: str, reader: str
) -> tuple[pl.DataFrame | pl.LazyFrame, Sidecar]:
    """Add the bank's order to a statement's lines and draw up its account.

    Returns
    -------
    tuple
        The lines with ``chain_no`` (lazy when there are very many) and the account of the file.
    """
    lines: pl.DataFrame | pl.LazyFrame
    if result.rows_accepted > IN_MEMORY_ROWS:
        narrow = result.lines.select(_CHAIN_COLUMNS).collect()
        chain = check_chain(narrow, result.accounts)
        lines = pl.concat([result.lines, chain.chain_no.to_frame().lazy()], how="horizontal")
    else:
        narrow = result.lines.collect()
        chain = check_chain(narrow, result.accounts)
        lines = narrow.with_columns(chain.chain_no)
    return lines, draw_up(result, chain, (_day(narrow, "min"), _day(narrow, "max")), name, reader)


def draw_up(
    result: ReadResult, chain: Chain, days: tuple[str | None, str | None], name: str, reader: str
) -> Sidecar:
    """Draw up the account of a statement: counts, breaks, first and last day, what was noticed."""
    return Sidecar(
        reader=reader,
        name=name,
        register=None,
        format=result.format,
        rows_read=result.rows_read,
        rows_accepted=result.rows_accepted,
        rows_quarantined=result.rows_quarantined,
        rows_ignored=result.rows_ignored,
        balance_breaks=len(chain.breaks),
        first_on=days[0],
        last_on=days[1],
        problem=result.problem,
        warnings=_with_order(result.warnings, chain.newest_first, chain.reordered_days),
        breaks=[asdict(each) for each in chain.breaks],
        accounts=[asdict(each) for each in result.accounts],
        layout=dict(vars(result.layout)),
    )


def put_register(lake: Lake, sha256: str, source: Source, options: ReadOptions, reader: str) -> Sidecar:
    """Read a register and write it into the lake."""
    result = read_register(source, options)
    sidecar = judge_register(result, source.name, reader)
    return lake.put(
        REGISTERS,
        sha256,
        result.rows,
        bounded(result.quarantine),
        lambda sizes: replace(sidecar, sizes=sizes),
    )


def bounded(quarantine: pl.DataFrame) -> pl.DataFrame:
    """Return the quarantine with texts cut at :data:`MOST_TEXT` characters: a row can be a gigabyte."""
    long = pl.col("text").str.len_chars() > MOST_TEXT
    cut = pl.col("text").str.slice(0, MOST_TEXT) + pl.lit(f"… (cut at {MOST_TEXT} characters)")
    return quarantine.with_columns(text=pl.when(long).then(cut).otherwise("text"))


def judge_register(result: RegisterResult, name: str, reader: str) -> Sidecar:
    """Draw up the account of a register file."""
    return Sidecar(
        reader=reader,
        name=name,
        register=result.register,
        format=result.format,
        rows_read=result.rows_read,
        rows_accepted=result.rows_accepted,
        rows_quarantined=result.rows_quarantined,
        rows_ignored=result.rows_ignored,
        balance_breaks=0,
        first_on=None,
        last_on=None,
        problem=result.problem,
        warnings=list(result.warnings),
        layout=dict(vars(result.layout)),
    )


def _day(lines: pl.DataFrame, which: str) -> str | None:
    found = lines["booked_at"].min() if which == "min" else lines["booked_at"].max()
    return found.date().isoformat() if isinstance(found, dt.datetime) else None


def _with_order(warnings: Sequence[str], newest_first: int, reordered: int) -> list[str]:
    told = list(warnings)
    if newest_first:
        told.append(f"{newest_first} account(s) listed newest first: turned round.")
    if reordered:
        told.append(f"{reordered} account-day(s) not in the bank's order: recovered from the balances.")
    return told
