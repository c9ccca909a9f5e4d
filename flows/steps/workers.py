"""Reader processes: two cores read side by side, and a file that breaks its reader costs only itself.

Each process is a fresh interpreter that gets tasks and gives back rows as JSON lines. It is ours to
end: when it dies, runs past its time or its memory, its file is reported and another process takes
its place. (A `ProcessPoolExecutor` breaks as a whole when one process dies, and needs the caller's
main module to be importable.) Whatever native code prints about a file's content is thrown away.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import resource
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from flows.steps.containers import Limits
from flows.steps.errors import LakeError
from flows.steps.reading import BROKE_DOWN, Delivery, Task, read_delivered
from flows.steps.together import SMALL_BYTES, read_together

TASKS_PER_PROCESS = 2000
"""A process is replaced after so many files, in case a library leaks."""

MOST_TOGETHER, FEWEST_TOGETHER = 256, 16
"""Small files given to a process at a time; fewer towards the end, so that all processes end together."""

BYTES_TOGETHER = 24 << 20
"""Their bytes: as much of a text as is worked on at a time."""

MOST_BREAKDOWNS = 5
"""An archive over whose members a reader broke down more often than this is refused as a whole."""

UNREAD_SHA256 = ""
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Bounds:
    """What reading one file may take before its process is ended.

    Attributes
    ----------
    seconds, seconds_per_mb : float
        Time without a word from the process: a start, and more by the delivered file's size.
    startup_seconds : float
        Added until the process has said its first word.
    memory_bytes : int
        Address space of a process.
    """

    seconds: float = 120.0
    seconds_per_mb: float = 2.0
    startup_seconds: float = 120.0
    memory_bytes: int = 12 << 30


@dataclass
class _Process:
    popen: subprocess.Popen[bytes]
    tasks: deque[Task] = field(default_factory=deque)
    deadline: float = 0.0
    allowance: float = 0.0
    done: int = 0
    rows: list[Delivery] = field(default_factory=list)
    waiting: bytes = b""
    current: str | None = None


@dataclass(frozen=True)
class Reading:
    """All rows of one delivered file; `whole` is false when its reader broke down."""

    task: Task
    rows: list[Delivery]


def read_all(
    tasks: Sequence[Task],
    workers: int,
    bounds: Bounds | None = None,
    threads: int | None = None,
) -> Iterator[Reading]:
    """Read files over several processes, largest first; yields each when it is done.

    Parameters
    ----------
    tasks : sequence of Task
        What to read.
    workers : int
        Processes; 0 reads in this process (no protection against a reader that breaks down).
    bounds : Bounds, optional
        Time and memory of one file.
    threads : int, optional
        Threads of a process; by default the cores divided among the processes.
    """
    if workers <= 0:
        queue = deque(tasks)
        while queue:
            bundle = _bundle(queue, 1)
            together = read_together(bundle)
            for task in bundle:
                row = together.get(task.source_file)
                rows = [row] if row is not None else list(read_delivered(task, lambda _: None))
                yield Reading(task, rows)
        return
    bounds = bounds or Bounds()
    queue = deque(sorted(tasks, key=_size, reverse=True))
    workers = max(1, min(workers, len(queue)))
    threads = threads or max(1, (os.cpu_count() or 2) // workers)
    pool: list[_Process] = []
    selector = selectors.DefaultSelector()
    try:
        while queue or any(each.tasks for each in pool):
            while queue and len(pool) < workers:
                pool.append(_start(selector, threads, bounds))
            for process in pool:
                if not process.tasks and queue:
                    _give(process, _bundle(queue, workers), bounds)
            for process in _ready(selector, pool):
                yield from _hear(process)
            for process in list(pool):
                if process.popen.poll() is not None or _late(process):
                    yield from _bury(process, queue, selector, pool)
                elif not process.tasks and process.done >= TASKS_PER_PROCESS:
                    _end(process, selector, pool)
    finally:
        for process in list(pool):
            _end(process, selector, pool)
        selector.close()


def _size(task: Task) -> int:
    try:
        return os.path.getsize(task.path)
    except OSError:
        return 0


def _bundle(queue: deque[Task], workers: int) -> list[Task]:
    """Take the next file off the queue, and with a small one others that are small too."""
    bundle = [queue.popleft()]
    held = _size(bundle[0])
    if bundle[0].alone or held > SMALL_BYTES:
        return bundle
    fair = min(MOST_TOGETHER, max(FEWEST_TOGETHER, len(queue) // (2 * workers)))
    while queue and len(bundle) < fair and not queue[0].alone:
        size = _size(queue[0])
        if size > SMALL_BYTES or held + size > BYTES_TOGETHER:
            break
        held += size
        bundle.append(queue.popleft())
    return bundle


def environment(threads: int) -> dict[str, str]:
    """Environment in which an interpreter finds this project, wherever it is started, and polars takes `threads`."""
    root = str(Path(__file__).resolve().parents[2])
    paths = os.pathsep.join(each for each in (root, os.environ.get("PYTHONPATH", "")) if each)
    return {**os.environ, "POLARS_MAX_THREADS": str(threads), "PYTHONPATH": paths}


def _start(selector: selectors.BaseSelector, threads: int, bounds: Bounds) -> _Process:
    popen = subprocess.Popen(
        [sys.executable, "-m", "flows.steps.workers", str(bounds.memory_bytes)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**environment(threads), "PYTHONUNBUFFERED": "1"},
        start_new_session=False,
    )
    assert popen.stdout is not None
    os.set_blocking(popen.stdout.fileno(), False)
    process = _Process(popen)
    selector.register(popen.stdout, selectors.EVENT_READ, process)
    return process


def _give(process: _Process, tasks: Sequence[Task], bounds: Bounds) -> None:
    process.tasks = deque(tasks)
    process.rows = []
    process.current = None
    process.allowance = bounds.seconds + bounds.seconds_per_mb * sum(map(_size, tasks)) / 1e6
    process.deadline = time.monotonic() + bounds.startup_seconds + process.allowance
    assert process.popen.stdin is not None
    with suppress(BrokenPipeError):
        process.popen.stdin.write(json.dumps([_plain(task) for task in tasks]).encode() + b"\n")
        process.popen.stdin.flush()


def _plain(task: Task) -> dict[str, object]:
    """Return a task as JSON has it (`asdict` copies every value, which a thousand small files feel)."""
    return vars(task) | {"limits": vars(task.limits)}


def _ready(selector: selectors.BaseSelector, pool: Sequence[_Process]) -> list[_Process]:
    nearest = min((each.deadline for each in pool if each.tasks), default=time.monotonic())
    wait = min(max(nearest - time.monotonic(), 0.0), 1.0)
    return [key.data for key, _ in selector.select(wait)]


def _hear(process: _Process) -> Iterator[Reading]:
    assert process.popen.stdout is not None
    chunk = process.popen.stdout.read()
    if not chunk:
        return
    process.deadline = time.monotonic() + process.allowance
    *lines, process.waiting = (process.waiting + chunk).split(b"\n")
    for line in lines:
        message = json.loads(line)
        if "stop" in message:
            raise LakeError(message["stop"])
        if "reading" in message:
            process.current = message["reading"]
        elif "row" in message:
            process.rows.append(Delivery(**message["row"]))
            process.current = None
        elif process.tasks:
            finished = Reading(process.tasks.popleft(), process.rows)
            process.rows = []
            process.done += 1
            yield finished


def _late(process: _Process) -> bool:
    return bool(process.tasks) and time.monotonic() > process.deadline


def _bury(
    process: _Process, queue: deque[Task], selector: selectors.BaseSelector, pool: list[_Process]
) -> Iterator[Reading]:
    """Take leave of a dead or late process; its file is taken up again without the member that did it."""
    if process.popen.poll() is not None:
        yield from _hear(process)
    tasks, current = process.tasks, process.current
    _end(process, selector, pool)
    if not tasks:
        return
    task = tasks.popleft()
    queue.extendleft(replace(each, alone=True) for each in reversed(tasks))
    if current is None and not task.alone and tasks:
        queue.appendleft(replace(task, alone=True))
        return
    if current is None or current in task.skip or len(task.skip) >= MOST_BREAKDOWNS:
        name = task.source_file
        row = Delivery(name, UNREAD_SHA256, name, UNREAD_SHA256, "refused", "refused", problem=BROKE_DOWN)
        yield Reading(task, [*process.rows, row])
        return
    queue.appendleft(replace(task, skip=[*task.skip, current]))


def _end(process: _Process, selector: selectors.BaseSelector, pool: list[_Process]) -> None:
    pool.remove(process)
    assert process.popen.stdout is not None
    assert process.popen.stdin is not None
    selector.unregister(process.popen.stdout)
    with suppress(OSError):
        process.popen.stdin.close()
    process.popen.kill()
    process.popen.wait()
    process.popen.stdout.close()


def end_with_parent() -> None:
    """Ask the kernel to end this process when the run is killed (Linux; elsewhere it ends at its next file)."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _serve(memory_bytes: int) -> None:
    """Read tasks from standard input until it is closed."""
    out = os.fdopen(os.dup(1), "wb")
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    gc.freeze()  # what was imported stays: no need to look through it again and again
    gc.set_threshold(50_000)
    end_with_parent()
    if memory_bytes:
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))

    def say(*messages: dict[str, object]) -> None:
        out.write(b"".join(json.dumps(each).encode() + b"\n" for each in messages))
        out.flush()

    for line in sys.stdin.buffer:
        tasks = [Task(**{**given, "limits": Limits(**given["limits"])}) for given in json.loads(line)]
        try:
            together = read_together(tasks)
            told: list[dict[str, object]] = []
            for task in tasks:
                row = together.get(task.source_file)
                if row is not None:
                    told += [{"row": vars(row)}, {"done": True}]
                    continue
                say(*told)
                told = []
                for each in read_delivered(task, lambda name: say({"reading": name})):
                    say({"row": vars(each)})
                say({"done": True})
            say(*told)
        except (LakeError, OSError) as error:
            say({"stop": str(error)})
            return


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
