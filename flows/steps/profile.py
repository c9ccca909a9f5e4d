"""``lookthrough profile FILE``: what is recognised of a file, as a profile to be completed.

It asks for nothing that can be found out: entries that the file itself answers are written as
comments, and only what is missing stands open.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from flows.steps.formats import ReadOptions, ReadResult, Source, read_statement
from flows.steps.formats._by_content import Proposal, own_numbers, propose
from flows.steps.formats._peek import Cells, first_rows
from flows.steps.formats._reasons import REASONS

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
    rows, delimiter = first_rows(source)
    proposal = None if layout.columns else propose(rows)
    out = [
        f"# {path.name}",
        f"# recognised as: {result.format}",
        f"# rows: {result.rows_read} read, {result.rows_accepted} accepted, "
        f"{result.rows_quarantined} quarantined, {result.rows_ignored} no transactions",
    ]
    out += [f"# {each}" for each in ([result.problem] if result.problem else []) + result.warnings]
    out += [
        "",
        "[match]  # to which files this applies: * stands for what changes from file to file",
        f"file = {_quoted(path.name)}",
        '# contains = ""  # a text in the first rows of such files',
        "",
    ]
    out += ["[read]"]
    out += _account(reasons, proposal, _above(result, rows))
    if _reason("date_order") in reasons:
        out.append(
            "day_first = true  # please check: true where 03/04/2016 is 3 April, false where it is 4 March"
        )
    if _reason("unsigned") in reasons:
        out.append('direction = ""  # needed: "in" or "out", where all of this file is the one or the other')
    out.append(f"# encoding = {_quoted(layout.encoding or '')}")
    out.append(f"# delimiter = {_quoted(layout.delimiter or delimiter or '')}")
    if proposal is not None and proposal.header is None:
        if delimiter:
            out[-1] = f"delimiter = {_quoted(delimiter)}"
        out.append("header_row = 0  # there is no row of names: columns go by number")
    elif layout.header_record:
        out.append(f"# header_row = {layout.header_record}  # 0: no header row, columns by number")
    out += ["", "[columns]  # what a column is = its header, or its number from 1"]
    out += _known(result) if layout.columns else _proposed(proposal, rows)
    out += [f"# {line}" for line in _GLOSSARY]
    if _reason("direction") in reasons:
        out += ["", "[direction]  # needed: which flags mean money in and which money out"]
        found = _flags(result, rows)
        out += [f"# found: {', '.join(found)}"] if found else []
        out += ["in = []", "out = []"]
    return "\n".join(out) + "\n"


_GLOSSARY = (
    "date 记账日期, time 时间, amount 金额, debit 借方(支出), credit 贷方(收入), direction 借贷标志, balance 余额,",
    "account 本方账号, holder 户名, cp_account 对方账号, cp_name 对方户名, cp_bank 对方开户行, cp_merged 对方账号与户名,",
    "payer_account 付款账号, payer_name 付款户名, payee_account 收款账号, payee_name 收款户名, remark 摘要,",
    "reference 流水号, currency 币种, status 交易状态, channel 渠道, ignored 不用",
)


def _account(reasons: set[str], proposal: Proposal | None, rows: Cells) -> list[str]:
    missing = _reason("account") in reasons or _reason("account_tail") in reasons
    if proposal is not None and "account" not in proposal.columns:
        missing = True
    if not missing:
        return ['# account = ""']
    numbers = own_numbers(rows)
    above = f"; numbers above the table: {', '.join(numbers[:5])}" if numbers else ""
    return [f'account = ""  # needed: the file does not name its account{above}']


def _above(result: ReadResult, rows: Cells) -> Cells:
    """The rows above the header."""
    names = {text for text, role in result.layout.columns if role}
    header = next((i for i, row in enumerate(rows) if len(names & set(row)) >= 0.8 * len(names)), 0)
    return rows[:header] if names else []


def _known(result: ReadResult) -> list[str]:
    known = [f"# {role} = {_quoted(text)}" for text, role in result.layout.columns if text and role]
    open_ = [f"# of unknown meaning: {text}" for text, role in result.layout.columns if text and not role]
    return known + open_


def _proposed(proposal: Proposal | None, rows: Cells) -> list[str]:
    shown = ["  ".join(cell or "" for cell in row)[:160] for row in rows[:SHOWN_ROWS]]
    out = ["# No header row was recognised. The first rows read:", *(f"#   {row}" for row in shown)]
    if proposal is None:
        return [
            *out,
            "date = 0  # needed: number of the column, from 1; set header_row = 0 above",
            "amount = 0  # needed, or debit and credit",
        ]
    out.append("# Proposed from what the columns hold; please check each:")
    for role, column in sorted(proposal.columns.items(), key=lambda each: each[1]):
        if proposal.header is None:
            out.append(f"{role} = {column + 1}")
        else:
            out.append(f"{role} = {_quoted((rows[proposal.header][column] or '').strip())}")
    return out


def _flags(result: ReadResult, rows: Cells) -> list[str]:
    """The distinct flags in the first rows, as they would be written into the profile."""
    index = next((i for i, (_, role) in enumerate(result.layout.columns) if role == "direction"), None)
    if index is None:
        return []
    header = result.layout.columns[index][0]
    texts = [(row[index] or "").strip() for row in rows if index < len(row)]
    below = texts[texts.index(header) + 1 :] if header in texts else texts
    return [_quoted(text) for text in dict.fromkeys(below) if text][:8]


def _reason(code: str) -> str:
    return REASONS[code][0]


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t").replace("\n", "\\n")
    return f'"{escaped}"'
