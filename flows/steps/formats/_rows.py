"""Rows of cells into statement lines, whole columns at a time.

One :class:`RowReader` reads one table (a CSV file chunk by chunk, or a sheet). Rows that parse are
lines; the few that do not are looked at one by one and are a header, a total, a note, the preamble
of the next account, or go to the quarantine with their reason.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from flows.steps.formats._aliases import Alias, normalise_header
from flows.steps.formats._columns import ParsedRows, Understanding, parse_columns
from flows.steps.formats._header import HEAD_ROWS, Header, find_header, match_header, read_titles
from flows.steps.formats._reasons import REASONS
from flows.steps.formats._values import BLANK, clean
from flows.steps.formats.protocol import QUARANTINE_SCHEMA

MAX_ODD_ROWS = 200_000
"""Rows without date and amount looked at one by one; more is no statement."""

_TOTAL = re.compile(
    r"^\**\s*(?:(?:人民币|借方|贷方|收入|支出|本外币|币种)?(?:合计|小计|总计|累计|共计|合计金额)|本页|本日|本月|本期|本年|当日|期初|期末|"
    r"上期|上页|承前|过次|转下|接上|第\s*\d+\s*[页/]|共\s*\d+|总笔数|总金额|合 *计|小 *计|总 *计|"
    r"(?i:sub-?\s*total|total|grand|page\b|opening|closing|brought|carried|balance b|end of))"
)
_BARE = re.compile(r"^[0-9A-Za-z./:+-]+$")
_NOTE = re.compile(
    r"以下空白|打印|制表|复核|经办|盖章|仅供|以上|说明|注[:：]|备注[:：]|^\*{3,}|^-{5,}|^={5,}|系统自动|疑问|(?i:printed|generated|end of)"
)


@dataclass
class TableState:
    """What is known of the table so far, carried from chunk to chunk."""

    header: Header | None = None
    header_record: int | None = None
    titles: dict[str, str] = field(default_factory=dict)
    width: int = 0
    understanding: Understanding = field(default_factory=Understanding)
    total_rows: int = 0
    failed: int = 0
    zero: int = 0
    odd: int = 0
    footer: bool = False


@dataclass
class Outcome:
    """What one chunk gave: lines, quarantined rows (``source_record``, ``code``), ignored rows."""

    lines: list[pl.DataFrame] = field(default_factory=list)
    rejected: list[pl.DataFrame] = field(default_factory=list)
    ignored: int = 0


class RowReader:
    """Read one table of cells."""

    def __init__(self, aliases: Mapping[str, tuple[Alias, ...]], understanding: Understanding) -> None:
        self.aliases = aliases
        self.state = TableState(understanding=understanding)

    def start(self, head: pl.DataFrame) -> bool:
        """Look for the header among the first rows; say whether there is one."""
        rows = head.head(HEAD_ROWS)
        columns = [name for name in rows.columns if name.startswith("c") and name[1:].isdigit()]
        values = rows.select(columns).rows()
        found = find_header(values, self.aliases)
        if found is None:
            return False
        index, header = found
        for row in values[:index]:
            self._take_titles(read_titles(row, self.aliases))
        self._use_header(header, int(rows["record"][index]))
        return True

    def use_numbers(self, header: Header) -> None:
        """Read a table that has no header row, by a profile's column numbers."""
        self._use_header(header, 0)

    def _use_header(self, header: Header, record: int) -> None:
        state = self.state
        if state.header is None:
            state.header_record = record
        state.header = header
        state.width = sum(1 for text in header.texts if text) or len(header.texts)

    def _take_titles(self, titles: dict[str, str]) -> None:
        if "account" in titles and titles["account"] != self.state.titles.get("account"):
            for role in ("holder", "currency", "own_bank", "title_opening", "title_closing"):
                if role not in titles and "account" in self.state.titles:
                    self.state.titles.pop(role, None)
        self.state.titles.update(titles)

    def feed(self, frame: pl.DataFrame, open_end: bool = False, half_character: bool = False) -> Outcome:
        """Read the next rows (``record``, ``cells``, ``c0`` …; blank rows already left out).

        Parameters
        ----------
        frame : polars.DataFrame
            Rows in file order.
        open_end : bool
            Whether the file ends here without an end of line: its last row may be cut off.
        half_character : bool
            Whether it ends with half a character: its last row is cut off.
        """
        out = Outcome()
        state = self.state
        assert state.header is not None
        assert state.header_record is not None
        before = frame.filter(pl.col("record") < state.header_record)
        out.ignored += before.height
        rest = frame.filter(pl.col("record") >= state.header_record)
        guard = 0
        while not rest.is_empty() and guard < 10_000:
            guard += 1
            rest = self._segment(rest, out, open_end, half_character)
        return out

    def _segment(self, frame: pl.DataFrame, out: Outcome, open_end: bool, half: bool) -> pl.DataFrame:
        """Read rows up to the next change of account or layout; return what follows."""
        state = self.state
        header = state.header
        assert header is not None
        parsed = parse_columns(frame, header, state.titles, state.understanding)
        odd = parsed.frame.filter(~pl.col("is_line"))
        stop: int | None = None
        ignored: list[int] = []
        if not odd.is_empty():
            stop, ignored = self._look_at(frame, odd, header, open_end)
        if stop is not None:
            keep = parsed.frame.filter(pl.col("record") < stop)
            rest = frame.filter(pl.col("record") >= stop)
        else:
            keep, rest = parsed.frame, frame.clear()
        self._settle(ParsedRows(keep), out, ignored, open_end and rest.is_empty(), half)
        return rest

    def _look_at(
        self, frame: pl.DataFrame, odd: pl.DataFrame, header: Header, open_end: bool
    ) -> tuple[int | None, list[int]]:
        """Classify rows that are no lines; return the record where a new block starts, and the ignored."""
        state = self.state
        width = state.width
        columns = [name for name in frame.columns if name.startswith("c") and name[1:].isdigit()]
        rows = frame.join(
            odd.select("record", "code", "date_text", "amount_text", "is_status"), on="record", how="inner"
        )
        texts = rows.select("record", *[clean(pl.col(name)).alias(name) for name in columns])
        filled = texts.select(
            "record",
            filled=pl.sum_horizontal([pl.col(name).is_not_null().cast(pl.Int32) for name in columns]),
            first=pl.coalesce([pl.col(name) for name in columns]),
        )
        rows = rows.join(filled, on="record")
        key = [
            i for i in (header.first("date"), header.first("amount"), header.first("debit")) if i is not None
        ]
        same = pl.all_horizontal(
            [pl.col(f"c{i}").str.strip_chars(BLANK) == header.texts[i] for i in key if i < len(columns)]
        )
        rows = rows.with_columns(
            repeated=(same if header.rows == 1 else pl.lit(False, dtype=pl.Boolean)).fill_null(False)
        ).sort("record")
        ignored = rows.filter(pl.col("repeated") | pl.col("is_status"))["record"].to_list()
        rest = rows.filter(~pl.col("repeated") & ~pl.col("is_status"))
        state.odd += rest.height
        if state.odd > MAX_ODD_ROWS:
            return None, ignored
        torn = int(frame["record"][-1]) if open_end else -1
        names = ["record", "code", "filled", "first", "date_text", "amount_text", *columns]
        header_rows = 0
        for values in rest.select(names).iter_rows():
            record, code, count, first, date_text, amount_text = values[:6]
            cells = values[6:]
            if header_rows:
                header_rows -= 1
                ignored.append(record)
                continue
            if code not in ("date", "no_amount", "amount", "row"):
                continue  # a transaction with one thing wrong
            if date_text is not None and code != "date":
                continue  # it has a date: the amount is what is wrong
            if record == torn and _BARE.match(first or ""):
                continue  # the beginning of a row, not a note
            if header.rows == 2 and _is_top_row(cells, header):
                header_rows = 1
                ignored.append(record)
                continue
            other = match_header(cells, self.aliases)
            if other is not None:
                if other.columns != header.columns:
                    self._use_header(other, record)
                    return record, ignored
                ignored.append(record)
                continue
            titles = read_titles(cells, self.aliases) if count <= max(8, width // 2 + 2) else {}
            if _TOTAL.match(first or "") and (count < 0.75 * width or date_text == first):
                state.total_rows += 1
                state.footer = True
                ignored.append(record)
                self._note_balances(titles)
                continue
            if amount_text is None or not re.search(r"[0-9]", amount_text) or titles:
                new_account = titles.get("account")
                if new_account and new_account != state.titles.get("account"):
                    self._take_titles(titles)
                    ignored.append(record)
                    return record + 1, [*ignored]
                if titles or count <= 2 or _NOTE.search(first or "") or count < 0.5 * width:
                    self._take_titles(titles)
                    ignored.append(record)
                    continue
            if date_text is None and count <= 3:
                state.total_rows += 1
                ignored.append(record)  # a total without its word
                continue
            if _is_sub_header(cells, self.aliases):
                ignored.append(record)
        return None, ignored

    def _note_balances(self, titles: dict[str, str]) -> None:
        for role, value in titles.items():
            if role.startswith("title_"):
                self.state.titles.setdefault(role, value)

    def _settle(
        self, parsed: ParsedRows, out: Outcome, ignored: list[int], open_end: bool, half: bool
    ) -> None:
        frame = parsed.frame
        aside = pl.Series("record", ignored, dtype=pl.Int64)
        left_out = frame["record"].is_in(aside.implode())
        out.ignored += int(left_out.sum())
        frame = frame.filter(~left_out)
        if open_end and not frame.is_empty():
            tail = frame.tail(1)
            short = int(tail["cells"][0]) < self._fewest_cells(frame)
            if half or short or tail["code"][0] in ("date", "amount", "no_amount"):
                out.rejected.append(tail.select("record", code=pl.lit("cut")))
                frame = frame.head(-1)
        zero = frame["is_zero"]
        self.state.zero += int(zero.sum())
        self.state.failed += int(frame["is_status"].sum())
        nothing = zero | frame["is_status"]
        out.ignored += int(nothing.sum())
        frame = frame.filter(~nothing)
        good = frame.filter(pl.col("is_line"))
        out.lines.append(parsed.lines(good))
        out.rejected.append(frame.filter(~pl.col("is_line")).select("record", "code"))

    def _fewest_cells(self, frame: pl.DataFrame) -> int:
        """Return how few cells a whole row may have (some banks leave out empty ones at the end)."""
        whole = ~pl.col("code").is_in(["date", "amount", "no_amount"]).fill_null(False)
        others = frame.head(-1).filter(whole)["cells"].min()
        if isinstance(others, int):
            return others
        texts = self.state.header.texts if self.state.header else ()
        return max((i + 1 for i, text in enumerate(texts) if text), default=0)


def _is_top_row(cells: tuple[str | None, ...], header: Header) -> bool:
    """Whether a row is the upper one of a header of two rows."""
    pairs = [(cell.strip(BLANK), text) for cell, text in zip(cells, header.texts, strict=False) if cell]
    return bool(pairs) and all(text.startswith(cell) for cell, text in pairs)


def _is_sub_header(cells: tuple[str | None, ...], aliases: Mapping[str, tuple[Alias, ...]]) -> bool:
    known = [bool(aliases.get(normalise_header(cell), ())) for cell in cells if cell and cell.strip(BLANK)]
    return len(known) >= 3 and sum(known) >= 0.6 * len(known)


def quarantine_frame(rejected: pl.DataFrame, texts: pl.DataFrame) -> pl.DataFrame:
    """Give rejected rows (``record``, ``code``) their text, reason and advice."""
    if rejected.is_empty():
        return pl.DataFrame(schema=QUARANTINE_SCHEMA)
    reasons = {code: each[0] for code, each in REASONS.items()}
    advice = {code: each[1] for code, each in REASONS.items()}
    return (
        rejected.join(texts.select("record", "text"), on="record", how="left")
        .select(
            pl.col("record").cast(pl.Int64).alias("source_record"),
            pl.col("code").replace_strict(reasons, return_dtype=pl.String).alias("reason"),
            pl.col("text").fill_null(""),
            pl.col("code").replace_strict(advice, return_dtype=pl.String).alias("advice"),
        )
        .sort("source_record")
    )
