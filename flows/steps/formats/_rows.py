"""Rows of cells into statement lines, whole columns at a time.

One :class:`RowReader` reads one table (a CSV file chunk by chunk, or a sheet). Rows that parse are
lines; the few that do not are told apart by :mod:`flows.steps.formats._odd_rows`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import polars as pl

from flows.steps.formats._aliases import Alias
from flows.steps.formats._columns import ParsedRows, parse_columns
from flows.steps.formats._full_dates import note_years
from flows.steps.formats._header import HEAD_ROWS, Header, find_header, match_header
from flows.steps.formats._headings import apply_headings
from flows.steps.formats._odd_rows import OddRowReader, OddRows, is_top_row, take_titles
from flows.steps.formats._reasons import REASONS
from flows.steps.formats._titles import read_titles, titles_below, worth_in
from flows.steps.formats._understanding import Understanding
from flows.steps.formats._values import BLANK
from flows.steps.formats._verify import verified
from flows.steps.formats.protocol import QUARANTINE_SCHEMA

_UNREADABLE = ("date", "amount", "no_amount")


@dataclass
class TableState:
    """What is known of the table so far, carried from chunk to chunk."""

    header: Header | None = None
    header_record: int | None = None
    titles: dict[str, str] = field(default_factory=dict)
    width: int = 0
    worth: int = 100
    understanding: Understanding = field(default_factory=Understanding)
    failed: int = 0
    zero: int = 0


@dataclass
class Outcome:
    """What one chunk gave: lines, quarantined rows (``record``, ``code``), ignored rows."""

    lines: list[pl.DataFrame] = field(default_factory=list)
    rejected: list[pl.DataFrame] = field(default_factory=list)
    ignored: int = 0


class RowReader:
    """Read one table of cells."""

    def __init__(self, aliases: Mapping[str, tuple[Alias, ...]], understanding: Understanding) -> None:
        self.aliases = aliases
        self.state = TableState(understanding=understanding)
        self.header_told = False  # by a profile: what stands above it is none of the table

    def start(self, head: pl.DataFrame) -> bool:
        """Look for the header among the first rows; say whether there is one."""
        rows = head.head(HEAD_ROWS)
        values = rows.select(_cell_columns(rows)).rows()
        found = find_header(values, self.aliases)
        if found is None:
            return False
        index, header = found
        self.state.worth = titles_above(values[: index + 1], self.aliases, self.state.titles)
        note_years(values[: index + header.rows], self.state.understanding)
        header = verified(header, rows.slice(index + header.rows), self.aliases)
        self._use_header(header, int(rows["record"][index]))
        return True

    def use_numbers(self, header: Header) -> None:
        """Read a table that has no header row, by a profile's column numbers."""
        self._use_header(header, 0)

    def _use_header(self, header: Header, record: int) -> None:
        state = self.state
        if state.header is None:
            state.header_record = record
        state.header = header.in_units_of(state.worth)
        state.width = sum(1 for text in header.texts if text) or len(header.texts)

    def feed(
        self,
        frame: pl.DataFrame,
        open_end: bool = False,
        half_character: bool = False,
        broken: pl.Series | None = None,
        moved: pl.Series | None = None,
    ) -> Outcome:
        """Read the next rows (``record``, ``cells``, ``c0`` …; blank rows already left out).

        Parameters
        ----------
        frame : polars.DataFrame
            Rows in file order.
        open_end : bool
            Whether the file ends here without an end of line: its last row may be cut off.
        half_character : bool
            Whether it ends with half a character: its last row is cut off.
        broken : polars.Series, optional
            Records of rows with bytes that are no text (:func:`broken_rows`).
        moved : polars.Series, optional
            Records of rows whose cells are known to have moved (:func:`mend_thousands`).
        """
        out = Outcome()
        first = self.state.header_record
        assert first is not None
        self._above_header(frame.filter(pl.col("record") < first), out)
        pieces = [self._below_header(frame.filter(pl.col("record") >= first), first, out)]
        while pieces:
            piece = pieces.pop(0)
            last = not pieces
            stops = self._piece(piece, out, open_end and last, half_character, broken, moved)
            if stops:
                bounds = [*stops, int(piece["record"][-1]) + 1]
                spans = pairwise(bounds)
                pieces[:0] = [
                    piece.filter(pl.col("record").is_between(low, high, closed="left")) for low, high in spans
                ]
        return out

    def _above_header(self, above: pl.DataFrame, out: Outcome) -> None:
        """Leave out what stands above the header, but for rows that read like transactions under it."""
        header = self.state.header
        assert header is not None
        strays: list[int] = []
        if not self.header_told and any(
            may_be_a_line(row) for row in above.select(_cell_columns(above)).head(HEAD_ROWS).iter_rows()
        ):
            known = replace(self.state.understanding, notes=[])
            parsed = parse_columns(above, header, self.state.titles, known).frame
            strays = parsed.filter(
                pl.col("booked_at").is_not_null() & (pl.col("amount_fen") != 0).fill_null(False)
            )["record"].to_list()
        if strays:
            out.rejected.append(
                pl.DataFrame(
                    {"record": strays, "code": ["above"] * len(strays)},
                    schema={"record": pl.Int64, "code": pl.String},
                )
            )
        out.ignored += above.height - len(strays)

    def _below_header(self, frame: pl.DataFrame, first: int, out: Outcome) -> pl.DataFrame:
        """Leave out the header row itself: it is none of the rows to be told apart one by one."""
        header = self.state.header
        if header is None or header.rows >= frame.height or int(frame["record"][0]) != first:
            return frame
        out.ignored += header.rows
        return frame.slice(header.rows)

    def _piece(
        self,
        frame: pl.DataFrame,
        out: Outcome,
        open_end: bool,
        half: bool,
        broken: pl.Series | None,
        moved: pl.Series | None,
    ) -> list[int]:
        """Read rows up to a change of layout; return the records at which pieces of other layouts start."""
        state = self.state
        if frame.is_empty():
            return []
        header = state.header
        assert header is not None
        top = frame.row(0)[2:]
        own = match_header(top, self.aliases)
        if (
            own is not None
            and not header.same_row(own)
            and not (header.rows == 2 and is_top_row(top, header))
        ):
            self._use_header(verified(own, frame.slice(1), self.aliases), int(frame["record"][0]))
            header = state.header
            assert header is not None
        before = dict(state.titles)
        parsed = parse_columns(frame, header, before, state.understanding).frame
        if broken is not None:
            unread = parsed["record"].is_in(broken.implode()) & parsed["is_line"]
            parsed = parsed.with_columns(
                code=pl.when(unread).then(pl.lit("bytes")).otherwise("code"),
                is_line=pl.col("is_line") & ~unread,
            )
        shifted = shifted_rows(frame, header)
        if moved is not None:
            known = frame["record"].is_in(moved.implode())
            shifted = known if shifted is None else shifted | known
        if shifted is not None:
            parsed = parsed.with_columns(
                code=pl.when(shifted & pl.col("is_line")).then(pl.lit("cells")).otherwise("code"),
                is_line=pl.col("is_line") & ~shifted,
            )
        if (parsed["code"] == "currency").any():
            usual = frame["cells"].value_counts(sort=True)["cells"][0]
            moved = (pl.col("code") == "currency") & (pl.col("cells") > usual)
            parsed = parsed.with_columns(code=pl.when(moved).then(pl.lit("cells")).otherwise("code"))
        odd = parsed.filter(~pl.col("is_line"))
        found = OddRows()
        if not odd.is_empty():
            reader = OddRowReader(header, state.width, state.titles, self.aliases)
            found = reader.read(frame, odd, int(frame["record"][-1]) if open_end else None)
        if found.next_header is not None:
            parsed = parsed.filter(pl.col("record") < found.stops[0])
        found.headings = self._for_all_rows(found.headings, parsed)
        if found.headings:
            parsed = apply_headings(parsed, frame, header, found.headings, state.understanding)
        self._settle(parsed, out, found.ignored, open_end and not found.stops, half)
        return found.stops

    def _for_all_rows(
        self, headings: list[tuple[int, dict[str, str]]], parsed: pl.DataFrame
    ) -> list[tuple[int, dict[str, str]]]:
        """Let the one account that is named below the last row, and nowhere else, be that of all rows."""
        wanting = parsed.filter(pl.col("code") == "account")["record"]
        if not len(wanting) or parsed["is_line"].any():
            return headings
        named = [each for each in headings if "account" in each[1]]
        if len({each[1]["account"] for each in named}) != 1 or named[0][0] < int(wanting[-1]):
            return headings
        return [(int(parsed["record"][0]), named[-1][1])]

    def _settle(
        self, frame: pl.DataFrame, out: Outcome, ignored: list[int], open_end: bool, half: bool
    ) -> None:
        self.state.failed += int(frame["is_status"].sum())
        if ignored:
            left_out = frame["record"].is_in(pl.Series("record", ignored, dtype=pl.Int64).implode())
            out.ignored += int(left_out.sum())
            frame = frame.filter(~left_out)
        if open_end and not frame.is_empty():
            tail = frame.tail(1)
            short = int(tail["cells"][0]) < self._fewest_cells(frame)
            if half or short or tail["code"][0] in _UNREADABLE:
                out.rejected.append(tail.select("record", code=pl.lit("cut")))
                frame = frame.head(-1)
        self.state.zero += int(frame["is_zero"].sum())
        nothing = frame["is_zero"] | frame["is_status"] | frame["is_total"]
        out.ignored += int(nothing.sum())
        out.lines.append(ParsedRows(frame).lines(frame.filter("is_line")))
        out.rejected.append(frame.filter(~pl.col("is_line") & ~nothing).select("record", "code"))

    def _fewest_cells(self, frame: pl.DataFrame) -> int:
        """Return how few cells a whole row may have (some banks leave out empty ones at the end)."""
        whole = ~pl.col("code").is_in(_UNREADABLE).fill_null(False)
        others = frame.head(-1).filter(whole)["cells"].min()
        if isinstance(others, int):
            return others
        texts = self.state.header.texts if self.state.header else ()
        return max((i + 1 for i, text in enumerate(texts) if text), default=0)


