"""What kind of financial business a holder's flows show: a pool, a settlement business, a lending business.

Every holder seen is looked at: `mart_holder_activity` leaves those with enough other sides, the rest is
read from their own lines. No remark is read, and of names only that they say "firm": whoever is
not known to be one is taken for a person, so the signatures hold where names are numbers.

* **Pool** (吸收资金): many persons pay in, and are paid back again and again small shares of what they paid
  (interest), or more than they paid. A shop's refunds equal single payments, a school or charity pays
  others than its payers.
* **Settlement** (二清): many payers, or an acquirer's daily lump sums of what many paid, and payees that are no
  payers and are paid day by day nearly all that came in the days before, less a fee.
* **Lending** (放贷): many persons are paid first and pay back later, in parts and more than they got.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl

from models.typologies._common import firms, institutions_by_name, name_key, operator_ids
from models.typologies._flows_between import holder_institution
from models.typologies._same_person import same_persons
from models.typologies._settlement import daily_fit, usual
from models.typologies.base import Context, Parameter, Typology

PARAMETERS: tuple[Parameter, ...] = (
    Parameter("min_pool_payers", 30, "persons", "regulatory", "spc-2010-18", "Fewest persons whose deposits make a pool (art. 3: an individual's case)."),
    Parameter("min_pool_returned", 0.4, "share", "calibrated", "Refunds reach a sixth of a shop's or school's payers; interest reaches all but the newest.", "Smallest share of payers that were paid back at least once."),
    Parameter("min_returns_each", 2, "payments", "calibrated", "A refund is one payment, interest comes again.", "Smallest median number of payments back to those."),
    Parameter("max_return_share", 0.25, "share", "calibrated", "Interest by the month or quarter stays below a tenth, a part of the principal below a quarter.", "Largest median payment back, as a share of what the payer paid in."),
    Parameter("min_borrowers", 10, "persons", "calibrated", "Family and friends stay below.", "Fewest persons lent to."),
    Parameter("min_lent_share", 0.5, "share", "calibrated", "A lender's money goes mostly into loans.", "Smallest share of all money out that went to borrowers."),
    Parameter("min_settlement_payers", 30, "persons", "calibrated", "Fewer payers are customers of one seller.", "Fewest payers of a settlement business."),
    Parameter("min_merchants", 5, "payees", "calibrated", "Fewer are suppliers or landlords.", "Fewest payees that are no payers and are paid again and again."),
    Parameter("min_settlement_days", 0.4, "share", "calibrated", "Weekly settlement is 0.2 of the business days, daily settlement near 1.", "Smallest share of the business days of its life on which it settles."),
    Parameter("max_fee", 0.08, "share", "calibrated", "Fees stay below a twelfth, trade margins do not.", "Largest share kept over its life."),
    Parameter("min_lump_merchants", 20, "payees", "calibrated", "The research notes: an acquirer's lump sum goes on to twenty unrelated merchants or more.", "Fewest such payees where acquirers bring the payers' money in lump sums."),
    Parameter("max_lump_fee", 0.03, "share", "calibrated", "The research notes: fees kept of 0.1 to 3 %; a treasury that pays a group's bills keeps nothing.", "Largest share kept of lump sums."),
    Parameter("min_daily_fit", 0.6, "share", "calibrated", "Chance agreement stays below a third of the days.", "Smallest share of settlement days that follow the receipts."),
)  # fmt: skip
"""Parameters of the signatures, shared by the typologies that read them; each office override names one code."""

RATE_SPREAD, TERM_SPREAD, ONE_RATE_SHARE = 0.05, 3, 0.8
"""Payments back at one rate: so near its median, within so many days of the usual term, by so many of those paid."""
REPAID_WITH_INTEREST = (1.002, 1.6)
"""All paid back over all paid in, where a depositor got the principal with interest; staff and suppliers who left a
deposit get many times it."""
REBATE_TIMES, REBATE_SHARE = 2.0, 0.1
"""Payments in for each payment back, and the part of all paid in that comes back, of a shop's rebates; who puts money
into a pool does so once or twice and is paid interest by the month."""
LUMP_DAYS = 10
"""Days of receipts from which lump sums can be told to come by the day."""
OLD_DAYS = 14
"""Days before the first customer paid in from which a payee is known to be no merchant."""
LEAST_FEE = 0.0005
"""Share of lump sums that a settlement business keeps at least."""
MIN_MERCHANT_PAYMENTS = 4
"""Payments that tell a payee paid again and again."""


@dataclass(frozen=True, slots=True)
class Operator:
    """A holder that runs a financial business by its flows.

    Attributes
    ----------
    kind : str
        'pool', 'settlement' or 'lending'.
    carrier : str
        Institution id, or ``U-`` id.
    holder_id : int
    lines : polars.DataFrame
        Its business lines: line_no, account_no, booked_on, amount_fen, coming, other_id, other_kind, part.
        ``part``: 'taken' (what the public paid in), 'returned', 'outlet', 'lent', 'repaid', 'settled'.
    strength : float
        0 to 1, how far beyond the thresholds the signature lies.
    """

    kind: str
    carrier: str
    holder_id: int
    lines: pl.DataFrame
    strength: float

    def part(self, *parts: str) -> pl.DataFrame:
        """Lines of these parts."""
        return self.lines.filter(pl.col("part").is_in(parts))

    def taken_fen(self) -> int:
        """Money taken in from the public."""
        return int(self.part("taken")["amount_fen"].sum())


def operators(ctx: Context, typology: Typology) -> list[Operator]:
    """All holders with no licence or filing whose flows show a pool, settlement or lending business.

    Parameters
    ----------
    typology : Typology
        Whose parameters (and overrides) are used; the answer is shared by all with the same values.
    """
    p = {x.name: ctx.parameter(typology, x.name) for x in PARAMETERS}
    key = "operators:" + ",".join(f"{v:g}" for v in p.values())
    found: list[Operator] = ctx.shared(key, lambda c: _make(c, p))
    return found


def _candidates(ctx: Context, p: dict[str, float]) -> pl.DataFrame:
    """Holders worth reading: enough persons on either side, no licence, no bank, statements on hand."""
    least = min(p["min_pool_payers"], p["min_settlement_payers"])
    busy = ctx.rows(
        "mart_holder_activity",
        ("holder_id",),
        f"payers > 0 and payees > 0 and (payers >= {least:g}"
        f" or (payees >= {p['min_borrowers']:g} and both_ways >= {p['min_borrowers']:g})"
        f" or (payees >= {p['min_lump_merchants']:g} and in_days >= {LUMP_DAYS}))",
    )
    known = holder_institution(ctx).rename(
        {"other_holder_id": "holder_id", "other_institution": "institution_id"}
    )
    licensed = (
        ctx.table("mart_institution", ("institution_id", "licence_status"))
        .filter(pl.col("licence_status").is_in(["licensed", "filed"]))
        .select("institution_id")
    )
    kinds = ctx.table("mart_holder_kind", ("holder_id", "role")).filter(
        pl.col("role").is_in(["bank", "payment_institution", "insurer", "securities"])
    )
    ids = operator_ids(ctx).select("holder_id", "operator_id")
    cards = same_persons(ctx).select("holder_id").cast(busy.select("holder_id").schema)
    return (
        pl.concat([busy.select("holder_id"), cards])
        .unique()
        .join(kinds, on="holder_id", how="anti")
        .join(known, on="holder_id", how="left")
        .join(licensed, on="institution_id", how="anti")
        .join(ids, on="holder_id", how="left")
        .with_columns(pl.coalesce("institution_id", "operator_id").alias("carrier"))
        .drop_nulls("carrier")
        .sort("holder_id")
        .select("holder_id", "carrier", "institution_id")
    )


def business_lines(ctx: Context, holders: pl.Series) -> pl.DataFrame:
    """Lines on these holders' own accounts, else their counterparties' lines, each movement once.

    Returns
    -------
    polars.DataFrame
        ``holder_id``, ``line_no``, ``account_no``, ``booked_on``, ``booked_at``, ``amount_fen``,
        ``coming``, ``other_id``, ``other_kind``; bank lines left out; sorted by holder and time.
    """
    ids = holders.unique().sort().to_list()
    moves = ctx.rows(
        "mart_transfer",
        ("transfer_no", "out_line_no", "in_line_no", "from_holder_id", "to_holder_id"),
        "from_holder_id in (select key from asked) or to_holder_id in (select key from asked)",
        asked=holders,
    )
    parts = []
    for mine, other, own_line, other_line, coming in (
        ("to_holder_id", "from_holder_id", "in_line_no", "out_line_no", True),
        ("from_holder_id", "to_holder_id", "out_line_no", "in_line_no", False),
    ):
        parts.append(
            moves.filter(pl.col(mine).is_in(ids) & ~pl.col(mine).eq_missing(pl.col(other))).select(
                pl.col(mine).alias("holder_id"),
                pl.col(other).alias("other_id"),
                pl.coalesce(own_line, other_line).alias("line_no"),
                pl.lit(coming).alias("coming"),
            )
        )
    kinds = firms(ctx).select(pl.col("holder_id").alias("other_id"), pl.lit("firm").alias("other_kind"))
    banks = (
        ctx.table("mart_holder_kind", ("holder_id", "role"))
        .filter(pl.col("role") == "bank")
        .select(pl.col("holder_id").alias("other_id"))
    )
    legs = pl.concat(parts).unique(["holder_id", "line_no"])
    lines = ctx.lines(legs["line_no"], ("line_no", "account_no", "booked_at", "booked_on", "amount_fen"))
    return (
        legs.join(lines, on="line_no")
        .join(kinds, on="other_id", how="left")
        .with_columns(pl.col("other_kind").fill_null("person"))
        .join(banks, on="other_id", how="anti")
        .sort("holder_id", "booked_at", "line_no")
    )


def _make(ctx: Context, p: dict[str, float]) -> list[Operator]:
    candidates = _candidates(ctx, p)
    if candidates.is_empty():
        return []
    lines = business_lines(ctx, candidates["holder_id"])
    candidates, lines = _as_persons(ctx, candidates, lines)
    insiders = ctx.table("mart_relation", ("institution_id", "holder_id")).unique()
    known = _publicised(ctx)
    behind = _behind(ctx, candidates, lines, known)
    found: list[Operator] = []
    for holder, carrier, iid in candidates.iter_rows():
        mine = lines.filter(pl.col("holder_id") == holder)
        if iid is not None:
            staff = insiders.filter(pl.col("institution_id") == iid).select(
                pl.col("holder_id").alias("other_id")
            )
            mine = mine.join(staff, on="other_id", how="anti")
        for judge in (_pool, _lending, _settlement):
            made = judge(holder, carrier, mine, p)
            if made is not None:
                if made.kind == "settlement" or behind.get(holder) in known:
                    made = replace(made, carrier=behind.get(holder, made.carrier))
                found.append(made)
                break
    return sorted(found, key=lambda o: (o.carrier, o.kind))


def _as_persons(
    ctx: Context, candidates: pl.DataFrame, lines: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Candidates and lines with a person's cards as one holder, carried by the card that took in most."""
    cards = same_persons(ctx)
    if cards.is_empty():
        return candidates, lines
    leader = dict(cards.iter_rows())
    whose = pl.col("holder_id").replace(leader)
    took = (
        lines.filter("coming")
        .filter(whose != pl.col("other_id").replace(leader))
        .group_by("holder_id")
        .agg(took_fen=pl.col("amount_fen").sum())
    )
    merged = (
        candidates.join(took, on="holder_id", how="left")
        .with_columns(leader_id=whose, took_fen=pl.col("took_fen").fill_null(0))
        .sort("leader_id", "took_fen", "holder_id", descending=[False, True, False])
        .unique("leader_id", keep="first", maintain_order=True)
        .with_columns(holder_id="leader_id")
        .select(candidates.columns)
        .sort("holder_id")
    )
    lines = lines.with_columns(whose, pl.col("other_id").replace(leader))
    lines = lines.filter(~pl.col("holder_id").eq_missing(pl.col("other_id")))
    return merged, lines.sort("holder_id", "booked_at", "line_no")


