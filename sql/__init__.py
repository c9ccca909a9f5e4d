"""The shaping room: one SELECT a file, discovered and put in order by what each reads.

A relation's name is its file's stem. Layers are folders: ``staging`` (typed rows as delivered),
``intermediate`` (steps; temporary tables that do not outlive the build), ``marts`` (what the
models and analysts read) and ``checks`` (queries that return violating rows; none is good).
A file's header may ask for more: ``-- view:``, ``-- temporary:``, ``-- kept:`` (before ``Purpose:``) say what is
made of the SELECT, ``-- Then:`` numbers its rows as they lie, and a mart that ``-- Amends:`` a step takes over its
rows and changes cells of them, so that what is long is sorted and written once. ``-- Sides: as written`` keeps the
planner from holding the left side of a join in memory where it takes the lines of the lake for few.
Relations made in Python (the graphs, name normalisation) take part in the order through
`order`'s ``made`` argument, so a SELECT may read them like any other relation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Literal

Layer = Literal["staging", "intermediate", "marts", "checks"]
LAYERS: tuple[Layer, ...] = ("staging", "intermediate", "marts", "checks")

_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.S)
_STRING = re.compile(r"'(?:[^']|'')*'")
_READ = re.compile(r"\b(?:from|join)\s+([a-z_][a-z0-9_]*)", re.I)
_PARAMETER = re.compile(r"\$([a-z_]+)")
_THEN = re.compile(r"^-- Then: (.+)$", re.M)
_SIDES = re.compile(r"^-- Sides: as written", re.M)
_AMENDS = re.compile(r"^-- Amends: ([a-z_0-9]+)$", re.M)


@dataclass(frozen=True, slots=True)
class Relation:
    """One SELECT file.

    Attributes
    ----------
    name : str
        File stem.
    layer : str
        Folder it lies in.
    text : str
        The SELECT, comments included.
    reads : frozenset of str
        Every name after ``from`` or ``join``; CTEs included, foreign names are ignored later.
    parameters : frozenset of str
        Names used as ``$name``.
    view : bool
        Whether the file asks to be a view (first line ``-- view: …``).
    then : str
        Cells that follow from where a row lies, as the assignments of an UPDATE (``-- Then: …``); empty for none.
    amends : str
        Relation that this one becomes (``-- Amends: …``): its rows stay where they lie, and the SELECT gives, by
        its first column, the cells that change; empty for none.
    as_written : bool
        Whether the right side of each join is the one that is held (``-- Sides: as written``), whatever is
        estimated.
    """

    name: str
    layer: Layer
    text: str
    reads: frozenset[str]
    parameters: frozenset[str]
    view: bool
    then: str = ""
    amends: str = ""
    as_written: bool = False

    @property
    def temporary(self) -> bool:
        """Steps between staging and marts are not kept; a file may say otherwise (``-- temporary:``, ``-- kept:``)."""
        kept = self.layer != "intermediate" or self.text.startswith("-- kept:")
        return not kept or self.text.startswith("-- temporary")


def parse(name: str, layer: Layer, text: str) -> Relation:
    """Read a SELECT's dependencies and parameters from its text."""
    bare = _STRING.sub("''", _COMMENT.sub(" ", text))
    return Relation(
        name=name,
        layer=layer,
        text=text,
        reads=frozenset(m.lower() for m in _READ.findall(bare)) - {name},
        parameters=frozenset(_PARAMETER.findall(bare)),
        view=text.startswith(("-- view:", "-- temporary view:")),
        then="".join(_THEN.findall(text)),
        amends="".join(_AMENDS.findall(text)),
        as_written=_SIDES.search(text) is not None,
    )


@lru_cache(maxsize=1)
def load() -> dict[str, Relation]:
    """Every relation of the package, by name, discovered in sorted order.

    Raises
    ------
    ValueError
        When two files claim one relation name.
    """
    found: dict[str, Relation] = {}
    for layer in LAYERS:
        folder = files(__name__).joinpath(layer)
        for item in sorted(folder.iterdir(), key=lambda p: p.name):
            if not item.name.endswith(".sql"):
                continue
            name = item.name.removesuffix(".sql")
            if name in found:
                raise ValueError(f"two SQL files are called {name}; give one of them another stem")
            found[name] = parse(name, layer, item.read_text(encoding="utf-8"))
    return found


def order(relations: Mapping[str, Relation], made: Mapping[str, frozenset[str]]) -> list[str]:
    """Names in an order in which each comes after all it reads; ties by layer, then name.

    What amends a relation comes after all that read it.

    Parameters
    ----------
    relations : mapping
        As `load` returns.
    made : mapping
        Relations made in Python: name to the relations it reads.

    Raises
    ------
    ValueError
        When relations wait for each other.
    """
    known = set(relations) | set(made)
    waiting = {n: set(r.reads) & known for n, r in relations.items()}
    waiting |= {n: set(reads) & known for n, reads in made.items()}
    for name, relation in relations.items():
        if relation.amends:
            waiting[name] |= {n for n, w in waiting.items() if relation.amends in w} - {name}
    rank = {n: LAYERS.index(relations[n].layer) if n in relations else 1 for n in known}
    done: list[str] = []
    while waiting:
        ready = sorted((n for n, w in waiting.items() if not w), key=lambda n: (rank[n], n))
        if not ready:
            raise ValueError(f"relations wait for each other: {sorted(waiting)}")
        first = ready[0]
        done.append(first)
        del waiting[first]
        for w in waiting.values():
            w.discard(first)
    return done
