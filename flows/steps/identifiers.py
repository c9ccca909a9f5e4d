"""Check digits of Chinese identifiers. A failed check is a data-quality warning, never a rejection.

Sources: USCC GB 32100-2015 (ISO 7064 MOD 31-3), citizen identity number GB 11643-1999 (ISO 7064
MOD 11-2), CNAPS bank code (ISO 7064 MOD 11,10). Whole columns at a time.
"""

from __future__ import annotations

import polars as pl

_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECK = "10X98765432"


def valid_uscc(codes: pl.Series) -> pl.Series:
    """Unified social credit codes (统一社会信用代码): true, false, or null where there is no code."""
    values = {letter: value for value, letter in enumerate(_USCC_ALPHABET)}
    frame = pl.DataFrame({"s": codes.str.to_uppercase().str.strip_chars()})
    digits = [
        pl.col("s").str.slice(i, 1).replace_strict(values, default=None, return_dtype=pl.Int64)
        for i in range(18)
    ]
    total = pl.sum_horizontal([digit * weight for digit, weight in zip(digits, _USCC_WEIGHTS, strict=False)])
    shaped = (pl.col("s").str.len_chars() == 18) & pl.all_horizontal(
        [digit.is_not_null() for digit in digits]
    )
    good = shaped & ((31 - total % 31) % 31 == digits[17])
    return frame.select(pl.when(pl.col("s").is_not_null()).then(good.fill_null(False)))["s"]


def valid_identity_number(numbers: pl.Series) -> pl.Series:
    """Citizen identity numbers (身份证号), 18 digits; 15-digit ones of before 1999 have no check."""
    frame = pl.DataFrame({"s": numbers.str.to_uppercase().str.strip_chars()})
    digits = [pl.col("s").str.slice(i, 1).cast(pl.Int64, strict=False) for i in range(17)]
    total = pl.sum_horizontal([digit * weight for digit, weight in zip(digits, _ID_WEIGHTS, strict=True)])
    check = (total % 11).replace_strict(dict(enumerate(_ID_CHECK)), default=None, return_dtype=pl.String)
    good = pl.col("s").str.contains(r"^[0-9]{17}[0-9X]$") & (check == pl.col("s").str.slice(17, 1))
    old = pl.col("s").str.contains(r"^[0-9]{15}$")
    return frame.select(pl.when(pl.col("s").is_not_null()).then((good | old).fill_null(False)))["s"]


def valid_cnaps(codes: pl.Series) -> pl.Series:
    """CNAPS bank codes (行号), 12 digits of which the last is the check digit."""
    text = codes.str.strip_chars()
    product = pl.Series([10], dtype=pl.Int64).new_from_index(0, len(text))
    for i in range(11):  # a step at a time: as one expression each step would be evaluated twice over
        value = (product + text.str.slice(i, 1).cast(pl.Int64, strict=False)) % 10
        product = value.set((value == 0).fill_null(False), 10) * 2 % 11
    last = text.str.slice(11, 1).cast(pl.Int64, strict=False)
    good = text.str.contains(r"^[0-9]{12}$") & ((product + last) % 10 == 1)
    return pl.DataFrame({"s": text, "good": good}).select(
        pl.when(pl.col("s").is_not_null()).then(pl.col("good").fill_null(False))
    )["good"]