def _publicised(ctx: Context) -> set[str]:
    """Institutions that advertisements or tips are about."""
    names = institutions_by_name(ctx)
    about: set[str] = set()
    for table, name in (("mart_advertisement", "advertiser"), ("mart_tip", "institution_name")):
        for iid, called in ctx.table(table, ("institution_id", name)).unique().iter_rows():
            told = iid or names.get(name_key(called))
            if told:
                about.add(str(told))
    return about


def _behind(ctx: Context, candidates: pl.DataFrame, lines: pl.DataFrame, known: set[str]) -> dict[int, str]:
    """The one institution without a licence behind a card that an insider holds.

    It is paid from the card, or advertisements or tips are about it: a firm that collects over its legal
    representative's card and takes the fees from there, or that solicits the public for it, runs the business.
    """
    roles = (
        ctx.table("mart_role_all", ("institution_id", "holder_id", "role"))
        .filter(pl.col("role") == "related")
        .select("institution_id", "holder_id")
        .unique()
    )
    firms = ctx.table("mart_institution", ("institution_id", "licence_status")).filter(
        ~pl.col("licence_status").is_in(["licensed", "filed"]).fill_null(False)
    )
    loose = candidates.filter(pl.col("institution_id").is_null()).select("holder_id")
    tied = roles.join(loose, on="holder_id", how="semi").join(firms, on="institution_id", how="semi")
    paid = (
        lines.filter(~pl.col("coming"))
        .join(holder_institution(ctx), left_on="other_id", right_on="other_holder_id")
        .select("holder_id", institution_id="other_institution")
        .unique()
    )
    named = tied.filter(pl.col("institution_id").is_in(sorted(known)))
    only = pl.concat([tied.join(paid, on=["holder_id", "institution_id"], how="semi"), named]).unique()
    only = only.filter(pl.len().over("holder_id") == 1)
    return dict(only.sort("holder_id").select("holder_id", "institution_id").iter_rows())


