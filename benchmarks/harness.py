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
    """Median seconds and the peak memory (GiB) of a step over some rounds, each in its own process.

    `cpu` is the median of the processor seconds, of child processes too: it tells on a busy machine.
    """

    seconds: float
    peak_gib: float
    cpu: float = float("nan")


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

    @property
    def cpu_ratio(self) -> float:
        """Processor seconds of the step for each of the baseline."""
        return self.step.cpu / self.base.cpu


_WHO = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)


def _cpu() -> float:
    used = [resource.getrusage(each) for each in _WHO]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _child(send: Any, work: Callable[..., object], args: tuple[object, ...]) -> None:
    try:
        before = _cpu()
        start = time.perf_counter()
        work(*args)
        seconds = time.perf_counter() - start
        peak = max(resource.getrusage(each).ru_maxrss for each in _WHO)
        send.send(Timing(seconds, peak / 2**20, _cpu() - before))
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
    found: list[Timing] = []
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
        found.append(answer)
    return fold(found)


def fold(found: list[Timing]) -> Timing:
    """Return medians, and the largest memory."""
    return Timing(
        statistics.median(each.seconds for each in found),
        max(each.peak_gib for each in found),
        statistics.median(each.cpu for each in found),
    )


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
    return fold(steps), fold(bases)
