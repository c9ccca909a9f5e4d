"""What is decided once of a table, from a profile or from its first rows, and then holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass
class Understanding:
    """What is decided once a table (from a profile or from its first rows) and then holds.

    Attributes
    ----------
    day_first : bool or None
        Order of dates such as ``20/06/2016``.
    signs : mapping
        Meaning of flags beyond the vocabulary: flag text to +1 (in) or -1 (out).
    code_in : int or None
        Which of the two numeric codes is money in (1 the first, 2 the second); None is not yet told.
    inverted : bool
        The balances say that the usual meaning is the wrong way round here.
    account, holder, bank, currency : str or None
        Of the whole file, where neither column nor preamble names them.
    own_account : str or None
        The account as the user's profile gives it: it goes before the preamble.
    way : int or None
        Where the profile says that all of the file is money in (+1) or out (-1).
    way_by_title : int or None
        What the sheet's title says of the same; it counts where no amount has a minus.
    signed : bool or None
        Whether a lone amount column carries signs; None is not yet told.
    success : str or None
        The numeric code of transactions that did not fail.
    opening_fen : int or None
        Balance before the first line, where the file names it.
    lost_counterparties : int
        Counterparty accounts that a spreadsheet turned into a power of ten.
    told_by_balances : int
        Rows without a flag whose direction the balances prove.
    period : pair of (year, month, day), or None
        First and last day that the rows above the table name, for dates without a year.
    last_date : str or None
        The last date of the rows so far, for a table that goes on in the next chunk.
    last_account : str or None
        The account of the rows so far, where it is written once for all of them.
    notes : list of str
        Decisions in plain words.
    """

    day_first: bool | None = None
    signs: Mapping[str, int] = field(default_factory=dict)
    code_in: int | None = None
    inverted: bool | None = None
    account: str | None = None
    holder: str | None = None
    bank: str | None = None
    currency: str | None = None
    own_account: str | None = None
    way: int | None = None
    way_by_title: int | None = None
    signed: bool | None = None
    success: str | None = None
    opening_fen: int | None = None
    lost_counterparties: int = 0
    told_by_balances: int = 0
    period: tuple[tuple[int, int, int], tuple[int, int, int]] | None = field(default=None, compare=False)
    last_date: str | None = field(default=None, compare=False)
    last_account: str | None = field(default=None, compare=False)
    notes: list[str] = field(default_factory=list)