def _others(mine: pl.DataFrame) -> pl.DataFrame:
    """One row an other side: sums, counts, first day each way, kind."""
    return (
        mine.drop_nulls("other_id")
        .group_by("other_id")
        .agg(
            pl.col("other_kind").first(),
            pl.col("coming").sum().alias("ins"),
            (~pl.col("coming")).sum().alias("outs"),
            pl.col("amount_fen").filter("coming").sum().alias("in_fen"),
            pl.col("amount_fen").filter(~pl.col("coming")).sum().alias("out_fen"),
            pl.col("amount_fen").filter(~pl.col("coming")).median().alias("out_median"),
            pl.col("booked_at").filter("coming").min().alias("first_in"),
            pl.col("booked_at").filter(~pl.col("coming")).min().alias("first_out"),
        )
        .sort("other_id")
    )


def _pool(holder: int, carrier: str, mine: pl.DataFrame, p: dict[str, float]) -> Operator | None:
    others = _others(mine).filter(pl.col("other_kind") == "person")
    # who was paid before paying in is a borrower, no depositor
    payers = others.filter(
        (pl.col("ins") > 0) & (pl.col("first_out").is_null() | (pl.col("first_in") <= pl.col("first_out")))
    )
    if payers.height < p["min_pool_payers"]:
        return None
    back = payers.filter(pl.col("outs") > 0)
    returned = back.height / payers.height
    if returned < p["min_pool_returned"]:
        return None
    each = float(back["outs"].median() or 0)  # type: ignore[arg-type]
    size = float((back["out_median"] / back["in_fen"]).median() or 0)  # type: ignore[arg-type]
    small = (
        size <= p["max_return_share"]
        and not _pays_rebates(back)
        and (each >= p["min_returns_each"] or _one_rate(mine, back))
    )
    # whoever gets back what was paid in and interest on it is no customer: no refund is more than the price
    more = back.filter((pl.col("out_fen") / pl.col("in_fen")).is_between(*REPAID_WITH_INTEREST))
    if not small and more.height < p["min_pool_returned"] * payers.height:
        return None
    depositors = payers.select("other_id")
    taken = (
        mine.filter("coming")
        .join(depositors, on="other_id", how="semi")
        .with_columns(pl.lit("taken").alias("part"))
    )
    unknown = mine.filter(pl.col("coming") & pl.col("other_id").is_null()).with_columns(
        pl.lit("taken").alias("part")
    )
    out = (
        mine.filter(~pl.col("coming"))
        .join(depositors, on="other_id", how="semi")
        .with_columns(pl.lit("returned").alias("part"))
    )
    total = int(taken["amount_fen"].sum())
    # large payments to those who paid nothing in are where the money went; small ones are running costs
    outlets = (
        mine.filter(~pl.col("coming") & (pl.col("booked_at") >= taken["booked_at"].sort()[0]))
        .join(depositors, on="other_id", how="anti")
        .filter(pl.col("amount_fen").median().over("other_id") >= total / 200)
        .with_columns(pl.lit("outlet").alias("part"))
    )
    strength = min(
        1.0,
        0.5
        + 0.25 * min(1.0, payers.height / (2 * p["min_pool_payers"]))
        + 0.25 * min(1.0, returned / (2 * p["min_pool_returned"])),
    )
    return Operator(
        "pool", carrier, holder, pl.concat([taken, unknown, out, outlets]).sort("line_no"), strength
    )


