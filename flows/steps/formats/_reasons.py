"""Why a row is not accepted, and what to do about it: the one list of both."""

from __future__ import annotations

REASONS: dict[str, tuple[str, str]] = {
    "cut": (
        "the row is cut off at the end of the file",
        "ask the bank for the whole file",
    ),
    "date": (
        "the booking date cannot be read",
        "ask the bank for the right date; the row comes in with the mended file",
    ),
    "date_order": (
        "day and month cannot be told apart",
        "say day_first = true or false in a profile (`lookthrough profile`)",
    ),
    "amount": (
        "the amount cannot be read",
        "ask the bank for the right amount; the row comes in with the mended file",
    ),
    "amount_power": (
        "a spreadsheet turned the amount into a power of ten: digits may be lost",
        "ask for the file as the bank exported it, with amounts in full",
    ),
    "no_amount": ("the row has no amount", "ask the bank for the right amount"),
    "both_sides": (
        "both the debit and the credit column hold an amount",
        "ask the bank which of the two is meant",
    ),
    "direction": (
        "the row does not say whether the money went in or out",
        "ask the bank, or give the meaning of the flag in a profile (`lookthrough profile`)",
    ),
    "unsigned": (
        "the amounts carry no sign, and neither a column nor the balances say whether the money went in or out",
        "ask the bank for a column that says so; where all of the file is money in, say "
        'direction = "in" in a profile (`lookthrough profile`)',
    ),
    "account": (
        "the row names no account",
        "ask the bank for the account number, or give it in a profile (`lookthrough profile`)",
    ),
    "account_tail": (
        "only the last digits of the account number are given",
        "give the whole number in a profile (`lookthrough profile`)",
    ),
    "account_scientific": (
        "a spreadsheet turned the account number into a power of ten: its last digits are lost",
        "ask for the file as the bank exported it, with account numbers as text",
    ),
    "currency": (
        "the row is not in CNY",
        "nothing to do: only CNY is traced; the row is kept here",
    ),
    "cells": (
        "the row has more cells than the header: a separator stands inside a text and moves what follows",
        "ask the bank for the file with its texts in quotation marks, or as XLSX",
    ),
    "bytes": (
        "the row holds bytes that are no text in the file's encoding",
        "ask for the file again, saved as UTF-8 by the program that made it",
    ),
    "above": (
        "the row looks like a transaction and stands above the header that names its columns",
        "look at the row; ask the bank for the part of the file that it belongs to",
    ),
    "row": (
        "the row is neither a transaction nor a header, total or note",
        "look at the row; ask the bank when it is a transaction",
    ),
}
"""Reason code to (reason as shown, advice)."""
