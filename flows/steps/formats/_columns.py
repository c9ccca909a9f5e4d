"""The columns of a recognised table into dates, amounts, directions and parties."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl

from flows.steps.formats._direction import fit_chain, flag_code, flag_sign, signs_in_header
from flows.steps.formats._header import Header
from flows.steps.formats._parties import holds_accounts, own_account, split_party
from flows.steps.formats._short_dates import (
    OPEN_ORDER,
    dotted,
    has_short_years,
    hinted_order,
    leaves_order_open,
    spell_years,
)
from flows.steps.formats._sides import (
    FEW_UNSIGNED,
    MIN_UNSIGNED,
    UNSIGNED,
    carries_signs,
    fill_from_balances,
    signed_and_flagged,
    signed_balance,
    speak_of_payments,
    told_by_balances,
    two_columns,
)
from flows.steps.formats._sums import CARRIED_WORDS, SUM_WORDS
from flows.steps.formats._values import (
    BLANK,
    SCIENTIFIC,
    clean,
    clean_account,
    clean_columns,
    guess_day_first,
    half_width,
    has_decimal_comma,
    parse_clock,
    parse_fen,
    parse_moments,
)

_CNY = frozenset(
    "人民币 cny rmb 156 01 1 001 人民币元 元 ¥ ￥ cny人民币 人民币cny cny-人民币 rmb人民币 cnh 10 人民币(cny) 本币 renminbi 钞".split()
)
_FAILED = r"(?i)失败|未成功|不成功|已撤销|撤销|已冲销|交易关闭|已关闭|已取消|取消|退票失败|拒绝|fail|reject|cancel|void"
_FAILED_EXACT = ("否", "N", "n", "F", "f", "false", "FALSE", "False")


@dataclass
class Understanding:
    """What is decided once a table (from a profile or from its first rows) and then holds.

    Attributes
    ----------
    day_first : bool or None
        Order of dates such as ``20/06/2016``.
    signs : mapping
        Meaning of flags beyond the vocabulary: flag text to +1 (in) or -1 (out).
    code_in : int or None
        Which of the two numeric codes is money in (1 the first, 2 the second); None is not yet told.
    inverted : bool
        The balances say that the usual meaning is the wrong way round here.
    account, holder, bank, currency : str or None
        Of the whole file, where neither column nor preamble names them.
    own_account : str or None
        The account as the user's profile gives it: it goes before the preamble.
    way : int or None
        Where the profile says that all of the file is money in (+1) or out (-1).
    signed : bool or None
        Whether a lone amount column carries signs; None is not yet told.
    success : str or None
        The numeric code of transactions that did not fail.
    opening_fen : int or None
        Balance before the first line, where the file names it.
    lost_counterparties : int
        Counterparty accounts that a spreadsheet turned into a power of ten.
    told_by_balances : int
        Rows without a flag whose direction the balances prove.
    notes : list of str
        Decisions in plain words.
    """

    day_first: bool | None = None
    signs: Mapping[str, int] = field(default_factory=dict)
    code_in: int | None = None
    inverted: bool | None = None
    account: str | None = None
    holder: str | None = None
    bank: str | None = None
    currency: str | None = None
    own_account: str | None = None
    way: int | None = None
    signed: bool | None = None
    success: str | None = None
    opening_fen: int | None = None
    lost_counterparties: int = 0
    told_by_balances: int = 0
    notes: list[str] = field(default_factory=list)


@dataclass
class ParsedRows:
    """Rows with their reading: ``record``, ``cells``, ``is_line``, ``code`` and the line's columns."""

    frame: pl.DataFrame

    def lines(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The columns of a statement line for accepted rows."""
        return frame.select(
            "account_no", "booked_at", "has_time", "direction", "amount_fen",
            pl.lit("CNY").alias("currency"), "balance_after_fen", "counterparty_account",
            "counterparty_name", "counterparty_bank", "remark", "reference", "channel",
            "holder_name", "bank_name", pl.col("record").alias("source_record"),
        )  # fmt: skip


def _nulls(height: int, dtype: pl.DataType) -> pl.Series:
    return pl.Series("x", [], dtype=dtype).extend_constant(None, height)


_MONEY = ("amount", "debit", "credit", "balance")

_UNREAD = ("ignored", "failure", "cp_id", "cp_bank_code", "value_date")
"""Roles that are known, so that no one is warned of them, and not read."""


class _Cells:
    """Cleaned columns of one chunk by role."""

    def __init__(self, frame: pl.DataFrame, header: Header) -> None:
        self.header = header
        self.height = frame.height
        self._raw = frame
        used = (each for role, each in header.columns.items() if role not in _UNREAD)
        wanted = sorted({i for each in used for i in each if f"c{i}" in frame.columns})
        self._clean = _unmarked(clean_columns(frame.select([f"c{i}" for i in wanted])))

    def column(self, index: int | None) -> pl.Series:
        name = f"c{index}"
        return self._clean[name] if name in self._clean.columns else _nulls(self.height, pl.String())

    def role(self, role: str) -> pl.Series:
        return self.column(self.header.first(role))

    def all(self, role: str) -> list[pl.Series]:
        return [self.column(i) for i in self.header.columns.get(role, ())]

    def has(self, role: str) -> bool:
        return role in self.header.columns

    @property
    def lone_amount(self) -> bool:
        """Whether neither a flag nor a second column nor the parties say which way the money went."""
        sides = self.has("debit") + self.has("credit")
        if sides == 2 or (sides and not self.has("amount")):
            return False
        return not any(self.has(role) for role in ("direction", "payer_account", "payee_account"))

    def flags(self) -> pl.Series:
        """The direction column; a minus in it is a flag where others are a plus, not an empty cell."""
        flags = self.role("direction")
        if not (flags == "+").any():
            return flags
        return flags.fill_null(self._raw[f"c{self.header.first('direction')}"].str.strip_chars(BLANK))

    @cached_property
    def _comma(self) -> bool:
        """Whether the money columns write a decimal comma: one tells for all."""
        return has_decimal_comma([self.role(role) for role in _MONEY if self.has(role)])

    def fen(self, role: str) -> pl.Series:
        index = self.header.first(role)
        worth = self.header.units.get(index, 100) if index is not None else 100
        return parse_fen(self.column(index), worth, self._comma)


def _unmarked(cells: pl.DataFrame) -> pl.DataFrame:
    """Leave out the mark (`` ` `` or ``'``) that some write before every cell to keep it a text."""
    if cells.is_empty():
        return cells
    first = [text for text in cells.row(0) if text]
    mark = first[0][0] if first else ""
    if mark not in "`'" or not mark or len(first) < 3 or any(not text.startswith(mark) for text in first):
        return cells
    return cells.with_columns(pl.all().str.strip_prefix(mark)).select(clean(pl.all()))


def parse_columns(
    frame: pl.DataFrame, header: Header, titles: Mapping[str, str], known: Understanding
) -> ParsedRows:
    """Read every row of `frame` under `header`; ``is_line`` marks those that are transactions."""
    cells = _Cells(frame, header)
    if _is_the_other_side(cells, titles):
        header = header.moved("account", "cp_account")
        if "cp_name" not in header.columns:
            header = header.moved("holder", "cp_name")
        cells = _Cells(frame, header)
    n = frame.height
    at, timed = _moments(cells, known)
    account = _account(cells, titles, known)
    if known.opening_fen is None and "title_opening" in titles:
        known.opening_fen = parse_fen(pl.Series([titles["title_opening"]], dtype=pl.String))[0]
    amount, sign, amount_code, amount_text = _amounts(cells, known, account)
    balance = cells.fen("balance")
    if cells.has("balance_side"):
        balance = signed_balance(balance, flag_sign(cells.role("balance_side")), account, amount, sign)
    sign = _settle_direction(cells, known, account, at, amount, sign, balance)
    party = _parties(cells, sign, known)
    currency = cells.role("currency")
    title_currency = titles.get("currency") or known.currency
    foreign = _foreign(currency, title_currency, n)
    status = _failed(cells, known)
    date_text = cells.role("date")
    zero = (amount == 0).fill_null(False) & at.is_not_null() & amount_code.is_null()
    total = _sums(cells, amount, party)
    code = pl.DataFrame(
        {
            "at": at,
            "dt": date_text,
            "ac": amount_code,
            "am": amount,
            "sg": sign,
            "acc": account,
            "fo": foreign,
        }
    ).select(
        pl.when(pl.col("at").is_null())
        .then(
            pl.when(pl.col("dt").str.contains(OPEN_ORDER))
            .then(pl.lit("date_order"))
            .otherwise(pl.lit("date"))
        )
        .when(pl.col("ac").is_not_null())
        .then(pl.col("ac"))
        .when(pl.col("am").is_null())
        .then(pl.lit("no_amount"))
        .when(pl.col("acc").str.contains(SCIENTIFIC))
        .then(pl.lit("account_scientific"))
        .when(pl.col("acc").is_null())
        .then(pl.lit("account"))
        .when(pl.col("acc").str.len_chars() < 6)
        .then(pl.lit("account_tail"))
        .when(pl.col("fo"))
        .then(pl.lit("currency"))
        .when((pl.col("sg").is_null()) & (pl.col("am") != 0))
        .then(pl.lit("unsigned" if cells.lone_amount else "direction"))
        .otherwise(None)
        .alias("code")
    )["code"]
    out = pl.DataFrame(
        {
            "record": frame["record"],
            "cells": frame["cells"],
            "code": code,
            "date_text": date_text,
            "amount_text": amount_text,
            "is_status": status,
            "is_zero": zero & ~total,
            "is_total": total,
            "account_no": account,
            "booked_at": at,
            "has_time": timed,
            "direction": sign.replace_strict({1: "in", -1: "out"}, default=None, return_dtype=pl.String),
            "amount_fen": amount.abs(),
            "balance_after_fen": balance,
            "counterparty_account": party[0],
            "counterparty_name": party[1],
            "counterparty_bank": party[2],
            "remark": _remark(cells),
            "reference": cells.role("reference"),
            "channel": cells.role("channel"),
            "holder_name": _or_title(cells.role("holder"), titles.get("holder") or known.holder),
            "bank_name": _or_title(cells.role("own_bank"), titles.get("own_bank") or known.bank),
        }
    )
    return ParsedRows(
        out.with_columns(
            is_line=pl.col("code").is_null() & ~pl.any_horizontal("is_status", "is_zero", "is_total")
        )
    )


_DISTINCT = 3


def _is_the_other_side(cells: _Cells, titles: Mapping[str, str]) -> bool:
    """Whether a column called just ``账号`` holds the counterparties': the preamble names another account."""
    own = titles.get("account")
    if not own or not cells.has("account") or cells.has("cp_account") or cells.has("cp_merged"):
        return False
    values = clean_account(cells.role("account")).drop_nulls()
    number = clean_account(pl.Series([own]))[0]
    held = cells.role("holder").drop_nulls().n_unique() if cells.has("holder") else 0
    several = values.n_unique() >= (2 if held > 1 else max(_DISTINCT, 0.3 * len(values)))
    return several and not (values == number).any() and bool(values.str.contains("[0-9]{6}").any())


def _sums(cells: _Cells, amount: pl.Series, party: tuple[pl.Series, pl.Series, pl.Series]) -> pl.Series:
    """Rows of which a text says that they are a total or a balance carried on; they name no other side."""
    found = pl.Series([False]).new_from_index(0, cells.height)
    alone = party[0].is_null() & party[1].is_null()
    texts = [*cells.all("remark"), *cells.all("channel"), *cells.all("reference")]
    if not texts or not alone.any():
        return found
    some = pl.DataFrame([each.filter(alone).alias(str(i)) for i, each in enumerate(texts)])
    moved = (amount.filter(alone) != 0).fill_null(False)
    said = some.select(
        pl.any_horizontal(pl.all().str.contains(SUM_WORDS))
        | (~moved & pl.any_horizontal(pl.all().str.contains(CARRIED_WORDS)))
    ).to_series()
    return found.scatter(alone.arg_true(), said.fill_null(False))


def _or_title(column: pl.Series, title: str | None) -> pl.Series:
    return column.fill_null(title) if title else column


def _moments(cells: _Cells, known: Understanding) -> tuple[pl.Series, pl.Series]:
    text = cells.role("date")
    text = _ordered(text, cells, known)
    moments = parse_moments(text, known.day_first)
    at, timed = moments["at"], moments["timed"]
    timed = _unless_midnight(at, timed)
    if cells.has("time"):
        seconds = parse_clock(cells.role("time"))
        if cells.has("other_date"):
            other = parse_moments(cells.role("other_date"), known.day_first)["at"]
            apart = (other.dt.date() != at.dt.date()).fill_null(False)
            seconds = seconds.set(apart, None)
        use = ~timed & seconds.is_not_null()
        with_clock = (at.dt.truncate("1d").cast(pl.Int64) + seconds.fill_null(0) * 1_000_000).cast(
            pl.Datetime("us")
        )
        at = at.zip_with(~use, with_clock)
        timed = timed | use
    return at, _unless_midnight(at, timed) & at.is_not_null()


def _ordered(text: pl.Series, cells: _Cells, known: Understanding) -> pl.Series:
    """Find out, where a date leaves it open, which part is the year and which the day."""
    if not leaves_order_open(text):
        return text
    short = has_short_years(text)
    if known.day_first is None:
        header = cells.header.text("date")
        told = (hinted_order(header), guess_day_first(text), True if dotted(text) and not short else None)
        known.day_first = next((each for each in told if each is not None), None)
    return spell_years(text, known.day_first) if short else text


def _unless_midnight(at: pl.Series, timed: pl.Series) -> pl.Series:
    """Midnight throughout is no time of day: a spreadsheet or a program filled it in."""
    clocks = at.filter(timed & at.is_not_null()).dt.time().cast(pl.Int64)
    return timed & False if len(clocks) and (clocks == 0).all() else timed


def _account(cells: _Cells, titles: Mapping[str, str], known: Understanding) -> pl.Series:
    if cells.has("account"):
        first, *others = [clean_account(each) for each in cells.all("account")]
        for other in others:
            first = _or_other(first, other)
        tail = first.str.len_chars() < 6
        title = titles.get("account") or known.account
        if title and (tail.fill_null(True)).all():
            return pl.Series([clean_account(pl.Series([title]))[0]], dtype=pl.String).new_from_index(
                0, cells.height
            )
        return first
    text = known.own_account or titles.get("account") or known.account
    value = clean_account(pl.Series([text], dtype=pl.String))[0] if text else None
    if value is None and cells.has("payer_account") and cells.has("payee_account"):
        known.account = own_account(
            clean_account(cells.role("payer_account")), clean_account(cells.role("payee_account"))
        )
        if known.account is not None:
            known.notes.append("the account is the one that pays or is paid in every row")
        value = known.account
    return pl.Series([value], dtype=pl.String).new_from_index(0, cells.height)


def _or_other(first: pl.Series, other: pl.Series) -> pl.Series:
    """Take another column's number where the first is empty or no more than a number's end."""
    wanting = first.is_null() | (first.str.len_chars() < 6)
    better = wanting & (other.str.len_chars().fill_null(0) > first.str.len_chars().fill_null(0))
    return first.zip_with(~better, other) if better.any() else first


def _amounts(
    cells: _Cells, known: Understanding, account: pl.Series
) -> tuple[pl.Series, pl.Series, pl.Series, pl.Series]:
    """Return fen (signed where the file signs it), sign, reason code and the text of the amount."""
    n = cells.height
    nothing = _nulls(n, pl.String())
    if cells.has("debit") or cells.has("credit"):
        both = cells.has("debit") and cells.has("credit")
        if both or not cells.has("amount"):
            return _two_columns(cells, account)
    amount, text = cells.fen("amount"), cells.role("amount")
    bad = (text.is_not_null() & amount.is_null()).fill_null(False)
    code = nothing.scatter(bad.arg_true(), "amount") if bad.any() else nothing
    if cells.has("direction"):
        sign = signed_and_flagged(amount, _flags(cells.flags(), known, cells.header.text("direction")))
        return amount, sign, code, text
    if cells.has("payer_account") or cells.has("payee_account"):
        payer, payee = clean_account(cells.role("payer_account")), clean_account(cells.role("payee_account"))
        out, into = (payer == account).fill_null(False), (payee == account).fill_null(False)
        frame = pl.DataFrame({"o": out, "i": into}).select(
            pl.when(pl.col("o") & ~pl.col("i"))
            .then(-1)
            .when(pl.col("i") & ~pl.col("o"))
            .then(1)
            .otherwise(None)
        )
        return amount, frame.to_series().cast(pl.Int8), code, text
    return amount, amount.sign().cast(pl.Int8), code, text


def _two_columns(cells: _Cells, account: pl.Series) -> tuple[pl.Series, pl.Series, pl.Series, pl.Series]:
    got = two_columns(
        pl.DataFrame(
            {
                "d": cells.fen("debit"),
                "c": cells.fen("credit"),
                "dt": cells.role("debit"),
                "ct": cells.role("credit"),
            }
        ),
        account,
        lambda: cells.fen("balance"),
    )
    return got["amount"], got["sign"], got["code"], got["text"]


def _flags(flags: pl.Series, known: Understanding, header: str) -> pl.Series:
    sign = flag_sign(flags)
    known.signs = known.signs or signs_in_header(header)
    if known.signs:
        own = flags.replace_strict(dict(known.signs), default=None, return_dtype=pl.Int8)
        sign = pl.select(pl.coalesce(own, sign)).to_series()
    if sign.has_nulls():
        codes = flag_code(flags)
        if known.code_in is not None and codes.is_not_null().any():
            mapped = codes.replace_strict({known.code_in: 1}, default=-1, return_dtype=pl.Int8)
            sign = pl.select(pl.coalesce(sign, pl.when(codes.is_not_null()).then(mapped))).to_series()
    return sign


def _settle_direction(
    cells: _Cells,
    known: Understanding,
    account: pl.Series,
    at: pl.Series,
    amount: pl.Series,
    sign: pl.Series,
    balance: pl.Series,
) -> pl.Series:
    """Let the balance chain settle numeric codes and overrule a meaning that it contradicts."""
    size = amount.abs()
    if cells.has("direction") and known.code_in is None and sign.is_null().any():
        codes = flag_code(cells.flags())
        if codes.is_not_null().any():
            trial = codes.replace_strict({1: -1, 2: 1}, default=None, return_dtype=pl.Int8)
            fit = fit_chain(account, size, trial, balance)
            if fit.clearly_straight or fit.clearly_inverted:
                known.code_in = 2 if fit.clearly_straight else 1
                known.notes.append("the balances tell which direction code is money in")
                return _settle_direction(
                    cells,
                    known,
                    account,
                    at,
                    amount,
                    _flags(cells.flags(), known, cells.header.text("direction")),
                    balance,
                )
    if cells.lone_amount:
        sign = _lone_amount(cells, known, account, at, amount, sign, balance)
    if known.inverted is None:
        fit = fit_chain(account, size, sign, balance)
        if fit.clearly_inverted:
            known.inverted = True
            known.notes.append(
                "the balances say that in and out are the other way round in this file: so read"
            )
        elif fit.clearly_straight:
            known.inverted = False
    sign = -sign if known.inverted else sign
    if cells.has("direction") and sign.has_nulls() and cells.has("balance"):
        filled = fill_from_balances(account, size, sign, balance)
        known.told_by_balances += sign.null_count() - filled.null_count()
        return filled
    return sign


def _lone_amount(
    cells: _Cells,
    known: Understanding,
    account: pl.Series,
    at: pl.Series,
    amount: pl.Series,
    sign: pl.Series,
    balance: pl.Series,
) -> pl.Series:
    """An amount with neither flag nor second column: believed by its signs, else by the balances."""
    if known.way is not None:
        return sign * known.way
    filled = int((amount != 0).sum())
    if known.signed is None and filled:
        known.signed = carries_signs(amount, cells.role("amount"), cells.header.text("amount"))
        if not known.signed:
            told = told_by_balances(account, at, amount.abs(), balance, known.opening_fen)
            known.signed = (
                filled < MIN_UNSIGNED
                and not (told == -1).any()
                and not speak_of_payments(cells.all("channel"), cells.all("remark"))
            )
            if not known.signed or told.has_nulls():
                known.notes.append(FEW_UNSIGNED if known.signed else UNSIGNED)
    if known.signed is not False:
        return sign
    return told_by_balances(account, at, amount.abs(), balance, known.opening_fen)


def foreign_currency(text: str | None) -> bool:
    """Whether a currency named above a table is another than CNY."""
    return bool(text) and (text or "").strip().lower() not in _CNY


def _foreign(currency: pl.Series, title: str | None, n: int) -> pl.Series:
    title_foreign = foreign_currency(title)
    distinct = currency.unique().drop_nulls()
    folded = (
        half_width(distinct)
        .str.replace_many(["（", "）"], ["(", ")"])
        .str.to_lowercase()
        .str.replace_all(r"\s", "")
    )
    foreign = distinct.filter(~folded.is_in(sorted(_CNY)))
    if not len(foreign) and not title_foreign:
        return pl.Series([False]).new_from_index(0, n)
    return currency.is_in(foreign.implode()).fill_null(title_foreign)


def _failed(cells: _Cells, known: Understanding) -> pl.Series:
    """Rows that the bank marks as failed: no money moved, so they are no transactions.

    Of codes (``0`` and ``1``, ``00`` and ``01``) that mean one thing at one bank and the opposite at another,
    the commonest stands for success, for hardly a transaction fails; of equally common ones ``1`` and ``00``.
    """
    if not cells.has("status"):
        return pl.Series([False]).new_from_index(0, cells.height)
    status = cells.role("status")
    failed = status.str.contains(_FAILED) | status.is_in(list(_FAILED_EXACT))
    codes = status.str.contains(r"^[0-9]{1,4}$").fill_null(False)
    if not codes.any():
        return failed.fill_null(False)
    if known.success is None:
        number = pl.col("code").cast(pl.Int64)
        found = (
            status.filter(codes)
            .alias("code")
            .value_counts()
            .with_columns(first=pl.when(pl.col("code").str.len_chars() == 1).then(-number).otherwise(number))
        )
        known.success = str(found.sort("count", "first", descending=[True, False])["code"][0])
    return failed.fill_null(False).zip_with(~codes, (status != known.success).fill_null(False))


def _remark(cells: _Cells) -> pl.Series:
    columns = cells.all("remark")
    if not columns:
        return _nulls(cells.height, pl.String())
    columns = [each for each in columns if each.null_count() < len(each)] or columns[:1]
    if len(columns) == 1:
        return columns[0]
    named = [each.alias(f"r{i}") for i, each in enumerate(columns)]
    joined = pl.DataFrame(named).select(
        pl.concat_str([each.name for each in named], separator=" ", ignore_nulls=True)
    )
    return joined.to_series().replace("", None)


def _parties(cells: _Cells, sign: pl.Series, known: Understanding) -> tuple[pl.Series, pl.Series, pl.Series]:
    if cells.has("payer_account") or cells.has("payee_account"):
        out = (sign == -1).fill_null(False)

        def other(part: str) -> pl.Series:
            return cells.role(f"payee_{part}").zip_with(out, cells.role(f"payer_{part}"))

        return clean_account(other("account")), other("name"), other("bank")
    account, *others = [clean_account(each) for each in cells.all("cp_account")] or [
        _nulls(cells.height, pl.String())
    ]
    for each in others:
        account = _or_other(account, each) if account.has_nulls() else account
    name, bank = (
        cells.role("cp_name"),
        cells.role("cp_bank"),
    )
    merged = cells.role("cp_merged") if cells.has("cp_merged") else None
    if merged is None and name.null_count() == len(name) and account.str.contains(r"\p{Han}").any():
        merged, account = account, _nulls(cells.height, pl.String())
    elif merged is None and account.null_count() == len(account) and holds_accounts(name):
        merged, name = name, _nulls(cells.height, pl.String())
    if merged is not None:
        got = split_party(merged)
        account, name, bank = (
            pl.select(pl.coalesce(given, got[part])).to_series()
            for given, part in ((account, "account"), (name, "name"), (bank, "bank"))
        )
    lost = account.str.contains(SCIENTIFIC).fill_null(False)
    if lost.any():
        account = account.set(lost, None)
        known.lost_counterparties += int(lost.sum())
    return account, name, bank
