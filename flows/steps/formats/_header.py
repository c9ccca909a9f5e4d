"""Find the header row and what the lines above it say."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest

from flows.steps.formats._aliases import Alias, normalise_header, worth_of
from flows.steps.formats._guess import Guessing
from flows.steps.formats._values import BLANK

HEAD_ROWS = 400
"""Rows searched for a header; a preamble is never longer."""

_LONGEST_HEADER = 80
_SEVERAL = ("account", "cp_account")
MANY_ROLES = ("remark", "ignored")
_AMOUNTS = ("amount", "debit", "credit")
_SUPPORT = frozenset(
    "balance cp_account cp_name cp_merged cp_bank payer_account payee_account payer_name payee_name remark "
    "reference account direction time currency channel".split()
)
Row = Sequence[str | None]


@dataclass(frozen=True)
class Header:
    """A recognised header: the column of each role.

    ``columns`` maps a role to column indexes, the preferred first (one, but for remarks);
    ``texts`` are the cells as written; ``rows`` is 2 for a header of two rows; ``units`` gives the
    worth in fen of one where it is not a yuan.
    """

    columns: Mapping[str, tuple[int, ...]]
    texts: tuple[str, ...]
    rows: int = 1
    units: Mapping[int, int] = field(default_factory=dict)

    def same_row(self, other: Header) -> bool:
        """Whether another header is this one again."""
        return self.columns == other.columns or (
            self.rows == other.rows and self.texts[: len(other.texts)] == other.texts[: len(self.texts)]
        )

    def first(self, role: str) -> int | None:
        """Return the column of a role, or None."""
        found = self.columns.get(role)
        return found[0] if found else None

    def text(self, role: str) -> str:
        """Return a role's header as written; empty where there is none."""
        index = self.first(role)
        return self.texts[index] if index is not None and index < len(self.texts) else ""

    def moved(self, role: str, to: str) -> Header:
        """Return the header with the columns of one role under another."""
        columns = {to if each == role else each: where for each, where in self.columns.items()}
        return replace(self, columns=columns)

    def in_units_of(self, worth: int) -> Header:
        """Return the header with a unit that stands above the table, for columns that name none."""
        if worth == 100:
            return self
        money = {i for role in (*_AMOUNTS, "balance") for i in self.columns.get(role, ())}
        plain = {i: worth for i in money if not re.search(r"[(（].*[元分][)）]|元$", self.texts[i])}
        return replace(self, units={**plain, **self.units})

    def described(self) -> tuple[tuple[str, str], ...]:
        """Each column as written with the role it was taken for, up to the last that has either."""
        role_of = {index: role for role, indexes in self.columns.items() for index in indexes}
        told = [(text, role_of.get(i, "")) for i, text in enumerate(self.texts)]
        while told and told[-1] == ("", ""):
            told.pop()
        return tuple(told)


def find_header(
    rows: Sequence[Row], aliases: Mapping[str, tuple[Alias, ...]], *, guessing: bool = True
) -> tuple[int, Header] | None:
    """Return the index of the first header row among `rows` and what it says, or None.

    Columns that the table does not name are told from their parts (:mod:`_guess`), first beside
    known ones, and in a second pass alone (`guessing`; a text cut at the wrong delimiter must not
    be understood before the right one was tried).
    """
    found = _find_header(rows, aliases)
    if found is None:
        return _find_header(rows, Guessing(aliases, besides=True)) if guessing else None
    index, header = found
    if header.rows == 1:
        fuller = match_header(rows[index], Guessing(aliases))
        if fuller is not None and all(
            fuller.columns.get(r, ())[:1] == c[:1]
            for r, c in header.columns.items()
            if r not in ("date", "time", "other_date") or not _only_a_time(header, aliases)
        ):
            header = fuller
        header = _with_translation(header, rows[index + 1 : index + 2], aliases)
    return index, header


def _only_a_time(header: Header, aliases: Mapping[str, tuple[Alias, ...]]) -> bool:
    """Whether the column taken for the date may as well hold the time of day (``入账时间``)."""
    return any(alias.role == "time" for alias in aliases.get(normalise_header(header.text("date")), ()))


def _with_translation(
    header: Header, below: Sequence[Row], aliases: Mapping[str, tuple[Alias, ...]]
) -> Header:
    """Take a second header row along that names the same columns in another language."""
    other = match_header(below[0], Guessing(aliases)) if below else None
    if other is None or other.texts == header.texts:
        return header
    shared = header.columns.keys() & other.columns.keys()
    if len(shared) < 3 or any(header.columns[role][0] != other.columns[role][0] for role in shared):
        return header
    taken = {i for each in header.columns.values() for i in each}
    more = {
        role: each
        for role, each in other.columns.items()
        if role not in header.columns and not taken & set(each)
    }
    texts = tuple(f"{a} {b}".strip() for a, b in zip_longest(header.texts, other.texts, fillvalue=""))
    return Header({**header.columns, **more}, texts, 2, {**other.units, **header.units})


