"""The contract's own columns, from a core system: Parquet and CSV."""

from __future__ import annotations

import polars as pl

from flows.steps.formats._canonical import CONTRACT_COLUMNS, REQUIRED, canonical_lines
from flows.steps.formats._records import join_lines, split_cells
from flows.steps.formats._rows import quarantine_frame
from flows.steps.formats._store import LineStore
from flows.steps.formats._summary import CUT
from flows.steps.formats._text import LineTooLongError, detect_encoding, read_lines
from flows.steps.formats._values import BLANK
from flows.steps.formats.protocol import Layout, ReadOptions, ReadResult, Source

BATCH_ROWS = 1_000_000


class Canonical:
    """CSV or Parquet with the column names of a statement line (``account_no``, ``booked_at`` …)."""

    name = "canonical"

    def claims(self, source: Source, options: ReadOptions) -> bool:
        """Whether the header row, or the Parquet schema, names the contract's columns."""
        if source.head.startswith(b"PAR1"):
            names = _parquet_columns(source)
            return names is None or set(names) >= REQUIRED
        return _csv_header(source) is not None

    def read(self, source: Source, options: ReadOptions) -> ReadResult:
        """Read the file."""
        if source.head.startswith(b"PAR1"):
            return self._read_parquet(source, options)
        return self._read_csv(source, options)

    def _read_csv(self, source: Source, options: ReadOptions) -> ReadResult:
        found = _csv_header(source)
        assert found is not None
        encoding, delimiter, header = found
        result = ReadResult("canonical-csv", layout=_layout(header, encoding, delimiter))
        store, rejected, cut, start = LineStore(options.scratch), [], False, 1
        try:
            for chunk in read_lines(source, encoding):
                numbered = join_lines(chunk.frame, delimiter, start, len(header))
                start += numbered.height
                lines = numbered.filter(pl.col("line").str.strip_chars(BLANK + '",|;' + delimiter) != "")
                cells = split_cells(lines, delimiter, len(header) + 1)
                result.rows_read += cells.height
                names = {f"c{i}": name for i, name in enumerate(header)}
                rows = cells.rename(names)
                key = pl.col("account_no").str.strip_chars(BLANK + '"') == "account_no"
                result.rows_ignored += rows.filter(key).height
                rows = rows.filter(~key.fill_null(False))
                lines_, bad = canonical_lines(rows)
                if not chunk.last_ends and rows.height:
                    tail = rows.tail(1)
                    if int(tail["cells"][0]) < len(header) or chunk.tail_damaged or _ends_bad(tail, bad):
                        cut = True
                        last = int(tail["record"][0])
                        lines_ = lines_.filter(pl.col("source_record") != last)
                        bad = pl.concat([bad.filter(pl.col("record") != last), _one(last)])
                store.add(lines_)
                if not bad.is_empty():
                    rejected.append(quarantine_frame(bad, lines.rename({"line": "text"})))
        except LineTooLongError:
            return ReadResult.refused(
                "canonical-csv", "A single line is longer than 4 MB: this is no statement."
            )
        return _close(result, store, rejected, CUT if cut else None)

    def _read_parquet(self, source: Source, options: ReadOptions) -> ReadResult:
        result = ReadResult("canonical-parquet")
        try:
            where = source.path if source.path is not None else source.read_bytes()
            scan = pl.scan_parquet(where)
            names = scan.collect_schema().names()
            height = int(scan.select(pl.len()).collect().item())
            store, rejected = LineStore(options.scratch), []
            for start in range(0, max(height, 1), BATCH_ROWS):
                batch = scan.slice(start, BATCH_ROWS).collect()
                rows = batch.with_row_index("record", offset=start + 1).with_columns(
                    pl.col("record").cast(pl.Int64)
                )
                lines, bad = canonical_lines(rows)
                store.add(lines)
                if not bad.is_empty():
                    rejected.append(quarantine_frame(bad, _parquet_texts(rows, bad)))
        except (pl.exceptions.PolarsError, OSError, ValueError, BaseException) as error:
            if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
                raise
            return ReadResult.refused(
                "canonical-parquet",
                "The Parquet file is cut off or damaged and cannot be opened: ask for it again.",
            )
        result.rows_read = height
        result.layout = _layout(tuple(names), None, None)
        return _close(result, store, rejected, None)


def _close(
    result: ReadResult, store: LineStore, rejected: list[pl.DataFrame], problem: str | None
) -> ReadResult:
    result.lines, result.rows_accepted = store.lines(), store.rows
    if rejected:
        result.quarantine = pl.concat(rejected)
    result.rows_quarantined = result.quarantine.height
    result.problem = problem
    unknown = [name for name, role in result.layout.columns if not role]
    if unknown:
        result.warnings.append(f"columns not used: {', '.join(unknown)}")
    return result


def _layout(header: tuple[str, ...], encoding: str | None, delimiter: str | None) -> Layout:
    columns = tuple((name, name if name in CONTRACT_COLUMNS else "") for name in header)
    return Layout(encoding, delimiter, 1 if encoding else None, columns)


def _one(record: int) -> pl.DataFrame:
    return pl.DataFrame({"record": [record], "code": ["cut"]}, schema={"record": pl.Int64, "code": pl.String})


def _ends_bad(tail: pl.DataFrame, bad: pl.DataFrame) -> bool:
    return not bad.is_empty() and int(tail["record"][0]) in bad["record"].to_list()


def _parquet_texts(rows: pl.DataFrame, bad: pl.DataFrame) -> pl.DataFrame:
    some = rows.join(bad.select("record"), on="record", how="semi")
    names = [name for name in some.columns if name != "record"]
    return some.select(
        "record",
        text=pl.concat_str([pl.col(name).cast(pl.String).fill_null("") for name in names], separator="|"),
    )


def _parquet_columns(source: Source) -> list[str] | None:
    """Column names, or None when the file's footer cannot be read."""
    try:
        where = source.path if source.path is not None else source.read_bytes()
        return pl.scan_parquet(where).collect_schema().names()
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        return None


def _csv_header(source: Source) -> tuple[str, str, tuple[str, ...]] | None:
    head = source.head
    if b"account_no" not in head.replace(b"\x00", b"").lower():
        return None
    encoding = detect_encoding(head, whole=source.size <= len(head))
    if encoding is None:
        return None
    part = head if source.size <= len(head) else head[: head.rfind(b"\n") + 1] or head
    try:
        frames = [each.frame for each in read_lines(Source.of_bytes(source.name, part), encoding)]
    except LineTooLongError:
        return None
    lines = (
        pl.concat(frames).filter(pl.col("line").str.strip_chars(BLANK) != "") if frames else pl.DataFrame()
    )
    if lines.is_empty():
        return None
    first = lines["line"][0]
    for delimiter in (",", "\t", "|", ";"):
        cells = tuple(cell.strip(BLANK + '"').lower() for cell in first.split(delimiter))
        if set(cells) >= REQUIRED and len(set(cells)) == len(cells):
            return encoding, delimiter, cells
    return None


FORMAT = Canonical()
