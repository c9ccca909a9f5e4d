"""二(五)2–3: premiums reach an insurer through a third party with no licence that collects from many.

The third party carries the finding. It collects from many persons and passes most of it on to an
insurer, or pays the insurer's clients. Licensed agents and brokers, payment institutions, banks and
insurers are clean. What it collects besides (fees of firms, interest) is no premium.

Confidence: 0.6 + 0.3 × share of the collected money seen to go on to insurers or as claims to its payers
(at most 1), + 0.05 when it also pays claims.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from models.finding import AmountBases, Finding, evidence
from models.text.clauses import plain
from models.typologies._common import first_last, operator_ids, shown_name, yuan
from models.typologies._flows_between import dealings, holder_institution
from models.typologies._operators import business_lines
from models.typologies._settlement import usual
from models.typologies.base import Context, Parameter, Typology

TYPOLOGY = Typology(
    code="unlicensed-insurance-channel",
    title_zh="无资质代收保费、从事互联网保险业务",
    title_en="Insurance channel without a licence",
    clause="二(五)2–3",
    citations=("plan-2016-90", "insurance-law-2015", "internet-insurance-2015-69"),
    severity="4: insurance business without a licence is closed down (二(五)3, 五(三)).",
    runbook=(
        "1. Ask the insurer for its contract with the third party and how premiums are allotted to policies.\n"
        "2. Call some payers: who sold the policy, did they get one?\n"
        "3. Compare what was collected with what reached the insurer; the difference is commission or is missing.\n"
        "4. Insurance group: stop the channel, have premiums go to the insurer's account; district for the unlicensed firm."
    ),
    parameters=(
        Parameter(
            "min_payers", 10, "persons", "calibrated", "Fewer than ten payers are no channel to the public.",
            "Fewest persons the third party collected from.",
        ),
        Parameter(
            "min_passed_on", 0.5, "share", "calibrated",
            "Commission of channels runs up to about a third; a firm that insures itself passes on far less than it collects.",
            "Smallest share of what was collected that goes on to insurers or back as claims.",
        ),
        Parameter("min_settlements", 2, "transfers", "calibrated", "One premium may be the firm's own.", "Fewest transfers to insurers."),
    ),
)  # fmt: skip


def channels(ctx: Context) -> pl.DataFrame:
    """Third parties that collect premiums for insurers.

    Returns
    -------
    polars.DataFrame
        Grain: third party × insurer. ``holder_id``, ``carrier`` (institution id or ``U-`` id), ``insurer``,
        ``settlements``, ``settled_fen`` (to the insurer), ``claims_fen`` (from the insurer),
        ``collected_fen``, ``payers``, ``repaid_fen`` (to payers), ``passed_on`` (share).
    """
    frame: pl.DataFrame = ctx.shared("insurance_channels", _make)
    return frame


def _settlements(ctx: Context) -> pl.DataFrame:
    """Insurers' `dealings`."""
    firms = ctx.table("mart_institution", ("institution_id", "sector"))
    return dealings(ctx, firms.filter(pl.col("sector") == "insurance")["institution_id"])


def _make(ctx: Context) -> pl.DataFrame:
    p = {x.name: ctx.parameter(TYPOLOGY, x.name) for x in TYPOLOGY.parameters}
    firms = ctx.table("mart_institution", ("institution_id", "sector", "licence_status", "licence_scope"))
    once = _settlements(ctx).unique("transfer_no", keep="first", maintain_order=True)
    third = (
        once.group_by("institution_id", "other_holder_id")
        .agg(
            pl.col("coming").sum().alias("settlements"),
            pl.col("amount_fen").filter("coming").sum().alias("settled_fen"),
            pl.col("amount_fen").filter(~pl.col("coming")).sum().alias("claims_fen"),
        )
        .filter(pl.col("settlements") >= p["min_settlements"])
        .rename({"institution_id": "insurer", "other_holder_id": "holder_id"})
    )
    licensed = firms.filter(
        pl.col("licence_status").is_in(["licensed", "filed"])
        & pl.col("licence_scope")
        .fill_null("")
        .map_elements(lambda s: "保险" in plain(s) or "支付" in plain(s), return_dtype=pl.Boolean)
    )
    kinds = ctx.table("mart_holder_kind", ("holder_id", "role")).filter(
        pl.col("role").is_in(["bank", "payment_institution", "insurer"])
    )
    ids = operator_ids(ctx)
    third = (
        third.join(kinds.select("holder_id"), on="holder_id", how="anti")
        .join(_carriers(ctx, ids), on="holder_id")
        .join(licensed.select(pl.col("institution_id").alias("carrier")), on="carrier", how="anti")
    )
    if third.is_empty():
        return third.with_columns(
            collected_fen=pl.lit(0), payers=pl.lit(0), repaid_fen=pl.lit(0), passed_on=pl.lit(0.0)
        )
    taken = receipts(ctx, third["holder_id"].unique().sort().to_list())
    sums = taken.group_by("holder_id").agg(
        pl.col("amount_fen").filter("coming").sum().alias("collected_fen"),
        pl.col("other_id").filter("coming").n_unique().alias("payers"),
        pl.col("amount_fen").filter(~pl.col("coming")).sum().alias("repaid_fen"),
    )
    return (
        third.join(sums, on="holder_id")
        .with_columns(
            (
                (
                    pl.col("settled_fen").sum().over("holder_id")
                    + pl.min_horizontal("repaid_fen", pl.col("claims_fen").sum().over("holder_id"))
                )
                / pl.col("collected_fen").clip(1)
            ).alias("passed_on")
        )
        .filter((pl.col("payers") >= p["min_payers"]) & (pl.col("passed_on") >= p["min_passed_on"]))
        .sort("carrier", "insurer")
    )


