"""The clients' ledger: which deposit funded which subscription, which payout paid which holding.

Registers say what was sold and lent, statements say what was paid; remarks that would tie the two are
often empty. They are tied here by arithmetic alone:

* a **deposit** belongs to the subscription of the same client with the same amount on (nearly) the same
  day; what is left over belongs to the client's next subscription of that day, which then was topped up
  from money already there;
* a **payout** belongs to the holding whose amount it is a multiple of, with the same factor for the
  other holders of that product on that day (everybody gets 1.117 % of what they hold). A factor shared
  by many holders is the evidence; the promised yield only breaks ties.

Nothing here reads remarks, names or the shape of an id. Amounts are integer fen.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from models.typologies._gaps import statements_begin
from models.typologies.base import Context

LINE = [
    "line_no",
    "institution_id",
    "account_id",
    "account_no",
    "account_type",
    "booked_on",
    "amount_fen",
    "holder_id",
    "cp_account_id",
    "cp_basis",
]
"""What deposits and payouts keep of their line; ``holder_id`` is the client's."""
CLIENT_MONEY = ("custody", "own", "product", "other", "risk_reserve")
"""Account types on which clients' deposits or payouts are looked for."""
DEPOSIT_LAGS = (0, 1, -1, 2, -2, 3, -3)
"""Days between subscription and deposit that are tried, in this order."""
SETTLE_DAYS = 10
"""Days after ``redeemed_on`` in which a payout may still be booked."""
PART_AT_LEAST = 0.08
"""Least part of a holding that is read as a late or partial redemption."""
PART_DAYS = 3
"""Days after the holding fell due, or around its redemption, in which a part may be paid."""
BATCH = 10_000
"""Payments matched with their payees' holdings at a time: few enough for the pairs to stay near the processor."""
INTEREST_AT_MOST = 0.06
"""Largest factor of a payout that is read as interest alone (72 % a year, paid monthly)."""


def controlled_lines(ctx: Context) -> pl.DataFrame:
    """Lines on controlled accounts, with the institution and the account's type.

    Returns
    -------
    polars.DataFrame
        Grain: a line of ``mart_line`` on a controlled account. Adds ``institution_id``,
        ``account_type``, ``basis`` and, where the counterparty is an account of the same
        institution, its type as ``cp_type``. Sorted by ``line_no``.
    """
    frame: pl.DataFrame = ctx.shared("ledger.controlled_lines", _controlled_lines)
    return frame


def _controlled_lines(ctx: Context) -> pl.DataFrame:
    accounts = ctx.table("mart_controlled_account")
    own = accounts.select("institution_id", "account_id", "account_type", "basis")
    own = own.with_columns(pl.col("account_type", "basis").cast(pl.Categorical))
    other = own.select("institution_id", cp_account_id="account_id", cp_type="account_type")
    columns = (
        "line_no",
        "account_id",
        "account_no",
        "booked_at",
        "booked_on",
        "direction",
        "amount_fen",
        "balance_after_fen",
        "cp_account_id",
        "cp_holder_id",
        "cp_basis",
    )
    return (
        ctx.table("mart_line", columns)
        .with_columns(pl.col("direction", "cp_basis").cast(pl.Categorical))
        .join(own, on="account_id", maintain_order="left")
        .join(other, on=["institution_id", "cp_account_id"], how="left", maintain_order="left")
        .sort("line_no")
    )


def subscriptions(ctx: Context) -> pl.DataFrame:
    """Subscriptions with institution, holder and the product's terms.

    Returns
    -------
    polars.DataFrame
        Grain: ``subscription_id``. ``holder_id`` is null where no account, id or unique name
        tells who the investor is.
    """

    def make(ctx: Context) -> pl.DataFrame:
        return ctx.table(
            "mart_subscription",
            (
                "subscription_id",
                "product_id",
                "institution_id",
                "holder_id",
                "amount_fen",
                "subscribed_on",
                "redeemed_on",
                "product_kind",
                "promised_yield",
                "term_days",
                "issued_on",
                "matures_on",
            ),
        ).sort("subscription_id")

    frame: pl.DataFrame = ctx.shared("ledger.subscriptions", make)
    return frame


