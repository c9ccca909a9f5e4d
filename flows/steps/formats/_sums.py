"""Words of rows that are no transactions: totals, and balances carried from page to page."""

from __future__ import annotations

_SPAN = "(?:本|当|上|全|昨)?(?:日|天|旬|月|季|季度|半年|年|年度|页|期|户|账户|账页|阶段)?"
_SIDE = "(?:借方|贷方|收入|支出|发生|交易)?(?:金额|额)?"

SUM_WORDS = (
    rf"^[\s*\[【(（]*{_SPAN}{_SIDE}(?:合\s*计|小\s*计|累\s*计|总\s*计|共\s*计)(?:金额|发生额|数|额)?[\s*\]】)）:：]*$"
    r"|^(?:本[日月期年页]|当[日月])发生额[:：]?$"
    r"|(?i)^\W*(?:(?:sub|grand)[- ]?)?totals?(?: (?:debits?|credits?|for the (?:day|month|period|page)))?\W*$"
)
"""A text that is nothing but the name of a total: ``本月合计``, ``小计``, ``Sub-total``."""

CARRIED_WORDS = (
    r"^[\s*\[【(（]*(?:(?:期初|期末|年初|年末|月初|月末|日初|日终|上期|上年|上月|上日|上页|昨日|本期|本月|本日|承上|承前|接前|起始|初始|结束)"
    r"(?:账户)?(?:余额|结余|结存|结转|余)|承前页?|承上页|接上页|过次页|转下页|转次页|上[年月页期]结转|结转(?:下[年月页期]|上[年月页期]|余额)|余额结转|年初结转)"
    r"[\s*\]】)）:：]*$"
    r"|(?i)^\W*(?:opening|closing|starting|ending|beginning|previous) balance\W*$"
    r"|(?i)^\W*(?:balance )?(?:brought|carried|b|c)[ /]*(?:forward|down|f|d|fwd)\.?\W*$"
)
"""A text that names a balance carried on; such a row moves no money."""