def _pays_rebates(back: pl.DataFrame) -> bool:
    """Whether those paid back pay in again and again and get a small part of it: a shop's customers with a rebate."""
    often, part = back.select(
        (pl.col("ins") / pl.col("outs")).median(), part=(pl.col("out_fen") / pl.col("in_fen")).median()
    ).row(0)
    return bool((often or 0) >= REBATE_TIMES and (part or 0) <= REBATE_SHARE)


def _one_rate(mine: pl.DataFrame, back: pl.DataFrame) -> bool:
    """Whether payers who were paid back once only so far got one rate of what they had paid in, after one term.

    Interest of a young pool is a payment each, like refunds, but refunds follow what was bought and when.
    """
    both = mine.join(back.select("other_id"), on="other_id", how="semi")
    first = both.group_by("other_id").agg(
        pl.col("booked_on").filter("coming").min().alias("paid_on"),
        pl.col("booked_on").filter(~pl.col("coming")).min().alias("back_on"),
        pl.col("amount_fen").filter("coming").first().alias("in_fen"),
        pl.col("amount_fen").filter(~pl.col("coming")).first().alias("out_fen"),
    )
    rate, days = pl.col("out_fen") / pl.col("in_fen"), (pl.col("back_on") - pl.col("paid_on")).dt.total_days()
    alike = first.select(
        ((rate / rate.median() - 1).abs() <= RATE_SPREAD).mean(),
        days=((days - days.median()).abs() <= TERM_SPREAD).mean(),
    ).row(0)
    return min(float(x or 0) for x in alike) >= ONE_RATE_SHARE