def _carriers(ctx: Context, ids: pl.DataFrame) -> pl.DataFrame:
    known = holder_institution(ctx).rename({"other_holder_id": "holder_id", "other_institution": "carrier"})
    rest = ids.join(known, on="holder_id", how="anti").select(
        "holder_id", pl.col("operator_id").alias("carrier")
    )
    return pl.concat([known, rest])


def receipts(ctx: Context, holders: list[int]) -> pl.DataFrame:
    """Lines on these holders' own accounts with persons that pay in, and payments back to them.

    Returns
    -------
    polars.DataFrame
        ``holder_id``, ``line_no``, ``account_no``, ``booked_on``, ``amount_fen``, ``coming``, ``other_id``.
    """
    lines = business_lines(ctx, pl.Series(holders, dtype=pl.Int32)).filter(pl.col("other_kind") != "firm")
    taken = [
        usual(mine.filter(pl.col("coming") & pl.col("other_id").is_not_null()), multiple=10)
        for _, mine in lines.group_by("holder_id", maintain_order=True)
    ]
    if not taken:
        return lines.select(
            "holder_id", "line_no", "account_no", "booked_on", "amount_fen", "coming", "other_id"
        )
    came = pl.concat(taken)
    payers = came.select("holder_id", "other_id").unique()
    back = lines.filter(~pl.col("coming")).join(payers, on=["holder_id", "other_id"], how="semi")
    return (
        pl.concat([came, back])
        .select("holder_id", "line_no", "account_no", "booked_on", "amount_fen", "coming", "other_id")
        .sort("line_no")
    )


def detect(ctx: Context) -> Iterable[Finding]:
    """One finding a third party; the amount is what it collected from persons."""
    found = channels(ctx)
    flows = _settlements(ctx)
    for (carrier,), rows in found.group_by("carrier", maintain_order=True):
        holder = int(rows["holder_id"][0])
        taken = receipts(ctx, [holder])
        settled = flows.filter(
            (pl.col("other_holder_id") == holder) & pl.col("institution_id").is_in(rows["insurer"].to_list())
        )
        premiums = taken.filter("coming")
        claims = taken.filter(~pl.col("coming"))
        amount = int(premiums["amount_fen"].sum())
        to_insurer = int(rows["settled_fen"].sum())
        days = pl.concat([premiums["booked_on"], claims["booked_on"], settled["booked_on"]])
        names = "、".join(shown_name(ctx, i) for i in rows["insurer"])
        name = shown_name(ctx, str(carrier))
        passed = min(1.0, float(rows["passed_on"][0]))
        yield Finding(
            institution_id=str(carrier),
            typology=TYPOLOGY.code,
            amount_fen=amount,
            severity=4,
            confidence=round(min(0.95, 0.6 + 0.3 * passed + (0.05 if claims.height else 0.0)), 2),
            first_on=first_last(days)[0],
            last_on=first_last(days)[1],
            explanation_zh=(
                f"{name}无保险代理或经纪资质,向{premiums['other_id'].n_unique()}人收取保费{premiums.height}笔共{yuan(amount)}元,"
                f"结转{names}{yuan(to_insurer)}元,代付赔款{yuan(int(claims['amount_fen'].sum()))}元。"
            ),
            explanation_en=(
                f"{name}, with no agent's or broker's licence, collected {yuan(amount)} yuan from {premiums['other_id'].n_unique()} persons and passed "
                f"{yuan(to_insurer)} on to {names}; it paid {yuan(int(claims['amount_fen'].sum()))} in claims."
            ),
            evidence=pl.concat(
                [
                    evidence("premium", premiums),
                    evidence("claim_paid", claims),
                    evidence("settlement", settled.filter("coming").unique("line_no")),
                    evidence("claim_funding", settled.filter(~pl.col("coming")).unique("line_no")),
                ]
            ),
            accounts=tuple(sorted(premiums["account_no"].unique())),
            clients=premiums["other_id"].n_unique(),
            bases=AmountBases(
                gross_taken=amount,
                net_unrepaid=max(0, amount - to_insurer),
                income=max(0, amount - to_insurer),
            ),
            benign=(
                (
                    "持牌代理人、经纪人或支付机构:登记表中无此许可",
                    "a licensed agent, broker or payment institution: the register shows no such licence",
                ),
                (
                    f"为自身或员工投保的企业:其向个人所收款项的 {passed:.0%} 转付保险公司",
                    f"a firm that insures itself or its staff: {passed:.0%} of what it collected from persons went on to the insurer",
                ),
            ),
        )