def _find_header(rows: Sequence[Row], aliases: Mapping[str, tuple[Alias, ...]]) -> tuple[int, Header] | None:
    next_dated = bool(rows) and _names_a_date(rows[0], aliases)
    for index, row in enumerate(rows[:HEAD_ROWS]):
        dated = next_dated
        header = match_header(row, aliases) if dated else None
        if header is not None:
            grouped = _with_row_above(header, rows[index - 1], row, aliases) if index else None
            if grouped is not None:
                return index - 1, grouped
            return index, _with_second_row(header, rows[index : index + 2], aliases)
        if index + 1 == len(rows):
            break
        next_dated = _names_a_date(rows[index + 1], aliases)
        if not (dated or next_dated):
            continue
        follows = rows[index + 1]
        if any(re.search("[0-9]{3}", text) for text in _filled(follows)):
            continue  # cells, not names
        if len(_filled(row)) >= 2 and match_header(follows, aliases) is None:
            header = _match_two_rows(row, follows, aliases)
            if header is not None:
                return index, header
    return None


def _with_second_row(header: Header, rows: Sequence[Row], aliases: Mapping[str, tuple[Alias, ...]]) -> Header:
    """Take the row below along when it divides a column of the header (``发生额`` into 借方 and 贷方)."""
    below = _filled(rows[1]) if len(rows) > 1 else []
    if (
        not below
        or any(re.search("[0-9]", text) for text in below)
        or 2 * sum(bool(aliases.get(normalise_header(text))) for text in below) < len(below)
        or (match_header(rows[1], aliases) and not _fill_each_other(rows[0], rows[1]))
    ):
        return header
    both = _match_two_rows(rows[0], rows[1], aliases)
    return both if both is not None and len(both.columns) > len(header.columns) else header


def _with_row_above(
    header: Header, above: Row, row: Row, aliases: Mapping[str, tuple[Alias, ...]]
) -> Header | None:
    """Take the row above along where it says whose names these are, or names columns that this row leaves blank.

    Below ``对方信息`` an ``账号`` is the other side's; ``余额`` may stand in the upper row of two alone, its cell
    merged with the one below. None where it says nothing of the kind, or would make the day or the amounts
    other columns.
    """
    over = _filled(above)
    sided = any(pattern.search(text) for pattern, _ in _SIDES for text in over)
    if len(over) < 2 or not (sided or _fill_each_other(above, row)):
        return None
    if any(re.search("[0-9:：]", text) for text in over):
        return None
    both = _match_two_rows(above, row, aliases)
    if both is None or any(both.columns.get(r, ())[:1] != header.columns.get(r, ())[:1] for r in _SAME):
        return None
    if header.columns.get("balance", ())[:1] not in ((), both.columns.get("balance", ())[:1]):
        return None
    return both if both.columns.keys() - header.columns.keys() else None


def _fill_each_other(top: Row, sub: Row) -> bool:
    """Whether two rows are one header with merged cells: each has names where the other has none."""
    pairs = [
        (bool((a or "").strip(BLANK)), bool((b or "").strip(BLANK)))
        for a, b in zip_longest(top, sub, fillvalue=None)
    ]
    return (True, False) in pairs and (False, True) in pairs


_SAME = ("date", *_AMOUNTS)


def _names_a_date(row: Row, aliases: Mapping[str, tuple[Alias, ...]]) -> bool:
    return any(
        alias.role == "date"
        for cell in row
        if cell and len(cell) <= _LONGEST_HEADER
        for alias in aliases.get(normalise_header(cell), ())
    )


def match_header(row: Row, aliases: Mapping[str, tuple[Alias, ...]]) -> Header | None:
    """Take a row for a header, if it has a date, an amount and a column that supports them."""
    texts = tuple((cell or "").strip(BLANK) for cell in row)
    if sum(1 for text in texts if text) < 3:
        return None
    return _assign(texts, [aliases.get(normalise_header(text), ()) if text else () for text in texts], 1)


def _match_two_rows(top: Row, sub: Row, aliases: Mapping[str, tuple[Alias, ...]]) -> Header | None:
    """Two-row headers: ``发生额`` above ``借方`` and ``贷方``; merged cells leave gaps that carry over."""
    above = ""
    texts: list[str] = []
    found: list[tuple[Alias, ...]] = []
    for i in range(max(len(top), len(sub))):
        upper = ((top[i] if i < len(top) else None) or "").strip(BLANK)
        lower = ((sub[i] if i < len(sub) else None) or "").strip(BLANK)
        carried = upper or (above if lower else "")
        above = upper or above
        meanings = (aliases.get(normalise_header(each), ()) for each in _both(carried, lower, upper) if each)
        texts.append(f"{upper} {lower}".strip())
        found.append(next((each for each in meanings if each), ()))
    if not any((cell or "").strip(BLANK) for cell in sub) or sum(map(bool, found)) < 4:
        return None
    return _assign(tuple(texts), found, 2)


