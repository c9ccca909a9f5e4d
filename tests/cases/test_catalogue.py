"""Every typology of the catalogue is there, says what it must, and has its cases."""

from __future__ import annotations

import importlib
import importlib.util
import tomllib
from pathlib import Path

import pytest

import models
from models.typologies.base import Registered, discover

CATALOGUE = """
fund-pool new-money-pays-old commingled-client-funds custody-bypass misappropriation self-financing self-guarantee
own-lending super-lender maturity-mismatch fictitious-project over-limit-borrower margin-financing down-payment-loan
debt-disguised-as-equity nested-products split-private-offering unsuitable-sale related-party-dealing
offline-marketing property-finance beyond-licence reserve-misappropriation reserve-shortfall reserve-unreconciled
window-dressing reserve-outside-qualified-bank reserve-interest cross-bank-clearing unlicensed-payment
unlicensed-insurance-channel risk-transfer-to-insurer unlicensed-advertising misleading-advertising
yield-above-project yield-above-industry yield-subsidy cross-subsidy restricted-name undisclosed-account
unregistered-operator illegal-fundraising unlicensed-partner phoenix run-risk large-or-fast-growing tip-cluster
""".split()
TYPOLOGIES = discover()
RULES = tomllib.loads((Path(models.__file__).parent / "regulations.toml").read_text(encoding="utf-8"))


def test_the_catalogue_is_complete() -> None:
    assert sorted(TYPOLOGIES) == sorted(CATALOGUE)


@pytest.mark.parametrize("code", sorted(TYPOLOGIES))
def test_metadata(code: str) -> None:
    registered: Registered = TYPOLOGIES[code]
    meta = registered.meta
    for text in (meta.title_zh, meta.title_en, meta.clause, meta.severity):
        assert text.strip()
    assert meta.runbook.count("\n") >= 2, "a runbook has at least three steps"
    assert meta.citations
    assert [c for c in meta.citations if c not in RULES] == []
    names = [p.name for p in meta.parameters]
    assert len(set(names)) == len(names)
    for p in meta.parameters:
        assert p.unit
        assert p.meaning
        assert p.source, f"{p.name} has no reason"
        if p.kind == "regulatory":
            assert p.source in RULES, f"{p.name} is regulatory and cites no rule"


@pytest.mark.parametrize("code", sorted(TYPOLOGIES))
def test_has_cases(code: str) -> None:
    name = f"tests.cases.{code.replace('-', '_')}.test_cases"
    assert importlib.util.find_spec(name) is not None, f"{name} is missing"
    cases = importlib.import_module(name)
    assert len(cases.POSITIVE) >= 3
    assert len(cases.LOOK_ALIKE) >= 3
