"""The protocol of a typology: metadata, parameters and `detect`, one file each.

A module in this package whose file is named as the code (``fund-pool`` -> ``fund_pool.py``)
and that defines ``TYPOLOGY`` and ``detect`` is a typology. Modules starting with an
underscore and this one are shared helpers. Discovery is sorted, never a list to edit.
"""

from __future__ import annotations

import datetime as dt
import importlib
import pkgutil
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Literal

import polars as pl

from models.finding import Finding
from models.marts import Marts as Marts
from models.marts import Reader, reader


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
    reach : {'city', 'circle'}
        What a finding follows from. 'circle': the institution itself and those tied to it by group, persons,
        accounts or products, with whoever they deal with; `detect` may then be asked circle by circle, which is
        what keeps memory small. 'city': anybody's lines, so that `detect` is asked once for all.
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
    reach: Literal["city", "circle"] = "city"


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
    whole : Context, optional
        The one for the entire city, where this one is for a part of it.
    about : frozenset of str, optional
        Institutions of that part.
    elsewhere : callable, optional
        Answers shared questions of this context, given their key and `make`, in another process.
    """

    marts: Marts
    as_of: dt.date
    overrides: dict[str, float] = field(default_factory=dict)
    findings: dict[str, list[Finding]] = field(default_factory=dict)
    memo: dict[str, Any] = field(default_factory=dict)
    stored: Mapping[str, str] = field(default_factory=dict)
    whole: Context | None = None
    about: frozenset[str] | None = None
    elsewhere: Callable[[str, Callable[[Context], Any]], Any] | None = None
    _alone: dict[str, threading.RLock] = field(default_factory=dict, repr=False)

    @property
    def city(self) -> Context:
        """Context for questions about all institutions at once."""
        return self.whole or self

    def concerns(self, institution_id: str) -> bool:
        """Say whether this context is to say anything about an institution."""
        return self.about is None or institution_id in self.about

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

    def rows(self, name: str, columns: tuple[str, ...], condition: str, **keys: pl.Series) -> pl.DataFrame:
        """Return some columns of the rows for which a condition holds, in their order and not kept.

        For the few rows a question needs of a relation as long as the statements: only these are read.

        Parameters
        ----------
        name : str
        columns : tuple of str
        condition : str
            SQL over the relation's columns, in which each of `keys` is a relation of one column ``key``.
        keys : polars.Series
        """
        frames = {k: pl.DataFrame({"key": v.drop_nulls().unique().sort()}) for k, v in keys.items()}
        return self._reader().rows(name, columns, condition, frames)

    def lines(self, numbers: pl.Series, columns: tuple[str, ...]) -> pl.DataFrame:
        """Return some columns of the lines of these numbers, sorted by number and not kept."""
        return self._reader().lines(numbers, columns)

    def _reader(self) -> Reader:
        return reader(self.marts)

    def shared(self, key: str, make: Callable[[Context], Any]) -> Any:
        """Answer a shared question once: `make` runs on the first call for `key` only.

        An answer that stands in the warehouse is read from there instead.
        """
        if key not in self.memo:
            # parts of a city that are judged side by side ask the same questions about all of it;
            # who asks another one meanwhile need not wait
            with self._alone.setdefault(key, threading.RLock()):
                if key not in self.memo:
                    self.memo[key] = self._answer(key, make)
        return self.memo[key]

    def _answer(self, key: str, make: Callable[[Context], Any]) -> Any:
        relation = self.stored.get(key)
        if relation is not None:
            return self.table(relation)
        return make(self) if self.elsewhere is None else self.elsewhere(key, make)

    def answered(
        self, key: str, make: Callable[[Context], pl.DataFrame], columns: tuple[str, ...] | None = None
    ) -> pl.DataFrame:
        """Return some columns of a shared answer: of one that stands in the warehouse only these are read."""
        relation = self.stored.get(key)
        if columns is not None and relation is not None and key not in self.memo:
            return self.table(relation, columns)
        frame: pl.DataFrame = self.shared(key, make)
        return frame if columns is None else frame.select(columns)


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


def staged(order: list[Registered]) -> tuple[list[Registered], list[Registered], list[Registered]]:
    """Cut typologies in order into those asked of the city first, by circle, and of the city last.

    Raises
    ------
    ValueError
        When a typology asked by circle comes after one that has to wait for the circles.
    """
    first: list[Registered] = []
    circle: list[Registered] = []
    last: list[Registered] = []
    place: dict[str, list[Registered]] = {}
    for entry in order:
        before = [place[a] for a in entry.meta.after if a in place]
        waits = any(b is circle or b is last for b in before)
        if entry.meta.reach == "circle":
            if any(b is last for b in before):
                raise ValueError(f"{entry.meta.code} is asked by circle and cannot wait for the whole city")
            stage = circle
        else:
            stage = last if waits else first
        stage.append(entry)
        place[entry.meta.code] = stage
    return first, circle, last
