"""What is asked of a turn: its part of the answers about the city, and its institutions' findings."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from flows.steps.circles import Columns, TurnMarts
from flows.steps.errors import LookthroughError
from flows.steps.marts import DuckMarts
from models.finding import EVIDENCE_SCHEMA, Finding
from models.typologies.base import Context, Registered


class TypologyError(LookthroughError):
    """A typology could not judge this warehouse; the message names it and the place, no row content."""


def gather(city: Context, parts: Iterable[dict[str, pl.DataFrame]]) -> None:
    """Put turns' parts of the answers about all institutions together, for whoever asks the city."""
    from models.typologies import _gathered

    _gathered.gather(city, parts)


@contextmanager
def ahead(city: Context) -> Iterator[None]:
    """Have the slow questions about the city answered meanwhile; one that fails, fails again for whoever asks it."""
    from models.typologies import _gathered

    with ThreadPoolExecutor(1) as beside:
        beside.submit(_gathered.ahead, city)
        yield


def place(error: BaseException) -> str:
    """Return an error's type and place: its message may quote a row."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}"


class Made:
    """Findings so far, and how long each typology took.

    Parameters
    ----------
    progress : callable
        Told the code that starts.
    before : sequence of Finding
        Made earlier, by others that these typologies may come after.
    """

    def __init__(self, progress: Callable[[str], None], before: Sequence[Finding] = ()) -> None:
        self.findings: list[Finding] = []
        self._before = tuple(before)
        self.seconds: dict[str, float] = {}
        self._progress = progress

    def ask(self, entries: Iterable[Registered], context: Context) -> None:
        """Run typologies in a context; of a turn's only what they say about its own institutions is kept.

        What a turn can say of others it says from a part of their lines, and their own turn says it from all.

        Raises
        ------
        TypologyError
            When a typology fails or returns what the protocol forbids.
        """
        for entry in entries:
            code = entry.meta.code
            self._progress(code)
            context.findings = {
                c: [
                    f
                    for f in (*self._before, *self.findings)
                    if f.typology == c and context.concerns(f.institution_id)
                ]
                for c in entry.meta.after
            }
            started = time.perf_counter()
            try:
                found = [f for f in entry.detect(context) if context.concerns(f.institution_id)]
            except Exception as error:
                raise TypologyError(
                    f"The typology {code} failed ({place(error)}); no exports were written. "
                    f"Reproduce it with `lookthrough judge --only {code}`."
                ) from error
            _check(code, found)
            self.findings += found
            self.seconds[code] = self.seconds.get(code, 0.0) + time.perf_counter() - started

    def take(self, findings: Iterable[Finding], seconds: dict[str, float]) -> None:
        """Add what was found in a turn, and the time it took."""
        self.findings += findings
        for code, took in seconds.items():
            self.seconds[code] = self.seconds.get(code, 0.0) + took


class Turns:
    """Asks turn by turn; what columns a turn has read, the next reads at once.

    Parameters
    ----------
    city : Context
        Answers about all institutions.
    marts : DuckMarts
    """

    def __init__(self, city: Context, marts: DuckMarts) -> None:
        self._city = city
        self._marts = marts
        self._gathering: Columns = {}
        self._judging: Columns = {}

    def gathered(self, part: Iterable[str]) -> dict[str, pl.DataFrame]:
        """Return a turn's part of the answers about all institutions (`models.typologies._gathered`)."""
        # takes a moment to load, which a run with nothing new need not wait for
        from models.typologies import _gathered

        return _gathered.answers(self._context(part, self._gathering))

    def judged(
        self,
        part: Iterable[str],
        entries: Iterable[Registered],
        before: Sequence[Finding],
        progress: Callable[[str], None],
    ) -> Made:
        """Return what typologies find of a turn's institutions, of which `before` was found earlier."""
        made = Made(progress, before)
        made.ask(entries, self._context(part, self._judging))
        return made

    def _context(self, part: Iterable[str], read: Columns) -> Context:
        """Return the context in which some institutions are judged, as a part of the city's."""
        city, about = self._city, frozenset(part)
        marts = TurnMarts(self._marts, about, read)
        return Context(marts, city.as_of, city.overrides, stored=city.stored, whole=city, about=about)


def _check(code: str, found: list[Finding]) -> None:
    """Hold a typology to the protocol: its code, severity, confidence, evidence, unique subjects."""
    problems = set()
    for f in found:
        if f.typology != code:
            problems.add(f"a finding is of {f.typology}")
        if f.severity not in (1, 2, 3, 4, 5):
            problems.add("severity outside 1–5")
        if not 0 <= f.confidence <= 1:
            problems.add("confidence outside 0–1")
        if f.amount_fen < 0:
            problems.add("negative amount")
        if f.evidence.height == 0 or f.evidence.columns != list(EVIDENCE_SCHEMA):
            problems.add("evidence missing or of another schema")
        if not f.explanation_zh or not f.explanation_en:
            problems.add("no explanation")
        if any(len(told) != 2 or not all(told) for told in f.benign):
            problems.add("a benign explanation not in two languages")
    if len({f.finding_key for f in found}) != len(found):
        problems.add("two findings share institution and subject")
    if problems:
        raise TypologyError(
            f"The typology {code} broke the protocol of findings: {'; '.join(sorted(problems))}."
        )