def _lending(holder: int, carrier: str, mine: pl.DataFrame, p: dict[str, float]) -> Operator | None:
    others = _others(mine)
    persons = others.filter(pl.col("other_kind") == "person")
    borrowers = persons.filter(
        (pl.col("outs") > 0) & (pl.col("ins") > 0) & (pl.col("first_out") < pl.col("first_in"))
    )
    if borrowers.height < p["min_borrowers"]:
        return None
    all_out = int(others["out_fen"].sum())
    lent = int(borrowers["out_fen"].sum())
    # repaid loans come back with interest: those that brought more than they got
    gained = borrowers.filter(pl.col("in_fen") > pl.col("out_fen"))
    if lent < p["min_lent_share"] * all_out or gained.height < borrowers.height / 4:
        return None
    ids = borrowers.select("other_id")
    out_only = persons.filter((pl.col("outs") > 0) & (pl.col("ins") == 0)).select("other_id")
    repaid = (
        mine.filter("coming")
        .join(ids, on="other_id", how="semi")
        .with_columns(pl.lit("repaid").alias("part"))
    )
    loans = (
        mine.filter(~pl.col("coming"))
        .join(pl.concat([ids, out_only]), on="other_id", how="semi")
        .with_columns(pl.lit("lent").alias("part"))
    )
    taken = (
        mine.filter("coming").join(ids, on="other_id", how="anti").with_columns(pl.lit("taken").alias("part"))
    )
    strength = min(
        1.0,
        0.5 + 0.25 * min(1.0, borrowers.height / (2 * p["min_borrowers"])) + 0.25 * lent / max(1, all_out),
    )
    return Operator("lending", carrier, holder, pl.concat([taken, repaid, loans]).sort("line_no"), strength)


