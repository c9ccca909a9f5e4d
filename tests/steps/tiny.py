"""A landing zone small enough to run many times: one platform, one honest peer, a few weeks."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

CUSTODY, OWN, PEER = "9101000000000000001", "9102000000000000002", "9103000000000000003"
WEEK, LATER = "2016-W23", "2016-W24"


def write(path: Path, head: str, rows: list[tuple[object, ...]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(head.split(","))
        writer.writerows(rows)


def registers(landing: Path) -> None:
    write(
        landing / "0_registers/institutions.csv",
        "institution_id,name,sector,licence_status,district,business_scope",
        [
            ("A1", "盘锦甲网络借贷信息有限公司", "p2p", "filed", "大洼区", "网络借贷信息中介"),
            (
                "A2",
                '=HYPERLINK("http://evil.example","乙<script>alert(1)</script>有限公司")',
                "other",
                "none",
                "盘山县",
                "财富管理;金融服务",
            ),
        ],
    )
    write(
        landing / "0_registers/accounts.csv",
        "account_no,account_type,bank_name,holder_name,institution_id",
        [
            (CUSTODY, "custody", "辽滨银行", "盘锦甲网络借贷信息有限公司", "A1"),
            (OWN, "own", "辽滨银行", "盘锦甲网络借贷信息有限公司", "A1"),
            (PEER, "own", "中岳银行", "乙有限公司", "A2"),
        ],
    )
    write(
        landing / "0_registers/products.csv",
        "product_id,institution_id,name,kind,promised_yield,term_days,issued_on,matures_on",
        [("P1", "A1", "甲一号", "loan", "0.10", 180, "2016-05-01", "2016-11-01")],
    )
    write(
        landing / "0_registers/subscriptions.csv",
        "subscription_id,product_id,investor_id,investor_name,investor_account,amount,subscribed_on",
        [
            (f"S{k:03d}", "P1", f"C{k}", f"客户{k}", f"62280000000000{k:05d}", 10_000 + 100 * k, "2016-05-09")
            for k in range(40)
        ],
    )


def statements(landing: Path, folder: str, first: dt.date, days: int) -> None:
    """Lines of `days` days from `first`: clients pay into custody and own accounts, costs go out."""
    rows: list[tuple[object, ...]] = []
    for d in range(days):
        day = first + dt.timedelta(days=d)
        for k in range(8):
            n = (d * 8 + k) % 40
            account = OWN if k % 4 == 0 else CUSTODY
            rows.append(
                (
                    account,
                    f"{day} 09:{k:02d}:00",
                    "in",
                    f"{10_000 + 100 * n}.00",
                    "CNY",
                    f"62280000000000{n:05d}",
                    f"客户{n}",
                    "投资款",
                )
            )
        rows.append(
            (
                OWN,
                f"{day} 17:00:00",
                "out",
                f"{500 + d}.50",
                "CNY",
                "9109000000000000009",
                "盘锦物业管理有限公司",
                "房租",
            )
        )
        rows.append(
            (PEER, f"{day} 12:00:00", "in", "88.00", "CNY", "9109000000000000008", "某某商店", "=1+1")
        )
    rows.append((PEER, f"{first} 13:00:00", "in", "5.00", "USD", "", "x", "外币"))
    write(
        landing / folder / "lines.csv",
        "account_no,booked_at,direction,amount,currency,counterparty_account,counterparty_name,remark",
        rows,
    )


def landing(folder: Path, *, later: bool = False) -> Path:
    """Write the delivery; with `later`, that of the next week too."""
    registers(folder)
    statements(folder, "1_first", dt.date(2016, 5, 9), 33)
    (folder / "1_first/photo.jpg").write_bytes(b"\xff\xd8\xff\xe0junk")
    if later:
        statements(folder, "2_second", dt.date(2016, 6, 13), 6)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder by its relative path."""
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }
