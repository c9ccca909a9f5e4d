"""What the columns of a table probably hold, told by their cells alone: proposals for a profile.

Nothing is read by it: where no header says what a column is, a person has to confirm what this proposes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from flows.steps.formats._dates import parse_clock, parse_moments
from flows.steps.formats._direction import flag_code, flag_sign
from flows.steps.formats._short_dates import in_order
from flows.steps.formats._sides import told_by_balances
from flows.steps.formats._values import clean, clean_account, parse_fen

_MOST = 0.6
_NEARLY_ALL = 0.8
_MANY_DIGITS = r"^[0-9][0-9* -]{7,}[0-9]$"
_MONEY = r"^[-+(]?[￥¥]?[0-9][0-9,]*(?:\.[0-9]{1,2})?[)-]?$"


@dataclass(frozen=True)
class Proposal:
    """Row of the header from 0 (None: there is none) and the column of each role from 0."""

    header: int | None
    columns: dict[str, int]


def propose(rows: Sequence[Sequence[str | None]]) -> Proposal | None:
    """Propose roles for the columns of a table; None where no column holds dates beside amounts.

    Parameters
    ----------
    rows : sequence of rows
        The first rows, any preamble included.
    """
    width = max((len(row) for row in rows), default=0)
    frame = pl.DataFrame(
        {f"c{i}": [row[i] if i < len(row) else None for row in rows] for i in range(width)},
        schema={f"c{i}": pl.String for i in range(width)},
    ).select(clean(pl.all()))
    dates = {
        i: at for i in range(width) if (at := parse_moments(*in_order(frame[f"c{i}"]))["at"]).count() >= 2
    }
    if not dates:
        return None
    day = max(dates, key=lambda i: (dates[i].count(), -i))
    body = dates[day].is_not_null()
    first = int(body.arg_true()[0])
    cells, at = frame.filter(body), dates[day].filter(body)
    columns = {"date": day, **_others(cells, at, {day})}
    if not {"amount", "debit", "credit"} & columns.keys():
        return None
    above = [text for text in rows[first - 1] if text] if first else []
    named = len(above) >= 0.7 * len(columns) and not any(re.search("[0-9]", text) for text in above)
    return Proposal(first - 1 if named else None, columns)


def _others(cells: pl.DataFrame, at: pl.Series, taken: set[int]) -> dict[str, int]:
    found: dict[str, int] = {}
    free = [i for i in range(cells.width) if i not in taken and cells[f"c{i}"].count()]
    for i in free:
        column = cells[f"c{i}"]
        few = column.n_unique() <= 4 and column.count() >= _NEARLY_ALL * len(column)
        known = flag_sign(column).count() + flag_code(column).count()
        if "direction" not in found and few and known >= _NEARLY_ALL * len(column):
            found["direction"] = i
        elif "time" not in found and _share(column, parse_clock(column)) and _looks_like_clock(column):
            found["time"] = i
    found |= _money(cells, at, [i for i in free if i not in found.values()])
    for i in free:
        column = cells[f"c{i}"]
        if i in found.values():
            continue
        digits = column.str.contains(_MANY_DIGITS).sum() >= _MOST * column.count()
        if digits and column.n_unique() == 1 and column.count() == len(column):
            found.setdefault("account", i)
        elif digits:
            found.setdefault("cp_account", i)
        elif column.str.contains(r"\p{Han}").sum() >= _MOST * column.count():
            names = column.str.contains(r"公司|商行|银行|合作社|厂$|店$|^\p{Han}{2,4}$").sum()
            named = names >= _MOST * column.count() and "cp_name" not in found
            found.setdefault("cp_name" if named else "remark", i)
    return found


def _share(column: pl.Series, read: pl.Series) -> bool:
    return read.count() >= _NEARLY_ALL * max(column.count(), 1)


def _looks_like_clock(column: pl.Series) -> bool:
    return (
        column.str.contains(r"^[0-9]{1,2}:[0-9]{2}|^[0-9]{5,6}$|[时上下]").sum()
        >= _NEARLY_ALL * column.count()
    )


def _money(cells: pl.DataFrame, at: pl.Series, free: Sequence[int]) -> dict[str, int]:
    """Amount and balance are the two columns of which one moves by the other."""
    sums = {
        i: parse_fen(cells[f"c{i}"])
        for i in free
        if cells[f"c{i}"].str.contains(_MONEY).sum() >= _MOST * cells[f"c{i}"].count()
        and not (cells[f"c{i}"].str.contains(_MANY_DIGITS).sum() >= _MOST * cells[f"c{i}"].count())
    }
    if not sums:
        return {}
    account = pl.Series(["x"]).new_from_index(0, cells.height)
    best: tuple[int, dict[str, int]] = (0, {})
    for b, balance in sums.items():
        for a, amount in sums.items():
            if a == b:
                continue
            told = told_by_balances(account, at, amount.abs(), balance, None)
            if (score := told.count()) > best[0]:
                best = score, {"amount": a, "balance": b}
            for c, other in sums.items():
                if c in (a, b) or ((amount.fill_null(0) != 0) & (other.fill_null(0) != 0)).any():
                    continue
                both = amount.fill_null(0) - other.fill_null(0)
                way = told_by_balances(account, at, both.abs(), balance, None)
                if int((way == both.sign()).sum()) > best[0]:
                    best = int((way == both.sign()).sum()), {"credit": a, "debit": c, "balance": b}
    if best[1]:
        return best[1]
    return {"amount": next(iter(sums))}


def own_numbers(rows: Sequence[Sequence[str | None]]) -> list[str]:
    """Long numbers above a table: one of them may be its account."""
    cells = pl.Series([cell for row in rows for cell in row if cell], dtype=pl.String)
    found = clean_account(cells).str.extract_all(r"[0-9]{9,32}").explode().drop_nulls()
    return found.unique(maintain_order=True).to_list()
