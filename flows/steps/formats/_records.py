"""Lines of text into rows of cells, quotes and all, without a loop over rows.

Three kinds of line: without a quotation mark (split at the delimiter), quoted as CSV prescribes
(the CSV reader), and anything else (a quoted field followed by a tab, Excel's ``="123"``, a stray
quotation mark), which is mended by the narrowest rule that makes it readable.
"""

from __future__ import annotations

import re

import polars as pl

DELIMITERS = (",", "\t", "|", ";", "\uff0c", "^")
"""Tried in this order; the one that cuts the header row into most known columns wins."""

MAX_COLUMNS = 256


def split_cells(lines: pl.DataFrame, delimiter: str, width: int) -> pl.DataFrame:
    """Cut lines into cells.

    Parameters
    ----------
    lines : polars.DataFrame
        ``record``, ``line``.
    delimiter : str
        One character.
    width : int
        Number of columns to make; what lies beyond stays in the last one.

    Returns
    -------
    polars.DataFrame
        One row a record, in order: ``record``, ``cells`` (how many the row has), ``c0`` … Blank lines
        have no cell filled.
    """
    quoted = lines["line"].str.contains('"', literal=True)
    if not quoted.any():
        return _split_plain(lines, delimiter, width)
    if quoted.all():
        return _split_quoted(lines, delimiter, width)
    plain = _split_plain(lines.filter(~quoted), delimiter, width)
    rest = _split_quoted(lines.filter(quoted), delimiter, width)
    return pl.concat([plain, rest], how="vertical").sort("record")


def _split_plain(lines: pl.DataFrame, delimiter: str, width: int) -> pl.DataFrame:
    line = pl.col("line")
    parts = line.str.splitn(delimiter, width) if width > 1 else pl.struct(field_0=line)
    names = {f"field_{i}": f"c{i}" for i in range(width)}
    return (
        lines.select(
            "record",
            (line.str.count_matches(delimiter, literal=True).cast(pl.Int32) + 1).alias("cells"),
            parts.alias("parts"),
        )
        .unnest("parts")
        .rename(names)
    )


def _well_formed(delimiter: str) -> str:
    d = re.escape(delimiter)
    cell = rf'(?:[^"{d}]*|"(?:[^"]|"")*")'
    return rf"^{cell}(?:{d}{cell})*$"


def _split_quoted(lines: pl.DataFrame, delimiter: str, width: int) -> pl.DataFrame:
    d = re.escape(delimiter)
    good = _well_formed(delimiter)
    line = pl.col("line")
    ok = lines["line"].str.contains(good)
    for pattern, value in (  # the narrowest mending first; each only on lines that still need it
        (rf'"[ \t]+({d}|$)', '"${1}'),
        (r'=("[^"]*")', "${1}"),
        (rf'(^|{d})[ \t]+"', '${1}"'),
    ):
        if ok.all():
            break
        mended = pl.when(line.str.contains(good)).then(line).otherwise(line.str.replace_all(pattern, value))
        lines = lines.with_columns(mended.alias("line"))
        ok = lines["line"].str.contains(good)
    if ok.all():
        return _read_quoted(lines, delimiter, width)
    parts = []
    if ok.any():
        parts.append(_read_quoted(lines.filter(ok), delimiter, width))
    parts.append(_read_stray(lines.filter(~ok), delimiter, width))
    return pl.concat(parts, how="vertical").sort("record")


def _read_quoted(lines: pl.DataFrame, delimiter: str, width: int) -> pl.DataFrame:
    if len(delimiter.encode()) > 1:
        return _read_stray(lines, delimiter, width)
    guide = delimiter * (width - 1)  # makes the reader see all columns, whatever the first row has
    text = guide + "\n" + lines["line"].str.join("\n")[0]
    frame = pl.read_csv(
        text.encode("utf-8", "replace"),
        has_header=False,
        separator=delimiter,
        infer_schema=False,
        truncate_ragged_lines=True,
        new_columns=[f"c{i}" for i in range(width)],
    ).slice(1)
    if frame.height != lines.height:  # a line break inside a cell or a quote the pattern let pass
        return _read_stray(lines, delimiter, width)
    outside = lines["line"]
    d = re.escape(delimiter)
    within = outside.str.contains(rf'(?:^|{d})"(?:[^"{d}]|"")*{d}')  # a delimiter inside a quoted cell
    if within.any():
        cut = outside.filter(within).str.replace_all(r'"(?:[^"]|"")*"', "")
        outside = outside.scatter(within.arg_true(), cut)
    count = (outside.str.count_matches(delimiter, literal=True) + 1).cast(pl.Int32)
    return pl.concat([lines.select("record", count.alias("cells")), frame], how="horizontal")


