"""Which way the money went: a bank's flag, checked against its balances before it is believed.

On the account holder's statement 借 (debit) is money out and 贷 (credit) money in. Codes that mean
one thing at one bank and the opposite at another (1 and 2) are told by the balance chain alone.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import polars as pl

_IN = (
    "贷 贷方 收 收入 收款 进 进账 入 入账 转入 存入 存 来账 收方 贷记 贷cr 贷(cr) 贷(收) 贷(收入) 收(贷) 收入(贷) 收(收入) "
    "c cr cr. crdt credit cred in i + 收到 转存 流入 汇入 贷c c贷 收进 income 02收 deposit haben h 加 来款 到账 入金 增加 增 收讫"
).split()
_OUT = (
    "借 借方 付 支出 付款 支 出 出账 付出 转出 支取 取 往账 付方 借记 借dr 借(dr) 借(付) 借(支出) 付(借) 支出(借) 付(支出) "
    "d dr dr. dbit debit deb out o - 支付 取出 流出 汇出 借d d借 expense 01付 "
    "withdrawal soll s 减 扣款 出金 减少 扣 转支 划出 下账"
).split()
_SIGNS = {**dict.fromkeys(_IN, 1), **dict.fromkeys(_OUT, -1)}
_CODES = {"1": 1, "2": 2, "0": 1, "01": 1, "02": 2}

MIN_PAIRS = 4
"""Balances compared before they may overrule or settle a flag's meaning."""


_IN_LETTERS, _OUT_LETTERS = frozenset("贷收入进存增来"), frozenset("借付支出取减扣往")
_LONGEST_WORD = 6


def flag_sign(flags: pl.Series) -> pl.Series:
    """Return +1 for money in, -1 for money out, null for what the vocabulary does not hold."""
    folded = _folded(flags)
    sign = folded.replace_strict(_SIGNS, default=None, return_dtype=pl.Int8)
    strange = folded.filter(sign.is_null()).drop_nulls().unique()
    if not len(strange) or len(strange) > 100:
        return sign
    meant = {word: way for word in strange.to_list() if (way := _meant(word)) is not None}
    if not meant:
        return sign
    return sign.fill_null(folded.replace_strict(meant, default=None, return_dtype=pl.Int8))


def _meant(word: str) -> int | None:
    """A flag of several parts (``1-贷``, ``C(贷)``, ``【收】``): its Chinese, if all of it points one way."""
    letters = "".join(re.findall(r"[\u4e00-\u9fff]", word))
    if not letters or len(letters) > _LONGEST_WORD:
        return None
    if letters in _SIGNS:
        return _SIGNS[letters]
    into, out = bool(_IN_LETTERS & set(letters)), bool(_OUT_LETTERS & set(letters))
    return None if into == out else 1 if into else -1


def signs_in_header(header: str) -> dict[str, int]:
    """Return what a header says of its codes: ``借贷标志(1-借 2-贷)``; empty where it does not say both."""
    plain = unicodedata.normalize("NFKC", header)
    pairs = re.findall(r"([0-9A-Za-z]{1,2})\s*[-:=为.]?\s*(借|贷|收|付|进|出|支)", plain)
    signs = {code: _SIGNS[word] for code, word in pairs}
    return signs if len(set(signs.values())) == 2 else {}


def flag_code(flags: pl.Series) -> pl.Series:
    """Return 1 or 2 for numeric flags (0/1 and 1/2), null for anything else.

    With 0 in the column the codes are 0 and 1, so 1 is the second of the two.
    """
    folded = _folded(flags).str.replace(r"\.0$", "")
    codes = folded.replace_strict(_CODES, default=None, return_dtype=pl.Int8)
    if (folded == "0").any():
        return folded.replace_strict({"0": 1, "1": 2}, default=None, return_dtype=pl.Int8)
    return codes


def _folded(flags: pl.Series) -> pl.Series:
    plain = flags.str.replace_many(["（", "）", "－", "＋"], ["(", ")", "-", "+"])
    return plain.str.replace_all(r"[\s/:：]", "").str.to_lowercase()


@dataclass(frozen=True)
class ChainFit:
    """How many neighbouring balances agree with the signs as given, and with the opposite signs."""

    pairs: int
    straight: int
    inverted: int

    @property
    def clearly_straight(self) -> bool:
        """The balances confirm the signs."""
        return self.pairs >= MIN_PAIRS and self.straight >= 0.8 * self.pairs and self.straight > self.inverted

    @property
    def clearly_inverted(self) -> bool:
        """The balances say that the signs are the wrong way round."""
        return (
            self.pairs >= MIN_PAIRS
            and self.inverted >= 0.8 * self.pairs
            and self.straight <= 0.4 * self.pairs
        )


def fit_chain(account: pl.Series, amount: pl.Series, sign: pl.Series, balance: pl.Series) -> ChainFit:
    """Compare each balance with its neighbour's in the same account, in both orders of listing.

    The better of oldest-first and newest-first counts, for the signs as given and for their
    opposites. Rows without a balance are left out. O(n log n).
    """
    frame = pl.DataFrame({"k": account, "a": amount, "s": sign.cast(pl.Int64), "b": balance}).filter(
        pl.all_horizontal(pl.all().is_not_null()) & (pl.col("a") != 0)
    )
    if frame.height < 2:
        return ChainFit(0, 0, 0)
    move = pl.col("a") * pl.col("s")
    before = pl.col("b").shift(1).over("k")
    earlier = move.shift(1).over("k")
    step = pl.col("b") - before
    counts = frame.select(
        pairs=before.is_not_null().sum(),
        old=(step == move).sum(),
        new=(step == -earlier).sum(),
        old_inverted=(step == -move).sum(),
        new_inverted=(step == earlier).sum(),
    ).row(0)
    pairs, old, new, old_inverted, new_inverted = (int(each or 0) for each in counts)
    return ChainFit(pairs, max(old, new), max(old_inverted, new_inverted))
