"""The rows of a table that are no transactions: told apart one by one, for they are few.

Repeated headers, totals, page marks and notes are left out; the heading of the next account is taken
note of; what is none of these stays for the quarantine.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from flows.steps.formats._aliases import Alias, normalise_header
from flows.steps.formats._header import Header, match_header
from flows.steps.formats._titles import read_titles, titles_below
from flows.steps.formats._values import BLANK, clean

MAX_ODD_ROWS = 200_000
"""Rows without date and amount looked at one by one; more is no statement."""

FEW_ODD_ROWS = 5_000
"""Rows looked at one by one even where they are most of the table: a third of it otherwise."""

_TOTAL = re.compile(
    r"^\**\s*(?:[0-9][0-9年月日季度第份./-]*\s*(?=[合小总累本]))?"
    r"(?:(?:人民币|借方|贷方|收入|支出|本外币|币种)?(?:合计|小计|总计|累计|共计|合计金额)|本页|本日|本月|本期|本年|当日|期初|期末|"
    r"上期|上页|承前|过次|转下|接上|第\s*\d+\s*[页/]|共\s*\d+|总笔数|总金额|总?(?:收入|支出|借方|贷方|付款|收款|转入|转出|存入|支取)总?(?:笔数|金额|额)|合 *计|小 *计|总 *计|"
    r"(?i:sub-?\s*total|total|grand|page\b|opening|closing|brought|carried|balance b|end of))"
)
_NOTE = re.compile(
    r"以下空白|打印|制表|复核|经办|盖章|仅供|以上|说明|注[:：]|备注[:：]|^\*{3,}|^-{5,}|^={5,}|系统自动|疑问|(?i:printed|generated|end of)"
)
_KEY = re.compile(
    r"^(?:[^0-9:：]{2,20}[:：]$|(?:查询|起止|起始|开始|截止|终止|打印|制表|导出|下载|统计)(?:日期|时间|区间|范围|期间|起止))"
)
"""How a row of a heading begins that names a value beside it: ``查询起止日期:``."""

_BARE = re.compile(r"^[0-9A-Za-z./:+-]+$")
_UNREADABLE = ("date", "no_amount", "amount", "row")


@dataclass
class OddRows:
    """What the rows of a chunk that are no lines turned out to be.

    Attributes
    ----------
    ignored : list of int
        Records that are no transactions.
    stops : list of int
        Records of header rows from the first that changes the layout on.
    next_header : Header or None
        The header at the first of `stops`.
    headings : list of (int, dict)
        Record and titles (``account``, ``holder`` …) in force from there on.
    """

    ignored: list[int] = field(default_factory=list)
    stops: list[int] = field(default_factory=list)
    next_header: Header | None = None
    headings: list[tuple[int, dict[str, str]]] = field(default_factory=list)


@dataclass(frozen=True)
class _Row:
    record: int
    code: str | None
    filled: int
    first: str
    date_text: str | None
    amount_text: str | None
    cells: tuple[str | None, ...]


class OddRowReader:
    """Tell the rows of one chunk apart."""

    def __init__(
        self, header: Header, width: int, titles: dict[str, str], aliases: Mapping[str, tuple[Alias, ...]]
    ) -> None:
        self.header = header
        self.width = width
        self.titles = titles
        self.aliases = aliases
        self.found = OddRows()
        self._below = 0
        self._first_line = 0
        self._above: _Row | None = None

    def read(self, frame: pl.DataFrame, odd: pl.DataFrame, torn: int | None) -> OddRows:
        """Look at the rows of `frame` that `odd` names.

        Parameters
        ----------
        frame : polars.DataFrame
            The chunk's cells.
        odd : polars.DataFrame
            ``record``, ``code``, ``date_text``, ``amount_text``, ``is_status`` of the rows that are no lines.
        torn : int or None
            The last record of a file that ends without an end of line.
        """
        lines = frame.join(odd.select("record"), on="record", how="anti")["record"]
        self._first_line = int(lines[0]) if len(lines) else int(frame["record"][-1]) + 1
        columns = [name for name in frame.columns if name not in ("record", "cells")]
        rows = frame.join(
            odd.select("record", "code", "date_text", "amount_text", "is_status"), on="record", how="inner"
        ).sort("record")
        aside = rows.select(
            "record", aside=pl.col("is_status") | self._repeated(len(columns)).fill_null(False)
        )
        self.found.ignored += aside.filter("aside")["record"].to_list()
        rows = rows.filter(~aside["aside"])
        if rows.height > min(MAX_ODD_ROWS, max(FEW_ODD_ROWS, frame.height // 3)):
            return self.found
        texts = rows.select([clean(pl.col(name)).alias(name) for name in columns])
        rows = rows.with_columns(
            texts.select(
                filled=pl.sum_horizontal([pl.col(name).is_not_null().cast(pl.Int32) for name in columns]),
                first=pl.coalesce([pl.col(name) for name in columns]),
            )
        )
        names = ["record", "code", "filled", "first", "date_text", "amount_text", *columns]
        for values in rows.select(names).iter_rows():
            record, code, filled, first, date_text, amount_text = values[:6]
            self._take(_Row(record, code, filled, first or "", date_text, amount_text, values[6:]), torn)
        return self.found

    def _repeated(self, width: int) -> pl.Expr:
        header = self.header
        key = [
            i for i in (header.first("date"), header.first("amount"), header.first("debit")) if i is not None
        ]
        if header.rows != 1:
            return pl.lit(False, dtype=pl.Boolean)
        return pl.all_horizontal(
            [pl.col(f"c{i}").str.strip_chars(BLANK) == header.texts[i] for i in key if i < width]
        )

    def _take(self, row: _Row, torn: int | None) -> None:
        found = self.found
        if found.stops:  # these rows are read again under their own header
            if match_header(row.cells, self.aliases) is not None:
                found.stops.append(row.record)
            return
        if self._below:
            self._below -= 1
            found.ignored.append(row.record)
        elif row.code not in _UNREADABLE or (row.date_text is not None and row.code != "date"):
            return  # a transaction with one thing wrong
        elif row.record == torn and _BARE.match(row.first):
            return  # the beginning of a row, not a note
        elif self.header.rows == 2 and is_top_row(row.cells, self.header):
            self._below = 1
            found.ignored.append(row.record)
        elif (other := match_header(row.cells, self.aliases)) is not None:
            if self.header.same_row(other):
                found.ignored.append(row.record)
            else:
                found.next_header = other
                found.stops.append(row.record)
        elif self._is_below_names(row) or self._is_aside(row):
            found.ignored.append(row.record)
        self._above = row

    def _is_below_names(self, row: _Row) -> bool:
        """Whether a row holds what the row of names above it announces of the next account."""
        above = self._above
        if above is None or above.record + 1 != row.record:
            return False
        titles = titles_below(above.cells, row.cells, self.aliases)
        self._heading(row.record, titles)
        return bool(titles)

    def _is_aside(self, row: _Row) -> bool:
        """Whether a row is a total, a note or a heading; the heading is kept."""
        titles = read_titles(row.cells, self.aliases) if row.filled <= max(8, self.width // 2 + 2) else {}
        if _TOTAL.match(row.first) and (row.filled < 0.75 * self.width or row.date_text == row.first):
            for role, value in titles.items():
                # what a page brings forward is no opening balance of the statement
                if role.startswith("title_") and (role != "title_opening" or row.record < self._first_line):
                    self.titles.setdefault(role, value)
            return True
        wordy = row.amount_text is None or not re.search(r"[0-9]", row.amount_text)
        few = row.filled <= 2 or row.filled < 0.5 * self.width
        if titles or (wordy and (few or _NOTE.search(row.first))) or (few and _KEY.match(row.first)):
            self._heading(row.record, titles)
            return True
        if row.date_text is None and row.filled <= 3:
            return True  # a total without its word
        return _is_sub_header(row.cells, self.aliases)

    def _heading(self, record: int, titles: dict[str, str]) -> None:
        if not titles:
            return
        take_titles(self.titles, titles)
        self.found.headings.append((record, dict(self.titles)))


def take_titles(known: dict[str, str], titles: Mapping[str, str]) -> None:
    """Add what a heading says; with a new account what was said of the last one is over."""
    if "account" in known and titles.get("account", known["account"]) != known["account"]:
        for role in [role for role in known if role not in titles]:
            del known[role]
    known.update(titles)


def is_top_row(cells: tuple[str | None, ...], header: Header) -> bool:
    """Whether a row is the upper one of a header of two rows."""
    pairs = [(cell.strip(BLANK), text) for cell, text in zip(cells, header.texts, strict=False) if cell]
    return bool(pairs) and all(text.startswith(cell) for cell, text in pairs)


def _is_sub_header(cells: tuple[str | None, ...], aliases: Mapping[str, tuple[Alias, ...]]) -> bool:
    known = [bool(aliases.get(normalise_header(cell), ())) for cell in cells if cell and cell.strip(BLANK)]
    return len(known) >= 3 and sum(known) >= 0.6 * len(known)
