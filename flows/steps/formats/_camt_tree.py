"""Which element of a camt entry fills which column, and the walk that collects them.

The messages differ by version in a few steps (parties wrapped in ``Pty`` from version 8 on, a status that
became a code, ``BIC`` that became ``BICFI``); all of them stand in one tree, read by local name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from lxml import etree

Tree: TypeAlias = "Mapping[str, Tree | str]"

_NAME: Tree = {"Nm": "", "Pty": {"Nm": ""}}
_ACCOUNT: Tree = {"Id": {"IBAN": "", "Othr": {"Id": ""}, "BBAN": "", "PrtryAcct": {"Id": ""}}}
_AGENT: Tree = {"FinInstnId": {"Nm": "", "BIC": "_code", "BICFI": "_code", "ClrSysMmbId": {"MmbId": "_code"}}}
_DATE: Tree = {"Dt": "", "DtTm": ""}


def _named(tree: Tree, name: str) -> Tree:
    return {tag: name + node if isinstance(node, str) else _named(node, name) for tag, node in tree.items()}


DETAIL: Tree = {
    "Amt": "detail_amount",
    "AmtDtls": {"TxAmt": {"Amt": "detail_amount"}},
    "CdtDbtInd": "detail_mark",
    "Refs": {
        "AcctSvcrRef": "detail_reference",
        "EndToEndId": "end_to_end",
        "TxId": "transaction_id",
    },
    "RltdPties": {
        "Dbtr": _named(_NAME, "debtor_name"),
        "DbtrAcct": _named(_ACCOUNT, "debtor_account"),
        "Cdtr": _named(_NAME, "creditor_name"),
        "CdtrAcct": _named(_ACCOUNT, "creditor_account"),
    },
    "RltdAgts": {
        "DbtrAgt": _named(_AGENT, "debtor_bank"),
        "CdtrAgt": _named(_AGENT, "creditor_bank"),
    },
    "RmtInf": {
        "Ustrd": "remark",
        "Strd": {"AddtlRmtInf": "remark", "CdtrRefInf": {"Ref": "structured", "CdtrRef": "structured"}},
    },
    "AddtlTxInf": "detail_text",
}

ENTRY: Tree = {
    "Amt": "amount",
    "CdtDbtInd": "mark",
    "RvslInd": "reversal",
    "Sts": {"": "status", "Cd": "status", "Prtry": "status"},
    "BookgDt": _named(_DATE, "booked"),
    "ValDt": _named(_DATE, "value"),
    "AcctSvcrRef": "reference",
    "NtryRef": "entry_reference",
    "BkTxCd": {
        "Prtry": {"Cd": "code"},
        "Domn": {"Cd": "domain", "Fmly": {"Cd": "family", "SubFmlyCd": "subfamily"}},
    },
    "AddtlNtryInf": "entry_text",
}

STATEMENT: Tree = {
    "Acct": {
        **_named(_ACCOUNT, "account"),
        "Ccy": "account_currency",
        "Ownr": _named(_NAME, "holder"),
        "Svcr": _named(_AGENT, "bank"),
    },
    "TxsSummry": {
        "TtlNtries": {"NbOfNtries": "entries"},
        "TtlCdtNtries": {"NbOfNtries": "credits", "Sum": "credit_sum"},
        "TtlDbtNtries": {"NbOfNtries": "debits", "Sum": "debit_sum"},
    },
}

BALANCE: Tree = {
    "Tp": {"CdOrPrtry": {"Cd": "kind", "Prtry": "kind"}, "Cd": "kind"},
    "Amt": "amount",
    "CdtDbtInd": "mark",
}


def qualified(tree: Tree, namespace: str) -> Tree:
    """Return the tree with its tags in `namespace`."""
    prefix = f"{{{namespace}}}" if namespace else ""
    return {
        prefix + tag if tag else "": node if isinstance(node, str) else qualified(node, namespace)
        for tag, node in tree.items()
    }


def collect(element: etree._Element, tree: Tree, found: dict[str, str]) -> dict[str, str]:
    """Gather the texts below `element` that `tree` names; a repeated one is joined, amounts keep the first."""
    for child in element:
        node = tree.get(child.tag)
        if node is None:
            continue
        if not isinstance(node, str):
            own = node.get("")  # an element that holds text in one version and elements in another
            if own is not None and child.text and (text := child.text.strip()):
                found.setdefault(str(own), text)
            collect(child, node, found)
            continue
        text = child.text
        if text is None:
            continue
        text = text.strip()
        if not text:
            continue
        if node in found:
            if node in _JOINED:
                found[node] += text
            continue
        found[node] = text
        currency = child.get("Ccy")
        if currency is not None:
            found[f"{node}_currency"] = currency
    return found


_JOINED = frozenset({"remark", "entry_text", "detail_text"})
