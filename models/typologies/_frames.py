"""Small answers about frames, with types that the findings need."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

import polars as pl

from models.lookups import places
from models.typologies.base import Context


def total(frame: pl.DataFrame, column: str = "amount_fen") -> int:
    """Sum of an integer column; 0 for no rows."""
    return int(frame[column].sum() or 0)


def first_last(frame: pl.DataFrame, column: str = "booked_on") -> tuple[dt.date | None, dt.date | None]:
    """First and last date of a column; None for no rows."""
    first, last = frame[column].min(), frame[column].max()
    return (
        first if isinstance(first, dt.date) else None,
        last if isinstance(last, dt.date) else None,
    )


def each(frame: pl.DataFrame, by: str) -> Iterator[tuple[str, pl.DataFrame]]:
    """Parts of a frame by the values of one column, in sorted order; null values are left out."""
    known = frame.filter(pl.col(by).is_not_null()).sort(by, maintain_order=True)
    for part in known.partition_by(by, maintain_order=True):
        yield str(part[by][0]), part


def people(frame: pl.DataFrame, column: str = "holder_id") -> int:
    """Number of different values, null not counted."""
    values = frame[column]
    return values.n_unique() - bool(values.null_count())


def accounts_of(frame: pl.DataFrame, column: str = "account_no") -> tuple[str, ...]:
    """Sorted distinct account numbers."""
    return tuple(sorted(set(frame[column].to_list()) - {None}))


def top(column: pl.Series) -> int:
    """Largest value of an integer column; 0 for no rows."""
    largest = column.max()
    return int(largest) if isinstance(largest, int) else 0


def parts(frame: pl.DataFrame, by: str = "institution_id") -> dict[str, pl.DataFrame]:
    """Rows by the values of one text column, in their order; null values are left out."""
    known = frame.filter(pl.col(by).is_not_null())
    return {str(part[by][0]): part for part in known.partition_by(by, maintain_order=True)}


def concerned(ctx: Context, frame: pl.DataFrame) -> pl.DataFrame:
    """Rows of the institutions about which this context is to say something."""
    return frame if ctx.about is None else frame.filter(pl.col("institution_id").is_in(sorted(ctx.about)))


def of(ctx: Context, answer: Callable[[Context], pl.DataFrame], institution_id: str) -> pl.DataFrame:
    """One institution's rows of a shared answer (a frame with ``institution_id``), in their order.

    Filtering the answer once for each institution would cost institutions times rows; here the rows of each are
    looked up once for all.
    """

    def make(ctx: Context) -> dict[str, pl.Series]:
        numbered = answer(ctx).select("institution_id").with_row_index("row")
        grouped = numbered.drop_nulls().group_by("institution_id").agg("row")
        return dict(zip(grouped["institution_id"], grouped["row"], strict=True))

    key = f"rows of {answer.__module__}.{answer.__qualname__}"
    rows: dict[str, pl.Series] = ctx.shared(key, make)
    frame = answer(ctx)
    return frame[rows[institution_id]] if institution_id in rows else frame.clear()


def holders(ctx: Context, columns: tuple[str, ...], *numbers: pl.Series) -> pl.DataFrame:
    """Return ``holder_id`` and columns of ``mart_holder`` for the holders of these numbers, in its order.

    Few rows joined with all holders of the city would wait until each of them is hashed.
    """
    every = ctx.table("mart_holder", ("holder_id", *columns))
    asked = pl.concat(
        [pl.Series([], dtype=pl.Int64), *(n.drop_nulls().unique().cast(pl.Int64) for n in numbers)]
    )
    return every.filter(pl.col("holder_id").is_in(asked.implode()))


NUMBERS = {"mart_holder": "holder_id", "mart_account": "account_id"}
"""What the rows of these relations are numbered by, in their order; from 1 and without a gap where a relation is whole."""


def told(ctx: Context, frame: pl.DataFrame, number: str, relation: str, **shown: str) -> pl.DataFrame:
    """Add what a relation tells of the holders or accounts that rows name; null where it tells nothing.

    In a whole relation their place is known, in a part of it found by halving, and nothing is hashed: few rows joined
    with all holders of the city would wait until each of these is.

    Parameters
    ----------
    ctx : Context
    frame : polars.DataFrame
    number : str
        Column of `frame` that names them.
    relation : {'mart_holder', 'mart_account'}
    **shown : str
        Column to add -> column of the relation.
    """
    key = NUMBERS[relation]
    every = ctx.table(relation, (key, *dict.fromkeys(shown.values())))
    named = frame[number].cast(pl.Int64)
    if every.height and every[key][-1] == every.height:
        rows = named - 1
    else:
        rows = places(every[key].cast(pl.Int64), named)
    return frame.with_columns(every[column].gather(rows).alias(name) for name, column in shown.items())


def with_line(ctx: Context, frame: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """Add columns of ``mart_line`` to rows that hold a ``line_no``; each must be a line of it.

    Lines come in the order of their numbers, so that a row's place is found by halving and nothing is hashed.
    """
    numbers = ctx.table("mart_line", ("line_no",))["line_no"]
    if frame.is_empty() or numbers.is_empty():
        return frame.hstack(ctx.table("mart_line", columns).clear())
    rows = numbers.search_sorted(frame["line_no"].cast(pl.Int64)).clip(upper_bound=numbers.len() - 1)
    assert (numbers.gather(rows) == frame["line_no"]).all()
    return frame.hstack([ctx.table("mart_line", (c,))[c].gather(rows) for c in columns])


def beside(ctx: Context, frame: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """`with_line` for few rows, whoever's lines they are: only these lines are read."""
    lines = ctx.lines(frame["line_no"], ("line_no", *columns))
    rows = lines["line_no"].search_sorted(frame["line_no"].cast(pl.Int64))
    assert frame.is_empty() or (lines["line_no"].gather(rows) == frame["line_no"]).all()
    return frame.hstack([lines[c].gather(rows) for c in columns])


def cell(amount: pl.Expr, step: float) -> pl.Expr:
    """Cell of an amount on a logarithmic grid of steps as wide as `step`: only neighbours differ by no more."""
    return (amount.log() / step).floor().cast(pl.Int32, strict=False)


def within_days(
    left: pl.DataFrame,
    right: pl.DataFrame,
    on: list[str],
    left_day: str,
    right_day: str,
    *,
    before: int,
    after: int,
) -> pl.DataFrame:
    """Join rows of equal keys whose right day lies from `before` days before the left day to `after` days after it.

    A join on the keys alone pairs every day with every other; here both sides are also joined on spans of days, so
    that only neighbours meet. `before` may be negative: -1 is the day after. Order of the rows is not defined.
    """
    width = before + after + 1
    day = pl.col(left_day).cast(pl.Int32)
    first, last = (day - before).floordiv(width), (day + after).floordiv(width)
    known = left.filter(pl.col(left_day).is_not_null())
    near = (
        pl.concat([known.with_columns(_span=first), known.filter(first != last).with_columns(_span=last)])
        .join(
            right.filter(pl.col(right_day).is_not_null()).with_columns(
                _span=pl.col(right_day).cast(pl.Int32).floordiv(width)
            ),
            on=[*on, "_span"],
        )
        .drop("_span")
    )
    lag = pl.col(right_day).cast(pl.Int32) - pl.col(left_day).cast(pl.Int32)
    return near.filter(lag.is_between(-before, after))
