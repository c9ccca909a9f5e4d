"""What a header means that no table names: told from its parts.

Only asked where the alias table is silent, so a table row always wins. ``记账时间`` ends like a time,
``对方开户网点行`` is a bank of the other side. A header row must still hold a date, an amount and a
column that supports them, so a line of a preamble does not pass for one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from flows.steps.formats._aliases import Alias, spellings

RANK = 9
"""Rank of a guess: after every meaning that a table gives."""

_DAY_RANK = 2
"""Rank of a guessed day: before a table's ``入账时间``, which may be no more than a time of day."""

_LONGEST = 24
_NO_COLUMN = re.compile(
    "起始|截止|开始|结束|打印|查询|开户日|销户|制表|合计|总|笔数|期初|期末|上期|起息|生效|次数|页|清算日|opening|closing|total|"
    "count$|value"
)
_NO_MONEY = re.compile(
    "原币|外币|冻结|手续费|费$|税|利息|汇率|折|可用|透支|限额|积分|优惠|补贴|佣金|服务费|fee|tax|rate|limit|avail"
)
_OTHER = "(?:收/?付/?款?方|收\\(付\\)款?方|对方|对手|交易对手|对端|对家|往来|来往|他方|counter|oppo?|opposite|opponent|beneficiary|otherparty|cntr?pty|cpty|cp(?=acc|name|bank|no)|peer)"
_PAYER = "(?:付款|汇款|转出)(?:人|方|单位)?"
_PAYEE = "(?:收款|转入)(?:人|方|单位)?"
_NAME = "(?:户名|户头名|名称|姓名|名|单位|人|方|name|nm)$"
_ACCOUNT = "(?:账号|账户|账卡号|卡号|账户号|号码|户头|account|accountno|accountnumber|acct|acctno|accno|acc|acno|cardno)$"
_BANK = "(?:行|行名|银行|行名称|银行名称|开户机构|bank|bankname|bankbranch)$"
_SUM = "(?:发生)?(?:金额|额|数)?"

_RULES: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = tuple(
    (re.compile(pattern), roles)
    for pattern, roles in (
        (f"^{_OTHER}.*(?:余额|结余|balance|bal)$", ("ignored",)),
        (f"^{_OTHER}.*{_ACCOUNT}", ("cp_account",)),
        (f"^{_OTHER}.*{_BANK}", ("cp_bank",)),
        (f"^{_OTHER}.*{_NAME}", ("cp_name",)),
        ("^(?:对方|对手|对家|来往|往来)$", ("cp_name",)),
        (f"^{_PAYER}{_ACCOUNT}", ("payer_account",)),
        (f"^{_PAYER}(?:开户)?{_BANK}", ("payer_bank",)),
        (f"^{_PAYER}{_NAME}", ("payer_name",)),
        (f"^{_PAYEE}{_ACCOUNT}", ("payee_account",)),
        (f"^{_PAYEE}(?:开户)?{_BANK}", ("payee_bank",)),
        (f"^{_PAYEE}{_NAME}", ("payee_name",)),
        ("(?:借贷|收付|收支|进出|出入|资金|往来)(?:方向|标志|标识|标记|类别|类型|别)$|^(?:借贷|收付|收支|进出|借/贷|收/支|收入/支出|支出/收入|存入/支取|转入/转出|入账/出账|借方/贷方)$", ("direction",)),
        ("^(?:dr?cr?|cr?dr?|debitcredit|creditdebit|inout|io|bs|direction|amountsign|loan)(?:flag|flg|ind|indicator|type|mark|sign|cd|code)$", ("direction",)),
        ("(?:余额|结余|结存|结存金额|结存额|balance|bal)$", ("balance",)),
        (f"(?:借方|支出|支取|转出|流出|付出|付款|出账|减少|debit|withdrawal|withdrawals|paidout){_SUM}(?:amount|amt)?$", ("debit",)),
        (f"(?:贷方|收入|存入|转入|流入|收款|入账|进账|增加|credit|deposit|deposits|paidin){_SUM}(?:amount|amt)?$", ("credit",)),
        ("(?:金额|发生额|交易额|数额|amount|amt)$", ("amount",)),
        ("(?:时分秒?)$", ("time",)),
        ("(?:时间|时刻|datetime|time|timestamp|tm)$", ("date", "time")),
        ("(?:日期|日|date|dt)$", ("date",)),
        ("(?:摘要|用途|附言|备注|说明|事由|款项|remark|remarks|memo|purpose|details|narrative|narration|description|summary|abstract|postscript|usage)", ("remark",)),
        ("(?:流水|凭证|传票|参考|单号|交易编号|交易序号|reference|refno|serial|seqno|traceno|tranno|txnid|tranid)", ("reference",)),
        (f"^(?:本方|我方|本单位|客户|商户|own)?{_ACCOUNT}", ("account",)),
        ("^(?:本方|我方|本单位|客户|账户)(?:户名|名称)$|^(?:accountname|acctname|accname)$|^accountholder$", ("holder",)),
        ("币种|币别|货币|currency|ccy|^curr?$", ("currency",)),
        ("渠道|channel", ("channel",)),
    )
)  # fmt: skip
_MONEY = frozenset(("amount", "debit", "credit", "balance"))


def guess(header: str) -> tuple[Alias, ...]:
    """Return what a normalised header probably means; empty when its parts say nothing.

    Examples
    --------
    >>> [alias.role for alias in guess("记账时间")]
    ['date', 'time']
    >>> guess("起始日期")
    ()
    """
    header = re.sub(r"[_.-]", "", header) if header.isascii() else header
    if not header or len(header) > _LONGEST or _NO_COLUMN.search(header):
        return ()
    for pattern, roles in _RULES:
        if pattern.search(header):
            if _MONEY.intersection(roles) and _NO_MONEY.search(header):
                return ()
            return tuple(Alias(role, _DAY_RANK if roles == ("date",) else RANK) for role in roles)
    return ()


@lru_cache(maxsize=16_384)
def _guess(header: str) -> tuple[Alias, ...]:
    return next((found for each in spellings(header) if (found := guess(each))), ())


class Guessing(Mapping[str, tuple[Alias, ...]]):
    """An alias table that guesses where it is silent.

    With `besides`, a guess stands beside the table's meaning too: ``记账时间`` is a time of day
    beside a date column, and the date itself where there is none.
    """

    def __init__(self, table: Mapping[str, tuple[Alias, ...]], *, besides: bool = False) -> None:
        self._table = table
        self._besides = besides

    def __getitem__(self, header: str) -> tuple[Alias, ...]:
        named = next((found for each in spellings(header) if (found := self._table.get(each, ()))), ())
        if named and not self._besides:
            return named
        roles = {alias.role for alias in named}
        found = (*named, *(alias for alias in _guess(header) if alias.role not in roles))
        if not found:
            raise KeyError(header)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)
