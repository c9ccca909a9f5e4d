"""Small things several typologies share: money in words, regular names, who a text is about."""

from __future__ import annotations

import datetime as dt
import re

import polars as pl

from models.names import plain as simplify
from models.text.clauses import plain
from models.typologies.base import Context

_NOISE = re.compile(r"[\s·•\"'“”‘’()()\[\]【】]+")
_FORMS = re.compile(r"(?:股份)?(?:有限)?(?:责任)?公司$|有限合伙$")


def yuan(fen: int) -> str:
    """Fen as yuan with thousands separators, exact."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100:,}.{abs(fen) % 100:02d}"


def name_key(name: str | None) -> str:
    """Name without spaces, brackets and the legal form, simplified: for equality, not for show."""
    if not name:
        return ""
    return _FORMS.sub("", _NOISE.sub("", plain(name)))


def name_keys(names: pl.Series) -> pl.Series:
    """`name_key` of a whole series at once, null for null; for columns with many distinct names."""
    folded = simplify(names.fill_null("")).str.to_lowercase()
    keys = folded.str.replace_all(_NOISE.pattern, "").str.replace_all(_FORMS.pattern, "")
    return keys.set(names.is_null(), None) if names.null_count() else keys


def institutions_by_name(ctx: Context) -> dict[str, str]:
    """Name key -> institution id, of names only one institution has."""

    def make(c: Context) -> dict[str, str]:
        table = c.table("mart_institution", ("institution_id", "name"))
        seen: dict[str, set[str]] = {}
        for iid, name in table.iter_rows():
            seen.setdefault(name_key(name), set()).add(iid)
        return {k: next(iter(v)) for k, v in seen.items() if k and len(v) == 1}

    found: dict[str, str] = ctx.shared("institutions_by_name", make)
    return found


def operator_ids(ctx: Context) -> pl.DataFrame:
    """Give every holder outside the registers its ``U-`` id.

    Returns
    -------
    polars.DataFrame
        Grain: a holder. ``holder_id``, ``operator_id`` (``U-`` and the account that took in most,
        as its own statement or its counterparties' statements show; ties by account number).
    """
    frame: pl.DataFrame = ctx.city.shared("operator_ids", _operator_ids)
    return frame


def _operator_ids(ctx: Context) -> pl.DataFrame:
    own = ctx.table(
        "mart_account", ("account_id", "account_no", "holder_id", "monitored", "in_fen", "institution_id")
    )
    several = own.filter(pl.len().over("holder_id") > 1)["account_id"]
    seen = (
        ctx.rows(
            "mart_line",
            ("amount_fen", "cp_account_id"),
            "direction = 'out' and cp_account_id in (select key from asked)",
            asked=several,
        )
        .group_by("cp_account_id")
        .agg(pl.col("amount_fen").sum().alias("seen_fen"))
    )
    return (
        own.join(seen, left_on="account_id", right_on="cp_account_id", how="left")
        .with_columns(pl.max_horizontal("in_fen", pl.col("seen_fen").fill_null(0)).alias("took_fen"))
        .sort(["holder_id", "took_fen", "account_no"], descending=[False, True, False])
        .group_by("holder_id", maintain_order=True)
        .first()
        .select("holder_id", pl.format("U-{}", "account_no").alias("operator_id"), "institution_id")
    )


def holders_by_name(ctx: Context) -> dict[str, int]:
    """Name key -> holder id, of names only one holder has and that have an account."""
    found: dict[str, int] = ctx.city.shared("holders_by_name", _holders_by_name)
    return found


def _holders_by_name(ctx: Context) -> dict[str, int]:
    with_account = ctx.table("mart_account", ("holder_id",)).unique()
    table = (
        ctx.table("mart_holder", ("holder_id", "name"))
        .drop_nulls("name")
        .join(with_account, on="holder_id", how="semi")
        .sort("holder_id")
    )
    keys = table.select("holder_id", key=pl.col("name").str.replace_all(_NOISE.pattern, ""))
    once = keys.filter((pl.col("key") != "") & (pl.len().over("key") == 1))
    return dict(once.select("key", "holder_id").iter_rows())


_ACCOUNT = re.compile(r"(?<!\d)\d{9,25}(?!\d)")


def subject_of(
    ctx: Context, institution_id: str | None, name: str | None, text: str | None = None
) -> str | None:
    """Institution id of an advertisement or a tip.

    The register's id where it is given; else the institution of that name; else the holder of an
    account number in the text; else the ``U-`` id of the one holder of that name who has an
    account; else None.
    """
    known = ctx.shared(
        "known_ids", lambda c: set(c.table("mart_institution", ("institution_id",))["institution_id"])
    )
    if institution_id and institution_id in known:
        return institution_id
    found = institutions_by_name(ctx).get(name_key(name))
    if found:
        return found
    holder = _holder_of_account(ctx, text) if text else None
    if holder is None and name:
        holder = holders_by_name(ctx).get(_NOISE.sub("", name))
    if holder is None:
        return None
    row = operator_ids(ctx).filter(pl.col("holder_id") == holder)
    if row.is_empty():
        return None
    registered = row["institution_id"][0]
    return str(registered) if registered else str(row["operator_id"][0])


def _holder_of_account(ctx: Context, text: str) -> int | None:
    numbers = _ACCOUNT.findall(text)
    if not numbers:
        return None
    found = ctx.table("mart_account", ("account_no", "holder_id")).filter(pl.col("account_no").is_in(numbers))
    return int(found["holder_id"][0]) if found["holder_id"].n_unique() == 1 else None


def shown_name(ctx: Context, institution_id: str) -> str:
    """Name to show for an institution or an unregistered operator."""
    names = ctx.shared(
        "names_by_id", lambda c: dict(c.table("mart_institution", ("institution_id", "name")).iter_rows())
    )
    if institution_id in names:
        return str(names[institution_id])
    account_no = institution_id.removeprefix("U-")
    row = ctx.table("mart_account", ("account_no", "holder_name")).filter(pl.col("account_no") == account_no)
    return str(row["holder_name"][0] or account_no) if row.height else account_no


def most(values: pl.Series) -> int:
    """Largest of a series of fen; 0 when there is none."""
    top = values.max()
    return int(top) if isinstance(top, int) else 0


def first_last(days: pl.Series) -> tuple[dt.date | None, dt.date | None]:
    """First and last of a series of dates; None when there is none."""
    low, high = days.min(), days.max()
    return (low if isinstance(low, dt.date) else None, high if isinstance(high, dt.date) else None)


_FIRM_WORDS = re.compile(
    r"公司|集团|有限|合伙|厂|商行|商店|超市|酒店|饭店|宾馆|学校|学院|大学|中学|小学|幼儿园|医院|银行|信用社|合作社|协会|慈善会|基金会|商会"
    r"|[税务财政公安社保]局|管理局|委员会|政府|中心|工作室|事务所|专户|清算|备付金|待清算|代发工资|信托|证券|期货|基金|计划|保险"
)


def firms(ctx: Context) -> pl.DataFrame:
    """Holders known not to be private persons, by register or by the words of their name.

    A name that says nothing (a number, a mask) makes nobody a firm: typologies that ask for
    persons take whoever is not known to be a firm, so they hold without names.

    Returns
    -------
    polars.DataFrame
        ``holder_id``; sorted.
    """

    def make(c: Context) -> pl.DataFrame:
        holders = c.table("mart_holder", ("holder_id", "name", "kind", "institution_id", "party_id"))
        registered = (
            c.table("stg_parties", ("party_id", "kind"))
            .filter(pl.col("kind") == "company")
            .select("party_id")
        )
        by_name = pl.col("name").fill_null("").str.contains(_FIRM_WORDS.pattern) & (
            pl.col("kind") != "person"
        )
        return (
            holders.filter(
                by_name
                | pl.col("institution_id").is_not_null()
                | pl.col("party_id").is_in(registered["party_id"].to_list())
            )
            .select("holder_id")
            .unique()
            .sort("holder_id")
        )

    frame: pl.DataFrame = ctx.shared("firms", make)
    return frame
