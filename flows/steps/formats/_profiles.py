"""Profile files: what an office says of a layout that cannot be told from its content.

A profile is a TOML file written by ``lookthrough profile FILE`` and mended by hand::

    [match]                      # to which files it applies; both must fit when both are given
    file = "账户明细_*.csv"       # pattern of the file's name
    contains = "某某农商行"       # a text in its first rows

    [read]                       # every entry may be left out
    account = "6222…"            # also holder, bank, currency
    day_first = true             # 03/04/2016 is 3 April
    delimiter = "|"
    encoding = "gb18030"
    header_row = 5               # 0: there is no header row, columns are given by number
    direction = "in"             # or "out": of amounts without a sign, flag or second column

    [columns]                    # role = the header's text, or the column's number from 1
    date = "发生日"
    amount = 7

    [direction]                  # flags beyond the usual words
    in = ["1"]
    out = ["2"]
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Any

from flows.steps.errors import ConfigurationError
from flows.steps.formats._aliases import Alias, load_aliases, normalise_header
from flows.steps.formats._header import Header, account_in_name
from flows.steps.formats._understanding import Understanding
from flows.steps.formats.protocol import ReadOptions, Source

ROLES = frozenset(alias.role for each in load_aliases().values() for alias in each if alias.rank) - {
    "ignored"
}
_READ = {
    "account": str, "holder": str, "bank": str, "currency": str, "day_first": bool, "delimiter": str,
    "encoding": str, "header_row": int, "direction": str,
}  # fmt: skip


@dataclass(frozen=True)
class Profile:
    """One profile file (see the module)."""

    path: Path
    file: str | None = None
    contains: str | None = None
    account: str | None = None
    holder: str | None = None
    bank: str | None = None
    currency: str | None = None
    day_first: bool | None = None
    delimiter: str | None = None
    encoding: str | None = None
    header_row: int | None = None
    direction: str | None = None
    columns: Mapping[str, str | int] = field(default_factory=dict)
    signs: Mapping[str, int] = field(default_factory=dict)

    def header(self) -> Header | None:
        """The header of a file that has no header row: columns by number."""
        if self.header_row != 0:
            return None
        numbers = {role: (number - 1,) for role, number in self.columns.items() if isinstance(number, int)}
        width = max((each[0] for each in numbers.values()), default=-1) + 1
        return Header(numbers, ("",) * width, rows=0)


@lru_cache(maxsize=64)
def load_profile(path: Path) -> Profile:
    """Read a profile file.

    Raises
    ------
    ConfigurationError
        It is no TOML, or has an entry that no profile has.
    """
    try:
        given = tomllib.loads(path.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"The profile {path} cannot be read: {error}") from error
    unknown = set(given) - {"match", "read", "columns", "direction"}
    unknown |= set(_table(given, "match", path)) - {"file", "contains"}
    unknown |= set(_table(given, "read", path)) - set(_READ)
    unknown |= set(_table(given, "columns", path)) - ROLES
    unknown |= set(_table(given, "direction", path)) - {"in", "out"}
    if unknown:
        raise ConfigurationError(
            f"The profile {path} has entries that no profile has: {', '.join(sorted(unknown))}"
        )
    read = _table(given, "read", path)
    for name, value in read.items():
        if not isinstance(value, _READ[name]):
            raise ConfigurationError(f"The profile {path}: {name} must be {_READ[name].__name__}.")
    if read.get("direction", "") not in ("", "in", "out"):
        raise ConfigurationError(f'The profile {path}: direction must be "in" or "out".')
    columns = _table(given, "columns", path)
    if read.get("header_row") == 0 and not all(
        isinstance(value, int) and value > 0 for value in columns.values()
    ):
        raise ConfigurationError(f"The profile {path}: without a header row, columns are numbers from 1.")
    match, direction = _table(given, "match", path), _table(given, "direction", path)
    signs = {str(flag): sign for way, sign in (("in", 1), ("out", -1)) for flag in direction.get(way, ())}
    filled = {name: value for name, value in read.items() if value != ""}
    return Profile(
        path, match.get("file") or None, match.get("contains") or None, columns=columns, signs=signs, **filled
    )


def _table(given: Mapping[str, Any], name: str, path: Path) -> dict[str, Any]:
    table = given.get(name, {})
    if not isinstance(table, dict):
        raise ConfigurationError(f"The profile {path}: [{name}] must be a table.")
    return table


def profile_for(source: Source, options: ReadOptions, rows: Sequence[str]) -> Profile | None:
    """Return the first profile (by path) that applies to a file whose first rows read `rows`."""
    for path in sorted(_files(options.profiles)):
        each = load_profile(path)
        if each.file is None and each.contains is None:
            continue
        if each.file is not None and not fnmatchcase(source.name, each.file):
            continue
        if each.contains is not None and not any(each.contains in row for row in rows):
            continue
        return each
    return None


def _files(paths: Sequence[Path]) -> list[Path]:
    return [file for path in paths for file in (path.glob("*.toml") if path.is_dir() else (path,))]


def profile_aliases(options: ReadOptions, profile: Profile | None) -> Mapping[str, tuple[Alias, ...]]:
    """The header-alias table with a profile's columns before all others."""
    aliases = load_aliases(tuple(options.aliases))
    if profile is None or not profile.columns:
        return aliases
    own = {
        normalise_header(text): (Alias(role, 0),)
        for role, text in profile.columns.items()
        if isinstance(text, str)
    }
    return {**aliases, **own}


def understanding(source: Source, profile: Profile | None) -> Understanding:
    """What is known of a file before it is read: from its profile, else from its name."""
    if profile is None:
        return Understanding(account=account_in_name(source.name))
    return Understanding(
        day_first=profile.day_first,
        signs=profile.signs,
        account=profile.account or account_in_name(source.name),
        own_account=profile.account,
        holder=profile.holder,
        bank=profile.bank,
        currency=profile.currency,
        way={"in": 1, "out": -1}.get(profile.direction or ""),
        inverted=False if profile.signs else None,
    )
