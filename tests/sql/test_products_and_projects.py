"""Which product funds which project: as registered, and by sums, terms and days where no register tells."""

import datetime as dt
from pathlib import Path

from tests.sql.tiny import TinyLake, rows


def _sold(lake: TinyLake, institution: str, product: str, fen: int, full: str, ends: str) -> TinyLake:
    return lake.register(
        "products",
        product_id=product,
        institution_id=institution,
        name=product,
        kind="loan",
        issued_on=dt.date.fromisoformat(full),
        matures_on=dt.date.fromisoformat(ends),
        raised_amount=fen,
    )


def _lent(lake: TinyLake, institution: str, project: str, fen: int, started: str, due: str) -> TinyLake:
    return lake.register(
        "projects",
        project_id=project,
        institution_id=institution,
        principal=fen,
        started_on=dt.date.fromisoformat(started),
        due_on=dt.date.fromisoformat(due),
    )


def test_links(tmp_path: Path) -> None:
    lake = TinyLake(tmp_path)
    for institution in ("I1", "I2"):
        lake = lake.register(
            "institutions",
            institution_id=institution,
            name=f"{institution}信息有限公司",
            sector="p2p",
            licence_status="none",
        )
    # I1 has a register of links: what it leaves out is told by the same sum and term alone
    lake = _sold(lake, "I1", "P1", 100, "2016-03-01", "2016-04-01")
    lake = _sold(lake, "I1", "P2", 200, "2016-03-01", "2016-04-01")
    lake = _lent(lake, "I1", "X1", 100, "2016-03-01", "2016-04-01")
    lake = _lent(lake, "I1", "X2", 200, "2016-03-01", "2016-04-01")
    lake = _sold(lake, "I1", "P3", 399, "2016-03-01", "2016-04-01")  # a sum near to X3's
    lake = _sold(lake, "I1", "P4", 700, "2016-03-01", "2016-04-01")  # the sum of X4, which runs far longer
    lake = _sold(lake, "I1", "P5", 100, "2016-03-01", "2016-04-01")  # the sum of X1, which is P1's
    lake = _lent(lake, "I1", "X3", 400, "2016-03-01", "2016-04-01")
    lake = _lent(lake, "I1", "X4", 700, "2016-03-01", "2016-10-01")
    lake = lake.register("product_projects", product_id="P1", project_id="X1", amount=100)
    # I2 has none: two of one sum are told apart by their terms
    lake = _sold(lake, "I2", "Q1", 300, "2016-03-01", "2016-05-01")
    lake = _sold(lake, "I2", "Q2", 300, "2016-03-02", "2016-04-01")
    lake = _lent(lake, "I2", "Y1", 300, "2016-03-03", "2016-04-01")
    lake = _lent(lake, "I2", "Y2", 300, "2016-03-03", "2016-05-01")
    # the next product of a project that still runs; a plan of two projects; a product nothing fits
    lake = _sold(lake, "I2", "Q3", 300, "2016-04-01", "2016-05-01")
    lake = _sold(lake, "I2", "Q4", 900, "2016-01-10", "2016-02-10")
    lake = _lent(lake, "I2", "Y4", 400, "2016-01-11", "2016-02-10")
    lake = _lent(lake, "I2", "Y5", 500, "2016-01-11", "2016-02-10")
    lake = _sold(lake, "I2", "Q6", 777, "2016-06-01", "2016-07-01")
    con = lake.build()
    found = rows(con, "select product_id, project_id, basis from mart_product_project order by 1, 2")
    assert found == [
        ("P1", "X1", "register"),
        ("P2", "X2", "size"),
        ("Q1", "Y2", "size"),
        ("Q2", "Y1", "size"),
        ("Q3", "Y2", "roll"),
        ("Q4", "Y4", "time"),
        ("Q4", "Y5", "time"),
    ]
    counts = dict(rows(con, "select product_id, projects from mart_product"))
    assert [counts[p] for p in ("P2", "P3", "P4", "P5", "Q4", "Q6")] == [1, 0, 0, 0, 2, 0]
