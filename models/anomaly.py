"""Unusual weeks beyond the rules: "unusual, no rule broken", never mixed into the findings.

Institution-weeks are described by what their flows look like beside their sector's, and an ensemble of
three views says how far from the rest they stand: an isolation forest (few cuts part it from the rest),
a robust covariance (far in Mahalanobis distance) and the local outlier factor (thinly settled
neighbourhood). Each view's score becomes its rank; the ensemble is their mean, so none outvotes two.

The reasons are contributions: how much of the score goes when one feature is put back to the median of
the sector. They are what an analyst reads, the score only sorts.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.covariance import MinCovDet
from sklearn.ensemble import IsolationForest
from sklearn.neighbors import LocalOutlierFactor
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from models.marts import slices
from models.typologies.base import Context

Floats = npt.NDArray[np.float64]

FEATURES: dict[str, str] = {
    "in_log": "money in (log)",
    "out_log": "money out (log)",
    "net_share": "net flow over gross",
    "payers_log": "number of payers (log)",
    "payees_log": "number of payees (log)",
    "top_payer": "share of the largest payer",
    "top_payee": "share of the largest payee",
    "new_share": "share of money with counterparties never seen before",
    "round_share": "share of amounts in whole ten thousands",
    "even": "largest share of one amount among payments out",
    "late_share": "share of payments in the last two days of the week",
    "own_share": "share moved between own accounts",
    "related_share": "share with related parties",
    "growth": "money in over that of the four weeks before (log)",
}
"""Features of an institution-week and what they mean; all but logs are shares of the week's money."""
LEAST_LINES = 10
"""Lines a week must have; fewer say nothing about shape."""
LEAST_WEEKS = 40
"""Institution-weeks from which the ensemble speaks; before, nothing is called unusual."""
SEED = 20160703
CLIP = 8.0
"""Robust deviations are cut here, so that one wild feature does not blind the covariance."""

UNUSUAL: dict[str, pl.DataType] = {
    "institution_id": pl.String(),
    "week_end": pl.Date(),
    "score": pl.Float64(),
    "p_value": pl.Float64(),
    "reasons": pl.List(
        pl.Struct(
            {"feature": pl.String, "meaning": pl.String, "deviation": pl.Float64, "contribution": pl.Float64}
        )
    ),
}
"""Schema of `unusual`."""


@dataclass(frozen=True, slots=True)
class Ensemble:
    """Three fitted views over peers' deviations; `score` gives the share of reference weeks less unusual."""

    forest: IsolationForest
    covariance: MinCovDet
    neighbours: LocalOutlierFactor
    reference: tuple[Floats, Floats, Floats]

    def views(self, x: Floats) -> Floats:
        """Ranks (0–1, high = unusual) of each view, one column a view."""
        raw = (
            -self.forest.score_samples(x),
            self.covariance.mahalanobis(x),
            -self.neighbours.score_samples(x),
        )
        ranks = [
            np.searchsorted(r, v, side="right") / r.size for r, v in zip(self.reference, raw, strict=True)
        ]
        return np.stack(ranks, axis=1)

    def score(self, x: Floats) -> Floats:
        """Mean rank of the three views."""
        return np.asarray(self.views(x).mean(axis=1), np.float64)


def weekly_features(ctx: Context) -> pl.DataFrame:
    """Describe every institution-week.

    Returns
    -------
    polars.DataFrame
        Grain: ``institution_id, week_end`` (a Sunday), weeks with at least `LEAST_LINES` lines; ``sector`` and the
        columns of `FEATURES`. Point in time: a week sees nothing later than its Sunday. Sorted.
    """
    account = ctx.table("mart_controlled_account").select("institution_id", "account_id")
    inside = account.select("institution_id", cp_account_id="account_id").with_columns(inside=pl.lit(True))
    related = (
        ctx.table("mart_relation")
        .filter(~pl.col("role").is_in(["employee", "vendor"]) & pl.col("holder_id").is_not_null())
        .select("institution_id", cp_holder_id="holder_id")
        .unique()
        .with_columns(related=pl.lit(True))
    )
    sector = ctx.table("mart_institution").select("institution_id", "sector")
    parts = [_weeks(ctx, part, inside, related) for part in slices(ctx.marts, account)]
    weeks = pl.concat(parts).sort("institution_id", "week_end") if parts else None
    if weeks is None:
        return pl.DataFrame(
            schema={"institution_id": pl.String, "week_end": pl.Date, "sector": pl.String}
            | dict.fromkeys(FEATURES, pl.Float64)
        )
    return weeks.join(sector, on="institution_id", maintain_order="left").select(
        "institution_id", "week_end", "sector", *FEATURES
    )


