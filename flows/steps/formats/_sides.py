"""Which way the money went, where no flag says it: two columns, signs, or the balances alone."""

from __future__ import annotations

import polars as pl

MIN_ALIKE = 2
"""Amounts of one column that must all carry a minus before the minus is taken for the bank's habit."""

MIN_UNSIGNED = 5
"""Amounts without a minus among them from which on a lone column is no longer believed to be signed."""

UNSIGNED = "the amounts carry no sign: in and out are told from the balances, where they tell"
FEW_UNSIGNED = "none of the few amounts carries a minus: all are taken for money in"


def two_columns(frame: pl.DataFrame) -> pl.DataFrame:
    """Read a debit and a credit column.

    Parameters
    ----------
    frame : polars.DataFrame
        ``d``, ``c`` (fen), ``dt``, ``ct`` (texts) of the two columns.

    Returns
    -------
    polars.DataFrame
        ``amount`` (fen), ``sign`` (+1 in, -1 out), ``code`` (why it is no line), ``text``.
    """
    frame = frame.with_columns(_without_habit(frame["d"]), _without_habit(frame["c"]))
    d, c = pl.col("d").fill_null(0), pl.col("c").fill_null(0)
    return frame.select(
        amount=pl.when((pl.col("d").is_null()) & pl.col("c").is_null()).then(None).otherwise(d + c),
        sign=pl.when((c > 0) | (d < 0))
        .then(1)
        .when((d > 0) | (c < 0))
        .then(-1)
        .otherwise(None)
        .cast(pl.Int8),
        code=pl.when(
            (pl.col("dt").is_not_null() & pl.col("d").is_null())
            | (pl.col("ct").is_not_null() & pl.col("c").is_null())
        )
        .then(pl.lit("amount"))
        .when((d != 0) & (c != 0))
        .then(pl.lit("both_sides"))
        .otherwise(None),
        text=pl.coalesce("dt", "ct"),
    )


def _without_habit(amounts: pl.Series) -> pl.Series:
    """A column of which every amount carries a minus (``支出金额(-元)``) holds no reversals."""
    if not (amounts < 0).any() or (amounts > 0).any() or int((amounts < 0).sum()) < MIN_ALIKE:
        return amounts
    return amounts.abs()


def signed_and_flagged(amount: pl.Series, sign: pl.Series) -> pl.Series:
    """A minus beside a flag: a file that signs all it pays, or single reversals (红字)."""
    negative = (amount < 0).fill_null(False)
    if not negative.any():
        return sign
    outs, ins = (sign == -1).fill_null(False), (sign == 1).fill_null(False)
    if outs.any() and negative.filter(outs).all() and not negative.filter(ins).any():
        return sign
    return sign.set(negative, None).fill_null(-sign)


def carries_signs(amount: pl.Series, text: pl.Series, header: str) -> bool:
    """Whether a lone amount column says by its signs which way the money went.

    A minus, a plus or ``Dr`` anywhere in it says so, or its header. A column without any of these may
    hold what was paid out as well as what came in.
    """
    if (amount < 0).any() or text.str.contains(r"^\+|(?i)[0-9]\s*(?:cr|dr|贷|借)$").any():
        return True
    return any(word in header.replace(" ", "") for word in ("收入/支出", "+/-", "收支", "±"))


def fill_from_balances(account: pl.Series, size: pl.Series, sign: pl.Series, balance: pl.Series) -> pl.Series:
    """Put a sign where a row has none and the balance before it, plus or minus its amount, is its own.

    The balance before is that of the neighbour in the same account: above, or below where the rows
    that have a sign say that the file lists the newest first. Where they do not say, both must agree.

    Returns
    -------
    polars.Series
        `sign` (Int8), null where the balances do not prove one.
    """
    rows = pl.DataFrame({"k": account, "a": size, "s": sign.cast(pl.Int64), "b": balance}).with_row_index()
    rows = rows.filter(
        pl.col("k").is_not_null() & pl.col("b").is_not_null() & (pl.col("a") != 0)
    ).with_columns(
        up=pl.col("b") - pl.col("b").shift(1).over("k"), down=pl.col("b") - pl.col("b").shift(-1).over("k")
    )
    fits = rows.select((pl.col(step) == pl.col("a") * pl.col("s")).sum() for step in ("up", "down")).row(0)
    up, down = (
        pl.when(pl.col(step).abs() == pl.col("a")).then(pl.col(step).sign()) for step in ("up", "down")
    )
    if fits[0] != fits[1]:
        proved = up if fits[0] > fits[1] else down
    else:
        proved = pl.when(pl.coalesce(up, down) == pl.coalesce(down, up)).then(pl.coalesce(up, down))
    found = rows.filter(pl.col("s").is_null()).select("index", s=proved.cast(pl.Int8)).drop_nulls()
    return sign.cast(pl.Int8).scatter(found["index"], found["s"])


def told_by_balances(
    account: pl.Series, at: pl.Series, size: pl.Series, balance: pl.Series, opening: int | None
) -> pl.Series:
    """Tell from the balances alone which way each line went.

    The balance before a line is that of its neighbour in the same account, above it or below it as the
    file lists them; before the oldest it is the opening balance where the file names one. Where all
    that is told came in, so did the oldest line.

    Returns
    -------
    polars.Series
        +1, -1, and null where the balances do not tell.
    """
    frame = pl.DataFrame({"k": account, "a": size, "b": balance})
    move = {step: pl.col("b") - pl.col("b").shift(by).over("k") for step, by in (("up", 1), ("down", -1))}
    frame = frame.with_columns(**move)
    up, down = (int((frame[step].abs() == frame["a"]).sum()) for step in ("up", "down"))
    if up == down:  # amounts all alike: the days tell which way the file lists them
        days = at.drop_nulls().dt.date()
        falls = len(days) > 0 and days[0] > days[-1]
        if not falls and len(days) and days[0] == days[-1]:
            return pl.Series([], dtype=pl.Int8).extend_constant(None, len(size))
        up = down + (-1 if falls else 1)
    step = "up" if up > down else "down"
    oldest = pl.col(step).is_null() & pl.col("b").is_not_null()
    told = pl.when(oldest & (pl.col("k").n_unique() == 1)).then(pl.col("b") - opening).otherwise(pl.col(step))
    got = frame.with_columns(
        oldest=oldest, s=pl.when(told.abs() == pl.col("a")).then(told.sign()).otherwise(None).cast(pl.Int8)
    )
    later = got.filter(~pl.col("oldest"))["s"]
    if (later == 1).sum() >= 0.8 * max(len(later), 1) and not (later == -1).any():
        return got.select(pl.when("oldest").then(pl.lit(1, dtype=pl.Int8)).otherwise("s"))["literal"]
    return got["s"]
