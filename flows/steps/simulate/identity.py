"""Names, numbers and identifiers for the sample delivery; valid by their check digits, real by nobody."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable

SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦许何吕张孔曹严金魏陶姜谢邹喻柏水窦章云苏潘葛"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂文辉玲建华波斌宇浩凯"
PLACES = ("盘锦", "营口", "锦州", "鞍山", "大洼", "辽阳")
SYLLABLES = "恒通达信诚泰安华融汇盛源鼎瑞嘉和顺正邦兴"

_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


class Identities:
    """Draws names and numbers from one seeded generator, none of them twice."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._taken: set[str] = set()

    def _fresh(self, make: Callable[[], str]) -> str:
        while True:
            value = make()
            if value not in self._taken:
                self._taken.add(value)
                return value

    def person(self) -> str:
        """Name of a natural person."""
        rng = self._rng
        return rng.choice(SURNAMES) + "".join(rng.choice(GIVEN) for _ in range(rng.choice((1, 2, 2))))

    def company(self, trade: str) -> str:
        """Name of a company in a line of business, as ``盘锦恒通商贸有限公司``."""
        rng = self._rng
        return self._fresh(
            lambda: (
                rng.choice(PLACES)
                + "".join(rng.sample(SYLLABLES, rng.choice((2, 2, 3))))
                + trade
                + "有限公司"
            )
        )

    def resident_id(self) -> str:
        """18-digit resident identity number with its check digit."""
        rng = self._rng

        def make() -> str:
            born = dt.date(1955, 1, 1) + dt.timedelta(days=rng.randrange(15000))
            body = f"2111{rng.choice(('02', '03', '04', '22'))}{born:%Y%m%d}{rng.randrange(1000):03d}"
            return body + "10X98765432"[sum(int(c) * w for c, w in zip(body, _ID_WEIGHTS, strict=True)) % 11]

        return self._fresh(make)

    def uscc(self) -> str:
        """18-character unified social credit code (GB 32100, MOD 31-3)."""
        rng = self._rng

        def make() -> str:
            body = "91211100MA" + "".join(rng.choice(_USCC_ALPHABET) for _ in range(7))
            total = sum(_USCC_ALPHABET.index(c) * w for c, w in zip(body, _USCC_WEIGHTS, strict=True))
            return body + _USCC_ALPHABET[(31 - total % 31) % 31]

        return self._fresh(make)

    def account(self, bank_code: str, corporate: bool) -> str:
        """Account number: 15 to 17 digits for a firm, a 19-digit card for a person (Luhn)."""
        rng = self._rng
        if corporate:
            return self._fresh(
                lambda: bank_code[:3] + "".join(rng.choice("0123456789") for _ in range(rng.choice((12, 14))))
            )

        def make() -> str:
            body = "62" + bank_code[:3] + "".join(rng.choice("0123456789") for _ in range(13))
            total = 0
            for place, digit in enumerate(reversed(body)):
                value = int(digit) * (2 if place % 2 == 0 else 1)
                total += value - 9 if value > 9 else value
            return body + str(-total % 10)

        return self._fresh(make)


def cnaps(bank: int, branch: int) -> str:
    """12-digit CNAPS code of a Panjin branch (city 2320), check digit ISO 7064 MOD 11,10."""
    body = f"{bank:03d}2320{branch:04d}"
    product = 10
    for digit in body:
        total = (product + int(digit)) % 10 or 10
        product = total * 2 % 11
    return body + str((11 - product) % 10)