def _weeks(ctx: Context, account: pl.DataFrame, inside: pl.DataFrame, related: pl.DataFrame) -> pl.DataFrame:
    """`weekly_features` of the institutions of some accounts, before their sector is known."""
    lines = (
        ctx.rows(
            "mart_line",
            (
                "account_id",
                "booked_on",
                "direction",
                "amount_fen",
                "cp_account_id",
                "cp_holder_id",
            ),
            "account_id in (select key from owned)",
            owned=account["account_id"],
        )
        .join(account, on="account_id")
        .join(inside, on=["institution_id", "cp_account_id"], how="left")
        .join(related, on=["institution_id", "cp_holder_id"], how="left")
        .with_columns(
            week_end=pl.col("booked_on").dt.truncate("1w") + dt.timedelta(days=6),
            inside=pl.col("inside").fill_null(False),
            related=pl.col("related").fill_null(False),
            first=pl.col("booked_on") == pl.col("booked_on").min().over("institution_id", "cp_holder_id"),
        )
    )
    money, out, came = pl.col("amount_fen"), pl.col("direction") == "out", pl.col("direction") == "in"
    gross = money.sum().cast(pl.Float64)

    def share(mask: pl.Expr) -> pl.Expr:
        return money.filter(mask).sum() / gross

    def largest(way: pl.Expr, key: str) -> pl.Expr:
        counted = pl.col(key).filter(way)
        return (counted.value_counts().struct.field("count").max() / way.sum().clip(lower_bound=1)).fill_null(
            0.0
        )

    return (
        lines.group_by("institution_id", "week_end")
        .agg(
            pl.len().alias("lines"),
            money.filter(came).sum().log1p().alias("in_log"),
            money.filter(out).sum().log1p().alias("out_log"),
            ((money.filter(came).sum() - money.filter(out).sum()) / gross).alias("net_share"),
            pl.col("cp_holder_id").filter(came).n_unique().log1p().alias("payers_log"),
            pl.col("cp_holder_id").filter(out).n_unique().log1p().alias("payees_log"),
            largest(came, "cp_holder_id").alias("top_payer"),
            largest(out, "cp_holder_id").alias("top_payee"),
            share(pl.col("first")).alias("new_share"),
            ((money % 1_000_000) == 0).mean().alias("round_share"),
            largest(out, "amount_fen").alias("even"),
            share(pl.col("booked_on").dt.weekday() >= 6).alias("late_share"),
            share(pl.col("inside")).alias("own_share"),
            share(pl.col("related")).alias("related_share"),
        )
        .sort("institution_id", "week_end")
        .with_columns(
            growth=(
                pl.col("in_log")
                - pl.col("in_log").shift(1).rolling_mean(4, min_samples=2).over("institution_id")
            ).fill_null(0.0)
        )
        .filter(pl.col("lines") >= LEAST_LINES)
    )


def deviations(weeks: pl.DataFrame) -> Floats:
    """Robust deviation of every feature from the sector's median, in sector spreads, cut at `CLIP`."""
    made = []
    for name in FEATURES:
        value = pl.col(name).cast(pl.Float64)
        centre = value.median().over("sector")
        spread = 1.4826 * (value - centre).abs().median().over("sector")
        floor = pl.max_horizontal(spread, value.std().fill_null(0.0) * 0.1, pl.lit(1e-6))
        made.append(((value - centre) / floor).clip(-CLIP, CLIP).fill_nan(0.0).fill_null(0.0).alias(name))
    return weeks.select(made).to_numpy().astype(np.float64)


