"""Tables of a warehouse that tracing tells part by part, group after group, and the order they are kept in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import polars as pl

from models.tracing.earlier import CIRCLES
from models.tracing.sources import SOURCE_ORDER
from models.tracing.uses import USE_ORDER

if TYPE_CHECKING:
    from threading import RLock  # a factory at run time before 3.13

ORDER: dict[str, tuple[str, ...]] = {
    "trace_pot": ("line_no", "pot"),
    "trace_source": SOURCE_ORDER,
    "trace_known": USE_ORDER,
    "trace_loose": (*USE_ORDER, "way"),
    "trace_use": USE_ORDER,
    "ledger_deposit": ("line_no", "institution_id", "subscription_id"),
    "ledger_payout": ("line_no", "institution_id", "subscription_id"),
    "ledger_round": ("institution_id", "product_id", "booked_on"),
    "ledger_coverage": ("institution_id", "product_id", "booked_on", "line_no", "source"),
    "ledger_borrower": ("product_id", "project_id", "holder_id nulls first"),
    "ledger_repayment": ("line_no", "institution_id"),
    "mart_flow_range": ("institution_id", "side", "class"),
    CIRCLES: ("institutions",),
}
"""Tables and the order of their rows."""


class Told:
    """Tables told part by part, then kept in their order."""

    def __init__(self, con: duckdb.DuckDBPyConnection, lock: RLock) -> None:
        self._con, self._lock = con, lock
        self._open: set[str] = set()

    def put(self, name: str, part: pl.DataFrame) -> None:
        """Take a part of a table down."""
        verb = (
            f'insert into "_{name}"' if name in self._open else f'create or replace temp table "_{name}" as'
        )
        self._open.add(name)
        with self._lock:
            self._con.register("_part", part.to_arrow())
            self._con.execute(f"{verb} select * from _part")
            self._con.unregister("_part")

    def close(self, *names: str) -> None:
        """Put tables in order, and into the warehouse."""
        for name in names:
            order = ", ".join(ORDER[name])
            self._con.execute(f'create or replace table "{name}" as select * from "_{name}" order by {order}')
            self._con.execute(f'drop table "_{name}"')
            self._open.remove(name)
