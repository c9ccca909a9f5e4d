"""Timing in child processes: medians, peak memory, ratios."""

from __future__ import annotations

import multiprocessing as mp
import resource
import statistics
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asked for."""

    lines: int = 10_000_000
    rounds: int = 5
    large: int = 0


@dataclass(frozen=True, slots=True)
class Timing:
    """Median seconds and the peak memory (GiB) of a step over some rounds, each in its own process."""

    seconds: float
    peak_gib: float


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: a step against its baseline and the limit the project set itself.

    `limit` is the ratio not to be exceeded; None where the figure is shown for comparison only.
    """

    name: str
    step: Timing
    baseline: str
    base: Timing
    limit: float | None
    note: str = ""

    @property
    def ratio(self) -> float:
        """Seconds of the step for each second of the baseline."""
        return self.step.seconds / self.base.seconds


def _child(send: Any, work: Callable[..., object], args: tuple[object, ...]) -> None:
    try:
        start = time.perf_counter()
        work(*args)
        seconds = time.perf_counter() - start
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        send.send((seconds, max(own, children) / 2**20))
    except BaseException:
        send.send(traceback.format_exc())
        raise


def timed(work: Callable[..., object], *args: object, rounds: int = 1) -> Timing:
    """Run `work` in a fresh process `rounds` times; median seconds, largest peak memory.

    Raises
    ------
    RuntimeError
        When the work failed; the message is its traceback.
    """
    context = mp.get_context("spawn")
    seconds, peaks = [], []
    for _ in range(rounds):
        receive, send = context.Pipe(duplex=False)
        process = context.Process(target=_child, args=(send, work, args))
        process.start()
        send.close()
        try:
            answer = receive.recv()
        except EOFError:
            raise RuntimeError(f"{work.__name__} was killed (exit {process.exitcode})") from None
        process.join()
        if isinstance(answer, str):
            raise RuntimeError(answer)
        seconds.append(answer[0])
        peaks.append(answer[1])
    return Timing(statistics.median(seconds), max(peaks))


def alternating(
    step: tuple[Callable[..., object], tuple[object, ...]],
    base: tuple[Callable[..., object], tuple[object, ...]],
    rounds: int,
) -> tuple[Timing, Timing]:
    """Time a step and its baseline in turns, so that a slow minute of the machine hits both."""
    steps, bases = [], []
    for _ in range(rounds):
        bases.append(timed(base[0], *base[1]))
        steps.append(timed(step[0], *step[1]))

    def fold(values: list[Timing]) -> Timing:
        return Timing(statistics.median(v.seconds for v in values), max(v.peak_gib for v in values))

    return fold(steps), fold(bases)
