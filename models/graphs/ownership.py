"""Stub."""
from __future__ import annotations
import duckdb
READS = frozenset({"mart_holder"})
def make_relation(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("create table mart_relation as select null::varchar as institution_id, null::integer as holder_id, null::varchar as role, null::integer as distance, null::varchar as path where false")
