"""What the lines above a table say: the account, its holder, the unit, control totals.

Banks write it as ``账号：6222…``, ``账号`` beside its value, ``账号 6222… 户名 甲公司`` in one cell,
``【账号】6222…``, ``账号=[6222…]``, several pairs in one cell, or as a small table of its own.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence

from flows.steps.formats._aliases import Alias, named, normalise_header
from flows.steps.formats._values import BLANK

Row = Sequence[str | None]

_TITLES = frozenset(
    "account holder currency own_bank title_opening title_closing title_debit_total title_credit_total "
    "title_count title_debit_count title_credit_count".split()
)
_KEYED = re.compile(
    r"([^:：=,，;；|\t]{1,40}?)\s*[:：=]\s*([^:：=|\t]*?)"
    r"(?=(?:[\s,，;；|]+[^:：=\s,，;；|]{1,20}\s*[:：=])|\s*[|\t]|$)"
)
_MARKED = re.compile(r"^[【\[]([^】\]]{1,20})[】\]]\s*([^\s【\[].*)$")
_OTHERS = re.compile(
    "对方|对手|对端|往来|收款|付款|汇款|转入|转出|收.付|经办|制单|录入|操作|复核|柜员|费|授权"
)
_ACCOUNT_KEY = re.compile("(?:账号|账户|卡号|账户号|账户号码|账号号码|账户编号|备付金账户)$")
_HOLDER_KEY = re.compile("(?:户名|账户名称|账户名|存款人|存款人名称|单位名称|客户名称?|持有人|开户名称)$")
MERCHANT_KEY = re.compile(
    "^(?:特约|平台|收单)?商户(?:编号|号|号码|代码)$|^(?:merchant(?:no|number|id|code)|mid)$"
)
"""A payment firm's statement names the merchant's number for want of an account."""

_NUMBER = re.compile(r"(?<![0-9])[0-9](?:[0-9*]|[ -](?=[0-9*])){7,45}")
_NAMED_NUMBER = re.compile(r"^[A-Za-z]{2,12} +([0-9][0-9 -]{6,40})$")
"""An account behind the bank's or the account's name (``DBS 001-234567-8``); an IBAN has digits in its first word."""

_ALONE = re.compile(r"^['=\"]*[0-9][0-9* -]{7,40}\"?$")
_NAMES_ONE = re.compile("^[^:：]*[0-9@*][^:：]*$")
"""What may be an account: a number or an address, and no further pair of a name and a value."""

_MOMENT = re.compile(r"^(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])[0-3][0-9](?:[0-9]{6})?$")
_UNIT = re.compile(r"单位\s*[:：]?\s*(?:人民币)?\s*(百万元|千元|万元|亿元|元|分)\s*[)）\]】]?\s*$")
_WORTH = {
    "分": 1,
    "元": 100,
    "千元": 100_000,
    "万元": 1_000_000,
    "百万元": 100_000_000,
    "亿元": 10_000_000_000,
}


def read_titles(row: Row, aliases: Mapping[str, tuple[Alias, ...]]) -> dict[str, str]:
    """Read what one row above (or between) the tables names.

    Returns
    -------
    dict
        Role (``account``, ``holder``, ``currency``, ``own_bank``, ``title_…``) to the value as written.
    """
    cells = [(cell or "").strip(BLANK) for cell in row]
    found: dict[str, str] = {}
    first_key = ""
    for index, cell in enumerate(cells):
        if not cell:
            continue
        pairs = list(_pairs(cell, aliases))
        for key, value in pairs or [(cell, "")]:
            role = title_role(key, aliases)
            if role is None or (role in found and not (role == "account" and _is_card(first_key, key))):
                continue
            text = value.strip(BLANK)
            if not text and (not pairs or key == pairs[-1][0]):
                text = next((each for each in cells[index + 1 :] if each), "")
                if text and title_role(text.rstrip(":："), aliases):
                    text = ""
            text = _value(role, text)
            if role in ("account", "merchant") and (_MOMENT.match(text) or not _NAMES_ONE.search(text)):
                continue
            if text:
                found[role] = text
                first_key = key if role == "account" else first_key
    return found


def _is_card(named: str, other: str) -> bool:
    """Whether an account was named by its card, and now by its number, which goes before."""
    return "卡号" in named and "账" not in named and bool(re.search("[账帐]号", other))


def titles_below(keys: Row, values: Row, aliases: Mapping[str, tuple[Alias, ...]]) -> dict[str, str]:
    """Read a small table above the large one: a row of names alone, and a row of what they are.

    A row that holds its own values names nothing of the row below it. Nothing is read where the row of
    names does not name the account, or no account number stands right below that name.
    """
    names = [(i, text) for i, cell in enumerate(keys) if (text := (cell or "").strip(BLANK))]
    roles = {i: role for i, text in names if (role := title_role(text, aliases)) is not None}
    if (
        len(names) < 2
        or not roles
        or any(re.search("[0-9:：=]", text) for _, text in names)
        or read_titles(keys, aliases)
    ):
        return {}
    below = {i: (values[i] or "").strip(BLANK) for i in roles if i < len(values)}
    found: dict[str, str] = {}
    for i, text in below.items():
        if text and roles[i] not in found:
            found[roles[i]] = text
    number = unicodedata.normalize("NFKC", found.get("account", ""))
    return found if _ALONE.match(number) and not _MOMENT.match(number) else {}


def _pairs(cell: str, aliases: Mapping[str, tuple[Alias, ...]]) -> Iterator[tuple[str, str]]:
    """Key and value as written; keys are looked up in any width, values stay as they are."""
    if re.search("[:：=]", cell):
        yield from ((match[1], match[2]) for match in _KEYED.finditer(cell))
        return
    marked = _MARKED.match(cell)
    if marked:
        yield marked[1], marked[2]
        return
    words = cell.split()
    if 1 < len(words) <= 12 and title_role(words[0], aliases) and not title_role(cell, aliases):
        known = [i for i, word in enumerate(words) if title_role(word, aliases)]
        for start, end in zip(known, [*known[1:], len(words)], strict=True):
            if end > start + 1:
                yield words[start], " ".join(words[start + 1 : end])


def title_role(key: str, aliases: Mapping[str, tuple[Alias, ...]]) -> str | None:
    """Return what the key of a title names, by the table and else by how it ends; None for nothing."""
    key = key.lstrip("#* ·•-")
    for alias in named(key, aliases):
        if alias.role in _TITLES:
            return alias.role
    folded = normalise_header(key)
    if MERCHANT_KEY.search(folded):
        return "merchant"
    if len(folded) > 12 or _OTHERS.search(folded):
        return None
    if _ACCOUNT_KEY.search(folded):
        return "account"
    return "holder" if _HOLDER_KEY.search(folded) else None


def _value(role: str, text: str) -> str:
    """What a title gives: without the brackets round it, and of an account's the number alone."""
    whole = re.fullmatch(r"[\[【(（]\s*(.*?)\s*[\])）】]", text)
    text = whole[1] if whole else text
    if role == "account" and re.search("[０-９]", text):
        text = unicodedata.normalize("NFKC", text)
    if role != "account" or not text:
        return text
    plain = unicodedata.normalize("NFKC", text)
    named = _NAMED_NUMBER.match(plain)
    if named:
        return named[1].strip(" -")
    number = _NUMBER.search(plain)
    if number and re.search(r"[^0-9A-Za-z*. -]", plain):
        return number[0].strip(" -")
    return text


def worth_in(row: Row) -> int | None:
    """Return what one is worth in fen where a row says ``单位：万元``; None where it does not."""
    for cell in row:
        match = _UNIT.search(unicodedata.normalize("NFKC", cell)) if cell and "单位" in cell else None
        if match:
            return _WORTH[match[1]]
    return None
