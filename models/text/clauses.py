"""Text made comparable and cut into sentences and clauses.

NFKC folds full-width forms (``％`` -> ``%``) and OpenCC turns traditional into simplified
characters; letters become lower case. Punctuation keeps its place, so offsets into the plain
text stay valid for quoting.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import opencc

SENTENCE_END = re.compile(r"[。!?;\n]+")
CLAUSE_END = re.compile(r"[,:。!?;\n]+")


_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
"""Characters without a width, which hide a word from a search and from no reader."""


@lru_cache(maxsize=1)
def _simplifier() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


def plain(text: str) -> str:
    """Fold width, simplify characters, lower case, and drop what is put between Chinese characters to part a word.

    Parameters
    ----------
    text : str
        As delivered.

    Returns
    -------
    str
        The text every matcher of this package reads.
    """
    folded = _simplifier().convert(unicodedata.normalize("NFKC", text)).lower()
    folded = _UNSEEN.sub("", folded)
    return re.sub(r"(?<=[\u4e00-\u9fff])[\s*·•_^#|]+(?=[\u4e00-\u9fff])", "", folded).strip()


def spans(text: str, ends: re.Pattern[str]) -> list[tuple[int, int]]:
    """Cut a plain text at `ends`; empty pieces are left out.

    Returns
    -------
    list of (int, int)
        Start and end offsets, in order.
    """
    cuts, start = [], 0
    for m in ends.finditer(text):
        if m.start() > start:
            cuts.append((start, m.start()))
        start = m.end()
    if start < len(text):
        cuts.append((start, len(text)))
    return cuts


def sentences(text: str) -> list[tuple[int, int]]:
    """Offsets of the sentences of a plain text."""
    return spans(text, SENTENCE_END)


def clauses(text: str) -> list[tuple[int, int]]:
    """Offsets of the clauses of a plain text; the enumeration mark ``、`` does not end a clause."""
    return spans(text, CLAUSE_END)