def clients(ctx: Context) -> pl.DataFrame:
    """Who subscribed where: ``institution_id``, ``holder_id``, each once."""

    def make(ctx: Context) -> pl.DataFrame:
        return subscriptions(ctx).select("institution_id", "holder_id").drop_nulls().unique()

    frame: pl.DataFrame = ctx.shared("ledger.clients", make)
    return frame


def _numbered(ctx: Context) -> pl.DataFrame:
    """`subscriptions` by number (``subscription_no``, ``product_no``): ids are texts, compared over and over here.

    Numbers are in the order of the ids, so that ties are broken as the ids would. ``_i`` numbers the institution.
    """

    def make(ctx: Context) -> pl.DataFrame:
        subs = subscriptions(ctx)
        products = pl.Enum(subs["product_id"].unique().drop_nulls().sort())
        return subs.with_row_index("subscription_no").with_columns(
            _institution_no(ctx), product_no=pl.col("product_id").cast(products).to_physical()
        )

    frame: pl.DataFrame = ctx.shared("ledger.numbered", make)
    return frame


def _institution_no(ctx: Context) -> pl.Expr:
    known = [ctx.table("mart_controlled_account")["institution_id"], subscriptions(ctx)["institution_id"]]
    ids = pl.Enum(pl.concat([k.unique() for k in known]).unique().drop_nulls().sort())
    return pl.col("institution_id").cast(ids).to_physical().alias("_i")


