"""The balance chain of one file: balance before ± amount = balance after, in the bank's order.

Every stated figure (a row's balance, an opening, a closing) is one *statement of balance*; between
two of them the booked amounts must add up. Take away the running total of the amounts from each
stated balance and what is left, the *base*, must stay the same along an account: a break is where
it changes. One rule covers row balances, opening and closing balances and pages that carry over.

A bank may list the newest first. The direction that makes more neighbours fit is the bank's order;
where balances do not tell, dates do; where those do not tell either, the file's own order stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from flows.steps.formats.protocol import AccountBalances
from flows.steps.reorder import reorder_days

_OPENING, _LINE, _CLOSING = 0, 1, 2


@dataclass(frozen=True)
class Break:
    """A place where the balance chain does not hold.

    Attributes
    ----------
    account_no : str
        The account.
    record : int or None
        Record at which it starts: the first whose stated balance does not follow.
    gap_fen : int
        Stated balance minus expected balance: what is missing (or too much) at this place.
    kind : str
        ``balance`` (a row's own), ``closing`` or ``opening`` (does not follow the page before).
    """

    account_no: str
    record: int | None
    gap_fen: int
    kind: str


@dataclass(frozen=True)
class Chain:
    """What the balances of one file say.

    Attributes
    ----------
    chain_no : polars.Series
        Int32, for each line in file order its place in the bank's order within the account, from 0.
    breaks : list of Break
        In the bank's order, account by account.
    newest_first : int
        Accounts listed newest first.
    reordered_days : int
        Account-days whose order was recovered from the balances.
    """

    chain_no: pl.Series
    breaks: list[Break]
    newest_first: int
    reordered_days: int


def check_chain(lines: pl.DataFrame, accounts: Sequence[AccountBalances] = ()) -> Chain:
    """Order a file's lines as the bank booked them and find the breaks.

    Parameters
    ----------
    lines : polars.DataFrame
        In file order, with account_no, booked_at, has_time, direction, amount_fen,
        balance_after_fen, source_record.
    accounts : sequence of AccountBalances
        Opening and closing balances the file states; several of one account are its pages, each
        spanning the records `opening_record` to `closing_record`.

    Notes
    -----
    O(n log n) and set-at-a-time; only account-days whose rows do not fit in the file's order are
    looked at one by one (:mod:`flows.steps.reorder`).
    """
    if lines.is_empty():
        return Chain(
            pl.Series("chain_no", [], dtype=pl.Int32), _breaks(_events(_numbered(lines), accounts)), 0, 0
        )
    numbered = _numbered(lines)
    directed = _directed(numbered)
    newest_first = directed.filter("descending")["account_no"].n_unique()
    openings: dict[str, int] = {}
    for each in accounts:
        if each.opening_fen is not None:
            openings.setdefault(each.account_no, each.opening_fen)
    ordered, reordered = reorder_days(directed, openings)
    events = _events(ordered, accounts)
    chain_no = ordered.sort("row")["chain_no"].cast(pl.Int32)
    return Chain(chain_no, _breaks(events), newest_first, reordered)


def _numbered(lines: pl.DataFrame) -> pl.DataFrame:
    signed = pl.when(pl.col("direction") == "in").then("amount_fen").otherwise(-pl.col("amount_fen"))
    return lines.select(
        "account_no",
        "booked_at",
        "has_time",
        signed.alias("delta"),
        pl.col("balance_after_fen").alias("balance"),
        "source_record",
    ).with_row_index("row")


def _directed(numbered: pl.DataFrame) -> pl.DataFrame:
    """Add ``descending`` by account and ``chain_no`` in that direction.

    Days that only rise or only fall tell the direction; then what the balances fit; then which of
    rising and falling is more frequent; then what the other accounts of the file do.
    """
    account = "account_no"
    before, delta_before = pl.col("balance").shift(1).over(account), pl.col("delta").shift(1).over(account)
    day, earlier = pl.col("booked_at").dt.date(), pl.col("booked_at").shift(1).over(account)
    votes = numbered.select(
        account,
        (before + pl.col("delta") == pl.col("balance")).alias("oldest_fits"),
        (pl.col("balance") + delta_before == before).alias("newest_fits"),
        (day > earlier.dt.date()).alias("rises"),
        (day < earlier.dt.date()).alias("falls"),
        (pl.col("booked_at") > earlier).alias("later"),
        (pl.col("booked_at") < earlier).alias("sooner"),
    )
    counted = votes.group_by(account).agg(pl.exclude(account).sum().cast(pl.Int64))
    whole = counted.select(pl.exclude(account).sum()).row(0, named=True)
    file_says = (
        (whole["falls"] - whole["rises"])
        or (whole["newest_fits"] - whole["oldest_fits"])
        or (whole["sooner"] - whole["later"])
    )
    days, fits = pl.col("falls") - pl.col("rises"), pl.col("newest_fits") - pl.col("oldest_fits")
    times = pl.col("sooner") - pl.col("later")
    only_one_way = (pl.col("falls") == 0) != (pl.col("rises") == 0)
    descending = (
        pl.when(only_one_way)
        .then(days > 0)
        .when(fits != 0)
        .then(fits > 0)
        .when(days != 0)
        .then(days > 0)
        .when(times != 0)
        .then(times > 0)
        .otherwise(pl.lit(file_says > 0))
    )
    directed = numbered.join(
        counted.select(account, descending.alias("descending")), on=account, how="left", maintain_order="left"
    )
    place = pl.int_range(pl.len(), dtype=pl.Int64).over(account)
    size = pl.len().cast(pl.Int64).over(account)
    return directed.with_columns(chain_no=pl.when("descending").then(size - 1 - place).otherwise(place))


def _events(ordered: pl.DataFrame, accounts: Sequence[AccountBalances]) -> pl.DataFrame:
    """Return every statement of balance and every line, in the bank's order within the account."""
    lines = ordered.select(
        "account_no",
        pl.lit(0, pl.Int64).alias("page"),
        pl.lit(_LINE, pl.Int8).alias("kind"),
        pl.col("chain_no").cast(pl.Int64)
        if "chain_no" in ordered.columns
        else pl.lit(0, pl.Int64).alias("chain_no"),
        "delta",
        "balance",
        "source_record",
    )
    stated = _stated(accounts)
    if stated.is_empty():
        return lines.filter(pl.col("balance").is_not_null().any().over("account_no")).sort(
            "account_no", "chain_no"
        )
    pages = stated.filter(kind=_OPENING).select(
        "account_no", "page", pl.col("from_record").alias("source_record")
    )
    if pages["page"].max():
        lines = (
            lines.drop("page")
            .sort("source_record")
            .join_asof(
                pages.sort("source_record"),
                on="source_record",
                by="account_no",
                strategy="backward",
                check_sortedness=False,
            )
            .with_columns(pl.col("page").fill_null(0))
            .select(lines.columns)
        )
    balances = stated.select(
        "account_no",
        "page",
        "kind",
        pl.lit(0, pl.Int64).alias("chain_no"),
        pl.lit(0, pl.Int64).alias("delta"),
        "balance",
        pl.col("record").alias("source_record"),
    )
    return pl.concat([lines, balances]).sort("account_no", "page", "kind", "chain_no")


def _stated(accounts: Sequence[AccountBalances]) -> pl.DataFrame:
    rows: list[tuple[str, int, int, int | None, int | None, int | None]] = []
    page: dict[str, int] = {}
    for each in accounts:
        number = page.get(each.account_no, 0)
        page[each.account_no] = number + 1
        start = each.opening_record if each.opening_record is not None else 0
        rows.append((each.account_no, number, _OPENING, each.opening_fen, each.opening_record, start))
        rows.append((each.account_no, number, _CLOSING, each.closing_fen, each.closing_record, start))
    return pl.DataFrame(
        rows,
        schema={
            "account_no": pl.String,
            "page": pl.Int64,
            "kind": pl.Int8,
            "balance": pl.Int64,
            "record": pl.Int64,
            "from_record": pl.Int64,
        },
        orient="row",
    )


def _breaks(events: pl.DataFrame) -> list[Break]:
    base = (pl.col("balance") - pl.col("delta").cum_sum().over("account_no")).alias("base")
    bases = (
        events.with_columns(base)
        .filter(pl.col("base").is_not_null())
        .with_columns(gap=pl.col("base") - pl.col("base").shift(1).over("account_no"))
        .filter(pl.col("gap") != 0)
    )
    names = {_OPENING: "opening", _LINE: "balance", _CLOSING: "closing"}
    return [
        Break(account_no, record, gap, names[kind])
        for account_no, record, gap, kind in bases.select(
            "account_no", "source_record", "gap", "kind"
        ).iter_rows()
    ]