def may_be_a_line(row: Sequence[str | None]) -> bool:
    """Whether a row above a header has what a transaction has: a date, an amount to the cent and two more cells."""
    filled = [cell for cell in row if cell and cell.strip(BLANK)]
    return (
        len(filled) >= 4
        and any(_DATED.match(cell.strip(BLANK)) for cell in filled)
        and any(_MONEY.match(cell.strip(BLANK)) for cell in filled)
    )


_DATED = re.compile(r"(?:19|20)[0-9]{2}[-/.年]?[01]?[0-9][-/.月]?[0-3]?[0-9]")
_MONEY = re.compile(r"[-+]?[0-9,]+\.[0-9]{2}$")


def titles_above(
    rows: Sequence[Sequence[str | None]], aliases: Mapping[str, tuple[Alias, ...]], titles: dict[str, str]
) -> int:
    """Add to `titles` what the rows above a header say; return what one is worth in fen below it.

    Parameters
    ----------
    rows : sequence
        Cells of the rows, the header's own last.
    """
    worth = 100
    for row, below in pairwise(rows):
        take_titles(titles, read_titles(row, aliases))
        take_titles(titles, titles_below(row, below, aliases))
        worth = worth_in(row) or worth
    return worth


def broken_rows(cells: pl.DataFrame) -> pl.Series:
    """Return the records of rows with bytes that are no text in the file's encoding (shown as U+FFFD).

    Half a character at the end of a text costs nothing: banks cut texts to a number of bytes.
    """
    inside = [
        pl.col(name).str.contains(r"\x{FFFD}.|^\x{FFFD}").fill_null(False) for name in _cell_columns(cells)
    ]
    return cells.filter(pl.any_horizontal(inside))["record"]


