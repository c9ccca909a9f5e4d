"""`split-private-offering` (拆分私募、打包销售): a private product reaches the public by way of slices.

Every private product is looked through to its last investors: direct holders, and the holders of all
products whose accounts pay into its account or that name it as their parent. More than the legal number is
too many however they came; small holders count where they came by way of slices sold to the public, and where
the product itself is split into holdings below the minimum. Confidence
is 0.7 for the latter alone (the register may call a public product private), 0.95 where the slices' money is seen to arrive or the holders are the product's own, 0.8 where only the
register's parent ties them.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from models.finding import AmountBases, Finding, evidence
from models.typologies._bonus import transfer_lines
from models.typologies._frames import each, first_last, total
from models.typologies._ledger import deposits
from models.typologies._products import between_products, product_accounts
from models.typologies._say import span, yuan
from models.typologies._vehicles import members
from models.typologies.base import Context, Parameter, Typology

POOLED_KINDS = ("fund", "wealth")
"""Kinds of product whose private offer asks for the minimum; shares of a crowdfunded firm do not."""

TYPOLOGY = Typology(
    code="split-private-offering",
    title_zh="将私募产品打包、拆分后向公众销售",
    title_en="A private offering split for the public",
    clause="二(三)2",
    citations=("plan-2016-90", "law-fund-2013", "csrc-2014-105"),
    severity="4 when holders exceed the legal number or several slices bring small ones; 3 when one public product alone does (rather a layer).",
    runbook=(
        "1. Take the private product's holder list and add the slices' holders shown here.\n"
        "2. Ask who designed the slices and how they were advertised.\n"
        "3. Check the private fund's filing: does it name the slices as investors?\n"
        "4. Tell the securities regulator; stop the slices' sale and agree how holders are bought out."
    ),
    parameters=(
        Parameter(
            "max_holders",
            200,
            "persons",
            "regulatory",
            "law-fund-2013",
            "Most holders of a product not publicly raised, looked through to the last investor.",
        ),
        Parameter(
            "min_ticket",
            1_000_000,
            "yuan",
            "regulatory",
            "csrc-2014-105",
            "Least a qualified investor puts into one private product.",
        ),
        Parameter(
            "min_small_holders",
            10,
            "persons",
            "calibrated",
            "A handful of small tickets is staff co-investment, which the rule allows.",
            "Fewest holders below the minimum, by way of slices, that make a finding alone.",
        ),
    ),
    reach="circle",
)


_PRODUCT = ("institution_id", "product_id", "kind", "publicly_offered")


def detect(ctx: Context) -> Iterable[Finding]:
    """Private products whose look-through has too many holders, or small ones, by way of public slices.

    Notes
    -----
    The amount is the money that came into the private product from the slices; where no statement shows
    it, what the slices' holders subscribed.
    """
    products = ctx.table("mart_product", _PRODUCT)
    private = products.filter(pl.col("publicly_offered").eq(False).fill_null(False))
    # each private product goes through the holdings again: only those of products it can be made of
    looked_at = pl.concat([private["product_id"], _edges(ctx)["product_id"]]).unique()
    holders = (
        ctx.table(
            "mart_subscription",
            ("product_id", "amount_fen", "subscribed_on", "investor_id", "investor_account", "investor_name"),
        )
        .filter(pl.col("product_id").is_in(looked_at.implode()))
        .select(
            "product_id",
            "amount_fen",
            "subscribed_on",
            who=pl.coalesce("investor_id", "investor_account", "investor_name"),
        )
    )
    pooled = private.filter(pl.col("kind").is_in(POOLED_KINDS))
    behind = members(ctx, pooled["product_id"], int(ctx.parameter(TYPOLOGY, "min_small_holders")))
    found = [
        row
        for row in (
            _look(ctx, product, holders, behind)
            for product in private.sort("product_id").iter_rows(named=True)
        )
        if row
    ]
    if not found:
        return
    rows = pl.DataFrame(found)
    for institution_id, part in each(rows, "institution_id"):
        yield _finding(ctx, institution_id, part, behind)


def _edges(ctx: Context) -> pl.DataFrame:
    """Which product goes ``into`` which other, by transfers or by register."""

    def make(c: Context) -> pl.DataFrame:
        moved = between_products(c).select(product_id="from_product", into="to_product")
        named = c.table("mart_product", ("product_id", "parent_product_id")).select(
            "product_id", into="parent_product_id"
        )
        return pl.concat([moved, named]).drop_nulls().unique().filter(pl.col("product_id") != pl.col("into"))

    frame: pl.DataFrame = ctx.shared("split.edges", make)
    return frame


def slices_of(ctx: Context, product_id: str) -> pl.DataFrame:
    """Products that feed a product, through any number of layers.

    Returns
    -------
    polars.DataFrame
        Grain: ``product_id`` (the slice); ``layer`` (1 = pays in directly), sorted.
    """
    edges = _edges(ctx)
    seen: dict[str, int] = {}
    layer, frontier = 1, [product_id]
    while frontier:
        feeding = edges.filter(pl.col("into").is_in(frontier))["product_id"].unique().sort().to_list()
        frontier = [p for p in feeding if p not in seen and p != product_id]
        seen.update(dict.fromkeys(frontier, layer))
        layer += 1
    return pl.DataFrame(
        {"product_id": sorted(seen), "layer": [seen[p] for p in sorted(seen)]},
        schema={"product_id": pl.String, "layer": pl.Int64},
    )


def _look(
    ctx: Context, product: dict[str, object], holders: pl.DataFrame, behind: pl.DataFrame
) -> dict[str, object] | None:
    """One private product looked through; None where it is clean or sold without slices."""
    own = str(product["product_id"])
    slices = slices_of(ctx, own)
    public = slices.join(
        ctx.table("mart_product", _PRODUCT)
        .filter(pl.col("publicly_offered").fill_null(True))
        .select("product_id"),
        on="product_id",
        how="semi",
    )
    pooled = behind.filter(pl.col("product_id") == own).select(holders.columns)
    through = pl.concat([holders.join(public, on="product_id").select(holders.columns), pooled])
    direct = holders.filter(pl.col("product_id") == own)
    hidden = holders.join(
        slices.join(public, on="product_id", how="anti").filter(pl.col("product_id") != own), on="product_id"
    )
    direct = pl.concat([direct, hidden.select(direct.columns)])
    everyone = pl.concat([through.select("who", "amount_fen"), direct.select("who", "amount_fen")])
    per_head = through.group_by("who").agg(pl.col("amount_fen").sum())
    small = per_head.filter(pl.col("amount_fen") < 100 * ctx.parameter(TYPOLOGY, "min_ticket")).height
    count = everyone["who"].n_unique()
    too_many = count > ctx.parameter(TYPOLOGY, "max_holders")
    fewest = ctx.parameter(TYPOLOGY, "min_small_holders")
    split = not too_many and small < fewest
    if split:  # neither many nor by way of slices: the product's own holdings may be slices
        direct = _below(direct, 100 * ctx.parameter(TYPOLOGY, "min_ticket")).filter(
            pl.lit(product["kind"] in POOLED_KINDS)
        )
        small = direct["who"].n_unique()
        if small < fewest:
            return None
    if split or (
        public.is_empty() and pooled.is_empty()
    ):  # too many by itself or by way of other private products
        through, slices_sold = direct, slices["product_id"].to_list()
    else:
        slices_sold = public["product_id"].to_list()
    if split:
        slices_sold = []
    return {
        "institution_id": product["institution_id"],
        "product_id": own,
        "slices": slices_sold,
        "direct": split or (public.is_empty() and pooled.is_empty()),
        "pooled": pooled.height > 0,
        "split": split,
        "holders": count,
        "small": small,
        "too_many": too_many,
        "subscribed_fen": total(through),
        "first_on": through["subscribed_on"].min(),
        "last_on": through["subscribed_on"].max(),
    }


def _below(holders: pl.DataFrame, ticket: float) -> pl.DataFrame:
    """Holdings of those who hold less than the minimum in all."""
    return holders.filter(pl.col("amount_fen").sum().over("who") < ticket)


def _finding(ctx: Context, institution_id: str, part: pl.DataFrame, behind: pl.DataFrame) -> Finding:
    slices = sorted({s for row in part["slices"].to_list() for s in row})
    moved = between_products(ctx).filter(
        pl.col("from_product").is_in(slices) & pl.col("to_product").is_in(part["product_id"].implode())
    )
    own = bool(part["direct"].all())
    pooled = behind.join(part.filter("pooled"), on="product_id", how="semi")
    seen = total(moved) > 0 and not own and pooled.is_empty()
    amount = total(moved) if seen else total(part, "subscribed_fen")
    first, last = first_last(moved) if seen else (part["first_on"].min(), part["last_on"].max())
    holders, small = int(part["holders"].max() or 0), int(part["small"].sum() or 0)  # type: ignore[arg-type]
    most, ticket = int(ctx.parameter(TYPOLOGY, "max_holders")), int(ctx.parameter(TYPOLOGY, "min_ticket"))
    accounts = (
        product_accounts(ctx)
        .filter(pl.col("product_id").is_in([*slices, *part["product_id"].to_list()]))
        .join(ctx.table("mart_account", ("account_id", "account_no")), on="account_id")
    )
    products = [*slices, *part.filter("direct")["product_id"].to_list()]
    sold = (
        deposits(ctx)
        .filter((pl.col("institution_id") == institution_id) & pl.col("product_id").is_in(products))
        .select("line_no", "amount_fen")
        .sort("line_no")
    )
    sold = pl.concat([sold, pooled.select(sold.columns)]).unique("line_no").sort("line_no")
    way_zh = f"经 {len(slices)} 只{'' if own else '公开销售的'}份额(收益权、打包产品)" if slices else "自身"
    way_en = (
        f", looked through {len(slices)}{'' if own else ' publicly sold'} slices,"
        if slices
        else " by themselves"
    )
    if pooled.height:
        vehicles = pooled["vehicle_id"].n_unique()
        way_zh += f"、{vehicles} 个归集多人资金的认购主体"
        way_en += f" and {vehicles} subscribers with many persons' money,"
    layers = part.select(pl.col("slices").list.len().max()).item() or 0
    return Finding(
        institution_id=institution_id,
        typology=TYPOLOGY.code,
        amount_fen=amount,
        severity=4 if part["too_many"].any() or layers >= 2 else 3,
        confidence=0.7 if part["split"].all() else 0.95 if seen or own else 0.8,
        first_on=first,  # type: ignore[arg-type]
        last_on=last,  # type: ignore[arg-type]
        explanation_zh=(
            f"{part.height} 只私募产品{way_zh}穿透后共有持有人 {holders} 名(法定上限 {most} 名),"
            f"其中 {small} 名投资额低于 {ticket:,} 元;由此募集 {yuan(amount)} 元({span(first, last)} 划入)。"  # type: ignore[arg-type]
        ),
        explanation_en=(
            f"{part.height} private products{way_en} have {holders} holders (at most {most} "
            f"by law), {small} of them below {ticket:,} yuan; {yuan(amount)} yuan was raised so "
            f"({span(first, last)})."  # type: ignore[arg-type]
        ),
        evidence=pl.concat(
            [
                evidence("slice_money", transfer_lines(moved) if seen else sold),
                evidence("private_product", register="products", keys=part["product_id"].to_list()),
                evidence("slice", register="products", keys=slices),
            ]
        ),
        accounts=tuple(sorted(accounts["account_no"].to_list())),
        clients=small,
        bases=AmountBases(
            gross_taken=total(part, "subscribed_fen"),
            net_unrepaid=total(part, "subscribed_fen"),
            peak_diverted=amount,
        ),
        benign=(
            (
                f"持有人不超过 {most} 名且每人不低于 {ticket:,} 元:已穿透计至最终投资者。",
                f"{most} holders or fewer of {ticket:,} yuan or more: counted through to the last investor.",
            ),
            (
                "公募产品:仅穿透登记为非公开发行的产品。",
                "A public product: only products registered as not publicly offered are looked through.",
            ),
        ),
    )
