"""``lookthrough profile FILE``: what is recognised of a file, as a profile to be completed.

It asks for nothing that can be found out: entries that the file itself answers are written as
comments, and only what is missing stands open.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from flows.steps.formats import ReadOptions, ReadResult, Source, read_statement
from flows.steps.formats._profiles import ROLES
from flows.steps.formats._reasons import REASONS
from flows.steps.formats._text import LineTooLongError, detect_encoding, read_lines

SHOWN_ROWS = 8


class Tables(Protocol):
    """What is needed of the settings."""

    @property
    def aliases(self) -> tuple[Path, ...]:
        """Header-alias tables."""
        ...

    @property
    def profiles(self) -> tuple[Path, ...]:
        """Profile files."""
        ...


def profile(path: Path, settings: Tables | None = None) -> str:
    """Return the text of a profile for one file.

    Parameters
    ----------
    path : Path
        The file as delivered (unpacked).
    settings : Tables, optional
        The office's alias tables and profiles.

    Returns
    -------
    str
        TOML with comments: what was recognised, what is still missing.
    """
    options = ReadOptions() if settings is None else ReadOptions(settings.aliases, settings.profiles)
    source = Source.of_path(path)
    result = read_statement(source, options)
    reasons = set(result.quarantine["reason"].to_list())
    layout = result.layout
    out = [
        f"# {path.name}",
        f"# recognised as: {result.format}",
        f"# rows: {result.rows_read} read, {result.rows_accepted} accepted, "
        f"{result.rows_quarantined} quarantined, {result.rows_ignored} no transactions",
    ]
    out += [f"# {each}" for each in ([result.problem] if result.problem else []) + result.warnings]
    out += [
        "",
        "[match]  # to which files this applies",
        f"file = {_quoted(path.name)}",
        '# contains = ""',
        "",
    ]
    out += ["[read]"]
    no_account = _reason("account") in reasons or _reason("account_tail") in reasons
    out.append(
        'account = ""  # needed: the file does not name its account' if no_account else '# account = ""'
    )
    if _reason("date_order") in reasons or _reason("date") in reasons:
        out.append("# day_first = true  # 03/04/2016 is 3 April")
    out.append(f"# encoding = {_quoted(layout.encoding or '')}")
    out.append(f"# delimiter = {_quoted(layout.delimiter or '')}")
    out.append(f"# header_row = {layout.header_record or 0}  # 0: no header row, columns by number")
    out += ["", "[columns]  # role = header text, or column number from 1"]
    out += _columns(result, source)
    if _reason("direction") in reasons:
        out += ["", "[direction]  # needed: which flags mean in and out", "in = []", "out = []"]
    return "\n".join(out) + "\n"


def _columns(result: ReadResult, source: Source) -> list[str]:
    if result.layout.columns:
        known = [f"# {role} = {_quoted(text)}" for text, role in result.layout.columns if text and role]
        open_ = [f"# of unknown meaning: {text}" for text, role in result.layout.columns if text and not role]
        return known + open_ + [f"# roles: {', '.join(sorted(ROLES))}"]
    first = [f"#   {row[:160]}" for row in _first_rows(source)]
    return [
        "# No header row was found. The first rows read:",
        *first,
        "date = 0  # needed: number of the column, from 1; set header_row = 0 above",
        "amount = 0  # needed, or debit and credit",
        "# direction = 0",
        "# balance = 0",
        "# cp_name = 0",
        "# cp_account = 0",
        f"# roles: {', '.join(sorted(ROLES))}",
    ]


def _first_rows(source: Source) -> list[str]:
    encoding = detect_encoding(source.head, whole=source.size <= len(source.head))
    if encoding is None:
        return []
    try:
        chunk = next(iter(read_lines(Source.of_bytes(source.name, source.head), encoding)), None)
    except LineTooLongError:
        return []
    return (
        [] if chunk is None else [line for line in chunk.frame["line"].to_list() if line.strip()][:SHOWN_ROWS]
    )


def _reason(code: str) -> str:
    return REASONS[code][0]


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
    return f'"{escaped}"'
