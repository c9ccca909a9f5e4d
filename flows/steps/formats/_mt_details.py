"""What an MT940 ``:86:`` tells about the other side, in the three ways banks write it.

* structured: a transaction code, then ``?00`` booking text, ``?20``-``?29`` and ``?60``-``?63`` remark, ``?30``
  bank, ``?31`` account, ``?32``-``?33`` name;
* keyed: ``/NAME/…/IBAN/…/REMI/…`` (``ACCT`` or ``ACNO`` where there is no IBAN; also ``/CNTP/account/bank/name/``);
* free text: all of it is the remark.
"""

from __future__ import annotations

import polars as pl

_SUBFIELDS = r"^\s*(?:\d{3})?\s*([?<>~])\d\d"
_KEYS = (
    r"/(?:TRTP|CSID|NAME|MARF|REMI|IBAN|BIC|EREF|CNTP|ORDP|BENM|KREF|PREF|RTRN|TRCD|ISDT|UDTR|ULTD|ULTC|PURP|ACCW|"
    r"CDTRREF[A-Z]*|INST|ID|SVCL|ACCT|ACNO|BANK|BKNM|RMRK|OCMT|CHGS|ADDR|ISSR|EXCH)/"
)


def account_number(field: pl.Expr) -> pl.Expr:
    """Return the account of a ``:25:``: without bank code before a slash or currency behind."""
    plain = field.str.strip_chars().str.replace(r"^.*/", "").str.replace(r"\s*\(?[A-Z]{3}\)?$", "")
    plain = plain.str.replace_all(r"\s", "")
    return pl.when(plain.str.contains(r"^[A-Za-z0-9*.-]+$")).then(plain)


def booking_text(info: pl.Expr) -> pl.Expr:
    """Return the booking text ``?00`` (the channel)."""
    return _filled(_subfield(_marked(info), "00"))


def reference(customer: pl.Expr, bank: pl.Expr) -> pl.Expr:
    """Return the customer's reference, or the bank's where that says there is none."""
    own = customer.str.strip_chars()
    given = pl.when((own.str.len_chars() > 0) & ~own.is_in(["NONREF", "NOTPROVIDED", "EREF"])).then(own)
    return pl.coalesce(given, _filled(bank))


def counterparty(info: pl.Expr) -> dict[str, pl.Expr]:
    """Return the columns counterparty_account, counterparty_name, counterparty_bank."""
    marked, keyed = _marked(info), _keyed(info)
    parts = _key(keyed, "CNTP").str.split("/")
    return {
        "counterparty_account": pl.coalesce(
            _filled(_subfield(marked, "31")),
            _key(keyed, "IBAN"),
            _key(keyed, "ACCT"),
            _key(keyed, "ACNO"),
            _filled(parts.list.get(0, null_on_oob=True)),
        ),
        "counterparty_name": pl.coalesce(
            _filled(pl.concat_str([_subfield(marked, "32"), _subfield(marked, "33")], ignore_nulls=True)),
            _key(keyed, "NAME"),
            _filled(parts.list.get(2, null_on_oob=True)),
        ),
        "counterparty_bank": pl.coalesce(
            _filled(_subfield(marked, "30")),
            _key(keyed, "BIC"),
            _key(keyed, "BANK"),
            _key(keyed, "BKNM"),
            _filled(parts.list.get(1, null_on_oob=True)),
        ),
    }


def remark(info: pl.Expr, extra: pl.Expr) -> pl.Expr:
    """Return the remark: the subfields for it, the key for it, or the whole text."""
    marked, keyed = _marked(info), _keyed(info)
    kept = marked.str.replace(r"^[^\x1f]*", "").str.replace_all(r"\x1f(?:[013-57-9]\d|6[4-9])[^\x1f]*", "")
    structured = _filled(kept.str.replace_all(r"\x1f\d\d", ""))
    free = pl.when(marked.is_null() & keyed.is_null()).then(info.str.replace_all("\n", ""))
    return pl.coalesce(
        structured,
        _key(keyed, "REMI"),
        _key(keyed, "RMRK"),
        _filled(free),
        _filled(extra.str.replace_all("\n", "")),
    )


def _marked(info: pl.Expr) -> pl.Expr:
    """Return the text with its subfields marked by U+001F; null when it has none.

    Lines are folded at a fixed width, so they are joined without a space.
    """
    joined = info.str.replace_all("\n", "")
    separator = joined.str.extract(_SUBFIELDS)
    return (
        pl.when(separator == "?")
        .then(joined.str.replace_all(r"\?(\d\d)", "\x1f$1"))
        .when(separator.is_not_null())
        .then(joined.str.replace_all(r"[<>~](\d\d)", "\x1f$1"))
    )


def _keyed(info: pl.Expr) -> pl.Expr:
    joined = info.str.replace_all("\n", "")
    return pl.when(joined.str.contains("^" + _KEYS)).then(joined.str.replace_all(_KEYS, "\x1f$0"))


def _subfield(marked: pl.Expr, number: str) -> pl.Expr:
    return marked.str.extract(rf"\x1f{number}([^\x1f]*)")


def _key(keyed: pl.Expr, key: str) -> pl.Expr:
    return _filled(keyed.str.extract(rf"\x1f/{key}/([^\x1f]*)").str.strip_suffix("/"))


def _filled(text: pl.Expr) -> pl.Expr:
    stripped = text.str.strip_chars()
    return pl.when(stripped.str.len_chars() > 0).then(stripped)
