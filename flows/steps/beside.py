"""Judge turns in processes of their own, each of which keeps its processor busy: threads would wait for each other.

A process is a fresh interpreter that opens the warehouse read-only, gets turns and gives back findings. What it needs
to know about the whole city it asks of the run that started it, so that each such question is worked out once. It ends
with that run, and the run fails when it dies: nothing is written of a week that was judged in part.
"""

from __future__ import annotations

import datetime as dt
import gc
import logging
import os
import pickle
import queue
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Self

import polars as pl

from flows.steps import turn
from flows.steps.errors import LookthroughError
from flows.steps.marts import DuckMarts
from flows.steps.workers import end_with_parent, environment
from models.finding import Finding
from models.typologies.base import Context, discover, in_order

log = logging.getLogger(__name__)

SIDE_BY_SIDE = 2
"""Processes that judge; each needs the memory of a turn and of what it reads about the whole city."""
MEMORY = "500MB"
"""Pages of the warehouse that a process holds."""

KEPT_PAGES = "dirty_decay_ms:30000,muzzy_decay_ms:30000"
"""How long polars' allocator keeps pages that were given back: typologies take and free the same memory many times
a second, and pages that went back to the kernel come from there zeroed, at a tenth of the time of judging."""
SELDOM = 50_000
"""Objects made between two searches for cycles: frames make none, and what is imported stays."""

Make = Callable[[Context], Any]


@dataclass(frozen=True, slots=True)
class Start:
    """The week that a process judges: warehouse file, its Sunday, thresholds, codes of the typologies asked by turn."""

    warehouse: Path
    as_of: dt.date
    overrides: Mapping[str, float]
    stored: Mapping[str, str]
    codes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Gather:
    """To do: a turn's part of the answers about the city."""

    part: Sequence[str]


@dataclass(frozen=True, slots=True)
class Judge:
    """To do: what the typologies find of a turn's institutions, with what was found of them before."""

    part: Sequence[str]
    before: Sequence[Finding]


@dataclass(frozen=True, slots=True)
class Begun:
    """Said by a process: it has begun with a typology."""

    code: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Said by a process: it needs an answer about the whole city."""

    key: str
    make: Make


@dataclass(frozen=True, slots=True)
class Failed:
    """Said by a process: it could not; with the message for people and the frames for the log."""

    message: str
    frames: str


class _Process:
    """A process that judges, as the run sees it."""

    def __init__(self, start: Start) -> None:
        self._pipe, theirs = Pipe()
        threads = max(1, (os.cpu_count() or 1) // SIDE_BY_SIDE)
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "flows.steps.beside", str(theirs.fileno()), str(threads)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={"_RJEM_MALLOC_CONF": KEPT_PAGES, **environment(threads)},
            pass_fds=(theirs.fileno(),),
        )
        theirs.close()
        self._pipe.send(start)

    def do(self, task: Gather | Judge, city: Context, progress: Callable[[str], None]) -> Any:
        """Have a task done, answering what the process asks meanwhile."""
        try:
            self._pipe.send(task)
            while True:
                said = self._pipe.recv()
                if isinstance(said, Begun):
                    progress(said.code)
                elif isinstance(said, Asked):
                    self._pipe.send(_answer(city, said))
                elif isinstance(said, Failed):
                    log.debug("a turn failed:\n%s", said.frames)
                    raise turn.TypologyError(said.message)
                else:
                    return said
        except (EOFError, OSError):
            self.end()
            raise LookthroughError(
                f"A process that judges was ended (exit {self.popen.wait()}); no exports were written. "
                "Was there enough memory? Run again."
            ) from None

    def end(self) -> None:
        """End the process, whatever it is at."""
        self.popen.kill()
        self.popen.wait()


def _answer(city: Context, said: Asked) -> tuple[bool, Any]:
    """Answer a question about the city; one that fails is left to the process, whose typology it then fails."""
    try:
        return True, city.shared(said.key, said.make)
    except Exception:
        return False, None


class Beside:
    """Processes that judge the turns of a week; a context manager that ends them.

    Parameters
    ----------
    start : Start
    city : Context
        Answers what they ask about the whole city.
    progress : callable
        Told the code that one of them begins with.
    """

    def __init__(self, start: Start, city: Context, progress: Callable[[str], None]) -> None:
        self._city = city
        self._progress = progress
        self._all = [_Process(start) for _ in range(SIDE_BY_SIDE)]
        self._idle: queue.SimpleQueue[_Process] = queue.SimpleQueue()
        for each in self._all:
            self._idle.put(each)
        self._threads = ThreadPoolExecutor(SIDE_BY_SIDE)

    @property
    def processes(self) -> list[subprocess.Popen[bytes]]:
        """The processes, for whoever watches over them."""
        return [each.popen for each in self._all]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for each in self._all:
            each.end()
        self._threads.shutdown(cancel_futures=True)

    def gather(self, parts: Iterable[Sequence[str]]) -> Iterator[dict[str, pl.DataFrame]]:
        """Begin with the turns' parts of the answers about the city; they come in the order of the turns."""
        return self._threads.map(self._do, [Gather(part) for part in parts])

    def judge(
        self, parts: Iterable[Sequence[str]], before: Sequence[Finding]
    ) -> Iterator[tuple[list[Finding], dict[str, float]]]:
        """Begin to judge the turns; findings and seconds come in the order of the turns."""
        tasks = [Judge(p, [f for f in before if f.institution_id in set(p)]) for p in parts]
        return self._threads.map(self._do, tasks)

    def _do(self, task: Gather | Judge) -> Any:
        process = self._idle.get()
        try:
            return process.do(task, self._city, self._progress)
        finally:
            self._idle.put(process)


