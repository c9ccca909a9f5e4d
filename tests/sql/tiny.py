"""Tiny lakes: a few rows a file, built into a warehouse by the real ``sql/``."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from flows.steps.warehouse import FILE, build
from sql import lake as schema

POLARS: dict[str, Any] = {
    "varchar": pl.String,
    "timestamp": pl.Datetime("us"),
    "boolean": pl.Boolean,
    "bigint": pl.Int64,
    "integer": pl.Int32,
    "date": pl.Date,
    "double": pl.Float64,
    "decimal(18,2)": pl.Decimal(18, 2),
}
LAST = dt.date(2016, 7, 3)


def at(day: int, clock: str | None = None) -> dt.datetime:
    """A time on a day of June 2016; no clock, no time."""
    return dt.datetime.fromisoformat(f"2016-06-{day:02d}T{clock or '00:00:00'}")


def row(
    account_no: str,
    day: int,
    yuan: float,
    clock: str | None = None,
    *,
    balance: float | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A statement row: negative yuan is money out; `clock` None means that the file gives only a day."""
    return {
        "account_no": account_no,
        "booked_at": at(day, clock),
        "has_time": clock is not None,
        "direction": "in" if yuan > 0 else "out",
        "amount_fen": round(abs(yuan) * 100),
        "currency": "CNY",
        "balance_after_fen": None if balance is None else round(balance * 100),
        **more,
    }


@dataclass
class TinyLake:
    """Files of a lake: statements by name, registers by name."""

    folder: Path
    statements: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    registers: dict[str, list[tuple[str, dict[str, Any]]]] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)

    def file(self, name: str, *rows: dict[str, Any], problem: str | None = None) -> TinyLake:
        """Deliver a statement file, sound or with a `problem`."""
        self.statements[name] = list(rows)
        if problem is not None:
            self.problems[name] = problem
        return self

    def register(self, register: str, file: str = "", **cells: Any) -> TinyLake:
        """Deliver a register row in the file `file`."""
        self.registers.setdefault(register, []).append((file or f"{register}.csv", cells))
        return self

    def build(self, as_of: dt.date = LAST) -> duckdb.DuckDBPyConnection:
        """Write the lake, build the warehouse, open it read-only."""
        lake = self.folder / "lake"
        for sub in ("statements", "registers"):
            (lake / sub).mkdir(parents=True, exist_ok=True)
        delivered = []
        for name, rows in self.statements.items():
            chain: dict[str, int] = {}
            full = []
            for number, each in enumerate(rows, start=1):
                place = chain.setdefault(each["account_no"], 0)
                chain[each["account_no"]] += 1
                full.append({**each, "source_record": number, "chain_no": each.get("chain_no", place)})
            sha = _write(lake / "statements", schema.LINES, full)
            delivered.append(
                {
                    "source_file": name,
                    "source_sha256": sha,
                    "kind": "statement",
                    "problem": self.problems.get(name),
                }
            )
        for register, rows_in in self.registers.items():
            for file in sorted({f for f, _ in rows_in}):
                sha = _write(
                    lake / "registers", schema.REGISTERS[register], [c for f, c in rows_in if f == file]
                )
                delivered.append(
                    {"source_file": file, "source_sha256": sha, "kind": "register", "register": register}
                )
        frame_schema = {c: POLARS[t] for c, t in schema.DELIVERIES.items()}
        pl.DataFrame(delivered, schema=frame_schema).write_parquet(lake / "deliveries.parquet")
        build(self.folder, as_of)
        return duckdb.connect(str(self.folder / FILE), read_only=True)


def _write(folder: Path, columns: dict[str, str], rows: list[dict[str, Any]]) -> str:
    sha = hashlib.sha256(
        repr((sorted(columns), [sorted(r.items(), key=str) for r in rows])).encode()
    ).hexdigest()
    frame = pl.DataFrame(rows, schema={c: POLARS[t] for c, t in columns.items()})
    frame.write_parquet(folder / f"{sha}.parquet")
    return sha


def rows(con: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    """Rows of a query."""
    return con.execute(query).fetchall()
