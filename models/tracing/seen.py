"""What tracing sees of a group of institutions: relations, columns and rows. Its answers rest on nothing else."""

from __future__ import annotations

from collections.abc import Mapping

from models.tracing.groups import Group

LINE = (
    "line_no", "account_id", "seq", "booked_at", "booked_on", "direction", "amount_fen",
    "balance_after_fen", "cp_account_id", "cp_holder_id", "cp_basis",
)  # fmt: skip
"""Columns of statement lines that tracing reads of a group: with their texts, lines are ten times as large."""
TOGETHER: dict[str, tuple[str, ...]] = {
    "mart_line": LINE,
    "mart_transfer": ("transfer_no", "out_line_no", "in_line_no", "amount_fen"),
}
"""Columns that are read at once: to find a group's rows of a long relation costs more than to read them."""
SEEN: dict[str, tuple[str, ...]] = {
    "mart_line": (*LINE, "account_no"),
    "mart_transfer": (
        "transfer_no", "out_line_no", "in_line_no", "amount_fen", "from_account_id", "to_account_id", "paid_at",
        "arrived_at",
    ),
    "mart_account": (
        "account_id", "account_no", "holder_id", "holder_name", "monitored", "first_on", "last_on", "closed_on",
    ),
    "mart_holder": ("holder_id", "name", "name_key", "kind"),
    "mart_controlled_account": ("institution_id", "account_id", "account_type", "basis"),
    "mart_balance_break": ("account_no", "kind", "first_on", "last_on", "gap_fen"),
    "mart_client": ("institution_id", "holder_id", "client_by", "in_lines"),
    "mart_product": (
        "product_id", "institution_id", "name", "kind", "promised_yield", "term_days", "issued_on", "matures_on",
        "publicly_offered", "subscriptions", "projects",
    ),
    "mart_product_project": ("product_id", "project_id", "amount_fen", "basis"),
    "mart_project": (
        "project_id", "institution_id", "borrower_name", "principal_fen", "annual_rate", "started_on", "due_on",
        "repayment", "borrower_account_id", "borrower_holder_id",
    ),
    "mart_project_line": ("project_id", "line_no", "institution_id", "kind", "amount_fen", "basis"),
    "mart_relation": ("institution_id", "holder_id", "role"),
    "mart_role": ("institution_id", "holder_id", "role", "source"),
    "mart_subscription": (
        "subscription_id", "product_id", "product_no", "institution_id", "investor_no", "investor_account",
        "holder_id", "amount_fen", "subscribed_on", "redeemed_on", "product_kind", "promised_yield", "term_days",
        "issued_on", "matures_on",
    ),
    "trace_use": ("institution_id", "line_no", "class", "amount_fen", "basis"),
}  # fmt: skip
"""All that what is traced of a group may rest on: nothing else can be read of it. `models.tracing.inputs` digests
these, so that what they tell is told again only where one of them has changed."""
OF_INSTITUTION = frozenset(
    {
        "mart_client",
        "mart_subscription",
        "mart_product",
        "mart_project",
        "mart_project_line",
        "mart_relation",
        "mart_role",
        "trace_use",
    }
)
"""Relations of which a group sees its institutions' rows."""


def seen(name: str, columns: tuple[str, ...] | None) -> tuple[str, ...]:
    """Columns asked of a relation, all of `SEEN` where none are named."""
    if name not in SEEN:
        raise KeyError(f"what is traced of a group does not rest on {name}")
    if columns is None:
        return SEEN[name]
    if beyond := sorted(set(columns) - set(SEEN[name])):
        raise KeyError(f"what is traced of a group does not rest on {beyond} of {name}")
    return columns


def listed(numbers: tuple[int, ...]) -> str:
    """Numbers as SQL lists them; a list of none holds nothing."""
    return ", ".join(map(str, numbers)) or "null"


def conditions(group: Group) -> Mapping[str, str]:
    """Condition that each relation's rows of a group meet."""
    ids = ", ".join("'" + i.replace("'", "''") + "'" for i in group.institutions) or "null"
    accounts = listed(group.accounts)
    where = dict.fromkeys(OF_INSTITUTION, f"institution_id in ({ids})")
    where["mart_line"] = f"account_id in ({accounts})"
    where["mart_transfer"] = f"from_account_id in ({accounts}) or to_account_id in ({accounts})"
    where["mart_balance_break"] = (
        f"account_no in (select account_no from mart_account where account_id in ({accounts}))"
    )
    where["mart_product_project"] = (
        f"product_id in (select product_id from mart_product where institution_id in ({ids})) "
        f"or project_id in (select project_id from mart_project where institution_id in ({ids}))"
    )
    return where
