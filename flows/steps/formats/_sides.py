"""Which way the money went, where no flag says it: two columns, signs, or the balances alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

from flows.steps.formats._direction import fit_chain

MIN_ALIKE = 2
"""Amounts of one column that must all carry a minus before the minus is taken for the bank's habit."""

MIN_UNSIGNED = 5
"""Amounts without a minus among them from which on a lone column is no longer believed to be signed."""

UNSIGNED = "the amounts carry no sign: in and out are told from the balances, where they tell"
FEW_UNSIGNED = "none of the few amounts carries a minus: all are taken for money in"


def two_columns(frame: pl.DataFrame, account: pl.Series, balance: Callable[[], pl.Series]) -> pl.DataFrame:
    """Read a debit and a credit column.

    Parameters
    ----------
    frame : polars.DataFrame
        ``d``, ``c`` (fen), ``dt``, ``ct`` (texts) of the two columns.
    account : polars.Series
        The line's account.
    balance : callable
        Gives the balances, asked only where a minus leaves two readings.

    Returns
    -------
    polars.DataFrame
        ``amount`` (fen), ``sign`` (+1 in, -1 out), ``code`` (why it is no line), ``text``.
    """
    if not ((frame["d"] < 0).any() or (frame["c"] < 0).any()):
        return _by_side(frame)
    usual = frame.with_columns(_without_habit(frame["d"], MIN_ALIKE), _without_habit(frame["c"], MIN_ALIKE))
    bare = frame.with_columns(_without_habit(frame["d"], 1), _without_habit(frame["c"], 1))
    if bare.equals(frame):
        return _by_side(frame)
    readings = [_by_side(each) for each in (usual, frame, bare)]
    fits = [fit_chain(account, each["amount"].abs(), each["sign"], balance()) for each in readings]
    return max(zip(readings, fits, strict=True), key=lambda each: each[1].straight)[0]


def _by_side(frame: pl.DataFrame) -> pl.DataFrame:
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


def _without_habit(amounts: pl.Series, alike: int) -> pl.Series:
    """A column of which every amount carries a minus (``支出金额(-元)``) holds no reversals."""
    if (amounts > 0).any() or int((amounts < 0).sum()) < alike:
        return amounts
    return amounts.abs()


def signed_balance(
    balance: pl.Series,
    side: pl.Series,
    account: pl.Series,
    amount: pl.Series,
    sign: pl.Series,
    *,
    sure: bool,
) -> pl.Series:
    """Put a minus before balances that stand on the debit side (``余额方向`` 借): an account overdrawn.

    Believed where the column says both, and unless the balances fit better without it (the books of the
    holder call a balance in hand a debit). Where it is not `sure` that the column means the balance
    (``方向`` beside two columns of amounts), only where they fit better with it.
    """
    owed = (side == -1).fill_null(False)
    if not owed.any() or owed.all():
        return balance
    signed = balance.set(owed, None).fill_null(-balance)
    as_said, plain = (fit_chain(account, amount.abs(), sign, each) for each in (signed, balance))
    better = as_said.straight - plain.straight
    return signed if better > 0 or (sure and better == 0) else balance


def signed_and_flagged(amount: pl.Series, sign: pl.Series) -> pl.Series:
    """A minus beside a flag: a file that signs most of what it pays, or single reversals (红字)."""
    negative = (amount < 0).fill_null(False)
    if not negative.any():
        return sign
    outs, ins = (sign == -1).fill_null(False), (sign == 1).fill_null(False)
    signed_outs = int(negative.filter(outs).sum())
    if outs.any() and 2 * signed_outs > int(outs.sum()) and not negative.filter(ins).any():
        return sign
    return sign.set(negative, None).fill_null(-sign)


def speak_of_payments(kinds: Sequence[pl.Series], remarks: Sequence[pl.Series]) -> bool:
    """Whether a type or remark names a payment out (``消费``, ``ATM取款``) in a file whose amounts carry no sign.

    ``货款支付`` stands beside what came in as well: such words tell only as the type of a transaction.
    """
    told = [each.str.contains(_PAID).any() for each in (*kinds, *remarks)]
    return any(told) or any(each.str.contains(_PAID_TYPES).any() for each in kinds)


def signs_of_a_card(amount: pl.Series, texts: Sequence[pl.Series]) -> bool:
    """Whether purchases stand without a minus and repayments with one: a card's statement of what is owed.

    Every purchase and every repayment or refund must say so, two purchases and one of the others at least.
    """
    bought, back = (
        pl.select(pl.any_horizontal(pl.lit(False), *[each.str.contains(words) for each in texts]))
        .to_series()
        .fill_null(False)
        for words in (_BOUGHT, _BACK)
    )
    plain = amount.filter(bought & ~back)
    return (
        len(plain) >= MIN_ALIKE
        and bool((plain > 0).all())
        and bool((amount.filter(back) < 0).all())
        and bool(back.any())
    )


_BOUGHT, _BACK = "消费|取现|分期", "还款|退款|退货|退回|冲正"
_PAID = "消费|支取|取现|取款|转出|汇出|代扣|扣款|扣费|(?i)\\b(?:withdrawal|purchase|direct debit)\\b"
_PAID_TYPES = "^(?:网上|网银|快捷|扫码|在线|第三方)?(?:支付|付款|支出|还款|缴费|提现|代付|手续费)$|(?i)^(?:payment|fee|charge)s?$"


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