def _read_stray(lines: pl.DataFrame, delimiter: str, width: int) -> pl.DataFrame:
    """Few lines with odd quotes, line by line: a quotation mark that is not closed is a character."""
    d = re.escape(delimiter)
    pattern = re.compile(rf'(?:^|{d})(?:"((?:[^"]|"")*)"(?=\Z|{d})|([^{d}]*))')
    rows: list[list[str | None]] = []
    counts: list[int] = []
    for text in lines["line"].to_list():
        cells = [
            quoted.replace('""', '"') if quoted else bare.strip('"') if bare.count('"') == 1 else bare
            for quoted, bare in pattern.findall(text)
        ]
        counts.append(len(cells))
        if len(cells) > width:
            cells = [*cells[: width - 1], delimiter.join(cells[width - 1 :])]
        rows.append([*cells, *[None] * (width - len(cells))])
    frame = pl.DataFrame(rows, schema={f"c{i}": pl.String for i in range(width)}, orient="row")
    counted = lines.select("record").with_columns(pl.Series("cells", counts, dtype=pl.Int32))
    return pl.concat([counted, frame], how="horizontal")


def join_lines(
    lines: pl.DataFrame, delimiter: str, start: int, columns: int = 0, longest: int = 20
) -> pl.DataFrame:
    """Join lines that one quoted cell with a line break in it spans, and number the rows from `start`.

    The number is the one a spreadsheet shows: a row of several lines counts once, a blank line counts.
    A quotation mark inside a cell, or one that is not closed within `longest` lines, opens nothing.

    Parameters
    ----------
    lines : polars.DataFrame
        ``line`` in file order.
    delimiter : str
        One character.
    start : int
        Number of the first row.
    columns : int
        Columns of the header, where it is known: two lines that each have as many cells are two rows
        with a quotation mark too many, not one row.

    Returns
    -------
    polars.DataFrame
        ``record``, ``line``.
    """
    odd = (lines["line"].str.count_matches('"', literal=True) % 2 == 1).arg_true()
    joined = lines.select("line")
    if len(odd) > 1:
        joined = _join(joined, odd.to_list(), delimiter, columns, longest)
    return joined.with_row_index("record", offset=start).select(pl.col("record").cast(pl.Int64), "line")


def _join(lines: pl.DataFrame, odd: list[int], delimiter: str, columns: int, longest: int) -> pl.DataFrame:
    d = re.escape(delimiter)
    cell = rf'(?:[^"{d}]*|[ \t]*"(?:[^"]|"")*"[ \t]*)'
    opens = re.compile(rf'^(?:{cell}{d})*[ \t]*"(?:[^"]|"")*$')
    closes = re.compile(rf'^(?:[^"]|"")*"[ \t]*(?:{d}{cell})*$')
    texts = lines["line"].gather(odd).to_list()
    spans: list[tuple[int, int]] = []
    position = 0
    while position + 1 < len(odd):
        first, last = odd[position], odd[position + 1]
        if last - first <= longest and opens.match(texts[position]) and closes.match(texts[position + 1]):
            spans.append((first, last))
            position += 2
        else:
            position += 1
    if columns > 1 and spans:
        whole = (lines["line"].str.count_matches(delimiter, literal=True) >= columns - 1).to_list()
        spans = [(first, last) for first, last in spans if not (whole[first] and whole[last])]
    if not spans:
        return lines
    group = pl.int_range(lines.height, eager=True).to_list()
    for first, last in spans:
        group[first : last + 1] = [first] * (last - first + 1)
    return (
        lines.with_columns(pl.Series("group", group, dtype=pl.Int64))
        .group_by("group", maintain_order=True)
        .agg(pl.col("line").str.join("\n"))
        .select("line")
    )
