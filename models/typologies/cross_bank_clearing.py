"""二(四)2 变相跨行清算: customers pay in at one bank, payees are paid the like at another.

Pay-outs inside one bank (the payee's bank is that of the paying account) are matched one to one
with customers' pay-ins of the like amount, less a fee; what one payee gets in parts within a day counts as one.
Where most of the money so matched came in at another bank, the institution clears across banks over its own
accounts. Payments through the clearing channel are clean, and so are payer and payee at one bank. The deposit
account (备付金存管账户) alone may pay what other banks collected: what it pays counts only where the account the
money came into is not swept, day by day, to another. Payouts from accounts that are no reserve accounts count where
they pair. Where the payouts are batched, so that nothing pairs, accounts that pay and never collect tell it
(`models.typologies._cross_batches`).

Confidence: the share of matched pay-outs that crossed banks, times 0.9, plus 0.1 when few lump transfers
between the accounts even the positions out.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from models.finding import AmountBases, Finding, evidence
from models.typologies._common import first_last, name_keys, yuan
from models.typologies._cross_batches import batch_finding, batches
from models.typologies._frames import parts, total
from models.typologies._pairs import match_pairs
from models.typologies._reserve import Book, Ledgers, books, ledgers
from models.typologies.base import Context, Parameter, Typology

TYPOLOGY = Typology(
    code="cross-bank-clearing",
    title_zh="变相开展跨行清算业务",
    title_en="Clearing across banks over own accounts",
    clause="二(四)2",
    citations=("plan-2016-90", "pboc-reserve-2013-6"),
    severity="4; 5 above 5,000,000 yuan cleared.",
    runbook=(
        "1. Draw the accounts by bank: pay-ins, pay-outs and lump transfers between them by day.\n"
        "2. Take ten pairs and ask the banks for the original orders: payer, payee, purpose.\n"
        "3. Ask for the agreements with the banks under which the accounts pay out.\n"
        "4. Central bank: have the accounts limited to same-bank payments; payouts through the clearing channel only."
    ),
    parameters=(
        Parameter(
            "max_fee", 0.015, "share", "calibrated", "Largest fee of such services in the research notes (1.5 %).",
            "A pay-in may exceed the pay-out it stands behind by this share.",
        ),
        Parameter(
            "least_fee_yuan", 5, "yuan", "calibrated", "Tariffs with a floor charge one to five yuan a payment.",
            "However small the payment, so much may be kept back.",
        ),
        Parameter("max_days", 1, "days", "calibrated", "Clearing is same day or next day.", "Longest time between the two."),
        Parameter(
            "min_cross_share", 0.5, "share", "calibrated", "Matches by chance at another bank stay far below one half.",
            "Smallest share, by amount, of matched pay-outs whose pay-in came at another bank.",
        ),
        Parameter(
            "over_chance", 2, "times", "calibrated", "Pay-ins of another week match by chance alone.",
            "Pairs across banks over those that the pay-ins of the week before would make.",
        ),
        Parameter(
            "regular_fee", 0.3, "share", "calibrated",
            "Where payments are many, like amounts are found any week; a tariff keeps back the same share, chance does not.",
            "Share of the pairs with the commonest fee from which they are no chance however many there are.",
        ),
        Parameter("min_pairs", 10, "pairs", "calibrated", "Fewer may be chance.", "Fewest pairs across banks."),
    ),
    reach="circle",
)  # fmt: skip


CHANNELS = (
    "大额|小额|银联|网联|网银互联|超级网银|人民银行|清算|(?i:cnaps|hvps|beps|ibps|cups|nucc|epcc|unionpay)"
)
"""Channels of the central bank and the licensed clearing houses, as bank exports name them."""
SWEPT_SHARE = 0.5
"""Share of its days of receipts on which a swept account is emptied; positions are evened out far more rarely."""


def _bank_key(frame: pl.DataFrame, column: str) -> pl.Series:
    names = frame.select(column).unique().drop_nulls()
    keyed = names.with_columns(name_keys(names[column]).alias("key"))
    return frame.select(column).join(keyed, on=column, how="left", maintain_order="left")["key"]


def _flows(all_of: Ledgers) -> pl.DataFrame:
    """Lines of who has accounts at several banks, with ``bank`` (of the account) and ``other_bank`` (of the
    counterparty, if known); sorted by number.
    """
    banks = all_of.accounts.group_by("institution_id").agg(pl.col("bank_code").n_unique())
    several = all_of.accounts.join(banks.filter(pl.col("bank_code") >= 2), on="institution_id", how="semi")
    lines = all_of.lines.join(
        several.select("account_id", "bank_name"), on="account_id", maintain_order="left"
    ).with_columns(pl.coalesce("counterparty_bank", "cp_bank_name").alias("cp_bank"))
    return lines.with_columns(
        _bank_key(lines, "bank_name").alias("bank"), _bank_key(lines, "cp_bank").alias("other_bank")
    )


def detect(ctx: Context) -> Iterable[Finding]:
    """One finding an institution; the amount is what payees were paid across banks."""
    p = {x.name: ctx.parameter(TYPOLOGY, x.name) for x in TYPOLOGY.parameters}
    lines = _flows(ledgers(ctx))
    customer = lines.filter(pl.col("side").is_in(["other", "unknown", "staff"]))
    inside = pl.col("other_bank").is_null() | (pl.col("other_bank") == pl.col("bank"))
    channelled = pl.col("channel").str.contains(CHANNELS).fill_null(False)
    swept = swept_accounts(lines)
    deposit = pl.col("account_type") == "reserve_deposit"
    ins = customer.filter((pl.col("direction") == "in") & pl.col("reserve"))
    loose = ins.filter(~deposit & ~pl.col("account_id").is_in(swept))["institution_id"].unique()
    # with every other account swept to it, the deposit account pays out what it collected
    outs = customer.filter(
        (pl.col("direction") == "out")
        & inside
        & ~channelled
        & (~deposit | pl.col("institution_id").is_in(loose.implode()))
    )
    pairs = _by_right(_pairs(lines, ins, outs, p), lines, swept)
    cleared = _beyond_chance(lines, ins, outs, pairs, swept, p)
    lines_of, outs_of, ins_of, pairs_of = (parts(f) for f in (lines, outs, ins, pairs))
    for book in books(ctx):
        iid = book.institution_id
        if iid not in outs_of:
            continue
        own = (book, lines_of[iid], ins_of.get(iid, ins.clear()))
        if iid in cleared:
            yield _finding(*own, outs_of[iid], pairs_of[iid])
        elif (batched := batches(*own[1:], outs_of[iid])).height:
            yield batch_finding(TYPOLOGY.code, *own, batched)


_CROSSED = (pl.col("in_bank") != pl.col("out_bank")) & ~(
    pl.col("payer").eq_missing(pl.col("payee")) & pl.col("payer").is_not_null()
)
"""Pairs across banks that are no refund."""


def _beyond_chance(
    lines: pl.DataFrame,
    ins: pl.DataFrame,
    outs: pl.DataFrame,
    pairs: pl.DataFrame,
    swept: list[int],
    p: dict[str, float],
) -> set[str]:
    """Institutions of enough pairs across banks, and more of them than the pay-ins of the week before would make."""
    likely = _likely(pairs, p)
    if likely.is_empty():
        return set()
    ins, outs = (f.join(likely, on="institution_id", how="semi", maintain_order="left") for f in (ins, outs))
    week = pl.col("booked_on", "booked_at").dt.offset_by("7d")
    other_week = _by_right(_pairs(lines, ins.with_columns(week), outs, p), lines, swept)
    across = other_week.filter(pl.col("in_bank") != pl.col("out_bank"))
    chance = dict(across.group_by("institution_id").len().iter_rows())
    return {
        iid
        for iid, crossed in parts(
            pairs.join(likely, on="institution_id", how="semi").filter(_CROSSED)
        ).items()
        if crossed.height >= p["over_chance"] * chance.get(iid, 0) or _common_fee(crossed) >= p["regular_fee"]
    }


def _likely(pairs: pl.DataFrame, p: dict[str, float]) -> pl.DataFrame:
    """Institutions with enough pairs across banks, in number and as a part of all (``institution_id``)."""
    fen = pl.col("out_fen")
    return (
        pairs.group_by("institution_id")
        .agg(n=_CROSSED.sum(), cross=fen.filter(_CROSSED).sum(), matched=fen.sum())
        .filter(
            (pl.col("n") >= p["min_pairs"]) & (pl.col("cross") / pl.col("matched") >= p["min_cross_share"])
        )
        .select("institution_id")
    )


def swept_accounts(lines: pl.DataFrame) -> list[int]:
    """Reserve accounts whose receipts go to another reserve account day by day (most days of receipts)."""
    flows = lines.filter("reserve")
    took = flows.filter((pl.col("direction") == "in") & (pl.col("side") != "reserve"))
    gave = flows.filter((pl.col("direction") == "out") & (pl.col("side") == "reserve"))
    days = took.group_by("account_id").agg(pl.col("booked_on").n_unique().alias("took"))
    sweeps = gave.group_by("account_id").agg(pl.col("booked_on").n_unique().alias("gave"))
    both = days.join(sweeps, on="account_id")
    return both.filter(pl.col("gave") >= SWEPT_SHARE * pl.col("took"))["account_id"].sort().to_list()


def _pairs(lines: pl.DataFrame, ins: pl.DataFrame, outs: pl.DataFrame, p: dict[str, float]) -> pl.DataFrame:
    """Pay-outs with the pay-ins they pass on, and institution, bank, account and holder of both.

    ``out_lines`` holds the payments that make up the pay-out: one, or the parts one payee got.
    """
    firm = lines.select("institution_id", out_line_no="line_no")
    first = _matched(ins, outs, p, None).join(firm, on="out_line_no", maintain_order="left")
    kept = _tariffs(first, p["regular_fee"])
    # where one tariff is kept, pairs that keep it go before pairs that fit by chance
    ins, outs = (f.join(kept, on="institution_id", how="semi", maintain_order="left") for f in (ins, outs))
    again = _matched(ins, outs, p, kept).join(firm, on="out_line_no")
    pairs = pl.concat([first.join(kept, on="institution_id", how="anti"), again]).sort("out_line_no")
    about = lines.select("line_no", "bank", "account_id", "cp_holder_id")
    return pairs.join(
        about.select(in_line_no="line_no", in_bank="bank", in_account="account_id", payer="cp_holder_id"),
        on="in_line_no",
        maintain_order="left",
    ).join(
        about.select(out_line_no="line_no", out_bank="bank", out_account="account_id", payee="cp_holder_id"),
        on="out_line_no",
        maintain_order="left",
    )


def _matched(
    ins: pl.DataFrame, outs: pl.DataFrame, p: dict[str, float], tariffs: pl.DataFrame | None
) -> pl.DataFrame:
    """Pairs of single payments, then of those in parts; those that keep the tariff first, where there is one."""
    done: list[pl.DataFrame] = []
    for kept in (None,) if tariffs is None else (tariffs, None):
        for in_parts in (False, True):
            if done:
                ins = ins.join(done[-1].select(line_no="in_line_no"), on="line_no", how="anti")
                used = done[-1].select(line_no="out_lines").explode("line_no")
                outs = outs.join(used, on="line_no", how="anti")
            pays = _in_parts(outs) if in_parts else outs.with_columns(out_lines=pl.concat_list("line_no"))
            made = match_pairs(
                ins, pays if kept is None else pays.join(kept, on="institution_id"), fee=p["max_fee"],
                least_fee_fen=int(p["least_fee_yuan"] * 100), days=int(p["max_days"]),
            )  # fmt: skip
            done.append(made.join(pays.select("out_lines", out_line_no="line_no"), on="out_line_no"))
    return pl.concat(done).sort("out_line_no")


def _tariffs(pairs: pl.DataFrame, least: float) -> pl.DataFrame:
    """The share of the pay-in that the most pairs kept back, to one in ten thousand, if `least` of them or more did.

    Returns
    -------
    polars.DataFrame
        ``institution_id``, ``tariff``.
    """
    kept = ((pl.col("in_fen") - pl.col("out_fen")) / pl.col("in_fen")).round(4)
    return (
        pairs.group_by("institution_id", tariff=kept)
        .len()
        .with_columns(all=pl.col("len").sum().over("institution_id"))
        .sort("institution_id", "len", "tariff", descending=[False, True, False])
        .unique("institution_id", keep="first", maintain_order=True)
        .filter(pl.col("len") >= least * pl.col("all"))
        .select("institution_id", "tariff")
    )


def _in_parts(outs: pl.DataFrame) -> pl.DataFrame:
    """Two to four payments of one account to one payee on a day, or on two days where these are its only ones."""
    who = ["account_id", "cp_holder_id"]
    known = outs.drop_nulls("cp_holder_id").with_columns(
        span=(pl.col("booked_on").max() - pl.col("booked_on").min()).dt.total_days().over(who),
        first_on=pl.col("booked_on").min().over(who),
    )
    day = pl.when(pl.col("span") <= 1).then(pl.col("first_on")).otherwise(pl.col("booked_on")).alias("day")
    return (
        known.sort("booked_at", "line_no")
        .group_by(*who, day, maintain_order=True)
        .agg(
            pl.col("institution_id", "line_no").first(),
            pl.col("booked_at").first(),
            pl.col("booked_on").first(),
            pl.col("amount_fen").sum(),
            out_lines=pl.col("line_no"),
        )
        .filter(pl.col("out_lines").list.len().is_between(2, 4))
        .sort("line_no")
    )


def _by_right(pairs: pl.DataFrame, lines: pl.DataFrame, swept: list[int]) -> pl.DataFrame:
    """Without what the deposit account pays of money that was swept to it."""
    deposit = (
        lines.filter(pl.col("account_type") == "reserve_deposit")["account_id"].unique().sort().to_list()
    )
    by_right = (
        pl.col("out_account").is_in(deposit)
        & pl.col("in_account").is_in(swept)
        & (pl.col("in_account") != pl.col("out_account"))
    )
    return pairs.filter(~by_right)


def _common_fee(pairs: pl.DataFrame) -> float:
    """Share of the pairs that kept back the commonest part, to one in ten thousand, or the commonest sum."""
    kept = pairs["in_fen"] - pairs["out_fen"]
    parts = (kept / pairs["in_fen"]).round(4)
    return max(float(s.value_counts()["count"].max() or 0) for s in (kept, parts)) / max(1, pairs.height)  # type: ignore[arg-type]


def _finding(
    book: Book,
    lines: pl.DataFrame,
    ins: pl.DataFrame,
    outs: pl.DataFrame,
    pairs: pl.DataFrame,
) -> Finding:
    crossed = pairs.filter(_CROSSED)
    share = total(crossed, "out_fen") / total(pairs, "out_fen")
    used = pl.concat([crossed["in_account"], crossed["out_account"]]).unique().to_list()
    # what no pair explains on these accounts was batched; where nearly all pairs cross banks it did too
    near_all = share >= 0.9
    crossed_out = crossed.select(line_no="out_lines").explode("line_no")
    deposit = pl.col("account_type") == "reserve_deposit"
    paired = pl.col("line_no").is_in(crossed_out["line_no"].to_list())
    chosen_out = outs.filter(pl.col("account_id").is_in(used) & ((pl.col("reserve") & ~deposit) | paired))
    chosen_in = ins.filter(
        pl.col("account_id").is_in(used) & (pl.col("account_type") != "reserve_collection")
    )
    if not near_all:
        chosen_out = chosen_out.join(crossed_out, on="line_no", how="semi")
        chosen_in = chosen_in.join(
            crossed.select(pl.col("in_line_no").alias("line_no")), on="line_no", how="semi"
        )
    lumps = lines.filter(
        pl.col("account_id").is_in(used)
        & (pl.col("side") == "reserve")
        & (pl.col("account_type") == "reserve_settlement")
    )
    cleared = int(chosen_out["amount_fen"].sum())
    taken = int(chosen_in["amount_fen"].sum())
    lump_fen = int(lumps.filter(pl.col("direction") == "out")["amount_fen"].sum())
    sparse = 0 < lumps.height <= (chosen_out.height + chosen_in.height) / 5
    moved = pl.concat([chosen_out.select("booked_on"), chosen_in.select("booked_on")])["booked_on"]
    banks = chosen_out["bank_name"].n_unique()
    return Finding(
        institution_id=book.institution_id,
        typology=TYPOLOGY.code,
        amount_fen=cleared,
        severity=5 if cleared >= 500_000_000 else 4,
        confidence=round(min(0.99, 0.9 * share + (0.1 if sparse else 0.0)), 2),
        first_on=first_last(moved)[0],
        last_on=first_last(moved)[1],
        explanation_zh=(
            f"{book.name}在{banks}家银行的账户间变相跨行清算:客户在一家银行付入、收款人在另一家银行收款,"
            f"已匹配{crossed.height}对(占匹配金额{share:.1%}),向收款人付出{chosen_out.height}笔共{yuan(cleared)}元;"
            f"各行头寸仅靠{lumps.filter(pl.col('direction') == 'out').height}笔大额调拨({yuan(lump_fen)}元)轧平。"
        ),
        explanation_en=(
            f"{book.name} cleared payments across {banks} banks over its own accounts: {crossed.height} pairs came in at one bank and were "
            f"paid at another ({share:.1%} of the matched amount); payees got {yuan(cleared)} yuan in {chosen_out.height} payments, positions were "
            f"evened out by {lumps.filter(pl.col('direction') == 'out').height} lump transfers ({yuan(lump_fen)} yuan)."
        ),
        evidence=pl.concat(
            [
                evidence("pay_out", chosen_out),
                evidence("pay_in", chosen_in),
                evidence("position_transfer", lumps),
            ]
        ),
        accounts=tuple(sorted(chosen_out["account_no"].unique())),
        clients=chosen_in["cp_holder_id"].n_unique(),
        bases=AmountBases(
            gross_taken=taken, net_unrepaid=max(0, taken - cleared), income=max(0, taken - cleared)
        ),
        benign=(
            (
                f"收付双方同在一家银行:仅占配对金额的 {1 - share:.1%}",
                f"payer and payee at one bank: {1 - share:.1%} of the matched amount only",
            ),
            (
                "归集至存管账户、再经清算通道付出:未计入",
                "sweeps to the deposit account and payouts from there through the clearing channel: not counted",
            ),
            ("原路退款:收款人并非付款人", "refunds by the original route: the payee is not the payer"),
        ),
    )
