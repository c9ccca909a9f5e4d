"""The protocol of a typology: metadata, parameters and `detect`, one file each.

A module in this package whose file is named as the code (``fund-pool`` -> ``fund_pool.py``)
and that defines ``TYPOLOGY`` and ``detect`` is a typology. Modules starting with an
underscore and this one are shared helpers. Discovery is sorted, never a list to edit.
"""

from __future__ import annotations

import datetime as dt
import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Literal, Protocol

import polars as pl

from models.finding import Finding


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number a typology depends on.

    Attributes
    ----------
    name : str
        ``max_idle_days`` …; overridden as ``<code>.<name>`` in thresholds.toml.
    default : int or float
        Value with `unit`.
    unit : str
        ``days``, ``yuan``, ``share``, ``persons`` …
    kind : {'regulatory', 'calibrated'}
        Regulatory numbers come from a rule (`source` is a key of regulations.toml) and are
        not tuned; calibrated ones are settings and `source` says how they were chosen.
    source : str
        See `kind`.
    meaning : str
        One sentence.
    """

    name: str
    default: float
    unit: str
    kind: Literal["regulatory", "calibrated"]
    source: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Typology:
    """Metadata of one row of the catalogue.

    Attributes
    ----------
    code, title_zh, title_en, clause : str
        Code of the catalogue, titles, and the clause of 盘政办发〔2016〕90号.
    citations : tuple of str
        Keys of models/regulations.toml, the plan's own clause first.
    severity : str
        The severity rule in words.
    runbook : str
        What the analyst does on Monday: numbered steps in plain words.
    parameters : tuple of Parameter
    after : tuple of str
        Codes whose findings `detect` reads through ``ctx.findings`` (run earlier).
    """

    code: str
    title_zh: str
    title_en: str
    clause: str
    citations: tuple[str, ...]
    severity: str
    runbook: str
    parameters: tuple[Parameter, ...] = ()
    after: tuple[str, ...] = ()


class Marts(Protocol):
    """Read access to the warehouse: what `detect` may see."""

    def table(self, name: str, columns: tuple[str, ...] | None = None) -> pl.DataFrame:
        """Return a whole relation, cached for the run; rows in the relation's documented order."""
        ...


@dataclass(slots=True)
class Context:
    """What a typology gets.

    Attributes
    ----------
    marts : Marts
        The warehouse.
    as_of : date
        The Sunday that ends the week; nothing later is visible.
    overrides : dict
        ``{"fund-pool.max_idle_days": 7.0}``.
    findings : dict
        Findings of the typologies named in `Typology.after`, by code.
    memo : dict
        For questions shared by several typologies; see `shared`.
    stored : dict
        Shared questions whose answer tracing left in the warehouse: key -> relation.
    """

    marts: Marts
    as_of: dt.date
    overrides: dict[str, float] = field(default_factory=dict)
    findings: dict[str, list[Finding]] = field(default_factory=dict)
    memo: dict[str, Any] = field(default_factory=dict)
    stored: Mapping[str, str] = field(default_factory=dict)

    def parameter(self, typology: Typology, name: str) -> float:
        """Value of a parameter: the office's override, else its default.

        Raises
        ------
        KeyError
            When the typology declares no such parameter.
        """
        for p in typology.parameters:
            if p.name == name:
                return self.overrides.get(f"{typology.code}.{name}", p.default)
        raise KeyError(f"{typology.code} declares no parameter {name}")

    def table(self, name: str, columns: tuple[str, ...] | None = None) -> pl.DataFrame:
        """Shorthand for ``marts.table``."""
        return self.marts.table(name, columns)

    def shared(self, key: str, make: Callable[[Context], Any]) -> Any:
        """Answer a shared question once: `make` runs on the first call for `key` only.

        An answer that stands in the warehouse is read from there instead.
        """
        if key not in self.memo:
            relation = self.stored.get(key)
            self.memo[key] = make(self) if relation is None else self.table(relation)
        return self.memo[key]


Detect = Callable[[Context], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Registered:
    """A discovered typology."""

    meta: Typology
    detect: Detect


def discover() -> dict[str, Registered]:
    """Find every typology module of this package, by code, in sorted order.

    Raises
    ------
    ImportError
        When a module's file name and code disagree, or it lacks ``TYPOLOGY`` or ``detect``.
    """
    import models.typologies as package

    found: dict[str, Registered] = {}
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda m: m.name):
        if info.name.startswith("_") or info.name == "base":
            continue
        module: ModuleType = importlib.import_module(f"{package.__name__}.{info.name}")
        meta, detect = getattr(module, "TYPOLOGY", None), getattr(module, "detect", None)
        if not isinstance(meta, Typology) or not callable(detect):
            raise ImportError(f"{module.__name__} must define TYPOLOGY and detect")
        if meta.code.replace("-", "_") != info.name:
            raise ImportError(f"{module.__name__} holds the code {meta.code}; name the file as the code")
        found[meta.code] = Registered(meta, detect)
    return found


def in_order(registered: dict[str, Registered]) -> list[Registered]:
    """Typologies in an order that respects ``after``; ties by code.

    Raises
    ------
    ValueError
        When ``after`` forms a loop.
    """
    done: dict[str, Registered] = {}
    waiting = dict(sorted(registered.items()))
    while waiting:
        ready = [c for c, r in waiting.items() if all(a in done or a not in registered for a in r.meta.after)]
        if not ready:
            raise ValueError(f"typologies wait for each other: {sorted(waiting)}")
        for code in ready:
            done[code] = waiting.pop(code)
    return list(done.values())