def _settlement(holder: int, carrier: str, mine: pl.DataFrame, p: dict[str, float]) -> Operator | None:
    others = _others(mine)
    payers = others.filter((pl.col("ins") > 0) & (pl.col("other_kind") == "person"))
    merchants = others.filter((pl.col("ins") == 0) & (pl.col("outs") >= MIN_MERCHANT_PAYMENTS))
    lumps = payers.height < p["min_settlement_payers"]
    if lumps:
        payers = others.filter(pl.col("ins") > 0)
    if payers.is_empty() or merchants.height < p["min_lump_merchants" if lumps else "min_merchants"]:
        return None
    start = payers["first_in"].min()
    # landlords, staff and suppliers were paid before there was a customer; merchants of the first days may have been too
    old = pl.col("first_out") < pl.lit(start).dt.offset_by(f"-{OLD_DAYS}d")
    merchants = merchants.filter(~old)
    if merchants.height < p["min_lump_merchants" if lumps else "min_merchants"]:
        return None
    payees = others.filter((pl.col("ins") == 0) & (pl.col("outs") > 0) & ~old).select("other_id")
    taken = mine.filter("coming")
    if not lumps:
        taken = taken.filter(pl.col("other_id").is_null() | (pl.col("other_kind") != "firm"))
    paid = mine.filter(~pl.col("coming") & (pl.col("booked_at") >= start)).join(
        payees, on="other_id", how="semi"
    )
    taken = usual(taken)
    masked = mine.filter(~pl.col("coming") & pl.col("other_id").is_null() & (pl.col("booked_at") >= start))
    max_fee = p["max_lump_fee" if lumps else "max_fee"]
    settled, fit, days = daily_fit(taken, paid, masked, max_fee)
    if not _settles(taken, settled, fit, days, p, lumps):
        settled, fit, days = daily_fit(taken, paid, masked, max_fee, same_day=True)
        if not _settles(taken, settled, fit, days, p, lumps):
            return None
    strength = min(1.0, 0.4 + 0.3 * fit + 0.3 * min(1.0, merchants.height / (2 * p["min_merchants"])))
    return Operator(
        "settlement",
        carrier,
        holder,
        pl.concat(
            [
                taken.with_columns(pl.lit("taken").alias("part")),
                settled.with_columns(pl.lit("settled").alias("part")),
            ]
        ).sort("line_no"),
        strength,
    )


def _settles(
    taken: pl.DataFrame, settled: pl.DataFrame, fit: float, days: float, p: dict[str, float], lumps: bool
) -> bool:
    """Say whether what was settled is nearly all that was taken, day by day, less a fee."""
    total, gone = int(taken["amount_fen"].sum()), int(settled["amount_fen"].sum())
    if not total or days < p["min_settlement_days"] or fit < p["min_daily_fit"]:
        return False
    if not 0.8 * total <= gone <= total:
        return False
    last = int(taken["amount_fen"][-1])
    return not lumps or (1 - p["max_lump_fee"]) * total - last <= gone <= (1 - LEAST_FEE) * total
