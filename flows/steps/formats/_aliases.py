"""The header-alias table: which column header means which role.

Shipped as ``header_aliases.csv`` beside this module (``role,rank,headers``; headers separated by
``|``; a lower rank is preferred when two columns claim one role). An office adds its own rows in
further files of the same shape; a header there overrides the shipped one.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path

import opencc

from flows.steps.errors import ConfigurationError

_BRACKETED = re.compile(r"[\[［【][^\]］】]*[\]］】]")
_UNIT = re.compile(
    r"\([+-]?(?:人民币)?(?:百万元|万元|千元|元|分|cny|rmb|yuan|单位:?(?:人民币)?(?:[万千]?元|分))\)"
    r"|[/_]?(?:万元|千元|元)(?=\(|$)|人民币元$"
)
_ASIDE = re.compile(r"\([^()]*\)|<[^<>]*>|《[^》]*》")
_FOREIGN = re.compile(r"[a-z][a-z.'&/_-]*(?:[0-9])?")
_HAN = re.compile(r"[\u3400-\u9fff]")
_SPACE = re.compile(r"[\s\u200b\ufeff]+")
_TAIL = re.compile(r"[:：*#.。;；,，]+$")


@dataclass(frozen=True)
class Alias:
    """What a header means, and how much it is preferred (1 first)."""

    role: str
    rank: int


@lru_cache(maxsize=16_384)
def normalise_header(text: str) -> str:
    """Bring a header to the form in which it is looked up.

    Width, case, spaces, units in brackets (``(元)``), a trailing colon and the second language of a
    bilingual header (``交易日期[ Transaction Date ]``) go.
    """
    plain = unicodedata.normalize("NFKC", text)
    without = _BRACKETED.sub("", plain)
    if not without.strip():  # the whole header stood in brackets
        without = plain.strip().strip("[]【】")
    folded = _SPACE.sub("", without).casefold()
    return _TAIL.sub("", _UNIT.sub("", folded)).replace("帐", "账")


def named(text: str, table: Mapping[str, tuple[Alias, ...]]) -> tuple[Alias, ...]:
    """Return what a table says of a header in any of its spellings; empty where it is silent."""
    return next((found for each in spellings(normalise_header(text)) if (found := table.get(each, ()))), ())


@lru_cache(maxsize=16_384)
def spellings(folded: str) -> tuple[str, ...]:
    """Return what a normalised header may be looked up as, the header itself first.

    Then without what stands in brackets (``支出(withdrawal)``), its Chinese alone (``余额/balance``), the
    other language alone, and in simplified characters.

    Examples
    --------
    >>> spellings("余额/balance")
    ('余额/balance', '余额', 'balance')
    """
    found = [folded, _ASIDE.sub("", folded)]
    if _HAN.search(folded):
        bare = _ASIDE.sub("", folded)
        found.append(_FOREIGN.sub("", bare).strip("/|-_.()"))
        found.append("".join(re.findall(r"[a-z/.'_-]+", folded)).strip("/.-'"))
    found += [simplified for each in found if _HAN.search(each) and (simplified := _simplify(each)) != each]
    return tuple(dict.fromkeys(each for each in found if each))


@lru_cache(maxsize=1)
def _converter() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


def _simplify(text: str) -> str:
    return str(_converter().convert(text)).replace("帐", "账")


_WORTHS = (("亿元", 10_000_000_000), ("百万元", 100_000_000), ("万元", 1_000_000), ("千元", 100_000))


def worth_of(text: str) -> int:
    """Return what one is worth in fen under a header: 100 but where it names 分, 千元, 万元 or more."""
    for unit, worth in _WORTHS:
        if unit in text:
            return worth
    return 1 if re.search(r"[(（](?:单位[:：]?)?(?:人民币)?分[)）]", text) else 100


@lru_cache(maxsize=8)
def load_aliases(extra: tuple[Path, ...] = ()) -> Mapping[str, tuple[Alias, ...]]:
    """Read the shipped table and the user's own.

    Returns
    -------
    mapping
        Normalised header → its meanings (a header may serve two roles, e.g. ``交易时间``).

    Raises
    ------
    ConfigurationError
        A user's table cannot be read or lacks a column.
    """
    table: dict[str, tuple[Alias, ...]] = {}
    shipped = resources.files("flows.steps.formats").joinpath("header_aliases.csv").read_text("utf-8")
    _add(table, shipped.splitlines(), "header_aliases.csv", replace=False)
    for path in extra:
        try:
            lines = path.read_text("utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(
                f"The header-alias table {path} cannot be read ({type(error).__name__}): save it as UTF-8 CSV."
            ) from error
        own: dict[str, tuple[Alias, ...]] = {}
        _add(own, lines, str(path), replace=False)
        table.update(own)
    return table


def _add(table: dict[str, tuple[Alias, ...]], lines: Sequence[str], name: str, *, replace: bool) -> None:
    reader = csv.DictReader(lines)
    if reader.fieldnames is None or not {"role", "headers"} <= set(reader.fieldnames):
        raise ConfigurationError(f"The header-alias table {name} needs the columns role, rank, headers.")
    for row in reader:
        role, rank = (row["role"] or "").strip(), int(row.get("rank") or 1)
        for header in (row["headers"] or "").split("|"):
            key = normalise_header(header)
            if not key:
                continue
            known = () if replace else table.get(key, ())
            if all(alias.role != role for alias in known):
                table[key] = (*known, Alias(role, rank))