def _both(carried: str, lower: str, upper: str) -> tuple[str, ...]:
    """What a column of a header of two rows may be called.

    Below ``对方信息`` an ``账号`` is the other side's: alone it would be taken for the holder's own.
    """
    side = next((prefix for pattern, prefix in _SIDES if pattern.search(carried.casefold())), None)
    if side is not None and lower:
        return carried + lower, side + lower
    return carried + lower, lower + carried, lower, upper


_SIDES = (
    (re.compile("对方|对手|对端|往来|counterpart|opposite|other party"), "对方"),
    (re.compile("付款|payer|ordering"), "付款人"),
    (re.compile("收款|payee|beneficiary"), "收款人"),
)


def _assign(texts: tuple[str, ...], found: Sequence[tuple[Alias, ...]], rows: int) -> Header | None:
    best: dict[str, list[tuple[int, int]]] = {}
    for index, meanings in enumerate(found):
        for alias in meanings:
            best.setdefault(alias.role, []).append((alias.rank, index))
    for options in best.values():
        options.sort()
    columns = {
        role: tuple(index for _, index in (options if role in MANY_ROLES else options[:1]))
        for role, options in best.items()
        if not role.startswith("title_")
    }
    columns = _settle_shared(columns, best)
    columns.update(_twice(columns, best, texts))
    for role in _SEVERAL:  # a card beside the account: one is read where the other is empty
        if role in best and not (role == "account" and _named_twice(best, texts, role)):
            columns[role] = tuple(
                index for rank, index in best[role] if rank <= 2 or index == columns[role][0]
            )
    if "date" not in columns or not any(role in columns for role in _AMOUNTS):
        return None
    if not _SUPPORT & columns.keys() or len({i for each in columns.values() for i in each}) < 3:
        return None
    units = {i: worth for i, text in enumerate(texts) if (worth := worth_of(text)) != 100}
    return Header(columns, texts, rows, units)


def _named_twice(
    best: Mapping[str, Sequence[tuple[int, int]]], texts: Sequence[str], role: str
) -> int | None:
    """Return the second of two columns of one name in a role, or None."""
    places = sorted(index for _, index in best.get(role, ()))
    if len(places) == 2 and normalise_header(texts[places[0]]) == normalise_header(texts[places[1]]):
        return places[1]
    return None


def _twice(
    columns: Mapping[str, tuple[int, ...]],
    best: Mapping[str, Sequence[tuple[int, int]]],
    texts: Sequence[str],
) -> Mapping[str, tuple[int, ...]]:
    """Where 账号 stands twice and nothing names the other side, the second is the other side's; so with 户名."""
    if any(role.startswith(("cp_", "payer_", "payee_")) for role in columns):
        return {}
    second = _named_twice(best, texts, "account")
    if second is None:
        return {}
    name = _named_twice(best, texts, "holder")
    found: dict[str, tuple[int, ...]] = {"cp_account": (second,)}
    if name is not None:
        found["cp_name"] = (name,)
    return found


def _settle_shared(
    columns: dict[str, tuple[int, ...]], best: Mapping[str, Sequence[tuple[int, int]]]
) -> dict[str, tuple[int, ...]]:
    """One column, one role: ``交易时间`` is the time beside a date column, else the date itself."""
    date, time = columns.get("date"), columns.get("time")
    if date and time and date == time:
        others = [index for _, index in best["time"] if index != date[0]]
        if others:
            columns["time"] = (others[0],)
        else:
            del columns["time"]
    taken = {i for role, each in columns.items() if role not in MANY_ROLES for i in each}
    for role in MANY_ROLES:
        if role in columns:
            columns[role] = tuple(i for i in columns[role] if i not in taken)
    # a transaction date beside the booking date: its time of day holds only when the days agree
    later = [index for _, index in best.get("date", ()) if date and index != date[0]]
    if later and later[0] not in taken:
        columns["other_date"] = (later[0],)
    return {role: each for role, each in columns.items() if each}


def _filled(row: Row) -> list[str]:
    return [text for text in ((cell or "").strip(BLANK) for cell in row) if text]


def account_in_name(name: str) -> str | None:
    """Return the one account number that a file's name holds; None when none or several."""
    runs = re.findall(r"(?<![0-9])[0-9]{9,32}(?![0-9])", name)
    moment = r"20[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{4,9}"
    runs = [run for run in dict.fromkeys(runs) if not re.fullmatch(moment, run)]
    return runs[0] if len(runs) == 1 else None
