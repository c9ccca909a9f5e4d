"""二(五)2 风险向保险领域传递: an insurer has regular flows with a platform that pools or pays old with new.

The insurer carries the finding. Platforms are those with an open finding of ``fund-pool``,
``self-guarantee`` or ``new-money-pays-old``; flows both ways between the two institutions' accounts count,
each transfer once.

Confidence: that of the platform's strongest such finding, times 0.95 (the flows themselves are exact).
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from models.finding import AmountBases, Finding, evidence
from models.typologies._common import first_last, shown_name, yuan
from models.typologies._flows_between import flows_between
from models.typologies.base import Context, Parameter, Typology

TYPOLOGY = Typology(
    code="risk-transfer-to-insurer",
    title_zh="网贷平台风险向保险领域传递",
    title_en="Platform risk passed on to an insurer",
    clause="二(五)2",
    citations=("plan-2016-90", "insurance-law-2015"),
    severity="3: to be put right by a day set (五(三)); the pool itself is the platform's finding.",
    runbook=(
        "1. Ask the insurer for the credit or guarantee insurance contracts with the platform and the insured loans.\n"
        "2. Check each claim against a registered project and its borrower's default.\n"
        "3. Insurance group: stop new cover for platforms that pool or guarantee themselves; provision for the rest."
    ),
    parameters=(
        Parameter(
            "min_transfers", 3, "transfers", "calibrated", "Regular flows: a single premium or claim is none.",
            "Fewest transfers between the two.",
        ),
    ),
    after=("fund-pool", "self-guarantee", "new-money-pays-old"),
)  # fmt: skip


def detect(ctx: Context) -> Iterable[Finding]:
    """One finding an insurer, over all such platforms; the amount is the flows both ways."""
    least = int(ctx.parameter(TYPOLOGY, "min_transfers"))
    platforms: dict[str, tuple[float, set[str]]] = {}
    for code in TYPOLOGY.after:
        for f in ctx.findings.get(code, ()):
            best, codes = platforms.get(f.institution_id, (0.0, set()))
            platforms[f.institution_id] = (max(best, f.confidence), codes | {code})
    firms = ctx.table("mart_institution", ("institution_id", "sector"))
    insurers = firms.filter(pl.col("sector") == "insurance")["institution_id"].to_list()
    flows = flows_between(ctx).filter(
        pl.col("institution_id").is_in(insurers) & pl.col("other_institution").is_in(sorted(platforms))
    )
    for (iid,), rows in flows.group_by("institution_id", maintain_order=True):
        rows = rows.filter(pl.col("transfer_no").n_unique().over("other_institution") >= least).sort(
            "line_no"
        )
        if rows.is_empty():
            continue
        once = rows.unique("transfer_no", keep="first", maintain_order=True)
        got = int(once.filter(pl.col("coming"))["amount_fen"].sum())
        paid = int(once.filter(~pl.col("coming"))["amount_fen"].sum())
        others = sorted(once["other_institution"].unique())
        reasons = sorted({c for o in others for c in platforms[o][1]})
        name = shown_name(ctx, str(iid))
        names = "、".join(shown_name(ctx, o) for o in others)
        yield Finding(
            institution_id=str(iid),
            typology=TYPOLOGY.code,
            amount_fen=got + paid,
            severity=3,
            confidence=round(0.95 * max(platforms[o][0] for o in others), 2),
            first_on=first_last(once["booked_on"])[0],
            last_on=first_last(once["booked_on"])[1],
            explanation_zh=(
                f"{name}与存在{'、'.join(reasons)}问题的{names}往来{once.height}笔:收取保费{yuan(got)}元,支付赔款{yuan(paid)}元,合计{yuan(got + paid)}元。"
            ),
            explanation_en=(
                f"{name} had {once.height} transfers with {names}, where {', '.join(reasons)} was found: it got {yuan(got)} and paid {yuan(paid)} yuan."
            ),
            evidence=pl.concat(
                [
                    evidence("premium", rows.filter("coming")),
                    evidence("claim", rows.filter(~pl.col("coming"))),
                ]
            ),
            accounts=tuple(sorted(rows.filter(pl.col("leg") == "own")["account_no"].unique())),
            bases=AmountBases(
                gross_taken=got,
                net_unrepaid=max(0, paid - got),
                peak_diverted=paid,
                income=max(0, got - paid),
            ),
            benign=(
                (
                    "与无此类发现的平台往来:这些平台有未了结的此类发现",
                    "flows with a platform that has no such finding: these platforms have an open one",
                ),
            ),
        )