class _Working:
    """What a process does with its tasks."""

    def __init__(self, pipe: Connection, start: Start, marts: DuckMarts) -> None:
        self._pipe = pipe
        self._city = Context(
            marts, start.as_of, dict(start.overrides), stored=start.stored, elsewhere=self._of_city
        )
        self._turns = turn.Turns(self._city, marts)
        self._entries = [e for e in in_order(discover()) if e.meta.code in start.codes]

    def _of_city(self, key: str, make: Make) -> Any:
        """Have the run answer; what cannot be asked or answered there is worked out here."""
        try:
            asked = pickle.dumps(Asked(key, make))
        except (pickle.PicklingError, AttributeError, TypeError):
            return make(self._city)
        self._pipe.send_bytes(asked)
        told, answer = self._pipe.recv()
        return answer if told else make(self._city)

    def do(self, task: Gather | Judge) -> object:
        if isinstance(task, Gather):
            return self._turns.gathered(task.part)
        made = self._turns.judged(task.part, self._entries, task.before, lambda c: self._pipe.send(Begun(c)))
        return made.findings, made.seconds


def _serve(pipe: Connection, threads: int) -> None:
    """Do tasks until the run is done with this process."""
    end_with_parent()
    gc.disable()
    start: Start = pipe.recv()
    with DuckMarts(start.warehouse, MEMORY, threads) as marts:
        working = _Working(pipe, start, marts)
        gc.freeze()
        gc.set_threshold(SELDOM)
        gc.enable()
        while True:
            try:
                task = pipe.recv()
            except EOFError:
                return
            try:
                said = working.do(task)
            except LookthroughError as error:
                said = Failed(str(error), _frames(error.__cause__ or error))
            except Exception as error:
                message = f"A turn could not be judged ({turn.place(error)}); no exports were written."
                said = Failed(message, _frames(error))
            pipe.send(said)
            gc.collect()  # what a turn held is given up before the next


def _frames(error: BaseException) -> str:
    """Return where an error came from, without its message, which may quote a row."""
    return "".join(traceback.format_tb(error.__traceback__))


if __name__ == "__main__":
    # what is pickled names the module, not the script
    from flows.steps import beside

    beside._serve(Connection(int(sys.argv[1])), int(sys.argv[2]))