def _pair(lines: pl.DataFrame, subs: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Pair equal keys one to one, in the order of line_no and subscription_no (both sorted by it)."""
    a = lines.with_columns(pl.int_range(pl.len()).over(keys).alias("_n"))
    b = subs.with_columns(pl.int_range(pl.len()).over(keys).alias("_n"))
    return a.join(b, on=[*keys, "_n"]).select("line_no", "subscription_no")


def _named(ctx: Context, frame: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """Put columns of the subscription in the place of its number (null where there is none)."""
    names = _numbered(ctx).select("subscription_no", *columns)
    return frame.join(names, on="subscription_no", how="left").drop("subscription_no")


def _of_clients(ctx: Context, direction: str, but: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Lines of one direction with the outside, those of a kind for projects left out: to subscribers, and others."""
    columns = [c if c != "holder_id" else "cp_holder_id" for c in LINE]
    projects = ctx.table("mart_project_line", ("line_no", "kind")).filter(pl.col("kind") == but)
    lines = (
        controlled_lines(ctx)
        .lazy()
        .filter(
            (pl.col("direction") == direction)
            & pl.col("account_type").is_in(CLIENT_MONEY)
            & pl.col("cp_type").is_null()
        )
        .select(columns)
        .join(projects.lazy(), on="line_no", how="anti")
        .collect()
    )
    who = ["institution_id", "cp_holder_id"]
    sold = clients(ctx).rename({"holder_id": "cp_holder_id"})
    known = lines.join(sold, on=who, how="semi").rename({"cp_holder_id": "holder_id"}).sort("line_no")
    return known, lines.join(sold, on=who, how="anti").sort("line_no")


def deposits(ctx: Context) -> pl.DataFrame:
    """Clients' payments into controlled accounts, with the subscription they funded.

    Returns
    -------
    polars.DataFrame
        Grain: ``line_no`` (an in-line from a subscriber, or of the very amount of one unpaid
        subscription of that day). ``subscription_id`` and ``product_id`` are null for money
        that was not subscribed. ``match``: ``amount`` (same amount), ``day`` (same day, other
        amount), ``unnamed`` (payer not known, amount and day are), ``none``.
    """
    frame: pl.DataFrame = ctx.shared("ledger.deposits", _deposits)
    return frame


def _deposits(ctx: Context) -> pl.DataFrame:
    known, others = _of_clients(ctx, "in", but="repayment")
    number = _institution_no(ctx)
    most = dt.timedelta(days=max(DEPOSIT_LAGS))
    near = _numbered(ctx).filter(
        pl.col("subscribed_on").is_between(statements_begin(ctx) - most, ctx.as_of + most)
    )
    near = near.select("subscription_no", "_i", "holder_id", "amount_fen", "subscribed_on")
    rest = known.select("line_no", number, "holder_id", "amount_fen", "booked_on")
    todo = near.filter(pl.col("holder_id").is_not_null())
    who = ["_i", "holder_id"]
    done: list[pl.DataFrame] = []
    for label, keys in (("amount", [*who, "amount_fen", "_on"]), ("day", [*who, "_on"])):
        lags = DEPOSIT_LAGS if label == "amount" else (0, 1, -1)
        for lag in lags:
            hit = _pair(
                rest.with_columns(_on=pl.col("booked_on")),
                todo.join(rest.select(who).unique(), on=who, how="semi", maintain_order="left").with_columns(
                    _on=pl.col("subscribed_on") + pl.duration(days=lag)
                ),
                keys,
            )
            done.append(hit.with_columns(match=pl.lit(label)))
            rest = rest.join(hit, on="line_no", how="anti", maintain_order="left")
            todo = todo.join(hit, on="subscription_no", how="anti", maintain_order="left")
    unnamed = others.filter(
        pl.col("cp_holder_id").is_null() | pl.col("cp_basis").is_in(["mask", "name", "none"])
    ).rename({"cp_holder_id": "holder_id"})
    lines = unnamed.select("line_no", number, "amount_fen", "booked_on")
    unpaid = pl.concat([todo, near.filter(pl.col("holder_id").is_null())]).sort("subscription_no")
    found = [lines.clear().select("line_no", subscription_no=pl.lit(None, pl.UInt32))]
    for lag in (0, 1):
        hit = _pair(
            lines.with_columns(_on=pl.col("booked_on")),
            unpaid.with_columns(_on=pl.col("subscribed_on") + pl.duration(days=lag)),
            ["_i", "amount_fen", "_on"],
        )
        found.append(hit)
        lines = lines.join(hit, on="line_no", how="anti", maintain_order="left")
        unpaid = unpaid.join(hit, on="subscription_no", how="anti", maintain_order="left")
    named = known.join(pl.concat(done), on="line_no", how="left").with_columns(
        pl.col("match").fill_null("none")
    )
    named = _named(ctx, named, "subscription_id", "product_id")
    masked = (
        unnamed.drop("holder_id").join(pl.concat(found), on="line_no").with_columns(match=pl.lit("unnamed"))
    )
    masked = _named(ctx, masked, "subscription_id", "product_id", "holder_id")
    columns = [*LINE, "subscription_id", "product_id", "match"]
    return pl.concat([named.select(columns), masked.select(columns)], how="vertical_relaxed").sort("line_no")


def payouts(ctx: Context) -> pl.DataFrame:
    """Payments from controlled accounts to clients, with the holding they paid.

    Returns
    -------
    polars.DataFrame
        Grain: ``line_no`` (an out-line to a subscriber, or of the very amount one holder of a
        product still lacked in a day's distribution). ``product_id``, ``subscription_id``,
        ``factor`` (payout over amount held), ``support`` (holders of the product that got the
        same factor that day; 1 for a late part that fits none), ``wide`` (the same over all days),
        ``principal_fen``, ``interest_fen`` and ``kind`` (``interest``,
        ``principal``, ``both``, ``part``) are null where no holding explains the payment.
    """
    frame: pl.DataFrame = ctx.shared("ledger.payouts", _payouts)
    return frame


def _holdings(ctx: Context) -> pl.DataFrame:
    return _numbered(ctx).select(
        "_i",
        "holder_id",
        "subscription_no",
        "product_no",
        "promised_yield",
        "term_days",
        "subscribed_on",
        "redeemed_on",
        held_fen="amount_fen",
    )


def _payouts(ctx: Context) -> pl.DataFrame:
    known, others = _of_clients(ctx, "out", but="disbursement")
    held, number = _holdings(ctx), _institution_no(ctx)
    holdings = held.drop_nulls(["_i", "holder_id"])
    payments = known.select("line_no", number, "holder_id", "booked_on", "amount_fen")
    found_in = [
        _identified(
            payments.join(some, on="_i", how="semi", maintain_order="left"),
            holdings.join(some, on="_i", how="semi", maintain_order="left"),
        )
        for some in _batches(payments)
    ]
    best = pl.concat(found_in) if found_in else _identified(payments, holdings)
    terms = ["subscription_no", "factor", "support", "wide", "held_fen"]
    found = known.join(best.select("line_no", *terms), on="line_no", how="left")
    extra = _unnamed_payouts(others.with_columns(number), best, held)
    columns = [*LINE, *terms]
    both = pl.concat([found.select(columns), extra.select(columns)], how="vertical_relaxed")
    return (
        _named(ctx, both, "subscription_id", "product_id")
        .select(*LINE, "subscription_id", "product_id", *terms[1:])
        .with_columns(_split())
        .with_columns(interest_fen=pl.col("amount_fen") - pl.col("principal_fen"))
        .sort("line_no")
    )


def _batches(payments: pl.DataFrame) -> list[pl.DataFrame]:
    """Institutions (``_i``) in turns of about `BATCH` payments, so that the pairs of a turn fit into memory."""
    counted = payments.group_by("_i").len().sort("_i").with_columns(turn=pl.col("len").cum_sum() // BATCH)
    return counted.select("_i", "turn").partition_by("turn", maintain_order=True, include_key=False)


def _identified(known: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    """The best holding for each payment of some institutions."""
    alive = known.lazy().join(held.lazy(), on=["_i", "holder_id"]).filter(_alive()).collect()
    fits = (
        pl.concat([alive, _summed(alive)])
        .with_columns(factor=pl.col("amount_fen") / pl.col("held_fen"))
        .filter(pl.col("factor").is_between(0.0005, 1.8))
    )
    best = (
        _supported(fits)
        .sort(
            "line_no",
            "support",
            "formula",
            "wide",
            "subscription_no",
            "held_fen",
            descending=[False, True, True, True, False, False],
        )
        .unique("line_no", keep="first", maintain_order=True)
        .filter((pl.col("support") >= 2) | (pl.col("formula") > 0))
    )
    return pl.concat([best, _late_parts(alive, best).select(best.columns)])


def _late_parts(alive: pl.DataFrame, best: pl.DataFrame) -> pl.DataFrame:
    """Payments that are a part of what a holding was due: the first part on its day, the rest at redemption.

    They fit no factor, so they stand alone (``support`` 1, ``wide`` 0); a holding that was paid in
    full by a supported factor takes none.
    """
    full = best.filter((pl.col("factor") >= 0.999) & (pl.col("support") >= 2)).select("subscription_no")
    due = pl.col("subscribed_on") + pl.duration(days=pl.col("term_days"))
    lag = (pl.col("booked_on") - due).dt.total_days()
    redeemed = (pl.col("booked_on") - pl.col("redeemed_on")).dt.total_days().abs().fill_null(99)
    return (
        alive.join(best.select("line_no"), on="line_no", how="anti")
        .join(full.unique(), on="subscription_no", how="anti")
        .with_columns(factor=pl.col("amount_fen") / pl.col("held_fen"))
        .filter(
            pl.col("factor").is_between(PART_AT_LEAST, 1.2)
            & (lag.is_between(0, PART_DAYS) | (redeemed <= PART_DAYS))
        )
        .with_columns(_gap=pl.min_horizontal(lag.abs().fill_null(99), redeemed))
        .sort("line_no", "_gap", "subscription_no")
        .unique("line_no", keep="first", maintain_order=True)
        .with_columns(formula=pl.lit(0, pl.Int8), support=pl.lit(1, pl.UInt32), wide=pl.lit(0, pl.UInt32))
    )


def _summed(alive: pl.DataFrame) -> pl.DataFrame:
    """Candidates of holders of several holdings in one product who are paid once on their sum."""
    keys = ["line_no", "product_no"]
    several = alive.filter(pl.len().over(keys) > 1)
    return (
        several.sort("subscription_no")
        .group_by(keys, maintain_order=True)
        .agg(
            pl.col("held_fen").sum(),
            *(pl.col(c).first() for c in alive.columns if c not in (*keys, "held_fen")),
        )
        .select(alive.columns)
    )


def _alive() -> pl.Expr:
    """A holding that may be paid on the line's day."""
    end = pl.col("redeemed_on") + pl.duration(days=SETTLE_DAYS)
    return (pl.col("subscribed_on") <= pl.col("booked_on")) & (end.is_null() | (pl.col("booked_on") <= end))


def _split() -> list[pl.Expr]:
    """Principal and kind of a payout from its factor; an instalment's split is not known."""
    factor, amount, held = pl.col("factor"), pl.col("amount_fen"), pl.col("held_fen")
    return [
        pl.when(factor.is_null())
        .then(None)
        .when(factor >= 0.999)
        .then(pl.min_horizontal(amount, held))
        .when(factor <= INTEREST_AT_MOST)
        .then(0)
        .otherwise(None)
        .alias("principal_fen"),
        pl.when(factor.is_null())
        .then(None)
        .when(factor <= INTEREST_AT_MOST)
        .then(pl.lit("interest"))
        .when(amount == held)
        .then(pl.lit("principal"))
        .when(factor >= 0.999)
        .then(pl.lit("both"))
        .otherwise(pl.lit("part"))
        .alias("kind"),
    ]


def _unnamed_payouts(lines: pl.DataFrame, best: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    """Give lines with an unknown payee to the holder who still lacks that amount in a distribution."""
    group = ["_i", "product_no", "booked_on"]
    rounds = (
        best.filter(pl.col("support") >= 5)
        .with_columns(_r=(pl.col("factor") * 10_000).round().cast(pl.Int64))
        .group_by([*group, "_r"])
        .agg(pl.col("factor").median(), pl.col("support", "wide").max())
        .filter(pl.col("support") >= 5)
    )
    paid = best.select(*group, "subscription_no").unique()
    lacking = (
        rounds.join(held.drop("promised_yield", "term_days"), on=["_i", "product_no"])
        .filter(_alive())
        .join(paid, on=[*group, "subscription_no"], how="anti")
        .with_columns(amount_fen=(pl.col("factor") * pl.col("held_fen")).round().cast(pl.Int64))
        .drop("_r", "subscribed_on", "redeemed_on")
    )
    found: list[pl.DataFrame] = []
    keys = ["_i", "booked_on", "amount_fen"]
    rest = lines.drop("cp_holder_id")
    for off in (0, 1, -1):
        a = rest.sort("line_no").with_columns(pl.int_range(pl.len()).over(keys).alias("_n"))
        b = (
            lacking.with_columns(pl.col("amount_fen") + off)
            .sort("subscription_no", "support", "factor", descending=[False, True, False])
            .with_columns(pl.int_range(pl.len()).over(keys).alias("_n"))
        )
        hit = a.join(b, on=[*keys, "_n"]).drop("_n")
        found.append(hit)
        rest = rest.join(hit.select("line_no"), on="line_no", how="anti")
        lacking = lacking.join(
            hit.select(*group, "subscription_no"), on=[*group, "subscription_no"], how="anti"
        )
    return pl.concat(found)


def _supported(fits: pl.DataFrame) -> pl.DataFrame:
    """Count, for every candidate, the holders of the product that got the same factor that day.

    Factors are compared on two grids of one basis point, half a step apart, so that no pair of
    equal factors is parted by a grid line. ``formula`` is 1 where the factor is a month's
    interest, the amount itself, or the amount with interest for the term, at the promised yield.
    """
    y, t = pl.col("promised_yield"), pl.col("term_days")
    half_fen = 0.6 / pl.col("held_fen")
    days = (pl.col("booked_on") - pl.col("subscribed_on")).dt.total_days()

    def near(value: pl.Expr) -> pl.Expr:
        return ((pl.col("factor") - value).abs() <= half_fen).fill_null(False)

    formula = (
        near(pl.lit(1.0))
        | near(y / 12)
        | near(1 + y / 12)
        | near(1 + y * t / 365)
        | near(1 + y * t / 360)
        | ((pl.col("factor") > 1.0) & (pl.col("factor") <= 1 + y * (days + 3) / 365))
    )
    grid = fits.with_columns(
        _a=(pl.col("factor") * 10_000).floor().cast(pl.Int64),
        _b=(pl.col("factor") * 10_000 + 0.5).floor().cast(pl.Int64),
        formula=formula.fill_null(False).cast(pl.Int8),
    )

    def holders(*keys: str) -> pl.Expr:
        return pl.col("subscription_no").n_unique().over(keys)

    return grid.with_columns(
        support=pl.max_horizontal(
            holders("product_no", "booked_on", "_a"), holders("product_no", "booked_on", "_b")
        ),
        wide=pl.max_horizontal(holders("product_no", "_a"), holders("product_no", "_b")),
    ).drop("_a", "_b")