def shifted_rows(frame: pl.DataFrame, header: Header) -> pl.Series | None:
    """Find rows in which a separator inside a text moved the cells behind it; None where there are none.

    They have more filled cells than the header has names, unlike most rows. Where the last column is a
    remark, the surplus may be no more than the rest of it: then a row is moved when its other side's
    account or its reference reads like a text, as in no other row.
    """
    width = max((i + 1 for i, text in enumerate(header.texts) if text), default=0)
    beyond = [name for name in _cell_columns(frame) if int(name[1:]) >= width]
    if not width or not beyond or not (frame["cells"] > width).any():
        return None
    surplus = frame.select(
        pl.any_horizontal([pl.col(name).str.strip_chars(BLANK).fill_null("") != "" for name in beyond])
    ).to_series()
    if not surplus.any() or int(surplus.sum()) > 0.5 * len(surplus):
        return None
    if width - 1 not in header.columns.get("remark", ()):
        return surplus
    numbers = [f"c{i}" for role in ("cp_account", "reference") for i in header.columns.get(role, ())]
    moved = pl.Series([False]).new_from_index(0, len(surplus))
    for name in numbers:
        texts = frame[name].str.contains(r"\p{Han}").fill_null(False)
        if not texts.filter(~surplus).any():
            moved = moved | (texts & surplus)
    return moved if moved.any() else None


def _cell_columns(frame: pl.DataFrame) -> list[str]:
    return [name for name in frame.columns if name not in ("record", "cells")]


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
