"""The official checks of the reserve tables (companion rules C4), by their codes.

A check is a sum of items that must be nought. It is evaluated on a day only where its required
items were delivered; other items of the sum that were not delivered count as nought, as in the
form. Checks over two days need reports on both; where tables come by the week or month, two in a row
stand for them once most such pairs tie, since only then do the tables count the movements between.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True)
class Check:
    """A named check: coefficients of the items of the day, of the day before, and what must be there."""

    code: str
    today: dict[str, int]
    required: tuple[str, ...]
    before: dict[str, int] | None = None


def _f(*numbers: int) -> dict[str, int]:
    return {f"F{n:02d}": 1 for n in numbers}


_X1 = {f"A{n:02d}": 1 for n in range(1, 7)} | {"A10": 1, "B09": 1} | _f(1, 2, 3, 4, 5, 6, 7, 8)
_X2 = {"B04": 1, "B05": 1, "B06": 1, "A14": 1} | {f"G{n:02d}": -1 for n in range(1, 13)}

CHECKS: tuple[Check, ...] = (
    Check("M14=0", {"M14": 1}, ("M14",)),
    Check("M14=M13-M12", {"M14": 1, "M13": -1, "M12": 1}, ("M12", "M13", "M14")),
    Check("X1-X2=L24", _X1 | {k: -v for k, v in _X2.items()} | {"L24": -1}, ("L24", "A01", "B04")),
    Check("L24=M1(T)-M1(T-1)", {"L24": 1, "M1": -1}, ("L24", "M1"), {"M1": 1}),
    Check("L24=L21", {"L24": 1, "L21": -1}, ("L24", "L21")),
    Check("B01=B02+B03", {"B01": 1, "B02": -1, "B03": -1}, ("B01", "B02", "B03")),
    Check("E01(T)=E06(T-1)", {"E01": 1}, ("E01",), {"E06": -1}),
    Check("E02=A01+A07+A11+H02", {"E02": 1, "A01": -1, "A07": -1, "A11": -1, "H02": -1}, ("E02", "A01")),
    Check("E03=B01+B07+I02", {"E03": 1, "B01": -1, "B07": -1, "I02": -1}, ("E03", "B01")),
    Check("E06=E01+E02-E03+E05-E04", {"E06": 1, "E01": -1, "E02": -1, "E03": 1, "E05": -1, "E04": 1}, ("E01", "E02", "E03", "E06")),
    Check("F02+G01=0", {"F02": 1, "G01": 1}, ("F02", "G01")),
    Check("F07+G02=0", {"F07": 1, "G02": 1}, ("F07", "G02")),
    Check("F04+G04=0", {"F04": 1, "G04": 1}, ("F04", "G04")),
    Check("F05+G05=0", {"F05": 1, "G05": 1}, ("F05", "G05")),
    Check("F01=H03", {"F01": 1, "H03": -1}, ("F01", "H03")),
    Check("F08=N3", {"F08": 1, "N3": -1}, ("F08", "N3")),
    Check("G09+I03=0", {"G09": 1, "I03": 1}, ("G09", "I03")),
    Check("H01+H02-H03=H04", {"H01": 1, "H02": 1, "H03": -1, "H04": -1}, ("H01", "H02", "H04")),
    Check("I01+I02-I03=I04", {"I01": 1, "I02": 1, "I03": -1, "I04": -1}, ("I01", "I02", "I04")),
    Check("L8", {"L8": 1, "A02": -1, "A08": -1, "A12": -1, "B03": -1, "B08": -1, "D03": -1}, ("L8",)),
    Check("L9", {"L9": 1, "A07": -1, "A08": -1, "A09": -1, "A04": 1, "A05": 1, "A06": 1}, ("L9", "A07", "A04")),
    Check("L12=B06-(B07+B08+B09)", {"L12": 1, "B06": -1, "B07": 1, "B08": 1, "B09": 1}, ("L12", "B06")),
    Check(
        "L21",
        {
            "L21": 1, "L3": -1, "L4": 1, "L5": -1, "L6": -1, "L7": 1, "L8": -1, "L9": 1, "L10": -1, "L11": -1, "L12": 1,
            "L13": -1, "L14": -1, "L15": 1, "L16": 1, "L17": 1, "L18": 1, "L19": 1, "L20": -1,
        },
        ("L21", "L3", "L4"),
    ),
    Check("M2(T)=M2(T-1)+L13-L16-L17", {"M2": 1, "L13": -1, "L16": 1, "L17": 1}, ("M2", "L13"), {"M2": -1}),
    Check("M3(T)=M3(T-1)+L14-L19", {"M3": 1, "L14": -1, "L19": 1}, ("M3", "L14"), {"M3": -1}),
    Check("M4(T)=M4(T-1)+L8-L15-L18", {"M4": 1, "L8": -1, "L15": 1, "L18": 1}, ("M4", "L8"), {"M4": -1}),
    Check("M5(T)=M5(T-1)+L4-L5", {"M5": 1, "L4": -1, "L5": 1}, ("M5", "L4", "L5"), {"M5": -1}),
    Check("M6(T)=M6(T-1)+L6-L7", {"M6": 1, "L6": -1, "L7": 1}, ("M6", "L6", "L7"), {"M6": -1}),
    Check(
        "M12=M1-M2-M3-M4+M5-M6+J01-J02-J03+J04",
        {"M12": 1, "M1": -1, "M2": 1, "M3": 1, "M4": 1, "M5": -1, "M6": 1, "J01": -1, "J02": 1, "J03": 1, "J04": -1},
        ("M12", "M1", "M2", "M3"),
    ),
    *(
        Check(f"J0{i}(T)=J0{i}(T-1)+L{8 + i}", {f"J0{i}": 1, f"L{8 + i}": -1}, (f"J0{i}", f"L{8 + i}"), {f"J0{i}": -1})
        for i in range(1, 5)
    ),
)  # fmt: skip
"""Checks of C4 whose items the tables may hold."""

MIN_PAIRS = 3
"""Fewest pairs of tables further apart than a day that can show that they count the movements between."""


def item_code(code: str) -> str:
    """The usual spelling of an item: ``m01`` and ``Ｍ1`` are ``M1``, ``A1`` is ``A01``; others stay as they are."""
    plain = unicodedata.normalize("NFKC", code).strip().upper()
    told = re.fullmatch(r"([A-N])0*([0-9]{1,2})", plain)
    if told is None:
        return plain
    letter, number = told.groups()
    return f"{letter}{int(number)}" if letter in "LMN" else f"{letter}{int(number):02d}"


def run_checks(items: pl.DataFrame, tolerance_fen: int) -> pl.DataFrame:
    """Evaluate every check that can be on every day.

    Parameters
    ----------
    items : polars.DataFrame
        ``report_date`` and one column an item, in fen (see `models.typologies._reserve_days.items`).
    tolerance_fen : int
        Differences up to this are none.

    Returns
    -------
    polars.DataFrame
        Failures: ``report_date``, ``check``, ``off_fen`` (signed); sorted.
    """
    schema = {"report_date": pl.Date, "check": pl.String, "off_fen": pl.Int64}
    if items.is_empty():
        return pl.DataFrame(schema=schema)
    have = set(items.columns)
    earlier = items.sort("report_date").with_columns(
        pl.col("report_date").shift(-1), gap=pl.col("report_date").diff().shift(-1).dt.total_days()
    )
    earlier = earlier.drop_nulls("report_date")
    out = []
    for c in CHECKS:
        if not set(c.required) <= have or (c.before and not set(c.before) <= have):
            continue
        frame = items
        total = pl.sum_horizontal([pl.col(k).fill_null(0) * v for k, v in c.today.items() if k in have])
        ready = pl.all_horizontal([pl.col(k).is_not_null() for k in c.required])
        if c.before:
            frame = items.join(
                earlier.select("report_date", "gap", *[pl.col(k).alias(f"{k}_before") for k in c.before]),
                on="report_date",
                how="inner",
            )
            total = total + pl.sum_horizontal([pl.col(f"{k}_before") * v for k, v in c.before.items()])
            ready = ready & pl.all_horizontal([pl.col(f"{k}_before").is_not_null() for k in c.before])
            apart = frame.filter(ready & (pl.col("gap") > 1)).select(total.abs() <= tolerance_fen).to_series()
            if apart.len() < MIN_PAIRS or not apart.sum() > apart.len() / 2:
                ready = ready & (pl.col("gap") == 1)
        out.append(
            frame.filter(ready)
            .select("report_date", pl.lit(c.code).alias("check"), total.cast(pl.Int64).alias("off_fen"))
            .filter(pl.col("off_fen").abs() > tolerance_fen)
        )
    return pl.concat(out).sort("report_date", "check") if out else pl.DataFrame(schema=schema)
