"""Where accepted lines gather while a file is read: in memory, and on disk when there are many."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from flows.steps.formats.protocol import LINE_SCHEMA

SPOOL_ROWS = 2_000_000
"""Rows held in memory before a part is spooled (about 500 MB of statement lines)."""


class LineStore:
    """Accepted lines in file order; :meth:`lines` gives them back as one lazy frame."""

    def __init__(self, scratch: Path | None, spool_rows: int = SPOOL_ROWS) -> None:
        self._scratch = scratch
        self._limit = spool_rows
        self._frames: list[pl.DataFrame] = []
        self._held = 0
        self._parts: list[Path] = []
        self.rows = 0

    def add(self, frame: pl.DataFrame) -> None:
        """Take accepted lines (columns of ``LINE_SCHEMA``, any order)."""
        if frame.is_empty():
            return
        self._frames.append(frame.select([pl.col(name).cast(kind) for name, kind in LINE_SCHEMA.items()]))
        self._held += frame.height
        self.rows += frame.height
        if self._scratch is not None and self._held >= self._limit:
            self._spill(self._scratch)

    def _spill(self, scratch: Path) -> None:
        scratch.mkdir(parents=True, exist_ok=True)
        part = scratch / f"part-{len(self._parts):05d}.parquet"
        pl.concat(self._frames, rechunk=False).write_parquet(part, compression="lz4", statistics=False)
        self._parts.append(part)
        self._frames, self._held = [], 0

    def lines(self) -> pl.LazyFrame:
        """Return all lines in the order they were added."""
        if self._parts:
            if self._frames and self._scratch is not None:
                self._spill(self._scratch)
            return pl.scan_parquet(self._parts)
        if not self._frames:
            return pl.DataFrame(schema=LINE_SCHEMA).lazy()
        return pl.concat(self._frames).lazy()
