"""`nested-products` (产品嵌套): product money goes into another product, two layers or more before an asset.

Confidence is 0.9: both statements of each transfer are seen; what remains is a transfer that is no
investment (clients' own moves are taken out by client and amount).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import polars as pl

from models.finding import AmountBases, Finding, evidence
from models.typologies._bonus import groups, transfer_lines
from models.typologies._frames import each, first_last, total
from models.typologies._products import between_products
from models.typologies._say import span, yuan
from models.typologies.base import Context, Parameter, Typology

ONE_LAYER_FROM = dt.date(2018, 4, 27)
"""银发〔2018〕106号 art. 22 binds from its day; before it the pattern is a sign to watch, severity 1."""

TYPOLOGY = Typology(
    code="nested-products",
    title_zh="资产管理产品多层嵌套",
    title_en="Products nested in products",
    clause="二(三)3",
    citations=("plan-2016-90", "pboc-2018-106"),
    severity="1 for flows before 2018-04-27; 3 from then on, 4 with three layers or more.",
    runbook=(
        "1. Draw the chain of products from the evidence: who buys whom, and what asset is at its end.\n"
        "2. Ask what the layers are for: leverage, term, qualified investors or a ceiling avoided.\n"
        "3. Where duties are unclear, hand to the central bank's branch (四(三))."
    ),
    parameters=(
        Parameter(
            "max_layers",
            1,
            "layers",
            "regulatory",
            "pboc-2018-106",
            "Layers of products allowed between a product and its asset.",
        ),
        Parameter(
            "payout_days",
            3,
            "days",
            "calibrated",
            "Money that the receiving product pays out to clients within a long weekend is no investment.",
            "Days in which a transfer that is paid out to clients is taken for a subsidy, not a layer.",
        ),
    ),
    reach="circle",
)


def detect(ctx: Context) -> Iterable[Finding]:
    """Chains product → product → product; the amount is the money beyond the first layer."""
    layers = _layers(ctx)
    deep = layers.filter(pl.col("layer") > int(ctx.parameter(TYPOLOGY, "max_layers")))
    for institution_id, part in each(deep, "institution_id"):
        chain = layers.filter(pl.col("chain").is_in(part["chain"].unique().implode()))
        yield _finding(institution_id, part, chain)


def _layers(ctx: Context) -> pl.DataFrame:
    """Investing transfers with the layer they open: 1 where the payer is fed by no other product.

    The chain is the last product's id. Loops end after as many rounds as there are products.
    """
    days = int(ctx.parameter(TYPOLOGY, "payout_days"))
    moved = between_products(ctx).filter(
        pl.col("from_product").is_not_null()
        & pl.col("to_product").is_not_null()
        & (pl.col("from_product") != pl.col("to_product"))
    )
    paid = (
        moved.join(
            groups(ctx).select(to_account_id="account_id", round_on="booked_on", due_fen="due_fen"),
            on="to_account_id",
        )
        .filter(
            (pl.col("round_on") >= pl.col("booked_on"))
            & (pl.col("round_on") <= pl.col("booked_on") + dt.timedelta(days=days))
            & (pl.col("amount_fen") <= pl.col("due_fen") * 1.02)
        )
        .select("transfer_no")
    )
    fed = moved["to_product"].unique()
    sold = ctx.table("mart_subscription", ("institution_id", "amount_fen", "product_id"))
    own_moves = moved.join(
        sold.filter(pl.col("product_id").is_in(fed.implode())),
        left_on=["institution_id", "amount_fen", "to_product"],
        right_on=["institution_id", "amount_fen", "product_id"],
        how="semi",
    )
    real = moved.join(paid, on="transfer_no", how="anti").join(own_moves, on="transfer_no", how="anti")
    edges = sorted(set(real.select("from_product", "to_product").iter_rows()))
    depth: dict[str, int] = dict.fromkeys((p for e in edges for p in e), 0)
    for _ in range(len(depth)):
        new = {b: max([depth[b], *(depth[a] + 1 for a, c in edges if c == b)]) for b in depth}
        new = {p: min(d, len(depth)) for p, d in new.items()}
        if new == depth:
            break
        depth = new
    return real.with_columns(
        layer=pl.col("to_product").replace_strict(depth, default=0, return_dtype=pl.Int64),
        chain=pl.col("to_product"),
    ).sort("transfer_no")


def _finding(institution_id: str, part: pl.DataFrame, chain: pl.DataFrame) -> Finding:
    amount, (first, last) = total(part), first_last(part)
    deepest = int(part["layer"].max() or 0)  # type: ignore[arg-type]
    binding = last is not None and last >= ONE_LAYER_FROM
    products = sorted(set(chain["from_product"].to_list()) | set(chain["to_product"].to_list()))
    return Finding(
        institution_id=institution_id,
        typology=TYPOLOGY.code,
        amount_fen=amount,
        severity=(4 if deepest >= 3 else 3) if binding else 1,
        confidence=0.9,
        first_on=first,
        last_on=last,
        explanation_zh=(
            f"{span(first, last)},产品资金经 {deepest} 层产品后才投向资产,第一层之后投入 {yuan(amount)} 元"
            + ("。" if binding else ";一层嵌套限制自 2018-04-27 起施行,此前仅作关注。")
        ),
        explanation_en=(
            f"{span(first, last)}: product money passed {deepest} layers of products before an asset; {yuan(amount)} yuan went "
            "beyond the first layer"
            + (
                "."
                if binding
                else "; the one-layer rule binds from 2018-04-27, so this is a sign to watch only."
            )
        ),
        evidence=pl.concat(
            [
                evidence("beyond_first_layer", transfer_lines(part)),
                evidence("product", register="products", keys=products),
            ]
        ),
        accounts=(),
        bases=AmountBases(gross_taken=amount, peak_diverted=amount),
        benign=(
            (
                "一层公募基金:只计第一层以下的资金。",
                "One layer of a public fund: only money beyond the first layer counts.",
            ),
            (
                "客户自行在产品间转移:已按客户和金额剔除。",
                "Clients' own moves between products: taken out by client and amount.",
            ),
        ),
    )
