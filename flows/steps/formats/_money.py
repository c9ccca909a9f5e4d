"""How much, and which way: amounts by sign, by column or by flag, held against the balances."""

from __future__ import annotations

import polars as pl

from flows.steps.formats._cells import Cells, nulls
from flows.steps.formats._direction import fit_chain, flag_code, flag_sign, signs_in_header
from flows.steps.formats._sides import (
    FEW_UNSIGNED,
    MIN_UNSIGNED,
    UNSIGNED,
    carries_signs,
    fill_from_balances,
    signed_and_flagged,
    signs_of_a_card,
    speak_of_payments,
    told_by_balances,
    two_columns,
)
from flows.steps.formats._understanding import Understanding
from flows.steps.formats._values import POWER, clean_account


def amounts(
    cells: Cells, known: Understanding, account: pl.Series
) -> tuple[pl.Series, pl.Series, pl.Series, pl.Series]:
    """Return fen (signed where the file signs it), sign, reason code and the text of the amount."""
    n = cells.height
    nothing = nulls(n, pl.String())
    if cells.has("debit") or cells.has("credit"):
        both = cells.has("debit") and cells.has("credit")
        if both or not cells.has("amount"):
            return _two_columns(cells, account)
    amount, text = cells.fen("amount"), cells.role("amount")
    bad = (text.is_not_null() & amount.is_null()).fill_null(False)
    code = nothing.scatter(bad.arg_true(), "amount") if bad.any() else nothing
    code = _powers(code, text)
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


def _two_columns(cells: Cells, account: pl.Series) -> tuple[pl.Series, pl.Series, pl.Series, pl.Series]:
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
    return got["amount"], got["sign"], _powers(got["code"], got["text"]), got["text"]


def _powers(code: pl.Series, text: pl.Series) -> pl.Series:
    """Name the reason where an amount that cannot be read is a power of ten."""
    unread = code == "amount"
    if not unread.any():
        return code
    power = (unread & text.str.contains(POWER)).fill_null(False)
    return code.scatter(power.arg_true(), "amount_power") if power.any() else code


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


def settle_direction(
    cells: Cells,
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
                return settle_direction(
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
    cells: Cells,
    known: Understanding,
    account: pl.Series,
    at: pl.Series,
    amount: pl.Series,
    sign: pl.Series,
    balance: pl.Series,
) -> pl.Series:
    """An amount with neither flag nor second column: believed by its signs, else by the balances."""
    if known.way is None and known.way_by_title is not None and not (amount < 0).any():
        known.way = known.way_by_title
        known.notes.append(
            "the sheet's title says that all of it is money " + ("in" if known.way > 0 else "out")
        )
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
        texts = [*cells.all("channel"), *cells.all("remark")]
        if known.inverted is None and not cells.has("balance") and signs_of_a_card(amount, texts):
            known.inverted = True
            known.notes.append("purchases stand without a minus and repayments with one: read as a card's")
        return sign
    return told_by_balances(account, at, amount.abs(), balance, known.opening_fen)
