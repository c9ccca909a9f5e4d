"""Printouts: columns that stand by their position alone, a Chinese character two places wide (or one).

The places at which the row of names and every row of the table are blank part the columns. Where that leaves a doubt
(two names over one column, a row that writes across), nothing is made of the text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from flows.steps.formats._aliases import Alias
from flows.steps.formats._header import HEAD_ROWS, find_header

CUT = "\x1e"
"""What parts the cells afterwards: it stands in no text."""

_DATED = r"(?:19|20)[0-9]{2}[-/.年]?[01]?[0-9][-/.月]?[0-3]?[0-9]"
_GAP = re.compile(r" {2,}")
_TWO_NAMES = re.compile(r" {2,}|[\u4e00-\u9fff)）] +\S")
_BLANK, _FEED = ord(" "), ord("\n")
_WIDTHS: tuple[tuple[str, Any], ...] = (("gb18030", np.uint8), ("utf-32-le", np.uint32))
"""Encodings of which the units count places: two for a Chinese character, or one for any."""

Span = tuple[int, int]


def cut_lines(lines: pl.Series, aliases: Mapping[str, tuple[Alias, ...]]) -> pl.Series | None:
    """Return the lines of a printout with :data:`CUT` between their cells; None where it is none, or leaves a doubt."""
    text = lines.str.replace_all("\u3000", "  ", literal=True).str.strip_chars_end("\r\f ")
    rows = [_GAP.split(each.strip()) for each in text.head(HEAD_ROWS)]
    found = find_header(rows, aliases, guessing=False)
    if found is None or found[1].rows != 1:
        return None
    at = found[0]
    several = text.str.strip_chars(" ").str.count_matches(" {2,}") >= max(2, len(rows[at]) // 2 - 1)
    dated = text.str.contains(_DATED) & several & (pl.int_range(len(text), eager=True) > at)
    for encoding, unit in _WIDTHS:
        cut = _cut(text, at, dated.to_numpy(), len(rows[at]), encoding, unit)
        if cut is not None:
            return cut
    beside = _beside(text)
    parts = beside.filter(dated).str.count_matches(CUT, literal=True) + 1
    return beside if len(parts) > 1 and (parts == len(rows[at])).all() else None


def _beside(text: pl.Series) -> pl.Series:
    """Cut each line at its own gaps of two blanks and more."""
    return text.str.strip_chars(" ").str.replace_all(" {2,}", CUT)


def _cut(
    text: pl.Series, at: int, dated: npt.NDArray[np.bool_], names: int, encoding: str, unit: Any
) -> pl.Series | None:
    """Cut every row of the table at the gaps that all of them share; None where these do not part the names."""
    page = _page(text, encoding, unit)
    blank = page == _BLANK
    table = dated & (page.size > 0)
    if int(table.sum()) < 2:
        return None
    gaps = blank[table].all(axis=0) & blank[at]
    spans = _runs(~gaps)
    columns = _columns(
        spans,
        [bool((~blank[at, a:b]).any()) for a, b in spans],
        [bool((~blank[table][:, a:b]).any()) for a, b in spans],
    )
    if len(columns) != names or any(
        _TWO_NAMES.search(name.strip()) for name in _read(page[at : at + 1], columns, encoding, unit).row(0)
    ):
        return None
    inside = blank[:, gaps].all(axis=1) & (~blank).any(axis=1)
    inside[:at] = False
    inside[at] = True
    cells = _read(page, columns, encoding, unit)
    whole = cells.select(pl.concat_str(pl.all().str.strip_chars(" "), separator=CUT).alias("t"))["t"]
    return whole.zip_with(pl.Series(inside), _beside(text))


def _page(text: pl.Series, encoding: str, unit: Any) -> npt.NDArray[Any]:
    """Return the lines as a page of places, blank where a line has ended."""
    units = np.frombuffer((text.str.join("\n")[0] + "\n").encode(encoding, "replace"), dtype=unit)
    ends = np.flatnonzero(units == _FEED)
    starts = np.concatenate(([0], ends[:-1] + 1))
    lengths = ends - starts
    page = np.full((len(ends), int(lengths.max(initial=0))), _BLANK, dtype=unit)
    row = np.repeat(np.arange(len(ends)), lengths)
    page[row, np.arange(len(row)) - np.repeat(np.cumsum(lengths) - lengths, lengths)] = units[units != _FEED]
    return page


def _runs(mask: npt.NDArray[np.bool_]) -> list[Span]:
    """Return where runs of true begin and end."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], mask.astype(np.int8), [0]))))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _columns(spans: Sequence[Span], named: Sequence[bool], filled: Sequence[bool]) -> list[Span]:
    """Give what stands under no name to a name: an amount to the short name left of it, a time to its date.

    Between names with cells below them only these rows of spans are believed: names (N) each with cells (u) behind it,
    after a time of day at the most; or names each with cells before it. Anything else leaves a doubt: no column.
    """
    kinds = "".join("F" if n and f else "N" if n else "u" for n, f in zip(named, filled, strict=True))
    columns: list[Span] = []
    place = 0
    for run in re.findall(r"F|[Nu]+", kinds):
        mine = spans[place : place + len(run)]
        place += len(run)
        if run == "F":
            start = mine[0][0]
            if columns and columns[-1][1] < 0:  # cells before the first name
                start = columns.pop()[0]
            columns.append((start, mine[0][1]))
        elif not columns and set(run) == {"u"}:
            columns.append((mine[0][0], -1))
        elif columns and set(run) == {"u"}:
            columns[-1] = (columns[-1][0], mine[-1][1])
        elif re.fullmatch("(?:uN)+", run):
            columns += [(a[0], b[1]) for a, b in zip(mine[::2], mine[1::2], strict=True)]
        elif re.fullmatch("u?(?:N+u)*N*", run) and (columns or run[0] == "N"):
            for kind, (a, b) in zip(run, mine, strict=True):
                if kind == "N":
                    columns.append((a, b))
                else:
                    columns[-1] = (columns[-1][0], b)
        else:
            return []
    return columns if all(b > a for a, b in columns) else []


def _read(page: npt.NDArray[Any], columns: Sequence[Span], encoding: str, unit: Any) -> pl.DataFrame:
    """Return the texts of each column."""
    feed = np.full((len(page), 1), _FEED, dtype=unit)
    texts = [
        np.hstack([page[:, a:b], feed]).tobytes().decode(encoding, "replace").split("\n")[:-1]
        for a, b in columns
    ]
    return pl.DataFrame({f"p{i}": pl.Series(each, dtype=pl.String) for i, each in enumerate(texts)})