def fit(x: Floats) -> Ensemble:
    """Fit the three views on all institution-weeks; deterministic."""
    with threadpool_limits(limits=1):
        forest = IsolationForest(n_estimators=200, random_state=SEED).fit(x)
        jitter = np.random.default_rng(SEED).normal(0, 1e-3, x.shape)  # constant columns have no covariance
        covariance = MinCovDet(random_state=SEED, support_fraction=0.8).fit(x + jitter)
        neighbours = LocalOutlierFactor(n_neighbors=min(25, x.shape[0] - 1), novelty=True).fit(x)
        raw = (-forest.score_samples(x), covariance.mahalanobis(x), -neighbours.score_samples(x))
    return Ensemble(forest, covariance, neighbours, (np.sort(raw[0]), np.sort(raw[1]), np.sort(raw[2])))


def unusual(
    ctx: Context,
    *,
    broken: frozenset[str] = frozenset(),
    share: float = 0.01,
    top: int = 3,
    week_end: dt.date | None = None,
) -> pl.DataFrame:
    """Institution-weeks that stand out though no rule is broken.

    Parameters
    ----------
    ctx : Context
    broken : frozenset of str
        Institutions with a finding; their weeks are left out of the answer (not of the fit).
    share : float
        Share of institution-weeks called unusual (a setting: how many an office can look at).
    top : int
        Number of reasons.
    week_end : date, optional
        Answer for the week that ends on this Sunday alone; it is still measured against all weeks.

    Returns
    -------
    polars.DataFrame
        Grain: ``institution_id, week_end``, most unusual first; ``score`` (0–1), ``p_value`` (share of
        institution-weeks at least as unusual), ``reasons`` (list of struct ``feature``, ``meaning``,
        ``deviation``, ``contribution``). Empty while fewer than `LEAST_WEEKS` institution-weeks are known.
    """
    weeks = weekly_features(ctx)
    if weeks.height < LEAST_WEEKS:
        return pl.DataFrame(schema=UNUSUAL)
    x = deviations(weeks)
    # One thread throughout: a sum cut otherwise may differ in its last bit, and a rank with it.
    with threadpool_limits(limits=1):
        return _ranked(weeks, x, broken, share, top, week_end)


def _ranked(
    weeks: pl.DataFrame,
    x: Floats,
    broken: frozenset[str],
    share: float,
    top: int,
    week_end: dt.date | None,
) -> pl.DataFrame:
    asked = pl.lit(True) if week_end is None else pl.col("week_end") == week_end
    model = fit(x)
    score = model.score(x).round(9)
    p = (score.size - np.searchsorted(np.sort(score), score, side="left")) / (score.size + 1.0)
    rows = (
        weeks.select("institution_id", "week_end")
        .with_columns(pl.Series("score", score), pl.Series("p_value", p), row=pl.int_range(pl.len()))
        .filter((pl.col("p_value") <= share) & ~pl.col("institution_id").is_in(sorted(broken)) & asked)
        .sort("score", "institution_id", "week_end", descending=[True, False, False])
    )
    told = [_reasons(model, x[i], float(score[i]), top) for i in rows["row"].to_list()]
    return (
        rows.drop("row")
        .with_columns(pl.Series("reasons", told, dtype=UNUSUAL["reasons"]))
        .cast(pl.Schema(UNUSUAL))
    )


def _reasons(model: Ensemble, row: Floats, score: float, top: int) -> list[dict[str, str | float]]:
    """Features whose return to the sector's median lowers the score most."""
    back = np.repeat(row[None, :], row.size, axis=0)
    np.fill_diagonal(back, 0.0)
    drop = score - model.score(back)
    names = list(FEATURES)
    order = sorted(range(row.size), key=lambda i: (-drop[i], -abs(row[i]), names[i]))[:top]
    return [
        {
            "feature": names[i],
            "meaning": FEATURES[names[i]],
            "deviation": round(float(row[i]), 3),
            "contribution": round(float(drop[i]), 4),
        }
        for i in order
    ]
